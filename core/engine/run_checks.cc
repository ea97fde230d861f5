// Checks: reported by a batch or by a process of their own; what a failing one blocks.

#include <algorithm>

#include "core/engine/run_machine.h"

namespace assetd {

// A step waits for the blocking checks that its own process reports and for those that run beside it; in a checks-only run for all of its checks.
// A check that comes with a later process cannot hold back a step that has ended by then.
bool RunMachine::home_waits(std::uint32_t planned_index) const {
  const auto& planned = run_.plan->checks()[planned_index];
  if (planned.home == kNone) return false;
  const auto& check = run_.context.definitions->checks[planned.check];
  if (!check.run && planned.unit != run_.plan->unit_of(planned.home)) return false;
  return run_.plan->mode() == StepsMode::checks || (check.blocking && check.severity == Severity::error);
}

// A member that is carried again has its checks before it again.
void RunMachine::reopen_checks(const AttemptRecord& attempt) {
  if (attempt.check != kNone) return;
  // In a run of checks alone it is their results that end the step. All that it waits for may have been in while it waited for its retry, also where its own
  // process reports none of them: what becomes of this process counts all the same.
  if (run_.plan->mode() == StepsMode::checks)
    for (const auto step : attempt.steps)
      if (!is_terminal(run_.steps[step].status)) run_.steps[step].materialized = false;
  for (const auto index : run_.plan->checks_of_unit(attempt.unit)) {
    const auto home = run_.plan->checks()[index].home;
    if (home == kNone || is_terminal(run_.steps[home].status) || !run_.checks[index].status) continue;
    if (std::ranges::find(attempt.steps, home) == attempt.steps.end()) continue;  // it waits for another process alone: nobody would report these anew
    run_.checks[index].status.reset();
    if (home_waits(index)) ++run_.steps[home].open_checks;
  }
}

void RunMachine::check_reported(LiveAttempt& attempt, const AttemptMessage& message) {
  const auto at = message.at.value_or(now_.wall);
  const auto status = message.check_status.value_or(CheckStatus::passed);
  bool declared = false;
  for (const auto index : run_.plan->checks_of_unit(attempt.record.unit)) {
    const auto& check = run_.check(index);
    if ((check.name != message.check && !message.check.empty()) || (!message.key.empty() && check.home != message.key)) continue;
    const auto& partition = run_.plan->partition(run_.plan->checks()[index]);
    if (!message.partition.empty() && !partition.empty() && partition != message.partition) continue;
    declared = true;
    check_result(index, status, message.severity.value_or(check.severity), message.detail, message.data, at, attempt.record.id);
    if (partition.empty()) break;  // of partitions without a name: all of them
  }
  if (declared) return;
  // A check that nobody declared: kept, and an error fails the run, as one that does not block.
  CheckResult result;
  result.run = run_.record.id;
  result.check = kNone;
  result.name = message.check;
  const auto steps = steps_in(attempt, message.key, message.partition);
  result.home_step = steps.empty() ? kNone : steps.front();
  result.home = result.home_step == kNone ? message.key : run_.asset(result.home_step).key;
  result.partition = !message.partition.empty() ? message.partition : steps.size() == 1 ? run_.plan->partition(steps.front()) : "";
  result.status = status;
  result.severity = message.severity.value_or(Severity::error);
  result.waived = let_pass(result.home, result.name, result.partition, status, result.severity);
  if (!result.waived.empty() && status == CheckStatus::failed) result.status = CheckStatus::warned;
  result.detail = message.detail;
  result.metadata = message.data;
  result.at = at;
  const bool failing = status == CheckStatus::failed || status == CheckStatus::error;
  if (failing && result.severity == Severity::error) run_.failed_checks.push_back({result.name, result.home, result.detail, result.home_step});
  out_.changes.push_back(CheckReported{std::move(result)});
}

void RunMachine::check_result(std::uint32_t index, CheckStatus status, Severity severity, const std::string& detail, const nlohmann::json& metadata,
                              WallTime at, const AttemptId& attempt) {
  if (run_.checks[index].status) return;  // each counts once
  run_.checks[index].status = status;
  const auto& planned = run_.plan->checks()[index];
  const auto& check = run_.context.definitions->checks[planned.check];
  const auto waived = let_pass(check.home, check.name, run_.plan->partition(planned), status, severity);
  const bool failing = (status == CheckStatus::failed || status == CheckStatus::error) && severity == Severity::error;
  if (status == CheckStatus::failed && severity == Severity::warn) status = CheckStatus::warned;
  out_.changes.push_back(CheckReported{{run_.record.id, planned.check, check.name, check.home, planned.home, status, severity, check.blocking, detail,
                                        metadata.is_null() ? nlohmann::json::object() : metadata, at, waived, run_.plan->partition(planned)}});
  if (failing) {
    run_.failed_checks.push_back({check.name, check.home, detail, planned.home});
    const bool in_checks_run = run_.plan->mode() == StepsMode::checks;
    if (planned.home != kNone && home_waits(index) && !is_terminal(run_.steps[planned.home].status) && check.blocking) {
      run_.steps[planned.home].check_failed = true;
      auto& note = run_.notes[planned.home];
      const auto sentence = "check " + check.name + " failed" + (detail.empty() ? "" : ": " + detail);
      note = {"check_failed", note.first == "check_failed" ? note.second + "; " + sentence : sentence};
    }
    if (check.blocking && !in_checks_run) block(index);
  }
  if (run_.plan->units()[planned.unit].check != kNone) check_unit_over(planned.unit);
  if (!home_waits(index)) return;
  auto& slot = run_.steps[planned.home];
  if (slot.open_checks > 0) --slot.open_checks;
  if (run_.plan->mode() == StepsMode::checks && slot.open_checks == 0) slot.materialized = true;
  end_if_checked(planned.home, attempt);
}

/// A failure for which somebody has given a waiver counts as a warning; says so in words, "" where there is none.
std::string RunMachine::let_pass(const std::string& asset, const std::string& check, const std::string& partition, CheckStatus status, Severity& severity) const {
  const bool failing = (status == CheckStatus::failed || status == CheckStatus::error) && severity == Severity::error;
  const auto* waiver = failing ? waiver_in_force(run_.around->waivers, asset, check, partition, now_.wall) : nullptr;
  if (!waiver) return "";
  severity = Severity::warn;
  return in_words(*waiver);
}

/// With the materialization that it is about, so that both commit together: after a crash before that both are told again, and judged by the same past.
void RunMachine::look_for_anomalies(const LiveAttempt& attempt, StepIndex step, const nlohmann::json& metadata, WallTime at) {
  for (const auto index : run_.plan->checks_of_unit(attempt.record.unit)) {
    const auto& check = run_.check(index);
    if (!check.anomaly || run_.plan->checks()[index].home != step || run_.checks[index].status) continue;
    const auto& spec = *check.anomaly;
    const auto earlier = run_.around->history ? run_.around->history(check.home, spec.metric, spec.last, run_.record.id) : std::vector<double>{};
    const auto verdict = judge_anomaly(spec, metadata, earlier);
    check_result(index, verdict.status, check.severity, verdict.detail, verdict.metadata, at, attempt.record.id);
  }
}

void RunMachine::check_unit_over(UnitIndex unit) {
  auto& slot = run_.units[unit];
  if (slot.phase != UnitSlot::Phase::live) {
    dispatcher_.remove(run_.record.id, unit);
    slot.phase = UnitSlot::Phase::done;
  }
  auto& check = run_.checks[planned_check_of(unit)];
  if (!check.status) check.status = CheckStatus::skipped;
  --run_.open_check_units;
}

void RunMachine::block(std::uint32_t index) {
  const auto& planned = run_.plan->checks()[index];
  const auto& check = run_.context.definitions->checks[planned.check];
  const auto blocked = blocked_by_check(planned);
  run_.failed_checks.back().skipped += static_cast<std::uint32_t>(blocked.size());
  skip_all(blocked, planned.home, "upstream_failed", "check " + check.name + " of " + check.home + " failed");
}

// What descends from all of depends_on, along edges that hand a failure on.
std::vector<StepIndex> RunMachine::blocked_by_check(const PlannedCheck& planned) const {
  const auto& check = run_.context.definitions->checks[planned.check];
  std::vector<bool> blocked(run_.steps.size(), true);
  for (const auto& key : check.depends_on) {
    const auto below = descending(key, planned);
    for (StepIndex step = 0; step < blocked.size(); ++step) blocked[step] = blocked[step] && below[step];
  }
  std::vector<StepIndex> result;
  for (StepIndex step = 0; step < blocked.size(); ++step)
    if (blocked[step] && !std::count(planned.depends_on.begin(), planned.depends_on.end(), step) && can_be_skipped(step)) result.push_back(step);
  return check.depends_on.empty() ? std::vector<StepIndex>{} : result;
}

std::vector<bool> RunMachine::descending(const std::string& key, const PlannedCheck& planned) const {
  std::vector<bool> result(run_.steps.size(), false);
  const auto asset = run_.context.graph->find(key);
  if (!asset) return result;
  const auto position = run_.context.graph->position(*asset);
  std::vector<StepIndex> stack;
  for (const auto step : planned.depends_on)
    if (run_.plan->asset(step) == *asset) stack.push_back(step);
  if (stack.empty()) {  // made elsewhere: its steps are those that the whole graph puts below it
    const AssetId roots[] = {*asset};
    const auto below = run_.context.graph->descendants(roots);
    for (StepIndex step = 0; step < run_.steps.size(); ++step)
      result[step] = below[run_.plan->asset(step)] && run_.context.graph->position(run_.plan->asset(step)) > position;
    return result;
  }
  while (!stack.empty()) {
    const auto step = stack.back();
    stack.pop_back();
    for (const auto& edge : run_.plan->children(step)) {
      if (edge.on_failure == OnFailure::proceed || result[edge.step]) continue;
      result[edge.step] = true;
      stack.push_back(edge.step);
    }
  }
  return result;
}

}  // namespace assetd
