#include "core/run/root_causes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/core/graph/sample_graph.h"

namespace assetd::testing {
namespace {

/// A run of all assets; `failed`, `canceled` and `skipped` by key, the others succeeded.
class RootCauses : public ::testing::Test {
 protected:
  void run_of(std::vector<Row> rows) { run_definitions(definitions_of(std::move(rows))); }
  void run_definitions(Definitions definitions) {
    definitions_ = std::move(definitions);
    for (auto& asset : definitions_.assets) asset.run.emplace();
    graph_.emplace(*AssetGraph::build(definitions_));
    std::vector<AssetId> all;
    for (AssetId id = 0; id < graph_->size(); ++id) all.push_back(id);
    plan_ = make_plan(definitions_, *graph_, all, StepsMode::all);
    statuses_.assign(plan_.size(), StepStatus::succeeded);
  }
  StepIndex step(const std::string& key) const {
    for (StepIndex i = 0; i < plan_.size(); ++i)
      if (graph_->key(plan_.asset(i)) == key) return i;
    return kNone;
  }
  void set(StepStatus status, std::initializer_list<const char*> keys) {
    for (const char* key : keys) statuses_[step(key)] = status;
  }
  std::vector<std::string> causes_of(const std::string& key, std::span<const ExtraRoot> extra = {}, std::size_t limit = 20) const {
    std::vector<std::string> out;
    const auto causes = root_causes(plan_, statuses_, extra, limit);
    for (const auto root : causes[step(key)])
      out.push_back(root < plan_.size() ? graph_->key(plan_.asset(root)) : "check " + std::to_string(root - plan_.size()));
    return out;
  }
  using Keys = std::vector<std::string>;

  Definitions definitions_;
  std::optional<AssetGraph> graph_;
  RunPlan plan_;
  std::vector<StepStatus> statuses_;
};

TEST_F(RootCauses, ASkippedStepPassesOnItsParentsRoots) {
  run_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}, {"d", {"c"}}});
  set(StepStatus::failed, {"a"});
  set(StepStatus::skipped, {"b", "c", "d"});
  EXPECT_EQ(causes_of("b"), Keys{"a"});
  EXPECT_EQ(causes_of("d"), Keys{"a"});
  EXPECT_EQ(causes_of("a"), Keys{});
}

// Its process ended within another one: nothing above it failed, and it says all the same whose failure it was.
TEST_F(RootCauses, WhatItsProcessNeverBeganGoesBackToWhatItEndedIn) {
  auto definitions = definitions_of({{"a", {}}, {"b", {}}, {"c", {"b"}}});
  definitions.imports.emplace_back();
  for (auto& asset : definitions.assets) asset.import = 0, asset.batch = "build";
  run_definitions(std::move(definitions));
  set(StepStatus::failed, {"a"});
  set(StepStatus::skipped, {"b", "c"});
  EXPECT_EQ(causes_of("b"), Keys{"a"});
  EXPECT_EQ(causes_of("c"), Keys{"a"});
}

TEST_F(RootCauses, SeveralRootsComeInPlanOrderAndOnce) {
  run_of({{"a", {}}, {"b", {}}, {"left", {"a", "b"}}, {"right", {"b"}}, {"end", {"left", "right"}}});
  set(StepStatus::failed, {"a", "b"});
  set(StepStatus::skipped, {"left", "right", "end"});
  EXPECT_EQ(causes_of("end"), (Keys{"a", "b"}));
  EXPECT_EQ(causes_of("right"), Keys{"b"});
}

TEST_F(RootCauses, TheNearestFailureIsTheRootNotWhatWasFurtherUp) {
  run_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}});
  set(StepStatus::failed, {"a", "b"});
  set(StepStatus::skipped, {"c"});
  EXPECT_EQ(causes_of("c"), Keys{"b"});
}

TEST_F(RootCauses, ACanceledParentIsARoot) {
  run_of({{"a", {}}, {"b", {"a"}}});
  set(StepStatus::canceled, {"a"});
  set(StepStatus::skipped, {"b"});
  EXPECT_EQ(causes_of("b"), Keys{"a"});
}

TEST_F(RootCauses, AnEdgeThatGoesOnAfterAFailureHandsNothingOn) {
  auto definitions = definitions_of({{"a", {}}, {"b", {}}, {"c", {"a", "b"}}});
  definitions.assets[2].deps[0].on_failure = OnFailure::proceed;
  run_definitions(std::move(definitions));
  set(StepStatus::failed, {"a", "b"});
  set(StepStatus::skipped, {"c"});
  EXPECT_EQ(causes_of("c"), Keys{"b"});
}

TEST_F(RootCauses, ACheckOutsideTheRunIsARootOfItsOwnAndIsPassedOn) {
  run_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}});
  set(StepStatus::skipped, {"b", "c"});
  const ExtraRoot extra[] = {{{step("b")}}};
  EXPECT_EQ(causes_of("b", extra), Keys{"check 0"});
  EXPECT_EQ(causes_of("c", extra), Keys{"check 0"});
}

// One process made a, b and their check, which came last: between the failed home and what it skips stands a step that succeeded.
TEST_F(RootCauses, ACheckThatFailsItsHomeIsTheCausePastStepsThatHadSucceeded) {
  auto definitions = definitions_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}, {"d", {"c"}}, {"beside", {"a"}}});
  CheckSpec check{.name = "rows", .home = "a", .depends_on = {"a"}, .blocking = true};
  definitions.checks.push_back(check);
  run_definitions(std::move(definitions));
  set(StepStatus::failed, {"a"});
  set(StepStatus::skipped, {"c", "d", "beside"});
  CheckResult result;
  result.check = 0, result.home = "a", result.home_step = step("a"), result.blocking = true, result.severity = Severity::error, result.status = CheckStatus::failed;
  const auto roots = check_roots(plan_, definitions_, *graph_, {&result, 1}, statuses_);
  for (const char* skipped : {"c", "d", "beside"}) EXPECT_EQ(causes_of(skipped, roots), Keys{"a"}) << skipped;
}

TEST_F(RootCauses, ABoundKeepsTheFirst) {
  run_of({{"a", {}}, {"b", {}}, {"c", {}}, {"d", {"a", "b", "c"}}});
  set(StepStatus::failed, {"a", "b", "c"});
  set(StepStatus::skipped, {"d"});
  EXPECT_EQ(causes_of("d", {}, 2), (Keys{"a", "b"}));
}

TEST_F(RootCauses, WhatDescendsFromAllOfSeveralAssets) {
  run_of({{"a", {}}, {"b", {}}, {"only_a", {"a"}}, {"both", {"only_a", "b"}}, {"after", {"both"}}});
  const AssetId above[] = {*graph_->find("a"), *graph_->find("b")};
  Keys keys;
  for (const auto i : descendants_of_all(plan_, *graph_, above)) keys.push_back(graph_->key(plan_.asset(i)));
  EXPECT_EQ(keys, (Keys{"both", "after"}));
  EXPECT_TRUE(descendants_of_all(plan_, *graph_, {}).empty());
}

}  // namespace
}  // namespace assetd::testing
