#include "tests/simulation/fake_store.h"

#include <algorithm>

#include "tests/simulation/violation.h"

namespace assetd::simulation {

void FakeStore::commit(const Batch& batch) {
  if (batch.pools) pools_ = *batch.pools;
  if (batch.waivers) waivers_ = *batch.waivers;
  ++commits_;
  looking_at_ = batch.automation.evaluated_at;
  const auto former = batch.definitions && !versions_.empty() ? std::optional(definitions()) : std::nullopt;
  if (batch.definitions) versions_[batch.definitions->version] = *batch.definitions, defined_ = commits_, defined_wall_ = batch.at, defined_at_.reset();
  take_keys(batch);
  const auto before = take_assets(batch, former);
  if (former) forget_windows(*former), note_divided(*former);
  for (const auto& change : batch.changes)
    if (const auto* created = std::get_if<RunCreated>(&change)) check_divided(batch, *created);
  for (const auto& change : batch.changes) {
    const auto* created = std::get_if<RunCreated>(&change);
    if (created) check_automated(batch, *created), check_filter(batch, *created), check_paused(batch, *created), check_window_of_tick(*created);
    if (const auto* tick = std::get_if<TickRecorded>(&change)) check_tick(tick->tick);
    std::visit([this](const auto& each) { on(each); }, change);
    if (created) note_planned(batch, *created);
  }
  for (const auto& [key, run] : batch.answers)
    if (!answers_.emplace(key, run).second) broken(Invariant::one_run, "two answers to the request " + key);
  check_freshness_told(batch, before);
  take_backfills(batch);
  take_sensors(batch);
  take_automation(batch);
  take_alerts(batch);
}

StepStatus FakeStore::status(const Run& run, StepIndex step) {
  const auto it = run.steps.find(step);
  return it == run.steps.end() ? StepStatus::pending : it->second.status;
}

std::optional<RunId> FakeStore::answer(const std::string& key) const {
  const auto it = answers_.find(key);
  return it == answers_.end() ? std::nullopt : std::optional(it->second);
}

const AttemptRecord* FakeStore::attempt(const AttemptId& id) const {
  const auto it = run_of_attempt_.find(id);
  return it == run_of_attempt_.end() ? nullptr : &runs_.at(it->second).attempts.at(id);
}

int FakeStore::noted(const AttemptId& attempt) const {
  const auto it = noted_.find(attempt);
  return it == noted_.end() ? 0 : it->second;
}

void FakeStore::on(const RunCreated& change) {
  check_created(change.run);
  runs_[change.run.id] = {change.run, change.plan->encode(), change.plan, versions_.at(change.run.definitions_version), false, {}, {}, {}, {}};
}

void FakeStore::on(const RunChanged& change) {
  auto& run = runs_.at(change.run.id);
  if (is_terminal(run.record.status)) broken(Invariant::terminal, "run " + std::to_string(change.run.id) + " had ended and changed");
  if (!may_follow(run.record.status, change.run.status))
    broken(Invariant::transition, "run " + std::to_string(change.run.id) + ": " + std::string(to_string(run.record.status)) + " became " + std::string(to_string(change.run.status)));
  if (change.run.definitions_version != run.context.version) broken(Invariant::pinned, "run " + std::to_string(change.run.id) + " went over to other definitions");
  run.record = change.run;
  if (change.run.status == RunStatus::running) {
    check_line(run);
    check_limits(run);
  }
  if (is_terminal(change.run.status)) check_ended(run);
}

void FakeStore::on(const StepChanged& change) {
  auto& run = runs_.at(change.run);
  const auto now = status(run, change.step.step);
  if (now != change.from)
    broken(Invariant::transition, "a change starts from " + std::string(to_string(change.from)) + " but the store has " + std::string(to_string(now)));
  check_move(run, change.step.step, change.step.status);
  if (change.step.status == StepStatus::succeeded && change.step.reason == kReused) check_reused(run, change.step);
  if (change.step.status == StepStatus::failed && change.step.reason.empty()) broken(Invariant::ended, "a step failed without a reason");
  if (change.step.status == StepStatus::running && !change.attempt.empty()) run.begun.insert(change.step.step);
  if (change.step.status == StepStatus::pending) run.steps.erase(change.step.step);
  else run.steps[change.step.step] = change.step;
}

void FakeStore::on(const StepsEnded& change) {
  auto& run = runs_.at(change.run);
  for (const auto step : change.steps) {
    check_move(run, step, change.status);
    auto& record = run.steps[step];
    record.step = step;
    record.status = change.status;
    record.reason = change.reason;
    record.ended_at = change.at;
  }
}

void FakeStore::on(const AttemptIntended& change) {
  auto& run = runs_.at(change.attempt.run);
  check_intent(run, change.attempt);
  check_alone(change.attempt);
  check_cap(run);
  check_parents(run, change.attempt);
  live_[change.attempt.id] = &(run.attempts[change.attempt.id] = change.attempt);
  run_of_attempt_[change.attempt.id] = change.attempt.run;
}

void FakeStore::on(const AttemptStarted& change) {
  auto& record = attempt_record(change.attempt);
  record.started_at = change.at;
  record.pid = change.pid;
  record.warm = change.warm;
}

void FakeStore::on(const AttemptEnded& change) {
  auto& record = attempt_record(change.attempt.id);
  if (record.outcome) broken(Invariant::terminal, "an attempt ended twice");
  if (change.attempt.outcome != AttemptOutcome::succeeded && change.attempt.reason.empty()) broken(Invariant::ended, "an attempt failed without a cause");
  const auto offset = record.message_offset;
  record = change.attempt;
  record.message_offset = std::max(offset, record.message_offset);
  live_.erase(record.id);
  if (on_ended) on_ended(record);
}

void FakeStore::on(const AttemptNoted& change) {
  if (change.kind != "custom") return;
  auto& count = noted_[change.attempt];
  const int number = change.data.get<int>();
  if (number != count) broken(Invariant::messages, "message " + std::to_string(number) + " of " + change.attempt.substr(0, 6) + " counted after " + std::to_string(count) + " others");
  ++count;
}

void FakeStore::on(const MessagesRead& change) {
  auto& record = attempt_record(change.attempt);
  if (change.offset <= record.message_offset) broken(Invariant::messages, "messages were read twice");
  record.message_offset = change.offset;
}

void FakeStore::on(const Materialized& change) {
  const auto& made = change.materialization;
  note_event(made);
  last_made_[made.key] = made;
  note_window(made);
  if (made.run == 0) return note_told(made);
  auto& life = lives_[piece_of(made.key, made.partition)];
  life.made = commits_;
  life.made_by = made.run;
  life.made_at = looking_at_;
  life.made_when = made.at;
  const std::pair of{made.attempt, made.step};
  const auto said = reported_.find(of);
  const int most = said == reported_.end() ? 1 : said->second;
  if (++runs_.at(made.run).made[of] > most)
    broken(Invariant::messages, "run " + std::to_string(made.run) + " step " + std::to_string(made.step) + ": more materializations of one attempt than its program reported: " + std::to_string(most));
}

void FakeStore::on(const TickRecorded& change) {
  if (!ticks_.insert({change.tick.schedule, change.tick.instant}).second) broken(Invariant::one_run, "two ticks of " + change.tick.schedule + " at one instant");
}

void FakeStore::on(const ScheduleMoved& change) {
  auto& position = schedules_[change.schedule];
  position.cursor = change.cursor;
  position.fingerprint = change.fingerprint;
}

std::vector<RestoredRun> FakeStore::active() const {
  std::vector<RestoredRun> result;
  for (const auto& [id, run] : runs_) {
    if (is_terminal(run.record.status)) continue;
    RestoredRun restored{run.record, run.plan, run.context, {}, run.checks, {}};
    for (const auto& [step, record] : run.steps) restored.steps.push_back(record);
    for (const auto& [attempt_id, attempt] : run.attempts) restored.attempts.push_back(attempt);
    for (const auto& [of, count] : run.made) {
      const auto step = run.steps.find(of.second);
      const bool over = step != run.steps.end() && (is_terminal(step->second.status) || step->second.materialized);
      const auto& attempt = run.attempts.at(of.first);
      if (!over && !attempt.outcome && attempt.check == kNone && attempt.message_offset > 0) restored.reported.push_back(of.second);
    }
    result.push_back(std::move(restored));
  }
  return result;
}

}  // namespace assetd::simulation
