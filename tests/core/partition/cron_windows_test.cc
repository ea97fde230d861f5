#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "core/partition/time_mapping.h"
#include "core/schedule/cron.h"
#include "tests/core/partition/windows.h"

namespace assetd::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TimeWindowsSpec cron(std::string expression, std::string start = "2026-01-05", std::string zone = "UTC", std::string end = "") {
  return {.grain = Grain::cron, .start = std::move(start), .end = std::move(end), .timezone = std::move(zone), .cron = std::move(expression)};
}

TEST(CronWindows, LastFromOneInstantToTheNext) {
  const auto workdays = windows_of(cron("0 6 * * 1-5"));
  EXPECT_EQ(text(workdays, 0), "2026-01-05-06:00 2026-01-05T06:00 2026-01-06T06:00");
  EXPECT_EQ(text(workdays, 4), "2026-01-09-06:00 2026-01-09T06:00 2026-01-12T06:00") << "over the weekend";
  EXPECT_EQ(text(workdays, 260), "2027-01-04-06:00 2027-01-04T06:00 2027-01-05T06:00");
  EXPECT_EQ(workdays.index("2026-01-12-06:00"), 5);
  EXPECT_EQ(workdays.at(utc("2026-01-11T12:00")), 4);
  EXPECT_FALSE(workdays.at(utc("2026-01-05T05:59")));
  EXPECT_EQ(workdays.ended_by(utc("2026-01-12T05:59")), 4);
  EXPECT_EQ(workdays.ended_by(utc("2026-01-12T06:00")), 5);
}

TEST(CronWindows, BeginAtTheirStartOrTheNextInstantAndEndBeforeTheEnd) {
  EXPECT_EQ(windows_of(cron("0 6 * * *", "2026-01-05T06:00")).key(0), "2026-01-05-06:00");
  EXPECT_EQ(windows_of(cron("0 6 * * *", "2026-01-05T06:01")).key(0), "2026-01-06-06:00");
  const auto three = windows_of(cron("0 6 * * *", "2026-01-05", "UTC", "2026-01-08T06:00"));
  EXPECT_EQ(three.count(), 3);
  EXPECT_FALSE(three.index("2026-01-08-06:00"));
  EXPECT_EQ(windows_of(cron("0 6 * * *", "2026-01-05", "UTC", "2026-01-08")).count(), 2);
}

TEST(CronWindows, FollowTheClock) {
  const auto fixed = windows_of(cron("30 1 * * *", "2026-03-28", "Europe/London"));
  EXPECT_EQ(text(fixed, 0), "2026-03-28-01:30 2026-03-28T01:30 2026-03-29T01:00");
  EXPECT_EQ(text(fixed, 1), "2026-03-29-02:00 2026-03-29T01:00 2026-03-30T00:30") << "01:30 is skipped, and 02:00 shown at once";
  EXPECT_EQ(fixed.index("2026-03-29-02:00"), 1);
  const auto halves = windows_of(cron("*/30 * * * *", "2026-10-25T00:30", "Europe/London"));
  EXPECT_EQ(text(halves, 1), "2026-10-25-01:00 2026-10-25T00:00 2026-10-25T00:30");
  EXPECT_EQ(text(halves, 3), "2026-10-25-01:00+00:00 2026-10-25T01:00 2026-10-25T01:30");
  EXPECT_EQ(halves.index("2026-10-25-01:30"), 2);
  EXPECT_EQ(halves.index("2026-10-25-01:30+00:00"), 4);
  EXPECT_EQ(text(halves, 5), "2026-10-25-02:00 2026-10-25T02:00 2026-10-25T02:30");
}

TEST(CronWindows, AKeyOfNoWindowIsNone) {
  const auto workdays = windows_of(cron("0 6 * * 1-5"));
  for (const auto* key : {"2026-01-05", "2026-01-05-07:00", "2026-01-10-06:00", "2026-01-02-06:00", "2026-01-05-06:00+00:00", "2026-01-05T06:00", ""}) EXPECT_FALSE(workdays.index(key)) << key;
}

TEST(CronWindows, MapToOthersByWhatTheyShare) {
  const auto workdays = windows_of(cron("0 0 * * 1-5")), days = windows_of({.start = "2026-01-05"}), weeks = windows_of(cron("0 0 * * 1"));
  EXPECT_EQ(upstream_of(IndexSet::range(4, 5), workdays, days, {}).encode(), "4-6") << "from Friday to Sunday";
  EXPECT_EQ(upstream_of(IndexSet::range(0, 1), weeks, workdays, {}).encode(), "0-4");
  EXPECT_EQ(downstream_of(IndexSet::range(5, 6), workdays, days, {}).encode(), "4");
  EXPECT_EQ(upstream_of(IndexSet::range(5, 6), workdays, workdays, {-1, -1}).encode(), "4");
  EXPECT_TRUE(reaches_beyond(0, workdays, workdays, {-1, -1}));
}

