// What must hold of sensors with every commit: runs, history and cursor go together, keys are given once, and who may not act asks for nothing.

#include <algorithm>

#include "tests/simulation/fake_store.h"
#include "tests/simulation/outside.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

/// Runs by the sensor that asks for them.
std::map<std::string, std::set<RunId>> asked_in(const FakeStore::Batch& batch) {
  std::map<std::string, std::set<RunId>> asked;
  for (const auto& change : batch.changes)
    if (const auto* created = std::get_if<RunCreated>(&change); created && created->run.trigger.kind == "sensor") asked[created->run.trigger.name].insert(created->run.id);
  return asked;
}

/// The red button was let go with it, be it that it was pressed again.
bool lets_go(const FakeStore::Batch& batch) {
  const auto& news = batch.automation;
  return std::ranges::count(news.resumed, "") > 0 || std::ranges::count(news.paused, "", &AutomationPause::asset) > 0;
}

std::string in_words(const std::map<std::string, std::set<RunId>>& runs) {
  std::string text;
  for (const auto& [sensor, of_it] : runs) {
    text += " " + sensor + ":";
    for (const auto run : of_it) text += " " + std::to_string(run);
  }
  return text.empty() ? " none" : text;
}

}  // namespace

void FakeStore::take_sensors(const Batch& batch) {
  check_sensor_runs(batch);
  for (const auto& key : batch.sensors.keys)
    if (!sensor_keys_.insert({key.sensor, key.key}).second) broken(Invariant::sensed, "the sensor " + key.sensor + " asks for its key " + key.key + " twice");
  for (const auto& tick : batch.sensors.ticks) take_tick(tick);
  for (const auto& state : batch.sensors.states) {
    if (state.sensor == sensor::kAssets && !watched_since_ && !state.cursor.empty()) watched_since_ = std::stoll(state.cursor);
    sensors_[state.sensor] = state;
  }
  for (const auto& change : batch.changes)
    if (const auto* created = std::get_if<RunCreated>(&change); created && created->run.trigger.kind == "sensor" && on_asked) on_asked(created->run);
}

/// New, or the last one with further evaluations that came to the same.
void FakeStore::take_tick(const SensorTick& tick) {
  auto& last = sensor_ticks_[tick.sensor];
  const bool goes_on = tick.number == last.number && tick.runs == last.runs && tick.outcome == last.outcome && tick.repeats >= last.repeats;
  if (!goes_on && tick.number != last.number + 1) broken(Invariant::sensed, "the sensor " + tick.sensor + " has tick " + std::to_string(tick.number) + " after " + std::to_string(last.number));
  last = tick;
}

void FakeStore::check_sensor_runs(const Batch& batch) const {
  std::map<std::string, std::set<RunId>> told;
  for (const auto& tick : batch.sensors.ticks) {
    const auto last = sensor_ticks_.find(tick.sensor);
    if (last == sensor_ticks_.end() || last->second.number < tick.number) told[tick.sensor].insert(tick.runs.begin(), tick.runs.end());
  }
  std::erase_if(told, [](const auto& each) { return each.second.empty(); });
  const auto asked = asked_in(batch);
  if (told != asked) broken(Invariant::sensed, "the runs that sensors ask for and what their ticks say of it do not commit together:" + in_words(asked) + " and" + in_words(told));
  for (const auto& [name, runs] : asked) {
    const auto is_it = [&](const SensorState& state) { return state.sensor == name; };
    if (std::ranges::none_of(batch.sensors.states, is_it)) broken(Invariant::sensed, "the sensor " + name + " asks for a run without committing what it knows");
    if (red() && !lets_go(batch)) broken(Invariant::sensed, "the sensor " + name + " asks for a run though everything is paused");
    const auto before = sensors_.find(name);
    const auto changes = [&](const SensorState& state) { return is_it(state) && !state.paused.value_or(false); };
    if (before != sensors_.end() && before->second.paused.value_or(false) && std::ranges::none_of(batch.sensors.states, changes))
      broken(Invariant::sensed, "the sensor " + name + " asks for a run though it is paused");
  }
}

void FakeStore::note_event(const Materialization& made) {
  ++last_event_;
  if (made.key == sensor::kWatched) happened_.push_back({last_event_, made.key, AssetHappening::materialized, made.run, made.at});
}

std::vector<FoundHappening> FakeStore::happened_since_watched() const {
  std::vector<FoundHappening> since;
  for (const auto& each : happened_)
    if (watched_since_ && each.event > *watched_since_) since.push_back(each);
  return since;
}

}  // namespace assetd::simulation
