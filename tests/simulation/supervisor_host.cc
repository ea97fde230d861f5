#include "tests/simulation/supervisor_host.h"

#include <algorithm>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace sv = assetd::supervisor;

SupervisorHost::SupervisorHost(Machine& machine)
    : machine_(machine), logic_(machine.os.start_supervisor(), machine.os.boot_id(), "", machine.options.on_demand) {
  machine_.disk.drop_spares();
  for (const auto& attempt : machine_.disk.claims()) adopt(attempt);
}

std::vector<SupervisorHost::Waiting> SupervisorHost::waiting() const {
  std::vector<Waiting> found;
  for (const auto& [id, connection] : machine_.channel.connections()) {
    if (!connection.supervisor_open) continue;
    if (!connection.accepted) found.push_back({Source::accept, id});
    else if (!connection.to_supervisor.empty()) found.push_back({Source::receive, id});
    else if (!connection.daemon_open) found.push_back({Source::closed, id});
  }
  if (!machine_.os.pipe().empty()) found.push_back({Source::pipe});
  for (const auto& [attempt, shim] : shims_)
    if (shim.pid != 0 && !machine_.os.is_alive(shim.pid, shim.ticks)) found.push_back({Source::dead, 0, attempt});
  for (const auto& attempt : unidentified_) found.push_back({Source::identify, 0, attempt});
  if (!lost_.empty()) found.push_back({Source::look});
  return found;
}

bool SupervisorHost::act() {
  const auto all = waiting();
  if (all.empty()) return false;
  handle(all[static_cast<std::size_t>(machine_.random.below(static_cast<int>(all.size())))]);
  return true;
}

void SupervisorHost::handle(const Waiting& what) {
  auto* connection = machine_.channel.find(what.connection);
  switch (what.source) {
    case Source::accept:
      connection->accepted = true;
      return take(sv::Opened{what.connection});
    case Source::receive: {
      describe(machine_.trace, what.connection, connection->to_supervisor.front());
      sv::Received input{what.connection, std::move(connection->to_supervisor.front())};
      connection->to_supervisor.pop_front();
      return take(std::move(input));
    }
    case Source::closed:
      machine_.channel.supervisor_closes(what.connection, machine_.random);
      return take(sv::Closed{what.connection});
    case Source::pipe: return read_pipe();
    case Source::dead: {
      // A free one that died before it looked: nothing was executed, and that is known.
      const auto& shim = shims_.at(what.attempt);
      const bool untaken = shim.child && machine_.os.died_untaken(what.attempt);
      while (!machine_.os.pipe().empty()) read_pipe();  // what the dead said comes before their end
      if (untaken && shims_.contains(what.attempt))
        machine_.disk.write_claim(what.attempt, sv::encode_end({.outcome = sv::Outcome::never_started, .ended_at_ms = wall_ms(), .detail = "untaken"}));
      return gone(what.attempt);
    }
    case Source::identify: return identify(what.attempt);
    case Source::look: return look();
  }
}

/// Performing an action may produce inputs: they wait their turn.
void SupervisorHost::take(sv::Input input) {
  inputs_.push_back(std::move(input));
  if (busy_) return;
  busy_ = true;
  while (!inputs_.empty()) {
    auto now = std::move(inputs_.front());
    inputs_.pop_front();
    const auto kept = machine_.seams.after_logic ? now : sv::Input(sv::Closed{0});
    auto actions = logic_.handle(std::move(now), wall_ms());
    if (machine_.seams.after_logic) machine_.seams.after_logic(kept, actions);
    for (auto& action : actions) {
      machine_.point(Who::supervisor);
      perform(action);
    }
    machine_.point(Who::supervisor);
  }
  busy_ = false;
}

void SupervisorHost::perform(sv::Action& action) {
  std::visit([this](auto& each) { perform(each); }, action);
}

void SupervisorHost::perform(sv::Send& action) {
  auto* connection = machine_.channel.find(action.connection);
  if (connection && connection->supervisor_open && connection->daemon_open) connection->to_daemon.push_back(std::move(action.event));
}

void SupervisorHost::perform(sv::Close& action) {
  machine_.channel.supervisor_closes(action.connection, machine_.random, /*after_what_was_sent=*/true);
  inputs_.push_back(sv::Closed{action.connection});
}

void SupervisorHost::perform(sv::StartShim& action) {
  const auto& attempt = action.spawn.attempt;
  switch (machine_.disk.make_claim(attempt, {machine_.os.boot_id(), action.store_id, wall_ms()})) {
    case FakeDisk::Made::exists: return adopt(attempt);
    case FakeDisk::Made::no_space: return take(sv::SpawnFailed{attempt, "cannot write the claim: no space left", true});
    case FakeDisk::Made::made: break;
  }
  machine_.point(Who::supervisor);
  int pid = 0;
  for (const auto& [each, shim] : machine_.os.shims())
    if (shim.stage == ShimState::Stage::idle && shim.owner == machine_.os.supervisor()) pid = each;
  if (pid != 0) machine_.os.give(pid, attempt);
  else pid = machine_.os.fork_shim(attempt);
  shims_[attempt] = {pid, machine_.os.processes().at(pid).ticks, true};
  machine_.trace.add([&] { return "supervisor: " + attempt.substr(0, 6) + " to shim " + std::to_string(pid); });
  take(sv::ShimStarted{attempt, pid});
}

void SupervisorHost::perform(sv::ClaimAsEnded& action) {
  if (machine_.disk.make_claim(action.attempt, {machine_.os.boot_id(), action.store_id, wall_ms()}) != FakeDisk::Made::made) return;
  machine_.point(Who::supervisor);
  machine_.disk.write_claim(action.attempt, sv::encode_end(action.end));
}

void SupervisorHost::perform(sv::OrderStop& action) {
  const auto it = shims_.find(action.attempt);
  if (it == shims_.end()) return;  // it has just ended: ShimGone is on its way
  machine_.disk.write_claim(action.attempt, sv::encode_stop(action.order));
  machine_.point(Who::supervisor);
  machine_.os.wake(it->second.pid);
}

void SupervisorHost::perform(sv::KillTree& action) {
  const auto session = dead_sessions_.extract(action.attempt);
  lost_.push_back({action.attempt, session ? session.mapped() : machine_.seams.trusts_old_pids ? action.shim : 0});
}

void SupervisorHost::perform(sv::WriteEnd& action) { machine_.disk.write_claim(action.attempt, sv::encode_end(action.end)); }

void SupervisorHost::perform(sv::RemoveClaim& action) { machine_.disk.remove_claim(action.attempt); }

void SupervisorHost::perform(sv::LoadWorker&) {}  // workers are not played

void SupervisorHost::perform(sv::Exit&) { exiting_ = true; }

}  // namespace assetd::simulation
