#include "core/graph/selection.h"

#include <algorithm>

#include "core/graph/asset_key.h"
#include "core/graph/selection_attributes.h"
#include "core/graph/selection_syntax.h"

namespace assetd {
namespace {

using Kind = SelectionNode::Kind;
using Set = std::vector<bool>;  // by AssetId

std::vector<AssetId> members(const Set& set) {
  std::vector<AssetId> ids;
  for (AssetId id = 0; id < set.size(); ++id)
    if (set[id]) ids.push_back(id);
  return ids;
}

void unite(Set& set, const Set& other) {
  for (std::size_t i = 0; i < set.size(); ++i)
    if (other[i]) set[i] = true;
}

std::vector<AssetId> in_order(const Set& set, const AssetGraph& graph) {
  std::vector<AssetId> ordered;
  for (const AssetId id : graph.topological())
    if (set[id]) ordered.push_back(id);
  return ordered;
}

class Evaluator {
 public:
  Evaluator(const Definitions& definitions, const AssetGraph& graph, const SelectionState* state)
      : definitions_(definitions), graph_(graph), state_(state) {}

  /// Every operand is evaluated, also where the result no longer depends on it: an unknown name must be told.
  std::expected<Set, SelectionError> evaluate(const SelectionNode& node) {
    Set set(graph_.size(), false);
    if (auto error = add(node, set)) return std::unexpected(std::move(*error));
    return set;
  }

  /// Where its walks begin. Of "a+ and group:x" that is a: the group only says which of what is below it.
  std::expected<Set, SelectionError> starts(const SelectionNode& node) {
    if (node.kind == Kind::walk) return starts(node.children.front());
    if (node.kind != Kind::any_of && node.kind != Kind::all_of) return evaluate(node);
    const bool walks = node.kind == Kind::all_of && std::ranges::any_of(node.children, has_walk);
    Set set(graph_.size(), false);
    for (const auto& child : node.children) {
      if (walks && !has_walk(child)) continue;
      const auto found = starts(child);
      if (!found) return found;
      unite(set, *found);
    }
    return set;
  }

 private:
  static bool has_walk(const SelectionNode& node) {
    if (node.kind == Kind::walk) return true;
    return (node.kind == Kind::any_of || node.kind == Kind::all_of) && std::ranges::any_of(node.children, has_walk);
  }

  using Failure = std::optional<SelectionError>;

  /// Adds what the node selects to `set`. So a list of thousands of names costs no set for each.
  Failure add(const SelectionNode& node, Set& set) {
    switch (node.kind) {
      case Kind::any_of:
        for (const auto& child : node.children)
          if (auto error = add(child, set)) return error;
        return std::nullopt;
      case Kind::everything:
        set.assign(set.size(), true);
        return std::nullopt;
      case Kind::attribute:
        return add_matching(node, set);
      default:
        break;
    }
    auto found = combine(node);
    if (!found) return std::move(found.error());
    unite(set, *found);
    return std::nullopt;
  }

  std::expected<Set, SelectionError> combine(const SelectionNode& node) {
    auto set = evaluate(node.children.front());
    if (!set) return set;
    switch (node.kind) {
      case Kind::all_of:
        return intersect(node, std::move(*set));
      case Kind::except:
        set->flip();
        return set;
      case Kind::walk:
        return walk(node, *set);
      case Kind::roots:
        return without(*set, [this](AssetId id) { return graph_.parents(id); });
      case Kind::sinks:
        return without(*set, [this](AssetId id) { return graph_.children(id); });
      default:
        return set;
    }
  }

  std::expected<Set, SelectionError> intersect(const SelectionNode& node, Set set) {
    for (std::size_t i = 1; i < node.children.size(); ++i) {
      const auto other = evaluate(node.children[i]);
      if (!other) return other;
      for (std::size_t id = 0; id < set.size(); ++id) set[id] = set[id] && (*other)[id];
    }
    return set;
  }

  Set walk(const SelectionNode& node, const Set& start) const {
    const auto ids = members(start);
    Set result = node.up > 0 ? graph_.ancestors(ids, node.up) : start;
    if (node.down > 0) unite(result, graph_.descendants(ids, node.down));
    return result;
  }

  template <typename Neighbours>
  Set without(const Set& set, Neighbours neighbours) const {
    Set result(set.size(), false);
    for (const AssetId id : members(set))
      result[id] = std::ranges::none_of(neighbours(id), [&](AssetId other) { return set[other]; });
    return result;
  }

  Failure add_matching(const SelectionNode& node, Set& set) {
    if (node.attribute == Attribute::key && node.text.find('*') == std::string::npos) return add_exact(node, set);
    if (asks_for_state(node.attribute) && !state_)
      return SelectionError{
          "what this asks for is the state of assets, which is not known here: it may stand where a run is requested",
          node.column};
    const AttributeMatcher matches(definitions_, state_, node.attribute, node.text);
    for (AssetId id = 0; id < set.size(); ++id)
      if (!set[id] && matches(id)) set[id] = true;
    return std::nullopt;
  }

  Failure add_exact(const SelectionNode& node, Set& set) {
    if (const auto id = graph_.find(node.text)) {
      set[*id] = true;
      return std::nullopt;
    }
    return unknown_name(node);
  }

  SelectionError unknown_name(const SelectionNode& node) const {
    std::string text = "no asset is named \"" + node.text + "\"";
    const auto has_group = [&](const AssetSpec& asset) { return asset.group == node.text; };
    if (std::ranges::any_of(definitions_.assets, has_group))
      return {text + "; for the group of that name write group:" + node.text, node.column};
    std::vector<std::string_view> keys;
    for (const auto& asset : definitions_.assets) keys.push_back(asset.key);
    const auto near = nearest_name(node.text, keys);
    if (!near.empty()) text += "; did you mean \"" + near + "\"?";
    return {text, node.column};
  }

  const Definitions& definitions_;
  const AssetGraph& graph_;
  const SelectionState* state_;
};

}  // namespace

std::expected<std::vector<AssetId>, SelectionError> select_assets(std::string_view expression,
                                                                  const Definitions& definitions,
                                                                  const AssetGraph& graph,
                                                                  const SelectionState* state) {
  const auto tree = parse_selection(expression);
  if (!tree) return std::unexpected(tree.error());
  const auto set = Evaluator(definitions, graph, state).evaluate(*tree);
  if (!set) return std::unexpected(set.error());
  return in_order(*set, graph);
}

std::expected<std::vector<AssetId>, SelectionError> selection_targets(std::string_view expression,
                                                                      const Definitions& definitions,
                                                                      const AssetGraph& graph,
                                                                      const SelectionState* state) {
  const auto tree = parse_selection(expression);
  if (!tree) return std::unexpected(tree.error());
  Evaluator evaluator(definitions, graph, state);
  const auto selected = evaluator.evaluate(*tree);
  if (!selected) return std::unexpected(selected.error());
  auto set = evaluator.starts(*tree);
  if (!set) return std::unexpected(set.error());
  for (std::size_t id = 0; id < set->size(); ++id) (*set)[id] = (*set)[id] && (*selected)[id];
  return in_order(*set, graph);
}

}  // namespace assetd
