#pragma once
// One simulation: everything that can happen next is known, and one of it is drawn. First with faults, where safety is checked, then without, where
// everything must end.

#include <memory>

#include "tests/simulation/daemon_host.h"
#include "tests/simulation/people.h"
#include "tests/simulation/programs.h"
#include "tests/simulation/supervisor_host.h"
#include "tests/simulation/witness.h"

namespace assetd::simulation {

class World {
 public:
  explicit World(Random random);
  /// To its end; throws a Violation.
  void run();

  struct Counts {
    std::size_t runs = 0, attempts = 0, steps = 0, crashes = 0;
  };
  Counts counts() const;
  Machine& machine() { return machine_; }

 private:
  enum class Act { people, outside, sensor, alert, turn, receive, read, connect, start_daemon, supervise, shim, program, time };
  bool can(Act act) const;
  void draw(bool calm);
  void perform(Act act);
  void guarded(const std::function<void()>& action);

  void point(Who current);
  void fault();
  void kill(Who who);
  void reboot();
  void restart_machine();
  void pass_time(bool calm);
  void change_outside();
  std::vector<int> ready_shims() const;

  void settle();
  bool is_over() const;
  std::string what_is_left() const;

  Machine machine_;
  Programs programs_;
  Witness witness_;
  People people_;
  std::unique_ptr<DaemonHost> daemon_;
  std::unique_ptr<SupervisorHost> supervisor_;
  std::size_t steps_ = 0, crashes_ = 0;
};

}  // namespace assetd::simulation
