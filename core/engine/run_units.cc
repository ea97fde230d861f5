// Units: when a process may start, its launch, its stop.

#include <algorithm>

#include "core/engine/run_machine.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

void take_larger(std::map<std::string, int>& slots, const std::map<std::string, int>& more) {
  for (const auto& [pool, count] : more) slots[pool] = std::max(slots[pool], count);
}

/// "0.5 s", "12 min": what was waited is said also where it is less than a second.
std::string measured(Millis waited) {
  if (waited >= Millis{1'000}) return spoken_duration(waited);
  const auto hundredths = std::max<std::int64_t>(1, waited.count() / 10);
  const auto digits = std::to_string(hundredths % 100 + 100).substr(1);
  return "0." + (digits.back() == '0' ? digits.substr(0, 1) : digits) + " s";
}

}  // namespace

Demand RunMachine::demand_of(const RunState& run, UnitIndex unit) {
  Demand demand;
  const auto& planned = run.plan->units()[unit];
  for (const auto step : planned.steps) {
    const auto& asset = run.asset(step);
    // A check's own process reads what its asset holds for writing.
    for (const auto& [resource, mode] : asset.uses) {
      auto& held = demand.resources.try_emplace(resource, HoldMode::read).first->second;
      if (mode == HoldMode::write && planned.check == kNone) held = mode;
    }
    if (planned.check == kNone) take_larger(demand.slots, asset.pools);
  }
  if (demand.slots.empty()) demand.slots["default"] = 1;
  return demand;
}

void RunMachine::prepare() {
  run_.steps.resize(run_.plan->size());
  run_.units.resize(run_.plan->units().size());
  run_.checks.resize(run_.plan->checks().size());
  run_.open_steps = static_cast<std::uint32_t>(run_.steps.size());
  run_.counts[static_cast<std::size_t>(StepStatus::pending)] = run_.open_steps;
  count_waiting();
}

// What has passed of the time before a restart counts.
Millis RunMachine::deadline(Millis allowed, WallTime since) const { return now_.boot + allowed - std::clamp(now_.wall - since, Millis{0}, allowed); }

void RunMachine::wait_in_line() {
  if (!run_.record.timeouts.queue_timeout) return;
  run_.deadline = deadline(*run_.record.timeouts.queue_timeout, run_.record.created_at);
  timers_.emplace(*run_.deadline, run_.record.id, kNone);
}

void RunMachine::set_priority(int priority) {
  if (run_.record.priority == priority) return;
  run_.record.priority = priority;
  dispatcher_.set_priority(run_.record.id, priority);
  out_.changes.push_back(RunAmended{run_.record, now_.wall});
}

void RunMachine::begin() {
  auto& record = run_.record;
  const auto from = record.status;
  record.status = RunStatus::running;
  record.started_at = now_.wall;
  record.reason.clear();
  record.detail.clear();
  out_.changes.push_back(RunChanged{record, from, {}});
  run_.deadline.reset();
  if (record.max_steps) dispatcher_.cap(record.id, *record.max_steps);
  if (record.timeouts.timeout) {
    run_.deadline = now_.boot + *record.timeouts.timeout;
    timers_.emplace(*run_.deadline, record.id, kNone);
  }
  for (UnitIndex unit = 0; unit < run_.units.size(); ++unit) ready_if_free(unit);
}

// Also after a restart: what has ended already is not waited for.
void RunMachine::count_waiting() {
  const auto& plan = *run_.plan;
  for (std::uint32_t i = 0; i < plan.checks().size(); ++i) {
    const auto& planned = plan.checks()[i];
    if (home_waits(i) && !run_.checks[i].status) ++run_.steps[planned.home].open_checks;
    if (plan.units()[planned.unit].check == kNone) continue;
    auto& unit = run_.units[planned.unit];
    if (run_.checks[i].status) {
      unit.phase = UnitSlot::Phase::done;
      continue;
    }
    ++run_.open_check_units;
    if (plan.mode() == StepsMode::checks) continue;
    for (const auto step : planned.depends_on) {
      const auto& slot = run_.steps[step];
      run_.check_units[step].push_back(i);
      if (!slot.materialized && !is_terminal(slot.status)) ++unit.waiting_on;
    }
  }
  if (plan.mode() == StepsMode::checks) return;
  for (StepIndex step = 0; step < plan.size(); ++step)
    for (const auto& edge : plan.parents(step))
      if (plan.unit_of(edge.step) != plan.unit_of(step) && !is_terminal(run_.steps[edge.step].status)) ++run_.units[plan.unit_of(step)].waiting_on;
}

bool RunMachine::can_start(StepIndex step) const {
  const auto& slot = run_.steps[step];
  // In a checks-only run a check beside its process may have set the step running already.
  const bool by_check = run_.plan->mode() == StepsMode::checks && slot.status == StepStatus::running && !slot.begun;
  return slot.status == StepStatus::pending || slot.status == StepStatus::waiting_retry || by_check;
}

bool RunMachine::has_startable(UnitIndex unit) const {
  const auto& members = run_.plan->units()[unit].steps;
  return std::any_of(members.begin(), members.end(), [&](StepIndex s) { return can_start(s); });
}

void RunMachine::ready_if_free(UnitIndex unit, WallTime since) {
  auto& slot = run_.units[unit];
  if (slot.phase != UnitSlot::Phase::waiting || slot.waiting_on > 0 || run_.canceling()) return;
  if (run_.plan->units()[unit].check != kNone) return ready_check(unit, since);
  if (!has_startable(unit)) {
    slot.phase = UnitSlot::Phase::done;
    return;
  }
  line_up(unit, since);
}

void RunMachine::line_up(UnitIndex unit, WallTime since) {
  auto& slot = run_.units[unit];
  slot.phase = UnitSlot::Phase::ready;
  slot.since = since;
  slot.queue_deadline.reset();
  if (const auto allowed = queue_timeout_of(unit)) {
    slot.queue_deadline = deadline(*allowed, since);
    timers_.emplace(*slot.queue_deadline, run_.record.id, unit);
  }
  dispatcher_.add({run_.record.priority, run_.record.id, unit, since}, demand_of(run_, unit));
}

// The least that a member sets, else the run's.
std::optional<Millis> RunMachine::queue_timeout_of(UnitIndex unit) const {
  const auto& planned = run_.plan->units()[unit];
  std::optional<Millis> least;
  const auto take = [&](const std::optional<RunSpec>& spec) {
    if (spec && spec->queue_timeout && (!least || *spec->queue_timeout < *least)) least = spec->queue_timeout;
  };
  if (planned.check != kNone) take(run_.context.definitions->checks[planned.check].run);
  else
    for (const auto step : planned.steps) take(run_.asset(step).run);
  return least ? least : run_.record.timeouts.queue_timeout;
}

// After a restart: since when nothing above it was waited for any more.
WallTime RunMachine::free_since(UnitIndex unit) const {
  auto since = run_.record.started_at.value_or(run_.record.created_at);
  const auto after = [&](StepIndex step) {
    if (run_.steps[step].ended_at) since = std::max(since, *run_.steps[step].ended_at);
  };
  for (const auto member : run_.plan->units()[unit].steps)
    if (run_.plan->units()[unit].check == kNone && run_.plan->mode() != StepsMode::checks)
      for (const auto& edge : run_.plan->parents(member)) after(edge.step);
  return std::min(since, now_.wall);
}

// Nothing to check where an asset it depends on was not made in this run.
void RunMachine::ready_check(UnitIndex unit, WallTime since) {
  const auto& planned = run_.plan->checks()[planned_check_of(unit)];
  const auto made = [&](StepIndex step) { return run_.steps[step].materialized; };
  if (run_.plan->mode() != StepsMode::checks && !std::all_of(planned.depends_on.begin(), planned.depends_on.end(), made)) {
    check_result(planned_check_of(unit), CheckStatus::skipped, run_.check(planned_check_of(unit)).severity, "what it checks was not made", {}, now_.wall, "");
    return;
  }
  line_up(unit, since);
}

void RunMachine::announce(StepIndex step) {
  auto& slot = run_.steps[step];
  if (slot.announced) return;
  slot.announced = true;
  const auto it = run_.check_units.find(step);
  if (it == run_.check_units.end()) return;
  for (const auto planned : it->second) {
    const auto unit = run_.plan->checks()[planned].unit;
    --run_.units[unit].waiting_on;
    ready_if_free(unit);
  }
}

void RunMachine::drop_if_empty(UnitIndex unit) {
  auto& slot = run_.units[unit];
  const bool idle = slot.phase == UnitSlot::Phase::ready || slot.phase == UnitSlot::Phase::delayed || slot.phase == UnitSlot::Phase::waiting;
  if (!idle || has_startable(unit)) return;
  dispatcher_.remove(run_.record.id, unit);
  slot.phase = UnitSlot::Phase::done;
}

void RunMachine::launch(UnitIndex unit, const Demand& demand, AttemptId id, WallTime since) {
  auto& slot = run_.units[unit];
  const auto& planned = run_.plan->units()[unit];
  AttemptRecord record;
  record.id = id;
  record.run = run_.record.id;
  record.unit = unit;
  record.number = ++slot.attempts;
  record.check = planned.check;
  record.slots = demand.slots;
  record.resources = demand.resources;
  record.intended_at = now_.wall;
  for (const auto step : planned.steps)
    if (planned.check != kNone || can_start(step)) record.steps.push_back(step);
  slot.phase = UnitSlot::Phase::live;
  run_.not_started.erase(unit);
  slot.retry_at.reset();
  slot.retry_at_boot.reset();
  slot.queue_deadline.reset();
  slot.since = since;
  dispatcher_.hold(id, {run_.record.id, unit, demand, now_.wall});
  out_.changes.push_back(AttemptIntended{record});
  LiveAttempt live;
  live.record = record;
  for (const auto step : record.steps) live.steps_of_key.emplace(run_.asset(step).key, step);
  run_.live.emplace(id, std::move(live));
  reopen_checks(record);
  if (planned.check == kNone) {
    for (const auto step : record.steps) {
      auto& member = run_.steps[step];
      member.begun = member.reported = false;
      ++member.attempts;
      if (member.status != StepStatus::running) set_status(step, StepStatus::starting, "", "", id);
    }
  } else if (run_.steps[planned.steps.front()].status == StepStatus::pending) {
    run_.steps[planned.steps.front()].started_at = now_.wall;
    set_status(planned.steps.front(), StepStatus::running, "", "", id);
  }
  out_.effects.push_back(StartAttempt{std::move(record)});
}

// One that was executed before waits for its retry still: a pending step is not stored, and its count of attempts would go with a restart.
void RunMachine::put_back(StepIndex step) {
  run_.steps[step].begun = false;
  set_status(step, run_.steps[step].attempts > 0 ? StepStatus::waiting_retry : StepStatus::pending);
}

StopAttempt RunMachine::stop_effect(const RunState& run, const LiveAttempt& attempt) {
  const auto& spec = run.run_spec(attempt.record.unit);
  StopAttempt effect{attempt.record.id, {spec ? spec->stop_signal : "TERM"}, spec ? spec->grace : Millis{10'000}};
  if (effect.signals.front() != "TERM") effect.signals.push_back("TERM");
  return effect;
}

void RunMachine::stop(LiveAttempt& attempt, const std::string& reason) {
  if (!attempt.stop_reason.empty()) return;
  attempt.stop_reason = reason;
  out_.effects.push_back(stop_effect(run_, attempt));
}

void RunMachine::timed_out(LiveAttempt& attempt) {
  attempt.deadline.reset();
  stop(attempt, "timeout");
}

void RunMachine::retry_due(UnitIndex unit) {
  auto& slot = run_.units[unit];
  if (slot.phase != UnitSlot::Phase::delayed) return;
  slot.phase = UnitSlot::Phase::waiting;
  slot.retry_at_boot.reset();
  ready_if_free(unit, std::min(now_.wall, slot.retry_at.value_or(now_.wall)));
}

// It would only wait again: no attempt follows.
void RunMachine::queued_too_long(UnitIndex unit, const std::string& waited_for) {
  auto& slot = run_.units[unit];
  const auto waited = "waited " + measured(now_.wall - slot.since) + " to start" + (waited_for.empty() ? "" : ", for " + waited_for);
  slot.queue_deadline.reset();
  if (run_.plan->units()[unit].check != kNone)
    return check_result(planned_check_of(unit), CheckStatus::error, run_.check(planned_check_of(unit)).severity, "queue_timeout: its process " + waited, {}, now_.wall, "");
  for (const auto step : run_.plan->units()[unit].steps)
    if (can_start(step)) fail(step, "queue_timeout", waited, false, "");
}

// A step whose own work is done and whose checks will not come any more ends with the last process that works on it.
void RunMachine::cancel_unchecked(StepIndex step) {
  const auto status = run_.steps[step].status;
  if (!run_.canceling() || (status != StepStatus::running && status != StepStatus::starting)) return;
  const auto works_on_it = [&](const auto& live) {
    const auto& record = live.second.record;
    return record.unit == run_.plan->unit_of(step) || (record.check != kNone && record.steps.front() == step);
  };
  if (std::any_of(run_.live.begin(), run_.live.end(), works_on_it)) return;
  set_status(step, StepStatus::canceled, stop_reason(), "stopped before its checks had run");
  step_over(step);
}

void RunMachine::cancel(const Actor& actor) {
  auto& record = run_.record;
  if (is_terminal(record.status) || record.status == RunStatus::canceling) return;
  record.cancel_requested_at = now_.wall;
  record.cancel_requested_by = actor.name;
  stop_everything("canceled", "canceled by " + actor.name, "canceled");
}

void RunMachine::expire(const std::string& waited_for) {
  auto& record = run_.record;
  if (is_terminal(record.status) || record.status == RunStatus::canceling) return;
  const bool began = record.status != RunStatus::queued;
  record.reason = began ? "timeout" : "queue_timeout";
  record.detail = began ? "stopped: it ran longer than its timeout of " + format_duration(*record.timeouts.timeout)
                        : "never began: it waited " + measured(now_.wall - record.created_at) + (waited_for.empty() ? "" : " for " + waited_for);
  stop_everything(record.reason, "its run was stopped: " + record.reason, "run_over");
}

/// `reason`, `detail`: of steps that never ran.
void RunMachine::stop_everything(const std::string& reason, const std::string& detail, const std::string& stop_reason) {
  auto& record = run_.record;
  const auto from = record.status;
  record.status = RunStatus::canceling;
  run_.deadline.reset();
  out_.changes.push_back(RunChanged{record, from, {}});
  for (UnitIndex unit = 0; unit < run_.units.size(); ++unit) {
    auto& slot = run_.units[unit];
    if (slot.phase == UnitSlot::Phase::live || slot.phase == UnitSlot::Phase::done) continue;
    dispatcher_.remove(record.id, unit);
    slot.phase = UnitSlot::Phase::done;
    if (run_.plan->units()[unit].check != kNone) check_unit_over(unit);
  }
  std::vector<StepIndex> ended;
  for (StepIndex step = 0; step < run_.steps.size(); ++step) {
    const auto unit = run_.plan->unit_of(step);
    const bool live = unit != kNone && run_.units[unit].phase == UnitSlot::Phase::live;
    if (!live && run_.steps[step].status != StepStatus::running && !is_terminal(run_.steps[step].status)) ended.push_back(step);
  }
  for (const auto step : ended) set_quietly(step, StepStatus::canceled);
  if (!ended.empty()) out_.changes.push_back(StepsEnded{record.id, ended, StepStatus::canceled, reason, kNone, detail, now_.wall});
  for (StepIndex step = 0; step < run_.steps.size(); ++step) cancel_unchecked(step);
  for (auto& [id, attempt] : run_.live) stop(attempt, stop_reason);
}

}  // namespace assetd
