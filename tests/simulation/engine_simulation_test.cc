#include <cstdlib>

#include "tests/simulation/world.h"

namespace assetd::simulation {
namespace {

// ASSETD_SEED=N replays one seed with its trace; ASSETD_SEEDS=N sets how many are run.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(EngineSimulation, InvariantsHoldUnderFaultsAndEverythingEndsAfterwards) {
  const auto only = from_environment("ASSETD_SEED", 0);
  const auto first = only ? only : 1, last = only ? only : from_environment("ASSETD_SEEDS", 2'000);
  std::size_t runs = 0;
  for (auto seed = first; seed <= last; ++seed) {
    try {
      World world(seed);
      world.run();
      runs += world.runs_made();
    } catch (const std::exception& error) {
      FAIL() << "seed " << seed << " (replay: ASSETD_SEED=" << seed << " simulation_tests): " << error.what();
    }
  }
  EXPECT_GT(runs, last - first) << "the generator makes too few runs to show anything";
}

}  // namespace
}  // namespace assetd::simulation
