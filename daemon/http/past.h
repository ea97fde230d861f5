#pragma once
// The states of all assets at a past moment, for the routes that take `at`.

#include <list>
#include <memory>
#include <mutex>
#include <optional>

#include "core/time.h"
#include "daemon/http/message.h"
#include "daemon/service/service.h"

namespace assetd::http {

class Context;
struct Call;

/// Never changes once it is made; `table.changed` is empty.
struct Past {
  WallTime at{};
  AssetTable table;              ///< with the definitions that were in force
  bool version_is_exact = true;  ///< PastMoment
};

/// The last few that were asked for: a page asks for graph, states and list of the same moment. Any thread.
class PastTables {
 public:
  std::shared_ptr<const Past> find(WallTime at);
  void put(std::shared_ptr<const Past> past);

 private:
  static constexpr std::size_t kKept = 4;  // of some megabytes each, for 10,000 assets
  std::mutex mutex_;
  std::list<std::shared_ptr<const Past>> kept_;  ///< used last comes first
};

/// What `at` of the query asks for; null without one. 422 for a moment to come, 410 for one of which not all is kept.
std::expected<std::shared_ptr<const Past>, Response> past_of(const Call& call, Context& context);

}  // namespace assetd::http
