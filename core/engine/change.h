#pragma once
// What an input changed: facts for the store, in order. All changes of one input commit in one transaction, then its effects are performed.

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/run/plan.h"
#include "core/run/records.h"

namespace assetd {

struct RunCreated {
  RunRecord run;
  std::shared_ptr<const RunPlan> plan;
};
struct RunChanged {
  RunRecord run;  ///< as it is now
  RunStatus from = RunStatus::queued;
  std::map<std::string, std::uint32_t> counts;  ///< of step states; set when the run has ended
  nlohmann::json causes = nlohmann::json::array();  ///< `causes` of docs/api.md; set with counts
};
/// A run whose priority, or what it is queued for, is another one now; its status is as it was.
struct RunAmended {
  RunRecord run;  ///< as it is now
  WallTime at{};
};
struct StepChanged {
  RunId run = 0;
  StepRecord step;  ///< as it is now
  StepStatus from = StepStatus::pending;
  AttemptId attempt;  ///< that brought it about, if one did
};
/// Steps that never ran, ended in one go: skipped because of `cause`, or canceled with their run (no cause).
struct StepsEnded {
  RunId run = 0;
  std::vector<StepIndex> steps;
  StepStatus status = StepStatus::skipped;
  std::string reason;  ///< upstream_failed, check_failed, canceled, …
  StepIndex cause = kNone;
  std::string detail;
  WallTime at{};
};
struct AttemptIntended {
  AttemptRecord attempt;
};
struct AttemptStarted {
  AttemptId attempt;
  std::int64_t pid = 0;
  WallTime at{};
  bool warm = false;
};
struct AttemptEnded {
  AttemptRecord attempt;  ///< as it is now: exit, outcome and reason set
};
struct MessagesRead {
  AttemptId attempt;
  std::int64_t offset = 0;
};
struct Materialized {
  Materialization materialization;
};
struct CheckReported {
  CheckResult result;
};
/// What a step said that the engine does not act on, kept with its attempt. Of some of it the service makes more, in the same transaction.
struct AttemptNoted {
  AttemptId attempt;
  std::string kind;  ///< artifact, custom, log; partitions, partitions_gone: keys of dynamic partitions to add or remove; observation: of the external asset `key`
  std::string key;
  nlohmann::json data;
  WallTime at{};
};
struct TickRecorded {
  TickRecord tick;
};
/// Where a schedule stands: everything at or before `cursor` has been dealt with.
struct ScheduleMoved {
  std::string schedule;
  WallTime cursor{};
  std::string fingerprint;  ///< of cron and zone: an edit starts anew from the moment of the edit
};
struct SchedulePaused {
  std::string schedule;
  bool paused = false;
  std::string by, reason;
  WallTime at{};
};
/// Slots of a pool that count instead of what the definitions say, until they are reset.
struct PoolResized {
  std::string pool;
  std::optional<int> slots;  ///< nothing: what the definitions say again
  int defined = 0;           ///< what they said at that moment
  std::string by, reason;
  WallTime at{};
};

using Change = std::variant<RunCreated, RunChanged, RunAmended, StepChanged, StepsEnded, AttemptIntended, AttemptStarted, AttemptEnded, MessagesRead, Materialized,
                            CheckReported, AttemptNoted, TickRecorded, ScheduleMoved, SchedulePaused, PoolResized>;

/// Not worth a sync of its own: it may wait for the next change that is.
inline bool is_soft(const Change& change) {
  if (const auto* step = std::get_if<StepChanged>(&change)) return step->step.status == StepStatus::running;
  return std::holds_alternative<AttemptStarted>(change);
}

}  // namespace assetd
