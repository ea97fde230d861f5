// backfill SELECT, backfills list | show | pause | resume | cancel | retry, partitions list | sets | add | remove.
#include <iostream>

#include "cli/command_line.h"
#include "cli/asset_outlook.h"
#include "cli/partition_options.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

struct BackfillOptions {
  std::string select;
  PartitionOptions partitions;
  std::vector<std::string> tags;
  int max_runs = 4, priority = 0;
  bool newest_first = false, dry_run = false;
};

std::string count_of(const Json& counts, const char* name) { return std::to_string(counts.value(name, std::int64_t{0})); }

void print_groups(Session& session, const Json& groups) {
  Table table({{"ASSETS", false, true}, {"PARTITIONS", true}, {"RUNS", true}, {"FIRST"}, {"LAST"}});
  for (const auto& group : groups) table.add({join(group["assets"], ", "), group["partitions"].dump(), group["runs"].dump(), text_at(group, "first"), text_at(group, "last")});
  session.out << table.render(session.terminal);
}

int request_backfill(Session& session, const BackfillOptions& options) {
  auto tags = assignments(options.tags, "--tag", false);
  if (!tags) return session.usage(tags.error());
  const auto partitions = partitions_json(options.partitions);
  if (!partitions) return session.usage(partitions.error());
  if (partitions->is_null()) return session.usage("which partitions? --from KEY --to KEY, --partition KEY, or --partition missing, failed, stale or all");
  Json body = {{"select", options.select}, {"partitions", *partitions}, {"max_runs", options.max_runs}};
  if (!tags->empty()) body["tags"] = *tags;
  if (options.priority != 0) body["priority"] = options.priority;
  if (options.newest_first) body["order"] = "newest";
  if (options.dry_run) body["dry_run"] = true;
  return session.show(session.api->post("/backfills", body), [&](const Json& made) {
    const auto total = made["partitions_total"].dump() + (made["partitions_total"] == 1 ? " partition" : " partitions");
    if (options.dry_run) session.out << "would make " << total << ":\n";
    else session.out << "backfill " << text_at(made, "id") << " of " << total << " begins\n  assetctl backfills show " << text_at(made, "id") << "\n";
    print_groups(session, made["groups"]);
  });
}

struct ListedBackfills {
  std::size_t limit = 50;
};

/// "41 of 60, 5 failed".
std::string progress(const Json& backfill) {
  const auto& counts = backfill["counts"];
  auto text = count_of(counts, "succeeded") + " of " + backfill["partitions_total"].dump();
  for (const auto* name : {"failed", "skipped", "canceled"})
    if (counts.value(name, 0) > 0) text += ", " + count_of(counts, name) + " " + name;
  return text;
}

int list_backfills(Session& session, const ListedBackfills& options) {
  return session.show(session.api->list("/backfills", {}, options.limit), [&](const Json& page) {
    if (page["items"].empty()) session.out << "no backfills\n";
    if (page["items"].empty()) return;
    Table table({{"BACKFILL"}, {"STATUS"}, {"WHEN"}, {"MADE", false, true}, {"PARTITIONS", false, true}, {"SELECTION", false, true}, {"BY"}});
    for (const auto& each : page["items"])
      table.add({text_at(each, "id"), status_cell(text_at(each, "status")), ago_at(each, "created_at", session.now()), progress(each), text_at(each, "partitions"),
                 text_at(each, "select"), text_at(each, "actor")});
    session.out << table.render(session.terminal);
  });
}

struct OneBackfill {
  std::string id, reason;
  std::string verb = {};  ///< of a command
};

/// "2026-01-04, 2026-01-09 and 3 more", of those with this letter.
std::string keys_with(const Json& group, char letter) {
  constexpr int kShown = 5;
  const auto status = text_at(group, "status");
  std::string text;
  int found = 0;
  for (std::size_t i = 0; i < status.size() && i < group["keys"].size(); ++i)
    if (status[i] == letter && found++ < kShown) text += (text.empty() ? "" : ", ") + group["keys"][i].get<std::string>();
  return found > kShown ? text + " and " + std::to_string(found - kShown) + " more" : text;
}

int show_backfill(Session& session, const OneBackfill& options) {
  return session.show(session.api->get("/backfills/" + percent_encode(options.id)), [&](const Json& backfill) {
    session.out << "backfill " << text_at(backfill, "id") << " of " << text_at(backfill, "select") << " [" << text_at(backfill, "partitions") << "]: " << text_at(backfill, "status") << ", "
                << progress(backfill) << "\n";
    if (!text_at(backfill, "estimated_end").empty()) session.out << "over " << ago_at(backfill, "estimated_end", session.now()) << ", as it goes\n";
    if (!text_at(backfill, "detail").empty()) session.out << text_at(backfill, "reason") << ": " << text_at(backfill, "detail") << "\n";
    Table table({{"ASSETS", false, true}, {"MADE", true}, {"OF", true}, {"RUNNING", true}, {"FAILED", false, true}, {"SKIPPED", true}});
    for (const auto& group : backfill["groups"])
      table.add({join(group["assets"], ", "), count_of(group["counts"], "succeeded"), group["partitions"].dump(), count_of(group["counts"], "in_progress"), keys_with(group, 'f'),
                 count_of(group["counts"], "skipped")});
    session.out << table.render(session.terminal);
    if (!backfill["active_runs"].empty()) session.out << "runs under way: " << join(backfill["active_runs"], ", ") << "\n";
  });
}

