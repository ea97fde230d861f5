#pragma once
// Who may start: units that are ready, by priority and age, against pools of slots, resources held shared or exclusively, and how many units of
// their run may be live at once. Units with the same demand wait in one line, so that a line of 100,000 costs the same as one of ten; within it
// those of a run stand together, so that a run which is at its cap, or is given another priority, moves as a whole.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/run/records.h"

namespace assetd {

/// What an attempt holds from its intent to its committed end.
struct Demand {
  std::map<std::string, int> slots;
  std::map<std::string, HoldMode> resources;
  auto operator<=>(const Demand&) const = default;
};

struct ReadyUnit {
  int priority = 0;  ///< higher first; one for all units of a run
  RunId run = 0;     ///< then older runs
  UnitIndex unit = 0;
  WallTime since{};
  bool operator<(const ReadyUnit& other) const {
    if (priority != other.priority) return priority > other.priority;
    return run != other.run ? run < other.run : unit < other.unit;
  }
};

struct Hold {
  RunId run = 0;
  UnitIndex unit = 0;
  Demand demand;
  WallTime since{};
};

/// Why a ready unit does not start.
struct DispatchBlock {
  std::string kind;  ///< pool, resource, cap
  std::string what;  ///< name of the pool or resource
  int needs = 0, size = 0, used = 0;  ///< pools and caps
  std::vector<std::pair<AttemptId, Hold>> holders = {};  ///< the first few, the longest first
  std::size_t more_holders = 0;
  struct Ahead {
    std::size_t count = 0;  ///< units that wait for the same and come first, at least; counted up to kAheadCounted
    std::optional<ReadyUnit> first = {};
  };
  Ahead ahead = {};
};

class Dispatcher {
 public:
  static constexpr std::size_t kAheadCounted = 1000;

  Dispatcher() = default;
  Dispatcher(const Dispatcher& other);  ///< for Engine::clone: what waits and holds there does here
  Dispatcher(Dispatcher&&) = default;
  Dispatcher& operator=(Dispatcher&&) = default;

  void set_pools(std::map<std::string, int> slots) { pools_ = std::move(slots); }
  const std::map<std::string, int>& pools() const { return pools_; }
  int used(const std::string& pool) const;
  const std::unordered_map<AttemptId, Hold>& holds() const { return holds_; }

  void add(const ReadyUnit& unit, const Demand& demand);
  void remove(RunId run, UnitIndex unit);
  bool waiting(RunId run, UnitIndex unit) const { return waiting_.contains({run, unit}); }
  std::size_t waiting_count() const { return waiting_.size(); }

  /// From now on no more than `most` units of this run hold at once; those that hold already count once they are told by hold().
  void cap(RunId run, int most);
  /// The run has ended: its cap is forgotten.
  void uncap(RunId run) { caps_.erase(run); }
  /// Of the run's units that wait now. Costs a step for each line, and one for each of those units.
  void set_priority(RunId run, int priority);

  using Launch = std::function<void(const ReadyUnit&, const Demand&)>;
  /// Takes out every unit that may start now, in order. `launch` must hold() its demand before it returns, and changes nothing else here. A unit
  /// that comes first and waits for a pool or resource keeps it from those behind it, so that large demands are not starved by small ones; for the
  /// first of all that wait, what it needs besides is set aside too, so that a demand of two pools is not starved by demands of each (backfilling
  /// with one reservation: Lifka 1995); but not what everybody who holds what it is short of will free with it, as a run that a limit of
  /// "team=a" counts is counted by "team" too.
  void dispatch(const Launch& launch);

  void hold(const AttemptId& attempt, Hold hold);
  void release(const AttemptId& attempt);

  /// For a unit that waits: what it waits for. Empty for one that could start at the next dispatch.
  std::vector<DispatchBlock> blocks(RunId run, UnitIndex unit) const;
  /// The first `limit` of the units that wait, in the order in which they may start.
  std::vector<ReadyUnit> lines(std::size_t limit) const;
  int waiting_for_pool(const std::string& pool) const;

 private:
  struct Rank {
    int priority = 0;
    RunId run = 0;
    bool operator<(const Rank& other) const { return priority != other.priority ? priority > other.priority : run < other.run; }
  };
  using Units = std::map<UnitIndex, WallTime>;  ///< since when they wait
  struct Line {
    std::map<Rank, Units> open, shut;  ///< shut: of runs that are at their cap
    std::size_t size = 0;
    std::map<Rank, Units>& side(bool is_shut) { return is_shut ? shut : open; }
  };
  using Lines = std::map<Demand, Line>;
  struct Place {
    Lines::iterator line;
    Rank rank;
  };
  struct Cap {
    int most = 0, live = 0;
    bool reached() const { return live >= most; }
  };
  /// What those that come first and wait keep from those behind them.
  struct Reserved {
    std::set<std::string> pools, resources;  ///< what they are short of, whole
    bool any = false;                        ///< somebody waits: the first of all has the rest of its demand set aside
    Demand aside;
  };
  static ReadyUnit head(const Line& line);
  bool dispatch_once(const Launch& launch);
  bool is_shut(RunId run) const;
  void turn(RunId run, bool shut);
  void count_live(RunId run, int by);
  bool fits(const Demand& demand, const Reserved& reserved) const;
  void reserve(const Demand& demand, Reserved& reserved) const;
  Demand set_aside(const Demand& demand) const;
  std::vector<const Hold*> holders_of_what_lacks(const Demand& demand) const;
  bool keeps_pool(const Reserved& reserved, const std::string& pool, int slots) const;
  static bool keeps_resource(const Reserved& reserved, const std::string& resource, HoldMode mode);
  Reserved reserved_before(const ReadyUnit& unit) const;
  DispatchBlock::Ahead ahead_of(const ReadyUnit& unit, const std::function<bool(const Demand&)>& wants_it) const;
  void name_holders(DispatchBlock& block, const std::function<bool(const Hold&)>& holds_it) const;
  bool pool_fits(const std::string& pool, int slots) const;
  bool resource_fits(const std::string& resource, HoldMode mode) const;

  struct ResourceUse {
    int readers = 0;
    bool writer = false;
  };
  std::map<std::string, int> pools_;
  std::map<std::string, int> used_;
  std::map<std::string, ResourceUse> resources_;
  std::unordered_map<AttemptId, Hold> holds_;
  std::unordered_map<RunId, Cap> caps_;
  Lines lines_;
  std::map<std::pair<RunId, UnitIndex>, Place> waiting_;
};

}  // namespace assetd
