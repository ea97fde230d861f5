#include "daemon/service/forecast_start.h"

#include "core/graph/selection.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/forecast_automation.h"

namespace assetd {
namespace {

/// One that was never made is violated when it is due to be made for the first time.
DataTimes data_times(const ForecastStart& start) {
  DataTimes times(start.states.size());
  for (AssetId id = 0; id < times.size(); ++id) {
    const auto& spec = start.project->definitions.assets[id].freshness;
    const auto& state = start.states[id];
    times[id] = state.data_at(spec);
    if (!times[id] && state.awaited_since && !spec.empty()) times[id] = awaited_as(spec, *state.awaited_since);
  }
  return times;
}

/// What asks for the state of assets is answered by how they are now: how they will be is not known before the run is made.
std::expected<std::vector<AssetId>, std::string> select_now(const ForecastStart& start, const AssetTable& table, const std::string& selection) {
  SelectionState state;
  state.status = [&](AssetId id) { return std::string(to_string(table.states[id].status())); };
  state.stale = [&](AssetId id) { return table.is_stale(id); };
  state.freshness = [&](AssetId id) { return table.freshness(id, start.now.wall); };
  auto chosen = select_assets(selection, start.project->definitions, start.project->graph, &state);
  if (!chosen) return std::unexpected(chosen.error().message);
  if (chosen->empty()) return std::unexpected("the selection '" + selection + "' matches no asset");
  return std::move(*chosen);
}

}  // namespace

std::shared_ptr<const ForecastStart> DaemonService::forecast_start() {
  return ask<std::shared_ptr<const ForecastStart>>([this]() -> std::shared_ptr<const ForecastStart> {
    auto current = project();
    if (!current) return nullptr;
    auto start = std::make_shared<ForecastStart>();
    start->now = clock_.now();
    start->project = std::move(current);
    start->engine = engine_->clone([] { return AttemptId(); });
    start->ticker = ticker_;
    start->automation = automator_.memory();
    book_.read([&](const AssetTable& table) { start->states = table.states; });
    for (const auto& [id, backfill] : backfills_) start->backfills.push_back(backfill);
    start->dynamic = partitions()->dynamic;
    return start;
  });
}

Forecast forecast_from(const ForecastStart& start, const Durations& durations, const ForecastQuestion& question) {
  const auto& project = start.project;
  const AssetTable table{project, start.states, 0};
  SimulationInput input;
  input.now = start.now;
  input.until = start.now.wall + question.horizon;
  input.context = {project->version, {project, &project->definitions}, {project, &project->graph}};
  input.engine = start.engine.get();
  input.ticker = &start.ticker;
  if (!question.pools.empty()) {
    input.pools = start.engine->dispatcher().pools();
    for (const auto& [pool, slots] : question.pools) (*input.pools)[pool] = slots;
  }
  input.durations = &durations;
  input.backfills = start.backfills;
  input.dynamic = start.dynamic;
  input.made = [&](AssetId asset) { return start.states[asset].last_materialization.has_value(); };
  input.select = [&](const std::string& selection) { return select_now(start, table, selection); };
  input.reactions = [&](const Engine& engine) { return std::make_unique<ForecastAutomation>(start, engine); };
  return forecast(input, data_times(start));
}

}  // namespace assetd
