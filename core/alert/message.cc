#include "core/alert/message.h"

#include <algorithm>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostInTitle = 5;  // partitions: a title is a line, and the subject of a mail

Json or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::string said(const Json& body, const char* key) {
  const auto it = body.find(key);
  return it != body.end() && it->is_string() ? it->get<std::string>() : "";
}

Json run_part(const AlertRecord& alert, const AlertSetting& setting) {
  if (alert.run == 0) return nullptr;
  const auto id = std::to_string(alert.run);
  Json run = {{"id", id}, {"url", setting.address + "/runs/" + id}};
  if (!setting.run) return run;
  run["select"] = setting.run->select;
  run["job"] = or_null(setting.run->job);
  run["trigger"] = setting.run->trigger.kind;
  return run;
}

std::string run_words(const Json& body) {
  const auto run = body.find("run");
  return run != body.end() && run->is_object() ? "run " + said(*run, "id") : "";
}

std::vector<std::string> partitions_in(const Json& body) { return body.value("partitions", std::vector<std::string>{}); }

/// How many partitions are failed beside the first `named`.
std::size_t more_partitions(const Json& body, std::size_t named) {
  const auto listed = partitions_in(body).size();
  return listed - std::min(listed, named) + body.value("more_partitions", std::size_t{0});
}

/// The first `most`: "one, three".
std::string listed(const Json& body, std::size_t most) {
  std::string text;
  for (const auto& partition : partitions_in(body)) {
    if (most-- == 0) break;
    text += (text.empty() ? "" : ", ") + partition;
  }
  return text;
}

/// "partitions one, three of ", or nothing.
std::string partition_words(const Json& body, std::size_t most) {
  const auto count = partitions_in(body).size();
  if (count == 0) return "";
  return (count == 1 ? "partition " : "partitions ") + listed(body, most) + " of ";
}

std::string all_partitions(const Json& body) {
  const auto more = body.value("more_partitions", std::size_t{0});
  return listed(body, partitions_in(body).size()) + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

/// Slack's own marks: https://docs.slack.dev/messaging/formatting-message-text
std::string for_slack(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}

std::string slack_link(const std::string& url, const std::string& words) {
  const bool absolute = url.starts_with("http://") || url.starts_with("https://");
  return absolute ? "<" + url + "|" + for_slack(words) + ">" : for_slack(words);
}

}  // namespace

Json alert_body(const AlertRecord& alert, const AlertSetting& setting) {
  Json causes = Json::array();
  if (!alert.asset.empty()) {
    Json cause = {{"key", alert.asset}, {"reason", or_null(alert.reason)}, {"detail", or_null(alert.detail)}};
    if (!alert.check.empty()) cause["check"] = alert.check;
    if (!alert.partitions.empty()) cause["partitions"] = alert.partitions;
    causes.push_back(std::move(cause));
  }
  Json body = {{"id", alert.id},
               {"rule", alert.rule},
               {"event", alert.event},
               {"at", format_time(alert.at)},
               {"project", setting.project},
               {"environment", or_null(setting.environment)},
               {"run", run_part(alert, setting)},
               {"asset", or_null(alert.asset)},
               {"step", or_null(setting.step)},
               {"check", or_null(alert.check)},
               {"partitions", alert.partitions},
               {"more_partitions", alert.more_partitions},
               {"reason", or_null(alert.reason)},
               {"detail", or_null(alert.detail)},
               {"root_causes", std::move(causes)},
               {"skipped", alert.skipped},
               {"owners", setting.owners},
               {"runbook", or_null(setting.runbook)}};
  body["title"] = alert_title(body);
  return body;
}

std::string alert_title(const Json& body) {
  const auto event = said(body, "event"), asset = said(body, "asset"), check = said(body, "check"), run = run_words(body);
  const auto reason = said(body, "reason"), detail = said(body, "detail");
  if (event == "test") return "test of the alert " + said(body, "rule");
  if (event == "run_succeeded") return run + " succeeded";
  if (event == "freshness_violated") return asset + " is too old: " + detail;
  std::string title = run + " was canceled";
  if (event != "run_canceled") {
    const auto what = partition_words(body, kMostInTitle) + asset;
    title = check.empty() ? (asset.empty() ? run : what) : "check " + check + " of " + what;
    title += " failed";
    if (check.empty() && !reason.empty()) title += " (" + reason + ")";
    if (!asset.empty() && !run.empty()) title += " in " + run;
  }
  if (!detail.empty()) title += ": " + detail.substr(0, detail.find('\n'));
  const auto more = more_partitions(body, kMostInTitle);
  if (more > 0) title += "; " + std::to_string(more) + (more == 1 ? " more partition of it is failed" : " more partitions of it are failed");
  const auto skipped = body.value("skipped", 0u);
  if (skipped > 0) title += "; " + std::to_string(skipped) + (skipped == 1 ? " step was" : " steps were") + " skipped because of it";
  return title;
}

Json slack_message(const Json& body) {
  const auto title = alert_title(body);
  std::string more = for_slack(said(body, "project")) + ", alert " + for_slack(said(body, "rule"));
  if (const auto run = body.find("run"); run != body.end() && run->is_object())
    more += ", " + slack_link(said(*run, "url"), run_words(body));
  if (const auto runbook = said(body, "runbook"); !runbook.empty()) more += ", " + slack_link(runbook, "runbook");
  for (const auto& owner : body.value("owners", Json::array())) more += ", " + for_slack(owner.get<std::string>());
  const auto section = [](const std::string& text) {
    return Json{{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", text}}}};
  };
  const Json context = {{"type", "context"}, {"elements", {{{"type", "mrkdwn"}, {"text", more}}}}};
  return {{"text", for_slack(title)}, {"blocks", {section("*" + for_slack(title) + "*"), context}}};
}

std::string alert_text(const Json& body) {
  std::string text = alert_title(body) + "\n\n";
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += std::string(name) + ": " + value + "\n";
  };
  line("project", said(body, "project"));
  line("environment", said(body, "environment"));
  line("event", said(body, "event"));
  line("at", said(body, "at"));
  line("asset", said(body, "asset"));
  line("check", said(body, "check"));
  line("partitions", all_partitions(body));
  line("reason", said(body, "reason"));
  line("detail", said(body, "detail"));
  if (const auto run = body.find("run"); run != body.end() && run->is_object()) line("run", said(*run, "url"));
  for (const auto& owner : body.value("owners", Json::array())) line("owner", owner.get<std::string>());
  line("runbook", said(body, "runbook"));
  line("alert", said(body, "rule") + " " + said(body, "id"));
  return text;
}

}  // namespace assetd
