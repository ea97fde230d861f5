#pragma once
// Finding and killing what a dead shim left behind.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/shell/processes.h"

namespace assetd::supervisor {

/// Looks through the process table until nothing of the given attempts is left. What belongs to one: processes in its control group, with its
/// tag (tree_tag.h), in its shim's session, orphans that came to us (we are a subreaper), and the descendants of all those.
class LostTrees {
 public:
  /// `claims`: the directory, as the command lines of supervisors and shims name it. `is_shim` tells our own living shims, which are spared.
  LostTrees(std::string claims, std::function<bool(int pid)> is_shim);

  /// `session`: the shim's pid when it is known that the shim was alive a moment ago, so that the number cannot be
  /// another's; else 0. `group`: the directory of its control group, if it may have one.
  /// `unclaimed`: the same attempt may run for another data folder, of which this one's store is a copy. Only what can be told to be of this folder is
  /// killed: by a shim above it that names our claims, or by files of our data folder in its environment; and once there is such a process, all else.
  void add(std::string attempt, int session, std::string group, bool unclaimed = false);

  /// One look; SIGKILL for all that is found. Gives the attempts of which two looks in a row found nothing (one may
  /// miss a process whose parent dies meanwhile).
  std::vector<std::string> look();

  bool empty() const { return trees_.empty(); }
  int pause_ms() const { return pause_ms_; }

 private:
  struct Tree {
    std::string attempt, group;
    int session = 0;
    bool proven = true;  ///< that it is this folder's
    int empty_looks = 0;
  };

  std::set<int> members(const Tree& tree, const std::vector<Process>& table) const;
  bool is_of_this_folder(const std::set<int>& members, const std::vector<Process>& table) const;
  bool look_for(Tree& tree, const std::vector<Process>& table) const;

  std::string claims_;
  std::function<bool(int pid)> is_shim_;
  std::vector<Tree> trees_;
  int pause_ms_ = 1;
};

}  // namespace assetd::supervisor
