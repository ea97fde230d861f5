#include "daemon/data_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace assetd {
namespace {

/// As the holder told it; a file that somebody removed has told nothing.
std::string holder_of(const std::string& path) {
  char text[256] = {};
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto got = fd < 0 ? 0 : pread(fd, text, sizeof text - 1, 0);
  if (fd >= 0) close(fd);
  return got > 0 ? std::string(text, strcspn(text, "\n")) : "another assetd, of which no more is known ('fuser' of its store names it)";
}

DataLock::Refused in_use(const std::string& folder, const std::string& path) {
  return {"the data directory " + folder + " is in use by " + holder_of(path) + "; stop it, or give this one another --data", true};
}

}  // namespace

std::expected<DataLock, DataLock::Refused> DataLock::take(const std::string& path) {
  const auto folder = std::filesystem::absolute(path).parent_path().string();
  DataLock lock(path, open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.folder_ < 0) return std::unexpected(Refused{"cannot open " + folder + ": " + std::strerror(errno)});
  if (flock(lock.folder_, LOCK_EX | LOCK_NB) != 0) return std::unexpected(in_use(folder, path));
  if (!lock.lock_file()) {
    if (errno == EWOULDBLOCK) return std::unexpected(in_use(folder, path));
    return std::unexpected(Refused{"cannot open " + path + ": " + std::strerror(errno)});
  }
  lock.tell("");
  return lock;
}

bool DataLock::lock_file() {
  if (fd_ >= 0) close(fd_);
  fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  return fd_ >= 0 && flock(fd_, LOCK_EX | LOCK_NB) == 0;
}

bool DataLock::is_in_place() const {
  struct stat there {}, ours {};
  if (stat(path_.c_str(), &there) != 0) return errno != ENOENT;
  return fstat(fd_, &ours) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

void DataLock::look() {
  if (!is_in_place() && lock_file()) tell(told_);
}

void DataLock::tell(const std::string& address) {
  told_ = address;
  const auto text = "assetd, pid " + std::to_string(getpid()) + (address.empty() ? "" : ", at " + address) + "\n";
  if (ftruncate(fd_, 0) == 0) (void)!pwrite(fd_, text.data(), text.size(), 0);  // only told to people
}

DataLock::~DataLock() {
  for (const int fd : {fd_, folder_})
    if (fd >= 0) close(fd);
}

}  // namespace assetd
