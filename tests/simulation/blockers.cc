#include "tests/simulation/blockers.h"

#include <algorithm>
#include <optional>
#include <set>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

using Names = std::set<std::string>;

/// By unit: what it waits for. Runs in line have the unit 0.
using Lines = std::map<std::pair<RunId, UnitIndex>, Names>;

struct Waiting {
  const FakeStore::Run* run = nullptr;
  UnitIndex unit = 0;
  Demand demand;
  bool operator<(const Waiting& other) const {
    return std::tuple(-run->record.priority, run->record.id, unit) < std::tuple(-other.run->record.priority, other.run->record.id, other.unit);
  }
};

struct Held {
  std::map<std::string, int> slots;
  std::map<std::string, std::pair<int, int>> resources;  // readers, writers
  std::vector<Demand> by;                                // each that holds
};

std::string text(const Names& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return "{" + out + "}";
}

StepStatus status(const FakeStore::Run& run, StepIndex step) {
  const auto it = run.steps.find(step);
  return it == run.steps.end() ? StepStatus::pending : it->second.status;
}

bool is_live(const FakeStore::Run& run, UnitIndex unit) {
  return std::any_of(run.attempts.begin(), run.attempts.end(), [&](const auto& each) { return !each.second.outcome && each.second.unit == unit; });
}

bool at_its_cap(const FakeStore::Run& run) {
  const auto live = std::count_if(run.attempts.begin(), run.attempts.end(), [](const auto& each) { return !each.second.outcome; });
  return run.record.max_steps && live >= *run.record.max_steps;
}

bool is_behind_another(const FakeStore& store, const FakeStore::Run& run) {
  return std::any_of(store.runs().begin(), store.runs().end(), [&](const auto& each) {
    const auto& other = each.second.record;
    return run.record.in_line && each.first < run.record.id && other.trigger.kind == "schedule" && other.trigger.name == run.record.trigger.name && !is_terminal(other.status);
  });
}

/// Parents in other units that have not ended.
Names upstream(const FakeStore::Run& run, UnitIndex unit) {
  Names keys;
  if (run.plan->mode() == StepsMode::checks) return keys;
  for (const auto member : run.plan->units()[unit].steps)
    for (const auto& edge : run.plan->parents(member))
      if (run.plan->unit_of(edge.step) != unit && !is_terminal(status(run, edge.step))) keys.insert(run.context.definitions->assets[run.plan->asset(edge.step)].key);
  return keys;
}

Held held_by_live_attempts(const FakeStore& store) {
  Held held;
  for (const auto& [id, run] : store.runs())
    for (const auto& [attempt_id, attempt] : run.attempts) {
      if (attempt.outcome || is_terminal(run.record.status)) continue;
      for (const auto& [pool, slots] : attempt.slots) held.slots[pool] += slots;
      for (const auto& [resource, mode] : attempt.resources) ++(mode == HoldMode::read ? held.resources[resource].first : held.resources[resource].second);
      held.by.push_back({attempt.slots, attempt.resources});
    }
  return held;
}

/// Nobody takes it from the first that waits, unless all who hold what that lacks will free it with that.
Demand set_aside(const Demand& demand, const Names& lacking, const Held& held) {
  if (lacking.empty()) return demand;
  const auto& lacks = *std::ranges::min_element(lacking);  // pools come before resources
  const auto has = [&](const Demand& each, const std::string& name) {
    return name.starts_with("pool ") ? each.slots.contains(name.substr(5)) : each.resources.contains(name.substr(9));
  };
  const auto comes_free = [&](const auto& enough) {
    bool any = false;
    for (const auto& each : held.by)
      if (has(each, lacks)) {
        if (!enough(each)) return false;
        any = true;
      }
    return any;
  };
  Demand aside = demand;
  std::erase_if(aside.slots, [&](const auto& pool) {
    return lacking.contains("pool " + pool.first) || comes_free([&](const Demand& each) { return each.slots.contains(pool.first) && each.slots.at(pool.first) >= pool.second; });
  });
  std::erase_if(aside.resources, [&](const auto& resource) {
    return lacking.contains("resource " + resource.first) || comes_free([&](const Demand& each) { return each.resources.contains(resource.first); });
  });
  return aside;
}

