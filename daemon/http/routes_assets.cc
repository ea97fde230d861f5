// Assets and their history.

#include <algorithm>
#include <span>

#include "core/graph/asset_key.h"

#include "daemon/http/asset_shapes.h"
#include "daemon/http/definition_text.h"
#include "daemon/http/event_hub.h"
#include "daemon/http/run_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

bool contains_text(const AssetSpec& spec, const std::string& wanted) {
  const auto has = [&](const std::string& text) {
    return std::ranges::search(text, wanted, [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); }).begin() != text.end();
  };
  return has(spec.key) || has(spec.description);
}

/// What `select` means, sorted by key: pages go by key. All without one.
std::expected<std::vector<AssetId>, Response> chosen_assets(const Call& call, const AssetTable& table, WallTime now) {
  std::vector<AssetId> ids;
  const Definitions& definitions = table.project->definitions;
  if (const std::string select = call.query.text("select"); !select.empty()) {
    const SelectionState state = selection_state(table, now);
    auto chosen = select_assets(select, definitions, table.project->graph, &state);
    if (!chosen) return std::unexpected(selection_problem(chosen.error()));
    ids = std::move(*chosen);
    std::ranges::sort(ids);
  } else {
    for (AssetId id = 0; id < definitions.assets.size(); ++id) ids.push_back(id);
  }
  if (const std::string q = call.query.text("q"); !q.empty())
    std::erase_if(ids, [&](AssetId id) { return !contains_text(definitions.assets[id], q); });
  return ids;
}

/// A page of the assets in `ids`, which are sorted by key, behind the key `after`.
std::string assets_body(const Call& call, const AssetTable& table, std::span<const AssetId> ids, AssetTexts& texts, WallTime now) {
  const auto limit = static_cast<std::size_t>(*call.query.integer("limit"));
  const auto page = ids.first(std::min(limit, ids.size()));
  std::string body = "{\"as_of\":" + std::to_string(table.as_of) + ",\"items\":[";
  for (const auto id : page) {
    if (body.back() != '[') body += ',';
    body += *texts.of(table, id, now);
  }
  const auto next = page.size() < ids.size() ? make_cursor(call, table.project->graph.key(page.back())) : "";
  return body + "],\"next_cursor\":" + dump(text_or_null(next)) + "}";
}

Response list_assets_of(const Call& call, const AssetTable& table, const std::string& after, AssetTexts& texts, WallTime now) {
  if (!table.project) return problem_response(503, "definitions-loading", "Not ready", "the definitions are still being loaded: see /readyz").with("Retry-After", "1");
  const auto ids = chosen_assets(call, table, now);
  if (!ids) return ids.error();
  std::span<const AssetId> rest(*ids);
  if (!after.empty()) {
    const auto begin = std::ranges::upper_bound(rest, after, {}, [&](AssetId id) -> const std::string& { return table.project->graph.key(id); });
    rest = {begin, rest.end()};
  }
  Response response;
  response.body = assets_body(call, table, rest, texts, now);
  return response;
}

Response list_assets(const Call& call, Context& context) {
  const auto after = read_cursor(call);
  if (!after) return after.error();
  const auto past = past_of(call, context);
  if (!past) return past.error();
  if (*past) return list_assets_of(call, (*past)->table, *after, context.shared.asset_texts, (*past)->at);
  Response response;
  context.service.with_assets([&](const AssetTable& table) { response = list_assets_of(call, table, *after, context.shared.asset_texts, wall_now()); });
  return response;
}

Response get_asset(const Call& call, Context& context) {
  std::optional<Response> failed;
  json body;
  SourceRef source;
  context.service.with_assets([&](const AssetTable& table) {
    if (!table.project) return;
    const auto id = find_asset(call.path_of("key"), *table.project);
    if (!id) {
      failed = id.error();
      return;
    }
    body = asset_json(table, *id, wall_now());
    add_asset_details(body, table, *id);
    body["as_of"] = table.as_of;
    source = table.project->definitions.assets[*id].source;
  });
  if (failed) return *failed;
  if (body.is_null()) return current_project(context).error();
  const auto text = definition_text(context.shared.options.project_dir, source);
  body["definition_yaml"] = text ? json(*text) : json();
  return json_response(body);
}

