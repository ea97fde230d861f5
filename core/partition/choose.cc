#include "core/partition/choose.h"

#include <algorithm>
#include <set>

namespace assetd {
namespace {

constexpr std::size_t kKeysShown = 3;

/// Follows the mappings of a selection from the assets whose partitions are known to the others. All sets stay among what there is by now.
class Spread {
 public:
  using Sets = std::map<AssetId, IndexSet>;
  /// `divided` upstream before downstream; `own`: what the caller's keys call themselves in an asset, also what has not ended.
  Spread(const std::vector<AssetId>& divided, const AssetGraph& graph, const PartitionTable& table, WallTime now, std::function<IndexSet(AssetId)> own)
      : divided_(divided), graph_(graph), table_(table), now_(now), own_(std::move(own)) {}

  /// What is needed to make what is known.
  void upward(Sets& sets) const {
    for (auto it = divided_.rbegin(); it != divided_.rend(); ++it) take(sets, *it, graph_.children(*it), [&](AssetId child, const IndexSet& set) { return table_.upstream_of(child, *it, set, now_); });
  }
  /// What is made from it.
  void downward(Sets& sets) const {
    for (const auto asset : divided_) take(sets, asset, graph_.parents(asset), [&](AssetId parent, const IndexSet& set) { return table_.downstream_of(asset, parent, set, now_); });
  }

 private:
  // Not through what is not divided: of everything above it would be needed all that there is.
  template <typename Map>
  void take(Sets& sets, AssetId asset, std::span<const AssetId> neighbours, Map map) const {
    if (sets.contains(asset)) return;
    std::optional<IndexSet> reached;
    for (const auto each : neighbours)
      if (const auto it = sets.find(each); it != sets.end()) reached = reached.value_or(IndexSet()) | map(each, it->second);
    if (reached) sets[asset] = *reached & (table_.existing(asset, now_) | own_(asset));
  }

  const std::vector<AssetId>& divided_;
  const AssetGraph& graph_;
  const PartitionTable& table_;
  WallTime now_;
  std::function<IndexSet(AssetId)> own_;
};

/// Looks up what the keys of a choice mean for each asset.
class Chooser {
 public:
  using Answer = std::expected<std::map<AssetId, IndexSet>, std::string>;

  Chooser(std::span<const AssetId> assets, std::span<const AssetId> targets, const AssetGraph& graph, const PartitionTable& table, WallTime now) : graph_(graph), table_(table), now_(now) {
    for (const auto asset : assets)
      if (table.of(asset)) divided_.push_back(asset);
    std::ranges::sort(divided_, {}, [&](AssetId asset) { return graph.position(asset); });
    std::vector<bool> meant(graph.size(), false);
    for (const auto asset : targets) meant[asset] = true;
    std::ranges::copy_if(divided_, std::back_inserter(targets_), [&](AssetId asset) { return meant[asset]; });
  }

  Answer keys(const std::vector<std::string>& keys) {
    std::map<AssetId, std::vector<IndexRange>> named;
    std::vector<TimeWindow> times;
    const auto name = [&](const std::vector<AssetId>& assets, const std::string& key) {
      bool used = false;
      for (const auto asset : assets)
        if (const auto index = there(asset, key)) {
          named[asset].push_back({*index, *index + 1});
          if (const auto window = table_.of(asset)->window(*index)) {
            if (!used) times.push_back(*window);
            windows_.emplace(window->begin, window->end);
          }
          used = true;
        }
      return used;
    };
    for (const auto& key : keys)
      if (!name(targets_, key) && !name(divided_, key)) return std::unexpected(nobody_has(key));
    for (auto& [asset, ranges] : named) found_[asset] = IndexSet(std::move(ranges));
    return with_others(times, [&](AssetId asset) {
      std::vector<IndexRange> own;
      for (const auto& key : keys)
        if (const auto index = there(asset, key)) own.push_back({*index, *index + 1});
      return IndexSet(std::move(own));
    });
  }

  Answer range(const PartitionRange& range) {
    std::vector<TimeWindow> times;
    for (const auto* assets : {&targets_, &divided_}) {
      if (!found_.empty()) break;
      for (const auto asset : *assets) {
        const auto from = there(asset, range.from), to = there(asset, range.to);
        if (!from || !to) continue;
        if (backwards(asset, *from, *to)) return std::unexpected("the range is empty: of " + graph_.key(asset) + " " + range.to + " comes before " + range.from);
        found_[asset] = between(asset, *from, *to);
        const auto first = table_.of(asset)->window(*from), last = table_.of(asset)->window(*to);
        if (first && last) times.push_back({first->begin, last->end});
      }
    }
    if (found_.empty()) return std::unexpected(nobody_has(nobody_knows(range.from) ? range.from : range.to));
    return with_others(times, [&](AssetId asset) {
      const auto from = there(asset, range.from), to = there(asset, range.to);
      return from && to && !backwards(asset, *from, *to) ? between(asset, *from, *to) : IndexSet();
    });
  }

