#pragma once
// Which steps of a run that has ended are made again, and which partitions above them.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/run/plan.h"

namespace assetd {

/// Which steps somebody means.
struct RetryChoice {
  std::vector<std::string> keys = {};        ///< of assets; empty: all of the run
  std::vector<std::string> partitions = {};  ///< of these; empty: whichever they have
  bool from_start = false;                   ///< also those that are well
  /// Those that are well too, where the asset is named and its partition is, or none of its steps is in trouble: they are named for what is around them, or for their checks.
  bool named_ones = false;
};

/// Sorted. `in_trouble`: by step.
std::vector<StepIndex> steps_to_retry(const RunPlan& plan, const AssetGraph& graph, const RetryChoice& choice, const std::vector<bool>& in_trouble);

/// With what descends from them in the run; sorted.
std::vector<StepIndex> with_descendants(const RunPlan& plan, const std::vector<StepIndex>& steps);

/// What a choice names and the run does not have.
struct UnknownStep {
  bool is_partition = false;  ///< else an asset
  std::size_t place = 0;      ///< in choice.keys or choice.partitions
  std::string nearest;        ///< empty: none is near
};
std::optional<UnknownStep> unknown_step(const RunPlan& plan, const AssetGraph& graph, const RetryChoice& choice);

/// Of the partitions that `sets` are made from, however far above, those that are `wanted`; an asset that is not divided has the partition 0. What is in
/// `sets` itself is left out, and what is well does not end the search: something above it may not be.
std::map<AssetId, IndexSet> wanted_upstream(const AssetGraph& graph, const PartitionTable& table, const std::map<AssetId, IndexSet>& sets, WallTime now,
                                            const std::function<IndexSet(AssetId)>& wanted);

}  // namespace assetd
