#include "core/run/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Plan : public ::testing::Test {
 protected:
  void make(const Names& keys = {}, StepsMode mode = StepsMode::all) {
    definitions_ = project.definitions();
    graph_.emplace(AssetGraph::build(*definitions_).value());
    std::vector<AssetId> assets;
    for (AssetId id = 0; id < graph_->size(); ++id)
      if (keys.empty() || std::ranges::count(keys, graph_->key(id)) > 0) assets.push_back(id);
    plan = make_plan(*definitions_, *graph_, assets, mode);
  }
  std::string key(StepIndex step) const { return step == kNone ? "-" : graph_->key(plan.asset(step)); }
  Names steps() const {
    Names found;
    for (StepIndex step = 0; step < plan.size(); ++step) found.push_back(key(step));
    return found;
  }
  /// "a+b" for what a process carries, "a:unique" for a check's own.
  Names units() const {
    Names found;
    for (const auto& unit : plan.units()) {
      std::string name;
      for (const auto step : unit.steps) name += (name.empty() ? "" : "+") + key(step);
      found.push_back(unit.check == kNone ? name : name + ":" + definitions_->checks[unit.check].name);
    }
    return found;
  }
  /// "a" or "a?" for one that hands no failure on.
  Names parents(const std::string& of) const {
    Names found;
    for (StepIndex step = 0; step < plan.size(); ++step)
      if (key(step) == of)
        for (const auto& edge : plan.parents(step)) found.push_back(key(edge.step) + (edge.on_failure == OnFailure::proceed ? "?" : ""));
    return found;
  }
  /// "check held by step in unit".
  Names checks() const {
    Names found;
    for (const auto& planned : plan.checks()) found.push_back(definitions_->checks[planned.check].name + " held by " + key(planned.home) + " in " + units()[planned.unit]);
    return found;
  }

  Project project;
  RunPlan plan;
  std::shared_ptr<const Definitions> definitions_;
  std::optional<AssetGraph> graph_;
};

TEST_F(Plan, StepsAreInTopologicalOrderWithoutWhatIsMadeElsewhere) {
  project.external("a_source");
  project.asset("z", {"a_source"});
  project.asset("b", {"z"});
  make();
  EXPECT_THAT(steps(), ElementsAre("z", "b"));
  EXPECT_THAT(parents("z"), IsEmpty());
}

TEST_F(Plan, NearestAncestorsInTheRunAreParentsAlsoThroughWhatItLeavesOut) {
  project.asset("a");
  project.asset("b", {"a"});
  project.asset("c", {"b"});
  project.asset("d", {"c"});
  make({"a", "b", "d"});
  EXPECT_THAT(parents("d"), ElementsAre("b"));
  make({"a", "d"});
  EXPECT_THAT(parents("d"), ElementsAre("a"));
}

TEST_F(Plan, AnEdgeHandsFailureOnIfOnePathDoes) {
  project.asset("a");
  project.asset("gentle", {"a?"});
  project.asset("strict", {"a"});
  project.asset("b", {"gentle"});
  project.asset("c", {"gentle", "strict"});
  make({"a", "b", "c"});
  EXPECT_THAT(parents("b"), ElementsAre("a?"));
  EXPECT_THAT(parents("c"), ElementsAre("a"));
}

TEST_F(Plan, ChildrenMirrorParents) {
  project.asset("a");
  project.asset("b", {"a"});
  project.asset("c", {"a?", "b"});
  make();
  ASSERT_EQ(plan.children(0).size(), 2u);
  EXPECT_EQ(plan.children(0)[0].step, 1u);
  EXPECT_EQ(plan.children(0)[1].on_failure, OnFailure::proceed);
  EXPECT_TRUE(plan.children(2).empty());
}

TEST_F(Plan, AssetsOfOneImportAndBatchShareAProcessAndOthersDoNot) {
  project.member("a");
  project.member("b", {"a"});
  project.member("other").batch = "else";
  project.member("single").batch = "";
  project.asset("plain");
  make();
  EXPECT_THAT(units(), ElementsAre("a+b", "other", "plain", "single"));
}

TEST_F(Plan, ABatchIsSplitAroundWhatLiesBetween) {
  project.member("a");
  project.asset("b", {"a"});
  project.member("c", {"b"});
  make();
  EXPECT_THAT(units(), ElementsAre("a", "b", "c"));
  make({"a", "c"});
  EXPECT_THAT(units(), ElementsAre("a+c")) << "b does not run: nothing is between";
}

