#include "core/engine/explain.h"

#include "core/engine/engine.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {

constexpr std::size_t kUpstreamShown = 5;

using Runs = std::map<RunId, std::unique_ptr<RunState>>;

std::string for_how_long(WallTime since, WallTime now) { return ", for " + spoken_duration(now - since); }

std::string step_of(const Runs& runs, RunId run, UnitIndex unit) {
  const auto it = runs.find(run);
  if (it == runs.end()) return "";
  const auto& steps = it->second->plan->units()[unit].steps;
  return "step " + it->second->name(steps.front()) + (steps.size() > 1 ? " and " + std::to_string(steps.size() - 1) + " more" : "");
}

/// "run 41, step train"
std::string unit_in_words(const Runs& runs, RunId run, UnitIndex unit) {
  const auto step = step_of(runs, run, unit);
  return "run " + std::to_string(run) + (step.empty() ? "" : ", " + step);
}

/// "run 41, step train, for 12 min"
std::string holder_of_slots(const Runs& runs, const Hold& hold, WallTime now) {
  return unit_in_words(runs, hold.run, hold.unit) + for_how_long(hold.since, now);
}

/// Holders, those that are not shown as a number, and who comes first; `text` says a holder, `name` one that waits.
template <typename Text, typename Name>
std::string who(const DispatchBlock& block, const std::string& before, Text text, Name name) {
  std::string words;
  for (std::size_t i = 0; i < block.holders.size(); ++i) words += (i == 0 ? before : "; ") + text(block.holders[i].second);
  if (block.more_holders > 0) words += "; and " + std::to_string(block.more_holders) + " more";
  const auto& [count, first] = block.ahead;
  const bool uncounted = count >= Dispatcher::kAheadCounted;
  if (count == 0) return words;
  words += "; " + std::to_string(count) + (uncounted ? " or more" : "") + " ahead in line";
  if (first) words += (count > 1 ? ", first " : ": ") + name(*first);
  return words;
}

std::string used_of(const DispatchBlock& block) { return std::to_string(block.used) + " of " + std::to_string(block.size); }

Blocker blocker_of(const DispatchBlock& block, const Runs& runs, WallTime since, WallTime now) {
  const auto holder = [&](const Hold& hold) { return holder_of_slots(runs, hold, now); };
  const auto name = [&](const ReadyUnit& unit) { return unit_in_words(runs, unit.run, unit.unit); };
  if (block.kind == "cap")
    return {"limit", "max_steps", used_of(block) + " processes of this run are live" +
                                      who(block, ": ", [&](const Hold& hold) { return step_of(runs, hold.run, hold.unit) + for_how_long(hold.since, now); }, name), since};
  if (block.kind == "resource") return {"resource", "resource " + block.what, "held" + who(block, " by ", holder, name), since};
  const auto pool = "pool " + block.what;
  if (block.size < 0) return {"pool", pool, "nobody defines the pool " + block.what + " any more: define it again and reload, or cancel the run", since};
  if (block.needs > block.size)
    return {"pool", pool, "needs " + std::to_string(block.needs) + " of " + pool + ", which has " + std::to_string(block.size) + (block.size == 1 ? " slot" : " slots") +
                              ": it can never start until the pool grows", since};
  const auto needs = block.needs > 1 ? "needs " + std::to_string(block.needs) + "; " : "";
  return {"pool", pool, needs + used_of(block) + " slots held" + who(block, " by ", holder, name), since};
}

Blocker blocker_of_run(const DispatchBlock& block, WallTime since, WallTime now) {
  const auto holder = [&](const Hold& hold) { return "run " + std::to_string(hold.run) + for_how_long(hold.since, now); };
  const auto name = [](const ReadyUnit& unit) { return "run " + std::to_string(unit.run); };
  return {"limit", "limit " + block.what, used_of(block) + " held" + who(block, " by ", holder, name), since};
}

StepStatus as_shown(const RunState& run, StepIndex step) {
  const auto status = run.steps[step].status;
  const auto unit = run.plan->unit_of(step);
  if (status != StepStatus::pending || unit == kNone) return status;
  const auto phase = run.units[unit].phase;
  const bool waits = phase == UnitSlot::Phase::ready || (phase == UnitSlot::Phase::delayed && run.not_started.contains(unit));
  return waits ? StepStatus::ready : status;
}

