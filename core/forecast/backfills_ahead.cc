#include "core/forecast/backfills_ahead.h"

#include <algorithm>

namespace assetd {

void BackfillsAhead::ended(const SimulatedRun& run) {
  const auto it = std::ranges::find_if(backfills_, [&](const Backfill& each) { return each.runs.contains(run.record.id); });
  if (it == backfills_.end()) return;
  const auto part = it->runs.at(run.record.id);
  const auto asset = context_.graph->find(it->groups[part.group].assets.front());
  const auto* divided = asset ? table_.of(*asset) : nullptr;
  BackfillRunEnd end;
  const BackfillPlaces places(it->groups[part.group], *context_.definitions);
  for (StepIndex step = 0; step < run.steps.size(); ++step) {
    const auto status = run.steps[step].status;
    const auto& key = run.plan->partition(step);
    const auto index = !divided || key.empty() ? std::optional(PartitionIndex{0}) : divided->index(key);
    if (index) end.add(places.of(context_.graph->key(run.plan->asset(step))), *index, status);
  }
  settle(*it, run.record.id, end);
}

std::vector<BackfillsAhead::Part> BackfillsAhead::next(WallTime now) {
  std::vector<Part> parts;
  for (auto& backfill : backfills_) {
    if (backfill.status != BackfillStatus::running) continue;
    std::string error;
    const auto plan = BackfillPlan::make(backfill, *context_.definitions, *context_.graph, table_, error);
    if (!plan) {
      backfill.status = BackfillStatus::failed;  // divided otherwise now
      continue;
    }
    plan->skip_blocked(backfill, now);
    const auto under_way = backfill.runs.size(), most = static_cast<std::size_t>(backfill.max_runs);
    if (under_way >= most) continue;
    for (auto& request : plan->next(backfill, most - under_way, now)) {
      Part part{static_cast<std::size_t>(&backfill - backfills_.data()), {}, {}, {}, {}};
      for (auto& [asset, set] : plan->to_make(backfill, request)) {
        part.run.select += (part.assets.empty() ? "" : " or ") + context_.graph->key(asset);
        part.assets.push_back(asset);
        if (table_.of(asset)) part.sets[asset] = std::move(set);
      }
      part.run.mode = backfill.mode;
      part.run.trigger = {"backfill", std::to_string(backfill.id), std::nullopt};
      part.run.actor = backfill.actor;
      part.run.tags = backfill.tags;
      part.run.priority = backfill.priority;
      part.run.backfill = backfill.id;
      part.request = std::move(request);
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

void BackfillsAhead::begun(const Part& part, RunId run) {
  auto& backfill = backfills_[part.backfill];
  backfill.runs[run] = {part.request.group, part.request.set};
  if (run == 0) settle(backfill, run, {});
}

}  // namespace assetd
