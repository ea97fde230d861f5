#pragma once
// How assets of a random project are divided.

#include "core/partition/spec.h"
#include "tests/simulation/rules_options.h"

namespace assetd::simulation {

inline constexpr const char* kKeySet = "customers";  ///< the one set of dynamic keys

PartitionsSpec random_partitions(Random& random, const RulesOptions& options);
/// One of a few, so that what is removed comes back.
std::string random_key(Random& random);

}  // namespace assetd::simulation
