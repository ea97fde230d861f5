// runs list | show | logs | cancel | priority | retry.
#include <poll.h>

#include <iostream>

#include "cli/command_line.h"
#include "cli/partition_options.h"
#include "cli/run_watch.h"
#include "cli/table.h"
#include "cli/versions.h"

namespace assetd::cli {
namespace {

struct RunListOptions {
  std::string status, asset, since, job;
  std::size_t limit = 20;
};

std::string trigger_text(const Json& run) {
  const auto trigger = run.value("trigger", Json::object());
  const auto name = text_at(trigger, "name");
  return text_at(trigger, "kind") + (name.empty() ? "" : " " + name);
}

int list_runs(Session& session, const RunListOptions& options) {
  const auto answer = session.api->list(
      "/runs", {{"status", options.status}, {"asset", options.asset}, {"since", options.since}, {"job", options.job}}, options.limit);
  return session.show(answer, [&](const Json& page) {
    Table table({{"RUN", true}, {"STATUS"}, {"CREATED"}, {"TOOK", true}, {"STEPS", true}, {"SELECTION", false, true}, {"TRIGGER"}, {"DETAIL", false, true}});
    for (const auto& run : page["items"]) {
      table.add({text_at(run, "id"), status_cell(text_at(run, "status")), ago_at(run, "created_at", session.now()), duration_at(run, "duration_ms"),
                 text_at(run, "steps_total"), text_at(run, "select"), trigger_text(run), text_at(run, "detail")});
    }
    session.out << table.render(session.terminal);
  });
}

struct OneRunOptions {
  std::string id;
};

std::string why(const Json& step) {
  std::string out = text_at(step, "reason");
  if (!text_at(step, "detail").empty()) out += (out.empty() ? "" : ": ") + text_at(step, "detail");
  for (const auto& blocker : step.value("blocked_by", Json::array())) {
    out += (out.empty() ? "" : "; ") + ("waits for " + text_at(blocker, "what"));
    if (!text_at(blocker, "detail").empty()) out += " (" + text_at(blocker, "detail") + ")";
  }
  return out;
}

std::string took(const Json& step) {
  const auto began = parse_time(text_at(step, "started_at")), ended = parse_time(text_at(step, "ended_at"));
  return began && ended && *ended >= *began ? duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(*ended - *began)) : "";
}

int show_run(Session& session, const OneRunOptions& options) {
  auto run = session.api->get("/runs/" + percent_encode(options.id));
  if (!run) return session.fail(run.error());
  const auto steps = session.api->list("/runs/" + percent_encode(options.id) + "/steps", {}, SIZE_MAX);
  if (!steps) return session.fail(steps.error());
  (*run)["steps"] = (*steps)["items"];
  return session.show(run, [&](const Json& shown) {
    print_outcome(session, shown);
    session.out << session.terminal.paint("selection " + text_at(shown, "select") + ", " + trigger_text(shown) + ", by " + text_at(shown, "actor") + ", " +
                                              ago_at(shown, "created_at", session.now()), Colour::grey) << "\n";
    for (const auto& blocker : shown.value("blocked_by", Json::array())) session.out << "waits for " << text_at(blocker, "what") << ": " << text_at(blocker, "detail") << "\n";
    session.out << "\n";
    Table table({{"STEP", false, true}, {"STATUS"}, {"ATTEMPTS", true}, {"TOOK", true}, {"WHY", false, true}});
    for (const auto& step : shown["steps"]) {
      table.add({step_name(step), status_cell(text_at(step, "status")),
                 std::to_string(step.value("attempts", Json::array()).size()), took(step), why(step)});
    }
    session.out << table.render(session.terminal);
    for (const auto& cause : shown.value("causes", Json::array())) {  // of the first: `runs changes` tells of others
      if (const auto changes = session.api->get("/runs/" + percent_encode(options.id) + "/changes", {{"step", text_at(cause, "key")}, {"partition", text_at(cause, "partition")}})) session.out << "\n", print_changes(session, *changes);
      break;
    }
  });
}

struct LogOptions {
  std::string id, step, partition, check, stream = "all", tail;
  std::string attempt;
  bool follow = false;
};

constexpr int kFollowMs = 300;

/// Prints page after page until the attempt has ended and everything is shown; without --follow, what is there now.
int print_logs(Session& session, const LogOptions& options) {
  const auto path = "/runs/" + percent_encode(options.id) + "/logs";
  std::string offset, tail = options.tail;
  const auto named = named_steps({options.step}, options.partition.empty() ? std::vector<std::string>{} : std::vector{options.partition});
  if (!named) return session.usage(named.error());
  const auto& step = named->keys.front();
  const auto partition = named->partitions.empty() ? "" : named->partitions.front();
  Json whole = {{"run_id", options.id}, {"step", step}, {"text", ""}};
  for (;;) {
    const auto page = session.api->logs(
        path, {{"step", step}, {"partition", partition}, {"check", options.check}, {"attempt", options.attempt}, {"stream", options.stream}, {"offset", offset}, {"tail", tail}});
    if (!page) return session.fail(page.error());
    tail.clear();
    if (session.settings.json) whole["text"].get_ref<std::string&>() += page->text;
    else session.out << page->text << std::flush;
    if (!session.out) return kOk;  // the reader of our output has gone
    const bool more = !page->text.empty() && !page->next_offset.empty() && page->next_offset != offset;
    if (!page->next_offset.empty()) offset = page->next_offset;
    if (more) continue;
    if (!options.follow || page->complete) break;
    poll(nullptr, 0, kFollowMs);
  }
  if (session.settings.json) session.out << whole.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  return kOk;
}

int cancel_run(Session& session, const OneRunOptions& options) {
  return session.show(session.api->post("/runs/" + percent_encode(options.id) + "/cancel"), [&](const Json& run) {
    session.out << "run " << options.id << " is " << text_at(run, "status") << "\n";
  });
}

struct PriorityOptions {
  std::string id;
  int priority = 0;
};

int set_priority(Session& session, const PriorityOptions& options) {
  return session.show(session.api->post("/runs/" + percent_encode(options.id) + "/priority", Json{{"priority", options.priority}}), [&](const Json& run) {
    session.out << "run " << options.id << " is " << text_at(run, "status") << " with priority " << text_at(run, "priority") << "\n";
  });
}

struct RetryOptions {
  std::string id, from = "failure", scope = "steps";
  std::vector<std::string> steps, partitions;
  bool wait = false, dry_run = false;
};

void print_left_out(Session& session, const Json& answer) {
  for (const auto& step : answer.value("left_out", Json::array())) session.out << "  left out: " << step_name(step) << ": " << text_at(step, "detail") << "\n";
}

int retry_run(Session& session, const RetryOptions& options) {
  const auto named = named_steps(options.steps, options.partitions);
  if (!named) return session.usage(named.error());
  Json body = {{"from", options.from}};
  if (!named->keys.empty()) body["steps"] = named->keys;
  if (!named->partitions.empty()) body["partitions"] = named->partitions;
  if (options.scope != "steps") body["scope"] = options.scope;
  if (options.dry_run) {
    body["dry_run"] = true;
    return session.show(session.api->post("/runs/" + percent_encode(options.id) + "/retry", body), [&](const Json& plan) {
      session.out << "would run " << steps_at(plan) << (options.scope == "checks" ? " (only their checks):\n" : ":\n");
      for (const auto& step : plan["steps"]) session.out << "  " << step_name(step) << "\n";
      print_left_out(session, plan);
    });
  }
  const auto answer = session.api->post("/runs/" + percent_encode(options.id) + "/retry", body);
  if (!answer || !options.wait) {
    return session.show(answer, [&](const Json& run) {
      session.out << "run " << text_at(run, "id") << " requested: " << steps_at(run) << " of run " << options.id << " again\n";
      print_left_out(session, run);
    });
  }
  const auto id = text_at(*answer, "id");
  if (!session.settings.json) session.out << "run " << id << ": " << steps_at(*answer) << " of run " << options.id << std::endl, print_left_out(session, *answer);
  return watch_run(session, id);
}

int wait_for_run(Session& session, const OneRunOptions& options) { return watch_run(session, options.id); }

}  // namespace

