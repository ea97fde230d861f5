#pragma once
// Whether a step need not be executed because its code, options and input data are those of its last success (`skip_if_unchanged`).

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "core/graph/graph.h"
#include "core/run/asset_state.h"
#include "core/version/provenance.h"

namespace assetd {

/// The materialization that stands for the step.
struct Reuse {
  RunId run = 0;
  WallTime at{};
  std::string detail;  ///< a sentence
};

/// Of a step that makes a partition: what is known of that very one.
struct ReusePartition {
  PartitionIndex index = 0;
  std::optional<AssetState::Data> data;  ///< its last materialization
  bool in_progress = false;              ///< another run is making it
};
/// What the step, if it began now, would find of an asset above that is divided; nothing: that cannot be told.
using FoundPartitions = std::function<std::optional<UsedPartitions>(AssetId parent)>;

/// States as they are at this moment. `partition`: of a step that makes one, of an asset that is divided. `options`: of the run. Every asset above must have data: of one that never told any nothing can be said to be unchanged.
/// Error: why it has to be executed, in words.
std::expected<Reuse, std::string> reusable(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const nlohmann::json& options,
                                           const std::function<const AssetState&(AssetId)>& state_of, const ReusePartition* partition = nullptr, const FoundPartitions& found_of = nullptr);

}  // namespace assetd
