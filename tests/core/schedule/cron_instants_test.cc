#include "core/schedule/cron_instants.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace assetd {
namespace {

using namespace std::chrono;

std::string text(sys_seconds time) { return format_time(time).substr(0, 16); }

CronInstants instants(const char* expression, const char* zone, int year = 2026) { return CronInstants::make(expression, zone, year).value(); }

TEST(CronInstants, AreNumberedInOrder) {
  const auto days = instants("0 6 * * 1-5", "UTC");
  const auto first = days.last_by(sys_days(2026y / 1 / 5)) + 1;
  EXPECT_EQ(text(days.at(first)), "2026-01-05T06:00");
  EXPECT_EQ(text(days.at(first + 5)), "2026-01-12T06:00");
  EXPECT_EQ(text(days.at(first - 1)), "2026-01-02T06:00");
  EXPECT_EQ(days.last_by(sys_days(2026y / 1 / 5) + 6h), first);
  EXPECT_EQ(days.last_by(sys_days(2026y / 1 / 5) + 6h - 1s), first - 1);
}

TEST(CronInstants, BeyondWhatIsNumberedIsNothing) {
  const auto days = instants("0 6 * * *", "UTC");
  EXPECT_EQ(text(days.at(-1)), "1970-01-01T00:00");
  EXPECT_EQ(days.last_by(sys_days(1969y / 12 / 31)), -1);
  EXPECT_EQ(text(days.at(days.count())), "2126-01-01T00:00");
  EXPECT_EQ(days.last_by(sys_days(2200y / 1 / 1)), days.count() - 1);
  EXPECT_EQ(instants("0 0 30 2 *", "UTC").count(), 0);
  EXPECT_EQ(text(instants("0 6 * * *", "Europe/London", 1950).at(0)), "1950-01-01T06:00");
}

// Expressions of each rule, zones whose clocks move by an hour, half an hour, two hours, at midnight, by a day, or never.
RC_GTEST_PROP(CronInstants, AreThoseThatCronScheduleCounts, ()) {
  static constexpr std::array kExpressions{"0 6 * * 1-5",  "30 1 * * *",  "30 2 * * *",  "0 * * * *",      "*/7 * * * *",    "15,45 0-3 * * *", "* 2 * * *",
                                           "0 0 L * *",    "0 9 LW * *",  "0 12 * * 5L", "0 0 13 * 5",     "0 0 */2 * 5",    "59 23 31 * *",    "0 0 29 2 *",
                                           "*/15 1 1-7 3,10 SUN", "0 0 1 1 *", "20 0,1,2,3 * * *", "0 */2 * * *", "0 0 * * *", "5-50/15 2 * * *", "30 30 1 * * *"};
  static constexpr std::array kZones{"UTC", "Europe/London", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca", "Pacific/Apia", "Asia/Kolkata", "America/Sao_Paulo"};
  const std::string expression = kExpressions[*rc::gen::inRange<std::size_t>(0, kExpressions.size())], zone = kZones[*rc::gen::inRange<std::size_t>(0, kZones.size())];
  const auto schedule = CronSchedule::parse(expression, zone).value();
  const auto numbered = CronInstants::make(expression, zone, 2026).value();
  const auto start = sys_seconds(sys_days(year(*rc::gen::inRange(1971, 2040)) / *rc::gen::inRange(1, 13) / 1)) + seconds(*rc::gen::inRange(0, 86'400 * 28));
  auto number = numbered.last_by(start);
  WallTime time = start;
  for (int i = 0; i < 2'000; ++i) {
    const auto next = schedule.next(time);
    if (!next || *next > sys_days(2060y / 1 / 1)) break;
    const auto at = floor<seconds>(*next);
    RC_ASSERT(numbered.at(++number) == at);
    RC_ASSERT(numbered.last_by(at) == number);
    RC_ASSERT(numbered.last_by(at - 1s) == number - 1);
    time = *next;
  }
}

// Two thousand instants in sequence hardly leave a year: so also one after the other across all of them.
TEST(CronInstants, CountOfFortyYearsIsThatOfEachByItself) {
  for (const auto* zone : {"Europe/London", "Australia/Lord_Howe", "America/Havana"})
    for (const auto* expression : {"30 2 * * *", "0 */6 * * *", "0 0 13 * 5"}) {
      const auto schedule = CronSchedule::parse(expression, zone).value();
      const auto numbered = instants(expression, zone);
      auto time = WallTime(sys_days(1999y / 1 / 1));
      auto number = numbered.last_by(sys_days(1999y / 1 / 1));
      for (auto next = schedule.next(time); *next < sys_days(2039y / 1 / 1); next = schedule.next(*next)) ASSERT_EQ(numbered.at(++number), floor<seconds>(*next)) << zone << " " << expression;
    }
}

}  // namespace
}  // namespace assetd
