// waive | unwaive | waivers | ack | unack: what a person decides about failures, at three in the morning.
#include <algorithm>
#include <chrono>
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"
#include "core/schedule/cron.h"

namespace assetd::cli {
namespace {

struct WaiveOptions {
  std::string run, check, reason, until, time, key, partition;
};

std::string in_partition(const Json& waiver) {
  const auto partition = text_at(waiver, "partition");
  return partition.empty() ? "" : " in partition " + partition;
}

int waive(Session& session, const WaiveOptions& options) {
  Json body = {{"reason", options.reason}};
  if (!options.key.empty()) body["key"] = options.key;
  if (!options.partition.empty()) body["partition"] = options.partition;
  if (!options.until.empty()) body["until"] = options.until;
  if (!options.time.empty()) {
    const auto time = parse_duration(options.time);
    if (!time || time->count() < 1) return session.usage("--for takes a duration such as 30m or 2h, not '" + options.time + "'");
    body["until"] = format_time(std::chrono::time_point_cast<Millis>(session.now()) + *time);
  }
  const auto path = "/runs/" + percent_encode(options.run) + "/checks/" + percent_encode(options.check) + "/waive";
  return session.show(session.api->post(path, body), [&](const Json& waiver) {
    session.out << "check " << options.check << " of " << text_at(waiver, "key") << in_partition(waiver) << " counts as a warning until " << text_at(waiver, "until")
                << ", or until it passes\ngo on: assetctl runs retry " << options.run << "\n";
  });
}

struct UnwaiveOptions {
  std::string key, check, reason, partition;
};

int unwaive(Session& session, const UnwaiveOptions& options) {
  Json body = Json::object();
  if (!options.reason.empty()) body["reason"] = options.reason;
  if (!options.partition.empty()) body["partition"] = options.partition;
  const auto path = "/assets/" + key_in_path(options.key) + "/checks/" + percent_encode(options.check) + "/unwaive";
  return session.show(session.api->post(path, body), [&](const Json& ended) { session.out << "check " << options.check << " of " << options.key << in_partition(ended) << " counts again\n"; });
}

int list_waivers(Session& session, const NoOptions&) {
  return session.show(session.api->list("/waivers", {}, SIZE_MAX), [&](const Json& page) {
    if (page["items"].empty()) session.out << "no check is waived\n";
    if (page["items"].empty()) return;
    const bool divided = std::ranges::any_of(page["items"], [](const Json& each) { return !text_at(each, "partition").empty(); });
    std::vector<Column> columns = {{"ASSET", false, true}, {"CHECK", false, true}, {"ENDS"}, {"BELOW", true}, {"BY"}, {"REASON", false, true}};
    if (divided) columns.insert(columns.begin() + 2, {"PARTITION"});
    Table table(std::move(columns));
    for (const auto& each : page["items"]) {
      std::vector<Cell> row = {text_at(each, "key"), text_at(each, "check"), ago_at(each, "until", session.now()), text_at(each, "below"), text_at(each, "by"), text_at(each, "reason")};
      if (divided) row.insert(row.begin() + 2, text_at(each, "partition"));
      table.add(std::move(row));
    }
    session.out << table.render(session.terminal);
  });
}

struct AcknowledgeOptions {
  std::string key, note;
};

int acknowledge(Session& session, const AcknowledgeOptions& options) {
  const Json body = options.note.empty() ? Json::object() : Json{{"note", options.note}};
  return session.show(session.api->post("/assets/" + key_in_path(options.key) + "/acknowledge", body), [&](const Json&) {
    session.out << "the failure of " << options.key << " is acknowledged; it is not told again until it is well\n";
  });
}

int unacknowledge(Session& session, const AcknowledgeOptions& options) {
  const Json body = options.note.empty() ? Json::object() : Json{{"note", options.note}};
  return session.show(session.api->post("/assets/" + key_in_path(options.key) + "/unacknowledge", body),
                      [&](const Json&) { session.out << "nobody looks after the failure of " << options.key << " any more\n"; });
}

struct CheckHistoryOptions {
  std::string key, check, partition;
  std::size_t limit = 20;
};

/// "failures 3, execution_seconds 0.04": what can be compared from one result to the next.
std::string numbers_of(const Json& metadata) {
  std::string out;
  for (const auto& [name, value] : metadata.items()) {
    const auto& number = value.is_object() && value.contains("raw_value") ? value["raw_value"] : value;
    if (number.is_number()) out += (out.empty() ? "" : ", ") + harmless(name) + " " + number_text(number);
  }
  return out;
}

int check_history(Session& session, const CheckHistoryOptions& options) {
  const auto page = session.api->list("/assets/" + key_in_path(options.key) + "/checks", {{"check", options.check}, {"partition", options.partition}}, options.limit);
  return session.show(page, [&](const Json& shown) {
    if (shown["items"].empty()) session.out << "no check of " << options.key << " has a result" << (options.partition.empty() ? "" : " for partition " + options.partition) << " yet\n";
    if (shown["items"].empty()) return;
    const bool divided = std::ranges::any_of(shown["items"], [](const Json& each) { return !text_at(each, "partition").empty(); });
    std::vector<Column> columns = {{"WHEN"}, {"CHECK", false, true}, {"STATUS"}, {"RUN", true}, {"NUMBERS", false, true}, {"DETAIL", false, true}};
    if (divided) columns.insert(columns.begin() + 2, {"PARTITION"});
    Table table(std::move(columns));
    for (const auto& each : shown["items"]) {
      const auto detail = text_at(each, "detail"), waived = text_at(each, "waived");
      std::vector<Cell> row = {ago_at(each, "at", session.now()), text_at(each, "check"), status_cell(text_at(each, "status")), text_at(each, "run_id"),
                               numbers_of(each.value("metadata", Json::object())), detail + (detail.empty() || waived.empty() ? "" : "; ") + waived};
      if (divided) row.insert(row.begin() + 2, text_at(each, "partition"));
      table.add(std::move(row));
    }
    session.out << table.render(session.terminal);
  });
}

}  // namespace

void add_check_history_command(CommandLine& line, CLI::App& assets) {
  const auto options = std::make_shared<CheckHistoryOptions>();
  auto* command = add_command(assets, line, "checks", "results of its checks with their numbers, newest first", options, check_history);
  command->add_option("key", options->key, "an asset's key")->required();
  command->add_option("--check", options->check, "only this one");
  command->add_option("--partition", options->partition, "only of this one");
  command->add_option("--limit", options->limit, "show at most this many")->check(CLI::PositiveNumber)->capture_default_str();
}

void add_check_decisions(CommandLine& line) {
  const auto waived = std::make_shared<WaiveOptions>();
  auto* waive_command = add_command(line.app, line, "waive", "let a failed check pass as a warning for some time: a retry goes on past it", waived, waive);
  waive_command->add_option("run", waived->run, "id of the run in which it failed")->required();
  waive_command->add_option("check", waived->check, "name of the check")->required();
  waive_command->add_option("--reason", waived->reason, "shown on everything below, kept in the audit")->required();
  auto* until = waive_command->add_option("--until", waived->until, "a time (RFC 3339); default: 24 hours from now");
  waive_command->add_option("--for", waived->time, "the same as a duration: 30m, 2h, 3d")->excludes(until);
  waive_command->add_option("--key", waived->key, "the check's asset, where several of the run have one of that name");
  waive_command->add_option("--partition", waived->partition, "let it pass in this one alone; default: wherever it fails");

  const auto ended = std::make_shared<UnwaiveOptions>();
  auto* unwaive_command = add_command(line.app, line, "unwaive", "end a waiver: the check counts again", ended, unwaive);
  unwaive_command->add_option("key", ended->key, "the check's asset")->required();
  unwaive_command->add_option("check", ended->check, "name of the check")->required();
  unwaive_command->add_option("--reason", ended->reason, "kept in the audit");
  unwaive_command->add_option("--partition", ended->partition, "only the waiver given for this one; default: all of the check");
  add_command(line.app, line, "waivers", "waivers that stand", std::make_shared<NoOptions>(), list_waivers);

  const auto add_acknowledge = [&](const char* name, const char* help, int (*run)(Session&, const AcknowledgeOptions&)) {
    const auto options = std::make_shared<AcknowledgeOptions>();
    auto* command = add_command(line.app, line, name, help, options, run);
    command->add_option("key", options->key, "an asset's key")->required();
    command->add_option("--note", options->note, "for people");
  };
  add_acknowledge("ack", "take up an asset's failure: it is not told again until it is well", acknowledge);
  add_acknowledge("unack", "nobody looks after its failure any more", unacknowledge);
}

}  // namespace assetd::cli
