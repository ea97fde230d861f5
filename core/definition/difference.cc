#include "core/definition/difference.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "core/definition/compiled_values.h"
#include "core/definition/names.h"
#include "core/schedule/cron.h"
#include "core/time.h"

namespace assetd {
namespace {

using Json = nlohmann::json;
using Action = DefinitionChange::Action;

/// Objects of one kind, by name, each made into JSON when it is looked at.
using Objects = std::map<std::string, std::function<Json()>>;

void compare(const std::string& path, const Json& before, const Json& after, std::vector<FieldChange>& out) {
  if (before == after) return;
  const auto is_map = [](const Json& value) { return value.is_object() || value.is_null(); };
  if (!is_map(before) || !is_map(after) || (before.is_null() && after.is_null())) return out.push_back({path, before, after});
  std::set<std::string> names;
  for (const auto* side : {&before, &after})
    for (const auto& [name, value] : side->items()) names.insert(name);
  const auto at = [](const Json& map, const std::string& name) { return map.is_object() && map.contains(name) ? map[name] : Json(); };
  for (const auto& name : names) compare(path.empty() ? name : path + "." + name, at(before, name), at(after, name), out);
}

void compare(const char* kind, const Objects& before, const Objects& after, std::vector<DefinitionChange>& out) {
  std::set<std::string> names;
  for (const auto* side : {&before, &after})
    for (const auto& [name, make] : *side) names.insert(name);
  for (const auto& name : names) {
    const auto old = before.find(name), now = after.find(name);
    if (old == before.end()) out.push_back({kind, name, Action::added, "", {}});
    else if (now == after.end()) out.push_back({kind, name, Action::removed, "", {}});
    else if (DefinitionChange change{kind, name, Action::changed, "", {}}; compare("", old->second(), now->second(), change.fields), !change.fields.empty())
      out.push_back(std::move(change));
  }
}

std::string import_name(const Definitions& definitions, int import) {
  return import < 0 ? "" : definitions.imports[static_cast<std::size_t>(import)].name;
}

/// Without where it is written; with names for numbers.
Json shown(Json value, const Definitions& definitions, int import) {
  value.erase("at");
  value.erase("import");
  if (import >= 0) value["import"] = import_name(definitions, import);
  return value;
}

Json shown(const AssetSpec& asset, const Definitions& definitions) {
  auto value = shown(compiled::write(asset), definitions, asset.import);
  value.erase("key");
  value.erase("renamed_from");
  value.erase("renamed_from_at");
  value.erase("automation_at");
  value.erase("deps");
  for (const auto& dep : asset.deps) {
    value["deps"][dep.asset] = name_of(dep.on_failure);
    if (!dep.partitions.is_null()) value["deps"][dep.asset] = {{"on_failure", name_of(dep.on_failure)}, {"partitions", dep.partitions}};
  }
  if (asset.run) value["run"] = compiled::write(*asset.run);
  return value;
}

Json shown(const CheckSpec& check, const Definitions& definitions) {
  auto value = shown(compiled::write(check), definitions, check.import);
  if (check.run) value["run"] = compiled::write(*check.run);
  return value;
}

Objects assets_of(const Definitions& definitions, const std::map<std::string, std::string>& present_name) {
  Objects out;
  for (const auto& asset : definitions.assets) {
    const auto renamed = present_name.find(asset.key);
    out[renamed == present_name.end() ? asset.key : renamed->second] = [&] { return shown(asset, definitions); };
  }
  return out;
}

template <typename Spec>
Objects named(const std::vector<Spec>& specs) {
  Objects out;
  for (const auto& spec : specs)
    out[spec.name] = [&spec] {
      auto value = compiled::write(spec);
      for (const auto* place : {"at", "select_at", "target_at", "asset_at"}) value.erase(place);
      return value;
    };
  return out;
}

Objects checks_of(const Definitions& definitions) {
  Objects out;
  for (const auto& check : definitions.checks) out[check.home + ":" + check.name] = [&] { return shown(check, definitions); };
  return out;
}

Objects exposures_of(const Definitions& definitions) {
  Objects out;
  for (const auto& exposure : definitions.exposures) out[exposure.name] = [&] { return shown(compiled::write(exposure), definitions, exposure.import); };
  return out;
}

Objects pools_of(const Definitions& definitions) {
  Objects out;
  for (const auto& [name, pool] : definitions.pools) out[name] = [&pool = pool] { return Json{{"slots", pool.slots}}; };
  return out;
}

Objects resources_of(const Definitions& definitions) {
  Objects out;
  for (const auto& [name, resource] : definitions.resources)
    out[name] = [&resource = resource] { return Json{{"kind", resource.kind}, {"config", resource.config}}; };
  return out;
}

Json project_of(const Definitions& definitions) {
  auto value = compiled::write_project(definitions);
  for (const auto* elsewhere : {"pools", "resources", "warnings"}) value.erase(elsewhere);
  return value;
}

void compare_assets(const Definitions& before, const Definitions& after, std::vector<DefinitionChange>& out) {
  const auto present_name = renames(before, after);
  std::map<std::string, std::string> old_name;
  for (const auto& [old, present] : present_name) old_name[present] = old;
  std::vector<DefinitionChange> found;
  const auto old = assets_of(before, present_name), now = assets_of(after, {});
  compare("asset", old, now, found);
  for (auto& change : found)
    if (const auto it = old_name.find(change.name); it != old_name.end()) {
      change.action = Action::renamed;
      change.renamed_from = it->second;
      old_name.erase(it);
    }
  for (const auto& [present, former] : old_name) found.push_back({"asset", present, Action::renamed, former, {}});  // nothing else changed
  std::ranges::stable_sort(found, {}, &DefinitionChange::name);
  std::ranges::move(found, std::back_inserter(out));
}

/// By the last part of its name. What users name themselves (env, tags, config of a resource) is of no known unit.
bool is_duration(const std::string& field) {
  static const std::set<std::string, std::less<>> kDurations = {"cpu_time", "delay", "describe_timeout", "every", "give_up", "grace", "jitter", "max_delay", "queue_timeout", "repeat",
                                                               "settle", "timeout", "tolerance", "warn", "within"};
  const auto dot = field.rfind('.');
  const auto inside = std::string_view(field).substr(0, dot == std::string::npos ? 0 : dot);
  for (const auto* own : {"env", "tags", "config", "vars", "data"})
    if (inside == own || inside.starts_with(std::string(own) + ".") || inside.find("." + std::string(own)) != std::string_view::npos) return false;
  return kDurations.contains(std::string_view(field).substr(dot == std::string::npos ? 0 : dot + 1));
}

Json duration_text(const Json& value) { return value.is_number_integer() ? Json(format_duration(Millis(value.get<std::int64_t>()))) : Json(); }

}  // namespace

Json to_json(const FieldChange& field) {
  Json out = {{"field", field.field}, {"before", field.before}, {"after", field.after}};
  const auto fits = [](const Json& value) { return value.is_null() || value.is_number_integer(); };  // jitter of retries is a share
  if (!is_duration(field.field) || !fits(field.before) || !fits(field.after)) return out;
  out["before_text"] = duration_text(field.before);
  out["after_text"] = duration_text(field.after);
  return out;
}

std::map<std::string, std::string> renames(const Definitions& before, const Definitions& after) {
  std::set<std::string> old, present;
  for (const auto& asset : before.assets) old.insert(asset.key);
  for (const auto& asset : after.assets) present.insert(asset.key);
  std::map<std::string, std::string> out;
  for (const auto& asset : after.assets)
    if (!asset.renamed_from.empty() && old.contains(asset.renamed_from) && !present.contains(asset.renamed_from) && !old.contains(asset.key))
      out[asset.renamed_from] = asset.key;
  return out;
}

std::vector<DefinitionChange> difference(const Definitions& before, const Definitions& after) {
  std::vector<DefinitionChange> out;
  compare_assets(before, after, out);
  compare("check", checks_of(before), checks_of(after), out);
  compare("import", named(before.imports), named(after.imports), out);
  compare("job", named(before.jobs), named(after.jobs), out);
  compare("schedule", named(before.schedules), named(after.schedules), out);
  compare("sensor", named(before.sensors), named(after.sensors), out);
  compare("alert", named(before.alerts), named(after.alerts), out);
  compare("exposure", exposures_of(before), exposures_of(after), out);
  compare("pool", pools_of(before), pools_of(after), out);
  compare("resource", resources_of(before), resources_of(after), out);
  DefinitionChange project{"project", "", Action::changed, "", {}};
  compare("", project_of(before), project_of(after), project.fields);
  if (!project.fields.empty()) out.push_back(std::move(project));
  return out;
}

}  // namespace assetd
