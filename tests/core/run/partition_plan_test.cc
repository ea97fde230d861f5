#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/run/plan.h"
#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const PartitionsSpec kDays{{{"", TimeWindowsSpec{.start = "2026-01-01"}}}};
const PartitionsSpec kWeeks{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04"}}}};
const WallTime kNow = parse_time("2026-02-01T12:00:00Z").value();

class PartitionPlan : public ::testing::Test {
 protected:
  AssetSpec& asset(const std::string& key, const Names& deps, const std::optional<PartitionsSpec>& partitions) {
    auto& made = project.asset(key, deps);
    made.partitions = partitions;
    return made;
  }
  /// Sets by asset; an asset that is not named is left out.
  void make(const std::map<std::string, IndexSet>& sets, StepsMode mode = StepsMode::all) {
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, {});
    PartitionPick pick{table, {}, kNow};
    std::vector<AssetId> assets;
    for (const auto& [key, set] : sets) {
      assets.push_back(*graph->find(key));
      if (table.of(assets.back())) pick.sets[assets.back()] = set;
    }
    plan = make_plan(*definitions, *graph, assets, mode, nullptr, &pick);
  }
  std::string name(StepIndex step) const { return graph->key(plan.asset(step)) + (plan.partition(step).empty() ? "" : "@" + plan.partition(step)); }
  Names parents(const std::string& of) const {
    Names found;
    for (StepIndex step = 0; step < plan.size(); ++step)
      if (name(step) == of)
        for (const auto& edge : plan.parents(step)) found.push_back(name(edge.step) + (edge.on_failure == OnFailure::proceed ? "?" : ""));
    return found;
  }
  Names units() const {
    Names found;
    for (const auto& unit : plan.units()) {
      std::string text = unit.check == kNone ? "" : definitions->checks[unit.check].name + ": ";
      for (const auto step : unit.steps) text += (text.empty() || text.ends_with(": ") ? "" : "+") + name(step);
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

TEST_F(PartitionPlan, AStepWaitsForThePartitionsThatItIsMadeFrom) {
  asset("days", {}, kDays);
  asset("weeks", {"days"}, kWeeks);
  asset("report", {"weeks?"}, std::nullopt);
  make({{"days", IndexSet::range(3, 12)}, {"weeks", IndexSet::range(0, 1)}, {"report", {}}});
  EXPECT_EQ(plan.size(), 9U + 1 + 1);
  EXPECT_THAT(parents("weeks@2026-01-04"), ElementsAre("days@2026-01-04", "days@2026-01-05", "days@2026-01-06", "days@2026-01-07", "days@2026-01-08", "days@2026-01-09", "days@2026-01-10"));
  EXPECT_THAT(parents("report"), ElementsAre("weeks@2026-01-04?"));
  EXPECT_THAT(parents("days@2026-01-04"), IsEmpty());
}

TEST_F(PartitionPlan, ThroughWhatTheRunLeavesOutGoTheSetsThatItMaps) {
  asset("days", {}, kDays);
  asset("shifted", {"days"}, kDays).deps[0].partitions = {{"offset", -1}};
  asset("again", {"shifted"}, kDays).deps[0].partitions = {{"offset", -1}};
  make({{"days", IndexSet::range(0, 5)}, {"again", IndexSet::range(2, 4)}});
  EXPECT_THAT(parents("again@2026-01-03"), ElementsAre("days@2026-01-01"));
  EXPECT_THAT(parents("again@2026-01-04"), ElementsAre("days@2026-01-02"));
}

TEST_F(PartitionPlan, OneProcessTakesAsManyPartitionsAsItsAssetSays) {
  asset("many", {}, PartitionsSpec{kDays.dimensions, 2});
  asset("whole", {}, PartitionsSpec{kDays.dimensions, 0});
  asset("each", {"many"}, kDays);
  make({{"many", IndexSet::range(0, 3)}, {"whole", IndexSet::range(0, 3)}, {"each", IndexSet::range(0, 2)}});
  EXPECT_THAT(units(), ::testing::UnorderedElementsAre("many@2026-01-01+many@2026-01-02", "many@2026-01-03", "whole@2026-01-01+whole@2026-01-02+whole@2026-01-03", "each@2026-01-01",
                                                       "each@2026-01-02"));
}

TEST_F(PartitionPlan, MembersOfABatchShareAProcessForEachPartition) {
  project.member("a").partitions = kDays;
  project.member("b", {"a"}).partitions = kDays;
  make({{"a", IndexSet::range(0, 2)}, {"b", IndexSet::range(0, 2)}});
  EXPECT_THAT(units(), ElementsAre("a@2026-01-01+b@2026-01-01", "a@2026-01-02+b@2026-01-02"));
}

TEST_F(PartitionPlan, EachPartitionIsCheckedByItself) {
  asset("days", {}, kDays);
  project.check("days", "rows");
  make({{"days", IndexSet::range(0, 2)}});
  EXPECT_THAT(units(), ElementsAre("days@2026-01-01", "days@2026-01-02", "rows: days@2026-01-01", "rows: days@2026-01-02"));
}

TEST_F(PartitionPlan, ReadsItselfBack) {
  asset("days", {}, PartitionsSpec{kDays.dimensions, 2});
  asset("weeks", {"days?"}, kWeeks);
  asset("plain", {"weeks"}, std::nullopt);
  project.check("weeks", "rows", {"days"});
  make({{"days", IndexSet::range(0, 20)}, {"weeks", IndexSet::range(0, 2)}, {"plain", {}}});
  const auto before = units();
  std::vector<Names> edges;
  for (StepIndex step = 0; step < plan.size(); ++step) edges.push_back(parents(name(step)));
  const auto text = plan.encode();
  auto back = RunPlan::decode(text, *definitions, *graph);
  ASSERT_TRUE(back) << back.error();
  plan = *back;
  EXPECT_EQ(plan.encode(), text);
  EXPECT_EQ(units(), before);
  for (StepIndex step = 0; step < plan.size(); ++step) EXPECT_EQ(parents(name(step)), edges[step]) << name(step);
}

TEST_F(PartitionPlan, ADamagedOneIsRefused) {
  asset("days", {}, kDays);
  make({{"days", IndexSet::range(0, 2)}});
  auto stored = nlohmann::json::parse(plan.encode());
  for (const auto& [key, bad] : {std::pair<const char*, nlohmann::json>{"partition_keys", {1, 2}}, {"partitions", {0, 5}}, {"partitions", {0}}, {"parents", {{1}, nlohmann::json::array()}}, {"parents", 3}}) {
    auto damaged = stored;
    damaged[key] = bad;
    EXPECT_FALSE(RunPlan::decode(damaged.dump(), *definitions, *graph)) << damaged;
  }
}

}  // namespace
}  // namespace assetd::testing
