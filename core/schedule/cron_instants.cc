#include "core/schedule/cron_instants.h"

#include <algorithm>
#include <utility>

namespace assetd {
namespace {

using namespace std::chrono;

constexpr int kFirstYear = 1970, kLastYear = 2100, kCentury = 100;
constexpr int kLeastYear = 2, kMostYear = 9998;  // what CronSchedule can tell
constexpr seconds kOneSecond{1};

sys_seconds first_of(int y) { return sys_days(year(y) / January / 1); }

sys_seconds next_month(sys_seconds time) {
  const year_month_day date(floor<days>(time));
  return sys_days(date.year() / date.month() / 1 + months(1));
}

/// Up to how far from a change hours are skipped or come twice, and a minute for what is moved to the first whole one.
seconds reach(seconds before, seconds after) { return abs(after - before) + minutes(1); }

}  // namespace

std::expected<CronInstants, CronError> CronInstants::make(std::string_view expression, std::string_view timezone, int year) {
  auto schedule = CronSchedule::parse(expression, timezone);
  if (!schedule) return std::unexpected(std::move(schedule.error()));
  CronInstants out(*std::move(schedule), *parse_cron_fields(expression));
  const auto first = std::clamp(std::min(kFirstYear, year), kLeastYear, kMostYear);
  out.end_ = first_of(std::clamp(std::max(kLastYear, year + kCentury), kLeastYear, kMostYear));
  out.divide(*Zone::find(timezone), first_of(first));
  out.number();
  return out;
}

void CronInstants::divide(const Zone& zone, sys_seconds begin) {
  auto stretch = zone.stretch(begin);
  for (auto at = begin; at < end_;) {
    if (stretch.end >= end_) return add_months(at, end_, stretch.offset);
    const auto change = stretch.end;
    const auto next = zone.stretch(change);
    const auto distance = reach(stretch.offset, next.offset);
    const auto from = std::max(at, change - distance), to = std::min(end_, change + distance);
    add_months(at, from, stretch.offset);
    if (from < to) parts_.push_back({from, 0, seconds(0), true});
    at = std::max(at, to);
    stretch = next;
  }
}

void CronInstants::add_months(sys_seconds begin, sys_seconds end, seconds offset) {
  for (; begin < end; begin = next_month(begin)) parts_.push_back({begin, 0, offset, false});
}

void CronInstants::number() {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    parts_[i].before = count_;
    count_ += count_in(parts_[i], end_of(i));
  }
}

std::int64_t CronInstants::count_in(const Part& part, sys_seconds end) const {
  if (!part.at_change) return fields_.count(part.local(part.begin), part.local(end));
  std::int64_t count = 0;
  for (auto at = schedule_.next(part.begin - kOneSecond); at && *at < end; at = schedule_.next(*at)) ++count;
  return count;
}

sys_seconds CronInstants::at(std::int64_t number) const {
  if (number < 0) return parts_.front().begin;
  if (number >= count_) return end_;
  const auto& part = *std::prev(std::ranges::upper_bound(parts_, number, {}, &Part::before));
  auto rest = number - part.before;
  if (!part.at_change) return sys_seconds(fields_.nth(part.local(part.begin), rest).time_since_epoch() - part.offset);
  auto at = schedule_.next(part.begin - kOneSecond);
  for (; at && rest > 0; --rest) at = schedule_.next(*at);
  return at ? floor<seconds>(*at) : end_;
}

std::int64_t CronInstants::last_by(sys_seconds time) const {
  if (time < parts_.front().begin) return -1;
  if (time >= end_) return count_ - 1;
  const auto& part = *std::prev(std::ranges::upper_bound(parts_, time, {}, &Part::begin));
  return part.before + count_in(part, time + kOneSecond) - 1;
}

}  // namespace assetd
