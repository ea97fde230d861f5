// What can start an asset, and what will next: its schedules, sensors, automation and backfills.

#include <algorithm>
#include <map>

#include "daemon/http/asset_shapes.h"
#include "daemon/http/trigger_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr int kBackfillsLookedAt = 1'000;

/// Whether each of `selections` contains the asset, by the state of now; one that cannot be resolved does not. Inside Service::with_assets.
std::vector<bool> selected_by(const std::vector<std::string>& selections, const AssetTable& table, AssetId asset) {
  const auto state = selection_state(table, wall_now());
  std::map<std::string, bool> known;  // jobs are named by several
  std::vector<bool> out;
  for (const auto& select : selections) {
    const auto [it, fresh] = known.try_emplace(select, false);
    if (fresh && !select.empty()) {
      const auto chosen = select_assets(select, table.project->definitions, table.project->graph, &state);
      it->second = chosen && std::ranges::find(*chosen, asset) != chosen->end();
    }
    out.push_back(it->second);
  }
  return out;
}

/// Those among `views` that select the asset.
template <typename View, typename SelectOf>
void keep_those_of(std::vector<View>& views, const std::string& key, Context& context, const SelectOf& select) {
  std::vector<std::string> selections;
  for (const auto& view : views) selections.push_back(select(view));
  std::vector<bool> chosen(views.size(), false);
  context.service.with_assets([&](const AssetTable& table) {
    const auto id = table.project ? table.project->graph.find(key) : std::nullopt;
    if (id) chosen = selected_by(selections, table, *id);
  });
  std::size_t at = 0;
  std::erase_if(views, [&](const View&) { return !chosen[at++]; });
}

struct NextTick {
  WallTime at{};
  std::string schedule;
};

/// The first tick whose run makes it: not of a schedule that only checks, nor while it is muted.
std::optional<NextTick> next_of(const std::vector<ScheduleView>& views, const Project* project, const std::optional<AutomationPause>& mute) {
  std::optional<NextTick> next;
  if (mute && !mute->until) return next;
  for (const auto& view : views) {
    if (steps_of(view.spec, project) == StepsMode::checks) continue;
    const auto tick = std::ranges::find_if(view.next_ticks, [&](WallTime at) { return !mute || at >= *mute->until; });
    if (tick != view.next_ticks.end() && (!next || *tick < next->at)) next = {*tick, view.spec.name};
  }
  return next;
}

Reader::Result<json> backfills_of(const std::string& key, Reader& reader) {
  const auto page = reader.backfills({kBackfillsLookedAt, ""});
  if (!page) return std::unexpected(page.error());
  json out = json::array();
  for (const auto& backfill : page->items) {
    const auto of_it = [&](const BackfillGroup& group) { return std::ranges::find(group.assets, key) != group.assets.end(); };
    if (is_over(backfill.status) || std::ranges::none_of(backfill.groups, of_it)) continue;
    out.push_back({{"id", id_text(backfill.id)}, {"status", to_string(backfill.status)}, {"by", text_or_null(backfill.by)}, {"reason", text_or_null(backfill.reason)}});
  }
  return out;
}

bool has_check(const std::string& key, const Definitions& definitions) { return std::ranges::find(definitions.checks, key, &CheckSpec::home) != definitions.checks.end(); }

Response get_triggers(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto project = current_project(context);
  if (!project) return project.error();
  const auto key = call.path_of("key");
  const auto id = find_asset(key, **project);
  if (!id) return id.error();
  const bool external = (*project)->definitions.assets[*id].external;  // no tick makes it, whatever selects it: of it only checks are run
  auto schedules = context.service.schedules();
  keep_those_of(schedules, key, context, [&](const ScheduleView& view) { return select_of(view.spec, project->get()); });
  std::ranges::sort(schedules, {}, [](const ScheduleView& view) { return view.spec.name; });
  auto sensors = context.service.sensors();
  keep_those_of(sensors, key, context, [](const SensorView& view) { return view.select; });
  if (external && !has_check(key, (*project)->definitions)) schedules.clear(), sensors.clear();
  const auto automation = context.service.automation_of(key);
  const auto paused = context.service.automation("", 1).pause;
  const auto muted = automation ? automation->pause : std::nullopt;
  const auto next = paused || external ? std::nullopt : next_of(schedules, project->get(), muted);
  auto backfills = backfills_of(key, *at->reader);
  if (!backfills) return store_problem(backfills.error());
  json body = {{"key", key}, {"paused", pause_json(paused)}, {"muted", pause_json(muted)},
               {"automation", automation && !automation->condition.empty() ? automation_json(*automation) : json()}, {"schedules", json::array()}, {"sensors", json::array()},
               {"backfills", std::move(*backfills)}, {"next", next ? json{{"at", time_json(next->at)}, {"schedule", next->schedule}} : json()}, {"as_of", at->as_of}};
  for (const auto& view : schedules) {
    auto item = schedule_json(view, project->get(), *at->reader);
    if (!item) return item.error();
    body["schedules"].push_back(std::move(*item));
  }
  for (const auto& view : sensors) body["sensors"].push_back(sensor_json(view));
  return json_response(body);
}

}  // namespace

void add_trigger_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}/triggers", .name = "get_asset_triggers",
                   .summary = "What can start it: the schedules and sensors that select it by the state of now, its automation, backfills; and the next tick", .tag = "assets",
                   .handler = get_triggers, .answers = {{200, "Triggers"}}, .path = {key_param()}});
}

}  // namespace assetd::http
