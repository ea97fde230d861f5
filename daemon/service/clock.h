#pragma once
#include "core/time.h"

namespace assetd {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Now now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Now now() const override;  ///< CLOCK_REALTIME and CLOCK_BOOTTIME
};

}  // namespace assetd
