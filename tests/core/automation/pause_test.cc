// What becomes of conditions while nothing may be requested: the red button, a mute, a drain.

#include <gmock/gmock.h>

#include "core/automation/answer_json.h"
#include "tests/core/automation/automation_fixture.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using AutomationPauseTest = AutomationTest;

TEST_F(AutomationPauseTest, WhatIsHeldBackStaysToBeRequested) {
  begin("eager");
  materialized("raw");
  materialized("silver");
  evaluate();
  const auto silver = world->id("silver");
  world->held = {silver};
  materialized("raw");
  EXPECT_THAT(evaluate(1), IsEmpty());
  EXPECT_THAT(evaluate(1), IsEmpty());
  EXPECT_FALSE(automation->explain(now, silver)->holds.empty());
  EXPECT_FALSE(automation->explain(now, world->id("raw"))) << "it has no condition";
  world->held.clear();
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), ElementsAre("silver"));
}

/// What is only true at one evaluation is not lost because nothing may be requested at that one, also not over a restart.
TEST_F(AutomationPauseTest, WhatHappensInAPauseIsKeptUntilItEnds) {
  for (const std::string condition : {"any_deps_updated", "code_version_changed", "cron_tick_passed(\"0 * * * *\")", "newly_true(failed)"}) {
    begin(condition);
    make_all();
    const auto silver = world->id("silver");
    world->held = {silver};
    if (condition == "any_deps_updated") materialized("raw");
    if (condition == "code_version_changed") news.code_changed[silver] = IndexSet::range(0, 1);
    if (condition == "newly_true(failed)") world->state().failed[silver] = IndexSet::range(0, 1), news.touched.insert(silver);
    EXPECT_THAT(evaluate(60), IsEmpty()) << condition;
    settle();
    EXPECT_FALSE(automation->unsettled()) << condition << ": nothing happens in a pause";
    EXPECT_FALSE(automation->explain(now, silver)->kept.empty()) << condition;
    const auto memory = automation->memory(silver);
    automation = std::make_unique<Automation>(*world);
    ASSERT_TRUE(automation->restore(silver, memory)) << condition;
    automation->restore_time(now);
    EXPECT_THAT(evaluate(1), IsEmpty()) << condition;
    world->held.clear();
    news.touched.insert(silver);
    EXPECT_THAT(to_json(automation->explain(now, silver).value(), world->graph())["reason"], HasSubstr("it was true before, and is asked for now")) << condition;
    EXPECT_THAT(evaluate(1), ElementsAre("silver")) << condition;
    settle();
    materialized("silver");
    EXPECT_THAT(evaluate(1), IsEmpty()) << condition;
    settle();
    EXPECT_THAT(evaluate(1), IsEmpty()) << condition << ": once";
  }
}

TEST_F(AutomationPauseTest, WhatSomebodyHasMadeInAPauseIsNotAskedForWhenItEnds) {
  begin("any_deps_updated");
  make_all();
  const auto silver = world->id("silver");
  for (const bool updated_again : {false, true}) {
    world->held = {silver};
    materialized("raw");
    evaluate(1);
    materialized("silver");
    evaluate(1);
    if (updated_again) materialized("raw");
    EXPECT_THAT(evaluate(1), IsEmpty());
    world->held.clear();
    news.touched.insert(silver);
    EXPECT_THAT(evaluate(1), SizeIs(updated_again ? 1 : 0));
    settle();
  }
}

/// What came true in a pause counts as it stood at that moment, not as things stand at the end of it.
TEST_F(AutomationPauseTest, AMomentThatIsJoinedWithAStateIsKeptAsItWas) {
  begin("any_deps_updated and not any_deps_in_progress");
  make_all();
  const auto raw = world->id("raw"), silver = world->id("silver");
  for (const bool in_progress_then : {false, true}) {
    world->held = {silver};
    materialized("raw");
    if (in_progress_then) world->state().in_progress[raw] = IndexSet::range(0, 1);
    EXPECT_THAT(evaluate(1), IsEmpty());
    settle();
    world->state().in_progress[raw] = in_progress_then ? IndexSet() : IndexSet::range(0, 1);
    world->held.clear();
    news.touched = {raw, silver};
    EXPECT_THAT(evaluate(1), SizeIs(in_progress_then ? 0 : 1));
    materialized("silver");
    evaluate(1);
    settle();
  }
}

