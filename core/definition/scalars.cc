#include "core/definition/scalars.h"

#include <charconv>
#include <cmath>

namespace assetd {
namespace {

bool is_plain(const YamlNode& node) {
  return node.kind == YamlNode::Kind::scalar && !node.quoted && !node.text.empty();
}

template <typename T, typename... Base>
std::optional<T> parse_all(std::string_view text, Base... base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string escape_pointer(const std::string& key) {
  std::string result;
  for (const char c : key) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

void collect(const YamlNode& node, const SourceFile& file, const std::string& pointer,
             std::map<std::string, SourceRef>& into) {
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const auto below = pointer + "/" + std::to_string(i);
    into.emplace(below, file.at(node.items[i]));
    collect(node.items[i], file, below, into);
  }
  for (const auto& entry : node.entries) {
    const auto below = pointer + "/" + escape_pointer(entry.key);
    into.emplace(below, file.key_at(entry));
    collect(entry.value, file, below, into);
  }
}

}  // namespace

std::optional<bool> as_boolean(const YamlNode& node) {
  if (!is_plain(node)) return std::nullopt;
  if (node.text == "true" || node.text == "True" || node.text == "TRUE") return true;
  if (node.text == "false" || node.text == "False" || node.text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::int64_t> as_integer(const YamlNode& node) {
  if (!is_plain(node)) return std::nullopt;
  std::string_view text = node.text;
  if (text.starts_with("0x"))
    return text.size() > 2 && text[2] != '-' ? parse_all<std::int64_t>(text.substr(2), 16) : std::nullopt;
  if (text.starts_with("0o"))
    return text.size() > 2 && text[2] != '-' ? parse_all<std::int64_t>(text.substr(2), 8) : std::nullopt;
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  return parse_all<std::int64_t>(text);
}

std::optional<double> as_number(const YamlNode& node) {
  if (const auto integer = as_integer(node)) return static_cast<double>(*integer);
  if (!is_plain(node)) return std::nullopt;
  std::string_view text = node.text;
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto value = parse_all<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::string describe_kind(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::map:
      return "a mapping";
    case YamlNode::Kind::scalar:
      break;
  }
  if (as_boolean(node)) return node.text;
  if (as_number(node)) return "the number " + node.text;
  return "the text \"" + node.text.substr(0, 60) + "\"";
}

nlohmann::json to_json(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return nullptr;
    case YamlNode::Kind::scalar:
      break;
    case YamlNode::Kind::sequence: {
      auto list = nlohmann::json::array();
      for (const auto& item : node.items) list.push_back(to_json(item));
      return list;
    }
    case YamlNode::Kind::map: {
      auto object = nlohmann::json::object();
      for (const auto& entry : node.entries) object[entry.key] = to_json(entry.value);
      return object;
    }
  }
  if (const auto boolean = as_boolean(node)) return *boolean;
  if (const auto integer = as_integer(node)) return *integer;
  if (const auto number = as_number(node)) return *number;
  return node.text;
}

std::map<std::string, SourceRef> pointers_of(const YamlNode& node, const SourceFile& file) {
  std::map<std::string, SourceRef> result{{"", file.at(node)}};
  collect(node, file, "", result);
  return result;
}

}  // namespace assetd
