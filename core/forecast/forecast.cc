#include "core/forecast/forecast.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/freshness/freshness.h"

namespace assetd {
namespace {

/// What makes a run the same one at both paces: who asked for it, for which instant, and the how-manieth that is.
using RunName = std::tuple<std::string, std::string, std::optional<WallTime>, RunId, std::size_t>;

std::vector<RunName> names_of(const std::vector<SimulatedRun>& runs) {
  std::map<std::tuple<std::string, std::string, std::optional<WallTime>>, std::size_t> counted;
  std::vector<RunName> names;
  for (const auto& run : runs) {
    const auto& trigger = run.record.trigger;
    if (run.from_before) names.emplace_back("", "", std::nullopt, run.record.id, 0);
    else names.emplace_back(trigger.kind, trigger.name, trigger.instant, 0, counted[{trigger.kind, trigger.name, trigger.instant}]++);
  }
  return names;
}

std::vector<std::size_t> match_runs(const Simulated& typical, const Simulated& slow) {
  std::map<RunName, std::size_t> found;
  const auto slow_names = names_of(slow.runs);
  for (std::size_t i = 0; i < slow_names.size(); ++i) found.emplace(slow_names[i], i);
  std::vector<std::size_t> matched;
  for (const auto& name : names_of(typical.runs)) {
    const auto it = found.find(name);
    matched.push_back(it == found.end() ? kNoRun : it->second);
  }
  return matched;
}

std::vector<ForecastViolation> violations_of(AssetId asset, const FreshnessSpec& spec, WallTime data_at, const std::vector<SimulatedData>& made, WallTime end) {
  std::vector<ForecastViolation> found;
  std::size_t next = 0;
  while (true) {
    const auto at = violated_at(spec, data_at);
    if (!at || *at >= end) return found;
    while (next < made.size() && made[next].at <= *at) data_at = std::max(data_at, made[next++].data_at);
    if (violated_at(spec, data_at) > at) continue;  // newer data has come in time
    ForecastViolation violation{asset, *at, data_at, std::nullopt, false};
    while (next < made.size() && !violation.mended_at) {  // old windows that are filled mend nothing
      data_at = std::max(data_at, made[next].data_at);
      const auto too_old = violated_at(spec, data_at);
      if (!too_old || *too_old > made[next].at) violation.mended_at = made[next].at;
      ++next;
    }
    found.push_back(violation);
    if (!violation.mended_at) return found;
  }
}

std::vector<ForecastViolation> all_violations(const SimulationInput& input, const DataTimes& data, const Simulated& simulated) {
  std::vector<ForecastViolation> found;
  const auto& assets = input.context.definitions->assets;
  const auto end = simulated.stopped_at.value_or(input.until);
  for (AssetId id = 0; id < assets.size() && id < data.size(); ++id) {
    if (assets[id].freshness.empty()) continue;
    const auto& made = simulated.made[id];
    const auto first = data[id] ? data[id] : made.empty() ? std::nullopt : std::optional(made.front().data_at);
    if (!first) continue;
    const auto own = violations_of(id, assets[id].freshness, *first, made, end);
    found.insert(found.end(), own.begin(), own.end());
  }
  return found;
}

}  // namespace

Forecast forecast(const SimulationInput& input, const DataTimes& data) {
  Forecast out;
  out.typical = simulate(input, Pace::typical);
  out.slow = simulate(input, Pace::slow);
  out.slow_run = match_runs(out.typical, out.slow);
  out.violations = all_violations(input, data, out.typical);
  std::set<std::pair<AssetId, WallTime>> typical;
  for (const auto& violation : out.violations) typical.emplace(violation.asset, violation.at);
  for (auto& violation : all_violations(input, data, out.slow)) {
    if (typical.contains({violation.asset, violation.at})) continue;
    violation.only_slow = true;
    out.violations.push_back(violation);
  }
  std::ranges::stable_sort(out.violations, {}, [](const ForecastViolation& each) { return std::pair(each.at, each.asset); });
  return out;
}

std::vector<StepIndex> critical_path(const SimulatedRun& run) {
  const auto ended = [&](StepIndex step) { return run.steps[step].ended_at && run.steps[step].started_at; };
  std::optional<StepIndex> last;
  for (StepIndex step = 0; step < run.steps.size(); ++step)
    if (ended(step) && (!last || *run.steps[step].ended_at > *run.steps[*last].ended_at)) last = step;
  std::vector<StepIndex> path;
  while (last) {
    path.push_back(*last);
    std::optional<StepIndex> above;
    for (const auto& edge : run.plan->parents(*last))
      if (ended(edge.step) && (!above || *run.steps[edge.step].ended_at > *run.steps[*above].ended_at)) above = edge.step;
    last = above;
  }
  std::ranges::reverse(path);
  return path;
}

}  // namespace assetd
