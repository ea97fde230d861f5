// assets:, external: and their checks.
#include <algorithm>

#include "core/definition/outputs.h"
#include "core/definition/reading.h"
#include "core/definition/scalars.h"
#include "core/graph/asset_key.h"

namespace assetd {
namespace {

/// Is it a key? An error points at the character that is not.
bool check_key(const SourceFile& file, const YamlNode& node, const std::string& key) {
  const auto checked = check_asset_key(key);
  if (!checked) file.error(node, "\"" + key + "\" is no asset key: " + checked.error());
  return checked.has_value();
}

std::optional<DependencySpec> read_dependency(const SourceFile& file, const YamlNode& node) {
  DependencySpec dep;
  dep.source = file.at(node);
  if (node.kind != YamlNode::Kind::map) {
    const auto key = read_text(file, node, "a dependency");
    if (!key || !check_key(file, node, *key)) return std::nullopt;
    dep.asset = *key;
    return dep;
  }
  MapReader reader(file, node, "a dependency");
  dep.asset = reader.required_text("asset");
  if (const auto* key = node.find("asset")) dep.source = file.at(*key);
  dep.on_failure = reader.word<OnFailure>("on_failure").value_or(OnFailure::skip);
  dep.partitions = read_partition_mapping(reader);
  reader.refuse_rest();
  const auto* key = node.find("asset");
  if (dep.asset.empty() || !check_key(file, *key, dep.asset)) return std::nullopt;
  return dep;
}

void read_dependencies(MapReader& reader, AssetSpec& asset) {
  const auto* deps = reader.take("deps");
  if (!deps) return;
  if (deps->kind != YamlNode::Kind::sequence)
    return reader.refuse("deps", *deps, "a list",
                         deps->kind == YamlNode::Kind::scalar ? "write [" + deps->text + "]" : "");
  for (const auto& item : deps->items)
    if (auto dep = read_dependency(reader.file(), item)) asset.deps.push_back(std::move(*dep));
}

void read_facts(MapReader& reader, AssetSpec& asset) {
  asset.description = reader.text("description").value_or("");
  asset.group = reader.text("group").value_or("");
  asset.kinds = reader.texts("kinds");
  asset.owners = reader.texts("owners");
  asset.tags = read_tags(reader);
  asset.runbook = reader.text("runbook").value_or("");
  if (const auto* metadata = reader.take("metadata")) {
    if (metadata->kind == YamlNode::Kind::map)
      asset.metadata = to_json(*metadata);
    else
      reader.refuse("metadata", *metadata, "a mapping");
  }
}

void read_run_of_asset(Reading& reading, MapReader& reader, AssetSpec& asset, const ProcessDefaults& process) {
  const auto* run = reader.take("run");
  if (run && asset.external)
    reader.file().error(*run, "an external asset is made elsewhere and has no run:", "remove run: or external: true");
  if (run) asset.run = read_run(reading, reader.file(), *run, process);
  if (!run && !asset.external && reader.is_map())
    reader.file().error(reader.at(), "the asset \"" + asset.key + "\" has no run:, so nothing can make it",
                        "add run: {command: […]}, or list it under external:");
}

void read_automation_of_asset(MapReader& reader, AssetSpec& asset) {
  asset.automation = read_automation(reader);
  if (asset.automation == kNoAutomation) asset.automation.clear();
  if (asset.automation.contains('"')) asset.automation_source = automation_source(reader);
  if (asset.external && !asset.automation.empty())
    reader.file().error(reader.at("automation"), "an external asset is made elsewhere and has no automation:", "remove automation: or external: true");
}

void note_run_block(Reading& reading, const SourceFile& file, const YamlNode& node, const std::optional<RunSpec>& run,
                    int asset, int check) {
  const auto* block = node.find("run");
  if (!block || !run || run->plugin == "exec") return;
  reading.result.run_blocks.push_back({asset, check, pointers_of(*block, file)});
}

void read_checks(Reading& reading, MapReader& reader, const std::string& home, const ProcessDefaults& process) {
  const auto* checks = reader.take("checks");
  if (!checks) return;
  if (checks->kind != YamlNode::Kind::sequence) return reader.refuse("checks", *checks, "a list");
  for (const auto& check : checks->items) read_check(reading, reader.file(), check, home, process);
}

void read_former_key(MapReader& reader, AssetSpec& asset) {
  const auto* node = reader.take("renamed_from");
  if (!node) return;
  if (node->kind != YamlNode::Kind::scalar) return reader.refuse("renamed_from", *node, "the key that the asset had", "name one: an asset goes on with one history");
  asset.renamed_from_source = reader.file().at(*node);
  if (const auto key = reader.text("renamed_from"); key && check_key(reader.file(), *node, *key)) asset.renamed_from = *key;
}

std::string read_key(MapReader& reader) {
  const auto key = reader.required_text("key");
  if (const auto* node = reader.node().find("key"); node && node->kind == YamlNode::Kind::scalar)
    check_key(reader.file(), *node, key);
  return key;
}

}  // namespace

void read_asset(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "an asset");
  if (!reader.is_map()) return;
  AssetSpec asset;
  asset.source = file.at(node);
  asset.key = read_key(reader);
  read_facts(reader, asset);
  read_dependencies(reader, asset);
  asset.code_version = reader.text("code_version").value_or("");
  read_former_key(reader, asset);
  asset.external = reader.boolean("external").value_or(false);
  asset.skip_if_unchanged = reader.boolean("skip_if_unchanged").value_or(false);
  const auto process = read_process(reader, reading.process);
  read_run_of_asset(reading, reader, asset, process);
  asset.retries = read_retries(reading, reader, reading.retries);
  asset.pools = read_pools(reading, reader);
  asset.uses = read_uses(reading, reader);
  read_automation_of_asset(reader, asset);
  asset.freshness = read_freshness(reader);
  asset.partitions = read_partitions(reading, reader);
  read_checks(reading, reader, asset.key, process);
  reader.refuse_misplaced("per_process", "partitions:", "as in partitions: {daily: {start: 2026-01-01}, per_process: 4}");
  reader.refuse_rest();
  if (asset.key.empty()) return;
  note_run_block(reading, file, node, asset.run, static_cast<int>(reading.definitions().assets.size()), -1);
  reading.definitions().assets.push_back(std::move(asset));
}

