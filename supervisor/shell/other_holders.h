#pragma once
// Claims that belong to other supervisors of the same directory. They are left to them as long as those live.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "supervisor/claim.h"
#include "supervisor/shell/poller.h"

namespace assetd::supervisor {

class OtherHolders {
 public:
  /// The process that held these attempts is gone.
  using Gone = std::function<void(std::set<std::string> attempts)>;

  OtherHolders(Poller& poller, Holder self, Gone gone);
  ~OtherHolders();
  OtherHolders(const OtherHolders&) = delete;
  OtherHolders& operator=(const OtherHolders&) = delete;

  /// True: another supervisor that lives holds the attempt, and `gone` will tell of its end.
  bool leave(const std::string& attempt, const Holder& holder);
  bool have(const std::string& attempt) const;
  std::vector<std::string> attempts() const;
  void forget(const std::string& attempt);

 private:
  struct Other {
    std::uint64_t start_ticks = 0;
    int pidfd = -1;
    std::set<std::string> attempts;
  };
  void end(int pid);

  Poller& poller_;
  Holder self_;
  Gone gone_;
  std::map<int, Other> others_;  ///< by pid
};

}  // namespace assetd::supervisor
