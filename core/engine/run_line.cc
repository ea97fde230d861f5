#include "core/engine/run_line.h"

#include <utility>

namespace assetd {
namespace {

constexpr const char* kAll = "runs";

std::string name_of(const std::string& tag) { return "tag " + tag; }

/// "team" counts every value of that tag, "team=growth" the one.
bool counts(const std::string& tag, const RunRecord& run) {
  const auto equals = tag.find('=');
  const auto found = run.tags.find(tag.substr(0, equals));
  return found != run.tags.end() && (equals == std::string::npos || found->second == tag.substr(equals + 1));
}

ReadyUnit unit_of(const RunRecord& run) { return {run.priority, run.id, 0, run.created_at}; }

}  // namespace

Demand RunLine::demand_of(const RunRecord& run) const {
  Demand demand;
  if (limits_.runs) demand.slots[kAll] = 1;
  for (const auto& [tag, most] : limits_.tags)
    if (counts(tag, run)) demand.slots[name_of(tag)] = 1;
  return demand;
}

void RunLine::set_limits(RunLimits limits, const std::vector<const RunRecord*>& under_way, const std::vector<const RunRecord*>& waiting) {
  limits_ = std::move(limits);
  std::map<std::string, int> sizes;
  if (limits_.runs) sizes[kAll] = *limits_.runs;
  for (const auto& [tag, most] : limits_.tags) sizes[name_of(tag)] = most;
  slots_ = Dispatcher();
  slots_.set_pools(std::move(sizes));
  for (const auto* run : under_way) this->under_way(*run);
  for (const auto* run : waiting) wait(*run);
}

void RunLine::wait(const RunRecord& run) { slots_.add(unit_of(run), demand_of(run)); }

void RunLine::under_way(const RunRecord& run) { slots_.hold(std::to_string(run.id), {run.id, 0, demand_of(run), run.started_at.value_or(run.created_at)}); }

void RunLine::leave(RunId run) {
  slots_.remove(run, 0);
  slots_.release(std::to_string(run));
}

std::vector<RunId> RunLine::let_in(WallTime now) {
  std::vector<RunId> begin;
  if (slots_.waiting_count() == 0) return begin;
  slots_.dispatch([&](const ReadyUnit& unit, const Demand& demand) {
    slots_.hold(std::to_string(unit.run), {unit.run, 0, demand, now});
    begin.push_back(unit.run);
  });
  return begin;
}

}  // namespace assetd
