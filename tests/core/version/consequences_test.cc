// What a plan says must be what is stale once it is applied.

#include "core/version/consequences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/version/provenance.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr WallTime kNow{std::chrono::hours{24 * 366}};  // 1971-01-02

AssetSpec asset(const std::string& key, std::vector<std::string> deps = {}) {
  AssetSpec spec;
  spec.key = key;
  spec.run = RunSpec{};
  spec.run->plugin = "exec";
  spec.run->command = {"make", key};
  for (const auto& dep : deps) spec.deps.push_back({dep, OnFailure::skip, {}});
  return spec;
}

PartitionsSpec days_since(const std::string& start) { return {{{"", TimeWindowsSpec{Grain::daily, start, "1971-01-01"}}}}; }

/// a, b made from it, c made from b: all of them up to date.
class PlanConsequences : public ::testing::Test {
 protected:
  PlanConsequences() {
    before.assets = {asset("a"), asset("b", {"a"}), asset("c", {"b"})};
    graph = AssetGraph::build(before).value();
    for (AssetId id = 0; id < before.assets.size(); ++id) make(id);
    next = before;
  }
  void make(AssetId id) {
    auto from = std::make_shared<Provenance>();
    for (const auto parent : graph.parents(id)) {
      const auto& data = *states[graph.key(parent)].last_materialization;
      from->inputs.push_back({graph.key(parent), version_of(data), data.run, data.at});
    }
    states[graph.key(id)].last_materialization = AssetState::Data{1, WallTime{}, {}, "data of " + graph.key(id), code_version_of(before.assets[id]), from};
  }
  Consequences plan() {
    after = AssetGraph::build(next).value();
    const auto state = [&](const std::string& key) {
      const auto found = states.find(key);
      return found == states.end() ? nullptr : &found->second;
    };
    return consequences({before, graph, state}, next, after, {}, kNow);
  }
  std::vector<std::string> stale() {
    std::vector<std::string> keys;
    for (const auto id : plan().stale) keys.push_back(after.key(id));
    return keys;
  }

  Definitions before, next;
  AssetGraph graph, after;
  std::map<std::string, AssetState> states;
};

TEST_F(PlanConsequences, WhatMakesNoOtherCodeLeavesNothingStale) {
  next.assets[0].run->timeout = Millis(360'000);
  next.assets[0].run->limits.open_files = 64;
  next.assets[1].run->grace = Millis(1);
  next.assets[1].description = "of all";
  EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(PlanConsequences, OtherCodeLeavesItselfAndAllBelowStale) {
  next.assets[1].run->command = {"make", "b", "anew"};
  EXPECT_THAT(stale(), ElementsAre("b", "c"));
  EXPECT_THAT(plan().causes, ElementsAre(Pair(1, StaleCause::code_changed)));
}

TEST_F(PlanConsequences, ADeclaredCodeVersionHoldsWhateverTheCommandSays) {
  before.assets[1].code_version = "1";
  make(1);
  next = before;
  next.assets[1].run->command = {"make", "b", "the same way"};
  EXPECT_THAT(stale(), IsEmpty());
  next.assets[1].code_version = "2";
  EXPECT_THAT(stale(), ElementsAre("b", "c"));
}

TEST_F(PlanConsequences, CodeThatTheDataWasMadeByMakesItGoodAgain) {
  before.assets[1].run->command = {"make", "b", "anew"};  // serves, and nothing was made by it
  EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(PlanConsequences, WhatIsNewIsToBeMadeAndWhatComesBackIsNot) {
  next.assets.push_back(asset("d", {"a"}));
  EXPECT_THAT(stale(), ElementsAre("d"));
  states["d"].last_materialization = AssetState::Data{1, WallTime{}, {}, "d", code_version_of(next.assets.back()), nullptr};
  EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(PlanConsequences, AnotherDependencyCountsOnceItHasData) {
  next.assets[2].deps.push_back({"a", OnFailure::skip, {}});
  EXPECT_THAT(stale(), ElementsAre("c"));
  EXPECT_THAT(plan().causes, ElementsAre(Pair(2, StaleCause::data_changed)));
  next = before;
  next.assets[2].deps.clear();
  EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(PlanConsequences, ARenameKeepsItsData) {
  next.assets[0].key = "raw";
  next.assets[0].renamed_from = "a";
  next.assets[1].deps[0].asset = "raw";
  std::ranges::sort(next.assets, {}, &AssetSpec::key);
  EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(PlanConsequences, WhatWasNeverMadeBeforeIsNoConsequence) {
  states["a"] = {};
  next.assets[0].run->timeout = Millis(1);
  EXPECT_THAT(stale(), IsEmpty());
}

TEST_F(PlanConsequences, NothingIsStaleForTheSakeOfWhatLiesAboveAnExternalAsset) {
  before.assets[1].external = true;
  next = before;
  next.assets[0].run->command = {"other"};
  EXPECT_THAT(stale(), ElementsAre("a"));
}

TEST_F(PlanConsequences, DividingAnAssetSaysHowManyPartitionsAreMissing) {
  next.assets[2].partitions = days_since("1970-12-25");
  const auto found = plan();
  EXPECT_THAT(found.stale, IsEmpty());
  ASSERT_EQ(found.partitions.size(), 1U);
  EXPECT_EQ(found.partitions.at(2).missing, 7);
  EXPECT_TRUE(found.partitions.at(2).more_missing);
}

TEST_F(PlanConsequences, AnEarlierStartMissesWhatWasNotMade) {
  before.assets[2].partitions = days_since("1970-12-25");
  states["c"].partitions = std::make_shared<PartitionStates>(PartitionStates{*before.assets[2].partitions, IndexSet::range(0, 7), {}});
  next = before;
  EXPECT_THAT(plan().partitions, IsEmpty());
  next.assets[2].partitions = days_since("1970-12-22");
  EXPECT_EQ(plan().partitions.at(2).missing, 3);
  next.assets[2].partitions = days_since("1970-12-28");
  EXPECT_THAT(plan().partitions, IsEmpty()) << "a later one misses nothing";
}

TEST_F(PlanConsequences, OfADividedAssetThatIsStaleItSaysHowManyARunMakes) {
  before.assets[2].partitions = days_since("1970-12-25");
  next = before;
  next.assets[2].run->command = {"other"};
  const auto found = plan();
  EXPECT_EQ(found.partitions.at(2).usual, 1);
  EXPECT_EQ(found.partitions.at(2).missing, 7);
  EXPECT_FALSE(found.partitions.at(2).more_missing);
}

}  // namespace
}  // namespace assetd
