#pragma once
// Runs and steps in the shapes of docs/api.md.

#include <expected>
#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/http/json_shapes.h"
#include "daemon/http/plan_cache.h"

namespace assetd::http {

/// In ms; null where it is not known: one of them has not come, or the clock was set back between them.
nlohmann::json duration_json(const std::optional<WallTime>& from, const std::optional<WallTime>& to);
/// `live`: of an active run, whose counts are not stored.
nlohmann::json run_json(const RunRow& row, const std::optional<LiveRun>& live, std::optional<std::int64_t> usual_ms);

/// Runs of a call's {run_id}, or the 404.
std::expected<RunRow, Response> find_run(const Call& call, Reader& reader);

/// Decoded, from the cache if it was looked at lately. 410 when the definitions it was planned with are no longer kept.
std::expected<std::shared_ptr<const LoadedPlan>, Response> load_plan(RunId run, std::int64_t definitions_version, Context& context, Reader& reader);

/// The first step of that asset and, unless it is empty, of that partition; a 404 names the nearest that the run has.
std::expected<StepIndex, Response> find_step(const LoadedPlan& plan, RunId run, const std::string& key, const std::string& partition);

nlohmann::json attempt_json(const AttemptRecord& attempt, const LoadedPlan& plan, const LimitsNotInForce& not_in_force);
nlohmann::json check_json(const CheckResult& result);

}  // namespace assetd::http
