#pragma once
// What /proc says about processes. All of it may be outdated when it is returned: callers repeat until nothing is
// found.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assetd::supervisor {

struct Process {
  int pid = 0, parent = 0, session = 0;
  char state = '?';               ///< as in proc(5): Z and X are dead already
  std::uint64_t start_ticks = 0;  ///< since boot; with the pid it names a process uniquely

  bool dead() const { return state == 'Z' || state == 'X'; }
};

/// Nothing when there is no such process.
std::optional<Process> read_process(int pid);

/// A pidfd of the process of that number and start; -1 when it is gone, or the number another's by now.
int open_process(int pid, std::uint64_t start_ticks);

std::vector<Process> all_processes();

/// Every descendant that is not a zombie, in no particular order. Cheap: it walks the tree of `pid`, not the whole
/// table, where the kernel allows it.
std::vector<int> descendants_of(int pid);

/// The hard limit that /proc/PID/limits shows in the line that begins with `name`; nothing when there is none.
std::optional<std::uint64_t> hard_limit_of(int pid, std::string_view name);

/// Whether the environment with which the process was executed holds `entry` ("K=V"), or one that begins so.
bool has_in_environment(int pid, std::string_view entry, bool as_prefix = false);

/// Whether one of the arguments with which the process was executed is `argument`.
bool has_argument(int pid, std::string_view argument);

}  // namespace assetd::supervisor
