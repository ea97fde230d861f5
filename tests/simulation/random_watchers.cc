// Of the definitions of a seed what looks at things and acts by itself.

#include <algorithm>

#include "tests/simulation/outside.h"
#include "tests/simulation/random_project.h"

namespace assetd::simulation {
namespace {

SensorSpec random_sensor(Random& random, const std::string& name, bool calm) {
  SensorSpec spec;
  spec.name = name;
  spec.every = Millis(calm ? 5'000 : 1'000 + random.below(60'000));
  spec.timeout = Millis(1'000 + random.below(30'000));
  spec.overlap = random.chance(20) ? Overlap::skip : Overlap::allow;
  spec.paused = !calm && random.chance(5);
  if (name == sensor::kFiles) {
    spec.kind = SensorKind::file;
    spec.file.settle = Millis(random.below(3'000));
    spec.file.per = random.chance(50) ? FilesPer::file : FilesPer::batch;
  } else if (name == sensor::kValue) {
    spec.kind = SensorKind::sql;
  } else if (name == sensor::kAssets) {
    spec.kind = SensorKind::asset;
    spec.asset = {sensor::kWatched, {AssetHappening::materialized}, {}};
  } else if (name == sensor::kHook) {
    spec.kind = SensorKind::webhook;
  } else {
    spec.run.command = {name, random.chance(20) ? "of now" : "of before"};
  }
  return spec;
}

/// What their runs make: never what a sensor watches, so that there is an end to it.
std::vector<std::string> targets(const Definitions& definitions) {
  std::vector<std::string> keys;
  for (const auto& asset : definitions.assets)
    if (!asset.external && asset.key != sensor::kWatched) keys.push_back(asset.key);
  return keys;
}

FreshnessSpec random_freshness(Random& random) {
  FreshnessSpec spec;
  const bool deadline = random.chance(40);
  if (deadline) spec.deadline = "*/5 * * * *";
  if (!deadline || random.chance(50)) spec.within = Millis(1'000 + random.below(random.chance(50) ? 20'000 : 900'000));
  if (random.chance(50)) spec.warn = Millis(1 + random.below(static_cast<int>(spec.within.value_or(Millis{120'000}).count())));
  if (random.chance(30)) spec.of = "of";
  return spec;
}

AlertSpec random_alert(Random& random, const Definitions& definitions, int index) {
  AlertSpec rule;
  rule.name = "r" + std::to_string(index);
  for (const auto event : {AlertEvent::run_failed, AlertEvent::run_succeeded, AlertEvent::run_canceled, AlertEvent::check_failed, AlertEvent::freshness_violated})
    if (random.chance(50)) rule.on.push_back(event);
  if (random.chance(40)) rule.select = random.pick(definitions.assets)->key;
  if (random.chance(40)) rule.owners = {random.chance(50) ? "ann" : "bob"};
  constexpr int kIntervals[] = {0, 10'000, 60'000, 3'600'000};
  rule.repeat = Millis(kIntervals[random.below(4)]);
  rule.give_up = Millis(random.chance(30) ? 5'000 : 86'400'000);
  return rule;
}

void add_alerts(Random& random, const Options& options, Definitions& definitions) {
  for (auto& asset : definitions.assets)
    for (const auto& owner : {"ann", "bob"})
      if (random.chance(40)) asset.owners.push_back(owner);
  for (int i = 0; i < 3; ++i)
    if (random.chance(options.alerts)) definitions.alerts.push_back(random_alert(random, definitions, i));
  if (!random.chance(options.alerts)) return;
  AlertSpec lineage;
  lineage.name = kOpenLineage;
  lineage.openlineage = OpenLineageSpec{};
  if (random.chance(30)) lineage.give_up = Millis(5'000);
  definitions.alerts.push_back(std::move(lineage));
}

}  // namespace

void add_watchers(Random& random, const Options& options, bool calm, Definitions& definitions) {
  if (options.alerts > 0) add_alerts(random, options, definitions);
  for (auto& asset : definitions.assets)
    if (random.chance(options.freshness)) asset.freshness = random_freshness(random);
  if (options.sensors == 0) return;
  auto keys = targets(definitions);
  if (keys.empty()) return;
  if (calm) {  // one that can always be made
    keys = {keys.back()};
    std::ranges::find(definitions.assets, keys.back(), &AssetSpec::key)->partitions.reset();
  }
  for (const auto& name : {sensor::kFiles, sensor::kKeyed, sensor::kCounted, sensor::kValue, sensor::kAssets, sensor::kHook}) {
    if (!calm && !random.chance(options.sensors)) continue;
    auto spec = random_sensor(random, name, calm);
    spec.select = *random.pick(keys);
    definitions.sensors.push_back(std::move(spec));
  }
}

}  // namespace assetd::simulation
