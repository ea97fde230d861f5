#include "daemon/http/plan_cache.h"

#include <algorithm>

namespace assetd::http {

std::shared_ptr<const LoadedPlan> PlanCache::find(RunId run) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(plans_, run, [](const auto& entry) { return entry.first; });
  if (found == plans_.end()) return nullptr;
  plans_.splice(plans_.begin(), plans_, found);
  return plans_.front().second;
}

void PlanCache::put(RunId run, std::shared_ptr<const LoadedPlan> plan) {
  const std::lock_guard lock(mutex_);
  plans_.remove_if([&](const auto& entry) { return entry.first == run; });
  plans_.emplace_front(run, std::move(plan));
  if (plans_.size() > kKept) plans_.pop_back();
}

}  // namespace assetd::http
