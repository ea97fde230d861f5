#pragma once
// The rules of one run: which input moves which step, and what follows. Works on a RunState; asks for slots through the dispatcher;
// writes what changed into an Output.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/engine/change.h"
#include "core/engine/dispatcher.h"
#include "core/engine/effect.h"
#include "core/engine/run_state.h"

namespace assetd {

struct Output {
  std::vector<Change> changes;
  std::vector<Effect> effects;
};

/// Asked at the moment at which a step of an asset with `skip_if_unchanged` would start: the sentence to succeed it with if it need not be executed (core/version/reuse.h).
/// Answers from what all earlier outputs of the engine have come to, and from nothing else that may change while it handles one input.
using ReuseRule = std::function<std::optional<std::string>(const RunState& run, StepIndex step)>;

/// When to look at a unit again: its retry is due, it has waited or its attempt has run too long; at kNone the run itself. An entry that has become
/// void is ignored when it comes up.
using Timers = std::set<std::tuple<Millis, RunId, UnitIndex>>;

class RunMachine {
 public:
  RunMachine(RunState& run, Dispatcher& dispatcher, Timers& timers, const Now& now, Output& out)
      : run_(run), dispatcher_(dispatcher), timers_(timers), now_(now), out_(out) {}

  void prepare();                     ///< counts who waits for whom
  void wait_in_line();                ///< from now on its queue_timeout counts
  void set_priority(int priority);
  void begin();                       ///< queued → running, once prepared: readies the first
  void restore(const RestoredRun& stored);
  /// Just before its launch, while it stands in no line. Ends those of its steps that need not be executed, and gives them: reused_over() is due for each of
  /// them once nothing is being dispatched. If none is left to be carried the unit is done, and must not be launched.
  std::vector<StepIndex> reuse_unchanged(UnitIndex unit, const ReuseRule& rule);
  void reused_over(StepIndex step);
  bool has_startable(UnitIndex unit) const;
  void launch(UnitIndex unit, const Demand& demand, AttemptId id, WallTime since);
  void seen_running(LiveAttempt& attempt, std::int64_t pid, WallTime at, bool warm);
  void message(LiveAttempt& attempt, const AttemptMessage& message);
  void note_artifact(LiveAttempt& attempt, const std::string& key, const nlohmann::json& said) const;
  void exited(const AttemptId& id, const ExitReport& exit);
  void timed_out(LiveAttempt& attempt);
  void retry_due(UnitIndex unit);
  void queued_too_long(UnitIndex unit, const std::string& waited_for);
  void cancel(const Actor& actor);
  /// The run's own time is over. `waited_for`: what held it in line, when it never began.
  void expire(const std::string& waited_for = "");
  bool over() const { return run_.open_steps == 0 && run_.live.empty() && run_.open_check_units == 0; }
  void end();                         ///< only when over()

  static StopAttempt stop_effect(const RunState& run, const LiveAttempt& attempt);
  static Demand demand_of(const RunState& run, UnitIndex unit);

 private:
  // a restart (run_restore.cc)
  void restore_steps(const std::vector<StepRecord>& steps);
  void restore_checks(const std::vector<CheckResult>& checks, const std::vector<AttemptRecord>& attempts);
  void restore_check(std::uint32_t planned, const CheckResult& result);
  void restore_attempts(const std::vector<AttemptRecord>& attempts);
  void drop_lost_checks();
  void resume_units();

  // steps that need not be executed (run_reuse.cc)
  bool may_be_reused(StepIndex step, UnitIndex unit) const;
  bool checks_come_along(StepIndex step) const;
  bool is_passed_by_reuse(const PlannedCheck& planned) const;
  void restore_reused();

  // steps (run_steps.cc)
  void set_status(StepIndex step, StepStatus to, const std::string& reason = "", const std::string& detail = "", const AttemptId& attempt = "");
  nlohmann::json causes() const;
  void set_quietly(StepIndex step, StepStatus to);
  void step_over(StepIndex step);
  void fail(StepIndex step, const std::string& reason, const std::string& detail, bool may_retry, const AttemptId& attempt);
  void cascade(StepIndex cause);
  std::vector<StepIndex> below(StepIndex root) const;
  void skip_all(const std::vector<StepIndex>& steps, StepIndex cause, const std::string& reason, const std::string& detail);
  bool can_be_skipped(StepIndex step) const;
  void work_done(StepIndex step, const AttemptId& attempt);
  void end_if_checked(StepIndex step, const AttemptId& attempt);
  bool retries_left(StepIndex step, const std::string& reason) const;
  void plan_retry(StepIndex step, const AttemptId& attempt);

