// Retries: which steps of a run that has ended are run again, or would be.

#include <algorithm>
#include <set>

#include "core/partition/stale.h"
#include "core/run/retry.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

bool is_to_be_retried(StepStatus status) { return status == StepStatus::failed || status == StepStatus::skipped || status == StepStatus::canceled; }

std::string_view text_of(RetryScope scope) {
  static constexpr std::string_view kNames[] = {"steps", "downstream", "stale_upstream", "checks"};
  return kNames[static_cast<int>(scope)];
}

/// By step: those that did not succeed, and where `with_causes` those that failed the run by a check that held nothing up.
std::vector<bool> in_trouble(const RunPlan& plan, const AssetGraph& graph, const std::vector<StepRecord>& steps, const nlohmann::json& causes, bool with_causes) {
  std::vector<bool> trouble(plan.size(), false);
  for (const auto& step : steps) trouble[step.step] = is_to_be_retried(step.status);
  std::set<std::pair<std::string, std::string>> named;
  for (const auto& cause : causes)
    if (with_causes) named.emplace(cause.value("key", ""), cause.contains("partition") && cause["partition"].is_string() ? cause["partition"].get<std::string>() : "");
  for (StepIndex step = 0; step < plan.size(); ++step)
    if (named.contains({graph.key(plan.asset(step)), plan.partition(step)})) trouble[step] = true;
  return trouble;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "'" : ", '") + name + "'";
  return out;
}

Reply no_such_step(const std::string& run, const RetryChoice& choice, const UnknownStep& unknown) {
  const auto& name = (unknown.is_partition ? choice.partitions : choice.keys)[unknown.place];
  std::string why = "run " + run + " has no step " + (unknown.is_partition ? "of the partition '" + name + "'" : "'" + name + "'");
  if (unknown.is_partition && !choice.keys.empty()) why = "run " + run + " has no step of " + joined(choice.keys) + " of the partition '" + name + "'";
  if (!unknown.nearest.empty()) why += "; nearest: '" + unknown.nearest + "'";
  const std::string pointer = (unknown.is_partition ? "/partitions/" : "/steps/") + std::to_string(unknown.place);
  return problem(422, "no-such-step", "The run has no such step", why, nlohmann::json::array({{{"pointer", pointer}, {"detail", why}}}));
}

Reply nothing_to_retry(const std::string& run, const RetryChoice& choice) {
  if (choice.keys.empty() && choice.partitions.empty())
    return conflict("nothing-to-retry", "Nothing to retry", "no step of run " + run + " failed, was skipped or was canceled; retry it from the start with {\"from\": \"start\"}");
  return conflict("nothing-to-retry", "Nothing to retry",
                  "none of these steps of run " + run + " failed, was skipped or was canceled; to make them all the same, name them together with {\"from\": \"start\"}");
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
  past.causes = std::move((*row)->causes);
  return past;
}

/// Why a step cannot be run again under the definitions that serve now; "" where it can: then its partition is among the sets.
std::string DaemonService::take_partition(const std::string& key, AssetId asset, PartitionSets& sets) const {
  const auto in_force = partitions();
  const auto* divided = in_force->table.of(asset);
  if (!divided) return "";
  auto& set = sets[asset];  // also where it is gone: then nothing of that asset is made
  const auto index = divided->index(key);
  if (index) set.insert(*index);
  return index ? "" : key.empty() ? "its asset has partitions now: name those to be made" : "its partition is no more";
}

/// What above these partitions is stale, failed or was never made, with what is there already.
void DaemonService::add_stale_upstream(const Project& current, std::set<AssetId>& assets, PartitionSets& sets, WallTime now) const {
  const auto in_force = partitions();
  const auto& table = in_force->table;
  PartitionSets roots;
  for (const auto asset : assets) roots[asset] = table.of(asset) ? sets[asset] : IndexSet::range(0, 1);
  StalePartitions stale(current.definitions, current.graph, table, now, [&](AssetId asset) { return made_partitions(asset, *in_force); });
  const auto wanted = [&](AssetId asset) {
    if (current.definitions.assets[asset].external) return IndexSet();
    const auto state = book_.current(asset);
    if (table.of(asset)) return stale.of(asset) | (state.partitions ? state.partitions->failed : IndexSet());
    return !state.last_materialization || state.status() == AssetStatus::failed ? IndexSet::range(0, 1) : stale.of(asset);
  };
  for (auto& [asset, set] : wanted_upstream(current.graph, table, roots, now, wanted)) {
    assets.insert(asset);
    if (table.of(asset)) sets[asset] = sets[asset] | set;
  }
}

