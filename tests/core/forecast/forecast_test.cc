#include "core/forecast/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/forecast/what_if.h"
#include "tests/core/forecast/reality.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using From = AssumedDuration::From;

std::vector<Millis> seconds(std::initializer_list<int> values) {
  std::vector<Millis> out;
  for (const int value : values) out.push_back(std::chrono::seconds(value));
  return out;
}

ScheduleSpec of_all(const std::string& name, const std::string& cron) {
  ScheduleSpec schedule;
  schedule.name = name;
  schedule.select = "*";
  schedule.cron = cron;
  schedule.timezone = "UTC";
  return schedule;
}

/// raw → left, right (one slot of gpu) → report, every ten minutes.
struct Night {
  Night() {
    Project project;
    project.asset("raw");
    project.asset("left", {"raw"}).pools = {{"gpu", 1}};
    project.asset("right", {"raw"}).pools = {{"gpu", 1}};
    auto& report = project.asset("report", {"left", "right"});
    report.freshness.within = std::chrono::minutes(15);
    auto made = std::make_shared<Definitions>(*project.definitions());
    made->schedules.push_back(of_all("often", "*/10 * * * *"));
    definitions = made;
    for (const auto& asset : definitions->assets) samples.push_back(asset.key == "left" ? seconds({60, 60, 240}) : seconds({30, 30, 30}));
  }
  Forecast ask(const std::map<std::string, int>& pools = {}, const DataTimes& data = {}) {
    const Durations durations(*definitions, samples);
    const Reality reality(definitions, durations, {{"default", 4}, {"gpu", 1}});
    auto input = reality.forecast_input(std::chrono::hours(1));
    if (!pools.empty()) input.pools = pools;
    return forecast(input, data);
  }
  std::vector<std::string> path(const SimulatedRun& run) {
    std::vector<std::string> keys;
    for (const auto step : critical_path(run)) keys.push_back(run.asset(step).key);
    return keys;
  }
  std::shared_ptr<const Definitions> definitions;
  std::vector<std::vector<Millis>> samples;
};

TEST(Durations, AreTheMiddleAndWhatNineInTenStayBelow) {
  Project project;
  project.asset("own").group = "gold";
  project.asset("likewise").group = "gold";
  project.asset("other");
  const auto definitions = project.definitions();  // likewise, other, own
  const Durations durations(*definitions, std::vector<std::vector<Millis>>{{}, {}, seconds({1, 2, 3, 4, 5, 6, 7, 8, 9, 100})});
  EXPECT_EQ(durations.of("own").typical, std::chrono::seconds(5));
  EXPECT_EQ(durations.of("own").slow, std::chrono::seconds(9));
  EXPECT_EQ(durations.of("own").from, From::history);
  EXPECT_EQ(durations.of("own").samples, 10u);
  EXPECT_EQ(durations.of("likewise").from, From::group);
  EXPECT_EQ(durations.of("likewise").typical, std::chrono::seconds(5));
  EXPECT_EQ(durations.of("other").from, From::project);
  EXPECT_EQ(durations.of("nobody's").from, From::project);
  EXPECT_EQ(Durations(*definitions, {}).of("own").typical, kUnknownDuration);
}

TEST(Durations, OfAnAssetThatIsSupposedToBeQuicker) {
  Project project;
  project.asset("a");
  Durations durations(*project.definitions(), std::vector<std::vector<Millis>>{seconds({8})});
  durations.speed_up("a", 2);
  durations.speed_up("nobody", 2);
  EXPECT_EQ(durations.of("a").typical, std::chrono::seconds(4));
  EXPECT_EQ(durations.of("a").slow, std::chrono::seconds(4));
  EXPECT_EQ(durations.of("a").speed, 2);
}

