#pragma once
// What the service commits when a step ends and the next one starts, as the benches of the store have it.

#include <cstdio>
#include <cstdlib>

#include "daemon/store/store.h"

namespace assetd {

inline WallTime at(std::int64_t ms) { return WallTime(Millis(1'790'000'000'000 + ms)); }
inline std::string asset_key(StepIndex step) { return "warehouse/layer_" + std::to_string(step / 100) + "/table_" + std::to_string(step % 100); }

inline AttemptId attempt_id(StepIndex step) {
  std::uint64_t random = (step + 1) * 0x9E3779B97F4A7C15U;
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random),
                static_cast<unsigned long long>(random * 0xD1B54A32D192ED03U));
  return text;
}

inline AttemptRecord intent(StepIndex step) {
  AttemptRecord attempt;
  attempt.id = attempt_id(step);
  attempt.run = 1;
  attempt.unit = step;
  attempt.steps = {step};
  attempt.slots = {{"default", 1}};
  attempt.intended_at = at(step);
  return attempt;
}

inline Event event(const char* type, StepIndex step, nlohmann::json changes) {
  const auto key = asset_key(step);
  const bool of_asset = std::string_view(type) == "asset_changed";
  const nlohmann::json subject =
      of_asset ? nlohmann::json{{"key", key}} : nlohmann::json{{"run_id", "1"}, {"key", key}, {"partition", nullptr}};
  return {0, at(step), type, 1, key, subject, std::move(changes)};
}

inline void add_start(StepIndex step, CommitBatch& batch) {
  batch.changes.push_back(AttemptIntended{intent(step)});
  batch.changes.push_back(StepChanged{1, {step, StepStatus::starting, 1}, StepStatus::ready, attempt_id(step)});
  AssetState state;
  state.in_progress = AssetState::InProgress{1, at(step)};
  batch.assets.emplace_back(asset_key(step), state);
  batch.events.push_back(event("step_changed", step, {{"status", "starting"}, {"from", "ready"}, {"attempt", 1}}));
  batch.events.push_back(event("asset_changed", step, {{"status", "materializing"}}));
}

inline void add_end(StepIndex step, CommitBatch& batch) {
  auto attempt = intent(step);
  attempt.started_at = at(step + 5);
  attempt.ended_at = at(step + 25);
  attempt.pid = 4242;
  attempt.exit = ExitReport{.kind = ExitReport::Kind::exited, .started_at = at(step + 5), .ended_at = at(step + 25), .user_ms = 3, .system_ms = 1, .max_rss_kb = 9000};
  attempt.outcome = AttemptOutcome::succeeded;
  const nlohmann::json metadata = {{"row_count", 812 + step}};
  batch.changes.push_back(Materialized{{1, step, asset_key(step), attempt.id, metadata, "", 20, at(step + 25)}});
  batch.changes.push_back(AttemptEnded{attempt});
  batch.changes.push_back(StepChanged{1, {step, StepStatus::succeeded, 1, true, "", "", at(step + 5), at(step + 25)}, StepStatus::running, attempt.id});
  AssetState state;
  state.last_attempt = AssetState::Attempt{1, StepStatus::succeeded, "", "", {}, at(step + 25)};
  state.last_materialization = AssetState::Data{1, at(step + 25), metadata, "", "3"};
  batch.assets.emplace_back(asset_key(step), state);
  batch.outcomes.push_back({asset_key(step), 1, 1, StepStatus::succeeded, "", at(step + 5), at(step + 25)});
  batch.events.push_back(event("materialization", step, {{"metadata", metadata}}));
  batch.events.push_back(event("step_changed", step, {{"status", "succeeded"}, {"from", "running"}, {"attempt", 1}}));
  batch.events.push_back(event("asset_changed", step, {{"status", "materialized"}}));
}

inline void check(const std::expected<void, StoreError>& done) {
  if (done) return;
  std::fprintf(stderr, "%s\n", done.error().message.c_str());
  std::exit(1);
}

/// A store with one run in it, made anew at `path`.
inline std::unique_ptr<Store> new_store(const std::string& path) {
  auto store = Store::open(path);
  if (!store) check(std::unexpected(store.error()));
  RunRecord run;
  run.id = 1;
  CommitBatch batch;
  batch.changes.push_back(RunCreated{run, nullptr});
  check((*store)->commit(batch));
  check((*store)->checkpoint());
  return std::move(*store);
}

}  // namespace assetd
