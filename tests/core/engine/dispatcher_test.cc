// The lines by themselves: caps, priorities, what they cost.

#include "core/engine/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Demand kSlot{.slots = {{"p", 1}}, .resources = {}};

/// Starts what may start, and says what did: "run/unit".
std::vector<std::string> start(Dispatcher& dispatcher) {
  std::vector<std::string> started;
  dispatcher.dispatch([&](const ReadyUnit& unit, const Demand& demand) {
    started.push_back(std::to_string(unit.run) + "/" + std::to_string(unit.unit));
    dispatcher.hold(started.back(), {unit.run, unit.unit, demand, {}});
  });
  return started;
}

TEST(Dispatcher, ARunAtItsCapIsPassedOverAndKeepsNothingFromOthers) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 10}});
  dispatcher.cap(1, 2);
  for (UnitIndex unit = 0; unit < 4; ++unit) dispatcher.add({.run = 1, .unit = unit}, kSlot);
  dispatcher.add({.run = 2, .unit = 0}, kSlot);
  EXPECT_THAT(start(dispatcher), ElementsAre("1/0", "1/1", "2/0"));
  const auto blocks = dispatcher.blocks(1, 2);
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].kind, "cap");
  EXPECT_EQ(blocks[0].used, 2);
  EXPECT_EQ(blocks[0].holders.size(), 2U);
  dispatcher.release("1/0");
  EXPECT_THAT(start(dispatcher), ElementsAre("1/2"));
}

TEST(Dispatcher, ACapCountsUnitsOfEveryDemand) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 10}, {"q", 10}});
  dispatcher.cap(1, 1);
  dispatcher.add({.run = 1, .unit = 0}, kSlot);
  dispatcher.add({.run = 1, .unit = 1}, {.slots = {{"q", 1}}, .resources = {}});
  EXPECT_THAT(start(dispatcher), ElementsAre("1/0"));
  dispatcher.remove(1, 1);
  EXPECT_EQ(dispatcher.waiting_count(), 0U);
  dispatcher.release("1/0");
  EXPECT_THAT(start(dispatcher), IsEmpty());
}

TEST(Dispatcher, AUnitThatCannotStartForItsPoolDoesNotUseUpTheCap) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 10}, {"full", 0}});
  dispatcher.cap(1, 1);
  dispatcher.add({.run = 1, .unit = 0}, {.slots = {{"full", 1}}, .resources = {}});
  dispatcher.add({.run = 1, .unit = 1}, kSlot);
  EXPECT_THAT(start(dispatcher), ElementsAre("1/1"));
}

// 1/0 keeps what is free of p until 1/1 uses up the cap of its run: from then on 1/0 cannot start for another reason.
TEST(Dispatcher, WhatARunKeptBeforeItCameToItsCapIsFreeForOthersAtOnce) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 2}, {"q", 1}});
  dispatcher.hold("held", {9, 0, kSlot, {}});
  dispatcher.cap(1, 1);
  dispatcher.add({.run = 1, .unit = 0}, {.slots = {{"p", 2}}, .resources = {}});
  dispatcher.add({.run = 1, .unit = 1}, {.slots = {{"q", 1}}, .resources = {}});
  dispatcher.add({.run = 2, .unit = 0}, kSlot);
  EXPECT_THAT(start(dispatcher), ElementsAre("1/1", "2/0"));
}

// Each of its pools is free by turns: without what is set aside, whoever wants one of them would always be quicker.
TEST(Dispatcher, ADemandOfTwoPoolsIsNotStarvedByDemandsOfEach) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 1}, {"q", 1}});
  const Demand both{.slots = {{"p", 1}, {"q", 1}}, .resources = {}}, q{.slots = {{"q", 1}}, .resources = {}};
  dispatcher.hold("held", {9, 0, kSlot, {}});
  dispatcher.add({.priority = 5, .run = 2, .unit = 0}, both);
  dispatcher.add({.run = 1, .unit = 0}, q);
  EXPECT_THAT(start(dispatcher), IsEmpty()) << "q is free, and set aside for the first";
  EXPECT_EQ(dispatcher.blocks(1, 0).at(0).ahead.count, 1U);
  dispatcher.release("held");
  EXPECT_THAT(start(dispatcher), ElementsAre("2/0"));
  dispatcher.release("2/0");
  EXPECT_THAT(start(dispatcher), ElementsAre("1/0"));
}

