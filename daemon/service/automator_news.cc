// What happens, as conditions are to see it: which runs make what, what was made, and when its checks let that count.

#include <algorithm>

#include "daemon/service/automator.h"

namespace assetd {

void Automator::know_runs(const Engine& engine) {
  planned_.clear();
  made_by_.clear();
  over_.clear();
  if (automation_->empty()) return;
  for (const auto& [id, run] : engine.runs()) {
    know_run(id, run->context, *run->plan);
    for (StepIndex step = 0; step < run->plan->size(); ++step)
      if (!is_terminal(run->steps[step].status)) plan(id, run->asset(step).key, run->plan->partition(step), true);
  }
}

void Automator::know_run(RunId run, const RunContext& context, const RunPlan& plan) {
  auto& made = made_by_[run];
  for (StepIndex step = 0; step < plan.size(); ++step)
    if (const auto id = project_->graph.find(context.definitions->assets[plan.asset(step)].key)) made[*id] = made[*id] | of_partition(*id, plan.partition(step));
}

// ---- What happens

void Automator::touch(const std::string& key) {
  if (const auto id = project_->graph.find(key)) news_.touched.insert(*id);
}

/// Nothing, of an asset that was not divided when its run was planned and is now, or otherwise: that is none of its partitions.
IndexSet Automator::of_partition(AssetId asset, const std::string& partition) const {
  const auto* divided = this->divided(asset);
  if (!divided) return IndexSet::range(0, 1);
  const auto index = divided->index(partition);
  return index ? IndexSet::range(*index, *index + 1) : IndexSet();
}

void Automator::plan(RunId run, const std::string& key, const std::string& partition, bool planned) {
  const auto id = project_->graph.find(key);
  if (!id) return;
  news_.touched.insert(*id);
  const auto set = divided(*id) && partition.empty() ? existing(*id, at_) : of_partition(*id, partition);
  if (planned) {
    auto& of_run = planned_[*id][run];
    of_run = of_run | set;
    return;
  }
  const auto of_asset = planned_.find(*id);
  const auto of_run = of_asset == planned_.end() ? std::map<RunId, IndexSet>::iterator() : of_asset->second.find(run);
  if (of_asset == planned_.end() || of_run == of_asset->second.end()) return;
  of_run->second = of_run->second - set;
  if (of_run->second.empty()) of_asset->second.erase(of_run);
  if (of_asset->second.empty()) planned_.erase(of_asset);
}

/// Of a run that is over, with partitions that are no more.
void Automator::forget_planned(RunId run) {
  const auto made = made_by_.find(run);
  if (made == made_by_.end()) return;
  for (const auto& [asset, set] : made->second) {
    news_.touched.insert(asset);
    const auto runs = planned_.find(asset);
    if (runs == planned_.end()) continue;
    runs->second.erase(run);
    if (runs->second.empty()) planned_.erase(runs);
  }
}

void Automator::plan(const Projection::Known* run, StepIndex step, bool planned) {
  if (run) plan(run->run.id, run->context.definitions->assets[run->plan->asset(step)].key, run->plan->partition(step), planned);
}

void Automator::end_step(const Projection::Known* run, StepIndex step) {
  plan(run, step, false);
  if (!run) return;
  if (const auto id = project_->graph.find(run->context.definitions->assets[run->plan->asset(step)].key)) count_what_passed(*id, maker(run));
}

// ---- What counts

void Automator::know_uncounted() {
  uncounted_.clear();
  checks_.clear();
  for (const auto& check : project_->definitions.checks) checks_[{check.home, check.name}] = &check;
  for (AssetId id = 0; id < conditions_.size(); ++id)
    if (const auto& uncounted = book_.current(id).debts.uncounted; !uncounted.empty()) uncounted_[id] = uncounted;
}

void Automator::count(AssetId asset, const IndexSet& set, RunId run) {
  if (set.empty()) return;
  news_.updated[asset] = news_.updated[asset] | set;
  updated_by_[asset][run] = updated_by_[asset][run] | set;
}

/// By whom what counts now is an update: none, if the run judges and makes nothing.
RunId Automator::maker(const Projection::Known* run) { return run && run->plan->mode() != StepsMode::checks ? run->run.id : 0; }

/// After a change that the book knows of.
void Automator::count_what_passed(AssetId asset, RunId run) {
  const auto before = uncounted_.find(asset);
  if (before == uncounted_.end()) return;
  const auto passed = before->second - book_.current(asset).debts.uncounted;
  before->second = before->second - passed;
  if (before->second.empty()) uncounted_.erase(before);
  count(asset, passed, run);
}

void Automator::checks_changed(const std::string& key) {
  if (!automation_ || automation_->empty()) return;
  touch(key);
  if (const auto id = project_->graph.find(key)) count_what_passed(*id, 0);
}

void Automator::note(const Change& change, const Projection& runs) {
  if (!automation_ || automation_->empty()) return;
  if (const auto* made = std::get_if<Materialized>(&change)) {
    const auto& value = made->materialization;
    if (const auto id = project_->graph.find(value.key)) {
      const bool is_reported_whole = value.run == 0 && value.partition.empty();
      const auto set = is_reported_whole ? existing(*id, value.at) : of_partition(*id, value.partition);
      news_.made[*id] = news_.made[*id] | set;
      // What is reported by hand counts as it is: no check of this daemon judges it.
      uncounted_[*id] = value.run == 0 ? uncounted_[*id] - set : uncounted_[*id] | set;
      if (value.run == 0) count(*id, set, 0);
      else count_what_passed(*id, value.run);
    }
  } else if (const auto* checked = std::get_if<CheckReported>(&change)) {
    touch(checked->result.home);
    if (const auto id = project_->graph.find(checked->result.home)) count_what_passed(*id, maker(runs.known(checked->result.run)));
  } else if (const auto* created = std::get_if<RunCreated>(&change)) {
    const auto* run = runs.known(created->run.id);
    if (run) know_run(created->run.id, run->context, *run->plan);
    for (StepIndex step = 0; run && step < run->plan->size(); ++step) plan(run, step, true);
  } else if (const auto* changed = std::get_if<StepChanged>(&change)) {
    if (is_terminal(changed->step.status)) end_step(runs.known(changed->run), changed->step.step);
  } else if (const auto* ended = std::get_if<StepsEnded>(&change)) {
    for (const auto step : ended->steps) plan(runs.known(ended->run), step, false);
  } else if (const auto* run = std::get_if<RunChanged>(&change); run && is_terminal(run->run.status)) {
    forget_planned(run->run.id);
    over_.push_back(run->run.id);
  }
}

// ---- What conditions ask of checks

bool Automator::has_check(AssetId asset, const std::string& name) const { return checks_.contains({project_->graph.key(asset), name}); }

IndexSet Automator::checks_failed(AssetId asset) const {
  IndexSet failed;
  for (const auto& [check, where] : book_.current(asset).failed_checks(existing(asset, at_))) failed = failed | where;
  return failed;
}

/// Checks that are defined no more owe nothing.
IndexSet Automator::checks_open(AssetId asset) const {
  IndexSet open;
  const auto& debts = book_.current(asset).debts;
  for (const auto* where : {&debts.open, &debts.awaited})
    for (const auto& [check, set] : *where)
      if (has_check(asset, check)) open = open | set;
  return open;
}

/// A blocking check holds back what is made from all that it is about.
IndexSet Automator::unchecked(AssetId asset, AssetId below) const {
  IndexSet out;
  const auto& state = book_.current(asset);
  if (state.debts.awaited.empty() && state.debts.refused.empty()) return out;
  const auto place = [&](const std::string& partition) { return of_partition(asset, partition); };
  const auto add = [&](const CheckDebts::Where& where, bool may_be_waived) {
    for (const auto& [check, set] : where) {
      const auto spec = checks_.find({project_->graph.key(asset), check});  // as it is defined now, if it still is
      if (spec == checks_.end() || !holds_back(*spec->second) || !descends_from_all(below, *spec->second)) continue;
      out = out | (may_be_waived ? state.not_waived(check, set, at_, place) : set);
    }
  };
  add(state.debts.awaited, false);
  add(state.debts.refused, true);
  return out;
}

bool Automator::descends_from_all(AssetId below, const CheckSpec& check) const {
  if (check.depends_on.size() == 1 && check.depends_on.front() == check.home) return true;  // it is made from it: else nobody would ask
  const auto above = project_->graph.ancestors({&below, 1});
  return std::ranges::all_of(check.depends_on, [&](const std::string& key) {
    const auto id = project_->graph.find(key);
    return !id || above[*id];
  });
}

}  // namespace assetd
