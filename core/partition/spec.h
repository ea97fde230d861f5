#pragma once
// How the definitions say that an asset is divided. Plain values.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace assetd {

enum class Grain : std::uint8_t { hourly, daily, weekly, monthly, cron };

struct TimeWindowsSpec {
  Grain grain = Grain::daily;
  std::string start;                ///< a key, or a local time "2026-01-01T06:00"; the first window begins there or at the next boundary
  std::string end;                  ///< as `start`; no window ends after it. Empty: as long as time goes on
  std::string timezone = "UTC";
  int minute_offset = 0;            ///< of each boundary within its hour, 0 to 59
  int hour_offset = 0;              ///< within its day, 0 to 23; not for hourly
  int day_offset = 0;               ///< weekly: 0 (Sunday) to 6; monthly: 1 to 28, 0 counts as 1
  std::string cron;                 ///< five fields: a window lasts from one instant to the next; only with Grain::cron, which has no offsets
  bool operator==(const TimeWindowsSpec&) const = default;
};

/// Keys that the definitions list; their order is that of the list.
struct StaticPartitionsSpec {
  std::vector<std::string> keys;
  bool operator==(const StaticPartitionsSpec&) const = default;
};

/// Keys that are added and removed while everything runs, kept in the store under this name; assets that name the same set share it.
struct DynamicPartitionsSpec {
  std::string name;
  bool operator==(const DynamicPartitionsSpec&) const = default;
};

struct DimensionSpec {
  std::string name;  ///< empty where it is the only one
  std::variant<TimeWindowsSpec, StaticPartitionsSpec, DynamicPartitionsSpec> of;
  bool operator==(const DimensionSpec&) const = default;
};

struct PartitionsSpec {
  std::vector<DimensionSpec> dimensions;  ///< one, or two with different names
  int per_process = 1;                    ///< how many of them one process may be given at once; 0: as many as a run has
  bool operator==(const PartitionsSpec&) const = default;
};

}  // namespace assetd
