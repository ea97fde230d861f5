#include "core/graph/lineage/ranks.h"

#include <algorithm>
#include <cmath>

#include "core/graph/cycles.h"

namespace assetd::lineage {
namespace {

/// Blocks in one cycle of blocks. They have the same first column.
struct Knot {
  std::vector<std::uint32_t> blocks;
  std::uint32_t start = 0, end = 0;  // columns, both included
  std::uint32_t edges_in = 0, edges_out = 0;
};

class Ranker {
 public:
  explicit Ranker(Model& model) : model_(model), knot_of_(knots()), filled_(model.blocks.size()) {
    const auto share = 2 * std::sqrt(static_cast<double>(model.cards));
    tallest_ = std::max(60u, static_cast<std::uint32_t>(share));
    std::uint32_t count = 0;
    for (const auto knot : knot_of_) count = std::max(count, knot + 1);
    knots_.resize(count);
    for (std::uint32_t block = 0; block < knot_of_.size(); ++block) knots_[knot_of_[block]].blocks.push_back(block);
    for (const auto& [parent, child] : model.edges) {
      if (knot_of(parent) == knot_of(child)) continue;
      ++knots_[knot_of(parent)].edges_out;
      ++knots_[knot_of(child)].edges_in;
    }
    model.rank.assign(model.cards, 0);
    sequence_.assign(model.cards, 0);
  }

  void run() {
    // Knots are numbered so that a knot's number is greater than those of all that it leads to.
    for (auto knot = knots_.rbegin(); knot != knots_.rend(); ++knot) place(*knot);
    for (auto& knot : knots_) pull_right(knot);
    start_at_zero();
  }

 private:
  std::vector<std::uint32_t> knots() const {
    std::vector<Edge> edges;
    for (const auto& [parent, child] : model_.edges)
      if (model_.block[parent] != model_.block[child]) edges.emplace_back(model_.block[parent], model_.block[child]);
    std::ranges::sort(edges);
    edges.erase(std::ranges::unique(edges).begin(), edges.end());
    const Rows rows(model_.blocks.size(), edges, false);
    return strong_components({rows.offsets(), rows.targets()});
  }

  std::uint32_t knot_of(Node node) const { return knot_of_[model_.block[node]]; }

  std::vector<Node> members_in_order(const Knot& knot) const {
    std::vector<Node> nodes;
    for (const auto block : knot.blocks)
      nodes.insert(nodes.end(), model_.blocks[block].members.begin(), model_.blocks[block].members.end());
    if (knot.blocks.size() > 1) std::ranges::sort(nodes);  // nodes are numbered topologically
    return nodes;
  }

  void place(Knot& knot) {
    const auto nodes = members_in_order(knot);
    for (const Node node : nodes)
      for (const Node parent : model_.parents.of(node))
        if (const auto& other = knots_[knot_of(parent)]; &other != &knot)
          knot.start = std::max(knot.start, other.end + 1);
    for (const Node node : families_together(nodes, knot)) place(node, knot.start);
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) pull_right(*node, knot);
    knot.end = knot.start;
    for (const auto number : knot.blocks) measure(model_.blocks[number], knot);
  }

  /// By the column that a node would have without a limit, then by its first parent: so where a column is continued,
  /// siblings stay side by side.
  std::vector<Node> families_together(const std::vector<Node>& nodes, const Knot& knot) {
    std::vector<std::vector<Node>> columns;
    for (const Node node : nodes) {
      const auto rank = earliest(node, knot.start);
      model_.rank[node] = rank;
      if (columns.size() <= rank - knot.start) columns.resize(rank - knot.start + 1);
      columns[rank - knot.start].push_back(node);
    }
    std::vector<Node> order;
    for (auto& column : columns) {
      std::ranges::stable_sort(column, {}, [&](Node node) {
        Node first = UINT32_MAX;
        for (const Node parent : model_.parents.of(node)) first = std::min(first, sequence_[parent]);
        return first;
      });
      for (const Node node : column) sequence_[node] = next_in_sequence_++;
      order.insert(order.end(), column.begin(), column.end());
    }
    return order;
  }

