#pragma once
// Starting the program of a step, from inside its shim.

#include <sys/resource.h>

#include <expected>
#include <string>
#include <vector>

#include "supervisor/control_group.h"
#include "supervisor/message.h"
#include "supervisor/output_file.h"

namespace assetd::supervisor {

/// Why the program does not run, as a shell would report it.
struct StartFailure {
  int exit_code = 126;  ///< 127: there is no such program
  std::string detail;
};

/// What setrlimit is to be called with.
struct StepLimit {
  int resource;
  rlimit value;
  const char* name;  ///< for people; null: it does not matter if it cannot be set
};
/// `group_bounds_memory`: no process needs a limit of its own for that.
std::vector<StepLimit> limits_of(const Spawn& spawn, const rlimit& open_files, bool group_bounds_memory);

/// Executes spawn.argv in a process group of its own, with stdin as it is, stdout and stderr appended to their `outputs`,
/// no signal blocked, the limits set and ASSETD_ATTEMPT_ID in its environment. Gives its pid once the program runs,
/// that is after a successful exec. `open_files` is the limit it gets when spawn sets none. The program begins in `group`, if that exists. The caller
/// has no threads and no signal handlers.
std::expected<int, StartFailure> start_step(const Spawn& spawn, const rlimit& open_files, const ControlGroup& group, Outputs& outputs);

}  // namespace assetd::supervisor