/// For the histories: known now, or once (an asset that was removed keeps its history).
struct AssetHistory {
  ReadAt at;
  std::string key;
};
std::expected<AssetHistory, Response> history_of(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return std::unexpected(at.error());
  const auto project = current_project(context);
  if (!project) return std::unexpected(project.error());
  const std::string key = call.path_of("key");
  if (auto id = find_asset(key, **project); !id) {
    const auto past = at->reader->asset_attempts(key, {1, ""});
    if (!past) return std::unexpected(store_problem(past.error()));
    if (past->items.empty()) return std::unexpected(std::move(id.error()));
  }
  return AssetHistory{*at, key};
}

/// The plan of a run that is kept; null otherwise.
std::shared_ptr<const LoadedPlan> kept_plan(RunId run, Context& context, Reader& reader) {
  const auto row = run == 0 ? std::nullopt : reader.run(run).value_or(std::nullopt);
  return row ? load_plan(run, row->run.definitions_version, context, reader).value_or(nullptr) : nullptr;
}

/// An asset that was renamed has steps by its former names. Only where it was does that cost reading their plans: where the name
/// was given to another asset since, the store knows no more of it, but the oldest run does.
bool has_former_names(const std::vector<MaterializationRow>& newest_first, const std::string& key, Context& context, Reader& reader) {
  if (reader.was_renamed(key).value_or(false)) return true;
  const auto oldest = std::find_if(newest_first.rbegin(), newest_first.rend(), [](const auto& row) { return row.value.run != 0; });
  const auto row = oldest == newest_first.rend() ? std::nullopt : reader.run(oldest->value.run).value_or(std::nullopt);
  const auto project = row ? context.service.project(row->run.definitions_version) : nullptr;
  return project && !project->graph.find(key);
}

/// What its run calls the step that made it.
std::string step_that_made(const Materialization& made, Context& context, Reader& reader) {
  const auto plan = kept_plan(made.run, context, reader);
  return plan && made.step < plan->plan.size() ? plan->project->graph.key(plan->plan.asset(made.step)) : made.key;
}

Response list_materializations(const Call& call, Context& context) {
  const auto history = history_of(call, context);
  if (!history) return history.error();
  auto& reader = *history->at.reader;
  const auto page = reader.materializations(history->key, page_of(call), call.query.text("partition"));
  if (!page) return store_problem(page.error());
  const bool renamed = has_former_names(page->items, history->key, context, reader);
  json items = json::array();
  for (const auto& [id, value] : page->items)
    items.push_back({{"id", id_text(id)}, {"run_id", id_or_null(value.run)}, {"step", renamed ? step_that_made(value, context, reader) : value.key}, {"partition", text_or_null(value.partition)}, {"at", time_json(value.at)},
                     {"duration_ms", value.duration_ms}, {"metadata", value.metadata.is_null() ? json::object() : value.metadata},
                     {"data_version", text_or_null(value.data_version)}, {"code_version", value.provenance ? text_or_null(value.provenance->code_version) : json()},
                     {"provenance", provenance_json(value.provenance.get())}});
  return list_response(std::move(items), page->next_cursor, history->at.as_of);
}

void report_materialization(const Call& call, Context& context, Respond done) {
  context.service.report_materialization(call.caller, call.path_of("key"),
                                         {call.body.value("metadata", json::object()), call.body.value("data_version", ""), call.body.at("reason"), call.body.value("partition", "")},
                                         answer_to(context, std::move(done)));
}

