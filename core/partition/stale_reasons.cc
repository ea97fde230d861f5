// Why a partition is stale, down to the cause.

#include <algorithm>

#include "core/partition/stale.h"
#include "core/schedule/cron.h"
#include "core/version/both_ends.h"

namespace assetd {
namespace {

constexpr std::size_t kMostReasons = 20;
constexpr std::size_t kFurthest = 10'000;  // followed for its last link

}  // namespace

std::string StalePartitions::name(Place place) const {
  const auto* divided = table_.of(place.asset);
  return divided ? graph_.key(place.asset) + " [" + divided->key(place.index) + "]" : graph_.key(place.asset);
}

PartitionStaleLink StalePartitions::link(StaleKind kind, Place place, std::string detail, RunId run, std::optional<WallTime> at) const {
  const auto* divided = table_.of(place.asset);
  return {{kind, place.asset, std::move(detail), run, at}, divided ? divided->key(place.index) : ""};
}

/// Of those that it is made from the newest one is named.
PartitionStaleLink StalePartitions::newer_data(Place child, AssetId parent) const {
  const auto& own = known_.at(child.asset);
  const auto& above = known_.at(parent);
  const auto these = mapped(child.asset, parent, child.index);
  const auto newest = above.latest.in(these);
  Place place{parent, these.empty() ? 0 : these.ranges().front().begin};
  for (const auto& [index, at] : above.made.at)
    if (at == newest && these.contains(index)) place.index = index;
  if (newest == WallTime::min()) return link(StaleKind::newer_data, place, name(place) + " has no data that is kept any more, and it was made from some");
  const auto* data = above.data(place.index);
  const auto* made = own.data(child.index);
  const auto run = data ? data->run : 0;
  auto detail = name(place) + (data ? " has newer data, " + made_by(run, newest) : " has newer data, made at " + format_time(newest));
  const auto* used = made && made->from ? used_of(parent, *made->from) : nullptr;
  if (made && made->from && !used) detail += "; there was none when it was made";
  else if (used && used->of && used->of->found == 0) detail += "; there was none of it when it was made";
  else if (used) detail += "; it was made from that " + (used->of ? made_by(used->of->run, used->of->at) : made_by(used->run, used->at));
  return link(StaleKind::newer_data, place, std::move(detail), run, newest);
}

/// What makes it stale by itself; `most` at most.
std::vector<PartitionStaleLink> StalePartitions::own_links(Place place, std::size_t most) const {
  const auto& known = known_.at(place.asset);
  const auto& asset = definitions_.assets[place.asset];
  if (!known.made.materialized.contains(place.index)) return {link(StaleKind::never_materialized, place, name(place) + " was never materialized")};
  std::vector<PartitionStaleLink> links;
  const auto* data = known.data(place.index);
  if (known.made.stale.contains(place.index)) {
    const auto from = data && data->from ? data->from->code_version : std::string("another version");
    links.push_back(link(StaleKind::code_changed, place, "the code of " + asset.key + " changed from " + from + " to " + code_version_of(asset) + " since its partition " + table_.of(place.asset)->key(place.index) + " was materialized",
                         data ? data->run : 0, known.at(place.index)));
  }
  for (const auto parent : graph_.parents(place.asset))
    if (links.size() < most && has_other_data(known, place.asset, parent, place.index)) links.push_back(newer_data(place, parent));
  return links;
}

std::optional<StalePartitions::Place> StalePartitions::stale_above(Place place, AssetId parent) const {
  const auto stale = mapped(place.asset, parent, place.index) & known_.at(parent).stale;
  return stale.empty() ? std::nullopt : std::optional(Place{parent, stale.ranges().front().begin});
}

/// From one that is stale up to what is stale by itself, and what made it so.
void StalePartitions::follow(Place from, const Above& above, std::vector<PartitionStaleLink>& chain) const {
  BothEnds<PartitionStaleLink> ends;
  for (std::size_t steps = 0; steps < kFurthest; ++steps) {
    if (!table_.of(from.asset)) {
      for (auto& each : above ? above(from.asset) : std::vector<StaleLink>{}) ends.add({std::move(each)});
      break;
    }
    if (auto own = own_links(from, 1); !own.empty()) {
      ends.add(std::move(own.front()));
      break;
    }
    std::optional<Place> next;
    for (const auto parent : graph_.parents(from.asset))
      if (!next) next = stale_above(from, parent);
    if (!next) break;
    ends.add(link(StaleKind::upstream_stale, *next, name(*next) + " is stale"));
    from = *next;
  }
  ends.take(chain, [](PartitionStaleLink& each) -> std::string& { return each.link.detail; });
}

std::vector<PartitionStaleReason> StalePartitions::reasons(AssetId asset, PartitionIndex index, const Above& above) {
  std::vector<PartitionStaleReason> reasons;
  if (!of(asset).contains(index)) return reasons;
  const Place place{asset, index};
  for (auto& own : own_links(place, kMostReasons)) reasons.push_back({own, {own}});
  if (!reasons.empty() && reasons.front().link.link.kind == StaleKind::never_materialized) return reasons;
  for (const auto parent : graph_.parents(asset)) {
    const auto next = stale_above(place, parent);
    if (!next || reasons.size() >= kMostReasons) continue;
    PartitionStaleReason reason{link(StaleKind::upstream_stale, *next, name(*next) + " is stale"), {}};
    reason.chain.push_back(reason.link);
    follow(*next, above, reason.chain);
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

}  // namespace assetd