/// Of the definitions that serve now, an asset under the name it has now; `left_out` lists what is gone from them.
std::expected<std::vector<AssetId>, Reply> DaemonService::retried_assets(const PastRun& past, const Project& current, const RetryBody& body, PartitionSets& sets,
                                                                         nlohmann::json& left_out, WallTime now) const {
  const auto& graph = past.version->graph;
  const bool around = body.scope != RetryScope::steps;
  const RetryChoice choice{body.keys, body.partitions, body.from_start, around};
  const auto run = std::to_string(past.record.id);
  if (const auto unknown = unknown_step(past.plan, graph, choice)) return std::unexpected(no_such_step(run, choice, *unknown));
  auto steps = steps_to_retry(past.plan, graph, choice, in_trouble(past.plan, graph, past.steps, past.causes, around));
  if (steps.empty()) return std::unexpected(nothing_to_retry(run, choice));
  if (body.scope == RetryScope::downstream) steps = with_descendants(past.plan, steps);
  std::set<AssetId> assets;
  for (const auto step : steps) {
    const auto& key = graph.key(past.plan.asset(step));
    const auto& partition = past.plan.partition(step);
    const auto asset = current.graph.find(present_name(store_->names(), key));
    if (asset) assets.insert(*asset);
    const auto why = asset ? take_partition(partition, *asset, sets) : "no definition has it any more";
    if (!why.empty()) left_out.push_back({{"key", key}, {"partition", partition.empty() ? nlohmann::json() : nlohmann::json(partition)}, {"detail", why}});
  }
  if (body.scope == RetryScope::stale_upstream) add_stale_upstream(current, assets, sets, now);
  return std::vector<AssetId>(assets.begin(), assets.end());
}

Reply DaemonService::retry(Turn& turn, const Caller& caller, RunId id, const RetryBody& body) {
  const auto past = past_run(id);
  if (!past) return past.error();
  const auto text = std::to_string(id);
  Resolved resolved;
  resolved.project = project();
  PartitionSets sets;
  auto left_out = nlohmann::json::array();
  const auto assets = retried_assets(*past, *resolved.project, body, sets, left_out, turn.now.wall);
  if (!assets) return assets.error();
  if (const auto too_many = too_many_steps(sets)) return *too_many;
  const auto& old = past->record;
  resolved.plan = std::make_shared<RunPlan>(plan_of(*resolved.project, *assets, body.scope == RetryScope::checks ? StepsMode::checks : old.mode, turn.now.wall, &sets));
  if (resolved.plan->size() == 0)
    return conflict("nothing-to-retry", "Nothing to retry",
                    body.scope == RetryScope::checks ? kNoOwnChecks : "what run " + text + " had to make again is no longer defined");
  if (body.dry_run) {
    auto summary = run_summary(*resolved.plan, resolved.project->definitions);
    summary["dry_run"] = true;
    summary["select"] = old.select;
    summary["status"] = "planned";
    if (!left_out.empty()) summary["left_out"] = std::move(left_out);
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
  if (!left_out.empty()) reply.body["left_out"] = left_out;
  nlohmann::json detail = {{"new_run", reply.body["id"]}, {"from", body.from_start ? "start" : "failure"}};
  if (body.scope != RetryScope::steps) detail["scope"] = text_of(body.scope);
  if (!body.partitions.empty()) detail["partitions"] = body.partitions;
  if (!left_out.empty()) detail["left_out"] = std::move(left_out);
  audit(turn, caller, "run.retry", "run " + text, std::move(detail));
  return reply;
}

}  // namespace assetd
