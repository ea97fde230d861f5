// A forecast is what the engine then does, when steps take the time that was assumed and nobody intervenes: held against an engine that goes on.

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "tests/core/forecast/reality.h"

namespace assetd::testing {
namespace {

std::string text_of(WallTime time) { return format_time(time); }
std::string text_of(const std::optional<WallTime>& time) { return time ? format_time(*time) : "-"; }

template <typename Step>
std::string line_of(const std::string& key, const Step& step) {
  const bool ended = is_terminal(step.status);
  return "  " + key + " " + std::string(to_string(step.status)) + " " + text_of(step.started_at) + " " + (ended ? text_of(step.ended_at) : "-") + "\n";
}

std::string head_of(const RunRecord& run) {
  return "run " + std::to_string(run.id) + " " + run.trigger.name + " " + text_of(run.trigger.instant) + " " + std::string(to_string(run.status)) + " " +
         text_of(run.created_at) + " " + text_of(run.started_at) + " " + text_of(run.ended_at) + " " + run.reason + "\n";
}

std::set<RunId> ended_runs(const Reality& reality) {
  std::set<RunId> ended;
  for (const auto& [id, run] : reality.runs)
    if (run.record.ended_at) ended.insert(id);
  return ended;
}

/// Of all runs but those that had ended before.
std::string told(const Reality& reality, const std::set<RunId>& before) {
  std::string out;
  for (const auto& [id, run] : reality.runs) {
    if (before.contains(id)) continue;
    out += head_of(run.record);
    for (StepIndex step = 0; step < run.steps.size(); ++step) out += line_of(reality.context().definitions->assets[run.plan->asset(step)].key, run.steps[step]);
  }
  for (const auto& missed : reality.missed) out += "missed " + missed + "\n";
  return out;
}

std::string told(const Simulated& simulated) {
  std::string out;
  for (const auto& run : simulated.runs) {
    out += head_of(run.record);
    for (StepIndex step = 0; step < run.steps.size(); ++step) out += line_of(run.asset(step).key, run.steps[step]);
  }
  for (const auto& missed : simulated.missed) out += "missed " + missed.schedule + " " + text_of(missed.instant) + "\n";
  return out;
}

Durations random_durations(const Definitions& definitions, std::mt19937& random) {
  std::vector<std::vector<Millis>> samples;
  for (std::size_t i = 0; i < definitions.assets.size(); ++i) samples.push_back({Millis(500 + random() % 150'000)});
  return Durations(definitions, samples);
}

/// People and failures: what makes the state from which a forecast begins.
void live_a_while(Reality& reality, std::mt19937& random) {
  for (int i = 0, events = 1 + static_cast<int>(random() % 8); i < events; ++i) {
    reality.go_on(reality.now.wall + Millis(1 + random() % 400'000));
    const auto assets = static_cast<AssetId>(reality.context().definitions->assets.size());
    switch (random() % 4) {
      case 0: reality.request({static_cast<AssetId>(random() % assets), static_cast<AssetId>(random() % assets)}, static_cast<int>(random() % 3)); break;
      case 1: reality.fail_one(random); break;
      case 2:
        if (!reality.engine().runs().empty()) reality.cancel(reality.engine().runs().begin()->first);
        break;
      default: break;
    }
  }
  reality.go_on(reality.now.wall + Millis(1 + random() % 100'000));
}

int histories() {
  const char* wanted = std::getenv("ASSETD_FORECASTS");
  return wanted ? std::atoi(wanted) : 30;
}

TEST(ForecastProperty, IsWhatTheEngineThenDoes) {
  std::size_t runs = 0, steps = 0;
  for (int seed = 1; seed <= histories(); ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto definitions = random_timed_project(random);
    const auto durations = random_durations(*definitions, random);
    Reality reality(definitions, durations, {{"default", 1 + static_cast<int>(random() % 3)}, {"gpu", 2}, {"cpu", 1}});
    live_a_while(reality, random);
    const auto horizon = Millis(60'000 + random() % 7'200'000);
    const auto input = reality.forecast_input(horizon);
    const auto foreseen = simulate(input, Pace::typical);
    const auto since = reality.now.wall;
    const auto before = ended_runs(reality);
    reality.missed.clear();
    reality.go_on(since + horizon);
    ASSERT_EQ(told(foreseen), told(reality, before)) << "seed " << seed;
    for (std::size_t id = 0; id < definitions->assets.size(); ++id) {
      auto after = reality.made[definitions->assets[id].key];
      std::erase_if(after, [&](WallTime at) { return at < since; });
      std::vector<WallTime> made;
      for (const auto& each : foreseen.made[id])
        if (each.at >= since) made.push_back(each.at);
      ASSERT_EQ(made, after) << "seed " << seed << ", " << definitions->assets[id].key;
    }
    runs += foreseen.runs.size();
    steps += foreseen.steps;
  }
  // The histories are worth something: they are full of runs.
  EXPECT_GT(runs, static_cast<std::size_t>(histories()) * 3);
  EXPECT_GT(steps, static_cast<std::size_t>(histories()) * 10);
}

TEST(ForecastProperty, ChangesNothingOfTheEngineItStartsFrom) {
  for (int seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto definitions = random_timed_project(random);
    const auto durations = random_durations(*definitions, random);
    Reality one(definitions, durations, {{"default", 2}, {"gpu", 2}, {"cpu", 1}}), other(definitions, durations, {{"default", 2}, {"gpu", 2}, {"cpu", 1}});
    for (auto* each : {&one, &other}) each->go_on(each->now.wall + Millis(900'000));
    simulate(one.forecast_input(Millis(3'600'000)), Pace::slow);
    for (auto* each : {&one, &other}) each->go_on(each->now.wall + Millis(900'000));
    ASSERT_EQ(told(one, {}), told(other, {})) << "seed " << seed;
  }
}

TEST(ForecastProperty, OtherPoolsAreAsIfTheyWereResized) {
  for (int seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto definitions = random_timed_project(random);
    const auto durations = random_durations(*definitions, random);
    Reality reality(definitions, durations, {{"default", 1}, {"gpu", 2}, {"cpu", 1}});
    live_a_while(reality, random);
    auto input = reality.forecast_input(Millis(3'600'000));
    input.pools = {{"default", 4}, {"gpu", 4}, {"cpu", 2}};
    const auto foreseen = simulate(input, Pace::typical);
    const auto since = reality.now.wall;
    const auto before = ended_runs(reality);
    reality.missed.clear();
    reality.resize(*input.pools);
    reality.go_on(since + Millis(3'600'000));
    ASSERT_EQ(told(foreseen), told(reality, before)) << "seed " << seed << ", since " << text_of(since);
  }
}

}  // namespace
}  // namespace assetd::testing
