#pragma once
// What a run will do: steps, their dependencies, and units (what one process carries). Immutable once made; stored compactly; shared between threads.

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/definition/spec.h"
#include "core/graph/graph.h"
#include "core/partition/table.h"

namespace assetd {

using StepIndex = std::uint32_t;   ///< within a run, in topological order
using UnitIndex = std::uint32_t;   ///< within a run
using CheckIndex = std::uint32_t;  ///< of Definitions::checks
inline constexpr std::uint32_t kNone = UINT32_MAX;

/// Which partitions of the assets that are divided; of others there is nothing to say.
struct PartitionPick {
  const PartitionTable& table;
  std::map<AssetId, IndexSet> sets;  ///< an asset that is divided and has no set here has no step
  WallTime now{};                    ///< what there is by then
};

/// What one attempt carries: one asset or several partitions of one, a batch of assets of one import, or one check with a process of its own.
struct PlanUnit {
  std::vector<StepIndex> steps;  ///< members in topological order; of a check's unit: its home, if that is in the run
  CheckIndex check = kNone;      ///< set for a check's unit
};

/// A check that the run will carry out.
struct PlannedCheck {
  CheckIndex check = 0;
  UnitIndex unit = 0;       ///< whose attempt reports it
  StepIndex subject = kNone;  ///< the step whose data it checks: its home's own partition, whoever waits for it
  StepIndex home = kNone;   ///< the step that waits for it: its home's, if that is in the run; a later one where it also depends on something made from its home
  std::vector<StepIndex> depends_on;  ///< those of its assets that are in the run
};

struct PlanEdge {
  StepIndex step = 0;
  OnFailure on_failure = OnFailure::skip;
};

class RunPlan {
 public:
  std::size_t size() const { return assets_.size(); }
  AssetId asset(StepIndex step) const { return assets_[step]; }
  bool has_partitions() const { return !partition_of_.empty(); }
  /// Of what the check looks at; empty: it is not divided, or not in the run.
  const std::string& partition(const PlannedCheck& check) const;
  /// Its partition's key; empty: its asset is not divided.
  const std::string& partition(StepIndex step) const;
  UnitIndex unit_of(StepIndex step) const { return unit_of_[step]; }  ///< kNone in checks-only runs for assets whose checks run by themselves
  const std::vector<PlanUnit>& units() const { return units_; }
  const std::vector<PlannedCheck>& checks() const { return checks_; }
  StepsMode mode() const { return mode_; }
  /// Nearest ancestors (descendants) within the run; paths through assets that the run does not contain count too.
  std::span<const PlanEdge> parents(StepIndex step) const;
  std::span<const PlanEdge> children(StepIndex step) const;
  std::span<const std::uint32_t> checks_of_unit(UnitIndex unit) const;  ///< indices into checks()

  /// A few bytes a step: assets and units; checks, and edges unless there are partitions, are derived again from the definitions version it was planned with.
  std::string encode() const;
  /// Errors are sentences about "its stored plan": the caller names the run.
  static std::expected<RunPlan, std::string> decode(std::string_view encoded, const Definitions& definitions, const AssetGraph& graph);

 private:
  friend class PlanBuilder;
  StepsMode mode_ = StepsMode::all;
  std::vector<AssetId> assets_;
  std::vector<std::string> partition_keys_;  ///< each once
  std::vector<std::uint32_t> partition_of_;  ///< by step: index into partition_keys_, or kNone; empty where no step has one
  std::vector<UnitIndex> unit_of_;
  std::vector<PlanUnit> units_;
  std::vector<PlannedCheck> checks_;
  std::vector<CheckIndex> left_out_;  ///< checks not planned for want of an asset: kept, so that a stored plan reads the same
  std::vector<std::uint32_t> parent_offsets_, child_offsets_, unit_check_offsets_, unit_checks_;
  std::vector<PlanEdge> parents_, children_;
};

/// `assets` in any order; external ones are dropped, but in a run of checks alone those that have a check with a process of its own. Batches are maximal groups of one import and batch that are convex in the graph, and such that
/// units never wait for each other in a circle.
///
/// Of an asset that is divided each partition of its set is a step; steps wait for those partitions that the definitions map them to.
///
/// A check of several assets is planned only where each of them is in the run, external, or `made` before: it would fail for want of a table. Without
/// `made` all are taken to be there.
RunPlan make_plan(const Definitions& definitions, const AssetGraph& graph, std::span<const AssetId> assets, StepsMode mode,
                  const std::function<bool(AssetId)>& made = nullptr, const PartitionPick* partitions = nullptr);

}  // namespace assetd
