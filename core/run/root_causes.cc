#include "core/run/root_causes.h"

#include <algorithm>

namespace assetd {
namespace {

void merge(std::vector<StepIndex>& into, std::span<const StepIndex> roots, std::size_t limit) {
  for (const auto root : roots) {
    const auto at = std::ranges::lower_bound(into, root);
    if (at == into.end() || *at != root) into.insert(at, root);
  }
  if (into.size() > limit) into.resize(limit);
}

/// Members of its process that failed: it ended with them before this one began.
std::vector<StepIndex> failed_beside(const RunPlan& plan, std::span<const StepStatus> statuses, StepIndex step) {
  const auto unit = plan.unit_of(step);
  if (unit == kNone) return {};
  std::vector<StepIndex> failed;
  std::ranges::copy_if(plan.units()[unit].steps, std::back_inserter(failed), [&](StepIndex member) { return statuses[member] == StepStatus::failed; });
  return failed;
}

/// Homes of checks that skip it past a step that had succeeded: one process made all three, and the check came last.
std::vector<StepIndex> failed_homes(std::span<const ExtraRoot> extra, StepIndex step) {
  std::vector<StepIndex> homes;
  for (const auto& root : extra)
    if (root.failed_home != kNone && std::ranges::binary_search(root.blocks, step)) homes.push_back(root.failed_home);
  return homes;
}

/// Steps below the asset, itself left out.
std::vector<bool> below(const RunPlan& plan, const AssetGraph& graph, AssetId asset, const std::string& partition) {
  std::vector<bool> reached(plan.size(), false);
  bool in_run = false, divided = false;
  for (StepIndex step = 0; step < plan.size() && !partition.empty(); ++step) divided = divided || (plan.asset(step) == asset && plan.partition(step) == partition);
  const auto is_root = [&](StepIndex step) { return plan.asset(step) == asset && (!divided || plan.partition(step) == partition); };
  for (StepIndex step = 0; step < plan.size(); ++step) {
    if (plan.asset(step) == asset) {
      in_run = true;
      continue;
    }
    // Steps are in topological order: the parents of this one are settled.
    for (const auto& edge : plan.parents(step))
      if (edge.on_failure == OnFailure::skip && (is_root(edge.step) || reached[edge.step])) reached[step] = true;
  }
  if (in_run) return reached;
  const AssetId roots[] = {asset};
  const auto descends = graph.descendants(roots);
  for (StepIndex step = 0; step < plan.size(); ++step) reached[step] = descends[plan.asset(step)] && plan.asset(step) != asset;
  return reached;
}

}  // namespace

bool is_failing_and_blocking(const CheckResult& result) {
  return result.blocking && result.severity == Severity::error && (result.status == CheckStatus::failed || result.status == CheckStatus::error);
}

std::vector<ExtraRoot> check_roots(const RunPlan& plan, const Definitions& definitions, const AssetGraph& graph, std::span<const CheckResult> results,
                                   std::span<const StepStatus> statuses) {
  std::vector<ExtraRoot> out;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto& result = results[i];
    if (!is_failing_and_blocking(result) || result.check >= definitions.checks.size()) continue;
    const bool home_failed = result.home_step != kNone && statuses[result.home_step] == StepStatus::failed;
    const auto& spec = definitions.checks[result.check];
    const bool of_home_alone = spec.depends_on.empty() || (spec.depends_on.size() == 1 && spec.depends_on.front() == result.home);
    std::vector<AssetId> above;
    for (const auto& key : spec.depends_on)
      if (const auto id = graph.find(key)) above.push_back(*id);
    out.push_back({descendants_of_all(plan, graph, above, result.partition), i, home_failed && of_home_alone ? result.home_step : kNone});
  }
  return out;
}

std::vector<std::vector<StepIndex>> root_causes(const RunPlan& plan, std::span<const StepStatus> statuses, std::span<const ExtraRoot> extra,
                                                std::size_t limit) {
  std::vector<std::vector<StepIndex>> roots(plan.size());
  for (std::size_t i = 0; i < extra.size(); ++i) {
    if (extra[i].failed_home != kNone) continue;
    const StepIndex root[] = {static_cast<StepIndex>(plan.size() + i)};
    for (const auto step : extra[i].blocks)
      if (statuses[step] == StepStatus::skipped) merge(roots[step], root, limit);
  }
  for (StepIndex step = 0; step < plan.size(); ++step) {
    if (statuses[step] != StepStatus::skipped) continue;
    for (const auto& edge : plan.parents(step)) {
      if (edge.on_failure != OnFailure::skip) continue;
      const StepIndex parent[] = {edge.step};
      const auto status = statuses[edge.step];
      if (status == StepStatus::failed || status == StepStatus::canceled) merge(roots[step], parent, limit);
      if (status == StepStatus::skipped) merge(roots[step], roots[edge.step], limit);
    }
    if (roots[step].empty()) merge(roots[step], failed_homes(extra, step), limit);
    if (roots[step].empty()) merge(roots[step], failed_beside(plan, statuses, step), limit);
  }
  return roots;
}

std::vector<StepIndex> descendants_of_all(const RunPlan& plan, const AssetGraph& graph, std::span<const AssetId> depends_on, const std::string& partition) {
  std::vector<bool> all(plan.size(), !depends_on.empty());
  for (const auto asset : depends_on) {
    const auto reached = below(plan, graph, asset, partition);
    for (StepIndex step = 0; step < plan.size(); ++step) all[step] = all[step] && reached[step];
  }
  std::vector<StepIndex> out;
  for (StepIndex step = 0; step < plan.size(); ++step)
    if (all[step]) out.push_back(step);
  return out;
}

}  // namespace assetd
