// What follows from the states of assets: staleness and freshness.

#include <algorithm>

#include "core/schedule/cron.h"
#include "daemon/service/service.h"

namespace assetd {
namespace {

constexpr std::size_t kReasonsGiven = 20;

bool is_newer(const AssetState::Data& data, const AssetState::Data& own) { return (data.run != own.run || data.run == 0) && data.at > own.at; }

}  // namespace

bool AssetTable::is_stale(AssetId id) const {
  const auto& own = states[id].last_materialization;
  const auto& asset = project->definitions.assets[id];
  if (!own || asset.external) return false;
  if (own->code_version != asset.code_version) return true;
  const auto parents = project->graph.parents(id);
  return std::ranges::any_of(parents, [&](AssetId parent) {
    const auto& data = states[parent].last_materialization;
    return data && is_newer(*data, *own);
  });
}

// Upstream staleness is followed only one step here: a parent that is stale itself says so in its own row.
Staleness AssetTable::staleness(AssetId id) const {
  Staleness result;
  const auto& own = states[id].last_materialization;
  const auto& asset = project->definitions.assets[id];
  if (!own || asset.external) return result;
  const auto add = [&](AssetId cause, std::string reason, std::string detail) {
    result.is = true;
    if (result.because.size() < kReasonsGiven) result.because.push_back({cause, std::move(reason), std::move(detail)});
  };
  if (own->code_version != asset.code_version) add(id, "code_changed", "its code has changed since it was materialized");
  for (const auto parent : project->graph.parents(id)) {
    const auto& data = states[parent].last_materialization;
    if (!data || !is_newer(*data, *own)) continue;
    add(parent, "newer_data", project->graph.key(parent) + " was materialized later, at " + format_time(data->at));
  }
  return result;
}

// Where there is a deadline, what was told last holds until its moment has come (freshness_watch): cron is too dear for every row of every list.
std::string AssetTable::freshness(AssetId id, WallTime now) const {
  const auto& spec = project->definitions.assets[id].freshness;
  const auto& state = states[id];
  if (!spec.deadline.empty() && !state.freshness.empty() && state.last_materialization) return state.freshness;
  const auto& data = state.last_materialization;
  return std::string(to_string(freshness_at(spec, data ? std::optional(data_time(spec, data->metadata, data->at)) : std::nullopt, now)));
}

}  // namespace assetd
