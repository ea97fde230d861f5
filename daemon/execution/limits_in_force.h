#pragma once
// What of the limits of steps this machine does not make hold.

#include <string>
#include <vector>

#include "core/definition/spec.h"

namespace assetd {

/// Limits of steps that this machine cannot make hold, by their names in the definitions (cpu, processes), as the supervisor says that runs now.
struct LimitsNotInForce {
  std::vector<std::string> names;
  std::string why;
};

/// Those of `limits` that are asked for and among them; empty: all that are asked for hold.
std::vector<std::string> asked_in_vain(const LimitsSpec& limits, const LimitsNotInForce& not_in_force);

}  // namespace assetd
