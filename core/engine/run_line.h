#pragma once
// Which queued runs may begin: by priority, then age, within the limits of the definitions. A run takes one of each limit that counts it, from its
// begin to its end, so that the rules are those of pools; runs that the same limits count wait in one line.

#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/engine/dispatcher.h"

namespace assetd {

class RunLine {
 public:
  /// `under_way` and `waiting` are all runs there are: which limits count them is worked out anew.
  void set_limits(RunLimits limits, const std::vector<const RunRecord*>& under_way, const std::vector<const RunRecord*>& waiting);
  const RunLimits& limits() const { return limits_; }
  /// How many runs under way a limit counts; names as in demand_of().
  int used(const std::string& limit) const { return slots_.used(limit); }
  const std::map<std::string, int>& sizes() const { return slots_.pools(); }

  void wait(const RunRecord& run);   ///< in line from now on; again is the same
  bool waits(RunId run) const { return slots_.waiting(run, 0); }
  void under_way(const RunRecord& run);  ///< it counts from now on, whether or not it fits: a restart
  void leave(RunId run);             ///< it is over, or no longer waits
  void set_priority(RunId run, int priority) { slots_.set_priority(run, priority); }
  /// All that may begin now, in order; they count from now on.
  std::vector<RunId> let_in(WallTime now);

  /// What a run in line waits for; kind `pool`, `what` is "runs" or "tag team=growth". Holders are runs.
  std::vector<DispatchBlock> blocks(RunId run) const { return slots_.blocks(run, 0); }
  /// The limits that count a run: one of each.
  Demand demand_of(const RunRecord& run) const;

 private:
  RunLimits limits_;
  Dispatcher slots_;
};

}  // namespace assetd
