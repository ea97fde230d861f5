#include "core/engine/engine.h"

#include <algorithm>
#include <utility>

namespace assetd {

Output Engine::handle(const Now& now, const Input& input) {
  Output out;
  std::visit([&](const auto& each) { on(now, each, out); }, input);
  begin_what_may(now, out);
  start_what_may(now, out);
  return out;
}

RunState* Engine::find(RunId id) {
  const auto it = runs_.find(id);
  return it == runs_.end() ? nullptr : it->second.get();
}

const RunState* Engine::run(RunId id) const {
  const auto it = runs_.find(id);
  return it == runs_.end() ? nullptr : it->second.get();
}

std::optional<RunId> Engine::run_of_attempt(const AttemptId& id) const {
  const auto it = attempts_.find(id);
  return it == attempts_.end() ? std::nullopt : std::optional(it->second);
}

const LiveAttempt* Engine::attempt(const AttemptId& id) const {
  const auto run_id = run_of_attempt(id);
  if (!run_id) return nullptr;
  const auto& live = run(*run_id)->live;
  const auto it = live.find(id);
  return it == live.end() ? nullptr : &it->second;
}

void Engine::on(const Now& now, const CancelRequested& input, Output& out) {
  auto* run = find(input.run);
  if (!run) return;
  RunMachine(*run, dispatcher_, timers_, now, out).cancel(input.actor);
  finish_if_over(now, input.run, out);
}

void Engine::on(const Now& now, const AttemptSeenRunning& input, Output& out) {
  const auto run_id = run_of_attempt(input.attempt);
  if (!run_id) return;
  auto& run = *find(*run_id);
  RunMachine(run, dispatcher_, timers_, now, out).seen_running(run.live.at(input.attempt), input.pid, input.at, input.warm);
}

// What came before these went down with a commit that failed: all of it is read again from where the store stands.
bool Engine::has_gap(const LiveAttempt& attempt, const MessagesArrived& input) { return input.from > attempt.record.message_offset; }

void Engine::on(const Now& now, const MessagesArrived& input, Output& out) {
  const auto run_id = run_of_attempt(input.attempt);
  if (!run_id) return;
  auto& run = *find(*run_id);
  auto& attempt = run.live.at(input.attempt);
  const auto counted = attempt.record.message_offset;
  if (input.offset <= counted || has_gap(attempt, input)) return;
  attempt.record.message_offset = input.offset;
  RunMachine machine(run, dispatcher_, timers_, now, out);
  for (const auto& message : input.messages)
    if (message.end == 0 || message.end > counted) machine.message(attempt, message);  // each counts once, also when it is read twice
  out.changes.push_back(MessagesRead{input.attempt, input.offset});
}

void Engine::on(const Now& now, const AttemptExited& input, Output& out) {
  const auto run_id = run_of_attempt(input.attempt);
  if (!run_id) {
    auto* wreck = wreck_of(input.attempt);
    // If it is of none: ended and committed before, said again because the acknowledgement was lost.
    out.effects.push_back(ForgetAttempt{input.attempt, wreck ? wreck->run.id : 0});
    if (!wreck) return;
    out.changes.push_back(end_attempt(*wreck, input.attempt, input.exit));
    dispatcher_.release(input.attempt);
    return finish_if_over(now, *wreck, out);
  }
  auto& run = *find(*run_id);
  if (has_gap(run.live.at(input.attempt), input.rest)) return;  // its end is told again, with all of its messages
  on(now, input.rest, out);
  RunMachine machine(run, dispatcher_, timers_, now, out);
  // A process may be over before it was seen to run.
  if (input.exit.started_at && input.exit.kind != ExitReport::Kind::never_started)
    machine.seen_running(run.live.at(input.attempt), 0, *input.exit.started_at, false);
  attempts_.erase(input.attempt);
  machine.exited(input.attempt, input.exit);
  finish_if_over(now, *run_id, out);
}

void Engine::on(const Now& now, const TimePassed&, Output& out) {
  while (!timers_.empty() && std::get<0>(*timers_.begin()) <= now.boot) {
    const auto [at, run_id, unit] = *timers_.begin();
    timers_.erase(timers_.begin());
    auto* run = find(run_id);
    if (!run) continue;
    RunMachine machine(*run, dispatcher_, timers_, now, out);
    if (unit == kNone) {
      const bool in_line = run->record.status == RunStatus::queued;
      if (!run->deadline || *run->deadline > now.boot || (in_line && is_draining())) continue;
      machine.expire(in_line ? in_words(line_blockers(*run, now.wall)) : "");
      finish_if_over(now, run_id, out);
      continue;
    }
    const auto& slot = run->units[unit];
    if (slot.phase == UnitSlot::Phase::ready && slot.queue_deadline && *slot.queue_deadline <= now.boot && !is_draining()) {
      machine.queued_too_long(unit, in_words(unit_blockers(*run, unit, now.wall)));
      finish_if_over(now, run_id, out);
      continue;
    }
    if (slot.phase == UnitSlot::Phase::delayed && slot.retry_at_boot && *slot.retry_at_boot <= now.boot) machine.retry_due(unit);
    for (auto& [id, attempt] : run->live)
      if (attempt.record.unit == unit && attempt.deadline && *attempt.deadline <= now.boot) machine.timed_out(attempt);
    finish_if_over(now, run_id, out);  // a retry that is due may turn out to have nothing to do
  }
}

void Engine::on(const Now&, const PoolsChanged& input, Output&) { dispatcher_.set_pools(input.slots); }

// What ended before keeps its end: a waiver is for results that are still to come.
void Engine::on(const Now&, const WaiversChanged& input, Output&) { around_->waivers = input.waivers; }

void Engine::on(const Now&, const StartsHeld& input, Output&) {
  if (input.held) held_[input.kind] = input.detail;
  else held_.erase(input.kind);
}

void Engine::start_what_may(const Now& now, Output& out) {
  another_look_ = false;
  if (!held_.empty()) return;
  // Nothing at all starts before it is known what needs no start: or what comes later in line would take its place.
  another_look_ = !reusing_.empty() && dispatcher_.waiting_count() > 0 && !decides_reuse(out);
  if (another_look_) return;
  while (start_round(now, out)) begin_what_may(now, out);
}

/// What was made, or went wrong, is not known to the rule before this output is taken.
bool Engine::decides_reuse(const Output& out) const {
  return std::ranges::none_of(out.changes, [](const Change& change) {
    const auto* step = std::get_if<StepChanged>(&change);
    return std::holds_alternative<Materialized>(change) || std::holds_alternative<CheckReported>(change) || std::holds_alternative<StepsEnded>(change) ||
           (step && step->step.reason != kReused && step->step.status != StepStatus::starting && step->step.status != StepStatus::running);
  });
}

/// Whether more may start now, because steps needed no start.
bool Engine::start_round(const Now& now, Output& out) {
  std::vector<std::pair<RunId, StepIndex>> reused;
  dispatcher_.dispatch([&](const ReadyUnit& unit, const Demand& demand) {
    auto& run = *find(unit.run);
    RunMachine machine(run, dispatcher_, timers_, now, out);
    const auto unchanged = machine.reuse_unchanged(unit.unit, reuse_rule_);
    for (const auto step : unchanged) reused.emplace_back(unit.run, step);
    if (!unchanged.empty() && !machine.has_startable(unit.unit)) return;
    auto id = new_attempt_id_();
    attempts_.emplace(id, unit.run);
    machine.launch(unit.unit, demand, std::move(id), unit.since);
  });
  std::set<RunId> runs;
  for (const auto& [run, step] : reused) {
    RunMachine(*find(run), dispatcher_, timers_, now, out).reused_over(step);
    runs.insert(run);
  }
  for (const auto run : runs) finish_if_over(now, run, out);
  return !reused.empty();
}

void Engine::finish_if_over(const Now& now, RunId id, Output& out) {
  auto* run = find(id);
  RunMachine machine(*run, dispatcher_, timers_, now, out);
  if (!machine.over()) return;
  machine.end();
  leave(id);
}

Wreck* Engine::wreck_of(const AttemptId& attempt) {
  const auto it = std::ranges::find_if(wrecks_, [&](const auto& each) { return each.second.live.contains(attempt); });
  return it == wrecks_.end() ? nullptr : &it->second;
}

void Engine::finish_if_over(const Now& now, const Wreck& wreck, Output& out) {
  if (!wreck.live.empty()) return;
  for (auto& change : end_run(wreck, now.wall)) out.changes.push_back(std::move(change));
  line_.leave(wreck.run.id);
  leave_schedule(wreck.run);
  wrecks_.erase(wreck.run.id);
}

std::unique_ptr<Engine> Engine::clone(NewAttemptId new_attempt_id) const {
  auto copy = std::make_unique<Engine>(std::move(new_attempt_id), last_run_);
  copy->around_ = std::make_shared<Surroundings>(Surroundings{around_->waivers, nullptr});  // the past is asked on one thread alone
  for (const auto& [id, run] : runs_) copy->runs_.emplace(id, std::make_unique<RunState>(*run)).first->second->around = copy->around_;
  copy->wrecks_ = wrecks_;
  copy->queued_ = queued_;
  copy->line_ = RunLine(line_);
  copy->unexplained_ = unexplained_;
  copy->of_schedule_ = of_schedule_;
  copy->attempts_ = attempts_;
  copy->dispatcher_ = Dispatcher(dispatcher_);
  copy->timers_ = timers_;
  copy->held_ = held_;
  return copy;
}

std::optional<Millis> Engine::next_timer() const {
  return timers_.empty() ? std::nullopt : std::optional(std::get<0>(*timers_.begin()));
}

std::expected<void, std::string> Engine::fits(const RestoredRun& stored) {
  const auto& plan = *stored.plan;
  const auto known = [&](StepIndex step) { return step < plan.size(); };
  if (stored.run.steps_total != plan.size())
    return std::unexpected("its stored plan has " + std::to_string(plan.size()) + " steps, the run had " + std::to_string(stored.run.steps_total));
  for (const auto& step : stored.steps)
    if (!known(step.step) || (step.status == StepStatus::waiting_retry && plan.unit_of(step.step) == kNone))
      return std::unexpected("its stored plan does not have the stored step " + std::to_string(step.step));
  for (const auto& result : stored.checks)
    if (result.home_step != kNone && !known(result.home_step)) return std::unexpected("its stored plan does not have the step of check " + result.name);
  for (const auto& attempt : stored.attempts) {
    const bool unit = attempt.unit < plan.units().size() && plan.units()[attempt.unit].check == attempt.check;
    if (!unit || attempt.steps.empty() || !std::all_of(attempt.steps.begin(), attempt.steps.end(), known))
      return std::unexpected("its stored plan does not have what attempt " + attempt.id + " carried");
  }
  return {};
}

Output Engine::restore(const Now& now, RestoredRun restored) {
  auto state = std::make_unique<RunState>();
  state->record = std::move(restored.run);
  state->plan = std::move(restored.plan);
  state->context = std::move(restored.context);
  auto& run = enter(std::move(state));
  last_run_ = std::max(last_run_, run.record.id);
  Output out;
  if (run.record.status == RunStatus::queued) {
    RunMachine machine(run, dispatcher_, timers_, now, out);
    machine.prepare();
    machine.wait_in_line();
    queue(run);
    return out;
  }
  line_.under_way(run.record);
  RunMachine(run, dispatcher_, timers_, now, out).restore(restored);
  for (const auto& [id, attempt] : run.live) attempts_.emplace(id, run.record.id);
  finish_if_over(now, run.record.id, out);
  return out;
}

Output Engine::restore(const Now& now, Wreck restored) {
  const auto& wreck = wrecks_.insert_or_assign(restored.run.id, std::move(restored)).first->second;
  last_run_ = std::max(last_run_, wreck.run.id);
  enter_schedule(wreck.run);
  line_.under_way(wreck.run);
  for (const auto& [id, attempt] : wreck.live) dispatcher_.hold(id, {wreck.run.id, attempt.unit, {attempt.slots, attempt.resources}, attempt.intended_at});
  Output out;
  finish_if_over(now, wreck, out);
  return out;
}

}  // namespace assetd
