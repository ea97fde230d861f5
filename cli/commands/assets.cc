// assets list | show, lineage.
#include <algorithm>
#include <iostream>
#include <numeric>

#include "cli/command_line.h"
#include "cli/table.h"
#include "cli/versions.h"

namespace assetd::cli {
namespace {

struct AssetListOptions {
  std::string select;
  std::string text;
  std::size_t limit = 1000;
};

std::string checks_text(const Json& checks) {
  std::string out;
  const auto part = [&](const char* field, const char* word) {
    const int count = checks.value(field, 0);
    if (count == 0) return;
    out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + word;
  };
  part("failed", "failed");
  part("warned", "warned");
  part("passed", "passed");
  return out;
}

Colour checks_colour(const Json& checks) {
  if (checks.value("failed", 0) > 0) return Colour::red;
  return checks.value("warned", 0) > 0 ? Colour::yellow : Colour::none;
}

std::vector<Cell> asset_row(const Json& asset, SystemTime now) {
  const Json none = Json::object();
  const auto& checks = asset.contains("checks") && asset["checks"].is_object() ? asset["checks"] : none;
  const bool external = asset.value("external", false);
  const bool stale = text_at(asset, "status") != "never" && asset.contains("stale") && asset["stale"].is_object() && asset["stale"].value("is", false);
  const auto status = text_at(asset, "status");
  return {text_at(asset, "key"),
          status_cell(external && status == "never" ? "external" : status),
          stale ? status_cell("stale") : Cell(""),
          Cell(checks_text(checks), checks_colour(checks)),
          ago_at(asset.value("last_materialization", Json()), "at", now),
          text_at(asset, "group"),
          join(asset.value("kinds", Json::array()), ", ")};
}

int list_assets(Session& session, const AssetListOptions& options) {
  const auto answer = session.api->list("/assets", {{"select", options.select}, {"q", options.text}}, options.limit);
  return session.show(answer, [&](const Json& page) {
    Table table({{"ASSET", false, true}, {"STATUS"}, {"STALE"}, {"CHECKS"}, {"MATERIALIZED"}, {"GROUP"}, {"KINDS", false, true}});
    for (const auto& asset : page["items"]) table.add(asset_row(asset, session.now()));
    session.out << table.render(session.terminal);
    if (page["next_cursor"].is_string()) session.out << "… there are more: --limit says how many to show\n";
  });
}

struct ShowOptions {
  std::string key;
};

class Sheet {
 public:
  explicit Sheet(Session& session) : session_(session) {}
  void line(const std::string& name, const std::string& text, Colour colour = Colour::none) {
    if (text.empty()) return;
    std::string label = name;
    label.resize(std::max<std::size_t>(16, name.size() + 1), ' ');
    session_.out << session_.terminal.paint(label, Colour::grey) << session_.terminal.paint(text, colour) << "\n";
  }

