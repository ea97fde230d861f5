#pragma once
// Who descends from whom, as /proc says. What is returned may be outdated.

#include <sys/types.h>

#include <vector>

namespace assetd {

/// Also those that are dead and not waited for yet.
std::vector<pid_t> children_of(pid_t parent);

/// What has lost its parent is not found: it is a child of another by then.
std::vector<pid_t> descendants_of(pid_t ancestor);

}  // namespace assetd
