#include "supervisor/shell/group_root.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "supervisor/control_group.h"

namespace assetd::supervisor {
namespace {

std::string mount_point() {
  std::ifstream mounts("/proc/self/mounts");
  std::string device, point, type, rest;
  while (mounts >> device >> point >> type && std::getline(mounts, rest))
    if (type == "cgroup2") return point;
  return {};
}

/// As this process sees it: "/a/b".
std::string own_group() {
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) return line.substr(3);
  return {};
}

std::string enable(const std::string& path) {
  std::ifstream file(path + "/cgroup.controllers");
  std::string names, enabled;
  std::getline(file, names);
  for (const std::string wanted : {"memory", "cpu", "pids"}) {
    if ((" " + names + " ").find(" " + wanted + " ") == std::string::npos) continue;
    std::ofstream control(path + "/cgroup.subtree_control");
    control << "+" << wanted << std::flush;
    if (control.good()) enabled += (enabled.empty() ? "" : " ") + wanted;
  }
  return enabled;
}

/// Empty: it works.
std::string try_out(const std::string& path) {
  const auto trial = path + "/assetd-trial-" + std::to_string(getpid());
  const pid_t child = fork();
  if (child == 0) {
    ControlGroup group(trial, {});
    const bool moved = group.exists() && group.take_in(getpid());
    _exit(moved ? 0 : errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  remove_group(trial);
  if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return std::string("a process cannot be moved there: ") + std::strerror(WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN);
}

}  // namespace

std::string delegated_group() {
  constexpr std::string_view kOwnName = "/supervisor";
  const auto mount = mount_point(), own = own_group();
  if (mount.empty() || !own.ends_with(kOwnName)) return {};
  const auto parent = mount + own.substr(0, own.size() - kOwnName.size());
  return access(parent.c_str(), W_OK) == 0 && access((parent + "/cgroup.procs").c_str(), W_OK) == 0 ? parent : std::string();
}

std::expected<std::string, std::string> prepare_group_root(const std::string& path) {
  if (access((path + "/cgroup.controllers").c_str(), R_OK) != 0) return std::unexpected("it is no control group (cgroup v2)");
  auto enabled = enable(path);
  if (auto why = try_out(path); !why.empty()) return std::unexpected(std::move(why));
  return enabled;
}

}  // namespace assetd::supervisor
