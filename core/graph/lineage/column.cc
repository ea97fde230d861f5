#include "core/graph/lineage/column.h"

#include <algorithm>

namespace assetd::lineage {

void ColumnPlacer::place(Model& model, const std::vector<Node>& column, const std::vector<float>& wishes, float half) {
  // With the distances taken out, "keep the distance" becomes "do not decrease".
  offsets_.assign(1, 0);
  for (std::size_t i = 1; i < column.size(); ++i)
    offsets_.push_back(offsets_.back() + distance(model, column[i - 1], column[i]));
  pools_.clear();
  for (std::size_t i = 0; i < column.size(); ++i) {
    pools_.push_back({wishes[i] - offsets_[i], 1});
    while (pools_.size() > 1 && pools_[pools_.size() - 2].mean() > pools_.back().mean()) {
      const Pool last = pools_.back();
      pools_.pop_back();
      pools_.back().sum += last.sum;
      pools_.back().count += last.count;
    }
  }
  // A way keeps a card's distance from the edges, too, so that the cards at its ends can stand in line with it.
  const double least = -half + kCardHeight / 2, most = std::max(least, half - kCardHeight / 2 - offsets_.back());
  std::size_t i = 0;
  for (const auto& pool : pools_)
    for (std::size_t left = pool.count; left > 0; --left, ++i)
      model.y[column[i]] = static_cast<float>(std::clamp(pool.mean(), least, most) + offsets_[i]);
}

float column_height(const Model& model, const std::vector<Node>& column) {
  float height = kCardHeight;
  for (std::size_t i = 1; i < column.size(); ++i) height += distance(model, column[i - 1], column[i]);
  return height;
}

}  // namespace assetd::lineage
