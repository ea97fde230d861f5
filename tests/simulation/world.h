#pragma once
// Engine, store and a fake world of processes under one seed: random requests, reports, faults and crashes, then a time without faults.

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "tests/simulation/fake_store.h"
#include "tests/simulation/random_project.h"

namespace assetd::simulation {

class World {
 public:
  explicit World(std::uint64_t seed);
  /// Throws std::logic_error when an invariant breaks; the message ends with the trace.
  void run();
  std::size_t runs_made() const { return store_.runs().size(); }

 private:
  struct Process {
    AttemptRecord attempt;
    bool seen = false;
    bool stopped = false;
    std::vector<AttemptMessage> file;  ///< its messages, each a line of kLine bytes
    std::size_t next_member = 0;  ///< of a batch: which one it works on
    bool member_begun = false;
    std::set<StepIndex> failed;
  };

  void act(bool faults);
  void request_run();
  void crash();
  void feed(const Input& input, bool may_crash);
  void perform(const Effect& effect);
  void advance(Process& process, bool faults);
  void advance_batch(Process& process, bool faults);
  void exit(Process& process, ExitReport report);
  void say(Process& process, const std::vector<AttemptMessage>& messages);
  MessagesArrived unread(const Process& process) const;
  bool may_report(Process& process, StepIndex step);
  void settle();
  void tell(const Change& change);
  void note(const std::string& what) { trace_ += what + "\n"; }
  bool faults_ = true;

  Random random_;
  Now now_{WallTime(Millis(1'700'000'000'000)), Millis(1'000'000)};
  std::shared_ptr<const Definitions> definitions_;
  std::shared_ptr<const AssetGraph> graph_;
  FakeStore store_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, int> pools_;
  std::map<AttemptId, Process> processes_;
  std::set<AttemptId> executed_, forgotten_;
  std::string trace_;
};

}  // namespace assetd::simulation