 private:
  Session& session_;
};

std::string metadata_text(const Json& value) {
  const auto& raw = value.is_object() && value.contains("raw_value") ? value["raw_value"] : value;
  const auto text = raw.is_string() ? raw.get<std::string>() : raw.dump();
  const auto first_line = text.substr(0, text.find('\n'));
  return first_line.size() < text.size() ? first_line + " …" : text;
}

std::string waiver_text(const Json& waiver) {
  return text_at(waiver, "check") + " by " + text_at(waiver, "by") + " until " + text_at(waiver, "until") + ": " + text_at(waiver, "reason");
}

std::string cause_text(const Json& cause) {
  std::string out = text_at(cause, "key");
  if (!text_at(cause, "partition").empty()) out += " [" + text_at(cause, "partition") + "]";
  out += ": " + text_at(cause, "reason");
  return text_at(cause, "check").empty() ? out : out + " (" + text_at(cause, "check") + ")";
}

void show_last_attempt(Sheet& sheet, const Json& attempt, SystemTime now) {
  if (!attempt.is_object()) return;
  std::string text = text_at(attempt, "status") + " in run " + text_at(attempt, "run_id");
  if (!text_at(attempt, "at").empty()) text += ", " + ago_at(attempt, "at", now);
  if (!text_at(attempt, "reason").empty()) text += " — " + text_at(attempt, "reason");
  sheet.line("last attempt", text, status_colour(text_at(attempt, "status")));
  sheet.line("", text_at(attempt, "detail"));
  for (const auto& cause : attempt.value("root_causes", Json::array())) sheet.line("because of", cause_text(cause));
}

void show_materialization(Sheet& sheet, const Json& materialization, SystemTime now) {
  if (!materialization.is_object()) return;
  sheet.line("materialized", ago_at(materialization, "at", now) + ", by run " + text_at(materialization, "run_id"));
  sheet.line("  of data", text_at(materialization, "data_version"));
  sheet.line("  by code", text_at(materialization, "code_version"));
  const auto metadata = materialization.value("metadata", Json::object());  // lives as long as the loop over its items
  for (const auto& [name, value] : metadata.items()) sheet.line("  " + name, metadata_text(value));
}

void show_check(Sheet& sheet, const Json& check) {
  std::string text = text_at(check, "name") + " (" + text_at(check, "severity");
  text += check.value("blocking", false) ? ", blocking)" : ")";
  sheet.line("check", text);
}

/// The asset with its automation and what else can start it; a daemon of before there was any has none to tell.
Result<Json> asset_with_automation(Session& session, const std::string& key) {
  auto asset = session.api->get("/assets/" + key_in_path(key));
  if (!asset) return asset;
  if (auto automation = session.api->get("/assets/" + key_in_path(key) + "/automation")) (*asset)["automation"] = std::move(*automation);
  if (auto triggers = session.api->get("/assets/" + key_in_path(key) + "/triggers")) (*asset)["triggers"] = std::move(*triggers);
  return asset;
}

std::string automation_text(const Json& automation, SystemTime now) {
  const auto condition = text_at(automation, "condition");
  if (condition.empty()) return "";
  const auto run = text_at(automation, "run_id");
  const bool paused = automation.value("paused", Json()).is_object();
  return condition + (paused ? " (paused)" : automation.value("holds", false) ? " (holds)" : " (does not hold)") +
         (run.empty() ? "" : ", asked for run " + run + " " + ago_at(automation, "requested_at", now));
}

std::string paused_text(const Json& trigger) {
  if (!trigger.value("paused", false)) return "";
  const auto by = text_at(trigger, "paused_by");
  return ", paused" + (by.empty() ? "" : " by " + by);
}

/// What will happen to it next, and what holds that.
void show_triggers(Sheet& sheet, const Json& triggers, SystemTime now) {
  if (!triggers.is_object()) return;
  if (const auto pause = triggers.value("paused", Json()); pause.is_object())
    sheet.line("paused", "nothing starts by itself, by " + text_at(pause, "by") + ": " + text_at(pause, "reason"), Colour::yellow);
  if (const auto next = triggers.value("next", Json()); next.is_object()) sheet.line("next tick", text_at(next, "at") + ", of the schedule " + text_at(next, "schedule"));
  for (const auto& schedule : triggers.value("schedules", Json::array()))
    sheet.line("schedule", text_at(schedule, "name") + ": " + text_at(schedule, "cron") + " " + text_at(schedule, "timezone") + (text_at(schedule, "steps") == "checks" ? ", only checks" : "") + paused_text(schedule));
  for (const auto& sensor : triggers.value("sensors", Json::array())) {
    const auto fired = text_at(sensor, "fired_at").empty() ? "" : ", fired " + ago_at(sensor, "fired_at", now);
    sheet.line("sensor", text_at(sensor, "name") + ": " + text_at(sensor, "kind") + " " + text_at(sensor, "watches") + fired + paused_text(sensor));
  }
  for (const auto& backfill : triggers.value("backfills", Json::array())) sheet.line("backfill", text_at(backfill, "id") + " (" + text_at(backfill, "status") + ")");
}

int show_asset(Session& session, const ShowOptions& options) {
  return session.show(asset_with_automation(session, options.key), [&](const Json& asset) {
    const auto now = session.now();
    session.out << session.terminal.paint(text_at(asset, "key"), Colour::bold) << "\n";
    Sheet sheet(session);
    sheet.line("description", text_at(asset, "description"));
    sheet.line("status", text_at(asset, "status"), status_colour(text_at(asset, "status")));
    if (asset.contains("in_progress") && asset["in_progress"].is_object()) sheet.line("in progress", "run " + text_at(asset["in_progress"], "run_id"));
    const auto stale = asset.value("stale", Json::object());
    if (stale.value("is", false)) session.out << session.terminal.paint("stale because", Colour::grey) << "\n";
    print_stale(session, stale);
    show_last_attempt(sheet, asset.value("last_attempt", Json()), now);
    show_materialization(sheet, asset.value("last_materialization", Json()), now);
    for (const auto& used : asset.value("provenance", Json()).is_object() ? asset["provenance"].value("upstream", Json::array()) : Json::array())
      sheet.line("made from", text_at(used, "key") + " " + text_at(used, "data_version") + (text_at(used, "run_id").empty() ? ", reported" : " of run " + text_at(used, "run_id")));
    sheet.line("automation", automation_text(asset.value("automation", Json::object()), now));
    show_triggers(sheet, asset.value("triggers", Json()), now);
    sheet.line("checks", checks_text(asset.value("checks", Json::object())));
    for (const auto& waiver : asset.value("waivers", Json::array())) sheet.line("waived", waiver_text(waiver), Colour::yellow);
    for (const auto& waiver : asset.value("waived_upstream", Json::array())) sheet.line("waived above", text_at(waiver, "key") + ": " + waiver_text(waiver), Colour::yellow);
    if (const auto taken = asset.find("acknowledged"); taken != asset.end() && taken->is_object())
      sheet.line("acknowledged", "by " + text_at(*taken, "by") + (text_at(*taken, "note").empty() ? "" : ": " + text_at(*taken, "note")));
    for (const auto& check : asset.value("check_definitions", Json::array())) show_check(sheet, check);
    sheet.line("upstream", join(asset.value("deps", Json::array()), ", "));
    sheet.line("downstream", join(asset.value("downstream", Json::array()), ", "));
    sheet.line("group", text_at(asset, "group"));
    sheet.line("kinds", join(asset.value("kinds", Json::array()), ", "));
    sheet.line("owners", join(asset.value("owners", Json::array()), ", "));
    sheet.line("tags", join(asset.value("tags", Json::object()), ", "));
    sheet.line("runbook", text_at(asset, "runbook"));
    const auto source = asset.value("source", Json::object());
    if (source.is_object()) sheet.line("defined in", text_at(source, "file") + ":" + text_at(source, "line"));
  });
}

struct LineageOptions {
  std::string select = "*";
};

std::string status_name(char code) {
  switch (code) {
    case 'r': return "materializing";
    case 'm': return "materialized";
    case 'f': return "failed";
    case 's': return "skipped";
    default: return "never";
  }
}

/// Left to right as the dashboard draws it: parents stand above their children.
void print_lineage(Session& session, const Json& lineage, const std::string& statuses) {
  const auto& nodes = lineage["nodes"];
  std::vector<std::string> parents(nodes.size());
  for (const auto& edge : lineage["edges"]) {
    auto& list = parents[edge[1].get<std::size_t>()];
    list += (list.empty() ? "" : ", ") + text_at(nodes[edge[0].get<std::size_t>()], "key");
  }
  std::vector<std::size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(nodes[i].value("x", 0.0), nodes[i].value("y", 0.0)); });
  Table table({{"ASSET", false, true}, {"STATUS"}, {"GROUP"}, {"UPSTREAM", false, true}});
  for (const auto i : order) {
    const auto status = nodes[i].value("external", false) ? "external" : status_name(i < statuses.size() ? statuses[i] : '-');
    table.add({text_at(nodes[i], "key"), status_cell(status), text_at(nodes[i], "group"), parents[i]});
  }
  session.out << table.render(session.terminal);
}

