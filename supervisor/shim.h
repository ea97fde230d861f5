#pragma once
// The shim: the small process between the supervisor and one step. It outlives both daemon and supervisor.

#include <sys/resource.h>

#include <cstdint>

#include "supervisor/message.h"

namespace assetd::supervisor {

/// What a shim writes into the status pipe soon after its step runs, and once the end stands in the claim and the shim is free; smaller than PIPE_BUF,
/// so never mixed with another's.
struct StatusMessage {
  enum Kind : std::int32_t { started, ended };
  char attempt[32];
  Kind kind;
  std::int32_t pid;  ///< of the step
  std::int64_t at_ms;
  std::int64_t warm;  ///< 1: the step was forked from a preloaded process
};

struct ShimFiles {
  int claim = -1;   ///< the first attempt's claim, open for reading and writing, locked (flock) until the attempt has ended
  int status = -1;  ///< write end of the supervisor's status pipe; the reader may be gone
  int jobs = -1;    ///< socket for what comes after the first attempt; -1: nothing does
};

/// Wakes a shim to read the stop order in its claim.
int stop_signal();

/// Runs in a process just forked, with all signals blocked and none ignored. Starts the step, waits for its whole tree,
/// obeys stop orders, writes the end into the claim; then does the same for the next attempt it is given, until its supervisor is gone or lets it go.
[[noreturn]] void run_shim(const Spawn& spawn, ShimFiles files, const rlimit& open_files);

/// Where a warm shim finds its descriptors.
inline constexpr int kWarmShimJobs = 3, kWarmShimStatus = 4, kWarmShimGo = 5;

/// What a warm worker's fork executes as: a shim whose step is there already, process `step`, its child, and waits at the other end of
/// `go`. `files.claim` is not known yet. Serves the one attempt that it is given over `files.jobs`; ends when there will be none.
[[noreturn]] void run_warm_shim(int step, int go, ShimFiles files);

/// The first message of a warm shim on its socket: it is there, and who it is. Its pid comes with the message's credentials.
struct WarmShimHello {
  std::uint64_t start_ticks;
};

}  // namespace assetd::supervisor
