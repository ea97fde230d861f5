// What a process says while it runs, and what its end means for the steps it carried.

#include <algorithm>
#include <string.h>

#include "core/engine/not_started.h"
#include "core/engine/run_machine.h"
#include "core/schedule/cron.h"

namespace assetd {
namespace {
constexpr int kMostNeverStarted = 5;           // in a row, then the step fails
constexpr Millis kNeverStartedDelay{1'000};

bool has_no_space(const ExitReport& exit) { return exit.kind == ExitReport::Kind::never_started && exit.reason == kNoSpace; }

/// How what is only noted is called in the store; null: it is more than that.
const char* note_kind(AttemptMessage::Kind kind) {
  using Kind = AttemptMessage::Kind;
  switch (kind) {
    case Kind::artifact: return "artifact";
    case Kind::custom: return "custom";
    case Kind::log: return "log";
    case Kind::partitions: return "partitions";
    case Kind::partitions_gone: return "partitions_gone";
    case Kind::observation: return "observation";
    default: return nullptr;
  }
}
}  // namespace

// A process that carries partitions of one asset speaks of all of them where it names none.
std::vector<StepIndex> RunMachine::steps_in(const LiveAttempt& attempt, const std::string& key, const std::string& partition) const {
  std::vector<StepIndex> found;
  const auto take = [&](StepIndex step) {
    if (partition.empty() || run_.plan->partition(step) == partition) found.push_back(step);
  };
  const auto& steps = attempt.record.steps;
  if (!key.empty()) {
    const auto [begin, end] = attempt.steps_of_key.equal_range(key);
    for (auto it = begin; it != end; ++it) take(it->second);
  } else if (std::ranges::all_of(steps, [&](StepIndex step) { return run_.plan->asset(step) == run_.plan->asset(steps.front()); })) {
    for (const auto step : steps) take(step);
  }
  std::ranges::sort(found);
  return found;
}

void RunMachine::seen_running(LiveAttempt& attempt, std::int64_t pid, WallTime at, bool warm) {
  auto& record = attempt.record;
  if (record.started_at) return;
  record.started_at = at;
  record.pid = pid;
  record.warm = warm;
  out_.changes.push_back(AttemptStarted{record.id, pid, at, warm});
  const auto& planned = run_.plan->units()[record.unit];
  if (const auto& run = run_.run_spec(record.unit); run && run->timeout) {
    attempt.deadline = now_.boot + *run->timeout - std::clamp(now_.wall - at, Millis{0}, *run->timeout);
    timers_.emplace(*attempt.deadline, run_.record.id, record.unit);
  }
  if (planned.check != kNone || !run_.is_plain(record.unit)) return;
  for (const auto step : record.steps) {
    auto& slot = run_.steps[step];
    if (!is_terminal(slot.status)) slot.begun = true;
    if (slot.status != StepStatus::starting) continue;
    slot.started_at = at;
    set_status(step, StepStatus::running, "", "", record.id);
  }
}

void RunMachine::message(LiveAttempt& attempt, const AttemptMessage& message) {
  using Kind = AttemptMessage::Kind;
  const auto at = message.at.value_or(now_.wall);
  if (message.kind == Kind::check) return check_reported(attempt, message);
  if (message.kind == Kind::attempt_failed) {
    attempt.failed_reason = message.reason;
    attempt.failed_detail = message.detail;
    return;
  }
  if (message.kind == Kind::artifact) note_artifact(attempt, message.key, message.data);
  if (const auto* kind = note_kind(message.kind)) return out_.changes.push_back(AttemptNoted{attempt.record.id, kind, message.key, message.data, at});
  for (const auto step : steps_in(attempt, message.key, message.partition)) this->message(attempt, step, message);
}

// Of partitions nothing is taken: versions are those of an asset, and two partitions of equal content are not the same data.
void RunMachine::note_artifact(LiveAttempt& attempt, const std::string& key, const nlohmann::json& said) const {
  for (const auto step : steps_in(attempt, key, ""))
    if (run_.plan->partition(step).empty()) attempt.artifacts[step].add(said);
}

void RunMachine::message(LiveAttempt& attempt, StepIndex step, const AttemptMessage& message) {
  using Kind = AttemptMessage::Kind;
  const auto at = message.at.value_or(now_.wall);
  if (message.kind == Kind::progress) return void(out_.effects.push_back(ShowProgress{run_.record.id, step, message.fraction, message.detail}));
  if (is_terminal(run_.steps[step].status) || attempt.record.check != kNone) return;
  if (message.kind == Kind::materialization) return materialize(attempt, step, message);
  auto& slot = run_.steps[step];
  if (!slot.begun && !(message.kind == Kind::step_ended && message.status == "skipped")) {
    slot.begun = true;
    slot.started_at = at;
    if (slot.status == StepStatus::starting) set_status(step, StepStatus::running, "", "", attempt.record.id);
  }
  if (message.kind == Kind::step_ended) step_ended(attempt, step, message);
}

void RunMachine::materialize(const LiveAttempt& attempt, StepIndex step, const AttemptMessage& message) {
  auto& slot = run_.steps[step];
  slot.reported = true;
  const auto at = message.at.value_or(now_.wall);
  const auto since = slot.started_at.value_or(attempt.record.started_at.value_or(at));
  const auto said = attempt.artifacts.find(step);
  out_.changes.push_back(Materialized{{run_.record.id, step, run_.asset(step).key, attempt.record.id, message.data, message.data_version, std::max<std::int64_t>(0, (at - since).count()), at,
                                       run_.plan->partition(step), nullptr, said == attempt.artifacts.end() ? "" : said->second.content()}});
  look_for_anomalies(attempt, step, message.data, at);
}

void RunMachine::step_ended(LiveAttempt& attempt, StepIndex step, const AttemptMessage& message) {
  auto& slot = run_.steps[step];
  if (slot.materialized || slot.status == StepStatus::waiting_retry) return;
  if (message.status == "succeeded") {
    if (run_.plan->mode() == StepsMode::checks) return;  // ends with its checks
    if (!slot.reported) materialize(attempt, step, message);
    work_done(step, attempt.record.id);
  } else if (message.status == "failed") {
    fail(step, message.reason.empty() ? "plugin_error" : message.reason, message.detail, true, attempt.record.id);
  }
  // "skipped" leaves it not begun, "canceled" begun and not ended: the end of the process decides both.
}

RunMachine::Verdict RunMachine::judge(const LiveAttempt& attempt, const ExitReport& exit) const {
  using Kind = ExitReport::Kind;
  const auto failed = [](std::string reason, std::string detail) { return Verdict{AttemptOutcome::failed, std::move(reason), std::move(detail)}; };
  // One that was told to end and says that all is well has tidied up: what it was at is half made. One that had ended before keeps what it made.
  const bool had_succeeded = exit.kind == Kind::exited && exit.code == 0 && !exit.stopped;
  if (attempt.stop_reason == "canceled" && !had_succeeded)
    return {AttemptOutcome::canceled, "canceled", "canceled by " + run_.record.cancel_requested_by};
  if (attempt.stop_reason == "run_over") {
    constexpr std::string_view kSaid = "stopped: ";  // of the run; here it is said already
    const std::string_view why = run_.record.detail;
    return failed(run_.record.reason, "stopped because its run was over: " + std::string(why.substr(why.starts_with(kSaid) ? kSaid.size() : 0)));
  }
  // Why it was told to end is not stored: before a crash, or a commit that failed, it was its timeout. A cancel and the end of a run are.
  const auto& run = run_.run_spec(attempt.record.unit);
  const bool ended_itself = exit.kind == Kind::exited || exit.kind == Kind::signaled;
  if (attempt.stop_reason == "timeout" || (attempt.stop_reason.empty() && exit.stopped && ended_itself && run && run->timeout))
    return failed("timeout", "stopped because it ran longer than its timeout" + (run && run->timeout ? " of " + format_duration(*run->timeout) : ""));
  if (!exit.reason.empty() && !has_no_space(exit)) return failed(exit.reason, exit.detail);
  switch (exit.kind) {
    case Kind::never_started: return failed("never_started", exit.detail.empty() ? "its process was never started" : exit.detail);
    case Kind::lost: return failed("lost", exit.detail.empty() ? "its process is gone and left no exit code: a crash, a kill or a power loss" : exit.detail);
    case Kind::signaled: {
      const char* name = sigabbrev_np(exit.signal);
      return failed("signal", "killed by signal " + std::to_string(exit.signal) + (name ? " (SIG" + std::string(name) + ")" : ""));
    }
    case Kind::exited: break;
  }
  if (!attempt.failed_reason.empty()) return failed(attempt.failed_reason, attempt.failed_detail);
  if (exit.code == 0 && exit.stopped) return failed("signal", "it was told to end, and ended with exit code 0");
  if (exit.code == 0) return {};
  return failed("exit_code", "exit code " + std::to_string(exit.code) + (exit.detail.empty() ? "" : ": " + exit.detail));
}

void RunMachine::exited(const AttemptId& id, const ExitReport& exit) {
  auto node = run_.live.extract(id);
  auto& attempt = node.mapped();
  const auto verdict = judge(attempt, exit);
  auto& record = attempt.record;
  if (!record.started_at) record.started_at = exit.started_at;
  record.exit = exit;
  record.ended_at = exit.ended_at;
  record.outcome = verdict.outcome;
  record.reason = verdict.reason;
  record.detail = verdict.detail;
  dispatcher_.release(id);
  out_.changes.push_back(AttemptEnded{record});
  out_.effects.push_back(ForgetAttempt{id, run_.record.id});
  if (record.check != kNone) {
    if (starts_again(attempt)) return start_later(attempt);
    end_check_attempt(attempt, verdict);
    run_.units[record.unit].phase = UnitSlot::Phase::done;
    // Also when this check is in: another that was canceled will never be.
    if (const auto home = run_.plan->checks()[planned_check_of(record.unit)].home; home != kNone) cancel_unchecked(home);
    return;
  }
  if (verdict.reason != "never_started") run_.units[record.unit].never_started = 0;
  // In a checks-only run a process that went through says all it has to say by its checks.
  if (run_.plan->mode() != StepsMode::checks || !ended_by_itself(verdict)) end_members(attempt, verdict);
  else
    for (const auto step : record.steps) run_.steps[step].begun = true;
  close_checks(attempt, verdict);
  if (run_.plan->mode() == StepsMode::checks && ended_by_itself(verdict)) end_unchecked(record);
  for (const auto step : run_.plan->units()[record.unit].steps) cancel_unchecked(step);
  after_attempt(attempt);
}

void RunMachine::end_members(const LiveAttempt& attempt, const Verdict& verdict) {
  const bool plain = run_.is_plain(attempt.record.unit);
  std::vector<StepIndex> never_begun;
  StepIndex interrupted = kNone;
  bool any_begun = false;
  for (const auto step : attempt.record.steps) {
    auto& slot = run_.steps[step];
    any_begun = any_begun || slot.begun;
    if (is_terminal(slot.status) || slot.status == StepStatus::waiting_retry || slot.materialized) continue;
    if (plain || slot.begun) {
      if (plain && verdict.outcome == AttemptOutcome::succeeded) {
        if (!slot.started_at) slot.started_at = attempt.record.started_at;
        if (!slot.reported) materialize(attempt, step, {});
        work_done(step, attempt.record.id);
      } else if (plain && verdict.reason == "never_started") {
        never_begun.push_back(step);
      } else {
        end_begun(step, attempt, verdict);
        if (interrupted == kNone) interrupted = step;
      }
    } else {
      never_begun.push_back(step);
    }
  }
  end_never_begun(never_begun, interrupted, any_begun, attempt, verdict);
}

void RunMachine::end_begun(StepIndex step, const LiveAttempt& attempt, const Verdict& verdict) {
  auto& slot = run_.steps[step];
  if (!slot.started_at) slot.started_at = attempt.record.started_at;
  if (verdict.outcome == AttemptOutcome::canceled) {
    set_status(step, StepStatus::canceled, verdict.reason, verdict.detail, attempt.record.id);
    step_over(step);
  } else if (verdict.outcome == AttemptOutcome::succeeded) {
    fail(step, "plugin_error", "its process ended well but never said how this step ended", true, attempt.record.id);
  } else {
    fail(step, verdict.reason, verdict.detail, true, attempt.record.id);
  }
}

bool RunMachine::ended_by_itself(const Verdict& verdict) {
  return verdict.outcome == AttemptOutcome::succeeded || verdict.reason == "exit_code" || verdict.reason == "hook_failed";
}

bool RunMachine::goes_along_with_retry(StepIndex step) const {
  const auto unit = run_.plan->unit_of(step);
  const auto parents = run_.plan->parents(step);
  return std::any_of(parents.begin(), parents.end(), [&](const PlanEdge& edge) {
    const auto status = run_.steps[edge.step].status;
    return run_.plan->unit_of(edge.step) == unit && (status == StepStatus::waiting_retry || status == StepStatus::pending);
  });
}

void RunMachine::end_never_begun(const std::vector<StepIndex>& steps, StepIndex interrupted, bool any_begun, const LiveAttempt& attempt,
                                 const Verdict& verdict) {
  const auto& id = attempt.record.id;
  const bool again = starts_again(attempt);
  for (const auto step : steps) {
    auto& slot = run_.steps[step];
    if (is_terminal(slot.status) || slot.status == StepStatus::waiting_retry) continue;  // a failure just before took it along
    if (verdict.outcome == AttemptOutcome::canceled || run_.canceling()) {
      set_status(step, StepStatus::canceled, stop_reason(), "stopped before it began", id);
      step_over(step);
    } else if (again) {
      --slot.attempts;
      put_back(step);
    } else if (goes_along_with_retry(step) || (interrupted != kNone && run_.steps[interrupted].status == StepStatus::waiting_retry)) {
      --slot.attempts;
      put_back(step);
    } else if (interrupted != kNone) {
      auto skipped = below(step);
      skipped.push_back(step);
      run_.skipped_by[interrupted] += static_cast<std::uint32_t>(skipped.size());
      skip_all(skipped, interrupted, "upstream_failed", "its process ended in " + run_.name(interrupted) + " before it began");
    } else if (any_begun || verdict.outcome == AttemptOutcome::succeeded) {
      fail(step, "not_run", "its process ended and never began this step" + (verdict.detail.empty() ? "" : " (" + verdict.detail + ")"), true, id);
    } else {
      fail(step, verdict.reason, verdict.detail, true, id);
    }
  }
}

// In a run of checks alone: what its process reported are checks that none of its steps waits for.
void RunMachine::end_unchecked(const AttemptRecord& attempt) {
  for (const auto step : attempt.steps) {
    auto& slot = run_.steps[step];
    if (slot.open_checks > 0 || is_terminal(slot.status)) continue;
    slot.materialized = true;
    end_if_checked(step, attempt.id);
  }
}

// Checks that the process should have reported and did not.
void RunMachine::close_checks(const LiveAttempt& attempt, const Verdict& verdict) {
  const bool checks_only = run_.plan->mode() == StepsMode::checks;
  const bool by_itself = ended_by_itself(verdict);
  if (checks_only && !by_itself) return;
  for (const auto index : run_.plan->checks_of_unit(attempt.record.unit)) {
    const auto& planned = run_.plan->checks()[index];
    if (run_.checks[index].status) continue;
    const bool made = checks_only || std::all_of(planned.depends_on.begin(), planned.depends_on.end(), [&](StepIndex s) { return run_.steps[s].materialized; });
    if (by_itself) {
      // With its home's next attempt it comes again.
      if (planned.home != kNone && can_start(planned.home)) continue;
      check_result(index, made ? CheckStatus::error : CheckStatus::skipped, run_.check(index).severity,
                   made ? "its process ended and never reported this check" : "what it checks was not made", {}, now_.wall, attempt.record.id);
    } else if (planned.home != kNone && home_waits(index) && run_.steps[planned.home].materialized && !is_terminal(run_.steps[planned.home].status)) {
      const auto home = planned.home;
      if (verdict.outcome == AttemptOutcome::canceled) {
        set_status(home, StepStatus::canceled, verdict.reason, "canceled before its checks had run", attempt.record.id);
        step_over(home);
      } else {
        run_.steps[home].materialized = false;
        fail(home, verdict.reason, verdict.detail + ", before its checks had run", true, attempt.record.id);
      }
    }
  }
}

void RunMachine::end_check_attempt(const LiveAttempt& attempt, const Verdict& verdict) {
  const auto index = planned_check_of(attempt.record.unit);
  if (run_.checks[index].status) return;  // the process reported it itself
  const auto severity = run_.check(index).severity;
  if (verdict.outcome == AttemptOutcome::canceled) return check_unit_over(attempt.record.unit);
  const auto status = verdict.outcome == AttemptOutcome::succeeded ? CheckStatus::passed
                      : verdict.reason == "exit_code"              ? CheckStatus::failed
                                                                   : CheckStatus::error;
  check_result(index, status, severity, verdict.detail, {}, now_.wall, attempt.record.id);
}

// A disk without room is nobody's fault here: it is waited for however long it takes.
bool RunMachine::starts_again(const LiveAttempt& attempt) const {
  const auto& record = attempt.record;
  if (record.reason != "never_started" || run_.canceling()) return false;
  return has_no_space(*record.exit) || run_.units[record.unit].never_started < kMostNeverStarted;
}

// Its process was never started, so that it does not count as an attempt.
void RunMachine::start_later(const LiveAttempt& attempt) {
  const auto unit = attempt.record.unit;
  auto& slot = run_.units[unit];
  const auto wait = has_no_space(*attempt.record.exit) ? kNeverStartedDelay : kNeverStartedDelay * (1 << slot.never_started++);
  run_.not_started[unit] = attempt.record.detail;
  slot.retry_at_boot = now_.boot + wait;
  slot.retry_at = now_.wall + wait;
  --slot.attempts;
  slot.phase = UnitSlot::Phase::delayed;
  slot.since = now_.wall;
  timers_.emplace(*slot.retry_at_boot, run_.record.id, unit);
}

void RunMachine::after_attempt(const LiveAttempt& attempt) {
  const auto unit = attempt.record.unit;
  auto& slot = run_.units[unit];
  if (run_.canceling())
    for (const auto step : run_.plan->units()[unit].steps)
      if (can_start(step)) {
        set_status(step, StepStatus::canceled, stop_reason(), "stopped before another attempt");
        step_over(step);
      }
  if (!has_startable(unit)) {  // perhaps checks beside it are outstanding, but no process of its own
    slot.phase = UnitSlot::Phase::done;
    return;
  }
  if (attempt.record.reason == "never_started") return start_later(attempt);
  slot.phase = UnitSlot::Phase::delayed;
  slot.since = now_.wall;
  if (!slot.retry_at_boot) slot.retry_at_boot = now_.boot;
  timers_.emplace(*slot.retry_at_boot, run_.record.id, unit);
}

}  // namespace assetd
