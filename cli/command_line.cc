#include "cli/command_line.h"

#include <unistd.h>

#include "core/graph/asset_key.h"

namespace assetd::cli {
namespace {

constexpr const char* kFooter = R"(Exit codes: 0 all well, 1 something failed, 2 wrong usage, 3 daemon unreachable or refusing, 4 canceled, 130 detached by Ctrl-C.
Selections: a name, +name (with everything upstream), name+ (downstream), group:gold, tag:k=v, status:failed, and, or, not; * stands for all.)";

/// "assetctl matreialize" → the nearest name; CLI11 only says that something was not expected.
std::string nearest_command(const CLI::App& app, const std::string& word) {
  const CLI::App* level = &app;
  while (!level->get_subcommands().empty()) level = level->get_subcommands().front();
  std::vector<std::string> names;
  for (const auto* command : level->get_subcommands([](const CLI::App* a) { return !a->get_group().empty(); })) names.push_back(command->get_name());
  for (const auto* option : level->get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return nearest_name(word, std::vector<std::string_view>(names.begin(), names.end()));
}

int report_parse_error(const CommandLine& line, const CLI::ParseError& error, std::ostream& out, std::ostream& err) {
  if (error.get_exit_code() == 0) return line.app.exit(error, out, err);
  const CLI::App* level = &line.app;
  std::string command = "assetctl";
  while (!level->get_subcommands().empty()) {
    level = level->get_subcommands().front();
    command += " " + level->get_name();
  }
  const auto rest = line.app.remaining(true);
  const bool no_such_command = !rest.empty() && error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) && !rest.front().starts_with("-");
  err << "error: " << (no_such_command ? "there is no command '" + rest.front() + "'" : error.what()) << "\n";
  const auto nearest = rest.empty() ? "" : nearest_command(line.app, rest.front());
  if (!nearest.empty()) err << "  did you mean '" << nearest << "'?\n";
  err << "  " << command << " --help says what there is\n";
  return kUsage;
}

}  // namespace

CommandLine::CommandLine() : app("assetctl: the command line of assetd", "assetctl") {
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  app.set_version_flag("--version", ASSETD_VERSION);
  app.add_option("--url", settings.url, "where the daemon is: http://HOST:PORT, https://…, unix:/PATH")
      ->envname("ASSETD_URL")->default_str("http://127.0.0.1:8080");
  app.add_option("--token", settings.token, "access token")->envname("ASSETD_TOKEN");
  app.add_option("--output,-o", output, "table for people, json for programs")->check(CLI::IsMember({"table", "json"}))->capture_default_str();
  add_materialize_commands(*this);
  add_asset_commands(*this);
  add_run_commands(*this);
  add_version_commands(*this);
  add_report_command(*this);
  add_check_decisions(*this);
  add_schedule_commands(*this);
  add_sensor_commands(*this);
  add_automation_commands(*this);
  add_queue_commands(*this);
  add_daemon_commands(*this);
  add_alert_commands(*this);
  add_backfill_commands(*this);
  add_forecast_command(*this);
  add_backup_command(*this);
  add_prune_command(*this);
  add_validate_command(*this);
  add_plan_commands(*this);
  add_doctor_command(*this);
  add_completion_command(*this);
}

int run_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report_parse_error(line, error, out, err);
  }
  if (line.settings.url.empty()) line.settings.url = "http://127.0.0.1:8080";
  line.settings.json = line.output == "json";
  auto transport = make_transport(line.settings.url);
  if (!transport) {
    err << "error: " << transport.error() << "\n";
    return kUsage;
  }
  auto api = std::make_unique<ApiClient>(std::move(*transport), line.settings.token);
  Session session(line.settings, std::move(api), terminal_of(STDOUT_FILENO), out, err);
  return line.action(session);
}

std::expected<Json, std::string> assignments(const std::vector<std::string>& list, const std::string& option, bool as_json) {
  Json out = Json::object();
  for (const auto& text : list) {
    const auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) return std::unexpected(option + " takes name=value, not '" + text + "'");
    const auto value = text.substr(equals + 1);
    const auto parsed = as_json ? Json::parse(value, nullptr, false) : Json(value);
    out[text.substr(0, equals)] = parsed.is_discarded() ? Json(value) : parsed;
  }
  return out;
}

}  // namespace assetd::cli
