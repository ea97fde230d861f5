#pragma once
// Automation around a simulated daemon: the production automator over the production asset book and projection. After daemon/service/service_automation.cc.

#include <functional>
#include <memory>
#include <optional>

#include "daemon/service/automator.h"
#include "tests/simulation/machine.h"

namespace assetd::simulation {

/// Does nothing where the seed has no automation.
class AutomationHost {
 public:
  explicit AutomationHost(Machine& machine) : machine_(machine) {}

  /// From the store, after a start or a failed commit; then use() and, for each run, take_up().
  void restore();
  void use(const RunContext& context, const Engine& engine, const DynamicKeys& keys);
  void divide(const DynamicKeys& keys);
  void take_up(const RestoredRun& run);
  void know(const RunRecord& run, std::shared_ptr<const RunPlan> plan, const RunContext& context);
  void know_runs(const Engine& engine);
  AssetBook& book() { return book_; }
  std::shared_ptr<const Project> project() const { return project_; }
  /// In which the asset failed last, or its check (not ""), with what the turn in progress is about to commit. Null: it is not divided.
  struct FailedPartitions {
    const Partitions* divided = nullptr;
    IndexSet set;
  };
  FailedPartitions failed_partitions(const std::string& key, const std::string& check) const;
  void hold() { automator_.hold(); }
  void pause(AutomationPause pause) { automator_.pause(std::move(pause)); }
  void resume(const std::string& asset) { automator_.resume(asset); }
  bool all_paused() const { return automator_.find_pause("") != nullptr; }
  void leave_out_muted(std::vector<AssetId>& assets, WallTime now) const;
  /// Somebody has made it by hand, or elsewhere: the state of the asset, beside the change that says so.
  void note_report(const Materialization& made);

  void note(const Change& change);
  bool is_due() const;
  std::optional<WallTime> next_instant() const;
  /// At the end of a turn. `begin`: makes a run of these assets, 0 where there is nothing to make.
  using Begin = std::function<RunId(const AutomationWanted&)>;
  void automate(FakeStore::Batch& batch, const Begin& begin);
  void committed(const FakeStore::Batch& batch) { book_.apply(batch.assets, 0); }

 private:
  std::shared_ptr<const PartitionsInForce> in_force(const DynamicKeys& keys) const;
  WallTime clock() const;
  /// Freshness lives in the same book, and which partitions failed, of which alerts tell; mutes and the red button in the automator.
  bool off() const {
    const auto& options = machine_.options;
    return options.automation == 0 && options.freshness == 0 && options.alerts == 0 && options.holds == 0 && options.rules.mutes == 0 && options.rules.red_button == 0;
  }

  Machine& machine_;
  RunContext context_;
  std::shared_ptr<const Project> project_;
  std::shared_ptr<const PartitionsInForce> partitions_;
  AssetBook book_;
  Projection projection_;
  Automator automator_{book_};
};

}  // namespace assetd::simulation