TEST(Forecast, SaysWhenRunsEndAndWhatDecidesThat) {
  Night night;
  const auto found = night.ask();
  ASSERT_EQ(found.typical.runs.size(), 6u) << "a run at 00:10, …, 01:00";
  const auto& run = found.typical.runs.front();
  EXPECT_EQ(run.record.status, RunStatus::succeeded);
  EXPECT_EQ(*run.record.ended_at - *run.record.started_at, std::chrono::seconds(30 + 60 + 30 + 30)) << "left and right share the card";
  EXPECT_THAT(night.path(run), ElementsAre("raw", "right", "report")) << "right came last, because it waited";
  EXPECT_EQ(found.typical.pools.at("gpu").steps_waited, 5u) << "of the run at 01:00 nothing waits yet";
  const auto& slow = found.slow.runs[found.slow_run.front()];
  EXPECT_EQ(*slow.record.ended_at - *slow.record.started_at, std::chrono::seconds(30 + 240 + 30 + 30));
}

TEST(Forecast, WithMoreSlotsNothingWaits) {
  Night night;
  const auto found = night.ask({{"default", 4}, {"gpu", 2}});
  const auto& run = found.typical.runs.front();
  EXPECT_EQ(*run.record.ended_at - *run.record.started_at, std::chrono::seconds(30 + 60 + 30));
  EXPECT_THAT(night.path(run), ElementsAre("raw", "left", "report"));
  EXPECT_EQ(found.typical.pools.at("gpu").steps_waited, 0u);
  EXPECT_EQ(found.typical.pools.at("gpu").slots, 2);
}

TEST(Forecast, SaysWhichDataWillBeTooOld) {
  Night night;
  const auto report = *AssetGraph::build(*night.definitions)->find("report");
  const auto now = Reality(night.definitions, Durations(*night.definitions, night.samples), {}).now.wall;
  DataTimes data(night.definitions->assets.size());
  EXPECT_THAT(night.ask({}, data).violations, ::testing::IsEmpty()) << "every ten minutes is often enough, and what was never made is not told of";
  data[report] = now - std::chrono::minutes(10);
  auto found = night.ask({}, data).violations;
  ASSERT_EQ(found.size(), 1u) << "it is too old before the first run has made it";
  EXPECT_EQ(found[0].at, now + std::chrono::minutes(5));
  EXPECT_EQ(found[0].mended_at, now + std::chrono::minutes(10) + std::chrono::seconds(150));
  EXPECT_FALSE(found[0].only_slow);
  data[report] = now - std::chrono::minutes(2);
  found = night.ask({}, data).violations;
  ASSERT_EQ(found.size(), 1u) << "in time as a rule, not when the card is slow";
  EXPECT_TRUE(found[0].only_slow);
  EXPECT_EQ(found[0].at, now + std::chrono::minutes(13));
}

/// "2026-03-01+2026-03-02", by run.
std::vector<std::string> partitions_of(const Forecast& forecast) {
  std::vector<std::string> out;
  for (const auto& run : forecast.typical.runs) {
    auto& text = out.emplace_back();
    for (StepIndex step = 0; step < run.plan->size(); ++step) text += (text.empty() ? "" : "+") + run.plan->partition(step);
  }
  return out;
}

std::shared_ptr<const Definitions> divided(PartitionsSpec spec) {
  Project project;
  project.asset("days").partitions = std::move(spec);
  auto made = std::make_shared<Definitions>(*project.definitions());
  ScheduleSpec nightly;
  nightly.name = "nightly";
  nightly.select = "*";
  nightly.cron = "0 2 * * *";
  nightly.timezone = "UTC";
  made->schedules.push_back(nightly);
  return made;
}

const PartitionsSpec kSomeDays{{{"", TimeWindowsSpec{.start = "2026-02-20"}}}};

TEST(Forecast, EachTickMakesTheWindowOfItsOwnInstant) {
  const auto definitions = divided(kSomeDays);
  const std::vector<std::vector<Millis>> samples{seconds({30})};
  const Durations durations(*definitions, samples);
  const Reality reality(definitions, durations, {{"default", 4}});
  EXPECT_THAT(partitions_of(forecast(reality.forecast_input(std::chrono::hours(72)), {})), ElementsAre("2026-02-28", "2026-03-01", "2026-03-02"));
}

