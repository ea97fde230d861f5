#include "daemon/execution/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "daemon/execution/process_tree.h"

extern char** environ;

namespace assetd {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};

std::string error_text(int code) { return std::system_category().message(code); }

std::expected<Pipe, std::string> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected("no pipe: " + error_text(errno));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Process groups of the children that are alive; slots that a signal handler can read.
std::array<std::atomic<pid_t>, 64> live_groups;

class LiveGroup {
 public:
  explicit LiveGroup(pid_t group) {
    for (auto& slot : live_groups) {
      pid_t none = 0;
      if (slot.compare_exchange_strong(none, group)) {
        slot_ = &slot;
        return;
      }
    }
  }
  ~LiveGroup() {
    if (slot_) slot_->store(0);
  }
  LiveGroup(const LiveGroup&) = delete;
  LiveGroup& operator=(const LiveGroup&) = delete;

 private:
  std::atomic<pid_t>* slot_ = nullptr;
};

class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// Signals that the daemon ignores or blocks (SIGPIPE above all) would be inherited, and most programs don't expect it.
void fresh_signals_and_group(SpawnSetup& setup) {
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&setup.attributes, &all);
  posix_spawnattr_setsigmask(&setup.attributes, &none);
  posix_spawnattr_setpgroup(&setup.attributes, 0);
  posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_block(const std::map<std::string, std::string>& env) {
  std::vector<std::string> block;
  for (const auto& [name, value] : env) block.push_back(name + "=" + value);
  return block;
}

struct Streams {
  Descriptor input, output, errors;
};

std::expected<std::pair<pid_t, Streams>, std::string> spawn(const ChildSpec& spec) {
  auto in = make_pipe(), out = make_pipe(), err = make_pipe();
  for (const auto* pipe : {&in, &out, &err})
    if (!*pipe) return std::unexpected(pipe->error());
  SpawnSetup setup;
  fresh_signals_and_group(setup);
  posix_spawn_file_actions_adddup2(&setup.actions, in->read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, out->write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&setup.actions, err->write.get(), STDERR_FILENO);
  if (!spec.cwd.empty()) posix_spawn_file_actions_addchdir_np(&setup.actions, spec.cwd.c_str());
  auto argv = spec.argv;
  auto block = environment_block(spec.env.value_or(std::map<std::string, std::string>{}));
  auto env = pointers(block);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, argv[0].c_str(), &setup.actions, &setup.attributes, pointers(argv).data(),
                                  spec.env ? env.data() : environ);
  if (failed != 0)
    return std::unexpected("can't start " + argv[0] + (spec.cwd.empty() ? "" : " in " + spec.cwd) + ": " +
                           error_text(failed));
  return std::pair(pid, Streams{std::move(in->write), std::move(out->read), std::move(err->read)});
}

bool ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

bool is_stopped(const ChildSpec& spec) { return spec.stop && *spec.stop; }

/// Feeds and reads until both outputs are closed, the time is over or there is too much.
class Exchange {
 public:
  Exchange(const ChildSpec& spec, pid_t pid, Streams streams, ChildResult& result)
      : spec_(spec), pid_(pid), streams_(std::move(streams)), result_(result), deadline_(Clock::now() + spec.timeout) {
    ::fcntl(streams_.input.get(), F_SETFL, O_NONBLOCK);
    if (spec.input.empty()) streams_.input.close();
  }

  void run() {
    while (streams_.output.get() >= 0 || streams_.errors.get() >= 0) {
      if (!step()) return;
    }
  }

  Clock::time_point deadline() const { return deadline_; }