/// By unit: what it waits for, in the order of starting.
Lines line_up(std::vector<Waiting> waiting, Held held, const std::map<std::string, int>& pools, const Names& all_held) {
  std::sort(waiting.begin(), waiting.end());
  Lines result;
  if (!all_held.empty()) {
    for (const auto& each : waiting) result[{each.run->record.id, each.unit}] = all_held;
    return result;
  }
  Names reserved;
  std::optional<Demand> aside_for_first;  // of all that could start
  for (const auto& each : waiting) {
    Names lacking, blocked;
    bool possible = true;
    const auto aside = aside_for_first.value_or(Demand{});
    for (const auto& [pool, slots] : each.demand.slots) {
      const auto size = pools.contains(pool) ? pools.at(pool) : 0;
      possible = possible && slots <= size;
      if (held.slots[pool] + slots > size) lacking.insert("pool " + pool);
      const bool is_aside = aside.slots.contains(pool) && held.slots[pool] + slots + aside.slots.at(pool) > size;
      if (reserved.contains("pool " + pool) || is_aside) blocked.insert("pool " + pool);
    }
    for (const auto& [resource, mode] : each.demand.resources) {
      const auto [readers, writers] = held.resources[resource];
      if (writers > 0 || (mode == HoldMode::write && readers > 0)) lacking.insert("resource " + resource);
      const bool is_aside = aside.resources.contains(resource) && (mode == HoldMode::write || aside.resources.at(resource) == HoldMode::write);
      if (reserved.contains("resource " + resource) || is_aside) blocked.insert("resource " + resource);
    }
    blocked.insert(lacking.begin(), lacking.end());
    if (at_its_cap(*each.run)) {
      blocked.insert("max_steps");
      possible = false;  // it keeps nothing from others
    }
    if (blocked.empty()) broken(Invariant::blockers, "run " + std::to_string(each.run->record.id) + " unit " + std::to_string(each.unit) + " could start and does not");
    if (possible) reserved.insert(lacking.begin(), lacking.end());
    if (possible && !aside_for_first) aside_for_first = set_aside(each.demand, lacking, held);
    result[{each.run->record.id, each.unit}] = blocked;
  }
  return result;
}

/// By queued run that is behind no other of its schedule: the limits that count it and are used up, by others under way or by those before it in line.
Lines line_of_runs(const FakeStore& store, const Names& all_held) {
  const auto& limits = store.definitions().definitions->limits;
  Held held;
  std::map<std::string, int> sizes;
  std::vector<Waiting> waiting;
  for (const auto& [id, run] : store.runs()) {
    if (is_terminal(run.record.status)) continue;
    const bool waits = run.record.status == RunStatus::queued;
    Demand demand;
    for (const auto& [limit, most] : limits_that_count(limits, run.record)) {
      sizes[limit] = most;
      demand.slots[limit] = 1;
      if (!waits) ++held.slots[limit];
    }
    if (!waits) held.by.push_back(demand);
    if (waits && !is_behind_another(store, run)) waiting.push_back({&run, 0, demand});
  }
  return line_up(std::move(waiting), std::move(held), sizes, all_held);
}

struct Stated {
  Names kinds, what;
};

Stated stated(const std::vector<Blocker>& blockers) {
  Stated result;
  for (const auto& blocker : blockers) result.kinds.insert(blocker.kind), result.what.insert(blocker.what);
  return result;
}

void require_equal(const FakeStore::Run& run, StepIndex step, const Names& said, const Names& expected) {
  if (said == expected) return;
  broken(Invariant::blockers, "run " + std::to_string(run.record.id) + " step " + std::to_string(step) + " (" + std::string(to_string(status(run, step))) + ") states the blockers " + text(said) +
                         ", it waits for " + text(expected));
}

/// Of a run in line every step says the same. `all_held`: no run begins.
void check_queued(const FakeStore::Run& run, StepIndex step, const Stated& said, const Lines& lines, const Names& all_held) {
  if (!all_held.empty()) return require_equal(run, step, said.kinds, all_held);
  const auto line = lines.find({run.record.id, 0});
  if (line == lines.end()) return require_equal(run, step, said.kinds, {"overlap"});
  Names expected;
  for (const auto& name : line->second) expected.insert(name.starts_with("pool ") ? "limit " + name.substr(5) : name);
  require_equal(run, step, said.what, expected);
}

