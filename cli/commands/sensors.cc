// sensors list | show | ticks | pause | resume | trigger | test | reset.
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

std::string sensor_state(const Json& sensor) {
  if (sensor.value("paused", false)) return "paused";
  if (!text_at(sensor, "held").empty()) return "held";
  return sensor.value("failures", 0) > 0 ? "failing" : "on";
}

std::string target_of(const Json& sensor) { return text_at(sensor, "job").empty() ? text_at(sensor, "select") : "job " + text_at(sensor, "job"); }

std::string runs_of(const Json& tick) {
  std::string runs;
  const auto ids = tick.value("run_ids", Json::array());
  for (std::size_t i = 0; i < ids.size() && i < 5; ++i) runs += (i == 0 ? "" : ", ") + ids[i].get<std::string>();
  return ids.size() > 5 ? runs + ", … (" + std::to_string(ids.size()) + ")" : runs;
}

std::string note_of(const Json& sensor) {
  if (sensor.value("paused", false)) {
    const auto by = text_at(sensor, "paused_by"), reason = text_at(sensor, "pause_reason");
    return by.empty() ? "" : "paused by " + by + (reason.empty() ? "" : ": " + reason);
  }
  if (!text_at(sensor, "held").empty()) return text_at(sensor, "held");
  const auto last = sensor.value("last_tick", Json());
  return last.is_object() && text_at(last, "outcome") == "failed" ? text_at(last, "reason") : "";
}

int list_sensors(Session& session, const NoOptions&) {
  return session.show(session.api->get("/sensors"), [&](const Json& page) {
    Table table({{"SENSOR"}, {"STATE"}, {"KIND"}, {"WATCHES", false, true}, {"LAST"}, {"NEXT"}, {"FIRED"}, {"SELECTION", false, true}, {"NOTE", false, true}});
    for (const auto& sensor : page["items"]) {
      const auto last = sensor.value("last_tick", Json());
      table.add({text_at(sensor, "name"), status_cell(sensor_state(sensor)), text_at(sensor, "kind"), text_at(sensor, "watches"),
                 last.is_object() ? text_at(last, "outcome") + " " + ago_at(last, "last_at", session.now()) : "",
                 sensor.value("evaluating", false) ? "now" : ago_at(sensor, "next_at", session.now()), ago_at(sensor, "fired_at", session.now()), target_of(sensor), note_of(sensor)});
    }
    session.out << table.render(session.terminal);
  });
}

struct SensorOptions {
  std::string name, reason, cursor;
  int limit = 20;
};

std::string sensor_path(const SensorOptions& options) { return "/sensors/" + percent_encode(options.name); }

int show_sensor(Session& session, const SensorOptions& options) {
  return session.show(session.api->get(sensor_path(options)), [&](const Json& sensor) {
    const auto line = [&](const char* label, const std::string& value) {
      if (!value.empty()) session.out << label << value << "\n";
    };
    line("sensor     ", text_at(sensor, "name") + " (" + text_at(sensor, "kind") + ", " + sensor_state(sensor) + ")");
    line("watches    ", text_at(sensor, "watches"));
    line("runs       ", target_of(sensor));
    line("cursor     ", text_at(sensor, "cursor"));
    line("next look  ", ago_at(sensor, "next_at", session.now()));
    line("last fired ", ago_at(sensor, "fired_at", session.now()));
    if (sensor.value("failures", 0) > 0) line("failures   ", std::to_string(sensor.value("failures", 0)) + " in a row");
    if (const auto last = sensor.value("last_tick", Json()); last.is_object()) {
      line("last tick  ", text_at(last, "outcome") + (text_at(last, "reason").empty() ? "" : ": " + text_at(last, "reason")));
      line("its runs   ", runs_of(last));
      line("its log:\n", text_at(last, "log"));
    }
    if (const auto refused = sensor.value("refused", Json()); refused.is_object())
      line("refused    ", std::to_string(refused.value("count", 0)) + " deliveries, last " + ago_at(refused, "at", session.now()) + ": " + text_at(refused, "why"));
    line("note       ", note_of(sensor));
  });
}

int list_ticks(Session& session, const SensorOptions& options) {
  return session.show(session.api->get(sensor_path(options) + "/ticks?limit=" + std::to_string(options.limit)), [&](const Json& page) {
    Table table({{"AT"}, {"OUTCOME"}, {"TIMES", true}, {"RUNS"}, {"TOOK", true}, {"CURSOR", false, true}, {"WHY", false, true}});
    for (const auto& tick : page["items"])
      table.add({ago_at(tick, "last_at", session.now()), status_cell(text_at(tick, "outcome")), std::to_string(tick.value("repeats", 0) + 1), runs_of(tick),
                 std::to_string(tick.value("took_ms", 0)) + " ms", text_at(tick, "cursor_after"), text_at(tick, "reason")});
    session.out << table.render(session.terminal);
  });
}