 private:
  bool step() {
    std::array<pollfd, 3> polled{
        {{streams_.input.get(), POLLOUT, 0}, {streams_.output.get(), POLLIN, 0}, {streams_.errors.get(), POLLIN, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) return end(ChildResult::End::timed_out);
    if (is_stopped(spec_)) return end(ChildResult::End::stopped);
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(std::min<long long>(left, kLook)));
    if (ready < 0) return errno == EINTR;
    if (ready == 0) return !ended(pid_);  // what it left running may hold its outputs open for ever
    if (polled[0].revents != 0) feed();
    if (polled[1].revents != 0) read(streams_.output, result_.output);
    if (polled[2].revents != 0) read(streams_.errors, result_.errors);
    if (result_.errors.size() > 2 * spec_.keep_errors)
      result_.errors.erase(0, result_.errors.size() - spec_.keep_errors);
    return result_.output.size() <= spec_.max_output || end(ChildResult::End::too_much);
  }

  bool end(ChildResult::End end) {
    result_.end = end;
    return false;
  }

  // A program that closes its stdin unread is free to do so: EPIPE is no error (SIGPIPE is blocked by the caller).
  void feed() {
    const auto written = ::write(streams_.input.get(), spec_.input.data() + fed_, spec_.input.size() - fed_);
    if (written > 0) fed_ += static_cast<std::size_t>(written);
    if (fed_ == spec_.input.size() || (written < 0 && errno != EAGAIN && errno != EINTR)) streams_.input.close();
  }

  static void read(Descriptor& from, std::string& into) {
    std::array<char, 64 << 10> buffer;
    const auto count = ::read(from.get(), buffer.data(), buffer.size());
    if (count > 0)
      into.append(buffer.data(), static_cast<std::size_t>(count));
    else if (count == 0 || errno != EINTR)
      from.close();
  }

  static constexpr long long kLook = 200;  ///< ms between looks at a silent program

  const ChildSpec& spec_;
  pid_t pid_;
  Streams streams_;
  ChildResult& result_;
  Clock::time_point deadline_;
  std::size_t fed_ = 0;
};

/// Keeps SIGPIPE from this thread while it writes to a pipe that the child may close.
class BlockedSigpipe {
 public:
  BlockedSigpipe() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  }
  ~BlockedSigpipe() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const timespec now{0, 0};
    if (!sigismember(&before_, SIGPIPE))
      while (sigtimedwait(&pipe, nullptr, &now) > 0) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  BlockedSigpipe(const BlockedSigpipe&) = delete;
  BlockedSigpipe& operator=(const BlockedSigpipe&) = delete;

 private:
  sigset_t before_;
};

// Its outputs are closed but it may still live; polled coarsely, for that is rare.
void await_end(const ChildSpec& spec, pid_t pid, Clock::time_point deadline, ChildResult& result) {
  while (result.end == ChildResult::End::exited && !ended(pid)) {
    if (is_stopped(spec)) result.end = ChildResult::End::stopped;
    if (Clock::now() >= deadline) result.end = ChildResult::End::timed_out;
    ::poll(nullptr, 0, 1);
  }
}

// Before the leader is reaped, so that its group's number can't have gone to another.
void kill_group(pid_t pid, std::chrono::milliseconds grace) {
  ::kill(-pid, SIGTERM);
  for (const auto until = Clock::now() + grace; !ended(pid) && Clock::now() < until;) ::poll(nullptr, 0, 10);
  ::kill(-pid, SIGKILL);
}

/// Also what left its group. Stopped first: what cannot fork has no child that is overlooked.
void kill_tree(pid_t pid) {
  ::kill(-pid, SIGSTOP);
  std::vector<pid_t> tree;
  for (auto now = descendants_of(pid); now.size() > tree.size(); now = descendants_of(pid)) {
    tree = std::move(now);
    for (const auto each : tree) ::kill(each, SIGSTOP);
  }
  for (const auto each : tree) ::kill(each, SIGKILL);
  ::kill(-pid, SIGKILL);
}

void reap(const ChildSpec& spec, pid_t pid, ChildResult& result) {
  if (result.end == ChildResult::End::stopped && spec.killed_by_stop) kill_tree(pid);
  else if (result.end != ChildResult::End::exited) kill_group(pid, spec.grace);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (result.end != ChildResult::End::exited) return;
  if (WIFSIGNALED(status)) result.end = ChildResult::End::signaled;
  result.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::expected<ChildResult, std::string> run_child(const ChildSpec& spec) {
  const BlockedSigpipe blocked;
  auto started = spawn(spec);
  if (!started) return std::unexpected(started.error());
  auto& [pid, streams] = *started;
  const LiveGroup alive(pid);
  ChildResult result;
  Exchange exchange(spec, pid, std::move(streams), result);
  exchange.run();
  await_end(spec, pid, exchange.deadline(), result);
  reap(spec, pid, result);
  if (result.errors.size() > spec.keep_errors) result.errors.erase(0, result.errors.size() - spec.keep_errors);
  return result;
}

std::string describe_end(const ChildResult& result, const ChildSpec& spec) {
  switch (result.end) {
    case ChildResult::End::exited:
      return "exit code " + std::to_string(result.code);
    case ChildResult::End::signaled:
      return "signal " + std::to_string(result.code) + " (" + ::strsignal(result.code) + ")";
    case ChildResult::End::timed_out:
      return "no answer within " + std::to_string(spec.timeout.count() / 1000) + "s";
    case ChildResult::End::too_much:
      return "an answer of more than " + std::to_string(spec.max_output >> 20) + " MiB";
    case ChildResult::End::stopped:
      return "a stop before its end";
  }
  return {};
}

void kill_children() {
  for (auto& slot : live_groups)
    if (const pid_t group = slot.load(); group > 0) ::kill(-group, SIGKILL);
}

}  // namespace assetd
