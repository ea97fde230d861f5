// automation list | show | pause | resume: what is materialized by itself, and why (not).
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

std::string pause_text(const Json& pause, const Session& session, const std::string& word = "paused") {
  if (!pause.is_object()) return "";
  const auto until = text_at(pause, "until");
  return word + " by " + text_at(pause, "by") + " " + ago_at(pause, "at", session.now()) + ": " + text_at(pause, "reason") + (until.empty() ? "" : " (until " + until + ")");
}

const char* state_of(const Json& automation) {
  if (automation.value("paused", Json()).is_object()) return "paused";
  if (!text_at(automation, "held").empty()) return "held";
  return automation.value("holds", false) ? "due" : "waits";
}

std::string note_of(const Json& automation) {
  const auto held = text_at(automation, "held");
  return held.empty() ? text_at(automation, "next") : held;
}

struct AutomationListOptions {
  std::string cursor;
  int limit = 100;
};

int list_automation(Session& session, const AutomationListOptions& options) {
  const auto path = "/automation?limit=" + std::to_string(options.limit) + (options.cursor.empty() ? "" : "&cursor=" + percent_encode(options.cursor));
  return session.show(session.api->get(path), [&](const Json& page) {
    if (const auto all = pause_text(page.value("paused", Json()), session); !all.empty()) session.out << "all automation, schedules and sensors: " << all << "\n\n";
    Table table({{"ASSET"}, {"STATE"}, {"CONDITION", false, true}, {"REQUESTED"}, {"RUN"}, {"NOTE", false, true}});
    for (const auto& each : page["items"]) {
      const auto muted = pause_text(each.value("paused", Json()), session, "muted");
      table.add({text_at(each, "key"), status_cell(state_of(each)), text_at(each, "condition"),
                 ago_at(each, "requested_at", session.now()), text_at(each, "run_id"), !muted.empty() ? muted : note_of(each)});
    }
    session.out << table.render(session.terminal);
    if (const auto next = text_at(page, "next_cursor"); !next.empty()) session.out << "more: --cursor " << next << "\n";
  });
}

struct AssetOptions {
  std::string key;
  int history = 5;
};

void print_answer(std::ostream& out, const Json& answer, const std::string& indent) {
  out << indent << (answer.value("holds", false) ? "true   " : "false  ") << text_at(answer, "name");
  if (const auto asset = text_at(answer, "asset"); !asset.empty()) out << " of " << asset;
  out << " – " << text_at(answer, "reason") << "\n";
  for (const auto& child : answer.value("children", Json::array())) print_answer(out, child, indent + "  ");
  if (answer.contains("more")) out << indent << "         … and " << answer["more"] << " more\n";
}

int show_automation(Session& session, const AssetOptions& options) {
  const auto path = "/assets/" + key_in_path(options.key);
  auto detail = session.api->get(path + "/automation");
  if (!detail) return session.fail(detail.error());
  const auto history = session.api->get(path + "/evaluations?limit=" + std::to_string(options.history));
  if (!history) return session.fail(history.error());
  (*detail)["evaluations"] = (*history)["items"];
  return session.show(*detail, [&](const Json& asset) {
    const auto condition = text_at(asset, "condition");
    session.out << options.key << ": " << (condition.empty() ? "no automation" : condition) << "\n";
    if (const auto muted = pause_text(asset.value("paused", Json()), session, "muted"); !muted.empty()) session.out << muted << "\n";
    if (const auto next = text_at(asset, "next"); !next.empty()) session.out << "next: " << next << "\n";
    if (const auto held = text_at(asset, "held"); !held.empty()) session.out << "held back: " << held << "\n";
    if (asset["answer"].is_object()) {
      session.out << "\nnow\n";
      print_answer(session.out, asset["answer"], "  ");
    }
    for (const auto& evaluation : asset["evaluations"]) {
      const auto run = text_at(evaluation, "run_id");
      session.out << "\n" << text_at(evaluation, "at") << (run.empty() ? "" : ", asked for run " + run) << "\n";
      print_answer(session.out, evaluation["answer"], "  ");
    }
  });
}

struct PauseOptions {
  std::string key, reason, until;
};

std::string path_of(const PauseOptions& options) { return options.key.empty() ? "/automation" : "/assets/" + key_in_path(options.key) + "/automation"; }

int pause_automation(Session& session, const PauseOptions& options) {
  Json body = {{"reason", options.reason}};
  if (!options.until.empty()) body["until"] = options.until;
  return session.show(session.api->post(path_of(options) + "/pause", body), [&](const Json&) {
    if (options.key.empty()) session.out << "all automation, schedules and sensors are paused\n";
    else session.out << options.key << " is muted: automation, schedules and sensors leave it out; you can still materialize it\n";
  });
}

int resume_automation(Session& session, const PauseOptions& options) {
  const auto body = options.reason.empty() ? Json::object() : Json{{"reason", options.reason}};
  return session.show(session.api->post(path_of(options) + "/resume", body), [&](const Json&) {
    session.out << (options.key.empty() ? "all automation, schedules and sensors are on" : options.key + " is no longer muted") << "\n";
  });
}

}  // namespace

void add_automation_commands(CommandLine& line) {
  auto* automation = line.app.add_subcommand("automation", "what is materialized by itself, and why (not); pause it");
  automation->require_subcommand(1);
  const auto listed = std::make_shared<AutomationListOptions>();
  auto* list = add_command(*automation, line, "list", "assets that have a condition, and those that are muted", listed, list_automation);
  list->add_option("--limit", listed->limit, "assets shown")->check(CLI::Range(1, 1000))->capture_default_str();
  list->add_option("--cursor", listed->cursor, "of the page before");
  const auto shown = std::make_shared<AssetOptions>();
  auto* show = add_command(*automation, line, "show", "a condition, true and false node by node: now, and when it last changed", shown, show_automation);
  show->add_option("key", shown->key, "an asset's key")->required();
  show->add_option("--history", shown->history, "evaluations shown")->check(CLI::Range(1, 1000))->capture_default_str();
  const auto paused = std::make_shared<PauseOptions>();
  auto* pause = add_command(*automation, line, "pause", "the red button: nothing starts by itself, schedules and sensors included; or mutes one asset: they leave it out", paused, pause_automation);
  pause->add_option("key", paused->key, "an asset's key; without one, everything");
  pause->add_option("--reason", paused->reason, "for people, kept in the audit")->required();
  pause->add_option("--until", paused->until, "then it goes on by itself, as in 2026-11-27T08:00:00Z");
  const auto resumed = std::make_shared<PauseOptions>();
  auto* resume = add_command(*automation, line, "resume", "what has become due meanwhile starts now; of one asset: ends its mute", resumed, resume_automation);
  resume->add_option("key", resumed->key, "an asset's key; without one, what was paused as a whole");
  resume->add_option("--reason", resumed->reason, "for people, kept in the audit");
}

}  // namespace assetd::cli
