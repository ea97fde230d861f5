// alerts:.
#include "core/definition/reading.h"
#include "core/definition/variables.h"

namespace assetd {
namespace {

constexpr Millis kMostTimeout{60'000};
constexpr std::string_view kSecretForm = "${secret:NAME}";

std::vector<AlertEvent> read_events(MapReader& alert) {
  std::vector<AlertEvent> events;
  const auto* node = alert.require("on");
  if (node && node->items.empty() && node->kind == YamlNode::Kind::sequence)
    alert.file().error(*node, "an alert without an event tells nothing", "as in on: [run_failed, check_failed]");
  std::vector<std::string_view> known;
  for (const auto& [event, name] : EnumNames<AlertEvent>::names) known.push_back(name);
  for (const auto& name : alert.texts("on")) {
    const auto event = enum_of<AlertEvent>(name);
    if (!event) {
      alert.file().error(alert.at("on"), "there is no event \"" + name + "\" to alert on", suggest(name, known));
      continue;
    }
    events.push_back(*event);
  }
  return events;
}

/// Where it stands in clear it would be stored and shown.
std::string read_secret(MapReader& reader, std::string_view key) {
  const auto text = reader.text(key, Secrets::allowed);
  if (text && !find_secret(*text))
    reader.file().error(reader.at(key), in_quotes(key) + " can't be written out: it would be stored and shown",
                        "give it a name among the secrets and write " + std::string(kSecretForm));
  return text.value_or("");
}

/// A url that begins with one of `schemes`, or with a secret that nobody knows yet.
void check_url(MapReader& reader, std::string_view key, const std::string& url,
               const std::vector<std::string_view>& schemes) {
  if (find_secret(url) == 0u) return;
  std::string expected;
  for (const auto scheme : schemes) {
    if (url.starts_with(scheme) && url.size() > scheme.size()) return;
    expected += (expected.empty() ? "" : " or ") + std::string(scheme) + "…";
  }
  reader.file().error(reader.at(key), in_quotes(key) + " must be " + expected + ", not \"" + url + "\"",
                      "a secret one is written " + std::string(kSecretForm));
}

WebhookSpec read_webhook(MapReader& alert) {
  WebhookSpec webhook;
  if (const auto url = alert.text("webhook", Secrets::allowed)) {
    webhook.url = *url;
    check_url(alert, "webhook", webhook.url, {"https://", "http://"});
  }
  webhook.form = alert.word<WebhookForm>("form").value_or(WebhookForm::json);
  webhook.secret = read_secret(alert, "secret");
  return webhook;
}

EmailSpec read_email(const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "email:");
  EmailSpec email;
  reader.require("server");
  if (const auto server = reader.text("server", Secrets::allowed)) {
    email.server = *server;
    check_url(reader, "server", email.server, {"smtps://", "smtp://"});
  }
  email.from = reader.required_text("from");
  if (const auto* to = reader.require("to"); to && to->kind == YamlNode::Kind::sequence && to->items.empty())
    file.error(*to, "a mail to nobody tells nothing", "as in to: [ops@example.com]");
  email.to = reader.texts("to");
  email.user = reader.text("user", Secrets::allowed).value_or("");
  email.password = read_secret(reader, "password");
  if (email.user.empty() != email.password.empty())
    file.error(reader.at(), "user and password of email: belong together", "give both, or none for a server without log-in");
  auto addresses = email.to;
  addresses.push_back(email.from);
  for (const auto& address : addresses)
    if (!address.empty() && (address.find('@') == std::string::npos || address.find_first_of(" <>\r\n\t") != std::string::npos))
      file.error(reader.at(), "\"" + address + "\" is no mail address", "write it without a name, as in ops@example.com");
  reader.refuse_rest();
  return email;
}

/// As steps get it.
void take_environment(const ProcessDefaults& project, AlertSpec& spec) {
  spec.run.env = project.env;
  spec.run.env_file = project.env_file;
  spec.run.inherit_env = project.inherit_env;
}

void read_receiver(MapReader& alert, const ProcessDefaults& project, AlertSpec& spec) {
  const auto *webhook = alert.take("webhook"), *email = alert.take("email"), *program = alert.take("program");
  if ((webhook != nullptr) + (email != nullptr) + (program != nullptr) != 1)
    alert.file().error(alert.at(), "an alert needs one receiver: webhook, email or program",
                       "for several receivers write an alert for each");
  if (webhook) spec.webhook = read_webhook(alert);
  if (email) spec.email = read_email(alert.file(), *email);
  if (program) {
    take_environment(project, spec);
    spec.program = alert.texts("program");
    if (program->kind == YamlNode::Kind::sequence && spec.program.empty())
      alert.file().error(*program, "program: names no program", "as in program: [./tell.sh, ops]");
  }
  if (webhook) return;
  for (const auto* key : {"form", "secret"})
    if (const auto* value = alert.take(key)) alert.file().error(*value, in_quotes(key) + " belongs to a webhook");
}

}  // namespace

void read_alert(Reading& reading, const SourceFile& file, const YamlNode& node) {
  MapReader reader(file, node, "an alert");
  if (!reader.is_map()) return;
  AlertSpec alert;
  alert.source = file.at(node);
  alert.name = read_name(reader);
  alert.on = read_events(reader);
  if (const auto* select = reader.take("select")) {
    alert.select = reader.text("select").value_or("");
    alert.select_source = check_selection(file, *select);
  }
  alert.owners = reader.texts("owners");
  read_receiver(reader, reading.process, alert);
  if (const auto repeat = reader.duration("repeat")) alert.repeat = *repeat;
  if (const auto timeout = reader.duration("timeout")) alert.timeout = *timeout;
  if (alert.timeout > kMostTimeout || alert.timeout <= Millis{0})
    reader.refuse("timeout", *reader.take("timeout"), "more than nothing and at most 60s");
  if (const auto give_up = reader.duration("give_up")) alert.give_up = *give_up;
  reader.refuse_rest();
  reading.definitions().alerts.push_back(std::move(alert));
}

}  // namespace assetd
