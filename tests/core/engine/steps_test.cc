// How steps follow one another, and what a failure takes along.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Project chain() {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  project.asset("c", {"b"});
  return project;
}

TEST(EngineSteps, AStepStartsWhenItsParentHasSucceeded) {
  Driver d(chain());
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  EXPECT_EQ(d.statuses(), "a=starting b=pending c=pending");
  d.seen("a");
  EXPECT_EQ(d.statuses(), "a=running b=pending c=pending");
  EXPECT_THAT(d.started(), IsEmpty());
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("b"));
  d.succeed("b");
  d.succeed("c");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded c=succeeded");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_EQ(d.engine().run(1), nullptr) << "a run that has ended is forgotten";
}

TEST(EngineSteps, EndAndIntentOfTheNextShareOneOutput) {
  Driver d(chain());
  d.request();
  d.forget_changes();
  d.succeed("a");
  EXPECT_EQ(d.changes<AttemptEnded>().size(), 1u);
  EXPECT_EQ(d.changes<AttemptIntended>().size(), 1u);
  EXPECT_EQ(d.engine().dispatcher().used("default"), 1);
}

TEST(EngineSteps, AStepWithTwoParentsWaitsForBoth) {
  Project project;
  project.asset("a");
  project.asset("b");
  project.asset("c", {"a", "b"});
  Driver d(project);
  d.request();
  EXPECT_THAT(d.started(), UnorderedElementsAre("a", "b"));
  d.succeed("b");
  EXPECT_THAT(d.started(), IsEmpty());
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("c"));
}

TEST(EngineSteps, AFailureSkipsAllBelowInOneEventAndIndependentBranchesGoOn) {
  auto project = chain();
  project.asset("other");
  project.asset("report", {"other"});
  Driver d(project);
  d.request();
  d.fail("a");
  const auto skipped = d.changes<StepsEnded>();
  ASSERT_EQ(skipped.size(), 1u);
  EXPECT_EQ(skipped[0].steps.size(), 2u);
  EXPECT_EQ(skipped[0].reason, "upstream_failed");
  EXPECT_EQ(skipped[0].detail, "a failed");
  EXPECT_EQ(d.run_status(), "running");
  d.succeed("other");
  d.succeed("report");
  EXPECT_EQ(d.status("report"), "succeeded");
  EXPECT_EQ(d.status("c"), "skipped");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.record().reason, "steps_failed");
  EXPECT_EQ(d.record().detail, "1 of 5 steps failed, 2 were skipped");
}

TEST(EngineSteps, WhatTwoFailuresReachIsSkippedOnce) {
  Project project;
  project.asset("a");
  project.asset("b");
  project.asset("c", {"a", "b"});
  Driver d(project);
  d.request();
  d.fail("a");
  d.fail("b");
  EXPECT_EQ(d.statuses(), "a=failed b=failed c=skipped");
  EXPECT_EQ(d.changes<StepsEnded>().size(), 1u);
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineSteps, AnEdgeThatGoesOnAfterAFailureStartsItsChild) {
  Project project;
  project.asset("a");
  project.asset("b", {"a?"});
  Driver d(project);
  d.request();
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed b=starting");
  d.succeed("b");
  EXPECT_EQ(d.statuses(), "a=failed b=succeeded");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineSteps, AnEdgeThatGoesOnAlsoGoesOnAfterASkip) {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  project.asset("c", {"b?"});
  Driver d(project);
  d.request();
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped c=starting");
}

TEST(EngineSteps, OnePathThatHandsTheFailureOnIsEnough) {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  project.asset("c", {"a?", "b"});
  Driver d(project);
  d.request();
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped c=skipped");
}

TEST(EngineSteps, AFailureReachesAcrossAssetsThatTheRunLeavesOut) {
  Driver d(chain());
  d.request({"a", "c"});
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed c=skipped");
}

