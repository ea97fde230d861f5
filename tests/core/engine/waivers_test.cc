// Waivers: a failure that somebody lets pass counts as a warning, for results that are still to come. And checks of anomalies, which the engine judges itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// a with a blocking check, b below it.
struct Waivable : Project {
  Waivable() {
    asset("a");
    asset("b", {"a"});
    check("a", "unique");
  }
};

void waive(Driver& driver, Millis time = Millis(3'600'000)) {
  driver.waivers = {{{"a", "unique"}, {"anna", "the supplier knows", driver.now.wall, driver.now.wall + time, 1}}};
  driver.feed(WaiversChanged{driver.waivers});
}

TEST(EngineWaivers, AWaivedFailureIsAWarningAndWhatIsBelowGoesOn) {
  Driver d{Waivable()};
  waive(d);
  d.request();
  d.succeed("a");
  d.fail("a:unique");
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=warned"));
  const auto told = d.changes<CheckReported>();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].result.severity, Severity::warn);
  EXPECT_EQ(told[0].result.waived, "waived by anna until 2023-11-14T23:13:20.000Z: the supplier knows");
}

TEST(EngineWaivers, WhatEndedBeforeKeepsItsEnd) {
  Driver d{Waivable()};
  const auto first = d.request();
  d.succeed("a");
  d.fail("a:unique");
  waive(d);
  EXPECT_EQ(d.run_status(first), "failed");
  EXPECT_EQ(d.statuses(first), "a=failed b=skipped");
  d.request();  // as a retry
  d.succeed("a");
  d.fail("a:unique");
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "succeeded");
}

