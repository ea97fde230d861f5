// Slots, resources, order, and the blockers that are stated for what waits.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EnginePools, AStepThatNamesNoPoolTakesOneSlotOfDefault) {
  Project project;
  project.asset("a");
  project.asset("b");
  Driver d(project, {{"default", 1}});
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  EXPECT_EQ(d.shown("b"), "ready");
  EXPECT_THAT(d.blockers("b"), ElementsAre(HasSubstr("pool: 1 of 1 slots held by run 1, step a")));
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("b"));
}

TEST(Dispatcher, ThoseWhoMayStartFirstAreListedFirstWhateverTheyWaitFor) {
  Dispatcher dispatcher;
  dispatcher.add({.run = 2, .unit = 0}, {.slots = {{"a", 1}}});
  dispatcher.add({.run = 3, .unit = 0}, {.slots = {{"a", 1}}});
  dispatcher.add({.run = 1, .unit = 0}, {.slots = {{"z", 1}}});
  const auto first = dispatcher.lines(2);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0].run, 1);
  EXPECT_EQ(first[1].run, 2);
}

TEST(EnginePools, SlotsAreWeighted) {
  Project project;
  project.asset("a").pools = {{"gpu", 3}};
  project.asset("b").pools = {{"gpu", 2}};
  project.asset("c").pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 4}});
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a")) << "b waits for two slots, and c does not overtake it";
  EXPECT_EQ(d.engine().dispatcher().used("gpu"), 3);
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("b", "c"));
}

TEST(EnginePools, AStepHeldUpByALargerOneThatComesFirstSaysSo) {
  Project project;
  project.asset("a").pools = {{"gpu", 3}};
  project.asset("b").pools = {{"gpu", 2}};
  project.asset("c").pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 4}});
  d.request();
  EXPECT_THAT(d.blockers("b"), ElementsAre("pool: needs 2; 3 of 4 slots held by run 1, step a, for 0 s")) << "one slot is free: what it needs says why that is not enough";
  EXPECT_THAT(d.blockers("c"), ElementsAre(HasSubstr("1 ahead in line: run 1, step b")));
}

TEST(EnginePools, OfSeveralAheadTheFirstIsNamed) {
  Project project;
  for (const auto* key : {"a", "b", "c", "d"}) project.asset(key).pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 1}});
  d.request();
  EXPECT_THAT(d.blockers("d"), ElementsAre(HasSubstr("2 ahead in line, first run 1, step b")));
}

TEST(EnginePools, AStepWhoseCheckWaitsForASlotSaysSo) {
  Project project;
  project.asset("a");
  project.asset("b");
  project.check("a", "unique");
  Driver d(project, {{"default", 1}});
  d.request();
  d.succeed("a");
  EXPECT_EQ(d.status("a"), "running") << "it waits for its check";
  EXPECT_THAT(d.blockers("a"), ElementsAre(HasSubstr("pool: 1 of 1 slots held by run 1, step b")));
}

TEST(EnginePools, ChecksAloneSayWhatTheyWaitFor) {
  Project project;
  project.asset("a");
  project.asset("b");
  project.check("a", "unique");
  project.check("b", "unique");
  Driver d(project, {{"default", 1}});
  d.request({}, StepsMode::checks);
  EXPECT_THAT(d.started(), ElementsAre("a:unique"));
  EXPECT_THAT(d.blockers("a"), IsEmpty());
  EXPECT_THAT(d.blockers("b"), ElementsAre(HasSubstr("pool: 1 of 1 slots held by run 1, step a")));
}

TEST(EnginePools, OnlyWhatIsShortIsABlocker) {
  Project project;
  project.asset("a").pools = {{"gpu", 1}, {"cpu", 1}};
  project.asset("b").pools = {{"gpu", 1}, {"cpu", 1}};
  project.asset("c").pools = {{"gpu", 1}, {"cpu", 1}};
  Driver d(project, {{"gpu", 1}, {"cpu", 9}});
  d.request();
  EXPECT_THAT(d.blockers("c"), ElementsAre(HasSubstr("1 of 1 slots held")));
  EXPECT_THAT(d.blockers("c"), ElementsAre(HasSubstr("1 ahead in line")));
}

