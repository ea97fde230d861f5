// Start, restart, and the connection to the supervisor. After daemon/service/service_start.cc and daemon/execution/execution.cc.

#include "core/engine/reconcile.h"
#include "tests/simulation/daemon_host.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace sv = assetd::supervisor;

DaemonHost::DaemonHost(Machine& machine) : machine_(machine), generation_(static_cast<std::uint64_t>(machine.store.next_generation())) {
  machine_.trace.add([&] { return "daemon: start " + std::to_string(generation_); });
  recover();
  for (const auto& [id, run] : engine_->runs())
    for (const auto& [attempt, live] : run->live) places_.try_emplace(attempt, live.record.message_offset);
}

void DaemonHost::use_definitions(Turn& turn) {
  const auto& store = machine_.store;
  ticker_.define(schedules(store.definitions()), store.schedules(), turn.now.wall);
  feed(turn, LimitsChanged{store.definitions().definitions->limits});
  feed(turn, PoolsChanged{store.pools()});
  feed(turn, WaiversChanged{store.waivers()});
}

/// Forgets what the engine has in memory and takes it from the store: at a start, and after a failed commit.
void DaemonHost::recover() {
  auto turn = new_turn();
  take_from_store(turn);
  turn.effects.clear();  // asked again when the supervisor has said what it has
  for (const auto& [id, run] : engine_->runs())
    for (const auto& [attempt, live] : run->live) places_[attempt] = live.record.message_offset;
  std::erase_if(sent_, [](const auto& each) { return each.second == kWontBeSent; });
  recover_backfills();
  if (!turn.batch.empty()) finish(turn);
}

void DaemonHost::take_from_store(Turn& turn) {
  // What the world would have answered: the engine must get along with either answer at any moment.
  const auto unchanged = [this](const RunState&, StepIndex) { return machine_.random.chance(50) ? std::optional<std::string>("unchanged") : std::nullopt; };
  engine_ = std::make_unique<Engine>([this] { return machine_.random.hex32(); }, machine_.store.last_run(), nullptr, unchanged);
  ticker_ = Ticker();
  take_keys();
  automation_.restore();
  automation_.use(machine_.store.definitions(), *engine_, keys_);
  restore_watchers(turn.now);
  if (going_back_) feed(turn, StartsHeld{"latched", "the store failed"});
  use_definitions(turn);
  for (auto& run : machine_.store.active()) restore(turn, std::move(run));
  automation_.know_runs(*engine_);
  if (held_) feed(turn, *held_);
}

void DaemonHost::restore(Turn& turn, RestoredRun run) {
  const auto id = run.run.id;
  restored_ = true;
  if (machine_.faults && machine_.random.in_ten_thousand(machine_.options.damaged_plan)) machine_.store.damage(id);
  const auto& stored = machine_.store.runs().at(id);
  if (stored.damaged) return take(turn, engine_->restore(turn.now, make_wreck(std::move(run.run), std::move(run.steps), std::move(run.attempts), "its stored plan is damaged")));
  auto plan = RunPlan::decode(stored.encoded, *run.context.definitions, *run.context.graph);
  if (!plan || plan->encode() != stored.encoded || plan->units().size() != run.plan->units().size()) broken(Invariant::pinned, "a plan does not survive being stored");
  run.plan = std::make_shared<RunPlan>(std::move(*plan));
  if (const auto fits = Engine::fits(run); !fits) broken(Invariant::pinned, fits.error());
  automation_.take_up(run);
  alerts_.know(run.run.id, run.plan, run.context);
  take(turn, engine_->restore(turn.now, std::move(run)));
}

void DaemonHost::reconcile(const std::vector<ListedAttempt>& listing, std::uint64_t connection) {
  auto actions = assetd::reconcile(*engine_, listing, [&](const AttemptId& attempt) { return sent_.contains(attempt) && sent_.at(attempt) >= connection; }, machine_.now);
  if (machine_.seams.after_reconcile) machine_.seams.after_reconcile(actions);
  for (const auto& action : actions) {
    machine_.point(Who::daemon);
    if (const auto* lost = std::get_if<ReportLost>(&action)) report_lost(lost->attempt);
    if (const auto* stray = std::get_if<StopStray>(&action)) stop(stray->stop);
    if (const auto* begin = std::get_if<StartAttempt>(&action)) perform(Effect(*begin));
    if (const auto* end = std::get_if<StopAttempt>(&action)) stop(*end);
  }
}

// ---- The connection

void DaemonHost::connect() {
  if (connection_ || refused_) return;
  connection_ = machine_.channel.open();
  welcome_ = false;
  machine_.channel.find(*connection_)->to_supervisor.push_back(sv::Hello{1, 1, "store", generation_});
}

void DaemonHost::disconnect() {
  if (!connection_) return;
  machine_.channel.daemon_closes(*connection_, machine_.random);
  connection_.reset();
  welcome_ = false;
  later_.clear();
}

bool DaemonHost::has_events() const {
  if (!connection_) return false;
  const auto* connection = machine_.channel.find(*connection_);
  return !connection->to_daemon.empty() || !connection->supervisor_open;
}

void DaemonHost::receive() {
  auto* connection = machine_.channel.find(*connection_);
  if (connection->to_daemon.empty()) return disconnect();
  const auto event = std::move(connection->to_daemon.front());
  connection->to_daemon.pop_front();
  take_event(event);
}

void DaemonHost::take_event(const sv::Event& event) {
  if (std::holds_alternative<sv::Welcome>(event)) {
    welcome_ = true;
    tasks_.push_back([this](Turn&) { send(sv::List{seen_running(*engine_)}); });
  } else if (const auto* started = std::get_if<sv::Started>(&event)) {
    report(AttemptSeenRunning{started->attempt, started->start.pid, WallTime(Millis(started->start.at_ms))});
  } else if (const auto* ended = std::get_if<sv::Ended>(&event)) {
    report(exited(*ended));
  } else if (const auto* listing = std::get_if<sv::Listing>(&event)) {
    std::vector<ListedAttempt> attempts;
    for (const auto& row : listing->rows) attempts.push_back({row.attempt, row.running, row.start ? row.start->pid : 0, row.start ? row.start->at_ms : 0});
    tasks_.push_back([this, attempts, from = *connection_](Turn& turn) {
      finish(turn);
      turn = new_turn();
      // The engine holds what may not be committed: once the store works again a new listing is asked for.
      if (latched_) return;
      reconcile(attempts, from);
      feed(turn, TimePassed{});
    });
  } else if (const auto* refused = std::get_if<sv::Refused>(&event)) {
    refused_ = refused->why == "generation";
  }
}

bool DaemonHost::send(sv::Command command) {
  if (!connection_ || !welcome_) return false;  // dropped: after the next welcome everything is sent anew
  auto* connection = machine_.channel.find(*connection_);
  if (!connection->supervisor_open) return false;
  if (!later_.empty()) connection->to_supervisor.push_back(sv::Ack{std::exchange(later_, {})});
  connection->to_supervisor.push_back(std::move(command));
  return true;
}

}  // namespace assetd::simulation
