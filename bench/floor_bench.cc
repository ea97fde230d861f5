// floor_bench COUNT PARALLEL FOLDER: the least that keeps the promise that every end and every start is on disk before anything follows from it. One process, one
// thread, no supervisor, no shim, no output: posix_spawn of /bin/true, wait, commit through the store. What assetd is slower than this is the price of surviving
// the death of any of its programs. Prints steps a second, with the commit and without it.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>

#include "bench/step_commits.h"

namespace assetd {
namespace {

pid_t spawn() {
  char name[] = "/bin/true";
  char* argv[] = {name, nullptr};
  pid_t pid = 0;
  if (posix_spawn(&pid, name, nullptr, nullptr, argv, environ) != 0) std::exit(1);
  return pid;
}

/// `between` comes after a step's end and before the next one's start.
double steps_per_second(StepIndex count, StepIndex parallel, const std::function<void(StepIndex, StepIndex)>& between) {
  const auto begin = std::chrono::steady_clock::now();
  std::map<pid_t, StepIndex> running;
  StepIndex begun = 0;
  while (begun < std::min(count, parallel)) running[spawn()] = begun, ++begun;
  while (!running.empty()) {
    const auto ended = running.extract(waitpid(-1, nullptr, 0)).mapped();
    between(ended, begun);
    if (begun < count) running[spawn()] = begun, ++begun;
  }
  return count / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void measure(StepIndex count, StepIndex parallel, const std::string& folder) {
  const auto path = std::filesystem::path(folder) / "floor.sqlite";
  auto store = new_store(path);
  CommitBatch first;
  for (StepIndex step = 0; step < parallel; ++step) add_start(step, first);
  check(store->commit(first));
  int commits = 0;
  const double durable = steps_per_second(count, parallel, [&](StepIndex ended, StepIndex next) {
    CommitBatch batch;
    add_end(ended, batch);
    if (next < count) add_start(next, batch);
    check(store->commit(batch));
    if (++commits % 256 == 0) check(store->checkpoint());
  });
  const double bare = steps_per_second(count, parallel, [](StepIndex, StepIndex) {});
  std::printf("{\"durable_per_s\": %.1f, \"bare_per_s\": %.1f}\n", durable, bare);
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: floor_bench COUNT PARALLEL FOLDER\n", stderr), 2;
  assetd::measure(static_cast<assetd::StepIndex>(std::atoi(argv[1])), static_cast<assetd::StepIndex>(std::atoi(argv[2])), argv[3]);
  return 0;
}
