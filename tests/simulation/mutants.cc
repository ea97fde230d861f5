#include "tests/simulation/mutants.h"

#include <algorithm>
#include <stdexcept>

namespace assetd::simulation {
namespace {

namespace sv = assetd::supervisor;

/// Calls `edit` with every change of that kind; what it gives is appended. Without automation, freshness and alerts, which take what the engine says for true.
template <typename Kind, typename Edit>
Sabotage after_each(Edit edit) {
  return [edit](Machine& machine) {
    auto& options = machine.options;
    options.automation = options.freshness = options.alerts = options.holds = options.rules.mutes = options.rules.red_button = 0;
    machine.seams.after_engine = [edit, &machine](const Now&, const Input&, Output& out) {
      std::vector<Change> more;
      for (auto& change : out.changes)
        if (auto* one = std::get_if<Kind>(&change)) edit(machine, *one, more);
      out.changes.insert(out.changes.end(), more.begin(), more.end());
    };
  };
}

template <typename Kind, typename Edit>
Sabotage before_each(Edit edit) {
  return [edit](Machine& machine) {
    machine.seams.before_engine = [edit, &machine](Input& input) {
      if (auto* one = std::get_if<Kind>(&input)) edit(machine, *one, input);
    };
  };
}

Sabotage flag(bool Seams::*seam) {
  return [seam](Machine& machine) { machine.seams.*seam = true; };
}

using More = std::vector<Change>;

void revive(Machine&, StepChanged& step, More& more) {
  if (step.step.status != StepStatus::succeeded) return;
  auto again = step;
  again.from = StepStatus::succeeded;
  again.step.status = StepStatus::failed;
  again.step.reason = "exit_code";
  more.push_back(again);
}

void back_in_line(Machine&, RunChanged& run, More& more) {
  if (run.run.status != RunStatus::running) return;
  auto back = run;
  back.run.status = RunStatus::queued;
  more.push_back(back);
}

void intend_twice(Machine& machine, AttemptIntended& intent, More& more) {
  auto twin = intent;
  twin.attempt.id = machine.random.hex32();
  more.push_back(twin);
}

// The children of a failed step are started instead of skipped.
void start_children(Machine& machine, StepsEnded& ended, More& more) {
  if (ended.status != StepStatus::skipped || !machine.store.runs().contains(ended.run)) return;
  const auto& plan = *machine.store.runs().at(ended.run).plan;
  for (const auto step : std::exchange(ended.steps, {})) {
    AttemptRecord record;
    record.id = machine.random.hex32();
    record.run = ended.run;
    record.unit = plan.unit_of(step);
    record.steps = {step};
    more.push_back(AttemptIntended{record});
    return;
  }
}

void start_after_cancel(Machine& machine, RunChanged& run, More& more) {
  if (run.run.status != RunStatus::canceling) return;
  AttemptRecord record;
  record.id = machine.random.hex32();
  record.run = run.run.id;
  record.steps = {0};
  more.push_back(AttemptIntended{record});
}

// The first sign of life is taken for its end.
void lose(Machine&, AttemptSeenRunning& seen, Input& input) {
  AttemptExited exited{seen.attempt, {}, {}};
  exited.exit.kind = ExitReport::Kind::lost;
  input = exited;
}

template <typename Drop>
Sabotage drop_effects(Drop drop) {
  return [drop](Machine& machine) {
    machine.seams.before_effects = [drop](std::vector<Effect>& effects) { std::erase_if(effects, drop); };
  };
}

template <typename Drop>
Sabotage drop_actions(Drop drop) {
  return [drop](Machine& machine) {
    machine.seams.after_logic = [drop](const sv::Input&, sv::Actions& actions) { std::erase_if(actions, drop); };
  };
}

template <typename Kind>
constexpr auto is = [](const auto& each) { return std::holds_alternative<Kind>(each); };

Sabotage no_respawn() {
  return [](Machine& machine) { machine.seams.after_reconcile = [](std::vector<ReconcileAction>& actions) { std::erase_if(actions, is<StartAttempt>); }; };
}

Sabotage silent() {
  return [](Machine& machine) { machine.seams.after_blockers = [](std::vector<Blocker>& blockers) { blockers.clear(); }; };
}

}  // namespace

std::vector<Mutant> mutants() {
  using enum Invariant;
  return {
      {terminal, "a step that succeeded fails afterwards", after_each<StepChanged>(revive)},
      {transition, "a run that runs goes back in line", after_each<RunChanged>(back_in_line)},
      {one_live, "each intent commits with a twin", after_each<AttemptIntended>(intend_twice)},
      {intent, "effects are not held back until their commit", flag(&Seams::acts_before_commit)},
      {once, "an end is acknowledged while the store is latched", flag(&Seams::acts_while_latched)},
      {slots, "an intent forgets what it holds", after_each<AttemptIntended>([](Machine&, AttemptIntended& intent, More&) { intent.attempt.slots.clear(); })},
      {pool, "pools are one slot larger than they are", before_each<PoolsChanged>([](Machine&, PoolsChanged& pools, Input&) {
         for (auto& [name, slots] : pools.slots) ++slots;
       })},
      {limit, "limits are one larger than they are", before_each<LimitsChanged>([](Machine&, LimitsChanged& changed, Input&) {
         for (auto& [tag, most] : changed.limits.tags) ++most;
       })},
      {limit, "the max_steps that is stored is less than the one that counts", after_each<RunChanged>([](Machine&, RunChanged& run, More&) {
         if (run.run.max_steps) run.run.max_steps = 1;
       })},
      {roots, "what is canceled is called skipped", after_each<StepsEnded>([](Machine&, StepsEnded& ended, More&) { ended.status = StepStatus::skipped; })},
      {parents, "children of a failed step are started", after_each<StepsEnded>(start_children)},
      {blockers, "what waits says nothing", silent()},
      {one_run, "the store is not asked whether an instant has had its run", flag(&Seams::forgets_ticks)},
      {one_run, "nor whether a request has been answered", flag(&Seams::forgets_answers)},
      {line, "no run waits in line", before_each<RunRequested>([](Machine&, RunRequested& request, Input&) { request.run.in_line = false; })},
      {cancel, "an intent follows a cancel", after_each<RunChanged>(start_after_cancel)},
      {tree, "the first sign of life is taken for the end", before_each<AttemptSeenRunning>(lose)},
      {tree, "what a dead shim left is not killed", flag(&Seams::leaves_lost_trees)},
      {truth, "a failure is taken for a success", before_each<AttemptExited>([](Machine&, AttemptExited& exited, Input&) { exited.exit.code = 0; })},
      {truth, "that a step was told to end is not known", before_each<AttemptExited>([](Machine&, AttemptExited& exited, Input&) { exited.exit.stopped = false; })},
      {truth, "an end that is recorded is not read", flag(&Seams::ignores_recorded_ends)},
      {messages, "the first of several messages is dropped", before_each<MessagesArrived>([](Machine&, MessagesArrived& arrived, Input&) {
         if (arrived.messages.size() > 1) arrived.messages.erase(arrived.messages.begin());
       })},
      {messages, "messages that were read before count again", before_each<MessagesArrived>([](Machine&, MessagesArrived& arrived, Input&) {
         if (!arrived.messages.empty()) arrived.messages.push_back(arrived.messages.front());
       })},
      {ended, "steps that never ran are not ended with their run", after_each<StepsEnded>([](Machine&, StepsEnded& ended, More&) { ended.steps.clear(); })},
      {leftovers, "ends are not acknowledged", drop_effects(is<ForgetAttempt>)},
      {leftovers, "claims are not removed", drop_actions(is<sv::RemoveClaim>)},
      {strangers, "a pid is believed whoever has it by now", flag(&Seams::trusts_old_pids)},
      {liveness, "a spawn that was lost is not sent again", no_respawn()},
      {liveness, "an end that nobody took is not told again", drop_actions([](const sv::Action& action) {
         const auto* send = std::get_if<sv::Send>(&action);
         return send && std::holds_alternative<sv::Ended>(send->event) && send->connection > 1;
       })},
      {pinned, "runs go over to other definitions", after_each<RunChanged>([](Machine&, RunChanged& run, More&) { ++run.run.definitions_version; })},
      {reused, "what was executed is called reused", after_each<StepChanged>([](Machine&, StepChanged& step, More&) {
         if (step.step.status == StepStatus::succeeded) step.step.reason = kReused;
       })},
      {backfilled, "a run of a backfill commits without it", flag(&Seams::forgets_backfills)},
      {automated, "what conditions remember is not kept", flag(&Seams::forgets_conditions)},
      {automated, "what automation asks for is not begun", flag(&Seams::drops_requests)},
      {sensed, "what a sensor knows does not commit with its requests", flag(&Seams::forgets_cursors)},
      {sensed, "the keys that were asked for are not kept", flag(&Seams::forgets_sensor_keys)},
      {paced, "a sensor waits until no other is looked at", flag(&Seams::sensors_wait_for_each_other)},
      {paced, "a failed look is taken for one that found nothing", flag(&Seams::sensors_never_back_off)},
      {told, "a restart forgets what has been told", flag(&Seams::forgets_open_alerts)},
      {delivered, "a restart forgets what waits to be delivered", flag(&Seams::forgets_pending_alerts)},
      {delivered, "an attempt without an answer counts as delivered", flag(&Seams::trusts_receivers)},
      {fresh, "no asset becomes too old by the clock alone", flag(&Seams::freshness_sleeps)},
      {divided, "a key that is removed stays there for automation", flag(&Seams::keeps_removed_keys)},
      {automated, "no window ends for automation", flag(&Seams::stops_windows)},
      {automated, "of conditions only what sets them off counts", flag(&Seams::drops_filters)},
      {automated, "up to when conditions were looked at is not kept", flag(&Seams::forgets_evaluated_at)},
      {automated, "automation does not hear of what people tell", flag(&Seams::hides_reports)},
      {paused, "schedules make what is muted", flag(&Seams::ignores_mutes)},
      {paused, "a restart forgets what is muted", flag(&Seams::forgets_pauses)},
      {ticks, "jitter is ten times as wide as it is said", flag(&Seams::wide_jitter)},
      {ticks, "a tick makes the window of now", flag(&Seams::ticks_make_now)},
      {no_throw, "a cancel is refused by an exception", before_each<CancelRequested>([](Machine&, CancelRequested&, Input&) { throw std::logic_error("no"); })},
  };
}

}  // namespace assetd::simulation
