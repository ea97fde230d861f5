// Taking up a run after a restart, from what the store has of it.

#include <algorithm>
#include <utility>

#include "core/engine/run_machine.h"

namespace assetd {
namespace {

bool is_failing(const CheckResult& result) {
  return (result.status == CheckStatus::failed || result.status == CheckStatus::error) && result.severity == Severity::error;
}

}  // namespace

void RunMachine::restore(const RestoredRun& stored) {
  const auto& plan = *run_.plan;
  run_.steps.resize(plan.size());
  run_.units.resize(plan.units().size());
  run_.checks.resize(plan.checks().size());
  if (run_.record.max_steps) dispatcher_.cap(run_.record.id, *run_.record.max_steps);
  restore_steps(stored.steps);
  restore_checks(stored.checks, stored.attempts);
  restore_attempts(stored.attempts);
  for (const auto step : stored.reported) run_.steps[step].reported = true;
  for (const auto& said : stored.artifacts)
    if (const auto it = run_.live.find(said.attempt); it != run_.live.end()) note_artifact(it->second, said.key, said.data);
  restore_reused();
  drop_lost_checks();
  count_waiting();
  for (auto& [id, attempt] : run_.live) {
    // Its timeout goes on: what has passed of it since it started counts.
    const auto started = std::exchange(attempt.record.started_at, std::nullopt);
    if (started) seen_running(attempt, attempt.record.pid, *started, attempt.record.warm);
  }
  resume_units();
  if (run_.canceling()) {
    for (auto& [id, attempt] : run_.live) stop(attempt, run_.record.expired() ? "run_over" : "canceled");
    for (StepIndex step = 0; step < run_.steps.size(); ++step) cancel_unchecked(step);
  }
  if (run_.record.status == RunStatus::running && run_.record.timeouts.timeout) {
    run_.deadline = deadline(*run_.record.timeouts.timeout, run_.record.started_at.value_or(now_.wall));
    timers_.emplace(*run_.deadline, run_.record.id, kNone);
  }
}

void RunMachine::restore_steps(const std::vector<StepRecord>& steps) {
  for (const auto& record : steps) {
    auto& slot = run_.steps[record.step];
    slot.status = record.status;
    slot.announced = record.materialized || is_terminal(record.status);
    slot.materialized = record.materialized || record.status == StepStatus::succeeded;
    slot.reused = record.status == StepStatus::succeeded && record.reason == kReused;
    slot.attempts = static_cast<std::uint16_t>(record.attempts);
    slot.started_at = record.started_at;
    slot.ended_at = record.ended_at;
    if (!record.reason.empty()) run_.notes[record.step] = {record.reason, record.detail};
    if (record.status == StepStatus::waiting_retry) run_.units[run_.plan->unit_of(record.step)].retry_at = record.retry_at.value_or(now_.wall);
  }
  for (const auto& slot : run_.steps) {
    ++run_.counts[static_cast<std::size_t>(slot.status)];
    if (!is_terminal(slot.status)) ++run_.open_steps;
  }
}

void RunMachine::restore_checks(const std::vector<CheckResult>& checks, const std::vector<AttemptRecord>& attempts) {
  const auto& planned = run_.plan->checks();
  // A member that is being carried again has its checks before it again: what an earlier attempt said of them does not count.
  const auto superseded = [&](const PlannedCheck& check, const CheckResult& result) {
    return std::any_of(attempts.begin(), attempts.end(), [&](const AttemptRecord& attempt) {
      const bool carries = std::find(attempt.steps.begin(), attempt.steps.end(), check.home) != attempt.steps.end();
      return !attempt.outcome && attempt.check == kNone && attempt.unit == check.unit && carries && result.at <= attempt.intended_at;
    });
  };
  for (const auto& result : checks) {
    if (is_failing(result)) run_.failed_checks.push_back({result.name, result.home, result.detail, result.home_step});
    for (std::uint32_t i = 0; i < planned.size(); ++i)
      if (planned[i].check == result.check && planned[i].home == result.home_step && run_.plan->partition(planned[i]) == result.partition && !superseded(planned[i], result)) restore_check(i, result);
  }
}

void RunMachine::restore_check(std::uint32_t planned, const CheckResult& result) {
  run_.checks[planned].status = result.status;
  if (!is_failing(result) || !result.blocking || result.home_step == kNone || !home_waits(planned)) return;
  run_.steps[result.home_step].check_failed = true;
  run_.notes[result.home_step] = {"check_failed", "check " + result.name + " failed" + (result.detail.empty() ? "" : ": " + result.detail)};
}

void RunMachine::restore_attempts(const std::vector<AttemptRecord>& attempts) {
  for (const auto& record : attempts) {
    auto& unit = run_.units[record.unit];
    unit.attempts = std::max(unit.attempts, record.number);
    if (record.ended_at) unit.since = std::max(unit.since, *record.ended_at);
    if (record.outcome) {
      if (record.check != kNone && record.reason != "never_started") unit.phase = UnitSlot::Phase::done;
      continue;
    }
    unit.phase = UnitSlot::Phase::live;
    unit.since = record.intended_at;
    dispatcher_.hold(record.id, {run_.record.id, record.unit, {record.slots, record.resources}, record.intended_at});
    LiveAttempt live;
    live.record = record;
    if (record.check == kNone)
      for (const auto step : record.steps) run_.steps[step].begun = run_.steps[step].status == StepStatus::running;
    for (const auto step : record.steps) live.steps_of_key.emplace(run_.asset(step).key, step);
    run_.live.emplace(record.id, std::move(live));
  }
}

// A check's process that ended, or will never start, without a result: it is not waited for.
void RunMachine::drop_lost_checks() {
  const auto& plan = *run_.plan;
  for (std::uint32_t i = 0; i < plan.checks().size(); ++i) {
    const auto unit = plan.checks()[i].unit;
    if (plan.units()[unit].check == kNone || run_.checks[i].status) continue;
    const auto phase = run_.units[unit].phase;
    if (phase == UnitSlot::Phase::done || (run_.canceling() && phase != UnitSlot::Phase::live)) run_.checks[i].status = CheckStatus::skipped;
  }
}

void RunMachine::resume_units() {
  for (UnitIndex unit = 0; unit < run_.units.size(); ++unit) {
    auto& slot = run_.units[unit];
    if (slot.phase != UnitSlot::Phase::waiting) continue;
    if (!slot.retry_at) {
      ready_if_free(unit, free_since(unit));
      continue;
    }
    slot.phase = UnitSlot::Phase::delayed;
    slot.retry_at_boot = now_.boot + std::max(Millis{0}, *slot.retry_at - now_.wall);
    timers_.emplace(*slot.retry_at_boot, run_.record.id, unit);
  }
}

}  // namespace assetd
