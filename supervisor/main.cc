// assetd-supervisor: owns child processes so that the daemon can die. See docs/supervisor.md.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <string>

#include "supervisor/claim.h"
#include "supervisor/shell/group_root.h"
#include "supervisor/shell/loop.h"
#include "supervisor/shim.h"

namespace {

constexpr int kWrongUsage = 2, kInUse = 3;
constexpr char kUsage[] = "usage: assetd-supervisor --socket PATH --claims DIR [--store-id ID] [--cgroups DIR] [--on-demand]\n";

std::optional<assetd::supervisor::LoopOptions> parse(int argc, char** argv) {
  assetd::supervisor::LoopOptions options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--on-demand") == 0) {
      options.on_demand = true;
      continue;
    }
    if (std::strcmp(argv[i], "--protocol") == 0 && i + 1 < argc) {  // for tests: speaks another version than it does
      options.spoken.oldest = options.spoken.newest = std::atoi(argv[++i]);
      continue;
    }
    std::string* value = nullptr;
    if (std::strcmp(argv[i], "--socket") == 0) value = &options.socket;
    if (std::strcmp(argv[i], "--claims") == 0) value = &options.claims;
    if (std::strcmp(argv[i], "--store-id") == 0) value = &options.store_id;
    if (std::strcmp(argv[i], "--cgroups") == 0) value = &options.groups;
    if (value == nullptr || i + 1 == argc) return std::nullopt;
    *value = argv[++i];
  }
  if (options.socket.empty() || options.claims.empty() || options.store_id.size() > assetd::supervisor::kMaxStoreId)
    return std::nullopt;
  return options;
}

/// 0, 1 and 2 are open, 0 is /dev/null: the steps' stdin.
void settle_standard_files() {
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (fd == STDIN_FILENO || fcntl(fd, F_GETFD) < 0) dup2(null, fd);
  }
  if (null > STDERR_FILENO) close(null);
}

/// Nothing inherited reaches a step: no open file of whoever started us, no ignored signal. What is blocked here the
/// step unblocks.
void settle_process(int last_file_to_keep) {
  settle_standard_files();
  close_range(static_cast<unsigned>(last_file_to_keep) + 1, ~0u, 0);
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // orphans of a shim that dies come to us
}

/// Each running attempt costs one descriptor here. Gives the limit we were started with, for the steps.
rlimit raise_open_files() {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit raised{before.rlim_max, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &raised);
  return before;
}

/// Held until we end. A lock of the process, not of the descriptor: a shim just forked must not hold it when we die.
/// False when another supervisor has it.
bool lock_socket(const std::string& socket) {
  const int fd = open((socket + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    std::fprintf(stderr, "assetd-supervisor: cannot open '%s.lock': %s\n", socket.c_str(), std::strerror(errno));
    return false;
  }
  struct flock lock{};
  lock.l_type = F_WRLCK;
  if (fcntl(fd, F_SETLK, &lock) == 0) return true;
  fcntl(fd, F_GETLK, &lock);
  std::fprintf(stderr, "assetd-supervisor: another supervisor (process %d) serves '%s' already\n", lock.l_pid,
               socket.c_str());
  return false;
}

std::string read_boot_id() {
  char text[40] = "";
  const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  const auto size = fd < 0 ? -1 : read(fd, text, 36);
  if (fd >= 0) close(fd);
  return size == 36 ? std::string(text, 36) : std::string();
}

bool has(const std::string& controllers, const std::string& name) { return (" " + controllers + " ").find(" " + name + " ") != std::string::npos; }

/// Leaves `groups` empty when there can be none: then limits hold as far as setrlimit can make them.
void settle_groups(std::string& groups, assetd::supervisor::LimitsNotInForce& limits) {
  limits = {{"cpu", "processes"}, "no control groups: the supervisor was given none (--cgroups, or Delegate of systemd)"};
  const bool asked = !groups.empty();
  if (!asked) groups = assetd::supervisor::delegated_group();
  if (groups.empty())
    return static_cast<void>(std::fputs("assetd-supervisor: no control groups (--cgroups, or Delegate of systemd): limits of memory, files and processor time are set per process, cpu and processes are not in force\n", stderr));
  const auto controllers = assetd::supervisor::prepare_group_root(groups);
  if (controllers)
    std::fprintf(stderr, "assetd-supervisor: attempts get control groups in '%s' (%s)\n", groups.c_str(),
                 controllers->empty() ? "no controllers: limits are set per process" : controllers->c_str());
  else
    std::fprintf(stderr, "assetd-supervisor: no control groups in '%s', limits are set per process: %s\n", groups.c_str(), controllers.error().c_str());
  if (!controllers) {
    limits.why = "no control groups in '" + groups + "': " + controllers.error();
    return groups.clear();
  }
  limits = {{}, "the control group '" + groups + "' has not the controller for it"};
  if (!has(*controllers, "cpu")) limits.names.push_back("cpu");
  if (!has(*controllers, "pids")) limits.names.push_back("processes");
}

/// Executed by a warm worker, which has put the descriptors where they belong. See shell/warm_workers.h.
[[noreturn]] void become_warm_shim(int step) {
  settle_process(assetd::supervisor::kWarmShimGo);
  assetd::supervisor::run_warm_shim(step, assetd::supervisor::kWarmShimGo,
                                    {.status = assetd::supervisor::kWarmShimStatus, .jobs = assetd::supervisor::kWarmShimJobs});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--warm-shim") == 0) become_warm_shim(std::atoi(argv[2]));
  auto options = parse(argc, argv);
  if (!options) {
    std::fputs(kUsage, stderr);
    return kWrongUsage;
  }
  settle_process(STDERR_FILENO);
  options->open_files = raise_open_files();
  options->boot_id = read_boot_id();
  if (!lock_socket(options->socket)) return kInUse;
  settle_groups(options->groups, options->limits);
  try {
    assetd::supervisor::Loop(*options).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "assetd-supervisor: %s\n", error.what());
    return 1;
  }
  return 0;
}
