#include "daemon/http/body_schema.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/graph/asset_key.h"
#include "daemon/http/url.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;  ///< nlohmann's own recursion on destruction and dump must stay bounded

std::string type_of(const json& value) {
  if (value.is_number_integer()) return "integer";
  return value.is_number() ? "number" : value.type_name();
}

bool has_type(const json& value, const std::string& type) {
  if (type == "number") return value.is_number();
  if (type == "integer" && value.is_number_float()) {  // 1.0 is an integer to JSON Schema; 2^53 bounds what a double holds exactly
    const double number = value.get<double>();
    return std::abs(number) <= 9007199254740992.0 && number == std::trunc(number);
  }
  return type_of(value) == type;
}

std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() > 60 ? text.substr(0, 57) + "…" : text;
}

class Check {
 public:
  std::vector<FieldError> errors;

  void value(const json& schema, const json& value, const std::string& at) {
    if (schema.contains("type") && !type(schema["type"], value, at)) return;
    if (schema.contains("enum")) choices(schema["enum"], value, at);
    if (value.is_object()) object(schema, value, at);
    if (value.is_array()) array(schema, value, at);
    if (value.is_string()) text(schema, value.get_ref<const std::string&>(), at);
    if (value.is_number()) number(schema, value, at);
  }

 private:
  void add(const std::string& at, std::string detail) { errors.push_back({at, std::move(detail)}); }

  bool type(const json& types, const json& value, const std::string& at) {
    std::string wanted;
    for (const auto& type : types.is_array() ? types : json::array({types})) {
      if (has_type(value, type)) return true;
      if (type != "null") wanted += (wanted.empty() ? "" : " or ") + type.get<std::string>();
    }
    add(at, (at.empty() ? "the body" : "'" + at.substr(at.rfind('/') + 1) + "'") + " must be of type " + wanted + ", not " +
                type_of(value));
    return false;
  }

  void choices(const json& values, const json& value, const std::string& at) {
    std::string all;
    for (const auto& choice : values) {
      if (choice == value) return;
      all += (all.empty() ? "" : ", ") + choice.dump();
    }
    add(at, shown(value) + " is not one of " + all);
  }

  void object(const json& schema, const json& value, const std::string& at) {
    const json properties = schema.value("properties", json::object());
    for (const auto& name : schema.value("required", json::array()))
      if (!value.contains(name)) add(at + "/" + name.get<std::string>(), "'" + name.get<std::string>() + "' is missing");
    for (const auto& [key, member] : value.items()) {
      const std::string here = at + "/" + escaped(key);
      if (properties.contains(key)) {
        this->value(properties[key], member, here);
      } else if (schema.contains("additionalProperties")) {
        additional(schema["additionalProperties"], properties, key, member, here);
      }
    }
  }

  void additional(const json& rule, const json& properties, const std::string& key, const json& member, const std::string& at) {
    if (rule.is_object()) return value(rule, member, at);
    if (rule != false) return;
    std::vector<std::string> names;
    for (const auto& [name, unused] : properties.items()) names.push_back(name);
    const std::string nearest = nearest_name(key, {names.begin(), names.end()});
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
    const std::string hint = !nearest.empty() ? "; nearest: '" + nearest + "'" : all.empty() ? "" : "; there are: " + all;
    add(at, "unknown key '" + key + "'" + hint);
  }

  void array(const json& schema, const json& value, const std::string& at) {
    if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>())
      add(at, "at least " + schema["minItems"].dump() + " item is needed");
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>())
      add(at, "at most " + schema["maxItems"].dump() + " items are taken");
    if (!schema.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i) this->value(schema["items"], value[i], at + "/" + std::to_string(i));
  }

  void text(const json& schema, const std::string& value, const std::string& at) {
    const auto length = static_cast<std::size_t>(
        std::count_if(value.begin(), value.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
    if (schema.contains("minLength") && length < schema["minLength"].get<std::size_t>()) add(at, "must not be empty");
    if (schema.contains("maxLength") && length > schema["maxLength"].get<std::size_t>())
      add(at, "must have at most " + schema["maxLength"].dump() + " characters");
    if (schema.value("pattern", "") == kNotBlank && value.find_first_not_of(" \t\r\n") == std::string::npos)
      add(at, "'" + at.substr(at.rfind('/') + 1) + "' must not be blank: others read it");
  }

  void number(const json& schema, const json& value, const std::string& at) {
    const bool low = schema.contains("minimum") && value < schema["minimum"];
    const bool high = schema.contains("maximum") && value > schema["maximum"];
    if (low || high)
      add(at, "must be from " + schema.value("minimum", json()).dump() + " to " + schema.value("maximum", json()).dump());
  }
};

}  // namespace

std::vector<FieldError> check_body(const nlohmann::json& schema, const nlohmann::json& body) {
  Check check;
  check.value(schema, body, "");
  return std::move(check.errors);
}

std::expected<nlohmann::json, std::string> parse_body(std::string_view text) {
  if (!is_utf8(text)) return std::unexpected("the body is not UTF-8");
  std::vector<std::set<std::string>> keys;
  std::string fault;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > kMaxDepth && fault.empty()) fault = "the body is nested deeper than " + std::to_string(kMaxDepth) + " levels";
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.empty() && !keys.back().insert(parsed.get<std::string>()).second && fault.empty())
      fault = "the key '" + parsed.get<std::string>() + "' stands twice in one object";
    return fault.empty();
  };
  try {
    json body = json::parse(text, watch);
    if (!fault.empty()) return std::unexpected(fault);
    return body;
  } catch (const json::parse_error& error) {  // the only way nlohmann tells the position
    const std::string what = error.what();
    const auto colon = what.find(": ", what.find("byte") == std::string::npos ? 0 : what.find("parse error"));
    return std::unexpected("byte " + std::to_string(error.byte) + ": " +
                           (colon == std::string::npos ? what : what.substr(colon + 2)));
  }
}

}  // namespace assetd::http
