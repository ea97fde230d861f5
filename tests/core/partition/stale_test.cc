// Stale partitions, against a reference that looks at every pair.

#include "core/partition/stale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

PartitionsSpec days() { return PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01", .end = "2026-01-15"}}}}; }
PartitionsSpec weeks() { return PartitionsSpec{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04", .end = "2026-01-18"}}}}; }

/// external feed (undivided) → events (days) → orders (days), and both into weeks.
class StalePartitionsTest : public ::testing::Test {
 protected:
  StalePartitionsTest() {
    project.asset("a_plain");
    project.asset("events", {"a_plain"}).partitions = days();
    project.asset("orders", {"events"}).partitions = days();
    project.asset("weeks", {"events", "orders"}).partitions = weeks();
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, {});
    for (AssetId id = 0; id < graph->size(); ++id) made[id].judged = !table.of(id);
  }
  AssetId id(const std::string& key) const { return *graph->find(key); }
  void make(const std::string& key, const Names& keys, int minute) {
    for (const auto& each : keys) {
      const auto index = table.of(id(key)) ? *table.of(id(key))->index(each) : 0;
      auto& of = made[id(key)];
      of.materialized.insert(index);
      std::erase_if(of.at, [&](const auto& one) { return one.first == index; });
      of.at.emplace_back(index, WallTime(Millis(minute * 60'000)));
      std::ranges::sort(of.at);
    }
  }
  Names stale(const std::string& key) {
    Names found;
    StalePartitions sets(*definitions, *graph, table, now, [&](AssetId asset) { return made[asset]; });
    sets.of(id(key)).each([&](PartitionIndex index) { found.push_back(table.of(id(key))->key(index)); });
    return found;
  }
  Names all(const std::string& key) {
    Names found;
    table.of(id(key))->existing(now).each([&](PartitionIndex index) { found.push_back(table.of(id(key))->key(index)); });
    return found;
  }
  Project project;
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;
  std::map<AssetId, MadePartitions> made;
  WallTime now = parse_time("2026-02-01T00:00:00Z").value();
};

TEST_F(StalePartitionsTest, WhatIsMissingIsAndWhatWasMadeInOrderIsNot) {
  EXPECT_EQ(stale("events"), all("events"));
  make("a_plain", {""}, 0);
  make("events", all("events"), 1);
  EXPECT_THAT(stale("events"), IsEmpty());
  make("orders", all("orders"), 2);
  make("weeks", all("weeks"), 3);
  EXPECT_THAT(stale("weeks"), IsEmpty());
}

TEST_F(StalePartitionsTest, NewerDataAboveReachesWhatIsMadeFromItThroughAllThatLiesBetween) {
  make("a_plain", {""}, 0);
  make("events", all("events"), 1);
  make("orders", all("orders"), 2);
  make("weeks", all("weeks"), 3);
  make("events", {"2026-01-06"}, 9);
  EXPECT_THAT(stale("orders"), ElementsAre("2026-01-06"));
  EXPECT_THAT(stale("weeks"), ElementsAre("2026-01-04"));
  make("weeks", {"2026-01-04"}, 10);
  EXPECT_THAT(stale("weeks"), ElementsAre("2026-01-04")) << "its day of orders is stale still";
  make("orders", {"2026-01-06"}, 11);
  make("weeks", {"2026-01-04"}, 12);
  EXPECT_THAT(stale("weeks"), IsEmpty());
  make("a_plain", {""}, 20);
  EXPECT_EQ(stale("orders"), all("orders"));
}

TEST_F(StalePartitionsTest, OtherCodeAndWhatIsKeptNoMore) {
  make("a_plain", {""}, 0);
  make("events", all("events"), 1);
  make("orders", all("orders"), 2);
  made[id("events")].stale = IndexSet::range(3, 5);
  EXPECT_THAT(stale("orders"), ElementsAre("2026-01-04", "2026-01-05"));
  made[id("events")].stale = {};
  made[id("orders")].at.clear();
  EXPECT_EQ(stale("orders"), all("orders")) << "older than all that is known";
  made[id("a_plain")].at.clear();
  made[id("events")].at.clear();
  EXPECT_THAT(stale("orders"), IsEmpty()) << "nobody can say that anything is newer";
}

TEST_F(StalePartitionsTest, AreThoseOfAReferenceThatLooksAtEveryPair) {
  EXPECT_TRUE(rc::check([this] {
    for (auto& [asset, of] : made) of = MadePartitions{.judged = !table.of(asset)};
    make("a_plain", {""}, *rc::gen::inRange(0, 9));
    for (const auto* key : {"events", "orders", "weeks"})
      for (const auto& each : all(key))
        if (*rc::gen::inRange(0, 4) > 0) make(key, {each}, *rc::gen::inRange(0, 9));
    std::map<AssetId, std::set<PartitionIndex>> expected;
    for (const auto asset : graph->topological()) {
      if (!table.of(asset)) continue;
      table.of(asset)->existing(now).each([&](PartitionIndex index) {
        const auto at = [&](AssetId of, PartitionIndex which) {
          for (const auto& [one, time] : made[of].at)
            if (one == which) return time;
          return WallTime::min();
        };
        bool is = !made[asset].materialized.contains(index);
        for (const auto parent : graph->parents(asset))
          table.upstream_of(asset, parent, IndexSet::range(index, index + 1), now).each([&](PartitionIndex above) { is = is || expected[parent].contains(above) || at(parent, above) > at(asset, index); });
        if (is) expected[asset].insert(index);
      });
    }
    StalePartitions sets(*definitions, *graph, table, now, [&](AssetId asset) { return made[asset]; });
    for (const auto* key : {"weeks", "orders", "events"}) {
      std::set<PartitionIndex> found;
      sets.of(id(key)).each([&](PartitionIndex index) { found.insert(index); });
      RC_ASSERT(found == expected[id(key)]);
    }
  }));
}

}  // namespace
}  // namespace assetd::testing
