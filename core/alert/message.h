#pragma once
// What receivers read: the body as JSON, and the same for Slack and for a mail.

#include "core/alert/alert.h"

namespace assetd {

/// What the body says beside the alert itself.
struct AlertSetting {
  std::string project, environment;
  std::string address;  ///< of the dashboard, without a '/' at its end; "": not known
  const RunRecord* run = nullptr;
  std::string step;  ///< key of the step, where the asset has one in the run
  std::vector<std::string> owners;
  std::string runbook;
};

/// `body` of docs/alerts.md.
nlohmann::json alert_body(const AlertRecord& alert, const AlertSetting& setting);

/// One line: "gold_customers failed (exit_code) in run 41: …; 5 steps were skipped because of it".
std::string alert_title(const nlohmann::json& body);
/// {"text", "blocks"}, as Slack's incoming webhooks take it: no text has more than the 3,000 characters that Slack allows.
nlohmann::json slack_message(const nlohmann::json& body);
/// The text of a mail, line by line, without its headers.
std::string alert_text(const nlohmann::json& body);

}  // namespace assetd
