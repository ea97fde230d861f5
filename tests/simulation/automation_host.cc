#include "tests/simulation/automation_host.h"

#include <algorithm>

namespace assetd::simulation {
namespace {
constexpr int kMostRuns = 8;  // of one turn
}

void AutomationHost::restore() {
  if (off()) return;
  projection_ = Projection();
  book_.drop_staged();
  book_.load({machine_.store.assets().begin(), machine_.store.assets().end()});
  const auto& kept = machine_.store.automation();
  std::vector<AutomationRecord> records;
  for (const auto& [key, record] : kept.records) records.push_back(record);
  automator_.restore(std::move(records), {}, kept.evaluated_at);
}

void AutomationHost::use(const RunContext& context, const Engine& engine) {
  if (off()) return;
  auto project = std::make_shared<const Project>(Project{context.version, "", machine_.now.wall, *context.definitions, *context.graph});
  book_.use(project);
  project_ = project;
  auto partitions = std::make_shared<PartitionsInForce>();
  partitions->table = PartitionTable::make(project->definitions, project->graph, {});
  partitions->project = std::move(project);
  projection_.use(partitions);
  book_.divide(*partitions);
  partitions_ = partitions;
  automator_.use(std::move(partitions), engine);
  for (const auto& key : book_.uncounted()) {
    CommitBatch seen;  // events: for people
    projection_.settle_checks(book_.stage(key), key, 0, machine_.now.wall, seen);
    automator_.checks_changed(key);
  }
}

void AutomationHost::know(const RunRecord& run, std::shared_ptr<const RunPlan> plan, const RunContext& context) {
  if (!off()) projection_.know(run, std::move(plan), context);
}

void AutomationHost::know_runs(const Engine& engine) {
  if (!off()) automator_.know_runs(engine);
}

void AutomationHost::note(const Change& change) {
  if (off()) return;
  CommitBatch seen;  // events and outcomes: for people
  projection_.project(change, book_, seen);
  automator_.note(change, projection_);
}

AutomationHost::FailedPartitions AutomationHost::failed_partitions(const std::string& key, const std::string& check) const {
  const auto id = partitions_ ? project_->graph.find(key) : std::nullopt;
  const auto* divided = id ? partitions_->table.of(*id) : nullptr;
  const auto* state = book_.find(key);
  if (!divided || !state || !state->partitions) return {};
  FailedPartitions found{divided, state->partitions->failed};
  if (check.empty()) return found;
  const auto where = state->partitions->failed_checks.find(check);
  found.set = where == state->partitions->failed_checks.end() ? IndexSet() : where->second;
  return found;
}

bool AutomationHost::is_due() const { return !off() && automator_.is_due(machine_.now.wall); }

std::optional<WallTime> AutomationHost::next_instant() const { return off() ? std::nullopt : automator_.next_instant(); }

void AutomationHost::automate(FakeStore::Batch& batch, const Begin& begin) {
  if (!is_due()) {
    if (!off()) batch.assets = book_.take_staged();
    return;
  }
  for (int round = 0; round < kMostRuns; ++round) {
    const auto wanted = automator_.evaluate(machine_.now.wall);
    if (wanted.assets.empty()) break;
    const auto run = machine_.seams.drops_requests ? 0 : begin(wanted);
    if (run != 0) automator_.requested(wanted.assets, run);
  }
  automator_.write(batch.automation);
  for (const auto& record : batch.automation.records)
    machine_.trace.add([&] {
      auto memory = record.memory;
      std::ranges::replace(memory, '\n', ';');
      return "automation: " + record.asset + (record.holds ? " holds" : " does not hold") + ", asked for by run " + std::to_string(record.run) + ", remembers " + memory;
    });
  if (machine_.seams.forgets_conditions) batch.automation.records.clear();
  batch.assets = book_.take_staged();
}

}  // namespace assetd::simulation
