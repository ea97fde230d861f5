// The shims' part of the operating system: what supervisor/shim.cc does, one wake-up at a time.

#include <algorithm>

#include "tests/simulation/fake_os.h"

namespace assetd::simulation {
namespace {
constexpr int kKill = 9;
constexpr Millis kKillPause{50};
}  // namespace

bool FakeOs::can_act(int pid, Millis boot_now) const {
  const auto& shim = shims_.at(pid);
  if (shim.stage == ShimState::Stage::idle) return false;
  if (shim.stage == ShimState::Stage::given || shim.woken || !has_children(pid)) return true;
  return !shim.told_start || (shim.due && *shim.due <= boot_now);
}

std::optional<Millis> FakeOs::next_due() const {
  std::optional<Millis> next;
  for (const auto& [pid, shim] : shims_)
    if (shim.due && (!next || *shim.due < *next)) next = shim.due;
  return next;
}

void FakeOs::act(int pid, const Now& now) {
  auto& shim = shims_.at(pid);
  if (shim.stage == ShimState::Stage::given) return start_step(pid, shim, now);
  if (shim.woken) {
    shim.woken = false;
    const auto order = disk_.read_claim(shim.attempt).stop;
    if (order && order != shim.stop) {
      shim.stop = order;
      shim.next_signal = 0;
      shim.due = now.boot;
      shim.end.stopped = shim.end.stopped || shim.step != 0;
    }
  }
  if (shim.due && *shim.due <= now.boot) escalate(pid, shim, now);
  if (!has_children(pid)) return finish(pid, shim, now);
  if (!shim.told_start) {
    shim.told_start = true;
    tell(shim, false);
  }
}

void FakeOs::start_step(int pid, ShimState& shim, const Now& now) {
  shim.stage = ShimState::Stage::working;
  const auto attempt = shim.attempt;
  point();
  if (!shims_.contains(pid)) return;
  const int step = make(Process::Kind::step, pid, attempt);
  shim.step = step;
  processes_.at(step).tidies_up = random_.chance(20);
  shim.start = {step, now.wall.time_since_epoch().count(), false};
  shim.end.started_at_ms = shim.start.at_ms;
  on_execute(attempt);
  point();
  if (!shims_.contains(pid)) return;
  disk_.write_claim(attempt, supervisor::encode_shim({pid, processes_.at(pid).ticks, shim.start}));
}

void FakeOs::tell(const ShimState& shim, bool ended) {
  if (shim.owner == supervisor_ && supervisor_ != 0) pipe_.push_back({shim.attempt, ended, shim.start});
}

void FakeOs::escalate(int pid, ShimState& shim, const Now& now) {
  if (shim.next_signal < shim.stop->signals.size()) {
    signal_tree(pid, shim.stop->signals[shim.next_signal++]);
    shim.due = now.boot + Millis(shim.stop->grace_ms);
    return;
  }
  signal_tree(pid, kKill);
  shim.due = now.boot + kKillPause;
}

void FakeOs::signal_tree(int shim, int signal) {
  for (const int pid : descendants(shim)) {
    const auto it = processes_.find(pid);
    if (it == processes_.end() || (signal != kKill && it->second.ignores_term)) continue;
    const bool tidies_up = signal != kKill && it->second.kind == Process::Kind::step && it->second.tidies_up;
    end_process(pid, tidies_up ? 0 : signal, !tidies_up);
  }
}

void FakeOs::finish(int pid, ShimState& shim, const Now& now) {
  const auto attempt = shim.attempt;
  shim.end.ended_at_ms = now.wall.time_since_epoch().count();
  point();
  if (!shims_.contains(pid)) return;
  disk_.write_claim(attempt, supervisor::encode_end(shim.end));
  on_end(attempt, shim.end);
  point();
  if (!shims_.contains(pid)) return;
  if (!shim.told_start) tell(shim, false);
  tell(shim, true);
  const bool serves_on = shim.owner == supervisor_ && supervisor_ != 0;
  shim = {.stage = ShimState::Stage::idle, .owner = shim.owner};
  if (!serves_on) exit(pid, 0);
}

}  // namespace assetd::simulation
