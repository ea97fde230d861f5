// What is materialized by itself, and why (not); the red button.

#include "daemon/http/asset_shapes.h"
#include "daemon/http/trigger_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

Response list_automation(const Call& call, Context& context) {
  const auto after = read_cursor(call);
  if (!after) return after.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto page = context.service.automation(*after, static_cast<std::size_t>(*call.query.integer("limit")));
  json items = json::array();
  for (const auto& view : page.items) items.push_back(automation_json(view));
  const std::string next = page.more ? make_cursor(call, page.items.back().key) : "";
  return json_response({{"items", items}, {"next_cursor", text_or_null(next)}, {"paused", pause_json(page.pause)}, {"as_of", at->as_of}});
}

Response get_automation(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto project = current_project(context);
  if (!project) return project.error();
  const auto key = call.path_of("key");
  if (const auto id = find_asset(key, **project); !id) return id.error();
  const auto view = context.service.automation_of(key);
  auto body = automation_json(view.value_or(AutomationView{.key = key}));
  body["answer"] = view ? view->answer : json();
  body["as_of"] = at->as_of;
  return json_response(body);
}

Response list_evaluations(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto key = call.path_of("key");
  const auto page = at->reader->evaluations(key, page_of(call));
  if (!page) return store_problem(page.error());
  if (page->items.empty()) {  // one that is no longer defined keeps its history
    const auto project = current_project(context);
    if (!project) return project.error();
    if (const auto id = find_asset(key, **project); !id) return id.error();
  }
  json items = json::array();
  for (const auto& [id, each] : page->items)
    items.push_back({{"id", id_text(id)}, {"at", time_json(each.at)}, {"holds", each.holds}, {"run_id", id_or_null(each.run)},
                     {"answer", json::parse(each.answer, nullptr, false)}});
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

void pause(const Call& call, Context& context, const std::string& asset, Respond done) {
  std::optional<WallTime> until;
  if (const auto given = call.body.find("until"); given != call.body.end() && given->is_string()) {
    until = parse_time(given->get<std::string>());
    if (!until) return done(invalid({{"/until", "'until' must be a time as in 2026-11-27T08:00:00Z"}}));
  }
  context.service.pause_automation(call.caller, asset, call.body.at("reason"), until, answer_to(context, std::move(done)));
}

void resume(const Call& call, Context& context, const std::string& asset, Respond done) {
  context.service.resume_automation(call.caller, asset, call.body.is_object() ? call.body.value("reason", "") : "", answer_to(context, std::move(done)));
}

void pause_all(const Call& call, Context& context, Respond done) { pause(call, context, "", std::move(done)); }
void resume_all(const Call& call, Context& context, Respond done) { resume(call, context, "", std::move(done)); }
void pause_one(const Call& call, Context& context, Respond done) { pause(call, context, call.path_of("key"), std::move(done)); }
void resume_one(const Call& call, Context& context, Respond done) { resume(call, context, call.path_of("key"), std::move(done)); }

}  // namespace

void add_automation_routes(std::vector<Route>& table) {
  const std::string all = "/api/v1/automation", one = "/api/v1/assets/{key}";
  const auto command = [&](const std::string& pattern, const char* name, const char* summary, CommandHandler handler, const char* body, std::vector<PathParam> path) {
    table.push_back({.method = "POST", .pattern = pattern, .name = name, .summary = summary, .tag = "automation", .handler = handler,
                     .answers = {{200, "AutomationPaused"}}, .problems = {409}, .path = std::move(path), .body_schema = body,
                     .body_required = std::string(body) == "AutomationPauseRequest", .mutating = true});
  };
  table.push_back({.method = "GET", .pattern = all, .name = "list_automation", .summary = "Assets that have a condition, and whether it holds, and those that are muted",
                   .tag = "automation", .handler = list_automation, .answers = {{200, "AutomationList"}}, .query = page_params()});
  table.push_back({.method = "GET", .pattern = one + "/automation", .name = "get_automation", .summary = "An asset's condition, node by node, as it stands now",
                   .tag = "automation", .handler = get_automation, .answers = {{200, "AutomationDetail"}}, .path = {key_param()}});
  table.push_back({.method = "GET", .pattern = one + "/evaluations", .name = "list_evaluations",
                   .summary = "Evaluations of its condition that came to another answer than before or asked for a run, newest first", .tag = "automation",
                   .handler = list_evaluations, .answers = {{200, "EvaluationList"}}, .path = {key_param()}, .query = page_params()});
  command(all + "/pause", "pause_automation", "The red button: nothing starts by itself, neither automation nor schedules nor sensors", pause_all, "AutomationPauseRequest", {});
  command(all + "/resume", "resume_automation", "What has become due meanwhile starts now", resume_all, "PauseRequest", {});
  command(one + "/automation/pause", "pause_asset_automation", "Mutes this asset: automation, schedules and sensors leave it out until it is resumed; who asks for it still gets it made", pause_one, "AutomationPauseRequest", {key_param()});
  command(one + "/automation/resume", "resume_asset_automation", "Ends the mute; if its condition came true meanwhile, it is asked for now", resume_one, "PauseRequest", {key_param()});
}

}  // namespace assetd::http
