// Backfills whose definitions change while they run.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/backfill/backfill.h"
#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

const WallTime kTimeOfReload = parse_time("2026-03-01T12:00:00Z").value();

PartitionsSpec days(const std::string& start, const std::string& end = "") { return {{{"", TimeWindowsSpec{.start = start, .end = end}}}}; }
PartitionsSpec named(const Names& keys) { return {{{"", StaticPartitionsSpec{keys}}}}; }
PartitionsSpec grid(const std::string& start, const Names& keys) { return {{{"day", TimeWindowsSpec{.start = start}}, {"region", StaticPartitionsSpec{keys}}}}; }

/// One version of the definitions.
struct Version {
  Project project;
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;

  AssetSpec& asset(const std::string& key, const PartitionsSpec& spec) {
    auto& made = project.asset(key);
    made.partitions = spec;
    return made;
  }
  void load(const DynamicKeys& keys = {}) {
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, keys);
  }
  Backfill backfill_of(const IndexSet& wanted) const {
    Backfill backfill;
    backfill.groups = make_groups(*definitions, *graph, table, {{0, wanted}});
    return backfill;
  }
  std::string error_of(Backfill& backfill) const {
    follow(backfill, *definitions, *graph, table);
    std::string error;
    BackfillPlan::make(backfill, *definitions, *graph, table, error);
    return error;
  }
  Names keys(const IndexSet& set) const {
    Names out;
    set.each([&](PartitionIndex index) { out.push_back(table.of(0)->key(index)); });
    return out;
  }
};

/// A backfill of all of `before`, one partition done and one under way, then `after`.
struct Changed {
  Version before, after;
  Backfill backfill;
  std::string error;

  Changed(const PartitionsSpec& was, const PartitionsSpec& is) {
    before.asset("d", was);
    before.load();
    after.asset("d", is);
    after.load();
    const auto all = before.table.of(0)->existing(kTimeOfReload);
    backfill = before.backfill_of(all);
    backfill.groups[0].succeeded = all.first(1);
    backfill.runs[7] = {0, all.last(1)};
    error = after.error_of(backfill);
  }
};

TEST(BackfillFollows, ARenamedAsset) {
  Version before, after;
  before.asset("d", days("2026-01-01"));
  before.load();
  auto backfill = before.backfill_of(IndexSet::range(0, 5));
  after.asset("d2", days("2026-01-01")).renamed_from = "d";
  after.load();
  EXPECT_EQ(after.error_of(backfill), "");
  EXPECT_EQ(backfill.groups[0].assets, Names{"d2"});
  Version gone;
  gone.asset("other", days("2026-01-01"));
  gone.load();
  EXPECT_EQ(gone.error_of(backfill), "nobody defines \"d2\" any more");
}

TEST(BackfillFollows, AnEarlierStartByItsKeys) {
  Changed c(days("2026-02-01", "2026-02-11"), days("2026-01-01"));
  EXPECT_EQ(c.error, "");
  const auto& group = c.backfill.groups[0];
  EXPECT_EQ(group.wanted.encode(), "31-40");
  EXPECT_EQ(c.after.keys(group.succeeded), Names{"2026-02-01"});
  EXPECT_EQ(c.after.keys(c.backfill.runs.at(7).set), Names{"2026-02-10"});
  EXPECT_TRUE(settle(c.backfill, 7, {}));
  EXPECT_EQ(to_do(c.backfill, 0).encode(), "32-39");
}

TEST(BackfillFollows, WhatWasMadeOfAPartitionAndWhatIsLeftOutOfIt) {
  Version before, after;
  before.asset("d", named({"eu", "us"}));
  before.load();
  auto backfill = before.backfill_of(IndexSet::range(0, 2));
  backfill.groups[0].made = {IndexSet::range(0, 1)};
  backfill.groups[0].blocked = {IndexSet::range(1, 2)};
  after.asset("d", named({"asia", "us", "eu"}));
  after.load();
  EXPECT_EQ(after.error_of(backfill), "");
  EXPECT_EQ(after.keys(backfill.groups[0].made.at(0)), Names{"eu"});
  EXPECT_EQ(after.keys(backfill.groups[0].blocked.at(0)), Names{"us"});
}

TEST(BackfillFollows, KeysThatMoveWithinTheirListAndRowsOfTwoDimensions) {
  Changed listed(named({"eu", "us"}), named({"asia", "us", "eu"}));
  EXPECT_EQ(listed.error, "");
  EXPECT_EQ(listed.after.keys(listed.backfill.groups[0].succeeded), Names{"eu"});
  EXPECT_EQ(listed.after.keys(listed.backfill.groups[0].wanted), (Names{"us", "eu"}));
  Changed crossed(grid("2026-02-27", {"eu", "us"}), grid("2026-02-26", {"us", "eu"}));
  EXPECT_EQ(crossed.error, "");
  EXPECT_EQ(crossed.after.keys(crossed.backfill.groups[0].succeeded), Names{"2026-02-27|eu"});
  EXPECT_EQ(crossed.after.keys(crossed.backfill.runs.at(7).set), Names{"2026-02-28|us"});
}

TEST(BackfillFollows, NothingThatIsNotThereAnyMoreOrMeansOtherTimes) {
  for (const auto& is : {days("2026-02-02"), days("2026-02-01", "2026-02-05"), PartitionsSpec{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04"}}}},
                         PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01", .timezone = "Europe/London", .hour_offset = 1}}}}, named({"2026-02-01"})}) {
    Changed c(days("2026-02-01", "2026-02-11"), is);
    EXPECT_EQ(c.error, "\"d\" is divided otherwise now");
    EXPECT_EQ(c.backfill.groups[0].wanted.encode(), "0-9") << "nothing is half moved";
  }
}

RC_GTEST_PROP(BackfillFollows, EveryPartitionKeepsItsKey, ()) {
  const Names regions{"a", "b", "c", "d"};
  auto shuffled = regions;
  for (std::size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
  shuffled.insert(shuffled.begin(), "new");
  Version before, after;
  before.asset("d", grid("2026-02-" + std::to_string(*rc::gen::inRange(20, 27)), regions));
  before.load();
  after.asset("d", grid("2026-02-" + std::to_string(*rc::gen::inRange(10, 20)), shuffled));
  after.load();
  const auto all = before.table.of(0)->existing(kTimeOfReload);
  auto wanted = all.last(1);
  all.each([&](PartitionIndex index) {
    if (*rc::gen::inRange(0, 2)) wanted.insert(index);
  });
  auto backfill = before.backfill_of(wanted);
  RC_ASSERT(after.error_of(backfill).empty());
  auto was = before.keys(wanted), is = after.keys(backfill.groups[0].wanted);
  std::ranges::sort(was);
  std::ranges::sort(is);
  RC_ASSERT(was == is);
}

}  // namespace
}  // namespace assetd::testing
