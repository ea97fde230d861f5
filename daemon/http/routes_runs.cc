// Runs and their steps, to read.

#include <algorithm>

#include "daemon/http/asset_shapes.h"
#include "daemon/http/run_shapes.h"
#include "daemon/http/step_list.h"

namespace assetd::http {
namespace {

using nlohmann::json;

std::vector<std::string> run_statuses() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(RunStatus::canceled); ++i) names.emplace_back(to_string(static_cast<RunStatus>(i)));
  return names;
}

std::vector<std::string> step_statuses() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(StepStatus::canceled); ++i) names.emplace_back(to_string(static_cast<StepStatus>(i)));
  return names;
}

RunFilter filter_of(const Call& call) {
  RunFilter filter;
  for (const auto& name : call.query.list("status")) filter.statuses.push_back(*parse_run_status(name));
  filter.asset = call.query.text("asset");
  filter.since = call.query.time("since");
  filter.job = call.query.text("job");
  filter.backfill = call.query.integer("backfill").value_or(0);
  return filter;
}

/// Counts of an active run come from the engine; no step is asked for.
std::optional<LiveRun> live_counts(const RunRow& row, Context& context) {
  if (is_terminal(row.run.status)) return std::nullopt;
  return context.service.live_run(row.run.id, {});
}

Response list_runs(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto page = at->reader->runs(filter_of(call), page_of(call));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& row : page->items) items.push_back(run_json(row, live_counts(row, context), std::nullopt));
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

/// The one that lets the cause's check pass where it failed: that of its partition before the one for all. Null: there is none.
json waiver_of(const json& cause, std::vector<json> waivers) {
  json found;
  for (auto& waiver : waivers)  // the one for all comes first
    if (waiver["check"] == cause.value("check", json()) && (waiver["partition"].is_null() || waiver["partition"] == cause.value("partition", json()))) found = std::move(waiver);
  return found;
}

/// What the person who is called wants to know of a cause, as it is now: whose it is, what to do, whether somebody does it.
void describe_causes(json& causes, Context& context) {
  if (causes.empty()) return;
  context.service.with_assets([&](const AssetTable& table) {
    if (!table.project) return;
    for (auto& cause : causes) {
      const auto id = table.project->graph.find(cause.value("key", ""));
      if (!id) continue;
      const auto& asset = table.project->definitions.assets[*id];
      cause["owners"] = asset.owners;
      cause["runbook"] = text_or_null(asset.runbook);
      cause["acknowledged"] = acknowledged_json(table.states[*id]);
      cause["waiver"] = waiver_of(cause, waivers_json(table, *id, wall_now()));
    }
  });
}

/// Of those that are checks: whether `check=` of the run's logs gives what it printed.
void tell_own_processes(json& causes, std::int64_t version, Context& context) {
  if (std::ranges::none_of(causes, [](const json& cause) { return cause.contains("check"); })) return;
  const auto project = context.service.project(version);
  for (auto& cause : causes) {
    if (!cause.contains("check")) continue;
    const auto is_it = [&](const CheckSpec& spec) { return spec.run && cause["check"] == spec.name && cause["key"] == spec.home; };
    cause["own_process"] = project && std::ranges::any_of(project->definitions.checks, is_it);
  }
}

Response get_run(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto row = find_run(call, *at->reader);
  if (!row) return row.error();
  const auto usual = at->reader->usual_ms(row->run.select, row->run.job);
  json body = run_json(*row, live_counts(*row, context), usual ? *usual : std::nullopt);
  describe_causes(body["causes"], context);
  tell_own_processes(body["causes"], row->run.definitions_version, context);
  body["as_of"] = at->as_of;
  return json_response(body);
}

/// The indices of one page, and where the next begins.
struct StepPage {
  std::vector<StepIndex> steps;
  StepIndex next = kNone;
};

std::expected<StepPage, Response> page_of_steps(const Call& call, const RunRow& row, StepIndex from, Context& context, Reader& reader) {
  const auto limit = static_cast<int>(*call.query.integer("limit"));
  StepPage page;
  if (const auto names = call.query.list("status"); !names.empty()) {
    std::vector<StepStatus> statuses;
    for (const auto& name : names) statuses.push_back(*parse_step_status(name));
    auto found = steps_with_status(row, statuses, from, limit + 1, context, reader);
    if (!found) return std::unexpected(std::move(found.error()));
    page.steps = std::move(*found);
  } else {
    for (StepIndex i = from; i < row.run.steps_total && page.steps.size() <= static_cast<std::size_t>(limit); ++i) page.steps.push_back(i);
  }
  if (page.steps.size() > static_cast<std::size_t>(limit)) {
    page.next = page.steps.back();
    page.steps.pop_back();
  }
  return page;
}

Response list_steps(const Call& call, Context& context) {
  const auto position = read_cursor(call);
  if (!position) return position.error();
  const auto from = position->empty() ? std::optional<std::int64_t>(0) : parse_integer(*position);
  if (!from || *from < 0) return invalid({{"/cursor", "this cursor is not of this list: begin again without it"}});
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto row = find_run(call, *at->reader);
  if (!row) return row.error();
  const auto plan = load_plan(row->run.id, row->run.definitions_version, context, *at->reader);
  if (!plan) return plan.error();
  const auto page = page_of_steps(call, *row, static_cast<StepIndex>(*from), context, *at->reader);
  if (!page) return page.error();
  json items = json::array();
  if (!page->steps.empty()) {
    const auto list = StepList::load(*row, *plan, page->steps, context, *at->reader);
    if (!list) return list.error();
    for (const auto step : page->steps) items.push_back(list->step(step));
  }
  const std::string next = page->next == kNone ? "" : make_cursor(call, id_text(page->next));
  return list_response(std::move(items), next, at->as_of);
}

}  // namespace

void add_run_routes(std::vector<Route>& table) {
  const Param status{.name = "status", .kind = Param::Kind::choices, .description = "one or several, separated by ','", .choices = run_statuses()};
  table.push_back({.method = "GET", .pattern = "/api/v1/runs", .name = "list_runs", .summary = "Runs, newest first", .tag = "runs", .handler = list_runs,
                   .answers = {{200, "RunList"}},
                   .query = page_params({status,
                                         {.name = "asset", .description = "runs with a step of this asset"},
                                         {.name = "since", .kind = Param::Kind::time, .description = "created at or after"},
                                         {.name = "job", .description = "runs of this job"},
                                         {.name = "backfill", .kind = Param::Kind::integer, .description = "runs of this backfill", .min = 1, .max = INT64_MAX}})});
  table.push_back({.method = "GET", .pattern = "/api/v1/runs/{run_id}", .name = "get_run", .summary = "One run", .tag = "runs", .handler = get_run,
                   .answers = {{200, "Run"}}, .path = {run_param()}});
  table.push_back({.method = "GET", .pattern = "/api/v1/runs/{run_id}/steps", .name = "list_steps", .summary = "Steps in topological order",
                   .tag = "runs", .handler = list_steps, .answers = {{200, "StepList"}}, .problems = {410}, .path = {run_param()},
                   .query = page_params({{.name = "status", .kind = Param::Kind::choices, .description = "one or several, separated by ','",
                                          .choices = step_statuses()}})});
}

}  // namespace assetd::http
