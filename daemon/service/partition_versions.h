#pragma once
// The latest data of single partitions: as the store has it, and what the turn in progress is about to commit. On the service's thread.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/version/partition_inputs.h"
#include "core/version/reuse.h"
#include "daemon/service/asset_book.h"
#include "daemon/store/store.h"

namespace assetd {

/// Asks the store only where an asset above is divided. What it cannot read it takes for not there: the store says so by itself.
class PartitionVersions {
 public:
  explicit PartitionVersions(const AssetBook& book) : book_(book) {}

  void use(Store& store) { store_ = &store; }
  /// How assets are divided now. Of runs that are pinned to other definitions nothing is said.
  void use(std::shared_ptr<const PartitionsInForce> in_force);
  /// Once it is complete; before it is projected or after.
  void note(const Materialization& made);
  /// What was noted is in the store; or it never will be.
  void committed() { made_.clear(); }
  void forget();

  /// At which moment one looks.
  struct Look {
    WallTime now{};
    bool back = false;  ///< at what was there then: after a restart
  };
  /// What a step finds of an asset above that is divided; nothing where that cannot be told. `partition`: that the step makes; "": its asset is not divided.
  std::optional<UsedPartitions> found_of(const Definitions& definitions, AssetId asset, const std::string& partition, AssetId parent, Look look);
  /// An attempt that carries very many partitions is told apart only as far as this goes.
  void begin_attempt() { looks_left_ = kLooksAnAttempt; }
  /// Of the definitions in force; nothing: there is no such partition.
  std::optional<ReusePartition> last_of(AssetId asset, const std::string& partition);

 private:
  static constexpr std::int64_t kLooksAnAttempt = 10'000;  // some 10 µs each
  struct Several {
    IndexSet mapped;
    UsedPartitions used;
  };
  const std::string& name(const std::string& key) const;
  const AssetState::Data* just_made(const std::string& key, const std::string& partition) const;
  std::optional<PartitionData> data_of(AssetId asset, PartitionIndex index, const Look& look) const;
  const PartitionStates* states_of(AssetId asset) const;

  const AssetBook& book_;
  Store* store_ = nullptr;
  std::shared_ptr<const PartitionsInForce> in_force_;
  std::map<std::string, std::map<std::string, AssetState::Data>> made_;  ///< by present name and partition, since the last commit; without metadata
  std::map<std::string, Several> several_;  ///< by asset: the last answer about more than one of its partitions, until another is made
  std::int64_t looks_left_ = kLooksAnAttempt;
};

}  // namespace assetd
