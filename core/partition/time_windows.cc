#include "core/partition/time_windows.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/schedule/cron_instants.h"

namespace assetd {
namespace {

using namespace std::chrono;

constexpr hours kHour{1};
constexpr years kFarthest{100};  // as windows of a cron expression

/// "2026", "2026-01" or "2026-01-31", then nothing or "T05", "-05:00", "T05:00:30"; what is missing is the first or 0.
struct LocalText {
  local_seconds time{};
  std::string_view rest;  ///< what follows the time: an offset from UTC
};

bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take_after(std::string_view& text, std::string_view separators, int& value) {
  if (text.empty() || separators.find(text.front()) == std::string_view::npos) return false;
  auto rest = text.substr(1);
  if (!take_number(rest, 2, value)) return false;
  text = rest;
  return true;
}

std::optional<LocalText> parse_local(std::string_view text) {
  int year_number = 0, month_number = 1, day_number = 1, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 4, year_number) || !take_after(text, "-", month_number)) return std::nullopt;
  if (take_after(text, "-", day_number) && take_after(text, "T-", hour) && take_after(text, ":", minute)) take_after(text, ":", second);
  const year_month_day date{year{year_number}, month{static_cast<unsigned>(month_number)}, day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return LocalText{local_days(date) + hours(hour) + minutes(minute) + seconds(second), text};
}

std::string formatted(const char* format, int a, unsigned b, unsigned c) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, a, b, c);
  return text.data();
}

std::string date_text(local_days at) {
  const year_month_day date(at);
  return formatted("%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

/// "+01:00"
std::string offset_text(seconds offset) {
  const auto whole = abs(duration_cast<minutes>(offset)).count();
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset < seconds(0) ? '-' : '+', static_cast<int>(whole / 60), static_cast<int>(whole % 60));
  return text.data();
}

std::optional<seconds> parse_offset(std::string_view text) {
  int hour = 0, minute = 0;
  const bool west = text.starts_with('-');
  if (text.size() != 6 || !take_after(text, "+-", hour) || !take_after(text, ":", minute)) return std::nullopt;
  const auto offset = hours(hour) + minutes(minute);
  return west ? -offset : offset;
}

PartitionIndex floor_divide(std::int64_t value, std::int64_t by) { return value >= 0 ? value / by : -((-value + by - 1) / by); }

std::string unreadable(const char* name, const std::string& value) {
  return std::string(name) + ": \"" + value + "\" is no local time; write it as 2026-01-31 or 2026-01-31T05:00";
}

std::optional<std::string> bad_offset(const TimeWindowsSpec& spec) {
  if (spec.grain == Grain::cron && (spec.minute_offset != 0 || spec.hour_offset != 0 || spec.day_offset != 0))
    return "cron: its windows have no minute_offset, hour_offset or day_offset; say it in the expression";
  const bool hourly = spec.grain == Grain::hourly, by_day = spec.grain == Grain::weekly || spec.grain == Grain::monthly;
  if (spec.minute_offset < 0 || spec.minute_offset > 59) return "minute_offset: takes 0 to 59";
  if (spec.hour_offset < 0 || spec.hour_offset > 23 || (hourly && spec.hour_offset != 0)) return hourly ? "hour_offset: hours have none" : "hour_offset: takes 0 to 23";
  const int most = spec.grain == Grain::weekly ? 6 : 28;
  if (spec.day_offset < 0 || spec.day_offset > most || (!by_day && spec.day_offset != 0))
    return by_day ? "day_offset: takes 0 to " + std::to_string(most) : std::string("day_offset: only weeks and months have one");
  return std::nullopt;
}

std::expected<CronInstants, std::string> instants_of(const TimeWindowsSpec& spec, local_seconds start) {
  const auto fields = parse_cron_fields(spec.cron);
  if (!fields) return std::unexpected("cron: " + fields.error().message);
  if (fields->seconds != 1) return std::unexpected("cron: windows begin at whole minutes; write five fields");
  auto instants = CronInstants::make(spec.cron, spec.timezone, static_cast<int>(year_month_day(floor<days>(start)).year()));
  if (!instants) return std::unexpected("cron: " + instants.error().message);
  if (instants->count() == 0) return std::unexpected("cron: \"" + spec.cron + "\" never comes");
  return *std::move(instants);
}

/// When the clock shows the minute of the boundaries next, at `time` or after it, as far as it is not set meanwhile.
sys_seconds next_shown(const Zone::Stretch& stretch, sys_seconds time, minutes offset) {
  return stretch.to_utc(ceil<hours>(stretch.to_local(time) - offset) + offset);
}

bool has_time_of_day(Grain grain) { return grain == Grain::hourly || grain == Grain::cron; }

}  // namespace

