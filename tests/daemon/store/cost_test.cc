// What things cost in the store's file: bounds that a change of the schema must not break unnoticed.

#include <numeric>

#include "daemon/store/connection.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

std::uintmax_t bytes_of(TemporaryStore& t) {
  EXPECT_TRUE(t.store->checkpoint());
  return std::filesystem::file_size(t.path);
}

TEST(Cost, ACascadeOfAHundredThousandStepsIsOneRow) {
  TemporaryStore t;
  RunRecord run = sample_run(1);
  run.steps_total = 200'000;
  t.commit({RunCreated{run, nullptr}});
  StepsEnded cascade{1, std::vector<StepIndex>(100'000), StepStatus::skipped, "upstream_failed", 7, "raw failed", at_ms(9)};
  for (StepIndex i = 0; i < cascade.steps.size(); ++i) cascade.steps[i] = 10 + i + i / 1000;  // with gaps
  const auto before = bytes_of(t);
  t.commit({cascade});
  EXPECT_LE(bytes_of(t) - before, 16U << 10);
  auto reader = Reader::open(t.path, Millis(10'000)).value();
  EXPECT_EQ(reader->steps_by_status(1, StepStatus::skipped, 0, 1'000'000)->size(), 100'000U);
  const auto some = reader->steps(1, 1'000, 1'020).value();
  EXPECT_EQ(some.size(), 19U) << "the gap at 1,010 is pending";
  EXPECT_EQ(some.front().reason, "upstream_failed");
  const auto rows = open_reader(t.path).value();
  auto count = rows->query("SELECT (SELECT count(*) FROM steps) + (SELECT count(*) FROM step_sets)");
  ASSERT_TRUE(count.next());
  EXPECT_EQ(count.row().integer(), 1);
}

std::string key_of(StepIndex step) { return "warehouse/layer_" + std::to_string(step / 100) + "/table_" + std::to_string(step % 100); }

Event event_of(const char* type, StepIndex step, nlohmann::json changes) {
  const bool of_asset = std::string_view(type) == "asset_changed";
  return {0, at_ms(step), type, 1, key_of(step),
          of_asset ? nlohmann::json{{"key", key_of(step)}} : nlohmann::json{{"run_id", "1"}, {"key", key_of(step)}, {"partition", nullptr}},
          std::move(changes)};
}

/// A step from its intent to its end, with all that is written of it.
CommitBatch life_of(StepIndex step) {
  auto intent = sample_intent(1, step, {step});
  intent.slots = {{"default", 1}};
  intent.resources = {};
  auto end = intent;
  end.started_at = end.ended_at = at_ms(step);
  end.exit = ExitReport{.started_at = at_ms(step), .ended_at = at_ms(step)};
  end.outcome = AttemptOutcome::succeeded;
  const nlohmann::json metadata = {{"row_count", step}};
  AssetState state;
  state.last_attempt = AssetState::Attempt{1, StepStatus::succeeded, "", "", {}, at_ms(step)};
  state.last_materialization = AssetState::Data{1, at_ms(step), metadata, "", "3"};
  CommitBatch batch;
  batch.changes = {AttemptIntended{intent}, StepChanged{1, {step, StepStatus::starting, 1}, StepStatus::ready, intent.id}, AttemptEnded{end},
                   Materialized{{1, step, key_of(step), intent.id, metadata, "", 20, at_ms(step)}},
                   StepChanged{1, {step, StepStatus::succeeded, 1, true, "", "", at_ms(step), at_ms(step)}, StepStatus::running, intent.id}};
  batch.assets = {{key_of(step), state}};
  batch.outcomes = {{key_of(step), 1, 1, StepStatus::succeeded, "", at_ms(step), at_ms(step)}};
  batch.events = {event_of("step_changed", step, {{"status", "starting"}, {"from", "ready"}, {"attempt", 1}}),
                  event_of("step_changed", step, {{"status", "running"}, {"from", "starting"}, {"attempt", 1}}),
                  event_of("step_changed", step, {{"status", "succeeded"}, {"from", "running"}, {"attempt", 1}}),
                  event_of("asset_changed", step, {{"status", "materializing"}}), event_of("asset_changed", step, {{"status", "materialized"}}),
                  event_of("materialization", step, {{"metadata", metadata}})};
  return batch;
}

TEST(Cost, AStepTakesAtMostOneAndAHalfKibibytes) {
  TemporaryStore t;
  constexpr StepIndex kSteps = 1'000;
  t.commit({RunCreated{sample_run(1), nullptr}});
  const auto before = bytes_of(t);
  CommitBatch all;
  for (StepIndex step = 0; step < kSteps; ++step) {
    auto life = life_of(step);
    all.changes.insert(all.changes.end(), life.changes.begin(), life.changes.end());
    all.assets.insert(all.assets.end(), life.assets.begin(), life.assets.end());
    all.outcomes.insert(all.outcomes.end(), life.outcomes.begin(), life.outcomes.end());
    all.events.insert(all.events.end(), life.events.begin(), life.events.end());
  }
  t.commit(std::move(all));
  EXPECT_LE((bytes_of(t) - before) / kSteps, 1'536U);
  RecordProperty("bytes_per_step", static_cast<int>((bytes_of(t) - before) / kSteps));
}

}  // namespace
}  // namespace assetd
