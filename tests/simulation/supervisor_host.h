#pragma once
// The production supervisor logic over the fake operating system. What supervisor/shell does to files and processes is played here; every decision is
// Logic's.

#include <deque>
#include <map>
#include <vector>

#include "supervisor/logic.h"
#include "tests/simulation/machine.h"

namespace assetd::simulation {

class SupervisorHost {
 public:
  /// Starts: takes in every claim before it listens.
  explicit SupervisorHost(Machine& machine);

  /// Handles one thing that waits for it; false when there is none.
  bool act();
  bool has_work() const { return !waiting().empty(); }
  bool exiting() const { return exiting_; }
  const supervisor::Logic& logic() const { return logic_; }

 private:
  struct Known {
    int pid = 0;  ///< 0: an adopted one that has not told yet
    std::uint64_t ticks = 0;
    bool child = false;
  };
  struct Lost {
    AttemptId attempt;
    int session = 0, empty_looks = 0;
  };
  enum class Source { accept, receive, closed, pipe, dead, identify, look };
  struct Waiting {
    Source source;
    std::uint64_t connection = 0;
    AttemptId attempt = {};
  };
  std::vector<Waiting> waiting() const;
  void handle(const Waiting& what);

  void take(supervisor::Input input);
  void perform(supervisor::Action& action);
  void perform(supervisor::Send& action);
  void perform(supervisor::Close& action);
  void perform(supervisor::StartShim& action);
  void perform(supervisor::ClaimAsEnded& action);
  void perform(supervisor::OrderStop& action);
  void perform(supervisor::KillTree& action);
  void perform(supervisor::WriteEnd& action);
  void perform(supervisor::RemoveClaim& action);
  void perform(supervisor::LoadWorker& action);
  void perform(supervisor::Exit& action);

  void adopt(const AttemptId& attempt);
  bool watch(const AttemptId& attempt, const supervisor::ShimIdentity& identity);
  void identify(const AttemptId& attempt);
  void read_pipe();
  void gone(const AttemptId& attempt);
  void look();
  bool is_shim(int pid) const;
  std::int64_t wall_ms() const { return machine_.now.wall.time_since_epoch().count(); }

  Machine& machine_;
  supervisor::Logic logic_;
  std::deque<supervisor::Input> inputs_;
  bool busy_ = false, exiting_ = false;
  std::map<AttemptId, Known> shims_;
  std::vector<AttemptId> unidentified_;
  std::map<AttemptId, int> dead_sessions_;
  std::vector<Lost> lost_;
};

}  // namespace assetd::simulation
