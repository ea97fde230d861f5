// Turns: take what waits, drive the engine, commit, then let it be done. After daemon/service/service_loop.cc.

#include "tests/simulation/daemon_host.h"

#include <algorithm>

#include "core/engine/reconcile.h"
#include "tests/simulation/blockers.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {
constexpr int kTasksATurn = 6;
}

DaemonHost::Turn DaemonHost::new_turn() const {
  Turn turn;
  turn.now = machine_.now;
  return turn;
}

// While the store is latched the engine stays at what is committed.
void DaemonHost::feed(Turn& turn, Input input) {
  if (latched_ && !going_back_ && !machine_.seams.acts_while_latched && !std::holds_alternative<StartsHeld>(input)) return;
  feed_once(turn, std::move(input));
  while (engine_->wants_another_look()) feed_once(turn, TimePassed{});
}

void DaemonHost::feed_once(Turn& turn, Input input) {
  auto& seams = machine_.seams;
  Output out;
  restored_ = false;
  try {
    if (seams.before_engine) seams.before_engine(input);
    out = engine_->handle(turn.now, input);
    if (const auto* requested = std::get_if<RunRequested>(&input)) know_new(*requested, out);
  } catch (const std::logic_error& error) {
    broken(Invariant::no_throw, std::string("the engine throws: ") + error.what());
  }
  if (seams.after_engine) seams.after_engine(turn.now, input, out);
  take(turn, std::move(out));
}

/// Before anything else of it is told: one of which nothing need be executed is over by now.
void DaemonHost::know_new(const RunRequested& requested, const Output& out) {
  for (const auto& change : out.changes) {
    const auto* created = std::get_if<RunCreated>(&change);
    if (!created) continue;
    automation_.know(created->run, created->plan, requested.context);
    alerts_.know(created->run.id, created->plan, requested.context);
  }
}

void DaemonHost::take(Turn& turn, Output out) {
  for (const auto& change : out.changes) {
    automation_.note(change);
    alerts_.note(change, turn.now, turn.batch);
    note_keys(turn, change);
    if (machine_.options.freshness > 0) freshness_.note(change);
    if (const auto* changed = std::get_if<RunChanged>(&change); changed && is_terminal(changed->run.status)) {
      note_end(turn, changed->run);
      sensors_.note_end(changed->run, turn.now);
    }
  }
  if (machine_.seams.acts_before_commit) perform(std::exchange(out.effects, {}));
  std::move(out.changes.begin(), out.changes.end(), std::back_inserter(turn.batch.changes));
  std::move(out.effects.begin(), out.effects.end(), std::back_inserter(turn.effects));
}

void DaemonHost::turn() {
  std::vector<Task> tasks;
  for (int count = 1 + machine_.random.below(kTasksATurn); count > 0 && !tasks_.empty(); --count) {
    tasks.push_back(std::move(tasks_.front()));
    tasks_.pop_front();
  }
  if (latched_ && machine_.random.chance(machine_.faults ? 40 : 100)) try_unlatch();
  Turn turn = waiting_ ? std::move(*waiting_) : Turn{};
  waiting_.reset();
  turn.now = machine_.now;
  if (machine_.random.chance(50)) flush();
  for (auto& task : tasks) task(turn);
  if (const auto timer = engine_->next_timer(); timer && *timer <= turn.now.boot) feed(turn, TimePassed{});
  if (may_tick() && !latched_) let_schedules_tick(turn);
  if (!draining_ && !latched_) let_sensors_look(turn);
  watch_disk(turn);
  if (may_wait(turn)) {
    if (!turn.batch.empty() || !turn.effects.empty()) waiting_ = std::move(turn);
    return;
  }
  finish(turn);
  if (!latched_) alerts_.send_due(turn.now);
}

/// What its changes set going commits with them.
void DaemonHost::finish(Turn& turn) {
  look_at_freshness(turn);
  if (!latched_) take_changed_keys(turn);
  if (!latched_)
    automation_.automate(turn.batch, [&](const AutomationWanted& wanted) {
      RunRecord run;
      run.trigger = {"automation", "", std::nullopt};
      return begin_run(turn, std::move(run), wanted.assets, StepsMode::all, false, &wanted.sets);
    });
  commit(turn);
}

// Only "it runs now": true without being written, so it waits a moment for company.
bool DaemonHost::may_wait(const Turn& turn) const {
  const auto& batch = turn.batch;
  if (!turn.after.empty() || !batch.answers.empty() || batch.pools || batch.waivers || batch.definitions || !batch.partition_keys.empty() || !batch.backfills.empty() || !batch.sensors.empty() || !batch.alerts.empty()) return false;
  if (is_freshness_due(turn) || automation_.is_due()) return false;
  if (!std::all_of(turn.batch.changes.begin(), turn.batch.changes.end(), is_soft)) return false;
  return machine_.random.chance(50);
}

