#include "daemon/execution/supervisor_launch.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace assetd {
namespace {

/// Everything for the child, made beforehand: after a fork of a process with threads nothing may be allocated.
struct Program {
  const char* path;
  char* const* argv;
  int null, log, report;
};

[[noreturn]] void become_supervisor(const Program& program) {
  static char* const kNoEnvironment[] = {nullptr};
  setsid();
  if (fork() != 0) _exit(0);  // the grandchild is nobody's child: it goes to init when the daemon ends, and before
  dup2(program.null, STDIN_FILENO);
  dup2(program.log, STDOUT_FILENO);
  dup2(program.log, STDERR_FILENO);
  if (chdir("/") == 0) execve(program.path, program.argv, kNoEnvironment);
  const int error = errno;
  [[maybe_unused]] const auto written = write(program.report, &error, sizeof error);
  _exit(127);
}

/// The errno of a failed exec, 0 when it succeeded: the pipe closes itself then.
int read_report(int fd) {
  int error = 0;
  ssize_t got = 0;
  while ((got = read(fd, &error, sizeof error)) < 0 && errno == EINTR) {
  }
  return got == sizeof error ? error : 0;
}

std::string run_detached(const Program& program, int report_read) {
  const pid_t pid = fork();
  if (pid == 0) become_supervisor(program);
  close(program.report);
  if (pid < 0) return std::string("cannot fork: ") + std::strerror(errno);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  const int error = read_report(report_read);
  return error == 0 ? std::string() : std::string("cannot execute ") + program.path + ": " + std::strerror(error);
}

}  // namespace

std::string supervisor_beside_executable() {
  std::error_code ignored;
  return (std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "assetd-supervisor").string();
}

std::string launch_supervisor(const SupervisorClientOptions& options) {
  std::vector<std::string> words = {options.program,    "--socket",   options.socket_path, "--claims",
                                    options.claims_dir, "--store-id", options.store_id,
                                    "--on-demand"};
  if (!options.groups.empty()) words.insert(words.end(), {"--cgroups", options.groups});
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return std::string("cannot make a pipe: ") + std::strerror(errno);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int opened_log =
      options.log_path.empty() ? -1 : open(options.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const auto why = run_detached(
      {options.program.c_str(), argv.data(), null, opened_log < 0 ? null : opened_log, report[1]}, report[0]);
  for (const int fd : {report[0], null, opened_log}) {
    if (fd >= 0) close(fd);
  }
  return why;
}

}  // namespace assetd
