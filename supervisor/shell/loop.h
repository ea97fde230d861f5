#pragma once
// The supervisor over the real operating system: feeds the logic what happens and performs what it decides. One thread.

#include <sys/resource.h>

#include <deque>
#include <string>

#include "supervisor/logic.h"
#include "supervisor/shell/claim_files.h"
#include "supervisor/shell/connections.h"
#include "supervisor/shell/poller.h"
#include "supervisor/shell/shims.h"

namespace assetd::supervisor {

struct LoopOptions {
  std::string socket, claims, store_id, boot_id;
  std::string groups;  ///< prepared; empty: attempts have no control groups
  LimitsNotInForce limits;  ///< told to daemons
  bool on_demand = false;  ///< see Logic
  ProtocolRange spoken = kSpoken;
  rlimit open_files{};  ///< the limit that steps get
};

class Loop {
 public:
  /// All signals are blocked. Adopts what the claims tell, then listens. Throws std::runtime_error when it cannot.
  explicit Loop(const LoopOptions& options);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until the logic says so, or SIGTERM or SIGINT comes: the shims go on.
  void run();

 private:
  void take(Input input);
  void perform(Action& action, std::int64_t now_ms);
  void on_signals();

  Poller poller_;
  ClaimFiles claims_;
  Logic logic_;
  Shims shims_;
  Connections connections_;
  int signals_ = -1;
  std::deque<Input> inputs_;
  bool busy_ = false, exiting_ = false;
  std::int64_t await_until_ms_ = 0;  ///< 0: past
};

}  // namespace assetd::supervisor
