#include "core/engine/wreck.h"

#include <utility>

namespace assetd {
namespace {

/// A run that was being canceled is canceled: that is how it would have ended.
bool canceled(const Wreck& wreck) { return wreck.run.status == RunStatus::canceling; }

StepRecord ended(const Wreck& wreck, StepRecord step, WallTime now) {
  step.status = canceled(wreck) ? StepStatus::canceled : StepStatus::failed;
  step.reason = kPlanDamaged;
  step.detail = wreck.why;
  step.ended_at = now;
  step.retry_at.reset();
  return step;
}

}  // namespace

Wreck make_wreck(RunRecord run, std::vector<StepRecord> steps, std::vector<AttemptRecord> attempts, std::string why) {
  Wreck wreck{std::move(run), std::move(steps), {}, std::move(why)};
  for (auto& attempt : attempts) {
    if (!attempt.outcome) wreck.live.emplace(attempt.id, std::move(attempt));
  }
  return wreck;
}

AttemptEnded end_attempt(Wreck& wreck, const AttemptId& id, const ExitReport& exit) {
  auto attempt = std::move(wreck.live.extract(id).mapped());
  if (!attempt.started_at) attempt.started_at = exit.started_at;
  attempt.ended_at = exit.ended_at;
  attempt.exit = exit;
  attempt.outcome = canceled(wreck) ? AttemptOutcome::canceled : AttemptOutcome::failed;
  attempt.reason = kPlanDamaged;
  attempt.detail = wreck.why;
  return {std::move(attempt)};
}

std::vector<Change> end_run(const Wreck& wreck, WallTime now) {
  std::vector<Change> changes;
  std::map<std::string, std::uint32_t> counts;
  std::vector<bool> has_row(wreck.run.steps_total, false);
  for (const auto& step : wreck.steps) {
    if (step.step < has_row.size()) has_row[step.step] = true;
    const auto end = is_terminal(step.status) ? step : ended(wreck, step, now);
    ++counts[std::string(to_string(end.status))];
    if (end.status != step.status) changes.push_back(StepChanged{wreck.run.id, end, step.status, ""});
  }
  StepsEnded rest{wreck.run.id, {}, StepStatus::canceled, std::string(kPlanDamaged), kNone, wreck.why, now};
  for (StepIndex step = 0; step < has_row.size(); ++step) {
    if (!has_row[step]) rest.steps.push_back(step);
  }
  if (!rest.steps.empty()) {
    counts[std::string(to_string(StepStatus::canceled))] += static_cast<std::uint32_t>(rest.steps.size());
    changes.push_back(std::move(rest));
  }
  RunChanged end{wreck.run, wreck.run.status, std::move(counts)};
  end.run.status = canceled(wreck) ? RunStatus::canceled : RunStatus::failed;
  end.run.ended_at = now;
  end.run.reason = kPlanDamaged;
  end.run.detail = wreck.why;
  changes.push_back(std::move(end));
  return changes;
}

}  // namespace assetd
