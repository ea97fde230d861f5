// Checks: what a step waits for, and what a failing one does to its step, to what is below, and to the run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// a with a blocking check of its own process, b below.
struct Checked : Project {
  Checked() {
    asset("a");
    asset("b", {"a"});
    spec = &check("a", "unique");
  }
  CheckSpec* spec = nullptr;
};

TEST(EngineChecks, AStepWaitsForItsBlockingCheck) {
  Driver d{Checked()};
  d.request();
  d.started();
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("a:unique"));
  EXPECT_EQ(d.statuses(), "a=running b=pending");
  d.succeed("a:unique");
  EXPECT_THAT(d.started(), ElementsAre("b"));
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=passed"));
}

TEST(EngineChecks, AFailingBlockingCheckFailsItsStepKeepsWhatWasMadeAndSkipsWhatIsBelow) {
  Driver d{Checked()};
  d.request();
  d.succeed("a");
  d.fail("a:unique");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
  EXPECT_EQ(d.step("a").reason, "check_failed");
  EXPECT_THAT(d.step("a").detail, HasSubstr("check unique failed"));
  EXPECT_TRUE(d.step("a").materialized);
  EXPECT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_EQ(d.run_status(), "failed");
  ASSERT_EQ(d.causes().size(), 1u);
  EXPECT_EQ(d.causes()[0]["check"], "unique");
  EXPECT_EQ(d.causes()[0]["skipped"], 1);
}

TEST(EngineChecks, AWarningChangesNoStep) {
  Checked project;
  project.spec->severity = Severity::warn;
  Driver d(project);
  d.request();
  d.succeed("a");
  d.fail("a:unique");
  d.succeed("b");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=warned"));
}

TEST(EngineChecks, AFailingErrorThatDoesNotBlockFailsTheRunAndSkipsNothing) {
  Checked project;
  project.spec->blocking = false;
  Driver d(project);
  d.request();
  d.started();
  d.succeed("a");
  EXPECT_THAT(d.started(), UnorderedElementsAre("b", "a:unique")) << "nobody waits for it";
  d.fail("a:unique");
  d.succeed("b");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.record().reason, "check_failed");
  EXPECT_EQ(d.record().detail, "all steps succeeded, 1 check failed");
  EXPECT_EQ(d.causes()[0]["check"], "unique");
}

