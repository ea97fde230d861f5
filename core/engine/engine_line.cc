// Runs from their request to their begin: who waits in line, and who may begin.

#include <algorithm>
#include <utility>

#include "core/engine/engine.h"

namespace assetd {

void Engine::on(const Now& now, const RunRequested& input, Output& out) {
  auto state = std::make_unique<RunState>();
  state->record = input.run;
  const auto id = state->record.id = ++last_run_;
  state->record.status = RunStatus::queued;
  state->record.created_at = now.wall;
  state->record.steps_total = static_cast<std::uint32_t>(input.plan->size());
  state->record.definitions_version = input.context.version;
  state->record.mode = input.plan->mode();
  state->plan = input.plan;
  state->context = input.context;
  auto& run = enter(std::move(state));
  RunMachine(run, dispatcher_, timers_, now, out).prepare();
  const auto created = out.changes.size();
  out.changes.push_back(RunCreated{run.record, input.plan});
  queue(run);
  begin_what_may(now, out);
  auto* still = find(id);
  if (!still || still->record.status != RunStatus::queued) return;
  RunMachine(*still, dispatcher_, timers_, now, out).wait_in_line();
  state_reason(*still);
  std::get<RunCreated>(out.changes[created]).run = still->record;
}

RunState& Engine::enter(std::unique_ptr<RunState> state) {
  enter_schedule(state->record);
  state->around = around_;
  const auto& plan = *state->plan;
  for (StepIndex step = 0; step < plan.size() && !state->record.force && plan.mode() != StepsMode::checks && !state->may_reuse; ++step)
    state->may_reuse = state->asset(step).skip_if_unchanged;
  if (state->may_reuse) reusing_.insert(state->record.id);
  return *(runs_[state->record.id] = std::move(state));
}

void Engine::enter_schedule(const RunRecord& record) {
  if (record.trigger.kind == "schedule") of_schedule_[record.trigger.name].insert(record.id);
}

void Engine::queue(RunState& run) {
  queued_.insert(run.record.id);
  if (ahead_of(run.record).empty()) line_.wait(run.record);
}

void Engine::leave(RunId id) {
  queued_.erase(id);
  reusing_.erase(id);
  line_.leave(id);
  dispatcher_.uncap(id);
  const auto it = runs_.find(id);
  leave_schedule(it->second->record);
  runs_.erase(it);
}

void Engine::leave_schedule(const RunRecord& record) {
  const auto own = of_schedule_.find(record.trigger.name);
  if (own == of_schedule_.end()) return;
  own->second.erase(record.id);
  if (own->second.empty()) of_schedule_.erase(own);
  else let_in_next_of(*own->second.begin());
}

/// Of the first of a schedule's runs: it waits for none of them any more.
void Engine::let_in_next_of(RunId first) {
  const auto* run = find(first);
  if (!run) return;  // one of which nothing can go on
  const auto& record = run->record;
  if (record.status != RunStatus::queued || !record.in_line || line_.waits(first)) return;
  line_.wait(record);
  unexplained_.insert(first);
}

const std::set<RunId>& Engine::runs_of_schedule(const std::string& name) const {
  static const std::set<RunId> none;
  const auto it = of_schedule_.find(name);
  return it == of_schedule_.end() ? none : it->second;
}

std::vector<RunId> Engine::ahead_of(const RunRecord& record) const {
  if (!record.in_line) return {};
  const auto& all = runs_of_schedule(record.trigger.name);
  return {all.begin(), all.lower_bound(record.id)};
}

std::vector<RunId> Engine::queued(std::size_t limit) const {
  std::vector<std::pair<int, RunId>> order;
  for (const auto id : queued_) order.emplace_back(-run(id)->record.priority, id);
  limit = std::min(limit, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(limit), order.end());
  std::vector<RunId> first;
  for (std::size_t i = 0; i < limit; ++i) first.push_back(order[i].second);
  return first;
}

void Engine::begin(const Now& now, RunState& run, Output& out) {
  queued_.erase(run.record.id);
  RunMachine(run, dispatcher_, timers_, now, out).begin();
  finish_if_over(now, run.record.id, out);
}

// One that begins may end at once and let others in.
void Engine::begin_what_may(const Now& now, Output& out) {
  if (holds_runs()) return;
  for (auto ids = line_.let_in(now.wall); !ids.empty(); ids = line_.let_in(now.wall))
    for (const auto id : ids) begin(now, *find(id), out);
  for (const auto id : std::exchange(unexplained_, {})) {
    auto* run = find(id);
    if (!run || run->record.status != RunStatus::queued) continue;
    state_reason(*run);
    out.changes.push_back(RunAmended{run->record, now.wall});
  }
}

void Engine::on(const Now& now, const PriorityChanged& input, Output& out) {
  auto* run = find(input.run);
  if (!run) return;
  RunMachine(*run, dispatcher_, timers_, now, out).set_priority(input.priority);
  line_.set_priority(input.run, input.priority);
}

// Runs that are under way already go on, however small the limit is now.
void Engine::on(const Now&, const LimitsChanged& input, Output&) {
  if (input.limits == line_.limits()) return;
  std::vector<const RunRecord*> under_way, waiting;
  for (const auto& [id, run] : runs_) {
    if (!queued_.contains(id)) under_way.push_back(&run->record);
    else if (line_.waits(id)) waiting.push_back(&run->record);
  }
  for (const auto& [id, wreck] : wrecks_) under_way.push_back(&wreck.run);
  line_.set_limits(input.limits, under_way, waiting);
}

}  // namespace assetd
