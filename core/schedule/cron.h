#pragma once
// Cron expressions over IANA time zones. Five fields (minute hour day-of-month month day-of-week), six with seconds first, and the nicknames
// (@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually). Ranges, lists, steps, names, L (last day), 7 = Sunday, nth weekday (#).
// As cron(5) and cronsim do: day-of-month and day-of-week are alternatives when both are restricted.
// DST as Debian's cron does for jobs at fixed hours: a time that the clocks skip fires once, at the first moment after the gap; a time that
// occurs twice fires at its first occurrence; jobs with a wildcard ('*' or '*/n') in hour or minute follow real time.

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"

namespace assetd {

struct CronError {
  std::string message;
  int column = 0;  ///< from 1, in the expression
};

class CronSchedule {
 public:
  /// `timezone` is an IANA name; an unknown one is an error that names the nearest.
  static std::expected<CronSchedule, CronError> parse(std::string_view expression, std::string_view timezone);

  CronSchedule(CronSchedule&&) noexcept;
  CronSchedule& operator=(CronSchedule&&) noexcept;
  CronSchedule(const CronSchedule&);
  CronSchedule& operator=(const CronSchedule&);
  ~CronSchedule();

  /// The first instant strictly after `after`; nothing when there is none within 50 years ("0 0 30 2 *").
  std::optional<WallTime> next(WallTime after) const;
  /// The last instant at or before `at`, looking back at most 50 years.
  std::optional<WallTime> previous(WallTime at) const;

 private:
  CronSchedule();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Is this the name of a zone in the system's time-zone database?
bool is_timezone(std::string_view name);
std::string nearest_timezone(std::string_view name);

/// RFC 3339 in UTC with milliseconds: "2026-11-22T02:00:00.000Z".
std::string format_time(WallTime time);
std::optional<WallTime> parse_time(std::string_view text);

/// 500ms, 30s, 10m, 24h, 7d (one number and unit, or several in descending order: 1h30m).
std::optional<Millis> parse_duration(std::string_view text);
std::string format_duration(Millis duration);

}  // namespace assetd
