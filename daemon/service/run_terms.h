#pragma once
#include "core/run/records.h"
#include "daemon/service/service.h"

namespace assetd {

/// How the reason of a look ends that did not come about, because a run of the sensor goes on.
inline constexpr const char* kSensorWaits = " of this sensor has not ended";

/// What a schedule or sensor does not say of its runs, its job does ("": it has none).
inline RunTerms terms_of(const Project& project, const std::string& job_name, RunTerms own) {
  for (const auto& job : project.definitions.jobs) {
    if (job_name.empty() || job.name != job_name) continue;
    if (!own.timeouts.timeout) own.timeouts.timeout = job.terms.timeouts.timeout;
    if (!own.timeouts.queue_timeout) own.timeouts.queue_timeout = job.terms.timeouts.queue_timeout;
    if (!own.priority) own.priority = job.terms.priority;
    if (!own.max_steps) own.max_steps = job.terms.max_steps;
    if (!own.steps) own.steps = job.terms.steps;
    own.tags.insert(job.terms.tags.begin(), job.terms.tags.end());
  }
  return own;
}

inline void set_terms(RunRecord& run, const RunTerms& terms) {
  run.timeouts = terms.timeouts;
  run.priority = terms.priority.value_or(0);
  run.max_steps = terms.max_steps;
  run.tags = terms.tags;
  run.mode = terms.steps.value_or(StepsMode::all);
}

}  // namespace assetd
