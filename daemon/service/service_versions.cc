// Steps that need not be executed: the engine asks, the states of assets answer.

#include <sodium.h>

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
  const auto state_of = [this](AssetId id) -> const AssetState& { return book_.current(id); };
  const auto reuse = reusable(current->definitions, current->graph, run.plan->asset(step), run.record.options, state_of);
  if (!reuse || !sources_are_as_loaded(*current)) return std::nullopt;
  return reuse->detail;
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
