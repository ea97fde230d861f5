// What the store holds each change against: the invariants of design.md that can be told from what is committed.

#include <algorithm>

#include "core/run/root_causes.h"
#include "tests/simulation/fake_store.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

std::string name(const RunRecord& run, StepIndex step) { return "run " + std::to_string(run.id) + " step " + std::to_string(step); }

std::string key_of(const RunRecord& run) {
  const auto it = run.tags.find("key");
  return it == run.tags.end() ? "" : it->second;
}

bool shares_a_step(const AttemptRecord& a, const AttemptRecord& b) {
  if (a.run != b.run || a.check != b.check) return false;
  if (a.check != kNone) return a.unit == b.unit;  // of several partitions one step may wait for each
  return std::any_of(a.steps.begin(), a.steps.end(), [&](StepIndex step) { return std::find(b.steps.begin(), b.steps.end(), step) != b.steps.end(); });
}

}  // namespace

std::map<std::string, int> limits_that_count(const RunLimits& limits, const RunRecord& run) {
  std::map<std::string, int> found;
  if (limits.runs) found["runs"] = *limits.runs;
  for (const auto& [tag, most] : limits.tags)
    for (const auto& [key, value] : run.tags)
      if (tag == key || tag == key + "=" + value) found["tag " + tag] = most;
  return found;
}

void FakeStore::check_created(const RunRecord& record) const {
  if (runs_.contains(record.id)) broken(Invariant::one_run, "a run id was used twice");
  for (const auto& [id, other] : runs_) {
    const bool same_instant = record.trigger.kind == "schedule" && record.trigger.instant && other.record.trigger.name == record.trigger.name && other.record.trigger.instant == record.trigger.instant;
    if (same_instant) broken(Invariant::one_run, "two runs of one instant of " + record.trigger.name);
    if (!key_of(record).empty() && key_of(record) == key_of(other.record)) broken(Invariant::one_run, "two runs for the request " + key_of(record));
  }
}

void FakeStore::check_move(const Run& run, StepIndex step, StepStatus to) const {
  const auto from = status(run, step);
  if (is_terminal(from)) broken(Invariant::terminal, name(run.record, step) + ": " + std::string(to_string(from)) + " became " + std::string(to_string(to)));
  if (from != to && !may_follow(from, to)) broken(Invariant::transition, name(run.record, step) + ": " + std::string(to_string(from)) + " became " + std::string(to_string(to)));
}

void FakeStore::check_line(const Run& run) const {
  if (!run.record.tags.contains("in_line")) return;
  for (const auto& [id, other] : runs_)
    if (id < run.record.id && other.record.trigger.kind == "schedule" && other.record.trigger.name == run.record.trigger.name && !is_terminal(other.record.status))
      broken(Invariant::line, "run " + std::to_string(run.record.id) + " begins before run " + std::to_string(id) + " of its schedule has ended");
}

void FakeStore::check_limits(const Run& run) const {
  for (const auto& [limit, most] : limits_that_count(definitions().definitions->limits, run.record)) {
    const auto is_counted = [&](const auto& each) {
      const auto& other = each.second.record;
      return other.status != RunStatus::queued && !is_terminal(other.status) && limits_that_count(definitions().definitions->limits, other).contains(limit);
    };
    if (std::count_if(runs_.begin(), runs_.end(), is_counted) > most) broken(Invariant::limit, "run " + std::to_string(run.record.id) + " begins beyond the limit " + limit);
  }
}

void FakeStore::check_cap(const Run& run) const {
  const auto live = std::count_if(run.attempts.begin(), run.attempts.end(), [](const auto& each) { return !each.second.outcome; });
  if (run.record.max_steps && live >= *run.record.max_steps) broken(Invariant::limit, "run " + std::to_string(run.record.id) + " has more live processes than its max_steps");
}

void FakeStore::check_intent(const Run& run, const AttemptRecord& intent) const {
  if (run_of_attempt_.contains(intent.id)) broken(Invariant::once, "an attempt id was used twice");
  if (intent.steps.empty()) broken(Invariant::one_live, "an attempt that carries nothing: run " + std::to_string(intent.run) + " unit " + std::to_string(intent.unit));
  if (run.record.status != RunStatus::running) broken(Invariant::cancel, "an intent of a run that is " + std::string(to_string(run.record.status)));
}

void FakeStore::check_alone(const AttemptRecord& intent) const {
  std::map<std::string, int> held = intent.slots;
  for (const auto& [id, other] : live_) {
    if (shares_a_step(*other, intent)) broken(Invariant::one_live, "two live attempts of one step of run " + std::to_string(intent.run));
    for (const auto& [pool, slots] : other->slots) held[pool] += slots;
    for (const auto& [resource, mode] : other->resources)
      if (const auto mine = intent.resources.find(resource); mine != intent.resources.end() && (mode == HoldMode::write || mine->second == HoldMode::write))
        broken(Invariant::pool, "a writer shares the resource " + resource);
  }
  for (const auto& [pool, slots] : intent.slots)
    if (!pools_.contains(pool) || held[pool] > pools_.at(pool)) broken(Invariant::pool, "an intent raises pool " + pool + " to " + std::to_string(held[pool]));
}

