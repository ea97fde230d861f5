// definitions show | reload, events, audit: what the daemon says of itself.
#include <iostream>

#include "cli/command_line.h"
#include "cli/compile_errors.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

/// Of one that failed what was read before goes on serving, and its count is of that.
std::string import_text(const Json& import, const std::string& version, SystemTime now) {
  const auto count = text_at(import, "assets") + (import.value("assets", 0) == 1 ? " asset" : " assets");
  const auto detail = text_at(import, "detail");
  const auto head = "import " + text_at(import, "name") + " (" + text_at(import, "plugin") + "): ";
  if (text_at(import, "status") != "failed") return head + count + ", " + text_at(import, "status") + (detail.empty() ? "" : ": " + detail);
  const auto read = text_at(import, "last_ok_at");
  const auto serving = import.value("assets", 0) == 0 ? "none of it serves" : "serving " + count + (read.empty() ? "" : " read " + ago_at(import, "last_ok_at", now)) + " (of version " + version + ")";
  return head + "parse failed at " + text_at(import, "at") + ", " + serving + (detail.empty() ? "" : ": " + detail);
}

void print_definitions(Session& session, const Json& definitions) {
  const auto state = text_at(definitions, "state");
  session.out << "version " << text_at(definitions, "version") << ", " << session.terminal.paint(state, status_colour(state)) << ", applied "
              << ago_at(definitions, "applied_at", session.now()) << ": " << text_at(definitions, "assets") << " assets, " << text_at(definitions, "checks")
              << " checks, " << text_at(definitions, "schedules") << " schedules\n";
  for (const auto& import : definitions.value("imports", Json::array())) {
    session.out << "  " << import_text(import, text_at(definitions, "version"), session.now()) << "\n";
  }
  session.err << render_definition_errors(definitions.value("errors", Json::array()), "error", session.terminal)
              << render_definition_errors(definitions.value("warnings", Json::array()), "warning", session.terminal);
}

int show_definitions(Session& session, const NoOptions&) {
  return session.show(session.api->get("/definitions"), [&](const Json& definitions) { print_definitions(session, definitions); });
}

int reload_definitions(Session& session, const NoOptions&) {
  const auto answer = session.api->post("/definitions/reload");
  const bool broken = !answer && answer.error().status == 422 && answer.error().body.is_object();
  if (!broken || session.settings.json) return session.show(answer, [&](const Json& definitions) { print_definitions(session, definitions); });
  session.err << render_definition_errors(answer.error().body.value("errors", Json::array()), "error", session.terminal)
              << "the files do not load; what served goes on serving\n";
  return kUsage;
}

struct EventOptions {
  std::string types, run, asset, after;
  bool follow = false;
};

/// JSON is one object a line here: a stream has no end to close a bracket at.
void print_event(Session& session, const Json& event) {
  if (session.settings.json) {
    session.out << event.dump() << std::endl;
    return;
  }
  session.out << text_at(event, "at") << "  " << text_at(event, "type") << "  " << join(event.value("subject", Json::object()), " ") << "  "
              << session.terminal.paint(join(event.value("changes", Json::object()), " "), Colour::grey) << std::endl;
}

int show_events(Session& session, const EventOptions& options) {
  Query query = {{"types", options.types}, {"run", options.run}, {"asset", options.asset}, {"after", options.after}};
  if (!options.follow) {
    auto page = session.api->get("/events", query);
    if (!page) return session.fail(page.error());
    auto& items = (*page)["items"];
    if (options.after.empty()) std::reverse(items.begin(), items.end());  // the newest came first
    for (const auto& event : items) print_event(session, event);
    return kOk;
  }
  const auto ended = session.api->events(query, "", [&](const StreamEvent& event) {
    auto data = Json::parse(event.data, nullptr, false);
    if (event.type == "heartbeat" || !data.is_object()) return static_cast<bool>(session.out);
    data["id"] = event.id;
    data["type"] = event.type;
    print_event(session, data);
    return static_cast<bool>(session.out);
  });
  if (!ended) return session.fail(ended.error());
  session.err << "the daemon ended the stream\n";
  return kRefused;
}

struct AuditOptions {
  std::size_t limit = 50;
};

int show_audit(Session& session, const AuditOptions& options) {
  return session.show(session.api->list("/audit", {}, options.limit), [&](const Json& page) {
    Table table({{"AT"}, {"ACTOR"}, {"FROM"}, {"ACTION"}, {"SUBJECT", false, true}, {"DETAIL", false, true}});
    for (const auto& entry : page["items"]) {
      table.add({ago_at(entry, "at", session.now()), text_at(entry, "actor"), text_at(entry, "remote"), text_at(entry, "action"),
                 text_at(entry, "subject"), text_at(entry, "detail")});
    }
    session.out << table.render(session.terminal);
  });
}

}  // namespace

void add_daemon_commands(CommandLine& line) {
  const auto nothing = std::make_shared<NoOptions>();
  auto* definitions = line.app.add_subcommand("definitions", "what the files declare");
  definitions->require_subcommand(1);
  add_command(*definitions, line, "show", "the version that serves, its imports, errors and warnings", nothing, show_definitions);
  add_command(*definitions, line, "reload", "read the files again; if they do not load, what serves goes on serving", nothing, reload_definitions);
  add_version_history_commands(line, *definitions);

  const auto events = std::make_shared<EventOptions>();
  auto* events_command = add_command(line.app, line, "events", "what happened; with --output json one object a line", events, show_events);
  events_command->add_flag("-f,--follow", events->follow, "go on as events happen");
  events_command->add_option("--types", events->types, "run_changed,step_changed,…");
  events_command->add_option("--run", events->run, "of this run");
  events_command->add_option("--asset", events->asset, "of this asset");
  events_command->add_option("--after", events->after, "after this event id");

  const auto audit = std::make_shared<AuditOptions>();
  add_command(line.app, line, "audit", "who did what, when, from where", audit, show_audit)
      ->add_option("--limit", audit->limit, "show at most this many")->check(CLI::PositiveNumber)->capture_default_str();
}

}  // namespace assetd::cli
