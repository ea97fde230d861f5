// materialize, check: both ask for a run.
#include <iostream>

#include "cli/command_line.h"
#include "cli/partition_options.h"
#include "cli/run_watch.h"
#include "cli/table.h"
#include "core/schedule/cron.h"

namespace assetd::cli {
namespace {

struct RunOptions {
  std::string select;
  std::string steps = "all";
  bool wait = false, dry_run = false, full_refresh = false, force = false;
  int priority = 0, max_steps = 0;
  std::string timeout, queue_timeout;
  std::vector<std::string> vars, tags;
  PartitionOptions partitions;
};

std::expected<Json, std::string> request_body(const RunOptions& options) {
  auto vars = assignments(options.vars, "--var", true);
  if (!vars) return vars;
  auto tags = assignments(options.tags, "--tag", false);
  if (!tags) return tags;
  Json body = {{"select", options.select}};
  if (options.steps != "all") body["steps"] = options.steps;
  if (!tags->empty()) body["tags"] = *tags;
  auto partitions = partitions_json(options.partitions);
  if (!partitions) return partitions;
  if (!partitions->is_null()) body["partitions"] = std::move(*partitions);
  if (options.priority != 0) body["priority"] = options.priority;
  if (options.max_steps != 0) body["max_steps"] = options.max_steps;
  for (const auto& [name, text] : {std::pair("timeout", options.timeout), std::pair("queue_timeout", options.queue_timeout)}) {
    const auto time = text.empty() ? std::nullopt : parse_duration(text);
    if (!text.empty() && (!time || time->count() < 1)) return std::unexpected("--" + std::string(name) + " takes a duration such as 90s or 2h, not '" + text + "'");
    if (time) body[std::string(name) + "_ms"] = time->count();
  }
  if (options.dry_run) body["dry_run"] = true;
  if (options.force || options.full_refresh) body["force"] = true;
  if (options.full_refresh) body["options"]["dbt"]["full_refresh"] = true;
  if (!vars->empty()) body["options"]["dbt"]["vars"] = *vars;
  return body;
}

void print_plan(Session& session, const Json& plan) {
  const auto total = plan.value("steps_total", plan["steps"].size());
  session.out << "would run " << total << (total == 1 ? " step:\n" : " steps:\n");
  for (const auto& step : plan["steps"]) {
    const auto partition = text_at(step, "partition");
    session.out << "  " << text_at(step, "key") << (partition.empty() ? "" : " [" + partition + "]") << "\n";
  }
  if (total > plan["steps"].size()) session.out << "  … and " << total - plan["steps"].size() << " more\n";
}

int request_run(Session& session, const RunOptions& options) {
  const auto body = request_body(options);
  if (!body) return session.usage(body.error());
  const auto answer = session.api->post("/runs", *body);
  if (!answer || options.dry_run) return session.show(answer, [&](const Json& plan) { print_plan(session, plan); });
  const auto id = text_at(*answer, "id");
  if (options.wait) {
    if (!session.settings.json) session.out << "run " << id << ": " << steps_at(*answer) << std::endl;
    return watch_run(session, id);
  }
  return session.show(answer, [&](const Json& run) {
    session.out << "run " << id << " requested: " << steps_at(run) << "\n  assetctl runs show " << id << "\n";
  });
}

void add_common(CLI::App* command, RunOptions& options) {
  command->add_option("select", options.select, "selection")->required();
  command->add_flag("--wait,-w", options.wait, "follow the run to its end; the exit code tells how it went");
  command->add_flag("--dry-run", options.dry_run, "only say what would run");
  add_partition_options(command, options.partitions);
  command->add_option("--tag", options.tags, "tag of the run, name=value; may be given several times")->allow_extra_args(false);
  command->add_option("--priority", options.priority, "higher goes first")->capture_default_str();
  command->add_option("--max-steps", options.max_steps, "how many of its processes may be live at once")->check(CLI::Range(1, 1'000'000));
  command->add_option("--timeout", options.timeout, "how long the run may take, as in 2h; then it is stopped and fails");
  command->add_option("--queue-timeout", options.queue_timeout, "how long it and its steps may wait to start; then they fail");
}

}  // namespace

void add_materialize_commands(CommandLine& line) {
  const auto all = std::make_shared<RunOptions>();
  auto* materialize = add_command(line.app, line, "materialize", "compute a selection of assets, in the order of their dependencies", all, request_run);
  add_common(materialize, *all);
  materialize->add_option("--steps", all->steps, "assets: without their checks; checks: only those")
      ->check(CLI::IsMember({"all", "assets", "checks"}))->capture_default_str();
  materialize->add_flag("--full-refresh", all->full_refresh, "rebuild incremental dbt models from nothing");
  materialize->add_flag("--force", all->force, "also execute steps that skip_if_unchanged would reuse");
  materialize->add_option("--var", all->vars, "dbt variable, name=value (a value may be JSON); may be given several times")->allow_extra_args(false);

  const auto checks = std::make_shared<RunOptions>();
  checks->steps = "checks";
  add_common(add_command(line.app, line, "check", "run the checks of a selection and nothing else", checks, request_run), *checks);
}

}  // namespace assetd::cli
