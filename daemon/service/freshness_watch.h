#pragma once
// Says when the freshness of an asset has become another. Nothing polls: each asset waits for the one moment at which its freshness changes by itself.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/engine/change.h"
#include "core/freshness/freshness.h"
#include "daemon/service/asset_book.h"

namespace assetd {

/// The freshness of an asset that has become another.
struct FreshnessTold {
  std::string key;
  Freshness freshness = Freshness::fresh;
  std::string detail;
};

/// The service's thread only.
class FreshnessWatch {
 public:
  explicit FreshnessWatch(AssetBook& book) : book_(book) {}
  FreshnessWatch(const FreshnessWatch&) = delete;

  /// Takes over a version that the book uses already; everything that demands freshness is looked at with the next step.
  void use(std::shared_ptr<const Project> project);
  /// A change that the turn in progress commits.
  void note(const Change& change);
  bool is_due(WallTime now) const { return !looked_for_.empty() || (!queue_.empty() && queue_.begin()->first <= now); }
  std::optional<WallTime> next_instant() const { return queue_.empty() ? std::nullopt : std::optional(queue_.begin()->first); }
  /// What has become another is staged in the book and told by an event; both commit with `batch`. An asset that was never materialized is told of once it was due to be.
  std::vector<FreshnessTold> step(WallTime now, CommitBatch& batch);

 private:
  std::optional<FreshnessTold> look_at(AssetId asset, WallTime now, CommitBatch& batch);
  std::optional<FreshnessTold> look_at_awaited(AssetId asset, WallTime now, CommitBatch& batch);
  void wait(AssetId asset, WallTime until);
  std::optional<FreshnessTold> tell(AssetId asset, Freshness found, nlohmann::json changes, std::string detail, WallTime now, CommitBatch& batch);

  AssetBook& book_;
  std::shared_ptr<const Project> project_;
  std::set<AssetId> looked_for_;                     ///< to look at with the next step
  std::set<std::pair<WallTime, AssetId>> queue_;     ///< when each changes by itself
  std::map<AssetId, WallTime> due_;                  ///< its place in the queue
};

}  // namespace assetd
