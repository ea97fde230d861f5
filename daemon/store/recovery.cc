#include "daemon/store/recovery.h"

#include <algorithm>

#include "daemon/store/automation_tables.h"
#include "daemon/store/alert_rows.h"
#include "daemon/store/errors.h"
#include "daemon/store/packed.h"
#include "daemon/store/rows.h"
#include "daemon/store/sensor_tables.h"

namespace assetd {
namespace {

std::vector<ActiveRun> read_active_runs(Database& database) {
  std::vector<ActiveRun> runs;
  static const std::string sql = select_from(kRunColumns, "runs WHERE status IN (0, 1, 2) ORDER BY id");  // codes.h: those that have not ended
  {
    auto query = database.query(sql);
    RunEnd none;
    while (query.next()) runs.emplace_back().run = read_run(database, query.row(), none);
  }
  for (auto& run : runs) {
    run.plan = read_plan(database, run.run.id).value_or("");
    run.steps = read_steps(database, run.run.id, 0, kNone);
    run.checks = read_checks(database, run.run.id);
    run.attempts = read_attempts(database, run.run.id);
  }
  return runs;
}

std::vector<std::pair<std::string, AssetState>> read_assets(Database& database) {
  std::vector<std::pair<std::string, AssetState>> assets;
  auto query = database.query("SELECT key, state FROM asset_states ORDER BY key");
  while (query.next()) {
    auto row = query.row();
    auto key = row.text();
    auto state = asset_state_from_json(row.json(nullptr));
    if (!state) database.fail(damaged_error(database.path(), "the state of asset '" + key + "' cannot be read"));
    else assets.emplace_back(std::move(key), std::move(*state));
  }
  return assets;
}

std::vector<ScheduleState> read_schedules(Database& database) {
  std::vector<ScheduleState> schedules;
  auto query = database.query("SELECT name, cursor, fingerprint, paused, paused_by, pause_reason FROM schedules ORDER BY name");
  while (query.next()) {
    auto row = query.row();
    ScheduleState& state = schedules.emplace_back();
    state.schedule = row.text();
    state.cursor = row.time_or_null();
    state.fingerprint = row.text();
    if (const auto paused = row.integer_or_null()) state.paused = *paused != 0;
    state.paused_by = row.text();
    state.pause_reason = row.text();
  }
  return schedules;
}

std::vector<PoolSize> read_pools(Database& database) {
  std::vector<PoolSize> pools;
  auto query = database.query("SELECT name, slots, defined, set_by, reason, at FROM pool_sizes ORDER BY name");
  while (query.next()) {
    auto row = query.row();
    PoolSize& size = pools.emplace_back();
    size.pool = row.text();
    size.slots = static_cast<int>(row.integer());
    size.defined = static_cast<int>(row.integer());
    size.by = row.text();
    size.reason = row.text();
    size.at = row.time();
  }
  return pools;
}

std::vector<PartitionKeyRecord> read_partition_keys(Database& database) {
  std::vector<PartitionKeyRecord> keys;
  auto query = database.query("SELECT name, idx, key, present, at, set_by FROM partition_keys ORDER BY name, idx");
  while (query.next()) {
    auto row = query.row();
    PartitionKeyRecord& key = keys.emplace_back();
    key.set = row.text();
    key.index = row.integer();
    key.key = row.text();
    key.present = row.integer() != 0;
    key.at = row.time();
    key.by = row.text();
  }
  return keys;
}

void read_backfills(Database& database, Recovered& into) {
  static const std::string sql = select_from(kBackfillColumns, "backfills WHERE over = 0 ORDER BY id");
  {
    auto query = database.query(sql);
    while (query.next()) into.backfills.push_back(read_backfill(database, query.row()));
  }
  auto last = database.query("SELECT max(id) FROM backfills");
  if (last.next()) into.last_backfill = last.row().integer();
}

}  // namespace

Counters read_counters(Database& database) {
  Counters counters;
  {
    auto query = database.query("SELECT transaction_number, last_run, last_row FROM meta");
    if (query.next()) {
      auto row = query.row();
      counters.transaction = row.integer();
      counters.last_run = row.integer();
      counters.last_row = row.integer();
    }
  }
  auto events = database.query("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
  if (events.next()) counters.last_event = events.row().integer();
  return counters;
}

Recovered read_recovered(Database& database, const Counters& counters) {
  Transaction snapshot(database, "BEGIN");
  Recovered recovered;
  recovered.runs = read_active_runs(database);
  recovered.assets = read_assets(database);
  recovered.schedules = read_schedules(database);
  recovered.pools = read_pools(database);
  read_automation(database, recovered);
  read_sensors(database, recovered);
  recovered.alerts = read_live_alerts(database);
  recovered.silences = read_silences(database, WallTime{});
  recovered.partition_keys = read_partition_keys(database);
  read_backfills(database, recovered);
  recovered.last_run = counters.last_run;
  recovered.last_event = counters.last_event;
  recovered.transaction = counters.transaction;
  snapshot.commit();
  return recovered;
}

std::vector<StepRecord> read_steps(Database& database, RunId run, StepIndex from, StepIndex to) {
  std::vector<StepRecord> steps, sets;
  static const std::string rows_sql = select_from(kStepColumns, "steps WHERE run=? AND step>=? AND step<? ORDER BY step");
  static const std::string sets_sql = select_from(kStepSetColumns, "step_sets WHERE run=? AND first<? AND last>=?");
  {
    auto query = database.query(rows_sql, run, from, to);
    while (query.next()) steps.push_back(read_step(database, query.row()));
  }
  {
    auto query = database.query(sets_sql, run, to, from);
    while (query.next()) read_step_set(database, query.row(), from, to, sets);
  }
  if (sets.empty()) return steps;
  // A row beats a set: it is listed first, and duplicates after the first are dropped.
  steps.insert(steps.end(), std::make_move_iterator(sets.begin()), std::make_move_iterator(sets.end()));
  std::ranges::stable_sort(steps, {}, &StepRecord::step);
  const auto repeated = std::ranges::unique(steps, {}, &StepRecord::step);
  steps.erase(repeated.begin(), repeated.end());
  return steps;
}

std::vector<CheckResult> read_checks(Database& database, RunId run) {
  static const std::string sql = select_from(kCheckColumns, "check_results WHERE run=? ORDER BY id");
  std::vector<CheckResult> checks;
  auto query = database.query(sql, run);
  std::int64_t id = 0;
  while (query.next()) checks.push_back(read_check(database, query.row(), id));
  return checks;
}

std::vector<AttemptRecord> read_attempts(Database& database, RunId run) {
  static const std::string sql = select_from(kAttemptColumns, "attempts WHERE run=? ORDER BY rowid");
  std::vector<AttemptRecord> attempts;
  auto query = database.query(sql, run);
  while (query.next()) attempts.push_back(read_attempt(database, query.row()));
  return attempts;
}

std::optional<std::string> read_plan(Database& database, RunId run) {
  auto query = database.query("SELECT bytes FROM run_plans WHERE run=?", run);
  if (!query.next()) return "";
  return decompress(query.row().bytes());
}

std::optional<TickRecord> read_tick_at(Database& database, const std::string& schedule, WallTime instant) {
  static const std::string sql = select_from(kTickColumns, "ticks WHERE schedule=? AND instant=?");
  auto query = database.query(sql, schedule, instant);
  return query.next() ? std::optional(read_tick(database, query.row())) : std::nullopt;
}

std::optional<IdempotentAnswer> read_answer(Database& database, const std::string& actor, const std::string& route, const std::string& key) {
  auto query = database.query("SELECT body_hash, status, body, at FROM answers WHERE actor=? AND route=? AND key=?", actor, route, key);
  if (!query.next()) return std::nullopt;
  auto row = query.row();
  IdempotentAnswer answer{actor, route, key, row.text(), 0, "", {}};
  answer.status = static_cast<int>(row.integer());
  answer.body = row.text();
  answer.at = row.time();
  return answer;
}

}  // namespace assetd
