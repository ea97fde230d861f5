// Steps: their transitions, failure and what it skips.

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/definition/retry_delay.h"
#include "core/engine/run_machine.h"

namespace assetd {
namespace {
constexpr std::size_t kMostCauses = 50;  // of a run with thousands of failed steps the first say enough
}

void RunMachine::set_quietly(StepIndex step, StepStatus to) {
  auto& slot = run_.steps[step];
  if (!may_follow(slot.status, to))
    throw std::logic_error("step " + run_.name(step) + ": " + std::string(to_string(slot.status)) + " cannot become " + std::string(to_string(to)));
  --run_.counts[static_cast<std::size_t>(slot.status)];
  ++run_.counts[static_cast<std::size_t>(to)];
  slot.status = to;
  if (is_terminal(to)) {
    --run_.open_steps;
    slot.ended_at = now_.wall;
  }
}

void RunMachine::set_status(StepIndex step, StepStatus to, const std::string& reason, const std::string& detail, const AttemptId& attempt) {
  auto& slot = run_.steps[step];
  const auto from = slot.status;
  set_quietly(step, to);
  if (!reason.empty()) run_.notes[step] = {reason, detail};
  else if (to == StepStatus::succeeded || to == StepStatus::starting) run_.notes.erase(step);
  StepRecord record{step, to, slot.attempts, slot.materialized, reason, detail, slot.started_at, slot.ended_at, std::nullopt};
  if (to == StepStatus::waiting_retry) record.retry_at = run_.units[run_.plan->unit_of(step)].retry_at;
  out_.changes.push_back(StepChanged{run_.record.id, std::move(record), from, attempt});
}

// Its children in other units wait for one edge less; units of its checks learn whether there is anything to check.
void RunMachine::step_over(StepIndex step) {
  const auto own = run_.plan->unit_of(step);
  announce(step);
  if (own != kNone) drop_if_empty(own);
  if (run_.plan->mode() == StepsMode::checks) return;
  for (const auto& edge : run_.plan->children(step)) {
    const auto unit = run_.plan->unit_of(edge.step);
    if (unit == own) continue;
    --run_.units[unit].waiting_on;
    ready_if_free(unit);
  }
}

bool RunMachine::retries_left(StepIndex step, const std::string& reason) const {
  const auto& policy = run_.asset(step).retries;
  const bool worth_it = policy.on.empty() || std::find(policy.on.begin(), policy.on.end(), reason) != policy.on.end();
  return worth_it && !run_.canceling() && static_cast<int>(run_.steps[step].attempts) <= policy.max;
}

// The delay is drawn from the attempt's id, which is random: the same inputs give the same delay, also in a replay.
void RunMachine::plan_retry(StepIndex step, const AttemptId& attempt) {
  const auto& policy = run_.asset(step).retries;
  const auto number = std::max<int>(1, run_.steps[step].attempts);
  double delay = static_cast<double>(policy.delay.count());
  if (policy.backoff == Backoff::linear) delay *= number;
  if (policy.backoff == Backoff::exponential) delay *= std::pow(2.0, std::min(number - 1, 20));
  if (policy.max_delay) delay = std::min(delay, static_cast<double>(policy.max_delay->count()));
  const double drawn = attempt.size() < 8 ? 0.5 : static_cast<double>(std::stoul(attempt.substr(0, 8), nullptr, 16)) / 4294967296.0;
  delay *= 1 + policy.jitter * (2 * drawn - 1);
  const Millis wait{static_cast<std::int64_t>(std::min(delay, static_cast<double>(kLongestRetryDelay.count())))};
  auto& unit = run_.units[run_.plan->unit_of(step)];
  if (!unit.retry_at_boot || *unit.retry_at_boot < now_.boot + wait) {
    unit.retry_at_boot = now_.boot + wait;
    unit.retry_at = now_.wall + wait;
  }
}

void RunMachine::fail(StepIndex step, const std::string& reason, const std::string& detail, bool may_retry, const AttemptId& attempt) {
  if (may_retry && retries_left(step, reason)) {
    plan_retry(step, attempt);
    set_status(step, StepStatus::waiting_retry, reason, detail, attempt);
    return;
  }
  set_status(step, StepStatus::failed, reason, detail, attempt);
  cascade(step);
  step_over(step);
}

// A member of the same process that has not begun is skipped too: the process will not come to it.
bool RunMachine::can_be_skipped(StepIndex step) const {
  const auto& slot = run_.steps[step];
  return slot.status == StepStatus::pending || (slot.status == StepStatus::starting && !slot.begun) ||
         (slot.status == StepStatus::waiting_retry && !slot.begun);
}

void RunMachine::cascade(StepIndex cause) {
  const auto reached = below(cause);
  if (reached.empty()) return;
  run_.skipped_by[cause] += static_cast<std::uint32_t>(reached.size());
  skip_all(reached, cause, "upstream_failed", run_.name(cause) + " failed");
}

// What waits below a step and will never run if that one does not.
std::vector<StepIndex> RunMachine::below(StepIndex root) const {
  std::vector<StepIndex> reached, stack{root};
  if (run_.plan->mode() == StepsMode::checks) return reached;  // checks wait for nothing upstream
  std::vector<bool> seen(run_.steps.size(), false);
  while (!stack.empty()) {
    const auto step = stack.back();
    stack.pop_back();
    for (const auto& edge : run_.plan->children(step)) {
      if (seen[edge.step] || edge.on_failure == OnFailure::proceed || !can_be_skipped(edge.step)) continue;
      seen[edge.step] = true;
      reached.push_back(edge.step);
      stack.push_back(edge.step);
    }
  }
  return reached;
}

void RunMachine::skip_all(const std::vector<StepIndex>& steps, StepIndex cause, const std::string& reason, const std::string& detail) {
  if (steps.empty()) return;
  auto sorted = steps;
  std::sort(sorted.begin(), sorted.end());
  for (const auto step : sorted) set_quietly(step, StepStatus::skipped);
  out_.changes.push_back(StepsEnded{run_.record.id, sorted, StepStatus::skipped, reason, cause, detail, now_.wall});
  for (const auto step : sorted) step_over(step);
}

void RunMachine::work_done(StepIndex step, const AttemptId& attempt) {
  auto& slot = run_.steps[step];
  slot.materialized = true;
  // Kept, so that a restart does not run it again for its checks' sake.
  if (slot.open_checks > 0)
    out_.changes.push_back(StepChanged{run_.record.id, {step, slot.status, slot.attempts, true, "", "", slot.started_at, std::nullopt, std::nullopt}, slot.status, attempt});
  announce(step);
  end_if_checked(step, attempt);
}

void RunMachine::end_if_checked(StepIndex step, const AttemptId& attempt) {
  auto& slot = run_.steps[step];
  // In a run of checks alone the only check may be in before any process began: one that waited too long.
  const bool by_checks_alone = run_.plan->mode() == StepsMode::checks && slot.status == StepStatus::pending;
  const bool at_work = slot.status == StepStatus::starting || slot.status == StepStatus::running || by_checks_alone;
  if (!at_work || !slot.materialized || slot.open_checks > 0) return;
  if (!slot.check_failed) {
    set_status(step, StepStatus::succeeded, "", "", attempt);
  } else {
    const auto note = run_.notes[step];
    set_status(step, StepStatus::failed, "check_failed", note.second, attempt);
  }
  step_over(step);
}

void RunMachine::end() {
  const auto from = run_.record.status;
  const auto count = [&](StepStatus s) { return run_.counts[static_cast<std::size_t>(s)]; };
  const auto failed = count(StepStatus::failed), skipped = count(StepStatus::skipped);
  auto& record = run_.record;
  record.ended_at = now_.wall;
  if (from == RunStatus::canceling && record.expired()) {
    record.status = RunStatus::failed;
  } else if (from == RunStatus::canceling) {
    record.status = RunStatus::canceled;
    record.reason = "canceled";
    record.detail = "canceled by " + record.cancel_requested_by;
  } else if (failed + skipped > 0 || !run_.failed_checks.empty()) {
    record.status = RunStatus::failed;
    record.reason = failed + skipped > 0 ? "steps_failed" : "check_failed";
    record.detail = failed + skipped > 0
                        ? std::to_string(failed) + " of " + std::to_string(run_.steps.size()) + " steps failed, " + std::to_string(skipped) + " were skipped"
                        : "all steps succeeded, " + std::to_string(run_.failed_checks.size()) + (run_.failed_checks.size() == 1 ? " check" : " checks") + " failed";
  } else {
    record.status = RunStatus::succeeded;
  }
  RunChanged change{record, from, {}};
  for (std::size_t i = 0; i < run_.counts.size(); ++i) change.counts[std::string(to_string(static_cast<StepStatus>(i)))] = run_.counts[i];
  change.causes = causes();
  out_.changes.push_back(std::move(change));
}

// The failed roots, for the run's page: failed steps in order, then checks that failed without failing their step.
nlohmann::json RunMachine::causes() const {
  nlohmann::json result = nlohmann::json::array();
  const auto add = [&](const std::string& key, StepIndex step, std::string_view status, const std::string& reason, const std::string& check, const std::string& detail, int attempt, std::uint32_t skipped) {
    if (result.size() >= kMostCauses) return;
    const auto& partition = step == kNone ? std::string() : run_.plan->partition(step);
    nlohmann::json cause = {{"key", key}, {"partition", partition.empty() ? nlohmann::json() : nlohmann::json(partition)}, {"status", status}, {"reason", reason}, {"detail", detail}, {"attempt", attempt}, {"skipped", skipped}};
    if (!check.empty()) cause["check"] = check;
    result.push_back(std::move(cause));
  };
  for (StepIndex step = 0; step < run_.steps.size(); ++step) {
    if (run_.steps[step].status != StepStatus::failed) continue;
    const auto note = run_.notes.contains(step) ? run_.notes.at(step) : std::pair<std::string, std::string>{};
    const auto skipped = run_.skipped_by.contains(step) ? run_.skipped_by.at(step) : 0;
    const auto check = std::find_if(run_.failed_checks.begin(), run_.failed_checks.end(), [&](const FailedCheck& c) { return c.home_step == step; });
    const bool by_check = note.first == "check_failed" && check != run_.failed_checks.end();
    add(run_.asset(step).key, step, "failed", note.first, by_check ? check->name : "", note.second, run_.steps[step].attempts, skipped + (by_check ? check->skipped : 0));
  }
  for (const auto& check : run_.failed_checks) {
    const bool told = check.home_step != kNone && run_.steps[check.home_step].status == StepStatus::failed;
    if (!told) add(check.home, check.home_step, check.home_step == kNone ? "materialized" : to_string(run_.steps[check.home_step].status), "check_failed", check.name, check.detail, 0, check.skipped);
  }
  return result;
}

}  // namespace assetd
