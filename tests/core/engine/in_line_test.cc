// Runs of one schedule that go one after another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Project pair() {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  return project;
}

/// Ends the attempt of a run that is not the newest.
void succeed(Driver& d, const AttemptId& id) {
  ExitReport exit;
  exit.started_at = d.now.wall;
  d.feed(AttemptExited{id, exit, {id, 0, {}}});
}

AttemptId live(const Driver& d, RunId run) { return d.engine().run(run)->live.begin()->first; }

TEST(EngineInLine, ARunWaitsForTheEarlierOneOfItsScheduleAndSaysSo) {
  Driver d(pair());
  d.request_tick("nightly");
  d.started();
  d.request_tick("nightly");
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_EQ(d.run_status(2), "queued");
  EXPECT_EQ(d.record(2).detail, "waits for run 1 of schedule nightly to end");
  EXPECT_EQ(d.shown("a"), "pending");
  EXPECT_THAT(d.blockers("a"), ElementsAre("overlap: earlier in schedule nightly and not over, for 0 s"));
  EXPECT_THAT(d.blockers("b"), ElementsAre("overlap: earlier in schedule nightly and not over, for 0 s"));
  succeed(d, live(d, 1));
  EXPECT_EQ(d.run_status(2), "queued") << "b of the first is still to come";
  d.started();
  succeed(d, live(d, 1));
  EXPECT_EQ(d.run_status(1), "succeeded");
  EXPECT_EQ(d.run_status(2), "running");
  EXPECT_EQ(d.record(2).reason + d.record(2).detail, "");
  EXPECT_THAT(d.started(), ElementsAre("a"));
}

TEST(EngineInLine, OthersDoNotWait) {
  Driver d(pair());
  d.request_tick("nightly");
  d.started();
  d.request_tick("hourly");
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.request_tick("nightly", false);
  EXPECT_THAT(d.started(), ElementsAre("a")) << "not by its policy";
  d.request({"a"});
  EXPECT_THAT(d.started(), ElementsAre("a"));
}

TEST(EngineInLine, ACancelOfTheWaitingOneEndsItAtOnceAndOneOfTheFirstLetsItIn) {
  Driver d(pair());
  d.request_tick("nightly");
  d.request_tick("nightly");
  d.request_tick("nightly");
  d.started();
  d.cancel();
  EXPECT_EQ(d.run_status(3), "canceled");
  EXPECT_EQ(d.statuses(3), "a=canceled b=canceled");
  EXPECT_THAT(d.stopped(), IsEmpty());
  const auto first = live(d, 1);
  d.feed(CancelRequested{1, {"ann", ""}});
  EXPECT_EQ(d.run_status(2), "queued") << "the first is being stopped";
  succeed(d, first);
  EXPECT_EQ(d.run_status(1), "canceled");
  EXPECT_EQ(d.run_status(2), "running");
}

TEST(EngineInLine, ARestartKeepsItsPlace) {
  Driver d(pair());
  d.request_tick("nightly");
  const auto first = live(d, 1);
  d.request_tick("nightly");
  d.started();
  d.restart();
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_EQ(d.run_status(2), "queued");
  d.feed(CancelRequested{1, {"ann", ""}});
  succeed(d, first);
  EXPECT_THAT(d.started(), ElementsAre("a"));
  EXPECT_EQ(d.run_status(2), "running");
}

TEST(EngineInLine, TheRunsOfAScheduleAreThoseThatHaveNotEnded) {
  Driver d(pair());
  d.request_tick("nightly");
  d.request_tick("hourly");
  d.request_tick("nightly");
  EXPECT_THAT(d.engine().runs_of_schedule("nightly"), ElementsAre(1, 3));
  d.restart();
  EXPECT_THAT(d.engine().runs_of_schedule("nightly"), ElementsAre(1, 3));
  EXPECT_THAT(d.engine().runs_of_schedule("hourly"), ElementsAre(2));
  d.feed(CancelRequested{3, {"ann", ""}});
  EXPECT_THAT(d.engine().runs_of_schedule("nightly"), ElementsAre(1));
  EXPECT_THAT(d.engine().runs_of_schedule("weekly"), IsEmpty());
}

TEST(EngineInLine, SeveralGoOneAfterAnother) {
  Project project;
  project.asset("a");
  Driver d(project);
  for (int i = 0; i < 3; ++i) d.request_tick("nightly");
  for (RunId run = 1; run <= 3; ++run) {
    EXPECT_THAT(d.started(), ElementsAre("a"));
    EXPECT_EQ(d.run_status(run), "running");
    succeed(d, live(d, run));
  }
  EXPECT_TRUE(d.engine().runs().empty());
}

}  // namespace
}  // namespace assetd::testing
