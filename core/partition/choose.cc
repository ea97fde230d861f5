#include "core/partition/choose.h"

#include <algorithm>

namespace assetd {
namespace {

constexpr std::size_t kKeysShown = 3;

/// Looks up what the keys of a choice mean for each asset.
class Chooser {
 public:
  Chooser(std::span<const AssetId> assets, const AssetGraph& graph, const PartitionTable& table, WallTime now) : graph_(graph), table_(table), now_(now) {
    for (const auto asset : assets)
      if (table.of(asset)) divided_.push_back(asset);
  }

  std::expected<std::map<AssetId, IndexSet>, std::string> keys(const std::vector<std::string>& keys) {
    std::vector<bool> used(keys.size(), false);
    std::vector<TimeWindow> times;
    for (const auto asset : divided_)
      for (std::size_t i = 0; i < keys.size(); ++i)
        if (const auto index = there(asset, keys[i])) {
          found_[asset].insert(*index);
          if (const auto window = table_.of(asset)->window(*index); window && !used[i]) times.push_back(*window);
          used[i] = true;
        }
    const auto unused = std::ranges::find(used, false);
    if (unused != used.end()) return std::unexpected(nobody_has(keys[static_cast<std::size_t>(unused - used.begin())]));
    return with_others(times);
  }

  std::expected<std::map<AssetId, IndexSet>, std::string> range(const PartitionRange& range) {
    std::vector<TimeWindow> times;
    for (const auto asset : divided_) {
      const auto from = there(asset, range.from), to = there(asset, range.to);
      if (!from || !to) continue;
      if (*to < *from) return std::unexpected("the range is empty: of " + graph_.key(asset) + " " + range.to + " comes before " + range.from);
      const auto& partitions = *table_.of(asset);
      const auto first = partitions.window(*from), last = partitions.window(*to);
      if (first && last) times.push_back({first->begin, last->end});
      found_[asset] = first && last ? *partitions.within({first->begin, last->end}, now_) : partitions.existing(now_) & IndexSet::range(*from, *to + 1);
    }
    if (found_.empty()) return std::unexpected(nobody_has(nobody_knows(range.from) ? range.from : range.to));
    return with_others(times);
  }

 private:
  /// Also one that has not ended yet: whoever names it wants it.
  std::optional<PartitionIndex> there(AssetId asset, const std::string& key) const { return table_.of(asset)->index(key); }

  bool nobody_knows(const std::string& key) const {
    return std::ranges::none_of(divided_, [&](AssetId asset) { return there(asset, key).has_value(); });
  }

  std::string example(AssetId asset) const {
    const auto last = table_.of(asset)->existing(now_).last(1);
    return last.empty() ? "it has none yet" : "as in " + table_.of(asset)->key(last.ranges().front().begin);
  }

  std::string nobody_has(const std::string& key) const {
    if (divided_.empty()) return "none of the selected assets has partitions; leave them out";
    return "no selected asset has a partition \"" + key + "\"; " + graph_.key(divided_.front()) + " does not: " + example(divided_.front());
  }

  std::expected<std::map<AssetId, IndexSet>, std::string> with_others(const std::vector<TimeWindow>& times) {
    for (const auto asset : divided_) {
      if (found_.contains(asset)) continue;
      const auto& partitions = *table_.of(asset);
      bool timed = false;
      IndexSet set;
      for (const auto& time : times)
        if (const auto within = partitions.within(time, now_)) timed = true, set = set | *within;
      if (!timed) return std::unexpected("the partitions say nothing about " + graph_.key(asset) + ", whose own have other names (" + example(asset) + "); select it apart");
      found_[asset] = std::move(set);
    }
    return std::move(found_);
  }

  const AssetGraph& graph_;
  const PartitionTable& table_;
  WallTime now_;
  std::vector<AssetId> divided_;
  std::map<AssetId, IndexSet> found_;
};

IndexSet by_word(PartitionChoice::Word word, const Partitions& partitions, WallTime now, const KnownPartitions& known) {
  using Word = PartitionChoice::Word;
  switch (word) {
    case Word::usual:
    case Word::latest: return partitions.usual(now);
    case Word::all: return partitions.existing(now);
    case Word::missing: return partitions.existing(now) - known.materialized;
    case Word::failed: return known.failed;
    case Word::stale: return known.stale;
  }
  return {};
}

}  // namespace

std::string in_words(const PartitionChoice& choice) {
  if (const auto* word = std::get_if<PartitionChoice::Word>(&choice.of)) {
    constexpr const char* kWords[] = {"", "latest", "all", "missing", "failed", "stale"};
    return kWords[static_cast<int>(*word)];
  }
  if (const auto* range = std::get_if<PartitionRange>(&choice.of)) return range->from + " … " + range->to;
  const auto& keys = std::get<std::vector<std::string>>(choice.of);
  std::string text;
  for (std::size_t i = 0; i < std::min(keys.size(), kKeysShown); ++i) text += (text.empty() ? "" : ", ") + keys[i];
  return keys.size() > kKeysShown ? text + " and " + std::to_string(keys.size() - kKeysShown) + " more" : text;
}

std::expected<std::map<AssetId, IndexSet>, std::string> choose_partitions(const PartitionChoice& choice, std::span<const AssetId> assets, const AssetGraph& graph, const PartitionTable& table,
                                                                          WallTime now, const std::function<KnownPartitions(AssetId)>& known) {
  Chooser chooser(assets, graph, table, now);
  if (const auto* keys = std::get_if<std::vector<std::string>>(&choice.of)) return chooser.keys(*keys);
  if (const auto* range = std::get_if<PartitionRange>(&choice.of)) return chooser.range(*range);
  std::map<AssetId, IndexSet> sets;
  for (const auto asset : assets)
    if (const auto* partitions = table.of(asset)) sets[asset] = by_word(std::get<PartitionChoice::Word>(choice.of), *partitions, now, known(asset));
  return sets;
}

}  // namespace assetd
