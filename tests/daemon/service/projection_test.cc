#include "daemon/service/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/cron.h"
#include "daemon/service/service.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;

/// Run 5 of a → b → c, version 1.
class ProjectionTest : public ::testing::Test, protected AssetStaging {
 protected:
  ProjectionTest() {
    auto definitions = std::make_shared<Definitions>();
    for (const auto* key : {"a", "b", "c"}) {
      auto& asset = definitions->assets.emplace_back();
      asset.key = key;
      asset.run.emplace();
      asset.code_version = "v2";
    }
    definitions->assets[1].deps.push_back({"a", OnFailure::skip, {}});
    definitions->assets[2].deps.push_back({"b", OnFailure::skip, {}});
    auto graph = std::make_shared<AssetGraph>(AssetGraph::build(*definitions).value());
    const AssetId all[] = {0, 1, 2};
    RunRecord run;
    run.id = 5;
    projection_.know(run, std::make_shared<RunPlan>(make_plan(*definitions, *graph, all, StepsMode::all)), {1, definitions, graph});
  }
  AssetState& stage(const std::string& key) override { return states_[key]; }
  std::vector<std::string> in_progress_by(RunId run) const override {
    std::vector<std::string> keys;
    for (const auto& [key, state] : states_)
      if (state.in_progress && state.in_progress->run == run) keys.push_back(key);
    return keys;
  }
  void project(const Change& change) { projection_.project(change, *this, batch_); }
  void step(StepIndex index, StepStatus from, StepStatus to, const std::string& reason = "", const std::string& detail = "") {
    StepChanged change;
    change.run = 5;
    change.from = from;
    change.step = {index, to, 1, false, reason, detail, WallTime(Millis(10)), std::nullopt, std::nullopt};
    if (is_terminal(to)) change.step.ended_at = WallTime(Millis(20));
    project(change);
  }
  void skip(std::vector<StepIndex> steps, StepIndex cause) { project(StepsEnded{5, std::move(steps), StepStatus::skipped, "upstream_failed", cause, "a failed", WallTime(Millis(20))}); }
  std::vector<std::string> events() const {
    std::vector<std::string> told;
    for (const auto& event : batch_.events) told.push_back(event.type + " " + event.asset + " " + event.changes.value("status", ""));
    return told;
  }

  Projection projection_;
  std::map<std::string, AssetState> states_;
  CommitBatch batch_;
};

TEST_F(ProjectionTest, AnAssetIsMaterializingWhileItsStepIsAtWork) {
  step(0, StepStatus::pending, StepStatus::starting);
  EXPECT_EQ(states_["a"].status(), AssetStatus::materializing);
  step(0, StepStatus::starting, StepStatus::running);
  EXPECT_THAT(events(), ElementsAre("step_changed a starting", "asset_changed a materializing", "step_changed a running"));
  project(Materialized{{5, 0, "a", "attempt", {{"rows", 3}}, "d1", 10, WallTime(Millis(15))}});
  step(0, StepStatus::running, StepStatus::succeeded);
  EXPECT_EQ(states_["a"].status(), AssetStatus::materialized);
  EXPECT_EQ(states_["a"].last_materialization->code_version, "v2") << "of the version that the run is pinned to";
  EXPECT_EQ(batch_.outcomes.back().status, StepStatus::succeeded);
}

TEST_F(ProjectionTest, WhatIsSkippedNamesItsFailedRoot) {
  step(0, StepStatus::running, StepStatus::failed, "exit_code", "exit code 1");
  skip({1, 2}, 0);
  for (const auto* key : {"b", "c"}) {
    ASSERT_EQ(states_[key].last_attempt->root_causes.size(), 1u);
    EXPECT_EQ(states_[key].last_attempt->root_causes[0].key, "a");
    EXPECT_EQ(states_[key].last_attempt->root_causes[0].reason, "exit_code");
    EXPECT_EQ(states_[key].last_attempt->root_causes[0].detail, "exit code 1");
  }
  EXPECT_EQ(batch_.events.back().subject["keys"], (nlohmann::json{"b", "c"}));
}

TEST_F(ProjectionTest, WhatIsSkippedOnceMoreSaysSoAndWhatIsCanceledOnlyWhereThatIsNew) {
  step(0, StepStatus::running, StepStatus::failed, "exit_code", "exit code 1");
  skip({1, 2}, 0);
  batch_.events.clear();
  skip({1, 2}, 0);
  EXPECT_THAT(events(), ElementsAre("step_changed  skipped", "asset_changed  skipped")) << "for another cause, perhaps";
  batch_.events.clear();
  for (int i = 0; i < 2; ++i) project(StepsEnded{5, {1}, StepStatus::canceled, "canceled", kNone, "", WallTime(Millis(30))});
  EXPECT_THAT(events(), ElementsAre("step_changed b canceled", "asset_changed  " + std::string(to_string(states_["b"].status())), "step_changed b canceled"));
}

