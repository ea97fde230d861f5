#include "supervisor/control_group.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace assetd::supervisor {
namespace {

constexpr std::uint64_t kCpuPeriodUs = 100'000;

// Nothing can be created on cgroupfs. In a plain directory that stands in for it what was set can be read back.
constexpr int kWrite = O_WRONLY | O_CREAT | O_CLOEXEC;

bool write_file(const std::string& path, const std::string& value) {
  const int fd = open(path.c_str(), kWrite, 0600);
  if (fd < 0) return false;
  const bool written = write(fd, value.data(), value.size()) == static_cast<ssize_t>(value.size());
  close(fd);
  return written;
}

std::string read_file(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
  close(fd);
  return text;
}

template <typename Each>
void for_each_group_below(const std::string& path, Each each) {
  std::error_code gone;
  for (std::filesystem::directory_iterator entry(path, gone), end; !gone && entry != end; entry.increment(gone))
    if (entry->is_directory(gone)) each(entry->path().string());
}

/// Before Linux 5.14 a group has no cgroup.kill.
void kill_each(const std::string& path) {
  for_each_group_below(path, kill_each);
  const auto pids = read_file(path + "/cgroup.procs");
  const char* at = pids.c_str();
  for (char* after = nullptr;; at = after) {
    const long pid = std::strtol(at, &after, 10);
    if (after == at) return;
    if (pid > 0) ::kill(static_cast<pid_t>(pid), SIGKILL);
  }
}

}  // namespace

ControlGroup::ControlGroup(std::string path, const Limits& limits) : path_(std::move(path)) {
  if (path_.empty() || mkdir(path_.c_str(), 0700) != 0) return;
  procs_ = open((path_ + "/cgroup.procs").c_str(), kWrite, 0600);
  if (procs_ < 0) {
    remove();
    return;
  }
  if (limits.memory_bytes) {
    bounds_memory_ = set("memory.max", std::to_string(*limits.memory_bytes));
    set("memory.swap.max", "0");
    set("memory.oom.group", "1");  // half a step is none
  }
  if (limits.cpu_millis) set("cpu.max", std::to_string(*limits.cpu_millis * kCpuPeriodUs / 1000) + " " + std::to_string(kCpuPeriodUs));
  if (limits.processes) set("pids.max", std::to_string(*limits.processes));
}

ControlGroup::~ControlGroup() {
  if (procs_ >= 0) close(procs_);
}

bool ControlGroup::set(const char* file, const std::string& value) const { return write_file(path_ + "/" + file, value); }

bool ControlGroup::take_in(int pid) {
  const auto text = std::to_string(pid);
  return write(procs_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

void ControlGroup::kill() const {
  if (exists()) kill_group(path_);
}

GroupMemory ControlGroup::memory() const {
  const auto events = read_file(path_ + "/memory.events");
  return {.peak_bytes = std::strtoull(read_file(path_ + "/memory.peak").c_str(), nullptr, 10),
          .limit_hits = number_in(events, "oom"),
          .killed = number_in(events, "oom_kill")};
}

void ControlGroup::remove() {
  if (procs_ >= 0) close(procs_);
  procs_ = -1;
  remove_group(path_);
}

bool kill_group(const std::string& path) {
  if (number_in(read_file(path + "/cgroup.events"), "populated") == 0) return false;
  if (!write_file(path + "/cgroup.kill", "1")) kill_each(path);
  return true;
}

void remove_group(const std::string& path) {
  if (path.empty() || rmdir(path.c_str()) == 0) return;
  for_each_group_below(path, remove_group);
  rmdir(path.c_str());
}

std::uint64_t number_in(const std::string& text, const std::string& name) {
  for (std::string_view rest = text; !rest.empty();) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.starts_with(name + " ")) continue;
    line.remove_prefix(name.size() + 1);
    std::uint64_t number = 0;
    std::from_chars(line.data(), line.data() + line.size(), number);
    return number;
  }
  return 0;
}

}  // namespace assetd::supervisor
