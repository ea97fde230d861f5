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
#include "core/engine/run_machine.h"
#include "core/engine/run_state.h"
#include "core/engine/wreck.h"

namespace assetd {

class Engine {
 public:
  using NewAttemptId = std::function<AttemptId()>;  ///< 128 random bits as 32 hexadecimal digits
  Engine(NewAttemptId new_attempt_id, RunId last_run) : new_attempt_id_(std::move(new_attempt_id)), last_run_(last_run) {}

  /// Handles one input to its end. Inputs about runs or attempts that are not (or no longer) known change nothing.
  Output handle(const Now& now, const Input& input);

  /// Whether what is stored of a run goes with its plan; if not, in words. To be asked before restore().
  static std::expected<void, std::string> fits(const RestoredRun& run);
  /// Before the first input: takes up a run that had not ended. Attempts without outcome count as live and hold what they held.
  /// Gives what follows from it: a stop that must be asked again, a run that turns out to be over.
  Output restore(const Now& now, RestoredRun run);
  /// The same for a run of which nothing can go on. The stop of its live attempts is the caller's; with the last of them it ends.
  Output restore(const Now& now, Wreck wreck);

  /// The next boot time at which TimePassed has something to do.
  std::optional<Millis> next_timer() const;

  const std::map<RunId, std::unique_ptr<RunState>>& runs() const { return runs_; }
  const RunState* run(RunId id) const;
  const std::map<RunId, Wreck>& wrecks() const { return wrecks_; }
  /// What a run that waits in line waits for: the runs of its schedule that came before it and have not ended.
  std::vector<RunId> ahead_of(const RunRecord& run) const;
  /// The runs of a schedule that have not ended, oldest first.
  const std::set<RunId>& runs_of_schedule(const std::string& name) const;
  const Dispatcher& dispatcher() const { return dispatcher_; }
  RunId last_run() const { return last_run_; }
  /// The live attempt of that id, with its run; nothing when it has ended or was never made.
  const LiveAttempt* attempt(const AttemptId& id) const;
  std::optional<RunId> run_of_attempt(const AttemptId& id) const;

  std::vector<Blocker> blockers(RunId run, StepIndex step, WallTime now) const;
  /// As the outside shows it: pending becomes ready when nothing upstream is waited for.
  StepStatus shown_status(const RunState& run, StepIndex step) const;

 private:
  void on(const Now& now, const RunRequested& input, Output& out);
  void on(const Now& now, const CancelRequested& input, Output& out);
  void on(const Now& now, const AttemptSeenRunning& input, Output& out);
  void on(const Now& now, const MessagesArrived& input, Output& out);
  void on(const Now& now, const AttemptExited& input, Output& out);
  void on(const Now& now, const TimePassed& input, Output& out);
  void on(const Now& now, const PoolsChanged& input, Output& out);
  void on(const Now& now, const StartsHeld& input, Output& out);
  static bool has_gap(const LiveAttempt& attempt, const MessagesArrived& input);
  RunState* find(RunId id);
  RunState& enter(std::unique_ptr<RunState> run);
  void leave(RunId id);
  void begin(const Now& now, RunState& run, Output& out);
  void begin_what_may(const Now& now, Output& out);
  void start_what_may(const Now& now, Output& out);
  void finish_if_over(const Now& now, RunId id, Output& out);
  Wreck* wreck_of(const AttemptId& attempt);
  void finish_if_over(const Now& now, const Wreck& wreck, Output& out);
  std::vector<Blocker> unit_blockers(const RunState& run, UnitIndex unit, WallTime now) const;
  std::vector<Blocker> line_blockers(const RunState& run) const;
  bool is_draining() const { return held_ && held_->kind == "draining"; }  ///< then waiting is nobody's fault: the next daemon looks again

  NewAttemptId new_attempt_id_;
  RunId last_run_ = 0;
  std::map<RunId, std::unique_ptr<RunState>> runs_;
  std::map<RunId, Wreck> wrecks_;
  std::set<RunId> in_line_;  ///< queued
  std::unordered_map<std::string, std::set<RunId>> of_schedule_;  ///< of runs_, those that a schedule's tick has made
  std::unordered_map<AttemptId, RunId> attempts_;
  Dispatcher dispatcher_;
  Timers timers_;
  std::optional<StartsHeld> held_;
};

}  // namespace assetd
