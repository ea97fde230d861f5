#include "daemon/options.h"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <sstream>

namespace assetd {
namespace {

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  return error ? path : full.string();
}

void describe(CLI::App& app, Options& options) {
  app.add_option("--project", options.project, "Folder that holds assetd.yaml")->envname("ASSETD_PROJECT");
  app.add_option("--data", options.data, "Data directory (default: PROJECT/.assetd, with --env PROJECT/.assetd-NAME)")->envname("ASSETD_DATA");
  app.add_option("--env", options.environment, "Environment of assetd.yaml to overlay; a replica with data of its own, which starts paused")->envname("ASSETD_ENV");
  app.add_option("--plugins", options.plugin_dirs, "Folder that holds plugin folders, instead of the usual places; may be given again");
  app.add_option("--log-format", options.log_format, "text or json")->envname("ASSETD_LOG_FORMAT")->check(CLI::IsMember({"text", "json"}));
  app.add_option("--log-level", options.log_level, "debug, info, warn or error")->envname("ASSETD_LOG_LEVEL")->check(CLI::IsMember({"debug", "info", "warn", "error"}));
}

void describe_serving(CLI::App& app, Options& options) {
  app.add_option("--listen", options.listen, "HOST:PORT, port 0 for a free one, or unix:/path")->envname("ASSETD_LISTEN");
  app.add_option("--token-file", options.token_file, "File whose first line is the token that clients must send")->envname("ASSETD_TOKEN_FILE");
  app.add_option("--host-name", options.host_names, "Further name by which clients may call this server")->envname("ASSETD_HOST_NAME");
  app.add_option("--origin", options.origins, "Further origin whose pages may command it")->envname("ASSETD_ORIGIN");
  app.add_option("--cgroups", options.cgroups, "Control group (cgroup v2) for a supervisor that is started here: what it runs gets groups below")->envname("ASSETD_CGROUPS");
  app.add_flag("--watch", options.watch, "Reload when a file of the definitions is saved; if it does not load, what serves goes on serving")->envname("ASSETD_WATCH");
  app.add_flag("--external-supervisor", options.external_supervisor, "Wait for a supervisor that somebody else starts (systemd) instead of starting one")->envname("ASSETD_EXTERNAL_SUPERVISOR");
  app.add_flag("--drain", options.drain, "On SIGTERM wait for running steps instead of leaving them to the supervisor")->envname("ASSETD_DRAIN");
  app.add_flag("--stop-steps", options.stop_steps, "On SIGTERM cancel what runs")->envname("ASSETD_STOP_STEPS");
  app.set_config("--config", "", "Configuration file (key = value, the flags' names)")->envname("ASSETD_CONFIG");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", std::string("assetd ") + ASSETD_VERSION);
}

}  // namespace

std::expected<Options, OptionsAnswer> read_options(int argc, char** argv) {
  Options options;
  CLI::App app{"assetd: works out how and when data assets are computed, and computes them"};
  describe(app, options);
  describe_serving(app, options);
  // Started by the daemon itself and by `assetctl validate`.
  auto* compile = app.add_subcommand("compile", "Print what the definitions say, as JSON, and leave");
  compile->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    return std::unexpected(OptionsAnswer{code == 0 ? 0 : 2, out.str() + err.str()});
  }
  options.compile_only = compile->parsed();
  if (options.project.empty()) return std::unexpected(OptionsAnswer{2, "assetd: --project DIR is needed: the folder that holds assetd.yaml\n"});
  options.project = absolute(options.project);
  if (options.environment.find('/') != std::string::npos)
    return std::unexpected(OptionsAnswer{2, "assetd: --env takes the name of an environment of assetd.yaml, and '" + options.environment + "' is none\n"});
  // A replica shares nothing with the daemon that runs the same files without --env.
  if (options.data.empty() && !options.compile_only) options.data = options.project + "/.assetd" + (options.environment.empty() ? "" : "-" + options.environment);
  if (!options.data.empty()) options.data = absolute(options.data);
  std::error_code unreadable;
  if (!std::filesystem::exists(options.project + "/assetd.yaml", unreadable) && (!unreadable || unreadable == std::errc::no_such_file_or_directory))
    return std::unexpected(OptionsAnswer{2, "assetd: there is no assetd.yaml in " + options.project + "\n"});
  return options;
}

}  // namespace assetd
