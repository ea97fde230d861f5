// One process for several steps: members end one by one, its exit decides the rest.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// a → b → c in one process.
Project chain(int retries = 0) {
  Project project;
  for (auto* member : {&project.member("a"), &project.member("b", {"a"}), &project.member("c", {"b"})}) {
    member->retries.max = retries;
    member->retries.delay = Millis(0);
  }
  return project;
}

Project side_by_side() {
  Project project;
  project.member("a");
  project.member("b");
  project.member("c");
  return project;
}

TEST(EngineBatch, OneProcessTakesItsSlotsOnceAndItsMembersEndOneByOne) {
  Driver d(chain());
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a+b+c"));
  EXPECT_EQ(d.engine().dispatcher().used("default"), 1);
  d.seen("a");
  EXPECT_EQ(d.statuses(), "a=starting b=starting c=starting") << "its start is not yet the start of a member";
  d.begin_member("a");
  EXPECT_EQ(d.statuses(), "a=running b=starting c=starting");
  d.end_member("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting c=starting");
  d.end_member("b");
  d.end_member("c");
  EXPECT_EQ(d.run_status(), "running") << "slots are held until the process is gone";
  d.succeed("a");
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineBatch, AChildOutsideStartsWhenItsMemberHasEnded) {
  auto project = chain();
  project.asset("report", {"a"});
  Driver d(project);
  d.request();
  d.started();
  d.end_member("a");
  EXPECT_THAT(d.started(), ElementsAre("report"));
}

TEST(EngineBatch, AMemberBetweenTwoOthersOutsideTheImportSplitsIt) {
  Project project;
  project.member("a");
  project.asset("b", {"a"});
  project.member("c", {"b"});
  Driver d(project);
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.end_member("a");
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("b"));
  d.succeed("b");
  EXPECT_THAT(d.started(), ElementsAre("c"));
}

TEST(EngineBatch, AFailedMemberSkipsWhatIsBelowAtOnce) {
  auto project = chain();
  project.member("d");
  Driver d(project);
  d.request();
  d.end_member("a", "failed", "sql_error");
  EXPECT_EQ(d.status("a"), "failed");
  EXPECT_EQ(d.step("a").reason, "sql_error");
  EXPECT_EQ(d.status("b"), "skipped");
  EXPECT_EQ(d.status("c"), "skipped");
  d.end_member("b", "skipped");
  d.end_member("d");
  d.fail("d");
  EXPECT_EQ(d.status("d"), "succeeded");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineBatch, AKillKeepsWhatHadFinishedAndMembersBegunTakeTheReason) {
  Driver d(chain());
  d.request();
  d.end_member("a");
  d.begin_member("b");
  d.signal("a", 9);
  EXPECT_EQ(d.statuses(), "a=succeeded b=failed c=skipped");
  EXPECT_EQ(d.step("b").reason, "signal");
}

TEST(EngineBatch, MembersNeverBegunAreSkippedBecauseOfThoseThatWereInterrupted) {
  Driver d(side_by_side());
  d.request();
  d.end_member("a");
  d.begin_member("b");
  d.lose("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=failed c=skipped");
  EXPECT_EQ(d.step("b").reason, "lost");
  EXPECT_EQ(d.step("c").reason, "upstream_failed");
  EXPECT_THAT(d.step("c").detail, HasSubstr("b"));
}

TEST(EngineBatch, MembersFailWhenNoneBegan) {
  Driver d(side_by_side());
  d.request();
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=failed b=failed c=failed");
  EXPECT_EQ(d.step("c").reason, "exit_code");
}

TEST(EngineBatch, AMemberThatTheProcessLeftOutIsNotRun) {
  Driver d(side_by_side());
  d.request();
  d.end_member("a");
  d.end_member("b");
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded c=failed");
  EXPECT_EQ(d.step("c").reason, "not_run");
}

