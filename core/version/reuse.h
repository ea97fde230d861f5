#pragma once
// Whether a step need not be executed because its code, options and input data are those of its last success (`skip_if_unchanged`).

#include <expected>
#include <functional>
#include <string>

#include "core/graph/graph.h"
#include "core/run/asset_state.h"

namespace assetd {

/// The materialization that stands for the step.
struct Reuse {
  RunId run = 0;
  WallTime at{};
  std::string detail;  ///< a sentence
};

/// States as they are at this moment. `options`: of the run. Every asset above must have data: of one that never told any nothing can be said to be unchanged.
/// Error: why it has to be executed, in words.
std::expected<Reuse, std::string> reusable(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const nlohmann::json& options,
                                           const std::function<const AssetState&(AssetId)>& state_of);

}  // namespace assetd
