// A backfill whose assets were renamed or are divided from another start: what it wants is found again by its keys.

#include <algorithm>
#include <map>

#include "core/backfill/backfill.h"

namespace assetd {
namespace {

using Heirs = std::map<std::string, std::string, std::less<>>;  // present keys by former ones

Heirs heirs_of(const Definitions& definitions) {
  Heirs heirs;
  for (const auto& asset : definitions.assets)
    if (!asset.renamed_from.empty()) heirs[asset.renamed_from] = asset.key;
  return heirs;
}

/// Do windows differ at most in where they begin and end?
bool same_rule(TimeWindowsSpec a, TimeWindowsSpec b) {
  a.start = b.start = a.end = b.end = "";
  return a == b;
}

/// One dimension of the way a group is divided, then and now.
struct Moved {
  const DimensionSpec& before_spec;
  const DimensionSpec& after_spec;
  const Partitions::Dimension& before;
  const Partitions::Dimension& after;

  /// Nothing where one of them is no more. A range of windows costs two look-ups.
  std::optional<IndexSet> operator()(const IndexSet& set) const {
    if (std::holds_alternative<DynamicPartitionsSpec>(before_spec.of)) return before_spec.of == after_spec.of ? std::optional(set) : std::nullopt;
    if (before_spec.of.index() != after_spec.of.index()) return std::nullopt;
    return before.has_time() ? windows(set) : names(set);
  }

 private:
  std::optional<IndexSet> windows(const IndexSet& set) const {
    if (!same_rule(std::get<TimeWindowsSpec>(before_spec.of), std::get<TimeWindowsSpec>(after_spec.of))) return std::nullopt;
    const auto &then = std::get<TimeWindows>(before.of), &now = std::get<TimeWindows>(after.of);
    std::vector<IndexRange> ranges;
    for (const auto& range : set.ranges()) {
      const auto first = now.index(then.key(range.begin)), last = now.index(then.key(range.end - 1));
      if (!first || !last || *last - *first != range.end - 1 - range.begin) return std::nullopt;
      if (now.window(*first) != then.window(range.begin) || now.window(*last) != then.window(range.end - 1)) return std::nullopt;
      ranges.push_back({*first, *last + 1});
    }
    return IndexSet(std::move(ranges));
  }
  std::optional<IndexSet> names(const IndexSet& set) const {
    const auto &then = *std::get<1>(before.of), &now = *std::get<1>(after.of);
    std::vector<IndexRange> ranges;
    bool all = true;
    set.each([&](PartitionIndex index) {
      const auto found = now.index(then.key(index));
      all = all && found;
      if (found) ranges.push_back({*found, *found + 1});
    });
    return all ? std::optional(IndexSet(std::move(ranges))) : std::nullopt;
  }
};

std::vector<const DimensionSpec*> in_order(const PartitionsSpec& spec) {
  std::vector<const DimensionSpec*> out;
  for (const auto& each : spec.dimensions) out.push_back(&each);
  std::ranges::sort(out, {}, [](const DimensionSpec* each) { return each->name; });
  return out;
}

std::optional<IndexSet> moved(const IndexSet& set, const PartitionsSpec& was, const Partitions& before, const PartitionsSpec& is, const Partitions& after) {
  const auto then = in_order(was), now = in_order(is);
  IndexSet out;
  for (const auto& row : before.products(set)) {
    std::vector<IndexSet> sets;
    for (std::size_t i = 0; i < row.size(); ++i) {
      auto one = Moved{*then[i], *now[i], before.dimensions()[i], after.dimensions()[i]}(row[i]);
      if (!one) return std::nullopt;
      sets.push_back(std::move(*one));
    }
    out = out | after.cross(sets);
  }
  return out;
}

bool same_names(const PartitionsSpec& a, const PartitionsSpec& b) {
  return std::ranges::equal(in_order(a), in_order(b), {}, [](const DimensionSpec* each) { return each->name; }, [](const DimensionSpec* each) { return each->name; });
}

/// The sets of a group and of its runs, by the indices of now. Nothing is changed where one of its partitions is no more.
bool move_sets(Backfill& backfill, std::size_t nth, const PartitionsSpec& is, const Partitions& after) {
  auto& group = backfill.groups[nth];
  const auto before = Partitions::make(*group.spec, {});
  if (!before || !same_names(*group.spec, is)) return false;
  auto next = group;
  auto runs = backfill.runs;
  std::vector<IndexSet*> sets{&next.wanted, &next.succeeded, &next.failed, &next.skipped, &next.canceled};
  for (auto* each : {&next.made, &next.blocked})
    for (auto& set : *each) sets.push_back(&set);
  for (auto& [id, run] : runs)
    if (run.group == nth) sets.push_back(&run.set);
  for (auto* set : sets) {
    auto found = moved(*set, *group.spec, *before, is, after);
    if (!found) return false;
    *set = std::move(*found);
  }
  next.spec = is;
  group = std::move(next);
  backfill.runs = std::move(runs);
  return true;
}

}  // namespace

void follow(Backfill& backfill, const Definitions& definitions, const AssetGraph& graph, const PartitionTable& table) {
  std::optional<Heirs> heirs;  // most backfills find their assets
  for (std::size_t nth = 0; nth < backfill.groups.size(); ++nth) {
    auto& group = backfill.groups[nth];
    for (auto& key : group.assets)
      if (!graph.find(key)) {
        if (!heirs) heirs = heirs_of(definitions);
        if (const auto heir = heirs->find(key); heir != heirs->end()) key = heir->second;
      }
    const auto first = group.assets.empty() ? std::nullopt : graph.find(group.assets.front());
    if (!first || !group.spec || !table.of(*first)) continue;
    const auto& is = *definitions.assets[*first].partitions;
    if (is.dimensions != group.spec->dimensions) move_sets(backfill, nth, is, *table.of(*first));
  }
}

}  // namespace assetd