/// Its plan could not be read: what it was making is made no longer, and those who wait for failures hear of it.
TEST_F(ProjectionTest, ARunThatNobodyKnowsTellsOfEachAssetThatItWasMaking) {
  states_["a"].in_progress = AssetState::InProgress{9, WallTime(Millis(1))};
  RunChanged lost;
  lost.run.id = 9;
  lost.run.status = RunStatus::failed;
  lost.run.reason = "plan_unreadable";
  lost.from = RunStatus::running;
  project(lost);
  EXPECT_THAT(events(), ElementsAre("step_changed a failed", "asset_changed a failed", "run_changed  failed"));
  EXPECT_EQ(batch_.events[0].run, 9);
  EXPECT_EQ(batch_.events[0].changes["reason"], "plan_unreadable");
  EXPECT_FALSE(states_["a"].in_progress);
}

TEST_F(ProjectionTest, ACheckThatBlockedIsTheRoot) {
  CheckResult result;
  result.run = 5;
  result.name = "unique";
  result.home = "a";
  result.home_step = 0;
  result.status = CheckStatus::failed;
  result.blocking = true;
  result.detail = "two rows";
  project(CheckReported{result});
  skip({1}, 0);
  const auto& root = states_["b"].last_attempt->root_causes.at(0);
  EXPECT_EQ(root.key, "a");
  EXPECT_EQ(root.check, "unique");
  EXPECT_EQ(root.reason, "check_failed");
  EXPECT_EQ(states_["a"].checks.at("unique"), CheckStatus::failed);
}

TEST_F(ProjectionTest, ACheckOnlyToWarnIsNobodysRoot) {
  CheckResult result;
  result.run = 5;
  result.name = "unique";
  result.home = "a";
  result.home_step = 0;
  result.status = CheckStatus::error;
  result.severity = Severity::warn;
  result.blocking = true;
  project(CheckReported{result});
  step(0, StepStatus::running, StepStatus::failed, "exit_code", "exit code 1");
  skip({1}, 0);
  EXPECT_EQ(states_["b"].last_attempt->root_causes.at(0).reason, "exit_code");
}

/// "a" of three regions.
class DividedProjectionTest : public ProjectionTest {
 protected:
  DividedProjectionTest() { divide({"eu", "us", "asia"}); }
  void divide(std::vector<std::string> regions) {
    auto project = std::make_shared<Project>();
    auto& asset = project->definitions.assets.emplace_back();
    asset.key = "a";
    asset.partitions = PartitionsSpec{{{"", StaticPartitionsSpec{std::move(regions)}}}};
    project->graph = AssetGraph::build(project->definitions).value();
    auto table = PartitionTable::make(project->definitions, project->graph, {});
    projection_.use(std::make_shared<const PartitionsInForce>(PartitionsInForce{project, std::move(table), {}}));
  }
  void check(const std::string& partition, CheckStatus status) {
    CheckResult result;
    result.run = 5;
    result.name = "unique";
    result.home = "a";
    result.home_step = 0;
    result.status = status;
    result.partition = partition;
    project(CheckReported{result});
  }
  IndexSet failing() {
    const auto all = states_["a"].failed_checks(IndexSet::range(0, 3));
    const auto found = all.find("unique");
    return found == all.end() ? IndexSet() : found->second;
  }
};

TEST_F(DividedProjectionTest, ACheckFailsInThePartitionInWhichItFailedUntilItPassesThere) {
  check("us", CheckStatus::failed);
  check("eu", CheckStatus::passed);
  EXPECT_EQ(failing(), IndexSet::range(1, 2));
  EXPECT_TRUE(states_["a"].is_failing()) << "what passed last passed elsewhere";
  check("asia", CheckStatus::error);
  EXPECT_EQ(failing(), IndexSet::range(1, 3));
  check("us", CheckStatus::passed);
  EXPECT_EQ(failing(), IndexSet::range(2, 3));
  check("asia", CheckStatus::warned);
  EXPECT_TRUE(failing().empty());
  EXPECT_FALSE(states_["a"].is_failing());
}

TEST_F(DividedProjectionTest, ItsDataIsUntilTheEndOfTheNewestWindowThatWasMade) {
  auto project_of_days = std::make_shared<Project>();
  auto& asset = project_of_days->definitions.assets.emplace_back();
  asset.key = "a";
  asset.partitions = PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01"}}}};
  project_of_days->graph = AssetGraph::build(project_of_days->definitions).value();
  auto table = PartitionTable::make(project_of_days->definitions, project_of_days->graph, {});
  projection_.use(std::make_shared<const PartitionsInForce>(PartitionsInForce{project_of_days, std::move(table), {}}));
  const auto made = [&](const std::string& day) {
    Materialization materialization;
    materialization.run = 5;
    materialization.key = "a";
    materialization.partition = day;
    project(Materialized{materialization});
    return format_time(states_["a"].data_until.value());
  };
  EXPECT_EQ(made("2026-01-03"), "2026-01-04T00:00:00.000Z");
  EXPECT_EQ(made("2026-01-01"), "2026-01-04T00:00:00.000Z") << "one of long ago was filled";
  EXPECT_EQ(made("2026-01-07"), "2026-01-08T00:00:00.000Z") << "whatever is missing before it";
  projection_.note_report(states_["a"], "a", "", "v7", parse_time("2026-01-20T05:00:00Z").value());
  EXPECT_EQ(states_["a"].data_until, parse_time("2026-01-20T00:00:00Z"));
}

