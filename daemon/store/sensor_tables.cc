#include "daemon/store/sensor_tables.h"

#include "daemon/store/codes.h"
#include "daemon/store/errors.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

std::optional<std::int64_t> flag_or_null(const std::optional<bool>& flag) { return flag ? std::optional<std::int64_t>(*flag) : std::nullopt; }

}  // namespace

void write_sensors(Database& database, const SensorBatch& batch) {
  for (const auto& state : batch.states)
    database.run("INSERT OR REPLACE INTO sensors(name, kind, cursor, paused, paused_by, pause_reason, failures, evaluated_at, fired_at, ticks) VALUES(?,?,?,?,?,?,?,?,?,?)",
                 state.sensor, state.kind, TextOrNull{state.cursor}, flag_or_null(state.paused), TextOrNull{state.paused_by}, TextOrNull{state.pause_reason}, state.failures,
                 state.evaluated_at, state.fired_at, state.ticks);
  for (const auto& tick : batch.ticks)
    database.run("INSERT OR REPLACE INTO sensor_ticks(sensor, number, at, last_at, took_ms, outcome, reason, runs, known, repeats, cursor_before, cursor_after, log) "
                 "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
                 tick.sensor, tick.number, tick.at, tick.last_at, std::int64_t{tick.took.count()}, stored(tick.outcome), TextOrNull{tick.reason},
                 TextOrNull{json_or_empty(tick.runs)}, tick.known, tick.repeats, TextOrNull{tick.cursor_before}, TextOrNull{tick.cursor_after}, TextOrNull{tick.log});
  for (const auto& key : batch.keys)
    database.run("INSERT OR REPLACE INTO sensor_keys(sensor, key, run, at) VALUES(?,?,?,?)", key.sensor, key.key, key.run, key.at);
}

SensorTick read_sensor_tick(Database& database, Columns row) {
  SensorTick tick;
  tick.sensor = row.text();
  tick.number = row.integer();
  tick.at = row.time();
  tick.last_at = row.time();
  tick.took = Millis(row.integer());
  const auto outcome = from_stored<SensorOutcome>(row.integer());
  if (!outcome) database.fail(damaged_error(database.path(), "the outcome of a tick of the sensor " + tick.sensor + " is none that assetd writes"));
  tick.outcome = outcome.value_or(SensorOutcome::failed);
  tick.reason = row.text();
  const auto runs = read_json(database, row, nlohmann::json::array());
  if (runs.is_array())
    for (const auto& run : runs)
      if (run.is_number_integer()) tick.runs.push_back(run.get<RunId>());
  tick.known = static_cast<int>(row.integer());
  tick.repeats = static_cast<int>(row.integer());
  tick.cursor_before = row.text();
  tick.cursor_after = row.text();
  tick.log = row.text();
  return tick;
}

void read_sensors(Database& database, Recovered& into) {
  {
    auto query = database.query("SELECT name, kind, cursor, paused, paused_by, pause_reason, failures, evaluated_at, fired_at, ticks FROM sensors ORDER BY name");
    while (query.next()) {
      auto row = query.row();
      auto& state = into.sensors.emplace_back();
      state.sensor = row.text();
      state.kind = row.text();
      state.cursor = row.text();
      if (const auto paused = row.integer_or_null()) state.paused = *paused != 0;
      state.paused_by = row.text();
      state.pause_reason = row.text();
      state.failures = static_cast<int>(row.integer());
      state.evaluated_at = row.time_or_null();
      state.fired_at = row.time_or_null();
      state.ticks = row.integer();
    }
  }
  static const std::string sql = select_from(kSensorTickColumns, "sensor_ticks WHERE sensor=? ORDER BY number DESC LIMIT 1");
  for (const auto& state : into.sensors) {
    auto query = database.query(sql, state.sensor);
    if (query.next()) into.sensor_ticks.push_back(read_sensor_tick(database, query.row()));
  }
}

std::optional<RunId> read_sensor_key(Database& database, const std::string& sensor, const std::string& key) {
  auto query = database.query("SELECT run FROM sensor_keys WHERE sensor=? AND key=?", sensor, key);
  return query.next() ? std::optional<RunId>(query.row().integer()) : std::nullopt;
}

}  // namespace assetd
