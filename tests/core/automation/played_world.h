#pragma once
// A world of a few assets for tests of automation: what happens is written into it, and each evaluation is told of it.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/automation/automation.h"
#include "tests/core/graph/sample_graph.h"

namespace assetd::testing {

struct PlayedAsset {
  std::string condition;         ///< empty: none
  PartitionIndex partitions = 0; ///< 0: without; else windows of ten minutes, at most so many
};

class PlayedWorld : public AutomationWorld {
 public:
  PlayedWorld(std::vector<Row> rows, std::map<std::string, PlayedAsset> assets);

  AssetId id(const std::string& key) const { return graph_.find(key).value(); }
  const AssetGraph& graph() const override { return graph_; }
  ConditionPtr condition(AssetId asset) const override { return conditions_[asset]; }
  IndexSet existing(AssetId asset, WallTime now) const override;
  IndexSet latest_window(AssetId asset, WallTime now) const override;
  std::optional<WallTime> next_window(AssetId asset, WallTime now) const override;
  IndexSet made_from(AssetId child, AssetId parent, const IndexSet& of_parent) const override;
  IndexSet made_with(AssetId asset, AssetId parent) const override { return together.contains({asset, parent}) ? IndexSet::range(0, 1) : IndexSet(); }
  bool may_request(AssetId asset) const override { return !held.contains(asset); }
  bool selects(const std::string& selection, AssetId asset) const override { return graph_.key(asset) == selection; }
  IndexSet materialized(AssetId asset) const override { return of(state_.materialized, asset); }
  IndexSet in_progress(AssetId asset) const override { return of(state_.in_progress, asset); }
  IndexSet failed(AssetId asset) const override { return of(state_.failed, asset); }
  IndexSet checks_failed(AssetId asset) const override { return of(state_.checks_failed, asset); }
  IndexSet checks_open(AssetId asset) const override { return of(state_.checks_open, asset); }
  IndexSet unchecked(AssetId asset, AssetId) const override { return of(state_.unchecked, asset); }

  using Sets = std::map<AssetId, IndexSet>;
  struct State {
    Sets materialized, in_progress, failed, checks_failed, checks_open, unchecked;
  };
  State& state() { return state_; }
  std::set<AssetId> held;
  std::set<std::pair<AssetId, AssetId>> together;  ///< whose parent's news came of a run that makes both

 private:
  static IndexSet of(const Sets& sets, AssetId asset) {
    const auto it = sets.find(asset);
    return it == sets.end() ? IndexSet() : it->second;
  }

  AssetGraph graph_;
  std::vector<ConditionPtr> conditions_;
  std::vector<PartitionIndex> partitions_;
  State state_;
};

inline PlayedWorld::PlayedWorld(std::vector<Row> rows, std::map<std::string, PlayedAsset> assets) : graph_(AssetGraph::build(definitions_of(std::move(rows))).value()) {
  for (AssetId id = 0; id < graph_.size(); ++id) {
    const auto& asset = assets[graph_.key(id)];
    conditions_.push_back(asset.condition.empty() ? nullptr : parse_condition(asset.condition).value());
    partitions_.push_back(asset.partitions);
  }
}

constexpr Millis kPlayedWindow{600'000};

inline IndexSet PlayedWorld::existing(AssetId asset, WallTime now) const {
  const auto most = partitions_[asset];
  return IndexSet::range(0, most == 0 ? 1 : std::min<PartitionIndex>(most, now.time_since_epoch() / kPlayedWindow));
}

inline IndexSet PlayedWorld::latest_window(AssetId asset, WallTime now) const {
  const auto all = existing(asset, now);
  const auto count = all.size();
  return partitions_[asset] == 0 || count == 0 ? all : IndexSet::range(count - 1, count);
}

inline std::optional<WallTime> PlayedWorld::next_window(AssetId asset, WallTime now) const {
  const auto ended = now.time_since_epoch() / kPlayedWindow;
  if (ended >= partitions_[asset]) return std::nullopt;
  return WallTime((ended + 1) * kPlayedWindow);
}

/// Of the same windows where both have some, else of all.
inline IndexSet PlayedWorld::made_from(AssetId child, AssetId parent, const IndexSet& of_parent) const {
  if (of_parent.empty()) return {};
  if (partitions_[child] > 0 && partitions_[parent] > 0) return of_parent;
  return IndexSet::range(0, std::max<PartitionIndex>(1, partitions_[child]));
}

}  // namespace assetd::testing