TEST_F(DividedProjectionTest, WhatIsSkippedOfAKeyThatWentLeavesItsAssetAsItWas) {
  auto project_of_a = std::make_shared<Definitions>();
  auto& asset = project_of_a->assets.emplace_back();
  asset.key = "a";
  asset.run.emplace();
  asset.partitions = PartitionsSpec{{{"", StaticPartitionsSpec{{"eu", "us"}}}}};
  auto graph = std::make_shared<AssetGraph>(AssetGraph::build(*project_of_a).value());
  const auto table = PartitionTable::make(*project_of_a, *graph, {});
  const AssetId all[] = {0};
  const PartitionPick both{table, {{0, IndexSet::range(0, 2)}}, WallTime(Millis(1))};
  RunRecord run;
  run.id = 5;
  projection_.know(run, std::make_shared<RunPlan>(make_plan(*project_of_a, *graph, all, StepsMode::all, nullptr, &both)), {1, project_of_a, graph});
  divide({"us", "asia"});
  skip({0}, kNone);
  EXPECT_FALSE(states_["a"].last_attempt);
  EXPECT_THAT(events(), ElementsAre("step_changed a skipped"));
  skip({1}, kNone);
  EXPECT_EQ(states_["a"].last_attempt->status, StepStatus::skipped);
}

TEST_F(DividedProjectionTest, AResultThatNamesNoPartitionIsAboutAll) {
  check("us", CheckStatus::failed);
  check("", CheckStatus::failed);
  EXPECT_EQ(failing(), IndexSet::range(0, 3));
  check("", CheckStatus::passed);
  EXPECT_TRUE(failing().empty());
}

TEST_F(DividedProjectionTest, AResultOfOnePassesThereAndNowhereElse) {
  check("us", CheckStatus::passed);
  check("asia", CheckStatus::warned);
  EXPECT_EQ(states_["a"].partitions->passed_checks.at("unique"), IndexSet::range(1, 3));
  check("us", CheckStatus::failed);
  check("asia", CheckStatus::skipped);
  EXPECT_TRUE(states_["a"].partitions->passed_checks.at("unique").empty());
  check("", CheckStatus::passed);
  EXPECT_TRUE(states_["a"].partitions->passed_checks.empty()) << "it is about all of them";
}

TEST_F(DividedProjectionTest, AReportOfTheWholeIsTheDataOfEachUntilOneIsMadeAgain) {
  projection_.note_report(states_["a"], "a", "", "v7", WallTime(Millis(9)));
  EXPECT_EQ(states_["a"].partitions->reported, (PartitionStates::Whole{IndexSet::range(0, 3), "v7", WallTime(Millis(9))}));
  projection_.note_report(states_["a"], "a", "us", "v8", WallTime(Millis(10)));
  EXPECT_EQ(states_["a"].partitions->reported.of, IndexSet::range(0, 1) | IndexSet::range(2, 3));
}

TEST_F(DividedProjectionTest, AResultOfAPartitionThatIsNoMoreHoldsBackNone) {
  check("mars", CheckStatus::failed);
  EXPECT_TRUE(failing().empty());
}

TEST_F(ProjectionTest, AnAttemptThatWillBeRetriedIsAnOutcomeAndNotYetAFailureOfTheAsset) {
  step(0, StepStatus::pending, StepStatus::running);
  step(0, StepStatus::running, StepStatus::waiting_retry, "exit_code");
  EXPECT_EQ(batch_.outcomes.back().status, StepStatus::failed);
  EXPECT_FALSE(states_["a"].last_attempt);
  EXPECT_FALSE(states_["a"].in_progress);
}

TEST_F(ProjectionTest, AnotherRunsWorkIsNotEndedByThisOne) {
  states_["b"].in_progress = AssetState::InProgress{6, WallTime(Millis(1))};
  skip({1}, 0);
  ASSERT_TRUE(states_["b"].in_progress);
  EXPECT_EQ(states_["b"].in_progress->run, 6);
}

TEST_F(ProjectionTest, OfARunThatIsNotKnownNothingFollows) {
  projection_.forget(5);
  step(0, StepStatus::pending, StepStatus::starting);
  skip({1}, 0);
  EXPECT_TRUE(batch_.events.empty());
  EXPECT_TRUE(states_.empty());
}

TEST_F(ProjectionTest, ATickNamesItsRun) {
  project(TickRecorded{{"nightly", WallTime(Millis(0)), WallTime(Millis(5)), TickOutcome::requested, "", 5}});
  ASSERT_EQ(batch_.events.size(), 1u);
  EXPECT_EQ(batch_.events[0].subject["schedule"], "nightly");
  EXPECT_EQ(batch_.events[0].changes["run_id"], "5");
  EXPECT_EQ(batch_.events[0].changes["instant"], "1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace assetd
