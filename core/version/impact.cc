#include "core/version/impact.h"

#include <algorithm>
#include <set>

namespace assetd {
namespace {

std::optional<Impact::Deadline> deadline_of(const StaleView& view, AssetId id, WallTime now) {
  const auto& spec = view.definitions.assets[id].freshness;
  if (spec.empty()) return std::nullopt;
  const auto data_at = view.states[id].data_at(spec);
  if (!data_at) return Impact::Deadline{id, std::nullopt, true};
  const auto at = violated_at(spec, *data_at);
  if (!at) return std::nullopt;
  return Impact::Deadline{id, at, *at <= now};
}

bool comes_before(const Impact::Deadline& a, const Impact::Deadline& b) {
  if (a.missed != b.missed) return b.missed;
  if (a.at != b.at) return a.missed ? a.at > b.at : a.at < b.at;
  return a.asset < b.asset;
}

}  // namespace

Impact impact_of(const StaleView& view, AssetId asset, WallTime now) {
  Impact impact;
  const AssetId roots[] = {asset};
  const auto affected = view.graph.descendants(roots);
  std::set<std::string> owners;
  for (const auto id : view.graph.topological()) {
    if (!affected[id]) continue;
    const auto& spec = view.definitions.assets[id];
    owners.insert(spec.owners.begin(), spec.owners.end());
    if (const auto deadline = deadline_of(view, id, now)) impact.deadlines.push_back(*deadline);
    if (id == asset) continue;
    impact.below.push_back(id);
    if (view.graph.children(id).empty()) impact.sinks.push_back(id);
  }
  for (std::size_t i = 0; i < view.definitions.exposures.size(); ++i)
    if (std::ranges::any_of(view.definitions.exposures[i].depends_on, [&](const std::string& key) {
          const auto id = view.graph.find(key);
          return id && affected[*id];
        }))
      impact.exposures.push_back(i);
  impact.owners.assign(owners.begin(), owners.end());
  std::ranges::sort(impact.deadlines, comes_before);
  return impact;
}

}  // namespace assetd
