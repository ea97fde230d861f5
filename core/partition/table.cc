#include "core/partition/table.h"

#include <algorithm>

namespace assetd {
namespace {

/// Equal ways of being divided are one object: so it shows that indices mean the same.
class SharedPartitions {
 public:
  explicit SharedPartitions(const DynamicKeys& dynamic) : dynamic_(dynamic) {}

  std::shared_ptr<const Partitions> of(const PartitionsSpec& spec) {
    for (const auto& [known, made] : made_)
      if (known->dimensions == spec.dimensions) return made;
    auto partitions = Partitions::make(spec, dynamic_);
    // What does not read was refused when the definitions were loaded.
    return made_.emplace_back(&spec, partitions ? std::make_shared<const Partitions>(std::move(*partitions)) : nullptr).second;
  }

 private:
  const DynamicKeys& dynamic_;
  std::vector<std::pair<const PartitionsSpec*, std::shared_ptr<const Partitions>>> made_;
};

}  // namespace

PartitionTable PartitionTable::make(const Definitions& definitions, const AssetGraph& graph, const DynamicKeys& dynamic, std::vector<PartitionProblem>* problems) {
  PartitionTable table;
  const auto& assets = definitions.assets;
  const bool any = std::ranges::any_of(assets, [](const AssetSpec& each) { return each.partitions || std::ranges::any_of(each.deps, [](const auto& dep) { return !dep.partitions.is_null(); }); });
  if (!any) return table;
  SharedPartitions shared(dynamic);
  for (const auto& asset : assets) table.of_.push_back(asset.partitions ? shared.of(*asset.partitions) : nullptr);
  for (AssetId child = 0; child < assets.size(); ++child)
    for (const auto& dep : assets[child].deps) {
      const auto parent = graph.find(dep.asset);
      if (!parent || (!table.of_[child] && !table.of_[*parent] && dep.partitions.is_null())) continue;
      auto mapping = PartitionMapping::make(dep.partitions, table.of_[child], table.of_[*parent]);
      if (!mapping) {
        if (problems) problems->push_back({"the partitions of the dependency of \"" + assets[child].key + "\" on \"" + dep.asset + "\": " + mapping.error(), dep.source});
        mapping = PartitionMapping::make(nullptr, table.of_[child], table.of_[*parent]);
      }
      if (mapping) table.mappings_.try_emplace({child, *parent}, std::move(*mapping));
    }
  return table;
}

const PartitionMapping* PartitionTable::mapping(AssetId child, AssetId parent) const {
  const auto it = mappings_.find({child, parent});
  return it == mappings_.end() ? nullptr : &it->second;
}

IndexSet PartitionTable::upstream_of(AssetId child, AssetId parent, const IndexSet& set, WallTime now) const {
  const auto* found = mapping(child, parent);
  return found ? found->upstream_of(set, now) : set;
}

IndexSet PartitionTable::downstream_of(AssetId child, AssetId parent, const IndexSet& set, WallTime now) const {
  const auto* found = mapping(child, parent);
  return found ? found->downstream_of(set, now) : set;
}

bool PartitionTable::is_identity(AssetId child, AssetId parent) const {
  const auto* found = mapping(child, parent);
  return !found || found->is_identity();
}

std::map<AssetId, IndexSet> PartitionTable::usual(std::span<const AssetId> assets, WallTime now) const {
  std::map<AssetId, IndexSet> sets;
  for (const auto asset : assets)
    if (const auto* partitions = of(asset)) sets[asset] = partitions->usual(now);
  return sets;
}

IndexSet PartitionTable::existing(AssetId asset, WallTime now) const {
  const auto* partitions = of(asset);
  return partitions ? partitions->existing(now) : IndexSet::range(0, 1);
}

}  // namespace assetd