TEST(EngineBatch, AMemberBegunAndNeverEndedByAProcessThatEndsWellHasFailed) {
  Driver d(side_by_side());
  d.request();
  d.begin_member("a");
  d.end_member("b");
  d.end_member("c");
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=failed b=succeeded c=succeeded");
  EXPECT_EQ(d.step("a").reason, "plugin_error");
}

TEST(EngineBatch, TheNextAttemptCarriesOnlyWhatIsLeft) {
  Driver d(chain(1));
  d.request();
  d.end_member("a");
  d.end_member("b", "failed");
  EXPECT_EQ(d.statuses(), "a=succeeded b=waiting_retry c=starting");
  d.fail("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=waiting_retry c=pending");
  d.started();
  d.pass(Millis(0));
  EXPECT_THAT(d.started(), ElementsAre("b+c"));
  d.end_member("b");
  d.end_member("c");
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_EQ(d.step("c").attempts, 1) << "it had not begun: the first attempt is not its";
}

TEST(EngineBatch, WhatHadNotBegunGoesAlongWithTheRetryOfWhatWasInterrupted) {
  Project project;
  auto& retried = project.member("a");
  retried.retries.max = 1;
  retried.retries.delay = Millis(0);
  project.member("b");
  Driver d(project);
  d.request();
  d.begin_member("a");
  d.lose("a");
  EXPECT_EQ(d.statuses(), "a=waiting_retry b=pending");
  d.started();
  d.pass(Millis(0));
  EXPECT_THAT(d.started(), ElementsAre("a+b"));
}

TEST(EngineBatch, NeverStartedPutsAllBack) {
  Driver d(chain());
  d.request();
  d.never_start("a");
  EXPECT_EQ(d.statuses(), "a=pending b=pending c=pending");
  d.started();
  d.pass(Millis(1'000));
  EXPECT_THAT(d.started(), ElementsAre("a+b+c"));
  EXPECT_EQ(d.step("a").attempts, 1);
}

TEST(EngineBatch, ACancelActsOnTheProcess) {
  Driver d(chain());
  d.request();
  d.end_member("a");
  d.begin_member("b");
  d.cancel();
  EXPECT_EQ(d.stopped().size(), 1u);
  d.signal("a", 2);
  EXPECT_EQ(d.statuses(), "a=succeeded b=canceled c=canceled");
  EXPECT_EQ(d.run_status(), "canceled");
}

TEST(EngineBatch, ItTakesTheLargestDemandOfItsMembers) {
  Project project;
  project.member("a").pools = {{"gpu", 1}};
  auto& b = project.member("b", {"a"});
  b.pools = {{"gpu", 2}, {"cpu", 1}};
  b.uses = {{"db", HoldMode::write}};
  project.member("c", {"b"}).uses = {{"db", HoldMode::read}};
  Driver d(project, {{"gpu", 4}, {"cpu", 4}});
  d.request();
  EXPECT_EQ(d.attempt("a").slots, (std::map<std::string, int>{{"gpu", 2}, {"cpu", 1}}));
  EXPECT_EQ(d.attempt("a").resources, (std::map<std::string, HoldMode>{{"db", HoldMode::write}}));
}

TEST(EngineBatch, AMemberWhoseParentOutsideFailedIsLeftOutOfTheAttempt) {
  Project project;
  project.asset("x");
  project.member("a");
  project.member("b", {"a", "x"});
  Driver d(project);
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("x")) << "a process starts when all of its members may";
  d.fail("x");
  EXPECT_THAT(d.started(), ElementsAre("a"));
  EXPECT_EQ(d.status("b"), "skipped");
}

TEST(EngineBatch, AProcessWhoseMembersAreAllSkippedNeverStarts) {
  Project project;
  project.asset("x");
  project.member("a", {"x"});
  project.member("b", {"a"});
  Driver d(project);
  d.request();
  d.started();
  d.fail("x");
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_EQ(d.statuses(), "x=failed a=skipped b=skipped");
  EXPECT_EQ(d.run_status(), "failed");
}

}  // namespace
}  // namespace assetd::testing
