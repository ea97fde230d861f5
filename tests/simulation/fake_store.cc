#include "tests/simulation/fake_store.h"

#include <algorithm>
#include <stdexcept>

namespace assetd::simulation {
namespace {

[[noreturn]] void broken(const std::string& what) { throw std::logic_error(what); }

void require(bool holds, const std::string& what) {
  if (!holds) broken(what);
}

}  // namespace

void FakeStore::commit(const std::vector<Change>& changes) {
  for (const auto& change : changes) std::visit([this](const auto& each) { on(each); }, change);
}

StepStatus FakeStore::status(const Run& run, StepIndex step) const {
  const auto it = run.steps.find(step);
  return it == run.steps.end() ? StepStatus::pending : it->second.status;
}

void FakeStore::move(Run& run, StepIndex step, StepStatus to) {
  const auto from = status(run, step);
  const auto name = "run " + std::to_string(run.record.id) + " step " + std::to_string(step) + ": ";
  require(!is_terminal(from), name + "a terminal state changed, " + std::string(to_string(from)) + " to " + std::string(to_string(to)));
  require(from == to || may_follow(from, to), name + std::string(to_string(from)) + " became " + std::string(to_string(to)));
}

void FakeStore::on(const RunCreated& change) {
  require(!runs_.contains(change.run.id), "a run id was used twice");
  runs_[change.run.id] = {change.run, change.plan, context_, {}, {}, {}, {}};
}

void FakeStore::on(const RunChanged& change) {
  auto& run = runs_.at(change.run.id);
  require(may_follow(run.record.status, change.run.status), "run " + std::to_string(change.run.id) + ": " + std::string(to_string(run.record.status)) + " became " + std::string(to_string(change.run.status)));
  run.record = change.run;
  if (change.run.status == RunStatus::running) check_line(run);
  if (is_terminal(change.run.status)) check_ended(run);
}

// In the simulation every tick waits in line.
void FakeStore::check_line(const Run& run) const {
  const auto& trigger = run.record.trigger;
  for (const auto& [id, other] : runs_)
    if (trigger.kind == "schedule" && other.record.trigger.kind == "schedule" && other.record.trigger.name == trigger.name && id < run.record.id)
      require(is_terminal(other.record.status), "run " + std::to_string(run.record.id) + " begins before run " + std::to_string(id) + " of its schedule has ended");
}

void FakeStore::on(const StepChanged& change) {
  auto& run = runs_.at(change.run);
  require(status(run, change.step.step) == change.from, "a change starts from " + std::string(to_string(change.from)) + " but the store has " + std::string(to_string(status(run, change.step.step))));
  move(run, change.step.step, change.step.status);
  if (change.step.status == StepStatus::pending) run.steps.erase(change.step.step);
  else run.steps[change.step.step] = change.step;
}

void FakeStore::on(const StepsEnded& change) {
  auto& run = runs_.at(change.run);
  for (const auto step : change.steps) {
    move(run, step, change.status);
    auto& record = run.steps[step];
    record.step = step;
    record.status = change.status;
    record.reason = change.reason;
  }
}

void FakeStore::on(const AttemptIntended& change) {
  auto& run = runs_.at(change.attempt.run);
  require(!run_of_attempt_.contains(change.attempt.id), "an attempt id was used twice");
  require(!change.attempt.steps.empty(), "an attempt that carries nothing: run " + std::to_string(change.attempt.run) + " unit " + std::to_string(change.attempt.unit));
  require(run.record.status == RunStatus::running, "an intent of a run that is " + std::string(to_string(run.record.status)));
  std::map<std::string, int> held = change.attempt.slots;
  for (const auto& [id, other] : runs_)
    for (const auto& [attempt_id, attempt] : other.attempts) {
      if (attempt.outcome) continue;
      for (const auto& [pool, slots] : attempt.slots) held[pool] += slots;
      for (const auto& [resource, mode] : attempt.resources)
        if (const auto mine = change.attempt.resources.find(resource); mine != change.attempt.resources.end())
          require(mode == HoldMode::read && mine->second == HoldMode::read, "a writer shares the resource " + resource);
      if (other.record.id != run.record.id || attempt.check != kNone || change.attempt.check != kNone) continue;
      for (const auto step : attempt.steps)
        require(std::find(change.attempt.steps.begin(), change.attempt.steps.end(), step) == change.attempt.steps.end(), "two live attempts of one step");
    }
  for (const auto& [pool, slots] : change.attempt.slots) require(held[pool] <= pools_.at(pool), "pool " + pool + " is over its size");
  if (change.attempt.check == kNone && run.plan->mode() != StepsMode::checks)
    for (const auto step : change.attempt.steps)
      for (const auto& edge : run.plan->parents(step)) {
        if (run.plan->unit_of(edge.step) == run.plan->unit_of(step)) continue;
        const auto parent = status(run, edge.step);
        require(is_terminal(parent), "a step starts before its parent has ended");
        const auto it = run.steps.find(edge.step);
        const bool bad = parent == StepStatus::skipped || (parent == StepStatus::failed && it->second.reason != "check_failed");
        require(!bad || edge.on_failure == OnFailure::proceed, "a step starts after its parent's failure");
      }
  run.attempts[change.attempt.id] = change.attempt;
  run_of_attempt_[change.attempt.id] = change.attempt.run;
}

AttemptRecord& FakeStore::attempt_record(const AttemptId& id) { return runs_.at(run_of_attempt_.at(id)).attempts.at(id); }

const AttemptRecord* FakeStore::attempt(const AttemptId& id) const {
  const auto it = run_of_attempt_.find(id);
  return it == run_of_attempt_.end() ? nullptr : &runs_.at(it->second).attempts.at(id);
}

void FakeStore::on(const AttemptStarted& change) {
  auto& record = attempt_record(change.attempt);
  record.started_at = change.at;
  record.pid = change.pid;
  record.warm = change.warm;
}

void FakeStore::on(const AttemptEnded& change) {
  auto& record = attempt_record(change.attempt.id);
  require(!record.outcome, "an attempt ended twice");
  const auto offset = record.message_offset;
  record = change.attempt;
  record.message_offset = std::max(offset, record.message_offset);
}

void FakeStore::on(const MessagesRead& change) {
  auto& record = attempt_record(change.attempt);
  require(change.offset > record.message_offset, "messages were read twice");
  record.message_offset = change.offset;
}

void FakeStore::on(const CheckReported& change) { runs_.at(change.result.run).checks.push_back(change.result); }

void FakeStore::on(const Materialized& change) {
  const auto& made = change.materialization;
  const std::pair of{made.attempt, made.step};
  const auto said = reported_.find(of);
  const int most = said == reported_.end() ? 1 : said->second;
  require(++runs_.at(made.run).made[of] <= most, "run " + std::to_string(made.run) + " step " + std::to_string(made.step) + ": " + std::to_string(most + 1) +
                                                     " materializations of one attempt, of which its program reported " + std::to_string(said == reported_.end() ? 0 : most));
}

std::vector<RestoredRun> FakeStore::active() const {
  std::vector<RestoredRun> result;
  for (const auto& [id, run] : runs_) {
    if (is_terminal(run.record.status)) continue;
    RestoredRun restored{run.record, run.plan, run.context, {}, run.checks, {}};
    for (const auto& [step, record] : run.steps) restored.steps.push_back(record);
    for (const auto& [attempt_id, attempt] : run.attempts) restored.attempts.push_back(attempt);
    for (const auto& [of, count] : run.made)
      if (!run.attempts.at(of.first).outcome) restored.reported.push_back(of.second);
    result.push_back(std::move(restored));
  }
  return result;
}

void FakeStore::check_ended(const Run& run) const {
  const auto failing = [](const CheckResult& c) { return c.blocking && (c.status == CheckStatus::failed || c.status == CheckStatus::error); };
  for (StepIndex step = 0; step < run.plan->size(); ++step) {
    const auto now = status(run, step);
    require(is_terminal(now), "a run ended with step " + std::to_string(step) + " " + std::string(to_string(now)));
    if (run.record.status == RunStatus::succeeded) require(now == StepStatus::succeeded, "a run succeeded with a step that did not");
    const auto is_of = [&](const auto& made) { return made.first.second == step; };
    if (now == StepStatus::succeeded && run.plan->mode() != StepsMode::checks) require(std::any_of(run.made.begin(), run.made.end(), is_of), "a step succeeded and nothing was materialized");
    if (now != StepStatus::skipped) continue;
    bool root = std::any_of(run.checks.begin(), run.checks.end(), failing);
    std::vector<StepIndex> above{step};
    for (std::size_t i = 0; i < above.size() && !root; ++i)
      for (const auto& edge : run.plan->parents(above[i])) {
        root = root || status(run, edge.step) == StepStatus::failed;
        if (std::find(above.begin(), above.end(), edge.step) == above.end()) above.push_back(edge.step);
      }
    // Interrupted in its process before it began: the root is another member of that process.
    for (const auto each : above)
      if (run.plan->unit_of(each) != kNone)
        for (const auto other : run.plan->units()[run.plan->unit_of(each)].steps) root = root || status(run, other) == StepStatus::failed;
    require(root, "step " + std::to_string(step) + " was skipped and nothing in the run says why");
  }
  for (const auto& [id, attempt] : run.attempts) require(attempt.outcome.has_value(), "a run ended with a live attempt");
}

void FakeStore::check_holds(const Engine& engine) const {
  std::map<std::string, int> held;
  for (const auto& [id, run] : runs_)
    for (const auto& [attempt_id, attempt] : run.attempts)
      if (!attempt.outcome)
        for (const auto& [pool, slots] : attempt.slots) held[pool] += slots;
  for (const auto& [pool, slots] : engine.dispatcher().pools())
    require(engine.dispatcher().used(pool) == held[pool], "pool " + pool + ": " + std::to_string(engine.dispatcher().used(pool)) + " slots are held, the live attempts hold " + std::to_string(held[pool]));
}

}  // namespace assetd::simulation
