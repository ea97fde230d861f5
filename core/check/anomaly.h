#pragma once
// The ready-made check: does a number that a materialization reports stand out from those before it?

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/run/records.h"

namespace assetd {

/// The numbers that the last `last` successful materializations of an asset reported as `metric`, in any order; of fewer where some reported none.
/// Those of the run `except` do not count: what it makes is what is looked at.
using MetricHistory = std::function<std::vector<double>(const std::string& asset, const std::string& metric, int last, RunId except)>;

/// A number, plain or as {"raw_value": number}; nothing for what is none.
std::optional<double> metric_of(const nlohmann::json& metadata, const std::string& metric);

struct AnomalyVerdict {
  CheckStatus status = CheckStatus::passed;  ///< passed, failed, or error where the number is missing
  std::string detail;
  nlohmann::json metadata = nlohmann::json::object();  ///< value; and mean, sigma, lower, upper, n once there is enough to go by
};

/// Within mean ± sigma·σ of the earlier values (σ: of these values as a whole, not an estimate). With fewer than `min` of them it passes and says so.
AnomalyVerdict judge_anomaly(const AnomalySpec& spec, const nlohmann::json& metadata, const std::vector<double>& earlier);

}  // namespace assetd
