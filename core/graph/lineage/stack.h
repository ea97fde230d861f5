#pragma once
#include <vector>

#include "core/graph/lineage/model.h"

namespace assetd::lineage {

/// Stacks blocks that share columns: places each as near as possible to where its neighbours in other blocks want it,
/// without overlaps.
class BlockStack {
 public:
  explicit BlockStack(Model& model);
  /// `reorder`: also decides anew which stands above which, by where they want to be; else keeps the order of the last
  /// time.
  void place(bool reorder);

  const std::vector<std::uint32_t>& order() const { return order_; }
  void set_order(std::vector<std::uint32_t> order) { order_ = std::move(order); }

 private:
  void collect_wishes();
  void push(bool down, std::vector<float>& tops);
  std::vector<float> shares(const std::vector<float>& low, const std::vector<float>& high) const;

  Model& model_;
  std::vector<std::uint32_t> order_;      // of the blocks, from the top
  std::vector<float> wishes_;             // of the blocks' tops
  std::vector<std::uint32_t> weights_;    // of the wishes: edges to other blocks
  std::vector<std::uint32_t> pile_;       // by block: blocks of different piles have no column in common
  std::vector<std::vector<float>> edge_;  // by component and column: how far it is filled
  std::vector<std::uint32_t> columns_;    // by component: their number
};

/// From the top of a block (frame included) to the centre of its members.
float top_to_centre(const Block& block);
/// The height with frame and loose nodes.
float full_height(const Block& block);

}  // namespace assetd::lineage
