#pragma once
// The shims over the real operating system: forks them, adopts them, sees them end, passes stops on.

#include <sys/resource.h>

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/logic.h"
#include "supervisor/shell/claim_files.h"
#include "supervisor/shell/free_shims.h"
#include "supervisor/shell/lost_trees.h"
#include "supervisor/shell/poller.h"
#include "supervisor/shell/warm_workers.h"

namespace assetd::supervisor {

struct StatusPipe {
  int read, write;
};

class Shims {
 public:
  using Report = std::function<void(Input)>;

  /// `open_files`: the limit that steps get. `report` may be called from within every method.
  Shims(Poller& poller, ClaimFiles& claims, std::string boot_id, rlimit open_files, Report report);
  ~Shims();
  Shims(const Shims&) = delete;
  Shims& operator=(const Shims&) = delete;

  /// Reports what every claim in the directory says, and watches the shims that live.
  void adopt_all();

  void perform(StartShim& action, std::int64_t now_ms);
  void perform(ClaimAsEnded& action, std::int64_t now_ms);
  void perform(OrderStop& action);
  void perform(KillTree& action);
  void perform(WriteEnd& action);
  void perform(RemoveClaim& action);

  /// SIGCHLD: takes the dead among our children.
  void reap();
  /// Whatever cannot be waited for in the poller; call it at least every timeout_ms() (negative: no need).
  void tick();
  int timeout_ms() const;

 private:
  struct Shim {
    int pid = 0;     ///< 0: an adopted one that has not told yet
    int claim = -1;  ///< open descriptor
    int pidfd = -1;  ///< -1: our own child, or not identified yet
  };

  std::optional<int> make_claim(const std::string& attempt, const std::string& store_id, std::int64_t now_ms);
  void revoke(const std::string& attempt);
  void start_cold(const Spawn& spawn, const std::string& store_id, std::int64_t now_ms);
  void start_warm(const WarmRequest& request, const WarmShim& shim);
  bool give_to(const WarmShim& shim, const Spawn& spawn, int claim);
  void fork_shim(const Spawn& spawn, int claim);
  void entrust(const std::string& attempt, int claim, int pid);
  void report_existing(const std::string& attempt);
  bool watch(const std::string& attempt, Shim& shim, const ShimIdentity& identity);
  void identify(const std::string& attempt);
  void wake(const Shim& shim);
  void read_status();
  void done(const std::string& attempt);
  bool gone(const std::string& attempt);
  void end_untaken(const std::string& attempt);
  bool is_ours(int pid) const;

  Poller& poller_;
  ClaimFiles& claims_;
  std::string boot_id_;
  rlimit open_files_;
  Report report_;
  StatusPipe status_;
  std::map<std::string, Shim> shims_;              ///< those that live
  std::unordered_map<int, std::string> children_;  ///< pid → attempt, of those that are our children; empty: none at present
  FreeShims free_;
  WarmWorkers warm_;
  std::vector<std::string> unidentified_;          ///< adopted between the fork and the first write of their shim
  std::map<std::string, int> dead_sessions_;       ///< of shims that ended without a record, until KillTree asks
  LostTrees lost_;
};

}  // namespace assetd::supervisor
