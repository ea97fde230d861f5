#pragma once
// What the stages of the layout hand on to each other. Stages in order: blocks, ranks, ways, order (with places),
// packing.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assetd::lineage {

// World units. A column is a card and the room for the curves to the next.
constexpr float kCardWidth = 220, kCardHeight = 72, kColumn = 320, kRowGap = 24;
constexpr float kWayHeight = 12, kWayGap = 8;                // room that a long edge is given between cards
constexpr float kPadding = 20, kTitle = 28, kBlockGap = 36;  // within a group's rectangle, and between blocks
constexpr float kRow = kCardHeight + kRowGap;

using Node = std::uint32_t;          // numbered topologically: an edge goes to the greater number (ways aside)
using Edge = std::pair<Node, Node>;  // from parent to child

/// Neighbours of each node in compressed rows.
class Rows {
 public:
  Rows() = default;
  /// From parents to children, or the other way round.
  Rows(std::size_t size, const std::vector<Edge>& edges, bool to_parents);
  std::span<const Node> of(Node node) const {
    return std::span(targets_).subspan(offsets_[node], offsets_[node + 1] - offsets_[node]);
  }
  std::span<const std::uint32_t> offsets() const { return offsets_; }
  std::span<const Node> targets() const { return targets_; }

 private:
  std::vector<std::uint32_t> offsets_;
  std::vector<Node> targets_;
};

/// Nodes that stay together: a group, or ungrouped nodes that hang together. Blocks never overlap.
struct Block {
  std::string name;     ///< of the group, "" for the ungrouped
  bool framed = false;  ///< is a group
  std::uint32_t component = 0;
  std::uint32_t first_rank = 0, last_rank = 0;
  std::vector<Node> members;  ///< with at least one edge, in topological order
  std::vector<Node> loose;    ///< without any: they stand in a grid below the members
  float y = 0;                ///< centre of the members, from the component's
  float half = 0;             ///< half of the height of the members' tallest rank
};

struct Model {
  std::size_t cards = 0;  ///< nodes below this number are cards; the others are ways
  std::vector<Edge> edges;
  Rows parents, children;
  std::vector<std::uint32_t> block, rank;
  std::vector<float> y;  ///< centre, from the block's
  std::vector<Block> blocks;
  std::uint32_t components = 0;

  std::size_t size() const { return block.size(); }
  bool is_card(Node node) const { return node < cards; }
  float height(Node node) const { return is_card(node) ? kCardHeight : kWayHeight; }
  float absolute_y(Node node) const { return blocks[block[node]].y + y[node]; }
  void connect() {
    parents = Rows(size(), edges, true);
    children = Rows(size(), edges, false);
  }
};

/// Columns of the grid of a block's loose nodes: somewhat wider than tall, at least as wide as the block.
std::uint32_t grid_columns(const Block& block);

/// Room between the centres of two nodes of one column, one below the other.
inline float distance(const Model& model, Node above, Node below) {
  const bool cards = model.is_card(above) && model.is_card(below);
  return (model.height(above) + model.height(below)) / 2 + (cards ? kRowGap : kWayGap);
}

}  // namespace assetd::lineage
