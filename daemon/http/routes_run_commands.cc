// Runs: request, cancel, priority, retry.

#include "daemon/http/json_shapes.h"
#include "daemon/http/partition_choice.h"

namespace assetd::http {
namespace {

using nlohmann::json;

std::optional<Millis> millis_of(const json& body, const char* name) {
  const auto found = body.find(name);
  return found == body.end() || found->is_null() ? std::nullopt : std::optional(Millis(static_cast<std::int64_t>(found->get<double>())));
}

RunRequestBody run_request(const json& body) {
  RunRequestBody out;
  out.select = body.at("select");
  const std::string mode = body.value("steps", "all");
  out.mode = mode == "assets" ? StepsMode::assets : mode == "checks" ? StepsMode::checks : StepsMode::all;
  out.options = body.value("options", json::object());
  if (body.contains("tags")) out.tags = body["tags"].get<std::map<std::string, std::string>>();
  out.priority = static_cast<int>(body.value("priority", 0.0));
  if (const auto most = body.find("max_steps"); most != body.end() && !most->is_null()) out.max_steps = static_cast<int>(most->get<double>());
  out.timeouts = {millis_of(body, "timeout_ms"), millis_of(body, "queue_timeout_ms")};
  out.force = body.value("force", false);
  out.dry_run = body.value("dry_run", false);
  return out;
}

void request_run(const Call& call, Context& context, Respond done) {
  auto partitions = partition_choice(call.body);
  if (!partitions) return done(std::move(partitions.error()));
  auto body = run_request(call.body);
  body.partitions = std::move(*partitions);
  context.service.request_run(call.caller, std::move(body), answer_to(context, std::move(done)));
}

/// The id in the path; ids that cannot be are unknown runs.
std::optional<RunId> run_in_path(const Call& call) {
  const auto id = parse_integer(call.path_of("run_id"));
  return id && *id > 0 ? id : std::nullopt;
}

Response no_such_run(const Call& call) {
  return not_found("there is no run '" + call.path_of("run_id") + "': ids of runs are numbers");
}

void cancel_run(const Call& call, Context& context, Respond done) {
  const auto run = run_in_path(call);
  if (!run) return done(no_such_run(call));
  context.service.cancel_run(call.caller, *run, answer_to(context, std::move(done)));
}

void set_priority(const Call& call, Context& context, Respond done) {
  const auto run = run_in_path(call);
  if (!run) return done(no_such_run(call));
  context.service.set_priority(call.caller, *run, static_cast<int>(call.body.at("priority").get<double>()), answer_to(context, std::move(done)));
}

void retry_run(const Call& call, Context& context, Respond done) {
  const auto run = run_in_path(call);
  if (!run) return done(no_such_run(call));
  RetryBody body;
  if (call.body.contains("steps")) body.keys = call.body["steps"].get<std::vector<std::string>>();
  if (call.body.contains("partitions")) body.partitions = call.body["partitions"].get<std::vector<std::string>>();
  body.from_start = call.body.value("from", "failure") == "start";
  const std::string scope = call.body.value("scope", "steps");
  body.scope = scope == "downstream" ? RetryScope::downstream : scope == "stale_upstream" ? RetryScope::stale_upstream : scope == "checks" ? RetryScope::checks : RetryScope::steps;
  body.dry_run = call.body.value("dry_run", false);
  context.service.retry_run(call.caller, *run, std::move(body), answer_to(context, std::move(done)));
}

}  // namespace

void add_run_commands(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/api/v1/runs", .name = "request_run", .summary = "Materialize what a selection means", .tag = "runs",
                   .handler = request_run, .answers = {{201, "RunCreated"}, {200, "RunPlanned"}}, .problems = {409}, .body_schema = "RunRequest",
                   .body_required = true, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/runs/{run_id}/cancel", .name = "cancel_run", .summary = "Cancel; asking twice is the same",
                   .tag = "runs", .handler = cancel_run, .answers = {{202, "RunStatus"}}, .problems = {409}, .path = {run_param()}, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/runs/{run_id}/priority", .name = "set_priority",
                   .summary = "Another priority, of a run that has not ended: for its place in line and that of its waiting steps", .tag = "runs",
                   .handler = set_priority, .answers = {{200, "RunPriority"}}, .problems = {409}, .path = {run_param()}, .body_schema = "PriorityRequest",
                   .body_required = true, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/runs/{run_id}/retry", .name = "retry_run",
                   .summary = "A new run of what failed, was skipped or canceled, or of all", .tag = "runs", .handler = retry_run,
                   .answers = {{201, "RunCreated"}, {200, "RunPlanned"}}, .problems = {409}, .path = {run_param()}, .body_schema = "RetryRequest", .mutating = true});
}

}  // namespace assetd::http
