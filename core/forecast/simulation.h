#pragma once
// The production engine on a clock that jumps: from a moment of a living engine on, ticks come, attempts take as long as is assumed, and what follows
// follows by the rules that the daemon obeys. Nothing fails but what its own timeout ends, and nobody intervenes.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/automation/automation.h"
#include "core/backfill/backfill.h"
#include "core/engine/engine.h"
#include "core/forecast/durations.h"
#include "core/schedule/ticker.h"

namespace assetd {

/// What follows from changes by itself: automation, and the pauses that hold it and schedules.
class Reactions {
 public:
  virtual ~Reactions() = default;
  virtual bool holds_schedules() const = 0;
  /// `engine` is the one that made the change.
  virtual void note(const Change& change, const Engine& engine) = 0;
  virtual bool is_due(WallTime now) const = 0;
  virtual std::optional<WallTime> next_instant() const = 0;
  /// Which assets are to be made now. The caller makes a run of them, says so with requested(), and asks again until there are none.
  virtual AutomationWanted evaluate(WallTime now) = 0;
  virtual void requested(const std::vector<AssetId>& assets, RunId run) = 0;
  /// Takes the muted ones out and says who muted them; "": none is. Nobody mutes anything within a simulation: there can only be fewer.
  virtual std::string leave_out_muted(std::vector<AssetId>& assets, WallTime now) const = 0;
  virtual void settle() = 0;  ///< all of this moment has been dealt with
};

struct SimulationInput {
  Now now;                     ///< of the engine's state
  WallTime until{};
  RunContext context;          ///< of the definitions in force: what runs that do not exist yet are made of
  const Engine* engine = nullptr;  ///< cloned, not changed
  const Ticker* ticker = nullptr;  ///< copied
  std::optional<std::map<std::string, int>> pools;  ///< slots instead of those in force
  const Durations* durations = nullptr;
  std::function<bool(AssetId)> made;  ///< as make_plan takes it
  std::function<std::expected<std::vector<AssetId>, std::string>(const std::string& selection)> select;  ///< asked once for each selection
  std::function<std::unique_ptr<Reactions>(const Engine&)> reactions;  ///< null: nothing reacts
  DynamicKeys dynamic;              ///< of now: which keys come is not known
  std::vector<Backfill> backfills;  ///< that are not over
  std::size_t most_steps = 2'000'000;  ///< steps begun, then it stops and says so
};

struct SimulatedStep {
  StepStatus status = StepStatus::pending;
  std::optional<WallTime> ready_at;  ///< when all above it had ended; nothing for what had begun before
  std::optional<WallTime> started_at, ended_at;
  std::uint32_t held = kNone;        ///< index into Simulated::demands: what its attempt holds
  Millis waited() const { return ready_at && started_at ? std::max(Millis{0}, *started_at - *ready_at) : Millis{0}; }
};

struct SimulatedRun {
  RunRecord record;
  bool from_before = false;  ///< it was there when the simulation began
  std::shared_ptr<const RunPlan> plan;
  RunContext context;
  std::vector<SimulatedStep> steps;
  const AssetSpec& asset(StepIndex step) const { return context.definitions->assets[plan->asset(step)]; }
};

/// A tick without a run.
struct MissedTick {
  std::string schedule;
  WallTime instant{};
  std::string reason;
};

struct PoolUse {
  int slots = 0;
  std::vector<Millis> busy;    ///< slots × time, by slice of the horizon (kPoolSlices)
  Millis waited{};             ///< of all steps that waited and needed it
  std::size_t steps_waited = 0;
};
inline constexpr std::size_t kPoolSlices = 48;

/// A materialization, and of when its data is: of what is divided by time the end of its window.
struct SimulatedData {
  WallTime at{}, data_at{};
};

struct Simulated {
  std::vector<SimulatedRun> runs;  ///< in the order of their creation
  std::vector<MissedTick> missed;
  std::vector<std::vector<SimulatedData>> made;  ///< by AssetId of the definitions in force, in order
  std::map<std::string, PoolUse> pools;
  std::vector<Demand> demands;
  std::size_t steps = 0;                  ///< begun
  std::optional<WallTime> stopped_at;     ///< before `until`, because of most_steps
};

Simulated simulate(const SimulationInput& input, Pace pace);

}  // namespace assetd
