// What checks say of data, and what they have still to say: until those that block let it pass it is no update for what is made from it.

#include "daemon/service/projection.h"
#include "daemon/service/service.h"

namespace assetd {
namespace {

const IndexSet kUndivided = IndexSet::range(0, 1);  // of an asset without partitions

void take_away(CheckDebts::Where& where, const IndexSet& set) {
  for (auto& [check, of] : where) of = of - set;
  std::erase_if(where, [](const auto& each) { return each.second.empty(); });
}

void take_away(CheckDebts::Where& where, const std::string& check, const IndexSet& set) {
  const auto found = where.find(check);
  if (found == where.end()) return;
  found->second = found->second - set;
  if (found->second.empty()) where.erase(found);
}

void add(CheckDebts::Where& where, const std::string& check, const IndexSet& set) {
  if (!set.empty()) where[check] = where[check] | set;
}

constexpr std::size_t kMakersKept = 256;  // a backfill may leave something owed by each of its runs

void keep_makers_of_what_is_owed(CheckDebts& debts) {
  if (debts.made_by.empty()) return;
  auto owed = debts.uncounted;
  for (const auto* where : {&debts.open, &debts.awaited, &debts.refused})
    for (const auto& [check, set] : *where) owed = owed | set;
  for (auto& [run, set] : debts.made_by) set = set & owed;
  std::erase_if(debts.made_by, [](const auto& each) { return each.second.empty(); });
  while (debts.made_by.size() > kMakersKept) debts.made_by.erase(debts.made_by.begin());
}

bool is_shared(const CheckSpec& check) { return check.depends_on.size() != 1 || check.depends_on.front() != check.home; }

}  // namespace

bool refuses(const CheckResult& result) {
  const bool failed = result.status == CheckStatus::failed || result.status == CheckStatus::error;
  return failed && result.blocking && result.severity == Severity::error;
}

bool holds_back(const CheckSpec& check) { return check.blocking && check.severity == Severity::error && !check.depends_on.empty(); }

void Projection::use(std::shared_ptr<const PartitionsInForce> partitions) {
  partitions_ = std::move(partitions);
  holding_.clear();
  for (const auto& check : partitions_->project->definitions.checks)
    if (holds_back(check) && !is_shared(check)) holding_.emplace(check.home, check.name);
}

/// There is other data now: what was owed for the data before is owed no more.
void Projection::forgive(CheckDebts& debts, const IndexSet& set) {
  for (auto* where : {&debts.open, &debts.awaited, &debts.refused}) take_away(*where, set);
  debts.uncounted = debts.uncounted - set;
  for (auto& [run, made] : debts.made_by) made = made - set;
  keep_makers_of_what_is_owed(debts);
}

/// Of `set` that which a check of this run has seen: not what another run has made since, if it is one that makes this data itself.
IndexSet Projection::judged_by(RunId run, StepIndex home, const CheckDebts& debts, IndexSet set) const {
  const auto* known = this->known(run);
  if (home == kNone || !known || known->plan->mode() == StepsMode::checks) return set;
  for (const auto& [maker, made] : debts.made_by)
    if (maker != run) set = set - made;
  return set;
}

/// "" of an asset that is divided: all that there are. Nothing, of a partition that is no more.
IndexSet Projection::places(const std::string& key, const std::string& partition, WallTime at) const {
  const auto asset = partitions_ ? partitions_->project->graph.find(key) : std::nullopt;
  const auto* divided = asset ? partitions_->table.of(*asset) : nullptr;
  if (!divided) return kUndivided;
  if (partition.empty()) return divided->existing(at);
  const auto index = divided->index(partition);
  return index ? IndexSet::range(*index, *index + 1) : IndexSet();
}

void Projection::owe_checks(const Known& known, const Materialization& made, AssetState& state) const {
  const auto set = places(made.key, made.partition, made.at);
  auto& debts = state.debts;
  forgive(debts, set);
  const auto planned = known.checks_of.find(made.step);
  if (planned == known.checks_of.end() || set.empty()) return;
  const auto told = known.reported.find({made.key, made.partition});
  for (const auto index : planned->second) {
    const auto& check = known.context.definitions->checks[known.plan->checks()[index].check];
    const bool blocks = holds_back(check), is_told = told != known.reported.end() && told->second.contains(check.name);
    // One that other definitions no longer have holds nothing back: it counts now, as an update by this run.
    if (blocks && holding_.contains({made.key, check.name})) debts.uncounted = debts.uncounted | set;
    if (is_told) {  // of this data, though it came before
      if (told->second.at(check.name)) add(debts.refused, check.name, set);
      continue;
    }
    add(blocks ? debts.awaited : debts.open, check.name, set);
  }
  debts.made_by[made.run] = debts.made_by[made.run] | set;
  keep_makers_of_what_is_owed(debts);
}

void Projection::note_debts(const CheckResult& result, AssetState& state) const {
  const auto set = places(result.home, result.partition, result.at);
  auto& debts = state.debts;
  const auto judged = judged_by(result.run, result.home_step, debts, set);
  take_away(debts.open, result.name, judged);
  take_away(debts.awaited, result.name, judged);
  take_away(debts.refused, result.name, judged);
  // What failed may be about data that is there no more, or not yet: rather hold back too much.
  if (refuses(result)) add(debts.refused, result.name, set);
  keep_makers_of_what_is_owed(debts);
}

/// What its own process reports has been reported when its step ends: nothing is owed any more, be it that a crash forgot what came before the data.
void Projection::close_own_checks(Known& known, StepIndex step, AssetState& state) const {
  known.reported.erase({asset(known, step).key, known.plan->partition(step)});
  const auto planned = known.checks_of.find(step);
  if (planned == known.checks_of.end() || state.debts.empty()) return;
  const auto set = judged_by(known.run.id, step, state.debts, places(asset(known, step).key, known.plan->partition(step), known.run.created_at));
  for (const auto index : planned->second) {
    const auto& check = known.plan->checks()[index];
    if (check.unit != known.plan->unit_of(step)) continue;
    const auto& name = known.context.definitions->checks[check.check].name;
    take_away(state.debts.open, name, set);
    take_away(state.debts.awaited, name, set);
  }
  keep_makers_of_what_is_owed(state.debts);
}

void Projection::settle_checks(AssetState& state, const std::string& key, RunId run, WallTime at, CommitBatch& batch) const {
  auto& debts = state.debts;
  if (debts.uncounted.empty()) return;
  auto passed = debts.uncounted;
  for (const auto& [check, where] : debts.awaited)
    if (holding_.contains({key, check})) passed = passed - where;
  for (const auto& [check, where] : debts.refused)
    if (holding_.contains({key, check})) passed = passed - state.not_waived(check, where, at, [&](const std::string& partition) { return places(key, partition, at); });
  if (passed.empty()) return;
  debts.uncounted = debts.uncounted - passed;
  batch.events.push_back({0, at, "asset_changed", run, key, {{"key", key}}, {{"checks_passed", true}}});
}

/// A result that names no partition is about all of them: what was known of single ones is known no more.
void Projection::note_check(AssetState& state, const CheckResult& result, bool failing) const {
  change_partitions(state, result.home, [&](PartitionStates& states, const Partitions& divided) {
    if (result.partition.empty()) {
      states.failed_checks.erase(result.name);
      states.passed_checks.erase(result.name);
      return;
    }
    auto& failed = states.failed_checks[result.name];
    auto& passed = states.passed_checks[result.name];
    const auto index = divided.index(result.partition);
    if (!index) return;
    failed.erase(*index), passed.erase(*index);
    if (failing) failed.insert(*index);
    else if (result.status != CheckStatus::skipped) passed.insert(*index);
  });
}

}  // namespace assetd