TEST(EngineSteps, ARunWithoutStepsHasSucceeded) {
  Project project;
  project.external("a");
  Driver d(project);
  d.request();
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineSteps, RunsCountUpAndKeepTheirStepsApart) {
  Driver d(chain());
  EXPECT_EQ(d.request(), 1);
  EXPECT_EQ(d.request({"a"}), 2);
  d.succeed("a");
  EXPECT_EQ(d.run_status(2), "succeeded");
  EXPECT_EQ(d.statuses(1), "a=starting b=pending c=pending");
}

TEST(EngineSteps, TheEndOfARunTellsCountsAndCauses) {
  Driver d(chain());
  d.request();
  d.succeed("a");
  d.fail("b");
  const auto end = d.changes<RunChanged>().back();
  EXPECT_EQ(end.counts.at("succeeded"), 1u);
  EXPECT_EQ(end.counts.at("failed"), 1u);
  EXPECT_EQ(end.counts.at("skipped"), 1u);
  EXPECT_EQ(end.counts.at("pending"), 0u);
  ASSERT_EQ(end.causes.size(), 1u);
  EXPECT_EQ(end.causes[0]["key"], "b");
  EXPECT_EQ(end.causes[0]["status"], "failed");
  EXPECT_EQ(end.causes[0]["reason"], "exit_code");
  EXPECT_EQ(end.causes[0]["skipped"], 1);
}

// How an attempt ended.

std::string ended(const std::function<void(Driver&)>& how) {
  Driver d(chain());
  d.request();
  how(d);
  return d.status("a") + " " + d.step("a").reason + ": " + d.step("a").detail;
}

ExitReport exit_of(ExitReport::Kind kind) {
  ExitReport report;
  report.kind = kind;
  return report;
}

TEST(EngineExits, TheReasonSaysHowItEnded) {
  EXPECT_EQ(ended([](Driver& d) { d.exit("a", 3); }), "failed exit_code: exit code 3");
  EXPECT_EQ(ended([](Driver& d) { d.signal("a", 9); }), "failed signal: killed by signal 9 (SIGKILL)");
  EXPECT_THAT(ended([](Driver& d) { d.lose("a"); }), HasSubstr("failed lost: its process is gone"));
  EXPECT_EQ(ended([](Driver& d) {
              auto report = exit_of(ExitReport::Kind::never_started);
              report.reason = "plugin_error";
              report.detail = "no such plugin";
              d.exit("a", report);
            }),
            "failed plugin_error: no such plugin");
}

TEST(EngineExits, WhatTheProcessSaysOfItselfIsTheReason) {
  AttemptMessage said;
  said.kind = AttemptMessage::Kind::attempt_failed;
  said.reason = "resource_locked";
  said.detail = "held by pid 7";
  EXPECT_EQ(ended([&](Driver& d) { d.say("a", said), d.exit("a", 1); }), "failed resource_locked: held by pid 7");
  EXPECT_EQ(ended([&](Driver& d) { d.say("a", said), d.exit("a", 0); }), "failed resource_locked: held by pid 7") << "an exit code of 0 does not take it back";
  EXPECT_EQ(ended([&](Driver& d) { d.say("a", said), d.signal("a", 11); }), "failed signal: killed by signal 11 (SIGSEGV)");
}

