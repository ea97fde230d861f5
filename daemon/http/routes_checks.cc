// Waivers of checks, and failures that somebody has taken up; how the outbox of OpenLineage stands.

#include <algorithm>

#include "daemon/http/asset_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

std::optional<RunId> run_of_path(const Call& call) {
  const auto id = parse_integer(call.path_of("run_id"));
  return id && *id > 0 ? id : std::nullopt;
}

void waive_check(const Call& call, Context& context, Respond done) {
  const auto run = run_of_path(call);
  if (!run) return done(not_found("there is no run '" + call.path_of("run_id") + "': ids of runs are numbers"));
  WaiveBody body{call.body.at("reason"), call.body.value("key", ""), std::nullopt, call.body.value("partition", "")};
  if (const auto given = call.body.find("until"); given != call.body.end() && given->is_string()) {
    body.until = parse_time(given->get<std::string>());
    if (!body.until) return done(invalid({{"/until", "'until' must be a time as in 2026-11-27T08:00:00Z"}}));
  }
  context.service.waive_check(call.caller, *run, call.path_of("check"), std::move(body), answer_to(context, std::move(done)));
}

void unwaive_check(const Call& call, Context& context, Respond done) {
  UnwaiveBody body;
  if (call.body.is_object()) body = {call.body.value("reason", ""), call.body.value("partition", "")};
  context.service.unwaive_check(call.caller, call.path_of("key"), call.path_of("check"), std::move(body), answer_to(context, std::move(done)));
}

void acknowledge(const Call& call, Context& context, Respond done) {
  context.service.acknowledge(call.caller, call.path_of("key"), call.body.is_object() ? call.body.value("note", "") : "", true, answer_to(context, std::move(done)));
}

void unacknowledge(const Call& call, Context& context, Respond done) {
  context.service.acknowledge(call.caller, call.path_of("key"), call.body.is_object() ? call.body.value("note", "") : "", false, answer_to(context, std::move(done)));
}

Response list_waivers(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  json items = json::array();
  context.service.with_assets([&](const AssetTable& table) {
    const auto now = wall_now();
    for (const auto& [id, below] : table.waived)
      for (auto& waiver : waivers_json(table, id, now)) {
        waiver["key"] = table.project->graph.key(id);
        waiver["below"] = std::ranges::count(below, true) - 1;
        items.push_back(std::move(waiver));
      }
  });
  return paged(call, items, at->as_of);
}

Response get_openlineage(const Call&, Context& context) {
  const auto project = current_project(context);
  if (!project) return project.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto& rules = (*project)->definitions.alerts;
  const auto rule = std::ranges::find_if(rules, [](const AlertSpec& each) { return each.openlineage.has_value(); });
  json body = {{"configured", rule != rules.end()}, {"namespace", rule == rules.end() ? json() : json(rule->openlineage->name_space)}, {"as_of", at->as_of}};
  const auto counts = at->reader->outbox_counts(kOpenLineage);
  if (!counts) return store_problem(counts.error());
  body["pending"] = counts->pending;
  body["delivered"] = counts->delivered;
  body["failed"] = counts->failed;
  body["last_error"] = text_or_null(counts->last_error);
  body["last_delivered_at"] = time_json(counts->delivered_at);
  return json_response(body);
}

}  // namespace

void add_check_routes(std::vector<Route>& table) {
  const auto command = [&](const std::string& pattern, const char* name, const char* summary, CommandHandler handler, const char* schema, const char* body,
                           std::vector<PathParam> path) {
    table.push_back({.method = "POST", .pattern = pattern, .name = name, .summary = summary, .tag = "checks", .handler = handler, .answers = {{200, schema}},
                     .problems = {409}, .path = std::move(path), .body_schema = body, .body_required = std::string(body) == "WaiveRequest", .mutating = true});
  };
  const PathParam check{"check", PathParam::Kind::name, "name of a check"};
  const std::string asset = "/api/v1/assets/{key}";
  command("/api/v1/runs/{run_id}/checks/{check}/waive", "waive_check", "Let a failed check pass as a warning, in one partition or wherever it fails, until then or until it passes: a retry goes on past it",
          waive_check, "Waiver", "WaiveRequest", {run_param(), check});
  command(asset + "/checks/{check}/unwaive", "unwaive_check", "End a waiver: the check counts again", unwaive_check, "Unwaived", "UnwaiveRequest", {key_param(), check});
  command(asset + "/acknowledge", "acknowledge_asset", "Take up an asset's failure: what is known of it is not told again until it is well", acknowledge, "Acknowledged",
          "NoteRequest", {key_param()});
  command(asset + "/unacknowledge", "unacknowledge_asset", "Nobody looks after its failure any more", unacknowledge, "Acknowledged", "NoteRequest", {key_param()});
  table.push_back({.method = "GET", .pattern = "/api/v1/waivers", .name = "list_waivers", .summary = "Waivers that stand", .tag = "checks", .handler = list_waivers,
                   .answers = {{200, "WaiverList"}}, .query = page_params()});
  table.push_back({.method = "GET", .pattern = "/api/v1/openlineage", .name = "get_openlineage", .summary = "How events to OpenLineage stand in the outbox", .tag = "alerts",
                   .handler = get_openlineage, .answers = {{200, "OpenLineage"}}});
}

}  // namespace assetd::http
