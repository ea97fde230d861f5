#include "daemon/service/projection.h"

#include <algorithm>

#include "core/engine/run_state.h"
#include "core/schedule/cron.h"
#include "daemon/service/service.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

using nlohmann::json;

json step_subject(RunId run, const std::string& key, const std::string& partition) {
  return {{"run_id", std::to_string(run)}, {"key", key}, {"partition", partition.empty() ? json() : json(partition)}};
}

Event event(std::string type, WallTime at, RunId run, std::string asset, json subject, json changes) {
  return {0, at, std::move(type), run, std::move(asset), std::move(subject), std::move(changes)};
}

void set_if(json& changes, const char* name, const std::string& value) {
  if (!value.empty()) changes[name] = value;
}

void note_newest(AssetState& state, const TimeWindow& window) {
  if (!state.data_until || *state.data_until < window.end) state.data_until = window.end;
}

WallTime time_of(const RunRecord& run) {
  if (run.ended_at) return *run.ended_at;
  if (run.cancel_requested_at) return *run.cancel_requested_at;
  return run.started_at.value_or(run.created_at);
}

}  // namespace

void Projection::know(const RunRecord& run, std::shared_ptr<const RunPlan> plan, RunContext context) {
  auto& known = runs_[run.id] = {run, std::move(plan), std::move(context), {}, {}, {}};
  const auto& checks = known.plan->checks();
  for (std::uint32_t index = 0; known.plan->mode() != StepsMode::checks && index < checks.size(); ++index) known.checks_of[checks[index].subject].push_back(index);
}

void Projection::take_up(const RestoredRun& run) {
  know(run.run, run.plan, run.context);
  const auto is_of_live_attempt = [&](const CheckResult& result) {
    return std::ranges::any_of(run.attempts, [&](const AttemptRecord& attempt) {
      return !attempt.outcome && attempt.check == kNone && result.at > attempt.intended_at && std::ranges::find(attempt.steps, result.home_step) != attempt.steps.end();
    });
  };
  auto& reported = runs_.at(run.run.id).reported;
  for (const auto& result : run.checks)
    if (is_of_live_attempt(result)) reported[{result.home, result.partition}][result.name] = refuses(result);
}

const Projection::Known* Projection::known(RunId run) const {
  const auto it = runs_.find(run);
  return it == runs_.end() ? nullptr : &it->second;
}

void Projection::project(const Change& change, AssetStaging& assets, CommitBatch& batch) {
  std::visit([&](const auto& each) { on(each, assets, batch); }, change);
}

void Projection::on(const RunCreated& change, AssetStaging&, CommitBatch& batch) {
  const auto& run = change.run;
  json changes = {{"status", "queued"}, {"from", nullptr}, {"select", run.select}, {"steps_total", run.steps_total}};
  set_if(changes, "job", run.job);
  batch.events.push_back(event("run_changed", run.created_at, run.id, "", {{"run_id", std::to_string(run.id)}}, std::move(changes)));
}

/// A run whose plan could not be read: which steps carried which assets nobody can say, but what it was making is made no longer.
void Projection::end_unknown(const RunRecord& run, AssetStaging& assets, CommitBatch& batch) {
  const auto keys = assets.in_progress_by(run.id);
  const auto status = run.status == RunStatus::canceled ? StepStatus::canceled : StepStatus::failed;
  for (const auto& key : keys) {
    auto& state = assets.stage(key);
    state.in_progress.reset();
    state.last_attempt = AssetState::Attempt{run.id, status, run.reason, run.detail, {}, time_of(run)};
    json changes = {{"status", to_string(status)}, {"from", nullptr}};
    set_if(changes, "reason", run.reason);
    set_if(changes, "detail", run.detail);
    batch.events.push_back(event("step_changed", time_of(run), run.id, key, step_subject(run.id, key, ""), std::move(changes)));
    batch.events.push_back(event("asset_changed", time_of(run), run.id, key, {{"key", key}}, {{"status", to_string(state.status())}}));
  }
}

void Projection::on(const RunChanged& change, AssetStaging& assets, CommitBatch& batch) {
  const auto& run = change.run;
  const auto it = runs_.find(run.id);
  if (it != runs_.end()) it->second.run = run;
  else if (is_terminal(run.status)) end_unknown(run, assets, batch);
  json changes = {{"status", to_string(run.status)}, {"from", to_string(change.from)}};
  if (!change.counts.empty()) changes["counts"] = change.counts;
  set_if(changes, "reason", run.reason);
  set_if(changes, "detail", run.detail);
  batch.events.push_back(event("run_changed", time_of(run), run.id, "", {{"run_id", std::to_string(run.id)}}, std::move(changes)));
}

