#pragma once
#include <vector>

#include "core/graph/lineage/model.h"

namespace assetd::lineage {

/// Puts the nodes of one column of one block, in this order, as near as possible (least squares) to the places they
/// wish, keeping their distances and staying within `half` above and below of the block's centre. Linear: isotonic
/// regression by pooling neighbours that would violate the order.
class ColumnPlacer {
 public:
  void place(Model& model, const std::vector<Node>& column, const std::vector<float>& wishes, float half);

 private:
  struct Pool {
    double sum;
    std::size_t count;
    double mean() const { return sum / static_cast<double>(count); }
  };
  std::vector<double> offsets_;
  std::vector<Pool> pools_;
};

/// The height of a column whose nodes stand as closely as they may.
float column_height(const Model& model, const std::vector<Node>& column);

}  // namespace assetd::lineage