TEST(CronWindows, WhatIsWrongIsNamed) {
  const auto error = [](TimeWindowsSpec spec) {
    const auto made = TimeWindows::make(spec);
    return made ? std::string() : made.error();
  };
  EXPECT_THAT(error(cron("0 25 * * *")), StartsWith("cron: "));
  EXPECT_THAT(error(cron("0 0 30 2 *")), HasSubstr("never comes"));
  EXPECT_THAT(error(cron("30 0 6 * * *")), HasSubstr("write five fields"));
  EXPECT_THAT(error(cron("0 6 * * *", "yesterday")), StartsWith("start: "));
  auto offset = cron("0 6 * * *");
  offset.minute_offset = 5;
  EXPECT_THAT(error(offset), StartsWith("cron: its windows have no minute_offset"));
}

constexpr std::array kExpressions{"0 6 * * 1-5", "30 1 * * *", "0 * * * *", "*/20 * * * *", "15,45 0-3 * * *", "0 0 L * *", "0 0 13 * 5", "0 */6 * * *", "30 2 * * 0", "0 9 LW * *"};
constexpr std::array kZones{"UTC", "Europe/London", "America/Havana", "Australia/Lord_Howe", "Pacific/Auckland", "America/New_York"};

// Against the instants one after the other.
RC_GTEST_PROP(CronWindows, AreWhatTheInstantsSay, ()) {
  const std::string expression = kExpressions[*rc::gen::inRange<std::size_t>(0, kExpressions.size())], zone = kZones[*rc::gen::inRange<std::size_t>(0, kZones.size())];
  const auto month = *rc::gen::inRange(1, 13);
  const auto start = "2026-" + std::string(month < 10 ? "0" : "") + std::to_string(month) + "-0" + std::to_string(*rc::gen::inRange(1, 10));
  const auto all = windows_of(cron(expression, start, zone, "2027-06-01"));
  const auto schedule = CronSchedule::parse(expression, zone).value();
  const auto day = windows_of({.start = start, .timezone = zone}).window(0).begin;
  auto begin = *schedule.next(day - Millis(1));
  const auto last = windows_of({.start = "2027-06-01", .timezone = zone}).window(0).begin;
  PartitionIndex index = 0;
  std::vector<std::string> keys;
  for (auto end = *schedule.next(begin); end <= last; begin = end, end = *schedule.next(begin), ++index) {
    RC_ASSERT(all.window(index) == (TimeWindow{begin, end}));
    const auto key = all.key(index);
    RC_ASSERT(all.index(key) == index);
    RC_ASSERT((keys.empty() || key.size() > 16 || keys.back().size() > 16 || keys.back() < key));  // in parentheses: the macro would look at all parts
    RC_ASSERT(all.at(begin) == index);
    RC_ASSERT(all.at(end - Millis(1)) == index);
    RC_ASSERT(all.ended_by(end) == index + 1);
    RC_ASSERT(all.ended_by(end - Millis(1)) == index);
    keys.push_back(key);
  }
  RC_ASSERT(all.count() == index);
}

// Every pair by itself.
RC_GTEST_PROP(CronWindows, MapAsEveryPairSays, ()) {
  const auto made = [] {
    const auto zone = kZones[*rc::gen::inRange<std::size_t>(0, kZones.size())];
    if (*rc::gen::arbitrary<bool>()) return windows_of({.grain = *rc::gen::element(Grain::daily, Grain::weekly), .start = "2026-03-01", .end = "2026-06-01", .timezone = zone});
    return windows_of(cron(*rc::gen::element("0 6 * * 1-5", "30 1 * * *", "0 */6 * * *", "0 0 13 * 5"), "2026-03-01", zone, "2026-06-01"));
  };
  const auto downstream = made(), upstream = made();
  const TimeMapping mapping{*rc::gen::inRange(-4, 2), *rc::gen::inRange(2, 4)};
  const auto ups = *upstream.count(), downs = *downstream.count();
  RC_PRE(ups > 0 && downs > 0);
  const auto chosen = *rc::gen::inRange<PartitionIndex>(0, downs);
  const auto shares = [&](PartitionIndex i, PartitionIndex j) {
    const auto a = downstream.window(i), b = upstream.window(j);
    return a.begin < b.end && b.begin < a.end;
  };
  const auto made_from = [&](PartitionIndex i, PartitionIndex j) {
    PartitionIndex first = -400, last = ups + 400;
    while (first <= last && !shares(i, first)) ++first;
    while (last >= first && !shares(i, last)) --last;
    return first <= last && first + mapping.start_offset <= j && j <= last + mapping.end_offset;
  };
  const auto j = *rc::gen::inRange<PartitionIndex>(0, ups);
  RC_ASSERT(upstream_of(IndexSet::range(chosen, chosen + 1), downstream, upstream, mapping).contains(j) == made_from(chosen, j));
  RC_ASSERT(downstream_of(IndexSet::range(j, j + 1), downstream, upstream, mapping).contains(chosen) == made_from(chosen, j));
}

}  // namespace
}  // namespace assetd::testing
