#pragma once
// The deterministic heart: (state, now, input) → (changes, effects). It touches nothing of the world; time, randomness and reports are
// arguments, so that the engine of production also runs in the simulator. One thread at a time.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/engine/change.h"
#include "core/engine/dispatcher.h"
#include "core/engine/effect.h"
#include "core/engine/explain.h"
#include "core/engine/input.h"
#include "core/engine/run_line.h"
#include "core/engine/run_machine.h"
#include "core/engine/run_state.h"
#include "core/engine/wreck.h"

namespace assetd {

class Engine {
 public:
  using NewAttemptId = std::function<AttemptId()>;  ///< 128 random bits as 32 hexadecimal digits
  /// `history` and `reuse_rule` are asked while an input is handled: for the same state they must answer the same.
  Engine(NewAttemptId new_attempt_id, RunId last_run, MetricHistory history = nullptr, ReuseRule reuse_rule = nullptr)
      : new_attempt_id_(std::move(new_attempt_id)), reuse_rule_(std::move(reuse_rule)), last_run_(last_run), around_(std::make_shared<Surroundings>(Surroundings{{}, std::move(history)})) {}

  /// Handles one input to its end. Inputs about runs or attempts that are not (or no longer) known change nothing.
  Output handle(const Now& now, const Input& input);
  /// Something might start now, but for steps that perhaps need not be executed: whether they do depends on what the last output changed. Once that is known
  /// to the reuse rule, another input (TimePassed) is to follow.
  bool wants_another_look() const { return another_look_; }

  /// Whether what is stored of a run goes with its plan; if not, in words. To be asked before restore().
  static std::expected<void, std::string> fits(const RestoredRun& run);
  /// Before the first input: takes up a run that had not ended. Attempts without outcome count as live and hold what they held.
  /// Gives what follows from it: a stop that must be asked again, a run that turns out to be over.
  Output restore(const Now& now, RestoredRun run);
  /// The same for a run of which nothing can go on. The stop of its live attempts is the caller's; with the last of them it ends.
  Output restore(const Now& now, Wreck wreck);

  /// As it is now, to be driven on its own: what the clone is given changes nothing here.
  std::unique_ptr<Engine> clone(NewAttemptId new_attempt_id) const;

  /// The next boot time at which TimePassed has something to do.
  std::optional<Millis> next_timer() const;

  const std::map<RunId, std::unique_ptr<RunState>>& runs() const { return runs_; }
  const RunState* run(RunId id) const;
  const std::map<RunId, Wreck>& wrecks() const { return wrecks_; }
  /// The runs of a queued run's schedule that it waits for: those that came before it and have not ended. None, unless it waits in line.
  std::vector<RunId> ahead_of(const RunRecord& run) const;
  /// The first `limit` of the queued runs, by priority, then age.
  std::vector<RunId> queued(std::size_t limit) const;
  const RunLine& line() const { return line_; }
  /// The runs of a schedule that have not ended, oldest first.
  const std::set<RunId>& runs_of_schedule(const std::string& name) const;
  const Dispatcher& dispatcher() const { return dispatcher_; }
  RunId last_run() const { return last_run_; }
  /// The live attempt of that id, with its run; nothing when it has ended or was never made.
  const LiveAttempt* attempt(const AttemptId& id) const;
  std::optional<RunId> run_of_attempt(const AttemptId& id) const;

  /// Of a step that waits; of each step of a queued run, what the run waits for.
  std::vector<Blocker> blockers(RunId run, StepIndex step, WallTime now) const;
  /// Of a queued run; none for one that has begun.
  std::vector<Blocker> run_blockers(RunId run, WallTime now) const;
  /// As the outside shows it: pending becomes ready when nothing upstream is waited for.
  StepStatus shown_status(const RunState& run, StepIndex step) const;

 private:
  void on(const Now& now, const RunRequested& input, Output& out);
  void on(const Now& now, const CancelRequested& input, Output& out);
  void on(const Now& now, const PriorityChanged& input, Output& out);
  void on(const Now& now, const AttemptSeenRunning& input, Output& out);
  void on(const Now& now, const MessagesArrived& input, Output& out);
  void on(const Now& now, const AttemptExited& input, Output& out);
  void on(const Now& now, const TimePassed& input, Output& out);
  void on(const Now& now, const PoolsChanged& input, Output& out);
  void on(const Now& now, const LimitsChanged& input, Output& out);
  void on(const Now& now, const StartsHeld& input, Output& out);
  void on(const Now& now, const WaiversChanged& input, Output& out);
  static bool has_gap(const LiveAttempt& attempt, const MessagesArrived& input);
  RunState* find(RunId id);
  RunState& enter(std::unique_ptr<RunState> run);
  void leave(RunId id);
  void enter_schedule(const RunRecord& record);
  void leave_schedule(const RunRecord& record);
  void queue(RunState& run);
  void let_in_next_of(RunId first);
  void state_reason(RunState& run) const;
  void begin(const Now& now, RunState& run, Output& out);
  void begin_what_may(const Now& now, Output& out);
  void start_what_may(const Now& now, Output& out);
  bool start_round(const Now& now, Output& out);
  bool decides_reuse(const Output& out) const;
  void finish_if_over(const Now& now, RunId id, Output& out);
  Wreck* wreck_of(const AttemptId& attempt);
  void finish_if_over(const Now& now, const Wreck& wreck, Output& out);
  std::vector<Blocker> unit_blockers(const RunState& run, UnitIndex unit, WallTime now) const;
  std::vector<Blocker> held_blockers(WallTime since) const;
  std::vector<Blocker> line_blockers(const RunState& run, WallTime now) const;
  /// No run begins, either: what begins would have to be committed.
  bool holds_runs() const { return is_draining() || held_.contains("latched"); }
  bool is_draining() const { return held_.contains("draining"); }  ///< then waiting is nobody's fault: the next daemon looks again

  NewAttemptId new_attempt_id_;
  ReuseRule reuse_rule_;
  bool another_look_ = false;
  std::set<RunId> reusing_;  ///< of runs_, those that may_reuse
  RunId last_run_ = 0;
  std::shared_ptr<Surroundings> around_;
  std::map<RunId, std::unique_ptr<RunState>> runs_;
  std::map<RunId, Wreck> wrecks_;
  std::set<RunId> queued_;
  RunLine line_;  ///< of queued_, those that wait for no earlier run of their schedule
  std::set<RunId> unexplained_;  ///< of queued_, those that what they wait for may have changed for
  std::unordered_map<std::string, std::set<RunId>> of_schedule_;  ///< of runs_ and wrecks_, those that a schedule's tick has made
  std::unordered_map<AttemptId, RunId> attempts_;
  Dispatcher dispatcher_;
  Timers timers_;
  std::map<std::string, std::string> held_;  ///< kind → detail
};

}  // namespace assetd
