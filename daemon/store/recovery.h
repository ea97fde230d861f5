#pragma once
#include "daemon/store/change_writer.h"
#include "daemon/store/database.h"

namespace assetd {

Counters read_counters(Database& database);
/// All that a restart needs, in one read transaction. Failures are the database's.
Recovered read_recovered(Database& database, const Counters& counters);

/// All steps of a run within [from, to) that are not pending, ascending.
std::vector<StepRecord> read_steps(Database& database, RunId run, StepIndex from, StepIndex to);
std::vector<CheckResult> read_checks(Database& database, RunId run);      ///< in the order they came in
std::vector<AttemptRecord> read_attempts(Database& database, RunId run);  ///< in the order of their intents
/// "" if there is none; nothing if it is damaged, which is its run's misfortune and nobody else's.
std::optional<std::string> read_plan(Database& database, RunId run);

std::optional<TickRecord> read_tick_at(Database& database, const std::string& schedule, WallTime instant);
std::optional<IdempotentAnswer> read_answer(Database& database, const std::string& actor, const std::string& route, const std::string& key);

}  // namespace assetd
