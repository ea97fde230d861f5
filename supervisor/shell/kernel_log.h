#pragma once
// The kernel's log, as far as this process may read it.

#include <string>

namespace assetd::supervisor {

/// All records that it still has, one a line as /dev/kmsg gives them; empty without the permission to read them.
std::string read_kernel_log();

}  // namespace assetd::supervisor
