#pragma once
// The shim: the small process between the supervisor and one step. It outlives both daemon and supervisor.

#include <sys/resource.h>

#include <cstdint>

#include "supervisor/message.h"

namespace assetd::supervisor {

/// What a shim writes into the status pipe once its step runs; smaller than PIPE_BUF, so never mixed with another's.
struct StatusMessage {
  char attempt[32];
  std::int32_t pid;
  std::int64_t at_ms;
};

struct ShimFiles {
  int claim = -1;   ///< the attempt's claim, open for reading and writing, locked (flock) for as long as the shim lives
  int status = -1;  ///< write end of the supervisor's status pipe; the reader may be gone
};

/// Wakes a shim to read the stop order in its claim.
int stop_signal();

/// Runs in a process just forked, with all signals blocked and none ignored. Starts the step, waits for its whole tree,
/// obeys stop orders, writes the end into the claim and exits.
[[noreturn]] void run_shim(const Spawn& spawn, ShimFiles files, const rlimit& open_files);

}  // namespace assetd::supervisor
