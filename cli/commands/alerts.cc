// alerts list | show | rules | test | silence | silences | unsilence: who was told what, and what is held back.
#include <chrono>
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"
#include "core/schedule/cron.h"

namespace assetd::cli {
namespace {

struct AlertListOptions {
  std::string state, rule, run;
  std::size_t limit = 50;
};

/// "in 4 s: the webhook answered HTTP 503", "3 times since", "held back by 5f3a9c21".
std::string alert_note(const Json& alert, SystemTime now) {
  const auto state = text_at(alert, "state"), error = text_at(alert, "last_error"), repeats = text_at(alert, "repeats");
  std::string note;
  if (state == "pending" && !error.empty()) note = "next attempt " + ago_at(alert, "next_attempt_at", now) + ": " + error;
  else if (state == "failed") note = "given up: " + error;
  else if (state == "delivered" && !error.empty()) note = "delivered, but: " + error;
  else if (state == "silenced") note = "held back by the silence " + text_at(alert, "silence");
  if (repeats != "0") note += (note.empty() ? "" : "; ") + ("came again " + repeats + (repeats == "1" ? " time" : " times"));
  if (!text_at(alert, "resolved_at").empty()) note += (note.empty() ? "" : "; ") + ("mended " + ago_at(alert, "resolved_at", now));
  return note;
}

int list_alerts(Session& session, const AlertListOptions& options) {
  const auto page = session.api->list("/alerts", {{"state", options.state}, {"rule", options.rule}, {"run", options.run}}, options.limit);
  return session.show(page, [&](const Json& alerts) {
    if (alerts["items"].empty()) session.out << "no alerts\n";
    if (alerts["items"].empty()) return;
    Table table({{"WHEN"}, {"RULE"}, {"STATE"}, {"TRIES", true}, {"ALERT", false, true}, {"NOTE", false, true}});
    for (const auto& alert : alerts["items"])
      table.add({ago_at(alert, "at", session.now()), text_at(alert, "rule"), status_cell(text_at(alert, "state")), text_at(alert, "attempts"),
                 text_at(alert, "title"), alert_note(alert, session.now())});
    session.out << table.render(session.terminal);
  });
}

struct NamedOptions {
  std::string name;
};

int show_alert(Session& session, const NamedOptions& options) {
  return session.show(session.api->get("/alerts/" + percent_encode(options.name)), [&](const Json& alert) {
    session.out << text_at(alert, "title") << "\n" << text_at(alert, "state") << ", attempts: " << text_at(alert, "attempts") << "\n";
    if (const auto note = alert_note(alert, session.now()); !note.empty()) session.out << note << "\n";
    session.out << harmless(alert["body"].dump(2, ' ', true)) << "\n";
  });
}

int list_rules(Session& session, const NoOptions&) {
  return session.show(session.api->get("/alerts/rules"), [&](const Json& page) {
    if (page["items"].empty()) session.out << "the definitions have no alerts\n";
    if (page["items"].empty()) return;
    Table table({{"RULE"}, {"ON"}, {"RECEIVER"}, {"OWNERS"}, {"SELECTION", false, true}});
    for (const auto& rule : page["items"])
      table.add({text_at(rule, "name"), join(rule["on"], ", "), text_at(rule, "receiver"), join(rule["owners"], ", "), text_at(rule, "select")});
    session.out << table.render(session.terminal);
  });
}

int test_alert(Session& session, const NamedOptions& options) {
  return session.show(session.api->post("/alerts/rules/" + percent_encode(options.name) + "/test"), [&](const Json& alert) {
    session.out << "alert " << text_at(alert, "id") << " is on its way; assetctl alerts list shows whether it arrived\n";
  });
}

int show_openlineage(Session& session, const NoOptions&) {
  return session.show(session.api->get("/openlineage"), [&](const Json& stands) {
    if (stands.value("configured", false)) session.out << "events of namespace " << text_at(stands, "namespace") << ": ";
    else session.out << "the definitions have no openlineage:; ";
    session.out << text_at(stands, "delivered") << " delivered, " << text_at(stands, "pending") << " waiting, " << text_at(stands, "failed") << " given up\n";
    if (const auto error = text_at(stands, "last_error"); !error.empty()) session.out << "last error: " << error << "\n";
  });
}

struct SilenceOptions {
  std::string rule, select, reason, time;
};

int silence(Session& session, const SilenceOptions& options) {
  const auto time = parse_duration(options.time);
  if (!time || time->count() < 1) return session.usage("--for takes a duration such as 30m or 2h, not '" + options.time + "'");
  const auto until = std::chrono::time_point_cast<Millis>(session.now()) + *time;
  Json body = {{"until", format_time(until)}};
  for (const auto& [key, value] : {std::pair("rule", &options.rule), std::pair("select", &options.select), std::pair("reason", &options.reason)})
    if (!value->empty()) body[key] = *value;
  return session.show(session.api->post("/alerts/silences", body), [&](const Json& made) {
    session.out << "silence " << text_at(made, "id") << " stands until " << text_at(made, "until") << "\n";
  });
}

int list_silences(Session& session, const NoOptions&) {
  return session.show(session.api->get("/alerts/silences"), [&](const Json& page) {
    if (page["items"].empty()) session.out << "nothing is held back\n";
    if (page["items"].empty()) return;
    Table table({{"SILENCE"}, {"ENDS"}, {"RULE"}, {"SELECTION", false, true}, {"BY"}, {"REASON", false, true}});
    for (const auto& each : page["items"])
      table.add({text_at(each, "id"), ago_at(each, "until", session.now()), text_at(each, "rule").empty() ? "every" : text_at(each, "rule"),
                 text_at(each, "select").empty() ? "every asset" : text_at(each, "select"), text_at(each, "by"), text_at(each, "reason")});
    session.out << table.render(session.terminal);
  });
}

int end_silence(Session& session, const NamedOptions& options) {
  return session.show(session.api->remove("/alerts/silences/" + percent_encode(options.name)),
                      [&](const Json&) { session.out << "silence " << options.name << " has ended\n"; });
}

}  // namespace

void add_alert_commands(CommandLine& line) {
  auto* alerts = line.app.add_subcommand("alerts", "who was told what, and whether it arrived");
  alerts->require_subcommand(1);
  const auto listed = std::make_shared<AlertListOptions>();
  auto* list = add_command(*alerts, line, "list", "alerts and how their delivery stands, newest first", listed, list_alerts);
  list->add_option("--state", listed->state, "pending, delivered, failed, silenced; several with ','");
  list->add_option("--rule", listed->rule, "only of this rule");
  list->add_option("--run", listed->run, "only of this run");
  list->add_option("--limit", listed->limit, "how many")->check(CLI::Range(1, 100'000))->capture_default_str();
  const auto shown = std::make_shared<NamedOptions>();
  add_command(*alerts, line, "show", "one alert, with what is sent", shown, show_alert)->add_option("alert", shown->name, "id of the alert")->required();
  add_command(*alerts, line, "rules", "whom the definitions tell of what", std::make_shared<NoOptions>(), list_rules);
  add_command(*alerts, line, "openlineage", "how events to OpenLineage stand", std::make_shared<NoOptions>(), show_openlineage);
  const auto tested = std::make_shared<NamedOptions>();
  add_command(*alerts, line, "test", "send an alert by a rule, to see whether it arrives", tested, test_alert)->add_option("rule", tested->name, "name of the rule")->required();
  const auto silenced = std::make_shared<SilenceOptions>();
  auto* add = add_command(*alerts, line, "silence", "hold back alerts for some time", silenced, silence);
  add->add_option("--for", silenced->time, "how long: 30m, 2h, 1d")->required();
  add->add_option("--rule", silenced->rule, "only of this rule");
  add->add_option("--select", silenced->select, "only of these assets");
  add->add_option("--reason", silenced->reason, "shown beside it");
  add_command(*alerts, line, "silences", "what is held back", std::make_shared<NoOptions>(), list_silences);
  const auto ended = std::make_shared<NamedOptions>();
  add_command(*alerts, line, "unsilence", "end a silence", ended, end_silence)->add_option("silence", ended->name, "id of the silence")->required();
}

}  // namespace assetd::cli
