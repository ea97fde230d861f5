#pragma once
// A step that exists already: forked from a preloaded process, it waits to be told what to do.

#include <sys/resource.h>

#include "supervisor/control_group.h"
#include "supervisor/message.h"
#include "supervisor/output_file.h"

namespace assetd::supervisor {

/// The variable ASSETD_ATTEMPT_ID of a warm worker: room for the attempt that a fork of it becomes.
inline constexpr char kNoAttempt[] = "00000000000000000000000000000000";

struct WarmStep {
  int pid = 0;  ///< a child of ours
  int go = -1;  ///< stream socket to it
};

/// Makes the waiting process the step that start_step() would have executed: a process group of its own, its outputs, its control group, the limits, the
/// attempt's id in the environment that /proc shows; then hands it argv, environment and working directory. False when anything of that
/// failed: then it is dead, and has executed nothing. Closes `go`.
bool start_warm(const Spawn& spawn, const WarmStep& step, const rlimit& open_files, ControlGroup& group, Outputs& outputs);

/// It is not needed.
void end_warm(const WarmStep& step);

}  // namespace assetd::supervisor
