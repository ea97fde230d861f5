#include "daemon/service/made_partitions.h"

#include <algorithm>
#include <map>

namespace assetd {

MadePartitions made_as_a_whole(const AssetTable& table, AssetId asset) {
  MadePartitions made;
  made.judged = true;
  if (asset >= table.states.size()) return made;
  const auto& data = table.states[asset].last_materialization;
  if (data) made.materialized = IndexSet::range(0, 1), made.at = {{0, data->at}}, made.data = {{version_of(*data), data->run, data->provenance}};
  if (!table.project->definitions.assets[asset].external && table.is_stale(asset)) made.stale = IndexSet::range(0, 1);
  return made;
}

MadePartitions made_by_partition(const PartitionsInForce& in_force, AssetId asset, const PartitionStates* states, Reader& reader) {
  MadePartitions made;
  const auto& spec = in_force.project->definitions.assets[asset];
  const auto* divided = in_force.table.of(asset);
  made.judged = spec.external;
  if (states) made.materialized = states->materialized;
  auto rows = reader.made_partitions(spec.key);
  if (!rows) return made;  // then only what is missing is seen: the store says by itself that it cannot be read
  std::map<PartitionIndex, std::pair<WallTime, MadePartition>> latest;
  for (auto& row : *rows)
    if (const auto index = divided->index(row.partition)) latest[*index] = {row.at, {std::move(row.data_version), row.run, std::move(row.provenance)}};
  // What was reported of the asset as a whole has no row of its own.
  if (states)
    states->reported.of.each([&](PartitionIndex index) { latest[index] = {states->reported.at, {states->reported.data_version}}; });
  const auto code = code_version_of(spec);
  std::vector<IndexRange> old;
  for (auto& [index, each] : latest) {
    const auto& from = each.second.from;
    if (!made.judged && from && !from->code_version.empty() && from->code_version != code) old.push_back({index, index + 1});
    made.at.emplace_back(index, each.first);
    made.data.push_back(std::move(each.second));
  }
  made.stale = IndexSet(std::move(old));
  return made;
}

}  // namespace assetd
