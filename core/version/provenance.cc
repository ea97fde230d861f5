#include "core/version/provenance.h"

#include <algorithm>
#include <cstdio>

#include "core/definition/spec.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr std::size_t kDigits = 12;
constexpr const char* kNoAttempt = "00000000000000000000000000000000";  // of what was reported

std::string hex(std::uint64_t value, int digits) {
  char text[20];
  std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

/// With its length before it, so that two texts never look like one.
void append(std::string& out, std::string_view part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

json to_json(const UsedData& used) {
  json out = {used.key, used.data_version, used.run, used.at.time_since_epoch().count()};
  if (const auto& of = used.of) out.push_back({of->mapped, of->found, of->partition, of->data_version, of->run, of->at.time_since_epoch().count()});
  return out;
}

WallTime moment_of(const json& value) { return WallTime(Millis(value.get<std::int64_t>())); }

UsedData used_from_json(const json& value) {
  UsedData out{value.at(0), value.at(1), value.at(2), moment_of(value.at(3))};
  if (value.size() < 5) return out;
  const auto& of = value.at(4);
  out.of = UsedPartitions{of.at(0), of.at(1), of.at(2), of.at(3), of.at(4), moment_of(of.at(5))};
  return out;
}

}  // namespace

const UsedData* Provenance::input(std::string_view key) const {
  const auto it = std::ranges::find(inputs, key, &UsedData::key);
  return it == inputs.end() ? nullptr : &*it;
}

json to_json(const Provenance& provenance) {
  json out = json::object(), inputs = json::array();
  for (const auto& used : provenance.inputs) inputs.push_back(to_json(used));
  if (!provenance.code_version.empty()) out["code"] = provenance.code_version;
  if (!provenance.commit.empty()) out["commit"] = provenance.commit;
  if (!provenance.options.empty()) out["options"] = provenance.options;
  if (provenance.declared) out["declared"] = true;
  if (provenance.by_content) out["by_content"] = true;
  if (!inputs.empty()) out["inputs"] = std::move(inputs);
  if (!provenance.versions.empty()) out["versions"] = provenance.versions;
  return out;
}

Provenance provenance_from_json(const json& value) {
  Provenance out{value.value("code", ""), value.value("commit", ""), value.value("options", ""), value.value("declared", false)};
  if (const auto inputs = value.find("inputs"); inputs != value.end())
    for (const auto& used : *inputs) out.inputs.push_back(used_from_json(used));
  out.by_content = value.value("by_content", false);
  if (const auto versions = value.find("versions"); versions != value.end()) versions->get_to(out.versions);
  return out;
}

std::string version_of_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3ULL;
  return hex(hash, 16).substr(0, kDigits);
}

std::string code_version_of(const AssetSpec& asset) {
  if (asset.external || !asset.code_version.empty() || !asset.run) return asset.code_version;
  const auto& run = *asset.run;
  std::string all;
  append(all, run.plugin);
  append(all, run.cwd);
  append(all, run.env_file);
  append(all, asset.sources);
  for (const auto& argument : run.command) append(all, argument);
  for (const auto& [name, value] : run.env) append(all, name), append(all, value);
  if (!run.config.empty()) append(all, run.config.dump());
  if (!asset.data.is_null()) append(all, asset.data.dump());
  return version_of_text(all);
}

std::string options_version(const json& options, const std::string& plugin) {
  const auto found = options.is_object() ? options.find(plugin) : options.end();
  return found == options.end() || found->empty() ? "" : version_of_text(found->dump());
}

std::string derived_data_version(const AttemptId& attempt, WallTime at) {
  return attempt.empty() || attempt == kNoAttempt ? "t" + hex(static_cast<std::uint64_t>(at.time_since_epoch().count()), 1) : attempt.substr(0, kDigits);
}

}  // namespace assetd
