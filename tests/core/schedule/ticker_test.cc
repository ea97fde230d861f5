#include "core/schedule/ticker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

WallTime at(std::string_view text) { return parse_time("2026-11-22T" + std::string(text) + ":00Z").value(); }

ScheduleSpec hourly(Misfire misfire = Misfire::once) {
  ScheduleSpec spec;
  spec.name = "hourly";
  spec.cron = "0 * * * *";
  spec.timezone = "UTC";
  spec.misfire = misfire;
  return spec;
}

/// "HH:MM run" or "HH:MM -" for ticks that are only recorded.
std::vector<std::string> told(const std::vector<DueTick>& ticks) {
  std::vector<std::string> out;
  for (const auto& tick : ticks) out.push_back(format_time(tick.instant).substr(11, 5) + (tick.run ? " run" : " -"));
  return out;
}

/// A store of what had its tick, as the daemon keeps one across restarts.
struct Kept {
  std::set<std::pair<std::string, WallTime>> ticks;
  std::size_t asked = 0;
  std::vector<DueTick> due(Ticker& ticker, WallTime now) {
    auto found = ticker.due(now, [&](const std::string& schedule, WallTime instant) { return ++asked, ticks.contains({schedule, instant}); });
    for (const auto& tick : found) ticks.emplace(tick.schedule, tick.instant);
    return found;
  }
};

std::vector<DueTick> due(Ticker& ticker, WallTime now) {
  return ticker.due(now, [](const std::string&, WallTime) { return false; });
}

Ticker ticking(ScheduleSpec spec, WallTime now) {
  Ticker ticker;
  ticker.define({std::move(spec)}, {}, now);
  return ticker;
}

TEST(Ticker, EachInstantIsDueOnceAndNotBeforeItsTime) {
  auto ticker = ticking(hourly(), at("10:30"));
  EXPECT_EQ(ticker.next_instant(), at("11:00"));
  EXPECT_THAT(due(ticker, at("10:59")), IsEmpty());
  EXPECT_THAT(told(due(ticker, at("11:00"))), ElementsAre("11:00 run"));
  EXPECT_THAT(due(ticker, at("11:00")), IsEmpty());
  EXPECT_EQ(ticker.next_instant(), at("12:00"));
}

TEST(Ticker, OnceRunsTheLastOfWhatWasMissedAndRecordsTheRest) {
  auto ticker = ticking(hourly(Misfire::once), at("10:30"));
  const auto ticks = due(ticker, at("13:30"));
  EXPECT_THAT(told(ticks), ElementsAre("12:00 -", "13:00 run"));
  EXPECT_EQ(ticks[0].reason, "2 ticks: one run stands for all missed ticks");
}

TEST(Ticker, SkipRunsNothingThatIsLateByMoreThanAMinute) {
  auto ticker = ticking(hourly(Misfire::skip), at("10:30"));
  EXPECT_THAT(told(due(ticker, at("13:30"))), ElementsAre("13:00 -"));
  EXPECT_THAT(told(due(ticker, at("14:00") + 60s)), ElementsAre("14:00 run"));
  EXPECT_THAT(told(due(ticker, at("15:00") + 61s)), ElementsAre("15:00 -"));
}

TEST(Ticker, AllRunsWhatWasMissedUpToAHundred) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  EXPECT_THAT(told(due(ticker, at("13:30"))), ElementsAre("11:00 run", "12:00 run", "13:00 run"));
  const auto later = due(ticker, at("13:30") + 240h);
  ASSERT_THAT(later, SizeIs(101));
  EXPECT_FALSE(later.front().run);
  EXPECT_EQ(later.front().reason, "140 ticks: more than 100 ticks were missed");
  EXPECT_TRUE(later[1].run);
  EXPECT_EQ(later.back().instant, at("13:00") + 240h);
}

TEST(Ticker, OfWhatIsNotRunOnlyTheNewestIsRecorded) {
  auto ticker = ticking(hourly(Misfire::skip), at("10:30"));
  EXPECT_THAT(due(ticker, at("10:30") + 240h), SizeIs(1));
  EXPECT_EQ(*ticker.next_instant(), at("11:00") + 240h) << "nothing of it comes later";
}

