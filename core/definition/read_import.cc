// imports:, pools: and resources:.
#include <algorithm>
#include <array>

#include "core/definition/lexical_path.h"
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/definition/variables.h"
#include "core/graph/asset_key.h"

namespace assetd {
namespace {

/// A name for an import that has none of its own until `describe` gives one: the plugin's, numbered from the second on.
std::string stand_in_name(const std::vector<ImportSpec>& imports, const std::string& plugin) {
  const auto taken = [&](const std::string& name) {
    return std::any_of(imports.begin(), imports.end(), [&](const auto& import) { return import.name == name; });
  };
  auto name = plugin;
  for (int number = 2; taken(name); ++number) name = plugin + "_" + std::to_string(number);
  return name;
}

std::string read_key_prefix(MapReader& reader) {
  auto prefix = reader.text("key_prefix").value_or("");
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty()) return prefix;
  if (const auto checked = check_asset_key(prefix); !checked)
    reader.file().error(reader.at("key_prefix"), "\"" + prefix + "\" can't begin a key: " + checked.error());
  return prefix;
}

void read_defaults(Reading& reading, MapReader& reader, ImportSpec& import) {
  auto& defaults = import.defaults;
  auto process = read_process(reader, reading.process);
  defaults.run.plugin = import.plugin;
  defaults.run.env = std::move(process.env);
  defaults.run.env_file = std::move(process.env_file);
  defaults.run.inherit_env = std::move(process.inherit_env);
  defaults.run.warm = process.warm;
  defaults.run.stop_signal.clear();
  read_bounds(reader, defaults.run);
  defaults.group = reader.text("group").value_or("");
  defaults.owners = reader.texts("owners");
  defaults.tags = read_tags(reader);
  defaults.pools = read_pools(reading, reader);
  defaults.uses = read_uses(reading, reader);
  defaults.retries = read_retries(reading, reader, reading.retries);
  defaults.automation = read_automation(reader);
  defaults.skip_if_unchanged = reader.boolean("skip_if_unchanged").value_or(false);
}

bool looks_like_path(std::string_view key, const std::string& value) {
  constexpr std::array<std::string_view, 3> kEndings{"_path", "_dir", "_file"};
  const bool named = key == "path" ||
                     std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return key.ends_with(ending); });
  // "s3://…", ":memory:" and "md:…" are no paths, and a secret is not known yet.
  return named && !value.empty() && value.find(':') == std::string::npos;
}

std::string absolute(const LoadContext& context, const SourceFile& file, const std::string& path) {
  return joined_path(context.project_dir, file.project_path(path));
}

}  // namespace

void read_import(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "an import");
  if (!reader.is_map()) return;
  ImportSpec import;
  import.source = file.at(node);
  import.plugin = read_plugin_name(reading, reader, false);
  import.named = reader.take("name") != nullptr;
  import.name = import.named ? read_name(reader) : stand_in_name(reading.definitions().imports, import.plugin);
  import.key_prefix = read_key_prefix(reader);
  import.describe_timeout = reader.duration("describe_timeout");
  if (import.describe_timeout > std::chrono::hours(1))
    file.error(reader.at("describe_timeout"), "\"describe_timeout\" is at most 1h");
  read_defaults(reading, reader, import);
  import.config = to_json(node);
  for (const auto* entry : reader.rest()) {
    const auto refuse_secret = [&](const auto& self, const YamlNode& value) -> void {
      if (value.kind == YamlNode::Kind::scalar)
        (void)(value.text.empty() || read_text(file, value, "a plugin's own key"));
      for (const auto& item : value.items) self(self, item);
      for (const auto& inner : value.entries) self(self, inner.value);
    };
    refuse_secret(refuse_secret, entry->value);
  }
  if (import.plugin.empty()) return;
  reading.result.import_keys.push_back(pointers_of(node, file));
  reading.definitions().imports.push_back(std::move(import));
}

void read_pool_definitions(Reading& reading, const SourceFile& file, const YamlNode& node) {
  constexpr int kMost = 1'000'000;
  MapReader pools(file, node, "pools:");
  for (const auto& entry : node.entries) {
    check_name(file, file.key_at(entry), entry.key, "a pool");
    std::optional<std::int64_t> slots;
    if (entry.value.kind == YamlNode::Kind::scalar) {
      slots = pools.integer(entry.key, 1, kMost);
    } else {
      MapReader pool(file, entry.value, "the pool \"" + entry.key + "\"");
      pool.require("slots");
      slots = pool.integer("slots", 1, kMost);
      pool.refuse_rest();
    }
    if (!reading.definitions().pools.emplace(entry.key, PoolSpec{static_cast<int>(slots.value_or(1))}).second)
      file.error(file.key_at(entry), "the pool \"" + entry.key + "\" is defined a second time");
  }
}

void read_resource_definitions(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader resources(file, node, "resources:");
  for (const auto& entry : node.entries) {
    check_name(file, file.key_at(entry), entry.key, "a resource");
    MapReader reader(file, entry.value, "the resource \"" + entry.key + "\"");
    ResourceSpec resource;
    resource.kind = reader.required_text("kind");
    for (const auto* own : reader.rest()) {
      auto value = to_json(own->value);
      if (value.is_string() && looks_like_path(own->key, value.get<std::string>()))
        value = absolute(reading.context, file, value.get<std::string>());
      resource.config[own->key] = std::move(value);
    }
    if (!reading.definitions().resources.emplace(entry.key, std::move(resource)).second)
      file.error(file.key_at(entry), "the resource \"" + entry.key + "\" is defined a second time");
  }
}

}  // namespace assetd
