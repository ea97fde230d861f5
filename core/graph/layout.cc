#include "core/graph/layout.h"

#include <algorithm>
#include <limits>

#include "core/graph/lineage/blocks.h"
#include "core/graph/lineage/order.h"
#include "core/graph/lineage/packing.h"
#include "core/graph/lineage/ranks.h"
#include "core/graph/lineage/ways.h"

namespace assetd {
namespace {

using lineage::Model;
using lineage::Node;

constexpr float kHalfWidth = lineage::kCardWidth / 2, kHalfHeight = lineage::kCardHeight / 2;

Model model_of(const AssetGraph& graph, const std::vector<AssetId>& assets) {
  constexpr Node kUnselected = UINT32_MAX;
  std::vector<Node> node_of(graph.size(), kUnselected);
  for (Node node = 0; node < assets.size(); ++node) node_of[assets[node]] = node;
  Model model;
  model.cards = assets.size();
  for (Node child = 0; child < assets.size(); ++child)
    for (const AssetId parent : graph.parents(assets[child]))
      if (node_of[parent] != kUnselected) model.edges.emplace_back(node_of[parent], child);
  model.block.resize(assets.size());
  model.connect();
  return model;
}

LayoutGroup frame(const lineage::Block& block, const std::vector<LayoutNode>& nodes) {
  LayoutGroup group{.name = block.name};
  std::ranges::merge(block.members, block.loose, std::back_inserter(group.nodes));
  float left = std::numeric_limits<float>::max(), top = left, right = -left, bottom = -left;
  for (const auto index : group.nodes) {
    left = std::min(left, nodes[index].x - kHalfWidth);
    right = std::max(right, nodes[index].x + kHalfWidth);
    top = std::min(top, nodes[index].y - kHalfHeight);
    bottom = std::max(bottom, nodes[index].y + kHalfHeight);
  }
  group.x = left - lineage::kPadding;
  group.y = top - lineage::kPadding - lineage::kTitle;
  group.width = right - left + 2 * lineage::kPadding;
  group.height = bottom - top + 2 * lineage::kPadding + lineage::kTitle;
  return group;
}

/// Moves everything to begin at (0, 0) and measures it.
void fit(Layout& layout) {
  if (layout.nodes.empty()) return;
  float left = std::numeric_limits<float>::max(), top = left;
  for (const auto& node : layout.nodes)
    left = std::min(left, node.x - kHalfWidth), top = std::min(top, node.y - kHalfHeight);
  for (const auto& group : layout.groups) left = std::min(left, group.x), top = std::min(top, group.y);
  for (auto& node : layout.nodes) {
    node.x -= left, node.y -= top;
    layout.width = std::max(layout.width, node.x + kHalfWidth);
    layout.height = std::max(layout.height, node.y + kHalfHeight);
  }
  for (auto& group : layout.groups) {
    group.x -= left, group.y -= top;
    layout.width = std::max(layout.width, group.x + group.width);
    layout.height = std::max(layout.height, group.y + group.height);
  }
}

}  // namespace

Layout lay_out(const Definitions& definitions, const AssetGraph& graph, const std::vector<AssetId>& selected) {
  auto assets = selected;
  std::ranges::sort(assets, {}, [&](AssetId id) { return graph.position(id); });
  Model model = model_of(graph, assets);
  Layout layout;
  layout.edges = model.edges;
  std::vector<const std::string*> groups;
  for (const AssetId id : assets) groups.push_back(&definitions.assets[id].group);
  lineage::assign_blocks(model, groups);
  lineage::assign_ranks(model);
  lineage::add_ways(model);
  lineage::arrange(model);
  const auto centres = lineage::pack(model);
  for (Node node = 0; node < assets.size(); ++node)
    layout.nodes.push_back({assets[node], centres[node].x, centres[node].y});
  for (const auto& block : model.blocks)
    if (block.framed) layout.groups.push_back(frame(block, layout.nodes));
  std::ranges::sort(layout.groups, {}, &LayoutGroup::name);
  fit(layout);
  return layout;
}

}  // namespace assetd
