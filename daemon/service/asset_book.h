#pragma once
// The committed state of all assets, and what the turn in progress is about to commit.

#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "daemon/service/projection.h"
#include "daemon/service/service.h"

namespace assetd {

/// Staging and apply on the service's thread; read() from any thread.
class AssetBook final : public AssetStaging {
 public:
  void load(std::vector<std::pair<std::string, AssetState>> states);
  /// Arranges the states by the new version's assets. `renamed_from` takes the old key's state where the new key has none: staged, to be committed.
  /// Under their former names (`names`: present by former) assets are still known to runs that began before.
  void use(std::shared_ptr<const Project> project, std::map<std::string, std::string> names = {});
  /// After use(), and when keys were added: what an index of partitions counts may have changed with the version; what is there is found again by its keys, and
  /// what has no place now is kept until its keys are there again. Staged, to be committed.
  void divide(const PartitionsInForce& partitions);
  /// What failed of partitions whose dynamic keys were removed is over: nobody can make them well. Staged; gives the assets of which it was said.
  std::vector<std::string> forget_failures_of_removed(const PartitionsInForce& partitions);

  AssetState& stage(const std::string& name) override;
  /// Of any asset, with what is staged; null: nothing is known of it.
  const AssetState* find(const std::string& key) const;
  /// Of an asset of the current version, with what is staged.
  const AssetState& current(AssetId asset) const;
  /// Assets of the current version with data that does not count yet, for their checks.
  std::vector<std::string> uncounted() const;
  std::vector<std::string> in_progress_by(RunId run) const override;
  std::vector<std::pair<std::string, AssetState>> take_staged();
  void apply(const std::vector<std::pair<std::string, AssetState>>& committed, std::int64_t as_of);
  /// Of the current version's assets, as committed; also those whose time is over.
  Waivers waivers() const;
  void drop_staged() { staged_.clear(); }

  void read(const std::function<void(const AssetTable&)>& reader) const;
  std::uint64_t revision() const { return revision_.load(); }

 private:
  const AssetState* committed(const std::string& key) const;
  void divide(AssetId id, const PartitionsInForce& partitions);
  bool note_waived(AssetId id);

  mutable std::shared_mutex mutex_;
  AssetTable table_;
  std::unordered_map<std::string, AssetState> elsewhere_;  ///< of assets that the current version does not have
  std::map<std::string, std::string> names_;
  std::map<std::string, AssetState> staged_;
  std::atomic<std::uint64_t> revision_{1};
};

}  // namespace assetd
