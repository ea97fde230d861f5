#pragma once
// Flags, environment and configuration file: flag > variable > file.

#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace assetd {

struct Options {
  std::string project;              ///< absolute; holds assetd.yaml
  std::string data;                 ///< absolute; default PROJECT/.assetd
  std::string listen = "127.0.0.1:8080";
  std::string environment;
  std::string token_file;
  std::string log_format = "text";  ///< text or json
  std::string log_level = "info";
  std::vector<std::string> host_names, origins;
  std::vector<std::string> plugin_dirs;  ///< folders that hold plugin folders; empty: the usual places
  std::string cgroups;              ///< absolute; control group (cgroup v2) that is delegated to the supervisor; empty: it sees for itself
  bool watch = false;               ///< reload when a file of the definitions is saved
  bool external_supervisor = false; ///< somebody else starts it and starts it again
  bool drain = false;               ///< on SIGTERM: wait for live steps
  bool stop_steps = false;          ///< on SIGTERM: cancel what runs
  bool compile_only = false;        ///< `assetd compile`: print what the definitions say as JSON
};

/// What main() must do instead of starting: print `text` and leave with `exit_code` (0 for --help and --version, 2 for wrong usage).
struct OptionsAnswer {
  int exit_code = 2;
  std::string text;
};

std::expected<Options, OptionsAnswer> read_options(int argc, char** argv);

}  // namespace assetd
