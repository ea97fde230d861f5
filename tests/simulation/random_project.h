#pragma once
// Random definitions: graphs with batches, checks of every kind, pools, resources, retries, timeouts, schedules, edges that go on after a failure.

#include "core/definition/spec.h"
#include "tests/simulation/options.h"

namespace assetd::simulation {

Definitions random_definitions(Random& random, const Options& options);
RunTimeouts random_timeouts(Random& random, const Options& options);

}  // namespace assetd::simulation
