#include "core/schedule/cron_fields.h"

#include <bit>

namespace assetd {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::local_days;
using std::chrono::months;
using std::chrono::seconds;
using std::chrono::year_month_day;

bool has(std::uint64_t mask, unsigned value) { return (mask >> value & 1) != 0; }

/// The smallest member of `mask` that is at least `from`, or -1.
int at_least(std::uint64_t mask, int from) {
  if (from > 63) return -1;
  const std::uint64_t rest = mask >> from << from;
  return rest == 0 ? -1 : std::countr_zero(rest);
}

/// The greatest member of `mask` that is at most `from`, or -1.
int at_most(std::uint64_t mask, int from) {
  if (from < 0) return -1;
  const std::uint64_t rest = mask << (63 - from) >> (63 - from);
  return rest == 0 ? -1 : 63 - std::countl_zero(rest);
}

struct TimeOfDay {
  int hour, minute, second;
  seconds since_midnight() const { return seconds(hour * 3600 + minute * 60 + second); }
};

TimeOfDay time_of_day(seconds since_midnight) {
  const auto total = static_cast<int>(since_midnight.count());
  return {total / 3600, total / 60 % 60, total % 60};
}

/// `find` is at_least or at_most, `edge` the first value of a field in that direction: after a change in a greater
/// field the lesser start anew.
template <typename Find>
std::optional<seconds> search_day(const CronFields& fields, TimeOfDay from, int step, Find find) {
  const int first_minute = step > 0 ? 0 : 59, first_second = first_minute;
  int hour = find(fields.hours, from.hour);
  int minute = hour == from.hour ? find(fields.minutes, from.minute) : find(fields.minutes, first_minute);
  int second = hour == from.hour && minute == from.minute ? find(fields.seconds, from.second)
                                                          : find(fields.seconds, first_second);
  if (hour >= 0 && minute >= 0 && second < 0) {  // only when nothing greater changed
    minute = find(fields.minutes, minute + step);
    second = find(fields.seconds, first_second);
  }
  if (hour >= 0 && minute < 0) {
    hour = find(fields.hours, hour + step);
    minute = find(fields.minutes, first_minute);
    second = find(fields.seconds, first_second);
  }
  if (hour < 0) return std::nullopt;
  return TimeOfDay{hour, minute, second}.since_midnight();
}

unsigned last_day_of(year_month_day date) {
  return static_cast<unsigned>(
      std::chrono::year_month_day_last(date.year(), std::chrono::month_day_last(date.month())).day());
}

constexpr TimeOfDay kFirstOfDay{0, 0, 0}, kLastOfDay{23, 59, 59};

}  // namespace

bool CronFields::matches_day(year_month_day date, local_days day) const {
  const unsigned dom = static_cast<unsigned>(date.day()), dow = std::chrono::weekday(day).c_encoding();
  const unsigned last = last_day_of(date);
  bool dom_matches = has(days, dom) || (last_day && dom == last);
  if (last_workday && dow >= 1 && dow <= 5) {
    const bool weekend_follows = dow == 5 && dom + 2 >= last;
    dom_matches = dom_matches || dom == last || weekend_follows;
  }
  const bool dow_matches =
      has(weekdays, dow) || has(nth_weekdays[dow], (dom + 6) / 7) || (has(last_weekdays, dow) && dom + 7 > last);
  return both_days ? dom_matches && dow_matches : dom_matches || dow_matches;
}

std::optional<LocalSeconds> CronFields::next(LocalSeconds from, LocalSeconds limit) const {
  auto day = floor<std::chrono::days>(from);
  auto start = time_of_day(from - day);
  while (day <= limit) {
    const year_month_day date(day);
    if (!has(months, static_cast<unsigned>(date.month()))) {
      day = local_days(date.year() / date.month() / 1 + std::chrono::months(1));
    } else {
      if (matches_day(date, day)) {
        const auto time = search_day(*this, start, 1, at_least);
        if (time) return day + *time <= limit ? std::optional(day + *time) : std::nullopt;
      }
      day += std::chrono::days(1);
    }
    start = kFirstOfDay;
  }
  return std::nullopt;
}

std::optional<LocalSeconds> CronFields::previous(LocalSeconds from, LocalSeconds limit) const {
  auto day = floor<std::chrono::days>(from);
  auto start = time_of_day(from - day);
  const auto first = floor<std::chrono::days>(limit);
  while (day >= first) {
    const year_month_day date(day);
    if (!has(months, static_cast<unsigned>(date.month()))) {
      day = local_days(date.year() / date.month() / 1) - std::chrono::days(1);
    } else {
      if (matches_day(date, day)) {
        const auto time = search_day(*this, start, -1, at_most);
        if (time) return day + *time >= limit ? std::optional(day + *time) : std::nullopt;
      }
      day -= std::chrono::days(1);
    }
    start = kLastOfDay;
  }
  return std::nullopt;
}

}  // namespace assetd
