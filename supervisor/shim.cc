#include "supervisor/shim.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>
#include <vector>

#include "supervisor/cause.h"
#include "supervisor/claim.h"
#include "supervisor/control_group.h"
#include "supervisor/shell/kernel_log.h"
#include "supervisor/shell/processes.h"
#include "supervisor/shim_job.h"
#include "supervisor/step.h"
#include "supervisor/warm_step.h"

namespace assetd::supervisor {
namespace {

constexpr std::int64_t kStartToldAfterMs = 5;  // a step that is over by then is told of once: each message wakes two programs
constexpr std::int64_t kShortestKillPauseMs = 1, kLongestKillPauseMs = 50;

std::int64_t clock_ms(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::int64_t microseconds(const timeval& time) { return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec; }

/// From the kernel, when a watched output file is written to.
int output_signal() { return SIGIO; }

StatusMessage status_message(const std::string& attempt, StatusMessage::Kind kind, const Start& start) {
  StatusMessage message{{}, kind, start.pid, start.at_ms, start.warm};
  std::memcpy(message.attempt, attempt.data(), sizeof message.attempt);
  return message;
}

/// What stays the same from one attempt of a shim to the next.
struct ShimLife {
  int pid = getpid();
  std::uint64_t start_ticks = 0;
  int status = -1;
  rlimit open_files{};
  std::optional<WarmStep> warm{};  ///< the first step is this
  Outputs outputs{output_signal()};
};

/// One attempt.
class Shim {
 public:
  Shim(ShimLife& life, const Spawn& spawn, int claim) : life_(life), spawn_(spawn), claim_(claim), group_(spawn.cgroup, spawn.limits) {
    sigemptyset(&awaited_);
    for (const int signal : {SIGCHLD, stop_signal(), output_signal()}) sigaddset(&awaited_, signal);
  }

  /// False when the end could not be recorded: then nobody may believe that this shim still works on it.
  bool run() {
    if (const auto warm = std::exchange(life_.warm, std::nullopt); warm && start_warm(spawn_, *warm, life_.open_files, group_, life_.outputs)) {
      announce(warm->pid, true);
    } else {
      start_cold();
    }
    while (reap()) {
      wait_for_signal();
      tell_if_time();
      escalate();
    }
    life_.outputs.close();  // before the end is told: who reads the output then finds all of it
    end_.usage.user_ms = user_us_ / 1000;
    end_.usage.system_ms = system_us_ / 1000;
    end_.ended_at_ms = clock_ms(CLOCK_REALTIME);
    conclude();
    return write_slot(encode_end(end_));
  }

  /// Once the claim is closed.
  void tell_end() {
    to_tell_.push_back(status_message(spawn_.attempt, StatusMessage::ended, {}));
    tell();
  }

 private:
  void start_cold() {
    const auto pid = start_step(spawn_, life_.open_files, group_, life_.outputs);
    if (pid) return announce(*pid, false);
    end_.outcome = Outcome::exited;
    end_.exit_code = pid.error().exit_code;
    end_.detail = pid.error().detail;
  }

  void announce(int pid, bool warm) {
    step_ = pid;
    const Start start{pid, clock_ms(CLOCK_REALTIME), warm};
    end_.started_at_ms = start.at_ms;
    write_slot(encode_shim({life_.pid, life_.start_ticks, start}));
    to_tell_.push_back(status_message(spawn_.attempt, StatusMessage::started, start));
    tell_at_ms_ = clock_ms(CLOCK_MONOTONIC) + kStartToldAfterMs;
  }

  /// Nobody to read it: the supervisor died, the next one finds the same in the claim.
  void tell() {
    [[maybe_unused]] const auto written = write(life_.status, to_tell_.data(), to_tell_.size() * sizeof(StatusMessage));
    to_tell_.clear();
    tell_at_ms_ = kNever;
  }

  void tell_if_time() {
    if (tell_at_ms_ != kNever && clock_ms(CLOCK_MONOTONIC) >= tell_at_ms_) tell();
  }

  /// Takes the dead. False when no descendant is left: orphans come to us, a subreaper, so no child means no
  /// descendant.
  bool reap() {
    int status = 0;
    int pid = 0;
    rusage usage{};
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
      if (pid == step_) note_status(status);
      // Each with what it waited for itself. RUSAGE_CHILDREN would add the attempts before this one.
      user_us_ += microseconds(usage.ru_utime);
      system_us_ += microseconds(usage.ru_stime);
      end_.usage.max_rss_kb = std::max<std::int64_t>(end_.usage.max_rss_kb, usage.ru_maxrss);
    }
    return pid == 0 || errno != ECHILD;
  }

  void note_status(int status) {
    step_ended_ = true;
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
    const auto until = deadline_ms_ == kNever || tell_at_ms_ == kNever ? std::max(deadline_ms_, tell_at_ms_) : std::min(deadline_ms_, tell_at_ms_);
    if (until == kNever) {
      signal = sigwaitinfo(&awaited_, nullptr);
    } else {
      const auto left = std::max<std::int64_t>(0, until - clock_ms(CLOCK_MONOTONIC));
      const timespec timeout{left / 1000, (left % 1000) * 1'000'000};
      signal = sigtimedwait(&awaited_, nullptr, &timeout);
    }
    if (signal == stop_signal()) read_stop();
    if (signal == output_signal()) life_.outputs.look();
  }

  void read_stop() {
    char file[kClaimSize];
    const auto size = pread(claim_, file, sizeof file, 0);
    auto order = decode_claim({file, static_cast<std::size_t>(std::max<ssize_t>(size, 0))}).stop;
    if (!order || order == stop_) return;  // the same one again: a supervisor that just came up makes sure
    stop_ = std::move(order);
    next_signal_ = 0;
    kill_pause_ms_ = 0;
    deadline_ms_ = 0;
    end_.stopped = end_.stopped || !step_ended_;  // what it left behind may go on after it
  }

  /// The next stage of the stop, if it is time.
  void escalate() {
    if (!stop_ || clock_ms(CLOCK_MONOTONIC) < deadline_ms_) return;
    if (next_signal_ < stop_->signals.size()) {
      signal_tree(stop_->signals[next_signal_++]);
      deadline_ms_ = clock_ms(CLOCK_MONOTONIC) + stop_->grace_ms;
      return;
    }
    group_.kill();
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

  /// Why it ended, as far as that is known. The group goes with the tree.
  void conclude() {
    Evidence evidence{.limits = spawn_.limits, .group_bounds_memory = group_.bounds_memory(), .group = {}, .named_by_kernel_log = {}};
    if (group_.exists()) evidence.group = group_.memory();
    group_.remove();
    if (may_be_in_kernel_log(end_, evidence) && says_killed_for_memory(read_kernel_log(), step_, began_us_)) evidence.named_by_kernel_log = step_;
    find_cause(end_, evidence);
  }

  bool write_slot(const SlotWrite& slot) {
    // In place, in blocks that exist: a full disk does not stop it. If it fails all the same the attempt counts as
    // lost.
    return pwrite(claim_, slot.bytes.data(), slot.bytes.size(), static_cast<off_t>(slot.offset)) == static_cast<ssize_t>(slot.bytes.size());
  }

  static constexpr std::int64_t kNever = -1;

  ShimLife& life_;
  const Spawn& spawn_;
  const int claim_;
  ControlGroup group_;
  sigset_t awaited_;
  std::int64_t began_us_ = clock_ms(CLOCK_MONOTONIC) * 1000;
  int step_ = 0;
  bool step_ended_ = false;
  End end_;
  std::int64_t user_us_ = 0, system_us_ = 0;
  std::optional<StopOrder> stop_;
  std::size_t next_signal_ = 0;
  std::int64_t kill_pause_ms_ = 0;
  std::int64_t deadline_ms_ = kNever;  ///< on the monotonic clock
  std::vector<StatusMessage> to_tell_;
  std::int64_t tell_at_ms_ = kNever;   ///< on the monotonic clock
};

/// Nothing of the supervisor may stay open here: its connection and lock would outlive it.
void close_all_but(ShimFiles files) {
  std::array keep{files.claim, files.status, files.jobs};
  std::ranges::sort(keep);
  int next = STDERR_FILENO + 1;
  for (const int fd : keep) {
    if (fd > next) close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1), 0);
    next = std::max(next, fd + 1);
  }
  close_range(static_cast<unsigned>(next), ~0u, 0);
}

/// Runs one attempt to its recorded end. False: this shim is to end with it.
bool serve(ShimLife& life, const Spawn& spawn, int claim) {
  Shim shim(life, spawn, claim);
  if (!shim.run()) return false;
  close(claim);
  shim.tell_end();
  return true;
}

}  // namespace

