// What a selection takes of its assets, compared with a search through single partitions that knows mappings only from below.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/partition/choose.h"
#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using Json = nlohmann::json;

const WallTime kNow = parse_time("2026-02-03T12:00:00Z").value();

PartitionsSpec some_division(int which) {
  const DimensionSpec days{"", TimeWindowsSpec{.start = "2026-01-20"}}, weeks{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-18"}};
  const DimensionSpec regions{"", StaticPartitionsSpec{{"eu", "us", "asia"}}};
  switch (which) {
    case 0: return {{days}};
    case 1: return {{weeks}};
    case 2: return {{regions}};
    default: return {{{"day", days.of}, {"region", regions.of}}};
  }
}

/// A mapping that fits, or what follows by itself.
Json some_mapping(int child, int parent, int which) {
  const bool times = child < 2 && parent < 2;
  if (times && which == 1) return {{"offset", -1}};
  if (times && which == 2) return {{"start_offset", -2}, {"end_offset", 1}};
  if (child == 2 && parent == 2 && which == 1) return {{"map", {{"eu", {"us", "asia"}}, {"us", "us"}}}};
  if (child == 3 && parent == 3 && which == 1) return {{"dimensions", {{"day", {{"offset", -1}}}, {"region", "all"}}}};
  if (which == 3) return "last";
  return nullptr;
}

struct World {
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;

  static World any() {
    Project project;
    const auto size = *rc::gen::inRange(2, 7);
    std::vector<int> division;
    for (int i = 0; i < size; ++i) {
      auto& asset = project.asset("a" + std::to_string(i));
      division.push_back(*rc::gen::inRange(0, 4));
      asset.partitions = some_division(division.back());
      for (int parent = 0; parent < i; ++parent)
        if (*rc::gen::inRange(0, 2) == 0) asset.deps.push_back({.asset = "a" + std::to_string(parent), .partitions = some_mapping(division.back(), division[static_cast<std::size_t>(parent)], *rc::gen::inRange(0, 4))});
    }
    World world;
    world.definitions = project.definitions();
    world.graph.emplace(AssetGraph::build(*world.definitions).value());
    world.table = PartitionTable::make(*world.definitions, *world.graph, {});
    return world;
  }
  bool needs(AssetId child, PartitionIndex made, AssetId parent, PartitionIndex from) const {
    return table.upstream_of(child, parent, IndexSet::range(made, made + 1), kNow).contains(from);
  }
  IndexSet existing(AssetId asset) const { return table.existing(asset, kNow); }
};

/// Partitions of all that is above (below) one of `root`, one by one.
std::map<AssetId, IndexSet> reached(const World& world, AssetId root, PartitionIndex start, bool up) {
  std::map<AssetId, IndexSet> found{{root, IndexSet::range(start, start + 1)}};
  std::vector<std::pair<AssetId, PartitionIndex>> open{{root, start}};
  while (!open.empty()) {
    const auto [asset, index] = open.back();
    open.pop_back();
    for (const auto next : up ? world.graph->parents(asset) : world.graph->children(asset)) {
      auto& known = found[next];
      world.existing(next).each([&](PartitionIndex each) {
        const bool linked = up ? world.needs(asset, index, next, each) : world.needs(next, each, asset, index);
        if (linked && !known.contains(each)) known.insert(each), open.emplace_back(next, each);
      });
    }
  }
  return found;
}

void compare(const World& world, bool up) {
  const auto root = *rc::gen::inRange<AssetId>(0, static_cast<AssetId>(world.graph->size()));
  const auto all = world.existing(root);
  const auto start = all.first(*rc::gen::inRange<std::int64_t>(1, all.size() + 1)).last(1).ranges().front().begin;
  const std::vector<AssetId> roots{root};
  const auto flags = up ? world.graph->ancestors(roots) : world.graph->descendants(roots);
  std::vector<AssetId> assets;
  for (AssetId id = 0; id < flags.size(); ++id)
    if (flags[id]) assets.push_back(id);
  const auto key = world.table.of(root)->key(start);
  const auto chosen = choose_partitions({Names{key}}, assets, roots, *world.graph, world.table, kNow, [](AssetId) { return KnownPartitions{}; });
  RC_ASSERT(chosen.has_value());
  auto expected = reached(world, root, start, up);
  for (const auto asset : assets) RC_ASSERT(chosen->at(asset).encode() == expected[asset].encode());
}

RC_GTEST_PROP(ChoosePartitionsProperty, UpstreamIsWhatASearchByPartitionsFinds, ()) { compare(World::any(), true); }
RC_GTEST_PROP(ChoosePartitionsProperty, DownstreamIsWhatASearchByPartitionsFinds, ()) { compare(World::any(), false); }

}  // namespace
}  // namespace assetd::testing
