#pragma once
// How all assets of one definitions version are divided, and how that follows along the graph.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/definition/spec.h"
#include "core/graph/graph.h"
#include "core/partition/mapping.h"

namespace assetd {

struct PartitionProblem {
  std::string message;
  SourceRef source;
};

/// Immutable; use from any thread. Costs nothing where no asset is divided. An asset that is not has the one partition 0.
class PartitionTable {
 public:
  PartitionTable() = default;
  /// Keeps nothing of the definitions and the graph. `problems`: mappings that do not fit, all of them; the table then maps as if they were not written.
  static PartitionTable make(const Definitions& definitions, const AssetGraph& graph, const DynamicKeys& dynamic, std::vector<PartitionProblem>* problems = nullptr);

  bool empty() const { return of_.empty(); }
  const Partitions* of(AssetId asset) const { return of_.empty() ? nullptr : of_[asset].get(); }  ///< null: not divided
  std::shared_ptr<const Partitions> shared(AssetId asset) const { return of_.empty() ? nullptr : of_[asset]; }
  /// Of a direct dependency.
  IndexSet upstream_of(AssetId child, AssetId parent, const IndexSet& set, WallTime now) const;
  IndexSet downstream_of(AssetId child, AssetId parent, const IndexSet& set, WallTime now) const;
  bool is_identity(AssetId child, AssetId parent) const;
  /// What is asked for where nobody says which, of those assets that are divided.
  std::map<AssetId, IndexSet> usual(std::span<const AssetId> assets, WallTime now) const;
  /// All that can be made by then: of an asset that is not divided {0}.
  IndexSet existing(AssetId asset, WallTime now) const;

 private:
  const PartitionMapping* mapping(AssetId child, AssetId parent) const;

  std::vector<std::shared_ptr<const Partitions>> of_;
  std::map<std::pair<AssetId, AssetId>, PartitionMapping> mappings_;  ///< of dependencies with partitions on either side
};

}  // namespace assetd
