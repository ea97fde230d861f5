#include "supervisor/shell/claim_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "supervisor/shell/processes.h"

namespace assetd::supervisor {
namespace {

constexpr std::size_t kMostSpares = 64;
constexpr char kSparePrefix[] = ".spare-";  // no attempt id begins so

/// All names in a directory that `wanted` takes.
template <typename Wanted>
std::vector<std::string> names_in(int directory, Wanted wanted) {
  std::vector<std::string> names;
  DIR* stream = fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream)) {
    if (std::string name = entry->d_name; wanted(name)) names.push_back(std::move(name));
  }
  closedir(stream);
  return names;
}

/// Left by supervisors that were killed.
std::vector<std::string> spares_of_nobody(int directory) {
  return names_in(directory, [](const std::string& name) {
    const int maker = name.starts_with(kSparePrefix) ? std::atoi(name.c_str() + sizeof kSparePrefix - 1) : 0;
    return name.starts_with(kSparePrefix) && (maker <= 0 || maker == getpid() || kill(maker, 0) != 0);
  });
}

}  // namespace

ClaimFiles::ClaimFiles(const std::string& directory) : path_(directory) {
  if (!open_directory())
    throw std::runtime_error("cannot use the claims directory '" + directory + "': " + std::strerror(errno));
  for (const auto& left : spares_of_nobody(directory_)) unlinkat(directory_, left.c_str(), 0);
  if (const auto process = read_process(getpid())) self_ = {process->pid, process->start_ticks};
}

ClaimFiles::~ClaimFiles() {
  for (const auto& spare : spares_) unlinkat(directory_, spare.c_str(), 0);
  close(directory_);
}

bool ClaimFiles::open_directory() {
  mkdir(path_.c_str(), 0700);
  const int opened = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return false;
  if (directory_ >= 0) close(directory_);
  directory_ = opened;
  return true;
}

/// A folder that somebody removed is made anew. Those who were at work keep their claims open: what they write there is read all the same.
int ClaimFiles::create(const std::string& attempt) {
  constexpr int kNew = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  const int fd = openat(directory_, attempt.c_str(), kNew, 0600);
  if (fd >= 0 || errno != ENOENT || !open_directory()) return fd;
  spares_.clear();
  return openat(directory_, attempt.c_str(), kNew, 0600);
}

ClaimFiles::NotMade ClaimFiles::not_made(int error) const {
  struct statvfs fs {};
  const bool no_inodes = error == ENOSPC && fstatvfs(directory_, &fs) == 0 && fs.f_files > 0 && fs.f_favail == 0;
  return {error == EEXIST, "cannot make its claim in " + path_ + ": " + std::strerror(error) + (no_inodes ? " (no free inodes)" : ""),
          error == ENOSPC || error == EDQUOT};
}

std::expected<int, ClaimFiles::NotMade> ClaimFiles::make(const std::string& attempt, const Origin& origin) {
  const auto bytes = encode_claim(origin, self_);
  if (const auto spare = make_from_spare(attempt, bytes)) return *spare;
  const int fd = create(attempt);
  if (fd < 0) return std::unexpected(not_made(errno));
  flock(fd, LOCK_EX | LOCK_NB);
  const auto written = pwrite(fd, bytes.data(), bytes.size(), 0);
  if (written == static_cast<ssize_t>(bytes.size())) return fd;
  const auto failure = not_made(written < 0 ? errno : ENOSPC);
  close(fd);
  remove(attempt);
  return std::unexpected(failure);
}

/// Written and locked before it gets the attempt's name, which it gets only if nobody has it: as exclusive as O_EXCL.
std::optional<int> ClaimFiles::make_from_spare(const std::string& attempt, const std::string& bytes) {
  if (spares_.empty()) return std::nullopt;
  const auto spare = spares_.back();
  spares_.pop_back();
  const int fd = openat(directory_, spare.c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
      pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()) &&
      renameat2(directory_, spare.c_str(), directory_, attempt.c_str(), RENAME_NOREPLACE) == 0)
    return fd;
  if (fd >= 0) close(fd);
  unlinkat(directory_, spare.c_str(), 0);  // the usual way says what is wrong
  return std::nullopt;
}

std::optional<int> ClaimFiles::open(const std::string& attempt) {
  const int fd = openat(directory_, attempt.c_str(), O_RDWR | O_CLOEXEC);
  return fd < 0 ? std::nullopt : std::optional(fd);
}

bool ClaimFiles::exists(const std::string& attempt) const { return faccessat(directory_, attempt.c_str(), F_OK, 0) == 0; }

Claim ClaimFiles::read(int fd) {
  char bytes[kClaimSize];
  const auto size = pread(fd, bytes, sizeof bytes, 0);
  return decode_claim({bytes, size > 0 ? static_cast<std::size_t>(size) : 0});
}

bool ClaimFiles::write(int fd, const SlotWrite& slot) {
  return pwrite(fd, slot.bytes.data(), slot.bytes.size(), static_cast<off_t>(slot.offset)) ==
         static_cast<ssize_t>(slot.bytes.size());
}

void ClaimFiles::remove(const std::string& attempt) {
  if (spares_.size() < kMostSpares) {
    auto spare = kSparePrefix + std::to_string(self_.pid) + "-" + std::to_string(next_spare_++);
    if (renameat2(directory_, attempt.c_str(), directory_, spare.c_str(), 0) == 0) return spares_.push_back(std::move(spare));
  }
  unlinkat(directory_, attempt.c_str(), 0);
}

std::vector<std::string> ClaimFiles::list() { return names_in(directory_, valid_attempt_id); }

ClaimFiles::TakingOver::TakingOver(const ClaimFiles& files) : directory_(openat(files.directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  flock(directory_, LOCK_EX);  // held for a moment only, so that waiting is right
}

ClaimFiles::TakingOver::~TakingOver() { close(directory_); }

bool ClaimFiles::is_locked(int fd) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  flock(fd, LOCK_UN);
  return false;
}

}  // namespace assetd::supervisor
