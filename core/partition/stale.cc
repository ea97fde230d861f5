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

std::optional<std::size_t> StalePartitions::Known::place(PartitionIndex index) const {
  const auto it = std::ranges::lower_bound(made.at, index, {}, &std::pair<PartitionIndex, WallTime>::first);
  return it == made.at.end() || it->first != index ? std::nullopt : std::optional(static_cast<std::size_t>(it - made.at.begin()));
}

WallTime StalePartitions::Known::at(PartitionIndex index) const {
  const auto found = place(index);
  return found ? made.at[*found].second : WallTime::min();
}

const MadePartition* StalePartitions::Known::data(PartitionIndex index) const {
  const auto found = made.data.empty() ? std::nullopt : place(index);
  return found ? &made.data[*found] : nullptr;
}

std::optional<PartitionData> StalePartitions::Known::latest_data(PartitionIndex index) const {
  const auto* found = data(index);
  return found ? std::optional(PartitionData{found->data_version, found->run, at(index)}) : std::nullopt;
}

StalePartitions::StalePartitions(const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table, WallTime now, Made made)
    : definitions_(definitions), graph_(graph), table_(table), now_(now), made_(std::move(made)) {}

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
    known.stale = known.stale | (made_from_other(known, asset, parent) & existing);
  }
}

IndexSet StalePartitions::mapped(AssetId asset, AssetId parent, PartitionIndex index) const {
  const auto range = IndexSet::range(index, index + 1);
  return table_.is_identity(asset, parent) ? range : table_.upstream_of(asset, parent, range, now_);
}

/// It may have had another name then.
const UsedData* StalePartitions::used_of(AssetId parent, const Provenance& from) const {
  const auto* used = from.input(graph_.key(parent));
  const auto& former = definitions_.assets[parent].renamed_from;
  return used || former.empty() ? used : from.input(former);
}

/// Neighbours often follow the same ones.
UsedPartitions StalePartitions::found_now(AssetId parent, const IndexSet& mapped) const {
  const auto find = [&] {
    const auto& above = known_.at(parent);
    return used_partitions(*table_.of(parent), mapped, [&](PartitionIndex index) { return above.latest_data(index); });
  };
  if (mapped.size() <= 1) return find();
  auto& [last, answer] = several_[parent];
  if (last != mapped) answer = find(), last = mapped;
  return answer;
}

bool StalePartitions::has_other_data(const Known& child, AssetId asset, AssetId parent, PartitionIndex index) const {
  const auto& above = known_.at(parent);
  const auto from_these = mapped(asset, parent, index);
  const auto newest = above.latest.in(from_these);
  const auto* made = child.data(index);
  const bool by_time = !made || !made->from || above.made.data.size() != above.made.at.size();
  if (by_time) return newest > child.at(index);
  const auto* used = used_of(parent, *made->from);
  if (!used) return newest != WallTime::min();
  if (!table_.of(parent)) {
    const auto* data = above.data(0);
    return data && data->data_version != used->data_version;
  }
  const auto& of = used->of;
  if (!of || of->mapped > kMostPartitionsTold || from_these.size() > kMostPartitionsTold) return newest > child.at(index);
  // Nothing was made since: spares a look at each of many.
  if (of->mapped > 1 && of->mapped == from_these.size() && of->found > 0 && of->at == newest) return false;
  return !is_same_data(*of, found_now(parent, from_these));
}

IndexSet StalePartitions::made_from_other(const Known& child, AssetId asset, AssetId parent) const {
  std::vector<IndexRange> found;
  (child.made.materialized - child.stale).each([&](PartitionIndex index) {
    if (has_other_data(child, asset, parent, index)) found.push_back({index, index + 1});
  });
  return IndexSet(std::move(found));
}

}  // namespace assetd
