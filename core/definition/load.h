#pragma once
// From YAML text to definitions: all errors at once, each with file, line and column. Pure: files, environment and what
// plugins described are arguments.

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/definition/spec.h"

namespace assetd {

struct DefinitionError {
  std::string message;  ///< what is wrong and what was expected
  std::string hint;     ///< nearest name, or what to do; may be empty
  SourceRef source;
  std::string excerpt;  ///< the line of the file; may be empty
};

/// A file as the loader asks for it. Paths are relative to the project's folder.
struct ProjectFile {
  std::string path;
  std::string text;
};

struct LoadContext {
  std::string project_dir;                                            ///< absolute
  std::string environment;                                            ///< --env, empty for none
  std::function<std::optional<std::string>(const std::string&)> env;  ///< the daemon's environment, for ${env:NAME}
  std::vector<std::string>
      plugins;  ///< names of the plugin folders that were found, for "unknown plugin" with the nearest name
  int default_slots = 0;  ///< of the pool `default`, unless the project defines it; 0: not known
};

/// Step one: the files alone. Imports are listed but what they describe is not yet there, so dependencies are not yet
/// checked. `include:` patterns have been expanded by the caller: files[0] is assetd.yaml.
struct ParsedProject {
  Definitions definitions;  ///< assets of assets: and external:, jobs, schedules, …; imports with their config
  std::vector<std::map<std::string, SourceRef>>
      import_keys;  ///< per import: places by JSON pointer into its config, for errors of its schema
  /// A `run:` block of a plugin other than exec, to be checked against its run_schema.
  struct RunBlock {
    int asset = -1, check = -1;             ///< index into definitions.assets or .checks, as they stand before `finish`
    std::map<std::string, SourceRef> keys;  ///< places by JSON pointer into its config
  };
  std::vector<RunBlock> run_blocks;
  /// What is wrong in the files. What it spoils is left out above; the rest is there, so that the later steps find more.
  std::vector<DefinitionError> errors;
};
/// The error: a file is no YAML, or no mapping, so that nothing more can be said.
std::expected<ParsedProject, std::vector<DefinitionError>> parse_project(const std::vector<ProjectFile>& files,
                                                                         const LoadContext& context);

struct IncludePattern {
  std::string pattern;  ///< relative to the project's folder, or absolute
  SourceRef source;
};
/// The include patterns of assetd.yaml, so that the caller can expand them; errors are left to parse_project.
std::vector<IncludePattern> include_patterns(const std::string& assetd_yaml);

/// Step two: what `describe` answered for import `index` (docs/plugins.md), merged in: prefix, group, pools, run spec
/// of the import, positions.
std::vector<DefinitionError> merge_description(Definitions& definitions, int index, const nlohmann::json& described);

/// Step three: everything that needs the whole: duplicate keys, unknown dependencies with the nearest name, cycles with
/// their path, pools and resources that nobody defines, jobs' and schedules' selections, checks' homes, crons and
/// zones. Sorts assets and checks. An error at a place that is among those `told` already is its consequence, and left out.
/// `default_slots` as in LoadContext: what no pool will ever hold is a warning, since pools can grow.
std::vector<DefinitionError> finish(Definitions& definitions, const std::vector<DefinitionError>& told = {}, int default_slots = 0);

}  // namespace assetd
