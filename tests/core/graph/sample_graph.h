#pragma once
// Small graphs for tests: definitions from "child: parents" pairs.

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/definition/spec.h"
#include "core/graph/graph.h"

namespace assetd::testing {

using Row = std::pair<std::string, std::vector<std::string>>;

inline Definitions definitions_of(std::vector<Row> rows) {
  std::ranges::sort(rows);
  Definitions definitions;
  for (auto& [key, deps] : rows) {
    AssetSpec asset;
    asset.key = key;
    for (auto& dep : deps) asset.deps.push_back({.asset = dep, .on_failure = OnFailure::skip, .source = {}});
    definitions.assets.push_back(std::move(asset));
  }
  return definitions;
}

/// The keys of a list of assets.
template <typename Ids>
std::vector<std::string> keys_of(const AssetGraph& graph, const Ids& ids) {
  std::vector<std::string> keys;
  for (const AssetId id : ids) keys.push_back(graph.key(id));
  return keys;
}

/// `size` assets named n000…; parents[i] only holds smaller numbers, so the graph has no cycle.
inline Definitions numbered_definitions(const std::vector<std::vector<std::uint32_t>>& parents) {
  const auto name = [](std::size_t i) {
    auto digits = std::to_string(i);
    return "n" + std::string(6 - digits.size(), '0') + digits;
  };
  Definitions definitions;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    AssetSpec asset;
    asset.key = name(i);
    for (const auto parent : parents[i])
      asset.deps.push_back({.asset = name(parent), .on_failure = OnFailure::skip, .source = {}});
    definitions.assets.push_back(std::move(asset));
  }
  return definitions;
}

}  // namespace assetd::testing
