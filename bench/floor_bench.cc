// floor_bench COUNT PARALLEL FOLDER: the least that keeps the promise that every end and every start is on disk before anything follows from it. One thread that
// starts /bin/true, waits and commits through the store; no output, no messages. Prints steps a second: so ("durable"), without the commit ("bare"), and with the
// commit and a shim ("shimmed"): a small process beside forks one for each step, which starts it and would keep its exit code if all above it died.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>

#include "bench/step_commits.h"

namespace assetd {
namespace {

/// How steps are started, and how the next one that has ended is known.
struct Starter {
  std::function<void(StepIndex)> start;
  std::function<StepIndex()> wait;
};

pid_t spawn() {
  char name[] = "/bin/true";
  char* argv[] = {name, nullptr};
  pid_t pid = 0;
  if (posix_spawn(&pid, name, nullptr, nullptr, argv, environ) != 0) std::exit(1);
  return pid;
}

Starter directly() {
  auto running = std::make_shared<std::map<pid_t, StepIndex>>();
  return {[running](StepIndex step) { (*running)[spawn()] = step; }, [running] { return running->extract(waitpid(-1, nullptr, 0)).mapped(); }};
}

[[noreturn]] void shim(StepIndex step, int ended) {
  setsid();
  std::signal(SIGCHLD, SIG_DFL);
  waitpid(spawn(), nullptr, 0);
  _exit(write(ended, &step, sizeof step) == sizeof step ? 0 : 1);
}

[[noreturn]] void start_shims(int asked, int ended) {
  std::signal(SIGCHLD, SIG_IGN);
  StepIndex step = 0;
  while (read(asked, &step, sizeof step) == sizeof step)
    if (fork() == 0) shim(step, ended);
  _exit(0);
}

/// To be called while the process is small: a fork costs what it must copy.
Starter behind_shims() {
  int asked[2], ended[2];
  if (pipe(asked) != 0 || pipe(ended) != 0) std::exit(1);
  if (fork() == 0) {
    close(asked[1]);
    start_shims(asked[0], ended[1]);
  }
  const auto end = ended[0], ask = asked[1];
  const auto whole = [](ssize_t moved) { if (moved != sizeof(StepIndex)) std::exit(1); };
  return {[ask, whole](StepIndex step) { whole(write(ask, &step, sizeof step)); },
          [end, whole] {
            StepIndex step = 0;
            whole(read(end, &step, sizeof step));
            return step;
          }};
}

/// `between` comes after a step's end and before the next one's start.
double steps_per_second(StepIndex count, StepIndex parallel, const Starter& starter, const std::function<void(StepIndex, StepIndex)>& between) {
  const auto begin = std::chrono::steady_clock::now();
  StepIndex begun = 0;
  while (begun < std::min(count, parallel)) starter.start(begun++);
  for (StepIndex over = 0; over < count; ++over) {
    const auto ended = starter.wait();
    between(ended, begun);
    if (begun < count) starter.start(begun++);
  }
  return count / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double durable_steps_per_second(StepIndex count, StepIndex parallel, const Starter& starter, const std::filesystem::path& path) {
  auto store = new_store(path);
  CommitBatch first;
  for (StepIndex step = 0; step < parallel; ++step) add_start(step, first);
  check(store->commit(first));
  int commits = 0;
  return steps_per_second(count, parallel, starter, [&](StepIndex ended, StepIndex next) {
    CommitBatch batch;
    add_end(ended, batch);
    if (next < count) add_start(next, batch);
    check(store->commit(batch));
    if (++commits % 256 == 0) check(store->checkpoint());
  });
}

void measure(StepIndex count, StepIndex parallel, const std::filesystem::path& folder) {
  const auto shims = behind_shims();
  const double durable = durable_steps_per_second(count, parallel, directly(), folder / "durable.sqlite");
  const double shimmed = durable_steps_per_second(count, parallel, shims, folder / "shimmed.sqlite");
  const double bare = steps_per_second(count, parallel, directly(), [](StepIndex, StepIndex) {});
  std::printf("{\"durable_per_s\": %.1f, \"shimmed_per_s\": %.1f, \"bare_per_s\": %.1f}\n", durable, shimmed, bare);
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: floor_bench COUNT PARALLEL FOLDER\n", stderr), 2;
  assetd::measure(static_cast<assetd::StepIndex>(std::atoi(argv[1])), static_cast<assetd::StepIndex>(std::atoi(argv[2])), argv[3]);
  return 0;
}
