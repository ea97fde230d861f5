#pragma once
// Whether the data of an asset is what its code and its upstream data would give now, and if not, why: down to the cause.
//
// An asset is stale by itself where it was never materialized, where its code is of another version than the one that made its data, or where an asset
// above has other data than its step found. It is stale too while one above it is. External assets never are.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/graph/graph.h"
#include "core/run/asset_state.h"

namespace assetd {

struct StaleView {
  const Definitions& definitions;
  const AssetGraph& graph;
  std::span<const AssetState> states;  ///< by AssetId
};

enum class StaleKind : std::uint8_t { never_materialized, code_changed, newer_data, upstream_stale };
std::string_view to_string(StaleKind kind);

/// One link on the way to the cause.
struct StaleLink {
  StaleKind kind = StaleKind::never_materialized;
  AssetId asset = 0;  ///< whose code, whose data, or which one above is stale
  std::string detail; ///< a sentence
  RunId run = 0;      ///< that brought the newer data (0: reported), or made what the old code made
  std::optional<WallTime> at;
};

/// "of run 7, …" or "that was reported at …": whose data it is.
std::string made_by(RunId run, WallTime at);

/// A reason of the asset itself, and from there to the cause: the last link is never `upstream_stale`, unless a way is too long to be followed.
struct StaleReason {
  StaleLink link;
  std::vector<StaleLink> chain;  ///< the reason first; empty where it was not asked for
};

/// Without a look at whether those above are stale. Costs a look at each parent.
bool is_stale_by_itself(const StaleView& view, AssetId asset);

/// Which assets are stale, kept up as states change: a change costs as many steps as there are assets whose answer becomes another one, and their children.
/// Four bytes an asset.
class StaleSet {
 public:
  void rebuild(const StaleView& view);
  /// After the states of these changed. Gives those that are stale now and were not, or the other way round.
  std::vector<AssetId> update(const StaleView& view, std::span<const AssetId> changed);
  bool is_stale(AssetId asset) const { return stale_[asset] != 0; }
  std::size_t size() const { return stale_.size(); }
  std::size_t count() const { return count_; }  ///< of stale assets

 private:
  void set_own(const StaleView& view, AssetId asset, bool own, std::vector<AssetId>& flipped);

  std::vector<std::uint32_t> stale_;  ///< lowest bit: by itself; the rest: how many parents are stale
  std::size_t count_ = 0;
};

/// At most 20. `chains`: with the way to the cause, of which at most 50 links are given, the first and the last.
std::vector<StaleReason> stale_reasons(const StaleView& view, const StaleSet& set, AssetId asset, bool chains);

}  // namespace assetd
