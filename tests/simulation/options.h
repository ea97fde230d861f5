#pragma once
// What a seed expands to: which faults there are and how often, how large things are, what people do. Each seed leaves most kinds of fault out and has
// the others often (swarm testing: Groce et al. 2012), so that combinations come up that an average over all would never reach.

#include <string>

#include "tests/simulation/random.h"
#include "tests/simulation/rules_options.h"

namespace assetd::simulation {

struct Options {
  int actions = 0;    ///< until the faults end
  int assets = 0, most_runs = 0;

  // Faults, per 10,000: kills at every point between two effects, the others at every action or commit.
  int kill_daemon = 0, kill_supervisor = 0, kill_shim = 0, reboot = 0;
  int break_link = 0, disk_full = 0, clock_jump = 0;
  int commit_failed = 0, commit_unknown = 0;
  int launch_fails = 0, damaged_plan = 0;
  bool power_loss = false;  ///< half of the reboots lose what was not synced. Not where the clock jumps: by it is told what is of an earlier boot

  // Of definitions, in percent.
  int batches = 0, checks = 0, retries = 0, timeouts = 0, pools = 0, resources = 0, externals = 0, proceed = 0, limits = 0, partitions = 0, reuse = 0, automation = 0;
  // Of steps, in percent.
  int fails = 0, reports = 0, forks = 0, hostile = 0;
  // What people do, per 100 actions that are theirs.
  int cancels = 0, reruns = 0, reloads = 0, resizes = 0, drains = 0, repeats = 0, priorities = 0, waivers = 0, backfills = 0;
  int schedules = 0;  ///< 0 to 2
  int alerts = 0, alerts_fail = 0, freshness = 0;
  // Sensors: of definitions, of evaluations, of what people do; in percent.
  int sensors = 0, sensors_fail = 0, sensors_hang = 0, holds = 0;
  bool on_demand = false;
  RulesOptions rules;

  static Options draw(Random& random);
  /// All of them, a few a line.
  std::string in_words() const;
};

}  // namespace assetd::simulation
