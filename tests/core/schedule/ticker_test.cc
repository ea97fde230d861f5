#include "core/schedule/ticker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
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
  EXPECT_EQ(ticker.next_moment(), at("11:00"));
  EXPECT_THAT(due(ticker, at("10:59")), IsEmpty());
  EXPECT_THAT(told(due(ticker, at("11:00"))), ElementsAre("11:00 run"));
  EXPECT_THAT(due(ticker, at("11:00")), IsEmpty());
  EXPECT_EQ(ticker.next_moment(), at("12:00"));
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
  EXPECT_EQ(*ticker.next_moment(), at("11:00") + 240h) << "nothing of it comes later";
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
  EXPECT_EQ(ticker.next_moment(), at("11:15"));
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
  EXPECT_EQ(ticker.next_moment(), std::nullopt);
}

TEST(Ticker, APauseMakesUpForNothing) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  EXPECT_TRUE(ticker.pause("hourly", true, "ann", "migration", at("10:40")));
  EXPECT_EQ(ticker.entries().at("hourly").position.paused_by, "ann");
  EXPECT_EQ(ticker.next_moment(), std::nullopt);
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

TEST(Ticker, WhatFellIntoAPauseByDefinitionIsNotMadeUpFor) {
  auto spec = hourly(Misfire::all);
  spec.paused = true;
  auto ticker = ticking(spec, at("10:30"));
  EXPECT_THAT(due(ticker, at("13:10")), IsEmpty());
  ticker.define({hourly(Misfire::all)}, {}, at("13:30"));
  EXPECT_THAT(due(ticker, at("13:30")), IsEmpty());
  EXPECT_THAT(told(due(ticker, at("14:00"))), ElementsAre("14:00 run"));
}

TEST(Ticker, WhatFellIntoTheTimeWithoutItIsNotMadeUpFor) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  const std::map<std::string, SchedulePosition> stored{{"hourly", ticker.entries().at("hourly").position}};
  ticker.define({}, stored, at("10:40"));
  ticker.define({hourly(Misfire::all)}, stored, at("13:30"));
  EXPECT_THAT(due(ticker, at("13:30")), IsEmpty());
  EXPECT_THAT(told(due(ticker, at("14:00"))), ElementsAre("14:00 run"));
  Ticker restarted;
  restarted.define({hourly(Misfire::all)}, stored, at("12:30"));
  EXPECT_THAT(told(due(restarted, at("12:30"))), ElementsAre("11:00 run", "12:00 run")) << "a stop of the daemon is made up for";
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
  EXPECT_EQ(next.next_moment(), at("10:00")) << "not only after 12:30 again";
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
    EXPECT_EQ(ticker.next_moment(), at("10:31"));
  }
}

TEST(Ticker, AClockSetBackAcrossWhatNeverRanRunsItThen) {
  auto ticker = ticking(hourly(Misfire::all), at("10:30"));
  due(ticker, at("10:59"));
  EXPECT_THAT(due(ticker, at("08:30")), IsEmpty());
  EXPECT_EQ(ticker.next_moment(), at("09:00")) << "the schedule follows the clock";
}

TEST(Ticker, ASmallStepBackIsWaitedOut) {
  auto ticker = ticking(hourly(), at("10:30"));
  due(ticker, at("11:00") + 10s);
  EXPECT_THAT(due(ticker, at("10:59") + 40s), IsEmpty());
  EXPECT_EQ(ticker.next_moment(), at("12:00"));
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
    EXPECT_EQ(ticker.next_moment() == at("11:00"), names.size() < specs.size());
  }
  EXPECT_EQ(names.size(), specs.size());
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), specs.size());
}

// ---- Jitter

ScheduleSpec jittered(Millis jitter, Misfire misfire = Misfire::once) {
  auto spec = hourly(misfire);
  spec.jitter = jitter;
  return spec;
}

SchedulePosition position_of(const Ticker& ticker) { return ticker.entries().at("hourly").position; }
WallTime moment(const ScheduleSpec& spec, WallTime instant) { return ticking(spec, instant - 1s).entries().at(spec.name).moment_of(instant); }

TEST(TickerJitter, ATickKeepsItsInstantAndIsDueAtItsMoment) {
  auto ticker = ticking(jittered(10min), at("10:30"));
  const auto due_at = *ticker.next_moment();
  EXPECT_GT(due_at, at("11:00"));
  EXPECT_LT(due_at, at("11:10"));
  EXPECT_THAT(due(ticker, due_at - 1ms), IsEmpty());
  const auto ticks = due(ticker, due_at);
  EXPECT_THAT(told(ticks), ElementsAre("11:00 run"));
  EXPECT_EQ(ticks[0].moment, due_at);
  EXPECT_THAT(due(ticker, at("11:59")), IsEmpty());
}