TEST_F(Plan, ChecksRunBesideTheirHomeAndReportedOnesInItsProcess) {
  project.member("a");
  project.member("b", {"a"});
  project.check("a", "own");
  project.reported_check("b", "reported");
  make();
  EXPECT_THAT(checks(), ElementsAre("own held by a in a:own", "reported held by b in a+b"));
  make({}, StepsMode::assets);
  EXPECT_THAT(checks(), IsEmpty());
}

TEST_F(Plan, AReportedCheckOfTwoAssetsComesWithTheLastOfThem) {
  project.member("a");
  project.asset("between", {"a"});
  project.member("b", {"between"});
  project.reported_check("a", "relationship", {"b"});
  make();
  EXPECT_THAT(checks(), ElementsAre("relationship held by b in b"));
}

TEST_F(Plan, ACheckOfASourceGoesWithItsChild) {
  project.external("source").import = 0;
  project.member("a", {"source"});
  project.reported_check("source", "fresh");
  make();
  EXPECT_THAT(checks(), ElementsAre("fresh held by - in a"));
}

// a waits for a check of what is below b, b for one of what is below a: the second of them is held where it closes no circle.
TEST_F(Plan, TwoChecksNeverMakeTheirHomesWaitForEachOther) {
  project.asset("a");
  project.asset("b");
  project.asset("below_a", {"a"});
  project.asset("below_b", {"b"});
  project.check("a", "first").depends_on = {"a", "below_b"};
  project.check("b", "second").depends_on = {"b", "below_a"};
  make();
  EXPECT_THAT(checks(), ElementsAre("first held by a in a:first", "second held by below_a in below_a:second"));
}

TEST_F(Plan, ACheckThatDoesNotBlockClosesNoCircle) {
  project.asset("a");
  project.asset("b");
  project.asset("below_a", {"a"});
  project.asset("below_b", {"b"});
  auto& first = project.check("a", "first");
  first.depends_on = {"a", "below_b"};
  first.blocking = false;
  project.check("b", "second").depends_on = {"b", "below_a"};
  make();
  EXPECT_THAT(checks(), ElementsAre("first held by a in a:first", "second held by b in b:second"));
}

TEST_F(Plan, ACheckWhoseHomeIsNotInTheRunIsNotRun) {
  project.asset("a");
  project.asset("b", {"a"});
  project.check("a", "own");
  make({"b"});
  EXPECT_THAT(checks(), IsEmpty());
}

TEST_F(Plan, ChecksOnlyKeepsAssetsWithChecksAndTheProcessesThatReportThem) {
  project.asset("a");
  project.asset("none", {"a"});
  project.member("m");
  project.check("a", "own");
  project.reported_check("m", "reported");
  make({}, StepsMode::checks);
  EXPECT_THAT(steps(), ElementsAre("a", "m"));
  EXPECT_THAT(units(), ElementsAre("m", "a:own"));
  EXPECT_EQ(plan.unit_of(0), kNone);
}

TEST_F(Plan, ChecksOfWhatIsMadeElsewhereRunByThemselvesWhereChecksAloneAreAskedFor) {
  project.external("source").import = 0;
  project.member("a", {"source"});
  project.external("bare");
  project.check("source", "own");
  project.reported_check("source", "reported");
  project.reported_check("a", "of_a");
  make({}, StepsMode::checks);
  EXPECT_THAT(steps(), ElementsAre("source", "a"));
  EXPECT_THAT(units(), ElementsAre("a", "source:own"));
  EXPECT_THAT(checks(), ElementsAre("of_a held by a in a", "own held by source in source:own", "reported held by - in a"));
  EXPECT_EQ(plan.unit_of(0), kNone);
  const auto back = RunPlan::decode(plan.encode(), *definitions_, *graph_);
  ASSERT_TRUE(back) << back.error();
  EXPECT_EQ(back->size(), 2u);
  EXPECT_EQ(back->checks().size(), 3u);
  make();
  EXPECT_THAT(steps(), ElementsAre("a")) << "nothing makes it here";
  EXPECT_THAT(checks(), ElementsAre("of_a held by a in a", "reported held by - in a"));
}

TEST_F(Plan, ChecksThatOthersReportGiveWhatIsMadeElsewhereNoStep) {
  project.external("source").import = 0;
  project.member("a", {"source"});
  project.reported_check("source", "reported");
  make({"source"}, StepsMode::checks);
  EXPECT_EQ(plan.size(), 0u);
}

