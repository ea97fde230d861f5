// What must hold of backfills, with each transaction that changes one.

#include <algorithm>

#include "tests/simulation/fake_store.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

std::string name(const Backfill& backfill) { return "backfill " + std::to_string(backfill.id); }

}  // namespace

void FakeStore::take_backfills(const Batch& batch) {
  for (const auto& backfill : batch.backfills) check_backfill(backfill);
  for (const auto& change : batch.changes)
    if (const auto* created = std::get_if<RunCreated>(&change); created && created->run.backfill) {
      const auto own = [&](const Backfill& backfill) { return backfill.id == *created->run.backfill && backfill.runs.contains(created->run.id); };
      if (std::ranges::none_of(batch.backfills, own)) broken(Invariant::backfilled, "run " + std::to_string(created->run.id) + " begins and its backfill does not know it");
    }
  for (const auto& backfill : batch.backfills) backfills_[backfill.id] = backfill;
}

void FakeStore::check_backfill(const Backfill& next) {
  auto& asked = asked_of_[next.id];
  const auto known = backfills_.find(next.id);
  const auto* before = known == backfills_.end() ? nullptr : &known->second;
  if (before && is_over(before->status) && !is_over(next.status))  // a retry: what succeeded is not asked for again
    for (std::size_t group = 0; group < next.groups.size(); ++group) asked[group] = next.groups[group].succeeded;
  for (const auto& [run, part] : next.runs) {
    if (before && before->runs.contains(run)) continue;
    if (next.status != BackfillStatus::running) broken(Invariant::backfilled, name(next) + " begins run " + std::to_string(run) + " and is " + std::string(to_string(next.status)));
    if (!runs_.contains(run) || runs_.at(run).record.backfill != next.id) broken(Invariant::backfilled, name(next) + " counts run " + std::to_string(run) + ", which is none of its own");
    if (!(asked[part.group] & part.set).empty()) broken(Invariant::backfilled, name(next) + " asks once more for " + (asked[part.group] & part.set).encode());
    asked[part.group] = asked[part.group] | part.set;
  }
  if (!before) return;
  for (const auto& [run, part] : before->runs) {
    if (next.runs.contains(run)) continue;
    if (!is_terminal(runs_.at(run).record.status)) broken(Invariant::backfilled, name(next) + " is done with run " + std::to_string(run) + ", which goes on");
    check_made(next, run, part.set & (next.groups[part.group].succeeded - before->groups[part.group].succeeded));
  }
}

/// What counts as made was made by that run, all of it.
void FakeStore::check_made(const Backfill& backfill, RunId id, const IndexSet& succeeded) const {
  const auto& run = runs_.at(id);
  for (StepIndex step = 0; step < run.plan->size(); ++step) {
    const auto& asset = run.context.definitions->assets[run.plan->asset(step)];
    const auto* divided = table(run.context).of(run.plan->asset(step));
    bool counts = !divided && !succeeded.empty();
    if (divided) succeeded.each([&](PartitionIndex index) { counts = counts || divided->key(index) == run.plan->partition(step); });  // also of a key that was removed meanwhile
    if (counts && status(run, step) != StepStatus::succeeded)
      broken(Invariant::backfilled, name(backfill) + " counts partition " + succeeded.encode() + " as made, and " + asset.key + "@" + run.plan->partition(step) + " of run " + std::to_string(id) + " is " + std::string(to_string(status(run, step))));
  }
}

}  // namespace assetd::simulation
