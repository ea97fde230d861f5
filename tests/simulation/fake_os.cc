#include "tests/simulation/fake_os.h"

#include <algorithm>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {
constexpr int kFirstPid = 100, kPids = 400;  // few, so that they come round
constexpr int kInit = 1;
}  // namespace

void FakeOs::boot() {
  boot_id_ = "boot-" + std::to_string(++boots_);
  ticks_ = 0;
  next_pid_ = 0;
}

void FakeOs::reboot() {
  processes_.clear();
  shims_.clear();
  pipe_.clear();
  supervisor_ = 0;
  boot();
  for (const auto& attempt : disk_.claims()) {
    const auto shim = disk_.read_claim(attempt).shim;
    if (!shim || !random_.chance(50) || processes_.contains(shim->pid)) continue;
    processes_[shim->pid] = {shim->pid, kInit, shim->pid, shim->start_ticks, Process::Kind::stranger, "", false, false};
  }
}

void FakeOs::give_pid_to_stranger(int pid) {
  if (!processes_.contains(pid)) processes_[pid] = {pid, kInit, pid, ++ticks_, Process::Kind::stranger, "", false, false};
}

int FakeOs::make(Process::Kind kind, int parent, const AttemptId& attempt) {
  do next_pid_ = (next_pid_ + 1) % kPids;
  while (processes_.contains(kFirstPid + next_pid_));
  const int pid = kFirstPid + next_pid_;
  const bool leads = kind == Process::Kind::shim || kind == Process::Kind::supervisor;
  processes_[pid] = {pid, parent, leads || !processes_.contains(parent) ? pid : processes_[parent].session, ++ticks_, kind, attempt, true, false};
  return pid;
}

int FakeOs::start_supervisor() { return supervisor_ = make(Process::Kind::supervisor, kInit, ""); }

void FakeOs::kill_supervisor() {
  if (supervisor_ == 0) return;
  const int pid = std::exchange(supervisor_, 0);
  pipe_.clear();
  end_process(pid, 9, true);
  std::vector<int> idle;
  for (const auto& [shim, state] : shims_)
    if (state.stage == ShimState::Stage::idle) idle.push_back(shim);
  for (const int shim : idle) exit(shim, 0);
}

int FakeOs::fork_shim(const AttemptId& attempt) {
  const int pid = make(Process::Kind::shim, supervisor_, attempt);
  shims_[pid] = {.attempt = attempt, .owner = supervisor_};
  return pid;
}

void FakeOs::give(int shim, const AttemptId& attempt) {
  shims_[shim] = {.attempt = attempt, .given_to_free = true, .owner = supervisor_};
  processes_[shim].attempt = attempt;
}

void FakeOs::wake(int shim) {
  if (const auto it = shims_.find(shim); it != shims_.end()) it->second.woken = true;
}

void FakeOs::fork_child(int parent, bool hostile) {
  const auto above = processes_.at(parent);
  auto& child = processes_[make(Process::Kind::child, parent, above.attempt)];
  child.tagged = above.tagged;
  child.ignores_term = above.ignores_term;
  if (!hostile) return;
  if (random_.chance(50)) child.ignores_term = true;
  if (random_.chance(50)) child.session = child.pid;
  if (random_.chance(50)) child.tagged = false;
}

bool FakeOs::has_children(int pid) const {
  return std::any_of(processes_.begin(), processes_.end(), [&](const auto& each) { return each.second.parent == pid; });
}

std::vector<int> FakeOs::descendants(int pid) const {
  std::vector<int> found{pid};
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const auto& [each, process] : processes_)
      if (process.parent == found[i]) found.push_back(each);
  found.erase(found.begin());
  return found;
}

// Its children go to the nearest subreaper above it: its shim, else the supervisor, else process 1.
void FakeOs::end_process(int pid, int how, bool by_signal) {
  const auto it = processes_.find(pid);
  if (it == processes_.end()) return;
  if (it->second.kind == Process::Kind::stranger) broken(Invariant::strangers, "a process that is none of ours was killed: " + std::to_string(pid));
  int heir = it->second.parent;
  while (heir != kInit && processes_.at(heir).kind != Process::Kind::shim && processes_.at(heir).kind != Process::Kind::supervisor) heir = processes_.at(heir).parent;
  processes_.erase(it);
  if (const auto shim = shims_.find(pid); shim != shims_.end()) {
    if (shim->second.stage == ShimState::Stage::given && shim->second.given_to_free) untaken_.insert(shim->second.attempt);
    shims_.erase(shim);
  }
  for (auto& [each, process] : processes_)
    if (process.parent == pid) process.parent = heir;
  for (auto& [shim, state] : shims_) {
    if (state.step != pid) continue;
    state.end.outcome = by_signal ? supervisor::Outcome::signaled : supervisor::Outcome::exited;
    (by_signal ? state.end.signal : state.end.exit_code) = how;
    state.step = 0;
  }
}

bool FakeOs::holds_claim(const AttemptId& attempt) const {
  return std::any_of(shims_.begin(), shims_.end(), [&](const auto& each) { return each.second.attempt == attempt && each.second.stage != ShimState::Stage::idle; });
}

std::vector<const Process*> FakeOs::tree_of(const AttemptId& attempt) const {
  std::vector<const Process*> found;
  for (const auto& [pid, process] : processes_)
    if (process.attempt == attempt && process.kind != Process::Kind::shim) found.push_back(&process);
  return found;
}

bool FakeOs::is_hidden(const Process& process) const {
  for (const auto* each = &process; ; each = &processes_.at(each->parent)) {
    if (each->kind == Process::Kind::shim || each->kind == Process::Kind::supervisor || each->tagged) return false;
    if (each->parent == kInit) return true;
  }
}

}  // namespace assetd::simulation
