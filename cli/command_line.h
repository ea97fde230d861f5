#pragma once
// The tree of commands. Each file of commands/ adds its own; main() and the tests run them.

#include <CLI/CLI.hpp>
#include <expected>
#include <iosfwd>
#include <memory>

#include "cli/session.h"

namespace assetd::cli {

/// The parsed command line: CLI11 keeps references into it, so it stays where it is.
struct CommandLine {
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  CLI::App app;
  Settings settings;
  std::string output = "table";
  Action action;  ///< set by the command that was named
};

/// Options of commands are kept alive by their actions.
template <typename Options>
CLI::App* add_command(CLI::App& parent, CommandLine& line, const std::string& name, const std::string& help, std::shared_ptr<Options> options,
                      int (*run)(Session&, const Options&)) {
  auto* command = parent.add_subcommand(name, help);
  command->callback([&line, options, run] { line.action = [options, run](Session& session) { return run(session, *options); }; });
  return command;
}

struct NoOptions {};

void add_asset_commands(CommandLine& line);
void add_materialize_commands(CommandLine& line);
void add_run_commands(CommandLine& line);
void add_report_command(CommandLine& line);
void add_check_decisions(CommandLine& line);  // waive, unwaive, waivers, ack, unack
void add_check_history_command(CommandLine& line, CLI::App& assets);
void add_version_history_commands(CommandLine& line, CLI::App& definitions);
void add_version_commands(CommandLine& line);  // assets why, impact, runs changes: after those of assets and runs
void add_schedule_commands(CommandLine& line);
void add_sensor_commands(CommandLine& line);
void add_automation_commands(CommandLine& line);
void add_queue_commands(CommandLine& line);   // queue, pools
void add_daemon_commands(CommandLine& line);  // definitions, events, audit
void add_alert_commands(CommandLine& line);
void add_backfill_commands(CommandLine& line);
void add_forecast_command(CommandLine& line);
void add_backup_command(CommandLine& line);
void add_prune_command(CommandLine& line);
void add_validate_command(CommandLine& line);
void add_plan_commands(CommandLine& line);  // plan, apply
void add_doctor_command(CommandLine& line);
void add_completion_command(CommandLine& line);

/// The whole program but for what is the process's own.
int run_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

/// "a=1" → {"a": 1}: a value that is JSON is taken as such, everything else as text.
std::expected<Json, std::string> assignments(const std::vector<std::string>& list, const std::string& option, bool as_json);

}  // namespace assetd::cli
