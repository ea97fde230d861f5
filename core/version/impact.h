#pragma once
// What it means to others when an asset is not made: what is below, whose that is, and which deadline of freshness will be missed next.

#include <optional>
#include <string>
#include <vector>

#include "core/version/staleness.h"

namespace assetd {

struct Impact {
  struct Deadline {
    AssetId asset = 0;
    std::optional<WallTime> at;  ///< nothing: there is no data at all, so that it is missed already
    bool missed = false;
  };
  std::vector<AssetId> below;        ///< all that descends from it, in topological order
  std::vector<AssetId> sinks;        ///< of `below`, those that nothing here is made from
  std::vector<std::string> owners;   ///< of the asset and of all below, sorted
  std::vector<std::size_t> exposures;  ///< indices into Definitions::exposures: those made from the asset or anything below
  std::vector<Deadline> deadlines;   ///< of the asset and of all below: first what comes next, then what is missed already, the latest first
};

/// If neither the asset nor anything below is made any more from now on.
Impact impact_of(const StaleView& view, AssetId asset, WallTime now);

}  // namespace assetd
