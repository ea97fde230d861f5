// Backfills. After daemon/service/service_backfills.cc.

#include <algorithm>

#include "tests/simulation/daemon_host.h"

namespace assetd::simulation {

void DaemonHost::save(Turn& turn, const Backfill& backfill) {
  machine_.trace.add([&] { return "backfill " + to_json(backfill).dump(); });
  std::erase_if(turn.batch.backfills, [&](const Backfill& saved) { return saved.id == backfill.id; });
  turn.batch.backfills.push_back(backfill);
}

void DaemonHost::request_backfill(std::vector<std::string> keys, int most_runs, bool newest_first) {
  command([this, keys = std::move(keys), most_runs, newest_first](Turn& turn) {
    if (turn.batch.definitions) return;  // asked once they serve
    const auto& context = machine_.store.definitions();
    const auto table = divided(context);
    std::map<AssetId, IndexSet> wanted;
    for (const auto& key : keys)
      if (const auto asset = context.graph->find(key)) wanted[*asset] = table->existing(*asset, turn.now.wall);
    Backfill backfill;
    backfill.groups = make_groups(*context.definitions, *context.graph, *table, wanted);
    if (backfill.groups.empty()) return;
    backfill.id = ++last_backfill_;
    backfill.created_at = turn.now.wall;
    backfill.max_runs = most_runs;
    backfill.newest_first = newest_first;
    advance(turn, backfills_[backfill.id] = std::move(backfill));
  });
}

void DaemonHost::advance(Turn& turn, Backfill& backfill) {
  if (draining_ || is_over(backfill.status)) return;
  const auto& context = serving(turn);
  const auto table = divided(context);
  std::string error;
  const auto plan = BackfillPlan::make(backfill, *context.definitions, *context.graph, *table, error);
  if (!plan) return end(turn, backfill, BackfillStatus::failed);
  plan->skip_blocked(backfill, turn.now.wall);
  const auto under_way = backfill.runs.size(), most = static_cast<std::size_t>(backfill.max_runs);
  if (backfill.status == BackfillStatus::running && under_way < most)
    for (const auto& request : plan->next(backfill, most - under_way, turn.now.wall)) begin_part(turn, backfill, *plan, request);
  if (const auto status = outcome(backfill)) return end(turn, backfill, *status);
  save(turn, backfill);
}

void DaemonHost::begin_part(Turn& turn, Backfill& backfill, const BackfillPlan& plan, const BackfillPlan::Request& request) {
  RunRecord run;
  run.trigger = {"backfill", std::to_string(backfill.id), std::nullopt};
  run.backfill = backfill.id;
  std::map<AssetId, IndexSet> sets;
  std::vector<AssetId> assets;
  for (auto& [asset, set] : plan.to_make(backfill, request)) sets[assets.emplace_back(asset)] = std::move(set);
  const auto id = begin_run(turn, std::move(run), assets, StepsMode::all, false, &sets);
  if (id == 0) return;
  backfill.runs[id] = {request.group, request.set};
  ++backfill.runs_made;
}

void DaemonHost::end(Turn& turn, Backfill& backfill, BackfillStatus status) {
  backfill.status = status;
  backfill.ended_at = turn.now.wall;
  save(turn, backfill);
}

/// In the turn after the run's end was committed, and again after a restart.
void DaemonHost::settle_part(Turn& turn, std::int64_t id, RunId run) {
  const auto it = backfills_.find(id);
  if (latched_ || it == backfills_.end() || !it->second.runs.contains(run) || engine_->run(run) || engine_->wrecks().contains(run)) return;
  auto& backfill = it->second;
  const auto& part = backfill.runs.at(run);
  const auto& kept = machine_.store.runs().at(run);
  const auto& spec = backfill.groups[part.group].spec;
  const auto partitions = spec ? Partitions::make(*spec, keys_) : std::expected<Partitions, std::string>(std::unexpected(""));
  BackfillRunEnd end;
  const BackfillPlaces places(backfill.groups[part.group], *machine_.store.definitions().definitions);
  for (StepIndex step = 0; step < kept.plan->size(); ++step) {
    const auto found = kept.steps.find(step);
    const auto status = found == kept.steps.end() ? StepStatus::pending : found->second.status;
    const auto index = place_of(kept.plan->partition(step), part.set, partitions ? &*partitions : nullptr);
    if (!index) continue;
    end.add(places.of(kept.context.definitions->assets[kept.plan->asset(step)].key), *index, status);
  }
  settle(backfill, run, end);
  save(turn, backfill);
  advance(turn, backfill);
}

void DaemonHost::note_end(Turn& turn, const RunRecord& run) {
  if (!run.backfill) return;
  turn.after.push_back([this, backfill = *run.backfill, id = run.id](bool committed) {
    if (committed) tasks_.push_back([this, backfill, id](Turn& next) { settle_part(next, backfill, id); });
  });
}

void DaemonHost::recover_backfills() {
  backfills_.clear();
  for (const auto& [id, backfill] : machine_.store.backfills()) {
    last_backfill_ = id;
    if (is_over(backfill.status) && backfill.runs.empty()) continue;
    backfills_[id] = backfill;
    for (const auto& [run, part] : backfill.runs) tasks_.push_back([this, id = id, run = run](Turn& turn) { settle_part(turn, id, run); });
  }
  if (backfills_.empty()) return;
  tasks_.push_back([this](Turn& turn) {
    if (!latched_) advance_all(turn);
  });
}

void DaemonHost::advance_all(Turn& turn) {
  for (auto& [id, backfill] : backfills_) advance(turn, backfill);
}

void DaemonHost::change_backfill(std::int64_t id, BackfillChange what) {
  command([this, id, what](Turn& turn) {
    if (std::ranges::count(turn.batch.backfills, id, &Backfill::id) != 0) return;  // one change a transaction: the invariants see no step between
    if (!backfills_.contains(id)) {
      const auto kept = machine_.store.backfills().find(id);
      if (kept == machine_.store.backfills().end()) return;
      backfills_[id] = kept->second;
    }
    auto& backfill = backfills_.at(id);
    const bool over = is_over(backfill.status);
    switch (what) {
      case BackfillChange::pause:
      case BackfillChange::resume:
        if (over) return;
        backfill.status = what == BackfillChange::pause ? BackfillStatus::paused : BackfillStatus::running;
        return advance(turn, backfill);
      case BackfillChange::retry:
        if (!over || backfill.status == BackfillStatus::succeeded || !backfill.runs.empty()) return;
        retry(backfill);
        return advance(turn, backfill);
      case BackfillChange::cancel: break;
    }
    if (over) return;
    end(turn, backfill, BackfillStatus::canceled);
    for (const auto& [run, part] : backfill.runs) feed(turn, CancelRequested{run, {"somebody", ""}});
    save(turn, backfill);
  });
}

}  // namespace assetd::simulation
