#include "daemon/service/version_keeper.h"

#include <algorithm>

#include "daemon/definitions/files.h"
#include "daemon/definitions/git_commit.h"

namespace assetd {
namespace {

constexpr std::size_t kContentDigits = 32;  // 128 bits of the SHA-256

UsedData used(const std::string& key, const AssetState::Data& data) { return {key, version_of(data), data.run, data.at}; }

void use_instead(Provenance& provenance, UsedData data) {
  const auto it = std::ranges::find(provenance.inputs, data.key, &UsedData::key);
  if (it == provenance.inputs.end()) provenance.inputs.push_back(std::move(data));
  else *it = std::move(data);
}

}  // namespace

const std::string& VersionKeeper::commit() {
  if (!commit_) commit_ = head_commit(project_dir_);
  return *commit_;
}

std::shared_ptr<Provenance> VersionKeeper::capture(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const std::string& partition, const nlohmann::json& options,
                                                    PartitionVersions::Look look) {
  const auto& spec = definitions.assets[asset];
  auto found = std::make_shared<Provenance>();
  found->code_version = code_version_of(spec);
  found->commit = commit();
  found->options = options_version(options, spec.run ? spec.run->plugin : "");
  if (spec.import >= 0) found->versions = definitions.imports[static_cast<std::size_t>(spec.import)].versions;
  for (const auto parent : graph.parents(asset)) {
    const auto& key = graph.key(parent);
    const auto* state = book_.find(key);
    if (!state || !state->last_materialization) continue;
    auto& input = found->inputs.emplace_back(used(key, *state->last_materialization));
    if (definitions.assets[parent].partitions) input.of = partitions_.found_of(definitions, asset, partition, parent, look);
  }
  found->inputs.shrink_to_fit();
  return found;
}

std::shared_ptr<const Provenance> VersionKeeper::of_now(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const nlohmann::json& options,
                                                         const std::string& partition) {
  partitions_.begin_attempt();
  return capture(definitions, graph, asset, partition, options, {now_});
}

std::shared_ptr<Provenance> VersionKeeper::capture(const Projection::Known& run, StepIndex step) {
  return capture(*run.context.definitions, *run.context.graph, run.plan->asset(step), run.plan->partition(step), run.run.options, {now_});
}

void VersionKeeper::capture_attempt(const AttemptRecord& attempt, const Projection::Known& run) {
  if (attempt.check != kNone || run.plan->mode() == StepsMode::checks) return;
  partitions_.begin_attempt();
  for (const auto step : attempt.steps) found_[{attempt.run, step}] = capture(run, step);
}

/// What was made above it in the same process was made after the process began.
std::shared_ptr<const Provenance> VersionKeeper::of_step(const Projection::Known& run, StepIndex step) {
  const auto& plan = *run.plan;
  const auto& graph = *run.context.graph;
  const auto it = found_.find({run.run.id, step});
  const auto& definitions = *run.context.definitions;
  std::shared_ptr<const Provenance> found = it == found_.end() ? capture(run, step) : it->second;
  std::shared_ptr<Provenance> own;
  for (const auto& edge : plan.parents(step)) {
    const auto parent = plan.asset(edge.step);
    if (plan.unit_of(edge.step) != plan.unit_of(step) || std::ranges::find(graph.parents(plan.asset(step)), parent) == graph.parents(plan.asset(step)).end()) continue;
    const auto* state = book_.find(graph.key(parent));
    if (!state || !state->last_materialization || state->last_materialization->run != run.run.id) continue;
    if (!own) own = std::make_shared<Provenance>(*found);
    auto made = used(graph.key(parent), *state->last_materialization);
    if (definitions.assets[parent].partitions) made.of = partitions_.found_of(definitions, plan.asset(step), plan.partition(step), parent, {now_});
    use_instead(*own, std::move(made));
  }
  return own ? own : found;
}

void VersionKeeper::complete(Change& change, const Projection& runs) {
  auto* materialized = std::get_if<Materialized>(&change);
  if (!materialized) return;
  give_versions(materialized->materialization, runs);
  partitions_.note(materialized->materialization);
}

void VersionKeeper::give_versions(Materialization& made, const Projection& runs) {
  const bool declared = !made.data_version.empty(), by_content = !declared && !made.content.empty();
  if (by_content) made.data_version = sha256(made.content).substr(0, kContentDigits);
  else if (!declared) made.data_version = derived_data_version(made.attempt, made.at);
  const auto* run = runs.known(made.run);
  if (!run) return;  // reported by hand
  made.provenance = of_step(*run, made.step);
  if (!declared && !by_content) return;
  auto own = std::make_shared<Provenance>(*made.provenance);
  own->declared = declared;
  own->by_content = by_content;
  made.provenance = std::move(own);
}

void VersionKeeper::note(const Change& change, const Projection& runs, CommitBatch& batch) {
  if (const auto* intended = std::get_if<AttemptIntended>(&change)) {
    if (const auto* run = runs.known(intended->attempt.run)) capture_attempt(intended->attempt, *run);
  } else if (const auto* changed = std::get_if<StepChanged>(&change)) {
    const auto status = changed->step.status;
    if (!is_terminal(status) && status != StepStatus::waiting_retry) return;
    const auto it = found_.find({changed->run, changed->step.step});
    if (it == found_.end()) return;
    const auto* run = runs.known(changed->run);
    // The projection has just added how this step ended.
    if (run && status != StepStatus::succeeded && !batch.outcomes.empty() && batch.outcomes.back().run == changed->run) batch.outcomes.back().found = of_step(*run, changed->step.step);
    found_.erase(it);
  } else if (const auto* ended = std::get_if<StepsEnded>(&change)) {
    for (const auto step : ended->steps) found_.erase({ended->run, step});
  } else if (const auto* over = std::get_if<RunChanged>(&change); over && is_terminal(over->run.status)) {
    found_.erase(found_.lower_bound({over->run.id, 0}), found_.upper_bound({over->run.id, kNone}));
  }
}

std::expected<void, StoreError> VersionKeeper::restore(const Engine& engine, Store& store) {
  found_.clear();
  partitions_.forget();
  for (const auto& [id, run] : engine.runs()) {
    for (const auto& [attempt_id, attempt] : run->live) {
      if (attempt.record.check != kNone || run->plan->mode() == StepsMode::checks) continue;
      partitions_.begin_attempt();
      for (const auto step : attempt.record.steps) {
        auto found = capture(*run->context.definitions, *run->context.graph, run->plan->asset(step), run->plan->partition(step), run->record.options, {attempt.record.intended_at, true});
        for (auto& input : found->inputs) {
          if (input.at <= attempt.record.intended_at) continue;
          const auto before = store.materialized_before(input.key, attempt.record.intended_at);
          if (!before) return std::unexpected(before.error());
          if (*before) input = {input.key, (*before)->data_version.empty() ? derived_data_version("", (*before)->at) : (*before)->data_version, (*before)->run, (*before)->at, std::move(input.of)};
        }
        found_[{id, step}] = std::move(found);
      }
    }
  }
  return {};
}

}  // namespace assetd
