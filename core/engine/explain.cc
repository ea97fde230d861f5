#include "core/engine/explain.h"

#include "core/engine/engine.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

constexpr std::size_t kUpstreamShown = 5;

std::string holder(const std::map<RunId, std::unique_ptr<RunState>>& runs, const Hold& hold, WallTime now) {
  std::string text = "run " + std::to_string(hold.run);
  if (const auto it = runs.find(hold.run); it != runs.end()) {
    const auto& steps = it->second->plan->units()[hold.unit].steps;
    text += ", step " + it->second->asset(steps.front()).key;
    if (steps.size() > 1) text += " and " + std::to_string(steps.size() - 1) + " more";
  }
  return text + ", for " + spoken_duration(now - hold.since);
}

std::string describe(const DispatchBlock& block, const std::map<RunId, std::unique_ptr<RunState>>& runs, WallTime now) {
  std::string text;
  if (block.kind == "pool") {
    if (block.size == 0) return "nobody defines the pool " + block.what;
    if (block.needs > block.size) return "needs " + std::to_string(block.needs) + " slots, the pool has " + std::to_string(block.size);
    text = std::to_string(block.used) + " of " + std::to_string(block.size) + " slots held";
  } else {
    text = "held";
  }
  for (std::size_t i = 0; i < block.holders.size(); ++i) text += (i == 0 ? " by " : "; ") + holder(runs, block.holders[i].second, now);
  if (block.ahead > 0) text += "; " + std::to_string(block.ahead) + " ahead in line";
  return text;
}

Blocker upstream(const RunState& run, UnitIndex unit) {
  Blocker result{"upstream", "", "", run.record.started_at.value_or(run.record.created_at)};
  std::size_t shown = 0;
  for (const auto member : run.plan->units()[unit].steps)
    for (const auto& edge : run.plan->parents(member)) {
      const auto status = run.steps[edge.step].status;
      if (run.plan->unit_of(edge.step) == unit || is_terminal(status)) continue;
      if (shown++ >= kUpstreamShown) continue;
      result.what += (result.what.empty() ? "" : ", ") + run.asset(edge.step).key;
      result.detail += (result.detail.empty() ? "waits for " : ", ") + run.asset(edge.step).key + " (" + std::string(to_string(status)) + ")";
    }
  if (shown > kUpstreamShown) result.detail += " and " + std::to_string(shown - kUpstreamShown) + " more";
  return result;
}

Blocker in_line(const RunState& run, const std::vector<RunId>& ahead) {
  const auto& schedule = run.record.trigger.name;
  if (ahead.empty()) return {"overlap", "schedule " + schedule, "begins next", run.record.created_at};
  const auto others = ahead.size() == 1 ? "" : ", and " + std::to_string(ahead.size() - 1) + " more";
  return {"overlap", "run " + std::to_string(ahead.front()) + others, "earlier in schedule " + schedule + " and not over", run.record.created_at};
}

}  // namespace

StepStatus Engine::shown_status(const RunState& run, StepIndex step) const {
  const auto status = run.steps[step].status;
  if (status != StepStatus::pending) return status;
  const auto unit = run.plan->unit_of(step);
  return unit != kNone && run.units[unit].phase == UnitSlot::Phase::ready ? StepStatus::ready : status;
}

std::string in_words(const std::vector<Blocker>& blockers) {
  std::string text;
  for (const auto& blocker : blockers) text += (text.empty() ? "" : "; ") + blocker.what + (blocker.detail.empty() ? "" : ": " + blocker.detail);
  return text;
}

std::vector<Blocker> Engine::line_blockers(const RunState& run) const { return {in_line(run, ahead_of(run.record))}; }

// Of a unit of its own: why it has no process now, though nothing upstream holds it.
std::vector<Blocker> Engine::unit_blockers(const RunState& run, UnitIndex unit, WallTime now) const {
  const auto& slot = run.units[unit];
  if (slot.phase == UnitSlot::Phase::delayed)
    return {{"retry_delay", "retry", "next attempt at " + (slot.retry_at ? format_time(*slot.retry_at) : std::string("once the batch may start")), slot.since}};
  if (slot.phase != UnitSlot::Phase::ready) return {};
  if (held_) return {{held_->kind, held_->kind, held_->detail, slot.since}};
  std::vector<Blocker> result;
  for (const auto& block : dispatcher_.blocks(run.record.id, unit)) result.push_back({block.kind, block.kind + " " + block.what, describe(block, runs_, now), slot.since});
  if (result.empty()) result.push_back({"pool", "dispatch", "starts next", slot.since});
  return result;
}

// What a step waits for: its own process, or, once that is done or where there is none, processes of its checks.
std::vector<Blocker> Engine::blockers(RunId run_id, StepIndex step, WallTime now) const {
  const auto* run = this->run(run_id);
  if (!run || is_terminal(run->steps[step].status)) return {};
  if (run->record.status == RunStatus::queued) return line_blockers(*run);
  const auto of_unit = [&](UnitIndex unit) { return unit_blockers(*run, unit, now); };
  const auto status = run->steps[step].status;
  if (const auto unit = run->plan->unit_of(step); unit != kNone) {
    const auto& slot = run->units[unit];
    const bool waits = status == StepStatus::pending || status == StepStatus::waiting_retry;
    if (waits && slot.phase == UnitSlot::Phase::waiting) return {upstream(*run, unit)};
    if (waits && slot.phase == UnitSlot::Phase::live) return {{"upstream", "", "its batch is still running the other steps", slot.since}};
    if (auto found = of_unit(unit); !found.empty() && (waits || !run->steps[step].begun)) return found;
  }
  for (const auto& planned : run->plan->checks())
    if (planned.home == step && run->plan->units()[planned.unit].check != kNone)
      if (auto found = of_unit(planned.unit); !found.empty()) return found;
  return {};
}

}  // namespace assetd
