// Which assets of a backfill are made together, and what the groups wait for.

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <set>

#include "core/backfill/backfill.h"
#include "core/run/batches.h"

namespace assetd {
namespace {

/// Small numbers for the assets that are wanted, in topological order.
struct Members {
  std::vector<AssetId> assets;
  std::map<AssetId, std::uint32_t> number;
};

Members members_of(const Definitions& definitions, const AssetGraph& graph, const std::map<AssetId, IndexSet>& wanted) {
  Members members;
  for (const auto& [asset, set] : wanted)
    if (!set.empty() && !definitions.assets[asset].external) members.assets.push_back(asset);
  std::ranges::sort(members.assets, {}, [&](AssetId asset) { return graph.position(asset); });
  for (std::uint32_t i = 0; i < members.assets.size(); ++i) members.number[members.assets[i]] = i;
  return members;
}

int per_run_of(const AssetSpec& asset) { return asset.partitions ? asset.partitions->per_process : 1; }

// Alike: divided by the same object, given as many partitions at once, wanted alike, and with as many edges above them that are not from a partition to the same.
// So no such edge lies within a group.
std::vector<std::uint32_t> kinds(const Members& members, const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, const std::map<AssetId, IndexSet>& wanted) {
  std::vector<std::uint32_t> depth(members.assets.size(), 0);
  std::map<std::tuple<const Partitions*, int, std::uint32_t, std::string>, std::uint32_t> known;
  std::vector<std::uint32_t> result;
  for (std::uint32_t i = 0; i < members.assets.size(); ++i) {
    const auto asset = members.assets[i];
    for (const auto parent : graph.parents(asset))
      if (const auto it = members.number.find(parent); it != members.number.end())
        depth[i] = std::max(depth[i], depth[it->second] + (table.is_identity(asset, parent) && table.of(asset) == table.of(parent) ? 0 : 1));
    const auto key = std::tuple(table.of(asset), per_run_of(definitions.assets[asset]), depth[i], wanted.at(asset).encode());
    result.push_back(known.try_emplace(key, static_cast<std::uint32_t>(known.size())).first->second);
  }
  return result;
}

/// The groups numbered anew, what is above before what is below.
std::vector<std::uint32_t> upstream_first(const BatchInput& input, std::vector<std::uint32_t> group_of) {
  const std::size_t count = group_of.empty() ? 0 : std::ranges::max(group_of) + 1;
  std::vector<std::set<std::uint32_t>> below(count);
  std::vector<std::uint32_t> waits_for(count), number(count);
  for (std::uint32_t node = 0; node < input.size; ++node)
    input.each_parent(node, [&](std::uint32_t parent) {
      const auto from = group_of[parent], to = group_of[node];
      if (from != to && below[from].insert(to).second) ++waits_for[to];
    });
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
  for (std::uint32_t group = 0; group < count; ++group)
    if (waits_for[group] == 0) ready.push(group);
  for (std::uint32_t next = 0; !ready.empty(); ++next) {
    const auto group = ready.top();
    ready.pop();
    number[group] = next;
    for (const auto child : below[group])
      if (--waits_for[child] == 0) ready.push(child);
  }
  for (auto& group : group_of) group = number[group];
  return group_of;
}

}  // namespace

std::vector<BackfillGroup> make_groups(const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, const std::map<AssetId, IndexSet>& wanted) {
  const auto members = members_of(definitions, graph, wanted);
  BatchInput input;
  input.size = static_cast<std::uint32_t>(members.assets.size());
  input.kind = kinds(members, definitions, graph, table, wanted);
  const auto visit_known = [&members](std::span<const AssetId> assets, const auto& visit) {
    for (const auto asset : assets)
      if (const auto it = members.number.find(asset); it != members.number.end()) visit(it->second);
  };
  input.each_parent = [&](std::uint32_t node, const auto& visit) { visit_known(graph.parents(members.assets[node]), visit); };
  input.each_child = [&](std::uint32_t node, const auto& visit) { visit_known(graph.children(members.assets[node]), visit); };
  const auto group_of = upstream_first(input, make_batches(input));
  std::vector<BackfillGroup> groups;
  for (std::uint32_t i = 0; i < members.assets.size(); ++i) {
    if (group_of[i] >= groups.size()) groups.resize(group_of[i] + 1);
    auto& group = groups[group_of[i]];
    const auto& spec = definitions.assets[members.assets[i]];
    group.assets.push_back(spec.key);
    group.spec = spec.partitions;
    group.per_run = per_run_of(spec);
    group.wanted = wanted.at(members.assets[i]);
  }
  return groups;
}

std::optional<BackfillPlan> BackfillPlan::make(const Backfill& backfill, const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, std::string& error) {
  BackfillPlan plan;
  plan.table_ = &table;
  std::map<AssetId, std::pair<std::size_t, std::size_t>> place_of;  // group, and place among its assets
  for (std::size_t group = 0; group < backfill.groups.size(); ++group) {
    const auto& own = backfill.groups[group];
    auto& assets = plan.assets_.emplace_back();
    for (const auto& key : own.assets) {
      const auto asset = graph.find(key);
      const auto* spec = asset ? &definitions.assets[*asset].partitions : nullptr;
      const bool alike = spec && spec->has_value() == own.spec.has_value() && (!own.spec || (*spec)->dimensions == own.spec->dimensions);
      if (!alike) return error = asset ? "\"" + key + "\" is divided otherwise now" : "nobody defines \"" + key + "\" any more", std::nullopt;
      place_of[*asset] = {group, assets.size()};
      assets.push_back(*asset);
    }
  }
  for (std::size_t group = 0; group < plan.assets_.size(); ++group) {
    auto& edges = plan.edges_.emplace_back();
    auto& inner = plan.inner_.emplace_back();
    for (std::size_t place = 0; place < plan.assets_[group].size(); ++place) {
      const auto child = plan.assets_[group][place];
      for (const auto parent : graph.parents(child)) {
        const auto it = place_of.find(parent);
        if (it == place_of.end()) continue;
        const auto [from, from_place] = it->second;
        const bool strict = graph.on_failure(parent, child) == OnFailure::skip;
        if (from < group) edges.push_back({from, from_place, place, parent, child, strict});
        else if (from == group && from_place < place && strict) inner.push_back({from_place, place});
      }
    }
  }
  return plan;
}

}  // namespace assetd
