#pragma once
#include "core/graph/lineage/model.h"

namespace assetd::lineage {

/// Splits edges that pass columns of their own blocks: a way (a thin node) keeps room for them in each such column. All
/// edges of a parent share its ways, and so do the edges that enter a child's block. Adds nothing where the ways would
/// outnumber the cards by far.
void add_ways(Model& model);

}  // namespace assetd::lineage
