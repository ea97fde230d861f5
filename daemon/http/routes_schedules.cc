// Schedules: next and last ticks, pause, resume, trigger.

#include <algorithm>

#include "core/definition/names.h"
#include "core/graph/asset_key.h"
#include "daemon/http/trigger_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

Response list_schedules(const Call& call, Context& context) {
  const auto after = read_cursor(call);
  if (!after) return after.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  auto views = context.service.schedules();
  std::ranges::sort(views, {}, [](const ScheduleView& view) { return view.spec.name; });
  const auto project = context.service.project();
  json items = json::array();
  std::string next;
  for (const auto& view : views) {
    if (!after->empty() && view.spec.name <= *after) continue;
    if (items.size() == static_cast<std::size_t>(*call.query.integer("limit"))) {
      next = make_cursor(call, items.back()["name"]);
      break;
    }
    auto item = schedule_json(view, project.get(), *at->reader);
    if (!item) return item.error();
    items.push_back(std::move(*item));
  }
  return list_response(std::move(items), next, at->as_of);
}

std::expected<ScheduleView, Response> find_schedule(const Call& call, Context& context) {
  const std::string name = call.path_of("name");
  const auto views = context.service.schedules();
  std::vector<std::string_view> names;
  for (const auto& view : views) {
    if (view.spec.name == name) return view;
    names.push_back(view.spec.name);
  }
  const std::string nearest = nearest_name(name, names);
  return std::unexpected(not_found("there is no schedule '" + name + "'" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'")));
}

Response get_schedule(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto view = find_schedule(call, context);
  if (!view) return view.error();
  auto body = schedule_json(*view, context.service.project().get(), *at->reader);
  if (!body) return body.error();
  (*body)["as_of"] = at->as_of;
  return json_response(*body);
}

Response list_ticks(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const std::string name = call.path_of("name");
  const auto page = at->reader->ticks(name, page_of(call));
  if (!page) return store_problem(page.error());
  // One that is no longer defined keeps its history.
  if (page->items.empty())
    if (const auto view = find_schedule(call, context); !view) return view.error();
  json items = json::array();
  for (const auto& tick : page->items) items.push_back(tick_json(tick));
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

void pause(const Call& call, Context& context, Respond done) {
  context.service.pause_schedule(call.caller, call.path_of("name"), true, call.body.value("reason", ""), answer_to(context, std::move(done)));
}

void resume(const Call& call, Context& context, Respond done) {
  context.service.pause_schedule(call.caller, call.path_of("name"), false, call.body.value("reason", ""), answer_to(context, std::move(done)));
}

void trigger(const Call& call, Context& context, Respond done) {
  context.service.trigger_schedule(call.caller, call.path_of("name"), answer_to(context, std::move(done)));
}

}  // namespace

void add_schedule_routes(std::vector<Route>& table) {
  const std::string base = "/api/v1/schedules/{name}";
  const PathParam name{"name", PathParam::Kind::name, "a schedule's name"};
  const auto command = [&](const char* verb, const char* summary, CommandHandler handler, Answer answer, const char* body) {
    table.push_back({.method = "POST", .pattern = base + "/" + verb, .name = std::string(verb) + "_schedule", .summary = summary, .tag = "schedules",
                     .handler = handler, .answers = {answer}, .problems = {409}, .path = {name}, .body_schema = body, .mutating = true});
  };
  table.push_back({.method = "GET", .pattern = "/api/v1/schedules", .name = "list_schedules", .summary = "Schedules with their next ticks",
                   .tag = "schedules", .handler = list_schedules, .answers = {{200, "ScheduleList"}}, .query = page_params()});
  table.push_back({.method = "GET", .pattern = base, .name = "get_schedule", .summary = "One schedule", .tag = "schedules", .handler = get_schedule,
                   .answers = {{200, "Schedule"}}, .path = {name}});
  table.push_back({.method = "GET", .pattern = base + "/ticks", .name = "list_ticks", .summary = "What became of its instants, newest first",
                   .tag = "schedules", .handler = list_ticks, .answers = {{200, "TickList"}}, .path = {name}, .query = page_params()});
  command("pause", "Pause; survives reload and restart", pause, {200, "Any"}, "PauseRequest");
  command("resume", "Resume", resume, {200, "Any"}, "PauseRequest");
  command("trigger", "A run of it now", trigger, {201, "RunCreated"}, "");
}

}  // namespace assetd::http
