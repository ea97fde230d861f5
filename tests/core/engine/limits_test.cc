// How many runs are under way, how many processes of a run are live, and priorities that change.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Project one_asset() {
  Project project;
  project.asset("a");
  return project;
}

RunLimits runs(int most) { return {.runs = most, .tags = {}}; }

void succeed(Driver& d, RunId run) {
  ExitReport exit;
  exit.started_at = d.now.wall;
  const auto id = d.engine().run(run)->live.begin()->first;
  d.feed(AttemptExited{id, exit, {id, 0, {}}});
}

std::vector<std::string> statuses(const Driver& d, RunId last) {
  std::vector<std::string> found;
  for (RunId run = 1; run <= last; ++run) found.push_back(d.run_status(run));
  return found;
}

TEST(EngineLimits, RunsBeyondTheLimitAreQueuedAndSayWhoHoldsIt) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(2)});
  for (int i = 0; i < 4; ++i) d.request();
  EXPECT_THAT(statuses(d, 4), ElementsAre("running", "running", "queued", "queued"));
  EXPECT_EQ(d.record(3).reason, "limit");
  EXPECT_EQ(d.record(3).detail, "limit runs: 2 of 2 under way");
  d.pass(12min);
  EXPECT_THAT(d.run_blockers(3), ElementsAre("limit limit runs: 2 of 2 held by run 1, for 12 min; run 2, for 12 min"));
  EXPECT_THAT(d.run_blockers(4), ElementsAre("limit limit runs: 2 of 2 held by run 1, for 12 min; run 2, for 12 min; 1 ahead in line: run 3"));
  EXPECT_THAT(d.blockers("a", 4), ElementsAre(HasSubstr("limit: 2 of 2 held by run 1")));
  EXPECT_THAT(d.run_blockers(1), IsEmpty());
  succeed(d, 2);
  EXPECT_THAT(statuses(d, 4), ElementsAre("running", "succeeded", "running", "queued"));
  EXPECT_EQ(d.record(3).reason + d.record(3).detail, "");
}

TEST(EngineLimits, TheyBeginByPriorityThenAge) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(1)});
  d.request();
  d.request();
  d.request({}, StepsMode::all, 5);
  d.request();
  EXPECT_THAT(d.engine().queued(10), ElementsAre(3, 2, 4));
  EXPECT_THAT(d.engine().queued(1), ElementsAre(3));
  d.feed(PriorityChanged{4, 9});
  EXPECT_THAT(d.engine().queued(10), ElementsAre(4, 3, 2));
  EXPECT_EQ(d.record(4).priority, 9);
  for (const RunId run : {1, 4, 3}) succeed(d, run);
  EXPECT_THAT(statuses(d, 4), ElementsAre("succeeded", "running", "succeeded", "succeeded"));
}

TEST(EngineLimits, ATagCountsAllItsValuesOrOneAndHoldsUpNoOthers) {
  Driver d(one_asset());
  d.feed(LimitsChanged{{.runs = std::nullopt, .tags = {{"team=growth", 1}, {"backfill", 1}}}});
  d.tags = {{"team", "growth"}};
  d.request();
  d.request();
  d.tags = {{"team", "sales"}};
  d.request();
  d.tags = {{"backfill", "may"}};
  d.request();
  d.tags = {{"backfill", "june"}, {"team", "growth"}};
  d.request();
  EXPECT_THAT(statuses(d, 5), ElementsAre("running", "queued", "running", "running", "queued"));
  EXPECT_THAT(d.run_blockers(2), ElementsAre("limit limit tag team=growth: 1 of 1 held by run 1, for 0 s"));
  EXPECT_EQ(d.run_blockers(5).size(), 2U);
  succeed(d, 4);
  EXPECT_EQ(d.run_status(5), "queued");
  succeed(d, 1);
  EXPECT_EQ(d.run_status(2), "running");
  succeed(d, 2);
  EXPECT_EQ(d.run_status(5), "running");
}

TEST(EngineLimits, ACanceledRunCountsUntilItsProcessIsGone) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(1)});
  d.request();
  d.request();
  d.feed(CancelRequested{1, {"ann", ""}});
  EXPECT_EQ(d.run_status(2), "queued");
  succeed(d, 1);
  EXPECT_EQ(d.run_status(2), "running");
  d.request();
  d.cancel();
  EXPECT_EQ(d.run_status(3), "canceled");
  EXPECT_THAT(d.engine().queued(9), IsEmpty());
}

TEST(EngineLimits, AnotherLimitCountsWhatIsUnderWayAlready) {
  Driver d(one_asset());
  for (int i = 0; i < 3; ++i) d.request();
  d.feed(LimitsChanged{runs(2)});
  EXPECT_THAT(statuses(d, 3), ElementsAre("running", "running", "running")) << "none is stopped";
  d.request();
  succeed(d, 1);
  EXPECT_EQ(d.run_status(4), "queued") << "two are still under way";
  d.feed(LimitsChanged{runs(3)});
  EXPECT_EQ(d.run_status(4), "running");
  d.request();
  d.feed(LimitsChanged{});
  EXPECT_EQ(d.run_status(5), "running");
}

