// What people do to what acts by itself: they hold it, let it go on, let it begin anew.

#include "tests/simulation/people.h"

#include <algorithm>

namespace assetd::simulation {
namespace {
constexpr std::size_t kSensors = 6;  // all that there can be
}

/// Of one rule and one asset, or of all.
void People::silence(DaemonHost& daemon) {
  auto& random = machine_.random;
  const auto& silences = machine_.store.silences();
  if (!silences.empty() && random.chance(40)) return daemon.end_silence(random.pick(silences)->first);
  Silence silence;
  silence.id = random.hex32().substr(0, 8);
  if (random.chance(50)) silence.rule = "r" + std::to_string(random.below(3));
  if (random.chance(50)) silence.select = random.pick(machine_.store.definitions().definitions->assets)->key;
  silence.until = machine_.now.wall + Millis(1 + random.below(120'000));
  daemon.silence(silence);
}

void People::hold(DaemonHost& daemon) {
  auto& random = machine_.random;
  if (machine_.options.alerts > 0 && random.chance(50)) return silence(daemon);
  const auto& sensors = daemon.sensors().entries();
  const int what = random.below(10);
  if (what == 0) return daemon.pause("", std::nullopt);
  if (what < 3) return daemon.resume("");
  if (sensors.empty()) return;
  const auto& name = random.pick(sensors)->first;
  if (what == 9 && (name == sensor::kFiles || name == sensor::kCounted)) return daemon.reset_sensor(name);
  daemon.pause_sensor(name, what < 6);
}

void People::let_go(DaemonHost& daemon) {
  for (const auto& [asset, pause] : machine_.store.automation().pauses) daemon.resume(asset);
  for (const auto& [name, state] : machine_.store.sensors())
    if (state.paused.value_or(false)) daemon.pause_sensor(name, false);
}

/// Also what is not defined, or defined as paused, does not go on.
bool People::holds_something() const {
  const auto& sensors = machine_.store.definitions().definitions->sensors;
  if (machine_.options.sensors > 0 && (sensors.size() < kSensors || std::ranges::any_of(sensors, &SensorSpec::paused))) return true;
  const auto is_held = [](const auto& each) { return each.second.paused.value_or(false); };
  return !machine_.store.automation().pauses.empty() || std::ranges::any_of(machine_.store.sensors(), is_held);
}

}  // namespace assetd::simulation