TEST(Forecast, KnowsTheKeysThatHaveComeSoFar) {
  const auto definitions = divided({{{"", DynamicPartitionsSpec{.name = "customers"}}}});
  const std::vector<std::vector<Millis>> samples{seconds({30})};
  const Durations durations(*definitions, samples);
  const Reality reality(definitions, durations, {{"default", 4}});
  auto input = reality.forecast_input(std::chrono::hours(24));
  auto keys = std::make_shared<NamedKeys>();
  keys->add("ada");
  keys->add("bob");
  input.dynamic["customers"] = keys;
  EXPECT_THAT(partitions_of(forecast(input, {})), ElementsAre("ada+bob"));
}

TEST(Forecast, ABackfillGoesOnRunByRun) {
  const auto definitions = divided(kSomeDays);
  const auto graph = AssetGraph::build(*definitions).value();
  const auto table = PartitionTable::make(*definitions, graph, {});
  const std::vector<std::vector<Millis>> samples{seconds({30})};
  const Durations durations(*definitions, samples);
  const Reality reality(definitions, durations, {{"default", 4}});
  Backfill backfill{.id = 3, .max_runs = 1, .newest_first = true, .groups = make_groups(*definitions, graph, table, {{0, IndexSet::range(0, 3)}})};
  auto input = reality.forecast_input(std::chrono::hours(1));
  input.backfills = {backfill};
  auto foreseen = forecast(input, {});
  EXPECT_THAT(partitions_of(foreseen), ElementsAre("2026-02-22", "2026-02-21", "2026-02-20"));
  for (const auto& run : foreseen.typical.runs) EXPECT_EQ(run.record.backfill, 3);
  EXPECT_GE(foreseen.typical.runs[1].record.created_at, foreseen.typical.runs[0].record.ended_at) << "one after the other, as its max_runs says";
  input.backfills[0].status = BackfillStatus::paused;
  EXPECT_TRUE(forecast(input, {}).typical.runs.empty());
}

/// Mutes assets, those by AssetId below `count`, until a time.
class Mutes final : public Reactions {
 public:
  Mutes(AssetId count, WallTime until) : count_(count), until_(until) {}
  bool holds_schedules() const override { return false; }
  void note(const Change&, const Engine&) override {}
  bool is_due(WallTime) const override { return false; }
  std::optional<WallTime> next_instant() const override { return std::nullopt; }
  AutomationWanted evaluate(WallTime) override { return {}; }
  void requested(const std::vector<AssetId>&, RunId) override {}
  std::string leave_out_muted(std::vector<AssetId>& assets, WallTime now) const override {
    return now < until_ && std::erase_if(assets, [this](AssetId id) { return id < count_; }) > 0 ? "muted" : "";
  }
  void settle() override {}

 private:
  AssetId count_;
  WallTime until_;
};

TEST(Forecast, LeavesOutWhatIsMutedUntilTheMuteEnds) {
  Night night;
  const Durations durations(*night.definitions, night.samples);
  const Reality reality(night.definitions, durations, {{"default", 4}, {"gpu", 2}});
  auto input = reality.forecast_input(std::chrono::hours(1));
  const auto sizes = [&](AssetId count) {
    input.reactions = [&, count](const Engine&) { return std::make_unique<Mutes>(count, input.now.wall + std::chrono::minutes(30)); };
    std::vector<std::size_t> steps;
    for (const auto& run : simulate(input, Pace::typical).runs) steps.push_back(run.plan->size());
    return steps;
  };
  EXPECT_THAT(sizes(1), ElementsAre(3, 3, 4, 4, 4, 4)) << "at 00:30 it is over";
  EXPECT_THAT(sizes(4), ElementsAre(4, 4, 4, 4)) << "of all that is muted there is no run";
  const auto missed = simulate(input, Pace::typical).missed;
  ASSERT_EQ(missed.size(), 2u);
  EXPECT_EQ(missed[0].reason, "muted");
}

