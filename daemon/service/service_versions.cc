// Steps that need not be executed: the engine asks, the states of assets answer.

#include <sodium.h>

#include <algorithm>

#include "core/version/reuse.h"
#include "daemon/service/daemon_service.h"

namespace assetd {
namespace {

AttemptId random_attempt_id() {
  unsigned char bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  char hex[33];
  sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
  return hex;
}

}  // namespace

std::unique_ptr<Engine> DaemonService::make_engine(RunId last_run) {
  const auto history = [this](const std::string& asset, const std::string& metric, int last, RunId except) { return metric_history(asset, metric, last, except); };
  return std::make_unique<Engine>(random_attempt_id, last_run, history, [this](const RunState& run, StepIndex step) { return unchanged(run, step); });
}

/// Of a run that is pinned to other definitions than those that serve, nothing is said to be unchanged: which files its steps would read nobody knows.
std::optional<std::string> DaemonService::unchanged(const RunState& run, StepIndex step) {
  const auto current = project();
  if (!current || run.context.version != current->version) return std::nullopt;
  const auto asset = run.plan->asset(step);
  const auto& partition = run.plan->partition(step);
  auto& versions = keeper_.partitions();
  std::optional<ReusePartition> own;
  if (!partition.empty()) {
    own = versions.last_of(asset, partition);
    if (!own) return std::nullopt;
    own->in_progress = is_made_elsewhere(run, step);
  }
  versions.begin_attempt();
  const auto state_of = [this](AssetId id) -> const AssetState& { return book_.current(id); };
  const auto found_of = [&](AssetId parent) { return versions.found_of(current->definitions, asset, partition, parent, {clock_.now().wall}); };
  const auto reuse = reusable(current->definitions, current->graph, asset, run.record.options, state_of, own ? &*own : nullptr, found_of);
  if (!reuse || !sources_are_as_loaded(*current)) return std::nullopt;
  return reuse->detail;
}

/// The same partition by another run: an asset's state knows one of the runs that are making it, and not of what. Costs a look at each attempt that is live.
bool DaemonService::is_made_elsewhere(const RunState& run, StepIndex step) const {
  const auto& key = run.asset(step).key;
  const auto& partition = run.plan->partition(step);
  const auto makes_it = [&](const RunState& other, StepIndex each) { return other.plan->partition(each) == partition && other.asset(each).key == key; };
  return std::ranges::any_of(engine_->dispatcher().holds(), [&](const auto& held) {
    const auto* other = held.second.run == run.record.id ? nullptr : engine_->run(held.second.run);
    if (!other) return false;
    const auto live = other->live.find(held.first);
    if (live == other->live.end() || live->second.record.check != kNone) return false;
    return std::ranges::any_of(live->second.record.steps, [&](StepIndex each) { return makes_it(*other, each); });
  });
}

/// Edited and not loaded yet: a step would run what is on disk now.
bool DaemonService::sources_are_as_loaded(const Project& current) {
  if (!sources_as_loaded_) {
    const auto state = store_->watch_state(current.version);
    sources_as_loaded_ = state && !state->empty() && is_unchanged(*state, options_.compile);
  }
  return *sources_as_loaded_;
}

}  // namespace assetd
