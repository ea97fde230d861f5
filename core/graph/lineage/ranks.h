#pragma once
#include "core/graph/lineage/model.h"

namespace assetd::lineage {

/// Columns: every edge goes to the right. Groups of which one only feeds the other get columns of their own, one right
/// of the other; groups that feed each other share columns (and are stacked later). A column of a block that would grow
/// too tall is continued in the next. Sets rank and the blocks' first_rank and last_rank, from 0 in each component.
void assign_ranks(Model& model);

}  // namespace assetd::lineage
