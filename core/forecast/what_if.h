#pragma once
// What a forecast supposes besides: other sizes of pools, assets that are quicker or slower.

#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/graph/graph.h"

namespace assetd {

struct WhatIf {
  std::map<std::string, int> pools;     ///< slots that count instead of those in force
  std::map<std::string, double> speed;  ///< by key: 2 is twice as fast
  bool empty() const { return pools.empty() && speed.empty(); }
};

struct WhatIfError {
  std::string pointer;  ///< "/pool.gpu"
  std::string detail;   ///< says what to write instead
};

/// From "pool.NAME" → "4", "+2", "-1" and "speed.KEY" → "2", "0.5". All that is wrong at once.
std::expected<WhatIf, std::vector<WhatIfError>> read_what_if(const std::vector<std::pair<std::string, std::string>>& suppositions,
                                                             const std::map<std::string, int>& pools, const AssetGraph& graph);

}  // namespace assetd
