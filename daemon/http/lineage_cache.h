#pragma once
// Laid-out graphs by (version, selection), and the status vectors beside them. Any thread.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
  [[nodiscard]] std::unique_lock<std::mutex> lay_out_alone() { return std::unique_lock(laying_out_); }
  std::shared_ptr<const LineageEntry> find(std::int64_t version, const std::string& select);
  void put(std::shared_ptr<const LineageEntry> entry);
  std::optional<StatusEntry> find_status(std::int64_t version, const std::string& select);
  void put_status(StatusEntry entry);
  /// Whether the caller is to make the vector anew: one at a time does, the others give the last one meanwhile. Then end_status must follow.
  bool begin_status(std::int64_t version, const std::string& select);
  void end_status(std::int64_t version, const std::string& select);

 private:
  static constexpr std::size_t kKept = 32;
  std::mutex mutex_, laying_out_;
  std::list<std::shared_ptr<const LineageEntry>> graphs_;  ///< used last comes first
  std::list<StatusEntry> statuses_;
  std::set<std::pair<std::int64_t, std::string>> in_making_;
};

}  // namespace assetd::http
