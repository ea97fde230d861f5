// Sensors, freshness and alerts in the daemon: its turns, what happens outside, and what people ask of them.

#include "tests/simulation/daemon_host.h"

namespace assetd::simulation {
namespace {
constexpr std::int64_t kMostPartitions = 4;  // of what a sensor asks for
}

SensorHost::Turn DaemonHost::for_sensors(Turn& turn) {
  const auto existing = [this, &turn](AssetId asset) { return divided(serving(turn))->existing(asset, turn.now.wall).last(kMostPartitions); };
  const auto begin = [this, &turn, existing](RunRecord run, AssetId asset) {
    const std::map<AssetId, IndexSet> sets{{asset, existing(asset)}};
    return begin_run(turn, std::move(run), {asset}, StepsMode::all, false, &sets);
  };
  return {turn.now, turn.batch, turn.after, serving(turn), [existing](AssetId asset) { return !existing(asset).empty(); }, begin};
}

void DaemonHost::restore_watchers(const Now& now) {
  sensors_.restore();
  alerts_.restore();
  use_watchers(machine_.store.definitions(), now);
}

void DaemonHost::use_watchers(const RunContext& context, const Now& now) {
  sensors_.use(*context.definitions, now);
  alerts_.use(context);
  if (machine_.options.freshness > 0) freshness_.use(automation_.project());
}

// ---- Freshness

bool DaemonHost::is_freshness_due(const Turn& turn) const { return machine_.options.freshness > 0 && !latched_ && freshness_.is_due(turn.now.wall); }

void DaemonHost::look_at_freshness(Turn& turn) {
  if (!is_freshness_due(turn) || (machine_.seams.freshness_sleeps && turn.batch.empty())) return;
  CommitBatch seen;  // events: for people
  for (auto& told : freshness_.step(turn.now.wall, seen)) {
    alerts_.note(told, turn.now, turn.batch);
    turn.batch.told.push_back({std::move(told), turn.batch.changes.size(), turn.now.wall});
  }
}

// ---- Alerts

void DaemonHost::deliver_alert() {
  auto report = alerts_.deliver();
  tasks_.push_back([this, report = std::move(report)](Turn& turn) {
    if (!latched_) alerts_.take(report, turn.now, turn.batch);
  });
}

void DaemonHost::silence(const Silence& silence) {
  command([this, silence](Turn& turn) {
    finish(turn);  // what happened before is not held back
    turn = new_turn();
    if (!latched_) alerts_.silence(silence, turn.batch);
  });
}

void DaemonHost::end_silence(const std::string& silence) {
  command([this, silence](Turn& turn) {
    finish(turn);
    turn = new_turn();
    if (!latched_) alerts_.end_silence(silence, turn.now, turn.batch);
  });
}

// ---- Sensors

void DaemonHost::let_sensors_look(Turn& turn) { sensors_.look(for_sensors(turn), *engine_); }

/// Boot time; of all that looks.
std::optional<Millis> DaemonHost::next_look() const {
  if (latched_) return std::nullopt;
  auto next = draining_ ? std::nullopt : sensors_.next_due();
  const auto by_clock = [&](std::optional<WallTime> instant) {
    if (!instant) return;
    const auto at = machine_.now.boot + std::max(Millis{0}, *instant - machine_.now.wall);
    next = std::min(next.value_or(at), at);
  };
  by_clock(alerts_.next_due());
  if (machine_.options.freshness > 0) by_clock(freshness_.next_instant());
  return next;
}

void DaemonHost::sense() {
  auto answer = sensors_.go_on(machine_.now);
  if (!answer) return;
  tasks_.push_back([this, answer = std::move(*answer)](Turn& turn) { sensors_.take(for_sensors(turn), answer, draining_ || latched_); });
}

void DaemonHost::hear_of_files() {
  if (!sensors_.hears_of_files()) return;
  tasks_.push_back([this](Turn& turn) { sensors_.tell_of_files(turn.now); });
}

void DaemonHost::deliver_hook(const std::string& delivery) {
  machine_.outside.send(delivery);
  tasks_.push_back([this, delivery](Turn& turn) {
    if (latched_) return machine_.outside.answered(delivery, false);
    sensors_.deliver(for_sensors(turn), delivery, draining_);
  });
}

void DaemonHost::pause_sensor(const std::string& sensor, bool paused) {
  command([this, sensor, paused](Turn& turn) { sensors_.pause(for_sensors(turn), sensor, paused); });
}

void DaemonHost::reset_sensor(const std::string& sensor) {
  command([this, sensor](Turn& turn) { sensors_.reset(for_sensors(turn), sensor); });
}

}  // namespace assetd::simulation
