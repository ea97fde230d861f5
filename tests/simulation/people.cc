#include "tests/simulation/people.h"

#include <algorithm>
#include <stdexcept>

#include "tests/simulation/random_partitions.h"
#include "tests/simulation/random_project.h"

namespace assetd::simulation {
namespace {
constexpr std::size_t kAskedKept = 4;
const std::map<std::string, int> kLargeEnough{{"default", 2}, {"p", 2}};
}  // namespace

RunContext People::next_definitions(bool with_schedules) {
  auto definitions = std::make_shared<Definitions>(random_definitions(machine_.random, machine_.options, !with_schedules));
  if (!with_schedules) definitions->schedules.clear();
  auto graph = AssetGraph::build(*definitions);
  if (!graph) throw std::runtime_error("the generator made a bad graph: " + graph.error().front().message);
  return {++version_, definitions, std::make_shared<AssetGraph>(std::move(*graph))};
}

/// Of some of the checks, in one partition or in all, until some time that may pass while they stand. A partition need not be one of the asset's.
Waivers People::random_waivers() {
  static const std::vector<std::string> kParts{"w", "x", "y", "z"};
  auto& random = machine_.random;
  Waivers waivers;
  for (const auto& check : machine_.store.definitions().definitions->checks)
    while (random.chance(40)) {
      const std::string partition = random.chance(50) ? "" : random.chance(50) ? *random.pick(kParts) : random_key(random);
      waivers[{check.home, check.name, partition}] = {"ann", "it is known", {}, machine_.now.wall + Millis(random.below(600'000)), 0};
    }
  return waivers;
}

std::map<std::string, int> People::random_pools() { return {{"default", 1 + machine_.random.below(4)}, {"p", machine_.random.below(4)}}; }

void People::begin() {
  FakeStore::Batch batch;
  batch.definitions = next_definitions(true);
  batch.pools = random_pools();
  batch.at = machine_.now.wall;
  if (machine_.options.rules.dynamic > 0)
    for (PartitionIndex key = 0; key < machine_.random.below(3); ++key) batch.partition_keys.push_back({kKeySet, std::string(1, static_cast<char>('k' + key)), key, true, machine_.now.wall, "somebody"});
  machine_.store.commit(batch);
}

void People::calm(DaemonHost& daemon) {
  daemon.reload(next_definitions(false));
  daemon.resize(kLargeEnough);
  if (!has_keys()) daemon.change_keys({"k"}, {});
  let_go(daemon);
}

/// What a sensor asks for of a set without keys can never be run: it would ask for ever.
bool People::has_keys() const {
  if (machine_.options.sensors == 0 || machine_.options.rules.dynamic == 0) return true;
  const auto set = machine_.store.keys().find(kKeySet);
  return set != machine_.store.keys().end() && !set->second->existing().empty();
}

bool People::is_calm() const { return !holds_something() && has_keys() && machine_.store.definitions().definitions->schedules.empty() && machine_.store.pools() == kLargeEnough; }

void People::act(DaemonHost& daemon) {
  if (act_by_rules(daemon)) return;
  const auto& options = machine_.options;
  auto& random = machine_.random;
  const auto& active = daemon.engine().runs();
  int what = random.below(100);
  const auto does = [&](int share) { return (what -= share) < 0; };
  if (does(options.cancels / 2)) {
    if (!active.empty()) daemon.cancel(random.pick(active)->first);
  } else if (does(options.reruns / 2)) {
    const auto& runs = machine_.store.runs();
    if (const auto run = runs.empty() ? runs.end() : random.pick(runs); run != runs.end() && is_terminal(run->second.record.status)) daemon.rerun(run->first);
  } else if (does(options.reloads / 2)) {
    daemon.reload(next_definitions(true));
  } else if (does(options.resizes / 2)) {
    daemon.resize(random_pools());
  } else if (does(options.priorities / 2)) {
    if (!active.empty()) daemon.prioritize(random.pick(active)->first, random.below(4));
  } else if (does(options.waivers / 2)) {
    daemon.waive(random_waivers());
  } else if (does(options.backfills / 2)) {
    backfill(daemon);
  } else if (does(options.holds / 2)) {
    hold(daemon);
  } else if (does(options.drains / 2)) {
    daemon.drain();
  } else if (does(options.repeats / 2)) {
    repeat(daemon);
  } else if (static_cast<int>(active.size()) < options.most_runs) {
    request(daemon);
  }
}

void People::request(DaemonHost& daemon) {
  auto& random = machine_.random;
  RunRequestSpec spec;
  spec.key = "q" + std::to_string(++requests_);
  const bool some = random.chance(50);
  for (const auto& asset : machine_.store.definitions().definitions->assets)
    if (!some || random.chance(50)) spec.assets.push_back(asset.key);
  spec.mode = random.chance(20) ? (random.chance(50) ? StepsMode::assets : StepsMode::checks) : StepsMode::all;
  spec.priority = random.below(3);
  spec.timeouts = random_timeouts(random, machine_.options);
  spec.team = random.chance(50) ? "red" : "blue";
  if (random.chance(machine_.options.limits)) spec.max_steps = 1 + random.below(2);
  asked_.push_back(spec);
  if (asked_.size() > kAskedKept) asked_.pop_front();
  daemon.request_run(std::move(spec), [](bool) {});
}

void People::backfill(DaemonHost& daemon) {
  auto& random = machine_.random;
  const auto& known = machine_.store.backfills();
  using Change = DaemonHost::BackfillChange;
  if (!known.empty() && random.chance(60)) {
    constexpr Change kChanges[] = {Change::pause, Change::resume, Change::resume, Change::cancel, Change::retry, Change::retry};
    return daemon.change_backfill(random.pick(known)->first, kChanges[random.below(6)]);
  }
  std::vector<std::string> keys;
  for (const auto& asset : machine_.store.definitions().definitions->assets)
    if (random.chance(60)) keys.push_back(asset.key);
  daemon.request_backfill(std::move(keys), 1 + random.below(3), random.chance(30));
}

// No answer came, or it was lost: the same request again must not make a second run.
void People::repeat(DaemonHost& daemon) {
  if (!asked_.empty()) daemon.request_run(*machine_.random.pick(asked_), [](bool) {});
}

}  // namespace assetd::simulation
