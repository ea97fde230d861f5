#include "cli/asset_sheet.h"

#include <algorithm>
#include <vector>

#include "cli/asset_outlook.h"
#include "cli/command_line.h"
#include "cli/table.h"
#include "cli/versions.h"

namespace assetd::cli {

std::string checks_text(const Json& checks) {
  std::string out;
  const auto part = [&](const char* field, const char* word) {
    const int count = checks.value(field, 0);
    if (count == 0) return;
    out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + word;
  };
  part("failed", "failed");
  part("warned", "warned");
  part("passed", "passed");
  return out;
}

namespace {

class Sheet {
 public:
  explicit Sheet(Session& session) : session_(session) {}
  void line(const std::string& name, const std::string& text, Colour colour = Colour::none) {
    if (text.empty()) return;
    std::string label = name;
    label.resize(std::max<std::size_t>(16, name.size() + 1), ' ');
    session_.out << session_.terminal.paint(label, Colour::grey) << session_.terminal.paint(text, colour) << "\n";
  }

 private:
  Session& session_;
};

std::string metadata_text(const Json& value) {
  const auto& raw = value.is_object() && value.contains("raw_value") ? value["raw_value"] : value;
  const auto text = raw.is_string() ? raw.get<std::string>() : raw.is_number() ? number_text(raw) : raw.dump();
  const auto first_line = text.substr(0, text.find('\n'));
  return first_line.size() < text.size() ? first_line + " …" : text;
}

std::string waiver_text(const Json& waiver) {
  const auto partition = text_at(waiver, "partition");
  return text_at(waiver, "check") + (partition.empty() ? "" : " in partition " + partition) + " by " + text_at(waiver, "by") + " until " + text_at(waiver, "until") + ": " + text_at(waiver, "reason");
}

std::string cause_text(const Json& cause) {
  std::string out = text_at(cause, "key");
  if (!text_at(cause, "partition").empty()) out += " [" + text_at(cause, "partition") + "]";
  out += ": " + text_at(cause, "reason");
  return text_at(cause, "check").empty() ? out : out + " (" + text_at(cause, "check") + ")";
}

void show_last_attempt(Sheet& sheet, const Json& attempt, SystemTime now) {
  if (!attempt.is_object()) return;
  const auto run = text_at(attempt, "run_id");
  std::string text = text_at(attempt, "status") + (run.empty() ? "" : " in run " + run);
  if (!text_at(attempt, "at").empty()) text += ", " + ago_at(attempt, "at", now);
  if (!text_at(attempt, "reason").empty()) text += " — " + text_at(attempt, "reason");
  sheet.line("last attempt", text, status_colour(text_at(attempt, "status")));
  sheet.line("", text_at(attempt, "detail"));
  for (const auto& cause : attempt.value("root_causes", Json::array())) sheet.line("because of", cause_text(cause));
}

/// Where the last attempt is another one.
void show_last_failure(Sheet& sheet, const Json& failure, SystemTime now) {
  if (!failure.is_object()) return;
  const auto partition = text_at(failure, "partition");
  sheet.line("last failure", "in run " + text_at(failure, "run_id") + (partition.empty() ? "" : " [" + partition + "]") + ", " + ago_at(failure, "ended_at", now) + " — " + text_at(failure, "reason"));
}

/// Which partitions failed, the newest first: the first few of them.
void show_failed_partitions(Sheet& sheet, const Json& partitions, SystemTime now) {
  if (!partitions.is_object()) return;
  const auto failed = partitions.value("failures", Json::array());
  for (const auto& each : failed) sheet.line("  failed", text_at(each, "key") + ": " + failure_text(each, now), Colour::red);
  const auto total = partitions.value("counts", Json::object()).value("failed", failed.size());
  if (total > failed.size()) sheet.line("", "and " + std::to_string(total - failed.size()) + " more: assetctl partitions list KEY --status failed");
}

void show_materialization(Sheet& sheet, const Json& asset, SystemTime now) {
  const auto materialization = asset.value("last_materialization", Json());
  if (!materialization.is_object()) return;
  const auto run = text_at(materialization, "run_id");
  sheet.line("materialized", ago_at(materialization, "at", now) + (run.empty() ? ", " + said_text(asset) : ", by run " + run));
  sheet.line("  of data", text_at(materialization, "data_version"));
  sheet.line("  by code", text_at(materialization, "code_version"));
  const auto metadata = materialization.value("metadata", Json::object());  // lives as long as the loop over its items
  for (const auto& [name, value] : metadata.items()) sheet.line("  " + name, metadata_text(value));
}

void show_check(Sheet& sheet, const Json& check) {
  std::string text = text_at(check, "name") + " (" + text_at(check, "severity");
  text += check.value("blocking", false) ? ", blocking)" : ")";
  sheet.line("check", text);
}

std::string freshness_text(const Json& freshness, SystemTime now) {
  const auto status = text_at(freshness, "status");
  if (status.empty() || status == "none") return "";
  const auto deadline = text_at(freshness, "deadline");
  return status + (deadline.empty() ? "" : (status == "violated" ? ", too old since " : ", until ") + deadline + " (" + ago_at(freshness, "deadline", now) + ")");
}

std::string partitions_text(const Json& partitions) {
  if (!partitions.is_object() || !partitions.contains("counts")) return "";
  const auto& counts = partitions["counts"];
  std::string out = std::to_string(counts.value("materialized", 0)) + " of " + std::to_string(counts.value("total", 0)) + " made";
  for (const auto* each : {"failed", "missing"})
    if (const int count = counts.value(each, 0); count > 0) out += ", " + std::to_string(count) + " " + each;
  if (const int count = counts.value("check_failed", 0); count > 0) out += "; a check failed in " + std::to_string(count);
  return out;
}

std::string automation_text(const Json& automation, SystemTime now) {
  const auto condition = text_at(automation, "condition");
  if (condition.empty()) return "";
  const auto run = text_at(automation, "run_id");
  const bool muted = automation.value("paused", Json()).is_object();
  return condition + (muted ? " (muted)" : !text_at(automation, "held").empty() ? " (held back)" : automation.value("holds", false) ? " (holds)" : " (does not hold)") +
         (run.empty() ? "" : ", asked for run " + run + " " + ago_at(automation, "requested_at", now));
}

std::string paused_text(const Json& trigger) {
  if (!trigger.value("paused", false)) return "";
  const auto by = text_at(trigger, "paused_by");
  return ", paused" + (by.empty() ? "" : " by " + by);
}

std::string muted_text(const Json& mute) {
  const auto until = text_at(mute, "until");
  return "by " + text_at(mute, "by") + (until.empty() ? "" : " until " + until) + ": " + text_at(mute, "reason") + "; automation, schedules and sensors leave it out";
}

/// What will happen to it next, and what holds that.
void show_triggers(Sheet& sheet, const Json& triggers, SystemTime now) {
  if (!triggers.is_object()) return;
  if (const auto pause = triggers.value("paused", Json()); pause.is_object())
    sheet.line("paused", "nothing starts by itself, by " + text_at(pause, "by") + ": " + text_at(pause, "reason"), Colour::yellow);
  if (const auto mute = triggers.value("muted", Json()); mute.is_object()) sheet.line("muted", muted_text(mute), Colour::yellow);
  for (const auto& schedule : triggers.value("schedules", Json::array()))
    sheet.line("schedule", text_at(schedule, "name") + ": " + text_at(schedule, "cron") + " " + text_at(schedule, "timezone") + (text_at(schedule, "steps") == "checks" ? ", only checks" : "") + paused_text(schedule));
  for (const auto& sensor : triggers.value("sensors", Json::array())) {
    const auto fired = text_at(sensor, "fired_at").empty() ? "" : ", fired " + ago_at(sensor, "fired_at", now);
    sheet.line("sensor", text_at(sensor, "name") + ": " + text_at(sensor, "kind") + " " + text_at(sensor, "watches") + fired + paused_text(sensor));
  }
  for (const auto& backfill : triggers.value("backfills", Json::array())) sheet.line("backfill", text_at(backfill, "id") + " (" + text_at(backfill, "status") + ")");
}

}  // namespace

void print_asset(Session& session, const Json& asset) {
  const auto now = session.now();
  session.out << session.terminal.paint(text_at(asset, "key"), Colour::bold) << "\n";
  Sheet sheet(session);
  sheet.line("description", text_at(asset, "description"));
  sheet.line("status", text_at(asset, "status"), status_colour(text_at(asset, "status")));
  if (asset.contains("in_progress") && asset["in_progress"].is_object()) sheet.line("in progress", "run " + text_at(asset["in_progress"], "run_id"));
  const auto stale = asset.value("stale", Json::object());
  if (stale.value("is", false)) session.out << session.terminal.paint("stale because", Colour::grey) << "\n";
  print_stale(session, stale);
  show_last_attempt(sheet, asset.value("last_attempt", Json()), now);
  show_last_failure(sheet, asset.value("last_failure", Json()), now);
  show_materialization(sheet, asset, now);
  for (const auto& used : asset.value("provenance", Json()).is_object() ? asset["provenance"].value("upstream", Json::array()) : Json::array())
    sheet.line("made from", text_at(used, "key") + " " + text_at(used, "data_version") + (text_at(used, "run_id").empty() ? ", reported" : " of run " + text_at(used, "run_id")));
  sheet.line("freshness", freshness_text(asset.value("freshness", Json::object()), now), text_at(asset.value("freshness", Json::object()), "status") == "violated" ? Colour::yellow : Colour::none);
  sheet.line("partitions", partitions_text(asset.value("partitions", Json())));
  show_failed_partitions(sheet, asset.value("partitions", Json()), now);
  const auto automation = asset.value("automation", Json::object());
  sheet.line("automation", automation_text(automation, now));
  sheet.line("  because", text_at(automation, "held"));
  for (const auto& each : next_texts(asset, now)) sheet.line("next", each);
  show_triggers(sheet, asset.value("triggers", Json()), now);
  sheet.line("checks", checks_text(asset.value("checks", Json::object())));
  for (const auto& waiver : asset.value("waivers", Json::array())) sheet.line("waived", waiver_text(waiver), Colour::yellow);
  for (const auto& waiver : asset.value("waived_upstream", Json::array())) sheet.line("waived above", text_at(waiver, "key") + ": " + waiver_text(waiver), Colour::yellow);
  if (const auto taken = asset.find("acknowledged"); taken != asset.end() && taken->is_object())
    sheet.line("acknowledged", "by " + text_at(*taken, "by") + (text_at(*taken, "note").empty() ? "" : ": " + text_at(*taken, "note")));
  for (const auto& check : asset.value("check_definitions", Json::array())) show_check(sheet, check);
  sheet.line("upstream", join(asset.value("deps", Json::array()), ", "));
  sheet.line("downstream", join(asset.value("downstream", Json::array()), ", "));
  sheet.line("group", text_at(asset, "group"));
  sheet.line("kinds", join(asset.value("kinds", Json::array()), ", "));
  sheet.line("owners", join(asset.value("owners", Json::array()), ", "));
  sheet.line("tags", join(asset.value("tags", Json::object()), ", "));
  sheet.line("runbook", text_at(asset, "runbook"));
  const auto source = asset.value("source", Json::object());
  if (source.is_object()) sheet.line("defined in", text_at(source, "file") + ":" + text_at(source, "line"));
}

}  // namespace assetd::cli
