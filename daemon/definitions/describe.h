#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/definitions/compiler.h"
#include "daemon/definitions/plugin.h"
#include "daemon/definitions/watch.h"

namespace assetd {

struct DescribeInput {
  const ImportSpec& import;
  const Plugin& plugin;
  const std::map<std::string, ResourceSpec>& resources;
  const std::map<std::string, SourceRef>& keys;  ///< of the import, for errors
  std::string project_dir;
  std::string environment;
  std::string state_dir;  ///< exists
};

struct Description {
  nlohmann::json answer;  ///< null when there are errors
  std::vector<DefinitionError> errors;
  WatchState watch;  ///< what the plugin asked to watch, as it was; of a failure what it may be mended with
  bool from_cache = false;
};

/// Asks the plugin, or takes its last answer from state_dir when nothing that decided it has changed. Blocks for up to
/// the import's time limit; several may run at a time. The environment is that of the import's steps.
Description describe_import(const DescribeInput& input);

}  // namespace assetd
