#include "tests/simulation/run_seed.h"

#include <algorithm>
#include <cstdlib>

namespace assetd::simulation {
namespace {
constexpr int kShrinkRuns = 1'000;

/// ASSETD_SHRINK=N: with more trials a failure becomes smaller; with 0 it is shown at once as it is.
int shrink_runs() {
  const char* text = std::getenv("ASSETD_SHRINK");
  return text ? std::atoi(text) : kShrinkRuns;
}
}

Result run_seed(const Replay& replay, const Sabotage& sabotage) {
  World world(replay.tape ? Random(replay.seed, *replay.tape) : Random(replay.seed));
  auto& machine = world.machine();
  machine.trace.on = replay.traced;
  if (sabotage) sabotage(machine);
  Result result;
  const auto fails = [&](Invariant invariant, const std::string& what) {
    auto tape = machine.random.tape();
    tape.resize(std::min(tape.size(), machine.random.drawn()));
    result.failure = Failure{invariant, what, std::move(tape), machine.options.in_words(), machine.trace.lines()};
  };
  try {
    world.run();
  } catch (const Violation& violation) {
    fails(violation.invariant, violation.what());
  } catch (const std::exception& error) {
    fails(Invariant::no_throw, std::string("an exception that nobody expects: ") + error.what());
  }
  result.counts = world.counts();
  return result;
}

namespace {

class Shrinking {
 public:
  Shrinking(std::uint64_t seed, const Failure& failure, int runs, const Sabotage& sabotage)
      : seed_(seed), invariant_(failure.invariant), best_(failure.tape), runs_(runs), sabotage_(sabotage) {}

  Tape run() {
    cut_end();
    for (std::size_t size = std::max<std::size_t>(best_.size() / 2, 1); size > 0 && runs_ > 0; size /= 2) {
      for (std::size_t at = 0; at < best_.size() && runs_ > 0;)
        if (!without(at, size)) at += size;
      for (std::size_t at = 0; at < best_.size() && runs_ > 0; at += size) zeroed(at, size);
    }
    return best_;
  }

 private:
  bool fails(Tape tape) {
    --runs_;
    auto result = run_seed({seed_, std::move(tape)}, sabotage_);
    if (!result.failure || result.failure->invariant != invariant_) return false;
    best_ = std::move(result.failure->tape);
    return true;
  }

  // What is behind the end of a tape is drawn as 0.
  void cut_end() {
    for (std::size_t keep = best_.size() / 2; keep + 1 < best_.size() && runs_ > 0; keep += std::max<std::size_t>((best_.size() - keep) / 2, 1))
      if (fails(Tape(best_.begin(), best_.begin() + static_cast<std::ptrdiff_t>(keep)))) keep /= 2;
  }

  bool without(std::size_t at, std::size_t size) {
    auto tape = best_;
    tape.erase(tape.begin() + static_cast<std::ptrdiff_t>(at), tape.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, tape.size())));
    return fails(std::move(tape));
  }

  void zeroed(std::size_t at, std::size_t size) {
    auto tape = best_;
    const auto from = tape.begin() + static_cast<std::ptrdiff_t>(at), to = tape.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, tape.size()));
    if (std::all_of(from, to, [](auto each) { return each == 0; })) return;
    std::fill(from, to, 0);
    fails(std::move(tape));
  }

  std::uint64_t seed_;
  Invariant invariant_;
  Tape best_;
  int runs_;
  const Sabotage& sabotage_;
};

}  // namespace

Tape shrink(std::uint64_t seed, const Failure& failure, int most_runs, const Sabotage& sabotage) { return Shrinking(seed, failure, most_runs, sabotage).run(); }

std::string explain(std::uint64_t seed, const Failure& failure) {
  const auto tape = shrink(seed, failure, shrink_runs());
  const auto small = run_seed({seed, tape, true});
  std::string text = "seed " + std::to_string(seed) + " breaks '" + std::string(to_string(failure.invariant)) + "' (" + std::string(meaning(failure.invariant)) + "):\n  " + failure.what;
  text += "\nIt expanded to\n" + failure.options + "Replay it with its whole trace: ASSETD_SEED=" + std::to_string(seed) + " build/release/bin/simulation_tests --gtest_filter='Replay.*'\n";
  text += "The same in small (" + std::to_string(tape.size()) + " of " + std::to_string(failure.tape.size()) + " choices): " + small.failure->what + "\n" + small.failure->options + small.failure->trace;
  return text;
}

}  // namespace assetd::simulation
