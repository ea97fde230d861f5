#include "daemon/alerts/sender.h"

#include <chrono>
#include <filesystem>

#include "core/alert/message.h"
#include "daemon/alerts/mail.h"
#include "daemon/alerts/signature.h"
#include "daemon/alerts/transfer.h"
#include "daemon/execution/child_process.h"

namespace assetd {
namespace {

WallTime now_by_the_wall() { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }

Sent to_all(const std::expected<void, std::string>& posted) {
  if (!posted) return std::unexpected(posted.error());
  return "";
}

std::string one_line_json(const nlohmann::json& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

class RealSender final : public AlertSender {
 public:
  explicit RealSender(SenderOptions options) : options_(std::move(options)) {}

  Sent send(const Delivery& delivery, const std::atomic<bool>& stop) override {
    if (delivery.rule.webhook) return over_webhook(delivery, *delivery.rule.webhook, stop);
    if (delivery.rule.openlineage) return to_openlineage(delivery, *delivery.rule.openlineage, stop);
    if (delivery.rule.email) return by_mail(delivery, *delivery.rule.email, stop);
    return through_program(delivery, stop);
  }

 private:
  Sent over_webhook(const Delivery& delivery, const WebhookSpec& webhook, const std::atomic<bool>& stop) {
    const auto& body = delivery.alert.body;
    const auto url = resolve_secrets(webhook.url, options_.secrets);
    if (!url) return std::unexpected("webhook: " + url.error());
    const auto key = resolve_secrets(webhook.secret, options_.secrets);
    if (!key) return std::unexpected("secret: " + key.error());
    HttpPost request{*url, {}, one_line_json(webhook.form == WebhookForm::slack ? slack_message(body) : body), delivery.rule.timeout};
    request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "assetd"}, {"Idempotency-Key", delivery.alert.id}, {"Assetd-Alert", delivery.alert.id}};
    if (!webhook.secret.empty()) request.headers.emplace_back("Assetd-Signature", alert_signature(*key, request.body, now_by_the_wall()));
    return to_all(post(request, stop));
  }

  Sent to_openlineage(const Delivery& delivery, const OpenLineageSpec& lineage, const std::atomic<bool>& stop) {
    const auto url = resolve_secrets(lineage.url, options_.secrets);
    if (!url) return std::unexpected("openlineage: " + url.error());
    HttpPost request{*url, {{"Content-Type", "application/json"}, {"User-Agent", "assetd"}, {"Idempotency-Key", delivery.alert.id}}, one_line_json(delivery.alert.body),
                     delivery.rule.timeout};
    for (const auto& [name, written] : lineage.headers) {
      const auto value = resolve_secrets(written, options_.secrets);
      if (!value) return std::unexpected("openlineage, header " + name + ": " + value.error());
      request.headers.emplace_back(name, *value);
    }
    return to_all(post(request, stop));
  }

  Sent by_mail(const Delivery& delivery, const EmailSpec& email, const std::atomic<bool>& stop) {
    Mail mail{.server = "", .user = "", .password = "", .from = email.from, .to = email.to, .text = mail_text(delivery.alert, email), .timeout = delivery.rule.timeout};
    const std::pair<const std::string*, std::string*> texts[] = {{&email.server, &mail.server}, {&email.user, &mail.user}, {&email.password, &mail.password}};
    for (const auto& [written, into] : texts) {
      auto value = resolve_secrets(*written, options_.secrets);
      if (!value) return std::unexpected("email: " + value.error());
      *into = std::move(*value);
    }
    return send_mail(mail, stop);
  }

  std::string in_project(const std::string& path) const { return (std::filesystem::path(options_.project_dir) / path).lexically_normal().string(); }

  // What it prints may be anything: only how it ended is told.
  Sent through_program(const Delivery& delivery, const std::atomic<bool>& stop) {
    const auto& run = delivery.rule.run;
    auto env = make_environment({run.env, run.env_file.empty() ? "" : in_project(run.env_file), run.inherit_env}, options_.daemon_env, options_.secrets, &stop);
    if (!env) return std::unexpected(env.error());
    (*env)["ASSETD_ALERT_ID"] = delivery.alert.id;
    ChildSpec child;
    child.argv = delivery.rule.program;
    child.env = std::move(*env);
    child.cwd = options_.project_dir;
    child.input = one_line_json(delivery.alert.body) + "\n";
    child.timeout = delivery.rule.timeout;
    child.max_output = 1u << 20;
    child.stop = &stop;
    child.killed_by_stop = true;
    const auto ended = run_child(child);
    if (!ended) return std::unexpected("the program: " + ended.error());
    if (!ended->ok()) return std::unexpected("the program ended with " + describe_end(*ended, child));
    return {};
  }

  SenderOptions options_;
};

}  // namespace

std::unique_ptr<AlertSender> make_alert_sender(SenderOptions options) { return std::make_unique<RealSender>(std::move(options)); }

}  // namespace assetd