TEST(EnginePools, AGrownPoolStartsWhatWaitsAndAShrunkOneStopsNothing) {
  Project project;
  for (const auto* key : {"a", "b", "c"}) project.asset(key).pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 1}});
  d.request();
  d.started();
  d.feed(PoolsChanged{{{"gpu", 2}}});
  EXPECT_THAT(d.started(), ElementsAre("b"));
  d.feed(PoolsChanged{{{"gpu", 1}}});
  EXPECT_THAT(d.stopped(), IsEmpty());
  d.succeed("a");
  EXPECT_THAT(d.started(), IsEmpty()) << "one slot is there, and b holds it";
  d.succeed("b");
  EXPECT_THAT(d.started(), ElementsAre("c"));
}

TEST(EnginePools, ADemandLargerThanItsPoolSaysSoAndHoldsNobodyUp) {
  Project project;
  project.asset("a").pools = {{"gpu", 3}};
  project.asset("b").pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 2}});
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("b"));
  EXPECT_THAT(d.blockers("a"), ElementsAre("pool: needs 3 of pool gpu, which has 2 slots: it can never start until the pool grows"));
  d.feed(PoolsChanged{{{"gpu", 4}}});
  EXPECT_THAT(d.started(), ElementsAre("a"));
}

TEST(EnginePools, APoolThatNobodyDefinesIsABlocker) {
  Project project;
  project.asset("a").pools = {{"tpu", 1}};
  Driver d(project);
  d.request();
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_THAT(d.blockers("a"), ElementsAre("pool: nobody defines the pool tpu any more: define it again and reload, or cancel the run"));
}

TEST(EnginePools, EveryEndGivesItsSlotsBack) {
  for (const auto& end : std::vector<std::function<void(Driver&)>>{[](Driver& d) { d.succeed("a"); }, [](Driver& d) { d.fail("a"); }, [](Driver& d) { d.lose("a"); },
                                                                    [](Driver& d) { d.never_start("a"); }, [](Driver& d) { d.cancel(), d.signal("a", 15); }}) {
    Project project;
    auto& asset = project.asset("a");
    asset.pools = {{"gpu", 2}, {"cpu", 1}};
    asset.uses = {{"db", HoldMode::write}};
    Driver d(project, {{"gpu", 2}, {"cpu", 1}});
    d.request();
    EXPECT_EQ(d.engine().dispatcher().used("gpu"), 2);
    end(d);
    EXPECT_EQ(d.engine().dispatcher().used("gpu"), 0);
    EXPECT_EQ(d.engine().dispatcher().used("cpu"), 0);
    EXPECT_TRUE(d.engine().dispatcher().holds().empty());
  }
}

TEST(EngineUses, ReadersShareAndAWriterIsAlone) {
  Project project;
  project.asset("r1").uses = {{"db", HoldMode::read}};
  project.asset("r2").uses = {{"db", HoldMode::read}};
  project.asset("w").uses = {{"db", HoldMode::write}};
  project.asset("z").uses = {{"db", HoldMode::read}};
  Driver d(project);
  d.request({"r1", "r2"});
  EXPECT_THAT(d.started(), ElementsAre("r1", "r2"));
  d.request({"w"});
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_THAT(d.blockers("w"), ElementsAre(HasSubstr("resource: held by run 1, step r")));
  d.request({"z"});
  EXPECT_THAT(d.started(), IsEmpty()) << "readers do not starve the writer that came first";
  EXPECT_THAT(d.blockers("z"), ElementsAre(HasSubstr("1 ahead in line")));
}

