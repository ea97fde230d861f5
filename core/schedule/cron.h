#pragma once
// Cron expressions over IANA time zones. Five fields (minute hour day-of-month month day-of-week), six with seconds
// first, and the nicknames
// (@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually). Ranges, lists, steps, names, 7 = Sunday. Day of
// month: L (last day), LW (last Monday to Friday). Day of week: nth of the month (MON#2), last of the month (5L).
//
// The rules are those of Debian's cron, as PyPI's cronsim has them (tests/core/schedule/make_golden.py):
// - Day of month and day of week must both match if one of them starts with '*' (also "*/2"), else either is enough.
// - Fixed hours (five fields, neither minute nor hour starts with '*'): a time that the clocks skip fires at the first
// whole minute after the
//   gap, together with what else falls there; a time that occurs twice fires at its first occurrence.
// - All others, and all with a seconds field, follow real time: they fire whenever the clock on the wall shows a
// matching time, so not at all
//   for what is skipped, and twice for what occurs twice.
// Offsets come from the system's database, whose compiled rules reach to 2037; later times keep the last offset.

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
  int column = 0;  ///< from 1, in the expression; 0 when it is the time zone that is wrong
};

/// Immutable; use from any thread. next() and previous() take microseconds, also for expressions that never match.
class CronSchedule {
 public:
  /// `timezone` is an IANA name; an unknown one is an error that names the nearest.
  static std::expected<CronSchedule, CronError> parse(std::string_view expression, std::string_view timezone);
  /// For what people write: one that no calendar ever has a day for ("0 0 30 2 *") is an error as well. What is stored is
  /// read by parse(), which takes it.
  static std::expected<CronSchedule, CronError> parse_new(std::string_view expression, std::string_view timezone);

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
/// For sentences, rounded down to two units at most: "12 min", "3 h 5 min", "40 s".
std::string spoken_duration(Millis duration);

}  // namespace assetd
