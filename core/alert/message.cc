#include "core/alert/message.h"

#include <algorithm>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostInTitle = 5;  // partitions: a title is a line, and the subject of a mail
// Of a text; with a longer one Slack refuses the whole message: https://docs.slack.dev/reference/block-kit/blocks/section-block
constexpr std::size_t kMostForSlack = 3'000;  // characters, counted as bytes, which are never fewer
constexpr std::string_view kCut = "…";

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
std::string for_slack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  }
  return out;
}

/// So much of it that for_slack() makes at most `most` bytes of it: a longer one ends with "…", behind a whole character.
std::string cut_for_slack(const std::string& text, std::size_t most) {
  std::size_t written = 0, end = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u;
    if (begins && written + kCut.size() <= most) end = i;
    written += for_slack({&text[i], 1}).size();
  }
  return written <= most ? text : text.substr(0, end) + std::string(kCut);
}

std::string slack_link(const std::string& url, const std::string& words) {
  const bool absolute = url.starts_with("http://") || url.starts_with("https://");
  return absolute ? "<" + url + "|" + for_slack(words) + ">" : for_slack(words);
}

/// Of one that is too long the detail is cut first: what stands behind it stays.
std::string slack_title(Json body) {
  constexpr std::size_t kMost = kMostForSlack - 2;  // beside the '*' around it
  if (const auto size = for_slack(alert_title(body)).size(); size > kMost) {
    const auto detail = said(body, "detail");
    const auto line = detail.substr(0, detail.find('\n'));
    const auto written = for_slack(line).size();
    body["detail"] = cut_for_slack(line, written - std::min(written, size - kMost));
  }
  return for_slack(cut_for_slack(alert_title(body), kMost));
}

/// Whose it is, with the ways on. What there is no room for is left out whole: half a link leads nowhere.
std::string slack_context(const Json& body) {
  std::vector<std::string> parts = {for_slack(said(body, "project")), "alert " + for_slack(said(body, "rule"))};
  if (const auto run = body.find("run"); run != body.end() && run->is_object()) parts.push_back(slack_link(said(*run, "url"), run_words(body)));
  if (const auto runbook = said(body, "runbook"); !runbook.empty()) parts.push_back(slack_link(runbook, "runbook"));
  for (const auto& owner : body.value("owners", Json::array())) parts.push_back(for_slack(owner.get<std::string>()));
  constexpr std::string_view kBetween = ", ";
  std::string text;
  bool whole = true;
  for (const auto& part : parts) {
    const bool fits = text.size() + part.size() + 2 * kBetween.size() + kCut.size() <= kMostForSlack;
    if (fits) text += (text.empty() ? "" : std::string(kBetween)) + part;
    whole = whole && fits;
  }
  return whole ? text : text + std::string(kBetween) + std::string(kCut);
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
  const auto title = slack_title(body);
  const auto section = [](const std::string& text) {
    return Json{{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", text}}}};
  };
  const Json context = {{"type", "context"}, {"elements", {{{"type", "mrkdwn"}, {"text", slack_context(body)}}}}};
  return {{"text", title}, {"blocks", {section("*" + title + "*"), context}}};
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
