#include "daemon/service/forecast_automation.h"

#include <algorithm>

#include "daemon/service/forecast_start.h"

namespace assetd {

ForecastAutomation::ForecastAutomation(const ForecastStart& start, const Engine& engine) {
  const auto& assets = start.project->definitions.assets;
  has_conditions_ = std::ranges::any_of(assets, [](const AssetSpec& asset) { return !asset.automation.empty(); });
  book_.use(start.project);
  std::vector<std::pair<std::string, AssetState>> states;
  for (AssetId id = 0; has_conditions_ && id < assets.size(); ++id) states.emplace_back(assets[id].key, start.states[id]);
  book_.load(std::move(states));
  automator_.restore(start.automation.records, start.automation.pauses, start.automation.evaluated_at);
  auto partitions = std::make_shared<PartitionsInForce>();
  partitions->dynamic = start.dynamic;
  partitions->table = PartitionTable::make(start.project->definitions, start.project->graph, start.dynamic);
  partitions->project = start.project;
  projection_.use(partitions);
  automator_.use(std::move(partitions), engine);
  if (!has_conditions_) return;
  for (const auto& [id, run] : engine.runs()) projection_.know(run->record, run->plan, run->context);
}

void ForecastAutomation::note(const Change& change, const Engine& engine) {
  if (!has_conditions_) return;
  if (const auto* created = std::get_if<RunCreated>(&change))
    if (const auto* run = engine.run(created->run.id)) projection_.know(created->run, created->plan, run->context);
  CommitBatch unwritten;
  projection_.project(change, book_, unwritten);
  automator_.note(change, projection_);
  if (const auto* changed = std::get_if<RunChanged>(&change); changed && is_terminal(changed->run.status)) ended_.push_back(changed->run.id);
}

void ForecastAutomation::settle() {
  AutomationBatch unwritten;
  automator_.write(unwritten);
  if (!has_conditions_) return;
  book_.apply(book_.take_staged(), 0);
  for (const auto run : ended_) projection_.forget(run);
  ended_.clear();
}

}  // namespace assetd
