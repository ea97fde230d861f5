#pragma once
// Which partitions are not what their code and the partitions above would give now.

#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/partition/table.h"

namespace assetd {

/// What there is of an asset's partitions. Of one that is not divided there is the partition 0.
struct MadePartitions {
  IndexSet materialized;
  std::vector<std::pair<PartitionIndex, WallTime>> at;  ///< of the latest materialization, sorted by index; one that is kept no more has none, and counts as older than all
  IndexSet stale;       ///< whatever is above: made by another version of the code
  bool judged = false;  ///< `stale` is the whole answer: of what is not divided, which is known without a look at what is above
};

/// A partition is stale where it is missing, by itself, where one above it was materialized after it, or where one above it is stale. Costs a look at each
/// partition of the assets asked for and of all above them, once. Not for several threads.
class StalePartitions {
 public:
  using Made = std::function<MadePartitions(AssetId)>;  ///< asked once for each asset
  StalePartitions(const AssetGraph& graph, const PartitionTable& table, WallTime now, Made made);
  const IndexSet& of(AssetId asset);

 private:
  /// The latest of any stretch of indices, in a time that does not grow with it.
  class Latest {
   public:
    explicit Latest(const std::vector<std::pair<PartitionIndex, WallTime>>& at);
    WallTime in(const IndexSet& set) const;

   private:
    WallTime in(std::size_t first, std::size_t last) const;
    std::vector<PartitionIndex> indices_;
    std::vector<std::vector<WallTime>> of_;  ///< by power of two: the latest of so many from here on
  };
  struct Known {
    MadePartitions made;
    Latest latest;
    IndexSet stale;
  };
  void look_at(AssetId asset);
  IndexSet older_than(const Known& child, AssetId asset, AssetId parent) const;

  const AssetGraph& graph_;
  const PartitionTable& table_;
  WallTime now_;
  Made made_;
  std::map<AssetId, Known> known_;
};

}  // namespace assetd
