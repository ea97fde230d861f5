#pragma once

#include "core/time.h"

namespace assetd {

/// Backoff ends here, and none may be declared that is longer: a step that waits keeps its run open.
constexpr Millis kLongestRetryDelay = std::chrono::days(7);

}  // namespace assetd
