#pragma once
// Which ticks of which schedules are due. Pure: driven by (now), remembers a cursor per schedule.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/schedule/cron.h"
#include "core/time.h"

namespace assetd {

struct DueTick {
  std::string schedule;
  WallTime instant{};
  bool run = true;     ///< false: only to be recorded, with `reason`
  std::string reason;
};

/// What is kept of a schedule across restarts.
struct SchedulePosition {
  std::optional<WallTime> cursor;  ///< all instants at or before it have been dealt with
  std::string fingerprint;         ///< of cron and zone when the cursor was set
  std::optional<bool> paused;      ///< over the API; nothing: as defined
  std::string paused_by, pause_reason;
};

class Ticker {
 public:
  /// Takes over new definitions. A schedule that is new, or whose cron or zone changed, begins at `now`: an edit never fires what lies behind it.
  void define(const std::vector<ScheduleSpec>& schedules, const std::map<std::string, SchedulePosition>& stored, WallTime now);

  /// Every tick between the cursors and `now`, in order of time, and moves the cursors. Late ones (by more than a minute) follow the schedule's misfire
  /// policy; `all` gives at most 100. When the clock was set back by more than a minute the cursors return to now, and instants that had a tick keep it.
  std::vector<DueTick> due(WallTime now);

  std::optional<WallTime> next_instant() const;  ///< the earliest of all that are not paused
  bool pause(const std::string& schedule, bool paused, const std::string& by, const std::string& reason, WallTime now);

  struct Entry {
    ScheduleSpec spec;
    CronSchedule cron;
    SchedulePosition position;
    std::optional<WallTime> next;
    std::set<WallTime> recent;  ///< instants that had a tick, the newest few
    bool paused() const { return position.paused.value_or(spec.paused); }
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }
  static std::string fingerprint(const ScheduleSpec& spec) { return spec.cron + " " + spec.timezone; }

 private:
  void collect(Entry& entry, WallTime now, std::vector<DueTick>& out);
  void requeue(Entry& entry);

  std::map<std::string, Entry> entries_;
  std::set<std::pair<WallTime, std::string>> queue_;  ///< next instants of schedules that are not paused
  std::optional<WallTime> last_now_;
};

}  // namespace assetd
