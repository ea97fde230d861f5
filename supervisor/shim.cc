#include "supervisor/shim.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "supervisor/claim.h"
#include "supervisor/shell/processes.h"
#include "supervisor/step.h"

namespace assetd::supervisor {
namespace {

constexpr std::int64_t kShortestKillPauseMs = 1, kLongestKillPauseMs = 50;

std::int64_t clock_ms(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::int64_t milliseconds(const timeval& time) { return std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000; }

class Shim {
 public:
  Shim(const Spawn& spawn, ShimFiles files) : spawn_(spawn), files_(files) {
    sigemptyset(&awaited_);
    sigaddset(&awaited_, SIGCHLD);
    sigaddset(&awaited_, stop_signal());
  }

  void run(const rlimit& open_files) {
    const auto pid = start_step(spawn_, open_files);
    if (!pid) {
      end_.outcome = Outcome::exited;
      end_.exit_code = pid.error().exit_code;
      end_.detail = pid.error().detail;
    } else {
      announce(*pid);
    }
    while (reap()) {
      wait_for_signal();
      escalate();
    }
    write_end();
  }

 private:
  void announce(int pid) {
    step_ = pid;
    const Start start{pid, clock_ms(CLOCK_REALTIME)};
    end_.started_at_ms = start.at_ms;
    const auto self = read_process(getpid());
    write_slot(encode_shim({getpid(), self ? self->start_ticks : 0, start}));
    StatusMessage message{{}, start.pid, start.at_ms};
    std::memcpy(message.attempt, spawn_.attempt.data(), sizeof message.attempt);
    // Nobody to read it: the supervisor died, the next one finds the start in the claim.
    [[maybe_unused]] const auto written = write(files_.status, &message, sizeof message);
  }

  /// Takes the dead. False when no descendant is left: orphans come to us, a subreaper, so no child means no
  /// descendant.
  bool reap() {
    int status = 0;
    int pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == step_) note_status(status);
    }
    return pid == 0 || errno != ECHILD;
  }

  void note_status(int status) {
    if (WIFEXITED(status)) {
      end_.outcome = Outcome::exited;
      end_.exit_code = WEXITSTATUS(status);
    } else {
      end_.outcome = Outcome::signaled;
      end_.signal = WTERMSIG(status);
      end_.core_dumped = WCOREDUMP(status);
    }
  }

  void wait_for_signal() {
    int signal = 0;
    if (deadline_ms_ == kNever) {
      signal = sigwaitinfo(&awaited_, nullptr);
    } else {
      const auto left = std::max<std::int64_t>(0, deadline_ms_ - clock_ms(CLOCK_MONOTONIC));
      const timespec timeout{left / 1000, (left % 1000) * 1'000'000};
      signal = sigtimedwait(&awaited_, nullptr, &timeout);
    }
    if (signal == stop_signal()) read_stop();
  }

  void read_stop() {
    char file[kClaimSize];
    const auto size = pread(files_.claim, file, sizeof file, 0);
    auto order = decode_claim({file, static_cast<std::size_t>(std::max<ssize_t>(size, 0))}).stop;
    if (!order || order == stop_) return;  // the same one again: a supervisor that just came up makes sure
    stop_ = std::move(order);
    next_signal_ = 0;
    kill_pause_ms_ = 0;
    deadline_ms_ = 0;
    end_.stopped = true;
  }

  /// The next stage of the stop, if it is time.
  void escalate() {
    if (!stop_ || clock_ms(CLOCK_MONOTONIC) < deadline_ms_) return;
    if (next_signal_ < stop_->signals.size()) {
      signal_tree(stop_->signals[next_signal_++]);
      deadline_ms_ = clock_ms(CLOCK_MONOTONIC) + stop_->grace_ms;
      return;
    }
    // Whoever is killed hands its children to us; a process that forks meanwhile is found the next time.
    for (const int pid : descendants_of(getpid())) kill(pid, SIGKILL);
    kill_pause_ms_ = std::clamp(kill_pause_ms_ * 2, kShortestKillPauseMs, kLongestKillPauseMs);
    deadline_ms_ = clock_ms(CLOCK_MONOTONIC) + kill_pause_ms_;
  }

  /// One signal for each process: the step's group at once, then those that left it.
  void signal_tree(int signal) {
    const auto tree = descendants_of(getpid());
    const auto in_group = [this](int pid) { return getpgid(pid) == step_; };
    if (std::ranges::any_of(tree, in_group)) kill(-step_, signal);
    for (const int pid : tree) {
      if (!in_group(pid)) kill(pid, signal);
    }
  }

  void write_end() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    end_.usage = {milliseconds(usage.ru_utime), milliseconds(usage.ru_stime), usage.ru_maxrss};
    end_.ended_at_ms = clock_ms(CLOCK_REALTIME);
    write_slot(encode_end(end_));
  }

  void write_slot(const SlotWrite& slot) {
    // In place, in blocks that exist: a full disk does not stop it. If it fails all the same the attempt counts as
    // lost.
    [[maybe_unused]] const auto written =
        pwrite(files_.claim, slot.bytes.data(), slot.bytes.size(), static_cast<off_t>(slot.offset));
  }

  static constexpr std::int64_t kNever = -1;

  const Spawn& spawn_;
  const ShimFiles files_;
  sigset_t awaited_;
  int step_ = 0;
  End end_;
  std::optional<StopOrder> stop_;
  std::size_t next_signal_ = 0;
  std::int64_t kill_pause_ms_ = 0;
  std::int64_t deadline_ms_ = kNever;  ///< on the monotonic clock
};

/// Nothing of the supervisor may stay open here: its connection and lock would outlive it.
void close_all_but(ShimFiles files) {
  const auto low = static_cast<unsigned>(std::min(files.claim, files.status));
  const auto high = static_cast<unsigned>(std::max(files.claim, files.status));
  if (low > 3) close_range(3, low - 1, 0);
  if (high > low + 1) close_range(low + 1, high - 1, 0);
  close_range(high + 1, ~0u, 0);
}

}  // namespace

int stop_signal() { return SIGUSR1; }

void run_shim(const Spawn& spawn, ShimFiles files, const rlimit& open_files) {
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "assetd-shim");
  close_all_but(files);
  Shim(spawn, files).run(open_files);
  _exit(0);
}

}  // namespace assetd::supervisor
