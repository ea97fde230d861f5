// The project as a whole: overview, jobs, audit, selections.

#include <algorithm>
#include <set>

#include "daemon/http/asset_shapes.h"
#include "daemon/http/overview.h"
#include "daemon/http/run_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxKeys = 1000;

Response get_project(const Call&, Context& context) {
  json body = context.service.project_status();
  body["access"] = context.shared.access.needs_token() ? "token" : "open";
  const auto at = read_at(context);
  // A store that is gone can often not be read either, and this is where people look for why.
  if (!at && body["latched"].is_null()) return at.error();
  body["as_of"] = at ? json(at->as_of) : json();
  return json_response(std::move(body));
}

void back_up(const Call& call, Context& context, Respond done) { context.service.back_up(call.caller, answer_to(context, std::move(done))); }
void prune(const Call& call, Context& context, Respond done) { context.service.prune(call.caller, answer_to(context, std::move(done))); }
Response list_jobs(const Call& call, Context& context) {
  const auto project = current_project(context);
  if (!project) return project.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  json items = json::array();
  for (const auto& job : (*project)->definitions.jobs) {
    const auto chosen = select_assets(job.select, (*project)->definitions, (*project)->graph);
    items.push_back({{"name", job.name}, {"select", job.select}, {"assets", chosen ? json(chosen->size()) : json()}});
  }
  return paged(call, items, at->as_of);
}

Response list_audit(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto page = at->reader->audit(page_of(call));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& [id, entry] : page->items)
    items.push_back({{"id", id_text(id)}, {"at", time_json(entry.at)}, {"actor", entry.actor.name}, {"remote", text_or_null(entry.actor.remote)},
                     {"action", entry.action}, {"subject", entry.subject}, {"detail", entry.detail}});
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

Response get_select(const Call& call, Context& context) {
  std::optional<Response> failed;
  json body;
  context.service.with_assets([&](const AssetTable& table) {
    if (!table.project) return;
    const SelectionState state = selection_state(table, wall_now());
    const auto chosen = select_assets(call.query.text("select"), table.project->definitions, table.project->graph, &state);
    if (!chosen) {
      failed = selection_problem(chosen.error());
      return;
    }
    json keys = json::array();
    for (std::size_t i = 0; i < std::min(chosen->size(), kMaxKeys); ++i) keys.push_back(table.project->graph.key((*chosen)[i]));
    body = {{"keys", keys}, {"total", chosen->size()}, {"as_of", table.as_of}};
  });
  if (failed) return *failed;
  if (body.is_null()) return current_project(context).error();
  return json_response(body);
}

Response get_overview(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  auto body = overview_json(static_cast<int>(*call.query.integer("days")), wall_now(), context, *at->reader);
  if (!body) return body.error();
  (*body)["as_of"] = at->as_of;
  return json_response(*body);
}

void add(std::vector<Route>& table, const char* path, const char* name, const char* summary, ReadHandler handler, const char* schema,
         std::vector<Param> query = {}) {
  table.push_back({.method = "GET", .pattern = std::string("/api/v1") + path, .name = name, .summary = summary, .tag = "project", .handler = handler,
                   .answers = {{200, schema}}, .query = std::move(query)});
}

}  // namespace

void add_project_routes(std::vector<Route>& table) {
  add(table, "/project", "get_project", "What runs here", get_project, "Project");
  add(table, "/overview", "get_overview", "What needs somebody, runs and comes next", get_overview, "Overview",
      {{.name = "days", .kind = Param::Kind::integer, .description = "of history", .min = 1, .max = 90, .fallback = 14}});
  add(table, "/jobs", "list_jobs", "Jobs", list_jobs, "JobList", page_params());
  table.push_back({.method = "POST", .pattern = "/api/v1/admin/backup", .name = "back_up", .summary = "A backup of the store, made while everything goes on",
                   .tag = "project", .handler = back_up, .answers = {{201, "Backup"}}, .problems = {409}, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/admin/prune", .name = "prune", .summary = "Forget now what retention lets go",
                   .tag = "project", .handler = prune, .answers = {{200, "Pruned"}}, .mutating = true});
  add(table, "/audit", "list_audit", "Who did what, newest first", list_audit, "AuditList", page_params());
  add(table, "/select", "get_select", "What a selection means", get_select, "Selected",
      {{.name = "select", .description = "a selection; '+' is written %2B in a URL"}});
}

}  // namespace assetd::http
