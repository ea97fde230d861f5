// What will be, if nothing fails and nobody intervenes; and what if pools or assets were others.

#include <semaphore>

#include "core/graph/selection.h"
#include "daemon/http/asset_shapes.h"
#include "daemon/http/forecast_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr int kDurationsLookedAt = 30;  // of each asset, the newest
constexpr int kForecastsAtATime = 2;    // each keeps a worker for as long as it takes; two stay for everybody else
constexpr Millis kLeastHorizon = std::chrono::minutes{1};

std::counting_semaphore<kForecastsAtATime> forecasts_allowed(kForecastsAtATime);

struct ForecastTurn {
  const bool taken = forecasts_allowed.try_acquire();
  ForecastTurn() = default;
  ForecastTurn(const ForecastTurn&) = delete;
  ~ForecastTurn() {
    if (taken) forecasts_allowed.release();
  }
};

std::expected<Millis, Response> horizon_of(const Call& call) {
  const auto text = call.query.text("horizon");
  if (text.empty()) return std::chrono::hours{24};
  const auto horizon = parse_duration(text);
  if (horizon && *horizon >= kLeastHorizon && *horizon <= kMostForecast) return *horizon;
  return std::unexpected(invalid({{"/horizon", "'" + text + "' is no time to look ahead: write 30m, 24h or 7d, from 1m to 7d"}}));
}

std::expected<std::optional<std::set<AssetId>>, Response> selected_of(const Call& call, const ForecastStart& start) {
  const auto select = call.query.text("select");
  if (select.empty()) return std::nullopt;
  const AssetTable table{start.project, start.states, 0};
  const auto state = selection_state(table, start.now.wall);
  const auto chosen = select_assets(select, start.project->definitions, start.project->graph, &state);
  if (!chosen) return std::unexpected(selection_problem(chosen.error()));
  return std::set<AssetId>(chosen->begin(), chosen->end());
}

std::expected<WhatIf, Response> what_if_of(const Call& call, const ForecastStart& start) {
  auto given = call.query.dotted("pool");
  for (auto& each : call.query.dotted("speed")) given.push_back(std::move(each));
  auto what_if = read_what_if(given, start.engine->dispatcher().pools(), start.project->graph);
  if (what_if) return std::move(*what_if);
  std::vector<FieldError> errors;
  for (const auto& error : what_if.error()) errors.push_back({error.pointer, error.detail});
  return std::unexpected(invalid(std::move(errors)));
}

std::expected<Durations, Response> durations_of(const ForecastStart& start, const WhatIf& what_if, Reader& reader) {
  const auto& definitions = start.project->definitions;
  std::vector<std::string> keys;
  for (const auto& asset : definitions.assets) keys.push_back(asset.key);
  const auto samples = reader.durations(keys, kDurationsLookedAt);
  if (!samples) return std::unexpected(store_problem(samples.error()));
  Durations durations(definitions, *samples);
  for (const auto& [key, factor] : what_if.speed) durations.speed_up(key, factor);
  return durations;
}

json assumptions(const ForecastStart& start, Context& context) {
  json out = {"no step fails, but for those that run into their own timeout",
              "nobody cancels, pauses or asks for a run; ticks and automation are foreseen",
              "a step takes the middle of its last 30 durations (slow: what nine in ten stay below); without any the middle of its group, then of the project"};
  for (const auto& reason : context.service.unready())
    if (reason.code != "definitions_loading") out.push_back("what holds starts back now is over at once: " + reason.detail);
  for (const auto& pause : start.automation.pauses)
    out.push_back((pause.asset.empty() ? "automation and schedules stay paused" : pause.asset + " stays muted") + (pause.until ? " until " + format_time(*pause.until) : std::string()) + ": " + pause.reason);
  return out;
}

Response get_forecast(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto horizon = horizon_of(call);
  if (!horizon) return horizon.error();
  const ForecastTurn turn;
  if (!turn.taken) return problem_response(503, "busy", "Two forecasts are being made", "two forecasts are being made already; ask again in a moment").with("Retry-After", "2");
  const auto start = context.service.forecast_start();
  if (!start) return problem_response(503, "definitions-loading", "Not ready", "the definitions are still being loaded: see /readyz").with("Retry-After", "1");
  const auto what_if = what_if_of(call, *start);
  if (!what_if) return what_if.error();
  auto selected = selected_of(call, *start);
  if (!selected) return selected.error();
  const auto durations = durations_of(*start, *what_if, *at->reader);
  if (!durations) return durations.error();
  const auto forecast = forecast_from(*start, *durations, {*horizon, what_if->pools});
  auto body = forecast_json({*start, forecast, *durations, *what_if, start->now.wall + *horizon, std::move(*selected),
                             static_cast<std::size_t>(*call.query.integer("runs")), static_cast<std::size_t>(*call.query.integer("limit"))});
  body["assumptions"] = assumptions(*start, context);
  body["as_of"] = at->as_of;
  return json_response(body);
}

}  // namespace

void add_forecast_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/api/v1/forecast", .name = "get_forecast",
                   .summary = "The runs to come, as the engine would make them: when steps begin and end, what waits for what, which data will be too old", .tag = "forecast",
                   .handler = get_forecast, .answers = {{200, "Forecast"}},
                   .query = {{.name = "horizon", .description = "how far ahead: 30m, 24h (default), at most 7d"},
                             {.name = "select", .description = "only what is about these assets; '+' is written %2B in a URL"},
                             {.name = "limit", .kind = Param::Kind::integer, .description = "steps that are listed", .min = 0, .max = 50'000, .fallback = 2'000},
                             {.name = "runs", .kind = Param::Kind::integer, .description = "runs that are listed", .min = 0, .max = 10'000, .fallback = 500},
                             {.name = "what_if", .kind = Param::Kind::dotted,
                              .description = "pool.NAME=4 (or +2, -1; '+' is written %2B): slots; speed.KEY=2: that asset twice as fast", .choices = {"pool", "speed"}}}});
}

}  // namespace assetd::http
