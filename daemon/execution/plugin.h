#pragma once
// A plugin as its folder's plugin.yaml declares it (docs/plugins.md); daemon/definitions finds and reads the folders.

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
  bool serve = false;  ///< it has the verb `serve`: a preloaded process whose forks are its attempts
  nlohmann::json config_schema = nullptr;
  nlohmann::json run_schema = nullptr;
  nlohmann::json options_schema = nullptr;

  /// argv for a verb; `python` is absolute or empty (then python3 of the PATH).
  std::vector<std::string> argv(const std::string& python, const std::string& verb) const;
};

}  // namespace assetd
