#pragma once
// Output files that are older than their age, the oldest of the rest where store and logs take more than their share of the disk, and objects that were replaced.

#include <cstdint>
#include <optional>
#include <string>

#include "core/time.h"
#include "daemon/execution/paths.h"

namespace assetd {

struct OutputSweep {
  DataPaths paths;
  WallTime now{};
  WallTime cutoff{};                      ///< output of runs that ended before goes
  WallTime artifacts{};                   ///< objects that others took the place of before go
  std::optional<std::int64_t> max_bytes;  ///< of the store and the logs together
};

struct OutputSwept {
  std::int64_t runs = 0;   ///< whose output was removed
  std::int64_t artifacts = 0;  ///< objects that were removed
  std::int64_t bytes = 0;  ///< of store and logs afterwards; 0 without max_bytes: nobody counted
  bool too_much = false;   ///< more than max_bytes is left although no output could go any more
  std::string error;       ///< why not all was looked at; "" if it was
};

/// Of runs in which an asset failed last the output stays. Takes its time: for a thread of its own.
OutputSwept sweep_output(const OutputSweep& sweep);

}  // namespace assetd
