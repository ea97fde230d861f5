#include "core/partition/time_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/cron.h"
#include "tests/core/partition/windows.h"

namespace assetd::testing {
namespace {

using ::testing::StartsWith;

TEST(TimeWindows, DaysBeginAtTheirStartAndAtTheNextBoundary) {
  const auto days = windows_of({.start = "2026-01-01"});
  EXPECT_EQ(text(days, 0), "2026-01-01 2026-01-01T00:00 2026-01-02T00:00");
  EXPECT_EQ(text(days, 365), "2027-01-01 2027-01-01T00:00 2027-01-02T00:00");
  EXPECT_EQ(windows_of({.start = "2026-01-01T00:30"}).key(0), "2026-01-02");
}

TEST(TimeWindows, ADayIsAsLongAsTheClockSays) {
  const auto london = windows_of({.start = "2026-03-28", .timezone = "Europe/London"});
  EXPECT_EQ(text(london, 0), "2026-03-28 2026-03-28T00:00 2026-03-29T00:00");
  EXPECT_EQ(text(london, 1), "2026-03-29 2026-03-29T00:00 2026-03-29T23:00") << "23 hours";
  EXPECT_EQ(text(london, 2), "2026-03-30 2026-03-29T23:00 2026-03-30T23:00");
}

TEST(TimeWindows, ADayWhoseMidnightIsSkippedBeginsWhenTheClockGoesOn) {
  const auto havana = windows_of({.start = "2026-03-08", .timezone = "America/Havana"});  // 00:00 → 01:00
  EXPECT_EQ(text(havana, 0), "2026-03-08 2026-03-08T05:00 2026-03-09T04:00");
}

TEST(TimeWindows, HoursAreRealAndTheSecondOfTwoEqualOnesSaysItsOffset) {
  const auto hours = windows_of({.grain = Grain::hourly, .start = "2026-10-25", .timezone = "Europe/London"});
  EXPECT_EQ(text(hours, 1), "2026-10-25-01:00 2026-10-25T00:00 2026-10-25T01:00");
  EXPECT_EQ(text(hours, 2), "2026-10-25-01:00+00:00 2026-10-25T01:00 2026-10-25T02:00");
  EXPECT_EQ(text(hours, 3), "2026-10-25-02:00 2026-10-25T02:00 2026-10-25T03:00");
  EXPECT_EQ(hours.index("2026-10-25-01:00+00:00"), 2);
  EXPECT_EQ(hours.index("2026-10-25-01:00"), 1);
  EXPECT_FALSE(hours.index("2026-10-25-02:00+00:00")) << "there is one such hour";
}

TEST(TimeWindows, HoursBeginAtTheirMinuteAlsoAfterClocksWereSetByHalfOfOne) {
  const auto hours = windows_of({.grain = Grain::hourly, .start = "2026-04-04", .end = "2026-04-12", .timezone = "Australia/Lord_Howe"});  // 2026-04-05 02:00 → 01:30
  EXPECT_EQ(text(hours, 24), "2026-04-05-00:00 2026-04-04T13:00 2026-04-04T14:00");
  EXPECT_EQ(text(hours, 25), "2026-04-05-01:00 2026-04-04T14:00 2026-04-04T15:30") << "an hour and a half";
  EXPECT_EQ(text(hours, 26), "2026-04-05-02:00 2026-04-04T15:30 2026-04-04T16:30");
  EXPECT_EQ(hours.count(), 8 * 24);
  EXPECT_EQ(hours.window(8 * 24 - 1).end, utc("2026-04-11T13:30")) << "midnight of the 12th";
  EXPECT_EQ(windows_of({.grain = Grain::hourly, .start = "2026-04-06", .timezone = "Australia/Lord_Howe"}).key(1), "2026-04-06-01:00");
  const auto spring = windows_of({.grain = Grain::hourly, .start = "2026-10-04", .timezone = "Australia/Lord_Howe"});  // 02:00 → 02:30
  EXPECT_EQ(text(spring, 1), "2026-10-04-01:00 2026-10-03T14:30 2026-10-03T16:00") << "02:00 is not shown";
  EXPECT_EQ(text(spring, 2), "2026-10-04-03:00 2026-10-03T16:00 2026-10-03T17:00");
  EXPECT_EQ(windows_of({.grain = Grain::hourly, .start = "2026-10-04T02:00", .timezone = "Australia/Lord_Howe"}).key(0), "2026-10-04-03:00");
  const auto late = windows_of({.grain = Grain::hourly, .start = "2026-04-04T23:45", .timezone = "Australia/Lord_Howe", .minute_offset = 45});
  EXPECT_EQ(text(late, 2), "2026-04-05-01:45 2026-04-04T14:45 2026-04-04T15:15");
  EXPECT_EQ(text(late, 3), "2026-04-05-01:45+10:30 2026-04-04T15:15 2026-04-04T16:15") << "shown a second time";
  EXPECT_EQ(late.index("2026-04-05-01:45+10:30"), 3);
}

/// Minute by minute around the days on which clocks are set.
TEST(TimeWindows, HoursAreWhereTheClockShowsTheirMinute) {
  const auto zone = Zone::find("Australia/Lord_Howe").value();
  for (const int offset : {0, 20, 45})
    for (const auto* day : {"2026-04-04T00:00", "2026-10-03T00:00"}) {
      const auto hours = windows_of({.grain = Grain::hourly, .start = "2026-01-01", .timezone = "Australia/Lord_Howe", .minute_offset = offset});
      const auto start = std::chrono::floor<std::chrono::seconds>(utc(day));
      auto index = hours.at(start).value();
      for (auto at = start + std::chrono::minutes(1); at < start + std::chrono::days(2); at += std::chrono::minutes(1)) {
        const auto local = zone.stretch(at).to_local(at);
        const bool begins = local - std::chrono::floor<std::chrono::hours>(local) == std::chrono::minutes(offset);
        if (begins) ++index;
        ASSERT_EQ(hours.at(at), index) << format_time(at);
        if (!begins) continue;
        ASSERT_EQ(hours.window(index).begin, at);
        ASSERT_EQ(hours.index(hours.key(index)), index);
      }
    }
}

TEST(TimeWindows, WeeksBeginOnTheirDayAndMonthsOnTheirs) {
  EXPECT_EQ(text(windows_of({.grain = Grain::weekly, .start = "2026-01-01"}), 0), "2026-01-04 2026-01-04T00:00 2026-01-11T00:00") << "a Sunday";
  EXPECT_EQ(windows_of({.grain = Grain::weekly, .start = "2026-01-01", .day_offset = 1}).key(0), "2026-01-05");
  EXPECT_EQ(text(windows_of({.grain = Grain::monthly, .start = "2026-01"}), 1), "2026-02-01 2026-02-01T00:00 2026-03-01T00:00");
  EXPECT_EQ(windows_of({.grain = Grain::monthly, .start = "2026-01-10", .day_offset = 5}).key(0), "2026-02-05");
}

TEST(TimeWindows, OffsetsMoveTheBoundary) {
  const auto days = windows_of({.start = "2026-01-01", .minute_offset = 30, .hour_offset = 6});
  EXPECT_EQ(text(days, 0), "2026-01-01 2026-01-01T06:30 2026-01-02T06:30");
  EXPECT_EQ(days.at(utc("2026-01-02T06:29")), 0);
  EXPECT_EQ(windows_of({.grain = Grain::hourly, .start = "2026-01-01", .minute_offset = 15}).key(0), "2026-01-01-00:15");
}

TEST(TimeWindows, OnlyWhatHasEndedCanBeFilled) {
  const auto days = windows_of({.start = "2026-01-01", .end = "2026-01-04"});
  EXPECT_EQ(days.count(), 3);
  EXPECT_EQ(days.ended_by(utc("2025-06-01T00:00")), 0);
  EXPECT_EQ(days.ended_by(utc("2026-01-01T23:59")), 0);
  EXPECT_EQ(days.ended_by(utc("2026-01-02T00:00")), 1);
  EXPECT_EQ(days.ended_by(utc("2030-01-01T00:00")), 3);
  EXPECT_FALSE(days.at(utc("2026-01-04T00:00")));
  EXPECT_FALSE(days.at(utc("2025-12-31T23:59")));
}

TEST(TimeWindows, AKeyOfNoWindowIsNone) {
  const auto days = windows_of({.start = "2026-01-01", .end = "2026-01-04"});
  for (const auto* key : {"2025-12-31", "2026-01-04", "2026-01-01-00:00", "2026-13-01", "2026-02-30", "2026-1-1", "", "x", "2026-01-01 "}) EXPECT_FALSE(days.index(key)) << key;
  EXPECT_FALSE(windows_of({.grain = Grain::weekly, .start = "2026-01-01"}).index("2026-01-05"));
}

TEST(TimeWindows, WhatIsWrongIsNamed) {
  const auto error = [](TimeWindowsSpec spec) { const auto made = TimeWindows::make(spec);
    return made ? std::string() : made.error(); };
  EXPECT_THAT(error({.start = "yesterday"}), StartsWith("start: \"yesterday\" is no local time"));
  EXPECT_THAT(error({.start = "2026-01-01", .end = "2026-02-30"}), StartsWith("end: "));
  EXPECT_THAT(error({.start = "2026-01-01", .timezone = "Europe/Londn"}), ::testing::HasSubstr("did you mean \"Europe/London\""));
  EXPECT_THAT(error({.start = "2026-01-01", .minute_offset = 60}), StartsWith("minute_offset"));
  EXPECT_THAT(error({.start = "2026-01-01", .day_offset = 1}), StartsWith("day_offset"));
  EXPECT_THAT(error({.grain = Grain::hourly, .start = "2026-01-01", .hour_offset = 1}), StartsWith("hour_offset"));
}

struct Zoned {
  const char* zone;
  Grain grain;
};
class EveryWindow : public ::testing::TestWithParam<Zoned> {};

// Zones that skip midnight, move by half an hour, have skipped a day (Apia) or have none of it.
TEST_P(EveryWindow, FollowsTheOneBeforeAndIsFoundByItsKeyAndItsMoments) {
  const auto all = windows_of({.grain = GetParam().grain, .start = "2010-12-30", .timezone = GetParam().zone});
  const auto last = all.ended_by(utc("2013-01-01T00:00"));
  ASSERT_GT(last, 20);
  for (PartitionIndex i = 0; i < last; ++i) {
    const auto [begin, end] = all.window(i);
    if (begin == end) continue;  // a day that a zone never had
    ASSERT_LT(begin, end) << all.key(i);
    ASSERT_EQ(all.window(i + 1).begin, end);
    ASSERT_EQ(all.at(begin), i) << all.key(i);
    ASSERT_EQ(all.at(end - Millis(1)), i) << all.key(i);
    ASSERT_EQ(all.index(all.key(i)), i) << all.key(i);
    const bool next_never_was = all.window(i + 1).end == end;
    ASSERT_EQ(all.ended_by(end), next_never_was ? i + 2 : i + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, EveryWindow,
                         ::testing::Values(Zoned{"UTC", Grain::hourly}, Zoned{"Europe/London", Grain::hourly}, Zoned{"Australia/Lord_Howe", Grain::hourly},
                                           Zoned{"America/Havana", Grain::daily}, Zoned{"Pacific/Apia", Grain::daily}, Zoned{"Asia/Kathmandu", Grain::weekly},
                                           Zoned{"America/Sao_Paulo", Grain::weekly}, Zoned{"Africa/Cairo", Grain::monthly}));

}  // namespace
}  // namespace assetd::testing
