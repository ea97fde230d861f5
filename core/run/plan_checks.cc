// Which checks a run carries out, with whose process, and which step waits for each.

#include <algorithm>

#include "core/run/plan_builder.h"

namespace assetd {

void PlanBuilder::plan_checks() {
  if (plan_.mode_ != StepsMode::assets)
    for (CheckIndex i = 0; i < definitions_.checks.size(); ++i) plan_check(i);
  std::vector<std::vector<std::uint32_t>> of_unit(plan_.units_.size());
  for (std::uint32_t i = 0; i < plan_.checks_.size(); ++i) of_unit[plan_.checks_[i].unit].push_back(i);
  plan_.unit_check_offsets_.assign(1, 0);
  for (const auto& list : of_unit) {
    plan_.unit_checks_.insert(plan_.unit_checks_.end(), list.begin(), list.end());
    plan_.unit_check_offsets_.push_back(static_cast<std::uint32_t>(plan_.unit_checks_.size()));
  }
}

// Of an asset that is divided each partition is checked by itself.
void PlanBuilder::plan_check(CheckIndex index) {
  const auto& check = definitions_.checks[index];
  if (std::count(plan_.left_out_.begin(), plan_.left_out_.end(), index)) return;
  if (check.anomaly && plan_.mode_ == StepsMode::checks) return;  // it looks at what is made, and nothing is made
  const auto home = graph_.find(check.home);
  const auto homes = home && has_step(check, *home) ? steps_of(*home) : StepRange{};
  if (homes.empty() && !home_is_elsewhere(check)) return;
  if (made_ && !all_there(check)) {
    plan_.left_out_.push_back(index);
    return;
  }
  if (homes.empty()) plan_check(index, kNone);
  for (auto step = homes.begin; step < homes.end; ++step) plan_check(index, step);
}

/// Its steps: the one of the same partition as the home, where there is one, else all.
void PlanBuilder::depend_on(const std::string& key, StepIndex home, std::vector<StepIndex>& into) const {
  const auto asset = graph_.find(key);
  if (!asset) return;
  if (home != kNone && plan_.assets_[home] == *asset) return into.push_back(home);
  if (const auto step = same_partition(*asset, home); step != kNone) return into.push_back(step);
  const auto steps = steps_of(*asset);
  for (auto step = steps.begin; step < steps.end; ++step) into.push_back(step);
}

StepIndex PlanBuilder::same_partition(AssetId asset, StepIndex home) const {
  if (home == kNone || !plan_.has_partitions() || plan_.partition_of_[home] == kNone) return kNone;
  const auto steps = steps_of(asset);
  const auto begin = plan_.partition_of_.begin() + steps.begin, end = plan_.partition_of_.begin() + steps.end;
  // Where all are in the run, as is usual, it is the one at the same place.
  const auto nth = begin + (home - step_of_[plan_.assets_[home]]);
  if (nth < end && *nth == plan_.partition_of_[home]) return static_cast<StepIndex>(nth - plan_.partition_of_.begin());
  const auto found = std::find(begin, end, plan_.partition_of_[home]);
  return found == end ? kNone : static_cast<StepIndex>(found - plan_.partition_of_.begin());
}

void PlanBuilder::plan_check(CheckIndex index, StepIndex home) {
  const auto& check = definitions_.checks[index];
  PlannedCheck planned;
  planned.check = index;
  planned.home = planned.subject = home;
  for (const auto& key : check.depends_on) depend_on(key, home, planned.depends_on);
  if (planned.home != kNone && !check.anomaly) planned.home = holder(planned);
  if (check.anomaly) {
    if (planned.home == kNone) return;
    planned.unit = plan_.unit_of_[planned.home];
  } else if (check.run) {
    if (planned.home == kNone) return;
    planned.unit = static_cast<UnitIndex>(plan_.units_.size());
    plan_.units_.push_back({.steps = {planned.home}, .check = index});
    if (check.blocking && check.severity == Severity::error && plan_.mode_ != StepsMode::checks)  // a run of checks alone waits for nothing
      for (const auto step : planned.depends_on) held_by_check_.emplace(plan_.unit_of_[step], planned.home);
  } else {
    planned.unit = carrier(check, planned);
    if (planned.unit == kNone) return;
  }
  plan_.checks_.push_back(std::move(planned));
}

bool PlanBuilder::home_is_elsewhere(const CheckSpec& check) const {
  const auto home = graph_.find(check.home);
  return home && (definitions_.assets[*home].external || definitions_.assets[*home].import != check.import);
}

bool PlanBuilder::all_there(const CheckSpec& check) const {
  return std::all_of(check.depends_on.begin(), check.depends_on.end(), [&](const std::string& key) {
    const auto asset = graph_.find(key);
    return !asset || step_of_[*asset] != kNone || definitions_.assets[*asset].external || made_(*asset);
  });
}

// A check of an asset and of something that is made after it (from it, in a process that waits for it, or below an asset that another
// check holds until it is made) can only come after the latter: it is that one's step that waits for it then. So no check ever closes a
// circle.
StepIndex PlanBuilder::holder(const PlannedCheck& planned) const {
  auto holder = planned.home;
  if (planned.depends_on == std::vector{holder}) return holder;
  for (bool moved = true; moved;) {
    moved = false;
    const auto after = units_after(holder);
    for (const auto step : planned.depends_on)
      if (const auto unit = plan_.unit_of_[step]; unit != kNone && unit != plan_.unit_of_[holder] && after[unit]) {
        holder = step;
        moved = true;
        break;
      }
  }
  return holder;
}

std::vector<bool> PlanBuilder::units_after(StepIndex step) const {
  std::vector<bool> seen(plan_.units_.size(), false);
  std::vector<UnitIndex> stack;
  if (plan_.unit_of_[step] != kNone) stack.push_back(plan_.unit_of_[step]);
  while (!stack.empty()) {
    const auto unit = stack.back();
    stack.pop_back();
    const auto release = [&](StepIndex done) {
      for (const auto& edge : plan_.children(done)) {
        const auto next = plan_.unit_of_[edge.step];
        if (next == kNone || next == plan_.unit_of_[done] || seen[next]) continue;
        seen[next] = true;
        stack.push_back(next);
      }
    };
    for (const auto member : plan_.units_[unit].steps) release(member);
    const auto [begin, end] = held_by_check_.equal_range(unit);
    for (auto it = begin; it != end; ++it) release(it->second);
  }
  return seen;
}

// The process that reports a plugin's check: the one with the last of the check's own assets; for a source, or an asset made elsewhere, the one with
// a direct child of it.
UnitIndex PlanBuilder::carrier(const CheckSpec& check, const PlannedCheck& planned) const {
  const auto same_import = [&](StepIndex step) { return spec(step).import == check.import && plan_.unit_of_[step] != kNone && may_report(plan_.assets_[step]); };
  const auto home_asset = graph_.find(check.home);
  if (!home_asset) return kNone;
  const bool home_elsewhere = definitions_.assets[*home_asset].external || definitions_.assets[*home_asset].import != check.import;
  if (planned.home == kNone && !home_elsewhere) return kNone;
  StepIndex last = kNone;
  for (const auto step : planned.depends_on)
    if (same_import(step) && (last == kNone || step > last)) last = step;
  if (last != kNone && (!home_elsewhere || planned.home == kNone || last != planned.home)) return plan_.unit_of_[last];
  for (const auto child : graph_.children(*home_asset)) {
    std::vector<StepIndex> steps;
    depend_on(graph_.key(child), planned.home, steps);
    if (!steps.empty() && same_import(steps.front())) return plan_.unit_of_[steps.front()];
  }
  return kNone;
}

}  // namespace assetd
