#pragma once
// What a forecast starts from, copied from the living service between two commits, and the forecast itself: on any thread, beside the service's.

#include <map>
#include <memory>
#include <string>

#include "core/forecast/forecast.h"
#include "core/forecast/what_if.h"
#include "daemon/service/automator.h"
#include "daemon/service/service.h"

namespace assetd {

/// Immutable.
struct ForecastStart {
  Now now;
  std::shared_ptr<const Project> project;
  std::unique_ptr<const Engine> engine;
  Ticker ticker;
  std::vector<AssetState> states;  ///< by AssetId
  std::vector<Backfill> backfills;
  DynamicKeys dynamic;
  AutomatorMemory automation;
};

/// The most that a forecast may look ahead.
inline constexpr Millis kMostForecast = std::chrono::hours{24 * 7};

struct ForecastQuestion {
  Millis horizon = std::chrono::hours{24};
  std::map<std::string, int> pools;  ///< slots instead of those in force (WhatIf)
};

/// Takes time for each step that begins: not for the service's thread.
Forecast forecast_from(const ForecastStart& start, const Durations& durations, const ForecastQuestion& question);

}  // namespace assetd
