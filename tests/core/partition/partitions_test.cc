#include "core/partition/partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/partition/removed.h"
#include "core/schedule/cron.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const TimeWindowsSpec kDayWindows{.start = "2026-01-01"};
const StaticPartitionsSpec kRegions{{"eu", "us", "asia"}};

Partitions made(std::vector<DimensionSpec> dimensions, const DynamicKeys& dynamic = {}) {
  auto partitions = Partitions::make({std::move(dimensions)}, dynamic);
  if (!partitions) throw std::runtime_error(partitions.error());
  return *partitions;
}

WallTime on(std::string_view day) { return parse_time(std::string(day) + "T12:00:00Z").value(); }

std::vector<std::string> keys(const Partitions& partitions, const IndexSet& set) {
  std::vector<std::string> found;
  set.each([&](PartitionIndex index) { found.push_back(partitions.key(index)); });
  return found;
}

TEST(Partitions, NamedOnesAreInTheOrderOfTheirList) {
  const auto regions = made({{"", kRegions}});
  EXPECT_THAT(keys(regions, regions.existing(on("2026-01-02"))), ElementsAre("eu", "us", "asia"));
  EXPECT_EQ(regions.index("us"), 1);
  EXPECT_FALSE(regions.index("mars"));
  EXPECT_FALSE(regions.window(1));
  EXPECT_FALSE(regions.within({on("2026-01-01"), on("2026-01-02")}, on("2026-01-02")));
}

TEST(Partitions, DynamicOnesComeAndGoAndKeepTheirIndex) {
  NamedKeys customers;
  EXPECT_EQ(customers.add("a"), 0);
  EXPECT_EQ(customers.add("b"), 1);
  EXPECT_TRUE(customers.remove("a"));
  EXPECT_FALSE(customers.remove("a"));
  EXPECT_EQ(customers.add("c"), 2);
  const DynamicKeys dynamic{{"customers", std::make_shared<NamedKeys>(customers)}};
  const auto partitions = made({{"", DynamicPartitionsSpec{"customers"}}}, dynamic);
  EXPECT_THAT(keys(partitions, partitions.existing({})), ElementsAre("b", "c"));
  EXPECT_FALSE(partitions.index("a"));
  EXPECT_EQ(partitions.key(0), "a") << "its history has a name";
  EXPECT_EQ(without_removed(partitions, IndexSet::range(0, 2)), IndexSet::range(1, 2));
  EXPECT_EQ(customers.add("a"), 0) << "the partition it was";
  EXPECT_TRUE(made({{"", DynamicPartitionsSpec{"nobody"}}}, dynamic).existing({}).empty());
}

TEST(Partitions, OfTwoDimensionsWhatWasRemovedIsLeftOutAtAllTimes) {
  NamedKeys customers({"a", "b"});
  customers.remove("a");
  const auto both = made({{"day", kDayWindows}, {"who", DynamicPartitionsSpec{"customers"}}}, {{"customers", std::make_shared<NamedKeys>(customers)}});
  const auto all = both.cross({IndexSet::range(2, 5), IndexSet::range(0, 2)});
  EXPECT_THAT(keys(both, without_removed(both, all)), ElementsAre("2026-01-03|b", "2026-01-04|b", "2026-01-05|b"));
  const auto regions = made({{"", kRegions}});
  EXPECT_EQ(without_removed(regions, IndexSet::range(1, 3)), IndexSet::range(1, 3)) << "nothing comes and goes";
}

TEST(Partitions, TwoDimensionsAreCrossedAndTimeIsTheRange) {
  for (const auto* time_name : {"day", "time"}) {  // before and after "region"
    const auto both = made({{"region", kRegions}, {time_name, kDayWindows}});
    const bool time_first = std::string(time_name) < "region";
    const auto key = [&](const std::string& day, const std::string& region) { return time_first ? day + "|" + region : region + "|" + day; };
    const auto all = both.existing(on("2026-01-11"));
    EXPECT_EQ(all.size(), 30);
    EXPECT_EQ(all.ranges().size(), 3U) << "one range a region";
    const auto index = both.index(key("2026-01-03", "us"));
    ASSERT_TRUE(index);
    EXPECT_EQ(both.key(*index), key("2026-01-03", "us"));
    EXPECT_EQ(both.join(both.split(*index)), *index);
    EXPECT_EQ(format_time(both.window(*index)->begin), "2026-01-03T00:00:00.000Z");
    const auto some = both.within({on("2026-01-02"), on("2026-01-03")}, on("2026-01-11"));
    ASSERT_TRUE(some);
    EXPECT_EQ(some->size(), 6) << "two days, three regions";
    EXPECT_FALSE(both.index("us"));
    EXPECT_FALSE(both.index(key("2026-01-03", "mars")));
  }
}

TEST(Partitions, AStretchOfTimeIsTheWindowsThatHaveAMomentOfItAndHaveEnded) {
  const auto days = made({{"", kDayWindows}});
  EXPECT_THAT(keys(days, *days.within({on("2025-12-01"), on("2026-01-02")}, on("2026-06-01"))), ElementsAre("2026-01-01", "2026-01-02"));
  EXPECT_THAT(keys(days, *days.within({on("2026-01-01"), on("2026-09-01")}, on("2026-01-03"))), ElementsAre("2026-01-01", "2026-01-02"));
  EXPECT_TRUE(days.within({on("2026-01-02"), on("2026-01-02")}, on("2026-06-01"))->empty());
}

TEST(Partitions, WhatIsWrongIsNamed) {
  const auto error = [](std::vector<DimensionSpec> dimensions) {
    const auto made = Partitions::make({std::move(dimensions)}, {});
    return made ? std::string() : made.error();
  };
  EXPECT_THAT(error({}), StartsWith("multi"));
  EXPECT_THAT(error({{"", StaticPartitionsSpec{}}}), StartsWith("static: needs"));
  EXPECT_THAT(error({{"", StaticPartitionsSpec{{"a", "a"}}}}), HasSubstr("\"a\" stands twice"));
  EXPECT_THAT(error({{"", StaticPartitionsSpec{{"a|b"}}}}), HasSubstr("separates"));
  EXPECT_THAT(error({{"", StaticPartitionsSpec{{""}}}}), HasSubstr("empty"));
  EXPECT_THAT(error({{"x", kRegions}, {"x", kDayWindows}}), HasSubstr("different names"));
  EXPECT_THAT(error({{"x", kRegions}, {"y", TimeWindowsSpec{.start = "never"}}}), StartsWith("y: start: "));
}

}  // namespace
}  // namespace assetd::testing