  // units (run_units.cc)
  void count_waiting();
  void ready_if_free(UnitIndex unit) { ready_if_free(unit, now_.wall); }
  void ready_if_free(UnitIndex unit, WallTime since);
  void ready_check(UnitIndex unit, WallTime since);
  void line_up(UnitIndex unit, WallTime since);
  std::optional<Millis> queue_timeout_of(UnitIndex unit) const;
  WallTime free_since(UnitIndex unit) const;
  Millis deadline(Millis allowed, WallTime since) const;
  void stop_everything(const std::string& reason, const std::string& detail, const std::string& stop_reason);
  std::string stop_reason() const { return run_.record.expired() ? run_.record.reason : "canceled"; }
  void drop_if_empty(UnitIndex unit);
  void announce(StepIndex step);
  bool can_start(StepIndex step) const;
  void stop(LiveAttempt& attempt, const std::string& reason);
  void put_back(StepIndex step);
  void cancel_unchecked(StepIndex step);
  std::uint32_t planned_check_of(UnitIndex unit) const { return run_.plan->checks_of_unit(unit).front(); }

  // checks (run_checks.cc)
  bool home_waits(std::uint32_t planned) const;
  void check_reported(LiveAttempt& attempt, const AttemptMessage& message);
  void check_result(std::uint32_t planned, CheckStatus status, Severity severity, const std::string& detail, const nlohmann::json& metadata, WallTime at,
                    const AttemptId& attempt);
  void block(std::uint32_t planned);
  std::vector<StepIndex> blocked_by_check(const PlannedCheck& planned) const;
  std::string let_pass(const std::string& asset, const std::string& check, const std::string& partition, CheckStatus status, Severity& severity) const;
  void look_for_anomalies(const LiveAttempt& attempt, StepIndex step, const nlohmann::json& metadata, WallTime at);
  void check_unit_over(UnitIndex unit);
  void reopen_checks(const AttemptRecord& attempt);
  std::vector<bool> descending(const std::string& key, const PlannedCheck& planned) const;

  // the end of an attempt (run_exits.cc)
  struct Verdict {
    AttemptOutcome outcome = AttemptOutcome::succeeded;
    std::string reason, detail;
  };
  static bool ended_by_itself(const Verdict& verdict);
  Verdict judge(const LiveAttempt& attempt, const ExitReport& exit) const;
  void end_members(const LiveAttempt& attempt, const Verdict& verdict);
  void end_begun(StepIndex step, const LiveAttempt& attempt, const Verdict& verdict);
  void end_never_begun(const std::vector<StepIndex>& steps, StepIndex interrupted, bool any_begun, const LiveAttempt& attempt, const Verdict& verdict);
  bool goes_along_with_retry(StepIndex step) const;
  void end_unchecked(const AttemptRecord& attempt);
  void close_checks(const LiveAttempt& attempt, const Verdict& verdict);
  void end_check_attempt(const LiveAttempt& attempt, const Verdict& verdict);
  bool starts_again(const LiveAttempt& attempt) const;
  void start_later(const LiveAttempt& attempt);
  void after_attempt(const LiveAttempt& attempt);
  std::vector<StepIndex> steps_in(const LiveAttempt& attempt, const std::string& key, const std::string& partition) const;
  void message(LiveAttempt& attempt, StepIndex step, const AttemptMessage& message);
  void step_ended(LiveAttempt& attempt, StepIndex step, const AttemptMessage& message);
  void materialize(const LiveAttempt& attempt, StepIndex step, const AttemptMessage& message);

  RunState& run_;
  Dispatcher& dispatcher_;
  Timers& timers_;
  const Now& now_;
  Output& out_;
};

}  // namespace assetd