std::expected<TimeWindows, std::string> TimeWindows::make(const TimeWindowsSpec& spec) {
  const auto zone = Zone::find(spec.timezone);
  const auto near = zone ? std::string() : nearest_timezone(spec.timezone);
  if (!zone) return std::unexpected("timezone: there is no time zone \"" + spec.timezone + "\"; " + (near.empty() ? "give an IANA name like Europe/London" : "did you mean \"" + near + "\"?"));
  if (auto bad = bad_offset(spec)) return std::unexpected(std::move(*bad));
  const auto start = parse_local(spec.start);
  if (!start || !start->rest.empty()) return std::unexpected(unreadable("start", spec.start));
  TimeWindows windows(spec.grain, *zone);
  if (!has_time_of_day(spec.grain)) windows.time_of_day_ = hours(spec.hour_offset) + minutes(spec.minute_offset);
  const auto day = floor<days>(start->time);
  if (spec.grain == Grain::cron) {
    auto instants = instants_of(spec, start->time);
    if (!instants) return std::unexpected(std::move(instants.error()));
    windows.first_instant_ = instants->last_by(zone->first_shown(start->time) - seconds(1)) + 1;
    windows.cron_ = std::make_shared<const CronInstants>(*std::move(instants));
  } else if (spec.grain == Grain::hourly) {
    auto first = floor<hours>(start->time) + minutes(spec.minute_offset);
    if (first < start->time) first += kHour;
    windows.lay_hours(zone->first_shown(first), minutes(spec.minute_offset));
  } else if (spec.grain == Grain::monthly) {
    const year_month_day date(day);
    windows.first_month_ = date.year() / date.month();
    windows.month_offset_ = days(std::max(spec.day_offset, 1) - 1);
    if (windows.boundary(0) < start->time) windows.first_month_ += months(1);
  } else {
    windows.first_day_ = day;
    if (spec.grain == Grain::weekly) windows.first_day_ += weekday(static_cast<unsigned>(spec.day_offset)) - weekday(day);
    if (windows.boundary(0) < start->time) windows.first_day_ += days(spec.grain == Grain::weekly ? 7 : 1);
  }
  if (!spec.end.empty()) {
    const auto end = parse_local(spec.end);
    if (!end || !end->rest.empty()) return std::unexpected(unreadable("end", spec.end));
    if (end->time < start->time) return std::unexpected("end: \"" + spec.end + "\" is before the start \"" + spec.start + "\": there would be no partition");
    windows.count_ = std::max<PartitionIndex>(0, windows.last_begun(zone->first_shown(end->time)));
  }
  return windows;
}

local_seconds TimeWindows::boundary(PartitionIndex index) const {
  if (grain_ == Grain::monthly) {
    const auto month = first_month_ + months(static_cast<int>(index));
    return local_days(month / day(1)) + month_offset_ + time_of_day_;
  }
  return first_day_ + days(static_cast<int>(index) * (grain_ == Grain::weekly ? 7 : 1)) + time_of_day_;
}

void TimeWindows::lay_hours(sys_seconds first, minutes offset) {
  auto stretch = zone_.stretch(first);
  hours_ = {{0, next_shown(stretch, first, offset)}};
  const auto farthest = first + kFarthest;
  while (stretch.end < farthest) {
    const auto next = zone_.stretch(stretch.end);
    const auto set = next.offset - stretch.offset;
    stretch = next;
    if (set % kHour == seconds(0)) continue;
    const auto begun = floor_divide((stretch.begin - hours_.back().begin).count() - 1, seconds(kHour).count()) + 1;
    const Hours own{hours_.back().first + begun, next_shown(stretch, stretch.begin, offset)};
    if (begun > 0) hours_.push_back(own);
    else hours_ = {{0, own.begin}};  // the clock is set before the first of them
  }
}

