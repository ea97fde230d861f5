#pragma once
// What the readers of a project's parts share.

#include <map>
#include <string>
#include <vector>

#include "core/definition/load.h"
#include "core/definition/map_reader.h"

namespace assetd {

/// How a process is made, as far as the project, an import or an asset may say it alike.
struct ProcessDefaults {
  std::map<std::string, std::string> env;
  std::string env_file;
  std::vector<std::string> inherit_env;
  bool warm = true;
};

/// A pool or a resource that something names; looked up when all files are read.
struct Mention {
  std::string name;
  SourceRef source;
  int slots = 0;  ///< of a pool
};

struct Reading {
  const LoadContext& context;
  Problems& problems;
  ParsedProject result;
  ProcessDefaults process;        ///< the project's
  RetrySpec retries;              ///< the project's
  std::string timezone;           ///< the project's; empty: none
  bool schedules_paused = false;  ///< by the environment
  std::vector<Mention> pools, resources;

  Definitions& definitions() { return result.definitions; }
};

/// The `command:` of a process: a list of program and arguments.
std::vector<std::string> read_command(MapReader& reader);
/// Reads env, env_file, inherit_env and warm over what is further out.
ProcessDefaults read_process(MapReader& reader, ProcessDefaults outer);

/// A `run:` block; `config` is left for the plugin's own keys. What is not said about stop_signal stays empty.
RunSpec read_run(Reading& reading, const SourceFile& file, const YamlNode& node, const ProcessDefaults& outer);
/// `outputs:` of a run block with a command: makes it one of kOutputsPlugin.
void read_outputs(const Reading& reading, MapReader& reader, RunSpec& run);
/// timeout, queue_timeout, stop_signal, grace and limits.
void read_bounds(MapReader& reader, RunSpec& run);
LimitsSpec read_limits(MapReader& reader);
std::string read_plugin_name(const Reading& reading, MapReader& reader, bool builtin);

RetrySpec read_retries(Reading& reading, MapReader& reader, RetrySpec outer);
std::map<std::string, int> read_pools(Reading& reading, MapReader& reader);
std::map<std::string, HoldMode> read_uses(Reading& reading, MapReader& reader);
std::map<std::string, std::string> read_tags(MapReader& reader);
/// Letters, digits, '_', '.', '-': what names of jobs, pools, imports, … are made of. Errors are recorded.
std::string read_name(MapReader& reader, std::string_view key = "name");
bool check_name(const SourceFile& file, const SourceRef& where, const std::string& name, const std::string& what);

void read_asset(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_external(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_check(Reading& reading, const SourceFile& file, const YamlNode& node, const std::string& home,
                const ProcessDefaults& process);
/// `anomaly:` of a check.
void read_anomaly(MapReader& check, CheckSpec& spec);
void read_openlineage(Reading& reading, MapReader& project);
void read_import(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_job(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_schedule(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_sensor(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_alert(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_exposure(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_run_limits(Reading& reading, MapReader& project);
void read_pool_definitions(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_resource_definitions(Reading& reading, const SourceFile& file, const YamlNode& node);
void read_retention(Reading& reading, MapReader& project);
std::optional<PartitionsSpec> read_partitions(const Reading& reading, MapReader& asset);
/// `partitions:` of a dependency in form; whether it fits both assets is known when all are.
nlohmann::json read_partition_mapping(MapReader& dependency);
FreshnessSpec read_freshness(MapReader& asset);
/// `automation:` as written, its condition checked; kNoAutomation where that is said, "" where nothing is.
std::string read_automation(MapReader& reader);
/// Where the first character of such a condition stands; the column is 0 for one of several lines.
SourceRef automation_source(const MapReader& reader);

/// Syntax of a selection; an error points at its column. Returns where the expression begins.
SourceRef check_selection(const SourceFile& file, const YamlNode& node);

}  // namespace assetd
