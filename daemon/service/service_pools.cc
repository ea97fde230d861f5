// Pools: what the definitions say, what was set over the API, who holds them.

#include <algorithm>
#include <thread>

#include "core/graph/asset_key.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {

// A run keeps the version it was planned with: pools that only an older one defines are there for as long as a run of it is.
std::map<std::string, int> DaemonService::defined_pools(const Project& project) const {
  std::map<std::string, int> slots{{"default", static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))}};
  for (const auto& [name, pool] : project.definitions.pools) slots[name] = pool.slots;
  if (!engine_) return slots;
  for (const auto& [id, run] : engine_->runs())
    for (const auto& [name, pool] : run->context.definitions->pools) slots.try_emplace(name, pool.slots);
  return slots;
}

// What was set for a pool that is not defined at present counts again when it is.
PoolsChanged DaemonService::pools_in_force(const Project& project) const {
  PoolsChanged pools{defined_pools(project)};
  for (auto& [name, slots] : pools.slots)
    if (const auto size = pool_sizes_.find(name); size != pool_sizes_.end()) slots = size->second.slots;
  return pools;
}

void DaemonService::resize_pool(Caller caller, std::string pool, std::optional<int> slots, std::string reason, Done done) {
  command(std::move(caller), std::move(done),
          [this, pool, slots, reason](Turn& turn, const Caller& who) { return resize(turn, who, pool, slots, reason); });
}

// What holds slots keeps them: a pool that shrank below that starts nothing until it fits again.
Reply DaemonService::resize(Turn& turn, const Caller& caller, const std::string& pool, std::optional<int> slots, const std::string& reason) {
  const auto current = project();
  if (!current) return unavailable("no definitions are loaded yet");
  const auto defined = defined_pools(*current);
  const auto known = defined.find(pool);
  if (known == defined.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, size] : defined) names.push_back(name);
    const auto nearest = nearest_name(pool, names);
    return not_found("pool", "there is no pool '" + pool + "'" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'"));
  }
  const int before = engine_->dispatcher().pools().at(pool);
  if (slots) pool_sizes_[pool] = {pool, *slots, known->second, caller.actor.name, reason, turn.now.wall};
  else pool_sizes_.erase(pool);
  Output output;
  output.changes.push_back(PoolResized{pool, slots, known->second, caller.actor.name, reason, turn.now.wall});
  take(turn, std::move(output));
  const int after = slots.value_or(known->second);
  nlohmann::json detail = {{"from", before}, {"to", after}};
  if (!reason.empty()) detail["reason"] = reason;
  audit(turn, caller, slots ? "pool.resize" : "pool.reset", "pool " + pool, std::move(detail));
  feed(turn, pools_in_force(*current));
  return {200, {{"name", pool}, {"slots", after}, {"defined_slots", known->second}, {"used", engine_->dispatcher().used(pool)}}};
}

std::vector<PoolView> DaemonService::pools() {
  return ask<std::vector<PoolView>>([this] {
    std::vector<PoolView> result;
    const auto current = project();
    const auto defined = current ? defined_pools(*current) : std::map<std::string, int>{};
    const auto& dispatcher = engine_->dispatcher();
    for (const auto& [name, slots] : dispatcher.pools()) {
      PoolView view{.name = name, .slots = slots, .used = dispatcher.used(name), .waiting = dispatcher.waiting_for_pool(name), .defined = slots};
      if (const auto said = defined.find(name); said != defined.end()) view.defined = said->second;
      if (const auto size = pool_sizes_.find(name); size != pool_sizes_.end()) view.resized = size->second;
      for (const auto& [attempt, hold] : dispatcher.holds()) {
        const auto held = hold.demand.slots.find(name);
        const auto* run = engine_->run(hold.run);
        if (held == hold.demand.slots.end() || !run) continue;
        view.holders.push_back({hold.run, run->name(run->plan->units()[hold.unit].steps.front()), attempt, held->second, hold.since});
      }
      std::sort(view.holders.begin(), view.holders.end(), [](const PoolHolder& a, const PoolHolder& b) { return a.since < b.since; });
      result.push_back(std::move(view));
    }
    return result;
  });
}

}  // namespace assetd
