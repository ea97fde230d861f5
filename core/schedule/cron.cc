#include "core/schedule/cron.h"

#include <algorithm>

#include "core/schedule/cron_fields.h"
#include "core/schedule/zone.h"

namespace assetd {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr days kHorizon{50 * 366};
constexpr seconds kTick{1};
// Beyond these the calendar's arithmetic is not sound.
constexpr sys_seconds kEarliest = sys_days(std::chrono::year(1) / 1 / 1),
                      kLatest = sys_days(std::chrono::year(9999) / 12 / 31);

}  // namespace

struct CronSchedule::Impl {
  CronFields fields;
  Zone zone;

  /// Real time: every instant at which the clock shows a matching time.
  std::optional<sys_seconds> next_real(sys_seconds from) const {
    const auto limit = from + kHorizon;
    while (from <= limit) {
      const auto stretch = zone.stretch(from);
      const auto last = std::min(stretch.end - kTick, limit);
      if (const auto local = fields.next(stretch.to_local(from), stretch.to_local(last))) return stretch.to_utc(*local);
      from = last + kTick;
    }
    return std::nullopt;
  }

  std::optional<sys_seconds> previous_real(sys_seconds from) const {
    const auto limit = from - kHorizon;
    while (from >= limit) {
      const auto stretch = zone.stretch(from);
      const auto first = std::max(stretch.begin, limit);
      if (const auto local = fields.previous(stretch.to_local(from), stretch.to_local(first)))
        return stretch.to_utc(*local);
      from = first - kTick;
    }
    return std::nullopt;
  }

  /// Fixed hours: every matching local time once, when it is first shown. That instant never decreases with the local
  /// time, so the first local time whose instant lies far enough is the answer.
  std::optional<sys_seconds> next_fixed(sys_seconds after) const {
    const auto local = zone.stretch(after).to_local(after);
    auto from = zone.end_of_repetition(after).value_or(local + kTick);
    const auto limit = from + kHorizon;
    while (const auto match = fields.next(from, limit)) {
      const auto instant = zone.first_shown(*match);
      if (instant > after) return instant;
      from = *match + kTick;
    }
    return std::nullopt;
  }

  std::optional<sys_seconds> previous_fixed(sys_seconds at) const {
    const auto repeated_until = zone.end_of_repetition(at);
    auto from = repeated_until ? *repeated_until - kTick : zone.stretch(at).to_local(at);
    const auto limit = from - kHorizon;
    while (const auto match = fields.previous(from, limit)) {
      const auto instant = zone.first_shown(*match);
      if (instant <= at) return instant;
      from = *match - kTick;
    }
    return std::nullopt;
  }
};

CronSchedule::CronSchedule() = default;
CronSchedule::CronSchedule(CronSchedule&&) noexcept = default;
CronSchedule& CronSchedule::operator=(CronSchedule&&) noexcept = default;
CronSchedule::CronSchedule(const CronSchedule& other) : impl_(std::make_unique<Impl>(*other.impl_)) {}
CronSchedule& CronSchedule::operator=(const CronSchedule& other) {
  impl_ = std::make_unique<Impl>(*other.impl_);
  return *this;
}
CronSchedule::~CronSchedule() = default;

std::expected<CronSchedule, CronError> CronSchedule::parse(std::string_view expression, std::string_view timezone) {
  auto fields = parse_cron_fields(expression);
  if (!fields) return std::unexpected(std::move(fields.error()));
  const auto zone = Zone::find(timezone);
  if (!zone) {
    const auto near = nearest_timezone(timezone);
    return std::unexpected(CronError{
        "unknown time zone \"" + std::string(timezone) + "\"" +
            (near.empty() ? ": expected an IANA name like Europe/London" : "; did you mean \"" + near + "\"?"),
        0});
  }
  CronSchedule schedule;
  schedule.impl_ = std::make_unique<Impl>(Impl{*fields, *zone});
  return schedule;
}

std::expected<CronSchedule, CronError> CronSchedule::parse_new(std::string_view expression, std::string_view timezone) {
  auto schedule = parse(expression, timezone);
  if (!schedule || schedule->impl_->fields.ever()) return schedule;
  return std::unexpected(CronError{"no year has such a day, so it would never come", column_of_day(expression)});
}

std::optional<WallTime> CronSchedule::next(WallTime after) const {
  const auto whole = floor<seconds>(after);
  if (whole < kEarliest || whole > kLatest) return std::nullopt;
  return impl_->fields.real_time ? impl_->next_real(whole + kTick) : impl_->next_fixed(whole);
}

std::optional<WallTime> CronSchedule::previous(WallTime at) const {
  const auto whole = floor<seconds>(at);
  if (whole < kEarliest || whole > kLatest) return std::nullopt;
  return impl_->fields.real_time ? impl_->previous_real(whole) : impl_->previous_fixed(whole);
}

}  // namespace assetd
