#pragma once
// The shims over the real operating system: forks them, adopts them, sees them end, passes stops on.

#include <sys/resource.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "supervisor/logic.h"
#include "supervisor/shell/claim_files.h"
#include "supervisor/shell/free_shims.h"
#include "supervisor/shell/lost_trees.h"
#include "supervisor/shell/other_holders.h"
#include "supervisor/shell/poller.h"
#include "supervisor/shell/warm_workers.h"

namespace assetd::supervisor {

struct StatusPipe {
  int read, write;
};

class Shims {
 public:
  using Report = std::function<void(Input)>;

  /// `open_files`: the limit that steps get. `groups`: where control groups are made; empty: there are none. `report` may be called from within every
  /// method.
  Shims(Poller& poller, ClaimFiles& claims, std::string boot_id, rlimit open_files, std::string groups, Report report);
  ~Shims();
  Shims(const Shims&) = delete;
  Shims& operator=(const Shims&) = delete;

  /// Reports what every claim in the directory says, and watches the shims that live. Claims that another living supervisor holds are left to it.
  void adopt_all();
  /// Reports which of those left to others are gone meanwhile and, `also_new`, what others hold that was not there before.
  void look_at_others(bool also_new);

  void perform(StartShim& action, std::int64_t now_ms);
  void perform(ClaimAsEnded& action, std::int64_t now_ms);
  void perform(OrderStop& action);
  void perform(KillTree& action);
  void perform(WriteEnd& action);
  void perform(LoadWorker& action) { warm_.preload(action.warm); }
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
  void report_left(const std::string& attempt, const Claim& claim);
  void take_over(const std::set<std::string>& attempts);
  void stop_left(const std::string& attempt, const StopOrder& order);
  bool watch(const std::string& attempt, Shim& shim, const ShimIdentity& identity);
  void identify(const std::string& attempt);
  void wake(const Shim& shim);
  void read_status();
  void done(const std::string& attempt);
  bool gone(const std::string& attempt);
  void end_untaken(const std::string& attempt);
  bool is_ours(int pid) const;
  std::string group_of(const std::string& attempt) const;

  Poller& poller_;
  ClaimFiles& claims_;
  std::string boot_id_;
  rlimit open_files_;
  std::string groups_;
  Report report_;
  StatusPipe status_;
  std::map<std::string, Shim> shims_;              ///< those that live
  std::unordered_map<int, std::string> children_;  ///< pid → attempt, of those that are our children; empty: none at present
  FreeShims free_;
  WarmWorkers warm_;
  std::vector<std::string> unidentified_;          ///< adopted between the fork and the first write of their shim
  std::map<std::string, int> dead_sessions_;       ///< of shims that ended without a record, until KillTree asks
  LostTrees lost_;
  OtherHolders others_;
};

}  // namespace assetd::supervisor
