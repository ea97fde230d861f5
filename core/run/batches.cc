#include "core/run/batches.h"

#include <algorithm>
#include <map>

namespace assetd {
namespace {

// Merging is tried pairwise within a kind; beyond this many levels of one kind the gain is not worth the square.
constexpr std::size_t kMostGroupsTried = 64;

class Batcher {
 public:
  explicit Batcher(const BatchInput& input) : input_(input), group_(input.size), members_(input.size) {}

  std::vector<std::uint32_t> run() {
    group_by_level();
    for (auto& [kind, groups] : groups_of_kind_) merge_kind(groups);
    return numbered();
  }

 private:
  // Within one level of alternation between kinds a group cannot be left and entered again: every edge between different
  // groups raises the level, so levels order the groups and neither a hole nor a circle can arise.
  void group_by_level() {
    std::vector<std::uint32_t> level(input_.size, 0);
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> first;
    for (std::uint32_t node = 0; node < input_.size; ++node) {
      const auto kind = input_.kind[node];
      input_.each_parent(node, [&](std::uint32_t parent) {
        const bool same = kind != UINT32_MAX && input_.kind[parent] == kind;
        level[node] = std::max(level[node], level[parent] + (same ? 0 : 1));
      });
      group_[node] = node;
      if (kind != UINT32_MAX) {
        const auto [it, fresh] = first.try_emplace({kind, level[node]}, node);
        group_[node] = it->second;
        if (fresh) groups_of_kind_[kind].push_back(node);
      }
      members_[group_[node]].push_back(node);
    }
  }

  void merge_kind(std::vector<std::uint32_t>& groups) {
    if (groups.size() > kMostGroupsTried) return;
    for (std::size_t later = 1; later < groups.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        if (members_[groups[earlier]].empty() || !can_merge(groups[earlier], groups[later])) continue;
        merge(groups[earlier], groups[later]);
        break;
      }
    }
  }

  bool can_merge(std::uint32_t a, std::uint32_t b) const { return !detour(a, b) && !detour(b, a); }

  // Is there a path from group `from` to group `to` through a third group?
  bool detour(std::uint32_t from, std::uint32_t to) const {
    std::vector<bool> seen(input_.size, false);
    std::vector<std::uint32_t> stack;
    const auto visit_children = [&](std::uint32_t group, bool skip_target) {
      bool hit = false;
      for (const auto member : members_[group])
        input_.each_child(member, [&](std::uint32_t child) {
          const auto next = group_[child];
          if (next == group || next == from) return;
          if (next == to) {
            hit = hit || !skip_target;
            return;
          }
          if (!seen[next]) {
            seen[next] = true;
            stack.push_back(next);
          }
        });
      return hit;
    };
    visit_children(from, true);
    while (!stack.empty()) {
      const auto group = stack.back();
      stack.pop_back();
      if (visit_children(group, false)) return true;
    }
    return false;
  }

  void merge(std::uint32_t into, std::uint32_t from) {
    for (const auto member : members_[from]) group_[member] = into;
    members_[into].insert(members_[into].end(), members_[from].begin(), members_[from].end());
    members_[from].clear();
  }

  std::vector<std::uint32_t> numbered() const {
    std::vector<std::uint32_t> number(input_.size, UINT32_MAX), result(input_.size);
    std::uint32_t next = 0;
    for (std::uint32_t node = 0; node < input_.size; ++node) {
      auto& n = number[group_[node]];
      if (n == UINT32_MAX) n = next++;
      result[node] = n;
    }
    return result;
  }

  const BatchInput& input_;
  std::vector<std::uint32_t> group_;
  std::vector<std::vector<std::uint32_t>> members_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> groups_of_kind_;
};

}  // namespace

std::vector<std::uint32_t> make_batches(const BatchInput& input) { return Batcher(input).run(); }

}  // namespace assetd
