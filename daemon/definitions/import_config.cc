#include "daemon/definitions/import_config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <ranges>

#include "core/definition/problems.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// Keys of an import that the daemon itself reads (docs/plugins.md): a plugin's schema does not know them.
constexpr std::array<std::string_view, 21> kDaemonKeys{
    "plugin",      "name",        "key_prefix", "uses",  "pools", "retries", "timeout", "queue_timeout", "env",   "env_file",
    "inherit_env", "stop_signal", "grace",      "group", "tags",  "owners",  "describe_timeout", "checks", "warm", "automation",
    "skip_if_unchanged"};

Json own_keys(const Json& config) {
  auto own = Json::object();
  for (const auto& [key, value] : config.items())
    if (std::ranges::find(kDaemonKeys, key) == kDaemonKeys.end()) own[key] = value;
  return own;
}

std::string absolute(const fs::path& dir, const std::string& path) {
  if (path.empty()) return path;
  auto result = (dir / path).lexically_normal().string();
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

/// Follows a schema and a value together, as far as paths may be marked: properties, items, additionalProperties.
void make_paths_absolute(const Json& schema, Json& value, const fs::path& dir) {
  if (!schema.is_object()) return;
  if (value.is_string() && schema.value("format", "") == "path") value = absolute(dir, value.get<std::string>());
  if (value.is_array() && schema.contains("items"))
    for (auto& item : value) make_paths_absolute(schema["items"], item, dir);
  if (!value.is_object()) return;
  const auto properties = schema.value("properties", Json::object());
  for (auto& [key, inner] : value.items()) {
    if (properties.contains(key))
      make_paths_absolute(properties[key], inner, dir);
    else if (schema.contains("additionalProperties"))
      make_paths_absolute(schema["additionalProperties"], inner, dir);
  }
}

// A bare name is looked up in the PATH; anything with a '/' is a path of the project, also where no schema says so.
void make_python_absolute(Json& config, const fs::path& dir) {
  const auto python = config.find("python");
  if (python == config.end() || !python->is_string()) return;
  if (const auto text = python->get<std::string>(); text.find('/') != std::string::npos) *python = absolute(dir, text);
}

void apply_paths(const Json& schema, Json& config, const fs::path& dir) {
  const auto python = config.find("python");
  const bool bare =
      python != config.end() && python->is_string() && python->get<std::string>().find('/') == std::string::npos;
  const auto as_written = bare ? *python : Json();
  make_paths_absolute(schema, config, dir);
  make_python_absolute(config, dir);
  if (bare) config["python"] = as_written;
}

/// The place of a pointer, or of the nearest thing above it that has one.
SourceRef place_of(const std::map<std::string, SourceRef>& keys, std::string pointer) {
  while (true) {
    if (const auto it = keys.find(pointer); it != keys.end()) return it->second;
    if (pointer.empty()) return {};
    pointer.erase(pointer.rfind('/'));
  }
}

std::string unescape(std::string part) {
  for (const auto& [escaped, plain] : {std::pair<std::string, std::string>{"~1", "/"}, {"~0", "~"}})
    for (auto at = part.find(escaped); at != std::string::npos; at = part.find(escaped, at + 1))
      part.replace(at, 2, plain);
  return part;
}

/// Unknown keys of the top level, which a schema validator tells badly: with the nearest key.
void refuse_unknown(const Json& schema, Json& own, const std::map<std::string, SourceRef>& keys,
                    const std::string& what, std::vector<DefinitionError>& errors) {
  if (!schema.is_object() || schema.value("additionalProperties", Json(true)) != Json(false) ||
      schema.contains("patternProperties"))
    return;
  std::vector<std::string> known;
  const auto properties = schema.value("properties", Json::object());
  for (const auto& [key, unused] : properties.items()) known.push_back(key);
  known.insert(known.end(), kDaemonKeys.begin(), kDaemonKeys.end());
  const std::vector<std::string_view> names(known.begin(), known.end());
  std::vector<std::string> unknown;
  for (const auto& [key, value] : own.items())
    if (!properties.contains(key)) unknown.push_back(key);
  for (const auto& key : unknown) {
    errors.push_back({"unknown key \"" + key + "\" of " + what, suggest(key, names), place_of(keys, "/" + key), ""});
    own.erase(key);
  }
}

void check(const Json& schema, Json own, const std::map<std::string, SourceRef>& keys, const std::string& what,
           std::vector<DefinitionError>& errors) {
  refuse_unknown(schema, own, keys, what, errors);
  for (const auto& [pointer, message] : check_schema(schema, own)) {
    const auto name = pointer.empty() ? what : "\"" + unescape(pointer.substr(1)) + "\" of " + what;
    errors.push_back({name + ": " + message, "", place_of(keys, pointer), ""});
  }
}

}  // namespace

std::string python_of(const Json& config) {
  const auto python = config.find("python");
  return python != config.end() && python->is_string() ? python->get<std::string>() : "";
}

namespace {

/// An error stands within the lines of the import: what the plugin would make of the rest is not worth hearing.
bool was_misread(const ParsedProject& project, std::size_t index) {
  const auto& keys = project.import_keys[index];
  const auto line = [](const auto& key) { return key.second.line; };
  const auto [first, last] = std::ranges::minmax(keys | std::views::transform(line));
  const auto& file = keys.at("").file;
  return std::ranges::any_of(project.errors, [&](const auto& error) {
    return error.source.file == file && error.source.line >= first && error.source.line <= last;
  });
}

}  // namespace

std::vector<DefinitionError> apply_plugins(ParsedProject& project, const std::map<std::string, Plugin>& plugins,
                                           const std::string& project_dir, std::vector<bool>& good_imports) {
  std::vector<DefinitionError> errors;
  auto& definitions = project.definitions;
  const auto dir_of = [&](const SourceRef& source) {
    return fs::path(project_dir) / fs::path(source.file).parent_path();
  };
  for (std::size_t i = 0; i < definitions.imports.size(); ++i) {
    auto& import = definitions.imports[i];
    if (was_misread(project, i) || !plugins.contains(import.plugin)) {
      good_imports.push_back(false);
      continue;
    }
    const auto& plugin = plugins.at(import.plugin);
    const auto before = errors.size();
    check(plugin.config_schema, own_keys(import.config), project.import_keys[i],
          "an import of the plugin \"" + import.plugin + "\"", errors);
    apply_paths(plugin.config_schema, import.config, dir_of(import.source));
    if (import.defaults.run.stop_signal.empty()) import.defaults.run.stop_signal = plugin.stop_signal;
    good_imports.push_back(errors.size() == before);
  }
  for (const auto& block : project.run_blocks) {
    auto& run = block.asset >= 0 ? *definitions.assets[static_cast<std::size_t>(block.asset)].run
                                 : *definitions.checks[static_cast<std::size_t>(block.check)].run;
    if (!plugins.contains(run.plugin)) continue;
    const auto& plugin = plugins.at(run.plugin);
    check(plugin.run_schema, run.config, block.keys, "a run: of the plugin \"" + run.plugin + "\"", errors);
    apply_paths(plugin.run_schema, run.config, dir_of(block.keys.at("")));
    if (run.stop_signal.empty()) run.stop_signal = plugin.stop_signal;
  }
  return errors;
}

}  // namespace assetd
