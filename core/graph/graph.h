#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/definition/spec.h"

namespace assetd {

/// Index of an asset in one definitions version (Definitions::assets).
using AssetId = std::uint32_t;

struct GraphError {
  std::string message;  ///< a cycle names its path from parent to child: "a -> b -> a"
  AssetId asset = 0;    ///< where to point
};

/// The dependency graph of one definitions version: immutable, shared between threads without locks.
/// Edges are compressed rows (offsets and targets): 100,000 assets with 3 parents each cost about 3 MB.
class AssetGraph {
 public:
  /// The definitions must outlive only this call; their assets are sorted by key without duplicates (else a
  /// logic_error). Errors, all at once: unknown dependencies (the loader reports them better), then one cycle for each
  /// knot of cycles.
  static std::expected<AssetGraph, std::vector<GraphError>> build(const Definitions& definitions);

  std::size_t size() const { return keys_.size(); }
  const std::string& key(AssetId id) const { return keys_[id]; }
  std::optional<AssetId> find(std::string_view key) const;
  std::span<const AssetId> parents(AssetId id) const;              ///< direct, in the order of the definition
  std::span<const AssetId> children(AssetId id) const;             ///< direct, ascending
  OnFailure on_failure(AssetId parent, AssetId child) const;       ///< of a direct dependency; named twice, `skip` wins
  std::span<const AssetId> topological() const { return order_; }  ///< parents before children; ties by key: stable
  std::uint32_t position(AssetId id) const { return position_[id]; }  ///< index in topological()

  /// All ancestors (descendants) of `roots`, roots included, within `levels` steps; unordered flags by AssetId.
  std::vector<bool> ancestors(std::span<const AssetId> roots, std::uint32_t levels = UINT32_MAX) const;
  std::vector<bool> descendants(std::span<const AssetId> roots, std::uint32_t levels = UINT32_MAX) const;

 private:
  std::vector<GraphError> read_dependencies(const Definitions& definitions);

  std::vector<std::string> keys_;
  std::vector<std::uint32_t> parent_offsets_, child_offsets_;
  std::vector<AssetId> parents_, children_, order_;
  std::vector<std::uint32_t> position_;
  std::vector<OnFailure> parent_policies_;
  // Keys are sorted in Definitions, so find() is a binary search over keys_.
};

}  // namespace assetd
