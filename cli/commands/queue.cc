// queue; pools list | set | reset: what waits, and how much may run.
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

/// "pool gpu: 2 of 2 slots held by run 41, step train, for 12 min; …"
std::string blockers_of(const Json& entry) {
  std::string words;
  for (const auto& blocker : entry.value("blocked_by", Json::array())) {
    const auto detail = text_at(blocker, "detail");
    words += (words.empty() ? "" : "; ") + text_at(blocker, "what") + (detail.empty() ? "" : ": " + detail);
  }
  return words;
}

void print_queued_runs(Session& session, const Json& runs) {
  session.out << "queued runs, in the order in which they may begin\n";
  Table table({{"RUN", true}, {"PRIORITY", true}, {"SINCE"}, {"SELECTION", false, true}, {"WAITS FOR", false, true}});
  for (const auto& run : runs)
    table.add({text_at(run, "run_id"), text_at(run, "priority"), ago_at(run, "since", session.now()), text_at(run, "select"), blockers_of(run)});
  session.out << table.render(session.terminal);
}

/// Of queued runs, the run is said once and not each of its steps.
void print_waiting_steps(Session& session, const Json& items) {
  Table table({{"RUN", true}, {"STEP", false, true}, {"STATUS"}, {"SINCE"}, {"WAITS FOR", false, true}});
  for (const auto& entry : items)
    table.add({text_at(entry, "run_id"), step_name(entry), status_cell(text_at(entry, "status")), ago_at(entry, "since", session.now()), blockers_of(entry)});
  session.out << table.render(session.terminal);
}

int show_queue(Session& session, const NoOptions&) {
  return session.show(session.api->get("/queue", {{"limit", "1000"}}), [&](const Json& page) {
    const auto runs = page.value("runs", Json::array());
    Json steps = Json::array();
    for (const auto& entry : page["items"])
      if (text_at(entry, "status") != "pending") steps.push_back(entry);
    if (runs.empty() && steps.empty()) session.out << "nothing waits\n";
    if (!runs.empty()) print_queued_runs(session, runs);
    if (!runs.empty() && !steps.empty()) session.out << "\nwaiting steps\n";
    if (!steps.empty()) print_waiting_steps(session, steps);
    if (!text_at(page, "next_cursor").empty()) session.out << "and more: these are the first 1000\n";
  });
}

std::string slots_of(const Json& pool) {
  const auto resized = pool.value("resized", Json());
  if (!resized.is_object()) return text_at(pool, "slots");
  const auto reason = text_at(resized, "reason");
  return text_at(pool, "slots") + " (defined: " + text_at(pool, "defined_slots") + "; set by " + text_at(resized, "by") + (reason.empty() ? "" : ": " + reason) + ")";
}

int show_pools(Session& session, const NoOptions&) {
  return session.show(session.api->get("/pools"), [&](const Json& page) {
    Table table({{"POOL"}, {"SLOTS"}, {"USED", true}, {"WAITING", true}, {"HELD BY", false, true}});
    for (const auto& pool : page["items"]) {
      std::string holders;
      for (const auto& holder : pool.value("holders", Json::array())) {
        holders += (holders.empty() ? "" : ", ") + text_at(holder, "step") + " (run " + text_at(holder, "run_id") + ")";
      }
      table.add({text_at(pool, "name"), slots_of(pool), text_at(pool, "used"), text_at(pool, "waiting"), holders});
    }
    session.out << table.render(session.terminal);
  });
}

struct PoolOptions {
  std::string name, reason;
  int slots = 0;
};

std::string path_of(const PoolOptions& options) { return "/pools/" + percent_encode(options.name); }

Json with_reason(const PoolOptions& options, Json body) {
  if (!options.reason.empty()) body["reason"] = options.reason;
  return body;
}

void print_pool(Session& session, const Json& pool) {
  const auto slots = text_at(pool, "slots"), defined = text_at(pool, "defined_slots");
  session.out << "pool " << text_at(pool, "name") << " has " << slots << (slots == "1" ? " slot" : " slots")
              << (slots == defined ? ", as defined" : " (defined: " + defined + ")") << ", " << text_at(pool, "used") << " used\n";
}

int set_pool(Session& session, const PoolOptions& options) {
  return session.show(session.api->post(path_of(options), with_reason(options, {{"slots", options.slots}})), [&](const Json& pool) { print_pool(session, pool); });
}

int reset_pool(Session& session, const PoolOptions& options) {
  return session.show(session.api->post(path_of(options) + "/reset", with_reason(options, Json::object())), [&](const Json& pool) { print_pool(session, pool); });
}

}  // namespace

void add_queue_commands(CommandLine& line) {
  const auto nothing = std::make_shared<NoOptions>();
  add_command(line.app, line, "queue", "every run and step that waits, and what it waits for", nothing, show_queue);

  auto* pools = line.app.add_subcommand("pools", "slots, who holds them, how many wait; set and reset change them");
  pools->require_subcommand(0, 1);
  pools->callback([&line, nothing, pools] {
    if (pools->get_subcommands().empty()) line.action = [nothing](Session& session) { return show_pools(session, *nothing); };
  });
  add_command(*pools, line, "list", "the same as pools alone", nothing, show_pools);
  const auto set = std::make_shared<PoolOptions>();
  auto* set_command = add_command(*pools, line, "set", "another number of slots, until it is reset; survives reloads and restarts", set, set_pool);
  set_command->add_option("pool", set->name, "name of the pool")->required();
  set_command->add_option("slots", set->slots, "0: nothing of it starts")->required()->check(CLI::Range(0, 1'000'000));
  set_command->add_option("--reason", set->reason, "shown beside the pool");
  const auto reset = std::make_shared<PoolOptions>();
  auto* reset_command = add_command(*pools, line, "reset", "back to what the definitions say", reset, reset_pool);
  reset_command->add_option("pool", reset->name, "name of the pool")->required();
  reset_command->add_option("--reason", reset->reason, "for the audit");
}

}  // namespace assetd::cli
