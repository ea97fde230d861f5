#pragma once
// Partitions that are windows of time: the n-th hour, day, week or month since a start, or the n-th stretch between two instants of a cron expression, in
// a zone's local time.

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/partition/index_set.h"
#include "core/partition/spec.h"
#include "core/schedule/zone.h"
#include "core/time.h"

namespace assetd {

class CronInstants;

struct TimeWindow {
  WallTime begin{}, end{};  ///< [begin, end)
  bool operator==(const TimeWindow&) const = default;
};

/// Immutable; use from any thread. Every function takes a fixed number of look-ups in the zone's rules, however many windows there are.
///
/// Hours are real: where clocks are set, a local hour is skipped or comes twice. Where they are set by less than an hour (Lord Howe Island: half of one), the
/// hours after it begin again when the clock shows their minute, and the one in which they were set is longer by the rest. Days, weeks and months begin when the clock first shows their
/// boundary, so that a day may have 23 or 25 hours. Keys are local: "2026-01-31" and "2026-01-31-05:00", the second of two equal hours with its
/// offset from UTC, "2026-10-25-01:00+00:00". A day that a zone never had (Apia left one out) is an empty window. Windows of a cron expression begin at its
/// instants, whose rules are those of cron.h, and have keys as hours have. They go on for a hundred years at most.
class TimeWindows {
 public:
  /// Errors are sentences about the key of the definition that is wrong: "start: …".
  static std::expected<TimeWindows, std::string> make(const TimeWindowsSpec& spec);

  TimeWindow window(PartitionIndex index) const;
  std::string key(PartitionIndex index) const;
  std::optional<PartitionIndex> index(std::string_view key) const;  ///< of a key exactly as key() writes it
  /// The window with that moment; nothing before the first and after the last.
  std::optional<PartitionIndex> at(WallTime time) const;
  /// How many windows have ended by then, from the first on: those that can be filled.
  PartitionIndex ended_by(WallTime time) const;
  /// How many there are in all; nothing where they go on.
  std::optional<PartitionIndex> count() const { return count_; }
  Grain grain() const { return grain_; }
  /// Those with a moment of [begin, end) as if windows went on in both directions: also before 0 and beyond the last.
  IndexRange overlapping(const TimeWindow& time) const;
  /// Those of a range that there are.
  IndexRange existing(IndexRange range) const;

 private:
  TimeWindows(Grain grain, Zone zone) : grain_(grain), zone_(zone) {}
  std::chrono::local_seconds boundary(PartitionIndex index) const;  ///< of days, weeks and months
  void lay_hours(std::chrono::sys_seconds first, std::chrono::minutes offset);
  std::chrono::sys_seconds begin_of(PartitionIndex index) const;
  PartitionIndex last_begun(std::chrono::sys_seconds time) const;  ///< may be negative or beyond the last

  Grain grain_;
  Zone zone_;
  std::shared_ptr<const CronInstants> cron_;   ///< cron
  PartitionIndex first_instant_ = 0;           ///< cron: the number of the first window's begin among these
  struct Hours {
    PartitionIndex first = 0;
    std::chrono::sys_seconds begin{};
  };
  std::vector<Hours> hours_;                   ///< hourly: windows one hour apart, until the next of these; one but where clocks are set by a part of an hour
  std::chrono::local_days first_day_{};        ///< daily, weekly
  std::chrono::year_month first_month_{};      ///< monthly
  std::chrono::days month_offset_{0};
  std::chrono::seconds time_of_day_{0};
  std::optional<PartitionIndex> count_;
};

}  // namespace assetd
