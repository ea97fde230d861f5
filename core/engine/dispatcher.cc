#include "core/engine/dispatcher.h"

#include <algorithm>
#include <queue>
#include <utility>

namespace assetd {
namespace {
constexpr std::size_t kHoldersShown = 5;
}

Dispatcher::Dispatcher(const Dispatcher& other)
    : pools_(other.pools_), used_(other.used_), resources_(other.resources_), holds_(other.holds_), caps_(other.caps_), lines_(other.lines_) {
  for (const auto& [unit, place] : other.waiting_) waiting_.emplace(unit, Place{lines_.find(place.line->first), place.rank});
}

int Dispatcher::used(const std::string& pool) const {
  const auto it = used_.find(pool);
  return it == used_.end() ? 0 : it->second;
}

bool Dispatcher::is_shut(RunId run) const {
  const auto it = caps_.find(run);
  return it != caps_.end() && it->second.reached();
}

void Dispatcher::add(const ReadyUnit& unit, const Demand& demand) {
  remove(unit.run, unit.unit);
  const auto line = lines_.try_emplace(demand).first;
  const Rank rank{unit.priority, unit.run};
  line->second.side(is_shut(unit.run))[rank].emplace(unit.unit, unit.since);
  ++line->second.size;
  waiting_.emplace(std::pair(unit.run, unit.unit), Place{line, rank});
}

void Dispatcher::remove(RunId run, UnitIndex unit) {
  const auto it = waiting_.find({run, unit});
  if (it == waiting_.end()) return;
  const auto [line, rank] = it->second;
  waiting_.erase(it);
  auto& side = line->second.side(is_shut(run));
  const auto units = side.find(rank);
  units->second.erase(unit);
  if (units->second.empty()) side.erase(units);
  if (--line->second.size == 0) lines_.erase(line);
}

void Dispatcher::cap(RunId run, int most) {
  const bool before = is_shut(run);
  caps_[run].most = most;
  if (is_shut(run) != before) turn(run, !before);
}

void Dispatcher::count_live(RunId run, int by) {
  const auto it = caps_.find(run);
  if (it == caps_.end()) return;
  const bool before = it->second.reached();
  it->second.live += by;
  if (it->second.reached() != before) turn(run, !before);
}

// All units of a run share one rank, so a node a line is all that moves.
void Dispatcher::turn(RunId run, bool shut) {
  const auto first = waiting_.lower_bound({run, 0});
  if (first == waiting_.end() || first->first.first != run) return;
  for (auto& [demand, line] : lines_)
    if (auto node = line.side(!shut).extract(first->second.rank)) line.side(shut).insert(std::move(node));
}

void Dispatcher::set_priority(RunId run, int priority) {
  const auto first = waiting_.lower_bound({run, 0});
  if (first == waiting_.end() || first->first.first != run) return;
  const Rank from = first->second.rank, to{priority, run};
  for (auto& [demand, line] : lines_) {
    auto& side = line.side(is_shut(run));
    auto node = side.extract(from);
    if (!node) continue;
    node.key() = to;
    side.insert(std::move(node));
  }
  for (auto it = first; it != waiting_.end() && it->first.first == run; ++it) it->second.rank = to;
}

bool Dispatcher::pool_fits(const std::string& pool, int slots) const {
  const auto size = pools_.find(pool);
  return size != pools_.end() && used(pool) + slots <= size->second;
}

bool Dispatcher::resource_fits(const std::string& resource, HoldMode mode) const {
  const auto it = resources_.find(resource);
  if (it == resources_.end()) return true;
  return mode == HoldMode::read ? !it->second.writer : !it->second.writer && it->second.readers == 0;
}

bool Dispatcher::keeps_pool(const Reserved& reserved, const std::string& pool, int slots) const {
  if (reserved.pools.contains(pool)) return true;
  const auto aside = reserved.aside.slots.find(pool);
  return aside != reserved.aside.slots.end() && !pool_fits(pool, slots + aside->second);
}

bool Dispatcher::keeps_resource(const Reserved& reserved, const std::string& resource, HoldMode mode) {
  if (reserved.resources.contains(resource)) return true;
  const auto aside = reserved.aside.resources.find(resource);
  return aside != reserved.aside.resources.end() && (mode == HoldMode::write || aside->second == HoldMode::write);
}

bool Dispatcher::fits(const Demand& demand, const Reserved& reserved) const {
  for (const auto& [pool, slots] : demand.slots)
    if (!pool_fits(pool, slots) || keeps_pool(reserved, pool, slots)) return false;
  for (const auto& [resource, mode] : demand.resources)
    if (!resource_fits(resource, mode) || keeps_resource(reserved, resource, mode)) return false;
  return true;
}

// A demand larger than its pool can never start: it must not keep others waiting.
void Dispatcher::reserve(const Demand& demand, Reserved& reserved) const {
  for (const auto& [pool, slots] : demand.slots) {
    const auto size = pools_.find(pool);
    if (size == pools_.end() || slots > size->second) return;
  }
  if (!std::exchange(reserved.any, true)) reserved.aside = set_aside(demand);
  for (const auto& [pool, slots] : demand.slots)
    if (!pool_fits(pool, slots)) reserved.pools.insert(pool);
  for (const auto& [resource, mode] : demand.resources)
    if (!resource_fits(resource, mode)) reserved.resources.insert(resource);
}

// What it needs and there is, unless that comes free with what it lacks whoever ends first.
Demand Dispatcher::set_aside(const Demand& demand) const {
  Demand aside;
  for (const auto& [pool, slots] : demand.slots)
    if (pool_fits(pool, slots)) aside.slots.emplace(pool, slots);
  for (const auto& [resource, mode] : demand.resources)
    if (resource_fits(resource, mode)) aside.resources.emplace(resource, mode);
  const auto holders = aside.slots.empty() && aside.resources.empty() ? std::vector<const Hold*>() : holders_of_what_lacks(demand);
  if (holders.empty()) return aside;
  std::erase_if(aside.slots, [&](const auto& pool) {
    return std::ranges::all_of(holders, [&](const Hold* hold) {
      const auto held = hold->demand.slots.find(pool.first);
      return held != hold->demand.slots.end() && held->second >= pool.second;
    });
  });
  std::erase_if(aside.resources, [&](const auto& resource) {
    return std::ranges::all_of(holders, [&](const Hold* hold) { return hold->demand.resources.contains(resource.first); });
  });
  return aside;
}

// Of the first thing that it lacks, in the order of names: once one of these ends the rest is looked at again.
std::vector<const Hold*> Dispatcher::holders_of_what_lacks(const Demand& demand) const {
  const auto pool = std::ranges::find_if(demand.slots, [&](const auto& each) { return !pool_fits(each.first, each.second); });
  const auto resource = std::ranges::find_if(demand.resources, [&](const auto& each) { return !resource_fits(each.first, each.second); });
  std::vector<const Hold*> holders;
  for (const auto& [attempt, hold] : holds_)
    if (pool != demand.slots.end() ? hold.demand.slots.contains(pool->first) : resource != demand.resources.end() && hold.demand.resources.contains(resource->first))
      holders.push_back(&hold);
  return holders;
}

ReadyUnit Dispatcher::head(const Line& line) {
  const auto& [rank, units] = *line.open.begin();
  return {rank.priority, rank.run, units.begin()->first, units.begin()->second};
}

void Dispatcher::dispatch(const Launch& launch) {
  while (dispatch_once(launch)) {
  }
}

/// Whether others may start because a run came to its cap after it had kept something for its units.
bool Dispatcher::dispatch_once(const Launch& launch) {
  struct Head {
    ReadyUnit unit;
    Lines::iterator line;
    bool operator<(const Head& other) const { return other.unit < unit; }  // the queue gives its largest
  };
  std::priority_queue<Head> heads;
  const auto look_at = [&](Lines::iterator line) {
    if (!line->second.open.empty()) heads.push({head(line->second), line});
  };
  for (auto line = lines_.begin(); line != lines_.end(); ++line) look_at(line);
  Reserved reserved;
  std::set<RunId> reserving;
  bool again = false;
  while (!heads.empty()) {
    const auto [unit, line] = heads.top();
    heads.pop();
    // Its run may have come to its cap by a launch from another line.
    if (is_shut(unit.run)) {
      look_at(line);
      continue;
    }
    if (!fits(line->first, reserved)) {
      reserve(line->first, reserved);
      reserving.insert(unit.run);
      continue;
    }
    const auto demand = line->first;
    const bool last = line->second.size == 1;
    remove(unit.run, unit.unit);
    launch(unit, demand);
    again = again || (is_shut(unit.run) && reserving.contains(unit.run));
    if (!last) look_at(line);
  }
  return again;
}

void Dispatcher::hold(const AttemptId& attempt, Hold hold) {
  for (const auto& [pool, slots] : hold.demand.slots) used_[pool] += slots;
  for (const auto& [resource, mode] : hold.demand.resources) {
    if (mode == HoldMode::write) resources_[resource].writer = true;
    else ++resources_[resource].readers;
  }
  const auto run = hold.run;
  if (holds_.emplace(attempt, std::move(hold)).second) count_live(run, 1);
}

void Dispatcher::release(const AttemptId& attempt) {
  const auto it = holds_.find(attempt);
  if (it == holds_.end()) return;
  for (const auto& [pool, slots] : it->second.demand.slots) used_[pool] -= slots;
  for (const auto& [resource, mode] : it->second.demand.resources) {
    if (mode == HoldMode::write) resources_[resource].writer = false;
    else --resources_[resource].readers;
  }
  const auto run = it->second.run;
  holds_.erase(it);
  count_live(run, -1);
}

// What the first of other lines keep for themselves before it is this unit's turn.
Dispatcher::Reserved Dispatcher::reserved_before(const ReadyUnit& unit) const {
  std::map<ReadyUnit, const Demand*> first;
  for (const auto& [demand, line] : lines_)
    if (!line.open.empty() && head(line) < unit) first.emplace(head(line), &demand);
  Reserved reserved;
  for (const auto& [front, demand] : first)
    if (!fits(*demand, reserved)) reserve(*demand, reserved);
  return reserved;
}

// Those of every line that want it too and come first.
DispatchBlock::Ahead Dispatcher::ahead_of(const ReadyUnit& unit, const std::function<bool(const Demand&)>& wants_it) const {
  DispatchBlock::Ahead ahead;
  auto& count = ahead.count;
  const Rank rank{unit.priority, unit.run};
  const auto look_at = [&](const Rank& of, const Units& units) {
    const ReadyUnit found{of.priority, of.run, units.begin()->first, units.begin()->second};
    if (found < unit && (!ahead.first || found < *ahead.first)) ahead.first = found;
  };
  for (const auto& [demand, line] : lines_) {
    if (!wants_it(demand)) continue;
    if (!line.open.empty()) look_at(line.open.begin()->first, line.open.begin()->second);
    for (auto it = line.open.begin(); it != line.open.end() && it->first < rank && count < kAheadCounted; ++it) count += it->second.size();
    const auto& side = is_shut(unit.run) ? line.shut : line.open;
    const auto own = side.find(rank);
    if (own == side.end()) continue;
    look_at(rank, own->second);
    for (auto it = own->second.begin(); it != own->second.end() && it->first < unit.unit && count < kAheadCounted; ++it) ++count;
  }
  count = std::min(count, kAheadCounted);
  return ahead;
}

void Dispatcher::name_holders(DispatchBlock& block, const std::function<bool(const Hold&)>& holds_it) const {
  std::vector<std::pair<WallTime, const std::pair<const AttemptId, Hold>*>> found;
  for (const auto& each : holds_)
    if (holds_it(each.second)) found.emplace_back(each.second.since, &each);
  const auto shown = std::min(found.size(), kHoldersShown);
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(shown), found.end(),
                    [](const auto& a, const auto& b) { return std::tie(a.first, a.second->second.run, a.second->second.unit) < std::tie(b.first, b.second->second.run, b.second->second.unit); });
  for (std::size_t i = 0; i < shown; ++i) block.holders.emplace_back(found[i].second->first, found[i].second->second);
  block.more_holders = found.size() - shown;
}