TEST(EngineLimits, ARestartKeepsThePlaceInLine) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(1)});
  for (int i = 0; i < 3; ++i) d.request();
  d.feed(PriorityChanged{3, 2});
  d.restart();
  EXPECT_THAT(statuses(d, 3), ElementsAre("running", "queued", "queued"));
  succeed(d, 1);
  EXPECT_THAT(statuses(d, 3), ElementsAre("succeeded", "queued", "running"));
}

TEST(EngineLimits, TheTimeInLineCountsForTheQueueTimeout) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(1)});
  d.request();
  d.timeouts = {std::nullopt, 5min};
  d.request();
  d.pass(6min);
  EXPECT_EQ(d.run_status(2), "failed");
  EXPECT_EQ(d.record(2).reason, "queue_timeout");
  EXPECT_THAT(d.record(2).detail, HasSubstr("limit runs: 1 of 1 held by run 1, for 6 min"));
}

TEST(EngineLimits, ARunWhoseTurnInItsScheduleHasComeStillWaitsForTheLimit) {
  Driver d(one_asset());
  d.request_tick("nightly");
  d.request();
  d.request_tick("nightly");
  d.feed(LimitsChanged{runs(1)});
  EXPECT_EQ(d.record(3).reason, "overlap");
  succeed(d, 1);
  EXPECT_EQ(d.run_status(3), "queued");
  EXPECT_EQ(d.record(3).reason, "limit");
  EXPECT_THAT(d.run_blockers(3), ElementsAre(HasSubstr("held by run 2")));
  d.restart();
  EXPECT_EQ(d.run_status(3), "queued");
  succeed(d, 2);
  EXPECT_EQ(d.run_status(3), "running");
}

TEST(EngineLimits, ThatWhichOneThatEndsAtItsBeginLetsInBeginsWithIt) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(1)});
  d.request();
  d.request({}, StepsMode::checks);  // there is no check: over at once
  d.request();
  succeed(d, 1);
  EXPECT_THAT(statuses(d, 3), ElementsAre("succeeded", "succeeded", "running"));
}

TEST(EngineLimits, WhileTheDaemonDrainsNoneBeginsAndNoneHasWaitedTooLong) {
  Driver d(one_asset());
  d.feed(LimitsChanged{runs(1)});
  d.request();
  d.timeouts = {std::nullopt, 5min};
  d.request();
  d.feed(StartsHeld{"draining", "the daemon is being drained"});
  d.feed(StartsHeld{"disk", "full"});
  d.feed(StartsHeld{"disk", "", false});
  succeed(d, 1);
  d.pass(10min);
  EXPECT_EQ(d.run_status(2), "queued");
  EXPECT_THAT(d.run_blockers(2), ElementsAre("draining draining: the daemon is being drained"));
}

Project many() {
  Project project;
  for (const auto* key : {"a", "b", "c", "d"}) project.asset(key);
  return project;
}

TEST(EngineMaxSteps, FurtherStepsStayReadyAndSayWhichRun) {
  Driver d(many());
  d.max_steps = 2;
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a", "b"));
  EXPECT_EQ(d.shown("c"), "ready");
  d.pass(3min);
  EXPECT_THAT(d.blockers("c"), ElementsAre("limit: 2 of 2 processes of this run are live: step a, for 3 min; step b, for 3 min"));
  d.max_steps.reset();
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a", "b", "c", "d")) << "of another run as many as there is room for";
}

TEST(EngineMaxSteps, AnEndLetsTheNextOneIn) {
  Driver d(many());
  d.max_steps = 1;
  d.request();
  for (const auto* key : {"a", "b", "c", "d"}) {
    EXPECT_THAT(d.started(), ElementsAre(key));
    d.succeed(key);
  }
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineMaxSteps, ARestartCountsWhatLives) {
  Driver d(many());
  d.max_steps = 2;
  d.request();
  d.started();
  d.restart();
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_THAT(d.blockers("c"), ElementsAre(HasSubstr("2 of 2 processes")));
  d.succeed("b");
  EXPECT_THAT(d.started(), ElementsAre("c"));
}

TEST(EngineMaxSteps, ARetryAndAFullPoolAreSaidBesideIt) {
  Project project;
  project.asset("a").pools = {{"gpu", 1}};
  project.asset("b").pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 1}});
  d.max_steps = 1;
  d.request();
  EXPECT_THAT(d.blockers("b"), ElementsAre(HasSubstr("limit: 1 of 1 processes"), HasSubstr("pool: 1 of 1 slots held by run 1, step a")));
}

TEST(EnginePriority, OfARunUnderWayMovesItsWaitingSteps) {
  Driver d(many(), {{"default", 1}});
  d.request({"a", "b"});
  d.request({"c", "d"});
  d.started();
  d.feed(PriorityChanged{2, 1});
  EXPECT_EQ(d.changes<RunAmended>().size(), 1U);
  d.feed(PriorityChanged{2, 1});
  EXPECT_EQ(d.changes<RunAmended>().size(), 1U) << "it was so already";
  succeed(d, 1);
  EXPECT_THAT(d.started(), ElementsAre("c"));
  d.restart();
  succeed(d, 2);
  EXPECT_THAT(d.started(), ElementsAre("d")) << "also after a restart";
  d.feed(PriorityChanged{77, 1});
  EXPECT_EQ(d.changes<RunAmended>().size(), 1U);
}

}  // namespace
}  // namespace assetd::testing
