#pragma once
// What sensors watch: files, a feed, a value, somebody who calls a webhook. It changes by itself, whatever becomes of the daemon, and keeps count of what was
// asked for because of it.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/run/records.h"
#include "core/sensor/rules.h"
#include "tests/simulation/random.h"

namespace assetd::simulation {

/// The sensors that there can be: each name watches one thing, so that its cursor means the same for as long as the seed lasts.
namespace sensor {
inline const std::string kFiles = "files";      ///< of a folder
inline const std::string kKeyed = "keyed";      ///< a program that knows nothing and asks for all of the feed each time, by keys
inline const std::string kCounted = "counted";  ///< a program without keys: its cursor is how much of the feed it has asked for
inline const std::string kValue = "value";      ///< of a query
inline const std::string kAssets = "assets";    ///< what becomes of kWatched
inline const std::string kHook = "hook";
inline const std::string kWatched = "a00";
}  // namespace sensor

class Outside {
 public:
  /// One thing happens of which a sensor should know.
  void change(Random& random, WallTime now);
  /// How often something has happened.
  std::int64_t changes() const { return changes_; }

  std::vector<FoundFile> files() const;
  int items() const { return items_; }
  int value() const { return value_; }

  /// A delivery that has not been taken yet, to be sent (again); its sender knows nothing of a daemon that died.
  std::vector<std::string> unsent() const;
  void send(const std::string& delivery) { deliveries_.at(delivery).under_way = true; }
  bool all_taken() const;
  void answered(const std::string& delivery, bool taken);
  void daemon_died();

  /// A run that a sensor asks for commits: counted by what it is for. Throws a Violation where that has been asked for as often as it happened.
  void asked(const RunRecord& run);
  /// A sensor begins anew, as a person asked: what is there may be asked for once more.
  void begins_anew(const std::string& sensor);
  /// All sensors have looked at what there is: none of it was passed over.
  void check_all_asked(const std::map<std::string, SensorState>& sensors, const std::vector<FoundHappening>& happened) const;

 private:
  struct File {
    std::int64_t size = 0, mtime_ns = 0;
    int writes = 0;
  };
  struct Delivery {
    bool under_way = false, taken = false;
  };
  using Thing = std::pair<std::string, std::string>;  ///< sensor and what it found
  void write(Random& random, WallTime now);
  void move_away(Random& random);
  int times(const Thing& thing) const;
  void count(const std::string& sensor, const std::string& thing, int happened);
  void check_asked(const std::string& sensor, const std::string& thing) const;

  std::map<std::string, File> folder_;
  std::map<std::string, int> writes_;  ///< also of what was moved away
  int items_ = 0, value_ = 0;
  std::map<std::string, Delivery> deliveries_;
  std::map<Thing, int> asked_;
  std::map<Thing, int> again_;  ///< how often it may be asked for beyond that
  std::int64_t last_event_asked_ = 0, changes_ = 0;
};

}  // namespace assetd::simulation
