#pragma once
// Production code broken on purpose, through the seams of the machine: a simulator that has never caught anything proves nothing.

#include <vector>

#include "tests/simulation/run_seed.h"

namespace assetd::simulation {

struct Mutant {
  Invariant caught_by;
  const char* what;  ///< that is broken
  Sabotage sabotage;
};
std::vector<Mutant> mutants();

}  // namespace assetd::simulation
