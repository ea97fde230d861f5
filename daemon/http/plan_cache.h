#pragma once
#include <list>
#include <memory>
#include <mutex>

#include "core/run/plan.h"
#include "daemon/service/service.h"

namespace assetd::http {

struct LoadedPlan {
  RunPlan plan;
  std::shared_ptr<const Project> project;  ///< of the version that the run is pinned to
};

/// The plans looked at last: one of 100,000 steps takes milliseconds to decode. Any thread.
class PlanCache {
 public:
  std::shared_ptr<const LoadedPlan> find(RunId run);
  void put(RunId run, std::shared_ptr<const LoadedPlan> plan);

 private:
  static constexpr std::size_t kKept = 16;
  std::mutex mutex_;
  std::list<std::pair<RunId, std::shared_ptr<const LoadedPlan>>> plans_;  ///< used last comes first
};

}  // namespace assetd::http
