// What people do beside runs: keys that come and go, what was made by hand or elsewhere, what is muted and paused.

#include "tests/simulation/people.h"
#include "tests/simulation/random_partitions.h"

namespace assetd::simulation {

bool People::act_by_rules(DaemonHost& daemon) {
  const auto& rules = machine_.options.rules;
  auto& random = machine_.random;
  if (random.chance(rules.key_changes)) {
    std::vector<std::string> add, remove;
    (random.chance(60) ? add : remove).push_back(random_key(random));
    if (random.chance(20)) remove.push_back(random_key(random));
    daemon.change_keys(std::move(add), std::move(remove));
    return true;
  }
  if (random.chance(rules.told)) return tell(daemon), true;
  if (random.chance(rules.mutes)) return pause(daemon, random.pick(machine_.store.definitions().definitions->assets)->key), true;
  if (random.chance(rules.red_button)) return pause(daemon, ""), true;
  return false;
}

void People::tell(DaemonHost& daemon) {
  auto& random = machine_.random;
  const auto& context = machine_.store.definitions();
  const auto id = static_cast<AssetId>(random.below(static_cast<int>(context.definitions->assets.size())));
  std::vector<std::string> keys;
  if (const auto* partitions = machine_.store.table(context, machine_.store.keys())->of(id)) partitions->existing(machine_.now.wall).last(4).each([&](PartitionIndex index) { keys.push_back(partitions->key(index)); });
  daemon.tell(context.graph->key(id), keys.empty() || random.chance(20) ? "" : *random.pick(keys));
}

/// For a while, or until somebody lets go; more often than not what is paused is let go.
void People::pause(DaemonHost& daemon, const std::string& asset) {
  auto& random = machine_.random;
  const auto& paused = machine_.store.automation().pauses;
  if (!paused.empty() && random.chance(60)) return daemon.resume(random.pick(paused)->first);
  daemon.pause(asset, random.chance(50) ? std::optional(Millis(1 + random.below(300'000))) : std::nullopt);
}

}  // namespace assetd::simulation
