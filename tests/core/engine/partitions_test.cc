#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PartitionsSpec letters(int per_process = 1) { return {{{"", StaticPartitionsSpec{{"a", "b", "c"}}}}, per_process}; }

TEST(EnginePartitions, OnlyWhatIsMadeFromAFailedPartitionIsSkipped) {
  Project project;
  project.asset("raw").partitions = letters();
  project.asset("clean", {"raw"}).partitions = letters();
  project.asset("total", {"clean"});
  Driver d(project);
  d.partitions = {{"raw", {"a", "b"}}, {"clean", {"a", "b"}}};
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("raw@a", "raw@b"));
  d.fail("raw@a");
  d.succeed("raw@b");
  EXPECT_THAT(d.started(), ElementsAre("clean@b"));
  d.succeed("clean@b");
  EXPECT_EQ(d.statuses(), "raw@a=failed raw@b=succeeded clean@a=skipped clean@b=succeeded total=skipped");
  EXPECT_EQ(d.causes()[0]["key"], "raw");
  EXPECT_EQ(d.causes()[0]["partition"], "a");
  EXPECT_EQ(d.causes()[0]["skipped"], 2);
}

TEST(EnginePartitions, AProcessOfSeveralBeginsAndEndsAllOfThem) {
  Project project;
  project.asset("raw").partitions = letters(0);
  Driver d(project);
  d.partitions = {{"raw", {"a", "b", "c"}}};
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("raw@a+raw@b+raw@c"));
  d.seen("raw@a+raw@b+raw@c");
  EXPECT_EQ(d.statuses(), "raw@a=running raw@b=running raw@c=running");
  d.say("raw@a+raw@b+raw@c", {.kind = AttemptMessage::Kind::materialization, .key = "raw", .partition = "b", .data = {{"rows", 3}}});
  d.restart();
  d.succeed("raw@a+raw@b+raw@c");
  EXPECT_EQ(d.statuses(), "raw@a=succeeded raw@b=succeeded raw@c=succeeded");
  std::map<std::string, int> made;
  for (const auto& change : d.changes<Materialized>()) ++made[change.materialization.partition];
  EXPECT_EQ(made, (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}})) << "what was told of one before the restart is not made up again";
}

TEST(EnginePartitions, OneThatIsUnchangedIsReusedAndAnotherIsMade) {
  Project project;
  auto& raw = project.asset("raw");
  raw.partitions = letters();
  raw.skip_if_unchanged = true;
  project.asset("total", {"raw"});
  project.check("raw", "rows");
  Driver d(project);
  d.partitions = {{"raw", {"a", "b"}}};
  d.unchanged = {"raw@a"};
  d.request();
  EXPECT_EQ(d.step("raw@a").reason, kReused);
  EXPECT_THAT(d.started(), ElementsAre("raw@b"));
  d.restart();
  EXPECT_EQ(d.statuses(), "raw@a=succeeded raw@b=starting total=pending");
}

TEST(EnginePartitions, OfAProcessOfSeveralNoneIsReused) {
  Project project;
  auto& raw = project.asset("raw");
  raw.partitions = letters(0);
  raw.skip_if_unchanged = true;
  Driver d(project);
  d.partitions = {{"raw", {"a", "b", "c"}}};
  d.unchanged = {"raw@b"};
  d.request();
  EXPECT_THAT(d.started(), ElementsAre("raw@a+raw@b+raw@c")) << "it is told the whole range";
}

TEST(EnginePartitions, ArtifactsOfAPartitionGiveItsAssetNoVersion) {
  Project project;
  project.asset("raw").partitions = letters();
  Driver d(project);
  d.partitions = {{"raw", {"a"}}};
  d.request();
  d.say("raw@a", {.kind = AttemptMessage::Kind::artifact, .key = "raw", .data = {{"name", "value"}, {"size", 3}, {"sha256", std::string(64, '1')}}});
  d.succeed("raw@a");
  ASSERT_EQ(d.changes<Materialized>().size(), 1u);
  EXPECT_EQ(d.changes<Materialized>()[0].materialization.content, "") << "another partition of equal content would be taken for the same data";
}

TEST(EnginePartitions, WhatSuchAProcessSaysOfNoneIsSaidOfAll) {
  Project project;
  project.asset("raw").partitions = letters(0);
  project.reported_check("raw", "rows");
  Driver d(project);
  d.partitions = {{"raw", {"a", "b"}}};
  d.request();
  d.say("raw@a+raw@b", {.kind = AttemptMessage::Kind::check, .key = "raw", .partition = "a", .check = "rows", .check_status = CheckStatus::failed});
  d.say("raw@a+raw@b", {.kind = AttemptMessage::Kind::check, .key = "raw", .check = "rows", .check_status = CheckStatus::passed});
  d.succeed("raw@a+raw@b");
  EXPECT_EQ(d.statuses(), "raw@a=failed raw@b=succeeded") << "each counts once";
  d.request();
  d.fail("raw@a+raw@b");
  EXPECT_EQ(d.statuses(), "raw@a=failed raw@b=failed");
}

TEST(EnginePartitions, AFailingCheckBlocksWhatIsBelowItsOwnPartition) {
  Project project;
  project.asset("raw").partitions = letters();
  project.check("raw", "rows");
  project.asset("clean", {"raw"}).partitions = letters();
  Driver d(project);
  d.partitions = {{"raw", {"a", "b"}}, {"clean", {"a", "b"}}};
  d.request();
  d.succeed("raw@a");
  d.fail("raw:rows");
  EXPECT_EQ(d.status("clean@a"), "skipped");
  EXPECT_EQ(d.status("clean@b"), "pending");
  EXPECT_THAT(d.step("raw@a").detail, HasSubstr("rows"));
}

}  // namespace
}  // namespace assetd::testing