TEST(Ticker, SeveralSchedulesComeInOrderOfTime) {
  auto quarter = hourly();
  quarter.name = "a_quarter_past";
  quarter.cron = "15 * * * *";
  Ticker ticker;
  ticker.define({quarter, hourly()}, {}, at("10:30"));
  std::vector<std::string> names;
  for (const auto& tick : due(ticker, at("11:30"))) names.push_back(tick.schedule);
  EXPECT_THAT(names, ElementsAre("hourly", "a_quarter_past"));
}

TEST(Ticker, WhatIsStoredGoesOnAcrossARestart) {
  SchedulePosition stored;
  stored.cursor = at("08:30");
  stored.fingerprint = Ticker::fingerprint(hourly());
  Ticker ticker;
  ticker.define({hourly(Misfire::all)}, {{"hourly", stored}}, at("10:30"));
  EXPECT_THAT(told(due(ticker, at("10:30"))), ElementsAre("09:00 run", "10:00 run"));
}

TEST(Ticker, AnEditFiresNothingThatLiesBehindIt) {
  SchedulePosition stored;
  stored.cursor = at("08:30");
  stored.fingerprint = Ticker::fingerprint(hourly());
  auto edited = hourly(Misfire::all);
  edited.cron = "15 * * * *";
  Ticker ticker;
  ticker.define({edited}, {{"hourly", stored}}, at("10:30"));
  EXPECT_THAT(due(ticker, at("10:30")), IsEmpty());
  EXPECT_EQ(ticker.next_instant(), at("11:15"));
}

TEST(Ticker, AReloadThatChangesNothingKeepsItsPlace) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  ticker.define({hourly(Misfire::all)}, {}, at("11:30"));
  EXPECT_THAT(told(due(ticker, at("11:30"))), ElementsAre("11:00 run"));
}

TEST(Ticker, AScheduleThatIsGoneIsGone) {
  auto ticker = ticking(hourly(), at("10:30"));
  ticker.define({}, {}, at("10:40"));
  EXPECT_THAT(due(ticker, at("11:30")), IsEmpty());
  EXPECT_EQ(ticker.next_instant(), std::nullopt);
}

TEST(Ticker, APauseMakesUpForNothing) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  EXPECT_TRUE(ticker.pause("hourly", true, "ann", "migration", at("10:40")));
  EXPECT_EQ(ticker.entries().at("hourly").position.paused_by, "ann");
  EXPECT_EQ(ticker.next_instant(), std::nullopt);
  EXPECT_THAT(due(ticker, at("13:30")), IsEmpty());
  EXPECT_TRUE(ticker.pause("hourly", false, "ann", "", at("13:40")));
  EXPECT_THAT(told(due(ticker, at("14:00"))), ElementsAre("14:00 run"));
  EXPECT_EQ(ticker.entries().at("hourly").position.paused_by, "");
}

TEST(Ticker, APauseOverTheApiSurvivesReloadAndRestart) {
  auto ticker = ticking(hourly(), at("10:30"));
  ticker.pause("hourly", true, "ann", "migration", at("10:40"));
  ticker.define({hourly()}, {}, at("10:50"));
  EXPECT_TRUE(ticker.entries().at("hourly").paused());
  Ticker next;
  next.define({hourly()}, {{"hourly", ticker.entries().at("hourly").position}}, at("12:30"));
  EXPECT_TRUE(next.entries().at("hourly").paused());
  EXPECT_EQ(next.entries().at("hourly").position.pause_reason, "migration");
}

TEST(Ticker, OnePausedAsDefinedMayBeResumed) {
  auto spec = hourly();
  spec.paused = true;
  auto ticker = ticking(spec, at("10:30"));
  EXPECT_THAT(due(ticker, at("11:30")), IsEmpty());
  ticker.pause("hourly", false, "ann", "", at("11:40"));
  EXPECT_THAT(told(due(ticker, at("12:00"))), ElementsAre("12:00 run"));
}

TEST(Ticker, PausingWhatNobodyDefinesSaysSo) { EXPECT_FALSE(Ticker().pause("nobody", true, "ann", "", at("10:30"))); }

