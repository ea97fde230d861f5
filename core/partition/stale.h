#pragma once
// Which partitions are not what their code and the partitions above would give now, and why.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/partition/table.h"
#include "core/version/partition_inputs.h"
#include "core/version/staleness.h"

namespace assetd {

/// The latest materialization of a partition.
struct MadePartition {
  std::string data_version;
  RunId run = 0;  ///< 0: reported
  std::shared_ptr<const Provenance> from = nullptr;  ///< null: not kept
};

/// What there is of an asset's partitions. Of one that is not divided there is the partition 0.
struct MadePartitions {
  IndexSet materialized;
  std::vector<std::pair<PartitionIndex, WallTime>> at;  ///< of the latest materialization, sorted by index; one that is kept no more has none, and counts as older than all
  IndexSet stale;       ///< whatever is above: made by another version of the code
  bool judged = false;  ///< `stale` is the whole answer: of what is not divided, which is known without a look at what is above
  std::vector<MadePartition> data = {};  ///< one for each of `at`, in that order; empty: nothing but the times is known
};

/// As StaleLink, of a partition where the asset is divided.
struct PartitionStaleLink {
  StaleLink link;
  std::string partition = "";
};
struct PartitionStaleReason {
  PartitionStaleLink link;
  std::vector<PartitionStaleLink> chain;  ///< the reason first, the cause last; of a long way the first and the last 25
};

/// A partition is stale where it is missing, by itself, where it was made from other data than those above have now, or where one above it is stale. Which
/// data it was made from is told by version where that was kept, else by time: then what was materialized after it is other data. Costs a look at each
/// partition of the assets asked for and of all above them, once. Not for several threads.
class StalePartitions {
 public:
  using Made = std::function<MadePartitions(AssetId)>;  ///< asked once for each asset
  StalePartitions(const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, WallTime now, Made made);
  const IndexSet& of(AssetId asset);
  /// The way to the cause of an asset that is not divided and is stale.
  using Above = std::function<std::vector<StaleLink>(AssetId)>;
  /// Empty: it is not stale. At most 20.
  std::vector<PartitionStaleReason> reasons(AssetId asset, PartitionIndex index, const Above& above);

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
    std::optional<std::size_t> place(PartitionIndex index) const;  ///< in made.at
    WallTime at(PartitionIndex index) const;                       ///< of one that is kept no more: older than all
    const MadePartition* data(PartitionIndex index) const;
    std::optional<PartitionData> latest_data(PartitionIndex index) const;
  };
  void look_at(AssetId asset);
  IndexSet made_from_other(const Known& child, AssetId asset, AssetId parent) const;
  bool has_other_data(const Known& child, AssetId asset, AssetId parent, PartitionIndex index) const;
  UsedPartitions found_now(AssetId parent, const IndexSet& mapped) const;
  const UsedData* used_of(AssetId parent, const Provenance& from) const;
  IndexSet mapped(AssetId asset, AssetId parent, PartitionIndex index) const;

  // why (stale_reasons.cc)
  struct Place {
    AssetId asset = 0;
    PartitionIndex index = 0;
  };
  std::string name(Place place) const;
  PartitionStaleLink link(StaleKind kind, Place place, std::string detail, RunId run = 0, std::optional<WallTime> at = std::nullopt) const;
  PartitionStaleLink newer_data(Place child, AssetId parent) const;
  std::vector<PartitionStaleLink> own_links(Place place, std::size_t most) const;
  std::optional<Place> stale_above(Place place, AssetId parent) const;
  void follow(Place from, const Above& above, std::vector<PartitionStaleLink>& chain) const;

  const Definitions& definitions_;
  const AssetGraph& graph_;
  const PartitionTable& table_;
  WallTime now_;
  Made made_;
  std::map<AssetId, Known> known_;
  mutable std::map<AssetId, std::pair<IndexSet, UsedPartitions>> several_;  ///< the last answer of found_now() about more than one
};

}  // namespace assetd
