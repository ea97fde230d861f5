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

std::int64_t members(std::uint64_t mask) { return std::popcount(mask); }
std::int64_t members_below(std::uint64_t mask, int value) { return members(mask & ((std::uint64_t{1} << value) - 1)); }

/// The member that has `number` smaller ones.
int nth_member(std::uint64_t mask, std::int64_t number) {
  for (; number > 0; --number) mask &= mask - 1;
  return std::countr_zero(mask);
}

constexpr std::chrono::days kDay{1};
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

// After 400 years, which are whole weeks, the calendar is the same again.
bool CronFields::ever() const {
  constexpr auto first = local_days(std::chrono::year(2000) / 1 / 1), last = local_days(std::chrono::year(2400) / 1 / 1);
  return next(first, last).has_value();
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

bool CronFields::matches(local_days day) const {
  const year_month_day date(day);
  return has(months, static_cast<unsigned>(date.month())) && matches_day(date, day);
}

std::int64_t CronFields::count_before(std::chrono::seconds since_midnight) const {
  const auto [hour, minute, second] = time_of_day(since_midnight);
  auto count = members_below(hours, hour) * members(minutes) * members(seconds);
  if (!has(hours, static_cast<unsigned>(hour))) return count;
  count += members_below(minutes, minute) * members(seconds);
  return has(minutes, static_cast<unsigned>(minute)) ? count + members_below(seconds, second) : count;
}

std::chrono::seconds CronFields::nth_of_day(std::int64_t number) const {
  const auto in_minute = members(seconds), in_hour = members(minutes) * in_minute;
  return TimeOfDay{nth_member(hours, number / in_hour), nth_member(minutes, number % in_hour / in_minute), nth_member(seconds, number % in_minute)}.since_midnight();
}

std::int64_t CronFields::count(LocalSeconds from, LocalSeconds to) const {
  const auto a_day = members(hours) * members(minutes) * members(seconds);
  std::int64_t count = 0;
  for (auto day = floor<std::chrono::days>(from); day < to; day += kDay) {
    if (!matches(day)) continue;
    count += day + kDay <= to ? a_day : count_before(to - day);
    if (day < from) count -= count_before(from - day);
  }
  return count;
}

LocalSeconds CronFields::nth(LocalSeconds from, std::int64_t number) const {
  const auto a_day = members(hours) * members(minutes) * members(seconds);
  auto day = floor<std::chrono::days>(from);
  if (matches(day)) number += count_before(from - day);
  for (;; day += kDay) {
    if (!matches(day)) continue;
    if (number < a_day) return day + nth_of_day(number);
    number -= a_day;
  }
}

}  // namespace assetd
