#include "supervisor/shell/claim_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace assetd::supervisor {

ClaimFiles::ClaimFiles(const std::string& directory) {
  mkdir(directory.c_str(), 0700);
  directory_ = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory_ < 0)
    throw std::runtime_error("cannot use the claims directory '" + directory + "': " + std::strerror(errno));
}

ClaimFiles::~ClaimFiles() { close(directory_); }

std::expected<int, ClaimFiles::NotMade> ClaimFiles::make(const std::string& attempt, const Origin& origin) {
  const int fd = openat(directory_, attempt.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0)
    return std::unexpected(NotMade{errno == EEXIST, std::string("cannot make the claim: ") + std::strerror(errno)});
  flock(fd, LOCK_EX | LOCK_NB);
  const auto bytes = encode_claim(origin);
  const auto written = pwrite(fd, bytes.data(), bytes.size(), 0);
  if (written == static_cast<ssize_t>(bytes.size())) return fd;
  const NotMade failure{false, std::string("cannot write the claim: ") + std::strerror(written < 0 ? errno : ENOSPC)};
  close(fd);
  remove(attempt);
  return std::unexpected(failure);
}

std::optional<int> ClaimFiles::open(const std::string& attempt) {
  const int fd = openat(directory_, attempt.c_str(), O_RDWR | O_CLOEXEC);
  return fd < 0 ? std::nullopt : std::optional(fd);
}

Claim ClaimFiles::read(int fd) {
  char bytes[kClaimSize];
  const auto size = pread(fd, bytes, sizeof bytes, 0);
  return decode_claim({bytes, size > 0 ? static_cast<std::size_t>(size) : 0});
}

bool ClaimFiles::write(int fd, const SlotWrite& slot) {
  return pwrite(fd, slot.bytes.data(), slot.bytes.size(), static_cast<off_t>(slot.offset)) ==
         static_cast<ssize_t>(slot.bytes.size());
}

void ClaimFiles::remove(const std::string& attempt) { unlinkat(directory_, attempt.c_str(), 0); }

std::vector<std::string> ClaimFiles::list() {
  std::vector<std::string> attempts;
  DIR* directory = fdopendir(openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory == nullptr) return attempts;
  while (const dirent* entry = readdir(directory)) {
    if (valid_attempt_id(entry->d_name)) attempts.emplace_back(entry->d_name);
  }
  closedir(directory);
  return attempts;
}

bool ClaimFiles::is_locked(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  flock(fd, LOCK_UN);
  return false;
}

}  // namespace assetd::supervisor
