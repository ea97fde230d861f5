#include "supervisor/output_file.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace assetd::supervisor {
namespace {

constexpr int kMode = 0600;

struct ProcPath {
  explicit ProcPath(int fd) { std::snprintf(text, sizeof text, "/proc/self/fd/%d", fd); }
  char text[32];
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

WriteWatch::WriteWatch(int signal) : inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (inotify_ < 0) return;
  fcntl(inotify_, F_SETOWN, getpid());
  fcntl(inotify_, F_SETSIG, signal);
  fcntl(inotify_, F_SETFL, O_NONBLOCK | O_ASYNC);
}

WriteWatch::~WriteWatch() {
  if (inotify_ >= 0) ::close(inotify_);
}

bool WriteWatch::add(int fd) { return inotify_ >= 0 && inotify_add_watch(inotify_, ProcPath(fd).text, IN_MODIFY | IN_ONESHOT) >= 0; }

void WriteWatch::drain() {
  alignas(inotify_event) char events[512];
  while (inotify_ >= 0 && read(inotify_, events, sizeof events) > 0) {
  }
}

std::expected<int, std::string> OutputFile::open(const std::string& path) {
  // Mostly there is none, and that is quickly said.
  if (const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC); fd >= 0) return fd;
  if (errno != ENOENT || !prepare_nameless(path)) return open_named(path);
  // A description of its own for each step: flags and locks that one sets are none of the next one's.
  const int fd = ::open(ProcPath(nameless_).text, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return open_named(path);
  path_ = path;
  return fd;
}

std::expected<int, std::string> OutputFile::open_named(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
  if (fd < 0) return std::unexpected("cannot open the output file '" + path + "': " + std::strerror(errno));
  return fd;
}

/// False when the file system, or what this process may have open and watch, does not allow it.
bool OutputFile::prepare_nameless(const std::string& path) {
  const auto folder = folder_of(path);
  if (nameless_ >= 0) {
    struct stat wanted{}, have{};
    if (stat(folder.c_str(), &wanted) != 0) return false;
    if (fstat(nameless_, &have) == 0 && wanted.st_dev == have.st_dev) return true;
    forget();
  }
  nameless_ = ::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, kMode);
  if (nameless_ < 0) return false;
  if (watch_.add(nameless_)) return true;
  forget();
  return false;
}

bool OutputFile::is_as_made() const {
  struct stat info{};
  return fstat(nameless_, &info) == 0 && info.st_size == 0 && (info.st_mode & 07777) == kMode && info.st_uid == geteuid();
}

void OutputFile::show() {
  if (nameless_ < 0 || path_.empty()) return;
  struct stat info{};
  if (fstat(nameless_, &info) != 0 || info.st_size == 0) return;
  // Without room for the name it is tried again at the end.
  if (linkat(AT_FDCWD, ProcPath(nameless_).text, AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0) forget();
}

void OutputFile::look() {
  unwatched_ = true;
  show();
}

void OutputFile::close() {
  show();
  path_.clear();
  if (nameless_ >= 0 && (unwatched_ || !is_as_made())) forget();
}

void OutputFile::forget() {
  if (nameless_ >= 0) ::close(nameless_);
  nameless_ = -1;
  unwatched_ = false;
  path_.clear();
}

}  // namespace assetd::supervisor
