#include "daemon/service/clock.h"

#include <time.h>

namespace assetd {
namespace {

Millis read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return Millis(t.tv_sec * 1000 + t.tv_nsec / 1'000'000);
}

}  // namespace

Now SystemClock::now() const { return {WallTime(read_clock(CLOCK_REALTIME)), read_clock(CLOCK_BOOTTIME)}; }

}  // namespace assetd
