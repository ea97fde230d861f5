#include "core/graph/lineage/model.h"

#include <algorithm>
#include <cmath>

namespace assetd::lineage {

Rows::Rows(std::size_t size, const std::vector<Edge>& edges, bool to_parents)
    : offsets_(size + 1, 0), targets_(edges.size()) {
  for (const auto& [parent, child] : edges) ++offsets_[(to_parents ? child : parent) + 1];
  for (std::size_t i = 0; i < size; ++i) offsets_[i + 1] += offsets_[i];
  auto next = offsets_;
  for (const auto& [parent, child] : edges) targets_[next[to_parents ? child : parent]++] = to_parents ? parent : child;
}

std::uint32_t grid_columns(const Block& block) {
  const auto wide =
      static_cast<std::uint32_t>(std::ceil(std::sqrt(static_cast<float>(block.loose.size()) * 1.6f * kRow / kColumn)));
  return block.members.empty() ? std::max(1u, wide) : std::max(block.last_rank - block.first_rank + 1, wide);
}

}  // namespace assetd::lineage
