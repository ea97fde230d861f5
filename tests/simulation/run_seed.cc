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
    result.failure = Failure{invariant, what, std::move(tape), machine.random.marks(), machine.options.in_words(), machine.trace.lines()};
  };
  try {
    world.run();
  } catch (const Violation& violation) {
    fails(violation.invariant, violation.what());
  } catch (const std::exception& error) {
    fails(Invariant::no_throw, std::string("an exception that nobody expects: ") + error.what());
  }
  if (replay.traced) result.story = machine.options.in_words() + machine.trace.lines();
  result.counts = world.counts();
  return result;
}

namespace {

/// Cuts whole actions out, then makes the options and what is left plain: 0 is the plainest of every choice.
class Shrinking {
 public:
  Shrinking(std::uint64_t seed, const Failure& failure, int runs, const Sabotage& sabotage) : seed_(seed), best_(failure), runs_(runs), sabotage_(sabotage) {}

  Tape run() {
    cut_end();
    for (std::size_t before = SIZE_MAX; best_.tape.size() < before && runs_ > 0;) {
      before = best_.tape.size();
      for (auto actions = std::max<std::size_t>(best_.marks.size() / 2, 1); actions > 0 && runs_ > 0; actions /= 2) cut_actions(actions);
      for (auto size = std::max<std::size_t>(best_.tape.size() / 8, 1); size > 0 && runs_ > 0; size /= 4) zero_blocks(size);
    }
    return best_.tape;
  }

 private:
  bool fails(Tape tape) {
    --runs_;
    auto result = run_seed({seed_, std::move(tape)}, sabotage_);
    if (!result.failure || result.failure->invariant != best_.invariant) return false;
    best_ = std::move(*result.failure);
    return true;
  }

  // What is behind the end of a tape is drawn as 0.
  void cut_end() {
    for (std::size_t step = best_.tape.size() / 2; step > 0 && runs_ > 0;)
      if (step >= best_.tape.size() || !fails(Tape(best_.tape.begin(), best_.tape.end() - static_cast<std::ptrdiff_t>(step)))) step /= 2;
  }

  std::size_t begin_of(std::size_t action) const { return std::min(action < best_.marks.size() ? best_.marks[action] : best_.tape.size(), best_.tape.size()); }

  // From the last to the first: what comes before decides what the later ones mean.
  void cut_actions(std::size_t count) {
    for (auto end = best_.marks.size(); end > 0 && runs_ > 0; end = std::min(end - std::min(end, count), best_.marks.size())) {
      const auto from = begin_of(end - std::min(end, count)), to = begin_of(end);
      if (from == to) continue;
      auto tape = best_.tape;
      tape.erase(tape.begin() + static_cast<std::ptrdiff_t>(from), tape.begin() + static_cast<std::ptrdiff_t>(to));
      fails(std::move(tape));
    }
  }

  void zero_blocks(std::size_t size) {
    for (std::size_t at = 0; at < best_.tape.size() && runs_ > 0; at += size) {
      auto tape = best_.tape;
      const auto from = tape.begin() + static_cast<std::ptrdiff_t>(at), to = tape.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, tape.size()));
      if (std::all_of(from, to, [](auto each) { return each == 0; })) continue;
      std::fill(from, to, 0);
      fails(std::move(tape));
    }
  }

  std::uint64_t seed_;
  Failure best_;
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
