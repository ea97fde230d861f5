#pragma once
// Records as rows: for each table its columns in one order, and how a row is read. Reading a value that no assetd writes fails the database (damaged).

#include <optional>
#include <string>
#include <vector>

#include "daemon/store/database.h"

namespace assetd {

inline constexpr const char* kRunColumns =
    "id, status, selection, mode, trigger_kind, trigger_name, trigger_instant, actor, remote, job, options, tags, priority, definitions_version, "
    "retry_of, steps_total, created_at, started_at, ended_at, cancel_requested_at, cancel_requested_by, reason, detail, counts, causes, timeout, queue_timeout, max_steps, in_line, partitions, backfill, force";
inline constexpr const char* kStepColumns = "step, status, attempts, materialized, reason, detail, started_at, ended_at, retry_at";
inline constexpr const char* kAttemptColumns =
    "id, run, unit, number, steps, chk, slots, resources, intended_at, started_at, ended_at, pid, exit_kind, exit_code, exit_signal, "
    "exit_stopped, exit_reason, exit_detail, exit_started_at, exit_ended_at, user_ms, system_ms, max_rss_kb, outcome, reason, detail, message_offset, warm";
inline constexpr const char* kCheckColumns = "id, run, chk, name, home, home_step, status, severity, blocking, detail, metadata, at, waived, partition";
inline constexpr const char* kMaterializationColumns = "id, run, step, key, attempt, metadata, data_version, duration_ms, at, partition, provenance";
inline constexpr const char* kOutcomeColumns = "asset, run, attempt, status, reason, started_at, ended_at, partition, provenance";
inline constexpr const char* kBackfillColumns = "id, state";
inline constexpr const char* kTickColumns = "schedule, instant, at, outcome, reason, run";
inline constexpr const char* kEventColumns = "id, at, type, run, asset, subject, changes";

/// What a run keeps beside its record once it has ended.
struct RunEnd {
  std::map<std::string, std::uint32_t> counts;
  nlohmann::json causes = nlohmann::json::array();
};

nlohmann::json read_json(Database& database, Columns& row, nlohmann::json if_null);
RunRecord read_run(Database& database, Columns row, RunEnd& end);
StepRecord read_step(Database& database, Columns row);
AttemptRecord read_attempt(Database& database, Columns row);
CheckResult read_check(Database& database, Columns row, std::int64_t& id);
std::shared_ptr<const Provenance> read_provenance(Database& database, Columns& row);  ///< null where nothing is kept
Materialization read_materialization(Database& database, Columns row, std::int64_t& id);
StepOutcome read_outcome(Database& database, Columns row);
TickRecord read_tick(Database& database, Columns row);
Backfill read_backfill(Database& database, Columns row);
Event read_event(Database& database, Columns row);

/// The steps of a set within [from, to), as records. Columns: step_sets' steps, status, reason, detail, at.
void read_step_set(Database& database, Columns row, StepIndex from, StepIndex to, std::vector<StepRecord>& out);
inline constexpr const char* kStepSetColumns = "steps, status, reason, detail, at";

/// The subject that run and asset say by themselves, for the types that have one: {run_id}, {run_id, key, partition}, {key}, {schedule}…
/// Stored as NULL. Null if the type has none.
nlohmann::json usual_subject(std::string_view type, std::int64_t run, const std::string& asset);

/// As SQL binds it: a number for a known type, else nothing (then its text is stored).
std::optional<int> event_type_number(std::string_view type);

/// "SELECT columns FROM rest".
std::string select_from(const char* columns, const char* rest);

}  // namespace assetd
