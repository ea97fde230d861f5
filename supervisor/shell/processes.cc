#include "supervisor/shell/processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace assetd::supervisor {
namespace {

/// The whole file, or nothing when it cannot be read (any more).
std::optional<std::string> read_file(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read(fd, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  close(fd);
  return got < 0 ? std::nullopt : std::optional(std::move(text));
}

/// Calls `each` with the numeric entries of a directory in /proc.
template <typename Each>
void for_each_number(const char* path, Each each) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path), closedir);
  if (!directory) return;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') each(std::atoi(entry->d_name));
  }
}

/// Whether `wanted` takes one of the texts of a file in /proc/PID, each of which ends with a NUL byte.
template <typename Wanted>
bool any_text_of(int pid, const char* file, Wanted wanted) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  const auto texts = read_file(path);
  std::string_view rest = texts ? std::string_view(*texts) : std::string_view();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\0'), rest.size());
    if (wanted(rest.substr(0, end))) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

bool kernel_lists_children() {
  static const bool does = access("/proc/thread-self/children", R_OK) == 0;  // CONFIG_PROC_CHILDREN
  return does;
}

void append_children(int pid, std::vector<int>& children) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task", pid);
  for_each_number(path, [&](int thread) {
    std::snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, thread);
    const auto text = read_file(path);
    if (!text) return;
    const char* at = text->c_str();
    for (char* after = nullptr; *at != '\0'; at = after) {
      const long child = std::strtol(at, &after, 10);
      if (after == at) break;
      children.push_back(static_cast<int>(child));
    }
  });
}

std::vector<int> walk_children_files(int root) {
  std::vector<int> found;
  append_children(root, found);
  for (std::size_t next = 0; next < found.size(); ++next) append_children(found[next], found);
  std::erase_if(found, [](int pid) {
    const auto process = read_process(pid);
    return !process || process->dead();
  });
  return found;
}

std::vector<int> search_table(int root) {
  const auto table = all_processes();
  std::vector<int> tree{root};
  for (std::size_t next = 0; next < tree.size(); ++next) {
    for (const auto& process : table) {
      if (process.parent == tree[next] && process.pid != root) tree.push_back(process.pid);
    }
  }
  tree.erase(tree.begin());
  std::erase_if(tree, [&](int pid) {
    return std::ranges::any_of(table, [&](const Process& process) { return process.pid == pid && process.dead(); });
  });
  return tree;
}

}  // namespace

std::optional<Process> read_process(int pid) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  char text[1024];
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return std::nullopt;
  text[size] = '\0';
  // The name in parentheses may itself hold blanks and parentheses.
  const char* after_name = std::strrchr(text, ')');
  if (after_name == nullptr) return std::nullopt;
  Process process{.pid = pid};
  unsigned long long start = 0;
  const int fields =
      std::sscanf(after_name + 2, "%c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                  &process.state, &process.parent, &process.session, &start);
  if (fields != 4) return std::nullopt;
  process.start_ticks = start;
  return process;
}

int open_process(int pid, std::uint64_t start_ticks) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return -1;
  const auto process = read_process(pid);  // after pidfd_open: if it is the right one now, the handle is of it
  if (process && !process->dead() && process->start_ticks == start_ticks) return pidfd;
  close(pidfd);
  return -1;
}

std::vector<Process> all_processes() {
  std::vector<Process> table;
  for_each_number("/proc", [&](int pid) {
    if (const auto process = read_process(pid)) table.push_back(*process);
  });
  return table;
}

std::vector<int> descendants_of(int pid) {
  return kernel_lists_children() ? walk_children_files(pid) : search_table(pid);
}

std::optional<std::uint64_t> hard_limit_of(int pid, std::string_view name) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/limits", pid);
  const auto text = read_file(path);
  const auto line = text ? text->find('\n' + std::string(name)) : std::string::npos;
  unsigned long long soft = 0, hard = 0;
  if (line == std::string::npos || std::sscanf(text->c_str() + line + 1 + name.size(), "%llu %llu", &soft, &hard) != 2) return std::nullopt;
  return hard;
}

bool has_in_environment(int pid, std::string_view entry, bool as_prefix) {
  return any_text_of(pid, "environ", [&](std::string_view text) { return text == entry || (as_prefix && text.starts_with(entry)); });
}

bool has_argument(int pid, std::string_view argument) {
  return any_text_of(pid, "cmdline", [&](std::string_view text) { return text == argument; });
}

}  // namespace assetd::supervisor
