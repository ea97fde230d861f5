#pragma once
// What a seed draws of time, keys, conditions and people's word: the part of its options that is about what decides, not about what breaks.

#include <string>

#include "tests/simulation/random.h"

namespace assetd::simulation {

struct RulesOptions {
  // Of assets that are divided, in percent: by time (windows come with the clock), by keys that come and go; both: two dimensions.
  int windows = 0, dynamic = 0;
  // What changes these keys: people, per 100 actions that are theirs, and messages of steps, per 100 that they say.
  int key_changes = 0, key_messages = 0;
  int conditions = 0;  ///< of assets that are made by themselves, in percent: by a cron expression or a random tree
  int jitter = 0;      ///< of schedules, in percent
  // What people do, per 100 actions that are theirs: tell of what was made by hand or elsewhere, mute assets, press the red button.
  int told = 0, mutes = 0, red_button = 0;

  static RulesOptions draw(Random& random);
  std::string in_words() const;
};

}  // namespace assetd::simulation
