#include "daemon/http/lineage_cache.h"

#include <algorithm>

namespace assetd::http {

std::shared_ptr<const LineageEntry> LineageCache::find(std::int64_t version, const std::string& select) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(graphs_, [&](const auto& entry) { return entry->version == version && entry->select == select; });
  if (found == graphs_.end()) return nullptr;
  graphs_.splice(graphs_.begin(), graphs_, found);
  return graphs_.front();
}

void LineageCache::put(std::shared_ptr<const LineageEntry> entry) {
  const std::lock_guard lock(mutex_);
  graphs_.push_front(std::move(entry));
  if (graphs_.size() > kKept) graphs_.pop_back();
}

std::optional<StatusEntry> LineageCache::find_status(std::int64_t version, const std::string& select) {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : statuses_)
    if (entry.version == version && entry.select == select) return entry;
  return std::nullopt;
}

void LineageCache::put_status(StatusEntry entry) {
  const std::lock_guard lock(mutex_);
  statuses_.remove_if([&](const auto& old) { return old.version == entry.version && old.select == entry.select; });
  statuses_.push_front(std::move(entry));
  if (statuses_.size() > kKept) statuses_.pop_back();
}

bool LineageCache::begin_status(std::int64_t version, const std::string& select) {
  const std::lock_guard lock(mutex_);
  return in_making_.emplace(version, select).second;
}

void LineageCache::end_status(std::int64_t version, const std::string& select) {
  const std::lock_guard lock(mutex_);
  in_making_.erase({version, select});
}

}  // namespace assetd::http
