// One turn: take what waits, drive the engine, commit, then let it be seen and done.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/run_terms.h"

namespace assetd {
namespace {

constexpr std::size_t kTasksATurn = 512;      // inputs that share one transaction and one sync
constexpr Millis kSoftWait{15};               // how long "is running" may wait for company
constexpr Millis kIdleWait{1'000};
constexpr Millis kForgetWait{10};             // how long an acknowledgement may wait for a command to go with

}  // namespace

void DaemonService::loop() {
  while (!tasks_.closed()) {
    auto tasks = tasks_.take(wait_time(), kTasksATurn);
    run_turn(std::move(tasks));
    send_due_alerts(clock_.now());
    keep_house(clock_.now());
  }
  if (waiting_turn_) {
    auto turn = std::move(*waiting_turn_);
    waiting_turn_.reset();
    commit(turn);
  }
}

Millis DaemonService::wait_time() const {
  if (waiting_turn_) return kSoftWait;
  const auto now = clock_.now();
  auto wait = kIdleWait;
  if (is_latched()) return std::clamp(unlatch_at_ - now.boot, Millis{0}, kIdleWait);  // until then nothing is driven
  if (const auto timer = engine_->next_timer()) wait = std::min(wait, *timer - now.boot);
  if (const auto tick = ticker_.next_moment(); tick && may_tick()) wait = std::min(wait, *tick - now.wall);
  if (const auto look = sensors_.next_due(now); look && may_sensors_look()) wait = std::min(wait, *look - now.boot);
  if (automator_.is_due(now.wall) || freshness_.is_due(now.wall)) return Millis{0};
  if (const auto next = freshness_.next_instant()) wait = std::min(wait, *next - now.wall);
  if (const auto next = automator_.next_instant()) wait = std::min(wait, *next - now.wall);
  if (const auto over = next_waiver_end()) wait = std::min(wait, *over - now.wall);
  if (forgot_since_) wait = std::min(wait, *forgot_since_ + kForgetWait - now.boot);
  if (const auto alert = alerts_.next_due()) wait = std::min(wait, *alert - now.wall);
  if (!silence_ends_.empty()) wait = std::min(wait, *silence_ends_.begin() - now.wall);
  if (may_keep_house()) wait = std::min(wait, housekeeper_->next() - now.boot);
  return std::max(wait, Millis{0});
}

void DaemonService::run_turn(std::vector<Task> tasks) {
  if (auto there = store_->look_at_files(); !there) latch(there.error().message);
  if (store_->latched() && latched_.empty()) latch(store_->given_up() ? store_->given_up()->message : "a write beside the turns failed");
  try_unlatch();  // first: what waits to be committed is of the engine that this drops
  Turn turn;
  if (waiting_turn_) {
    turn = std::move(*waiting_turn_);
    waiting_turn_.reset();
  }
  turn.now = clock_.now();
  keeper_.begin_turn(turn.now.wall);
  sources_as_loaded_.reset();
  metrics_.heartbeat(turn.now.wall);
  flush_forgotten(turn.now);
  watch_disk(turn);  // before anything starts, also in the first turn of all
  for (auto& task : tasks) task(turn);
  let_time_pass(turn);
  if (may_wait(turn)) {
    if (!turn.batch.empty() || !turn.effects.empty()) {
      if (!waiting_since_) waiting_since_ = turn.now.boot;
      waiting_turn_ = std::move(turn);
    }
    return;
  }
  waiting_since_.reset();
  finish(turn);
}

void DaemonService::keep_house(const Now& now) {
  if (!may_keep_house()) return;
  if (const auto kept = housekeeper_->step(now, *store_, retention_of(project()->definitions)); !kept) latch(kept.error().message);
}

void DaemonService::flush_forgotten(const Now& now) {
  if (!forgot_since_ || now.boot - *forgot_since_ < kForgetWait) return;
  forgot_since_.reset();
  if (execution_) execution_->flush();
}

// Only "it runs now": true without being written, so it waits a moment for company.
bool DaemonService::may_wait(const Turn& turn) const {
  if (!turn.after.empty() || !turn.batch.audit.empty() || !turn.batch.answers.empty() || !turn.batch.alerts.empty() || !turn.batch.sensors.empty() || !turn.batch.partition_keys.empty() || !turn.batch.backfills.empty() || automator_.is_due(turn.now.wall) || freshness_.is_due(turn.now.wall)) return false;
  if (waiting_since_ && turn.now.boot - *waiting_since_ >= kSoftWait) return false;
  return std::all_of(turn.batch.changes.begin(), turn.batch.changes.end(), is_soft);
}

void DaemonService::let_time_pass(Turn& turn) {
  if (const auto timer = engine_->next_timer(); timer && *timer <= turn.now.boot) feed(turn, TimePassed{});
  if (!is_latched()) end_waivers_that_are_over(turn);
  hand_over_waivers(turn);
  if (!is_latched()) tell_after_silences(turn);
  if (may_tick()) let_schedules_tick(turn);
  let_sensors_look(turn);
}

// What an output changed is known to the book before it is asked whether a step need not be executed. While the store is latched the engine stays at what is
// committed: what is reported meanwhile is told again once the store works.
void DaemonService::feed(Turn& turn, const Input& input) {
  if (is_latched() && !going_back_ && !std::holds_alternative<StartsHeld>(input)) return;
  auto output = engine_->handle(turn.now, input);
  // With the context that was asked for: a run of which nothing need be executed is over, and unknown to the engine, by now.
  if (const auto* requested = std::get_if<RunRequested>(&input))
    for (const auto& change : output.changes)
      if (const auto* created = std::get_if<RunCreated>(&change)) projection_.know(created->run, created->plan, requested->context);
  take(turn, std::move(output));
  while (engine_->wants_another_look()) take(turn, engine_->handle(turn.now, TimePassed{}));
}

void DaemonService::take(Turn& turn, Output output) {
  for (auto& change : output.changes) {
    keeper_.complete(change, projection_);
    projection_.project(change, book_, turn.batch);
    keeper_.note(change, projection_, turn.batch);
    note_alerts(turn, change);
    note_partition_keys(turn, change);
    note_observation(turn, change);
    note_checks(turn, change);
    note_lineage(turn, change);
    if (const auto* changed = std::get_if<RunChanged>(&change); changed && is_terminal(changed->run.status)) note_end(turn, changed->run);
    automator_.note(change, projection_);
    freshness_.note(change);
    metrics_.count(change);
    turn.batch.changes.push_back(std::move(change));
  }
  turn.effects.insert(turn.effects.end(), std::make_move_iterator(output.effects.begin()), std::make_move_iterator(output.effects.end()));
}

void DaemonService::note_end(Turn& turn, const RunRecord& run) {
  turn.ended.push_back(run.id);
  const auto* sensor = run.trigger.kind == "sensor" ? sensors_.find(run.trigger.name) : nullptr;
  if (sensor && sensor->last_tick && sensor->last_tick->reason.ends_with(kSensorWaits)) sensors_.tell(run.trigger.name, turn.now);
  if (!run.backfill) return;
  turn.after.push_back([this, backfill = *run.backfill, id = run.id](bool committed) {
    if (committed) tasks_.push([this, backfill, id](Turn& next) { settle_backfill_run(next, backfill, id); });
  });
}

void DaemonService::finish(Turn& turn) {
  if (!is_latched() && freshness_.is_due(turn.now.wall))
    for (const auto& told : freshness_.step(turn.now.wall, turn.batch)) note_alerts(turn, told);
  if (!is_latched() && std::exchange(turn.keys_changed, false)) advance_backfills(turn);
  automate(turn);
  commit(turn);
  for (const auto run : turn.ended) projection_.forget(run);
}

void DaemonService::commit(Turn& turn) {
  turn.batch.assets = book_.take_staged();
  if (is_latched()) {  // nothing is done or answered on top of what may not be committed, be it only an acknowledgement
    for (auto& after : turn.after) after(false);
    return;
  }
  if (turn.batch.empty()) {
    perform(turn.effects, turn.now);
    for (auto& after : turn.after) after(true);
    return;
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto done = store_->commit(turn.batch);
  metrics_.committed(std::chrono::steady_clock::now() - begun, done.has_value());
  if (!done) {
    latch(done.error().message);
    for (auto& after : turn.after) after(false);
    return;
  }
  keeper_.partitions().committed();
  book_.apply(turn.batch.assets, store_->last_event());
  publish(turn.batch.events);
  tell_sensors(turn.batch.events);
  perform(turn.effects, turn.now);
  preload(turn.batch.changes);
  for (auto& after : turn.after) after(true);
}

void DaemonService::perform(const std::vector<Effect>& effects, const Now& now) {
  // What starts comes first: a process begins while we tidy up behind the last one.
  if (execution_) execution_->hold();
  for (const auto& effect : effects) {
    if (const auto* start = std::get_if<StartAttempt>(&effect)) {
      perform(*start);
    } else if (const auto* stop = std::get_if<StopAttempt>(&effect)) {
      if (execution_) execution_->stop(*stop);
    }
  }
  if (execution_) execution_->release();
  for (const auto& effect : effects) {
    if (const auto* forget = std::get_if<ForgetAttempt>(&effect)) {
      if (execution_) execution_->forget(*forget);
      if (!forgot_since_) forgot_since_ = now.boot;
    } else if (const auto* progress = std::get_if<ShowProgress>(&effect)) {
      perform(*progress);
    }
  }
}

// After the first starts: whose worker is wanted at once is loaded first.
void DaemonService::preload(const std::vector<Change>& changes) {
  if (!execution_) return;
  for (const auto& change : changes) {
    const auto* changed = std::get_if<RunChanged>(&change);
    if (!changed || changed->run.status != RunStatus::running) continue;
    if (const auto* run = engine_->run(changed->run.id)) execution_->preload(*run->plan, run->context);
  }
}

void DaemonService::perform(const ShowProgress& effect) {
  const auto* run = engine_->run(effect.run);
  if (!run) return;
  const auto& key = run->asset(effect.step).key;
  publish({Event{0, {}, "progress", effect.run, key, {{"run_id", std::to_string(effect.run)}, {"key", key}},
                 {{"fraction", effect.fraction}, {"detail", effect.detail}}}});
}

// The run may have ended within the same turn only by the attempt's own end, so what is started here is known.
void DaemonService::perform(const StartAttempt& effect) {
  const auto* run = engine_->run(effect.attempt.run);
  if (!run || !execution_) return;
  execution_->start({effect.attempt, run->record, run->plan, run->context});
}

void DaemonService::publish(const std::vector<Event>& events) {
  if (events.empty()) return;
  std::lock_guard lock(mutex_);
  for (const auto& [id, listener] : listeners_) listener(events);
}

int DaemonService::subscribe(std::function<void(const std::vector<Event>&)> listener) {
  std::lock_guard lock(mutex_);
  listeners_.emplace(next_listener_, std::move(listener));
  return next_listener_++;
}

void DaemonService::unsubscribe(int id) {
  std::lock_guard lock(mutex_);
  listeners_.erase(id);
}

void DaemonService::drain(Drain how) {
  {
    std::lock_guard lock(mutex_);
    drain_detail_ = how == Drain::wait ? kDrainDetail : "what runs is being canceled, then the daemon ends";
  }
  tasks_.push([this, how](Turn& turn) {
    draining_ = true;
    automator_.hold();
    if (how == Drain::wait) return feed(turn, StartsHeld{"draining", kDrainDetail});
    cancels_what_runs_ = true;
    cancel_everything(turn);
  });
}

void DaemonService::cancel_everything(Turn& turn) {
  std::vector<RunId> runs;
  for (const auto& [id, run] : engine_->runs()) runs.push_back(id);
  std::ranges::reverse(runs);  // one that waits for another must not begin because that one is gone
  for (const auto id : runs) feed(turn, CancelRequested{id, {"assetd", ""}});
}

// Canceled runs have ended when no run is left; of others that wait none is begun.
bool DaemonService::is_drained() {
  if (tasks_.closed()) return true;
  return ask<bool>([this] {
    const auto& runs = engine_->runs();
    const bool canceling = std::ranges::any_of(runs, [](const auto& each) { return each.second->canceling(); });
    return draining_ && engine_->dispatcher().holds().empty() && engine_->wrecks().empty() && !canceling;
  });
}

void DaemonService::shut_down() {
  if (!thread_.joinable()) return;
  tasks_.close();
  thread_.join();
  store_watch_.reset();
  watch_.reset();  // it may begin a reload until here
  if (reload_thread_.joinable()) reload_thread_.join();
  if (backup_thread_.joinable()) backup_thread_.join();
  courier_.reset();
  sensor_runner_.reset();
  execution_.reset();
}

}  // namespace assetd
