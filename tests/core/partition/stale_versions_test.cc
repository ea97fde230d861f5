// Stale partitions where it was kept which data they were made from: against a reference that keeps the version of each, and why they are stale.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "core/partition/stale.h"
#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// events (days) → orders (days) → weeks, made by runs that are counted as the minutes are.
class StaleVersionsTest : public ::testing::Test {
 protected:
  StaleVersionsTest() {
    project.asset("events").partitions = PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01", .end = "2026-01-15"}}}};
    project.asset("orders", {"events"}).partitions = PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01", .end = "2026-01-15"}}}};
    project.asset("weeks", {"events", "orders"}).partitions = PartitionsSpec{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04", .end = "2026-01-18"}}}};
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, {});
  }
  AssetId id(const std::string& key) const { return *graph->find(key); }
  PartitionIndex index(const std::string& key, const std::string& partition) const { return *table.of(id(key))->index(partition); }
  IndexSet mapped(AssetId asset, AssetId parent, PartitionIndex which) const { return table.upstream_of(asset, parent, IndexSet::range(which, which + 1), now); }

  struct Kept {
    WallTime at{};
    MadePartition made;
    std::map<AssetId, std::map<PartitionIndex, std::string>> read;  ///< the reference: every version that it found
  };
  std::map<PartitionIndex, std::string> versions(AssetId asset, const IndexSet& which) {
    std::map<PartitionIndex, std::string> found;
    which.each([&](PartitionIndex each) {
      if (const auto it = kept[asset].find(each); it != kept[asset].end()) found[each] = it->second.made.data_version;
    });
    return found;
  }
  void make(AssetId asset, PartitionIndex which, const std::string& version) {
    ++minute;
    auto from = std::make_shared<Provenance>();
    from->code_version = "c1";
    Kept made{WallTime(Millis(minute * 60'000)), {version, minute}, {}};
    for (const auto parent : graph->parents(asset)) {
      if (kept[parent].empty()) continue;
      const auto these = mapped(asset, parent, which);
      from->inputs.push_back({graph->key(parent), "any", 1, WallTime{}, used_partitions(*table.of(parent), these, [&](PartitionIndex each) {
                                const auto it = kept[parent].find(each);
                                return it == kept[parent].end() ? std::nullopt : std::optional(PartitionData{it->second.made.data_version, it->second.made.run, it->second.at});
                              })});
      made.read[parent] = versions(parent, these);
    }
    made.made.from = std::move(from);
    kept[asset][which] = std::move(made);
  }
  void make(const std::string& key, const std::string& partition, const std::string& version) { make(id(key), index(key, partition), version); }

  MadePartitions made_of(AssetId asset) {
    MadePartitions made;
    for (const auto& [which, each] : kept[asset]) made.materialized.insert(which), made.at.emplace_back(which, each.at), made.data.push_back(each.made);
    made.stale = old[asset];
    return made;
  }
  StalePartitions sets() {
    return {*definitions, *graph, table, now, [this](AssetId asset) { return made_of(asset); }};
  }
  bool is_stale(const std::string& key, const std::string& partition) { return sets().of(id(key)).contains(index(key, partition)); }
  std::vector<std::string> why(const std::string& key, const std::string& partition) {
    std::vector<std::string> told;
    for (const auto& reason : sets().reasons(id(key), index(key, partition), nullptr)) {
      std::string text;
      for (const auto& each : reason.chain) text += (text.empty() ? "" : " < ") + std::string(to_string(each.link.kind)) + " " + graph->key(each.link.asset) + " " + each.partition;
      told.push_back(text);
      last = reason.chain.back().link;
    }
    return told;
  }

  Project project;
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;
  std::map<AssetId, std::map<PartitionIndex, Kept>> kept;
  std::map<AssetId, IndexSet> old;
  std::int64_t minute = 0;
  WallTime now = parse_time("2026-02-01T00:00:00Z").value();
  StaleLink last;
};

TEST_F(StaleVersionsTest, WhatWasMadeAgainWithTheSameVersionMakesNothingStale) {
  make("events", "2026-01-05", "v1");
  make("orders", "2026-01-05", "o1");
  make("events", "2026-01-05", "v1");
  EXPECT_FALSE(is_stale("orders", "2026-01-05"));
  EXPECT_THAT(why("orders", "2026-01-05"), IsEmpty());
  make("events", "2026-01-05", "v2");
  EXPECT_TRUE(is_stale("orders", "2026-01-05"));
  EXPECT_THAT(why("orders", "2026-01-05"), ElementsAre("newer_data events 2026-01-05"));
  EXPECT_EQ(last.run, 4);
  EXPECT_EQ(last.detail, "events [2026-01-05] has newer data, of run 4, 1970-01-01T00:04:00.000Z; it was made from that of run 1, 1970-01-01T00:01:00.000Z");
}

TEST_F(StaleVersionsTest, TheChainLeadsToTheCause) {
  EXPECT_THAT(why("weeks", "2026-01-04"), ElementsAre("never_materialized weeks 2026-01-04"));
  for (int day = 4; day <= 10; ++day) {
    const auto date = "2026-01-" + std::string(day < 10 ? "0" : "") + std::to_string(day);
    make("events", date, "v1"), make("orders", date, "o1");
  }
  make("weeks", "2026-01-04", "w1");
  EXPECT_THAT(why("weeks", "2026-01-04"), IsEmpty());
  make("events", "2026-01-06", "v2");
  EXPECT_THAT(why("weeks", "2026-01-04"), ElementsAre("newer_data events 2026-01-06", "upstream_stale orders 2026-01-06 < newer_data events 2026-01-06"));
  old[id("orders")] = IndexSet::range(index("orders", "2026-01-05"), index("orders", "2026-01-05") + 1);
  EXPECT_THAT(why("weeks", "2026-01-04"), ElementsAre("newer_data events 2026-01-06", "upstream_stale orders 2026-01-05 < code_changed orders 2026-01-05"));
  EXPECT_THAT(last.detail, HasSubstr("the code of orders changed from c1 to "));
}

TEST_F(StaleVersionsTest, DataThatCameAfterItHadBegunIsOtherDataThoughItIsOlder) {
  make("events", "2026-01-05", "v1");
  make("orders", "2026-01-05", "o1");
  kept[id("events")].begin()->second.made.data_version = "v2";  // made after orders looked, and before it was made
  EXPECT_TRUE(is_stale("orders", "2026-01-05"));
}

TEST_F(StaleVersionsTest, AreThoseOfAReferenceThatKeepsEveryVersion) {
  EXPECT_TRUE(rc::check([this] {
    kept.clear();
    minute = 0;
    const auto count = *rc::gen::inRange(0, 60);
    for (int i = 0; i < count; ++i) {
      const auto asset = id(*rc::gen::element<std::string>("events", "events", "orders", "orders", "weeks"));
      const auto existing = table.existing(asset, now);
      const auto which = existing.ranges().front().begin + *rc::gen::inRange<PartitionIndex>(0, std::min<PartitionIndex>(existing.size(), 9));
      make(asset, which, *rc::gen::element<std::string>("v1", "v2"));
    }
    std::map<AssetId, std::set<PartitionIndex>> expected;
    for (const auto asset : graph->topological())
      table.existing(asset, now).each([&](PartitionIndex which) {
        const auto own = kept[asset].find(which);
        bool is = own == kept[asset].end();
        for (const auto parent : graph->parents(asset)) {
          const auto these = mapped(asset, parent, which);
          these.each([&](PartitionIndex above) { is = is || expected[parent].contains(above); });
          is = is || own->second.read[parent] != versions(parent, these);
        }
        if (is) expected[asset].insert(which);
      });
    auto found = sets();
    for (const auto* key : {"weeks", "orders", "events"}) {
      std::set<PartitionIndex> stale;
      found.of(id(key)).each([&](PartitionIndex which) { stale.insert(which); });
      RC_ASSERT(stale == expected[id(key)]);
      for (const auto which : stale) {
        const auto reasons = found.reasons(id(key), which, nullptr);
        RC_ASSERT(!reasons.empty());
        for (const auto& reason : reasons) RC_ASSERT(reason.chain.back().link.kind != StaleKind::upstream_stale);
      }
    }
  }));
}

}  // namespace
}  // namespace assetd::testing
