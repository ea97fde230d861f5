#pragma once
// Why a step failed, from what its shim saw: a pure function. It says no more than is known.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/attempt.h"
#include "supervisor/control_group.h"
#include "supervisor/message.h"

namespace assetd::supervisor {

struct Evidence {
  Limits limits;
  bool group_bounds_memory = false;         ///< else each process is bounded by RLIMIT_DATA, where a limit is set
  std::optional<GroupMemory> group;         ///< nothing: the attempt has no control group
  std::optional<int> named_by_kernel_log;   ///< a process of it that the kernel says it killed for want of memory
};

/// Sets `end.cause`, and a sentence for it in `end.detail`, when `end` is a failure that nobody asked for and the evidence has a reason for it.
void find_cause(End& end, const Evidence& evidence);

/// Whether the kernel's log may know more: its process was killed, and not by us.
bool may_be_in_kernel_log(const End& end, const Evidence& evidence);

/// Of records of /dev/kmsg (`priority,number,microseconds since boot,…;text`): whether one that is not older than `since_us` says that the process was
/// killed for want of memory.
bool says_killed_for_memory(std::string_view records, int pid, std::int64_t since_us);

/// "256 MiB", "1.5 GiB".
std::string spoken_size(std::uint64_t bytes);

}  // namespace assetd::supervisor
