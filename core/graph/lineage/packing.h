#pragma once
#include <vector>

#include "core/graph/lineage/model.h"

namespace assetd::lineage {

struct Point {
  float x = 0, y = 0;
};

/// The centres of all cards: components side by side in shelves, tallest first, about 1.6 times as wide as tall. From
/// (0, 0) on.
std::vector<Point> pack(const Model& model);

}  // namespace assetd::lineage
