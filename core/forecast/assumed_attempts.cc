#include "core/forecast/assumed_attempts.h"

#include <algorithm>
#include <map>
#include <queue>

namespace assetd {
namespace {

/// When what began at `began` ends.
WallTime assumed_end(const AssumedDuration& duration, Pace pace, WallTime began, WallTime now) {
  const auto passed = std::max(Millis{0}, now - began);
  if (passed <= duration.at(pace)) return began + duration.at(pace);
  if (passed <= duration.slow) return began + duration.slow;
  return now + passed / 10;
}

int threads_of(const RunState& run, UnitIndex unit) {
  const auto& asset = run.asset(run.plan->units()[unit].steps.front());
  const auto& imports = run.context.definitions->imports;
  if (asset.import < 0 || static_cast<std::size_t>(asset.import) >= imports.size()) return 1;
  const auto& config = imports[static_cast<std::size_t>(asset.import)].config;
  const auto threads = config.is_object() ? config.find("threads") : config.end();
  return threads != config.end() && threads->is_number_integer() ? std::clamp(threads->get<int>(), 1, 1'000) : 1;
}

class BatchTimes {
 public:
  BatchTimes(const RunState& run, const LiveAttempt& attempt, const Durations& durations, Pace pace, WallTime now)
      : run_(run), durations_(durations), pace_(pace), now_(now) {
    for (int i = 0, threads = threads_of(run, attempt.record.unit); i < threads; ++i) free_.push(now);
    for (const auto step : attempt.record.steps) {
      const auto& slot = run.steps[step];
      if (is_terminal(slot.status) || slot.materialized) continue;
      if (slot.begun && slot.started_at) go_on(step, *slot.started_at);
      else waiting_.push_back(step);
    }
    for (const auto step : waiting_) begin(step);  // in topological order: those above are placed
  }

  std::vector<AttemptMoment> moments() {
    auto last = now_;
    for (const auto& each : moments_) last = std::max(last, each.at);
    std::ranges::stable_sort(moments_, {}, &AttemptMoment::at);
    moments_.push_back({last, kNone, false});
    return std::move(moments_);
  }

 private:
  const AssumedDuration& duration(StepIndex step) const { return durations_.of(run_.asset(step).key); }
  void end(StepIndex step, WallTime at) {
    ends_[step] = at;
    moments_.push_back({at, step, false});
    free_.push(at);
  }
  void go_on(StepIndex step, WallTime began) {
    if (!free_.empty()) free_.pop();  // else they are more at a time than its import says
    end(step, std::max(now_, assumed_end(duration(step), pace_, began, now_)));
  }
  void begin(StepIndex step) {
    auto at = free_.top();
    free_.pop();
    for (const auto& edge : run_.plan->parents(step))
      if (const auto above = ends_.find(edge.step); above != ends_.end()) at = std::max(at, above->second);
    moments_.push_back({at, step, true});
    end(step, at + duration(step).at(pace_));
  }

  const RunState& run_;
  const Durations& durations_;
  const Pace pace_;
  const WallTime now_;
  std::priority_queue<WallTime, std::vector<WallTime>, std::greater<>> free_;
  std::map<StepIndex, WallTime> ends_;
  std::vector<StepIndex> waiting_;
  std::vector<AttemptMoment> moments_;
};

}  // namespace

std::vector<AttemptMoment> assumed_moments(const RunState& run, const LiveAttempt& attempt, const Durations& durations, Pace pace, WallTime now) {
  const auto& record = attempt.record;
  if (!attempt.stop_reason.empty() || record.check != kNone || run.plan->mode() == StepsMode::checks) return {{now, kNone, false}};
  if (!run.is_plain(record.unit)) return BatchTimes(run, attempt, durations, pace, now).moments();
  const auto began = record.started_at.value_or(now);
  return {{std::max(now, assumed_end(durations.of(run.asset(record.steps.front()).key), pace, began, now)), kNone, false}};
}

}  // namespace assetd
