#include "core/graph/lineage/stack.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace assetd::lineage {

float top_to_centre(const Block& block) { return block.half + (block.framed ? kPadding + kTitle : 0); }

float full_height(const Block& block) {
  float height = 2 * block.half;
  if (!block.loose.empty()) {
    const auto columns = grid_columns(block);
    const auto rows = (static_cast<std::uint32_t>(block.loose.size()) + columns - 1) / columns;
    height += static_cast<float>(rows) * kRow - (block.members.empty() ? kRowGap : 0);
  }
  return height + (block.framed ? 2 * kPadding + kTitle : 0);
}

namespace {

/// Numbers the sets of blocks whose columns overlap, directly or by way of others.
std::vector<std::uint32_t> piles(const std::vector<Block>& blocks) {
  std::vector<std::uint32_t> order(blocks.size()), pile(blocks.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(blocks[i].component, blocks[i].first_rank); });
  std::uint32_t number = 0, last_rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& block = blocks[order[i]];
    if (i > 0 && (block.component != blocks[order[i - 1]].component || block.first_rank > last_rank))
      last_rank = 0, ++number;
    last_rank = std::max(last_rank, block.last_rank);
    pile[order[i]] = number;
  }
  return pile;
}

}  // namespace

BlockStack::BlockStack(Model& model)
    : model_(model),
      order_(model.blocks.size()),
      wishes_(model.blocks.size()),
      pile_(piles(model.blocks)),
      columns_(model.components, 0) {
  std::iota(order_.begin(), order_.end(), 0u);
  for (const auto& block : model.blocks)
    columns_[block.component] = std::max(columns_[block.component], block.last_rank + 1);
}

void BlockStack::collect_wishes() {
  std::vector<double> pull(model_.blocks.size(), 0);
  auto& count = weights_;
  count.assign(model_.blocks.size(), 0);
  for (const auto& [parent, child] : model_.edges) {
    const auto a = model_.block[parent], b = model_.block[child];
    if (a == b) continue;
    const float down = model_.absolute_y(child) - model_.absolute_y(parent);
    pull[a] += down, ++count[a];
    pull[b] -= down, ++count[b];
  }
  for (std::size_t i = 0; i < wishes_.size(); ++i) {
    const auto& block = model_.blocks[i];
    const auto by = count[i] == 0 ? 0.0 : pull[i] / count[i] / 2;  // the other one comes the other half of the way
    wishes_[i] = block.y - top_to_centre(block) + static_cast<float>(by);
  }
}

void BlockStack::push(bool down, std::vector<float>& tops) {
  constexpr float kFree = std::numeric_limits<float>::max();
  edge_.resize(columns_.size());
  for (std::size_t i = 0; i < edge_.size(); ++i) edge_[i].assign(columns_[i], down ? -kFree : kFree);
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const auto number = order_[down ? i : order_.size() - 1 - i];
    const auto& block = model_.blocks[number];
    const float height = full_height(block);
    auto& edge = edge_[block.component];
    float top = wishes_[number];
    for (auto column = block.first_rank; column <= block.last_rank; ++column)
      top = down ? std::max(top, edge[column]) : std::min(top, edge[column] - height);
    tops[number] = top;
    for (auto column = block.first_rank; column <= block.last_rank; ++column)
      edge[column] = down ? top + height + kBlockGap : top - kBlockGap;
  }
}

void BlockStack::place(bool reorder) {
  collect_wishes();
  if (reorder) {
    const auto middle = [&](std::uint32_t number) { return wishes_[number] + full_height(model_.blocks[number]) / 2; };
    std::ranges::stable_sort(order_, {}, middle);
  }
  // Pushed down only, all would sink; pushed up only, rise. Both keep the distances, and so does what lies between
  // them.
  std::vector<float> low(order_.size()), high(order_.size());
  push(true, low);
  push(false, high);
  const auto share = shares(low, high);
  for (std::size_t i = 0; i < low.size(); ++i)
    model_.blocks[i].y = high[i] + share[pile_[i]] * (low[i] - high[i]) + top_to_centre(model_.blocks[i]);
}

/// For each pile, how much of `low` meets the wishes best (weighted least squares). A fixed half would let a heavy
/// block push a light one as much as the other way round, and the whole graph would drift.
std::vector<float> BlockStack::shares(const std::vector<float>& low, const std::vector<float>& high) const {
  std::vector<double> product(order_.size(), 0), square(order_.size(), 0);
  for (std::size_t i = 0; i < low.size(); ++i) {
    const double weight = std::max(1u, weights_[i]), way = low[i] - high[i];
    product[pile_[i]] += weight * way * (wishes_[i] - high[i]);
    square[pile_[i]] += weight * way * way;
  }
  std::vector<float> share(order_.size(), 0.5f);
  for (std::size_t i = 0; i < share.size(); ++i)
    if (square[i] > 0) share[i] = static_cast<float>(std::clamp(product[i] / square[i], 0.0, 1.0));
  return share;
}

}  // namespace assetd::lineage
