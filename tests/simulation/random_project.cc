#include "tests/simulation/random_project.h"

#include <algorithm>

#include "tests/simulation/random_conditions.h"
#include "tests/simulation/random_partitions.h"

namespace assetd::simulation {
namespace {

RunSpec random_run(Random& random, const Options& options) {
  RunSpec run;
  run.plugin = random.chance(50) ? "exec" : "maker";
  run.command = {"true"};
  if (random.chance(options.timeouts)) run.timeout = Millis(500 + random.below(20'000));
  if (random.chance(options.timeouts / 2)) run.queue_timeout = Millis(500 + random.below(30'000));
  run.grace = Millis(random.below(3'000));
  if (random.chance(20)) run.stop_signal = "INT";
  return run;
}

RetrySpec random_retries(Random& random) {
  RetrySpec retries;
  retries.max = 1 + random.below(3);
  retries.delay = Millis(random.below(5'000));
  retries.jitter = random.chance(50) ? 0.5 : 0;
  retries.backoff = random.chance(30) ? Backoff::exponential : random.chance(30) ? Backoff::linear : Backoff::constant;
  if (random.chance(20)) retries.max_delay = Millis(random.below(6'000));
  if (random.chance(30)) retries.on = {"lost", "exit_code"};
  return retries;
}

std::string key(int index) { return "a" + std::string(index < 10 ? "0" : "") + std::to_string(index); }

AssetSpec random_asset(Random& random, const Options& options, int index, int batches) {
  AssetSpec asset;
  asset.key = key(index);
  asset.run = random_run(random, options);
  for (int parent = 0; parent < index; ++parent)
    if (random.chance(index < 6 ? 40 : 15)) asset.deps.push_back({key(parent), random.chance(options.proceed) ? OnFailure::proceed : OnFailure::skip, {}, random.chance(options.partitions / 4) ? nlohmann::json("all") : nlohmann::json()});
  if (batches > 0 && random.chance(options.batches)) {
    asset.import = random.below(batches);
    asset.batch = "build";
    asset.run->plugin = "batcher";
  }
  if (random.chance(options.partitions)) asset.partitions = random_partitions(random, options.rules);
  if (random.chance(options.retries)) asset.retries = random_retries(random);
  if (random.chance(options.pools)) asset.pools["p"] = 1 + random.below(2);
  if (random.chance(options.resources)) asset.uses["r"] = random.chance(50) ? HoldMode::write : HoldMode::read;
  asset.skip_if_unchanged = random.chance(options.reuse);
  if (random.chance(options.automation)) asset.automation = random_condition(random, options.rules);
  return asset;
}

CheckSpec random_check(Random& random, const Options& options, const Definitions& definitions, int index) {
  CheckSpec check;
  check.name = "c" + std::to_string(index);
  const auto& home = *random.pick(definitions.assets);
  check.home = home.key;
  check.depends_on = {home.key};
  if (random.chance(25)) {
    const auto& other = *random.pick(definitions.assets);
    if (other.key != home.key) check.depends_on.push_back(other.key);
  }
  check.severity = random.chance(25) ? Severity::warn : Severity::error;
  check.blocking = random.chance(70);
  check.import = home.import;
  if (check.depends_on.size() == 1 && random.chance(15)) {
    check.anomaly = AnomalySpec{random.chance(50) ? "rows" : "missing", 3, 14, 1};
  } else if (home.batch.empty() || random.chance(30)) {
    check.run = random_run(random, options);
  }
  return check;
}

ScheduleSpec random_schedule(Random& random, const Options& options, int index) {
  ScheduleSpec schedule;
  schedule.name = index == 0 ? "nightly" : "hourly";
  schedule.select = "*";
  schedule.cron = random.chance(50) ? "*/5 * * * *" : "* * * * *";
  schedule.timezone = "UTC";
  schedule.misfire = random.chance(30) ? Misfire::all : random.chance(50) ? Misfire::once : Misfire::skip;
  schedule.overlap = random.chance(40) ? Overlap::queue : random.chance(30) ? Overlap::allow : random.chance(50) ? Overlap::skip : Overlap::cancel_running;
  if (random.chance(options.rules.jitter)) schedule.jitter = Millis(1 + random.below(90'000));
  return schedule;
}

RunLimits random_limits(Random& random, const Options& options) {
  RunLimits limits;
  if (random.chance(options.limits)) limits.runs = 1 + random.below(3);
  if (random.chance(options.limits)) limits.tags["team"] = 1 + random.below(2);
  if (random.chance(options.limits)) limits.tags["team=red"] = 1;
  return limits;
}

}  // namespace

RunTimeouts random_timeouts(Random& random, const Options& options) {
  RunTimeouts timeouts;
  if (random.chance(options.timeouts)) timeouts.timeout = Millis(1'000 + random.below(60'000));
  if (random.chance(options.timeouts)) timeouts.queue_timeout = Millis(1'000 + random.below(60'000));
  return timeouts;
}

Definitions random_definitions(Random& random, const Options& options, bool calm) {
  Definitions definitions;
  definitions.name = "simulated";
  const int batches = options.batches > 0 ? 1 + random.below(2) : 0;
  for (int i = 0; i < batches; ++i) definitions.imports.push_back({.plugin = "batcher", .name = "i" + std::to_string(i)});
  for (int i = 0; i < options.assets; ++i) definitions.assets.push_back(random_asset(random, options, i, batches));
  const bool external = options.assets > 1 && random.chance(options.externals);
  if (external) {
    auto& outside = definitions.assets.front();
    outside.external = true;
    outside.run.reset();
    outside.automation.clear();
    outside.partitions.reset();
    outside.batch.clear();
    outside.import = -1;
  }
  const int checks = random.chance(options.checks) ? 1 + random.below(8) : 0;
  for (int i = 0; i < checks; ++i) {
    auto check = random_check(random, options, definitions, i);
    if (external && check.home == definitions.assets.front().key) check.anomaly.reset();
    definitions.checks.push_back(std::move(check));
  }
  std::sort(definitions.checks.begin(), definitions.checks.end(), [](const CheckSpec& a, const CheckSpec& b) { return std::tie(a.home, a.name) < std::tie(b.home, b.name); });
  for (int i = 0; i < options.schedules; ++i) definitions.schedules.push_back(random_schedule(random, options, i));
  definitions.pools["p"] = {2 + random.below(2)};
  definitions.resources["r"] = {};
  definitions.limits = random_limits(random, options);
  add_watchers(random, options, calm, definitions);
  return definitions;
}

}  // namespace assetd::simulation
