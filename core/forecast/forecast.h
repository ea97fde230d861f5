#pragma once
// What will be: the simulation at its typical and at its slow pace, side by side, and what people want to know of it.

#include <optional>
#include <vector>

#include "core/forecast/simulation.h"

namespace assetd {

/// The data of an asset becomes too old, or is not there at its deadline.
struct ForecastViolation {
  AssetId asset = 0;
  WallTime at{};                       ///< may lie behind: it is violated already
  WallTime data_at{};                  ///< of when the data is that is too old then
  std::optional<WallTime> mended_at;   ///< when newer data comes, within the forecast
  bool only_slow = false;              ///< it is in time at the typical pace
};

/// By AssetId, of when its newest data is, or awaited_as() of what was never made; nothing: nothing is said of its freshness until it is made.
using DataTimes = std::vector<std::optional<WallTime>>;

struct Forecast {
  Simulated typical, slow;
  std::vector<std::size_t> slow_run;          ///< by index into typical.runs: the same run of `slow`; kNoRun where there is none
  std::vector<ForecastViolation> violations;  ///< by time
};
inline constexpr std::size_t kNoRun = static_cast<std::size_t>(-1);

Forecast forecast(const SimulationInput& input, const DataTimes& data);

/// The steps that decide when the run ends, the first first: from the last that ends back to, each time, what above it ended last. Only of steps that ended.
std::vector<StepIndex> critical_path(const SimulatedRun& run);

}  // namespace assetd