void Projection::on(const RunAmended& change, AssetStaging&, CommitBatch& batch) {
  const auto& run = change.run;
  if (const auto it = runs_.find(run.id); it != runs_.end()) it->second.run = run;
  json changes = {{"status", to_string(run.status)}, {"from", to_string(run.status)}, {"priority", run.priority}};
  set_if(changes, "reason", run.reason);
  set_if(changes, "detail", run.detail);
  batch.events.push_back(event("run_changed", change.at, run.id, "", {{"run_id", std::to_string(run.id)}}, std::move(changes)));
}

void Projection::on(const PoolResized& change, AssetStaging&, CommitBatch& batch) {
  json changes = {{"slots", change.slots.value_or(change.defined)}, {"defined_slots", change.defined}, {"by", change.by}};
  set_if(changes, "reason", change.reason);
  batch.events.push_back(event("pool_changed", change.at, 0, "", {{"pool", change.pool}}, std::move(changes)));
}

void Projection::on(const StepChanged& change, AssetStaging& assets, CommitBatch& batch) {
  const auto it = runs_.find(change.run);
  if (it == runs_.end()) return;
  auto& known = it->second;
  const auto& step = change.step;
  const auto& key = asset(known, step.step).key;
  if (step.status == change.from) return;  // its own work is done and its checks are not: nothing that shows
  const auto at = step.ended_at.value_or(step.started_at.value_or(known.run.started_at.value_or(known.run.created_at)));
  json changes = {{"status", to_string(step.status)}, {"from", to_string(change.from)}};
  set_if(changes, "reason", step.reason);
  set_if(changes, "detail", step.detail);
  if (step.attempts > 0) changes["attempt"] = step.attempts;
  batch.events.push_back(event("step_changed", at, change.run, key, step_subject(change.run, key, known.plan->partition(step.step)), std::move(changes)));

  auto& state = assets.stage(key);
  const auto before = state.status();
  const auto& partition = known.plan->partition(step.step);
  note_progress(known, step, state, at);
  if (step.status == StepStatus::failed) mark(state, key, partition, false, true);
  if (step.status == StepStatus::succeeded) mark(state, key, partition, false, false);
  if (step.status == StepStatus::starting) known.reported.erase({key, partition});
  if (is_terminal(step.status)) {
    close_own_checks(known, step.step, state);
    settle_checks(state, key, change.run, at, batch);
    std::vector<RootCause> causes;
    if (step.status == StepStatus::failed) {
      const auto check = known.check_causes.find(step.step);
      causes.push_back({key, "failed", step.reason, step.reason == "check_failed" && check != known.check_causes.end() ? check->second.check : "", step.detail, partition});
      known.causes[step.step] = causes.front();
    }
    // Of a partition that was removed meanwhile: nobody could make that well.
    if (step.status != StepStatus::failed || is_there(key, partition)) state.last_attempt = AssetState::Attempt{change.run, step.status, step.reason, step.detail, std::move(causes), at};
  }
  const bool did_not_succeed = step.status == StepStatus::failed || step.status == StepStatus::canceled || step.status == StepStatus::waiting_retry;
  if (did_not_succeed && step.attempts > 0 && known.plan->mode() != StepsMode::checks) {
    state.disturbed = true;
    note_disturbed(state, key, partition);
  }
  if (is_terminal(step.status) || step.status == StepStatus::waiting_retry) {
    const auto shown = step.status == StepStatus::waiting_retry ? StepStatus::failed : step.status;
    batch.outcomes.push_back({key, change.run, step.attempts, shown, step.reason, step.started_at, at, partition});
  }
  if (state.status() != before) batch.events.push_back(event("asset_changed", at, change.run, key, {{"key", key}}, {{"status", to_string(state.status())}}));
}

