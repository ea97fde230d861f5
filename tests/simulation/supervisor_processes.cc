// The supervisor's part that looks at processes: adoption, ends, lost trees. After supervisor/shell/shims.cc and lost_trees.cc.

#include <algorithm>
#include <set>

#include "tests/simulation/supervisor_host.h"

namespace assetd::simulation {
namespace sv = assetd::supervisor;

void SupervisorHost::adopt(const AttemptId& attempt) {
  auto claim = machine_.disk.read_claim(attempt);
  const bool same_boot = !claim.origin || claim.origin->boot_id == machine_.os.boot_id();
  bool alive = false;
  if (!claim.end && same_boot) {
    if (claim.shim) alive = watch(attempt, *claim.shim);
    else alive = machine_.os.holds_claim(attempt);
  }
  if (alive && !claim.shim) {
    shims_.try_emplace(attempt);
    unidentified_.push_back(attempt);
  }
  // The order may have been written by a supervisor that died before it could wake the shim.
  if (alive && claim.stop && claim.shim) machine_.os.wake(claim.shim->pid);
  take(sv::ClaimFound{.attempt = attempt,
                      .store_id = claim.origin ? claim.origin->store_id : "",
                      .same_boot = same_boot,
                      .shim_alive = alive,
                      .shim = claim.shim ? claim.shim->pid : 0,
                      .start = claim.shim ? std::optional(claim.shim->start) : std::nullopt,
                      .stop = std::move(claim.stop),
                      .end = std::move(claim.end)});
}

bool SupervisorHost::watch(const AttemptId& attempt, const sv::ShimIdentity& identity) {
  if (!machine_.os.is_alive(identity.pid, identity.start_ticks)) return false;
  shims_[attempt] = {identity.pid, identity.start_ticks, false};
  return true;
}

/// An adopted shim that had not said who it is: looks again.
void SupervisorHost::identify(const AttemptId& attempt) {
  std::erase(unidentified_, attempt);
  if (!shims_.contains(attempt)) return;
  const bool held = machine_.os.holds_claim(attempt);
  const auto claim = machine_.disk.read_claim(attempt);
  if (claim.shim) {
    take(sv::StepStarted{attempt, claim.shim->start});
    if (!watch(attempt, *claim.shim)) return gone(attempt);
    if (claim.stop) machine_.os.wake(claim.shim->pid);
  } else if (!held) {
    gone(attempt);
  } else {
    unidentified_.push_back(attempt);
  }
}

void SupervisorHost::read_pipe() {
  const auto message = machine_.os.pipe().front();
  machine_.os.pipe().pop_front();
  if (message.ended) gone(message.attempt);
  else take(sv::StepStarted{message.attempt, message.start});
}

/// Nobody works on the attempt any more.
void SupervisorHost::gone(const AttemptId& attempt) {
  const auto it = shims_.find(attempt);
  if (it == shims_.end()) return;
  const auto pid = it->second.pid;
  shims_.erase(it);
  auto claim = machine_.disk.read_claim(attempt);
  if (machine_.seams.ignores_recorded_ends) claim.end.reset();
  if (!claim.end) dead_sessions_[attempt] = pid;
  machine_.trace.add([&] { return "supervisor: " + attempt.substr(0, 6) + " is over, " + (claim.end ? "its end is recorded" : "without a record"); });
  take(sv::ShimGone{attempt, std::move(claim.end)});
}

bool SupervisorHost::is_shim(int pid) const {
  const auto& known = machine_.os.shims();
  if (const auto it = known.find(pid); it != known.end() && it->second.owner == machine_.os.supervisor()) return true;
  return std::any_of(shims_.begin(), shims_.end(), [&](const auto& each) { return each.second.pid == pid; });
}

void SupervisorHost::look() {
  const int self = machine_.os.supervisor();
  std::vector<AttemptId> done;
  for (auto& tree : lost_) {
    std::set<int> found;
    for (const auto& [pid, process] : machine_.os.processes()) {
      if (pid == self || is_shim(pid)) continue;
      const bool in_session = tree.session != 0 && process.session == tree.session;
      if (process.parent == self || in_session || (process.tagged && process.attempt == tree.attempt)) found.insert(pid);
    }
    for (bool grown = true; grown;) {
      grown = false;
      for (const auto& [pid, process] : machine_.os.processes())
        if (pid != self && !is_shim(pid) && found.contains(process.parent)) grown |= found.insert(pid).second;
    }
    if (machine_.seams.leaves_lost_trees) found.clear();
    for (const int pid : found) machine_.os.kill(pid);
    tree.empty_looks = found.empty() ? tree.empty_looks + 1 : 0;
    if (tree.empty_looks >= 2) done.push_back(tree.attempt);
  }
  std::erase_if(lost_, [&](const Lost& tree) { return tree.empty_looks >= 2; });
  for (const auto& attempt : done) take(sv::TreeGone{attempt});
}

}  // namespace assetd::simulation
