#pragma once
#include <chrono>
#include <cstdint>

namespace assetd {

using Millis = std::chrono::milliseconds;
/// Wall time in UTC, in milliseconds since the Unix epoch (leap seconds not counted, as in POSIX).
using WallTime = std::chrono::sys_time<Millis>;

/// The moment at which an input is handled. Delays and timeouts count `boot`, schedules follow `wall`.
struct Now {
  WallTime wall{};
  Millis boot{};  ///< CLOCK_BOOTTIME: goes on during suspend, starts anew at a reboot, never jumps.
};

}  // namespace assetd
