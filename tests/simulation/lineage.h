#pragma once
// How the assets of one version lie above each other, partition by partition.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/input.h"
#include "core/partition/table.h"

namespace assetd::simulation {

using Pieces = std::vector<std::pair<std::string, std::string>>;

/// How the assets of one version lie above each other, partition by partition.
class Lineage {
 public:
  Lineage(const RunContext& context, const PartitionTable& table, WallTime now) : context_(context), table_(table), now_(now) {}

  /// Of which automation takes care by itself: of those in time the last.
  Pieces latest(AssetId asset) const { return named(asset, table_.of(asset) ? table_.of(asset)->usual(now_) : IndexSet::range(0, 1)); }

  std::optional<TimeWindow> window(AssetId asset, const std::string& partition) const {
    const auto* divided = table_.of(asset);
    const auto index = divided ? divided->index(partition) : std::nullopt;
    return index ? divided->window(*index) : std::nullopt;
  }

  /// Those that there are.
  Pieces above(AssetId asset, const std::string& partition) const {
    const auto* divided = table_.of(asset);
    const auto index = divided ? divided->index(partition) : std::optional<PartitionIndex>(0);
    Pieces out;
    if (!index) return out;  // its key is gone
    for (const auto parent : context_.graph->parents(asset)) {
      const auto of_parent = named(parent, table_.upstream_of(asset, parent, IndexSet::range(*index, *index + 1), now_) & table_.existing(parent, now_));
      out.insert(out.end(), of_parent.begin(), of_parent.end());
    }
    return out;
  }

 private:
  Pieces named(AssetId asset, const IndexSet& set) const {
    Pieces out;
    set.each([&](PartitionIndex index) { out.emplace_back(context_.graph->key(asset), table_.of(asset) ? table_.of(asset)->key(index) : ""); });
    return out;
  }

  const RunContext& context_;
  const PartitionTable& table_;
  const WallTime now_;
};

}  // namespace assetd::simulation
