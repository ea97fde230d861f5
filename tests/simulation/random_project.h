#pragma once
// Random definitions: graphs with batches, checks of every kind, pools, resources, retries, edges that go on after a failure.

#include <random>
#include <string>

#include "core/definition/spec.h"

namespace assetd::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  int below(int n) { return n <= 0 ? 0 : static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  std::string hex32();

 private:
  std::mt19937_64 engine_;
};

Definitions random_definitions(Random& random);

}  // namespace assetd::simulation
