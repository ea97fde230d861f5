#pragma once
// Provenance of what runs make: which data of the assets above a step found when its attempt was intended. On the service's thread.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/engine/engine.h"
#include "core/version/provenance.h"
#include "daemon/service/asset_book.h"
#include "daemon/service/partition_versions.h"

namespace assetd {

class VersionKeeper {
 public:
  VersionKeeper(AssetBook& book, std::string project_dir) : book_(book), partitions_(book), project_dir_(std::move(project_dir)) {}

  PartitionVersions& partitions() { return partitions_; }
  /// The commit is looked for anew.
  void begin_turn(WallTime now) { commit_.reset(), now_ = now; }
  /// Before it is projected: gives a materialization its data version and what it was made from.
  void complete(Change& change, const Projection& runs);
  /// After it was projected.
  void note(const Change& change, const Projection& runs, CommitBatch& batch);
  /// After a restart, of steps that are being carried: from what was there when their attempts were intended.
  std::expected<void, StoreError> restore(const Engine& engine, Store& store);
  /// As if it were made now. `partition` "": of an asset that is divided the whole, of which nothing is said of single ones above.
  std::shared_ptr<const Provenance> of_now(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const nlohmann::json& options, const std::string& partition = "");

 private:
  using Step = std::pair<RunId, StepIndex>;
  std::shared_ptr<Provenance> capture(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const std::string& partition, const nlohmann::json& options, PartitionVersions::Look look);
  std::shared_ptr<Provenance> capture(const Projection::Known& run, StepIndex step);
  std::shared_ptr<const Provenance> of_step(const Projection::Known& run, StepIndex step);
  void capture_attempt(const AttemptRecord& attempt, const Projection::Known& run);
  void give_versions(Materialization& made, const Projection& runs);
  const std::string& commit();

  AssetBook& book_;
  PartitionVersions partitions_;
  std::string project_dir_;
  WallTime now_{};
  std::map<Step, std::shared_ptr<const Provenance>> found_;  ///< of steps that are carried now
  std::optional<std::string> commit_;
};

}  // namespace assetd
