#include "core/engine/dispatcher.h"

#include <algorithm>
#include <iterator>
#include <ranges>

namespace assetd {
namespace {
constexpr std::size_t kHoldersShown = 5;
}

int Dispatcher::used(const std::string& pool) const {
  const auto it = used_.find(pool);
  return it == used_.end() ? 0 : it->second;
}

void Dispatcher::add(const ReadyUnit& unit, const Demand& demand) {
  const auto line = lines_.try_emplace(demand).first;
  line->second.insert(unit);
  waiting_[{unit.run, unit.unit}] = {&line->first, unit};
}

void Dispatcher::remove(RunId run, UnitIndex unit) {
  const auto it = waiting_.find({run, unit});
  if (it == waiting_.end()) return;
  const auto line = lines_.find(*it->second.first);
  line->second.erase(it->second.second);
  waiting_.erase(it);
  if (line->second.empty()) lines_.erase(line);
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

bool Dispatcher::fits(const Demand& demand, const Reserved& reserved) const {
  for (const auto& [pool, slots] : demand.slots)
    if (reserved.pools.contains(pool) || !pool_fits(pool, slots)) return false;
  for (const auto& [resource, mode] : demand.resources)
    if (reserved.resources.contains(resource) || !resource_fits(resource, mode)) return false;
  return true;
}

// A demand larger than its pool can never start: it must not keep others waiting.
void Dispatcher::reserve(const Demand& demand, Reserved& reserved) const {
  for (const auto& [pool, slots] : demand.slots) {
    const auto size = pools_.find(pool);
    if (size == pools_.end() || slots > size->second) return;
  }
  for (const auto& [pool, slots] : demand.slots)
    if (!pool_fits(pool, slots)) reserved.pools.insert(pool);
  for (const auto& [resource, mode] : demand.resources)
    if (!resource_fits(resource, mode)) reserved.resources.insert(resource);
}

void Dispatcher::dispatch(const std::function<void(const ReadyUnit&, const Demand&)>& launch) {
  Reserved reserved;
  std::set<const Demand*> blocked;
  while (true) {
    auto best = lines_.end();
    for (auto line = lines_.begin(); line != lines_.end(); ++line)
      if (!blocked.contains(&line->first) && (best == lines_.end() || *line->second.begin() < *best->second.begin())) best = line;
    if (best == lines_.end()) return;
    if (!fits(best->first, reserved)) {
      reserve(best->first, reserved);
      blocked.insert(&best->first);
      continue;
    }
    const auto unit = *best->second.begin();
    const auto demand = best->first;
    remove(unit.run, unit.unit);
    launch(unit, demand);
  }
}

void Dispatcher::hold(const AttemptId& attempt, Hold hold) {
  for (const auto& [pool, slots] : hold.demand.slots) used_[pool] += slots;
  for (const auto& [resource, mode] : hold.demand.resources) {
    if (mode == HoldMode::write) resources_[resource].writer = true;
    else ++resources_[resource].readers;
  }
  holds_.emplace(attempt, std::move(hold));
}

void Dispatcher::release(const AttemptId& attempt) {
  const auto it = holds_.find(attempt);
  if (it == holds_.end()) return;
  for (const auto& [pool, slots] : it->second.demand.slots) used_[pool] -= slots;
  for (const auto& [resource, mode] : it->second.demand.resources) {
    if (mode == HoldMode::write) resources_[resource].writer = false;
    else --resources_[resource].readers;
  }
  holds_.erase(it);
}

// What the first of other lines keep for themselves before it is this unit's turn.
Dispatcher::Reserved Dispatcher::reserved_before(const ReadyUnit& unit) const {
  std::map<ReadyUnit, const Demand*> first;
  for (const auto& [demand, line] : lines_)
    if (*line.begin() < unit) first.emplace(*line.begin(), &demand);
  Reserved reserved;
  for (const auto& [head, demand] : first)
    if (!fits(*demand, reserved)) reserve(*demand, reserved);
  return reserved;
}

std::vector<DispatchBlock> Dispatcher::blocks(RunId run, UnitIndex unit) const {
  std::vector<DispatchBlock> result;
  const auto it = waiting_.find({run, unit});
  if (it == waiting_.end()) return result;
  const auto& [demand, ready] = it->second;
  const auto& line = lines_.at(*demand);
  const auto ahead = static_cast<std::size_t>(std::distance(line.begin(), line.find(ready)));
  const auto reserved = reserved_before(ready);
  const auto holders = [&](const auto& holds_it) {
    std::vector<std::pair<AttemptId, Hold>> found;
    for (const auto& [attempt, hold] : holds_)
      if (found.size() < kHoldersShown && holds_it(hold)) found.emplace_back(attempt, hold);
    return found;
  };
  for (const auto& [pool, slots] : demand->slots) {
    const auto size = pools_.find(pool);
    const bool fits = size != pools_.end() && pool_fits(pool, slots);
    if (fits && !reserved.pools.contains(pool)) continue;
    DispatchBlock block{"pool", pool, slots, size == pools_.end() ? 0 : size->second, used(pool), {}, std::max<std::size_t>(ahead, fits ? 1 : 0)};
    block.holders = holders([&](const Hold& hold) { return hold.demand.slots.contains(pool); });
    result.push_back(std::move(block));
  }
  for (const auto& [resource, mode] : demand->resources) {
    const bool fits = resource_fits(resource, mode);
    if (fits && !reserved.resources.contains(resource)) continue;
    DispatchBlock block{"resource", resource, 0, 0, 0, {}, std::max<std::size_t>(ahead, fits ? 1 : 0)};
    block.holders = holders([&](const Hold& hold) { return hold.demand.resources.contains(resource); });
    result.push_back(std::move(block));
  }
  return result;
}

std::vector<ReadyUnit> Dispatcher::lines(std::size_t limit) const {
  std::vector<ReadyUnit> result;
  for (const auto& [demand, line] : lines_)
    std::ranges::copy(line | std::views::take(limit), std::back_inserter(result));
  std::sort(result.begin(), result.end());
  if (result.size() > limit) result.resize(limit);
  return result;
}

int Dispatcher::waiting_for_pool(const std::string& pool) const {
  int count = 0;
  for (const auto& [demand, line] : lines_)
    if (demand.slots.contains(pool)) count += static_cast<int>(line.size());
  return count;
}

}  // namespace assetd
