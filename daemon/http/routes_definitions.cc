// Definitions: which version serves, which served before and what they differ in; planning and applying another.

#include "core/definition/compiled.h"
#include "daemon/http/hidden_values.h"
#include "daemon/http/json_shapes.h"
#include "daemon/service/definitions_plan.h"

namespace assetd::http {
namespace {

using nlohmann::json;

Response of_now(json body, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  body["as_of"] = at->as_of;
  return json_response(body);
}

Response get_definitions(const Call&, Context& context) { return of_now(context.service.definitions_status(), context); }

Response get_compiled(const Call&, Context& context) {
  const auto project = current_project(context);
  if (!project) return project.error();
  Response response;
  response.body = to_compiled(without_secrets((*project)->definitions));
  response.content_type = "application/x-ndjson";
  return response;
}

Response list_versions(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto page = at->reader->definitions_versions(page_of(call));
  if (!page) return store_problem(page.error());
  const auto project = context.service.project();
  json items = json::array();
  for (const auto& each : page->items) {
    json item = {{"version", id_text(each.version)}, {"applied_at", time_json(each.applied_at)}, {"hash", each.hash}, {"current", project && project->version == each.version}};
    for (const auto* count : {"assets", "added", "changed", "removed", "others"}) item[count] = each.summary.value(count, 0);
    items.push_back(std::move(item));
  }
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

std::expected<std::shared_ptr<const Project>, Response> version_of(std::int64_t version, Context& context) {
  if (auto project = context.service.project(version)) return project;
  return std::unexpected(problem_response(404, "no-such-version", "No such version",
                                          "version " + std::to_string(version) + " of the definitions is not kept; GET /definitions/versions says which are"));
}

/// Without numbers: what the version that serves changed.
Response get_difference(const Call& call, Context& context) {
  const auto project = current_project(context);
  if (!project) return project.error();
  const auto to = call.query.integer("to").value_or((*project)->version);
  const auto from = call.query.integer("from").value_or(to - 1);
  const auto before = version_of(from, context), after = version_of(to, context);
  if (!before) return before.error();
  if (!after) return after.error();
  auto body = changes_body(shown_difference((*before)->definitions, (*after)->definitions));
  body["from"] = id_text(from);
  body["to"] = id_text(to);
  return of_now(std::move(body), context);
}

void plan(const Call& call, Context& context, Respond done) { context.service.plan_definitions(call.caller, answer_to(context, std::move(done))); }
void apply(const Call& call, Context& context, Respond done) {
  context.service.apply_definitions(call.caller, call.body.at("plan"), answer_to(context, std::move(done)));
}
void reload(const Call& call, Context& context, Respond done) { context.service.reload(call.caller, answer_to(context, std::move(done))); }

}  // namespace

void add_definitions_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/api/v1/definitions", .name = "get_definitions", .summary = "The definitions that serve", .tag = "project",
                   .handler = get_definitions, .answers = {{200, "Definitions"}}});
  table.push_back({.method = "GET", .pattern = "/api/v1/definitions/compiled", .name = "get_compiled_definitions",
                   .summary = "The definitions that serve, an object a line, without secrets: to be compared with another daemon's", .tag = "project",
                   .handler = get_compiled, .answers = {{200, "", "application/x-ndjson"}}});
  table.push_back({.method = "POST", .pattern = "/api/v1/definitions/reload", .name = "reload_definitions", .summary = "Read the files again",
                   .tag = "project", .handler = reload, .answers = {{200, "Definitions"}}, .problems = {409}, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/definitions/plan", .name = "plan_definitions", .summary = "What applying the files would change",
                   .tag = "project", .handler = plan, .answers = {{200, "DefinitionsPlan"}}, .problems = {409}, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/definitions/apply", .name = "apply_definitions", .summary = "Apply the files, as planned",
                   .tag = "project", .handler = apply, .answers = {{200, "Definitions"}}, .problems = {409}, .body_schema = "ApplyRequest", .body_required = true, .mutating = true});
  table.push_back({.method = "GET", .pattern = "/api/v1/definitions/versions", .name = "list_definitions_versions", .summary = "The versions that served, newest first",
                   .tag = "project", .handler = list_versions, .answers = {{200, "DefinitionsVersionList"}}, .query = page_params()});
  const auto version = [](const char* name, const char* description) {  // what it is when it is left out
    return Param{.name = name, .kind = Param::Kind::integer, .description = description, .min = 1, .max = 1'000'000'000'000};
  };
  table.push_back({.method = "GET", .pattern = "/api/v1/definitions/diff", .name = "get_definitions_difference", .summary = "What two versions differ in",
                   .tag = "project", .handler = get_difference, .answers = {{200, "DefinitionsDifference"}}, .problems = {404},
                   .query = {version("from", "the one before"), version("to", "the one that serves")}});
}

}  // namespace assetd::http
