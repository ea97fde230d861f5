#include "core/graph/lineage/packing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/graph/lineage/stack.h"

namespace assetd::lineage {
namespace {

constexpr float kComponentGap = 64, kAspect = 1.6f;

struct Box {
  float left = std::numeric_limits<float>::max(), top = left, right = -left, bottom = -left;
  float width() const { return right - left; }
  float height() const { return bottom - top; }
};

float column_centre(std::uint32_t rank) { return static_cast<float>(rank) * kColumn; }

std::vector<Box> boxes(const Model& model) {
  std::vector<Box> boxes(model.components);
  for (const auto& block : model.blocks) {
    auto& box = boxes[block.component];
    const float margin = kCardWidth / 2 + (block.framed ? kPadding : 0), top = block.y - top_to_centre(block);
    box.left = std::min(box.left, column_centre(block.first_rank) - margin);
    box.right = std::max(box.right, column_centre(block.last_rank) + margin);
    box.top = std::min(box.top, top);
    box.bottom = std::max(box.bottom, top + full_height(block));
  }
  return boxes;
}

/// Where each component's box goes.
std::vector<Point> shelve(const std::vector<Box>& boxes) {
  std::vector<std::uint32_t> order(boxes.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::uint32_t i) { return boxes[i].height(); });
  float area = 0, widest = 0;
  for (const auto& box : boxes) {
    area += (box.width() + kComponentGap) * (box.height() + kComponentGap);
    widest = std::max(widest, box.width());
  }
  const float limit = std::max(widest, std::sqrt(area * kAspect));
  std::vector<Point> corners(boxes.size());
  Point next;
  float shelf = 0;
  for (const auto i : order) {
    if (next.x > 0 && next.x + boxes[i].width() > limit) {
      next = {0, next.y + shelf + kComponentGap};
      shelf = 0;
    }
    corners[i] = next;
    next.x += boxes[i].width() + kComponentGap;
    shelf = std::max(shelf, boxes[i].height());
  }
  return corners;
}

void place_loose(const Block& block, Point shift, std::vector<Point>& centres) {
  const auto columns = grid_columns(block);
  const float top = block.y + block.half + (block.members.empty() ? 0 : kRowGap) + kCardHeight / 2;
  for (std::uint32_t i = 0; i < block.loose.size(); ++i)
    centres[block.loose[i]] = {shift.x + column_centre(block.first_rank + i % columns),
                               shift.y + top + static_cast<float>(i / columns) * kRow};
}

}  // namespace

std::vector<Point> pack(const Model& model) {
  const auto boxes_of = boxes(model);
  const auto corners = shelve(boxes_of);
  std::vector<Point> centres(model.cards);
  for (const auto& block : model.blocks) {
    const auto& box = boxes_of[block.component];
    const Point shift{corners[block.component].x - box.left, corners[block.component].y - box.top};
    for (const Node node : block.members)
      centres[node] = {shift.x + column_centre(model.rank[node]), shift.y + block.y + model.y[node]};
    place_loose(block, shift, centres);
  }
  for (auto& centre : centres) centre = {std::round(centre.x), std::round(centre.y)};
  return centres;
}

}  // namespace assetd::lineage
