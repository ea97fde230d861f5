#include "core/version/changes.h"

#include <set>

#include "core/schedule/cron.h"
#include "core/version/partition_inputs.h"

namespace assetd {
namespace {

using nlohmann::json;

/// As Dagster Pipes writes it, {"raw_value": 5, "type": "int"}, or as it is.
json number_of(const json& metadata, const std::string& name) {
  const auto found = metadata.is_object() ? metadata.find(name) : metadata.end();
  if (found == metadata.end()) return nullptr;
  if (found->is_object() && found->contains("raw_value") && (*found)["raw_value"].is_number()) return (*found)["raw_value"];
  return found->is_number() ? *found : json(nullptr);
}

json text(const std::string& value) { return value.empty() ? json(nullptr) : json(value); }

std::string shown(const json& value) { return value.is_null() ? "none" : value.is_string() ? value.get<std::string>() : value.dump(); }

/// Of those partitions that it was made from, where they were told apart.
UsedData as_found(UsedData used) {
  const auto& of = used.of;
  if (of && !of->data_version.empty() && of->found > 0) used.data_version = of->data_version, used.run = of->run, used.at = of->at;
  return used;
}

bool is_same(const UsedData& then, const UsedData& now) {
  const bool told = then.of && now.of && then.of->mapped <= kMostPartitionsTold && now.of->mapped <= kMostPartitionsTold;
  return told ? is_same_data(*then.of, *now.of) : then.data_version == now.data_version;
}

std::string name_of(const UsedData& used) { return used.of && !used.of->partition.empty() ? used.key + " [" + used.of->partition + "]" : used.key; }

json data_json(const UsedData& used) {
  return {{"run_id", used.run == 0 ? json(nullptr) : json(std::to_string(used.run))}, {"at", format_time(used.at)}, {"data_version", used.data_version}};
}

std::string made(const UsedData& used) { return (used.run == 0 ? "reported at " : "run " + std::to_string(used.run) + " at ") + format_time(used.at); }

std::string in_words(const json& numbers) {
  std::string out;
  for (const auto& number : numbers)
    out += (out.empty() ? "; " : ", ") + number["name"].get<std::string>() + " " + shown(number["from"]) + " → " + shown(number["to"]);
  return out;
}

void compare_texts(const char* kind, const char* what, const std::string& before, const std::string& after, std::vector<VersionChange>& out) {
  if (before == after || before.empty() || after.empty()) return;  // unknown is no change
  out.push_back({kind, "", std::string(what) + " changed from " + before + " to " + after, text(before), text(after)});
}

/// Where one of them does not say, nothing is known of the other's.
void compare_versions(const Provenance& before, const Provenance& after, std::vector<VersionChange>& out) {
  if (before.versions.empty() || after.versions.empty()) return;
  std::set<std::string> names;
  for (const auto* side : {&before.versions, &after.versions})
    for (const auto& [name, version] : *side) names.insert(name);
  const auto version_in = [](const Provenance& found, const std::string& name) {
    const auto it = found.versions.find(name);
    return it == found.versions.end() ? std::string() : it->second;
  };
  for (const auto& name : names) {
    const auto from = version_in(before, name), to = version_in(after, name);
    if (from == to) continue;
    const auto what = from.empty() ? " " + to + " is there, it was not" : to.empty() ? " is no longer there, it was " + from : " changed from " + from + " to " + to;
    out.push_back({"package", name, name + what, text(from), text(to)});
  }
}

void compare_inputs(const Provenance& before, const Provenance& after, const MetadataOf& metadata_of, std::vector<VersionChange>& out) {
  for (const auto& input : after.inputs) {
    const auto* found = before.input(input.key);
    if (found && is_same(*found, input)) continue;
    const auto now = as_found(input);
    const auto then = found ? std::optional(as_found(*found)) : std::nullopt;
    VersionChange change{"upstream", now.key, "", then ? data_json(*then) : json(nullptr), data_json(now)};
    if (then) change.numbers = changed_numbers(metadata_of(*then), metadata_of(now));
    change.detail = name_of(now) + (then ? " has other data: " + made(*then) + " → " + made(now) + in_words(change.numbers) : " was not among its inputs; its data is of " + made(now));
    out.push_back(std::move(change));
  }
  for (const auto& then : before.inputs)
    if (!after.input(then.key)) out.push_back({"upstream", then.key, then.key + " is no longer among its inputs", data_json(then), nullptr});
}

}  // namespace

json changed_numbers(const json& before, const json& after) {
  std::set<std::string> names;
  for (const auto* side : {&before, &after})
    if (side->is_object())
      for (const auto& [name, value] : side->items()) names.insert(name);
  json out = json::array();
  for (const auto& name : names) {
    const auto from = number_of(before, name), to = number_of(after, name);
    if (from != to) out.push_back({{"name", name}, {"from", from}, {"to", to}});
  }
  return out;
}

std::vector<VersionChange> changes_between(const ExecutedStep& before, const ExecutedStep& after, const MetadataOf& metadata_of) {
  std::vector<VersionChange> out;
  compare_texts("code", "its code", before.found.code_version, after.found.code_version, out);
  compare_texts("commit", "the commit", before.found.commit, after.found.commit, out);
  compare_versions(before.found, after.found, out);
  if (before.definitions_version != after.definitions_version)
    out.push_back({"definitions", "", "the definitions changed from version " + std::to_string(before.definitions_version) + " to " + std::to_string(after.definitions_version),
                   std::to_string(before.definitions_version), std::to_string(after.definitions_version)});
  if (before.options != after.options) out.push_back({"options", "", "options: " + before.options.dump() + " → " + after.options.dump(), before.options, after.options});
  compare_inputs(before.found, after.found, metadata_of, out);
  if (!after.metadata.empty())
    for (const auto& number : changed_numbers(before.metadata, after.metadata))
      out.push_back({"metadata", number["name"], number["name"].get<std::string>() + " " + shown(number["from"]) + " → " + shown(number["to"]), number["from"], number["to"]});
  return out;
}

}  // namespace assetd