Blocker upstream(const RunState& run, UnitIndex unit) {
  Blocker result{"upstream", "", "", run.record.started_at.value_or(run.record.created_at)};
  std::size_t shown = 0;
  for (const auto member : run.plan->units()[unit].steps)
    for (const auto& edge : run.plan->parents(member)) {
      const auto status = run.steps[edge.step].status;
      if (run.plan->unit_of(edge.step) == unit || is_terminal(status)) continue;
      if (shown++ >= kUpstreamShown) continue;
      result.what += (result.what.empty() ? "" : ", ") + run.name(edge.step);
      result.detail += (result.detail.empty() ? "waits for " : ", ") + run.name(edge.step) + " (" + std::string(to_string(as_shown(run, edge.step))) + ")";
    }
  if (shown > kUpstreamShown) result.detail += " and " + std::to_string(shown - kUpstreamShown) + " more";
  return result;
}

Blocker behind(const RunState& run, const RunRecord& first, std::size_t all, WallTime now) {
  const auto others = all == 1 ? "" : ", and " + std::to_string(all - 1) + " more";
  return {"overlap", "run " + std::to_string(first.id) + others,
          "earlier in schedule " + run.record.trigger.name + " and not over" + for_how_long(first.started_at.value_or(first.created_at), now), run.record.created_at};
}

}  // namespace

StepStatus Engine::shown_status(const RunState& run, StepIndex step) const { return as_shown(run, step); }

std::string in_words(const std::vector<Blocker>& blockers) {
  std::string text;
  for (const auto& blocker : blockers) text += (text.empty() ? "" : "; ") + blocker.what + (blocker.detail.empty() ? "" : ": " + blocker.detail);
  return text;
}

std::vector<Blocker> Engine::held_blockers(WallTime since) const {
  std::vector<Blocker> result;
  for (const auto& [kind, detail] : held_) result.push_back({kind, kind == "latched" ? "store" : kind, detail, since});
  return result;
}

std::vector<Blocker> Engine::line_blockers(const RunState& run, WallTime now) const {
  const auto since = run.record.created_at;
  if (holds_runs()) return held_blockers(since);
  if (const auto ahead = ahead_of(run.record); !ahead.empty()) {
    const auto* first = this->run(ahead.front());
    return {behind(run, first ? first->record : wrecks_.at(ahead.front()).run, ahead.size(), now)};
  }
  std::vector<Blocker> result;
  for (const auto& block : line_.blocks(run.record.id)) result.push_back(blocker_of_run(block, since, now));
  if (result.empty()) result.push_back({"limit", "line", "begins next", since});
  return result;
}

std::vector<Blocker> Engine::run_blockers(RunId id, WallTime now) const {
  const auto* run = this->run(id);
  return run && run->record.status == RunStatus::queued ? line_blockers(*run, now) : std::vector<Blocker>{};
}

/// As it is kept: without how long, which would be old at once.
void Engine::state_reason(RunState& run) const {
  auto& record = run.record;
  record.reason = "limit";
  record.detail.clear();
  if (const auto ahead = ahead_of(record); !ahead.empty()) {
    record.reason = "overlap";
    record.detail = "waits for run " + std::to_string(ahead.front()) + " of schedule " + record.trigger.name + " to end";
    return;
  }
  for (const auto& block : line_.blocks(record.id)) record.detail += (record.detail.empty() ? "" : "; ") + ("limit " + block.what) + ": " + used_of(block) + " under way";
}

// Of a unit of its own: why it has no process now, though nothing upstream holds it.
std::vector<Blocker> Engine::unit_blockers(const RunState& run, UnitIndex unit, WallTime now) const {
  const auto& slot = run.units[unit];
  const auto not_started = run.not_started.find(unit);
  if (slot.phase == UnitSlot::Phase::delayed && not_started != run.not_started.end())
    return {{"retry_delay", "start", "was not started: " + not_started->second + "; next try at " + format_time(slot.retry_at.value_or(now)), slot.since}};
  if (slot.phase == UnitSlot::Phase::delayed)
    return {{"retry_delay", "retry", "next attempt at " + (slot.retry_at ? format_time(*slot.retry_at) : std::string("once the batch may start")), slot.since}};
  if (slot.phase != UnitSlot::Phase::ready) return {};
  if (!held_.empty()) return held_blockers(slot.since);
  std::vector<Blocker> result;
  for (const auto& block : dispatcher_.blocks(run.record.id, unit)) result.push_back(blocker_of(block, runs_, slot.since, now));
  if (result.empty()) result.push_back({"pool", "dispatch", "starts next", slot.since});
  return result;
}

// What a step waits for: its own process, or, once that is done or where there is none, processes of its checks.
std::vector<Blocker> Engine::blockers(RunId run_id, StepIndex step, WallTime now) const {
  const auto* run = this->run(run_id);
  if (!run || is_terminal(run->steps[step].status)) return {};
  if (run->record.status == RunStatus::queued) return line_blockers(*run, now);
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
