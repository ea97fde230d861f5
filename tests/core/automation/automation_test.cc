#include "core/automation/automation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/automation/answer_json.h"
#include "tests/core/automation/automation_fixture.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(AutomationTest, EagerMaterializesWhatIsMissingOnceItsDepsAreThere) {
  begin("eager", "eager");
  EXPECT_THAT(evaluate(), IsEmpty()) << "raw is missing";
  materialized("raw");
  EXPECT_THAT(evaluate(), ElementsAre("silver", "gold")) << "in one run: gold's missing dep has just been asked for";
}

TEST_F(AutomationTest, EagerFollowsAnUpdateThroughTheGraphAndOnlyOnce) {
  begin("eager", "eager");
  for (const auto* key : {"raw", "silver", "gold"}) materialized(key);
  evaluate();
  settle();
  materialized("raw");
  EXPECT_THAT(evaluate(), ElementsAre("silver", "gold"));
  settle();
  materialized("silver");
  EXPECT_THAT(evaluate(), IsEmpty()) << "gold is in progress";
  materialized("gold");
  evaluate();
  settle();
  EXPECT_THAT(evaluate(60), IsEmpty());
  EXPECT_EQ(looked_at, 0u) << "nothing has come";
}

TEST_F(AutomationTest, EagerWaitsForADepThatIsInProgressAndThenCatchesUp) {
  begin("eager", "");
  for (const auto* key : {"raw", "silver"}) materialized(key);
  evaluate();
  settle();
  world->state().in_progress[world->id("raw")] = IndexSet::range(0, 1);
  materialized("raw");
  world->state().in_progress[world->id("raw")] = IndexSet::range(0, 1);
  EXPECT_THAT(evaluate(), IsEmpty());
  settle();
  world->state().in_progress[world->id("raw")] = {};
  news.touched.insert(world->id("raw"));
  EXPECT_THAT(evaluate(), ElementsAre("silver")) << "the update is not forgotten";
}

