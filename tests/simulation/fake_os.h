#pragma once
// An operating system: processes with parents, sessions and environments, pids that are used again, boots, and the shims that the production supervisor
// would fork (supervisor/shim.cc needs the real one, so they are played here after docs/supervisor.md).

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/time.h"
#include "supervisor/attempt.h"
#include "tests/simulation/fake_disk.h"

namespace assetd::simulation {

struct Process {
  enum class Kind { supervisor, shim, step, child, stranger };
  int pid = 0, parent = 1, session = 0;
  std::uint64_t ticks = 0;  ///< start time: with the pid it names a process uniquely within a boot
  Kind kind = Kind::child;
  AttemptId attempt;
  bool tagged = true;       ///< its environment names the attempt
  bool ignores_term = false;
  bool tidies_up = false;  ///< a step that ends with code 0 when it is told to end
};

struct ShimState {
  enum class Stage { given, working, idle };  ///< given: it has not looked at its attempt yet
  AttemptId attempt;
  Stage stage = Stage::given;
  bool given_to_free = false;  ///< an idle one got it, it was not forked for it
  int owner = 0;               ///< the supervisor whose child it is
  bool woken = false;
  int step = 0;                ///< pid
  supervisor::Start start;
  std::optional<supervisor::StopOrder> stop;
  std::size_t next_signal = 0;
  std::optional<Millis> due;   ///< boot time of the next stage of the stop
  supervisor::End end;
  bool told_start = false;
};

/// What a shim writes into the pipe of its supervisor.
struct StatusMessage {
  AttemptId attempt;
  bool ended = false;
  supervisor::Start start;
};

class FakeOs {
 public:
  FakeOs(Random& random, FakeDisk& disk) : random_(random), disk_(disk) { boot(); }

  // What the simulation wants to know.
  std::function<void(const AttemptId&)> on_execute;                      ///< a step's own process begins
  std::function<void(const AttemptId&, const supervisor::End&)> on_end;  ///< a shim has recorded the end
  std::function<void()> point;                                           ///< here anything may be killed

  void boot();
  const std::string& boot_id() const { return boot_id_; }
  /// Everything is gone; afterwards others may have the pids that claims name.
  void reboot();

  const std::map<int, Process>& processes() const { return processes_; }
  const std::map<int, ShimState>& shims() const { return shims_; }
  bool is_alive(int pid) const { return processes_.contains(pid); }
  bool is_alive(int pid, std::uint64_t ticks) const { return is_alive(pid) && processes_.at(pid).ticks == ticks; }
  int supervisor() const { return supervisor_; }

  int start_supervisor();
  void kill_supervisor();
  int fork_shim(const AttemptId& attempt);
  void give(int shim, const AttemptId& attempt);
  void wake(int shim);
  void kill(int pid) { end_process(pid, 9, true); }
  void exit(int pid, int code) { end_process(pid, code, false); }
  /// Somebody else starts and happens to get it.
  void give_pid_to_stranger(int pid);
  /// Another process of a step. A hostile one may hide (no tag, a session of its own) and may ignore TERM.
  void fork_child(int parent, bool hostile);
  bool has_children(int pid) const;

  /// A shim that has something to do now.
  bool can_act(int shim, Millis boot_now) const;
  void act(int shim, const Now& now);
  std::optional<Millis> next_due() const;

  /// Its shim was an idle one that died before it looked at the attempt.
  bool died_untaken(const AttemptId& attempt) const { return untaken_.contains(attempt); }
  std::deque<StatusMessage>& pipe() { return pipe_; }
  bool holds_claim(const AttemptId& attempt) const;
  /// Living processes of its tree, without its shim.
  std::vector<const Process*> tree_of(const AttemptId& attempt) const;
  /// Nobody could find it: neither it nor anything above it can be told to belong to an attempt.
  bool is_hidden(const Process& process) const;

 private:
  int make(Process::Kind kind, int parent, const AttemptId& attempt);
  void end_process(int pid, int how, bool by_signal);
  void start_step(int pid, ShimState& shim, const Now& now);
  void escalate(int pid, ShimState& shim, const Now& now);
  void finish(int pid, ShimState& shim, const Now& now);
  void tell(const ShimState& shim, bool ended);
  void signal_tree(int shim, int signal);
  std::vector<int> descendants(int pid) const;

  Random& random_;
  FakeDisk& disk_;
  std::map<int, Process> processes_;
  std::map<int, ShimState> shims_;
  std::deque<StatusMessage> pipe_;
  std::set<AttemptId> untaken_;
  int supervisor_ = 0;
  int next_pid_ = 0;
  std::uint64_t ticks_ = 0;
  int boots_ = 0;
  std::string boot_id_;
};

}  // namespace assetd::simulation