void DaemonHost::watch_disk(Turn& turn) {
  const bool low = held_ && held_->kind == "disk";
  if (low == machine_.disk.full || draining_) return;
  feed(turn, StartsHeld{"disk", low ? "" : "only 1 MiB is free", !low});
  held_ = low ? std::nullopt : std::optional(StartsHeld{"disk", "only 1 MiB is free"});
}

/// Whether it is known to be committed.
bool DaemonHost::write(const Turn& turn) {
  machine_.point(Who::daemon);
  const auto& options = machine_.options;
  if (machine_.faults && machine_.random.in_ten_thousand(options.commit_failed)) return false;
  auto batch = turn.batch;
  batch.at = turn.now.wall;
  if (machine_.seams.forgets_backfills) batch.backfills.clear();
  if (machine_.seams.forgets_cursors) std::erase_if(batch.sensors.states, [&](const SensorState& state) { return machine_.store.sensors().contains(state.sensor); });
  if (machine_.seams.forgets_sensor_keys) batch.sensors.keys.clear();
  machine_.store.commit(batch);
  if (machine_.faults && machine_.random.in_ten_thousand(options.commit_unknown)) return false;
  return true;
}

void DaemonHost::commit(Turn& turn) {
  if (latched_) {  // nothing is done on top of what is not known to be committed
    if (turn.batch.empty() && machine_.seams.acts_while_latched) perform(std::move(turn.effects));
    for (auto& after : turn.after) after(false);
    return;
  }
  if (!turn.batch.empty()) {
    if (!write(turn)) {
      machine_.trace.add([] { return std::string("daemon: the store failed, it latches"); });
      latch();
      for (auto& after : turn.after) after(false);
      return;
    }
    describe(machine_.trace, turn.batch.changes);
    automation_.committed(turn.batch);
    sensors_.committed(turn.batch, turn.now);
    alerts_.committed(turn.batch);
    check(turn);
    machine_.point(Who::daemon);
  }
  if (machine_.options.freshness > 0) machine_.store.check_freshness(turn.now.wall);
  perform(std::move(turn.effects));
  for (auto& after : turn.after) after(true);
}

/// All that the engine has said is committed, also while the store is latched: it and the store must agree.
void DaemonHost::check(const Turn& turn) const {
  machine_.store.check_holds(*engine_);
  const auto said = [&](RunId run, StepIndex step) {
    auto blockers = engine_->blockers(run, step, turn.now.wall);
    if (machine_.seams.after_blockers) machine_.seams.after_blockers(blockers);
    return blockers;
  };
  std::set<std::string> held;
  if (held_) held.insert(held_->kind);
  if (latched_) held.insert("latched");
  if (!restored_) check_blockers(*engine_, machine_.store, held, said);
}

void DaemonHost::perform(std::vector<Effect> effects) {
  if (machine_.seams.before_effects) machine_.seams.before_effects(effects);
  const auto is_forget = [](const Effect& effect) { return std::holds_alternative<ForgetAttempt>(effect); };
  // What starts comes first: a process begins while we tidy up behind the last one.
  std::stable_partition(effects.begin(), effects.end(), [&](const Effect& effect) { return !is_forget(effect); });
  for (const auto& effect : effects) {
    machine_.point(Who::daemon);
    perform(effect);
  }
}

void DaemonHost::perform(const Effect& effect) {
  if (const auto* begin = std::get_if<StartAttempt>(&effect)) {
    if (engine_->run(begin->attempt.run)) start(begin->attempt);
  } else if (const auto* end = std::get_if<StopAttempt>(&effect)) {
    stop(*end);
  } else if (const auto* over = std::get_if<ForgetAttempt>(&effect)) {
    forget(over->attempt);
  }
}

/// What is shown from now on is the last commit, and everything that could start waits for the store.
void DaemonHost::latch() {
  latched_ = true;
  if (machine_.seams.acts_while_latched) return;  // and goes on with what it has in memory
  waiting_.reset();
  going_back_ = true;
  auto nothing = new_turn();
  take_from_store(nothing);
  going_back_ = false;
  restored_ = false;
  check(nothing);
}

// The outcome of a failed commit is not known: everything in memory is dropped and read anew.
void DaemonHost::try_unlatch() {
  waiting_.reset();
  latched_ = false;
  machine_.trace.add([] { return std::string("daemon: the store is opened anew"); });
  recover();
  if (!latched_) send(supervisor::List{seen_running(*engine_)});
}

std::optional<Millis> DaemonHost::next_due() const {
  auto next = engine_->next_timer();
  if (const auto tick = ticker_.next_moment(); tick && may_tick()) {
    const auto at = machine_.now.boot + std::max(Millis{0}, *tick - machine_.now.wall);
    if (!next || at < *next) next = at;
  }
  if (const auto instant = automation_.next_instant(); instant && !draining_) {
    const auto at = machine_.now.boot + std::max(Millis{0}, *instant - machine_.now.wall);
    if (!next || at < *next) next = at;
  }
  if (const auto look = next_look(); look && (!next || *look < *next)) next = look;
  return next;
}

}  // namespace assetd::simulation
