#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/definition/load.h"
#include "daemon/definitions/plugin.h"

namespace assetd {

/// Checks the keys that belong to the plugin against its schemas, makes what they mark as paths absolute, and fills in
/// the plugin's stop signal. Errors stand at the keys. Of `described`, the imports whose configuration is good are set.
std::vector<DefinitionError> apply_plugins(ParsedProject& project, const std::map<std::string, Plugin>& plugins,
                                           const std::string& project_dir, std::vector<bool>& good_imports);

/// The program for {python}: absolute, a bare name of the PATH, or empty.
std::string python_of(const nlohmann::json& config);

}  // namespace assetd
