#include "core/schedule/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd {
namespace {

using ::testing::HasSubstr;

CronSchedule schedule_of(std::string_view expression, std::string_view zone = "UTC") {
  return CronSchedule::parse(expression, zone).value();
}

WallTime time_of(std::string_view text) { return parse_time(text).value(); }

std::string shown(std::optional<WallTime> time) { return time ? format_time(*time) : "never"; }

std::string next(std::string_view expression, std::string_view zone, std::string_view after) {
  return shown(schedule_of(expression, zone).next(time_of(after)));
}

std::string previous(std::string_view expression, std::string_view zone, std::string_view at) {
  return shown(schedule_of(expression, zone).previous(time_of(at)));
}

TEST(Cron, NextIsStrictlyAfterAndPreviousAtOrBefore) {
  EXPECT_EQ(next("0 2 * * *", "UTC", "2026-01-01T01:59:59.999Z"), "2026-01-01T02:00:00.000Z");
  EXPECT_EQ(next("0 2 * * *", "UTC", "2026-01-01T02:00:00Z"), "2026-01-02T02:00:00.000Z");
  EXPECT_EQ(next("0 2 * * *", "UTC", "2026-01-01T02:00:00.001Z"), "2026-01-02T02:00:00.000Z");
  EXPECT_EQ(previous("0 2 * * *", "UTC", "2026-01-01T02:00:00Z"), "2026-01-01T02:00:00.000Z");
  EXPECT_EQ(previous("0 2 * * *", "UTC", "2026-01-01T02:00:00.500Z"), "2026-01-01T02:00:00.000Z");
  EXPECT_EQ(previous("0 2 * * *", "UTC", "2026-01-01T01:59:59.999Z"), "2025-12-31T02:00:00.000Z");
  EXPECT_EQ(next("* * * * * *", "UTC", "1969-12-31T23:59:58.5Z"), "1969-12-31T23:59:59.000Z");
}

TEST(Cron, KnowsNicknamesInAnyCase) {
  EXPECT_EQ(next("@hourly", "UTC", "2026-05-05T05:05:05Z"), "2026-05-05T06:00:00.000Z");
  EXPECT_EQ(next("@daily", "Asia/Kolkata", "2026-05-05T05:05:05Z"), "2026-05-05T18:30:00.000Z");
  EXPECT_EQ(next("@Midnight", "UTC", "2026-05-05T05:05:05Z"), "2026-05-06T00:00:00.000Z");
  EXPECT_EQ(next("@weekly", "UTC", "2026-05-05T05:05:05Z"), "2026-05-10T00:00:00.000Z");
  EXPECT_EQ(next("@monthly", "UTC", "2026-05-05T05:05:05Z"), "2026-06-01T00:00:00.000Z");
  EXPECT_EQ(next("@YEARLY", "UTC", "2026-05-05T05:05:05Z"), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(next("@annually", "UTC", "2026-05-05T05:05:05Z"), "2027-01-01T00:00:00.000Z");
}

TEST(Cron, FiresOnceAfterAGapAndAtTheFirstOfTwo) {
  EXPECT_EQ(next("30 1 * * *", "Europe/London", "2024-03-31T00:00:00Z"), "2024-03-31T01:00:00.000Z");
  EXPECT_EQ(next("30 1 * * *", "Europe/London", "2024-03-31T01:00:00Z"), "2024-04-01T00:30:00.000Z");
  EXPECT_EQ(next("30 1 * * *", "Europe/London", "2024-10-27T00:00:00Z"), "2024-10-27T00:30:00.000Z");
  EXPECT_EQ(next("0 1 30 12 *", "Pacific/Apia", "2011-12-29T12:00:00Z"),
            "2011-12-30T10:00:00.000Z");  // the whole day was skipped
}

TEST(Cron, DoesNotFireAgainWhenAskedWithinTheRepeatedHour) {
  EXPECT_EQ(next("45 1 * * *", "Europe/London", "2024-10-27T01:30:00Z"), "2024-10-28T01:45:00.000Z");
  EXPECT_EQ(next("0-59 1 * * *", "Europe/London", "2024-10-27T01:00:00Z"), "2024-10-28T01:00:00.000Z");
  EXPECT_EQ(previous("45 1 * * *", "Europe/London", "2024-10-27T01:10:00Z"), "2024-10-27T00:45:00.000Z");
}

TEST(Cron, SaysNeverWhereNoDateMatches) {
  EXPECT_EQ(next("0 0 30 2 *", "America/New_York", "2026-01-01T00:00:00Z"), "never");
  EXPECT_EQ(previous("0 0 30 2 *", "America/New_York", "2026-01-01T00:00:00Z"), "never");
  EXPECT_EQ(next("* * 31 4,6 *", "America/New_York", "2026-01-01T00:00:00Z"), "never");
  EXPECT_EQ(previous("* * 31 4,6 *", "America/New_York", "2026-01-01T00:00:00Z"), "never");
  EXPECT_EQ(next("0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z"), "2104-02-29T00:00:00.000Z");
  EXPECT_EQ(shown(schedule_of("* * * * *").next(WallTime::max())), "never");
  EXPECT_EQ(shown(schedule_of("* * * * *").previous(WallTime::min())), "never");
}

TEST(Cron, TakesSundayAsTheEndOfARange) {
  EXPECT_EQ(next("0 0 * * FRI-SUN", "UTC", "2026-11-21T12:00:00Z"), "2026-11-22T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * sun", "UTC", "2026-11-22T12:00:00Z"), "2026-11-29T00:00:00.000Z");
}

TEST(Cron, IsAValue) {
  auto schedule = schedule_of("0 2 * * *");
  const auto copy = schedule;
  schedule = schedule_of("0 3 * * *");
  EXPECT_EQ(shown(copy.next(time_of("2026-01-01T00:00:00Z"))), "2026-01-01T02:00:00.000Z");
  EXPECT_EQ(shown(schedule.next(time_of("2026-01-01T00:00:00Z"))), "2026-01-01T03:00:00.000Z");
}

struct BadCron {
  const char* expression;
  int column;
  const char* message;
};

class CronErrors : public ::testing::TestWithParam<BadCron> {};

TEST_P(CronErrors, SayWhatAndWhere) {
  const auto schedule = CronSchedule::parse(GetParam().expression, "UTC");
  ASSERT_FALSE(schedule);
  EXPECT_THAT(schedule.error().message, HasSubstr(GetParam().message));
  EXPECT_EQ(schedule.error().column, GetParam().column) << schedule.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Cases, CronErrors,
    ::testing::Values(BadCron{"", 1, "five fields"}, BadCron{"* * * *", 8, "found 4"},
                      BadCron{"* * * * * * *", 13, "found 7"},
                      BadCron{"60 * * * *", 1, "minute \"60\": out of range, expected a number from 0 to 59"},
                      BadCron{"0 24 * * *", 3, "hour \"24\""}, BadCron{"0 0 0 * *", 5, "day of month \"0\""},
                      BadCron{"0 0 1,32 * *", 7, "day of month \"32\""},
                      BadCron{"0 0 * 13 *", 7, "a name from JAN to DEC"},
                      BadCron{"0 0 * JNA *", 7, "did you mean JAN?"}, BadCron{"0 0 * * 8", 9, "day of week"},
                      BadCron{"60 0 0 * * *", 1, "second \"60\""}, BadCron{"5-1 * * * *", 1, "ends before it starts"},
                      BadCron{"*/0 * * * *", 3, "a step is a number from 1 on"}, BadCron{"*/ * * * *", 3, "a step"},
                      BadCron{"1, * * * *", 3, "a value is missing"}, BadCron{"1- * * * *", 3, "a value is missing"},
                      BadCron{"a * * * *", 1, "expected a number"}, BadCron{"0 0 * * MON#6", 13, "from 1 to 5"},
                      BadCron{"0 0 * * XL", 9, "day of week \"X\""}, BadCron{"0 0 L/2 * *", 5, "day of month \"L\""},
                      BadCron{"0 0 ? * *", 5, "day of month \"?\""}, BadCron{"-1 * * * *", 1, "a value is missing"},
                      BadCron{"99999999999 * * * *", 1, "minute"}, BadCron{"@reboot", 1, "times only"},
                      BadCron{"@dayly", 1, "did you mean @daily?"}, BadCron{"@soon", 1, "one of @hourly"}));

TEST(Cron, WhatNeverComesIsAnErrorInWhatPeopleWrite) {
  const auto column = [](std::string_view expression) {
    const auto parsed = CronSchedule::parse_new(expression, "UTC");
    return parsed ? 0 : parsed.error().column;
  };
  EXPECT_EQ(column("0 0 30 2 *"), 5);
  EXPECT_EQ(column("  0 0  31 4,6,9,11 *"), 8);
  EXPECT_EQ(column("0 0 0 30 FEB */2"), 7);
  EXPECT_EQ(column("0 0 */31 * MON#2"), 5) << "the first of a month is in its first week";
  EXPECT_EQ(column("* 0 29-30 2 *"), 0) << "in leap years";
  EXPECT_EQ(column("0 0 29 2 */7"), 0) << "on a Sunday: every 28 years, and once not for 40";
  EXPECT_EQ(column("0 0 30 2 FRI"), 0) << "either is enough";
  EXPECT_EQ(column("0 0 LW 2 *"), 0);
  EXPECT_EQ(column("@yearly"), 0);
  EXPECT_EQ(column("0 0 30 13 *"), 8) << "an error like those of parse()";
}

TEST(Timezones, AreNamedByTheSystem) {
  for (const auto* name : {"UTC", "Europe/London", "Australia/Lord_Howe", "Etc/GMT+5"})
    EXPECT_TRUE(is_timezone(name)) << name;
  for (const auto* name : {"", "London", "europe/london", "Europe/Londn", "../etc/passwd"})
    EXPECT_FALSE(is_timezone(name)) << name;
  EXPECT_EQ(nearest_timezone("Europe/Londn"), "Europe/London");
  EXPECT_EQ(nearest_timezone("europe/london"), "Europe/London");
  EXPECT_EQ(nearest_timezone("New York"), "America/New_York");
}

TEST(Timezones, WrongOnesAreErrorsWithTheNearest) {
  const auto schedule = CronSchedule::parse("0 2 * * *", "Europe/Lundon");
  ASSERT_FALSE(schedule);
  EXPECT_EQ(schedule.error().column, 0);
  EXPECT_EQ(schedule.error().message, "unknown time zone \"Europe/Lundon\"; did you mean \"Europe/London\"?");
}

}  // namespace
}  // namespace assetd