// Written down: delays that another version computes otherwise would move everybody's ticks.
TEST(TickerJitter, TheDelayFollowsFromNameAndInstantForEver) {
  EXPECT_EQ(moment(jittered(10min), at("11:00")) - at("11:00"), Millis(271'098));
  EXPECT_EQ(moment(jittered(10min), at("12:00")) - at("12:00"), Millis(249'781));
  auto other = jittered(10min);
  other.name = "other";
  EXPECT_EQ(moment(other, at("11:00")) - at("11:00"), Millis(141'327));
}

TEST(TickerJitter, DelaysAreSpreadOverTheWholeOfIt) {
  std::vector<int> tenths(10);
  for (int i = 0; i < 1'000; ++i) {
    auto spec = jittered(10min);
    spec.name = "s" + std::to_string(i);
    const auto delay = moment(spec, at("11:00")) - at("11:00");
    ASSERT_GE(delay, 0ms);
    ASSERT_LT(delay, 10min);
    ++tenths[static_cast<std::size_t>(delay / 1min)];
  }
  for (const auto count : tenths) EXPECT_NEAR(count, 100, 40);
}

TEST(TickerJitter, ALargerOneThanTheGapKeepsTheOrder) {
  auto ticker = ticking(jittered(24h, Misfire::all), at("10:30"));
  for (auto instant = at("11:00"); instant < at("11:00") + 100h; instant += 1h) {
    EXPECT_GE(*ticker.next_moment(), instant);
    EXPECT_LE(*ticker.next_moment(), instant + 1h) << "not after the next instant";
    const auto ticks = due(ticker, *ticker.next_moment());
    ASSERT_THAT(ticks, SizeIs(1));
    EXPECT_EQ(ticks[0].instant, instant);
  }
}

TEST(TickerJitter, LateIsWhatIsLateForItsMoment) {
  const auto spec = jittered(50min, Misfire::skip);
  ASSERT_GT(moment(spec, at("11:00")), at("11:02"));
  auto ticker = ticking(spec, at("10:30"));
  EXPECT_THAT(told(due(ticker, moment(spec, at("11:00")) + 60s)), ElementsAre("11:00 run"));
  EXPECT_THAT(told(due(ticker, moment(spec, at("12:00")) + 61s)), ElementsAre("12:00 -"));
}

TEST(TickerJitter, WhatWaitsForItsMomentIsKeptAcrossARestartAndComesOnce) {
  const auto spec = jittered(50min, Misfire::all);
  auto ticker = ticking(spec, at("09:30"));
  EXPECT_THAT(told(due(ticker, moment(spec, at("11:00")) - 1ms)), ElementsAre("10:00 run"));
  Ticker next;
  next.define({spec}, {{"hourly", position_of(ticker)}}, moment(spec, at("11:00")) - 1ms);
  EXPECT_THAT(due(next, moment(spec, at("11:00")) - 1ms), IsEmpty());
  EXPECT_THAT(told(due(next, moment(spec, at("11:00")))), ElementsAre("11:00 run"));
  Ticker last;
  last.define({spec}, {{"hourly", position_of(next)}}, at("11:59"));
  EXPECT_THAT(due(last, at("11:59")), IsEmpty());
}

TEST(TickerJitter, APauseHoldsWhatWasDueInItAndNothingElse) {
  const auto spec = jittered(50min, Misfire::all);
  const auto due_at = moment(spec, at("11:00"));
  auto ticker = ticking(spec, at("10:30"));
  ticker.pause("hourly", true, "ann", "", at("10:50"));
  ticker.pause("hourly", false, "ann", "", due_at - 1ms);
  EXPECT_THAT(told(due(ticker, due_at)), ElementsAre("11:00 run"));
  const auto next_due = moment(spec, at("12:00"));
  ticker.pause("hourly", true, "ann", "", next_due - 1ms);
  ticker.pause("hourly", false, "ann", "", next_due);
  EXPECT_THAT(due(ticker, at("13:00") - 1ms), IsEmpty());
}

TEST(TickerJitter, AnEditOfTheCronKeepsWhatWaitsIfBothHaveIt) {
  const auto spec = jittered(50min);
  const auto due_at = moment(spec, at("11:00"));
  for (const auto* cron : {"0 9-17 * * *", "30 * * * *"}) {
    auto edited = spec;
    edited.cron = cron;
    const auto keeps = edited.cron.starts_with('0');
    auto reloaded = ticking(spec, at("10:30"));
    reloaded.define({edited}, {}, at("11:01"));
    EXPECT_EQ(reloaded.next_moment() == due_at, keeps) << cron;
    Ticker restarted;
    restarted.define({edited}, {{"hourly", position_of(ticking(spec, at("10:30")))}}, at("11:01"));
    EXPECT_EQ(restarted.next_moment() == due_at, keeps) << cron;
    reloaded = ticking(spec, at("10:30"));
    due(reloaded, due_at);
    reloaded.define({edited}, {}, due_at);
    EXPECT_GE(*reloaded.next_moment(), at("11:30")) << "it has had its tick: " << cron;
  }
}

TEST(TickerJitter, AnEditToAnInstantThatWasNoneFiresNothingBehindIt) {
  auto noon = jittered(50min);
  noon.cron = "0 12 * * *";
  auto ticker = ticking(noon, at("10:30"));
  ticker.define({jittered(50min)}, {}, at("11:00") + 1s);
  EXPECT_GE(*ticker.next_moment(), at("12:00"));
  EXPECT_GE(*ticking(jittered(50min), at("11:00") + 1s).next_moment(), at("12:00")) << "so does a new one";
}

TEST(TickerJitter, AnEditThatTakesItAwayLosesNothingAndAnEditThatGivesItRepeatsNothing) {
  auto ticker = ticking(jittered(50min, Misfire::skip), at("10:30"));
  const auto before_due = moment(jittered(50min), at("11:00")) - 1ms;
  EXPECT_THAT(due(ticker, before_due), IsEmpty());
  ticker.define({hourly(Misfire::skip)}, {}, before_due);
  EXPECT_THAT(told(due(ticker, before_due)), ElementsAre("11:00 run"));
  ticker.define({jittered(50min, Misfire::skip)}, {}, before_due);
  EXPECT_THAT(due(ticker, at("12:00") - 1ms), IsEmpty());
}

TEST(TickerJitter, AClockSetBackLosesNoTickAndRepeatsNone) {
  const auto spec = jittered(50min, Misfire::all);
  const auto due_at = moment(spec, at("11:00"));
  auto ticker = ticking(spec, at("10:30"));
  Kept kept;
  EXPECT_THAT(told(kept.due(ticker, due_at)), ElementsAre("11:00 run"));
  EXPECT_THAT(kept.due(ticker, at("10:45")), IsEmpty());
  EXPECT_THAT(kept.due(ticker, due_at), IsEmpty());
  auto ahead = ticking(spec, at("20:30"));
  EXPECT_THAT(due(ahead, at("20:30")), IsEmpty());
  EXPECT_THAT(due(ahead, at("11:00") + 1s), IsEmpty());
  EXPECT_THAT(told(due(ahead, due_at)), ElementsAre("11:00 run")) << "its moment lies ahead again";
}

// Whatever the turns, restarts, reloads and pauses of no length: every instant once, in order, not before its moment and in the first turn after it.
TEST(TickerJitter, EveryInstantOnceAtTheFirstTurnAfterItsMoment) {
  std::mt19937 random(7);
  for (const auto jitter : {0ms, 1ms, Millis(90s), Millis(20min), Millis(5h)}) {
    auto spec = jittered(jitter, Misfire::all);
    spec.cron = "*/7 * * * *";
    auto ticker = ticking(spec, at("10:30"));
    auto now = at("10:30"), expected = at("10:35");
    for (int turn = 0; turn < 2'000; ++turn) {
      const auto before = now;
      now += Millis(std::uniform_int_distribution(0, 400'000)(random));
      const auto what = std::uniform_int_distribution(0, 5)(random);
      if (what == 0) ticker.define({spec}, {}, now);
      if (what == 1) {
        Ticker next;
        next.define({spec}, {{"hourly", position_of(ticker)}}, now);
        ticker = std::move(next);
      }
      for (const auto& tick : due(ticker, now)) {
        ASSERT_EQ(tick.instant, expected);
        ASSERT_TRUE(tick.run);
        ASSERT_LE(tick.moment, now);
        ASSERT_GT(tick.moment, before);
        expected = *ticker.entries().at("hourly").cron.next(expected);
      }
      ASSERT_GT(*ticker.next_moment(), now);
    }
    EXPECT_GT(expected, at("10:30") + 90h);
  }
}

}  // namespace
}  // namespace assetd