TEST(EngineChecks, ACanceledRunEndsThoughOneOfTwoChecksStillPasses) {
  Project project;
  project.asset("a");
  project.check("a", "first");
  project.check("a", "second");
  Driver d(project);
  d.request();
  d.succeed("a");
  d.cancel();
  d.signal("a:first", 15);
  EXPECT_EQ(d.run_status(), "canceling");
  d.succeed("a:second");
  EXPECT_EQ(d.statuses(), "a=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineChecks, TheRunWaitsForChecksThatNobodyElseWaitsFor) {
  Checked project;
  project.spec->blocking = false;
  Driver d(project);
  d.request({"a"});
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=succeeded");
  EXPECT_EQ(d.run_status(), "running");
  d.succeed("a:unique");
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineChecks, WhatDescendsFromAllOfDependsOnIsSkippedAndNothingElse) {
  Project project;
  project.asset("a");
  project.asset("b");
  project.asset("both", {"a", "b"});
  project.asset("one", {"a"});
  project.check("a", "related", {"b"});
  Driver d(project);
  d.request();
  d.succeed("a");
  EXPECT_EQ(d.status("a"), "running") << "it waits for the check, which waits for b";
  d.succeed("b");
  EXPECT_EQ(d.status("b"), "succeeded");
  d.fail("a:related");
  EXPECT_EQ(d.statuses(), "a=failed b=succeeded both=skipped one=starting");
}

TEST(EngineChecks, AProcessThatDiesIsAnErrorNotAFailureOfTheData) {
  Driver d{Checked()};
  d.request();
  d.succeed("a");
  d.signal("a:unique", 9);
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=error"));
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
}

TEST(EngineChecks, AProcessThatWasNeverStartedIsTriedAgain) {
  Driver d{Checked()};
  d.request();
  d.succeed("a");
  d.started();
  d.never_start("a:unique");
  EXPECT_EQ(d.status("a"), "running");
  EXPECT_THAT(d.checks(), IsEmpty());
  d.pass(Millis(1'000));
  EXPECT_THAT(d.started(), ElementsAre("a:unique"));
  d.restart();
  d.never_start("a:unique");
  d.restart();
  EXPECT_THAT(d.started(), ElementsAre("a:unique")) << "also by the engine after a restart";
  d.succeed("a:unique");
  EXPECT_EQ(d.status("a"), "succeeded");
}

TEST(EngineChecks, AProcessThatIsNeverStartedAgainAndAgainIsAnError) {
  Driver d{Checked()};
  d.request();
  d.succeed("a");
  for (int i = 0; i < 5; ++i) {
    d.never_start("a:unique");
    d.pass(Millis(60'000));
  }
  EXPECT_EQ(d.status("a"), "running");
  d.never_start("a:unique");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=error"));
  EXPECT_EQ(d.status("a"), "failed");
}

TEST(EngineChecks, WhatAProcessReportsCountsMoreThanItsExitCode) {
  Driver d{Checked()};
  d.request();
  d.succeed("a");
  AttemptMessage result;
  result.kind = AttemptMessage::Kind::check;
  result.check_status = CheckStatus::failed;
  result.severity = Severity::warn;
  result.data = {{"rows", 2}};
  d.say("a:unique", result);
  d.fail("a:unique");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=warned")) << "it says itself that this is only a warning";
  EXPECT_EQ(d.changes<CheckReported>()[0].result.metadata, (nlohmann::json{{"rows", 2}}));
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
}

TEST(EngineChecks, ThereIsNothingToCheckWhereNothingWasMade) {
  Driver d{Checked()};
  d.request();
  d.started();
  d.fail("a");
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=skipped"));
  EXPECT_EQ(d.step("a").reason, "exit_code");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineChecks, ItReadsWhatItsAssetHoldsForWriting) {
  Project project;
  auto& asset = project.asset("a");
  asset.uses = {{"db", HoldMode::write}};
  asset.pools = {{"gpu", 1}};
  project.check("a", "unique");
  Driver d(project, {{"gpu", 1}, {"default", 1}});
  d.request();
  d.succeed("a");
  EXPECT_EQ(d.attempt("a:unique").resources, (std::map<std::string, HoldMode>{{"db", HoldMode::read}}));
  EXPECT_EQ(d.attempt("a:unique").slots, (std::map<std::string, int>{{"default", 1}}));
}

TEST(EngineChecks, SeveralFailuresAreAllInTheDetail) {
  Checked project;
  project.check("a", "fresh");
  Driver d(project);
  d.request();
  d.succeed("a");
  d.fail("a:fresh");
  EXPECT_EQ(d.status("a"), "running") << "the others are still out";
  d.fail("a:unique");
  EXPECT_THAT(d.step("a").detail, HasSubstr("check fresh failed"));
  EXPECT_THAT(d.step("a").detail, HasSubstr("check unique failed"));
}

TEST(EngineChecks, ACancelStopsThemAndTheirStepIsCanceled) {
  Driver d{Checked()};
  d.request();
  d.succeed("a");
  d.cancel();
  EXPECT_THAT(d.stopped(), ElementsAre("a:unique"));
  d.signal("a:unique", 15);
  EXPECT_EQ(d.statuses(), "a=canceled b=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineChecksOnly, ACancelEndsAStepWhoseProcessReportedAllButTheCheckBesideIt) {
  Project project;
  project.member("a");
  project.reported_check("a", "fresh");
  project.check("a", "unique");
  Driver d(project, {{"default", 1}});
  d.request({}, StepsMode::checks);
  d.cancel();
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineChecks, AssetsOnlyRunsNone) {
  Driver d{Checked()};
  d.request({}, StepsMode::assets);
  d.succeed("a");
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.checks(), IsEmpty());
}

// Checks only.

TEST(EngineChecksOnly, AStepIsItsChecksAndNothingIsMade) {
  Checked project;
  project.check("a", "fresh").blocking = false;
  Driver d(project);
  d.request({}, StepsMode::checks);
  EXPECT_THAT(d.started(), UnorderedElementsAre("a:unique", "a:fresh"));
  EXPECT_EQ(d.statuses(), "a=running") << "b has none and is no step";
  d.succeed("a:unique");
  EXPECT_EQ(d.statuses(), "a=running");
  d.succeed("a:fresh");
  EXPECT_EQ(d.statuses(), "a=succeeded");
  EXPECT_TRUE(d.changes<Materialized>().empty());
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineChecksOnly, AProcessThatDiesTwiceEndsItsStepAlsoWhenAllChecksWereInBetween) {
  Project project;
  auto& policy = project.member("a").retries;
  policy.max = 1;
  policy.delay = Millis(1);
  project.reported_check("a", "fresh");
  project.check("a", "unique");
  Driver d(project, {{"default", 1}});
  d.request({}, StepsMode::checks);
  d.begin_member("a");
  d.report("a", "fresh", CheckStatus::passed);
  d.signal("a", 9);
  d.succeed("a:unique");
  d.pass(Millis(1));
  d.signal("a", 9);
  EXPECT_EQ(d.statuses(), "a=failed");
  EXPECT_EQ(d.run_status(), "failed");
}

// The check that it would report comes with the process of b. Seed 70119218 of the simulator: the step stayed starting for ever.
TEST(EngineChecksOnly, AProcessThatDiesTwiceEndsItsStepAlsoWhenItHasNothingToReport) {
  Project project;
  auto& policy = project.member("a").retries;
  policy.max = 1;
  policy.delay = Millis(1);
  project.asset("x", {"a"});
  project.member("b", {"x"});
  project.reported_check("a", "shared").depends_on = {"a", "b"};
  project.reported_check("b", "own");
  project.check("a", "unique");
  project.reported_check("x", "fine");
  Driver d(project);
  d.request({}, StepsMode::checks);
  d.signal("a", 9);
  d.succeed("a:unique");
  EXPECT_EQ(d.status("a"), "waiting_retry");
  d.pass(Millis(1));
  d.signal("a", 9);
  EXPECT_EQ(d.status("a"), "failed");
}

TEST(EngineChecksOnly, AFailureSkipsNothing) {
  Checked project;
  project.check("b", "fresh");
  Driver d(project);
  d.request({}, StepsMode::checks);
  d.fail("a:unique");
  EXPECT_EQ(d.statuses(), "a=failed b=running");
  d.succeed("b:fresh");
  EXPECT_EQ(d.statuses(), "a=failed b=succeeded");
  EXPECT_EQ(d.run_status(), "failed");
}

Project checked_source() {
  Project project;
  project.external("source").import = 0;
  project.member("a", {"source"});
  project.check("source", "rows");
  project.reported_check("source", "fresh");
  project.reported_check("a", "unique");
  return project;
}

TEST(EngineChecksOnly, WhatIsMadeElsewhereIsItsOwnChecks) {
  Driver d{checked_source()};
  d.request({"source"}, StepsMode::checks);
  EXPECT_THAT(d.started(), ElementsAre("source:rows"));
  EXPECT_EQ(d.statuses(), "source=running");
  d.restart();
  d.succeed("source:rows");
  EXPECT_EQ(d.statuses(), "source=succeeded");
  EXPECT_TRUE(d.changes<Materialized>().empty());
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineChecksOnly, AFailureOfWhatIsMadeElsewhereFailsItsStepAlone) {
  Driver d{checked_source()};
  d.request({}, StepsMode::checks);
  EXPECT_THAT(d.started(), UnorderedElementsAre("source:rows", "a"));
  d.fail("source:rows");
  EXPECT_EQ(d.status("source"), "failed");
  EXPECT_EQ(d.step("source").reason, "check_failed");
  d.report("a", "unique", CheckStatus::passed);
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "source=failed a=succeeded");
  EXPECT_THAT(d.checks(), UnorderedElementsAre("a:unique=passed", "source:fresh=error", "source:rows=failed")) << "its process ended without fresh";
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineChecksOnly, AProcessThatReportsThemSaysAllByThem) {
  Project project;
  project.member("a");
  project.reported_check("a", "unique");
  Driver d(project);
  d.request({}, StepsMode::checks);
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.report("a", "unique", CheckStatus::failed);
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed");
  EXPECT_EQ(d.step("a").reason, "check_failed");
}

// Reported by the process that makes their home.

Project reported(int retries = 0) {
  Project project;
  auto& a = project.member("a");
  a.retries.max = retries;
  a.retries.delay = Millis(0);
  project.member("b", {"a"});
  project.reported_check("a", "unique");
  return project;
}

TEST(EngineReportedChecks, AMemberEndsWhenItsBlockingChecksAreIn) {
  Driver d(reported());
  d.request();
  d.end_member("a");
  EXPECT_EQ(d.status("a"), "running");
  d.report("a", "unique", CheckStatus::passed);
  EXPECT_EQ(d.status("a"), "succeeded");
}

TEST(EngineReportedChecks, AFailingOneSkipsTheRestOfTheProcess) {
  Driver d(reported());
  d.request();
  d.end_member("a");
  d.report("a", "unique", CheckStatus::failed);
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
  d.fail("a");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.changes<Materialized>().size(), 1u);
}

TEST(EngineReportedChecks, OneThatIsNeverReportedIsAnError) {
  Driver d(reported());
  d.request({"a"});
  d.end_member("a");
  d.succeed("a");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=error"));
  EXPECT_EQ(d.statuses(), "a=failed");
  EXPECT_EQ(d.step("a").reason, "check_failed");
}

TEST(EngineReportedChecks, AProcessThatDiesBeforeThemFailsTheMemberWithItsReason) {
  Driver d(reported());
  d.request({"a"});
  d.end_member("a");
  d.signal("a", 9);
  EXPECT_EQ(d.statuses(), "a=failed");
  EXPECT_EQ(d.step("a").reason, "signal");
}

TEST(EngineReportedChecks, ARetryHasThemBeforeItAgain) {
  Driver d(reported(1));
  d.request({"a"});
  d.report("a", "unique", CheckStatus::passed);
  d.begin_member("a");
  d.lose("a");
  EXPECT_EQ(d.statuses(), "a=waiting_retry");
  d.pass(Millis(0));
  d.end_member("a");
  EXPECT_EQ(d.statuses(), "a=running");
  d.report("a", "unique", CheckStatus::passed);
  EXPECT_EQ(d.statuses(), "a=succeeded");
}

TEST(EngineReportedChecks, ARetryOfOthersLeavesThoseOfAMemberThatItDoesNotCarry) {
  Project project;
  project.member("a");
  auto& b = project.member("b");
  b.retries.max = 1;
  b.retries.delay = Millis(0);
  project.reported_check("a", "unique");
  project.check("a", "slow");
  Driver d(project);
  d.request();
  d.end_member("a");
  d.report("a", "unique", CheckStatus::passed);
  d.begin_member("b");
  d.lose("b");
  d.pass(Millis(0));
  EXPECT_EQ(d.statuses(), "a=running b=starting");
  d.fail("a:slow");
  EXPECT_EQ(d.statuses(), "a=failed b=starting") << "all its own checks are in: nothing of b's process is waited for";
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineReportedChecks, OneThatNobodyDeclaredIsKeptAndItsFailureFailsTheRun) {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  Driver d(project);
  d.request();
  AttemptMessage odd;
  odd.kind = AttemptMessage::Kind::check;
  odd.check = "surprise";
  odd.check_status = CheckStatus::failed;
  d.say("a", odd);
  d.succeed("a");
  d.succeed("b");
  EXPECT_THAT(d.checks(), ElementsAre("a:surprise=failed"));
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineReportedChecks, EachCountsOnce) {
  Driver d(reported());
  d.request({"a"});
  d.end_member("a");
  d.report("a", "unique", CheckStatus::passed);
  d.report("a", "unique", CheckStatus::failed);
  d.succeed("a");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=passed"));
  EXPECT_EQ(d.run_status(), "succeeded");
}

}  // namespace
}  // namespace assetd::testing
