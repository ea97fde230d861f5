#pragma once
// What the processes of steps do: work through a batch, report, fork, fail, end.

#include <map>
#include <optional>
#include <set>

#include "tests/simulation/machine.h"

namespace assetd::simulation {

class Programs {
 public:
  explicit Programs(Machine& machine) : machine_(machine) {}
  /// The step's own process begins.
  void execute(const AttemptId& attempt);
  /// One thing that a process of a step, its first or one below, does.
  void act(int pid);
  /// Processes that can do something.
  std::vector<int> all() const;

 private:
  struct Program {
    AttemptRecord attempt;
    const FakeStore::Run* run = nullptr;
    int lines = 0, noted = 0;
    std::size_t next_member = 0;  ///< of a batch: which one it works on
    bool member_begun = false;
    std::set<StepIndex> failed;
  };

  /// Its exit code, once it ends.
  std::optional<int> work(Program& program);
  std::optional<int> work_batch(Program& program);
  void end_member(Program& program, StepIndex step, bool skip);
  void judge(Program& program, StepIndex step, int percent);
  bool report(Program& program, StepIndex step);
  bool say(Program& program, AttemptMessage message);
  /// Something besides its work: keys that came or went.
  bool tell(Program& program);
  const std::string& key(const Program& program, StepIndex step) const;

  Machine& machine_;
  std::map<AttemptId, Program> programs_;
  bool no_room_ = false;
};

}  // namespace assetd::simulation
