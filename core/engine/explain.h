#pragma once
// Why something waits, in words, for the queue, the run page and the command line.

#include <string>
#include <vector>

#include "core/engine/dispatcher.h"
#include "core/engine/run_state.h"

namespace assetd {

struct Blocker {
  std::string kind;    ///< upstream, overlap, limit, pool, resource, retry_delay, disk, latched, draining; of the service: supervisor, stop
  std::string what;    ///< "pool gpu", "limit tag team=growth", "max_steps"
  std::string detail;  ///< "2 of 2 slots held by run 41, step train"
  WallTime since{};
};

/// "pool gpu: 2 of 2 slots held by run 41, step train, for 12 min; …"
std::string in_words(const std::vector<Blocker>& blockers);

}  // namespace assetd
