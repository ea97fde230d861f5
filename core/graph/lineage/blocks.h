#pragma once
#include <string>
#include <vector>

#include "core/graph/lineage/model.h"

namespace assetd::lineage {

/// Divides the nodes into blocks, and the blocks into components that no edge and no group joins. `groups` holds the
/// name of the group of each, "" for none. Sets block, blocks (members, loose, component) and components.
void assign_blocks(Model& model, const std::vector<const std::string*>& groups);

}  // namespace assetd::lineage
