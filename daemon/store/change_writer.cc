#include "daemon/store/change_writer.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>

#include "core/version/provenance.h"
#include "daemon/store/automation_tables.h"
#include "daemon/store/alert_rows.h"
#include "daemon/store/codes.h"
#include "daemon/store/packed.h"
#include "daemon/store/rows.h"
#include "daemon/store/sensor_tables.h"

namespace assetd {
namespace {

std::optional<std::int64_t> index_or_null(std::uint32_t index) { return index == kNone ? std::nullopt : std::optional<std::int64_t>(index); }

std::optional<std::int64_t> count_or_null(const std::optional<Millis>& time) { return time ? std::optional<std::int64_t>(time->count()) : std::nullopt; }

template <typename T>
std::string map_text(const std::map<std::string, T>& map) {
  return map.empty() ? std::string() : json_text(map);
}

std::string holds_text(const std::map<std::string, HoldMode>& holds) {
  std::map<std::string, int> codes;
  for (const auto& [name, mode] : holds) codes.emplace(name, stored(mode));
  return map_text(codes);
}

template <typename E>
std::optional<int> stored_or_null(const std::optional<E>& value) {
  return value ? std::optional(stored(*value)) : std::nullopt;
}

std::string provenance_text(const std::shared_ptr<const Provenance>& provenance) { return provenance ? json_or_empty(to_json(*provenance)) : std::string(); }

bool has_row(StepStatus status) { return status != StepStatus::pending && status != StepStatus::ready; }  // those are derived

/// Changes whose whole row is written again by a later one of the same batch, as when a process is over before its start is committed.
std::vector<bool> overwritten(const std::vector<Change>& changes) {
  std::vector<bool> needless(changes.size(), false);
  // A set that ends looks for rows: they must be there.
  if (std::ranges::any_of(changes, [](const Change& change) { return std::holds_alternative<StepsEnded>(change); })) return needless;
  std::set<std::pair<RunId, StepIndex>> steps;
  std::set<std::string_view> ended;
  for (std::size_t i = changes.size(); i-- > 0;) {
    if (const auto* step = std::get_if<StepChanged>(&changes[i])) {
      if (has_row(step->step.status)) needless[i] = !steps.emplace(step->run, step->step.step).second;
    } else if (const auto* end = std::get_if<AttemptEnded>(&changes[i])) {
      ended.insert(end->attempt.id);
    } else if (const auto* start = std::get_if<AttemptStarted>(&changes[i])) {
      needless[i] = ended.contains(start->attempt);
    } else if (const auto* read = std::get_if<MessagesRead>(&changes[i])) {
      needless[i] = ended.contains(read->attempt);
    }
  }
  return needless;
}

}  // namespace

void ChangeWriter::write(CommitBatch& batch) {
  const auto needless = overwritten(batch.changes);
  for (std::size_t i = 0; i < batch.changes.size(); ++i)
    if (!needless[i]) std::visit([this](const auto& kind) { apply(kind); }, batch.changes[i]);
  for (const auto& [key, state] : batch.assets) write(key, state);
  for (const auto& outcome : batch.outcomes) write(outcome);
  for (auto& event : batch.events) write(event);
  for (const auto& entry : batch.audit) write(entry);
  for (const auto& answer : batch.answers) write(answer);
  if (!batch.automation.empty()) write_automation(database_, batch.automation);
  if (!batch.sensors.empty()) write_sensors(database_, batch.sensors);
  for (const auto& alert : batch.alerts) write_alert_change(database_, alert);
  for (const auto& key : batch.partition_keys) write(key);
  for (const auto& backfill : batch.backfills) write(backfill);
}

void ChangeWriter::expect_one(int changed, const std::string& what) {
  if (database_.ok() && changed != 1) database_.fail({StoreError::Kind::bug, database_.path() + ": " + what + " is not in the store; this is a bug in assetd: please report it"});
}

void ChangeWriter::apply(const RunCreated& change) {
  const RunRecord& run = change.run;
  database_.run(
      "INSERT INTO runs(id, status, selection, mode, trigger_kind, trigger_name, trigger_instant, actor, remote, job, options, tags, priority, "
      "definitions_version, retry_of, steps_total, created_at, started_at, ended_at, cancel_requested_at, cancel_requested_by, reason, detail, timeout, queue_timeout, max_steps, in_line, partitions, backfill, force) "
      "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      run.id, stored(run.status), run.select, stored(run.mode), run.trigger.kind, TextOrNull{run.trigger.name}, run.trigger.instant, run.actor.name,
      TextOrNull{run.actor.remote}, run.job, TextOrNull{json_or_empty(run.options)}, TextOrNull{map_text(run.tags)}, run.priority,
      run.definitions_version, run.retry_of, run.steps_total, run.created_at, run.started_at, run.ended_at, run.cancel_requested_at,
      TextOrNull{run.cancel_requested_by}, TextOrNull{run.reason}, TextOrNull{run.detail}, count_or_null(run.timeouts.timeout), count_or_null(run.timeouts.queue_timeout),
      run.max_steps ? std::optional<std::int64_t>(*run.max_steps) : std::nullopt, run.in_line ? std::optional<std::int64_t>(1) : std::nullopt,
      TextOrNull{run.partitions}, run.backfill, run.force ? std::optional<std::int64_t>(1) : std::nullopt);
  if (change.plan) database_.run("INSERT INTO run_plans(run, bytes) VALUES(?,?)", run.id, Blob{compress(change.plan->encode())});
  counters_.last_run = std::max(counters_.last_run, run.id);
}

void ChangeWriter::apply(const RunChanged& change) {
  const RunRecord& run = change.run;
  const int changed = database_.run(
      "UPDATE runs SET status=?2, tags=?3, priority=?4, steps_total=?5, started_at=?6, ended_at=?7, cancel_requested_at=?8, cancel_requested_by=?9, "
      "reason=?10, detail=?11, counts=?12, causes=?13 WHERE id=?1",
      run.id, stored(run.status), TextOrNull{map_text(run.tags)}, run.priority, run.steps_total, run.started_at, run.ended_at,
      run.cancel_requested_at, TextOrNull{run.cancel_requested_by}, TextOrNull{run.reason}, TextOrNull{run.detail},
      TextOrNull{map_text(change.counts)}, TextOrNull{json_or_empty(change.causes)});
  expect_one(changed, "run " + std::to_string(run.id));
}

void ChangeWriter::apply(const RunAmended& change) {
  const RunRecord& run = change.run;
  const int changed = database_.run("UPDATE runs SET priority=?2, reason=?3, detail=?4 WHERE id=?1", run.id, run.priority, TextOrNull{run.reason}, TextOrNull{run.detail});
  expect_one(changed, "run " + std::to_string(run.id));
}

void ChangeWriter::apply(const StepChanged& change) {
  const StepRecord& step = change.step;
  // One that was put back, because its process was never started: what is stored must not say that it is starting.
  if (!has_row(step.status)) return void(database_.run("DELETE FROM steps WHERE run=? AND step=?", change.run, step.step));
  database_.run("INSERT OR REPLACE INTO steps(run, step, status, attempts, materialized, reason, detail, started_at, ended_at, retry_at) "
                "VALUES(?,?,?,?,?,?,?,?,?,?)",
                change.run, step.step, stored(step.status), step.attempts, step.materialized, TextOrNull{step.reason}, TextOrNull{step.detail},
                step.started_at, step.ended_at, step.retry_at);
}

/// Rows and sets stay disjoint, so that reading need not know which came later. Returns the steps without a row.
std::vector<StepIndex> ChangeWriter::end_those_with_rows(const StepsEnded& change) {
  std::vector<StepIndex> wanted = change.steps, rows, rest;
  std::ranges::sort(wanted);
  {
    auto query = database_.query("SELECT step FROM steps WHERE run=? AND step BETWEEN ? AND ?", change.run, wanted.front(), wanted.back());
    while (query.next()) rows.push_back(static_cast<StepIndex>(query.row().integer()));
  }
  for (const auto step : wanted) {
    if (!std::ranges::binary_search(rows, step)) {
      rest.push_back(step);
      continue;
    }
    database_.run("UPDATE steps SET status=?3, reason=?4, detail=?5, ended_at=?6, retry_at=NULL WHERE run=?1 AND step=?2", change.run, step,
                  stored(change.status), TextOrNull{change.reason}, TextOrNull{change.detail}, change.at);
  }
  return rest;
}

void ChangeWriter::apply(const StepsEnded& change) {
  if (change.steps.empty()) return;
  const auto steps = end_those_with_rows(change);
  if (steps.empty()) return;
  database_.run("INSERT INTO step_sets(run, first, last, steps, status, reason, detail, cause, at) VALUES(?,?,?,?,?,?,?,?,?)", change.run,
                steps.front(), steps.back(), Blob{pack_steps(steps)}, stored(change.status), TextOrNull{change.reason}, TextOrNull{change.detail},
                index_or_null(change.cause), change.at);
}

void ChangeWriter::apply(const AttemptIntended& change) {
  const AttemptRecord& attempt = change.attempt;
  const std::optional<StepIndex> first_step = attempt.steps.size() == 1 ? std::optional(attempt.steps.front()) : std::nullopt;
  database_.run("INSERT INTO attempts(id, run, unit, number, steps, first_step, chk, slots, resources, intended_at, pid, message_offset) "
                "VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
                Blob{pack_id(attempt.id)}, attempt.run, attempt.unit, attempt.number, Blob{pack_steps(attempt.steps)}, first_step,
                index_or_null(attempt.check), TextOrNull{map_text(attempt.slots)}, TextOrNull{holds_text(attempt.resources)}, attempt.intended_at,
                attempt.pid, attempt.message_offset);
}

void ChangeWriter::apply(const AttemptStarted& change) {
  const int changed = database_.run("UPDATE attempts SET pid=?2, started_at=?3, warm=?4 WHERE id=?1", Blob{pack_id(change.attempt)}, change.pid, change.at, change.warm);
  expect_one(changed, "attempt " + change.attempt);
}

void ChangeWriter::apply(const AttemptEnded& change) {
  const AttemptRecord& attempt = change.attempt;
  const ExitReport exit = attempt.exit.value_or(ExitReport{});
  const auto kind = attempt.exit ? std::optional(stored(exit.kind)) : std::nullopt;
  const auto exit_ended = attempt.exit ? std::optional(exit.ended_at) : std::nullopt;
  const int changed = database_.run(
      "UPDATE attempts SET started_at=?2, ended_at=?3, pid=?4, exit_kind=?5, exit_code=?6, exit_signal=?7, exit_stopped=?8, exit_detail=?9, "
      "exit_started_at=?10, exit_ended_at=?11, user_ms=?12, system_ms=?13, max_rss_kb=?14, outcome=?15, reason=?16, detail=?17, message_offset=?18, exit_reason=?19, warm=?20 "
      "WHERE id=?1",
      Blob{pack_id(attempt.id)}, attempt.started_at, attempt.ended_at, attempt.pid, kind, exit.code, exit.signal, exit.stopped,
      TextOrNull{exit.detail}, exit.started_at, exit_ended, exit.user_ms, exit.system_ms, exit.max_rss_kb, stored_or_null(attempt.outcome),
      TextOrNull{attempt.reason}, TextOrNull{attempt.detail}, attempt.message_offset, TextOrNull{exit.reason}, attempt.warm);
  expect_one(changed, "attempt " + attempt.id);
}

void ChangeWriter::apply(const MessagesRead& change) {
  const int changed = database_.run("UPDATE attempts SET message_offset=?2 WHERE id=?1", Blob{pack_id(change.attempt)}, change.offset);
  expect_one(changed, "attempt " + change.attempt);
}

void ChangeWriter::apply(const Materialized& change) {
  const Materialization& value = change.materialization;
  database_.run("INSERT INTO materializations(key, id, run, step, attempt, metadata, data_version, duration_ms, at, partition, provenance) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                present_name(names_, value.key), ++counters_.last_row, value.run, value.step, Blob{pack_id(value.attempt)}, TextOrNull{json_or_empty(value.metadata)},
                TextOrNull{value.data_version}, value.duration_ms, value.at, TextOrNull{value.partition}, TextOrNull{provenance_text(value.provenance)});
}

void ChangeWriter::apply(const CheckReported& change) {
  const CheckResult& result = change.result;
  database_.run("INSERT INTO check_results(home, id, run, chk, name, home_step, status, severity, blocking, detail, metadata, at, waived, partition) "
                "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                present_name(names_, result.home), ++counters_.last_row, result.run, result.check, result.name, index_or_null(result.home_step), stored(result.status),
                stored(result.severity), result.blocking, TextOrNull{result.detail}, TextOrNull{json_or_empty(result.metadata)}, result.at, TextOrNull{result.waived},
                TextOrNull{result.partition});
}

void ChangeWriter::apply(const AttemptNoted& change) {
  database_.run("INSERT INTO notes(attempt, id, kind, key, data, at) VALUES(?,?,?,?,?,?)", Blob{pack_id(change.attempt)}, ++counters_.last_row,
                change.kind, TextOrNull{change.key}, json_text(change.data), change.at);
}

void ChangeWriter::apply(const TickRecorded& change) {
  const TickRecord& tick = change.tick;
  // An instant has one tick: the first.
  database_.run("INSERT INTO ticks(schedule, instant, at, outcome, reason, run) VALUES(?,?,?,?,?,?) ON CONFLICT(schedule, instant) DO NOTHING", tick.schedule, tick.instant,
                tick.at, stored(tick.outcome), TextOrNull{tick.reason}, tick.run);
}

void ChangeWriter::apply(const ScheduleMoved& change) {
  database_.run("INSERT INTO schedules(name, cursor, fingerprint) VALUES(?,?,?) "
                "ON CONFLICT(name) DO UPDATE SET cursor=excluded.cursor, fingerprint=excluded.fingerprint",
                change.schedule, change.cursor, TextOrNull{change.fingerprint});
}

void ChangeWriter::apply(const SchedulePaused& change) {
  database_.run("INSERT INTO schedules(name, paused, paused_by, pause_reason, paused_at) VALUES(?,?,?,?,?) ON CONFLICT(name) DO UPDATE SET "
                "paused=excluded.paused, paused_by=excluded.paused_by, pause_reason=excluded.pause_reason, paused_at=excluded.paused_at",
                change.schedule, change.paused, TextOrNull{change.by}, TextOrNull{change.reason}, change.at);
}

void ChangeWriter::apply(const PoolResized& change) {
  if (!change.slots) {
    database_.run("DELETE FROM pool_sizes WHERE name=?", change.pool);
    return;
  }
  database_.run("INSERT OR REPLACE INTO pool_sizes(name, slots, defined, set_by, reason, at) VALUES(?,?,?,?,?,?)", change.pool, *change.slots, change.defined,
                change.by, TextOrNull{change.reason}, change.at);
}

void ChangeWriter::write(const std::string& key, const AssetState& state) {
  database_.run("INSERT OR REPLACE INTO asset_states(key, state) VALUES(?,?)", key, json_text(to_json(state)));
}

void ChangeWriter::write(const StepOutcome& outcome) {
  const auto& asset = present_name(names_, outcome.asset);
  database_.run("INSERT OR REPLACE INTO outcomes(asset, run, attempt, ended_at, partition, status, reason, started_at, provenance) VALUES(?,?,?,?,?,?,?,?,?)", asset,
                outcome.run, outcome.attempt, outcome.ended_at, outcome.partition, stored(outcome.status), TextOrNull{outcome.reason}, outcome.started_at,
                TextOrNull{provenance_text(outcome.found)});
  const auto day = std::chrono::floor<std::chrono::days>(outcome.ended_at).time_since_epoch().count();
  const bool ok = outcome.status == StepStatus::succeeded, failed = outcome.status == StepStatus::failed, skipped = outcome.status == StepStatus::skipped;
  if (failed) database_.run("INSERT OR REPLACE INTO last_failures(asset, run) VALUES(?,?)", asset, outcome.run);
  if (!ok && !failed && !skipped) return;
  database_.run("INSERT INTO history(day, asset, succeeded, failed, skipped) VALUES(?,?,?,?,?) ON CONFLICT(day, asset) DO UPDATE SET "
                "succeeded=succeeded+excluded.succeeded, failed=failed+excluded.failed, skipped=skipped+excluded.skipped",
                std::int64_t{day}, asset, ok, failed, skipped);
}

void ChangeWriter::write(const PartitionKeyRecord& key) {
  database_.run("INSERT OR REPLACE INTO partition_keys(name, idx, key, present, at, set_by) VALUES(?,?,?,?,?,?)", key.set, key.index, key.key, key.present, key.at, key.by);
}

void ChangeWriter::write(const Backfill& backfill) {
  database_.run("INSERT OR REPLACE INTO backfills(id, over, created_at, state) VALUES(?,?,?,?)", backfill.id, is_over(backfill.status) && backfill.runs.empty(), backfill.created_at, json_text(to_json(backfill)));
}

void ChangeWriter::write(Event& event) {
  const auto number = event_type_number(event.type);
  const auto run = event.run ? std::optional(event.run) : std::nullopt;
  const auto usual = usual_subject(event.type, event.run, event.asset);
  const std::string subject = event.subject == usual ? "" : json_text(event.subject);
  const std::string changes = json_or_empty(event.changes);
  constexpr const char* kSql = "INSERT INTO events(at, type, run, asset, subject, changes) VALUES(?,?,?,?,?,?)";
  if (number)
    database_.run(kSql, event.at, *number, run, TextOrNull{event.asset}, TextOrNull{subject}, TextOrNull{changes});
  else
    database_.run(kSql, event.at, event.type, run, TextOrNull{event.asset}, TextOrNull{subject}, TextOrNull{changes});
  counters_.last_event = event.id = database_.last_row();
}

void ChangeWriter::write(const AuditEntry& entry) {
  database_.run("INSERT INTO audit(at, actor, remote, action, subject, detail) VALUES(?,?,?,?,?,?)", entry.at, entry.actor.name,
                TextOrNull{entry.actor.remote}, entry.action, TextOrNull{entry.subject}, TextOrNull{json_or_empty(entry.detail)});
}

void ChangeWriter::write(const IdempotentAnswer& answer) {
  auto body = nlohmann::json::parse(answer.body, nullptr, false);
  if (body.is_object()) body["as_of"] = counters_.last_event;
  database_.run("INSERT OR REPLACE INTO answers(actor, route, key, body_hash, status, body, at) VALUES(?,?,?,?,?,?,?)", answer.actor, answer.route, answer.key,
                answer.body_hash, answer.status, body.is_object() ? body.dump() : answer.body, answer.at);
}

}  // namespace assetd
