#pragma once
// Laid-out graphs by (version, selection), and the status vectors beside them. Any thread.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/time.h"

namespace assetd::http {

struct LineageEntry {
  std::int64_t version = 0;
  std::string select;
  std::vector<AssetId> nodes;  ///< in the order of nodes[] and of the status vector
  std::string etag;
  std::shared_ptr<const std::string> plain, gzipped;
};

struct StatusEntry {
  std::int64_t version = 0;
  std::string select;
  std::uint64_t revision = 0;  ///< Service::assets_revision it was built at
  WallTime built{};
  std::shared_ptr<const std::string> body;
};

class LineageCache {
 public:
  std::shared_ptr<const LineageEntry> find(std::int64_t version, const std::string& select);
  void put(std::shared_ptr<const LineageEntry> entry);
  std::optional<StatusEntry> find_status(std::int64_t version, const std::string& select);
  void put_status(StatusEntry entry);

 private:
  static constexpr std::size_t kKept = 32;
  std::mutex mutex_;
  std::list<std::shared_ptr<const LineageEntry>> graphs_;  ///< used last comes first
  std::list<StatusEntry> statuses_;
};

}  // namespace assetd::http