TEST(EngineWaivers, OneThatIsOverLetsNothingPass) {
  Driver d{Waivable()};
  waive(d, Millis(60'000));
  d.request();
  d.succeed("a");
  d.pass(Millis(60'000));
  d.fail("a:unique");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_EQ(d.changes<CheckReported>().back().result.waived, "");
}

TEST(EngineWaivers, AnotherAssetsCheckOfTheSameNameIsNotMeant) {
  Waivable project;
  project.check("b", "unique");
  Driver d(project);
  waive(d);
  d.request();
  d.succeed("a");
  d.succeed("a:unique");
  d.succeed("b");
  d.fail("b:unique");
  EXPECT_EQ(d.statuses(), "a=succeeded b=failed");
}

TEST(EngineWaivers, ACheckThatCouldNotBeCarriedOutPassesAsWell) {
  Driver d{Waivable()};
  waive(d);
  d.request();
  d.succeed("a");
  d.signal("a:unique", 9);
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=error"));
}

TEST(EngineWaivers, AResultThatWasLetPassStaysSoAfterARestart) {
  Waivable project;
  project.check("a", "fresh");
  Driver d(project);
  waive(d);
  d.request();
  d.succeed("a");
  d.fail("a:unique");
  d.waivers.clear();  // withdrawn meanwhile: what was let pass stays so
  d.restart();
  d.succeed("a:fresh");
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
}

TEST(EngineWaivers, OneStandsAcrossARestart) {
  Driver d{Waivable()};
  waive(d);
  d.request();
  d.succeed("a");
  d.restart();
  d.fail("a:unique");
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
}

TEST(EngineWaivers, ARunOfChecksAloneSucceedsToo) {
  Driver d{Waivable()};
  waive(d);
  d.request({"a"}, StepsMode::checks);
  d.fail("a:unique");
  EXPECT_EQ(d.run_status(), "succeeded");
}

/// The same of two partitions.
struct Divided : Project {
  Divided() {
    const PartitionsSpec letters{{{"", StaticPartitionsSpec{{"x", "y"}}}}};
    asset("a").partitions = letters;
    asset("b", {"a"}).partitions = letters;
    check("a", "unique");
  }
};

/// Both are made, and in both the check fails.
void fail_in_both(Driver& d) {
  d.partitions = {{"a", {"x", "y"}}, {"b", {"x", "y"}}};
  d.request();
  for (const auto* made : {"a@x", "a@y"}) {
    d.succeed(made);
    d.fail("a:unique");
  }
}

void waive_in(Driver& d, std::map<std::string, Millis> partitions, const std::string& check = "unique") {
  for (const auto& [partition, time] : partitions) d.waivers[{"a", check, partition}] = {partition.empty() ? "anna" : "ben", "known", d.now.wall, d.now.wall + time, 1};
  d.feed(WaiversChanged{d.waivers});
}

TEST(EngineWaivers, OneOfAPartitionLetsOnlyThatPartitionGoOn) {
  Driver d{Divided()};
  waive_in(d, {{"y", Millis(60'000)}});
  fail_in_both(d);
  EXPECT_EQ(d.statuses(), "a@x=failed a@y=succeeded b@x=skipped b@y=starting");
  d.restart();
  EXPECT_EQ(d.statuses(), "a@x=failed a@y=succeeded b@x=skipped b@y=starting");
  d.succeed("b@y");
  EXPECT_EQ(d.run_status(), "failed") << "x is held back";
}

TEST(EngineWaivers, OneWithoutAPartitionHoldsForAll) {
  Driver d{Divided()};
  waive_in(d, {{"", Millis(60'000)}});
  fail_in_both(d);
  EXPECT_EQ(d.statuses(), "a@x=succeeded a@y=succeeded b@x=starting b@y=starting");
}

TEST(EngineWaivers, ThatOfThePartitionIsToldWhereBothStandAndWhenItIsOverTheOtherHolds) {
  Driver d{Divided()};
  waive_in(d, {{"", Millis(120'000)}, {"y", Millis(60'000)}});
  fail_in_both(d);
  const auto told = d.changes<CheckReported>();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_THAT(told[0].result.waived, HasSubstr("by anna"));
  EXPECT_THAT(told[1].result.waived, HasSubstr("by ben"));
  d.pass(Millis(60'000));
  fail_in_both(d);
  EXPECT_THAT(d.changes<CheckReported>().back().result.waived, HasSubstr("by anna"));
}

TEST(EngineWaivers, OneOfAPartitionIsNotEnoughForAResultThatNamesNone) {
  Driver d{Waivable()};
  waive_in(d, {{"y", Millis(60'000)}});
  d.request();
  d.succeed("a");
  d.fail("a:unique");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
}

TEST(EngineWaivers, ACheckThatNobodyDeclaredPassesInThePartitionItNames) {
  Driver d{Divided()};
  waive_in(d, {{"x", Millis(60'000)}}, "odd");
  d.partitions = {{"a", {"x", "y"}}};
  d.request({"a"});
  for (const std::string partition : {"x", "y"}) {
    AttemptMessage message;
    message.kind = AttemptMessage::Kind::check;
    message.check = "odd";
    message.check_status = CheckStatus::failed;
    message.partition = partition;
    d.say("a@" + partition, message);
  }
  EXPECT_THAT(d.checks(), ElementsAre("a:odd=warned", "a:odd=failed"));
}

/// a, whose rows are looked at, and b below it.
struct Watched : Project {
  explicit Watched(bool blocking = true) {
    asset("a");
    asset("b", {"a"});
    auto& check = reported_check("a", "rows_as_usual");
    check.anomaly = AnomalySpec{"row_count", 3, 14, 3};
    check.blocking = blocking;
  }
};

AttemptMessage made_with(int rows) {
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::materialization;
  message.data = {{"row_count", rows}};
  return message;
}

TEST(EngineAnomalies, WhatIsUsualPassesWithItsMaterialization) {
  Driver d{Watched()};
  d.history = [](const std::string& asset, const std::string& metric, int last, RunId except) {
    EXPECT_EQ(std::tuple(asset, metric, last, except), std::tuple(std::string("a"), std::string("row_count"), 14, RunId{1}));
    return std::vector<double>{100, 101, 99};
  };
  d.request();
  d.say("a", made_with(100));
  EXPECT_THAT(d.checks(), ElementsAre("a:rows_as_usual=passed")) << "in the same turn as the materialization";
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
}

TEST(EngineAnomalies, WhatStandsOutFailsItsStepAndKeepsTheRestFromIt) {
  Driver d{Watched()};
  d.history = [](auto&&...) { return std::vector<double>{100, 101, 99}; };
  d.request();
  d.say("a", made_with(1));
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
  EXPECT_EQ(d.step("a").reason, "check_failed");
  EXPECT_THAT(d.step("a").detail, HasSubstr("row_count is 1, usual is"));
}

TEST(EngineAnomalies, OneThatDoesNotBlockFailsTheRunAlone) {
  Driver d{Watched(false)};
  d.history = [](auto&&...) { return std::vector<double>{100, 101, 99}; };
  d.request();
  d.say("a", made_with(1));
  d.succeed("a");
  d.succeed("b");
  EXPECT_EQ(d.statuses(), "a=succeeded b=succeeded");
  EXPECT_EQ(d.run_status(), "failed");
}

TEST(EngineAnomalies, WithoutAPastItPasses) {
  Driver d{Watched()};
  d.request();
  d.say("a", made_with(1));
  d.succeed("a");
  d.succeed("b");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.changes<CheckReported>().front().result.detail, HasSubstr("not judged yet: 0 of the 3"));
}

TEST(EngineAnomalies, AMaterializationWithoutTheNumberIsAnError) {
  Driver d{Watched()};
  d.request();
  d.succeed("a");  // says nothing
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
  EXPECT_THAT(d.checks(), ElementsAre("a:rows_as_usual=error"));
}

TEST(EngineAnomalies, AStepThatFailsLeavesItUndecided) {
  Driver d{Watched()};
  d.request();
  d.fail("a");
  EXPECT_EQ(d.run_status(), "failed");
  EXPECT_THAT(d.checks(), ElementsAre("a:rows_as_usual=skipped"));
}

TEST(EngineAnomalies, AfterARestartItIsNotJudgedASecondTime) {
  Driver d{Watched()};
  d.history = [](auto&&...) { return std::vector<double>{100, 101, 99}; };
  d.request();
  d.pass(Millis(1));
  d.say("a", made_with(1));
  d.history = [](auto&&...) { return std::vector<double>{1, 1, 1}; };
  d.restart();
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=failed b=skipped");
  EXPECT_THAT(d.checks(), ElementsAre("a:rows_as_usual=failed"));
}

TEST(EngineAnomalies, ChecksAloneDoNotJudgeWhatIsNotMade) {
  Watched project;
  project.check("a", "unique");
  Driver d(project);
  d.request({"a"}, StepsMode::checks);
  EXPECT_THAT(d.started(), ElementsAre("a:unique"));
  d.succeed("a:unique");
  EXPECT_EQ(d.run_status(), "succeeded");
  EXPECT_THAT(d.checks(), ElementsAre("a:unique=passed"));
}

TEST(EngineAnomalies, AWaiverLetsOnePass) {
  Driver d{Watched()};
  d.history = [](auto&&...) { return std::vector<double>{100, 101, 99}; };
  d.waivers = {{{"a", "rows_as_usual"}, {"anna", "a holiday", d.now.wall, d.now.wall + Millis(60'000), 0}}};
  d.feed(WaiversChanged{d.waivers});
  d.request();
  d.say("a", made_with(1));
  d.succeed("a");
  EXPECT_EQ(d.statuses(), "a=succeeded b=starting");
}

}  // namespace
}  // namespace assetd::testing