int command_backfill(Session& session, const OneBackfill& options) {
  Json body = Json::object();
  if (!options.reason.empty()) body["reason"] = options.reason;
  return session.show(session.api->post("/backfills/" + percent_encode(options.id) + "/" + options.verb, body),
                      [&](const Json& answer) { session.out << "backfill " << text_at(answer, "id") << " is " << text_at(answer, "status") << "\n"; });
}

void add_backfill_command(CLI::App& backfills, CommandLine& line, const char* verb, const char* help) {
  const auto one = std::make_shared<OneBackfill>();
  one->verb = verb;
  auto* command = add_command(backfills, line, verb, help, one, command_backfill);
  command->add_option("backfill", one->id, "id of the backfill")->required();
  command->add_option("--reason", one->reason, "shown beside it, kept in the audit");
}

// ---- partitions

struct ListedPartitions {
  std::string asset, status;
  std::size_t limit = 50;
};

int list_partitions(Session& session, const ListedPartitions& options) {
  return session.show(session.api->list("/assets/" + percent_encode(options.asset) + "/partitions", {{"status", options.status}}, options.limit), [&](const Json& page) {
    if (page["items"].empty()) session.out << "no such partitions\n";
    if (page["items"].empty()) return;
    Table table({{"PARTITION"}, {"STATUS"}, {"MADE"}, {"RUN"}, {"FAILED CHECKS", false, true}, {"FAILED", false, true}});
    for (const auto& each : page["items"])
      table.add({text_at(each, "key"), status_cell(text_at(each, "status")), ago_at(each, "at", session.now()), text_at(each, "run_id"), join(each.value("failed_checks", Json::array()), ", "),
                 failure_text(each, session.now())});
    session.out << table.render(session.terminal);
  });
}

int list_partition_sets(Session& session, const NoOptions&) {
  return session.show(session.api->get("/partitions"), [&](const Json& page) {
    if (page["items"].empty()) session.out << "no dynamic partitions have been added\n";
    for (const auto& set : page["items"]) session.out << text_at(set, "name") << ": " << set["total"].dump() << "\n";
  });
}

struct ChangedKeys {
  std::string verb, set;
  std::vector<std::string> keys;
};

int change_keys(Session& session, const ChangedKeys& options) {
  return session.show(session.api->post("/partitions/" + percent_encode(options.set), {{options.verb, options.keys}}), [&](const Json& answer) {
    session.out << answer["added"].size() << " added, " << answer["removed"].size() << " removed; " << text_at(answer, "set") << " has " << answer["total"].dump() << " now\n";
  });
}

void add_key_command(CLI::App& partitions, CommandLine& line, const char* verb, const char* help) {
  const auto changed = std::make_shared<ChangedKeys>();
  changed->verb = verb;
  auto* command = add_command(partitions, line, verb, help, changed, change_keys);
  command->add_option("set", changed->set, "name of the set: partitions: {dynamic: NAME}")->required();
  command->add_option("keys", changed->keys, "partitions")->required();
}

}  // namespace

void add_backfill_commands(CommandLine& line) {
  const auto options = std::make_shared<BackfillOptions>();
  auto* backfill = add_command(line.app, line, "backfill", "make many partitions of a selection, run by run", options, request_backfill);
  backfill->add_option("select", options->select, "selection")->required();
  add_partition_options(backfill, options->partitions);
  backfill->add_option("--max-runs", options->max_runs, "runs of it under way at once")->check(CLI::Range(1, 10'000))->capture_default_str();
  backfill->add_option("--priority", options->priority, "higher goes first")->capture_default_str();
  backfill->add_option("--tag", options->tags, "tag of its runs, name=value; may be given several times")->allow_extra_args(false);
  backfill->add_flag("--newest-first", options->newest_first, "begin with the last partition");
  backfill->add_flag("--dry-run", options->dry_run, "only say what would be made");

  auto* backfills = line.app.add_subcommand("backfills", "backfills and how far they are");
  backfills->require_subcommand(1);
  const auto listed = std::make_shared<ListedBackfills>();
  add_command(*backfills, line, "list", "backfills, newest first", listed, list_backfills)->add_option("--limit", listed->limit, "how many")->check(CLI::Range(1, 100'000))->capture_default_str();
  const auto shown = std::make_shared<OneBackfill>();
  add_command(*backfills, line, "show", "one backfill, with what failed", shown, show_backfill)->add_option("backfill", shown->id, "id of the backfill")->required();
  add_backfill_command(*backfills, line, "pause", "nothing more of it begins; what runs goes on");
  add_backfill_command(*backfills, line, "resume", "it goes on");
  add_backfill_command(*backfills, line, "cancel", "nothing more of it begins, and its runs are canceled");
  add_backfill_command(*backfills, line, "retry", "what failed, was skipped or canceled once more");

  auto* partitions = line.app.add_subcommand("partitions", "partitions of assets, and keys of dynamic ones");
  partitions->require_subcommand(1);
  const auto of = std::make_shared<ListedPartitions>();
  auto* list = add_command(*partitions, line, "list", "partitions of an asset, the newest first", of, list_partitions);
  list->add_option("asset", of->asset, "the asset's key")->required();
  list->add_option("--status", of->status, "missing, materialized, failed, check_failed (a check of it failed last); several with ','");
  list->add_option("--limit", of->limit, "how many")->check(CLI::Range(1, 100'000))->capture_default_str();
  add_command(*partitions, line, "sets", "sets of dynamic partitions", std::make_shared<NoOptions>(), list_partition_sets);
  add_key_command(*partitions, line, "add", "add keys to a set of dynamic partitions");
  add_key_command(*partitions, line, "remove", "remove keys from a set; what was made of them stays known");
}

}  // namespace assetd::cli
