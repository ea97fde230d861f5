#include "core/engine/scheduled_run.h"

#include <algorithm>

namespace assetd {
namespace {

const JobSpec* job_of(const Definitions& definitions, const ScheduleSpec& schedule) {
  if (schedule.job.empty()) return nullptr;
  const auto job = std::ranges::find(definitions.jobs, schedule.job, &JobSpec::name);
  return job == definitions.jobs.end() ? nullptr : &*job;
}

RunTerms terms_of(const ScheduleSpec& schedule, const JobSpec* job) {
  auto found = schedule.terms;
  if (!job) return found;
  if (!found.timeouts.timeout) found.timeouts.timeout = job->terms.timeouts.timeout;
  if (!found.timeouts.queue_timeout) found.timeouts.queue_timeout = job->terms.timeouts.queue_timeout;
  if (!found.priority) found.priority = job->terms.priority;
  if (!found.max_steps) found.max_steps = job->terms.max_steps;
  if (!found.steps) found.steps = job->terms.steps;
  found.tags.insert(job->terms.tags.begin(), job->terms.tags.end());
  return found;
}

}  // namespace

RunRecord scheduled_run(const Definitions& definitions, const ScheduleSpec& schedule, WallTime instant) {
  const auto* job = job_of(definitions, schedule);
  const auto terms = terms_of(schedule, job);
  RunRecord run;
  run.select = job ? job->select : schedule.select;
  run.job = schedule.job;
  run.mode = terms.steps.value_or(StepsMode::all);
  run.timeouts = terms.timeouts;
  run.priority = terms.priority.value_or(0);
  run.max_steps = terms.max_steps;
  run.tags = terms.tags;
  run.in_line = schedule.overlap == Overlap::queue;
  run.trigger = {"schedule", schedule.name, instant};
  run.actor = {"schedule " + schedule.name, ""};
  return run;
}

OverlapRuling overlap_of(const Engine& engine, const ScheduleSpec& schedule) {
  if (schedule.overlap == Overlap::allow) return {};
  const auto& active = engine.runs_of_schedule(schedule.name);
  if (active.empty()) return {};
  const auto first = *active.begin();
  if (schedule.overlap == Overlap::skip) return {"run " + std::to_string(first) + " of this schedule has not ended", {}};
  if (schedule.overlap == Overlap::cancel_running) return {std::nullopt, {active.begin(), active.end()}};
  std::optional<RunId> waiting;
  for (const auto id : active)
    if (const auto* run = engine.run(id); run && run->record.status == RunStatus::queued) waiting = id;
  if (!waiting) return {};
  return {"run " + std::to_string(*waiting) + " of this schedule waits already" + (*waiting == first ? "" : ", for run " + std::to_string(first)), {}};
}

}  // namespace assetd
