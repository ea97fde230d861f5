#include "core/definition/map_reader.h"

#include <algorithm>

#include "core/definition/problems.h"
#include "core/definition/scalars.h"
#include "core/definition/variables.h"
#include "core/schedule/cron.h"

namespace assetd {

std::optional<std::string> read_text(const SourceFile& file, const YamlNode& node, const std::string& what,
                                     Secrets secrets) {
  if (node.kind != YamlNode::Kind::scalar) {
    file.error(node, what + " must be a text, not " + describe_kind(node));
    return std::nullopt;
  }
  if (const auto secret = find_secret(node.text); secret && secrets == Secrets::refused) {
    file.error(file.at(node, *secret), "a secret can't stand in " + what + ": it would be stored and shown",
               "put it into env:, a resource or an alert's webhook");
    return std::nullopt;
  }
  return node.text;
}

MapReader::MapReader(const SourceFile& file, const YamlNode& node, std::string what)
    : file_(file), node_(node), what_(std::move(what)) {
  if (!is_map() && node.kind != YamlNode::Kind::null)
    file.error(node, what_ + " must be a mapping of keys to values, not " + describe_kind(node));
}

const YamlNode* MapReader::take(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  const auto* value = node_.find(key);
  return value && value->kind != YamlNode::Kind::null ? value : nullptr;
}

const YamlNode* MapReader::require(std::string_view key) {
  const auto* value = take(key);
  if (!value && is_map()) file_.error(at(key), what_ + " needs the key " + in_quotes(key));
  return value;
}

void MapReader::refuse(std::string_view key, const YamlNode& node, const std::string& expected,
                       std::string hint) const {
  file_.error(node, in_quotes(key) + " of " + what_ + " must be " + expected + ", not " + describe_kind(node),
              std::move(hint));
}

std::optional<std::string> MapReader::text(std::string_view key, Secrets secrets) {
  const auto* value = take(key);
  return value ? read_text(file_, *value, in_quotes(key) + " of " + what_, secrets) : std::nullopt;
}

std::string MapReader::required_text(std::string_view key) {
  const auto* value = require(key);
  return value ? read_text(file_, *value, in_quotes(key) + " of " + what_).value_or("") : "";
}

std::optional<std::string> MapReader::path(std::string_view key) {
  const auto value = text(key);
  return value ? std::optional(file_.project_path(*value)) : std::nullopt;
}

std::optional<std::int64_t> MapReader::integer(std::string_view key, std::int64_t min, std::int64_t max) {
  const auto* value = take(key);
  if (!value) return std::nullopt;
  const auto number = as_integer(*value);
  if (number && *number >= min && *number <= max) return number;
  refuse(key, *value, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<double> MapReader::number(std::string_view key, double min, double max) {
  const auto* value = take(key);
  if (!value) return std::nullopt;
  const auto number = as_number(*value);
  if (number && *number >= min && *number <= max) return number;
  const auto shown = [](double bound) { return nlohmann::json(bound).dump(); };
  refuse(key, *value, "a number from " + shown(min) + " to " + shown(max));
  return std::nullopt;
}

std::optional<bool> MapReader::boolean(std::string_view key) {
  const auto* value = take(key);
  if (!value) return std::nullopt;
  const auto result = as_boolean(*value);
  if (!result) refuse(key, *value, "true or false");
  return result;
}

std::optional<Millis> MapReader::duration(std::string_view key) {
  const auto* value = take(key);
  if (!value) return std::nullopt;
  const auto result = value->kind == YamlNode::Kind::scalar ? parse_duration(value->text) : std::nullopt;
  if (!result)
    refuse(key, *value, "a duration",
           as_number(*value) ? "give the unit: " + value->text + "s" : "as in 500ms, 30s, 10m, 24h or 7d");
  return result;
}

std::vector<std::string> MapReader::texts(std::string_view key) {
  const auto* value = take(key);
  if (!value) return {};
  if (value->kind != YamlNode::Kind::sequence) {
    refuse(key, *value, "a list", value->kind == YamlNode::Kind::scalar ? "write [" + value->text + "]" : "");
    return {};
  }
  std::vector<std::string> result;
  for (const auto& item : value->items)
    if (auto text = read_text(file_, item, "an item of " + in_quotes(key))) result.push_back(std::move(*text));
  return result;
}

std::map<std::string, std::string> MapReader::text_map(std::string_view key, Secrets secrets) {
  const auto* value = take(key);
  if (!value) return {};
  if (value->kind != YamlNode::Kind::map) {
    refuse(key, *value, "a mapping of names to texts");
    return {};
  }
  std::map<std::string, std::string> result;
  for (const auto& entry : value->entries) {
    if (entry.value.kind == YamlNode::Kind::null)
      result[entry.key];
    else if (auto text = read_text(file_, entry.value, in_quotes(entry.key) + " in " + in_quotes(key), secrets))
      result[entry.key] = std::move(*text);
  }
  return result;
}

std::optional<std::string> MapReader::choice(std::string_view key, const std::vector<std::string_view>& words) {
  const auto* value = take(key);
  if (!value) return std::nullopt;
  if (value->kind == YamlNode::Kind::scalar && std::find(words.begin(), words.end(), value->text) != words.end()) return value->text;
  refuse_word(key, *value, words);
  return std::nullopt;
}

SourceRef MapReader::at(std::string_view key) const {
  const auto* value = node_.find(key);
  return file_.at(value ? *value : node_);
}

std::vector<const YamlEntry*> MapReader::rest() const {
  std::vector<const YamlEntry*> result;
  for (const auto& entry : node_.entries)
    if (std::find(known_.begin(), known_.end(), entry.key) == known_.end()) result.push_back(&entry);
  return result;
}

void MapReader::refuse_misplaced(std::string_view key, const std::string& place, std::string hint) {
  const auto entry = std::ranges::find(node_.entries, key, &YamlEntry::key);
  if (entry == node_.entries.end()) return;
  known_.emplace_back(key);
  file_.error(file_.key_at(*entry), in_quotes(key) + " is no key of " + what_ + ", it stands within " + place, std::move(hint));
}

void MapReader::refuse_rest() const {
  const std::vector<std::string_view> known(known_.begin(), known_.end());
  for (const auto* entry : rest())
    file_.error(file_.key_at(*entry), "unknown key " + in_quotes(entry->key) + " of " + what_,
                suggest(entry->key, known));
}

void MapReader::refuse_word(std::string_view key, const YamlNode& node,
                            const std::vector<std::string_view>& words) const {
  std::string list;
  for (const auto word : words) list.append(list.empty() ? "" : word == words.back() ? " or " : ", ").append(word);
  refuse(key, node, list, node.kind == YamlNode::Kind::scalar ? suggest(node.text, words) : "");
}

}  // namespace assetd
