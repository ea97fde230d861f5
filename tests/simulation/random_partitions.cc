#include "tests/simulation/random_partitions.h"

namespace assetd::simulation {
namespace {

/// Short ones, of one and of two minutes, so that windows end while faults last; some stop coming. The first ended before the simulation begins (22:13:20).
TimeWindowsSpec random_windows(Random& random) {
  TimeWindowsSpec windows{.grain = Grain::cron, .start = "2023-11-14T22:10", .cron = random.chance(70) ? "* * * * *" : "*/2 * * * *"};
  if (random.chance(30)) windows.end = "2023-11-14T22:16";
  return windows;
}

/// Of three alike or of two, so that some map one to one and some do not.
StaticPartitionsSpec random_parts(Random& random) { return {random.chance(70) ? std::vector<std::string>{"x", "y", "z"} : std::vector<std::string>{"y", "w"}}; }

}  // namespace

PartitionsSpec random_partitions(Random& random, const RulesOptions& options) {
  PartitionsSpec spec;
  const bool windows = random.chance(options.windows), dynamic = random.chance(options.dynamic);
  if (windows && (dynamic || random.chance(20))) {
    spec.dimensions.push_back({"time", random_windows(random)});
    if (dynamic) spec.dimensions.push_back({"who", DynamicPartitionsSpec{kKeySet}});
    else spec.dimensions.push_back({"who", random_parts(random)});
  } else if (windows) {
    spec.dimensions.push_back({"", random_windows(random)});
  } else if (dynamic) {
    spec.dimensions.push_back({"", DynamicPartitionsSpec{kKeySet}});
  } else {
    spec.dimensions.push_back({"", random_parts(random)});
  }
  spec.per_process = random.chance(50) ? 1 : random.below(3);
  return spec;
}

std::string random_key(Random& random) { return std::string(1, static_cast<char>('k' + random.below(4))); }

}  // namespace assetd::simulation
