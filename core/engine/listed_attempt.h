#pragma once
#include <cstdint>
#include <string>

namespace assetd {

/// An attempt that the supervisor knows of.
struct ListedAttempt {
  std::string attempt;
  bool running = false;            ///< otherwise ended: its end is told after the listing
  int pid = 0;                     ///< of the step; 0 when not started yet
  std::int64_t started_at_ms = 0;  ///< Unix wall time; 0 when not started yet
};

}  // namespace assetd
