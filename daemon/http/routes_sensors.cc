// Sensors: how they stand, what came of their evaluations, commands on them, and the webhooks by which others tell.

#include <algorithm>

#include "core/definition/names.h"
#include "core/graph/asset_key.h"
#include "daemon/http/trigger_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

Response list_sensors(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  json items = json::array();
  for (const auto& view : context.service.sensors()) items.push_back(sensor_json(view));
  return paged(call, items, at->as_of);
}

std::expected<SensorView, Response> find_sensor(const Call& call, Context& context) {
  const std::string name = call.path_of("name");
  auto views = context.service.sensors();
  std::vector<std::string_view> names;
  for (auto& view : views) {
    if (view.spec.name == name) return std::move(view);
    names.push_back(view.spec.name);
  }
  const std::string nearest = nearest_name(name, names);
  return std::unexpected(not_found("there is no sensor '" + name + "'" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'")));
}

Response get_sensor(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto view = find_sensor(call, context);
  if (!view) return view.error();
  auto body = sensor_json(*view);
  body["as_of"] = at->as_of;
  return json_response(body);
}

Response list_sensor_ticks(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto page = at->reader->sensor_ticks(call.path_of("name"), page_of(call));
  if (!page) return store_problem(page.error());
  // One that is no longer defined keeps its history.
  if (page->items.empty())
    if (const auto view = find_sensor(call, context); !view) return view.error();
  json items = json::array();
  for (const auto& tick : page->items) items.push_back(to_json(tick));
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

std::string said(const Call& call, const char* key) {
  const auto found = call.body.find(key);
  return found != call.body.end() && found->is_string() ? found->get<std::string>() : "";
}

void pause_sensor(const Call& call, Context& context, Respond done) {
  context.service.pause_sensor(call.caller, call.path_of("name"), true, said(call, "reason"), answer_to(context, std::move(done)));
}

void resume_sensor(const Call& call, Context& context, Respond done) {
  context.service.pause_sensor(call.caller, call.path_of("name"), false, said(call, "reason"), answer_to(context, std::move(done)));
}

void trigger_sensor(const Call& call, Context& context, Respond done) {
  context.service.evaluate_sensor(call.caller, call.path_of("name"), false, answer_to(context, std::move(done)));
}

void dry_run_sensor(const Call& call, Context& context, Respond done) {
  context.service.evaluate_sensor(call.caller, call.path_of("name"), true, answer_to(context, std::move(done)));
}

void reset_sensor(const Call& call, Context& context, Respond done) {
  context.service.reset_sensor(call.caller, call.path_of("name"), said(call, "cursor"), said(call, "reason"), answer_to(context, std::move(done)));
}

void take_hook(const Call& call, Context& context, Respond done) {
  const auto& request = call.request;
  if (request.body.size() > kMostHookBody)
    return done(problem_response(413, "too-large", "Payload too large", "a webhook takes at most " + std::to_string(kMostHookBody >> 10) + " KiB; send where the rest is to be found"));
  HookDelivery delivery;
  delivery.sensor = call.path_of("name");
  delivery.body = request.body;
  const auto first = [&](std::string_view ours, std::string_view github) { return std::string(request.header(ours).empty() ? request.header(github) : request.header(ours)); };
  delivery.signature = first("assetd-signature", "x-hub-signature-256");
  delivery.id = first("idempotency-key", "x-github-delivery").substr(0, 255);
  delivery.event = std::string(request.header("x-github-event")).substr(0, 255);
  delivery.content_type = request.header("content-type");
  delivery.remote = request.remote;
  context.service.deliver_hook(std::move(delivery), answer_to(context, [done = std::move(done)](Response response) {
    if (response.status == 401) response.with("WWW-Authenticate", "Signature realm=\"assetd\"");
    done(std::move(response));
  }));
}

}  // namespace

void add_sensor_routes(std::vector<Route>& table) {
  const std::string base = "/api/v1/sensors/{name}";
  const PathParam name{"name", PathParam::Kind::name, "a sensor's name"};
  const auto command = [&](const char* verb, const char* operation, const char* summary, CommandHandler handler, const char* answer, const char* body) {
    table.push_back({.method = "POST", .pattern = base + "/" + verb, .name = operation, .summary = summary, .tag = "sensors", .handler = handler,
                     .answers = {{200, answer}}, .problems = {409}, .path = {name}, .body_schema = body, .mutating = true});
  };
  table.push_back({.method = "GET", .pattern = "/api/v1/sensors", .name = "list_sensors", .summary = "Sensors and how they stand", .tag = "sensors", .handler = list_sensors,
                   .answers = {{200, "SensorList"}}, .query = page_params()});
  table.push_back({.method = "GET", .pattern = base, .name = "get_sensor", .summary = "One sensor", .tag = "sensors", .handler = get_sensor, .answers = {{200, "Sensor"}}, .path = {name}});
  table.push_back({.method = "GET", .pattern = base + "/ticks", .name = "list_sensor_ticks", .summary = "What came of its evaluations, newest first", .tag = "sensors",
                   .handler = list_sensor_ticks, .answers = {{200, "SensorTickList"}}, .path = {name}, .query = page_params()});
  command("pause", "pause_sensor", "Pause; survives reload and restart", pause_sensor, "SensorPaused", "PauseRequest");
  command("resume", "resume_sensor", "Resume: it looks at once", resume_sensor, "SensorPaused", "PauseRequest");
  command("trigger", "trigger_sensor", "Evaluate it now, also while it is paused; answers with the tick", trigger_sensor, "SensorTick", "");
  command("dry-run", "dry_run_sensor", "Evaluate it without an effect; answers with what it would ask for", dry_run_sensor, "SensorDryRun", "");
  command("reset", "reset_sensor", "Set its cursor, or let it begin anew", reset_sensor, "SensorReset", "SensorResetRequest");
  table.push_back({.method = "POST", .pattern = "/api/v1/hooks/{name}", .name = "deliver_hook", .summary = "Tell a webhook sensor; signed, counts once", .tag = "sensors",
                   .handler = take_hook, .answers = {{202, "HookTaken"}}, .problems = {401}, .path = {{"name", PathParam::Kind::name, "a webhook sensor's name"}},
                   .body_schema = "HookPayload", .raw_body = true, .guard = Guard::open, .mutating = true});
}

}  // namespace assetd::http
