// The time of a whole run, and of waiting: in line, and for slots.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

Project chain_of_two() {
  Project project;
  project.asset("a").retries = {3, Millis(0)};
  project.asset("b", {"a"});
  return project;
}

TEST(RunTimeout, StopsWhatRunsAndFailsTheRun) {
  Driver d(chain_of_two());
  d.timeouts = {2h, std::nullopt};
  d.request();
  d.seen("a");
  d.pass(2h - 1ms);
  EXPECT_EQ(d.run_status(), "running");
  d.pass(1ms);
  EXPECT_EQ(d.run_status(), "canceling");
  EXPECT_THAT(d.stopped(), ElementsAre("a"));
  EXPECT_EQ(d.status("b"), "canceled");
  EXPECT_EQ(d.step("b").reason, "timeout");
  d.signal("a", 15);
  EXPECT_EQ(d.statuses(), "a=failed b=canceled") << "no retry follows";
  EXPECT_EQ(d.step("a").reason, "timeout");
  EXPECT_EQ(d.step("a").detail, "stopped because its run was over: it ran longer than its timeout of 2h");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.record().reason, "timeout");
  EXPECT_EQ(d.record().detail, "stopped: it ran longer than its timeout of 2h");
}

TEST(QueueTimeout, OfTheOnlyCheckEndsARunOfChecksAlone) {
  Project project;
  project.asset("a");
  project.check("a", "unique").run->queue_timeout = 1h;
  Driver d(project, {{"default", 0}});
  d.request({"a"}, StepsMode::checks);
  d.pass(1h);
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=error"));
  EXPECT_EQ(d.statuses(), "a=failed");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(RunTimeout, ARunThatEndsInTimeIsLeftAlone) {
  Driver d(chain_of_two());
  d.timeouts = {2h, std::nullopt};
  d.request({"a"});
  d.succeed("a");
  d.pass(3h);
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.engine().next_timer(), std::nullopt);
}

TEST(RunTimeout, GoesOnThroughARestart) {
  Driver d(chain_of_two());
  d.timeouts = {2h, std::nullopt};
  d.request();
  d.seen("a");
  d.pass(1h);
  d.restart(30min);
  d.pass(30min - 1ms);
  EXPECT_EQ(d.run_status(), "running");
  d.pass(1ms);
  EXPECT_EQ(d.run_status(), "canceling");
}

TEST(RunTimeout, StaysTheCauseThroughARestartWhileItStops) {
  Driver d(chain_of_two());
  d.timeouts = {2h, std::nullopt};
  d.request();
  d.seen("a");
  d.pass(2h);
  d.restart();
  d.signal("a", 9);
  EXPECT_EQ(d.statuses(), "a=failed b=canceled");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.record().reason, "timeout");
}

TEST(RunTimeout, ACancelWinsWhereItCameFirst) {
  Driver d(chain_of_two());
  d.timeouts = {2h, std::nullopt};
  d.request();
  d.seen("a");
  d.cancel();
  d.pass(3h);
  d.signal("a", 15);
  EXPECT_EQ(d.run_status(), "canceled");
}

Project two_that_want_the_gpu() {
  Project project;
  auto& a = project.asset("a");
  a.pools = {{"gpu", 1}};
  auto& b = project.asset("b");
  b.pools = {{"gpu", 1}};
  b.run->queue_timeout = 10min;
  b.retries = {3, Millis(0)};
  project.asset("c", {"b"});
  return project;
}

TEST(QueueTimeout, LessThanASecondIsSaidAsWell) {
  auto project = two_that_want_the_gpu();
  project.asset("d").pools = {{"gpu", 1}};
  Driver d(project, {{"default", 9}, {"gpu", 1}});
  d.timeouts.queue_timeout = 500ms;
  d.request();
  d.pass(500ms);
  EXPECT_THAT(d.step("d").detail, ::testing::StartsWith("waited 0.5 s to start, for pool gpu: "));
}

