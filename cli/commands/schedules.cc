// schedules list | next | ticks | pause | resume | trigger.
#include <algorithm>
#include <iostream>

#include "cli/command_line.h"
#include "cli/run_watch.h"
#include "cli/table.h"
#include "core/schedule/cron.h"

namespace assetd::cli {
namespace {

std::string cron_cell(const Json& schedule) {
  const Millis jitter(schedule.value("jitter_ms", std::int64_t{0}));
  return text_at(schedule, "cron") + (jitter > Millis{0} ? " + up to " + format_duration(jitter) : "");
}

/// The red button; null: it is not pressed, or a daemon from before it.
Json pause_of_all(Session& session) {
  const auto automation = session.api->get("/automation", {{"limit", "1"}});
  return automation ? automation->value("paused", Json()) : Json();
}

/// The first tick that starts something: none while all is paused without an end.
std::optional<SystemTime> next_tick(const Json& schedule, const Json& pause) {
  const auto until = pause.is_object() ? text_at(pause, "until") : "";
  if (pause.is_object() && until.empty()) return std::nullopt;
  for (const auto& tick : schedule.value("next_ticks", Json::array())) {
    const auto at = parse_time(tick.get<std::string>());
    if (at && (until.empty() || *at >= parse_time(until).value_or(*at))) return at;
  }
  return std::nullopt;
}

std::string held_note(const Json& pause) {
  const auto until = text_at(pause, "until"), reason = text_at(pause, "reason");
  return "all is paused by " + text_at(pause, "by") + (until.empty() ? "" : " until " + until) + (reason.empty() ? "" : ": " + reason);
}

int list_schedules(Session& session, const NoOptions&) {
  const auto all_paused = session.settings.json ? Json() : pause_of_all(session);
  return session.show(session.api->get("/schedules"), [&](const Json& page) {
    Table table({{"SCHEDULE"}, {"STATE"}, {"CRON"}, {"TIMEZONE"}, {"NEXT"}, {"LAST"}, {"SELECTION", false, true}, {"NOTE", false, true}});
    for (const auto& schedule : page["items"]) {
      const bool paused = schedule.value("paused", false);
      const bool held = !paused && all_paused.is_object();
      const auto last = schedule.value("last_tick", Json());
      const auto at = next_tick(schedule, all_paused);
      const auto by = text_at(schedule, "paused_by"), reason = text_at(schedule, "pause_reason");
      table.add({text_at(schedule, "name"), status_cell(paused ? "paused" : held ? "held" : "on"), cron_cell(schedule), text_at(schedule, "timezone"),
                 at ? relative_time(*at, session.now()) : "",
                 last.is_object() ? text_at(last, "outcome") + " " + ago_at(last, "instant", session.now()) : "",
                 text_at(schedule, "job").empty() ? text_at(schedule, "select") : "job " + text_at(schedule, "job"),
                 held ? held_note(all_paused) : paused && !by.empty() ? "paused by " + by + (reason.empty() ? "" : ": " + reason) : ""});
    }
    session.out << table.render(session.terminal);
  });
}

struct ScheduleOptions {
  std::string name;
  std::string reason;
  bool wait = false;
  std::size_t limit = 20;
};

std::string path_of(const ScheduleOptions& options) { return "/schedules/" + percent_encode(options.name); }

/// Without a name, the next ticks of all schedules together.
int next_ticks(Session& session, const ScheduleOptions& options) {
  const auto answer = options.name.empty() ? session.api->get("/schedules") : session.api->get(path_of(options));
  if (!answer) return session.fail(answer.error());
  const auto schedules = options.name.empty() ? (*answer)["items"] : Json::array({*answer});
  Json ticks = Json::array();
  for (const auto& schedule : schedules) {
    for (const auto& at : schedule.value("next_ticks", Json::array())) ticks.push_back({{"schedule", schedule["name"]}, {"at", at}});
  }
  std::sort(ticks.begin(), ticks.end(), [](const Json& a, const Json& b) { return a["at"] < b["at"]; });
  return session.show(Json{{"items", ticks}, {"as_of", answer->value("as_of", Json())}}, [&](const Json& page) {
    Table table({{"AT (UTC)"}, {"IN"}, {"SCHEDULE"}});
    for (const auto& tick : page["items"]) table.add({text_at(tick, "at"), ago_at(tick, "at", session.now()), text_at(tick, "schedule")});
    session.out << table.render(session.terminal);
  });
}

int list_ticks(Session& session, const ScheduleOptions& options) {
  return session.show(session.api->list(path_of(options) + "/ticks", {}, options.limit), [&](const Json& page) {
    Table table({{"INSTANT (UTC)"}, {"OUTCOME"}, {"RUN"}, {"WHY", false, true}});
    for (const auto& tick : page["items"]) table.add({text_at(tick, "instant"), status_cell(text_at(tick, "outcome")), text_at(tick, "run_id"), text_at(tick, "reason")});
    session.out << table.render(session.terminal);
  });
}

int pause_schedule(Session& session, const ScheduleOptions& options) {
  const auto body = options.reason.empty() ? Json::object() : Json{{"reason", options.reason}};
  return session.show(session.api->post(path_of(options) + "/pause", body),
                      [&](const Json&) { session.out << "schedule " << options.name << " is paused\n"; });
}

int resume_schedule(Session& session, const ScheduleOptions& options) {
  return session.show(session.api->post(path_of(options) + "/resume"),
                      [&](const Json&) { session.out << "schedule " << options.name << " is on\n"; });
}

int trigger_schedule(Session& session, const ScheduleOptions& options) {
  const auto answer = session.api->post(path_of(options) + "/trigger");
  if (answer && options.wait) return watch_run(session, text_at(*answer, "id"));
  return session.show(answer, [&](const Json& run) {
    session.out << "run " << text_at(run, "id") << " requested: " << steps_at(run) << "\n";
  });
}

}  // namespace

void add_schedule_commands(CommandLine& line) {
  auto* schedules = line.app.add_subcommand("schedules", "what runs by the clock");
  schedules->require_subcommand(1);
  add_command(*schedules, line, "list", "all schedules and how they stand", std::make_shared<NoOptions>(), list_schedules);
  const auto named = [&](const char* name, const char* help, int (*run)(Session&, const ScheduleOptions&), bool required) {
    const auto options = std::make_shared<ScheduleOptions>();
    auto* command = add_command(*schedules, line, name, help, options, run);
    command->add_option("schedule", options->name, "name of the schedule")->required(required);
    return std::pair(command, options);
  };
  named("next", "the next ticks, of one schedule or all", next_ticks, false);
  const auto [ticks, tick_options] = named("ticks", "what came of its ticks, the newest first", list_ticks, true);
  ticks->add_option("--limit,-n", tick_options->limit, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  const auto [pause, pause_options] = named("pause", "no more ticks until resumed; survives reloads and restarts", pause_schedule, true);
  pause->add_option("--reason", pause_options->reason, "shown beside the schedule");
  named("resume", "ticks again", resume_schedule, true);
  const auto [trigger, trigger_options] = named("trigger", "run it now", trigger_schedule, true);
  trigger->add_flag("--wait,-w", trigger_options->wait, "follow the run to its end");
}

}  // namespace assetd::cli
