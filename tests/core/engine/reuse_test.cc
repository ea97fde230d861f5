// skip_if_unchanged: steps that need not be executed succeed without an attempt.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Project reusing_chain() {
  Project project;
  project.asset("a").skip_if_unchanged = true;
  project.asset("b", {"a"}).skip_if_unchanged = true;
  project.asset("c", {"b"});
  return project;
}

TEST(EngineReuse, AStepThatIsUnchangedSucceedsWithoutAnAttempt) {
  Driver d(reusing_chain());
  d.unchanged = {"a", "b"};
  d.request();
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded c=starting") << "what is below follows at once";
  EXPECT_THAT(d.started(), ElementsAre("c"));
  EXPECT_EQ(d.step("a").reason, kReused);
  EXPECT_EQ(d.step("a").detail, "as in run 1");
  EXPECT_EQ(d.step("a").attempts, 0);
  EXPECT_TRUE(d.changes<Materialized>().empty()) << "nothing was made";
  d.succeed("c");
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineReuse, ARunInWhichNothingIsToBeDoneEndsAtOnce) {
  Driver d(reusing_chain());
  d.unchanged = {"a", "b", "c"};
  d.request({"a", "b"});
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_EQ(d.engine().run(1), nullptr);
}

TEST(EngineReuse, OnlyWhoSaysSoIsAskedFor) {
  Driver d(reusing_chain());
  d.unchanged = {"c"};
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("b"));
  d.succeed("b");
  EXPECT_THAT(d.started(), ElementsAre("c")) << "it does not say skip_if_unchanged";
}

TEST(EngineReuse, TheAnswerIsThatOfTheMomentAtWhichItWouldStart) {
  Driver d(reusing_chain());
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.unchanged = {"b"};  // a has made the same data as before
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded c=starting");
}

TEST(EngineReuse, AForcedRunExecutesAll) {
  Driver d(reusing_chain());
  d.unchanged = {"a", "b"};
  d.force = true;
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
}

TEST(EngineReuse, ItTakesNoSlotButWaitsItsTurn) {
  Project project = reusing_chain();
  project.asset("other");
  Driver d(project, {{"default", 1}});
  d.request({"other"});
  d.unchanged = {"a", "b"};
  d.request({"a", "b"});
  EXPECT_EQ(d.statuses(), "a=pending b=pending") << "nothing of it would start now";
  d.feed(AttemptExited{d.engine().runs().at(1)->live.begin()->first, ExitReport{}, {}});
  EXPECT_EQ(d.run_status(2), "succeeded");
  EXPECT_EQ(d.engine().dispatcher().used("default"), 0);
}

TEST(EngineReuse, WhileStartsAreHeldNothingIsReusedEither) {
  Driver d(reusing_chain());
  d.feed(StartsHeld{"disk", "full", true});
  d.unchanged = {"a", "b"};
  d.request({"a"});
  EXPECT_EQ(d.statuses(), "a=pending");
  d.feed(StartsHeld{"disk", "", false});
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineReuse, AStepThatWasCarriedBeforeIsCarriedOn) {
  Project project = reusing_chain();
  Driver d(project);
  d.request({"a"});
  d.never_start("a");
  d.unchanged = {"a"};
  d.pass(Millis{60'000});
  EXPECT_EQ(d.statuses(), "a=succeeded") << "its process never was: nothing was touched";
  auto& retried = project.asset("d");
  retried.skip_if_unchanged = true;
  retried.retries.max = 1;
  retried.retries.delay = Millis{10};
  Driver e(project);
  e.request({"d"});
  e.fail("d");
  e.unchanged = {"d"};
  e.started();
  e.pass(Millis{60'000});
  EXPECT_THAT(e.started(), ElementsAre("d"));
}

TEST(EngineReuse, OfABatchTheRestIsCarriedAlone) {
  Project project;
  for (const auto* key : {"x", "y", "z"}) project.member(key).skip_if_unchanged = true;
  project.asset("below", {"x"});
  Driver d(project);
  d.unchanged = {"x", "z"};
  d.request();
  EXPECT_THAT(d.started(), UnorderedElementsAre("y", "below"));
  EXPECT_EQ(d.status("x"), "succeeded");
}

TEST(EngineReuse, WhatIsMadeBesideItInItsProcessIsNewToIt) {
  Project project;
  project.member("x").skip_if_unchanged = true;
  project.member("y", {"x"}).skip_if_unchanged = true;
  Driver d(project);
  d.unchanged = {"y"};
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("x+y"));
}

TEST(EngineReuse, WhatWasMadeBesideItBeforeARetryIsNewToItAlsoWhileThatIsChecked) {
  Project project;
  project.member("x");
  project.member("y").retries.max = 1;
  project.member("z", {"x"}).skip_if_unchanged = true;
  project.check("x", "rows");
  Driver d(project);
  d.unchanged = {"z"};
  d.request();
  ASSERT_THAT(d.started(), ElementsAre("x+y+z"));
  d.begin_member("x");
  d.end_member("x");
  d.begin_member("y");
  d.fail("x+y+z");
  ASSERT_EQ(d.statuses(), "x=running y=waiting_retry z=pending") << "the check of x is under way";
  d.started();
  d.pass(Millis{60'000});
  EXPECT_EQ(d.statuses(), "x=running y=starting z=starting") << "z is carried with y, as it was before";
}

TEST(EngineReuse, ItsChecksPassedBeforeAndAreNotRunAgain) {
  Project project = reusing_chain();
  project.check("a", "rows");
  Driver d(project);
  d.unchanged = {"a"};
  d.request({"a", "c"});
  EXPECT_EQ(d.status("a"), "succeeded");
  EXPECT_THAT(d.started(), ElementsAre("c"));
  EXPECT_THAT(d.checks(), IsEmpty()) << "nothing new is known of it";
  d.succeed("c");
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineReuse, ACheckThatLooksAtSomethingThatIsMadeAnewRuns) {
  Project project;
  project.asset("a").skip_if_unchanged = true;
  project.asset("other");
  project.check("a", "both", {"other"});
  Driver d(project);
  d.unchanged = {"a"};
  d.request();
  EXPECT_THAT(d.started(), UnorderedElementsAre("a", "other")) << "it has to be waited for: its home is executed";
}

TEST(EngineReuse, ARestartRemembersWhatWasReused) {
  Project project = reusing_chain();
  project.check("a", "rows");
  Driver d(project);
  d.unchanged = {"a", "b"};
  d.request();
  d.started();
  d.restart();
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded c=starting");
  EXPECT_THAT(d.started(), IsEmpty()) << "neither the step nor its check";
  d.succeed("c");
  EXPECT_EQ(d.run_status(), "succeeded");
}

}  // namespace
}  // namespace assetd::testing
