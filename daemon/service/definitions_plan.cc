#include "daemon/service/definitions_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/definition/difference.h"

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
  for (const auto& field : change.fields) fields.push_back({{"field", field.field}, {"before", field.before}, {"after", field.after}});
  return {{"action", name_of(change.action)}, {"kind", change.kind}, {"name", change.name},
          {"renamed_from", change.renamed_from.empty() ? json() : json(change.renamed_from)}, {"fields", std::move(fields)}};
}

/// Does it change what the asset's step computes, or from what?
bool is_of_the_result(const FieldChange& change) {
  return change.field == "run" || change.field == "deps" || change.field == "data" || change.field == "code_version" || change.field == "sources" || change.field == "external" ||
         change.field.starts_with("run.") || change.field.starts_with("deps.") || change.field.starts_with("data.");
}

bool is_to_be_computed(const DefinitionChange& change) {
  if (change.kind != "asset" || change.action == Action::removed) return false;
  return change.action == Action::added || std::ranges::any_of(change.fields, is_of_the_result);
}

/// What no longer equals what its definition would give, with all that is made from it; `select` means the same to POST /runs.
json stale_json(const std::vector<DefinitionChange>& changes, const Project& next) {
  std::vector<AssetId> roots;
  std::string select;
  for (const auto& change : changes) {
    const auto id = is_to_be_computed(change) ? next.graph.find(change.name) : std::nullopt;
    if (!id || next.definitions.assets[*id].external) continue;
    roots.push_back(*id);
    select += (select.empty() ? "" : " or ") + ("\"" + change.name + "\"+");
  }
  const auto below = next.graph.descendants(roots);
  json keys = json::array();
  std::size_t total = 0;
  for (AssetId id = 0; id < below.size(); ++id) {
    if (!below[id] || next.definitions.assets[id].external) continue;
    if (++total <= kMostListed) keys.push_back(next.graph.key(id));
  }
  return {{"keys", std::move(keys)}, {"total", total}, {"select", select.empty() ? json() : json(select)}};
}

/// Names of schedules that tick by themselves.
std::set<std::string> active_schedules(const Project* project) {
  std::set<std::string> out;
  if (!project) return out;
  for (const auto& schedule : project->definitions.schedules)
    if (!schedule.paused) out.insert(schedule.name);
  return out;
}

json missing_in(const std::set<std::string>& names, const std::set<std::string>& others) {
  json out = json::array();
  std::ranges::copy_if(names, std::back_inserter(out), [&](const std::string& name) { return !others.contains(name); });
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

json changes_body(const Definitions& before, const Definitions& after) { return listing(difference(before, after)); }

json plan_body(const Project* current, const Project& next) {
  const auto changes = difference(current ? current->definitions : Definitions{}, next.definitions);
  const auto before = active_schedules(current), after = active_schedules(&next);
  auto body = listing(changes);
  body["id"] = plan_id(current, next.hash);
  body["base_version"] = current ? json(std::to_string(current->version)) : json();
  body["stale"] = stale_json(changes, next);
  body["schedules_started"] = missing_in(after, before);
  body["schedules_stopped"] = missing_in(before, after);
  return body;
}

}  // namespace assetd
