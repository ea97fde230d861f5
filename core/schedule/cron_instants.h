#pragma once
// The instants of a cron expression by number: which is the n-th, and how many there were by some time, without counting them one by one.

#include <chrono>
#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "core/schedule/cron_fields.h"
#include "core/schedule/zone.h"

namespace assetd {

/// Immutable; use from any thread. Years are numbered in advance: from the earlier of 1970 and `year` to the later of 2100 and a century after `year`. What
/// lies before or after is not known: at() answers the begin or the end of that time.
///
/// Away from changes of the clocks a month's instants are its matching days times those of a day. Around a change CronSchedule is asked, so that its rules
/// for hours that are skipped or come twice stand in one place. A look-up costs at most the days of a month or the instants around one change.
class CronInstants {
 public:
  static std::expected<CronInstants, CronError> make(std::string_view expression, std::string_view timezone, int year);

  /// When number `number` is, from 0.
  std::chrono::sys_seconds at(std::int64_t number) const;
  /// The number of the last at or before `time`; -1: there is none.
  std::int64_t last_by(std::chrono::sys_seconds time) const;
  std::int64_t count() const { return count_; }

 private:
  using sys_seconds = std::chrono::sys_seconds;
  /// A part of the time, up to the next one's begin.
  struct Part {
    sys_seconds begin;
    std::int64_t before = 0;          ///< instants before `begin`
    std::chrono::seconds offset{0};   ///< from UTC, the same throughout; not where `at_change`
    bool at_change = false;
    std::chrono::local_seconds local(sys_seconds time) const { return std::chrono::local_seconds(time.time_since_epoch() + offset); }
  };

  CronInstants(CronSchedule schedule, CronFields fields) : schedule_(std::move(schedule)), fields_(fields) {}
  void divide(const Zone& zone, sys_seconds begin);
  void add_months(sys_seconds begin, sys_seconds end, std::chrono::seconds offset);
  void number();
  std::int64_t count_in(const Part& part, sys_seconds end) const;
  sys_seconds end_of(std::size_t part) const { return part + 1 < parts_.size() ? parts_[part + 1].begin : end_; }

  CronSchedule schedule_;
  CronFields fields_;
  std::vector<Part> parts_;
  sys_seconds end_{};
  std::int64_t count_ = 0;
};

}  // namespace assetd
