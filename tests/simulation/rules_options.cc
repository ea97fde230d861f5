#include "tests/simulation/rules_options.h"

#include <initializer_list>
#include <utility>

namespace assetd::simulation {
namespace {

/// Off most of the time, else one of two frequencies.
int some_of(Random& random, int chance, int some, int many) { return random.chance(chance) ? (random.chance(50) ? some : many) : 0; }

}  // namespace

RulesOptions RulesOptions::draw(Random& random) {
  RulesOptions o;
  if (!random.chance(50)) return o;  // they take time, which the other half has for more seeds
  o.windows = some_of(random, 35, 30, 80);
  o.dynamic = some_of(random, 35, 30, 80);
  o.key_changes = o.dynamic > 0 ? some_of(random, 80, 10, 30) : 0;
  o.key_messages = o.dynamic > 0 ? some_of(random, 50, 20, 50) : 0;
  o.conditions = some_of(random, 40, 40, 90);
  o.jitter = some_of(random, 50, 40, 100);
  o.told = some_of(random, 35, 8, 25);
  o.mutes = some_of(random, 30, 5, 15);
  o.red_button = some_of(random, 25, 2, 8);
  return o;
}

std::string RulesOptions::in_words() const {
  std::string text = "  rules:";
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, int>>{{"windows", windows}, {"dynamic", dynamic}, {"key_changes", key_changes}, {"key_messages", key_messages}, {"conditions", conditions},
                                                                              {"jitter", jitter}, {"told", told}, {"mutes", mutes}, {"red_button", red_button}})
    text += " " + std::string(name) + "=" + std::to_string(value);
  return text + "\n";
}

}  // namespace assetd::simulation