void add_run_commands(CommandLine& line) {
  auto* runs = line.app.add_subcommand("runs", "what ran and what runs");
  runs->require_subcommand(1);

  const auto list = std::make_shared<RunListOptions>();
  auto* list_command = add_command(*runs, line, "list", "runs, newest first", list, list_runs);
  list_command->add_option("--status", list->status, "queued, running, canceling, succeeded, failed or canceled");
  list_command->add_option("--asset", list->asset, "runs with a step of this asset");
  list_command->add_option("--job", list->job, "runs of this job");
  list_command->add_option("--since", list->since, "runs created after this time (RFC 3339)");
  list_command->add_option("--limit", list->limit, "show at most this many")->check(CLI::PositiveNumber)->capture_default_str();

  const auto with_id = [&](const char* name, const char* help, int (*run)(Session&, const OneRunOptions&)) {
    const auto options = std::make_shared<OneRunOptions>();
    add_command(*runs, line, name, help, options, run)->add_option("run", options->id, "id of the run")->required();
  };
  with_id("show", "one run: its outcome, its causes, its steps", show_run);
  with_id("cancel", "cancel a run; its processes are stopped", cancel_run);
  with_id("wait", "follow a run to its end, as materialize --wait does", wait_for_run);

  const auto logs = std::make_shared<LogOptions>();
  auto* logs_command = add_command(*runs, line, "logs", "output of a step; without --step that of the cause of failure", logs, print_logs);
  logs_command->add_option("run", logs->id, "id of the run")->required();
  logs_command->add_option("--step", logs->step, "key of the asset, or a step as it is printed: \"days [2026-01-05]\"");
  logs_command->add_option("--partition", logs->partition, "of that step, where its asset is divided; the first when not given");
  logs_command->add_option("--check", logs->check, "of that step: the output of a check that has a process of its own");
  logs_command->add_option("--attempt", logs->attempt, "number of the attempt; the last when not given");
  logs_command->add_option("--stream", logs->stream, "")->check(CLI::IsMember({"stdout", "stderr", "all"}))->capture_default_str();
  logs_command->add_option("--tail", logs->tail, "only the last so many lines");
  logs_command->add_flag("-f,--follow", logs->follow, "go on until the step has ended");

  const auto priority = std::make_shared<PriorityOptions>();
  auto* priority_command = add_command(*runs, line, "priority", "another priority for a run that has not ended: higher goes first", priority, set_priority);
  priority_command->add_option("run", priority->id, "id of the run")->required();
  priority_command->add_option("priority", priority->priority, "any whole number")->required()->check(CLI::Range(-1'000'000, 1'000'000));

  const auto retry = std::make_shared<RetryOptions>();
  auto* retry_command = add_command(*runs, line, "retry", "run what failed, was skipped or canceled again, as a new run", retry, retry_run);
  retry_command->add_option("run", retry->id, "id of the run")->required();
  retry_command->add_option("--from", retry->from, "start: all steps")->check(CLI::IsMember({"failure", "start"}))->capture_default_str();
  retry_command->add_option("--step", retry->steps, "only these: keys, or steps as they are printed, \"days [2026-01-05]\"")->allow_extra_args(false);
  retry_command->add_option("--partition", retry->partitions, "only steps of this partition; may be given several times")->allow_extra_args(false);
  retry_command->add_option("--scope", retry->scope, "also what is below these steps in the run, or what above them is stale; or only their checks")
      ->check(CLI::IsMember({"steps", "downstream", "stale_upstream", "checks"}))->capture_default_str();
  retry_command->add_flag("--dry-run", retry->dry_run, "say what would run, and run nothing");
  retry_command->add_flag("--wait,-w", retry->wait, "follow the new run to its end");
}

}  // namespace assetd::cli
