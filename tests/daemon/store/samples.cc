#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

using nlohmann::json;

json ms(WallTime at) { return at.time_since_epoch().count(); }
json ms(const std::optional<WallTime>& at) { return at ? ms(*at) : json(); }

AttemptId attempt_id(RunId run, UnitIndex unit, int number) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%08x%08x", static_cast<unsigned long long>(run), unit, static_cast<unsigned>(number));
  return text;
}

json exit_json(const ExitReport& exit) {
  return {static_cast<int>(exit.kind), exit.code, exit.signal, exit.stopped, exit.reason, exit.detail, ms(exit.started_at), ms(exit.ended_at),
          exit.user_ms, exit.system_ms, exit.max_rss_kb};
}

}  // namespace

RunRecord sample_run(RunId id) {
  RunRecord run;
  run.id = id;
  run.select = "+gold_customers";
  run.mode = StepsMode::assets;
  run.trigger = {"schedule", "nightly", at_ms(1)};
  run.actor = {"ada", "127.0.0.1"};
  run.job = "nightly";
  run.options = {{"dbt", {{"full_refresh", true}}}};
  run.tags = {{"team", "growth"}};
  run.priority = -3;
  run.timeouts = {Millis(7'200'000), Millis(600'000)};
  run.max_steps = 4;
  run.in_line = true;
  run.definitions_version = 7;
  run.retry_of = id > 1 ? std::optional(id - 1) : std::nullopt;
  run.steps_total = 8;
  run.created_at = at_ms(id * 1000);
  return run;
}

AttemptRecord sample_intent(RunId run, UnitIndex unit, std::vector<StepIndex> steps, int number) {
  AttemptRecord attempt;
  attempt.id = attempt_id(run, unit, number);
  attempt.run = run;
  attempt.unit = unit;
  attempt.number = number;
  attempt.steps = std::move(steps);
  attempt.slots = {{"cpu", 1}, {"gpu", 2}};
  attempt.resources = {{"warehouse", HoldMode::write}, {"lake", HoldMode::read}};
  attempt.intended_at = at_ms(10);
  return attempt;
}

AttemptRecord sample_end(AttemptRecord attempt) {
  attempt.started_at = at_ms(20);
  attempt.ended_at = at_ms(30);
  attempt.pid = 4242;
  attempt.exit = ExitReport{ExitReport::Kind::signaled, 1, 9, true, "plugin_error", "killed", at_ms(21), at_ms(29), 11, 12, 13};
  attempt.outcome = AttemptOutcome::canceled;
  attempt.reason = "canceled";
  attempt.detail = "it was asked to stop";
  attempt.message_offset = 99;
  return attempt;
}

StepRecord sample_step(StepIndex step, StepStatus status) {
  StepRecord record{step, status, 2, true, "exit_code", "exit code 1", at_ms(step), at_ms(step + 5), std::nullopt};
  if (status == StepStatus::waiting_retry) record.retry_at = at_ms(step + 100);
  return record;
}

CheckResult sample_check(RunId run, CheckIndex check) {
  return {run, check, "not_null", "stg_charges", 3, CheckStatus::warned, Severity::warn, true, "2 rows", {{"rows", 2}}, at_ms(40)};
}

Materialization sample_materialization(RunId run, StepIndex step, const std::string& key) {
  return {run, step, key, attempt_id(run, step, 1), {{"row_count", 812}, {"note", "ünï"}}, "v5", 1234, at_ms(50 + run)};
}

AssetState sample_asset_state() {
  AssetState state;
  state.in_progress = AssetState::InProgress{9, at_ms(1)};
  state.last_attempt = AssetState::Attempt{8, StepStatus::failed, "check_failed", "two rows", {{"a", "failed", "check_failed", "unique", "why"}}, at_ms(2)};
  state.last_materialization = AssetState::Data{7, at_ms(3), {{"row_count", 3}}, "d1", "c2"};
  state.checks = {{"unique", CheckStatus::failed}, {"fresh", CheckStatus::error}};
  return state;
}

std::string text_of(const RunRecord& r) {
  return json{r.id, static_cast<int>(r.status), r.select, static_cast<int>(r.mode), r.trigger.kind, r.trigger.name, ms(r.trigger.instant),
              r.actor.name, r.actor.remote, r.job, r.options, r.tags, r.priority, r.definitions_version, r.retry_of ? json(*r.retry_of) : json(),
              r.steps_total, ms(r.created_at), ms(r.started_at), ms(r.ended_at), ms(r.cancel_requested_at), r.cancel_requested_by, r.reason, r.detail,
              r.timeouts.timeout.value_or(Millis(0)).count(), r.timeouts.queue_timeout.value_or(Millis(0)).count(), r.max_steps.value_or(0), r.in_line}
      .dump();
}

std::string text_of(const AttemptRecord& a) {
  json holds;
  for (const auto& [name, mode] : a.resources) holds[name] = static_cast<int>(mode);
  return json{a.id, a.run, a.unit, a.number, a.steps, a.check, a.slots, holds, ms(a.intended_at), ms(a.started_at), ms(a.ended_at), a.pid,
              a.exit ? exit_json(*a.exit) : json(), a.outcome ? json(static_cast<int>(*a.outcome)) : json(), a.reason, a.detail, a.message_offset, a.warm}
      .dump();
}

std::string text_of(const StepRecord& s) {
  return json{s.step, static_cast<int>(s.status), s.attempts, s.materialized, s.reason, s.detail, ms(s.started_at), ms(s.ended_at), ms(s.retry_at)}.dump();
}

std::string text_of(const CheckResult& c) {
  return json{c.run, c.check, c.name, c.home, c.home_step, static_cast<int>(c.status), static_cast<int>(c.severity), c.blocking, c.detail, c.metadata, ms(c.at)}
      .dump();
}

std::string text_of(const Materialization& m) {
  return json{m.run, m.step, m.key, m.attempt, m.metadata, m.data_version, m.duration_ms, ms(m.at)}.dump();
}

std::string text_of(const TickRecord& t) {
  return json{t.schedule, ms(t.instant), ms(t.at), static_cast<int>(t.outcome), t.reason, t.run ? json(*t.run) : json()}.dump();
}

std::string text_of(const StepOutcome& o) {
  return json{o.asset, o.run, o.attempt, static_cast<int>(o.status), o.reason, ms(o.started_at), ms(o.ended_at), o.partition}.dump();
}

std::string text_of(const Event& e) { return json{e.id, ms(e.at), e.type, e.run, e.asset, e.subject, e.changes}.dump(); }

}  // namespace assetd
