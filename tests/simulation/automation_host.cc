#include "tests/simulation/automation_host.h"

#include <algorithm>

#include "core/partition/removed.h"
#include "tests/simulation/random_conditions.h"

namespace assetd::simulation {
namespace {
constexpr int kMostRuns = 8;  // of one turn
}

WallTime AutomationHost::clock() const { return machine_.seams.stops_windows ? Machine::kBegan : machine_.now.wall; }

void AutomationHost::restore() {
  if (off()) return;
  projection_ = Projection();
  book_.drop_staged();
  book_.load({machine_.store.assets().begin(), machine_.store.assets().end()});
  const auto& kept = machine_.store.automation();
  std::vector<AutomationRecord> records;
  for (const auto& [key, record] : kept.records) records.push_back(record);
  std::vector<AutomationPause> pauses;
  for (const auto& [key, pause] : kept.pauses)
    if (!machine_.seams.forgets_pauses) pauses.push_back(pause);
  automator_.restore(std::move(records), std::move(pauses), kept.evaluated_at);
}

std::shared_ptr<const PartitionsInForce> AutomationHost::in_force(const DynamicKeys& keys) const {
  auto next = std::make_shared<PartitionsInForce>();
  next->dynamic = keys;
  next->table = *machine_.store.table(context_, keys);
  next->project = project_;
  return next;
}

void AutomationHost::use(const RunContext& context, const Engine& engine, const DynamicKeys& keys) {
  if (off()) return;
  context_ = context;
  Project project{context.version, "", machine_.now.wall, *context.definitions, *context.graph};
  if (machine_.seams.drops_filters)
    for (auto& asset : project.definitions.assets) asset.automation = without_filter(asset.automation);
  project_ = std::make_shared<const Project>(std::move(project));
  book_.use(project_);
  partitions_ = in_force(keys);
  projection_.use(partitions_);
  book_.divide(*partitions_);
  automator_.use(partitions_, engine);
  for (const auto& key : book_.uncounted()) {
    CommitBatch seen;  // events: for people
    projection_.settle_checks(book_.stage(key), key, 0, machine_.now.wall, seen);
    automator_.checks_changed(key);
  }
}

/// The same version with other dynamic keys.
void AutomationHost::divide(const DynamicKeys& keys) {
  if (off() || !project_) return;
  partitions_ = in_force(keys);
  projection_.use(partitions_);
  book_.divide(*partitions_);
  book_.forget_failures_of_removed(*partitions_);
  automator_.divide(partitions_);
}

void AutomationHost::know(const RunRecord& run, std::shared_ptr<const RunPlan> plan, const RunContext& context) {
  if (!off()) projection_.know(run, std::move(plan), context);
}

void AutomationHost::take_up(const RestoredRun& run) {
  if (!off()) projection_.take_up(run);
}

void AutomationHost::know_runs(const Engine& engine) {
  if (!off()) automator_.know_runs(engine);
}

void AutomationHost::note(const Change& change) {
  if (off()) return;
  if (const auto* made = std::get_if<Materialized>(&change); made && made->materialization.run == 0 && machine_.seams.hides_reports) return;
  CommitBatch seen;  // events and outcomes: for people
  projection_.project(change, book_, seen);
  automator_.note(change, projection_);
}

AutomationHost::FailedPartitions AutomationHost::failed_partitions(const std::string& key, const std::string& check) const {
  const auto id = partitions_ ? project_->graph.find(key) : std::nullopt;
  const auto* divided = id ? partitions_->table.of(*id) : nullptr;
  const auto* state = book_.find(key);
  if (!divided || !state || !state->partitions) return {};
  FailedPartitions found{divided, without_removed(*divided, state->partitions->failed)};
  if (check.empty()) return found;
  const auto where = state->partitions->failed_checks.find(check);
  found.set = where == state->partitions->failed_checks.end() ? IndexSet() : without_removed(*divided, where->second);
  return found;
}

void AutomationHost::leave_out_muted(std::vector<AssetId>& assets, WallTime now) const {
  if (!off() && !machine_.seams.ignores_mutes) automator_.leave_out_muted(assets, now);
}

void AutomationHost::note_report(const Materialization& made) {
  if (off()) return;
  auto& state = book_.stage(made.key);
  state.last_materialization = AssetState::Data{0, made.at, made.metadata, made.data_version, "", nullptr};
  state.disturbed = false;
  projection_.note_report(state, made.key, made.partition, made.data_version, made.at);
  if (state.last_attempt) state.last_attempt = AssetState::Attempt{0, StepStatus::succeeded, "reported", "by hand", {}, made.at};
}

bool AutomationHost::is_due() const { return !off() && automator_.is_due(clock()); }

std::optional<WallTime> AutomationHost::next_instant() const { return off() ? std::nullopt : automator_.next_instant(); }

void AutomationHost::automate(FakeStore::Batch& batch, const Begin& begin) {
  if (!is_due()) {
    if (!off()) batch.assets = book_.take_staged();
    return;
  }
  for (int round = 0; round < kMostRuns; ++round) {
    const auto wanted = automator_.evaluate(clock());
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
  if (machine_.seams.forgets_evaluated_at) batch.automation.evaluated_at.reset();
  if (machine_.seams.forgets_conditions) batch.automation.records.clear();
  batch.assets = book_.take_staged();
}

}  // namespace assetd::simulation
