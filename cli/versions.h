#pragma once
#include "cli/session.h"

namespace assetd::cli {

/// The reasons of `stale`, each with the way to its cause.
void print_stale(Session& session, const Json& stale);
/// GET /runs/{id}/changes.
void print_changes(Session& session, const Json& changes);

}  // namespace assetd::cli