TEST_F(AutomationPauseTest, MomentsThatDidNotComeTogetherDoNotMeetInAPause) {
  begin("any_deps_updated and code_version_changed");
  make_all();
  const auto silver = world->id("silver");
  world->held = {silver};
  for (const bool together : {false, true}) {
    materialized("raw");
    if (together) news.code_changed[silver] = IndexSet::range(0, 1);
    evaluate(1);
    settle();
    news.code_changed[silver] = IndexSet::range(0, 1);
    evaluate(1);
    settle();
    EXPECT_EQ(automation->explain(now, silver)->kept.empty(), !together);
  }
}

TEST_F(AutomationPauseTest, AMomentIsKeptAlsoWhereSomethingElseIsTrueThatEnds) {
  begin("any_deps_updated or failed");
  make_all();
  const auto silver = world->id("silver");
  world->held = {silver};
  world->state().failed[silver] = IndexSet::range(0, 1);
  materialized("raw");
  evaluate(1);
  settle();
  world->state().failed = {};
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), IsEmpty());
  world->held.clear();
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), ElementsAre("silver"));
}

/// What is only about to be made is no update yet: it says so again by being made, or not at all.
TEST_F(AutomationPauseTest, ThatOneAboveIsAskedForIsNotKept) {
  begin("newly_true(failed)", "any_deps_updated");
  make_all();
  materialized("gold");
  evaluate(1);
  settle();
  const auto silver = world->id("silver"), gold = world->id("gold");
  world->held = {gold};
  world->state().failed[silver] = IndexSet::range(0, 1);
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), ElementsAre("silver"));
  settle();
  EXPECT_TRUE(automation->explain(now, gold)->kept.empty());
}

TEST_F(AutomationPauseTest, AnOlderWindowIsKeptUnlessNothingButTheNewestIsAskedFor) {
  for (const bool latest_only : {false, true}) {
    begin(latest_only ? "any_deps_updated and in_latest_time_window" : "on_missing or any_deps_updated", "", 100);
    now = WallTime(Millis(3'600'000));
    const auto all = world->existing(world->id("raw"), now);
    for (const auto* key : {"raw", "silver"}) materialized(key, all), evaluate(), settle();
    const auto silver = world->id("silver");
    world->held = {silver};
    materialized("raw", latest_only ? all.last(1) : IndexSet::range(2, 3));
    evaluate(1);
    settle();
    world->held.clear();
    news.touched.insert(silver);
    if (latest_only) EXPECT_THAT(evaluate(10), IsEmpty()) << "another window is the newest now";
    else EXPECT_THAT(evaluate(1), ElementsAre("silver:2"));
  }
}

/// What ends in a pause had begun before the update.
TEST_F(AutomationPauseTest, WhatSinceRemembersIsNotLostToARunThatEndsInThePause) {
  begin("since(any_deps_updated, newly_requested)");
  make_all();
  const auto silver = world->id("silver");
  materialized("raw");
  ASSERT_THAT(evaluate(1), ElementsAre("silver"));
  settle();
  world->held = {silver};
  materialized("raw");
  EXPECT_THAT(evaluate(1), IsEmpty()) << "it is under way";
  materialized("silver");
  EXPECT_THAT(evaluate(1), IsEmpty());
  world->held.clear();
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), ElementsAre("silver")) << "from what raw was made anew since";
}

TEST_F(AutomationPauseTest, OfInstantsInAPauseTheNewestWindowIsKept) {
  begin("cron_tick_passed(\"*/10 * * * *\") and in_latest_time_window", "", 100);
  now = WallTime(Millis(3'600'000));
  evaluate();
  settle();
  const auto silver = world->id("silver");
  world->held = {silver};
  for (int i = 0; i < 3; ++i) EXPECT_THAT(evaluate(10), IsEmpty());
  evaluate(1);
  EXPECT_EQ(automation->explain(now, silver)->kept.encode(), "8");
  world->held.clear();
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), ElementsAre("silver:8"));
}

TEST_F(AutomationPauseTest, WhatIsKeptOutlivesARunOfSomebodyThatFails) {
  begin("any_deps_updated");
  make_all();
  const auto silver = world->id("silver");
  world->held = {silver};
  materialized("raw");
  evaluate(1);
  world->state().in_progress[silver] = IndexSet::range(0, 1);
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), IsEmpty());
  world->held.clear();
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), IsEmpty()) << "somebody is making it";
  world->state().in_progress[silver] = {};
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), ElementsAre("silver")) << "that failed";
}

}  // namespace
}  // namespace assetd::testing
