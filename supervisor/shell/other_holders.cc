#include "supervisor/shell/other_holders.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "supervisor/shell/processes.h"

namespace assetd::supervisor {

OtherHolders::OtherHolders(Poller& poller, Holder self, Gone gone) : poller_(poller), self_(self), gone_(std::move(gone)) {}

OtherHolders::~OtherHolders() {
  for (const auto& [pid, other] : others_) close(other.pidfd);
}

bool OtherHolders::leave(const std::string& attempt, const Holder& holder) {
  if (holder == self_ || holder.pid <= 0) return false;
  auto known = others_.find(holder.pid);
  if (known == others_.end()) {
    const int pidfd = open_process(holder.pid, holder.start_ticks);
    if (pidfd < 0) return false;
    known = others_.emplace(holder.pid, Other{holder.start_ticks, pidfd, {}}).first;
    poller_.add(pidfd, EPOLLIN, [this, pid = holder.pid](std::uint32_t) { end(pid); });
  }
  if (known->second.start_ticks != holder.start_ticks) return false;
  known->second.attempts.insert(attempt);
  return true;
}

bool OtherHolders::have(const std::string& attempt) const {
  return std::ranges::any_of(others_, [&](const auto& each) { return each.second.attempts.contains(attempt); });
}

std::vector<std::string> OtherHolders::attempts() const {
  std::vector<std::string> all;
  for (const auto& [pid, other] : others_) all.insert(all.end(), other.attempts.begin(), other.attempts.end());
  return all;
}

void OtherHolders::forget(const std::string& attempt) {
  for (auto& [pid, other] : others_) other.attempts.erase(attempt);
}

void OtherHolders::end(int pid) {
  auto ended = others_.extract(pid);
  if (!ended) return;
  poller_.remove(ended.mapped().pidfd);
  close(ended.mapped().pidfd);
  gone_(std::move(ended.mapped().attempts));
}

}  // namespace assetd::supervisor