 private:
  /// Also one that has not ended yet: whoever names it wants it.
  std::optional<PartitionIndex> there(AssetId asset, const std::string& key) const { return table_.of(asset)->index(key); }

  bool backwards(AssetId asset, PartitionIndex from, PartitionIndex to) const {
    const auto first = table_.of(asset)->split(from), last = table_.of(asset)->split(to);
    for (std::size_t i = 0; i < first.size(); ++i)
      if (last[i] < first[i]) return true;
    return false;
  }

  /// Of two dimensions from the one to the other in each: of "eu|2026-01-01" to "eu|2026-01-31" nothing of us.
  IndexSet between(AssetId asset, PartitionIndex from, PartitionIndex to) const {
    const auto& partitions = *table_.of(asset);
    const auto first = partitions.split(from), last = partitions.split(to);
    std::vector<IndexSet> sets;
    for (std::size_t i = 0; i < first.size(); ++i) sets.push_back(partitions.existing_in(i, now_) & IndexSet::range(first[i], last[i] + 1));
    return partitions.cross(sets);
  }

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

  /// Of what has not ended: a day that was named may have the name of a week, which is not meant.
  IndexSet meant(AssetId asset, const IndexSet& own) const {
    IndexSet found;
    (own - table_.existing(asset, now_)).each([&](PartitionIndex index) {
      const auto window = table_.of(asset)->window(index);
      if (!window || windows_.contains({window->begin, window->end})) found.insert(index);
    });
    return found;
  }

  /// Of an asset that no mapping leads to: what has the same names or lies in the same time.
  std::optional<IndexSet> alike(AssetId asset, const std::vector<TimeWindow>& times, const IndexSet& own) const {
    if (!own.empty()) return own;
    std::optional<IndexSet> set;
    for (const auto& time : times)
      if (const auto within = table_.of(asset)->within(time, now_)) set = set.value_or(IndexSet()) | *within;
    return set;
  }

  // What is needed for the named comes first, and is not followed down again: its other children were not meant.
  Answer with_others(const std::vector<TimeWindow>& times, const std::function<IndexSet(AssetId)>& own) {
    const Spread spread(divided_, graph_, table_, now_, [&](AssetId asset) { return meant(asset, own(asset)); });
    auto below = found_;
    spread.upward(found_);
    spread.downward(below);
    found_.merge(below);
    spread.upward(found_);
    for (const auto asset : divided_)
      if (!found_.contains(asset))
        if (auto set = alike(asset, times, own(asset))) found_[asset] = std::move(*set);
    for (std::size_t before = 0; before != found_.size();) {
      before = found_.size();
      spread.upward(found_);
      spread.downward(found_);
    }
    for (const auto asset : divided_)
      if (!found_.contains(asset)) return std::unexpected("the partitions say nothing about " + graph_.key(asset) + ", whose own have other names (" + example(asset) + "); select it apart");
    return std::move(found_);
  }

  const AssetGraph& graph_;
  const PartitionTable& table_;
  WallTime now_;
  std::vector<AssetId> divided_, targets_;  ///< upstream before downstream
  std::set<std::pair<WallTime, WallTime>> windows_;  ///< of what was named by key
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

bool is_partition_word(std::string_view text) { return std::ranges::find(kPartitionWords, text) != std::end(kPartitionWords); }

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

std::expected<std::map<AssetId, IndexSet>, std::string> choose_partitions(const PartitionChoice& choice, std::span<const AssetId> assets, std::span<const AssetId> targets,
                                                                          const AssetGraph& graph, const PartitionTable& table, WallTime now,
                                                                          const std::function<KnownPartitions(AssetId)>& known) {
  Chooser chooser(assets, targets, graph, table, now);
  if (const auto* keys = std::get_if<std::vector<std::string>>(&choice.of)) return chooser.keys(*keys);
  if (const auto* range = std::get_if<PartitionRange>(&choice.of)) return chooser.range(*range);
  std::map<AssetId, IndexSet> sets;
  for (const auto asset : assets)
    if (const auto* partitions = table.of(asset)) sets[asset] = by_word(std::get<PartitionChoice::Word>(choice.of), *partitions, now, known(asset));
  return sets;
}

}  // namespace assetd
