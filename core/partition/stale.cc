#include "core/partition/stale.h"

#include <algorithm>
#include <bit>

namespace assetd {

StalePartitions::Latest::Latest(const std::vector<std::pair<PartitionIndex, WallTime>>& at) {
  auto& each = of_.emplace_back();
  for (const auto& [index, time] : at) indices_.push_back(index), each.push_back(time);
  for (std::size_t width = 1; 2 * width <= indices_.size(); width *= 2) {
    const auto& half = of_.back();
    std::vector<WallTime> whole(indices_.size() - 2 * width + 1);
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = std::max(half[i], half[i + width]);
    of_.push_back(std::move(whole));
  }
}

WallTime StalePartitions::Latest::in(std::size_t first, std::size_t last) const {
  if (first >= last) return WallTime::min();
  const auto power = static_cast<std::size_t>(std::bit_width(last - first)) - 1;
  return std::max(of_[power][first], of_[power][last - (std::size_t{1} << power)]);
}

WallTime StalePartitions::Latest::in(const IndexSet& set) const {
  const auto place = [this](PartitionIndex index) { return static_cast<std::size_t>(std::ranges::lower_bound(indices_, index) - indices_.begin()); };
  auto latest = WallTime::min();
  for (const auto& range : set.ranges()) latest = std::max(latest, in(place(range.begin), place(range.end)));
  return latest;
}

StalePartitions::StalePartitions(const AssetGraph& graph, const PartitionTable& table, WallTime now, Made made)
    : graph_(graph), table_(table), now_(now), made_(std::move(made)) {}

// Those above first, without recursion: a chain of dependencies may be as long as there are assets.
const IndexSet& StalePartitions::of(AssetId asset) {
  if (const auto known = known_.find(asset); known != known_.end()) return known->second.stale;
  const AssetId roots[] = {asset};
  const auto above = graph_.ancestors(roots);
  for (const auto id : graph_.topological())
    if (above[id] && !known_.contains(id)) look_at(id);
  return known_.at(asset).stale;
}

void StalePartitions::look_at(AssetId asset) {
  auto made = made_(asset);
  auto latest = Latest(made.at);
  auto& known = known_.emplace(asset, Known{std::move(made), std::move(latest), {}}).first->second;
  if (known.made.judged) {
    known.stale = known.made.stale;
    return;
  }
  const auto existing = table_.existing(asset, now_);
  known.stale = (existing - known.made.materialized) | (known.made.stale & existing);
  for (const auto parent : graph_.parents(asset)) {
    known.stale = known.stale | (table_.downstream_of(asset, parent, known_.at(parent).stale, now_) & existing);
    known.stale = known.stale | (older_than(known, asset, parent) & existing);
  }
}

/// Partitions for which something was made above after they were.
IndexSet StalePartitions::older_than(const Known& child, AssetId asset, AssetId parent) const {
  const auto& above = known_.at(parent);
  std::vector<IndexRange> found;
  auto next = child.made.at.begin();
  (child.made.materialized - child.stale).each([&](PartitionIndex index) {
    while (next != child.made.at.end() && next->first < index) ++next;
    const auto at = next != child.made.at.end() && next->first == index ? next->second : WallTime::min();
    const auto range = IndexSet::range(index, index + 1);
    if (above.latest.in(table_.is_identity(asset, parent) ? range : table_.upstream_of(asset, parent, range, now_)) > at) found.push_back({index, index + 1});
  });
  return IndexSet(std::move(found));
}

}  // namespace assetd
