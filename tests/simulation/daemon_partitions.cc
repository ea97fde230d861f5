// Dynamic keys, and how they divide the assets. After daemon/service/service_partitions.cc.

#include "tests/simulation/daemon_host.h"
#include "tests/simulation/random_partitions.h"

namespace assetd::simulation {

std::shared_ptr<const PartitionTable> DaemonHost::divided(const RunContext& context) const {
  return machine_.store.table(context, keys_);
}

void DaemonHost::take_keys() {
  keys_ = machine_.store.keys();
}

void DaemonHost::change_keys(std::vector<std::string> add, std::vector<std::string> remove) {
  command([this, add = std::move(add), remove = std::move(remove)](Turn& turn) { change_keys(turn, add, remove); });
}

void DaemonHost::change_keys(Turn& turn, const std::vector<std::string>& add, const std::vector<std::string>& remove) {
  auto& kept = keys_[kKeySet];
  auto keys = kept ? std::make_shared<NamedKeys>(*kept) : std::make_shared<NamedKeys>();
  bool changed = false;
  const auto record = [&](const std::string& key, PartitionIndex index, bool present) {
    machine_.trace.add([&] { return std::string("daemon: ") + (present ? "adds" : "removes") + " the key " + key; });
    turn.batch.partition_keys.push_back({kKeySet, key, index, present, turn.now.wall, "somebody"});
    changed = true;
  };
  for (const auto& key : add)
    if (!keys->index(key)) record(key, keys->add(key), true);
  for (const auto& key : remove)
    if (const auto index = keys->index(key)) keys->remove(key), record(key, *index, false);
  if (!changed) {
    if (!kept) keys_.erase(kKeySet);  // no set without keys behind its name
    return;
  }
  kept = std::move(keys);
  if (remove.empty() || !machine_.seams.keeps_removed_keys) automation_.divide(keys_);
  turn.keys_changed = true;
}

/// A step may add and remove keys: with the message that it sent, in one transaction.
void DaemonHost::note_keys(Turn& turn, const Change& change) {
  const auto* note = std::get_if<AttemptNoted>(&change);
  if (!note || (note->kind != "partitions" && note->kind != "partitions_gone")) return;
  const auto keys = note->data.at("keys").get<std::vector<std::string>>();
  const bool gone = note->kind == "partitions_gone";
  change_keys(turn, gone ? std::vector<std::string>{} : keys, gone ? keys : std::vector<std::string>{});
}

/// What is divided by them is looked at once all of the turn is known.
void DaemonHost::take_changed_keys(Turn& turn) {
  if (!std::exchange(turn.keys_changed, false)) return;
  advance_all(turn);
}

}  // namespace assetd::simulation
