#include "tests/simulation/random_conditions.h"

namespace assetd::simulation {
namespace {

constexpr const char* kBetween = ")  and  (";  // two blanks: nowhere else

std::string cron(Random& random) { return random.chance(70) ? "\"* * * * *\"" : "\"*/2 * * * *\""; }

/// What is so or not, whatever has happened. Nothing about whether the asset itself is in progress: it would set itself off.
std::string state(Random& random, int depth) {
  static constexpr const char* kLeaves[] = {"missing", "failed", "checks_passed", "in_latest_time_window", "any_deps_missing", "any_deps_in_progress"};
  const int what = depth == 0 ? 0 : random.below(6);
  if (what == 1) return "not " + state(random, 0);
  if (what == 2) return "(" + state(random, depth - 1) + " and " + state(random, depth - 1) + ")";
  if (what == 3) return "(" + state(random, depth - 1) + " or " + state(random, depth - 1) + ")";
  if (what == 4) return (random.chance(50) ? "any_deps(" : "all_deps(") + state(random, 0) + ")";
  return kLeaves[random.below(6)];
}

/// What is so for a moment: it comes to an end by itself, or everything would be made for ever.
std::string trigger(Random& random, int depth) {
  switch (depth == 0 ? random.below(5) : random.below(8)) {
    case 0: return "any_deps_updated";
    case 1: return "newly_true(" + state(random, 1) + ")";
    case 2: return "cron_tick_passed(" + cron(random) + ")";
    case 3: return "any_deps(newly_updated)";
    case 4: return random.chance(50) ? "code_version_changed" : "any_deps(newly_requested)";
    case 5: return "(" + trigger(random, depth - 1) + " or " + trigger(random, depth - 1) + ")";
    case 6: return "(" + trigger(random, depth - 1) + " and " + state(random, depth - 1) + ")";
    default: return "since_last_handled(" + trigger(random, depth - 1) + ")";
  }
}

}  // namespace

std::string random_condition(Random& random, const RulesOptions& options) {
  if (!random.chance(options.conditions)) return random.chance(80) ? "eager" : "on_missing";
  if (random.chance(35)) return "on_cron(" + cron(random) + ")";
  const auto sets_off = trigger(random, 2);
  // Of windows only the last: they become many.
  return "(" + sets_off + kBetween + state(random, 2) + " and in_latest_time_window)";
}

std::string without_filter(const std::string& condition) {
  const auto at = condition.find(kBetween);
  return at == std::string::npos ? condition : condition.substr(0, at) + ") and (in_latest_time_window)";
}

int minutes_of(const std::string& cron) { return cron.find("*/2") == std::string::npos ? 1 : 2; }

}  // namespace assetd::simulation