int show_lineage(Session& session, const LineageOptions& options) {
  const auto lineage = session.api->get("/lineage", {{"select", options.select}});
  if (!lineage || session.settings.json) return session.show(lineage, {});
  const auto status = session.api->get("/lineage/status", {{"version", text_at(*lineage, "version")}, {"select", options.select}});
  if (!status) return session.fail(status.error());
  print_lineage(session, *lineage, text_at(*status, "status"));
  return kOk;
}

}  // namespace

void add_asset_commands(CommandLine& line) {
  auto* assets = line.app.add_subcommand("assets", "what there is and how it stands");
  assets->require_subcommand(1);
  const auto list = std::make_shared<AssetListOptions>();
  auto* list_command = add_command(*assets, line, "list", "list assets, all or those of a selection", list, list_assets);
  list_command->add_option("select", list->select, "selection");
  list_command->add_option("-q,--search", list->text, "only those whose key or description holds this text");
  list_command->add_option("--limit", list->limit, "show at most this many")->check(CLI::PositiveNumber)->capture_default_str();

  const auto show = std::make_shared<ShowOptions>();
  auto* show_command = add_command(*assets, line, "show", "one asset: state and why, metadata, checks, neighbours", show, show_asset);
  show_command->add_option("asset", show->key, "key of the asset")->required();
  add_check_history_command(line, *assets);

  const auto lineage = std::make_shared<LineageOptions>();
  auto* lineage_command = add_command(line.app, line, "lineage", "the graph of a selection, parents first", lineage, show_lineage);
  lineage_command->add_option("select", lineage->select, "selection")->capture_default_str();
}

}  // namespace assetd::cli
