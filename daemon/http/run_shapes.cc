#include "daemon/http/run_shapes.h"

#include "core/graph/asset_key.h"

namespace assetd::http {
namespace {

using nlohmann::json;

std::string_view text_of(StepsMode mode) {
  return mode == StepsMode::all ? "all" : mode == StepsMode::assets ? "assets" : "checks";
}

json counts_json(const std::map<std::string, std::uint32_t>& counts) {
  json out = json::object();
  for (int i = 0; i <= static_cast<int>(StepStatus::canceled); ++i) {
    const std::string name(to_string(static_cast<StepStatus>(i)));
    const auto found = counts.find(name);
    out[name] = found == counts.end() ? 0 : found->second;
  }
  return out;
}

json millis_json(const std::optional<Millis>& time) { return time ? json(time->count()) : json(); }

json cancel_json(const RunRecord& run) {
  if (!run.cancel_requested_at) return nullptr;
  return {{"at", time_json(*run.cancel_requested_at)}, {"by", run.cancel_requested_by}};
}

std::string_view attempt_status(const AttemptRecord& attempt) {
  if (!attempt.outcome) return attempt.started_at ? "running" : "starting";
  if (*attempt.outcome == AttemptOutcome::succeeded) return "succeeded";
  return *attempt.outcome == AttemptOutcome::failed ? "failed" : "canceled";
}

}  // namespace

// Both times are read off a clock that people may set.
json duration_json(const std::optional<WallTime>& from, const std::optional<WallTime>& to) {
  return from && to && *to >= *from ? json((*to - *from).count()) : json();
}

json run_json(const RunRow& row, const std::optional<LiveRun>& live, std::optional<std::int64_t> usual_ms) {
  const RunRecord& run = row.run;
  json retried_by = json::array();
  for (const auto id : row.retried_by) retried_by.push_back(id_text(id));
  std::map<std::string, std::uint32_t> counts = live ? live->counts : row.counts;
  // Accepted a moment ago: nothing has been counted yet.
  if (counts.empty()) counts["pending"] = run.steps_total;
  return {{"id", id_text(run.id)},
          {"status", to_string(run.status)},
          {"select", run.select},
          {"trigger", {{"kind", run.trigger.kind}, {"name", text_or_null(run.trigger.name)}, {"instant", time_json(run.trigger.instant)}}},
          {"actor", run.actor.name},
          {"job", text_or_null(run.job)},
          {"tags", run.tags},
          {"priority", run.priority},
          {"force", run.force},
          {"max_steps", run.max_steps ? json(*run.max_steps) : json()},
          {"timeout_ms", millis_json(run.timeouts.timeout)},
          {"queue_timeout_ms", millis_json(run.timeouts.queue_timeout)},
          {"options", run.options.is_null() ? json::object() : run.options},
          {"partitions", text_or_null(run.partitions)},
          {"backfill", run.backfill ? json(std::to_string(*run.backfill)) : json()},
          {"definitions_version", id_text(run.definitions_version)},
          {"retry_of", run.retry_of ? json(id_text(*run.retry_of)) : json()},
          {"retried_by", retried_by},
          {"created_at", time_json(run.created_at)},
          {"started_at", time_json(run.started_at)},
          {"ended_at", time_json(run.ended_at)},
          {"duration_ms", duration_json(run.started_at, run.ended_at)},
          {"usual_ms", usual_ms ? json(*usual_ms) : json()},
          {"steps_total", run.steps_total},
          {"counts", counts_json(counts)},
          {"reason", text_or_null(run.reason)},
          {"detail", text_or_null(run.detail)},
          {"causes", row.causes.is_array() ? row.causes : json::array()},
          {"steps_mode", text_of(run.mode)},
          {"blocked_by", blockers_json(live ? live->blocked_by : std::vector<Blocker>{})},
          {"cancel_requested", cancel_json(run)}};
}

std::expected<RunRow, Response> find_run(const Call& call, Reader& reader) {
  const std::string text = call.path_of("run_id");
  const auto id = parse_integer(text);
  if (!id || *id < 1) return std::unexpected(not_found("there is no run '" + text + "': ids of runs are numbers"));
  auto row = reader.run(*id);
  if (!row) return std::unexpected(store_problem(row.error()));
  if (!*row) return std::unexpected(not_found("there is no run " + text + "; it may have been removed by retention"));
  return std::move(**row);
}

std::expected<std::shared_ptr<const LoadedPlan>, Response> load_plan(RunId run, std::int64_t definitions_version, Context& context, Reader& reader) {
  if (auto known = context.shared.plans.find(run)) return known;
  const auto encoded = reader.plan(run);
  if (!encoded) return std::unexpected(store_problem(encoded.error()));
  const auto project = context.service.project(definitions_version);
  if (!*encoded || !project)
    return std::unexpected(problem_response(410, "gone", "No longer kept",
                                            "the steps of run " + id_text(run) + " are no longer kept, nor the definitions it was planned with"));
  auto plan = RunPlan::decode(**encoded, project->definitions, project->graph);
  if (!plan) return std::unexpected(problem_response(500, "store", "The store cannot be read", "plan of run " + id_text(run) + ": " + plan.error()));
  auto loaded = std::make_shared<const LoadedPlan>(LoadedPlan{std::move(*plan), project});
  context.shared.plans.put(run, loaded);
  return loaded;
}

namespace {

/// As the run's definitions have them; null: it has none.
const LimitsSpec* limits_of(const AttemptRecord& attempt, const LoadedPlan& plan) {
  const auto& definitions = plan.project->definitions;
  const std::optional<RunSpec>* run = nullptr;
  if (attempt.check != kNone && attempt.check < definitions.checks.size()) run = &definitions.checks[attempt.check].run;
  if (attempt.check == kNone && !attempt.steps.empty() && attempt.steps.front() < plan.plan.size())
    run = &definitions.assets[plan.plan.asset(attempt.steps.front())].run;
  return run && *run ? &(*run)->limits : nullptr;
}

}  // namespace

std::expected<StepIndex, Response> find_step(const LoadedPlan& plan, RunId run, const std::string& key, const std::string& partition) {
  const auto asset = plan.project->graph.find(key);
  std::vector<std::string_view> keys, partitions;
  for (StepIndex step = 0; step < plan.plan.size(); ++step) {
    keys.push_back(plan.project->graph.key(plan.plan.asset(step)));
    if (plan.plan.asset(step) != asset) continue;
    if (partition.empty() || plan.plan.partition(step) == partition) return step;
    partitions.push_back(plan.plan.partition(step));
  }
  std::string why = "run " + id_text(run) + " has no step '" + key + "'";
  if (!partitions.empty()) why += " of the partition '" + partition + "'";
  const std::string nearest = partitions.empty() ? nearest_name(key, keys) : nearest_name(partition, partitions);
  return std::unexpected(not_found(why + (nearest.empty() ? "" : "; nearest: '" + nearest + "'")));
}

json attempt_json(const AttemptRecord& attempt, const LoadedPlan& plan, const LimitsNotInForce& not_in_force) {
  const auto* limits = limits_of(attempt, plan);
  const auto in_vain = limits ? asked_in_vain(*limits, not_in_force) : std::vector<std::string>();
  json batch = json::array();
  for (const auto step : attempt.steps)
    if (step < plan.plan.size()) batch.push_back(plan.project->graph.key(plan.plan.asset(step)));
  json out = {{"number", attempt.number},
              {"id", attempt.id},
              {"status", attempt_status(attempt)},
              {"reason", text_or_null(attempt.reason)},
              {"detail", text_or_null(attempt.detail)},
              {"intended_at", time_json(attempt.intended_at)},
              {"started_at", time_json(attempt.started_at)},
              {"ended_at", time_json(attempt.ended_at)},
              {"exit_code", nullptr},
              {"signal", nullptr},
              {"batch", batch},
              {"definition_changed", attempt.reason == "definition_changed"},
              {"limits", limits ? limits_json(*limits) : json::object()},
              {"limits_not_in_force", in_vain.empty() ? json(nullptr) : json{{"names", in_vain}, {"why", not_in_force.why}}},
              {"warm", attempt.warm},
              {"usage", nullptr}};
  if (!attempt.exit) return out;
  const ExitReport& exit = *attempt.exit;
  if (exit.kind == ExitReport::Kind::exited) out["exit_code"] = exit.code;
  if (exit.kind == ExitReport::Kind::signaled) out["signal"] = exit.signal;
  out["usage"] = {{"user_ms", exit.user_ms}, {"system_ms", exit.system_ms}, {"max_rss_kb", exit.max_rss_kb}};
  return out;
}

json check_json(const CheckResult& result) {
  return {{"name", result.name},         {"partition", text_or_null(result.partition)}, {"status", to_string(result.status)}, {"severity", severity_text(result.severity)},
          {"blocking", result.blocking}, {"detail", text_or_null(result.detail)}, {"at", time_json(result.at)},
          {"metadata", result.metadata.is_null() ? json::object() : result.metadata}, {"waived", text_or_null(result.waived)}};
}

}  // namespace assetd::http
