#pragma once
// What Prometheus scrapes. Counting is cheap and done on the service's thread; gauges are set when a scrape asks.

#include <chrono>
#include <memory>
#include <string>

#include "core/engine/change.h"
#include "core/time.h"

namespace assetd {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  void count(const Change& change);
  void committed(std::chrono::nanoseconds took, bool ok);
  void heartbeat(WallTime now);  ///< the service's loop came round

  struct Gauges {
    std::size_t active_runs = 0, live_attempts = 0, waiting_units = 0;
    double oldest_ready_seconds = 0;
    bool latched = false, supervisor_connected = false;
    std::map<std::string, std::pair<int, int>> pools;  ///< name → (used, slots)
  };
  std::string text(const Gauges& gauges);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assetd
