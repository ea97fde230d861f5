#include "tests/simulation/outside.h"

#include <algorithm>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {
// So much that each sensor has something to find, and a seed stays short.
constexpr std::size_t kMostFiles = 6, kMostDeliveries = 4;
constexpr int kMostItems = 8, kMostValues = 5;
constexpr std::int64_t kNanosOfMilli = 1'000'000;

std::string item(int number) { return "item " + std::to_string(number); }
}  // namespace

void Outside::change(Random& random, WallTime now) {
  ++changes_;
  switch (random.below(6)) {
    case 0: return write(random, now);
    case 1: return write(random, now);
    case 2: return move_away(random);
    case 3: items_ = std::min(kMostItems, items_ + 1 + random.below(2)); return;
    case 4: value_ = std::min(kMostValues, value_ + 1); return;
    default:
      if (deliveries_.size() < kMostDeliveries) deliveries_["d" + std::to_string(deliveries_.size())];
  }
}

/// A new one, or one that is there grows: then it counts once more.
void Outside::write(Random& random, WallTime now) {
  const bool grows = !folder_.empty() && random.chance(30);
  if (!grows && writes_.size() >= kMostFiles) return;
  const auto path = grows ? random.pick(folder_)->first : "in/f" + std::to_string(writes_.size());
  auto& file = folder_[path];
  ++file.size;
  file.mtime_ns = now.time_since_epoch().count() * kNanosOfMilli;
  ++writes_[path];
}

/// A step has read it: only what has been asked for as it is now.
void Outside::move_away(Random& random) {
  if (folder_.empty()) return;
  const auto file = random.pick(folder_);
  if (times({sensor::kFiles, file->first}) >= writes_.at(file->first)) folder_.erase(file);
}

std::vector<FoundFile> Outside::files() const {
  std::vector<FoundFile> found;
  for (const auto& [path, file] : folder_) found.push_back({path, file.size, file.mtime_ns});
  return found;
}

std::vector<std::string> Outside::unsent() const {
  std::vector<std::string> out;
  for (const auto& [delivery, state] : deliveries_)
    if (!state.taken && !state.under_way) out.push_back(delivery);
  return out;
}

bool Outside::all_taken() const {
  return std::ranges::all_of(deliveries_, [](const auto& each) { return each.second.taken; });
}

void Outside::answered(const std::string& delivery, bool taken) {
  auto& state = deliveries_.at(delivery);
  state.under_way = false;
  state.taken = state.taken || taken;
}

void Outside::daemon_died() {
  for (auto& [delivery, state] : deliveries_) state.under_way = false;
}

// ---- What was asked for

int Outside::times(const Thing& thing) const {
  const auto it = asked_.find(thing);
  return it == asked_.end() ? 0 : it->second;
}

void Outside::count(const std::string& sensor, const std::string& thing, int happened) {
  const auto again = again_.find({sensor, thing});
  const int most = happened + (again == again_.end() ? 0 : again->second);
  if (++asked_[{sensor, thing}] > most)
    broken(Invariant::sensed, "the sensor " + sensor + " asks for " + thing + " the " + std::to_string(asked_[{sensor, thing}]) + ". time, and it happened " + std::to_string(most) + " times");
}

void Outside::asked(const RunRecord& run) {
  const auto& name = run.trigger.name;
  const auto& found = run.options.at("sensor");
  if (name == sensor::kFiles)
    for (const auto& path : found.at("files")) count(name, path.get<std::string>(), writes_.contains(path) ? writes_.at(path) : 0);
  if (name == sensor::kKeyed || name == sensor::kCounted) count(name, item(found.at("item")), found.at("item") < items_ ? 1 : 0);
  if (name == sensor::kValue) count(name, found.at("value"), 1);
  if (name == sensor::kHook) count(name, found.at("delivery"), 1);
  if (name != sensor::kAssets) return;
  for (const auto& event : found.at("events")) {
    const auto id = std::stoll(event.at("id").get<std::string>());
    count(name, "event " + std::to_string(id), 1);
    if (id <= std::exchange(last_event_asked_, id)) broken(Invariant::sensed, "the sensor assets asks for event " + std::to_string(id) + " after a later one");
  }
}

void Outside::begins_anew(const std::string& sensor) {
  if (sensor == sensor::kFiles)
    for (const auto& [path, file] : folder_) ++again_[{sensor, path}];
  if (sensor == sensor::kCounted)
    for (int i = 0; i < items_; ++i) ++again_[{sensor, item(i)}];
}

void Outside::check_asked(const std::string& sensor, const std::string& thing) const {
  if (times({sensor, thing}) == 0) broken(Invariant::sensed, "the sensor " + sensor + " never asked for " + thing);
}

void Outside::check_all_asked(const std::map<std::string, SensorState>& sensors, const std::vector<FoundHappening>& happened) const {
  for (const auto& [path, file] : folder_) check_asked(sensor::kFiles, path);
  for (int i = 0; i < items_; ++i) check_asked(sensor::kKeyed, item(i)), check_asked(sensor::kCounted, item(i));
  for (const auto& [delivery, state] : deliveries_)
    if (state.taken) check_asked(sensor::kHook, delivery);
  const auto value = sensors.find(sensor::kValue);
  if (value != sensors.end() && value->second.cursor != "=" + std::to_string(value_)) broken(Invariant::sensed, "the sensor value knows " + value->second.cursor + ", it is " + std::to_string(value_));
  for (const auto& each : happened) check_asked(sensor::kAssets, "event " + std::to_string(each.event));
}

}  // namespace assetd::simulation
