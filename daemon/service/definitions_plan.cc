#include "daemon/service/definitions_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/definition/difference.h"
#include "core/version/consequences.h"

namespace assetd {
namespace {

using nlohmann::json;
using Action = DefinitionChange::Action;

constexpr std::size_t kMostListed = 1000;

const char* name_of(Action action) {
  switch (action) {
    case Action::added: return "added";
    case Action::removed: return "removed";
    case Action::renamed: return "renamed";
    case Action::changed: break;
  }
  return "changed";
}

json change_json(const DefinitionChange& change) {
  json fields = json::array();
  for (const auto& field : change.fields) fields.push_back(to_json(field));
  return {{"action", name_of(change.action)}, {"kind", change.kind}, {"name", change.name},
          {"renamed_from", change.renamed_from.empty() ? json() : json(change.renamed_from)}, {"fields", std::move(fields)}};
}

/// `"a"+ or "b"+` where that is what is stale, else its keys: below an external asset nothing is stale for its sake, and `+` goes on there.
std::string select_of(const Consequences& found, const Project& next) {
  std::vector<AssetId> roots;
  for (const auto& [id, cause] : found.causes) roots.push_back(id);
  const auto below = next.graph.descendants(roots);
  std::size_t reached = 0;
  for (AssetId id = 0; id < below.size(); ++id) reached += below[id] && !next.definitions.assets[id].external;
  const bool is_all_below = reached == found.stale.size();
  std::string select;
  for (const auto id : is_all_below ? roots : found.stale) select += (select.empty() ? "\"" : " or \"") + next.graph.key(id) + (is_all_below ? "\"+" : "\"");
  return select;
}

/// What no longer equals what its definition would give, with all that is made from it; `select` means the same to POST /runs.
json stale_json(const Consequences& found, const Project& next) {
  json keys = json::array(), causes = json::object();
  for (const auto id : found.stale) {
    if (keys.size() == kMostListed) break;
    keys.push_back(next.graph.key(id));
    if (const auto cause = found.causes.find(id); cause != found.causes.end()) causes[next.graph.key(id)] = to_string(cause->second);
  }
  const auto select = select_of(found, next);
  return {{"keys", std::move(keys)}, {"total", found.stale.size()}, {"causes", std::move(causes)}, {"select", select.empty() ? json() : json(select)}};
}

json partitions_json(const Consequences& found, const Project& next) {
  json out = json::array();
  for (const auto& [id, of] : found.partitions) {
    if (out.size() == kMostListed) break;
    out.push_back({{"key", next.graph.key(id)}, {"missing", of.missing}, {"more_missing", of.more_missing}, {"in_run", of.usual}});
  }
  return out;
}

/// Names of schedules that tick, or sensors that look, by themselves.
template <typename Spec>
std::set<std::string> active(const std::vector<Spec>& specs) {
  std::set<std::string> out;
  for (const auto& each : specs)
    if (!each.paused) out.insert(each.name);
  return out;
}

/// Keys of assets that have a condition, those of before by what they are called after.
std::set<std::string> automated(const Definitions& definitions, const std::map<std::string, std::string>& heirs = {}) {
  std::set<std::string> out;
  for (const auto& asset : definitions.assets) {
    const auto heir = heirs.find(asset.key);
    if (!asset.automation.empty()) out.insert(heir == heirs.end() ? asset.key : heir->second);
  }
  return out;
}

json missing_in(const std::set<std::string>& names, const std::set<std::string>& others) {
  json out = json::array();
  std::ranges::copy_if(names, std::back_inserter(out), [&](const std::string& name) { return !others.contains(name); });
  return out;
}

json counted(const json& names) {
  json listed = json::array();
  for (const auto& name : names)
    if (listed.size() < kMostListed) listed.push_back(name);
  return {{"keys", std::move(listed)}, {"total", names.size()}};
}

/// Those under way that would go on with assets of other names, or could not go on.
json backfills_json(const std::vector<const Backfill*>& backfills, const Project& next, const DynamicKeys& dynamic) {
  json out = json::array();
  if (backfills.empty()) return out;
  const auto table = PartitionTable::make(next.definitions, next.graph, dynamic);
  for (const auto* backfill : backfills) {
    auto after = *backfill;
    follow(after, next.definitions, next.graph, table);
    json renamed = json::object();
    for (std::size_t group = 0; group < after.groups.size(); ++group)
      for (std::size_t i = 0; i < after.groups[group].assets.size(); ++i)
        if (const auto &was = backfill->groups[group].assets[i], &is = after.groups[group].assets[i]; was != is) renamed[was] = is;
    std::string why;
    const bool goes_on = BackfillPlan::make(after, next.definitions, next.graph, table, why).has_value();
    if (goes_on && renamed.empty()) continue;
    out.push_back({{"id", std::to_string(backfill->id)}, {"status", to_string(backfill->status)}, {"renamed", std::move(renamed)}, {"ends", goes_on ? json() : json(why)}});
  }
  return out;
}

}  // namespace

std::string plan_id(const Project* current, const std::string& next_hash) {
  return std::to_string(current ? current->version : 0) + "-" + next_hash.substr(0, 16);
}

namespace {

json listing(const std::vector<DefinitionChange>& changes) {
  json listed = json::array();
  std::map<std::string, std::size_t> counts{{"added", 0}, {"changed", 0}, {"removed", 0}, {"renamed", 0}};
  for (const auto& change : changes) {
    ++counts[name_of(change.action)];
    if (listed.size() < kMostListed) listed.push_back(change_json(change));
  }
  return {{"changes", std::move(listed)}, {"changes_total", changes.size()}, {"counts", counts}};
}

}  // namespace

json changes_body(const std::vector<DefinitionChange>& changes) { return listing(changes); }

json plan_body(const Project* current, const Project& next, const PlanWorld& world) {
  static const Project nothing;
  const auto& served = current ? *current : nothing;
  const auto changes = difference(served.definitions, next.definitions);
  const auto found = consequences({served.definitions, served.graph, world.state}, next.definitions, next.graph, world.dynamic, world.now);
  const auto &before = served.definitions, &after = next.definitions;
  std::map<std::string, std::string> heirs;
  for (const auto& change : changes)
    if (change.action == Action::renamed && change.kind == "asset") heirs[change.renamed_from] = change.name;
  auto body = listing(changes);
  body["id"] = plan_id(current, next.hash);
  body["base_version"] = current ? json(std::to_string(current->version)) : json();
  body["stale"] = stale_json(found, next);
  body["partitions"] = partitions_json(found, next);
  body["schedules_started"] = missing_in(active(after.schedules), active(before.schedules));
  body["schedules_stopped"] = missing_in(active(before.schedules), active(after.schedules));
  body["sensors_started"] = missing_in(active(after.sensors), active(before.sensors));
  body["sensors_stopped"] = missing_in(active(before.sensors), active(after.sensors));
  const auto had_condition = automated(before, heirs), has_condition = automated(after);
  body["automation_started"] = counted(missing_in(has_condition, had_condition));
  body["automation_stopped"] = counted(missing_in(had_condition, has_condition));
  body["backfills"] = backfills_json(world.backfills, next, world.dynamic);
  return body;
}

}  // namespace assetd
