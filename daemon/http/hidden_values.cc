#include "daemon/http/hidden_values.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace assetd::http {
namespace {

constexpr const char* kHidden = "(hidden)";

using FieldName = std::tuple<std::string, std::string, std::string>;  // kind, name, field

nlohmann::json hidden(const nlohmann::json& value, const char* as) { return value.is_null() ? nlohmann::json() : nlohmann::json(as); }

}  // namespace

Definitions without_secrets(Definitions definitions) {
  const auto hide = [&](std::string& value) {
    if (!value.empty() && !value.contains("${secret:")) value = kHidden;
  };
  const auto hide_env = [&](RunSpec& run) {
    for (auto& [name, value] : run.env) hide(value);
  };
  for (auto& asset : definitions.assets)
    if (asset.run) hide_env(*asset.run);
  for (auto& check : definitions.checks)
    if (check.run) hide_env(*check.run);
  for (auto& import : definitions.imports) {
    hide_env(import.defaults.run);
    if (import.config.is_object()) import.config.erase("env");
  }
  for (auto& [name, resource] : definitions.resources)
    for (auto& [key, value] : resource.config.items())
      if (value.is_string() && (key.contains("password") || key.contains("secret") || key.contains("token"))) value = kHidden;
  for (auto& alert : definitions.alerts) {
    if (alert.webhook) hide(alert.webhook->url), hide(alert.webhook->secret);
    if (alert.email) hide(alert.email->user), hide(alert.email->password);
  }
  return definitions;
}

std::vector<DefinitionChange> shown_difference(const Definitions& before, const Definitions& after) {
  std::map<FieldName, FieldChange> shown;
  for (auto& change : difference(without_secrets(before), without_secrets(after)))
    for (auto& field : change.fields) shown.emplace(FieldName{change.kind, change.name, field.field}, std::move(field));
  auto changes = difference(before, after);
  for (auto& change : changes)
    for (auto& field : change.fields) {
      const auto seen = shown.find({change.kind, change.name, field.field});
      if (seen != shown.end()) field = seen->second;
      else field = {field.field, hidden(field.before, kHidden), hidden(field.after, field.before.is_null() ? kHidden : "(hidden, another value)")};
    }
  return changes;
}

}  // namespace assetd::http
