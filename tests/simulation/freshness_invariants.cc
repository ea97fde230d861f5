// What must hold of freshness whenever a turn is over: it is as old data, its policy and the clock say, worked out minute by minute.

#include <algorithm>

#include "tests/simulation/fake_store.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

constexpr Millis kMinute{60'000};
constexpr int kEvery = 5;  // minutes: the only deadline that a seed draws

WallTime next_deadline(WallTime after) {
  auto instant = WallTime(std::chrono::floor<std::chrono::minutes>(after.time_since_epoch())) + kMinute;
  while (std::chrono::duration_cast<std::chrono::minutes>(instant.time_since_epoch()).count() % kEvery != 0) instant += kMinute;
  return instant;
}

/// The last moment at which it is not too old.
WallTime good_until(const FreshnessSpec& spec, WallTime data) {
  if (spec.deadline.empty()) return data + *spec.within;
  auto instant = next_deadline(data);
  if (!spec.within) return next_deadline(instant);  // this one it meets, being younger than the instant before
  while (instant - data <= *spec.within) instant = next_deadline(instant);
  return instant;
}

enum Level { fresh, warn, violated };

Level freshness(const FreshnessSpec& spec, WallTime data, WallTime now) {
  const auto until = good_until(spec, data);
  return now > until ? violated : spec.warn && now + *spec.warn > until ? warn : fresh;
}

std::optional<Level> level_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text == "fresh" ? fresh : text == "warn" ? warn : violated;
}

}  // namespace

/// Of what is divided by time the end of its newest window, whatever is missing before it and whenever that was made.
WallTime FakeStore::time_of_data(const FreshnessSpec& spec, const Materialization& made) const {
  if (!spec.of.empty()) return made.metadata.is_object() && made.metadata.contains(spec.of) ? WallTime(Millis(made.metadata.at(spec.of).get<std::int64_t>() * 1'000)) : made.at;
  const auto window = data_until_.find(made.key);
  return window == data_until_.end() ? made.at : window->second;
}

void FakeStore::note_window(const Materialization& made) {
  const auto id = definitions().graph->find(made.key);
  const auto* divided = id ? table(definitions()).of(*id) : nullptr;
  if (!divided) return;
  const auto window = !made.partition.empty() || made.run == 0 ? window_of(*id, made) : std::nullopt;
  if (window && (!data_until_.contains(made.key) || data_until_[made.key] < window->end)) data_until_[made.key] = window->end;
}

/// What comes with a change of keys may have been made before it, or after, or between a key's going and its coming back: then its state says which.
std::optional<TimeWindow> FakeStore::window_of(AssetId asset, const Materialization& made) const {
  const auto under = [&](const DynamicKeys& keys) {
    const auto in_force = table(definitions(), keys);
    const auto* divided = in_force->of(asset);
    auto index = divided ? divided->index(made.partition) : std::nullopt;
    if (divided && made.partition.empty()) divided->usual(made.at).first(1).each([&](PartitionIndex newest) { index = newest; });  // reported for all that there are
    return index ? divided->window(*index) : std::nullopt;
  };
  const auto before = under(keys_before_), now = under(keys_);
  if (before.has_value() == now.has_value() && (!now || keys_removed_.empty())) return now;
  const auto state = assets_.find(made.key);
  const auto window = before ? before : now;
  return state != assets_.end() && state->second.data_until == window->end ? window : std::nullopt;
}

/// Where no partition of before is one of now, nothing is known of its windows.
void FakeStore::forget_windows(const RunContext& before) {
  for (const auto& asset : before.definitions->assets) {
    const auto& state = assets_[asset.key];
    if (is_divided_anew(before, asset.key) && (!state.partitions || state.partitions->materialized.empty())) data_until_.erase(asset.key);
  }
}

/// The last moment at which nobody need be told that it was never made.
WallTime awaited_until(const FreshnessSpec& spec, WallTime since) { return spec.deadline.empty() ? since + *spec.within : next_deadline(since); }

/// Where the clock was set back it may be as it was told in the meantime.
void FakeStore::check_freshness(WallTime now) {
  latest_ = std::max(latest_, now);
  for (const auto& asset : definitions().definitions->assets) {
    const auto made = last_made_.find(asset.key);
    const auto known = assets_.find(asset.key);
    const auto said = known == assets_.end() ? "" : known->second.freshness;
    if (asset.freshness.empty() && !said.empty()) broken(Invariant::fresh, asset.key + " is said to be '" + said + "', and nobody demands anything of it");
    if (asset.freshness.empty()) continue;
    if (made == last_made_.end()) {
      check_awaited(asset, now);
      continue;
    }
    const auto data = time_of_data(asset.freshness, made->second);
    const auto level = level_of(said);
    if (level && *level >= freshness(asset.freshness, data, now) && *level <= freshness(asset.freshness, data, latest_)) continue;
    const auto at = [](WallTime time) { return std::to_string(time.time_since_epoch().count()); };
    broken(Invariant::fresh, asset.key + " is said to be '" + said + "' at " + at(now) + ", which is wrong: its data is of " + at(data) + " and good until " + at(good_until(asset.freshness, data)));
  }
}

/// It was never made: what was told stays, also where other definitions would have waited longer.
void FakeStore::check_awaited(const AssetSpec& asset, WallTime now) const {
  const auto known = assets_.find(asset.key);
  if (known == assets_.end() || !known->second.awaited_since) broken(Invariant::fresh, asset.key + " was never made, and nobody knows since when it is awaited");
  const auto until = awaited_until(asset.freshness, *known->second.awaited_since);
  const auto& said = known->second.freshness;
  if (said != "violated" && (!said.empty() || now > until)) broken(Invariant::fresh, asset.key + " was never made and is said to be '" + said + "'");
}

/// Not before it was due to be made.
void FakeStore::check_awaited_told(const FreshnessChange& change, const AssetState& state) const {
  const auto& key = change.told.key;
  if (change.told.freshness != Freshness::violated || last_made_.contains(key)) return;
  const auto id = definitions().graph->find(key);
  const bool due = id && state.awaited_since && change.at > awaited_until(definitions().definitions->assets[*id].freshness, *state.awaited_since);
  if (!due) broken(Invariant::fresh, key + " was never made, was not due to be yet, and is told to be violated");
}

FakeStore::FreshnessBefore FakeStore::take_assets(const Batch& batch, const std::optional<RunContext>& former) {
  FreshnessBefore before;
  for (const auto& [key, state] : batch.assets) {
    auto& known = assets_[key];
    before[key] = known.freshness;
    if (former && is_divided_anew(*former, key)) note_passed_anew(key, known, state);
    else note_passed(key, known, state);
    known = state;
  }
  return before;
}

/// An alert is told exactly where the state of an asset becomes another.
void FakeStore::check_freshness_told(const Batch& batch, const FreshnessBefore& before) const {
  for (const auto& [key, state] : batch.assets) {
    for (const auto& change : batch.told)
      if (change.told.key == key) check_awaited_told(change, state);
    const auto& was = before.at(key);
    const auto is_it = [&](const FreshnessChange& each) { return each.told.key == key && (each.told.freshness == Freshness::none ? "" : to_string(each.told.freshness)) == state.freshness; };
    const bool expected = state.freshness != was && !(was.empty() && state.freshness == "fresh");
    if (std::ranges::any_of(batch.told, is_it) != expected) broken(Invariant::fresh, key + " was " + was + ", is " + state.freshness + " and " + (expected ? "nobody is told" : "that is told"));
  }
}

}  // namespace assetd::simulation
