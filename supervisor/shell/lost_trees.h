#pragma once
// Finding and killing what a dead shim left behind.

#include <functional>
#include <string>
#include <vector>

namespace assetd::supervisor {

/// Looks through the process table until nothing of the given attempts is left. What belongs to one: processes in its control group, with its
/// tag (tree_tag.h), in its shim's session, orphans that came to us (we are a subreaper), and the descendants of all those.
class LostTrees {
 public:
  /// `is_shim` tells our own living shims, which are spared.
  explicit LostTrees(std::function<bool(int pid)> is_shim);

  /// `session`: the shim's pid when it is known that the shim was alive a moment ago, so that the number cannot be
  /// another's; else 0. `group`: the directory of its control group, if it may have one.
  void add(std::string attempt, int session, std::string group);

  /// One look; SIGKILL for all that is found. Gives the attempts of which two looks in a row found nothing (one may
  /// miss a process whose parent dies meanwhile).
  std::vector<std::string> look();

  bool empty() const { return trees_.empty(); }
  int pause_ms() const { return pause_ms_; }

 private:
  struct Tree {
    std::string attempt, group;
    int session = 0;
    int empty_looks = 0;
  };

  std::function<bool(int pid)> is_shim_;
  std::vector<Tree> trees_;
  int pause_ms_ = 1;
};

}  // namespace assetd::supervisor
