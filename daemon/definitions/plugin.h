#pragma once
// A plugin folder as docs/plugins.md describes it.

#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace assetd {

struct Plugin {
  std::string name;
  std::string version;
  int protocol = 1;
  std::string dir;                   ///< absolute
  std::vector<std::string> command;  ///< with {python} and {plugin_dir}
  std::string stop_signal = "TERM";
  nlohmann::json config_schema = nullptr;
  nlohmann::json run_schema = nullptr;
  nlohmann::json options_schema = nullptr;

  /// argv for a verb; `python` is absolute or empty (then python3 of the PATH).
  std::vector<std::string> argv(const std::string& python, const std::string& verb) const;
};

/// Reads every DIR/*/plugin.yaml; of two with one name the earlier folder wins. Broken ones are errors, the others stay
/// usable.
std::map<std::string, Plugin> find_plugins(const std::vector<std::string>& dirs, std::vector<std::string>& errors);

/// Where plugins are looked for: ASSETD_PLUGINS, the project's plugins/, ../share/assetd/plugins beside `program`.
std::vector<std::string> plugin_dirs(const std::string& program, const std::string& project_dir);

/// Checks `config` against a schema with valijson: [(JSON pointer, message)].
std::vector<std::pair<std::string, std::string>> check_schema(const nlohmann::json& schema,
                                                              const nlohmann::json& config);

}  // namespace assetd
