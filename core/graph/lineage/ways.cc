#include "core/graph/lineage/ways.h"

#include <algorithm>

namespace assetd::lineage {
namespace {

class WayMaker {
 public:
  explicit WayMaker(Model& model) : model_(model), out_(model.cards), in_(model.cards) {}

  /// How many ways it would take: for each parent up to its farthest column, for each child from the left end of its
  /// block.
  std::size_t count() const {
    std::vector<std::uint32_t> out(model_.cards, 0), in(model_.cards, 0);
    for (const auto& [parent, child] : model_.edges) {
      out[parent] = std::max(out[parent], last_out(parent, child) - model_.rank[parent]);
      if (!same_block(parent, child)) in[child] = model_.rank[child] - first_in(child);
    }
    std::size_t sum = 0;
    for (const auto length : out) sum += length;
    for (const auto length : in) sum += length;
    return sum;
  }

  void run() {
    for (const auto& [parent, child] : model_.edges) {
      const Node from = leave(parent, last_out(parent, child));
      edges_.emplace_back(from, same_block(parent, child) ? child : enter(child));
    }
    model_.edges = std::move(edges_);
  }

 private:
  bool same_block(Node a, Node b) const { return model_.block[a] == model_.block[b]; }

  /// The last column in which the edge leaves room behind its parent.
  std::uint32_t last_out(Node parent, Node child) const {
    return same_block(parent, child) ? model_.rank[child] - 1 : model_.blocks[model_.block[parent]].last_rank;
  }
  std::uint32_t first_in(Node child) const { return model_.blocks[model_.block[child]].first_rank; }

  Node add(Node like, std::uint32_t rank) {
    model_.block.push_back(model_.block[like]);
    model_.rank.push_back(rank);
    return static_cast<Node>(model_.size() - 1);
  }

  Node leave(Node parent, std::uint32_t until) {
    auto& ways = out_[parent];
    while (model_.rank[parent] + ways.size() < until) {
      const Node way = add(parent, model_.rank[parent] + static_cast<std::uint32_t>(ways.size()) + 1);
      edges_.emplace_back(ways.empty() ? parent : ways.back(), way);
      ways.push_back(way);
    }
    return until == model_.rank[parent] ? parent : ways[until - model_.rank[parent] - 1];
  }

  /// Where an edge from another block enters: the child, or the first of the ways to it.
  Node enter(Node child) {
    if (in_[child] != kUnset) return in_[child];
    Node first = child;
    for (auto rank = model_.rank[child]; rank > first_in(child);) {
      const Node way = add(child, --rank);
      edges_.emplace_back(way, first);
      first = way;
    }
    return in_[child] = first;
  }

  static constexpr Node kUnset = 0;  // no edge enters the first node

  Model& model_;
  std::vector<std::vector<Node>> out_;
  std::vector<Node> in_;
  std::vector<Edge> edges_;
};

}  // namespace

void add_ways(Model& model) {
  WayMaker maker(model);
  if (maker.count() > 3 * model.cards + 2'000) return;
  maker.run();
  model.connect();
}

}  // namespace assetd::lineage
