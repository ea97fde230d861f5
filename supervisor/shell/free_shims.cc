#include "supervisor/shell/free_shims.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "supervisor/shim_job.h"

namespace assetd::supervisor {
namespace {

constexpr std::int64_t kLongestRestMs = 10'000;
constexpr std::size_t kMostFree = 64;

std::int64_t now_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

FreeShims::~FreeShims() {
  for (const auto& [pid, socket] : sockets_) close(socket);
}

void FreeShims::add(int pid, int socket) {
  if (socket >= 0) sockets_[pid] = socket;
}

std::optional<int> FreeShims::give(const Spawn& spawn, int claim) {
  while (!free_.empty()) {
    const int pid = free_.back().pid;
    free_.pop_back();
    if (send_job(sockets_.at(pid), spawn, claim)) return pid;
    drop(pid);
  }
  return std::nullopt;
}

void FreeShims::freed(int pid) {
  if (!sockets_.contains(pid)) return;
  if (free_.size() >= kMostFree) return drop(pid);
  free_.push_back({pid, now_ms()});
}

bool FreeShims::gone(int pid) {
  std::erase_if(free_, [pid](const Free& each) { return each.pid == pid; });
  const auto socket = sockets_.find(pid);
  const bool untaken = socket != sockets_.end() && left_unread(socket->second);
  drop(pid);
  return untaken;
}

/// Without its socket a shim ends as soon as it has nothing to do.
void FreeShims::drop(int pid) {
  const auto found = sockets_.find(pid);
  if (found == sockets_.end()) return;
  close(found->second);
  sockets_.erase(found);
}

void FreeShims::let_go() {
  const auto last = now_ms() - kLongestRestMs;
  while (!free_.empty() && free_.front().since_ms <= last) {
    drop(free_.front().pid);
    free_.erase(free_.begin());
  }
}

int FreeShims::timeout_ms() const {
  if (free_.empty()) return -1;
  return static_cast<int>(std::max<std::int64_t>(1, free_.front().since_ms + kLongestRestMs - now_ms()));
}

}  // namespace assetd::supervisor