void check_step(const Engine& engine, const FakeStore::Run& run, StepIndex step, const Lines& lines, const Lines& of_runs, const Said& say, const Names& runs_held) {
  const auto now_is = status(run, step);
  const auto blockers = say(run.record.id, step);
  const auto said = stated(blockers);
  if (is_terminal(now_is)) return require_equal(run, step, said.kinds, {});
  if (run.record.status == RunStatus::queued) return check_queued(run, step, said, of_runs, runs_held);
  const bool waits = now_is == StepStatus::pending || now_is == StepStatus::waiting_retry;
  const auto unit = run.plan->unit_of(step);
  if (unit != kNone && waits) {
    const auto above = upstream(run, unit);
    if (is_live(run, unit)) return require_equal(run, step, said.kinds, {"upstream"});
    if (engine.run(run.record.id)->units[unit].phase == UnitSlot::Phase::delayed) return require_equal(run, step, said.kinds, {"retry_delay"});
    if (above.empty()) return require_equal(run, step, said.what, lines.at({run.record.id, unit}));
    require_equal(run, step, said.kinds, {"upstream"});
    const auto& named = blockers.front().what;
    if (std::none_of(above.begin(), above.end(), [&](const std::string& key) { return named.find(key) != std::string::npos; }))
      broken(Invariant::blockers, "a step waits for " + text(above) + " and names " + named);
    return;
  }
  // Beyond its own process: one of the processes of its checks that wait.
  bool any = false, told = said.what.empty();
  for (const auto& planned : run.plan->checks()) {
    const auto line = lines.find({run.record.id, planned.unit});
    if (planned.home != step || run.plan->units()[planned.unit].check == kNone || line == lines.end()) continue;
    any = true;
    told = told || said.what == line->second;
  }
  if (any && said.what.empty()) broken(Invariant::blockers, "a check's process waits and its step " + std::to_string(step) + " of run " + std::to_string(run.record.id) + " states no blocker");
  if (!told && said.kinds != Names{"retry_delay"} && unit == kNone) broken(Invariant::blockers, "a step states blockers that nothing has: " + text(said.what));
}

}  // namespace

void check_blockers(const Engine& engine, const FakeStore& store, const Names& held, const Said& said) {
  std::vector<Waiting> waiting;
  for (const auto& [id, state] : engine.runs()) {
    const auto& run = store.runs().at(id);
    if (run.record.status != RunStatus::running) continue;
    for (UnitIndex unit = 0; unit < state->units.size(); ++unit) {
      const bool ready = state->units[unit].phase == UnitSlot::Phase::ready;
      const bool of_check = run.plan->units()[unit].check != kNone;
      const auto& members = run.plan->units()[unit].steps;
      const bool startable = std::any_of(members.begin(), members.end(), [&](StepIndex s) { return status(run, s) == StepStatus::pending || status(run, s) == StepStatus::waiting_retry; });
      const bool delayed = state->units[unit].phase == UnitSlot::Phase::delayed;
      if (!of_check && startable && !delayed && !is_live(run, unit) && upstream(run, unit).empty() != ready)
        broken(Invariant::blockers, "run " + std::to_string(id) + " unit " + std::to_string(unit) + (ready ? " is ready and has something upstream" : " is not ready and has nothing upstream"));
      if (ready) waiting.push_back({&run, unit, RunMachine::demand_of(*state, unit)});
    }
  }
  Names held_names;
  for (const auto& kind : held) held_names.insert(kind == "latched" ? "store" : kind);
  const auto lines = line_up(std::move(waiting), held_by_live_attempts(store), store.pools(), held_names);
  const auto runs_held = held.contains("draining") || held.contains("latched") ? held : Names();
  const auto of_runs = line_of_runs(store, runs_held);
  for (const auto& [id, state] : engine.runs())
    for (StepIndex step = 0; step < state->steps.size(); ++step) check_step(engine, store.runs().at(id), step, lines, of_runs, said, runs_held);
}

}  // namespace assetd::simulation