TEST(Forecast, StopsWhereThereIsTooMuchAndSaysSo) {
  Night night;
  const Durations durations(*night.definitions, night.samples);
  const Reality reality(night.definitions, durations, {{"default", 4}, {"gpu", 1}});
  auto input = reality.forecast_input(std::chrono::hours(24));
  input.most_steps = 10;
  const auto found = simulate(input, Pace::typical);
  ASSERT_TRUE(found.stopped_at);
  EXPECT_LT(found.runs.size(), 6u);
}

std::vector<std::string> wrong(const std::vector<std::pair<std::string, std::string>>& given) {
  Project project;
  project.asset("train");
  const auto graph = *AssetGraph::build(*project.definitions());
  const auto found = read_what_if(given, {{"gpu", 2}, {"cpu", 8}}, graph);
  std::vector<std::string> lines;
  if (!found)
    for (const auto& error : found.error()) lines.push_back(error.pointer + " " + error.detail);
  return lines;
}

TEST(WhatIf, CountsFromWhatIsInForce) {
  Project project;
  project.asset("train");
  const auto graph = *AssetGraph::build(*project.definitions());
  const auto found = read_what_if({{"pool.gpu", "+2"}, {"pool.cpu", "3"}, {"speed.train", "0.5"}}, {{"gpu", 2}, {"cpu", 8}}, graph);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pools, (std::map<std::string, int>{{"gpu", 4}, {"cpu", 3}}));
  EXPECT_EQ(found->speed.at("train"), 0.5);
  EXPECT_EQ(read_what_if({{"pool.gpu", "-2"}}, {{"gpu", 2}}, graph)->pools.at("gpu"), 0);
}

TEST(WhatIf, WhatMakesNoSenseIsSaidAllAtOnce) {
  EXPECT_THAT(wrong({{"pool.gpus", "1"}, {"pool.gpu", "two"}, {"pool.cpu", "-9"}, {"speed.trian", "2"}, {"speed.train", "0"}}),
              ElementsAre("/pool.gpus there is no pool 'gpus'; nearest: 'gpu'", "/pool.gpu 'two' is no number of slots: write 4, +2 or -1 ('+' is %2B in a URL)",
                          "/pool.cpu it has 8 slots; there cannot be -1", "/speed.trian nobody defines the asset 'trian'; nearest: 'train'",
                          "/speed.train '0' is no speed: write 2 for twice as fast, 0.5 for half (0.001 to 1000)"));
  for (const auto* text : {"", "+", "+-1", "--1", "1e9", "99999999999", "+99999999999", "1.5", " 1", "nan"}) EXPECT_EQ(wrong({{"pool.gpu", text}}).size(), 1u) << text;
  for (const auto* text : {"", "nan", "inf", "-1", "1e9", "2x", "0x2"}) EXPECT_EQ(wrong({{"speed.train", text}}).size(), 1u) << text;
}

/// Every two hours, at half past: each run makes the hour that had ended by then, and its data is of the end of that hour.
TEST(Forecast, OfWhatIsDividedByTimeItsDataIsOfTheEndOfTheWindow) {
  Project project;
  auto& hourly = project.asset("hourly");
  hourly.partitions = PartitionsSpec{{{"", TimeWindowsSpec{.grain = Grain::hourly, .start = "2026-02-01"}}}};
  hourly.freshness.within = std::chrono::minutes(100);
  auto made = std::make_shared<Definitions>(*project.definitions());
  made->schedules.push_back(of_all("half past", "30 */2 * * *"));
  const Durations durations(*made, std::vector<std::vector<Millis>>{seconds({30})});
  const Reality reality(made, durations, {{"default", 4}});
  const auto midnight = reality.now.wall;
  const auto found = forecast(reality.forecast_input(std::chrono::hours(4)), {midnight});
  ASSERT_EQ(found.violations.size(), 2U);
  EXPECT_EQ(found.violations[0].at, midnight + std::chrono::minutes(100)) << "the run of 0:30 makes the hour that ended at midnight, which is nothing new";
  EXPECT_EQ(found.violations[0].mended_at, midnight + std::chrono::minutes(150) + std::chrono::seconds(30)) << "with the hour until two";
  EXPECT_EQ(found.violations[1].at, midnight + std::chrono::minutes(220));
}

}  // namespace
}  // namespace assetd::testing
