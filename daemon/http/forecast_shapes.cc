#include "daemon/http/forecast_shapes.h"

#include <algorithm>
#include <cmath>

#include "daemon/http/json_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr std::size_t kMostListed = 500;  // violations and ticks without a run

json demand_json(const Simulated& simulated, const SimulatedStep& step) {
  json waited_for = json::array();
  if (step.waited() == Millis{0} || step.held >= simulated.demands.size()) return waited_for;
  const auto& demand = simulated.demands[step.held];
  for (const auto& [pool, slots] : demand.slots) waited_for.push_back({{"kind", "pool"}, {"what", pool}});
  for (const auto& [resource, mode] : demand.resources) waited_for.push_back({{"kind", "resource"}, {"what", resource}});
  return waited_for;
}

class Shape {
 public:
  explicit Shape(const ForecastView& view) : view_(view), typical_(view.forecast.typical) {}

  json all() {
    auto runs = runs_json();
    auto violations = violations_json();
    return {{"at", time_json(view_.start.now.wall)}, {"until", time_json(view_.until)}, {"stopped_at", time_json(stopped_at())}, {"truncated", stopped_at().has_value()},
            {"definitions_version", id_text(view_.start.project->version)}, {"runs", std::move(runs)}, {"runs_total", runs_total_}, {"steps_total", steps_total_},
            {"steps_listed", steps_listed_}, {"violations", std::move(violations)}, {"violations_total", violations_total_}, {"missed_ticks", missed_json()}, {"pools", pools_json()},
            {"what_if", {{"pools", view_.what_if.pools}, {"speed", view_.what_if.speed}}}, {"durations", durations_json()}};
  }

 private:
  std::optional<WallTime> stopped_at() const { return typical_.stopped_at ? typical_.stopped_at : view_.forecast.slow.stopped_at; }

  bool is_selected(const SimulatedRun& run, StepIndex step) const {
    if (!view_.selected) return true;
    const auto id = view_.start.project->graph.find(run.asset(step).key);
    return id && view_.selected->contains(*id);
  }

