#pragma once
// What an attempt's process is assumed to do, and when: one process ends after its asset's duration; the members of a batch go one after the other, as
// many at a time as its import's `threads` allow, those above first.

#include <vector>

#include "core/engine/run_state.h"
#include "core/forecast/durations.h"

namespace assetd {

/// A member of a batch begins or ends; kNone: the process ends.
struct AttemptMoment {
  WallTime at{};
  StepIndex step = kNone;
  bool begins = false;
};

/// From `now` on, in order of time, the process's end last. What had begun before has that much less to go; what has run longer than its duration is
/// taken for slow, and what is slower still to end a tenth later than it has run.
/// A check's process, and that of a run of checks alone, takes no time: that of a step counts until its checks are in.
std::vector<AttemptMoment> assumed_moments(const RunState& run, const LiveAttempt& attempt, const Durations& durations, Pace pace, WallTime now);

}  // namespace assetd