TEST(QueueTimeout, AStepThatWaitedTooLongFailsAndSaysForWhat) {
  Driver d(two_that_want_the_gpu(), {{"default", 9}, {"gpu", 1}});
  d.request();
  d.pass(10min - 1ms);
  EXPECT_EQ(d.shown("b"), "ready");
  d.pass(1ms);
  EXPECT_EQ(d.status("b"), "failed") << "and is not tried again: it would only wait again";
  EXPECT_EQ(d.step("b").reason, "queue_timeout");
  EXPECT_EQ(d.step("b").detail, "waited 10 min to start, for pool gpu: 1 of 1 slots held by run 1, step a, for 10 min");
  EXPECT_EQ(d.status("c"), "skipped");
  EXPECT_EQ(d.engine().dispatcher().waiting_count(), 0u);
  d.succeed("a");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(QueueTimeout, TheTimeOfTheLastStepsEndEndsTheRun) {
  Driver d(two_that_want_the_gpu(), {{"default", 9}, {"gpu", 1}});
  d.request({"a"});
  d.request({"b"});
  d.pass(10min);
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(QueueTimeout, OneThatStartedInTimeIsLeftAlone) {
  Driver d(two_that_want_the_gpu(), {{"default", 9}, {"gpu", 1}});
  d.request();
  d.pass(9min);
  d.succeed("a");
  d.pass(9min);
  EXPECT_EQ(d.status("b"), "starting");
  d.succeed("b");
  EXPECT_EQ(d.status("b"), "succeeded");
}

TEST(QueueTimeout, CountsFromWhenNothingAboveWasWaitedForAlsoAfterARestart) {
  Driver d(two_that_want_the_gpu(), {{"default", 9}, {"gpu", 1}});
  d.request();
  d.pass(4min);
  d.restart(4min);
  d.pass(2min - 1ms);
  EXPECT_EQ(d.shown("b"), "ready");
  d.pass(1ms);
  EXPECT_EQ(d.status("b"), "failed");
}

TEST(QueueTimeout, TheRunsCountsForStepsThatSetNone) {
  Project project;
  project.asset("a").pools = {{"gpu", 1}};
  project.asset("b").pools = {{"gpu", 1}};
  Driver d(project, {{"default", 9}, {"gpu", 1}});
  d.timeouts = {std::nullopt, 5min};
  d.request();
  d.pass(5min);
  EXPECT_EQ(d.statuses(), "a=starting b=failed");
}

TEST(QueueTimeout, OfADaemonThatDrainsIsLeftToTheNextOne) {
  Driver d(two_that_want_the_gpu(), {{"default", 9}, {"gpu", 1}});
  d.request();
  d.feed(StartsHeld{"draining", "the daemon is being drained"});
  d.pass(20min);
  EXPECT_EQ(d.shown("b"), "ready");
  d.restart();
  d.pass(0ms);
  EXPECT_EQ(d.status("b"), "failed");
}

TEST(QueueTimeout, AProcessOfAChecksEndsAsAnErrorOfTheCheck) {
  Project project;
  project.asset("a");
  auto& check = project.check("a", "rows");
  check.run->queue_timeout = 1min;
  project.asset("z").pools = {{"gpu", 1}};
  Driver d(project, {{"default", 1}, {"gpu", 1}});
  d.request();
  d.feed(PoolsChanged{{{"default", 0}, {"gpu", 1}}});
  d.succeed("a");
  d.pass(1min);
  EXPECT_THAT(d.checks(), ElementsAre("a:rows=error"));
  EXPECT_EQ(d.status("a"), "failed");
}

TEST(QueueTimeout, ARunThatStoodInLineTooLongFailsWithoutHavingBegun) {
  Driver d(chain_of_two());
  const auto first = d.request_tick("nightly");
  d.timeouts = {std::nullopt, 30min};
  const auto second = d.request_tick("nightly");
  EXPECT_EQ(d.run_status(second), "queued");
  d.pass(10min);
  d.restart(10min);
  d.pass(10min);
  EXPECT_EQ(d.run_status(second), "failed");
  EXPECT_EQ(d.record(second).reason, "queue_timeout");
  EXPECT_EQ(d.record(second).detail, "never began: it waited 30 min for run 1: earlier in schedule nightly and not over, for 30 min");
  EXPECT_EQ(d.statuses(second), "a=canceled b=canceled");
  EXPECT_EQ(d.step("a").reason, "queue_timeout");
  EXPECT_EQ(d.run_status(first), "running");
}

TEST(RetryOn, OnlyTheNamedReasonsAreWorthAnotherAttempt) {
  Project project;
  auto& a = project.asset("a");
  a.retries = {3, Millis(0)};
  a.retries.on = {"lost", "timeout"};
  Driver d(project);
  d.request();
  d.lose("a");
  EXPECT_EQ(d.status("a"), "waiting_retry");
  d.pass(0ms);
  d.fail("a");
  EXPECT_EQ(d.status("a"), "failed");
  EXPECT_EQ(d.step("a").reason, "exit_code");
}

TEST(MaxDelay, EndsTheGrowthOfTheBackoff) {
  Project project;
  auto& a = project.asset("a");
  a.retries = {3, Millis(1'000), Backoff::exponential};
  a.retries.max_delay = Millis(3'000);
  Driver d(project);
  d.request();
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 3; ++i) {
    d.fail("a");
    waits.push_back((*d.engine().next_timer() - d.now.boot).count());
    d.pass(Millis(waits.back()));
  }
  EXPECT_THAT(waits, ElementsAre(1'000, 2'000, 3'000));
}

}  // namespace
}  // namespace assetd::testing
