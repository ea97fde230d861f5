// Room for what steps write: without it nothing starts, and it is said why.

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/engine/not_started.h"
#include "daemon/service/daemon_service.h"

namespace assetd {
namespace {

constexpr Millis kProbeInterval{500};
constexpr std::int64_t kFewestFiles = 32;  // an attempt makes a handful: its claim, messages, logs
constexpr std::size_t kProbeBytes = 4096;

/// Whether a file can be made there and written; errno says why not. A quota shows in nothing else.
bool takes_files(const std::string& dir) {
  const auto path = dir + "/.room-" + std::to_string(getpid());
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const std::string bytes(kProbeBytes, ' ');
  const auto written = write(fd, bytes.data(), bytes.size());
  const int error = written < 0 ? errno : ENOSPC;
  close(fd);
  unlink(path.c_str());
  errno = error;
  return written == static_cast<ssize_t>(bytes.size());
}

}  // namespace

/// "": there is room.
std::string DaemonService::why_no_room() {
  const auto& dir = options_.paths.data_dir;
  struct statvfs fs {};
  if (statvfs(dir.c_str(), &fs) != 0) return "";
  const auto free = static_cast<std::int64_t>(fs.f_bavail) * static_cast<std::int64_t>(fs.f_frsize);
  if (free < options_.free_space_floor)
    return "only " + std::to_string(free >> 20) + " MiB are free in " + dir + "; nothing starts below " + std::to_string(options_.free_space_floor >> 20) + " MiB";
  // Some file systems make inodes as they need them, and count none.
  if (const auto files = static_cast<std::int64_t>(fs.f_favail); fs.f_files > 0 && files < kFewestFiles)
    return "only " + std::to_string(files) + " more files can be made in " + dir + " (free inodes: remove files there, or give the file system more); nothing starts below " +
           std::to_string(kFewestFiles);
  if (!files_refused_) return "";
  const auto now = clock_.now().boot;
  if (probed_at_ && now - *probed_at_ < kProbeInterval) return low_disk_;
  probed_at_ = now;
  if (takes_files(dir)) return files_refused_ = false, "";
  return dir + " takes no more files: " + std::strerror(errno) + "; free space there, or raise its quota; nothing starts until it does";
}

/// Before each turn, so that nothing starts on what was true a moment ago: a look costs microseconds.
void DaemonService::watch_disk(Turn& turn) { hold_for_disk(turn, why_no_room()); }

void DaemonService::hold_for_disk(Turn& turn, const std::string& detail) {
  if (detail == low_disk_) return;
  const bool low = !detail.empty(), changes = low == low_disk_.empty();
  {
    std::lock_guard lock(mutex_);
    low_disk_ = detail;
  }
  if (changes && low) spdlog::error("{}", detail);
  if (changes && !low) spdlog::info("{} has room again: steps start", options_.paths.data_dir);
  feed(turn, StartsHeld{"disk", detail, low});
}

/// An attempt that was to start and did not is no news of its step alone.
void DaemonService::take_report(Turn& turn, const Input& input) {
  const auto* exited = std::get_if<AttemptExited>(&input);
  const bool never_started = exited && exited->exit.kind == ExitReport::Kind::never_started && !exited->exit.stopped;
  if (never_started && !is_latched() && engine_->attempt(exited->attempt)) {
    warn_not_started(turn, *exited);
    if (exited->exit.reason == kNoSpace) {
      files_refused_ = true;
      probed_at_ = turn.now.boot;
      hold_for_disk(turn, options_.paths.data_dir + " takes no more files: " + exited->exit.detail + "; nothing starts until it does");
    }
  }
  feed(turn, input);
}

void DaemonService::warn_not_started(const Turn& turn, const AttemptExited& exited) {
  constexpr Millis kQuiet{5'000};  // a thousand steps may fail to start for one reason
  const bool told = exited.exit.detail == not_started_told_ && turn.now.boot - not_started_told_at_ < kQuiet;
  if (told) return;
  not_started_told_ = exited.exit.detail;
  not_started_told_at_ = turn.now.boot;
  const auto& record = engine_->attempt(exited.attempt)->record;
  spdlog::warn("run {}: step {} was not started: {}; it is tried again", record.run, engine_->run(record.run)->name(record.steps.front()), exited.exit.detail);
}

}  // namespace assetd