std::vector<DispatchBlock> Dispatcher::blocks(RunId run, UnitIndex unit) const {
  std::vector<DispatchBlock> result;
  const auto it = waiting_.find({run, unit});
  if (it == waiting_.end()) return result;
  const auto& [line, rank] = it->second;
  const ReadyUnit ready{rank.priority, run, unit, {}};
  if (is_shut(run)) {
    const auto& cap = caps_.at(run);
    DispatchBlock block{.kind = "cap", .what = "", .needs = 1, .size = cap.most, .used = cap.live};
    name_holders(block, [&](const Hold& hold) { return hold.run == run; });
    result.push_back(std::move(block));
  }
  const auto reserved = reserved_before(ready);
  for (const auto& [pool, slots] : line->first.slots) {
    const auto size = pools_.find(pool);
    const bool fits = size != pools_.end() && pool_fits(pool, slots);
    if (fits && !keeps_pool(reserved, pool, slots)) continue;
    DispatchBlock block{.kind = "pool", .what = pool, .needs = slots, .size = size == pools_.end() ? -1 : size->second, .used = used(pool)};
    block.ahead = ahead_of(ready, [&](const Demand& demand) { return demand.slots.contains(pool); });
    if (fits) block.ahead.count = std::max<std::size_t>(block.ahead.count, 1);
    name_holders(block, [&](const Hold& hold) { return hold.demand.slots.contains(pool); });
    result.push_back(std::move(block));
  }
  for (const auto& [resource, mode] : line->first.resources) {
    const bool fits = resource_fits(resource, mode);
    if (fits && !keeps_resource(reserved, resource, mode)) continue;
    DispatchBlock block{.kind = "resource", .what = resource};
    block.ahead = ahead_of(ready, [&](const Demand& demand) { return demand.resources.contains(resource); });
    if (fits) block.ahead.count = std::max<std::size_t>(block.ahead.count, 1);
    name_holders(block, [&](const Hold& hold) { return hold.demand.resources.contains(resource); });
    result.push_back(std::move(block));
  }
  return result;
}

std::vector<ReadyUnit> Dispatcher::lines(std::size_t limit) const {
  std::vector<ReadyUnit> result;
  for (const auto& [demand, line] : lines_)
    for (const auto* side : {&line.open, &line.shut}) {
      std::size_t taken = 0;
      for (auto run = side->begin(); run != side->end() && taken < limit; ++run)
        for (auto unit = run->second.begin(); unit != run->second.end() && taken < limit; ++unit, ++taken)
          result.push_back({run->first.priority, run->first.run, unit->first, unit->second});
    }
  std::sort(result.begin(), result.end());
  if (result.size() > limit) result.resize(limit);
  return result;
}

int Dispatcher::waiting_for_pool(const std::string& pool) const {
  int count = 0;
  for (const auto& [demand, line] : lines_)
    if (demand.slots.contains(pool)) count += static_cast<int>(line.size);
  return count;
}

}  // namespace assetd