sys_seconds TimeWindows::begin_of(PartitionIndex index) const {
  if (cron_) return cron_->at(first_instant_ + index);
  if (grain_ != Grain::hourly) return zone_.first_shown(boundary(index));
  const auto after = std::ranges::upper_bound(hours_, index, {}, &Hours::first);
  const auto& own = after == hours_.begin() ? hours_.front() : *std::prev(after);
  return own.begin + (index - own.first) * kHour;
}

TimeWindow TimeWindows::window(PartitionIndex index) const { return {begin_of(index), begin_of(index + 1)}; }

// By the calendar the window is found but for one: where clocks are set a boundary may be shown earlier or later than its time says.
PartitionIndex TimeWindows::last_begun(sys_seconds time) const {
  if (cron_) return cron_->last_by(time) - first_instant_;
  if (grain_ == Grain::hourly) {
    const auto after = std::ranges::upper_bound(hours_, time, {}, &Hours::begin);
    const auto& own = after == hours_.begin() ? hours_.front() : *std::prev(after);
    const auto index = own.first + floor_divide((time - own.begin).count(), seconds(kHour).count());
    return after == hours_.begin() || after == hours_.end() ? index : std::min(index, after->first - 1);
  }
  const auto local_day = floor<days>(zone_.stretch(time).to_local(time) - time_of_day_ - month_offset_);
  PartitionIndex index = 0;
  if (grain_ == Grain::monthly) {
    const year_month_day date(local_day);
    index = (date.year() / date.month() - first_month_).count();
  } else {
    index = floor_divide((local_day - first_day_).count(), grain_ == Grain::weekly ? 7 : 1);
  }
  while (begin_of(index) > time) --index;
  while (begin_of(index + 1) <= time) ++index;
  return index;
}

std::optional<PartitionIndex> TimeWindows::at(WallTime time) const {
  const auto index = last_begun(floor<seconds>(time));
  if (index < 0 || (count_ && index >= *count_)) return std::nullopt;
  return index;
}

PartitionIndex TimeWindows::ended_by(WallTime time) const {
  const auto ended = std::max<PartitionIndex>(0, last_begun(floor<seconds>(time)));
  return count_ ? std::min(ended, *count_) : ended;
}

IndexRange TimeWindows::overlapping(const TimeWindow& time) const {
  return {last_begun(floor<seconds>(time.begin)), last_begun(floor<seconds>(time.end - Millis(1))) + 1};
}

IndexRange TimeWindows::existing(IndexRange range) const {
  return {std::max<PartitionIndex>(range.begin, 0), count_ ? std::min(range.end, *count_) : range.end};
}

std::string TimeWindows::key(PartitionIndex index) const {
  if (!has_time_of_day(grain_)) return date_text(floor<days>(boundary(index) - time_of_day_));
  const auto begin = begin_of(index);
  const auto stretch = zone_.stretch(begin);
  const auto local = stretch.to_local(begin);
  const auto date = floor<days>(local);
  const hh_mm_ss clock(floor<minutes>(local - date));
  auto text = date_text(date) + formatted("-%02d:%02u", static_cast<int>(clock.hours().count()), static_cast<unsigned>(clock.minutes().count()), 0);
  if (zone_.end_of_repetition(begin)) text += offset_text(stretch.offset);
  return text;
}

std::optional<PartitionIndex> TimeWindows::index(std::string_view key) const {
  const auto local = parse_local(key);
  if (!local) return std::nullopt;
  auto time = zone_.first_shown(local->time + time_of_day_);
  if (!local->rest.empty()) {
    const auto offset = parse_offset(local->rest);
    if (!offset) return std::nullopt;
    time = sys_seconds(local->time.time_since_epoch() - *offset);
  }
  const auto found = at(time);
  return found && this->key(*found) == key ? found : std::nullopt;
}

}  // namespace assetd
