// What a commit costs: the end of a step with the start of the next, alone and in groups, each synced.
// store_bench [FOLDER]: the store is made there (default: the current folder) and removed.

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "daemon/store/store.h"

namespace assetd {
namespace {

constexpr int kSteps = 10'000;

WallTime at(std::int64_t ms) { return WallTime(Millis(1'790'000'000'000 + ms)); }
std::string asset_key(StepIndex step) { return "warehouse/layer_" + std::to_string(step / 100) + "/table_" + std::to_string(step % 100); }

AttemptId attempt_id(StepIndex step) {
  std::uint64_t random = (step + 1) * 0x9E3779B97F4A7C15U;
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random),
                static_cast<unsigned long long>(random * 0xD1B54A32D192ED03U));
  return text;
}

AttemptRecord intent(StepIndex step) {
  AttemptRecord attempt;
  attempt.id = attempt_id(step);
  attempt.run = 1;
  attempt.unit = step;
  attempt.steps = {step};
  attempt.slots = {{"default", 1}};
  attempt.intended_at = at(step);
  return attempt;
}

Event event(const char* type, StepIndex step, nlohmann::json changes) {
  const auto key = asset_key(step);
  const bool of_asset = std::string_view(type) == "asset_changed";
  const nlohmann::json subject =
      of_asset ? nlohmann::json{{"key", key}} : nlohmann::json{{"run_id", "1"}, {"key", key}, {"partition", nullptr}};
  return {0, at(step), type, 1, key, subject, std::move(changes)};
}

void add_start(StepIndex step, CommitBatch& batch) {
  batch.changes.push_back(AttemptIntended{intent(step)});
  batch.changes.push_back(StepChanged{1, {step, StepStatus::starting, 1}, StepStatus::ready, attempt_id(step)});
  AssetState state;
  state.in_progress = AssetState::InProgress{1, at(step)};
  batch.assets.emplace_back(asset_key(step), state);
  batch.events.push_back(event("step_changed", step, {{"status", "starting"}, {"from", "ready"}, {"attempt", 1}}));
  batch.events.push_back(event("asset_changed", step, {{"status", "materializing"}}));
}

void add_end(StepIndex step, CommitBatch& batch) {
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

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void check(const std::expected<void, StoreError>& done) {
  if (done) return;
  std::fprintf(stderr, "%s\n", done.error().message.c_str());
  std::exit(1);
}

void measure(const std::string& folder, int group) {
  const std::string path = folder + "/store_bench.db";
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  auto store = Store::open(path);
  if (!store) check(std::unexpected(store.error()));
  RunRecord run;
  run.id = 1;
  CommitBatch batch;
  batch.changes.push_back(RunCreated{run, nullptr});
  check((*store)->commit(batch));
  check((*store)->checkpoint());
  const auto empty = std::filesystem::file_size(path);

  const double wall = seconds(CLOCK_MONOTONIC), processor = seconds(CLOCK_THREAD_CPUTIME_ID);
  double outside = 0;  // the processor time of making batches and of checkpoints, which the service does elsewhere
  int commits = 0;
  for (StepIndex step = 0; step < kSteps;) {
    const double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
    batch = {};
    for (int i = 0; i < group && step < kSteps; ++i, ++step) {
      add_end(step, batch);
      add_start(step + 1, batch);
      if (step == 0) add_start(0, batch), std::rotate(batch.changes.begin(), batch.changes.end() - 2, batch.changes.end());
    }
    if (++commits % 256 == 0) check((*store)->checkpoint());
    outside += seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
    check((*store)->commit(batch));
  }
  const double took = seconds(CLOCK_MONOTONIC) - wall, used = seconds(CLOCK_THREAD_CPUTIME_ID) - processor - outside;
  check((*store)->checkpoint());
  std::printf("%3d steps a commit: %7.0f commits/s, %8.0f steps/s, %6.3f ms of processor time a commit, %5.0f bytes of store a step\n", group,
              commits / took, kSteps / took, used / commits * 1e3,
              static_cast<double>(std::filesystem::file_size(path) - empty) / kSteps);
  store->reset();
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  for (const int group : {1, 4, 16, 64}) assetd::measure(folder, group);
  return 0;
}