TEST(EngineUses, AfterTheLastReaderTheWriterAndThenTheOthers) {
  Project project;
  project.asset("a").uses = {{"db", HoldMode::read}};
  project.asset("w", {}).uses = {{"db", HoldMode::write}};
  project.asset("z").uses = {{"db", HoldMode::read}};
  Driver d(project);
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("a"));
  d.succeed("a");
  EXPECT_THAT(d.started(), ElementsAre("w"));
  d.succeed("w");
  EXPECT_THAT(d.started(), ElementsAre("z"));
}

TEST(EngineQueue, HigherPriorityGoesFirstThenTheOlderRun) {
  Project project;
  project.asset("a");
  Driver d(project, {{"default", 1}});
  d.request();
  d.request();
  d.request();
  d.request({}, StepsMode::all, 5);
  std::vector<RunId> order;
  for (const auto& unit : d.engine().dispatcher().lines(10)) order.push_back(unit.run);
  EXPECT_THAT(order, ElementsAre(4, 2, 3));
  EXPECT_EQ(d.engine().dispatcher().waiting_for_pool("default"), 3);
  EXPECT_EQ(d.engine().dispatcher().lines(2).size(), 2u);
}

TEST(EngineHeld, NothingStartsWhileAReasonStandsAndItIsTheBlocker) {
  Project project;
  project.asset("a");
  project.asset("b", {"a"});
  Driver d(project);
  d.request();
  d.started();
  d.feed(StartsHeld{"disk", "1 MB free, the floor is 100 MB"});
  d.succeed("a");
  EXPECT_EQ(d.status("a"), "succeeded") << "what runs goes on";
  EXPECT_THAT(d.started(), IsEmpty());
  EXPECT_THAT(d.blockers("b"), ElementsAre("disk: 1 MB free, the floor is 100 MB"));
  d.feed(StartsHeld{"disk", "", false});
  EXPECT_THAT(d.started(), ElementsAre("b"));
}

// What begins would have to be committed.
TEST(EngineHeld, WhileTheStoreIsLatchedNoRunBeginsAndAllSayThatTheyWaitForIt) {
  Project project;
  project.asset("a").pools = {{"gpu", 1}};
  Driver d(project, {{"gpu", 1}});
  d.request();
  d.request();
  d.feed(StartsHeld{"latched", "cannot be written since noon: disk full"});
  d.request();
  EXPECT_EQ(d.run_status(3), "queued");
  EXPECT_THAT(d.run_blockers(3), ElementsAre("latched store: cannot be written since noon: disk full"));
  EXPECT_THAT(d.blockers("a", 2), ElementsAre("latched: cannot be written since noon: disk full"));
  d.feed(StartsHeld{"latched", "", false});
  EXPECT_EQ(d.run_status(3), "running");
}

TEST(EngineBlockers, APendingStepNamesTheParentsThatItWaitsFor) {
  Project project;
  project.asset("a");
  project.asset("b");
  project.asset("c", {"a", "b"});
  Driver d(project);
  d.request();
  d.seen("b");
  EXPECT_EQ(d.shown("c"), "pending");
  EXPECT_THAT(d.blockers("c"), ElementsAre("upstream: waits for a (starting), b (running)"));
  d.succeed("a");
  EXPECT_THAT(d.blockers("c"), ElementsAre("upstream: waits for b (running)"));
}

TEST(EngineBlockers, AWaitingRetryNamesItsTime) {
  Project project;
  project.asset("a").retries.max = 1;
  Driver d(project);
  d.request();
  d.fail("a");
  EXPECT_THAT(d.blockers("a"), ElementsAre("retry_delay: next attempt at 2023-11-14T22:13:30.000Z"));
}

TEST(EngineBlockers, WhatRunsOrHasEndedHasNone) {
  Project project;
  project.asset("a");
  project.asset("b");
  Driver d(project);
  d.request();
  d.succeed("b");
  EXPECT_THAT(d.blockers("a"), IsEmpty());
  EXPECT_THAT(d.blockers("b"), IsEmpty());
  d.succeed("a");
  EXPECT_THAT(d.blockers("a"), IsEmpty());
}

}  // namespace
}  // namespace assetd::testing