void read_external(Reading& reading, const SourceFile& file, const YamlNode& node) {
  AssetSpec asset;
  asset.external = true;
  asset.source = file.at(node);
  if (node.kind == YamlNode::Kind::map) {
    MapReader reader(file, node, "an external asset");
    asset.key = read_key(reader);
    read_facts(reader, asset);
    asset.freshness = read_freshness(reader);
    asset.partitions = read_partitions(reading, reader);
    read_checks(reading, reader, asset.key, reading.process);
    reader.refuse_rest();
  } else if (const auto key = read_text(file, node, "an external asset")) {
    check_key(file, node, *key);
    asset.key = *key;
  }
  if (!asset.key.empty()) reading.definitions().assets.push_back(std::move(asset));
}

void read_check(Reading& reading, const SourceFile& file, const YamlNode& node, const std::string& home,
                const ProcessDefaults& process) {
  MapReader reader(file, node, "a check");
  if (!reader.is_map()) return;
  CheckSpec check;
  check.source = file.at(node);
  check.home = home;
  check.name = read_name(reader);
  check.description = reader.text("description").value_or("");
  check.severity = reader.word<Severity>("severity").value_or(Severity::error);
  check.blocking = reader.boolean("blocking").value_or(false);
  if (check.blocking && check.severity == Severity::warn)
    reading.problems.warn(reader.at("blocking"), "the check " + in_quotes(check.name) + " of " + in_quotes(home) + " is blocking and of severity warn: a warning holds nothing back; severity: error does");
  check.depends_on = reader.texts("depends_on");
  if (check.depends_on.empty()) check.depends_on = {home};
  if (const auto* run = reader.take("run")) check.run = read_run(reading, file, *run, process);
  if (check.run && check.run->plugin == kOutputsPlugin) file.error(*reader.node().find("run")->find("outputs"), "a check makes no data, so it has no \"outputs\"", "write them into the run: of the asset");
  read_anomaly(reader, check);
  reader.refuse_rest();
  if (check.name.empty()) return;
  note_run_block(reading, file, node, check.run, -1, static_cast<int>(reading.definitions().checks.size()));
  reading.definitions().checks.push_back(std::move(check));
}

}  // namespace assetd
