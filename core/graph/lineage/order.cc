#include "core/graph/lineage/order.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "core/graph/lineage/column.h"
#include "core/graph/lineage/stack.h"

namespace assetd::lineage {
namespace {

constexpr int kSweeps = 24;                        // pairs of sweeps that may change the order
constexpr int kPatience = 6;                       // of them without an improvement
constexpr int kStraightening = 4;                  // pairs of sweeps that keep the order
constexpr int kStacking = 16;                      // times that blocks move on their own at last
constexpr double kClearGain = 0.9;                 // of the second start over the first
constexpr std::size_t kSecondStartLimit = 60'000;  // edges
constexpr std::size_t kSwapLimit =
    60'000;  // edges up to which neighbours are also swapped one by one: it costs as much as all sweeps

class Arranger {
 public:
  explicit Arranger(Model& model) : model_(model), stack_(make_columns(model)) {}

  void run() {
    stack_.place(false);
    State best = improve();
    if (model_.edges.size() <= kSecondStartLimit) {
      order_by_visit();
      State other = improve();
      // Only a clear gain counts: else a small edit of the graph could turn the whole picture.
      if (other.cost < kClearGain * best.cost) best = std::move(other);
    }
    restore(std::move(best));
    settle();
    if (model_.edges.size() <= kSwapLimit && swap_neighbours()) settle();
  }

 private:
  struct Column {
    std::uint32_t rank;
    std::uint32_t block;
    std::vector<Node> nodes;  // from the top
  };
  enum class Side { parents, children, both };
  enum class Wishing {
    median,
    mean,      ///< in turns with the median: each leads out of places where the other is stuck
    straight,  ///< the median, where ways count twice: a long edge that is straight stays clear of the cards
  };

  struct State {
    std::vector<Column> columns;
    std::vector<float> y;
    std::vector<Block> blocks;
    std::vector<std::uint32_t> stacked;
    double cost;
  };
  State state(double cost) const { return {columns_, model_.y, model_.blocks, stack_.order(), cost}; }
  void restore(State state) {
    columns_ = std::move(state.columns);
    model_.y = std::move(state.y);
    model_.blocks = std::move(state.blocks);
    stack_.set_order(std::move(state.stacked));
  }

  /// The best state that sweeps from the present one come to.
  State improve() {
    State best = state(cost());
    for (int round = 0, stale = 0; round < kSweeps && stale < kPatience; ++round, ++stale) {
      wishing_ = round % 2 == 0 ? Wishing::median : Wishing::mean;
      sweep(true, true);
      sweep(false, true);
      stack_.place(true);
      const double now = cost();
      if (now >= best.cost) continue;
      if (now < best.cost * 0.995) stale = 0;
      best = state(now);
    }
    return best;
  }

  /// The other start: in each column as a walk through the graph, depth first, comes by. It follows strips and trees
  /// where the order of keys is a tangle.
  void order_by_visit() {
    std::vector<std::uint32_t> visit(model_.size(), UINT32_MAX);
    std::uint32_t next = 0;
    std::vector<Node> open;
    for (Node root = 0; root < model_.size(); ++root) {
      open.push_back(root);
      while (!open.empty()) {
        const Node node = open.back();
        open.pop_back();
        if (visit[node] != UINT32_MAX) continue;
        visit[node] = next++;
        for (const auto& rows : {&model_.children, &model_.parents})
          for (const Node other : rows->of(node))
            if (visit[other] == UINT32_MAX) open.push_back(other);
      }
    }
    for (auto& column : columns_) {
      std::ranges::sort(column.nodes, {}, [&](Node node) { return visit[node]; });
      wishes_.assign(column.nodes.size(), 0);
      placer_.place(model_, column.nodes, wishes_, model_.blocks[column.block].half);
    }
  }

  /// Columns by rank, nodes in their given order, packed around the centre.
  Model& make_columns(Model& model) {
    std::vector<std::uint32_t> first(model.blocks.size() + 1, 0);
    for (std::size_t i = 0; i < model.blocks.size(); ++i)
      first[i + 1] = first[i] + model.blocks[i].last_rank - model.blocks[i].first_rank + 1;
    columns_.resize(first.back());
    for (Node node = 0; node < model.size(); ++node) {
      const auto block = model.block[node];
      if (node < model.cards && model.parents.of(node).empty() && model.children.of(node).empty()) continue;  // loose
      auto& column = columns_[first[block] + model.rank[node] - model.blocks[block].first_rank];
      column.rank = model.rank[node];
      column.block = block;
      column.nodes.push_back(node);
    }
    std::erase_if(columns_, [](const Column& column) { return column.nodes.empty(); });
    std::ranges::stable_sort(columns_, {}, &Column::rank);
    model.y.assign(model.size(), 0);
    for (auto& block : model.blocks) block.half = 0;
    for (const auto& column : columns_) {
      auto& block = model.blocks[column.block];
      block.half = std::max(block.half, column_height(model, column.nodes) / 2);
    }
    const std::vector<float> centre(model.size(), 0);
    for (const auto& column : columns_) placer_.place(model, column.nodes, centre, model.blocks[column.block].half);
    return model;
  }

