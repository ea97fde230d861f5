#pragma once
// How old the data of an asset may become, and when it is too old.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/time.h"

namespace assetd {

/// none: nothing is demanded of it.
enum class Freshness : std::uint8_t { none, fresh, warn, violated };
std::string_view to_string(Freshness freshness);

struct FreshnessSpec {
  std::optional<Millis> within;   ///< the greatest age: at any time, or where there is a deadline at its instants
  std::string deadline, timezone; ///< a cron expression: at each of its instants the data must be younger than `within`, or than the instant before
  std::optional<Millis> warn;     ///< so long before it is violated
  std::string of;                 ///< the metadata value that says of when the data is; empty: of when it was materialized
  bool empty() const { return !within && deadline.empty(); }
  bool operator==(const FreshnessSpec&) const = default;
};

/// When data of this moment is too old, if nothing newer comes; nothing: never.
std::optional<WallTime> violated_at(const FreshnessSpec& spec, WallTime data_at);

/// Of an asset that was never made, of which freshness is demanded since that moment: data of the time that is given is too old, by violated_at(), when it is
/// due to be made for the first time. That is `within` later, or with a deadline at the first of its instants.
WallTime awaited_as(const FreshnessSpec& spec, WallTime since);

/// `data_at`: of when the newest data is; without any it is violated.
Freshness freshness_at(const FreshnessSpec& spec, std::optional<WallTime> data_at, WallTime now);

/// When freshness_at() next gives another answer, if nothing newer comes.
std::optional<WallTime> next_change(const FreshnessSpec& spec, WallTime data_at, WallTime now);

/// Of when the data is: what `spec.of` names in its metadata (a time as in 2026-11-22T02:00:00Z, a date, or seconds since 1970), else when it was
/// materialized. A value that is no time counts as if it were not there.
WallTime data_time(const FreshnessSpec& spec, const nlohmann::json& metadata, WallTime materialized_at);

}  // namespace assetd
