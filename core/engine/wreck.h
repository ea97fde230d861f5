#pragma once
// A run whose stored plan cannot be used: nothing of it can go on, and it must not keep everything else from starting. What still runs of it is
// stopped and holds its slots until its tree is empty; then the run ends as failed and says why.

#include <map>
#include <string>
#include <vector>

#include "core/engine/change.h"
#include "core/run/records.h"

namespace assetd {

struct Wreck {
  RunRecord run;                            ///< not ended
  std::vector<StepRecord> steps;            ///< as stored; of no use but to be ended
  std::map<AttemptId, AttemptRecord> live;  ///< without outcome
  std::string why;                          ///< what is wrong with its plan
};

inline constexpr std::string_view kPlanDamaged = "plan_damaged";

/// From what a restart finds: all attempts of the run, those that have ended too.
Wreck make_wreck(RunRecord run, std::vector<StepRecord> steps, std::vector<AttemptRecord> attempts, std::string why);

/// The attempt's tree is empty: it is live no longer.
AttemptEnded end_attempt(Wreck& wreck, const AttemptId& attempt, const ExitReport& exit);

/// Once nothing is live: the ends of all steps that had not ended, and of the run.
std::vector<Change> end_run(const Wreck& wreck, WallTime now);

}  // namespace assetd
