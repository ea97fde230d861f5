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
/// What steps and preloaded processes are told of files in the data folder, up to the path.
constexpr const char* kVariablesOfTheFolder[] = {"ASSETD_ARTIFACTS=", "ASSETD_WORKER_LOG="};

void add_descendants(const std::vector<Process>& table, std::set<int>& tree) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& process : table) {
      if (!process.dead() && tree.contains(process.parent)) grown |= tree.insert(process.pid).second;
    }
  }
}

}  // namespace

LostTrees::LostTrees(std::string claims, std::function<bool(int pid)> is_shim) : claims_(std::move(claims)), is_shim_(std::move(is_shim)) {}

void LostTrees::add(std::string attempt, int session, std::string group, bool unclaimed) {
  trees_.push_back({.attempt = std::move(attempt), .group = std::move(group), .session = session, .proven = !unclaimed});
  pause_ms_ = 1;
}

std::set<int> LostTrees::members(const Tree& tree, const std::vector<Process>& table) const {
  std::set<int> found;
  for (const auto& process : table) {
    // As process 1 of a container we also get orphans that are none of ours; nor are they of one that was not ours to begin with.
    const bool orphan = process.parent == getpid() && getpid() != 1 && tree.proven;
    const bool in_session = tree.session != 0 && process.session == tree.session;
    if (orphan || in_session || has_tag(process.pid, tree.attempt)) found.insert(process.pid);
  }
  add_descendants(table, found);
  return found;
}

bool LostTrees::is_of_this_folder(const std::set<int>& members, const std::vector<Process>& table) const {
  if (members.empty()) return false;
  std::set<int> household;  // shims that outlived our predecessor and all below them
  for (const auto& process : table)
    if (has_argument(process.pid, claims_)) household.insert(process.pid);
  add_descendants(table, household);
  const auto folder = claims_.substr(0, claims_.rfind('/') + 1);
  return std::ranges::any_of(members, [&](int pid) {
    if (household.contains(pid)) return true;
    return std::ranges::any_of(kVariablesOfTheFolder, [&](const char* name) { return has_in_environment(pid, name + folder, /*as_prefix=*/true); });
  });
}

/// Whether there was something to kill.
bool LostTrees::look_for(Tree& tree, const std::vector<Process>& table) const {
  auto found = members(tree, table);
  if (!tree.proven) {
    if (!is_of_this_folder(found, table)) return false;
    tree.proven = true;
    found = members(tree, table);
  }
  const bool in_group = kill_group(tree.group);
  for (const int pid : found) kill(pid, SIGKILL);
  return in_group || !found.empty();
}

std::vector<std::string> LostTrees::look() {
  const int self = getpid();
  auto table = all_processes();
  std::erase_if(table,
                [&](const Process& process) { return process.pid == self || process.dead() || is_shim_(process.pid); });
  for (auto& tree : trees_) tree.empty_looks = look_for(tree, table) ? 0 : tree.empty_looks + 1;
  std::vector<std::string> done;
  std::erase_if(trees_, [&](Tree& tree) {
    if (tree.empty_looks < 2) return false;
    if (tree.proven) remove_group(tree.group);
    done.push_back(std::move(tree.attempt));
    return true;
  });
  pause_ms_ = std::min(pause_ms_ * 2, kLongestPauseMs);
  return done;
}

}  // namespace assetd::supervisor
