#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/simulation/mutants.h"
#include "tests/simulation/run_seed.h"

namespace assetd::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

#ifdef NDEBUG
constexpr std::uint64_t kSeeds = 10'000, kMutantSeeds = 3'000;
#else
constexpr std::uint64_t kSeeds = 600;  // under a sanitizer
#endif
constexpr std::uint64_t kParts = 8;  // of equal size, so that two processes have equally much to do

class Simulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, InvariantsHoldUnderFaultsAndEverythingEndsAfterwards) {
  const auto seeds = from_environment("ASSETD_SEEDS", kSeeds);
  std::size_t runs = 0, expected = 0;
  for (auto seed = 1 + GetParam(); seed <= seeds; seed += kParts) {
    const auto result = run_seed({seed});
    ASSERT_FALSE(result.failure) << explain(seed, *result.failure);
    runs += result.counts.runs;
    ++expected;
  }
  EXPECT_GE(runs, expected) << "the generator makes too few runs to show anything";
}

INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, ::testing::Range<std::uint64_t>(0, kParts));

// ASSETD_SEED=N
TEST(Replay, OfOneSeedWithItsTrace) {
  const auto seed = from_environment("ASSETD_SEED", 1);
  const auto result = run_seed({seed, std::nullopt, true});
  if (std::getenv("ASSETD_SEED")) std::printf("%s", result.story.c_str());
  ASSERT_FALSE(result.failure) << explain(seed, *result.failure);
}

TEST(Replay, TheSameSeedIsTheSameHistory) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World first{Random(seed)}, second{Random(seed)};
    for (auto* world : {&first, &second}) world->machine().trace.on = true, world->run();
    ASSERT_EQ(first.machine().trace.lines(), second.machine().trace.lines());
    ASSERT_EQ(first.machine().random.tape(), second.machine().random.tape());
    const auto told = run_seed({seed, std::nullopt, true}).story;
    EXPECT_EQ(told, first.machine().options.in_words() + first.machine().trace.lines());
  }
}

#ifdef NDEBUG  // what a sanitizer looks for is in the seeds above; these take minutes more under one
// Each is caught, and how soon is told: docs/simulation.md has the table.
TEST(Mutants, EveryInvariantCatchesCodeThatIsBrokenOnPurpose) {
  std::vector<bool> tried(kInvariants, false);
  std::printf("| invariant | broken on purpose | caught by seed |\n|---|---|---|\n");
  for (const auto& mutant : mutants()) {
    std::uint64_t seed = 1;
    while (seed <= kMutantSeeds) {
      const auto result = run_seed({seed}, mutant.sabotage);
      if (result.failure && result.failure->invariant == mutant.caught_by) break;
      ++seed;
    }
    EXPECT_LE(seed, kMutantSeeds) << "not caught: " << mutant.what;
    tried[static_cast<std::size_t>(mutant.caught_by)] = true;
    std::printf("| %s | %s | %llu |\n", std::string(meaning(mutant.caught_by)).c_str(), mutant.what, static_cast<unsigned long long>(seed));
  }
  for (int each = 0; each < kInvariants; ++each) EXPECT_TRUE(tried[static_cast<std::size_t>(each)]) << "nothing breaks " << to_string(static_cast<Invariant>(each));
}

// Each kind of failure, also one that a long wait shows, comes down to a few actions.
class Shrink : public ::testing::TestWithParam<Invariant> {};

// Some depend on nearly all that they drew: one of the first three is to come down to less than a third.
TEST_P(Shrink, MakesAFailureSmallerAndKeepsItsKind) {
  const auto all = mutants();
  const auto broken = *std::ranges::find(all, GetParam(), &Mutant::caught_by);
  // One that breaks late: what a seed draws before anything happens, its options and its project, cannot be cut out of a history that ends soon after.
  constexpr std::size_t kLongEnough = 1'000;
  const auto fits = [&](const Result& each) { return each.failure && each.failure->invariant == broken.caught_by && each.failure->tape.size() >= kLongEnough; };
  int shrunk = 0, tried = 0;
  for (std::uint64_t seed = 1; tried < 3 && shrunk == 0 && seed <= kMutantSeeds; ++seed) {
    const auto result = run_seed({seed}, broken.sabotage);
    if (!fits(result)) continue;
    ++tried;
    const auto tape = shrink(seed, *result.failure, 300, broken.sabotage);
    if (tape.size() < result.failure->tape.size() / 3) ++shrunk;
    EXPECT_GT(tape.size(), 0U) << "plain choices alone break nothing";
    const auto small = run_seed({seed, tape}, broken.sabotage);
    ASSERT_TRUE(small.failure);
    EXPECT_EQ(small.failure->invariant, broken.caught_by);
  }
  EXPECT_EQ(shrunk, 1) << "of " << tried;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Shrink, ::testing::Values(Invariant::terminal, Invariant::intent, Invariant::liveness));
#endif

volatile std::sig_atomic_t stop_asked = 0;

// scripts/soak seeds: from ASSETD_FIRST_SEED every ASSETD_STRIDE-th, ASSETD_SEEDS of them, for ASSETD_SECONDS, or until it is asked to stop.
TEST(Soak, DISABLED_Seeds) {
  using Clock = std::chrono::steady_clock;
  const auto stride = from_environment("ASSETD_STRIDE", 1), first = from_environment("ASSETD_FIRST_SEED", 1), count = from_environment("ASSETD_SEEDS", UINT64_MAX);
  const auto until = Clock::now() + std::chrono::seconds(from_environment("ASSETD_SECONDS", 365 * 24 * 3600));
  for (const auto signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stop_asked = 1; });
  World::Counts all;
  std::size_t seeds = 0, violations = 0;
  for (auto seed = first; stop_asked == 0 && seeds < count && Clock::now() < until; seed += stride, ++seeds) {
    const auto result = run_seed({seed});
    all.runs += result.counts.runs, all.attempts += result.counts.attempts, all.steps += result.counts.steps, all.crashes += result.counts.crashes;
    if (!result.failure) continue;
    ++violations;
    std::printf("%s\n", explain(seed, *result.failure).c_str());
    std::fflush(stdout);
  }
  std::printf("soak %zu %zu %zu %zu %zu %zu\n", seeds, all.runs, all.attempts, all.steps, all.crashes, violations);
  EXPECT_EQ(violations, 0u);
}

}  // namespace
}  // namespace assetd::simulation
