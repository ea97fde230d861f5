#include "core/run/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const PartitionsSpec kDayByDay{{{"", TimeWindowsSpec{.start = "2026-01-01"}}}};
const WallTime kTimeOfRetry = parse_time("2026-01-11T12:00:00Z").value();  // ten days are over: 0 … 9

/// d → dd, three days of each, and what is not divided, plain, beside them.
class Retry : public ::testing::Test {
 protected:
  Retry() {
    project.asset("d").partitions = kDayByDay;
    project.asset("dd", {"d"}).partitions = kDayByDay;
    project.asset("plain");
    project.asset("total", {"dd", "plain"});
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, {});
    const PartitionPick pick{table, {{id("d"), IndexSet::range(0, 3)}, {id("dd"), IndexSet::range(0, 3)}}, kTimeOfRetry};
    const std::vector<AssetId> assets = {id("d"), id("dd"), id("plain")};
    plan = make_plan(*definitions, *graph, assets, StepsMode::all, nullptr, &pick);
  }
  AssetId id(const std::string& key) const { return *graph->find(key); }
  std::string name(StepIndex step) const { return graph->key(plan.asset(step)) + (plan.partition(step).empty() ? "" : "@" + plan.partition(step).substr(8)); }
  Names names(const std::vector<StepIndex>& steps) const {
    Names found;
    for (const auto step : steps) found.push_back(name(step));
    return found;
  }
  Names retried(const RetryChoice& choice, const Names& trouble = {"d@02", "dd@02"}) const {
    std::vector<bool> flags;
    for (StepIndex step = 0; step < plan.size(); ++step) flags.push_back(std::ranges::count(trouble, name(step)) > 0);
    return names(steps_to_retry(plan, *graph, choice, flags));
  }
  /// Those of `wanted`, "asset: first…last" each.
  Names above(const std::map<AssetId, IndexSet>& sets, const std::map<AssetId, IndexSet>& wanted) const {
    Names found;
    for (const auto& [asset, set] : wanted_upstream(*graph, table, sets, kTimeOfRetry, [&](AssetId each) { return wanted.contains(each) ? wanted.at(each) : IndexSet(); })) {
      std::string text = graph->key(asset) + ":";
      set.each([&](PartitionIndex index) { text += " " + std::to_string(index); });
      found.push_back(text);
    }
    return found;
  }
  Project project;
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;
  RunPlan plan;
};

TEST_F(Retry, MakesWhatIsInTroubleOfWhatIsNamed) {
  EXPECT_THAT(retried({}), ElementsAre("d@02", "dd@02"));
  EXPECT_THAT(retried({.keys = {"d"}}), ElementsAre("d@02"));
  EXPECT_THAT(retried({.partitions = {"2026-01-02"}}), ElementsAre("d@02", "dd@02"));
  EXPECT_THAT(retried({.keys = {"dd"}, .partitions = {"2026-01-02"}}), ElementsAre("dd@02"));
  EXPECT_THAT(retried({.partitions = {"2026-01-01"}}), IsEmpty());
  EXPECT_THAT(retried({.keys = {"d"}, .from_start = true}), ElementsAre("d@01", "d@02", "d@03"));
}

TEST_F(Retry, AroundWhatIsNamedLeavesWellPartitionsAloneUnlessTheyAreMeant) {
  EXPECT_THAT(retried({.keys = {"d"}, .named_ones = true}), ElementsAre("d@02")) << "not the days that are well";
  EXPECT_THAT(retried({.keys = {"d"}, .partitions = {"2026-01-03"}, .named_ones = true}), ElementsAre("d@03"));
  EXPECT_THAT(retried({.keys = {"plain"}, .named_ones = true}), ElementsAre("plain"));
  EXPECT_THAT(retried({.keys = {"d"}, .named_ones = true}, {"plain"}), ElementsAre("d@01", "d@02", "d@03"));
  EXPECT_THAT(retried({.named_ones = true}), ElementsAre("d@02", "dd@02")) << "nobody named any";
}

TEST_F(Retry, WhatDescendsIsOfTheSamePartitions) {
  EXPECT_THAT(names(with_descendants(plan, steps_to_retry(plan, *graph, {.keys = {"d"}, .partitions = {"2026-01-02"}, .named_ones = true}, std::vector<bool>(plan.size())))), ElementsAre("d@02", "dd@02"));
}

TEST_F(Retry, NamesWhatTheRunDoesNotHave) {
  EXPECT_FALSE(unknown_step(plan, *graph, {.keys = {"d", "plain"}}));
  const auto asset = unknown_step(plan, *graph, {.keys = {"d", "plian"}});
  ASSERT_TRUE(asset);
  EXPECT_FALSE(asset->is_partition);
  EXPECT_EQ(asset->place, 1u);
  EXPECT_EQ(asset->nearest, "plain");
  const auto partition = unknown_step(plan, *graph, {.keys = {"d"}, .partitions = {"2026-01-22"}});
  ASSERT_TRUE(partition);
  EXPECT_TRUE(partition->is_partition);
  EXPECT_THAT(partition->nearest, ::testing::StartsWith("2026-01-0"));
  EXPECT_TRUE(unknown_step(plan, *graph, {.keys = {"plain"}, .partitions = {"2026-01-02"}})) << "it has none";
}

TEST_F(Retry, WhatIsWantedAboveIsOfThePartitionsThatAreMadeFromIt) {
  EXPECT_THAT(above({{id("dd"), IndexSet::range(1, 3)}}, {{id("d"), IndexSet::range(2, 10)}}), ElementsAre("d: 2")) << "not the latest";
  EXPECT_THAT(above({{id("dd"), IndexSet::range(1, 3)}}, {{id("dd"), IndexSet::range(0, 10)}}), IsEmpty()) << "asked for as it is";
  EXPECT_THAT(above({{id("total"), IndexSet::range(0, 1)}}, {{id("d"), IndexSet::range(4, 6)}, {id("plain"), IndexSet::range(0, 1)}}), ElementsAre("d: 4 5", "plain: 0")) << "also above what is well";
}

}  // namespace
}  // namespace assetd::testing
