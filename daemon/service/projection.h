#pragma once
// From what the engine changed to what people and their programs see: events, states of assets, outcomes of steps. Filled into the same transaction.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "core/engine/change.h"
#include "core/engine/input.h"
#include "daemon/store/store.h"

namespace assetd {

/// Reads and stages states of assets by key, also of those that the current definitions no longer have.
class AssetStaging {
 public:
  virtual ~AssetStaging() = default;
  /// The state to change: staged, committed with the batch.
  virtual AssetState& stage(const std::string& key) = 0;
  /// The assets that are in progress by this run.
  virtual std::vector<std::string> in_progress_by(RunId run) const = 0;
};

class Partitions;
struct PartitionsInForce;
struct RestoredRun;

/// A failure of it is no update for what is made from the data it judges.
bool holds_back(const CheckSpec& check);
/// Nothing is to be made from the data that it judges.
bool refuses(const CheckResult& result);

class Projection {
 public:
  /// How assets are divided now: what was made of a partition is noted by its place there.
  void use(std::shared_ptr<const PartitionsInForce> partitions);
  /// Runs whose changes may come: from their creation, or from a restart, until they have ended.
  void know(const RunRecord& run, std::shared_ptr<const RunPlan> plan, RunContext context);
  /// After a restart: with what the checks of its live attempts have said, also of data that is yet to come.
  void take_up(const RestoredRun& run);
  /// Appends to `batch` what follows from `change`; the change itself is not added.
  void project(const Change& change, AssetStaging& assets, CommitBatch& batch);
  struct Known {
    RunRecord run;
    std::shared_ptr<const RunPlan> plan;
    RunContext context;
    std::unordered_map<StepIndex, RootCause> causes;        ///< steps that failed, for what they skip
    std::map<AssetId, std::set<StepIndex>> in_progress;     ///< of assets of which several partitions may be made at once
    std::unordered_map<StepIndex, RootCause> check_causes;  ///< by home, kNone for one outside the run: the blocking check that failed last
    std::unordered_map<StepIndex, std::vector<std::uint32_t>> checks_of = {};  ///< indices into plan->checks(), by the step whose data they judge
    /// Checks of an attempt, by asset and partition, and whether each holds back: some come before the data that they judge.
    std::map<std::pair<std::string, std::string>, std::map<std::string, bool>> reported = {};
  };
  /// A partition that no run made is there, and did not fail; "": so are all that there are.
  void note_report(AssetState& state, const std::string& key, const std::string& partition, const std::string& data_version, WallTime now) const;
  /// What its checks, or waivers of them, have let pass by now counts as an update, and is told.
  void settle_checks(AssetState& state, const std::string& key, RunId run, WallTime at, CommitBatch& batch) const;
  const Known* known(RunId run) const;
  void forget(RunId run) { runs_.erase(run); }

 private:
  void on(const RunCreated& change, AssetStaging& assets, CommitBatch& batch);
  void on(const RunChanged& change, AssetStaging& assets, CommitBatch& batch);
  void on(const RunAmended& change, AssetStaging& assets, CommitBatch& batch);
  void on(const StepChanged& change, AssetStaging& assets, CommitBatch& batch);
  void on(const StepsEnded& change, AssetStaging& assets, CommitBatch& batch);
  void on(const Materialized& change, AssetStaging& assets, CommitBatch& batch);
  void on(const CheckReported& change, AssetStaging& assets, CommitBatch& batch);
  void on(const TickRecorded& change, AssetStaging& assets, CommitBatch& batch);
  void on(const SchedulePaused& change, AssetStaging& assets, CommitBatch& batch);
  void on(const PoolResized& change, AssetStaging& assets, CommitBatch& batch);
  template <typename Other>
  void on(const Other&, AssetStaging&, CommitBatch&) {}  // kept, but nothing to be seen

  const AssetSpec& asset(const Known& known, StepIndex step) const { return known.context.definitions->assets[known.plan->asset(step)]; }
  void end_unknown(const RunRecord& run, AssetStaging& assets, CommitBatch& batch);
  std::vector<RootCause> causes_of(const Known& known, StepIndex cause, const std::string& detail) const;

  void note_progress(Known& known, const StepRecord& step, AssetState& state, WallTime at);
  void mark(AssetState& state, const std::string& key, const std::string& partition, bool made, std::optional<bool> failed) const;
  bool is_there(const std::string& key, const std::string& partition) const;  ///< false: a partition whose key was removed
  void note_disturbed(AssetState& state, const std::string& key, const std::string& partition) const;
  void note_check(AssetState& state, const CheckResult& result, bool failing) const;
  IndexSet places(const std::string& key, const std::string& partition, WallTime at) const;
  static void forgive(CheckDebts& debts, const IndexSet& set);
  IndexSet judged_by(RunId run, StepIndex home, const CheckDebts& debts, IndexSet set) const;
  void owe_checks(const Known& known, const Materialization& made, AssetState& state) const;
  void note_debts(const CheckResult& result, AssetState& state) const;
  void close_own_checks(Known& known, StepIndex step, AssetState& state) const;
  using ChangePartitions = std::function<void(PartitionStates&, const Partitions&)>;
  void change_partitions(AssetState& state, const std::string& key, const ChangePartitions& change) const;

  std::shared_ptr<const PartitionsInForce> partitions_;
  std::set<std::pair<std::string, std::string>> holding_;  ///< checks in force by home and name that hold back all that is made from their home, not only what is made from several assets
  std::unordered_map<RunId, Known> runs_;
};

}  // namespace assetd
