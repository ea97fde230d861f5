// Sensors: what is committed with the runs that they asked for is there after a restart, and is forgotten by its age.
#include "daemon/store/prune.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

SensorTick sensor_tick(std::int64_t number, WallTime at, std::vector<RunId> runs = {}) {
  return {.sensor = "landing", .number = number, .at = at, .last_at = at, .took = Millis(12), .outcome = runs.empty() ? SensorOutcome::skipped : SensorOutcome::fired,
          .reason = runs.empty() ? "no file is new" : "", .runs = std::move(runs), .known = 1, .repeats = 3, .cursor_before = "1 file seen", .cursor_after = "2 files seen", .log = "é\n"};
}

CommitBatch sensor_batch(std::vector<SensorState> states, std::vector<SensorTick> ticks, std::vector<SensorKey> keys = {}) {
  CommitBatch batch;
  batch.sensors = {std::move(states), std::move(ticks), std::move(keys)};
  return batch;
}

TEST(StoredSensors, ComeBackWholeWithTheirNewestTick) {
  TemporaryStore t;
  SensorState state{.sensor = "landing", .kind = "file", .cursor = "{\"files\":1}", .paused = true, .paused_by = "ann", .pause_reason = "moving", .failures = 2,
                    .evaluated_at = at_ms(5), .fired_at = at_ms(4), .ticks = 2};
  t.commit(sensor_batch({state, {.sensor = "other", .kind = "program"}}, {sensor_tick(1, at_ms(3)), sensor_tick(2, at_ms(4), {7, 8})}, {{"landing", "k", 7, at_ms(4)}}));
  t.reopen();
  const auto loaded = t.load();
  ASSERT_EQ(loaded.sensors.size(), 2u);
  const auto& back = loaded.sensors[0];
  EXPECT_EQ(back.cursor, state.cursor);
  EXPECT_EQ(back.paused, true);
  EXPECT_EQ(back.pause_reason, "moving");
  EXPECT_EQ(back.failures, 2);
  EXPECT_EQ(back.fired_at, at_ms(4));
  EXPECT_EQ(back.ticks, 2);
  EXPECT_EQ(loaded.sensors[1].paused, std::nullopt);
  ASSERT_EQ(loaded.sensor_ticks.size(), 1u);
  const auto& tick = loaded.sensor_ticks[0];
  EXPECT_EQ(tick.runs, (std::vector<RunId>{7, 8}));
  EXPECT_EQ(tick.outcome, SensorOutcome::fired);
  EXPECT_EQ(tick.cursor_after, "2 files seen");
  EXPECT_EQ(tick.log, "é\n");
  EXPECT_EQ(tick.took, Millis(12));
  EXPECT_EQ(t.store->find_sensor_key("landing", "k"), 7);
  EXPECT_EQ(t.store->find_sensor_key("other", "k"), std::nullopt);
}

TEST(StoredSensors, ATickThatIsWrittenAgainIsTheSameRow) {
  TemporaryStore t;
  auto tick = sensor_tick(1, at_ms(3));
  t.commit(sensor_batch({}, {tick}));
  tick.repeats = 9;
  tick.last_at = at_ms(90);
  t.commit(sensor_batch({}, {tick, sensor_tick(2, at_ms(91), {5})}));
  const auto reader = open_reader_of(t.path);
  const auto first = reader->sensor_ticks("landing", {1, ""}).value();
  ASSERT_EQ(first.items.size(), 1u);
  EXPECT_EQ(first.items[0].number, 2);
  const auto rest = reader->sensor_ticks("landing", {1, first.next_cursor}).value();
  ASSERT_EQ(rest.items.size(), 1u);
  EXPECT_EQ(rest.items[0].repeats, 9);
  EXPECT_EQ(rest.next_cursor, "");
  EXPECT_EQ(reader->sensor_ticks("other", {1, first.next_cursor}).error().kind, StoreError::Kind::cursor);
}

TEST(StoredSensors, OldTicksAndKeysAreForgottenButTheNewestTickStays) {
  TemporaryStore t;
  t.commit(sensor_batch({{.sensor = "landing", .kind = "file", .ticks = 3}}, {sensor_tick(1, at_ms(1)), sensor_tick(2, at_ms(2)), sensor_tick(3, at_ms(3))},
                        {{"landing", "old", 1, at_ms(1)}, {"landing", "new", 2, at_ms(99)}}));
  PruneSweep sweep({at_ms(50), at_ms(50), at_ms(50), at_ms(50)});
  while (!sweep.over()) ASSERT_TRUE(t.store->prune(sweep, {.rows = 1}));
  const auto left = open_reader_of(t.path)->sensor_ticks("landing", {10, ""}).value();
  ASSERT_EQ(left.items.size(), 1u);
  EXPECT_EQ(left.items[0].number, 3);
  EXPECT_EQ(t.store->find_sensor_key("landing", "old"), std::nullopt);
  EXPECT_EQ(t.store->find_sensor_key("landing", "new"), 2);
}

}  // namespace
}  // namespace assetd
