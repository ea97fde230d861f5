#pragma once
// What a tick of a schedule asks for, and whether it may.

#include <optional>
#include <string>
#include <vector>

#include "core/engine/engine.h"

namespace assetd {

/// The run that a tick asks for, without what the engine gives it (id, status, plan). What the schedule does not say its job does.
RunRecord scheduled_run(const Definitions& definitions, const ScheduleSpec& schedule, WallTime instant);

/// What the schedule's overlap policy makes of its earlier runs that have not ended.
struct OverlapRuling {
  std::optional<std::string> skipped;  ///< why the tick must not run
  std::vector<RunId> canceled;         ///< runs to be canceled before it does
};
OverlapRuling overlap_of(const Engine& engine, const ScheduleSpec& schedule);

}  // namespace assetd