// Of several partitions that one run makes of an asset the last one ends its being in progress.
void Projection::note_progress(Known& known, const StepRecord& step, AssetState& state, WallTime at) {
  const auto run = known.run.id;
  const bool begins = step.status == StepStatus::starting || step.status == StepStatus::running;
  if (known.plan->has_partitions()) {
    auto& open = known.in_progress[known.plan->asset(step.step)];
    if (begins) open.insert(step.step);
    else open.erase(step.step);
    if (!begins && !open.empty()) return;
  }
  if (begins) {
    if (!state.in_progress || state.in_progress->run != run) state.in_progress = AssetState::InProgress{run, at};
  } else if (state.in_progress && state.in_progress->run == run) {
    state.in_progress.reset();
  }
}

void Projection::mark(AssetState& state, const std::string& key, const std::string& partition, bool made, std::optional<bool> failed) const {
  if (partition.empty()) return;
  change_partitions(state, key, [&](PartitionStates& states, const Partitions& divided) {
    const auto index = divided.index(partition);
    if (!index) return;  // the definitions no longer have it
    if (made) {
      states.materialized.insert(*index);
      states.disturbed.erase(*index);
      states.reported.of.erase(*index);
      if (const auto window = divided.window(*index)) note_newest(state, *window);
    }
    if (failed && *failed) states.failed.insert(*index);
    if (failed && !*failed) states.failed.erase(*index);
  });
}

bool Projection::is_there(const std::string& key, const std::string& partition) const {
  const auto asset = partitions_ && !partition.empty() ? partitions_->project->graph.find(key) : std::nullopt;
  const auto* divided = asset ? partitions_->table.of(*asset) : nullptr;
  return !divided || divided->index(partition);
}

void Projection::note_disturbed(AssetState& state, const std::string& key, const std::string& partition) const {
  if (partition.empty()) return;
  change_partitions(state, key, [&](PartitionStates& states, const Partitions& divided) {
    if (const auto index = divided.index(partition)) states.disturbed.insert(*index);
  });
}

void Projection::note_report(AssetState& state, const std::string& key, const std::string& partition, const std::string& data_version, WallTime now) const {
  forgive(state.debts, places(key, partition, now));
  if (!partition.empty()) return mark(state, key, partition, true, false);
  change_partitions(state, key, [&](PartitionStates& states, const Partitions& divided) {
    const auto existing = divided.existing(now);
    states.materialized = states.materialized | existing;
    divided.usual(now).first(1).each([&](PartitionIndex newest) {
      if (const auto window = divided.window(newest)) note_newest(state, *window);
    });
    states.failed = states.failed - existing;
    states.disturbed = states.disturbed - existing;
    states.reported = {existing, data_version, now};
  });
}

/// Nothing, of an asset that is not divided now.
void Projection::change_partitions(AssetState& state, const std::string& key, const ChangePartitions& change) const {
  const auto asset = partitions_ ? partitions_->project->graph.find(key) : std::nullopt;
  const auto* divided = asset ? partitions_->table.of(*asset) : nullptr;
  if (!divided) return;
  const auto& spec = *partitions_->project->definitions.assets[*asset].partitions;
  const auto before = state.partitions && state.partitions->spec.dimensions == spec.dimensions ? *state.partitions : PartitionStates{spec, {}, {}};
  auto next = before;
  change(next, *divided);
  if (next != before) state.partitions = std::make_shared<const PartitionStates>(std::move(next));
}

std::vector<RootCause> Projection::causes_of(const Known& known, StepIndex cause, const std::string& detail) const {
  if (const auto it = known.check_causes.find(cause); it != known.check_causes.end()) return {it->second};
  if (cause == kNone) return {};
  if (const auto it = known.causes.find(cause); it != known.causes.end()) return {it->second};
  return {{asset(known, cause).key, "failed", "", "", detail, known.plan->partition(cause)}};
}

