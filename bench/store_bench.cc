// What a commit costs: the end of a step with the start of the next, alone and in groups, each synced.
// store_bench [FOLDER]: the store is made there (default: the current folder) and removed.

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "bench/step_commits.h"

namespace assetd {
namespace {

constexpr int kSteps = 10'000;

double seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void measure(const std::string& folder, int group) {
  const std::string path = folder + "/store_bench.db";
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  auto store = new_store(path);
  const auto empty = std::filesystem::file_size(path);

  const double wall = seconds(CLOCK_MONOTONIC), processor = seconds(CLOCK_THREAD_CPUTIME_ID);
  double outside = 0;  // the processor time of making batches and of checkpoints, which the service does elsewhere
  int commits = 0;
  for (StepIndex step = 0; step < kSteps;) {
    const double begin = seconds(CLOCK_THREAD_CPUTIME_ID);
    CommitBatch batch;
    for (int i = 0; i < group && step < kSteps; ++i, ++step) {
      add_end(step, batch);
      add_start(step + 1, batch);
      if (step == 0) add_start(0, batch), std::rotate(batch.changes.begin(), batch.changes.end() - 2, batch.changes.end());
    }
    if (++commits % 256 == 0) check(store->checkpoint());
    outside += seconds(CLOCK_THREAD_CPUTIME_ID) - begin;
    check(store->commit(batch));
  }
  const double took = seconds(CLOCK_MONOTONIC) - wall, used = seconds(CLOCK_THREAD_CPUTIME_ID) - processor - outside;
  check(store->checkpoint());
  std::printf("%3d steps a commit: %7.0f commits/s, %8.0f steps/s, %6.3f ms of processor time a commit, %5.0f bytes of store a step\n", group,
              commits / took, kSteps / took, used / commits * 1e3,
              static_cast<double>(std::filesystem::file_size(path) - empty) / kSteps);
  store.reset();
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  for (const int group : {1, 4, 16, 64}) assetd::measure(folder, group);
  return 0;
}
