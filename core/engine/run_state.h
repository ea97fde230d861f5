#pragma once
// What the engine remembers of a run that has not ended.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/check/anomaly.h"
#include "core/check/waiver.h"
#include "core/engine/change.h"
#include "core/engine/input.h"
#include "core/run/artifacts.h"
#include "core/run/plan.h"
#include "core/run/records.h"

namespace assetd {

struct StepSlot {
  StepStatus status = StepStatus::pending;
  bool begun = false;         ///< its process, or its part of a batch, has begun in the live attempt
  bool reported = false;      ///< a materialization was reported in the live attempt
  bool materialized = false;  ///< its own work is done; blocking checks may be outstanding
  bool announced = false;     ///< units of checks have been told that it is materialized, or never will be
  bool check_failed = false;  ///< a blocking check of severity error failed
  bool reused = false;        ///< succeeded without being executed: what there is is what it would give
  std::uint16_t attempts = 0;
  std::uint32_t open_checks = 0;  ///< checks that must be in before it may end
  std::optional<WallTime> started_at, ended_at;
};

struct UnitSlot {
  enum class Phase : std::uint8_t { waiting, ready, live, delayed, done };
  Phase phase = Phase::waiting;
  std::uint32_t waiting_on = 0;  ///< edges from other units whose upstream has not ended
  int attempts = 0;
  int never_started = 0;         ///< in a row
  std::optional<Millis> retry_at_boot;
  std::optional<WallTime> retry_at;
  WallTime since{};              ///< since when it is ready, or delayed
  std::optional<Millis> queue_deadline;  ///< boot time; while ready
};

struct CheckSlot {
  std::optional<CheckStatus> status;
};

struct LiveAttempt {
  AttemptRecord record;
  std::string stop_reason;    ///< timeout (its own), run_over (its run's) or canceled, once a stop was asked
  std::string failed_reason, failed_detail;  ///< from assetd.attempt_failed or closed
  std::optional<Millis> deadline;            ///< boot time
  std::unordered_multimap<std::string, StepIndex> steps_of_key;
  std::map<StepIndex, ReportedArtifacts> artifacts;  ///< of steps without partition
};

/// An error check that failed: why a run failed, and the cause of what it blocks.
struct FailedCheck {
  std::string name, home, detail;
  StepIndex home_step = kNone;
  std::uint32_t skipped = 0;
};

/// What the rules of a run take from outside of it; the engine's, shared by all of its runs.
struct Surroundings {
  Waivers waivers;
  MetricHistory history;  ///< empty: nothing is known of the past
};

struct RunState {
  RunRecord record;
  std::shared_ptr<const RunPlan> plan;
  RunContext context;
  std::shared_ptr<const Surroundings> around = std::make_shared<Surroundings>();
  std::vector<StepSlot> steps;
  std::vector<UnitSlot> units;
  std::vector<CheckSlot> checks;  ///< by index into plan->checks()
  std::unordered_map<StepIndex, std::vector<std::uint32_t>> check_units;  ///< checks with a process of their own, by each asset they depend on
  std::unordered_map<StepIndex, std::pair<std::string, std::string>> notes;  ///< reason and detail where there is one
  std::unordered_map<UnitIndex, std::string> not_started;  ///< why the process that was wanted last never started; until the next one is wanted
  std::map<AttemptId, LiveAttempt> live;
  std::array<std::uint32_t, 9> counts{};  ///< by StepStatus
  std::uint32_t open_steps = 0;           ///< not terminal
  std::uint32_t open_check_units = 0;
  std::optional<Millis> deadline;         ///< boot time: in line its queue_timeout's, then its timeout's
  std::vector<FailedCheck> failed_checks;
  std::map<StepIndex, std::uint32_t> skipped_by;  ///< how many steps each failed one took along
  bool may_reuse = false;  ///< one of its assets says skip_if_unchanged, and nobody asked for all to be executed

  const AssetSpec& asset(StepIndex step) const { return context.definitions->assets[plan->asset(step)]; }
  /// For people: "events", "events [2026-01-31]".
  std::string name(StepIndex step) const {
    const auto& partition = plan->partition(step);
    return partition.empty() ? asset(step).key : asset(step).key + " [" + partition + "]";
  }
  /// How the unit's process is to be run: the check's own, or that of its first asset; nullopt where a plugin decides all.
  const std::optional<RunSpec>& run_spec(UnitIndex unit) const {
    const auto& planned = plan->units()[unit];
    return planned.check != kNone ? context.definitions->checks[planned.check].run : asset(planned.steps.front()).run;
  }
  const CheckSpec& check(std::uint32_t planned) const { return context.definitions->checks[plan->checks()[planned].check]; }
  /// Members of a batch begin and end when their process says so; a plain step does with its process.
  bool is_plain(UnitIndex unit) const { return plan->units()[unit].check != kNone || asset(plan->units()[unit].steps.front()).batch.empty(); }
  bool canceling() const { return record.status == RunStatus::canceling; }
};

/// A run as a restart finds it.
struct RestoredRun {
  RunRecord run;
  std::shared_ptr<const RunPlan> plan;
  RunContext context;
  std::vector<StepRecord> steps;
  std::vector<CheckResult> checks;
  std::vector<AttemptRecord> attempts;
  std::vector<StepIndex> reported = {};  ///< steps whose live attempt has reported a materialization
  std::vector<AttemptNoted> artifacts = {};  ///< that live attempts have reported, in order
};

}  // namespace assetd
