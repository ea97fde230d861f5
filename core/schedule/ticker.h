#pragma once
// Which ticks of which schedules are due. Pure: driven by (now), remembers a cursor per schedule.
//
// A tick is known by its instant, which the cron expression gives. It is due at its moment: the instant and a delay within the schedule's jitter that follows
// from name and instant alone, so that restarts, reloads and forecasts agree on it. No moment lies behind the following instant: ticks keep their order,
// and at most the newest instant still waits for its moment.

#include <functional>
#include <limits>
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
  WallTime moment{};   ///< when it was due
  bool run = true;     ///< false: only to be recorded, with `reason`
  std::string reason;
};

/// What is kept of a schedule across restarts.
struct SchedulePosition {
  std::optional<WallTime> cursor;  ///< all instants at or before it have been dealt with; an instant before now that waits for its moment lies behind it
  std::string fingerprint;         ///< of cron and zone when the cursor was set
  std::optional<bool> paused;      ///< over the API; nothing: as defined
  std::string paused_by, pause_reason;
};

class Ticker {
 public:
  /// Has this instant been dealt with before, by whatever process? Asked of the store: a cursor says nothing once the clock has been set back.
  using HadTick = std::function<bool(const std::string& schedule, WallTime instant)>;

  /// Takes over new definitions. A schedule that is new, or whose cron or zone changed, begins at `now`: an edit never fires what lies behind it,
  /// but for the instant that waits for its moment, if it is one of the old cron and of the new.
  /// So does one whose cursor lies more than a minute ahead: the clock was set back while the daemon was not running. Nor is made up for what fell into the time
  /// in which a schedule was defined as paused, or was not defined, while this ticker was.
  void define(const std::vector<ScheduleSpec>& schedules, const std::map<std::string, SchedulePosition>& stored, WallTime now);

  /// Every tick after the cursors whose moment is not after `now`, in order of these, and moves the cursors. Those late by more than a minute follow the misfire
  /// policy; `all` gives at most 100. When the clock was set back by more than a minute the cursors return to now, and instants that had a tick keep it.
  /// Cheap when nothing is due: to be called at every turn, or a clock that was set back is not noticed. Of each schedule at most the newest 1,000
  /// instants are looked at, however long the stop was. Stops after the schedule with which `enough` ticks are there: the others are due at the next call.
  std::vector<DueTick> due(WallTime now, const HadTick& had, std::size_t enough = std::numeric_limits<std::size_t>::max());

  std::optional<WallTime> next_moment() const;  ///< the earliest of all that are not paused
  /// What was due in a pause is not made up for, neither is what was not yet looked at when it began.
  bool pause(const std::string& schedule, bool paused, const std::string& by, const std::string& reason, WallTime now);

  struct Entry {
    ScheduleSpec spec;
    CronSchedule cron;
    SchedulePosition position;
    std::optional<WallTime> next;    ///< the first instant after the cursor
    std::optional<WallTime> moment;  ///< of `next`
    std::optional<WallTime> hurried; ///< an instant that waited for its moment when an edit moved that into the past: it is not late
    WallTime moment_of(WallTime instant) const;
    /// Up to where all instants have had their moment: `now`, or just before the instant that waits for its own.
    WallTime settled(WallTime now) const;
    bool paused() const { return position.paused.value_or(spec.paused); }
  };
  const std::map<std::string, Entry>& entries() const { return entries_; }
  static std::string fingerprint(const ScheduleSpec& spec) { return spec.cron + " " + spec.timezone; }

 private:
  static void place(Entry& entry, WallTime now);
  static void pass_over(Entry& entry, WallTime now);  ///< what fell into a pause, until now, is not made up for
  void return_cursors(WallTime now);
  void collect(Entry& entry, WallTime now, const HadTick& had, std::vector<DueTick>& out);
  void requeue(Entry& entry);

  std::map<std::string, Entry> entries_;
  std::set<std::pair<WallTime, std::string>> queue_;  ///< next moments of schedules that are not paused
  std::optional<WallTime> last_now_;
  bool defined_ = false;
};

}  // namespace assetd
