#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

TEST(TimeText, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(format_time(WallTime(Millis(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time(WallTime(Millis(-1))), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_time(WallTime(Millis(1'795'312'800'007))), "2026-11-22T02:00:00.007Z");
}

TEST(TimeText, ReadsOffsetsAndFractions) {
  const auto expected = *parse_time("2026-11-22T02:00:00.120Z");
  for (const auto* text : {"2026-11-22t02:00:00.12z", "2026-11-22 02:00:00.1209999Z", "2026-11-22T03:30:00.120+01:30",
                           "2026-11-21T21:00:00.12-05:00"})
    EXPECT_EQ(parse_time(text), expected) << text;
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const auto* text :
       {"", "2026-11-22", "2026-11-22T02:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
        "2026-1-1T00:00:00Z", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "x026-01-01T00:00:00Z"})
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
}

TEST(Durations, AreNumbersWithUnitsInDescendingOrder) {
  EXPECT_EQ(parse_duration("500ms"), Millis(500));
  EXPECT_EQ(parse_duration("30s"), Millis(30'000));
  EXPECT_EQ(parse_duration("10m"), Millis(600'000));
  EXPECT_EQ(parse_duration("24h"), Millis(86'400'000));
  EXPECT_EQ(parse_duration("7d"), Millis(604'800'000));
  EXPECT_EQ(parse_duration("1h30m"), Millis(5'400'000));
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), Millis(93'784'005));
  EXPECT_EQ(parse_duration("0s"), Millis(0));
  for (const auto* text : {"", "5", "s", "-5s", "+5s", "1.5h", "1h 30m", "30m1h", "1m1m", "5w", "5S", "1h30",
                           "99999999999999999999s", "200000000000d"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Durations, AreWrittenShort) {
  EXPECT_EQ(format_duration(Millis(0)), "0s");
  EXPECT_EQ(format_duration(Millis(90'000)), "1m30s");
  EXPECT_EQ(format_duration(Millis(86'400'000)), "1d");
  EXPECT_EQ(format_duration(Millis(1'001)), "1001ms");
  EXPECT_EQ(format_duration(Millis(-1'500)), "-1500ms");
  EXPECT_EQ(format_duration(Millis(61'500)), "1m1s500ms");
}

TEST(SpokenDuration, HasTheTwoGreatestUnitsAtMost) {
  using namespace std::chrono_literals;
  EXPECT_EQ(spoken_duration(999ms), "0 s");
  EXPECT_EQ(spoken_duration(40s), "40 s");
  EXPECT_EQ(spoken_duration(90s), "1 min 30 s");
  EXPECT_EQ(spoken_duration(12min + 59s), "12 min");
  EXPECT_EQ(spoken_duration(2h + 59s), "2 h");
  EXPECT_EQ(spoken_duration(2h + 5min + 9s), "2 h 5 min");
  EXPECT_EQ(spoken_duration(76h + 5min), "3 d 4 h");
}

TEST(TimeText, ReadsBackWhatItWrites) {
  EXPECT_TRUE(rc::check([] {
    const auto millis = *rc::gen::inRange<std::int64_t>(-62'135'596'800'000, 253'402'300'800'000);  // years 1 to 9999
    RC_ASSERT(parse_time(format_time(WallTime(Millis(millis)))) == WallTime(Millis(millis)));
    const Millis duration(*rc::gen::inRange<std::int64_t>(0, INT64_MAX));
    RC_ASSERT(parse_duration(format_duration(duration)) == duration);
  }));
}

}  // namespace
}  // namespace assetd
