// Alerts: the outbox with how each delivery stands, the rules, silences, tests.

#include "daemon/http/json_shapes.h"
#include "core/definition/names.h"
#include "core/schedule/cron.h"

namespace assetd::http {
namespace {

using nlohmann::json;

json alert_json(const AlertRecord& alert) {
  return {{"id", alert.id},
          {"rule", alert.rule},
          {"event", alert.event},
          {"at", time_json(alert.at)},
          {"run_id", alert.run ? json(id_text(alert.run)) : json()},
          {"asset", text_or_null(alert.asset)},
          {"check", text_or_null(alert.check)},
          {"reason", text_or_null(alert.reason)},
          {"detail", text_or_null(alert.detail)},
          {"cause", alert.cause},
          {"skipped", alert.skipped},
          {"title", alert.event == kOpenLineage ? alert.reason + " of " + alert.asset : alert.body.value("title", "")},
          {"state", to_string(alert.state)},
          {"attempts", alert.attempts},
          {"last_error", text_or_null(alert.last_error)},
          {"next_attempt_at", time_json(alert.next_attempt_at)},
          {"delivered_at", time_json(alert.delivered_at)},
          {"resolved_at", time_json(alert.resolved_at)},
          {"silence", text_or_null(alert.silence)},
          {"repeats", alert.repeats}};
}

json silence_json(const Silence& silence) {
  return {{"id", silence.id},
          {"rule", text_or_null(silence.rule)},
          {"select", text_or_null(silence.select)},
          {"reason", text_or_null(silence.reason)},
          {"by", silence.by},
          {"created_at", time_json(silence.created_at)},
          {"until", time_json(silence.until)}};
}

json rule_json(const AlertSpec& rule) {
  json on = json::array();
  for (const auto event : rule.on) on.push_back(name_of(event));
  const auto* receiver = rule.webhook ? (rule.webhook->form == WebhookForm::slack ? "slack" : "webhook") : rule.email ? "email" : rule.openlineage ? "openlineage" : "program";
  return {{"name", rule.name},
          {"on", on},
          {"select", text_or_null(rule.select)},
          {"owners", rule.owners},
          {"receiver", receiver},
          {"signed", rule.webhook && !rule.webhook->secret.empty()},
          {"repeat_ms", rule.repeat.count()},
          {"timeout_ms", rule.timeout.count()},
          {"give_up_ms", rule.give_up.count()},
          {"source", source_json(rule.source)}};
}

Response list_alerts(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  AlertFilter filter{call.query.list("state"), call.query.text("rule"), call.query.integer("run").value_or(0)};
  const auto page = at->reader->alerts(filter, page_of(call));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& alert : page->items) items.push_back(alert_json(alert));
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

Response get_alert(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto found = at->reader->alert(call.path_of("alert_id"));
  if (!found) return store_problem(found.error());
  if (!*found) return not_found("there is no alert '" + call.path_of("alert_id") + "'; it may be older than retention keeps alerts");
  auto body = alert_json(**found);
  body["body"] = (*found)->body;
  body["as_of"] = at->as_of;
  return json_response(body);
}

Response list_rules(const Call& call, Context& context) {
  const auto project = current_project(context);
  if (!project) return project.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  json items = json::array();
  for (const auto& rule : (*project)->definitions.alerts) items.push_back(rule_json(rule));
  return paged(call, items, at->as_of);
}

Response list_silences(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto silences = at->reader->silences(wall_now());
  if (!silences) return store_problem(silences.error());
  json items = json::array();
  for (const auto& silence : *silences) items.push_back(silence_json(silence));
  return paged(call, items, at->as_of);
}

void add_silence(const Call& call, Context& context, Respond done) {
  const auto until = parse_time(call.body.at("until").get<std::string>());
  if (!until) return done(invalid({{"/until", "a time in RFC 3339 is expected, as 2026-01-31T18:00:00Z"}}));
  const auto said = [&](const char* key) { return call.body.value(key, ""); };
  context.service.add_silence(call.caller, {said("rule"), said("select"), said("reason"), *until}, answer_to(context, std::move(done)));
}

void end_silence(const Call& call, Context& context, Respond done) {
  context.service.end_silence(call.caller, call.path_of("silence_id"), answer_to(context, std::move(done)));
}

void test_alert(const Call& call, Context& context, Respond done) {
  context.service.test_alert(call.caller, call.path_of("rule"), answer_to(context, std::move(done)));
}

}  // namespace

void add_alert_routes(std::vector<Route>& table) {
  const auto add = [&](Route route) {
    route.tag = "alerts";
    table.push_back(std::move(route));
  };
  const std::vector<Param> filters{
      {.name = "state", .kind = Param::Kind::choices, .description = "pending, delivered, failed, silenced", .choices = {"pending", "delivered", "failed", "silenced"}},
      {.name = "rule", .description = "name of the rule; without it, what OpenLineage is told (openlineage) is left out"},
      {.name = "run", .kind = Param::Kind::integer, .description = "of this run", .min = 1, .max = INT64_MAX}};
  add({.method = "GET", .pattern = "/api/v1/alerts", .name = "list_alerts", .summary = "Alerts and how their delivery stands, newest first", .tag = "", .handler = list_alerts,
       .answers = {{200, "AlertList"}}, .query = page_params(filters)});
  add({.method = "GET", .pattern = "/api/v1/alerts/rules", .name = "list_alert_rules", .summary = "Whom the definitions tell of what", .tag = "", .handler = list_rules,
       .answers = {{200, "AlertRuleList"}}, .query = page_params()});
  add({.method = "GET", .pattern = "/api/v1/alerts/silences", .name = "list_silences", .summary = "Silences that stand", .tag = "", .handler = list_silences,
       .answers = {{200, "SilenceList"}}, .query = page_params()});
  add({.method = "POST", .pattern = "/api/v1/alerts/silences", .name = "add_silence", .summary = "Hold back alerts that fit, until then", .tag = "", .handler = add_silence,
       .answers = {{201, "SilenceAdded"}}, .problems = {404, 409}, .body_schema = "SilenceRequest", .body_required = true, .mutating = true});
  add({.method = "DELETE", .pattern = "/api/v1/alerts/silences/{silence_id}", .name = "end_silence", .summary = "End a silence", .tag = "", .handler = end_silence,
       .answers = {{200, "SilenceEnded"}}, .problems = {409}, .path = {{"silence_id", PathParam::Kind::name, "a silence's id"}}, .mutating = true});
  add({.method = "POST", .pattern = "/api/v1/alerts/rules/{rule}/test", .name = "test_alert", .summary = "Send an alert by this rule, to see whether it arrives", .tag = "",
       .handler = test_alert, .answers = {{201, "AlertTested"}}, .problems = {409}, .path = {{"rule", PathParam::Kind::name, "name of an alert of the definitions"}}, .mutating = true});
  add({.method = "GET", .pattern = "/api/v1/alerts/{alert_id}", .name = "get_alert", .summary = "One alert, with what is sent", .tag = "", .handler = get_alert,
       .answers = {{200, "AlertDetail"}}, .problems = {}, .path = {{"alert_id", PathParam::Kind::name, "an alert's id"}}});
}

}  // namespace assetd::http