int pause_sensor(Session& session, const SensorOptions& options) {
  const auto body = options.reason.empty() ? Json::object() : Json{{"reason", options.reason}};
  return session.show(session.api->post(sensor_path(options) + "/pause", body), [&](const Json&) { session.out << "sensor " << options.name << " is paused\n"; });
}

int resume_sensor(Session& session, const SensorOptions& options) {
  return session.show(session.api->post(sensor_path(options) + "/resume"), [&](const Json&) { session.out << "sensor " << options.name << " is on\n"; });
}

int trigger_sensor(Session& session, const SensorOptions& options) {
  const auto answer = session.api->post(sensor_path(options) + "/trigger");
  const int shown = session.show(answer, [&](const Json& tick) {
    const auto runs = runs_of(tick), reason = text_at(tick, "reason");
    session.out << text_at(tick, "outcome") << (runs.empty() ? "" : ": run " + runs) << (reason.empty() ? "" : ": " + reason) << "\n";
  });
  return shown == 0 && answer && text_at(*answer, "outcome") == "failed" ? 1 : shown;
}

int test_sensor(Session& session, const SensorOptions& options) {
  const auto answer = session.api->post(sensor_path(options) + "/dry-run");
  const int shown = session.show(answer, [&](const Json& found) {
    const auto reason = text_at(found, "reason");
    session.out << "would have " << text_at(found, "outcome") << (reason.empty() ? "" : ": " + reason) << "\n";
    for (const auto& request : found["requests"]) {
      const auto steps = request.value("steps_total", Json());
      session.out << "  run " << text_at(request, "select") << (steps.is_number() ? " (" + std::to_string(steps.get<int>()) + " steps)" : "")
                  << (text_at(request, "key").empty() ? "" : ", key " + text_at(request, "key")) << (request.value("known", false) ? ", asked for before" : "")
                  << (text_at(request, "error").empty() ? "" : ": " + text_at(request, "error")) << "\n    " << request["data"].dump() << "\n";
    }
    if (text_at(found, "cursor_before") != text_at(found, "cursor_after")) session.out << "  cursor " << text_at(found, "cursor_before") << " → " << text_at(found, "cursor_after") << "\n";
    if (!text_at(found, "log").empty()) session.out << text_at(found, "log") << "\n";
  });
  return shown == 0 && answer && text_at(*answer, "outcome") == "failed" ? 1 : shown;
}

int reset_sensor(Session& session, const SensorOptions& options) {
  Json body = Json::object();
  if (!options.cursor.empty()) body["cursor"] = options.cursor;
  if (!options.reason.empty()) body["reason"] = options.reason;
  return session.show(session.api->post(sensor_path(options) + "/reset", body), [&](const Json&) {
    session.out << "sensor " << options.name << (options.cursor.empty() ? " begins anew\n" : " goes on from there\n");
  });
}

}  // namespace

void add_sensor_commands(CommandLine& line) {
  auto* sensors = line.app.add_subcommand("sensors", "what runs when something is found");
  sensors->require_subcommand(1);
  add_command(*sensors, line, "list", "all sensors and how they stand", std::make_shared<NoOptions>(), list_sensors);
  const auto named = [&](const char* name, const char* help, int (*run)(Session&, const SensorOptions&)) {
    const auto options = std::make_shared<SensorOptions>();
    auto* command = add_command(*sensors, line, name, help, options, run);
    command->add_option("sensor", options->name, "name of the sensor")->required();
    return std::pair(command, options);
  };
  named("show", "one sensor, with its last evaluation", show_sensor);
  const auto [ticks, tick_options] = named("ticks", "what came of its evaluations", list_ticks);
  ticks->add_option("--limit,-n", tick_options->limit, "how many")->check(CLI::Range(1, 1000))->capture_default_str();
  const auto [pause, pause_options] = named("pause", "not looked at until resumed; survives reloads and restarts", pause_sensor);
  pause->add_option("--reason", pause_options->reason, "shown beside the sensor");
  named("resume", "looked at again, at once", resume_sensor);
  named("trigger", "evaluate it now", trigger_sensor);
  named("test", "a dry run: what would it ask for?", test_sensor);
  const auto [reset, reset_options] = named("reset", "let it begin anew, or go on from a cursor", reset_sensor);
  reset->add_option("--cursor", reset_options->cursor, "of a program: any text; of an asset sensor: the id of an event");
  reset->add_option("--reason", reset_options->reason, "kept in the audit");
}

}  // namespace assetd::cli
