// assets list | show, lineage.
#include <algorithm>
#include <iostream>
#include <numeric>

#include "cli/asset_outlook.h"
#include "cli/asset_sheet.h"
#include "cli/command_line.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

constexpr const char* kAtHelp = "as it was at that moment, within retention: 2026-03-01T02:00:00Z";

struct AssetListOptions {
  std::string select;
  std::string text;
  std::size_t limit = 1000;
  std::string at;
};

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
  const auto answer = session.api->list("/assets", {{"select", options.select}, {"q", options.text}, {"at", options.at}}, options.limit);
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

int show_asset(Session& session, const ShowOptions& options) {
  return session.show(asset_with_outlook(session, options.key), [&](const Json& asset) { print_asset(session, asset); });
}

struct LineageOptions {
  std::string select = "*";
  std::string at;
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
  const auto lineage = session.api->get("/lineage", {{"select", options.select}, {"at", options.at}});
  if (!lineage || session.settings.json) return session.show(lineage, {});
  const auto status = session.api->get("/lineage/status", {{"version", text_at(*lineage, "version")}, {"select", options.select}, {"at", options.at}});
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

  list_command->add_option("--at", list->at, kAtHelp);

  const auto show = std::make_shared<ShowOptions>();
  auto* show_command = add_command(*assets, line, "show", "one asset: state and why, what comes next, metadata, checks, neighbours", show, show_asset);
  show_command->add_option("asset", show->key, "key of the asset")->required();
  add_check_history_command(line, *assets);

  const auto lineage = std::make_shared<LineageOptions>();
  auto* lineage_command = add_command(line.app, line, "lineage", "the graph of a selection, parents first", lineage, show_lineage);
  lineage_command->add_option("select", lineage->select, "selection")->capture_default_str();
  lineage_command->add_option("--at", lineage->at, kAtHelp);
}

}  // namespace assetd::cli
