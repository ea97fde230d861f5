#pragma once
// A forecast in the shape of docs/api.md.

#include <nlohmann/json.hpp>
#include <set>

#include "daemon/service/forecast_start.h"

namespace assetd::http {

struct ForecastView {
  const ForecastStart& start;
  const Forecast& forecast;
  const Durations& durations;
  const WhatIf& what_if;
  WallTime until{};
  std::optional<std::set<AssetId>> selected;  ///< only what is about these; nothing: all
  std::size_t most_runs = 0, most_steps = 0;  ///< that are listed
};

/// GET /forecast, without as_of.
nlohmann::json forecast_json(const ForecastView& view);

}  // namespace assetd::http
