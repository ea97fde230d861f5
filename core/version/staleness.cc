#include "core/version/staleness.h"

#include <algorithm>

#include "core/schedule/cron.h"
#include "core/version/both_ends.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

constexpr std::size_t kReasonsGiven = 20;
constexpr std::size_t kLongestWay = 10'000;  // followed for its last link

using Data = AssetState::Data;

/// Of data that was made before versions were kept.
bool is_newer(const Data& data, const Data& own) { return (data.run != own.run || data.run == 0) && data.at > own.at; }

bool is_other_code(const AssetSpec& asset, const Data& own) { return !own.code_version.empty() && own.code_version != code_version_of(asset); }

/// What its step found of the parent; it may have had another name then.
const UsedData* used_of(const StaleView& view, AssetId parent, const Data& own) {
  const auto* used = own.provenance->input(view.graph.key(parent));
  const auto& former = view.definitions.assets[parent].renamed_from;
  return used || former.empty() ? used : own.provenance->input(former);
}

bool is_other_data(const StaleView& view, AssetId parent, const Data& data, const Data& own) {
  if (!own.provenance) return is_newer(data, own);
  // Of its partitions the last one made is not the last one that was read.
  if (view.definitions.assets[parent].partitions && data.run == own.run && data.run != 0) return false;
  const auto* used = used_of(view, parent, own);
  return !used || used->data_version != version_of(data);
}

std::string place_of(const AssetSpec& asset) {
  return asset.source.file.empty() ? "" : " (" + asset.source.file + (asset.source.line > 0 ? ":" + std::to_string(asset.source.line) : "") + ")";
}

StaleLink code_link(const StaleView& view, AssetId id, const Data& own) {
  const auto& asset = view.definitions.assets[id];
  const auto from = own.code_version, to = code_version_of(asset);
  const bool declared = !asset.code_version.empty();
  return {StaleKind::code_changed, id,
          "the code of " + asset.key + (declared || asset.sources.empty() ? "" : ", or a file that its command names,") + " changed from " + from + " to " + to + place_of(asset) + " since it was materialized",
          own.run, own.at};
}

StaleLink data_link(const StaleView& view, AssetId parent, const Data& data, const Data& own) {
  const auto& key = view.graph.key(parent);
  const auto* used = own.provenance ? used_of(view, parent, own) : nullptr;
  std::string detail = key + " has newer data, " + made_by(data.run, data.at);
  if (used) detail += "; it was made from that " + made_by(used->run, used->at);
  else if (own.provenance) detail = key + " has data now, " + made_by(data.run, data.at) + ", and was not among what it was made from";
  return {StaleKind::newer_data, parent, std::move(detail), data.run, data.at};
}

StaleLink upstream_link(const StaleView& view, AssetId parent) { return {StaleKind::upstream_stale, parent, view.graph.key(parent) + " is stale", 0, std::nullopt}; }

/// What makes it stale by itself; `most` at most.
std::vector<StaleLink> own_links(const StaleView& view, AssetId id, std::size_t most) {
  const auto& asset = view.definitions.assets[id];
  const auto& own = view.states[id].last_materialization;
  if (asset.external) return {};
  if (!own) return {{StaleKind::never_materialized, id, asset.key + " was never materialized", 0, std::nullopt}};
  std::vector<StaleLink> links;
  if (is_other_code(asset, *own)) links.push_back(code_link(view, id, *own));
  for (const auto parent : view.graph.parents(id)) {
    const auto& data = view.states[parent].last_materialization;
    if (links.size() < most && data && is_other_data(view, parent, *data, *own)) links.push_back(data_link(view, parent, *data, *own));
  }
  return links;
}

std::optional<AssetId> stale_parent(const StaleView& view, const StaleSet& set, AssetId id) {
  const auto parents = view.graph.parents(id);
  const auto it = std::ranges::find_if(parents, [&](AssetId parent) { return set.is_stale(parent); });
  return it == parents.end() ? std::nullopt : std::optional(*it);
}

