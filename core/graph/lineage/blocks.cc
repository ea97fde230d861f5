#include "core/graph/lineage/blocks.h"

#include <numeric>
#include <unordered_map>

namespace assetd::lineage {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

/// Disjoint sets with path halving.
class Sets {
 public:
  explicit Sets(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t find(std::uint32_t item) {
    while (parent_[item] != item) item = parent_[item] = parent_[parent_[item]];
    return item;
  }
  void join(std::uint32_t a, std::uint32_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::uint32_t> parent_;
};

class Divider {
 public:
  Divider(Model& model, const std::vector<const std::string*>& groups)
      : model_(model), groups_(groups), ungrouped_(model.cards) {
    for (const auto& [parent, child] : model.edges)
      if (groups[parent]->empty() && groups[child]->empty()) ungrouped_.join(parent, child);
  }

  void place(Node node) {
    const bool loose = model_.parents.of(node).empty() && model_.children.of(node).empty();
    auto& number = !groups_[node]->empty() ? group_block(*groups_[node])
                   : loose                 ? loose_block_
                                           : ungrouped_block_.try_emplace(ungrouped_.find(node), kNone).first->second;
    if (number == kNone) {
      number = static_cast<std::uint32_t>(model_.blocks.size());
      model_.blocks.push_back({.name = *groups_[node], .framed = !groups_[node]->empty()});
    }
    model_.block[node] = number;
    auto& block = model_.blocks[number];
    (loose ? block.loose : block.members).push_back(node);
  }

  void join_components() {
    Sets sets(model_.blocks.size());
    for (const auto& [parent, child] : model_.edges) sets.join(model_.block[parent], model_.block[child]);
    std::vector<std::uint32_t> numbers(model_.blocks.size(), kNone);
    for (std::uint32_t i = 0; i < model_.blocks.size(); ++i) {
      auto& number = numbers[sets.find(i)];
      if (number == kNone) number = model_.components++;
      model_.blocks[i].component = number;
    }
  }

 private:
  std::uint32_t& group_block(const std::string& name) { return group_blocks_.try_emplace(name, kNone).first->second; }

  Model& model_;
  const std::vector<const std::string*>& groups_;
  Sets ungrouped_;
  std::unordered_map<std::string_view, std::uint32_t> group_blocks_;
  std::unordered_map<Node, std::uint32_t> ungrouped_block_;
  std::uint32_t loose_block_ = kNone;
};

}  // namespace

void assign_blocks(Model& model, const std::vector<const std::string*>& groups) {
  model.block.assign(model.cards, 0);
  Divider divider(model, groups);
  for (Node node = 0; node < model.cards; ++node) divider.place(node);
  divider.join_components();
}

}  // namespace assetd::lineage
