// floor_bench COUNT PARALLEL FOLDER: the least that keeps the promise that every end and every start is on disk before anything follows from it. One thread that
// starts /bin/true, waits and commits through the store; no output, no messages. Prints steps a second: so ("durable"), without the commit ("bare"), with the
// commit and a shim ("shimmed"): a small process beside forks one for each step, which starts it and would keep its exit code if all above it died; and with the
// shims that assetd has ("reused"): they take one step after the other, and are spoken to through a supervisor that may be replaced.

#include <poll.h>
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
#include <vector>

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
Starter behind(const std::function<void(int asked, int ended)>& starts_shims) {
  int asked[2], ended[2];
  if (pipe(asked) != 0 || pipe(ended) != 0) std::exit(1);
  if (fork() == 0) {
    close(asked[1]);
    starts_shims(asked[0], ended[1]);
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

struct Ended {
  std::uint32_t shim = 0;
  StepIndex step = 0;
};

[[noreturn]] void shim_of_many(std::uint32_t self, int asked, int ended) {
  setsid();
  Ended done{self, 0};
  while (read(asked, &done.step, sizeof done.step) == sizeof done.step) {
    waitpid(spawn(), nullptr, 0);
    if (write(ended, &done, sizeof done) != sizeof done) break;
  }
  _exit(0);
}

/// Between daemon and shims: gives each step to a shim that is free, and passes on what has ended.
[[noreturn]] void supervise(int asked, int ended, std::uint32_t shims) {
  int done[2];
  if (pipe(done) != 0) _exit(1);
  std::vector<int> jobs(shims);
  std::vector<std::uint32_t> free;
  for (std::uint32_t i = 0; i < shims; ++i) {
    int job[2];
    if (pipe(job) != 0) _exit(1);
    if (fork() == 0) {
      close(job[1]);
      for (std::uint32_t other = 0; other < i; ++other) close(jobs[other]);
      shim_of_many(i, job[0], done[1]);
    }
    close(job[0]);
    jobs[i] = job[1];
    free.push_back(i);
  }
  pollfd waiting[] = {{asked, POLLIN, 0}, {done[0], POLLIN, 0}};
  while (poll(waiting, 2, -1) > 0) {
    if (Ended over; waiting[1].revents & POLLIN && read(done[0], &over, sizeof over) == sizeof over) {
      free.push_back(over.shim);
      if (write(ended, &over.step, sizeof over.step) != sizeof over.step) break;
    }
    if (!(waiting[0].revents & (POLLIN | POLLHUP))) continue;
    StepIndex step = 0;
    if (read(asked, &step, sizeof step) != sizeof step) break;
    if (free.empty() || write(jobs[free.back()], &step, sizeof step) != sizeof step) break;
    free.pop_back();
  }
  _exit(0);
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
  const auto shims = behind(start_shims), reused = behind([&](int asked, int ended) { supervise(asked, ended, parallel); });
  const double durable = durable_steps_per_second(count, parallel, directly(), folder / "durable.sqlite");
  const double shimmed = durable_steps_per_second(count, parallel, shims, folder / "shimmed.sqlite");
  const double with_reused = durable_steps_per_second(count, parallel, reused, folder / "reused.sqlite");
  const double bare = steps_per_second(count, parallel, directly(), [](StepIndex, StepIndex) {});
  std::printf("{\"durable_per_s\": %.1f, \"shimmed_per_s\": %.1f, \"reused_per_s\": %.1f, \"bare_per_s\": %.1f}\n", durable, shimmed, with_reused, bare);
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: floor_bench COUNT PARALLEL FOLDER\n", stderr), 2;
  assetd::measure(static_cast<assetd::StepIndex>(std::atoi(argv[1])), static_cast<assetd::StepIndex>(std::atoi(argv[2])), argv[3]);
  return 0;
}