  std::uint32_t earliest(Node node, std::uint32_t start) const {
    auto rank = start;
    for (const Node parent : model_.parents.of(node)) rank = std::max(rank, model_.rank[parent] + 1);
    return rank;
  }

  std::uint32_t& filled(Node node, std::uint32_t column) {
    auto& columns = filled_[model_.block[node]];
    if (columns.size() <= column) columns.resize(column + 1, 0);
    return columns[column];
  }

  void place(Node node, std::uint32_t start) {
    auto rank = earliest(node, start);
    while (filled(node, rank - start) >= tallest_) ++rank;
    ++filled(node, rank - start);
    model_.rank[node] = rank;
  }

  /// Towards its children, when it has more of them than parents: shorter edges. Never beyond the columns of its block.
  void pull_right(Node node, const Knot& knot) {
    const auto children = model_.children.of(node);
    if (children.empty() || children.size() < model_.parents.of(node).size()) return;
    auto rank = static_cast<std::uint32_t>(filled_[model_.block[node]].size()) - 1 + knot.start;
    for (const Node child : children)
      if (knot_of(child) == knot_of(node)) rank = std::min(rank, model_.rank[child] - 1);
    if (rank <= model_.rank[node] || filled(node, rank - knot.start) >= tallest_) return;
    --filled(node, model_.rank[node] - knot.start);
    ++filled(node, rank - knot.start);
    model_.rank[node] = rank;
  }

  void measure(Block& block, Knot& knot) {
    block.first_rank = block.members.empty() ? knot.start : UINT32_MAX;
    block.last_rank = knot.start;
    for (const Node node : block.members) {
      block.first_rank = std::min(block.first_rank, model_.rank[node]);
      block.last_rank = std::max(block.last_rank, model_.rank[node]);
    }
    if (!block.loose.empty()) block.last_rank = block.first_rank + grid_columns(block) - 1;
    knot.end = std::max(knot.end, block.last_rank);
  }

  void pull_right(Knot& knot) {
    if (knot.edges_out == 0 || knot.edges_out < knot.edges_in) return;
    std::uint32_t next = UINT32_MAX;
    for (const auto number : knot.blocks)
      for (const Node node : model_.blocks[number].members)
        for (const Node child : model_.children.of(node))
          if (knot_of_[model_.block[child]] != knot_of_[number]) next = std::min(next, knots_[knot_of(child)].start);
    if (next == UINT32_MAX || next <= knot.end + 1) return;
    shift(knot, next - 1 - knot.end);
  }

  void shift(Knot& knot, std::uint32_t by) {
    knot.start += by;
    knot.end += by;
    for (const auto number : knot.blocks) {
      auto& block = model_.blocks[number];
      block.first_rank += by;
      block.last_rank += by;
      for (const Node node : block.members) model_.rank[node] += by;
    }
  }

  void start_at_zero() {
    std::vector<std::uint32_t> first(model_.components, UINT32_MAX);
    for (const auto& block : model_.blocks) first[block.component] = std::min(first[block.component], block.first_rank);
    for (auto& block : model_.blocks) {
      block.first_rank -= first[block.component];
      block.last_rank -= first[block.component];
      for (const Node node : block.members) model_.rank[node] -= first[block.component];
    }
  }

  Model& model_;
  std::vector<std::uint32_t> knot_of_;  // by block
  std::vector<Knot> knots_;
  std::vector<std::vector<std::uint32_t>> filled_;  // by block and column from the knot's start: number of members
  std::vector<Node> sequence_;                      // in which nodes are placed
  Node next_in_sequence_ = 0;
  std::uint32_t tallest_ = 0;  // members in one column of a block
};

}  // namespace

void assign_ranks(Model& model) { Ranker(model).run(); }

}  // namespace assetd::lineage
