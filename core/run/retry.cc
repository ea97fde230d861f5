#include "core/run/retry.h"

#include <algorithm>
#include <ranges>

#include "core/graph/asset_key.h"

namespace assetd {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) { return std::ranges::find(names, name) != names.end(); }

std::vector<StepIndex> where(const std::vector<bool>& flags) {
  std::vector<StepIndex> steps;
  for (StepIndex step = 0; step < flags.size(); ++step)
    if (flags[step]) steps.push_back(step);
  return steps;
}

}  // namespace

std::vector<StepIndex> steps_to_retry(const RunPlan& plan, const AssetGraph& graph, const RetryChoice& choice, const std::vector<bool>& in_trouble) {
  std::vector<bool> meant(plan.size(), false);
  std::map<AssetId, bool> some_in_trouble;
  for (StepIndex step = 0; step < plan.size(); ++step) {
    meant[step] = (choice.keys.empty() || contains(choice.keys, graph.key(plan.asset(step)))) && (choice.partitions.empty() || contains(choice.partitions, plan.partition(step)));
    if (meant[step] && in_trouble[step]) some_in_trouble[plan.asset(step)] = true;
  }
  const bool named = choice.named_ones && !choice.keys.empty();
  for (StepIndex step = 0; step < plan.size(); ++step) {
    const bool well_too = choice.from_start || (named && (!choice.partitions.empty() || !some_in_trouble.contains(plan.asset(step))));
    meant[step] = meant[step] && (in_trouble[step] || well_too);
  }
  return where(meant);
}

std::vector<StepIndex> with_descendants(const RunPlan& plan, const std::vector<StepIndex>& steps) {
  std::vector<bool> taken(plan.size(), false);
  for (const auto step : steps) taken[step] = true;
  for (StepIndex step = 0; step < plan.size(); ++step)  // in topological order
    if (taken[step])
      for (const auto& edge : plan.children(step)) taken[edge.step] = true;
  return where(taken);
}

std::optional<UnknownStep> unknown_step(const RunPlan& plan, const AssetGraph& graph, const RetryChoice& choice) {
  std::vector<std::string_view> keys, partitions;
  for (StepIndex step = 0; step < plan.size(); ++step) {
    const std::string& key = graph.key(plan.asset(step));
    keys.push_back(key);
    if (choice.keys.empty() || contains(choice.keys, key)) partitions.push_back(plan.partition(step));
  }
  const auto missing = [](const std::vector<std::string>& names, const std::vector<std::string_view>& known, bool is_partition) -> std::optional<UnknownStep> {
    for (std::size_t place = 0; place < names.size(); ++place)
      if (std::ranges::find(known, names[place]) == known.end()) return UnknownStep{is_partition, place, nearest_name(names[place], known)};
    return std::nullopt;
  };
  if (auto unknown = missing(choice.keys, keys, false)) return unknown;
  return missing(choice.partitions, partitions, true);
}

std::map<AssetId, IndexSet> wanted_upstream(const AssetGraph& graph, const PartitionTable& table, const std::map<AssetId, IndexSet>& sets, WallTime now,
                                            const std::function<IndexSet(AssetId)>& wanted) {
  auto reached = sets;
  std::map<AssetId, IndexSet> found;
  for (const auto asset : graph.topological() | std::views::reverse) {
    const auto it = reached.find(asset);
    if (it == reached.end() || it->second.empty()) continue;
    const auto of_asset = it->second;
    for (const auto parent : graph.parents(asset)) {
      const auto above = table.upstream_of(asset, parent, of_asset, now);
      reached[parent] = reached[parent] | above;
    }
    const auto given = sets.find(asset);
    const auto above = given == sets.end() ? of_asset : of_asset - given->second;
    if (above.empty()) continue;
    if (auto set = wanted(asset) & above; !set.empty()) found[asset] = std::move(set);
  }
  return found;
}

}  // namespace assetd