/// From a stale parent up to what is stale by itself, and what made it so.
void follow(const StaleView& view, const StaleSet& set, AssetId from, std::vector<StaleLink>& chain) {
  BothEnds<StaleLink> ends;
  for (std::size_t steps = 0; steps < kLongestWay; ++steps) {
    if (auto own = own_links(view, from, 1); !own.empty()) {
      ends.add(std::move(own.front()));
      break;
    }
    const auto next = stale_parent(view, set, from);
    if (!next) break;
    ends.add(upstream_link(view, *next));
    from = *next;
  }
  ends.take(chain, [](StaleLink& each) -> std::string& { return each.detail; });
}

}  // namespace

std::string made_by(RunId run, WallTime at) { return (run == 0 ? "that was reported at " : "of run " + std::to_string(run) + ", ") + format_time(at); }

std::string_view to_string(StaleKind kind) {
  switch (kind) {
    case StaleKind::never_materialized: return "never_materialized";
    case StaleKind::code_changed: return "code_changed";
    case StaleKind::newer_data: return "newer_data";
    case StaleKind::upstream_stale: return "upstream_stale";
  }
  return "";
}

bool is_stale_by_itself(const StaleView& view, AssetId id) {
  const auto& asset = view.definitions.assets[id];
  const auto& own = view.states[id].last_materialization;
  if (asset.external) return false;
  if (!own || is_other_code(asset, *own)) return true;
  return std::ranges::any_of(view.graph.parents(id), [&](AssetId parent) {
    const auto& data = view.states[parent].last_materialization;
    return data && is_other_data(view, parent, *data, *own);
  });
}

void StaleSet::rebuild(const StaleView& view) {
  stale_.assign(view.graph.size(), 0);
  count_ = 0;
  for (const auto id : view.graph.topological()) {
    if (view.definitions.assets[id].external) continue;  // below it nothing is stale for its sake
    std::uint32_t parents = 0;
    for (const auto parent : view.graph.parents(id)) parents += stale_[parent] != 0;
    stale_[id] = parents << 1 | static_cast<std::uint32_t>(is_stale_by_itself(view, id));
    count_ += stale_[id] != 0;
  }
}

// What flips is told to its children once; each of them flips at most once more.
void StaleSet::set_own(const StaleView& view, AssetId asset, bool own, std::vector<AssetId>& flipped) {
  const bool before = stale_[asset] != 0;
  stale_[asset] = (stale_[asset] & ~1U) | static_cast<std::uint32_t>(own);
  if ((stale_[asset] != 0) == before) return;
  std::vector<AssetId> stack{asset};
  while (!stack.empty()) {
    const auto id = stack.back();
    stack.pop_back();
    flipped.push_back(id);
    const bool stale = stale_[id] != 0;
    stale ? ++count_ : --count_;
    for (const auto child : view.graph.children(id)) {
      if (view.definitions.assets[child].external) continue;
      const bool child_before = stale_[child] != 0;
      stale ? stale_[child] += 2 : stale_[child] -= 2;
      if ((stale_[child] != 0) != child_before) stack.push_back(child);
    }
  }
}

std::vector<AssetId> StaleSet::update(const StaleView& view, std::span<const AssetId> changed) {
  std::vector<AssetId> flipped;
  const auto look_at = [&](AssetId id) { set_own(view, id, is_stale_by_itself(view, id), flipped); };
  for (const auto id : changed) {
    look_at(id);
    for (const auto child : view.graph.children(id)) look_at(child);
  }
  return flipped;
}

std::vector<StaleReason> stale_reasons(const StaleView& view, const StaleSet& set, AssetId id, bool chains) {
  std::vector<StaleReason> reasons;
  if (!set.is_stale(id)) return reasons;
  for (auto& link : own_links(view, id, kReasonsGiven)) {
    if (chains) reasons.push_back({link, {link}});
    else reasons.push_back({std::move(link), {}});
  }
  if (!reasons.empty() && reasons.front().link.kind == StaleKind::never_materialized) return reasons;
  for (const auto parent : view.graph.parents(id)) {
    if (reasons.size() >= kReasonsGiven) break;
    if (!set.is_stale(parent)) continue;
    StaleReason reason{upstream_link(view, parent), {}};
    if (chains) {
      reason.chain.push_back(reason.link);
      follow(view, set, parent, reason.chain);
    }
    reasons.push_back(std::move(reason));
  }
  return reasons;
}

}  // namespace assetd
