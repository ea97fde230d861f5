#pragma once
// The one place that knows the time-zone library.

#include <chrono>
#include <optional>
#include <string_view>

namespace date {
class time_zone;
}

namespace assetd {

/// An IANA zone of the system's database. A cheap value; use from any thread.
class Zone {
 public:
  static std::optional<Zone> find(std::string_view name);

  /// A stretch of time with one offset from UTC: [begin, end).
  struct Stretch {
    std::chrono::sys_seconds begin, end;
    std::chrono::seconds offset;
    std::chrono::local_seconds to_local(std::chrono::sys_seconds time) const {
      return std::chrono::local_seconds(time.time_since_epoch() + offset);
    }
    std::chrono::sys_seconds to_utc(std::chrono::local_seconds time) const {
      return std::chrono::sys_seconds(time.time_since_epoch() - offset);
    }
  };
  Stretch stretch(std::chrono::sys_seconds time) const;

  /// When a clock on the wall first shows `time`; for a time that the clocks skip, the first whole minute that they
  /// show after it.
  std::chrono::sys_seconds first_shown(std::chrono::local_seconds time) const;

  /// Does the clock show at `time` what it showed before? Then the first local time that it has not shown yet.
  std::optional<std::chrono::local_seconds> end_of_repetition(std::chrono::sys_seconds time) const;

 private:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_;
};

}  // namespace assetd
