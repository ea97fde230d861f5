#include "core/graph/graph.h"

#include <algorithm>
#include <queue>
#include <stdexcept>

#include "core/graph/asset_key.h"
#include "core/graph/cycles.h"

namespace assetd {
namespace {

std::vector<std::string> sorted_keys(const Definitions& definitions) {
  std::vector<std::string> keys;
  keys.reserve(definitions.assets.size());
  for (const auto& asset : definitions.assets) {
    if (!keys.empty() && keys.back() >= asset.key)
      throw std::logic_error("assets are not sorted by unique key: " + asset.key);
    keys.push_back(asset.key);
  }
  return keys;
}

std::optional<AssetId> find_key(const std::vector<std::string>& keys, std::string_view key) {
  const auto at = std::ranges::lower_bound(keys, key);
  if (at == keys.end() || *at != key) return std::nullopt;
  return static_cast<AssetId>(at - keys.begin());
}

GraphError unknown_dependency(const std::vector<std::string>& keys, AssetId asset, const std::string& dependency) {
  std::string text = "asset \"" + keys[asset] + "\" depends on \"" + dependency + "\", which is not defined";
  const auto near = nearest_name(dependency, {keys.begin(), keys.end()});
  if (!near.empty()) text += "; did you mean \"" + near + "\"?";
  return {text, asset};
}

/// A reversed copy of compressed rows; targets come out ascending.
void reverse_rows(std::span<const std::uint32_t> offsets, std::span<const AssetId> targets,
                  std::vector<std::uint32_t>& reversed_offsets, std::vector<AssetId>& reversed) {
  const auto size = offsets.size() - 1;
  reversed_offsets.assign(size + 1, 0);
  for (const AssetId to : targets) ++reversed_offsets[to + 1];
  for (std::size_t i = 0; i < size; ++i) reversed_offsets[i + 1] += reversed_offsets[i];
  reversed.resize(targets.size());
  auto next = reversed_offsets;
  for (AssetId from = 0; from < size; ++from)
    for (std::uint32_t e = offsets[from]; e < offsets[from + 1]; ++e) reversed[next[targets[e]]++] = from;
}

/// Kahn's order; among those that are free the smallest key goes first. Shorter than the number of nodes when there is
/// a cycle.
std::vector<AssetId> order_topologically(std::span<const std::uint32_t> parent_offsets, const Adjacency& children) {
  const auto size = parent_offsets.size() - 1;
  std::vector<std::uint32_t> waiting_for(size);
  std::priority_queue<AssetId, std::vector<AssetId>, std::greater<>> free;
  for (AssetId id = 0; id < size; ++id) {
    waiting_for[id] = parent_offsets[id + 1] - parent_offsets[id];
    if (waiting_for[id] == 0) free.push(id);
  }
  std::vector<AssetId> order;
  order.reserve(size);
  while (!free.empty()) {
    order.push_back(free.top());
    free.pop();
    for (const AssetId child : children.of(order.back()))
      if (--waiting_for[child] == 0) free.push(child);
  }
  return order;
}

std::vector<bool> reach(const Adjacency& graph, std::span<const AssetId> roots, std::uint32_t levels) {
  std::vector<bool> reached(graph.offsets.size() - 1, false);
  std::vector<AssetId> front, next;
  const auto add = [&](AssetId id, std::vector<AssetId>& to) {
    if (reached[id]) return;
    reached[id] = true;
    to.push_back(id);
  };
  for (const AssetId root : roots) add(root, front);
  for (; levels > 0 && !front.empty(); --levels) {
    next.clear();
    for (const AssetId id : front)
      for (const AssetId to : graph.of(id)) add(to, next);
    front.swap(next);
  }
  return reached;
}

}  // namespace

std::expected<AssetGraph, std::vector<GraphError>> AssetGraph::build(const Definitions& definitions) {
  AssetGraph graph;
  graph.keys_ = sorted_keys(definitions);
  auto errors = graph.read_dependencies(definitions);
  reverse_rows(graph.parent_offsets_, graph.parents_, graph.child_offsets_, graph.children_);
  const Adjacency children{graph.child_offsets_, graph.children_};
  graph.order_ = order_topologically(graph.parent_offsets_, children);
  if (graph.order_.size() < graph.size())
    std::ranges::copy(describe_cycles(children, graph.keys_), std::back_inserter(errors));
  if (!errors.empty()) return std::unexpected(std::move(errors));
  graph.position_.resize(graph.size());
  for (std::uint32_t i = 0; i < graph.order_.size(); ++i) graph.position_[graph.order_[i]] = i;
  return graph;
}

std::vector<GraphError> AssetGraph::read_dependencies(const Definitions& definitions) {
  std::vector<GraphError> errors;
  std::vector<std::size_t> edge_of(size(),
                                   0);  // by parent; stale unless it lies in the present row and names the parent
  parent_offsets_.push_back(0);
  for (AssetId id = 0; id < size(); ++id) {
    for (const auto& dependency : definitions.assets[id].deps) {
      const auto parent = find_key(keys_, dependency.asset);
      if (!parent) {
        errors.push_back(unknown_dependency(keys_, id, dependency.asset));
        continue;
      }
      auto& edge = edge_of[*parent];
      if (edge >= parent_offsets_.back() && edge < parents_.size() && parents_[edge] == *parent) {
        if (dependency.on_failure == OnFailure::skip)
          parent_policies_[edge] = OnFailure::skip;  // named twice: the stricter holds
        continue;
      }
      edge = parents_.size();
      parents_.push_back(*parent);
      parent_policies_.push_back(dependency.on_failure);
    }
    parent_offsets_.push_back(static_cast<std::uint32_t>(parents_.size()));
  }
  return errors;
}

std::optional<AssetId> AssetGraph::find(std::string_view key) const { return find_key(keys_, key); }

std::span<const AssetId> AssetGraph::parents(AssetId id) const { return Adjacency{parent_offsets_, parents_}.of(id); }

std::span<const AssetId> AssetGraph::children(AssetId id) const { return Adjacency{child_offsets_, children_}.of(id); }

OnFailure AssetGraph::on_failure(AssetId parent, AssetId child) const {
  for (std::uint32_t e = parent_offsets_[child]; e < parent_offsets_[child + 1]; ++e)
    if (parents_[e] == parent) return parent_policies_[e];
  throw std::logic_error("\"" + keys_[parent] + "\" is not a parent of \"" + keys_[child] + "\"");
}

std::vector<bool> AssetGraph::ancestors(std::span<const AssetId> roots, std::uint32_t levels) const {
  return reach({parent_offsets_, parents_}, roots, levels);
}

std::vector<bool> AssetGraph::descendants(std::span<const AssetId> roots, std::uint32_t levels) const {
  return reach({child_offsets_, children_}, roots, levels);
}

}  // namespace assetd