void Projection::on(const StepsEnded& change, AssetStaging& assets, CommitBatch& batch) {
  const auto it = runs_.find(change.run);
  if (it == runs_.end()) return;
  auto& known = it->second;
  json keys = json::array(), partitions = json::array();
  const auto causes = change.status == StepStatus::skipped ? causes_of(known, change.cause, change.detail) : std::vector<RootCause>{};
  std::map<std::string_view, json> changed;  // by what they are now
  for (const auto step : change.steps) {
    const auto& key = asset(known, step).key;
    keys.push_back(key);
    if (known.plan->has_partitions()) partitions.push_back(known.plan->partition(step));
    const auto& partition = known.plan->partition(step);
    auto& state = assets.stage(key);
    const auto before = state.status();
    note_progress(known, {.step = step, .status = change.status}, state, change.at);
    const bool counts = change.status != StepStatus::skipped || is_there(key, partition);
    if (counts) state.last_attempt = AssetState::Attempt{change.run, change.status, change.reason, change.detail, causes, change.at};
    batch.outcomes.push_back({key, change.run, 0, change.status, change.reason, std::nullopt, change.at, partition});
    // One that was skipped before is so for another cause now.
    if (const auto status = state.status(); counts && (status != before || change.status == StepStatus::skipped)) changed[to_string(status)].push_back(key);
  }
  const auto status = std::string(to_string(change.status));
  auto subject = step_subject(change.run, keys.front().get<std::string>(), known.plan->partition(change.steps.front()));
  subject["keys"] = keys;
  if (!partitions.empty()) subject["partitions"] = partitions;
  json changes = {{"status", status}, {"from", "pending"}, {"reason", change.reason}, {"detail", change.detail}};
  if (change.cause != kNone) changes["cause"] = asset(known, change.cause).key;
  batch.events.push_back(event("step_changed", change.at, change.run, keys.size() == 1 ? keys.front().get<std::string>() : "", std::move(subject), std::move(changes)));
  for (auto& [now, these] : changed) batch.events.push_back(event("asset_changed", change.at, change.run, "", {{"keys", std::move(these)}}, {{"status", now}}));
}

void Projection::on(const Materialized& change, AssetStaging& assets, CommitBatch& batch) {
  const auto& made = change.materialization;
  const auto it = runs_.find(made.run);
  if (it == runs_.end()) return;
  auto& state = assets.stage(made.key);
  mark(state, made.key, made.partition, true, std::nullopt);
  state.last_materialization = AssetState::Data{made.run, made.at, made.metadata, made.data_version, code_version_of(asset(it->second, made.step)), made.provenance};
  state.disturbed = false;
  owe_checks(it->second, made, state);
  json changes = {{"metadata", made.metadata}};
  if (!(places(made.key, made.partition, made.at) & state.debts.uncounted).empty()) changes["awaits_checks"] = true;
  batch.events.push_back(event("materialization", made.at, made.run, made.key, step_subject(made.run, made.key, made.partition), std::move(changes)));
}

void Projection::on(const CheckReported& change, AssetStaging& assets, CommitBatch& batch) {
  const auto& result = change.result;
  const bool failing = result.status == CheckStatus::failed || result.status == CheckStatus::error;
  const auto it = runs_.find(result.run);
  if (it != runs_.end()) it->second.reported[{result.home, result.partition}][result.name] = refuses(result);
  if (it != runs_.end() && refuses(result))
    it->second.check_causes[result.home_step] = {result.home, result.home_step == kNone ? "materialized" : "failed", "check_failed", result.name, result.detail, result.partition};
  if (!result.home.empty()) {
    auto& state = assets.stage(result.home);
    state.checks[result.name] = result.status;
    note_check(state, result, failing);
    note_debts(result, state);
    settle_checks(state, result.home, result.run, result.at, batch);
  }
  json changes = {{"status", to_string(result.status)}, {"severity", result.severity == Severity::error ? "error" : "warn"}, {"blocking", result.blocking}};
  set_if(changes, "detail", result.detail);
  batch.events.push_back(event("check_result", result.at, result.run, result.home, {{"run_id", std::to_string(result.run)}, {"key", result.home}, {"check", result.name}, {"partition", result.partition.empty() ? json() : json(result.partition)}}, std::move(changes)));
}

void Projection::on(const TickRecorded& change, AssetStaging&, CommitBatch& batch) {
  const auto& tick = change.tick;
  json changes = {{"instant", format_time(tick.instant)}, {"outcome", to_string(tick.outcome)}};
  set_if(changes, "reason", tick.reason);
  if (tick.run) changes["run_id"] = std::to_string(*tick.run);
  batch.events.push_back(event("tick", tick.at, tick.run.value_or(0), "", {{"schedule", tick.schedule}}, std::move(changes)));
}

void Projection::on(const SchedulePaused& change, AssetStaging&, CommitBatch& batch) {
  json changes = {{"paused", change.paused}};
  set_if(changes, "by", change.by);
  set_if(changes, "reason", change.reason);
  batch.events.push_back(event("schedule_changed", change.at, 0, "", {{"schedule", change.schedule}}, std::move(changes)));
}

}  // namespace assetd