  /// In the order in which they begin; those that have not begun at the end come last.
  std::vector<std::size_t> order() const {
    std::vector<std::size_t> order(typical_.runs.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return typical_.runs[i].record.started_at.value_or(WallTime::max()); });
    return order;
  }

  json runs_json() {
    json runs = json::array();
    for (const auto index : order()) {
      const auto& run = typical_.runs[index];
      std::vector<StepIndex> steps;
      for (StepIndex step = 0; step < run.steps.size(); ++step)
        if (is_selected(run, step)) steps.push_back(step);
      if (steps.empty()) continue;
      ++runs_total_;
      steps_total_ += steps.size();
      if (runs.size() < view_.most_runs) runs.push_back(run_json(index, steps));
    }
    return runs;
  }

  json run_json(std::size_t index, const std::vector<StepIndex>& selected) {
    const auto& run = typical_.runs[index];
    const auto& record = run.record;
    const auto matched = view_.forecast.slow_run[index];
    const auto* slow = matched == kNoRun ? nullptr : &view_.forecast.slow.runs[matched];
    const auto path = critical_path(run);
    std::vector<bool> is_critical(run.steps.size());
    json critical = json::array(), steps = json::array();
    for (const auto step : path) critical.push_back(run.asset(step).key), is_critical[step] = true;
    for (const auto step : selected) {
      if (steps_listed_ == view_.most_steps) break;
      ++steps_listed_;
      steps.push_back(step_json(run, slow, step, is_critical[step]));
    }
    return {{"run_id", run.from_before ? json(id_text(record.id)) : json()},
            {"trigger", {{"kind", record.trigger.kind}, {"name", text_or_null(record.trigger.name)}, {"instant", time_json(record.trigger.instant)}}},
            {"select", record.select}, {"job", text_or_null(record.job)}, {"status", to_string(record.status)}, {"reason", text_or_null(record.reason)},
            {"detail", text_or_null(record.detail)}, {"created_at", time_json(record.created_at)}, {"started_at", time_json(record.started_at)},
            {"ended_at", time_json(record.ended_at)}, {"slow_ended_at", slow ? time_json(slow->record.ended_at) : json()}, {"steps_total", run.steps.size()},
            {"checks_only", run.plan->mode() == StepsMode::checks},
            {"critical_path", std::move(critical)}, {"steps", std::move(steps)}};
  }

  json step_json(const SimulatedRun& run, const SimulatedRun* slow, StepIndex index, bool critical) const {
    const auto& step = run.steps[index];
    json slow_end;
    if (slow && index < slow->steps.size() && slow->asset(index).key == run.asset(index).key) slow_end = time_json(slow->steps[index].ended_at);
    return {{"key", run.asset(index).key}, {"partition", text_or_null(run.plan->partition(index))}, {"status", to_string(step.status)}, {"ready_at", time_json(step.ready_at)},
            {"started_at", time_json(step.started_at)}, {"ended_at", time_json(step.ended_at)}, {"slow_ended_at", std::move(slow_end)},
            {"waited_ms", step.waited().count()}, {"waited_for", demand_json(typical_, step)}, {"critical", critical}};
  }

  json violations_json() {
    json out = json::array();
    for (const auto& each : view_.forecast.violations) {
      if (view_.selected && !view_.selected->contains(each.asset)) continue;
      if (++violations_total_ > kMostListed) continue;
      const auto& asset = view_.start.project->definitions.assets[each.asset];
      const bool never_made = !view_.start.states[each.asset].last_materialization && each.data_at <= view_.start.now.wall;
      out.push_back({{"key", asset.key}, {"kind", asset.freshness.deadline.empty() ? "freshness" : "deadline"}, {"at", time_json(each.at)},
                     {"data_at", never_made ? json() : time_json(each.data_at)}, {"mended_at", time_json(each.mended_at)}, {"only_if_slow", each.only_slow},
                     {"already", each.at <= view_.start.now.wall}});
    }
    return out;
  }

  json missed_json() const {
    json out = json::array();
    for (const auto& each : typical_.missed) {
      if (out.size() == kMostListed) break;
      out.push_back({{"schedule", each.schedule}, {"instant", time_json(each.instant)}, {"reason", each.reason}});
    }
    return out;
  }

  json pools_json() const {
    json out = json::array();
    const auto& in_force = view_.start.engine->dispatcher().pools();
    const auto slice = static_cast<double>((view_.until - view_.start.now.wall).count()) / static_cast<double>(kPoolSlices);
    for (const auto& [name, use] : typical_.pools) {
      json slices = json::array();
      double busy = 0;
      const auto share = [&](double time, double of) { return use.slots > 0 ? std::min(1.0, time / (of * use.slots)) : 0.0; };
      for (const auto& each : use.busy) {
        busy += static_cast<double>(each.count());
        slices.push_back(std::round(share(static_cast<double>(each.count()), slice) * 1000) / 1000);
      }
      const auto found = in_force.find(name);
      out.push_back({{"name", name}, {"slots", use.slots}, {"slots_in_force", found == in_force.end() ? 0 : found->second},
                     {"used", std::round(share(busy, slice * static_cast<double>(kPoolSlices)) * 1000) / 1000}, {"slices", std::move(slices)},
                     {"waited_ms", use.waited.count()}, {"steps_waited", use.steps_waited}});
    }
    return out;
  }

  /// How many of the assets' durations come from where.
  json durations_json() const {
    json out = {{"history", 0}, {"group", 0}, {"project", 0}, {"nothing", 0}};
    for (const auto& asset : view_.start.project->definitions.assets) {
      if (asset.external) continue;
      auto& count = out[std::string(to_string(view_.durations.of(asset.key).from))];
      count = count.get<int>() + 1;
    }
    return out;
  }

  const ForecastView& view_;
  const Simulated& typical_;
  std::size_t runs_total_ = 0, steps_total_ = 0, steps_listed_ = 0, violations_total_ = 0;
};

}  // namespace

json forecast_json(const ForecastView& view) { return Shape(view).all(); }

}  // namespace assetd::http
