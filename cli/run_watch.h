#pragma once
// Follows a run to its end: live on a terminal, one line per step otherwise.

#include <string>

#include "cli/session.h"

namespace assetd::cli {

/// Returns 0 when all succeeded, 1 when something failed, 4 when canceled, 130 when detached by Ctrl-C, 3 when the daemon stays away.
/// Prints the run (with --output json as one object, its `steps` within).
int watch_run(Session& session, const std::string& run_id);

/// The whole end of a run: counts, and each cause with the command that shows its log.
void print_outcome(Session& session, const Json& run);

}  // namespace assetd::cli
