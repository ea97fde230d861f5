#include "supervisor/step.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "supervisor/tree_tag.h"

namespace assetd::supervisor {
namespace {

constexpr rlim_t kCpuKillDelaySeconds = 5;

/// Everything the child needs, laid out beforehand: between clone and exec it shares our memory and may not allocate.
struct Launch {
  std::vector<std::string> programs;  ///< what to try, in order
  std::vector<char*> argv, env;
  const char* cwd = nullptr;
  int out = -1, err = -1;
  int group = -1;  ///< cgroup.procs of its control group
  std::vector<StepLimit> limits;
  // Written by the child when something failed:
  enum class Step { none, group, directory, limits, program } failed = Step::none;
  const char* limit = "";
  int error = 0;
};

std::string_view path_of(const std::vector<std::string>& env) {
  for (std::string_view entry : env) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

/// As execvp(3) looks a program up, but in the PATH of the step.
std::vector<std::string> candidates(const std::string& program, const std::vector<std::string>& env) {
  if (program.find('/') != std::string::npos) return {program};
  std::vector<std::string> found;
  std::string_view rest = path_of(env);
  for (bool more = true; more;) {
    const auto colon = rest.find(':');
    const auto directory = rest.substr(0, colon);
    found.push_back((directory.empty() ? "." : std::string(directory)) + "/" + program);
    more = colon != std::string_view::npos;
    if (more) rest.remove_prefix(colon + 1);
  }
  return found;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 2);
  for (const auto& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  return result;
}

/// Tries each candidate; returns the errno that says most.
int execute(const Launch& launch) {
  int error = ENOENT;
  for (const auto& program : launch.programs) {
    execve(program.c_str(), launch.argv.data(), launch.env.data());
    if (errno == EACCES) error = EACCES;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) return errno;
  }
  return error;
}

int child(void* data) {
  auto& launch = *static_cast<Launch*>(data);
  const auto fail = [&](Launch::Step step, int error) {
    launch.failed = step;
    launch.error = error;
    _exit(127);
  };
  setpgid(0, 0);
  if (launch.group >= 0 && write(launch.group, "0", 1) != 1) fail(Launch::Step::group, errno);
  dup2(launch.out, STDOUT_FILENO);
  dup2(launch.err, STDERR_FILENO);
  if (chdir(launch.cwd) != 0) fail(Launch::Step::directory, errno);
  for (const auto& limit : launch.limits) {
    if (setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value) == 0 || limit.name == nullptr) continue;
    launch.limit = limit.name;
    fail(Launch::Step::limits, errno);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  fail(Launch::Step::program, execute(launch));
  return 0;
}

}  // namespace

std::vector<StepLimit> limits_of(const Spawn& spawn, const rlimit& open_files, bool group_bounds_memory) {
  const auto& asked = spawn.limits;
  const auto tag = tag_of(spawn.attempt);
  std::vector<StepLimit> limits{{kTagResource, {tag, tag}, nullptr}};
  if (asked.memory_bytes && !group_bounds_memory) limits.push_back({RLIMIT_DATA, {*asked.memory_bytes, *asked.memory_bytes}, "memory"});
  if (asked.cpu_seconds) limits.push_back({RLIMIT_CPU, {*asked.cpu_seconds, *asked.cpu_seconds + kCpuKillDelaySeconds}, "cpu_time"});
  const auto files = asked.open_files ? rlimit{*asked.open_files, *asked.open_files} : open_files;
  limits.push_back({RLIMIT_NOFILE, files, "open_files"});
  return limits;
}

namespace {

std::string why_not_executed(const Spawn& spawn, const Launch& launch) {
  const std::string& program = spawn.argv[0];
  std::string detail = "cannot execute '" + program + "': " + std::strerror(launch.error);
  if (launch.error == ENOEXEC) return detail + " (a script needs a first line such as #!/bin/sh)";
  if (launch.error != ENOENT) return detail;
  if (launch.programs.size() > 1 || program.find('/') == std::string::npos) {
    return detail + " in PATH " + std::string(path_of(spawn.env));
  }
  if (program[0] != '/') return detail + " in " + spawn.cwd;
  return access(program.c_str(), F_OK) == 0 ? detail + " (the interpreter of its #! line is missing)" : detail;
}

StartFailure explain(const Spawn& spawn, const Launch& launch) {
  switch (launch.failed) {
    case Launch::Step::directory:
      return {126, "cannot change to the working directory '" + spawn.cwd + "': " + std::strerror(launch.error)};
    case Launch::Step::limits:
      return {126, std::string("cannot set the limit ") + launch.limit + ": " + std::strerror(launch.error)};
    case Launch::Step::group:
      return {126, "cannot enter the control group '" + spawn.cgroup + "': " + std::strerror(launch.error)};
    default:
      return {launch.error == ENOENT ? 127 : 126, why_not_executed(spawn, launch)};
  }
}

}  // namespace

std::expected<int, StartFailure> start_step(const Spawn& spawn, const rlimit& open_files, const ControlGroup& group, Outputs& outputs) {
  // vfork's speed without its sharing of our stack, as posix_spawn does it: we sleep until the child has executed or is
  // gone.
  alignas(64) static char stack[32 * 1024];

  Launch launch{.programs = candidates(spawn.argv[0], spawn.env),
                .argv = pointers(spawn.argv),
                .env = pointers(spawn.env),
                .cwd = spawn.cwd.empty() ? "/" : spawn.cwd.c_str(),
                .group = group.procs(),
                .limits = limits_of(spawn, open_files, group.bounds_memory())};
  const std::string tag = "ASSETD_ATTEMPT_ID=" + spawn.attempt;
  if (std::ranges::find(spawn.env, tag) == spawn.env.end()) launch.env.push_back(const_cast<char*>(tag.c_str()));
  launch.argv.push_back(nullptr);
  launch.env.push_back(nullptr);

  const auto out = outputs.out.open(spawn.stdout_path);
  if (!out) return std::unexpected(StartFailure{126, out.error()});
  const auto err = spawn.stderr_path == spawn.stdout_path ? out : outputs.err.open(spawn.stderr_path);
  if (!err) {
    close(*out);
    return std::unexpected(StartFailure{126, err.error()});
  }
  launch.out = *out;
  launch.err = *err;

  const int pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
  const int clone_error = errno;
  close(*out);
  if (*err != *out) close(*err);
  if (pid < 0)
    return std::unexpected(StartFailure{126, std::string("cannot start a process: ") + std::strerror(clone_error)});
  if (launch.failed != Launch::Step::none) return std::unexpected(explain(spawn, launch));
  return pid;
}

}  // namespace assetd::supervisor
