#pragma once
// Drives the engine from tests: definitions in a line each, processes that end as the test says, and a store in memory that knows what was committed.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/engine/engine.h"

namespace assetd::testing {

using Names = std::vector<std::string>;

/// What a project declares. The references that the makers return stay good.
class Project {
 public:
  /// A dependency that ends in '?' is `on_failure: continue`.
  AssetSpec& asset(const std::string& key, const Names& deps = {});
  /// A member of the one batch.
  AssetSpec& member(const std::string& key, const Names& deps = {});
  AssetSpec& external(const std::string& key);
  /// Blocking, of severity error, with a process of its own; `depends_on` besides its home.
  CheckSpec& check(const std::string& home, const std::string& name, const Names& depends_on = {});
  /// The same, reported by the process that makes its home.
  CheckSpec& reported_check(const std::string& home, const std::string& name, const Names& depends_on = {});
  std::shared_ptr<const Definitions> definitions() const;

 private:
  std::deque<AssetSpec> assets_;
  std::deque<CheckSpec> checks_;
};

/// Names: a step is its key, with "@" and its partition where it has one, a check's process "home:check", the process of a batch its members with '+' between. All act on the newest run unless they say so.
class Driver {
 public:
  explicit Driver(const Project& project, std::map<std::string, int> pools = {{"default", 100}});

  RunId request(const Names& keys = {}, StepsMode mode = StepsMode::all, int priority = 0);  ///< no keys: every asset
  RunId request_tick(const std::string& schedule, bool in_line = true);  ///< every asset, by a tick
  void feed(const Input& input);
  void pass(Millis time);  ///< wall and boot time go on, and the engine looks at them
  void restart(Millis down = Millis{0});  ///< a new engine takes up what was committed; boot time starts anew

  void seen(const std::string& name);
  void succeed(const std::string& name) { exit(name, 0); }
  void fail(const std::string& name) { exit(name, 1); }
  void exit(const std::string& name, int code);
  void signal(const std::string& name, int number);
  void lose(const std::string& name);
  void never_start(const std::string& name);
  void exit(const std::string& name, ExitReport report, std::vector<AttemptMessage> rest = {});
  void say(const std::string& name, AttemptMessage message);
  void begin_member(const std::string& key);
  void end_member(const std::string& key, const std::string& status = "succeeded", const std::string& reason = "");
  void report(const std::string& home, const std::string& check, CheckStatus status);
  void cancel();

  std::string statuses(RunId run = 0) const;  ///< "a=succeeded b=running", in the plan's order
  std::string status(const std::string& key) const { return std::string(to_string(step(key).status)); }
  std::string shown(const std::string& key) const;
  const StepRecord& step(const std::string& key) const;
  std::string run_status(RunId run = 0) const { return std::string(to_string(record(run).status)); }
  const RunRecord& record(RunId run = 0) const;
  Names blockers(const std::string& key, RunId run = 0) const;  ///< "kind: detail"
  Names run_blockers(RunId run) const;  ///< of a queued one: "kind what: detail"
  Names started();  ///< since the last call
  Names stopped();
  const AttemptRecord& attempt(const std::string& name) const;  ///< the newest that carries it
  Names checks() const;  ///< "home:check=status"

  template <typename Kind>
  std::vector<Kind> changes() const {
    std::vector<Kind> found;
    for (const auto& change : changes_)
      if (const auto* one = std::get_if<Kind>(&change)) found.push_back(*one);
    return found;
  }
  void forget_changes() { changes_.clear(), effects_.clear(); }
  const std::vector<Effect>& effects() const { return effects_; }
  const Engine& engine() const { return *engine_; }
  Now now{WallTime(Millis(1'700'000'000'000)), Millis(5'000'000)};
  // Of runs requested from now on.
  RunTimeouts timeouts;
  std::map<std::string, std::string> tags;
  std::optional<int> max_steps;
  std::map<std::string, Names> partitions;  ///< of assets that are divided
  MetricHistory history;  ///< what the past has, for checks of anomalies
  Waivers waivers;        ///< that a restart takes up; told by feed(WaiversChanged{waivers})
  bool force = false;
  std::set<std::string> unchanged = {};  ///< what the reuse rule says need not be executed
  std::string draw = "80000000";  ///< attempt ids begin with it; retries draw their jitter from it, this one the middle

 private:
  struct Run {
    RunRecord record;
    std::shared_ptr<const RunPlan> plan;
    std::map<StepIndex, StepRecord> steps;
    std::vector<CheckResult> checks;
    std::vector<AttemptRecord> attempts;
    nlohmann::json causes;
    std::vector<Materialization> made;
    std::vector<AttemptNoted> artifacts;
  };
  void take(Output out);
  void keep(const Change& change);
  AttemptRecord& kept_attempt(const AttemptId& id);
  const Run& run(RunId id) const { return runs_.at(id == 0 ? runs_.rbegin()->first : id); }
  StepIndex index(const Run& run, const std::string& key) const;
  std::string name_of(const AttemptRecord& attempt) const;
  std::string key_of(const Run& run, StepIndex step) const {
    const auto& partition = run.plan->partition(step);
    return definitions_->assets[run.plan->asset(step)].key + (partition.empty() ? "" : "@" + partition);
  }
  std::unique_ptr<Engine> new_engine();

  std::shared_ptr<const Definitions> definitions_;
  std::shared_ptr<const AssetGraph> graph_;
  std::map<std::string, int> pools_;
  RunLimits limits_;
  std::unique_ptr<Engine> engine_;
  std::map<RunId, Run> runs_;
  std::map<AttemptId, RunId> run_of_attempt_;
  std::vector<Change> changes_;
  std::vector<Effect> effects_;
  Names started_, stopped_;
  int attempts_made_ = 0;

 public:
  const nlohmann::json& causes() const { return run(0).causes; }
};

}  // namespace assetd::testing
