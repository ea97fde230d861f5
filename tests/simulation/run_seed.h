#pragma once
// One seed from begin to end, and what is told when it fails.

#include <optional>
#include <string>

#include "tests/simulation/violation.h"
#include "tests/simulation/world.h"

namespace assetd::simulation {

/// Breaks the machine's production code on purpose.
using Sabotage = std::function<void(Machine&)>;

struct Failure {
  Invariant invariant{};
  std::string what;
  Tape tape;          ///< all that was drawn while there were faults
  std::vector<std::size_t> marks;  ///< where in the tape each action began
  std::string options;
  std::string trace;  ///< when asked for
};
struct Result {
  World::Counts counts;
  std::string story;  ///< when a trace was asked for: all options, then the trace
  std::optional<Failure> failure;
};

struct Replay {
  std::uint64_t seed = 0;
  std::optional<Tape> tape = std::nullopt;  ///< instead of what the seed draws
  bool traced = false;
};
Result run_seed(const Replay& replay, const Sabotage& sabotage = nullptr);

/// A tape that fails in the same way and is as short and as plain as `most_runs` trials make it.
Tape shrink(std::uint64_t seed, const Failure& failure, int most_runs, const Sabotage& sabotage = nullptr);

/// For a person: what broke, all options, the command that replays the seed, and the trace of the smallest tape.
std::string explain(std::uint64_t seed, const Failure& failure);

}  // namespace assetd::simulation