// As runs with the tag team=a, of which one may run and which the limit of all teams counts as well.
TEST(Dispatcher, WhatComesFreeWithWhatIsLackingIsNotSetAside) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"all", 3}, {"a", 1}});
  const Demand of_a{.slots = {{"all", 1}, {"a", 1}}, .resources = {}}, of_b{.slots = {{"all", 1}}, .resources = {}};
  dispatcher.add({.run = 1, .unit = 0}, of_a);
  dispatcher.add({.run = 2, .unit = 0}, of_a);
  for (RunId run = 3; run <= 5; ++run) dispatcher.add({.run = run, .unit = 0}, of_b);
  EXPECT_THAT(start(dispatcher), ElementsAre("1/0", "3/0", "4/0"));
  EXPECT_EQ(dispatcher.blocks(5, 0).size(), 1U);
  dispatcher.release("1/0");
  EXPECT_THAT(start(dispatcher), ElementsAre("2/0"));
}

TEST(Dispatcher, WhatOneOfTheHoldersAloneFreesIsSetAside) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 2}, {"q", 3}});
  const Demand both{.slots = {{"p", 1}, {"q", 1}}, .resources = {}}, q{.slots = {{"q", 1}}, .resources = {}};
  dispatcher.hold("p", {9, 0, kSlot, {}});
  dispatcher.hold("both", {9, 1, both, {}});
  dispatcher.add({.run = 1, .unit = 0}, both);
  dispatcher.add({.run = 2, .unit = 0}, q);
  dispatcher.add({.run = 3, .unit = 0}, q);
  EXPECT_THAT(start(dispatcher), ElementsAre("2/0")) << "the other slot of q is the first's, should the holder of p alone end";
}

TEST(Dispatcher, OnlyTheFirstOfAllHasAnythingSetAside) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 1}, {"q", 3}, {"r", 1}});
  dispatcher.hold("p", {9, 0, kSlot, {}});
  dispatcher.hold("r", {9, 1, {.slots = {{"r", 1}}, .resources = {}}, {}});
  dispatcher.add({.run = 1, .unit = 0}, {.slots = {{"p", 1}, {"q", 1}}, .resources = {}});
  dispatcher.add({.run = 2, .unit = 0}, {.slots = {{"r", 1}, {"q", 2}}, .resources = {}});
  dispatcher.add({.run = 3, .unit = 0}, {.slots = {{"q", 2}}, .resources = {}});
  EXPECT_THAT(start(dispatcher), ElementsAre("3/0")) << "one of three is set aside";
}

TEST(Dispatcher, WhatIsSetAsideOfAResourceMayBeReadByReaders) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 1}, {"q", 9}});
  dispatcher.hold("p", {9, 0, kSlot, {}});
  dispatcher.add({.run = 1, .unit = 0}, {.slots = {{"p", 1}}, .resources = {{"db", HoldMode::read}}});
  dispatcher.add({.run = 2, .unit = 0}, {.slots = {{"q", 1}}, .resources = {{"db", HoldMode::read}}});
  dispatcher.add({.run = 3, .unit = 0}, {.slots = {{"q", 1}}, .resources = {{"db", HoldMode::write}}});
  EXPECT_THAT(start(dispatcher), ElementsAre("2/0"));
}

TEST(Dispatcher, AnotherPriorityMovesAllThatWaitsOfARun) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 0}});
  for (RunId run = 1; run <= 3; ++run)
    for (UnitIndex unit = 0; unit < 2; ++unit) dispatcher.add({.run = run, .unit = unit}, kSlot);
  dispatcher.set_priority(2, 7);
  dispatcher.set_pools({{"p", 9}});
  dispatcher.remove(2, 1);
  EXPECT_THAT(start(dispatcher), ElementsAre("2/0", "1/0", "1/1", "3/0", "3/1"));
}

TEST(Dispatcher, WhatWaitsLongestIsNamedFirstAndTheRestIsCounted) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 7}});
  for (RunId run = 1; run <= 7; ++run) dispatcher.hold(std::to_string(run), {run, 0, kSlot, WallTime(Millis(100 - run))});
  dispatcher.add({.run = 8, .unit = 0}, kSlot);
  const auto block = dispatcher.blocks(8, 0).at(0);
  EXPECT_EQ(block.holders.at(0).second.run, 7);
  EXPECT_EQ(block.holders.size() + block.more_holders, 7U);
}

TEST(Dispatcher, OfALongLineNoMoreIsCountedThanAnybodyReads) {
  Dispatcher dispatcher;
  dispatcher.set_pools({{"p", 0}});
  for (UnitIndex unit = 0; unit < 5000; ++unit) dispatcher.add({.run = 1, .unit = unit}, kSlot);
  EXPECT_EQ(dispatcher.blocks(1, 7).at(0).ahead.count, 7U);
  EXPECT_EQ(dispatcher.blocks(1, 4999).at(0).ahead.count, Dispatcher::kAheadCounted);
}

}  // namespace
}  // namespace assetd::testing
