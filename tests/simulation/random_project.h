#pragma once
// Random definitions: graphs with batches, checks of every kind, pools, resources, retries, timeouts, schedules, edges that go on after a failure.

#include "core/definition/spec.h"
#include "tests/simulation/options.h"

namespace assetd::simulation {

/// `calm`: such as everything comes to an end with.
Definitions random_definitions(Random& random, const Options& options, bool calm);
/// random_watchers.cc: sensors, freshness, alerts.
void add_watchers(Random& random, const Options& options, bool calm, Definitions& definitions);
RunTimeouts random_timeouts(Random& random, const Options& options);

}  // namespace assetd::simulation
