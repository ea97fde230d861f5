#pragma once
// A mark of the attempt that its whole tree inherits and nobody thinks of taking off: a limit that binds nothing. It outlasts a cleared environment, a
// session of its own and the death of every parent.

#include <sys/resource.h>

#include <string>

namespace assetd::supervisor {

/// Of real-time processes: how long they may compute without a pause, in microseconds.
inline constexpr int kTagResource = RLIMIT_RTTIME;

/// More than 140,000 years; no two attempts have the same.
rlim_t tag_of(const std::string& attempt);

/// Whether the process descends from a step of the attempt, by the limit or by ASSETD_ATTEMPT_ID in its environment.
bool has_tag(int pid, const std::string& attempt);

}  // namespace assetd::supervisor
