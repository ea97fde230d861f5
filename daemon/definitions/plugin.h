#pragma once
// Finding plugin folders, and holding what people write against their schemas.

#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "daemon/execution/plugin.h"

namespace assetd {

/// Reads every DIR/*/plugin.yaml; of two with one name the earlier folder wins. Broken ones are errors, the others stay
/// usable.
std::map<std::string, Plugin> find_plugins(const std::vector<std::string>& dirs, std::vector<std::string>& errors);

/// Where plugins are looked for: ASSETD_PLUGINS, the project's plugins/, ../share/assetd/plugins beside `program`.
std::vector<std::string> plugin_dirs(const std::string& program, const std::string& project_dir);

/// Checks `config` against a schema with valijson: [(JSON pointer, message)].
std::vector<std::pair<std::string, std::string>> check_schema(const nlohmann::json& schema,
                                                              const nlohmann::json& config);

}  // namespace assetd
