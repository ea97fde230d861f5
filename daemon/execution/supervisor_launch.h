#pragma once
// Starting the supervisor program so that it outlives the daemon.

#include <string>

#include "daemon/execution/supervisor_client.h"

namespace assetd {

/// assetd-supervisor in the folder of this process's own executable.
std::string supervisor_beside_executable();

/// Starts options.program detached: in a session of its own, not our child, with an empty environment, its output in
/// options.log_path. Returns at once; whether it serves shows at its socket. Gives why it could not be executed, empty
/// when it was.
std::string launch_supervisor(const SupervisorClientOptions& options);

}  // namespace assetd
