#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace assetd {

/// Successors of each node in compressed rows, as AssetGraph holds them.
struct Adjacency {
  std::span<const std::uint32_t> offsets;
  std::span<const AssetId> targets;
  std::span<const AssetId> of(AssetId id) const { return targets.subspan(offsets[id], offsets[id + 1] - offsets[id]); }
};

/// The strongly connected component of each node. A component's number is greater than those of all that it leads to.
std::vector<std::uint32_t> strong_components(const Adjacency& graph);

/// One error per knot of cycles (strongly connected component), by key, each naming a shortest cycle through its first
/// asset.
std::vector<GraphError> describe_cycles(const Adjacency& children, const std::vector<std::string>& keys);

}  // namespace assetd