Response list_checks(const Call& call, Context& context) {
  const auto history = history_of(call, context);
  if (!history) return history.error();
  const auto page = history->at.reader->check_results(history->key, call.query.text("check"), page_of(call), call.query.text("partition"));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& [id, value] : page->items)
    items.push_back({{"id", id_text(id)}, {"check", value.name}, {"partition", text_or_null(value.partition)}, {"run_id", id_or_null(value.run)}, {"at", time_json(value.at)},
                     {"status", to_string(value.status)}, {"severity", severity_text(value.severity)}, {"blocking", value.blocking},
                     {"detail", text_or_null(value.detail)}, {"metadata", value.metadata.is_null() ? json::object() : value.metadata},
                     {"waived", text_or_null(value.waived)}});
  return list_response(std::move(items), page->next_cursor, history->at.as_of);
}

Response list_attempts(const Call& call, Context& context) {
  const auto history = history_of(call, context);
  if (!history) return history.error();
  const auto page = history->at.reader->asset_attempts(history->key, page_of(call));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& row : page->items)
    items.push_back({{"run_id", id_text(row.run)}, {"attempt", row.attempt}, {"partition", text_or_null(row.partition)}, {"status", to_string(row.status)}, {"reason", text_or_null(row.reason)},
                     {"started_at", time_json(row.started_at)}, {"ended_at", time_json(row.ended_at)},
                     {"duration_ms", duration_json(row.started_at, row.ended_at)}});
  return list_response(std::move(items), page->next_cursor, history->at.as_of);
}

Response list_asset_events(const Call& call, Context& context) {
  const auto history = history_of(call, context);
  if (!history) return history.error();
  EventFilter filter;
  filter.asset = history->key;
  const auto page = history->at.reader->events_newest(filter, page_of(call));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& event : page->items) items.push_back(event_json(event));
  return list_response(std::move(items), page->next_cursor, history->at.as_of);
}

void add_history(std::vector<Route>& table, const std::string& what, const char* summary, ReadHandler handler, const char* schema,
                 std::vector<Param> params = page_params()) {
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}/" + what, .name = "list_asset_" + what, .summary = summary, .tag = "assets",
                   .handler = handler, .answers = {{200, schema}}, .path = {key_param()}, .query = std::move(params)});
}

}  // namespace

void add_asset_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/api/v1/assets", .name = "list_assets", .summary = "Assets by key", .tag = "assets",
                   .handler = list_assets, .answers = {{200, "AssetList"}}, .problems = {410},
                   .query = page_params({{.name = "select", .description = "a selection; '+' is written %2B in a URL"},
                                         {.name = "q", .description = "a part of key or description"},
                                         {.name = "at", .kind = Param::Kind::time, .description = "as they were then, within retention"}})});
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}", .name = "get_asset", .summary = "One asset", .tag = "assets",
                   .handler = get_asset, .answers = {{200, "Asset"}}, .path = {key_param()}});
  table.push_back({.method = "POST", .pattern = "/api/v1/assets/{key}/materializations", .name = "report_materialization",
                   .summary = "Data that was made by hand, or elsewhere: what is below follows as if a run had made it", .tag = "assets",
                   .handler = report_materialization, .answers = {{201, "Reported"}}, .problems = {409}, .path = {key_param()}, .body_schema = "ReportRequest",
                   .body_required = true, .mutating = true});
  add_history(table, "materializations", "Newest first", list_materializations, "MaterializationList", page_params({{.name = "partition", .description = "only of this one"}}));
  add_history(table, "checks", "Results of its checks, newest first", list_checks, "CheckResultList",
              page_params({{.name = "check", .description = "only this one"}, {.name = "partition", .description = "only of this one"}}));
  add_history(table, "attempts", "How its steps ended, newest first", list_attempts, "AssetAttemptList");
  add_history(table, "events", "What happened to it, newest first", list_asset_events, "EventList");
}

}  // namespace assetd::http
