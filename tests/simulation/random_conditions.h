#pragma once
// When assets of a random project are made by themselves.

#include <string>

#include "tests/simulation/rules_options.h"

namespace assetd::simulation {

std::string random_condition(Random& random, const RulesOptions& options);
/// Of a random tree, "(what sets it off) and (what else must hold)", only the first. Any other as it is.
std::string without_filter(const std::string& condition);
/// Minutes from one instant to the next of a cron expression that stands in a condition here.
int minutes_of(const std::string& cron);

}  // namespace assetd::simulation