int stop_signal() { return SIGUSR1; }

void run_shim(const Spawn& spawn, ShimFiles files, const rlimit& open_files) {
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "assetd-shim");
  close_all_but(files);
  ShimLife life{.status = files.status, .open_files = open_files};
  if (const auto self = read_process(life.pid)) life.start_ticks = self->start_ticks;
  bool more = serve(life, spawn, files.claim) && files.jobs >= 0;
  while (more) {
    const auto job = receive_job(files.jobs);
    more = job && serve(life, job->spawn, job->claim);
  }
  _exit(0);
}

void run_warm_shim(int step, int go, ShimFiles files) {
  setsid();  // it is one already, if the worker did as it should
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NAME, "assetd-shim");
  ShimLife life{.status = files.status, .warm = WarmStep{step, go}};
  getrlimit(RLIMIT_NOFILE, &life.open_files);
  if (const auto self = read_process(life.pid)) life.start_ticks = self->start_ticks;
  const WarmShimHello hello{life.start_ticks};
  const bool said = send(files.jobs, &hello, sizeof hello, MSG_NOSIGNAL) == sizeof hello;
  if (const auto job = said ? receive_job(files.jobs) : std::nullopt; job) serve(life, job->spawn, job->claim);
  if (life.warm) end_warm(*life.warm);
  _exit(0);
}

}  // namespace assetd::supervisor
