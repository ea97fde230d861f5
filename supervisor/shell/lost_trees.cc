#include "supervisor/shell/lost_trees.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "supervisor/control_group.h"
#include "supervisor/shell/processes.h"
#include "supervisor/tree_tag.h"

namespace assetd::supervisor {
namespace {

constexpr int kLongestPauseMs = 50;

void add_descendants(const std::vector<Process>& table, std::set<int>& tree) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& process : table) {
      if (!process.dead() && tree.contains(process.parent)) grown |= tree.insert(process.pid).second;
    }
  }
}

}  // namespace

LostTrees::LostTrees(std::function<bool(int pid)> is_shim) : is_shim_(std::move(is_shim)) {}

void LostTrees::add(std::string attempt, int session, std::string group) {
  trees_.push_back({std::move(attempt), std::move(group), session});
  pause_ms_ = 1;
}

std::vector<std::string> LostTrees::look() {
  const int self = getpid();
  auto table = all_processes();
  std::erase_if(table,
                [&](const Process& process) { return process.pid == self || process.dead() || is_shim_(process.pid); });
  for (auto& tree : trees_) {
    const bool in_group = kill_group(tree.group);
    std::set<int> found;
    for (const auto& process : table) {
      // As process 1 of a container we also get orphans that are none of ours.
      const bool orphan = process.parent == self && self != 1;
      const bool in_session = tree.session != 0 && process.session == tree.session;
      if (orphan || in_session || has_tag(process.pid, tree.attempt)) found.insert(process.pid);
    }
    add_descendants(table, found);
    for (const int pid : found) kill(pid, SIGKILL);
    tree.empty_looks = found.empty() && !in_group ? tree.empty_looks + 1 : 0;
  }
  std::vector<std::string> done;
  std::erase_if(trees_, [&](Tree& tree) {
    if (tree.empty_looks < 2) return false;
    remove_group(tree.group);
    done.push_back(std::move(tree.attempt));
    return true;
  });
  pause_ms_ = std::min(pause_ms_ * 2, kLongestPauseMs);
  return done;
}

}  // namespace assetd::supervisor
