// A restart: the engine takes up what was committed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Project chain_of_three() {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  project.asset("c", {"b"});
  return project;
}

TEST(EngineRestore, ALiveAttemptIsNotStartedAgainAndItsExitCounts) {
  Driver d(chain_of_three());
  d.request();
  d.succeed("a");
  d.seen("b");
  d.started();
  d.restart();
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_EQ(d.engine().dispatcher().used("default"), 1) << "it holds what it held";
  d.succeed("b");
  EXPECT_THAT(d.started(), ElementsAre("c"));
  d.succeed("c");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded c=succeeded");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_EQ(d.changes<RunChanged>().back().counts.at("succeeded"), 3u);
}

TEST(EngineRestore, WhatWasReadyStartsAndSkippedStaysSkipped) {
  auto project = chain_of_three();
  project.asset("x");
  project.asset("y");
  Driver d(project, {{"default", 2}});
  d.request();
  d.fail("a");
  d.started();
  d.restart();
  EXPECT_THAT(d.started(), IsEmpty());
  d.succeed("x");
  d.succeed("y");
  EXPECT_EQ(d.status("c"), "skipped");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.record().detail, "1 of 5 steps failed, 2 were skipped");
}

TEST(EngineRestore, ARetryWaitsWhatIsLeftOfItsDelay) {
  Project project;
  auto& policy = project.asset("a").retries;
  policy.max = 1;
  policy.delay = Millis(10'000);
  Driver d(project);
  d.request();
  d.fail("a");
  d.started();
  d.restart(Millis(4'000));
  d.pass(Millis(5'999));
  EXPECT_THAT(d.started(), IsEmpty());
  d.pass(Millis(1));
  EXPECT_THAT(d.started(), ElementsAre("a"));
  EXPECT_EQ(d.attempt("a").number, 2);
  d.fail("a");
  EXPECT_EQ(d.status("a"), "failed") << "it remembers how many there were";
}

TEST(EngineRestore, AStopIsAskedAgain) {
  Driver d(chain_of_three());
  d.request();
  d.seen("a");
  d.cancel();
  d.stopped();
  d.restart();
  EXPECT_THAT(d.stopped(), ElementsAre("a"));
  d.signal("a", 15);
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineRestore, AStepThatWaitsForItsCheckIsNotMadeAgain) {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  project.check("a", "unique");
  Driver d(project, {{"default", 1}});
  d.request();
  d.feed(StartsHeld{"disk", ""});
  d.succeed("a");
  d.started();
  d.restart();
  EXPECT_THAT(d.started(), ElementsAre("a:unique"));
  d.fail("a:unique");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
  EXPECT_EQ(d.changes<Materialized>().size(), 1u);
}

TEST(EngineRestore, AFailedCheckIsRememberedForItsStepAndItsRun) {
  Project project;
  project.asset("a");
  project.check("a", "fresh");
  project.check("a", "unique");
  Driver d(project);
  d.request();
  d.succeed("a");
  d.fail("a:fresh");
  d.restart();
  d.succeed("a:unique");
  EXPECT_EQ(d.statuses(), "a=failed");
  EXPECT_THAT(d.step("a").detail, HasSubstr("check fresh failed"));
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineRestore, MembersOfABatchGoOnWhereTheyWere) {
  Project project;
  project.member("a");
  project.member("b", {"a"});
  project.member("c", {"b"});
  Driver d(project);
  d.request();
  d.end_member("a");
  d.begin_member("b");
  d.restart();
  d.signal("a", 9);
  EXPECT_EQ(d.statuses(), "a=succeeded b=failed c=skipped");
}

// Only steps that are not pending are stored: one that was put back would begin anew to count, and might be taken for one that need not be executed.
TEST(EngineRestore, AStepWhoseRetryWasNeverStartedKeepsItsCountOfAttempts) {
  Project project;
  auto& a = project.asset("a");
  a.retries.max = 1;
  a.retries.delay = Millis(0);
  a.skip_if_unchanged = true;
  Driver d(project);
  d.request();
  d.fail("a");
  d.pass(Millis(0));
  d.never_start("a");
  EXPECT_EQ(d.statuses(), "a=waiting_retry");
  d.unchanged = {"a"};
  d.restart();
  d.pass(std::chrono::minutes(1));
  EXPECT_EQ(d.statuses(), "a=starting") << "what its first attempt left is not what a success left";
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed") << "that was its one retry";
}

AttemptMessage made_at(std::int64_t end) {
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  made.end = end;
  return made;
}

TEST(EngineRestore, MessagesThatWentDownWithAFailedCommitAreNotPassedOver) {
  Project project;
  project.asset("a");
  Driver d(project);
  d.request();
  const auto id = d.attempt("a").id;
  d.feed(MessagesArrived{id, 20, {made_at(20)}, 10});  // the first ten bytes were handed to an engine that is no more
  EXPECT_TRUE(d.changes<Materialized>().empty());
  ExitReport exit;
  d.feed(AttemptExited{id, exit, {id, 20, {}, 20}});
  EXPECT_EQ(d.status("a"), "starting") << "its end is told again, with all of its messages";
  d.feed(AttemptExited{id, exit, {id, 20, {made_at(10), made_at(20)}, 0}});
  EXPECT_EQ(d.changes<Materialized>().size(), 2u);
  EXPECT_EQ(d.status("a"), "succeeded");
}

TEST(EngineRestore, OfMessagesThatAreReadAgainOnlyTheNewCount) {
  Project project;
  project.asset("a");
  Driver d(project);
  d.request();
  const auto id = d.attempt("a").id;
  d.feed(MessagesArrived{id, 10, {made_at(10)}, 0});
  d.feed(MessagesArrived{id, 20, {made_at(10), made_at(20)}, 0});
  EXPECT_EQ(d.changes<Materialized>().size(), 2u);
}

TEST(EngineRestore, MessagesReadBeforeItCountOnce) {
  Driver d(chain_of_three());
  d.request();
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  const MessagesArrived arrived{d.attempt("a").id, 40, {made}};
  d.feed(arrived);
  d.restart();
  d.feed(arrived);
  EXPECT_EQ(d.changes<Materialized>().size(), 1u);
}

TEST(EngineRestore, AMaterializationReportedBeforeItIsNotMadeUpAgainAtTheExit) {
  Driver d(chain_of_three());
  d.request();
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  made.data = {{"rows", 3}};
  d.seen("a");
  d.say("a", made);
  d.restart();
  d.succeed("a");
  ASSERT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_EQ(d.changes<Materialized>()[0].materialization.metadata["rows"], 3);
  EXPECT_EQ(d.status("a"), "succeeded");
}

TEST(EngineRestore, ArtifactsReportedBeforeItCountForWhatIsMadeAfterIt) {
  Driver d(chain_of_three());
  d.request();
  AttemptMessage artifact;
  artifact.kind = AttemptMessage::Kind::artifact;
  artifact.data = {{"name", "model"}, {"size", 3}, {"sha256", std::string(64, '1')}};
  d.seen("a");
  d.say("a", artifact);
  d.restart();
  d.succeed("a");
  ASSERT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_NE(d.changes<Materialized>()[0].materialization.content, "");
}

TEST(EngineRestore, WhatAnEarlierAttemptReportedSaysNothingOfTheLiveOne) {
  Project project;
  auto& policy = project.asset("a").retries;
  policy.max = 1;
  policy.delay = Millis(1);
  Driver d(project);
  d.request();
  AttemptMessage made;
  made.kind = AttemptMessage::Kind::materialization;
  d.seen("a");
  d.say("a", made);
  d.fail("a");
  d.pass(Millis(1));
  d.restart();
  d.succeed("a");
  EXPECT_EQ(d.changes<Materialized>().size(), 2u) << "one of each attempt";
}

TEST(EngineRestore, WhatDoesNotGoWithItsPlanIsToldAndNotTakenUp) {
  Driver d(chain_of_three());
  d.request();
  const auto& state = *d.engine().run(1);
  const RestoredRun good{state.record, state.plan, state.context, {{0, StepStatus::starting}}, {}, {d.attempt("a")}};
  EXPECT_TRUE(Engine::fits(good));
  auto shorter = good;
  shorter.run.steps_total = 4;
  auto step = good;
  step.steps[0].step = 3;
  auto unit = good;
  unit.attempts[0].unit = 3;
  auto carried = good;
  carried.attempts[0].steps = {3};
  auto check = good;
  check.checks.emplace_back().home_step = 3;
  for (const auto* bad : {&shorter, &step, &unit, &carried, &check}) EXPECT_FALSE(Engine::fits(*bad));
}

TEST(EngineRestore, RunNumbersGoOn) {
  Driver d(chain_of_three());
  d.request({"a"});
  d.succeed("a");
  d.restart();
  EXPECT_EQ(d.request(), 2);
}

}  // namespace
}  // namespace assetd::testing
