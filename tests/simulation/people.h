#pragma once
// What people do: request, cancel and retry runs, change definitions and pools, drain the daemon, ask again when no answer came.

#include <deque>
#include <memory>

#include "tests/simulation/daemon_host.h"

namespace assetd::simulation {

class People {
 public:
  explicit People(Machine& machine) : machine_(machine) {}
  /// The first definitions and pools.
  void begin();
  void act(DaemonHost& daemon);
  /// Pools that are large enough for every step, and no schedules: after this all that is there can end.
  void calm(DaemonHost& daemon);
  bool is_calm() const;
  bool has_keys() const;

 private:
  RunContext next_definitions(bool with_schedules);
  void request(DaemonHost& daemon);
  void backfill(DaemonHost& daemon);
  void repeat(DaemonHost& daemon);
  // people_watchers.cc
  /// The red button, or one sensor: it is held, goes on, or begins anew.
  void hold(DaemonHost& daemon);
  void let_go(DaemonHost& daemon);
  void silence(DaemonHost& daemon);
  bool holds_something() const;
  /// What is drawn by the options of rules (people_rules.cc); false: none of it.
  bool act_by_rules(DaemonHost& daemon);
  void tell(DaemonHost& daemon);
  void pause(DaemonHost& daemon, const std::string& asset);
  std::map<std::string, int> random_pools();
  Waivers random_waivers();

  Machine& machine_;
  std::deque<RunRequestSpec> asked_;  ///< for as long as somebody may ask again
  int requests_ = 0;
  std::int64_t version_ = 0;
};

}  // namespace assetd::simulation
