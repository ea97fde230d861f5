#pragma once
// Builds a plan from its assets and partitions; units are made anew or, when a stored plan is read, given. Used by plan.cc alone.

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/run/plan.h"

namespace assetd {

class PlanBuilder {
 public:
  PlanBuilder(const Definitions& definitions, const AssetGraph& graph, StepsMode mode) : definitions_(definitions), graph_(graph) { plan_.mode_ = mode; }

  RunPlan make(std::span<const AssetId> assets, const std::function<bool(AssetId)>& made, const PartitionPick* partitions);

  /// What a stored plan says.
  struct Stored {
    std::vector<AssetId> assets;
    std::vector<UnitIndex> unit_of;
    std::vector<CheckIndex> left_out;  ///< checks that were not planned then although their assets are
    std::vector<std::string> partition_keys;
    std::vector<std::uint32_t> partition_of;
    std::vector<std::vector<PlanEdge>> parents;  ///< where there are partitions
  };
  RunPlan restore(Stored stored);

 private:
  struct StepRange {
    StepIndex begin = 0, end = 0;
    bool empty() const { return begin == end; }
  };
  const AssetSpec& spec(StepIndex step) const { return definitions_.assets[plan_.assets_[step]]; }
  StepRange steps_of(AssetId asset) const;

  // assets and edges (plan_builder.cc)
  std::vector<AssetId> wanted(std::span<const AssetId> assets) const;
  bool has_step(const CheckSpec& check, AssetId home) const;
  bool may_report(AssetId asset) const;
  void take_assets(std::span<const AssetId> assets);
  void take_partitions(AssetId asset, const Partitions& of, const IndexSet& set);
  std::uint32_t partition_key(const std::string& key);
  void index_assets();
  void make_edges();
  void make_partition_edges();
  std::map<StepIndex, OnFailure> parents_of(StepIndex step, const std::vector<bool>& between) const;
  void each_step(AssetId asset, const IndexSet& set, const std::function<void(StepIndex)>& visit) const;
  static void add(std::map<StepIndex, OnFailure>& into, StepIndex step, OnFailure policy);
  std::vector<bool> left_out_between() const;
  void compress(const std::vector<std::vector<PlanEdge>>& parents);
  void make_asset_units();
  std::vector<std::uint32_t> kinds_of_steps() const;
  void drop_units_without_process();
  bool reports_checks_itself(StepIndex step);
  void fill_units();

  // checks (plan_checks.cc)
  void plan_checks();
  void plan_check(CheckIndex index);
  void plan_check(CheckIndex index, StepIndex home);
  void depend_on(const std::string& key, StepIndex home, std::vector<StepIndex>& into) const;
  StepIndex same_partition(AssetId asset, StepIndex home) const;
  bool home_is_elsewhere(const CheckSpec& check) const;
  bool all_there(const CheckSpec& check) const;
  StepIndex holder(const PlannedCheck& planned) const;
  std::vector<bool> units_after(StepIndex step) const;
  UnitIndex carrier(const CheckSpec& check, const PlannedCheck& planned) const;

  const Definitions& definitions_;
  const AssetGraph& graph_;
  RunPlan plan_;
  std::function<bool(AssetId)> made_;
  const PartitionPick* pick_ = nullptr;
  std::vector<StepIndex> step_of_;           ///< by asset: its first step, or kNone
  std::vector<PartitionIndex> index_of_;     ///< by step, while a plan with partitions is made; 0 where the asset is not divided
  std::map<std::string, std::uint32_t, std::less<>> key_ids_;
  std::unordered_map<std::string, std::vector<CheckIndex>> checks_at_home_;
  std::unordered_multimap<UnitIndex, StepIndex> held_by_check_;  ///< unit → steps that a check with a process of its own holds until the unit's work is done
};

}  // namespace assetd
