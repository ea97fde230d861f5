#pragma once
#include "core/graph/lineage/model.h"

namespace assetd::lineage {

/// Vertical order and places: nodes within their block and column, blocks among each other. Sweeps to the right and to
/// the left draw each node to the median of its neighbours, which takes crossings away and makes edges straight; the
/// best state seen wins. Sets y of the nodes, y and half of the blocks. No two nodes of a column and no two blocks
/// overlap.
void arrange(Model& model);

}  // namespace assetd::lineage
