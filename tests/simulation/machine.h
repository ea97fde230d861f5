#pragma once
// What all parts of a simulation share: the moment, the disk, the operating system, the wires, the store, and the places where a test may break the
// production code's answers.

#include <functional>
#include <string>
#include <vector>

#include "core/engine/reconcile.h"
#include "supervisor/logic.h"
#include "tests/simulation/channel.h"
#include "tests/simulation/fake_disk.h"
#include "tests/simulation/fake_os.h"
#include "tests/simulation/fake_store.h"
#include "tests/simulation/options.h"
#include "tests/simulation/outside.h"
#include "tests/simulation/receivers.h"

namespace assetd::simulation {

enum class Who { daemon, supervisor, shim };

/// Thrown at a point where the program that runs is killed.
struct Died {
  Who who;
};

/// What happened, in lines; only kept for a seed that is shown.
class Trace {
 public:
  bool on = false;
  /// `text` gives the line.
  template <typename Text>
  void add(const Text& text) {
    if (on) lines_ += text() + "\n";
  }
  const std::string& lines() const { return lines_; }

 private:
  std::string lines_;
};

/// Decorators around what production decides: a mutant sets one of them, everything else leaves them alone.
struct Seams {
  std::function<void(Input&)> before_engine;
  std::function<void(const Now&, const Input&, Output&)> after_engine;
  std::function<void(std::vector<Blocker>&)> after_blockers;
  std::function<void(std::vector<ReconcileAction>&)> after_reconcile;
  std::function<void(const supervisor::Input&, supervisor::Actions&)> after_logic;
  std::function<void(std::vector<Effect>&)> before_effects;
  bool acts_before_commit = false;    ///< effects are not held back until their commit
  bool forgets_ticks = false;         ///< the store is not asked whether an instant has had its run
  bool forgets_answers = false;       ///< nor whether a request was answered
  bool acts_while_latched = false;    ///< what changes nothing is done though the store is latched
  bool leaves_lost_trees = false;     ///< nobody looks for what a dead shim has left
  bool ignores_recorded_ends = false; ///< what the shim wrote into the claim is not read when it is gone
  bool forgets_conditions = false;    ///< what conditions remember is not kept
  bool forgets_backfills = false;     ///< a run of a backfill commits without it
  bool drops_requests = false;        ///< what automation asks for is not begun
  bool forgets_cursors = false;       ///< runs that sensors ask for commit without what the sensors know
  bool forgets_sensor_keys = false;   ///< nor with the keys they were asked for by
  bool sensors_wait_for_each_other = false;  ///< one is looked at at a time
  bool sensors_never_back_off = false;       ///< a failure is taken for nothing found
  bool forgets_open_alerts = false;    ///< a restart does not know what has been told
  bool forgets_pending_alerts = false; ///< nor what waits to be delivered
  bool trusts_receivers = false;       ///< an attempt without an answer counts as delivered
  bool freshness_sleeps = false;       ///< no asset becomes too old by the clock alone
  bool keeps_removed_keys = false;    ///< automation is not told of keys that are removed
  bool stops_windows = false;         ///< no time passes for automation: no window ends
  bool drops_filters = false;         ///< of a condition only what sets it off counts
  bool forgets_evaluated_at = false;  ///< up to when conditions were looked at is not kept
  bool hides_reports = false;         ///< what somebody tells of is not told to automation
  bool ignores_mutes = false;         ///< schedules make what is muted
  bool forgets_pauses = false;        ///< a restart forgets what is muted or paused
  bool ticks_make_now = false;        ///< a tick makes the window of now instead of that of its instant
  bool wide_jitter = false;           ///< ten times as wide as the definitions say
  bool trusts_old_pids = false;       ///< a claim's pid is taken for the shim's session though somebody else may have it
};

struct Machine {
  explicit Machine(Random random_in) : random(std::move(random_in)), options(Options::draw(random)), os(random, disk) {}
  Random random;
  Options options;
  static constexpr WallTime kBegan{Millis(1'700'000'000'000)};
  Now now{kBegan, Millis(1'000'000)};
  Trace trace;
  Seams seams;
  FakeDisk disk;
  FakeOs os;
  Channel channel;
  FakeStore store;
  Outside outside;
  Receivers receivers;
  bool faults = true;
  std::function<void(Who)> point;  ///< between two effects: anything may be killed here, whoever calls by a Died
};

/// A line for each change that says something.
void describe(Trace& trace, const std::vector<Change>& changes);
void describe(Trace& trace, std::uint64_t connection, const supervisor::Command& command);

}  // namespace assetd::simulation
