#include "tests/simulation/options.h"

#include <initializer_list>
#include <utility>

namespace assetd::simulation {
namespace {

/// Off half of the time, else one of three frequencies.
int rate(Random& random, int rare, int often, int very_often) {
  switch (random.below(6)) {
    case 3: return rare;
    case 4: return often;
    case 5: return very_often;
    default: return 0;
  }
}

}  // namespace

Options Options::draw(Random& random) {
  Options o;
  o.actions = random.between(80, random.chance(20) ? 900 : 300);
  o.assets = 1 + random.below(random.chance(15) ? 30 : 12);
  o.most_runs = random.between(1, 4);
  o.kill_daemon = rate(random, 15, 60, 250);
  o.kill_supervisor = rate(random, 15, 60, 250);
  o.kill_shim = rate(random, 15, 60, 250);
  o.reboot = rate(random, 5, 15, 40);
  o.break_link = rate(random, 20, 100, 400);
  o.disk_full = rate(random, 20, 60, 200);
  o.clock_jump = rate(random, 20, 60, 200);
  o.commit_failed = rate(random, 30, 150, 600);
  o.commit_unknown = rate(random, 30, 150, 600);
  o.launch_fails = rate(random, 50, 200, 1'000);
  o.damaged_plan = random.chance(10) ? 2'000 : 0;
  o.power_loss = o.clock_jump == 0 && random.chance(50);
  o.batches = rate(random, 20, 45, 80);
  o.checks = rate(random, 20, 50, 90);
  o.retries = rate(random, 20, 40, 80);
  o.timeouts = rate(random, 10, 25, 50);
  o.pools = rate(random, 15, 30, 70);
  o.resources = rate(random, 15, 30, 70);
  o.externals = random.chance(20) ? 100 : 0;
  o.proceed = rate(random, 5, 10, 30);
  o.limits = rate(random, 20, 50, 90);
  o.partitions = rate(random, 20, 50, 90);
  o.fails = rate(random, 5, 15, 40);
  o.reports = rate(random, 10, 25, 50);
  o.forks = rate(random, 5, 15, 30);
  o.hostile = rate(random, 20, 50, 80);
  o.cancels = rate(random, 10, 20, 40);
  o.reruns = rate(random, 5, 15, 30);
  o.reloads = rate(random, 3, 8, 20);
  o.resizes = rate(random, 5, 10, 30);
  o.drains = rate(random, 1, 3, 6);
  o.repeats = rate(random, 10, 30, 60);
  o.priorities = rate(random, 5, 15, 40);
  o.waivers = rate(random, 5, 15, 40);
  o.schedules = random.chance(30) ? random.between(1, 2) : 0;
  o.on_demand = random.chance(50);
  o.reuse = rate(random, 15, 40, 80);
  o.automation = random.chance(30) ? rate(random, 20, 50, 90) : 0;
  o.backfills = random.chance(40) ? rate(random, 5, 15, 40) : 0;
  o.sensors = random.chance(30) && o.assets > 1 ? rate(random, 40, 70, 100) : 0;  // one is watched, another is made
  o.sensors_fail = rate(random, 5, 15, 40);
  o.sensors_hang = rate(random, 2, 10, 30);
  o.alerts = random.chance(30) ? rate(random, 40, 70, 100) : 0;
  o.alerts_fail = rate(random, 10, 30, 80);
  o.freshness = random.chance(30) ? rate(random, 20, 50, 90) : 0;
  o.holds = o.sensors > 0 || o.alerts > 0 ? rate(random, 5, 15, 30) : 0;
  o.rules = RulesOptions::draw(random);
  return o;
}

std::string Options::in_words() const {
  std::string text;
  const auto line = [&](const char* title, std::initializer_list<std::pair<const char*, int>> values) {
    text += std::string("  ") + title + ":";
    for (const auto& [name, value] : values) text += " " + std::string(name) + "=" + std::to_string(value);
    text += "\n";
  };
  line("size", {{"actions", actions}, {"assets", assets}, {"most_runs", most_runs}, {"schedules", schedules}, {"on_demand", on_demand}});
  line("faults, of 10,000", {{"kill_daemon", kill_daemon}, {"kill_supervisor", kill_supervisor}, {"kill_shim", kill_shim}, {"reboot", reboot}, {"break_link", break_link},
                             {"disk_full", disk_full}, {"clock_jump", clock_jump}, {"commit_failed", commit_failed}, {"commit_unknown", commit_unknown},
                             {"launch_fails", launch_fails}, {"damaged_plan", damaged_plan}, {"power_loss", power_loss}});
  line("definitions, %", {{"batches", batches}, {"checks", checks}, {"retries", retries}, {"timeouts", timeouts}, {"pools", pools}, {"resources", resources},
                          {"externals", externals}, {"proceed", proceed}, {"limits", limits}, {"partitions", partitions}, {"reuse", reuse}, {"automation", automation}});
  line("steps, %", {{"fails", fails}, {"reports", reports}, {"forks", forks}, {"hostile", hostile}});
  line("people, %", {{"cancels", cancels}, {"reruns", reruns}, {"reloads", reloads}, {"resizes", resizes}, {"drains", drains}, {"repeats", repeats}, {"priorities", priorities}, {"waivers", waivers}, {"backfills", backfills}});
  line("alerts, %", {{"alerts", alerts}, {"alerts_fail", alerts_fail}, {"freshness", freshness}});
  line("sensors, %", {{"sensors", sensors}, {"sensors_fail", sensors_fail}, {"sensors_hang", sensors_hang}, {"holds", holds}});
  return text + rules.in_words();
}

}  // namespace assetd::simulation
