// Retries: which steps of a run that has ended are run again, or would be.

#include <algorithm>
#include <set>

#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

bool is_to_be_retried(StepStatus status) { return status == StepStatus::failed || status == StepStatus::skipped || status == StepStatus::canceled; }

std::string_view text_of(RetryScope scope) {
  static constexpr std::string_view kNames[] = {"steps", "downstream", "stale_upstream", "checks"};
  return kNames[static_cast<int>(scope)];
}

}  // namespace

std::expected<DaemonService::PastRun, Reply> DaemonService::past_run(RunId id) {
  const auto text = std::to_string(id);
  if (engine_->run(id)) return std::unexpected(conflict("run-active", "The run has not ended", "run " + text + " is still under way; cancel it or wait for its end before a retry"));
  if (engine_->wrecks().contains(id))
    return std::unexpected(conflict("run-active", "The run is being ended", "the stored plan of run " + text + " is damaged: what runs of it is being stopped, then it ends as failed"));
  const auto row = reader_->run(id);
  if (!row) return std::unexpected(unavailable(row.error().message));
  if (!*row) return std::unexpected(not_found("run", "there is no run " + text));
  PastRun past;
  past.record = (*row)->run;
  past.version = load_version(past.record.definitions_version);
  const auto encoded = reader_->plan(id);
  if (!past.version || !encoded || !*encoded) return std::unexpected(conflict("plan-gone", "The run cannot be retried", "what run " + text + " had planned is no longer kept"));
  auto plan = RunPlan::decode(**encoded, past.version->definitions, past.version->graph);
  if (!plan) return std::unexpected(conflict("plan-gone", "The run cannot be retried", "run " + text + ": " + plan.error()));
  auto steps = reader_->steps(id, 0, static_cast<StepIndex>(past.record.steps_total));
  if (!steps) return std::unexpected(unavailable(steps.error().message));
  past.plan = std::move(*plan);
  past.steps = std::move(*steps);
  return past;
}

/// Of the definitions that serve now; those that are gone from them are left out.
/// Also where it is gone: then nothing of that asset is made.
void DaemonService::take_partition(const std::string& key, AssetId asset, PartitionSets& sets) const {
  const auto in_force = partitions();
  const auto* divided = in_force->table.of(asset);
  if (!divided) return;
  auto& set = sets[asset];
  if (const auto index = divided->index(key)) set.insert(*index);
}

std::expected<std::vector<AssetId>, Reply> DaemonService::retried_assets(const PastRun& past, const Project& current, const RetryBody& body, PartitionSets& sets) const {
  const auto text = std::to_string(past.record.id);
  std::set<AssetId> wanted, of_run;
  bool any = false;
  for (const auto& step : past.steps) {
    const auto& key = past.version->definitions.assets[past.plan.asset(step.step)].key;
    const auto asset = current.graph.find(key);
    if (asset) of_run.insert(*asset);
    const bool named = std::ranges::find(body.keys, key) != body.keys.end();
    // What somebody names together with what is around it, or for its checks alone, may have succeeded.
    const bool again = body.from_start || is_to_be_retried(step.status) || (named && body.scope != RetryScope::steps);
    if (!again || !(body.keys.empty() || named)) continue;
    any = true;
    if (!asset) continue;
    wanted.insert(*asset);
    take_partition(past.plan.partition(step.step), *asset, sets);
  }
  if (!any) return std::unexpected(conflict("nothing-to-retry", "Nothing to retry", "no step of run " + text + " failed, was skipped or was canceled; retry it from the start with {\"from\": \"start\"}"));
  const std::vector<AssetId> roots(wanted.begin(), wanted.end());
  if (body.scope == RetryScope::downstream) {
    const auto below = current.graph.descendants(roots);
    for (const auto asset : of_run)
      if (below[asset]) wanted.insert(asset);
    for (const auto& step : past.steps)  // of what is below all partitions that the run had
      if (const auto asset = current.graph.find(past.version->definitions.assets[past.plan.asset(step.step)].key); asset && below[*asset] && std::ranges::find(roots, *asset) == roots.end())
        take_partition(past.plan.partition(step.step), *asset, sets);
  }
  if (body.scope == RetryScope::stale_upstream) {
    const auto above = current.graph.ancestors(roots);
    book_.read([&](const AssetTable& table) {
      for (AssetId asset = 0; asset < above.size() && asset < table.states.size(); ++asset) {
        if (!above[asset] || current.definitions.assets[asset].external) continue;
        if (!table.states[asset].last_materialization || table.states[asset].status() == AssetStatus::failed || table.is_stale(asset)) wanted.insert(asset);
      }
    });
  }
  return std::vector<AssetId>(wanted.begin(), wanted.end());
}

Reply DaemonService::retry(Turn& turn, const Caller& caller, RunId id, const RetryBody& body) {
  const auto past = past_run(id);
  if (!past) return past.error();
  const auto text = std::to_string(id);
  Resolved resolved;
  resolved.project = project();
  PartitionSets sets;
  const auto assets = retried_assets(*past, *resolved.project, body, sets);
  if (!assets) return assets.error();
  sets.merge(partitions()->table.usual(*assets, turn.now.wall));  // of what the run did not have
  const auto& old = past->record;
  resolved.plan = std::make_shared<RunPlan>(plan_of(*resolved.project, *assets, body.scope == RetryScope::checks ? StepsMode::checks : old.mode, turn.now.wall, &sets));
  if (resolved.plan->size() == 0)
    return conflict("nothing-to-retry", "Nothing to retry",
                    body.scope == RetryScope::checks ? "none of these assets has a check that can be run by itself" : "the assets of run " + text + " are no longer defined");
  if (body.dry_run) {
    auto summary = run_summary(*resolved.plan, resolved.project->definitions);
    summary["dry_run"] = true;
    summary["select"] = old.select;
    summary["status"] = "planned";
    return {200, std::move(summary)};
  }
  RunRecord record;
  record.select = old.select;
  record.actor = caller.actor;
  record.options = old.options;
  record.tags = old.tags;
  record.priority = old.priority;
  record.max_steps = old.max_steps;
  record.timeouts = old.timeouts;
  record.force = body.from_start || old.force;
  record.job = old.job;
  record.retry_of = id;
  record.trigger = {"retry", text, std::nullopt};
  auto reply = create_run(turn, std::move(record), resolved);
  if (reply.status >= 400) return reply;
  nlohmann::json detail = {{"new_run", reply.body["id"]}, {"from", body.from_start ? "start" : "failure"}};
  if (body.scope != RetryScope::steps) detail["scope"] = text_of(body.scope);
  audit(turn, caller, "run.retry", "run " + text, std::move(detail));
  return reply;
}

}  // namespace assetd
