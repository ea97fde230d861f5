#include "core/freshness/freshness.h"

#include "core/schedule/cron.h"

namespace assetd {
namespace {

/// Of a value as Pipes gives it: {"raw_value": …} or raw.
std::optional<WallTime> time_of(const nlohmann::json& value) {
  if (value.is_object()) return value.contains("raw_value") ? time_of(value["raw_value"]) : std::nullopt;
  if (value.is_number()) {
    const auto seconds = value.get<double>();
    constexpr double kLatest = 253'402'300'800;  // the year 10000
    return seconds >= 0 && seconds < kLatest ? std::optional(WallTime(Millis(static_cast<std::int64_t>(seconds * 1'000)))) : std::nullopt;
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  const auto time = parse_time(text);
  return time ? time : parse_time(text + "T00:00:00Z");
}

}  // namespace

std::string_view to_string(Freshness freshness) {
  constexpr std::string_view kNames[] = {"none", "fresh", "warn", "violated"};
  return kNames[static_cast<int>(freshness)];
}

std::optional<WallTime> violated_at(const FreshnessSpec& spec, WallTime data_at) {
  if (spec.deadline.empty()) return spec.within ? std::optional(data_at + *spec.within) : std::nullopt;
  const auto cron = CronSchedule::parse(spec.deadline, spec.timezone.empty() ? "UTC" : spec.timezone);
  if (!cron) return std::nullopt;
  if (spec.within) return cron->next(data_at + *spec.within);
  const auto met = cron->next(data_at);  // for this one it is young enough; for the one after it is not
  return met ? cron->next(*met) : std::nullopt;
}

WallTime awaited_as(const FreshnessSpec& spec, WallTime since) {
  if (spec.deadline.empty()) return since;
  if (spec.within) return since - *spec.within;
  const auto cron = CronSchedule::parse(spec.deadline, spec.timezone.empty() ? "UTC" : spec.timezone);
  const auto before = cron ? cron->previous(since) : std::nullopt;
  return before ? *before - Millis{1} : since;
}

Freshness freshness_at(const FreshnessSpec& spec, std::optional<WallTime> data_at, WallTime now) {
  if (spec.empty()) return Freshness::none;
  if (!data_at) return Freshness::violated;
  const auto end = violated_at(spec, *data_at);
  if (!end) return Freshness::fresh;
  if (now > *end) return Freshness::violated;
  return spec.warn && now > *end - *spec.warn ? Freshness::warn : Freshness::fresh;
}

std::optional<WallTime> next_change(const FreshnessSpec& spec, WallTime data_at, WallTime now) {
  if (spec.empty()) return std::nullopt;
  const auto end = violated_at(spec, data_at);
  if (!end || now > *end) return std::nullopt;
  constexpr Millis kFirstMoment{1};
  if (spec.warn && now <= *end - *spec.warn) return *end - *spec.warn + kFirstMoment;
  return *end + kFirstMoment;
}

WallTime data_time(const FreshnessSpec& spec, const nlohmann::json& metadata, WallTime materialized_at) {
  if (spec.of.empty() || !metadata.is_object()) return materialized_at;
  const auto found = metadata.find(spec.of);
  return found == metadata.end() ? materialized_at : time_of(*found).value_or(materialized_at);
}

}  // namespace assetd
