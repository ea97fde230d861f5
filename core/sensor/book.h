#pragma once
// Which sensors are to be evaluated, and what is remembered of each. Pure: driven by (now). Pace and back-off count boot time, so that a clock that is set
// neither stops a sensor nor hurries it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/sensor/sensor.h"

namespace assetd {

inline constexpr std::size_t kMostAsking = 16, kMostProcesses = 256;  ///< programs and queries at once: that began a moment ago; in all
inline constexpr Millis kLongLook{10'000};                            ///< one that takes longer keeps no other from its turn

class SensorBook {
 public:
  struct Entry {
    SensorSpec spec;
    SensorState state;
    std::optional<SensorTick> last_tick;
    std::optional<Millis> due;    ///< boot time; nothing: when something is told of
    Millis begun{};               ///< boot time of the last evaluation's begin
    std::uint64_t evaluation = 0; ///< under way; 0: none
    bool stale = false;           ///< what it will come to says nothing any more: it began from something else
    bool told = false;            ///< something happened since the evaluation under way began
    bool followed = false;        ///< its files tell by themselves when they change
    bool unsaved = false;         ///< state and last tick differ from what is stored, by nothing that a crash may not lose
    bool paused() const { return state.paused.value_or(spec.paused); }
  };

  /// Takes over new definitions. Sensors that were defined before go on; a sensor of which nothing is kept, or that watched something of another kind,
  /// begins without a cursor. An evaluation under way of a sensor that was changed comes to nothing.
  void define(const std::vector<SensorSpec>& sensors, const std::map<std::string, SensorState>& stored, const std::map<std::string, SensorTick>& last_ticks, const Now& now);

  /// Knows none any more; what is under way comes to nothing.
  void clear() { entries_.clear(); }

  /// The sensors to evaluate now, the one that waits longest first. Nothing that is paused or under way. Of those that ask a program or a database so many
  /// as there is room for beside those under way: kMostAsking, of which one that takes long counts no more, and kMostProcesses in all. Files and what
  /// happens to assets wait for nobody.
  std::vector<std::string> due(const Now& now) const;
  /// Boot time. A program or query for which there is no room comes when one that is under way counts no more, or ends.
  std::optional<Millis> next_due(const Now& now) const;
  /// Gives the evaluation's number. `name` must be defined and not under way.
  std::uint64_t begin(const std::string& name, const Now& now);
  /// The sensor whose evaluation that is, if it still counts; it is no longer under way then.
  const Entry* end(const std::string& name, std::uint64_t evaluation);

  /// What an evaluation, or a delivery of a webhook, came to. `runs`: made of its requests; `known`: requests that had been made before.
  struct Told {
    WallTime at{};
    Millis took{};
    SensorFinding finding;
    std::vector<RunId> runs = {};
    int known = 0;
    std::string muted = {};  ///< who muted what its runs leave out, or all that would have made one
    std::string log = {};
  };
  /// Remembers it and says when it is due again. True: it is to be committed at once; else with save(), sooner or later.
  bool settle(const std::string& name, Told told, const Now& now);

  /// Something happened that it watches.
  void tell(const std::string& name, const Now& now);
  void tell(SensorKind kind, const Now& now);
  /// Its files tell by themselves from now on (or no longer): it looks less often.
  void follow(const std::string& name, bool followed, const Now& now);
  /// False: it is not defined.
  bool pause(const std::string& name, bool paused, const std::string& by, const std::string& reason, const Now& now);
  /// It begins from there; `cursor` "": as if it were new. Comes to nothing for one that is not defined.
  void reset(const std::string& name, const std::string& cursor, const Now& now);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const Entry* find(const std::string& name) const;
  /// Names of those with something to save; then it counts as saved.
  std::vector<std::string> take_unsaved();

 private:
  std::size_t room(const Now& now) const;
  Millis pace(const Entry& entry) const;
  std::map<std::string, Entry> entries_;
  std::uint64_t last_evaluation_ = 0;
};

}  // namespace assetd