void FakeStore::check_reused(const Run& run, const StepRecord& step) const {
  // A batch may have carried it and never come to it: what it would have changed is as it was.
  if (run.begun.contains(step.step)) broken(Invariant::reused, name(run.record, step.step) + " is called reused though an attempt had begun it");
  if (run.record.force) broken(Invariant::reused, name(run.record, step.step) + " is reused though its run is to execute all");
  if (run.plan->mode() == StepsMode::checks || !run.context.definitions->assets[run.plan->asset(step.step)].skip_if_unchanged)
    broken(Invariant::reused, name(run.record, step.step) + " is reused and its asset does not say skip_if_unchanged");
  if (!run.plan->partition(step.step).empty() && run.plan->units()[run.plan->unit_of(step.step)].steps.size() > 1)
    broken(Invariant::reused, name(run.record, step.step) + " is reused out of the partitions that one process makes");
  for (const auto& edge : run.plan->parents(step.step))
    if (const auto parent = status(run, edge.step); !is_terminal(parent)) broken(Invariant::reused, name(run.record, step.step) + " is reused before its parent has ended");
}

void FakeStore::check_parents(const Run& run, const AttemptRecord& intent) const {
  if (intent.check != kNone || run.plan->mode() == StepsMode::checks) return;
  for (const auto step : intent.steps)
    for (const auto& edge : run.plan->parents(step)) {
      if (run.plan->unit_of(edge.step) == run.plan->unit_of(step)) continue;
      const auto parent = status(run, edge.step);
      if (!is_terminal(parent)) broken(Invariant::parents, name(run.record, step) + " starts before its parent has ended");
      const bool bad = parent == StepStatus::skipped || (parent == StepStatus::failed && run.steps.at(edge.step).reason != "check_failed");
      if (bad && edge.on_failure != OnFailure::proceed) broken(Invariant::parents, name(run.record, step) + " starts after its parent's failure");
    }
}

/// What people are told: production's own search for causes must find one for each step that was skipped.
void FakeStore::check_roots_of(const Run& run) const {
  std::vector<StepStatus> statuses;
  for (StepIndex step = 0; step < run.plan->size(); ++step) statuses.push_back(status(run, step));
  const auto checks = check_roots(*run.plan, *run.context.definitions, *run.context.graph, run.checks, statuses);
  const auto causes = root_causes(*run.plan, statuses, checks);
  for (StepIndex step = 0; step < run.plan->size(); ++step)
    if (statuses[step] == StepStatus::skipped && causes[step].empty()) broken(Invariant::roots, name(run.record, step) + " was skipped and nothing in the run says why");
}

void FakeStore::check_ended(const Run& run) const {
  for (const auto& [id, attempt] : run.attempts)
    if (!attempt.outcome) broken(Invariant::ended, "run " + std::to_string(run.record.id) + " ended with a live attempt");
  for (StepIndex step = 0; step < run.plan->size(); ++step) {
    const auto now = status(run, step);
    if (!is_terminal(now)) broken(Invariant::ended, name(run.record, step) + " is " + std::string(to_string(now)) + " though its run has ended");
    if (run.record.status == RunStatus::succeeded && now != StepStatus::succeeded) broken(Invariant::ended, name(run.record, step) + " did not succeed, its run did");
    const auto is_of = [&](const auto& made) { return made.first.second == step; };
    const bool reused = now == StepStatus::succeeded && run.steps.at(step).reason == kReused;
    if (now == StepStatus::succeeded && !reused && run.plan->mode() != StepsMode::checks && !std::any_of(run.made.begin(), run.made.end(), is_of))
      broken(Invariant::ended, name(run.record, step) + " succeeded and nothing was materialized");
  }
  check_roots_of(run);
}

void FakeStore::check_holds(const Engine& engine) const {
  std::map<std::string, int> held;
  for (const auto& [id, attempt] : live_)
    for (const auto& [pool, slots] : attempt->slots) held[pool] += slots;
  for (const auto& [pool, slots] : engine.dispatcher().pools())
    if (engine.dispatcher().used(pool) != held[pool])
      broken(Invariant::slots, "pool " + pool + ": the engine holds " + std::to_string(engine.dispatcher().used(pool)) + " slots, the live attempts " + std::to_string(held[pool]));
  if (engine.dispatcher().holds().size() != live_.size()) broken(Invariant::slots, "the engine knows other live attempts than the store");
}

}  // namespace assetd::simulation
