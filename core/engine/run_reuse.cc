// Steps that need not be executed: their code, options and input data are those of their last success.

#include <algorithm>

#include "core/engine/run_machine.h"

namespace assetd {

// One that was carried before is carried on: what its last attempt left is not what a success left.
bool RunMachine::may_be_reused(StepIndex step, UnitIndex unit) const {
  const auto& slot = run_.steps[step];
  // Of several partitions that one process makes none is left out: it is told a range.
  if (!run_.plan->partition(step).empty() && run_.plan->units()[unit].steps.size() > 1) return false;
  if (!run_.asset(step).skip_if_unchanged || slot.status != StepStatus::pending || slot.attempts > 0 || !checks_come_along(step)) return false;
  // Of a batch: what is made beside it in the same process is new data to it, and so is what was made there before a retry and is still being checked.
  const auto parents = run_.plan->parents(step);
  return std::none_of(parents.begin(), parents.end(), [&](const PlanEdge& edge) { return run_.plan->unit_of(edge.step) == unit && !is_terminal(run_.steps[edge.step].status); });
}

// Its checks passed on the very same data. One that looks at something else too, which is made anew, has to run and to be waited for.
bool RunMachine::checks_come_along(StepIndex step) const {
  const auto& checks = run_.plan->checks();
  return std::all_of(checks.begin(), checks.end(), [&](const PlannedCheck& planned) {
    if (planned.home != step) return true;
    return std::all_of(planned.depends_on.begin(), planned.depends_on.end(), [&](StepIndex other) { return other == step || run_.steps[other].reused; });
  });
}

bool RunMachine::is_passed_by_reuse(const PlannedCheck& planned) const {
  return planned.home != kNone && run_.steps[planned.home].reused &&
         std::all_of(planned.depends_on.begin(), planned.depends_on.end(), [&](StepIndex step) { return run_.steps[step].reused; });
}

std::vector<StepIndex> RunMachine::reuse_unchanged(UnitIndex unit, const ReuseRule& rule) {
  std::vector<StepIndex> reused;
  const auto& planned = run_.plan->units()[unit];
  if (!run_.may_reuse || !rule || planned.check != kNone) return reused;
  for (const auto step : planned.steps) {  // in topological order: a parent's answer is there
    if (!may_be_reused(step, unit)) continue;
    const auto detail = rule(run_, step);
    if (!detail) continue;
    auto& slot = run_.steps[step];
    slot.reused = slot.materialized = true;
    set_status(step, StepStatus::succeeded, kReused, *detail);
    reused.push_back(step);
  }
  if (!has_startable(unit)) run_.units[unit].phase = UnitSlot::Phase::done;
  return reused;
}

void RunMachine::reused_over(StepIndex step) {
  const auto& checks = run_.plan->checks();
  for (std::uint32_t i = 0; i < checks.size(); ++i) {
    if (checks[i].home != step || run_.checks[i].status || !is_passed_by_reuse(checks[i])) continue;
    run_.checks[i].status = CheckStatus::passed;  // nothing new is known of it: nothing is reported
    if (run_.plan->units()[checks[i].unit].check != kNone) check_unit_over(checks[i].unit);
  }
  run_.steps[step].open_checks = 0;
  step_over(step);
}

void RunMachine::restore_reused() {
  for (std::uint32_t i = 0; i < run_.checks.size(); ++i)
    if (!run_.checks[i].status && is_passed_by_reuse(run_.plan->checks()[i])) run_.checks[i].status = CheckStatus::passed;
}

}  // namespace assetd
