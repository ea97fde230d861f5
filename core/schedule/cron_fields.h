#pragma once
// What a cron expression says about local calendar time, without any zone.

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/schedule/cron.h"

namespace assetd {

using LocalSeconds = std::chrono::local_seconds;

/// Bit n of a mask stands for the value n of its field.
struct CronFields {
  std::uint64_t seconds = 1;
  std::uint64_t minutes = 0;
  std::uint64_t hours = 0;
  std::uint64_t days = 0;                      ///< 1 to 31
  std::uint64_t months = 0;                    ///< 1 to 12
  std::uint64_t weekdays = 0;                  ///< 0 to 6, Sunday is 0
  bool last_day = false;                       ///< L
  bool last_workday = false;                   ///< LW: the last Monday to Friday of the month
  std::array<std::uint8_t, 7> nth_weekdays{};  ///< by weekday: bit n for #n
  std::uint64_t last_weekdays = 0;             ///< 5L: the last Friday
  bool both_days = true;                       ///< day of month and day of week must both match, else either
  bool real_time = false;                      ///< follows real time across changes of the clocks, see cron.h

  /// The first match at or after `from`, not after `limit`.
  std::optional<LocalSeconds> next(LocalSeconds from, LocalSeconds limit) const;
  /// The last match at or before `from`, not before `limit`.
  std::optional<LocalSeconds> previous(LocalSeconds from, LocalSeconds limit) const;

  /// Is there a match at all, in any year?
  bool ever() const;

  /// How many matches there are in [from, to), and number `number` of those at or after `from`, from 0, which there must be. Cost: the days between.
  std::int64_t count(LocalSeconds from, LocalSeconds to) const;
  LocalSeconds nth(LocalSeconds from, std::int64_t number) const;

 private:
  std::int64_t count_before(std::chrono::seconds since_midnight) const;  ///< of one day that matches
  std::chrono::seconds nth_of_day(std::int64_t number) const;
  bool matches(std::chrono::local_days day) const;
  bool matches_day(std::chrono::year_month_day date, std::chrono::local_days day) const;
};

std::expected<CronFields, CronError> parse_cron_fields(std::string_view expression);
/// Where the day of month stands in one that parses, from 1; of a nickname: where that stands.
int column_of_day(std::string_view expression);

}  // namespace assetd