  float median(std::span<const Node> first, std::span<const Node> second, float otherwise) {
    near_.clear();
    for (const auto nodes : {first, second})
      for (const Node node : nodes)
        near_.insert(near_.end(), wishing_ == Wishing::straight && !model_.is_card(node) ? 2 : 1,
                     model_.absolute_y(node));
    if (near_.empty()) return otherwise;
    if (wishing_ == Wishing::mean)
      return std::accumulate(near_.begin(), near_.end(), 0.0f) / static_cast<float>(near_.size());
    const auto middle = near_.begin() + static_cast<std::ptrdiff_t>(near_.size() / 2);
    std::nth_element(near_.begin(), middle, near_.end());
    if (near_.size() % 2 == 1) return *middle;
    return (*middle + *std::max_element(near_.begin(), middle)) / 2;
  }

  float wish(Node node, Side side) {
    std::span<const Node> none;
    return median(side == Side::children ? none : model_.parents.of(node),
                  side == Side::parents ? none : model_.children.of(node), model_.absolute_y(node));
  }

  void place(Column& column, Side side, bool reorder) {
    const auto& block = model_.blocks[column.block];
    wishes_.clear();
    for (const Node node : column.nodes) wishes_.push_back(wish(node, side) - block.y);
    if (reorder) {
      sorted_.clear();
      for (std::size_t i = 0; i < column.nodes.size(); ++i) sorted_.emplace_back(wishes_[i], column.nodes[i]);
      std::ranges::stable_sort(sorted_, {}, &std::pair<float, Node>::first);
      for (std::size_t i = 0; i < sorted_.size(); ++i) std::tie(wishes_[i], column.nodes[i]) = sorted_[i];
    }
    placer_.place(model_, column.nodes, wishes_, block.half);
  }

  void sweep(bool to_right, bool reorder) {
    if (to_right)
      for (auto& column : columns_) place(column, Side::parents, reorder);
    else
      for (auto column = columns_.rbegin(); column != columns_.rend(); ++column)
        place(*column, Side::children, reorder);
  }

  /// Straightens without a change of order; the last word has the median of both sides.
  void settle() {
    wishing_ = Wishing::straight;
    for (int i = 0; i < kStraightening; ++i) {
      sweep(true, false);
      sweep(false, false);
      stack_.place(false);
    }
    for (int i = 0; i < 2; ++i)
      for (auto& column : columns_) place(column, Side::both, false);
    for (int i = 0; i < kStacking; ++i) stack_.place(false);
  }

  /// The sum of the edges' vertical extents: it falls with the crossings and with the slopes.
  double cost() const {
    double sum = 0;
    for (const auto& [parent, child] : model_.edges)
      sum += std::abs(model_.absolute_y(child) - model_.absolute_y(parent));
    return sum;
  }

  bool swap_neighbours() {
    bool any = false;
    for (int round = 0; round < 4; ++round) {
      bool changed = false;
      for (auto& column : columns_) changed |= swap_in(column);
      any |= changed;
      if (!changed) break;
    }
    return any;
  }

  bool swap_in(Column& column) {
    bool changed = false;
    for (std::size_t i = 0; i + 1 < column.nodes.size(); ++i) {
      Node &above = column.nodes[i], &below = column.nodes[i + 1];
      if (crossings(above, below) <= crossings(below, above)) continue;
      std::swap(above, below);
      std::swap(model_.y[above], model_.y[below]);
      changed = true;
    }
    return changed;
  }

  /// Crossings of the edges of two nodes of a column, if `above` stands above.
  std::size_t crossings(Node above, Node below) {
    return crossings(model_.parents.of(above), model_.parents.of(below)) +
           crossings(model_.children.of(above), model_.children.of(below));
  }

  std::size_t crossings(std::span<const Node> of_above, std::span<const Node> of_below) {
    const auto collect = [&](std::span<const Node> nodes, std::vector<float>& into) {
      into.clear();
      for (const Node node : nodes) into.push_back(model_.absolute_y(node));
      std::ranges::sort(into);
    };
    collect(of_above, near_);
    collect(of_below, other_);
    std::size_t count = 0, behind = 0;
    for (const float y : near_) {
      while (behind < other_.size() && other_[behind] < y) ++behind;
      count += behind;
    }
    return count;
  }

  Model& model_;
  std::vector<Column> columns_;
  ColumnPlacer placer_;
  BlockStack stack_;
  Wishing wishing_ = Wishing::median;
  // Kept between calls, so that a sweep allocates nothing.
  std::vector<float> near_, other_, wishes_;
  std::vector<std::pair<float, Node>> sorted_;
};

}  // namespace

void arrange(Model& model) { Arranger(model).run(); }

}  // namespace assetd::lineage