TEST_F(AutomationTest, OnCronWaitsForDepsThatAreNewerThanTheTick) {
  begin("on_cron(\"0 * * * *\")");
  for (const auto* key : {"raw", "silver"}) materialized(key);
  evaluate(5);
  settle();
  EXPECT_EQ(automation->next_instant(), WallTime(Millis(60 * 60'000)));
  EXPECT_THAT(evaluate(55), IsEmpty()) << "raw is older than the tick";
  settle();
  materialized("raw");
  EXPECT_THAT(evaluate(10), ElementsAre("silver"));
  settle();
  materialized("silver");
  evaluate(1);
  settle();
  materialized("raw");
  EXPECT_THAT(evaluate(1), IsEmpty()) << "once a tick";
}

TEST_F(AutomationTest, WithoutDepsCronAloneDecides) {
  world = std::make_unique<PlayedWorld>(std::vector<Row>{{"a", {}}}, std::map<std::string, PlayedAsset>{{"a", {"on_cron(\"30 0 * * *\", \"Europe/Paris\")", 0}}});
  automation = std::make_unique<Automation>(*world);
  EXPECT_THAT(evaluate(), IsEmpty());
  EXPECT_THAT(evaluate(60 * 24), ElementsAre("a"));
}

TEST_F(AutomationTest, OnMissingDoesNotFollowUpdates) {
  begin("on_missing");
  materialized("raw");
  EXPECT_THAT(evaluate(), ElementsAre("silver"));
  settle();
  materialized("silver");
  evaluate();
  settle();
  materialized("raw");
  EXPECT_THAT(evaluate(), IsEmpty());
  settle();
  now_missing("silver");
  EXPECT_THAT(evaluate(), ElementsAre("silver"));
}

TEST_F(AutomationTest, ConditionsHoldOfPartitions) {
  begin("eager", "", 100);
  EXPECT_THAT(evaluate(35), IsEmpty());
  materialized("raw", IndexSet::range(0, 3));
  EXPECT_THAT(evaluate(), ElementsAre("silver:2")) << "of the three windows that have ended the latest";
  settle();
  EXPECT_THAT(evaluate(10), IsEmpty()) << "raw has no fourth";
  materialized("raw", IndexSet::range(3, 4));
  EXPECT_THAT(evaluate(), ElementsAre("silver:3"));
}

TEST_F(AutomationTest, ASelectionBoundsTheDepsThatCount) {
  world = std::make_unique<PlayedWorld>(std::vector<Row>{{"x", {}}, {"y", {}}, {"z", {"x", "y"}}},
                                        std::map<std::string, PlayedAsset>{{"z", {"any_deps_updated(\"x\")", 0}}});
  automation = std::make_unique<Automation>(*world);
  evaluate();
  materialized("y");
  EXPECT_THAT(evaluate(), IsEmpty());
  settle();
  materialized("x");
  EXPECT_THAT(evaluate(), ElementsAre("z"));
}

TEST_F(AutomationTest, AnswersTellHowTheyCameAbout) {
  begin("any_deps_missing or failed");
  const auto evaluated = automation->evaluate(now, {});
  ASSERT_EQ(evaluated.size(), 1u);
  const auto& answer = evaluated[0].answer;
  EXPECT_EQ(answer.condition->name, "or");
  ASSERT_EQ(answer.children.size(), 2u);
  EXPECT_EQ(answer.children[0].condition->name, "any_deps_missing");
  EXPECT_EQ(answer.children[0].children[0].on, world->id("raw"));
  EXPECT_FALSE(answer.children[0].holds.empty());
  EXPECT_TRUE(answer.children[1].holds.empty());
}

TEST_F(AutomationTest, WhatConditionsRememberOutlivesARestart) {
  begin("since(any_deps_updated, newly_requested) and checks_passed");
  materialized("silver");
  evaluate();
  world->state().checks_failed[world->id("silver")] = IndexSet::range(0, 1);
  materialized("raw");
  EXPECT_THAT(evaluate(), IsEmpty()) << "its check failed";
  settle();
  const auto memory = automation->memory(world->id("silver"));
  automation = std::make_unique<Automation>(*world);
  ASSERT_TRUE(automation->restore(world->id("silver"), memory));
  automation->restore_time(now);
  world->state().checks_failed = {};
  news.touched.insert(world->id("silver"));
  EXPECT_THAT(evaluate(), ElementsAre("silver"));
  EXPECT_FALSE(automation->restore(world->id("silver"), "99 silver 0\n"));
  EXPECT_FALSE(automation->restore(world->id("silver"), "1 nobody 0\n"));
  EXPECT_FALSE(automation->restore(world->id("silver"), "1 silver x\n"));
  EXPECT_FALSE(automation->restore(world->id("raw"), memory)) << "it has no condition";
}

TEST_F(AutomationTest, WhatARunMadeBesideItIsNoReasonToMakeItAgain) {
  begin("eager");
  materialized("raw");
  materialized("silver");
  evaluate();
  settle();
  world->together = {{world->id("silver"), world->id("raw")}};
  materialized("raw");  // by a run that makes silver as well, in which silver then failed
  EXPECT_THAT(evaluate(1), IsEmpty());
  world->together.clear();
  EXPECT_THAT(evaluate(1), IsEmpty());
  materialized("raw");
  EXPECT_THAT(evaluate(1), ElementsAre("silver"));
}

TEST_F(AutomationTest, ExplainingChangesNothing) {
  begin("since(any_deps_updated, newly_updated) and failed");
  materialized("raw");
  evaluate();
  const auto silver = world->id("silver");
  const auto memory = automation->memory(silver);
  EXPECT_NE(memory, "");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(automation->explain(now, silver)->holds.empty());
  EXPECT_EQ(automation->memory(silver), memory);
}

TEST_F(AutomationTest, WhatFailedIsNotAskedForAgainForTheSameCauses) {
  begin("missing and not in_progress");
  const auto silver = world->id("silver");
  EXPECT_THAT(evaluate(), ElementsAre("silver"));
  settle();
  const auto fails = [&] { world->state().in_progress[silver] = {}, world->state().failed[silver] = IndexSet::range(0, 1), news.touched.insert(silver); };
  fails();
  for (int i = 0; i < 3; ++i) EXPECT_THAT(evaluate(1), IsEmpty());
  const auto answer = automation->explain(now, silver).value();
  EXPECT_EQ(answer.spent, IndexSet::range(0, 1));
  EXPECT_EQ(to_json(answer, world->graph(), " in run 17, which failed")["reason"], "all of it is true; held back: it was asked for for the same causes in run 17, which failed");
  news.code_changed[silver] = IndexSet::range(0, 1);
  EXPECT_THAT(evaluate(1), ElementsAre("silver")) << "other code is another attempt";
  fails();
  settle();
  const auto memory = automation->memory(silver);
  automation = std::make_unique<Automation>(*world);
  ASSERT_TRUE(automation->restore(silver, memory));
  automation->restore_time(now);
  news.touched.insert(silver);
  EXPECT_THAT(evaluate(1), IsEmpty()) << "nor after a restart";
}

TEST_F(AutomationTest, WhatStaysTrueThoughItSucceededIsAskedForOncePerCause) {
  world = std::make_unique<PlayedWorld>(std::vector<Row>{{"x", {}}, {"y", {}}, {"z", {"x", "y"}}},
                                        std::map<std::string, PlayedAsset>{{"z", {"since(any_deps_updated('x'), any_deps_updated('y')) and not in_progress and not newly_updated", 0}}});
  automation = std::make_unique<Automation>(*world);
  evaluate();
  for (int round = 0; round < 2; ++round) {
    materialized("x");
    EXPECT_THAT(evaluate(1), ElementsAre("z"));
    settle();
    materialized("z");
    for (int i = 0; i < 4; ++i) EXPECT_THAT(evaluate(1), IsEmpty()) << "it is as true as before";
  }
}

TEST_F(AutomationTest, WhatWasFalseMeanwhileIsAskedForAgain) {
  begin("any_deps(failed) and not in_progress");
  const auto raw = world->id("raw"), silver = world->id("silver");
  const auto raw_failed = [&](bool failed) { world->state().failed[raw] = failed ? IndexSet::range(0, 1) : IndexSet(), news.touched.insert(raw); };
  evaluate();
  raw_failed(true);
  EXPECT_THAT(evaluate(1), ElementsAre("silver"));
  settle();
  world->state().in_progress[silver] = {};
  raw_failed(true);
  EXPECT_THAT(evaluate(1), IsEmpty());
  raw_failed(false);
  EXPECT_THAT(evaluate(1), IsEmpty());
  raw_failed(true);
  EXPECT_THAT(evaluate(1), ElementsAre("silver"));
}

TEST_F(AutomationTest, NothingIsMadeFromWhatABlockingCheckHasNotLetPass) {
  begin("cron_tick_passed('0 * * * *')", "eager");
  for (const auto* key : {"raw", "silver", "gold"}) materialized(key);
  evaluate(1);
  settle();
  const auto raw = world->id("raw"), silver = world->id("silver");
  world->state().unchecked[raw] = IndexSet::range(0, 1);
  news.made[raw] = IndexSet::range(0, 1);
  EXPECT_THAT(evaluate(60), IsEmpty()) << "the check has not ended";
  EXPECT_THAT(to_json(automation->explain(now, silver).value(), world->graph())["reason"].get<std::string>(), ::testing::HasSubstr("a blocking check of what is above"));
  settle();
  world->state().unchecked[raw] = {};
  news.updated[raw] = IndexSet::range(0, 1);
  EXPECT_THAT(evaluate(1), ElementsAre("silver", "gold")) << "the instant is not forgotten";
}

TEST_F(AutomationTest, ChecksHavePassedOnceTheyHaveJudgedTheNewestData) {
  begin("newly_true(all_deps(checks_passed))");
  const auto raw = world->id("raw");
  world->state().checks_open[raw] = IndexSet::range(0, 1);
  EXPECT_THAT(evaluate(), IsEmpty());
  world->state().checks_open[raw] = {};
  news.touched.insert(raw);
  EXPECT_THAT(evaluate(), ElementsAre("silver"));
}

TEST_F(AutomationTest, AnAnswerIsShownNodeByNodeWithItsReasons) {
  begin("any_deps_updated and not missing");
  materialized("raw");
  const auto evaluated = automation->evaluate(now, news);
  ASSERT_EQ(evaluated.size(), 1);
  const auto shown = to_json(evaluated[0].answer, world->graph());
  EXPECT_EQ(shown["name"], "and");
  EXPECT_EQ(shown["holds"], false);
  const auto& updated = shown["children"][0];
  EXPECT_EQ(updated["name"], "any_deps_updated");
  EXPECT_EQ(updated["reason"], "true of 1 of 1 asset above");
  EXPECT_EQ(updated["children"][0]["asset"], "raw");
  EXPECT_EQ(shown["children"][1]["children"][0]["reason"], "it was never materialized");
  EXPECT_FALSE(shown["children"][1].contains("asset"));
}

}  // namespace
}  // namespace assetd::testing
