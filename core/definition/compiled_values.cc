#include "core/definition/compiled_values.h"

#include "core/definition/compiled_fields.h"
#include "core/definition/partitions_json.h"

namespace assetd::compiled {
namespace {

// A dependency is [key, line, column] in the asset's own file with the default policy, and carries what differs after
// that.
Json write(const DependencySpec& dep, const std::string& file) {
  Json row = Json::array({dep.asset, dep.source.line, dep.source.column});
  const bool elsewhere = dep.source.file != file;
  const bool mapped = !dep.partitions.is_null();
  if (dep.on_failure != OnFailure::skip || elsewhere || mapped) row.push_back(name_of(dep.on_failure));
  if (elsewhere || mapped) row.push_back(dep.source.file);
  if (mapped) row.push_back(dep.partitions);
  return row;
}

DependencySpec read_dependency(Json& row, const std::string& file) {
  DependencySpec dep;
  dep.asset = std::move(row.at(0).get_ref<std::string&>());
  dep.source = {file, row.at(1).get<int>(), row.at(2).get<int>()};
  if (row.size() > 3) dep.on_failure = enum_value<OnFailure>(row[3]);
  if (row.size() > 4) dep.source.file = std::move(row[4].get_ref<std::string&>());
  if (row.size() > 5) dep.partitions = std::move(row[5]);
  return dep;
}

Json write(const RetrySpec& retries) {
  const RetrySpec unset;
  Json object = Json::object();
  put(object, "max", retries.max);
  if (retries.delay != unset.delay) object["delay"] = retries.delay.count();
  put_enum(object, "backoff", retries.backoff, unset.backoff);
  put(object, "jitter", retries.jitter);
  put(object, "max_delay", retries.max_delay);
  put(object, "on", retries.on);
  return object;
}

RetrySpec read_retries(Json& object) {
  RetrySpec retries;
  take(object, "max", retries.max);
  take(object, "delay", retries.delay);
  take_enum(object, "backoff", retries.backoff);
  take(object, "jitter", retries.jitter);
  take(object, "max_delay", retries.max_delay);
  take(object, "on", retries.on);
  return retries;
}

Json write(const LimitsSpec& limits) {
  Json object = Json::object();
  put(object, "memory", limits.memory);
  put(object, "cpu_millis", limits.cpu_millis);
  put(object, "cpu_time", limits.cpu_time);
  put(object, "open_files", limits.open_files);
  put(object, "processes", limits.processes);
  return object;
}

LimitsSpec read_limits(Json& object) {
  LimitsSpec limits;
  take(object, "memory", limits.memory);
  take(object, "cpu_millis", limits.cpu_millis);
  take(object, "cpu_time", limits.cpu_time);
  take(object, "open_files", limits.open_files);
  take(object, "processes", limits.processes);
  return limits;
}

}  // namespace

Json write(const RunSpec& run) {
  const RunSpec unset;
  Json object = Json::object();
  put(object, "plugin", run.plugin);
  put(object, "command", run.command);
  put_object(object, "config", run.config);
  put(object, "cwd", run.cwd);
  put(object, "env", run.env);
  put(object, "env_file", run.env_file);
  put(object, "inherit_env", run.inherit_env);
  put(object, "timeout", run.timeout);
  put(object, "queue_timeout", run.queue_timeout);
  put(object, "stop_signal", run.stop_signal, unset.stop_signal);
  if (run.grace != unset.grace) object["grace"] = run.grace.count();
  put_object(object, "limits", write(run.limits));
  if (!run.warm) object["warm"] = false;
  return object;
}

RunSpec read_run(Json& value) {
  RunSpec run;
  take(value, "plugin", run.plugin);
  take(value, "command", run.command);
  take_json(value, "config", run.config);
  take(value, "cwd", run.cwd);
  take(value, "env", run.env);
  take(value, "env_file", run.env_file);
  take(value, "inherit_env", run.inherit_env);
  take(value, "timeout", run.timeout);
  take(value, "queue_timeout", run.queue_timeout);
  take(value, "stop_signal", run.stop_signal);
  take(value, "grace", run.grace);
  if (const auto limits = value.find("limits"); limits != value.end()) run.limits = read_limits(*limits);
  take(value, "warm", run.warm);
  return run;
}

Json write(const CheckSpec& check) {
  Json object = Json::object();
  put(object, "name", check.name);
  put(object, "home", check.home);
  put(object, "depends_on", check.depends_on);
  put_enum(object, "severity", check.severity, Severity::error);
  put(object, "blocking", check.blocking);
  put(object, "description", check.description);
  put(object, "import", check.import, -1);
  if (check.anomaly)
    object["anomaly"] = {{"metric", check.anomaly->metric}, {"sigma", check.anomaly->sigma}, {"last", check.anomaly->last}, {"min", check.anomaly->min}};
  put_data(object, check.data);
  put(object, check.source);
  return object;
}

CheckSpec read_check(Json& value) {
  CheckSpec check;
  take(value, "name", check.name);
  take(value, "home", check.home);
  take(value, "depends_on", check.depends_on);
  take_enum(value, "severity", check.severity);
  take(value, "blocking", check.blocking);
  take(value, "description", check.description);
  take(value, "import", check.import);
  if (const auto anomaly = value.find("anomaly"); anomaly != value.end()) {
    auto& into = check.anomaly.emplace();
    take(*anomaly, "metric", into.metric);
    take(*anomaly, "sigma", into.sigma);
    take(*anomaly, "last", into.last);
    take(*anomaly, "min", into.min);
  }
  take_json(value, "data", check.data);
  take(value, check.source);
  return check;
}

Json write(const FreshnessSpec& freshness) {
  Json object = Json::object();
  put(object, "within", freshness.within);
  put(object, "deadline", freshness.deadline);
  put(object, "timezone", freshness.timezone);
  put(object, "warn", freshness.warn);
  put(object, "of", freshness.of);
  return object;
}

FreshnessSpec read_freshness(Json& value) {
  FreshnessSpec freshness;
  if (value.is_number_integer()) freshness.within = Millis(value.get<std::int64_t>());  // as it was before there was more to say
  if (!value.is_object()) return freshness;
  take(value, "within", freshness.within);
  take(value, "deadline", freshness.deadline);
  take(value, "timezone", freshness.timezone);
  take(value, "warn", freshness.warn);
  take(value, "of", freshness.of);
  return freshness;
}

namespace {

PartitionsSpec read_partitions(const Json& value) {
  auto spec = partitions_from_json(value, "");
  if (!spec) throw std::invalid_argument(spec.error().message);
  return std::move(*spec);
}

}  // namespace

Json write(const AssetSpec& asset) {
  Json object = Json::object();
  put(object, "key", asset.key);
  put(object, "description", asset.description);
  for (const auto& dep : asset.deps) object["deps"].push_back(write(dep, asset.source.file));
  put(object, "group", asset.group);
  put(object, "kinds", asset.kinds);
  put(object, "owners", asset.owners);
  put(object, "tags", asset.tags);
  put(object, "code_version", asset.code_version);
  put(object, "renamed_from", asset.renamed_from);
  put(object, asset.renamed_from_source, "renamed_from_at");
  put(object, "runbook", asset.runbook);
  put(object, "external", asset.external);
  put(object, "skip_if_unchanged", asset.skip_if_unchanged);
  put(object, "sources", asset.sources);
  put(object, "automation", asset.automation);
  put(object, asset.automation_source, "automation_at");
  if (asset.retries != RetrySpec{}) object["retries"] = write(asset.retries);
  put(object, "pools", asset.pools);
  put_uses(object, asset.uses);
  if (asset.freshness != FreshnessSpec{}) object["freshness"] = write(asset.freshness);
  if (asset.partitions) object["partitions"] = to_json(*asset.partitions);
  put(object, "import", asset.import, -1);
  put(object, "batch", asset.batch);
  put_data(object, asset.data);
  put_object(object, "metadata", asset.metadata);
  put(object, asset.source);
  return object;
}

AssetSpec read_asset(Json& value) {
  AssetSpec asset;
  take(value, asset.source);
  take(value, "key", asset.key);
  take(value, "description", asset.description);
  if (const auto deps = value.find("deps"); deps != value.end())
    for (auto& dep : *deps) asset.deps.push_back(read_dependency(dep, asset.source.file));
  take(value, "group", asset.group);
  take(value, "kinds", asset.kinds);
  take(value, "owners", asset.owners);
  take(value, "tags", asset.tags);
  take(value, "code_version", asset.code_version);
  take(value, "renamed_from", asset.renamed_from);
  take(value, asset.renamed_from_source, "renamed_from_at");
  take(value, "runbook", asset.runbook);
  take(value, "external", asset.external);
  take(value, "skip_if_unchanged", asset.skip_if_unchanged);
  take(value, "sources", asset.sources);
  take(value, "automation", asset.automation);
  take(value, asset.automation_source, "automation_at");
  if (const auto retries = value.find("retries"); retries != value.end()) asset.retries = read_retries(*retries);
  take(value, "pools", asset.pools);
  take_uses(value, asset.uses);
  if (const auto freshness = value.find("freshness"); freshness != value.end()) asset.freshness = read_freshness(*freshness);
  if (const auto partitions = value.find("partitions"); partitions != value.end()) asset.partitions = read_partitions(*partitions);
  take(value, "import", asset.import);
  take(value, "batch", asset.batch);
  take_json(value, "data", asset.data);
  take_json(value, "metadata", asset.metadata);
  return asset;
}

namespace {

Json write(const ImportDefaults& defaults) {
  Json object = Json::object();
  if (defaults.run != RunSpec{}) object["run"] = compiled::write(defaults.run);
  put(object, "group", defaults.group);
  put(object, "owners", defaults.owners);
  put(object, "tags", defaults.tags);
  put(object, "pools", defaults.pools);
  put_uses(object, defaults.uses);
  if (defaults.retries != RetrySpec{}) object["retries"] = write(defaults.retries);
  put(object, "automation", defaults.automation);
  put(object, "skip_if_unchanged", defaults.skip_if_unchanged);
  return object;
}

ImportDefaults read_defaults(Json& value) {
  ImportDefaults defaults;
  if (const auto run = value.find("run"); run != value.end()) defaults.run = read_run(*run);
  take(value, "group", defaults.group);
  take(value, "owners", defaults.owners);
  take(value, "tags", defaults.tags);
  take(value, "pools", defaults.pools);
  take_uses(value, defaults.uses);
  if (const auto retries = value.find("retries"); retries != value.end()) defaults.retries = read_retries(*retries);
  take(value, "automation", defaults.automation);
  take(value, "skip_if_unchanged", defaults.skip_if_unchanged);
  return defaults;
}

}  // namespace

Json write(const ImportSpec& import) {
  Json object = Json::object();
  put(object, "plugin", import.plugin);
  put(object, "name", import.name);
  put(object, "key_prefix", import.key_prefix);
  put(object, "named", import.named, true);
  put_object(object, "config", import.config);
  put_object(object, "defaults", write(import.defaults));
  put(object, "describe_timeout", import.describe_timeout);
  put(object, "watch", import.watch);
  put(object, "versions", import.versions);
  put(object, import.source);
  return object;
}

ImportSpec read_import(Json& value) {
  ImportSpec import;
  take(value, "plugin", import.plugin);
  take(value, "name", import.name);
  take(value, "key_prefix", import.key_prefix);
  take(value, "named", import.named);
  take_json(value, "config", import.config);
  if (const auto defaults = value.find("defaults"); defaults != value.end()) import.defaults = read_defaults(*defaults);
  take(value, "describe_timeout", import.describe_timeout);
  take(value, "watch", import.watch);
  take(value, "versions", import.versions);
  take(value, import.source);
  return import;
}

Json write_project(const Definitions& definitions) {
  Json object = Json::object();
  put(object, "name", definitions.name);
  put(object, "environment", definitions.environment);
  for (const auto& [name, pool] : definitions.pools) object["pools"][name] = pool.slots;
  if (definitions.limits.runs) object["limits"]["runs"] = *definitions.limits.runs;
  if (!definitions.limits.tags.empty()) object["limits"]["tags"] = definitions.limits.tags;
  for (const auto& [name, resource] : definitions.resources)
    object["resources"][name] = Json{{"kind", resource.kind}, {"config", resource.config}};
  put_object(object, "settings", definitions.settings);
  for (const auto& warning : definitions.warnings) {
    Json& row = object["warnings"].emplace_back(Json{{"message", warning.message}});
    put(row, warning.source);
  }
  return object;
}

void read_project(Json& value, Definitions& into) {
  take(value, "name", into.name);
  take(value, "environment", into.environment);
  if (const auto pools = value.find("pools"); pools != value.end())
    for (const auto& [name, slots] : pools->items()) into.pools[name].slots = slots.get<int>();
  if (const auto limits = value.find("limits"); limits != value.end()) {
    if (const auto runs = limits->find("runs"); runs != limits->end()) into.limits.runs = runs->get<int>();
    take(*limits, "tags", into.limits.tags);
  }
  if (const auto resources = value.find("resources"); resources != value.end())
    for (auto& [name, resource] : resources->items())
      into.resources[name] = {resource.at("kind").get<std::string>(), std::move(resource.at("config"))};
  take_json(value, "settings", into.settings);
  if (const auto warnings = value.find("warnings"); warnings != value.end())
    for (auto& row : *warnings) {
      auto& warning = into.warnings.emplace_back(DefinitionWarning{row.at("message").get<std::string>(), {}});
      take(row, warning.source);
    }
}

}  // namespace assetd::compiled
