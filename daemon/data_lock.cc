#include "daemon/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>

namespace assetd {

std::expected<DataLock, DataLock::Refused> DataLock::take(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return std::unexpected(Refused{"cannot open " + path + ": " + std::strerror(errno)});
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
    DataLock lock(fd);
    lock.tell("");
    return lock;
  }
  char holder[256] = {};
  const auto got = pread(fd, holder, sizeof holder - 1, 0);
  close(fd);
  const std::string who = got > 0 ? std::string(holder, strcspn(holder, "\n")) : "another process";
  return std::unexpected(Refused{"the data directory is in use by " + who + "; stop it, or give this one another --data (" + path + ")", true});
}

void DataLock::tell(const std::string& address) const {
  const auto text = "assetd, pid " + std::to_string(getpid()) + (address.empty() ? "" : ", at " + address) + "\n";
  if (ftruncate(fd_, 0) == 0) (void)!pwrite(fd_, text.data(), text.size(), 0);  // only told to people
}

DataLock::~DataLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace assetd
