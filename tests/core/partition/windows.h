#pragma once
// Windows of time for tests, and how they are written down.

#include <stdexcept>
#include <string>

#include "core/partition/time_windows.h"
#include "core/schedule/cron.h"

namespace assetd::testing {

inline TimeWindows windows_of(TimeWindowsSpec spec) {
  auto made = TimeWindows::make(spec);
  if (!made) throw std::runtime_error(made.error());
  return *made;
}

/// "2026-01-01 2026-01-01T00:00 2026-01-02T00:00": its key, and where it begins and ends.
inline std::string text(const TimeWindows& windows, PartitionIndex index) {
  const auto [begin, end] = windows.window(index);
  return windows.key(index) + " " + format_time(begin).substr(0, 16) + " " + format_time(end).substr(0, 16);
}

inline WallTime utc(std::string_view time) { return parse_time(std::string(time) + ":00Z").value(); }

}  // namespace assetd::testing
