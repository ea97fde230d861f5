#include "core/check/anomaly.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace assetd {
namespace {

constexpr double kRoundingError = 1e-9;  // relative: equal values must not stand out because their mean cannot be written exactly

struct Spread {
  double mean = 0, sigma = 0;
};

Spread spread_of(const std::vector<double>& values) {
  Spread out;
  const auto n = static_cast<double>(values.size());
  for (const auto value : values) out.mean += value / n;
  double squares = 0;
  for (const auto value : values) squares += (value - out.mean) * (value - out.mean) / n;
  out.sigma = std::sqrt(squares);
  return out;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

}  // namespace

std::optional<double> metric_of(const nlohmann::json& metadata, const std::string& metric) {
  if (!metadata.is_object()) return std::nullopt;
  auto found = metadata.find(metric);
  if (found == metadata.end()) return std::nullopt;
  const auto& value = found->is_object() && found->contains("raw_value") ? found->at("raw_value") : *found;
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

AnomalyVerdict judge_anomaly(const AnomalySpec& spec, const nlohmann::json& metadata, const std::vector<double>& earlier) {
  AnomalyVerdict verdict;
  const auto value = metric_of(metadata, spec.metric);
  if (!value) {
    verdict.status = CheckStatus::error;
    verdict.detail = "the materialization reported no number as " + spec.metric;
    return verdict;
  }
  const auto n = earlier.size();
  verdict.metadata = {{"value", *value}, {"n", n}};
  if (n < static_cast<std::size_t>(spec.min)) {
    verdict.detail = "not judged yet: " + std::to_string(n) + " of the " + std::to_string(spec.min) + " earlier values that it takes";
    return verdict;
  }
  const auto [mean, sigma] = spread_of(earlier);
  const auto width = spec.sigma * sigma;
  verdict.metadata["mean"] = mean;
  verdict.metadata["sigma"] = sigma;
  verdict.metadata["lower"] = mean - width;
  verdict.metadata["upper"] = mean + width;
  const auto tolerance = kRoundingError * std::max({1.0, std::abs(mean), std::abs(*value)});
  const bool stands_out = std::abs(*value - mean) > width + tolerance;
  verdict.status = stands_out ? CheckStatus::failed : CheckStatus::passed;
  if (stands_out)
    verdict.detail = spec.metric + " is " + number_text(*value) + ", usual is " + number_text(mean - width) + " to " + number_text(mean + width) + " (mean " +
                     number_text(mean) + " ± " + number_text(spec.sigma) + "·σ of " + std::to_string(n) + ")";
  return verdict;
}

}  // namespace assetd
