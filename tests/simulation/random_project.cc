#include "tests/simulation/random_project.h"

#include <algorithm>

namespace assetd::simulation {

std::string Random::hex32() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (auto& c : text) c = kDigits[below(16)];
  return text;
}

namespace {

AssetSpec random_asset(Random& random, int index, int batches) {
  AssetSpec asset;
  asset.key = "a" + std::string(index < 10 ? "0" : "") + std::to_string(index);
  asset.run = RunSpec{};
  asset.run->plugin = "exec";
  asset.run->command = {"true"};
  if (random.chance(20)) asset.run->timeout = Millis(1'000 + random.below(20'000));
  for (int parent = 0; parent < index; ++parent)
    if (random.chance(index < 6 ? 40 : 15)) {
      const auto key = "a" + std::string(parent < 10 ? "0" : "") + std::to_string(parent);
      asset.deps.push_back({key, random.chance(10) ? OnFailure::proceed : OnFailure::skip, {}});
    }
  if (random.chance(45) && batches > 0) {
    asset.import = random.below(batches);
    asset.batch = "build";
    asset.run->plugin = "batcher";
  }
  if (random.chance(35)) {
    asset.retries.max = 1 + random.below(2);
    asset.retries.delay = Millis(random.below(5'000));
    asset.retries.jitter = 0.2;
  }
  if (random.chance(30)) asset.pools["p"] = 1 + random.below(2);
  if (random.chance(25)) asset.uses["r"] = random.chance(50) ? HoldMode::write : HoldMode::read;
  return asset;
}

CheckSpec random_check(Random& random, const Definitions& definitions, int index) {
  CheckSpec check;
  check.name = "c" + std::to_string(index);
  const auto& home = definitions.assets[static_cast<std::size_t>(random.below(static_cast<int>(definitions.assets.size())))];
  check.home = home.key;
  check.depends_on = {home.key};
  if (random.chance(25)) {
    const auto& other = definitions.assets[static_cast<std::size_t>(random.below(static_cast<int>(definitions.assets.size())))];
    if (other.key != home.key) check.depends_on.push_back(other.key);
  }
  check.severity = random.chance(75) ? Severity::error : Severity::warn;
  check.blocking = random.chance(70);
  check.import = home.import;
  if (home.batch.empty() || random.chance(30)) {
    check.run = RunSpec{};
    check.run->plugin = "exec";
    check.run->command = {"true"};
  }
  return check;
}

}  // namespace

Definitions random_definitions(Random& random) {
  Definitions definitions;
  definitions.name = "simulated";
  const int batches = random.below(3);
  for (int i = 0; i < batches; ++i) definitions.imports.push_back({.plugin = "batcher", .name = "i" + std::to_string(i)});
  const int size = 1 + random.below(random.chance(20) ? 40 : 14);
  for (int i = 0; i < size; ++i) definitions.assets.push_back(random_asset(random, i, batches));
  if (random.chance(20)) {
    auto& outside = definitions.assets.front();
    outside.external = true;
    outside.run.reset();
    outside.batch.clear();
    outside.import = -1;
  }
  const int checks = random.below(8);
  for (int i = 0; i < checks; ++i) {
    auto check = random_check(random, definitions, i);
    const bool external_home = definitions.assets.front().external && check.home == definitions.assets.front().key;
    if (external_home) check.run.reset();
    definitions.checks.push_back(std::move(check));
  }
  std::sort(definitions.checks.begin(), definitions.checks.end(), [](const CheckSpec& a, const CheckSpec& b) { return std::tie(a.home, a.name) < std::tie(b.home, b.name); });
  definitions.pools["p"] = {2 + random.below(2)};
  definitions.resources["r"] = {};
  return definitions;
}

}  // namespace assetd::simulation