TEST(Ticker, AClockSetBackByMoreThanAMinuteRepeatsNoInstant) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  Kept kept;
  EXPECT_THAT(told(kept.due(ticker, at("12:30"))), ElementsAre("11:00 run", "12:00 run"));
  EXPECT_THAT(kept.due(ticker, at("10:45")), IsEmpty());
  EXPECT_THAT(kept.due(ticker, at("12:00")), IsEmpty());
  EXPECT_THAT(told(kept.due(ticker, at("13:00"))), ElementsAre("13:00 run")) << "11:00 and 12:00 have had theirs";
}

TEST(Ticker, AClockSetBackBetweenTwoDaemonsRepeatsNoInstantAndStopsNoSchedule) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  Kept kept;
  kept.due(ticker, at("12:30"));
  Ticker next;
  next.define({hourly(Misfire::all)}, {{"hourly", ticker.entries().at("hourly").position}}, at("09:30"));
  EXPECT_EQ(next.next_instant(), at("10:00")) << "not only after 12:30 again";
  EXPECT_THAT(told(kept.due(next, at("10:00"))), ElementsAre("10:00 run"));
  EXPECT_THAT(kept.due(next, at("11:00")), IsEmpty());
  EXPECT_THAT(told(kept.due(next, at("13:00"))), ElementsAre("13:00 run"));
}

TEST(Ticker, WhatHadItsTickIsNotMissed) {
  auto ticker = ticking(hourly(Misfire::once), at("10:30"));
  Kept kept;
  kept.ticks = {{"hourly", at("11:00")}, {"hourly", at("13:00")}};
  EXPECT_THAT(told(kept.due(ticker, at("13:30"))), ElementsAre("12:00 run"));
}

// A minutely schedule and a daemon that was off for a year: half a million instants.
TEST(Ticker, ALongStopIsCheap) {
  for (const auto misfire : {Misfire::once, Misfire::skip, Misfire::all}) {
    auto minutely = hourly(misfire);
    minutely.cron = "* * * * *";
    SchedulePosition stored{at("10:30") - 365 * 24h, Ticker::fingerprint(minutely), std::nullopt, "", ""};
    Ticker ticker;
    ticker.define({minutely}, {{"hourly", stored}}, at("10:30"));
    Kept kept;
    const auto ticks = kept.due(ticker, at("10:30"));
    EXPECT_LE(kept.asked, 1'000u);
    EXPECT_THAT(ticks, SizeIs(misfire == Misfire::once ? 2 : misfire == Misfire::all ? 101 : 3));
    EXPECT_FALSE(ticks.front().run);
    EXPECT_EQ(ticks.front().reason.substr(0, 10), "more than ") << ticks.front().reason;
    EXPECT_EQ(ticks.back().instant, at("10:30"));
    EXPECT_TRUE(ticks.back().run);
    EXPECT_EQ(ticker.next_instant(), at("10:31"));
  }
}

TEST(Ticker, AClockSetBackAcrossWhatNeverRanRunsItThen) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  due(ticker, at("10:59"));
  EXPECT_THAT(due(ticker, at("08:30")), IsEmpty());
  EXPECT_EQ(ticker.next_instant(), at("09:00")) << "the schedule follows the clock";
}

TEST(Ticker, ASmallStepBackIsWaitedOut) {
  auto ticker = ticking(hourly(), at("10:30"));
  due(ticker, at("11:00") + 10s);
  EXPECT_THAT(due(ticker, at("10:59") + 40s), IsEmpty());
  EXPECT_EQ(ticker.next_instant(), at("12:00"));
}

TEST(Ticker, ManyAtOnceComeInPortionsAndEachOnce) {
  std::vector<ScheduleSpec> specs(10, hourly());
  for (std::size_t i = 0; i < specs.size(); ++i) specs[i].name = "s" + std::to_string(i);
  Ticker ticker;
  ticker.define(specs, {}, at("10:30"));
  std::multiset<std::string> names;
  for (const std::size_t expected : {4u, 4u, 2u, 0u}) {
    const auto portion = ticker.due(at("11:00"), [](const std::string&, WallTime) { return false; }, 4);
    EXPECT_THAT(portion, SizeIs(expected));
    for (const auto& tick : portion) names.insert(tick.schedule);
    EXPECT_EQ(ticker.next_instant() == at("11:00"), names.size() < specs.size());
  }
  EXPECT_EQ(names.size(), specs.size());
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), specs.size());
}

}  // namespace
}  // namespace assetd
