// A simulated time of 10,000 steps a day (ten runs of 1,000 assets) with the default retention: what the store's file comes to, and how long a step of pruning
// holds the writer. retention_bench DAYS FOLDER [DAYS_KEPT]: one JSON object.

#include <time.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "bench/step_commits.h"
#include "core/definition/retention.h"
#include "daemon/store/prune.h"

namespace assetd {
namespace {

constexpr int kRunsADay = 10;
constexpr StepIndex kAssets = 1'000;
constexpr auto kDay = std::chrono::hours(24);

struct Writer {
  std::unique_ptr<Store> store;
  RunId run = 0;
  double longest_ms = 0, longest_cpu_ms = 0;
  int over_50_ms = 0;
  std::int64_t steps = 0;
};

AttemptId id_of(RunId run, StepIndex step) { return attempt_id(static_cast<StepIndex>(run) * kAssets + step); }

/// One step of a run from its intent to its end, a second after the one before.
void add_step(RunId run, StepIndex step, WallTime when, CommitBatch& batch) {
  CommitBatch one;
  add_start(step, one);
  add_end(step, one);
  const auto id = id_of(run, step);
  for (auto& change : one.changes) {
    if (auto* intended = std::get_if<AttemptIntended>(&change)) intended->attempt.id = id, intended->attempt.run = run, intended->attempt.intended_at = when;
    else if (auto* ended = std::get_if<AttemptEnded>(&change)) ended->attempt.id = id, ended->attempt.run = run, ended->attempt.started_at = ended->attempt.ended_at = when;
    else if (auto* made = std::get_if<Materialized>(&change)) made->materialization.run = run, made->materialization.attempt = id, made->materialization.at = when;
    else if (auto* changed = std::get_if<StepChanged>(&change)) changed->run = run, changed->attempt = id, changed->step.ended_at = when;
  }
  for (auto& event : one.events) {
    event.run = run, event.at = when;
    if (event.subject.contains("run_id")) event.subject["run_id"] = std::to_string(run);
  }
  for (auto& outcome : one.outcomes) outcome.run = run, outcome.started_at = outcome.ended_at = when;
  std::move(one.changes.begin(), one.changes.end(), std::back_inserter(batch.changes));
  std::move(one.events.begin(), one.events.end(), std::back_inserter(batch.events));
  std::move(one.outcomes.begin(), one.outcomes.end(), std::back_inserter(batch.outcomes));
  batch.assets.push_back(std::move(one.assets.back()));
}

void add_run(Writer& writer, WallTime when) {
  RunRecord record;
  record.id = ++writer.run;
  record.created_at = when;
  record.started_at = when;
  record.steps_total = kAssets;
  CommitBatch batch;
  batch.changes.push_back(RunCreated{record, nullptr});
  for (StepIndex step = 0; step < kAssets; ++step) add_step(record.id, step, when + std::chrono::seconds(step), batch);
  record.status = RunStatus::succeeded;
  record.ended_at = when + std::chrono::seconds(kAssets);
  batch.changes.push_back(RunChanged{record, RunStatus::running, {{"succeeded", kAssets}}, nlohmann::json::array()});
  check(writer.store->commit(batch));
}

/// Of this thread: what a machine that does something else at the time adds nothing to.
double cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

void prune(Writer& writer, WallTime now, const Retention& ages) {
  PruneSweep sweep({now - kDay, now - ages.events, now - ages.runs, now - ages.runs});
  while (!sweep.over()) {
    if (writer.store->is_moving_log()) {  // the housekeeper waits as well
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    const auto begun = std::chrono::steady_clock::now();
    const auto cpu_begun = cpu_ms();
    check(writer.store->prune(sweep, PruneBounds{}));
    writer.longest_cpu_ms = std::max(writer.longest_cpu_ms, cpu_ms() - cpu_begun);
    const auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
    writer.longest_ms = std::max(writer.longest_ms, took);
    writer.over_50_ms += took > 50;
    ++writer.steps;
  }
}

int simulate(int days, const std::string& folder, const Retention& ages) {
  const std::string path = folder + "/retention_bench.db";
  auto opened = Store::open(path);
  if (!opened) return std::fprintf(stderr, "%s\n", opened.error().message.c_str()), 1;
  Writer writer{std::move(*opened)};
  std::printf("{\"steps_a_day\": %d, \"days\": %d, \"megabytes\": {", kRunsADay * static_cast<int>(kAssets), days);
  for (int day = 1; day <= days; ++day) {
    const auto morning = at(0) + day * kDay;
    for (int run = 0; run < kRunsADay; ++run) add_run(writer, morning + run * std::chrono::hours(2));
    prune(writer, morning + kDay, ages);
    if (day % 30 != 0 && day != days) continue;
    check(writer.store->checkpoint());
    std::printf("%s\"%d\": %.1f", day > 30 ? ", " : "", day, static_cast<double>(std::filesystem::file_size(path)) / 1e6);
    std::fflush(stdout);
  }
  std::printf("}, \"prune_steps\": %lld, \"longest_ms\": %.2f, \"longest_cpu_ms\": %.2f, \"over_50_ms\": %d}\n", static_cast<long long>(writer.steps),
              writer.longest_ms, writer.longest_cpu_ms, writer.over_50_ms);
  return 0;
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: retention_bench DAYS FOLDER [DAYS_KEPT]\n"), 2;
  assetd::Retention ages;
  if (argc > 3) ages.runs = ages.events = std::chrono::days(std::atoi(argv[3]));
  return assetd::simulate(std::atoi(argv[1]), argv[2], ages);
}
