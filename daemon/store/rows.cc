#include "daemon/store/rows.h"

#include <algorithm>
#include <charconv>

#include "core/version/provenance.h"
#include "daemon/store/codes.h"
#include "daemon/store/errors.h"
#include "daemon/store/packed.h"

namespace assetd {
namespace {

void damaged(Database& database, const std::string& what) { database.fail(damaged_error(database.path(), what)); }

template <typename E>
E code(Database& database, Columns& row, const char* what) {
  const auto number = row.integer();
  if (const auto value = from_stored<E>(number)) return *value;
  damaged(database, std::string("no ") + what + " has the number " + std::to_string(number));
  return E{};
}

/// A map kept as a JSON object of one kind of value.
template <typename T>
std::map<std::string, T> map(Database& database, Columns& row) {
  const nlohmann::json value = read_json(database, row, nlohmann::json::object());
  constexpr bool kTexts = std::is_same_v<T, std::string>;
  std::map<std::string, T> out;
  if (!value.is_object()) damaged(database, "a row holds JSON that is no object");
  for (auto item = value.begin(); value.is_object() && item != value.end(); ++item) {
    if (kTexts ? item->is_string() : item->is_number_integer()) out.emplace(item.key(), item->template get<T>());
    else damaged(database, "the value of '" + item.key() + "' has an unexpected type");
  }
  return out;
}

std::vector<StepIndex> steps(Database& database, Columns& row) {
  auto unpacked = unpack_steps(row.bytes());
  if (!unpacked) damaged(database, "a row holds a list of steps that cannot be read");
  return std::move(unpacked).value_or(std::vector<StepIndex>());
}

std::optional<Millis> millis(Columns& row) {
  const auto count = row.integer_or_null();
  return count ? std::optional(Millis(*count)) : std::nullopt;
}

std::uint32_t index(std::optional<std::int64_t> value) { return value ? static_cast<std::uint32_t>(*value) : kNone; }

std::optional<ExitReport> read_exit(Database& database, Columns& row) {
  const auto kind = row.integer_or_null();
  ExitReport exit;
  exit.code = static_cast<int>(row.integer());
  exit.signal = static_cast<int>(row.integer());
  exit.stopped = row.integer() != 0;
  exit.reason = row.text();
  exit.detail = row.text();
  exit.started_at = row.time_or_null();
  exit.ended_at = row.time();
  exit.user_ms = row.integer();
  exit.system_ms = row.integer();
  exit.max_rss_kb = row.integer();
  if (!kind) return std::nullopt;
  const auto known = from_stored<ExitReport::Kind>(*kind);
  if (!known) damaged(database, "no kind of exit has the number " + std::to_string(*kind));
  exit.kind = known.value_or(ExitReport::Kind::lost);
  return exit;
}

std::string event_type(std::string text) {
  int number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return text;
  const auto known = std::ranges::find(kEventTypes, number, &std::pair<std::string_view, int>::second);
  return known == kEventTypes.end() ? std::move(text) : std::string(known->first);
}

}  // namespace

nlohmann::json read_json(Database& database, Columns& row, nlohmann::json if_null) {
  auto value = row.json(std::move(if_null));
  if (!value.is_discarded()) return value;
  damaged(database, "a row holds JSON that cannot be read");
  return nullptr;
}

RunRecord read_run(Database& database, Columns row, RunEnd& end) {
  RunRecord run;
  run.id = row.integer();
  run.status = code<RunStatus>(database, row, "status of a run");
  run.select = row.text();
  run.mode = code<StepsMode>(database, row, "mode of a run");
  run.trigger.kind = row.text();
  run.trigger.name = row.text();
  run.trigger.instant = row.time_or_null();
  run.actor.name = row.text();
  run.actor.remote = row.text();
  run.job = row.text();
  run.options = read_json(database, row, nlohmann::json::object());
  run.tags = map<std::string>(database, row);
  run.priority = static_cast<int>(row.integer());
  run.definitions_version = row.integer();
  run.retry_of = row.integer_or_null();
  run.steps_total = static_cast<std::uint32_t>(row.integer());
  run.created_at = row.time();
  run.started_at = row.time_or_null();
  run.ended_at = row.time_or_null();
  run.cancel_requested_at = row.time_or_null();
  run.cancel_requested_by = row.text();
  run.reason = row.text();
  run.detail = row.text();
  end.counts = map<std::uint32_t>(database, row);
  end.causes = read_json(database, row, nlohmann::json::array());
  run.timeouts.timeout = millis(row);
  run.timeouts.queue_timeout = millis(row);
  if (const auto most = row.integer_or_null()) run.max_steps = static_cast<int>(*most);
  run.in_line = row.integer() != 0;
  run.partitions = row.text();
  run.backfill = row.integer_or_null();
  run.force = row.integer() != 0;
  return run;
}

StepRecord read_step(Database& database, Columns row) {
  StepRecord step;
  step.step = static_cast<StepIndex>(row.integer());
  step.status = code<StepStatus>(database, row, "status of a step");
  step.attempts = static_cast<int>(row.integer());
  step.materialized = row.integer() != 0;
  step.reason = row.text();
  step.detail = row.text();
  step.started_at = row.time_or_null();
  step.ended_at = row.time_or_null();
  step.retry_at = row.time_or_null();
  return step;
}

void read_step_set(Database& database, Columns row, StepIndex from, StepIndex to, std::vector<StepRecord>& out) {
  const auto members = steps(database, row);
  StepRecord step;
  step.status = code<StepStatus>(database, row, "status of a step");
  step.reason = row.text();
  step.detail = row.text();
  step.ended_at = row.time();
  for (const auto member : members) {
    step.step = member;
    if (member >= from && member < to) out.push_back(step);
  }
}

AttemptRecord read_attempt(Database& database, Columns row) {
  AttemptRecord attempt;
  attempt.id = unpack_id(row.bytes());
  attempt.run = row.integer();
  attempt.unit = static_cast<UnitIndex>(row.integer());
  attempt.number = static_cast<int>(row.integer());
  attempt.steps = steps(database, row);
  attempt.check = index(row.integer_or_null());
  attempt.slots = map<int>(database, row);
  for (const auto& [name, mode] : map<int>(database, row))
    attempt.resources.emplace(name, from_stored<HoldMode>(mode).value_or(HoldMode::write));
  attempt.intended_at = row.time();
  attempt.started_at = row.time_or_null();
  attempt.ended_at = row.time_or_null();
  attempt.pid = row.integer();
  attempt.exit = read_exit(database, row);
  if (const auto outcome = row.integer_or_null()) {
    attempt.outcome = from_stored<AttemptOutcome>(*outcome);
    if (!attempt.outcome) damaged(database, "no outcome of an attempt has the number " + std::to_string(*outcome));
  }
  attempt.reason = row.text();
  attempt.detail = row.text();
  attempt.message_offset = row.integer();
  attempt.warm = row.integer() != 0;
  return attempt;
}

CheckResult read_check(Database& database, Columns row, std::int64_t& id) {
  CheckResult result;
  id = row.integer();
  result.run = row.integer();
  result.check = static_cast<CheckIndex>(row.integer());
  result.name = row.text();
  result.home = row.text();
  result.home_step = index(row.integer_or_null());
  result.status = code<CheckStatus>(database, row, "status of a check");
  result.severity = code<Severity>(database, row, "severity");
  result.blocking = row.integer() != 0;
  result.detail = row.text();
  result.metadata = read_json(database, row, nlohmann::json::object());
  result.at = row.time();
  result.waived = row.text();
  result.partition = row.text();
  return result;
}

std::shared_ptr<const Provenance> read_provenance(Database& database, Columns& row) {
  const auto value = read_json(database, row, nullptr);
  if (value.is_null()) return nullptr;
  try {
    return std::make_shared<const Provenance>(provenance_from_json(value));
  } catch (const nlohmann::json::exception& error) {
    damaged(database, std::string("what a materialization was made from cannot be read: ") + error.what());
    return nullptr;
  }
}

Materialization read_materialization(Database& database, Columns row, std::int64_t& id) {
  Materialization value;
  id = row.integer();
  value.run = row.integer();
  value.step = static_cast<StepIndex>(row.integer());
  value.key = row.text();
  value.attempt = unpack_id(row.bytes());
  value.metadata = read_json(database, row, nlohmann::json::object());
  value.data_version = row.text();
  value.duration_ms = row.integer();
  value.at = row.time();
  value.partition = row.text();
  value.provenance = read_provenance(database, row);
  return value;
}

StepOutcome read_outcome(Database& database, Columns row) {
  StepOutcome outcome;
  outcome.asset = row.text();
  outcome.run = row.integer();
  outcome.attempt = static_cast<int>(row.integer());
  outcome.status = code<StepStatus>(database, row, "status of a step");
  outcome.reason = row.text();
  outcome.started_at = row.time_or_null();
  outcome.ended_at = row.time();
  outcome.partition = row.text();
  outcome.found = read_provenance(database, row);
  return outcome;
}

Backfill read_backfill(Database& database, Columns row) {
  const auto id = row.integer();
  auto backfill = backfill_from_json(read_json(database, row, nullptr));
  if (!backfill || backfill->id != id) damaged(database, "the state of backfill " + std::to_string(id) + " cannot be read");
  return std::move(backfill).value_or(Backfill{});
}

TickRecord read_tick(Database& database, Columns row) {
  TickRecord tick;
  tick.schedule = row.text();
  tick.instant = row.time();
  tick.at = row.time();
  tick.outcome = code<TickOutcome>(database, row, "outcome of a tick");
  tick.reason = row.text();
  tick.run = row.integer_or_null();
  return tick;
}

Event read_event(Database& database, Columns row) {
  Event event;
  event.id = row.integer();
  event.at = row.time();
  event.type = event_type(row.text());
  event.run = row.integer();
  event.asset = row.text();
  event.subject = read_json(database, row, nullptr);
  if (event.subject.is_null()) event.subject = usual_subject(event.type, event.run, event.asset);
  event.changes = read_json(database, row, nlohmann::json::object());
  return event;
}

nlohmann::json usual_subject(std::string_view type, std::int64_t run, const std::string& asset) {
  nlohmann::json subject;
  if (type == "run_changed" && run) subject["run_id"] = std::to_string(run);
  if (type == "asset_changed" && !asset.empty()) subject["key"] = asset;
  if ((type == "step_changed" || type == "materialization") && run && !asset.empty())
    subject = {{"run_id", std::to_string(run)}, {"key", asset}, {"partition", nullptr}};
  return subject;
}

std::optional<int> event_type_number(std::string_view type) {
  const auto known = std::ranges::find(kEventTypes, type, &std::pair<std::string_view, int>::first);
  return known == kEventTypes.end() ? std::nullopt : std::optional(known->second);
}

std::string select_from(const char* columns, const char* rest) { return std::string("SELECT ") + columns + " FROM " + rest; }

}  // namespace assetd
