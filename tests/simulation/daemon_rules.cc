// What people tell of, mute and pause. After daemon/service/service_reports.cc and service_automation.cc.

#include "tests/simulation/daemon_host.h"

namespace assetd::simulation {

void DaemonHost::tell(std::string key, std::string partition) {
  command([this, key = std::move(key), partition = std::move(partition)](Turn& turn) {
    const auto& context = serving(turn);
    const auto id = context.graph->find(key);
    if (!id) return;
    const auto table = divided(context);
    const auto* partitions = table->of(*id);
    if (!partition.empty() && (!partitions || !partitions->index(partition))) return;  // refused: there is no such
    Output output;
    Materialization made;
    made.key = key;
    made.partition = partition;
    made.at = turn.now.wall;
    output.changes.push_back(Materialized{made});
    take(turn, std::move(output));
    automation_.note_report(made);
    alerts_.mend(key, "", turn.now, turn.batch);
  });
}

void DaemonHost::pause(std::string asset, std::optional<Millis> lasts) {
  command([this, asset = std::move(asset), lasts](Turn& turn) {
    if (!asset.empty() && !serving(turn).graph->find(asset)) return;
    machine_.trace.add([&] { return "daemon: pauses " + (asset.empty() ? "all" : asset); });
    automation_.pause({asset, "ann", "it is wrong", turn.now.wall, lasts ? std::optional(turn.now.wall + *lasts) : std::nullopt});
  });
}

void DaemonHost::resume(std::string asset) {
  command([this, asset = std::move(asset)](Turn&) { automation_.resume(asset); });
}

}  // namespace assetd::simulation