TEST(EngineExits, AnExitOfZeroMaterializesAlsoWhenNothingWasSaid) {
  Driver d(chain());
  d.request();
  d.seen("a");
  d.pass(Millis(1'500));
  d.succeed("a");
  const auto made = d.changes<Materialized>();
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].materialization.key, "a");
  EXPECT_EQ(made[0].materialization.duration_ms, 1'500);
}

TEST(EngineExits, AReportedMaterializationIsTheOnlyOne) {
  Driver d(chain());
  d.request();
  d.seen("a");
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  made.data = {{"rows", 3}};
  made.data_version = "v1";
  d.say("a", made);
  d.succeed("a");
  ASSERT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_EQ(d.changes<Materialized>()[0].materialization.metadata, (nlohmann::json{{"rows", 3}}));
  EXPECT_EQ(d.changes<Materialized>()[0].materialization.data_version, "v1");
}

TEST(EngineExits, AnExitOfAnAttemptThatHasEndedIsOnlyForgottenAgain) {
  Driver d(chain());
  d.request({"a"});
  const auto id = d.attempt("a").id;
  d.succeed("a");
  d.forget_changes();
  d.feed(AttemptExited{id, {}, {}});
  EXPECT_TRUE(d.changes<AttemptEnded>().empty());
  ASSERT_EQ(d.effects().size(), 1u);
  EXPECT_EQ(std::get<ForgetAttempt>(d.effects()[0]).attempt, id);
}

TEST(EngineExits, TheLastMessagesComeWithTheExitAndCountBeforeIt) {
  Driver d(chain());
  d.request({"a"});
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  made.data_version = "late";
  d.exit("a", exit_of(ExitReport::Kind::exited), {made});
  ASSERT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_EQ(d.changes<Materialized>()[0].materialization.data_version, "late");
  EXPECT_EQ(d.run_status(), "succeeded");
}

// Messages.

TEST(EngineMessages, ReadTwiceCountsOnce) {
  Driver d(chain());
  d.request();
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  const MessagesArrived arrived{d.attempt("a").id, 40, {made}};
  d.feed(arrived);
  d.feed(arrived);
  EXPECT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_EQ(d.changes<MessagesRead>().size(), 1u);
}

TEST(EngineMessages, ProgressIsShownAndNotKept) {
  Driver d(chain());
  d.request();
  d.forget_changes();
  AttemptMessage half;
  half.kind = AttemptMessage::Kind::progress;
  half.fraction = 0.5;
  d.say("a", half);
  ASSERT_EQ(d.effects().size(), 1u);
  EXPECT_EQ(std::get<ShowProgress>(d.effects()[0]).fraction, 0.5);
  EXPECT_TRUE(d.changes<AttemptNoted>().empty());
}

TEST(EngineMessages, ArtifactsAndCustomMessagesAreKeptWithTheAttempt) {
  Driver d(chain());
  d.request();
  AttemptMessage artifact;
  artifact.kind = AttemptMessage::Kind::artifact;
  artifact.data = {{"path", "model.pkl"}};
  d.say("a", artifact);
  const auto noted = d.changes<AttemptNoted>();
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0].kind, "artifact");
  EXPECT_EQ(noted[0].attempt, d.attempt("a").id);
  EXPECT_EQ(noted[0].data["path"], "model.pkl");
}

AttemptMessage artifact_of(const std::string& name, char digit) {
  AttemptMessage said;
  said.kind = AttemptMessage::Kind::artifact;
  said.data = {{"name", name}, {"size", 3}, {"sha256", std::string(64, digit)}};
  return said;
}

TEST(EngineMessages, WhatAStepMadeGoesWithTheContentOfItsArtifactsOfThatAttempt) {
  Project project;
  auto& retries = project.asset("a").retries;
  retries.max = 1;
  retries.delay = Millis(1);
  project.asset("b", {"a"});
  Driver d(project);
  d.request();
  d.say("a", artifact_of("old", '1'));
  d.fail("a");
  d.pass(Millis(1));
  d.say("a", artifact_of("model", '2'));
  d.succeed("a");
  d.succeed("b");
  const auto made = d.changes<Materialized>();
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].materialization.content, "5:model 3 " + std::string(64, '2') + "\n") << "what the first attempt said is not what the second left";
  EXPECT_EQ(made[1].materialization.content, "") << "b reported no artifact";
}

TEST(EngineMessages, AKeyThatTheAttemptDoesNotCarryChangesNothing) {
  Driver d(chain());
  d.request();
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  made.key = "c";
  d.say("a", made);
  EXPECT_TRUE(d.changes<Materialized>().empty());
  EXPECT_EQ(d.status("c"), "pending");
}

TEST(EngineMessages, OfAnUnknownAttemptChangeNothing) {
  Driver d(chain());
  d.request();
  d.forget_changes();
  d.feed(MessagesArrived{"nobody", 10, {AttemptMessage{}}});
  d.feed(AttemptSeenRunning{"nobody", 1, d.now.wall});
  EXPECT_TRUE(d.changes<MessagesRead>().empty());
  EXPECT_TRUE(d.effects().empty());
}

}  // namespace
}  // namespace assetd::testing
