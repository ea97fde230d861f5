#include "core/graph/cycles.h"

#include <algorithm>

namespace assetd {
namespace {

constexpr std::uint32_t kUnseen = UINT32_MAX;

/// Tarjan's components without recursion: a chain of 100,000 assets must not exhaust the stack.
class Components {
 public:
  explicit Components(const Adjacency& graph) : graph_(graph), size_(graph.offsets.size() - 1) {
    index_.assign(size_, kUnseen);
    low_.assign(size_, kUnseen);
    component_.assign(size_, kUnseen);
    for (AssetId id = 0; id < size_; ++id)
      if (index_[id] == kUnseen) explore(id);
  }

  std::vector<std::uint32_t> take() { return std::move(component_); }

 private:
  struct Frame {
    AssetId id;
    std::uint32_t edge;
  };

  void enter(AssetId id) {
    index_[id] = low_[id] = next_index_++;
    open_.push_back(id);
    frames_.push_back({id, 0});
  }

  void explore(AssetId root) {
    enter(root);
    while (!frames_.empty()) {
      auto& frame = frames_.back();
      const auto targets = graph_.of(frame.id);
      if (frame.edge == targets.size()) {
        leave();
        continue;
      }
      const AssetId from = frame.id, to = targets[frame.edge++];
      if (index_[to] == kUnseen)
        enter(to);  // invalidates `frame`
      else if (component_[to] == kUnseen)
        low_[from] = std::min(low_[from], index_[to]);
    }
  }

  void leave() {
    const AssetId id = frames_.back().id;
    frames_.pop_back();
    if (!frames_.empty()) low_[frames_.back().id] = std::min(low_[frames_.back().id], low_[id]);
    if (low_[id] != index_[id]) return;
    AssetId member;
    do {
      member = open_.back();
      open_.pop_back();
      component_[member] = next_component_;
    } while (member != id);
    ++next_component_;
  }

  const Adjacency& graph_;
  std::size_t size_;
  std::vector<std::uint32_t> index_, low_, component_;
  std::vector<AssetId> open_;
  std::vector<Frame> frames_;
  std::uint32_t next_index_ = 0, next_component_ = 0;
};

/// A shortest way from `start` back to itself; empty when there is none. `came_from` is scratch, all kUnseen before and
/// after.
std::vector<AssetId> shortest_cycle(const Adjacency& graph, const std::vector<std::uint32_t>& components, AssetId start,
                                    std::vector<AssetId>& came_from) {
  std::vector<AssetId> queue{start}, path;
  for (std::size_t head = 0; head < queue.size() && path.empty(); ++head) {
    for (const AssetId to : graph.of(queue[head])) {
      if (to == start) {
        for (AssetId id = queue[head]; id != kUnseen; id = came_from[id]) path.push_back(id);
        break;
      }
      if (components[to] != components[start] || came_from[to] != kUnseen) continue;
      came_from[to] = queue[head];
      queue.push_back(to);
    }
  }
  for (const AssetId id : queue) came_from[id] = kUnseen;
  std::ranges::reverse(path);
  return path;
}

}  // namespace

std::vector<std::uint32_t> strong_components(const Adjacency& graph) { return Components(graph).take(); }

std::vector<GraphError> describe_cycles(const Adjacency& children, const std::vector<std::string>& keys) {
  const auto components = strong_components(children);
  std::vector<GraphError> errors;
  std::vector<AssetId> came_from(keys.size(), kUnseen);
  std::vector<bool> told(keys.size(), false);  // by component
  for (AssetId id = 0; id < keys.size(); ++id) {
    if (told[components[id]]) continue;
    told[components[id]] = true;
    const auto path = shortest_cycle(children, components, id, came_from);
    if (path.empty()) continue;
    std::string text = "the assets depend on each other in a cycle: ";
    for (const AssetId step : path) text += keys[step] + " -> ";
    errors.push_back({text + keys[id], id});
  }
  return errors;
}

}  // namespace assetd
