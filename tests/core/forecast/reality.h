#pragma once
// A small world in which the engine is driven as the daemon drives it, by a loop of its own: processes take the time that is assumed of them, ticks come,
// and some things happen that no forecast knows of. Forecasts are held against what becomes of it.

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/forecast/assumed_attempts.h"
#include "core/forecast/forecast.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {

/// Random assets in batches and alone, with checks, pools, resources, retries, timeouts, schedules of every overlap policy, and limits.
std::shared_ptr<const Definitions> random_timed_project(std::mt19937& random);

class Reality {
 public:
  Reality(std::shared_ptr<const Definitions> definitions, const Durations& durations, std::map<std::string, int> pools);

  /// Lets what is due until then happen.
  void go_on(WallTime until);
  void request(const std::vector<AssetId>& assets, int priority = 0);
  void cancel(RunId run);
  /// Of those that run now: it exits with 1 at this moment. False: nothing runs.
  bool fail_one(std::mt19937& random);
  void resize(const std::map<std::string, int>& pools);

  SimulationInput forecast_input(Millis horizon) const;  ///< as it is now; lives as long as this
  const Engine& engine() const { return engine_; }
  Now now{WallTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 1)), Millis(5'000'000)};
  const RunContext& context() const { return context_; }

  struct Step {
    StepStatus status = StepStatus::pending;
    std::optional<WallTime> started_at, ended_at;
  };
  struct Run {
    RunRecord record;
    std::vector<Step> steps;
    std::shared_ptr<const RunPlan> plan;
  };
  std::map<RunId, Run> runs;
  std::vector<std::string> missed;                      ///< "schedule instant", in order
  std::map<std::string, std::vector<WallTime>> made;    ///< by key

 private:
  struct Process {
    AttemptId id;
    std::vector<AttemptMoment> moments;  ///< what is left of it
  };
  void feed(const Input& input);
  void one_moment(Process& process);
  void exit(const AttemptId& id, ExitReport::Kind kind, int code);
  void tick();

  std::shared_ptr<const Definitions> definitions_;
  std::shared_ptr<const AssetGraph> graph_;
  RunContext context_;
  const Durations& durations_;
  Ticker ticker_;
  int attempts_ = 0;
  Engine engine_;
  std::vector<Process> processes_;  ///< in the order of their start
};

}  // namespace assetd::testing
