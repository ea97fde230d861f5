// Retries, timeouts and cancels.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/not_started.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

RetrySpec retry(int max, Millis delay = Millis(10'000), Backoff backoff = Backoff::constant, double jitter = 0) { return {max, delay, backoff, jitter}; }

Project retried(RetrySpec policy) {
  Project project;
  project.asset("a").retries = policy;
  project.asset("b", {"a"});
  return project;
}

/// The waits between attempts that all fail.
std::vector<std::int64_t> waits(RetrySpec policy) {
  Driver d(retried(policy));
  d.request();
  std::vector<std::int64_t> found;
  while (true) {
    d.fail("a");
    if (d.status("a") != "waiting_retry") return found;
    const auto wait = *d.engine().next_timer() - d.now.boot;
    EXPECT_EQ(*d.step("a").retry_at - d.now.wall, wait) << "what is shown is what is done";
    found.push_back(wait.count());
    d.pass(wait - Millis(1));
    EXPECT_EQ(d.status("a"), "waiting_retry");
    d.pass(Millis(1));
    EXPECT_EQ(d.status("a"), "starting");
  }
}

TEST(EngineRetries, AFailedAttemptIsFollowedByAnotherAndChildrenWait) {
  Driver d(retried(retry(1, Millis(10'000))));
  d.request();
  const auto first = d.attempt("a").id;
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=waiting_retry b=pending");
  EXPECT_EQ(d.engine().dispatcher().used("default"), 0) << "slots are free while it waits";
  d.pass(Millis(10'000));
  EXPECT_NE(d.attempt("a").id, first);
  EXPECT_EQ(d.attempt("a").number, 2);
  d.succeed("a");
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_EQ(d.step("a").attempts, 2);
}

TEST(EngineRetries, WhenNoneIsLeftTheStepHasFailed) {
  Driver d(retried(retry(1, Millis(0))));
  d.request();
  d.fail("a");
  d.pass(Millis(0));
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
}

TEST(EngineRetries, DelaysFollowTheBackoff) {
  EXPECT_THAT(waits(retry(3, Millis(10'000), Backoff::constant)), ElementsAre(10'000, 10'000, 10'000));
  EXPECT_THAT(waits(retry(3, Millis(10'000), Backoff::linear)), ElementsAre(10'000, 20'000, 30'000));
  EXPECT_THAT(waits(retry(4, Millis(1'000), Backoff::exponential)), ElementsAre(1'000, 2'000, 4'000, 8'000));
}

TEST(EngineRetries, JitterDrawsAroundTheDelay) {
  const auto wait = [](const std::string& draw) {
    Driver d(retried(retry(1, Millis(10'000), Backoff::constant, 0.5)));
    d.draw = draw;
    d.request();
    d.fail("a");
    return (*d.engine().next_timer() - d.now.boot).count();
  };
  EXPECT_EQ(wait("00000000"), 5'000);
  EXPECT_EQ(wait("80000000"), 10'000);
  EXPECT_EQ(wait("ffffffff"), 14'999);
}

TEST(EngineRetries, LostConsumesARetry) {
  Driver d(retried(retry(1, Millis(0))));
  d.request();
  d.lose("a");
  EXPECT_EQ(d.status("a"), "waiting_retry");
  d.pass(Millis(0));
  d.lose("a");
  EXPECT_EQ(d.status("a"), "failed");
  EXPECT_EQ(d.step("a").reason, "lost");
}

TEST(EngineRetries, NeverStartedConsumesNoneAndWaitsLongerEachTime) {
  Driver d(retried(retry(0)));
  d.request();
  d.never_start("a");
  EXPECT_EQ(d.status("a"), "pending");
  for (const auto wait : {1'000, 2'000, 4'000, 8'000}) {
    d.pass(Millis(wait - 1));
    EXPECT_EQ(d.status("a"), "pending");
    d.pass(Millis(1));
    EXPECT_EQ(d.status("a"), "starting");
    EXPECT_EQ(d.attempt("a").number, 1) << "it does not count as an attempt";
    d.never_start("a");
  }
  d.pass(Millis(16'000));
  d.succeed("a");
  EXPECT_EQ(d.status("a"), "succeeded");
  EXPECT_EQ(d.step("a").attempts, 1);
}

TEST(EngineRetries, WhatIsNeverStartedAgainAndAgainFails) {
  Driver d(retried(retry(0)));
  d.request();
  for (int i = 0; i < 5; ++i) {
    d.never_start("a");
    d.pass(Millis(60'000));
  }
  EXPECT_EQ(d.status("a"), "starting");
  d.never_start("a");
  EXPECT_EQ(d.status("a"), "failed");
  EXPECT_EQ(d.step("a").reason, "never_started");
}

// Nothing is wrong with the step, and the disk may be full for hours.
TEST(EngineRetries, WhatIsNotStartedForWantOfRoomWaitsHoweverLongAndSaysSo) {
  Driver d(retried(retry(0)));
  d.request();
  ExitReport report;
  report.kind = ExitReport::Kind::never_started;
  report.reason = kNoSpace;
  report.detail = "cannot make its claim in claims: No space left on device";
  for (int i = 0; i < 30; ++i) {
    d.exit("a", report);
    EXPECT_EQ(d.shown("a"), "ready");
    EXPECT_THAT(d.blockers("a"), ElementsAre(AllOf(HasSubstr("was not started: cannot make its claim in claims: No space left on device"), HasSubstr("; next try at "))));
    d.pass(Millis(1'000));
    EXPECT_EQ(d.status("a"), "starting");
    EXPECT_THAT(d.blockers("a"), IsEmpty());
  }
  d.succeed("a");
  EXPECT_EQ(d.status("a"), "succeeded");
  EXPECT_EQ(d.step("a").attempts, 1);
}

TEST(EngineRetries, TheCountOfNeverStartedBeginsAnewAfterOneThatDid) {
  Driver d(retried(retry(1, Millis(0))));
  d.request();
  for (int i = 0; i < 5; ++i) {
    d.never_start("a");
    d.pass(Millis(60'000));
  }
  d.fail("a");
  d.pass(Millis(0));
  d.never_start("a");
  EXPECT_EQ(d.status("a"), "waiting_retry");
  d.pass(Millis(1'000));
  EXPECT_EQ(d.status("a"), "starting");
}

TEST(EngineRetries, TheSetBackClockDoesNotDelayThem) {
  Driver d(retried(retry(1, Millis(10'000))));
  d.request();
  d.fail("a");
  d.now.wall -= std::chrono::hours(5);
  d.now.boot += Millis(10'000);
  d.feed(TimePassed{});
  EXPECT_EQ(d.status("a"), "starting");
}

// Timeouts.

TEST(EngineTimeouts, AnAttemptThatRunsTooLongIsStoppedAndFailsWhenItIsGone) {
  Project project;
  auto& spec = *project.asset("a").run;
  spec.timeout = Millis(5'000);
  spec.stop_signal = "INT";
  spec.grace = Millis(3'000);
  Driver d(project);
  d.request();
  d.seen("a");
  d.pass(Millis(4'999));
  EXPECT_THAT(d.stopped(), IsEmpty());
  d.pass(Millis(1));
  EXPECT_THAT(d.stopped(), ElementsAre("a"));
  const auto stop = std::get<StopAttempt>(d.effects().back());
  EXPECT_THAT(stop.signals, ElementsAre("INT", "TERM"));
  EXPECT_EQ(stop.grace, Millis(3'000));
  EXPECT_EQ(d.status("a"), "running") << "it has not ended before its tree is empty";
  d.pass(Millis(60'000));
  EXPECT_THAT(d.stopped(), IsEmpty()) << "asked once";
  d.signal("a", 2);
  EXPECT_EQ(d.step("a").reason, "timeout");
  EXPECT_EQ(d.step("a").detail, "stopped because it ran longer than its timeout of 5s");
  EXPECT_EQ(d.status("a"), "failed");
}

TEST(EngineTimeouts, TheTimeBeforeItRunsDoesNotCount) {
  Project project;
  project.asset("a").run->timeout = Millis(5'000);
  Driver d(project);
  d.request();
  d.pass(Millis(60'000));
  EXPECT_THAT(d.stopped(), IsEmpty());
  d.seen("a");
  d.pass(Millis(4'999));
  EXPECT_THAT(d.stopped(), IsEmpty());
}

TEST(EngineTimeouts, ATimeoutMayBeRetriedWithTheWholeTime) {
  Project project;
  auto& asset = project.asset("a");
  asset.run->timeout = Millis(1'000);
  asset.retries = retry(1, Millis(0));
  Driver d(project);
  d.request();
  d.seen("a");
  d.pass(Millis(1'000));
  d.signal("a", 15);
  EXPECT_EQ(d.status("a"), "waiting_retry");
  d.pass(Millis(0));
  d.stopped();
  d.seen("a");
  d.pass(Millis(999));
  EXPECT_THAT(d.stopped(), IsEmpty());
  d.pass(Millis(1));
  EXPECT_THAT(d.stopped(), ElementsAre("a"));
}

TEST(EngineTimeouts, ARestartGoesOnWithWhatIsLeft) {
  Project project;
  project.asset("a").run->timeout = Millis(5'000);
  Driver d(project);
  d.request();
  d.seen("a");
  d.pass(Millis(1'000));
  d.restart(Millis(1'000));
  d.pass(Millis(2'999));
  EXPECT_THAT(d.stopped(), IsEmpty());
  d.pass(Millis(1));
  EXPECT_THAT(d.stopped(), ElementsAre("a"));
}

TEST(EngineTimeouts, OneThatWasStoppedBeforeARestartIsNoSuccessWhateverItSays) {
  Project project;
  project.asset("a").run->timeout = Millis(5'000);
  Driver d(project);
  d.request();
  d.seen("a");
  d.pass(Millis(5'000));
  ASSERT_THAT(d.stopped(), ElementsAre("a"));
  d.restart(Millis(1'000));
  ExitReport tidied;
  tidied.stopped = true;
  d.exit("a", tidied);
  EXPECT_EQ(d.step("a").reason, "timeout");
  EXPECT_EQ(d.step("a").detail, "stopped because it ran longer than its timeout of 5s");
}

// Cancel.

Project wide() {
  Project project;
  project.asset("a");
  project.asset("b");
  project.asset("c", {"a"});
  return project;
}

TEST(EngineCancel, PendingStepsEndAtOnceAndLiveOnesWhenTheirTreesAreEmpty) {
  Driver d(wide());
  d.request();
  d.seen("a");
  d.cancel();
  EXPECT_EQ(d.run_status(), "canceling");
  EXPECT_THAT(d.stopped(), UnorderedElementsAre("a", "b"));
  EXPECT_EQ(d.status("c"), "canceled");
  d.signal("a", 15);
  EXPECT_EQ(d.run_status(), "canceling");
  d.never_start("b");
  EXPECT_EQ(d.statuses(), "a=canceled b=canceled c=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
  EXPECT_EQ(d.record().detail, "canceled by ann");
}

TEST(EngineCancel, AProcessThatHadFinishedKeepsWhatItMade) {
  Driver d(wide());
  d.request();
  d.cancel();
  d.succeed("a");
  d.signal("b", 15);
  EXPECT_EQ(d.statuses(), "a=succeeded b=canceled c=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
}

/// Many programs take the signal, tidy up and say that all is well: what they were at is half made.
TEST(EngineCancel, OneThatWasToldToEndAndSaysThatAllIsWellIsCanceled) {
  Driver d(wide());
  d.request();
  d.cancel();
  ExitReport tidied;
  tidied.stopped = true;
  d.exit("a", tidied);
  d.signal("b", 15);
  EXPECT_EQ(d.statuses(), "a=canceled b=canceled c=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineCancel, NothingStartsAfterIt) {
  Driver d(wide(), {{"default", 1}});
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.cancel();
  d.succeed("a");
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineCancel, AWaitingRetryIsGivenUp) {
  Driver d(retried(retry(3, Millis(10'000))));
  d.request();
  d.fail("a");
  d.cancel();
  EXPECT_EQ(d.statuses(), "a=canceled b=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
  d.pass(Millis(10'000));
  EXPECT_EQ(d.statuses(), "a=canceled b=canceled");
}

TEST(EngineCancel, AFailureAfterItIsNotRetried) {
  Driver d(retried(retry(3, Millis(0))));
  d.request();
  d.seen("a");
  d.cancel();
  d.lose("a");
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineCancel, ASecondOneChangesNothing) {
  Driver d(wide());
  d.request();
  d.cancel();
  d.forget_changes();
  d.cancel();
  EXPECT_TRUE(d.changes<RunChanged>().empty());
  EXPECT_TRUE(d.effects().empty());
}

TEST(EngineCancel, OfARunThatHasEndedChangesNothing) {
  Driver d(wide());
  d.request({"a"});
  d.succeed("a");
  d.cancel();
  EXPECT_EQ(d.run_status(), "succeeded");
}

}  // namespace
}  // namespace assetd::testing
