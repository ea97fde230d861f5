// validate: compiles a project as the daemon would, without a daemon.
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "cli/command_line.h"
#include "cli/compile_errors.h"
#include "cli/subprocess.h"

namespace assetd::cli {
namespace {

struct ValidateOptions {
  std::string project = ".";
  std::string environment;
};

int print_result(Session& session, const Json& result) {
  const auto errors = result.value("errors", Json::array()), warnings = result.value("warnings", Json::array());
  if (session.settings.json) {
    session.out << Json{{"valid", errors.empty()}, {"errors", errors}, {"warnings", warnings}, {"imports", result.value("imports", Json::array())}}.dump(2)
                << "\n";
  } else {
    const auto terminal = terminal_of(STDERR_FILENO);
    session.err << render_definition_errors(errors, "error", terminal) << render_definition_errors(warnings, "warning", terminal);
    for (const auto& import : result.value("imports", Json::array())) {
      if (import.value("ok", true)) session.out << "import " << text_at(import, "name") << ": " << text_at(import, "assets") << " assets\n";
    }
    if (errors.empty()) session.out << "the definitions are valid\n";
    else session.err << errors.size() << (errors.size() == 1 ? " error" : " errors") << "\n";
  }
  return errors.empty() ? kOk : kUsage;
}

int validate(Session& session, const ValidateOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options.project, ignored)) return session.usage("--project: there is no folder '" + options.project + "'");
  std::vector<std::string> argv = {program_dir() + "/assetd", "compile", "--project", options.project};
  if (!options.environment.empty()) argv.insert(argv.end(), {"--env", options.environment});
  const auto output = run_program(argv, true);
  if (!output) {
    session.err << "error: the definitions are compiled by the program assetd beside assetctl, which cannot be started: " << output.error() << "\n";
    return kRefused;
  }
  const auto result = Json::parse(output->out, nullptr, false);
  if (!result.is_object()) {
    session.err << "error: assetd compile ended with exit code " << output->exit_code << " and no result\n";
    return kRefused;
  }
  return print_result(session, result);
}

}  // namespace

void add_validate_command(CommandLine& line) {
  const auto options = std::make_shared<ValidateOptions>();
  auto* command = add_command(line.app, line, "validate", "check a project's files, imports included; needs no daemon", options, validate);
  command->add_option("--project", options->project, "folder that holds assetd.yaml")->capture_default_str();
  command->add_option("--env", options->environment, "environment to overlay");
}

}  // namespace assetd::cli