TEST_F(Plan, ACommandIsNotRunForTheChecksThatItReports) {
  auto &a = project.asset("a"), &b = project.asset("b");
  a.run->plugin = b.run->plugin = "exec";
  project.reported_check("a", "of_a");
  project.reported_check("b", "of_b");
  make({}, StepsMode::checks);
  EXPECT_EQ(plan.size(), 0u) << "it would make its asset";
  project.check("a", "own");
  make({}, StepsMode::checks);
  EXPECT_THAT(steps(), ElementsAre("a"));
  EXPECT_THAT(units(), ElementsAre("a:own"));
  EXPECT_EQ(plan.checks().size(), 1u);
  b.run->plugin = "of_somebody";
  make({"b"}, StepsMode::checks);
  EXPECT_THAT(units(), ElementsAre("b")) << "a plugin is told what is wanted";
}

TEST_F(Plan, ComesBackFromItsStoredForm) {
  project.member("a");
  project.asset("b", {"a"});
  project.member("c", {"b", "a?"});
  project.check("a", "own");
  project.reported_check("c", "reported");
  for (const auto mode : {StepsMode::all, StepsMode::assets, StepsMode::checks}) {
    make({}, mode);
    const auto before = std::tuple(steps(), units(), checks(), parents("c"));
    plan = RunPlan::decode(plan.encode(), *definitions_, *graph_).value();
    EXPECT_EQ(std::tuple(steps(), units(), checks(), parents("c")), before);
    EXPECT_EQ(plan.mode(), mode);
  }
}

TEST_F(Plan, ADamagedStoredFormIsAnError) {
  project.asset("a");
  make();
  for (const auto* text : {"", "{", "[]", R"({"v":2})", R"({"v":1,"mode":0,"assets":[9],"units":[0]})", R"({"v":1,"mode":0,"assets":[0],"units":[]})", R"({"v":1})", R"({"v":"1"})",
                           R"({"v":1,"assets":[0],"units":[0]})", R"({"v":1,"mode":9,"assets":[0],"units":[0]})", R"({"v":1,"mode":"all","assets":[0],"units":[0]})",
                           R"({"v":1,"mode":0,"units":[0]})", R"({"v":1,"mode":0,"assets":0,"units":[0]})", R"({"v":1,"mode":0,"assets":["a"],"units":[0]})",
                           R"({"v":1,"mode":0,"assets":[-1],"units":[0]})", R"({"v":1,"mode":0,"assets":[0,0],"units":[0,0]})", R"({"v":1,"mode":0,"assets":[0]})",
                           R"({"v":1,"mode":0,"assets":[0],"units":[7]})", R"({"v":1,"mode":0,"assets":[0],"units":[-1]})", R"({"v":1,"mode":0,"assets":[0],"units":[null]})",
                           R"({"v":1,"mode":0,"assets":[0],"units":[0],"left_out":[3]})", R"({"v":1,"mode":0,"assets":[0],"units":[0],"left_out":{}})"})
    EXPECT_FALSE(RunPlan::decode(text, *definitions_, *graph_)) << text;
}

TEST_F(Plan, IsCompact) {
  for (int i = 0; i < 100; ++i) project.asset("a" + std::to_string(10'000 + i));
  make();
  EXPECT_LT(plan.encode().size(), 1'000u);
}

// dbt's relationship tests: running one of two models must not fail for want of the other's table.
TEST(PlanChecks, ACheckOfAnAssetThatWasNeverMadeIsLeftOutAndStaysSo) {
  Definitions definitions;
  for (const char* key : {"a", "b"}) {
    AssetSpec asset;
    asset.key = key;
    asset.run = RunSpec{};
    asset.import = 0;
    asset.batch = "build";
    definitions.assets.push_back(asset);
  }
  definitions.imports.resize(1);
  CheckSpec check;
  check.name = "relationship";
  check.home = "a";
  check.depends_on = {"a", "b"};
  check.import = 0;
  definitions.checks = {check};
  const auto graph = *AssetGraph::build(definitions);
  const AssetId only_a[] = {0}, both[] = {0, 1};
  const auto never = [](AssetId) { return false; };
  const auto plan = make_plan(definitions, graph, only_a, StepsMode::all, never);
  EXPECT_TRUE(plan.checks().empty());
  EXPECT_TRUE(RunPlan::decode(plan.encode(), definitions, graph)->checks().empty());
  EXPECT_EQ(make_plan(definitions, graph, only_a, StepsMode::all, [](AssetId) { return true; }).checks().size(), 1U);
  EXPECT_EQ(make_plan(definitions, graph, both, StepsMode::all, never).checks().size(), 1U);
}

}  // namespace
}  // namespace assetd::testing
