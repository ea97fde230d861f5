// JSON Schema by valijson, whose headers are dear: this is the only unit that includes them.
#define VALIJSON_USE_EXCEPTIONS 1  // it aborts otherwise
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "daemon/definitions/plugin.h"

namespace assetd {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

/// valijson's context is ["<root>", "[threads]", "[0]"].
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string part = context[i];
    if (part.starts_with('[') && part.ends_with(']')) part = part.substr(1, part.size() - 2);
    pointer += "/";
    for (const char c : part) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return pointer;
}

/// "Failed to validate against schema …" only repeats that something below is wrong, where something below is told.
std::vector<std::pair<std::string, std::string>> without_repeats(
    const std::vector<std::pair<std::string, std::string>>& found) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& error : found) {
    const auto below = [&](const auto& other) {
      return other.first.size() > error.first.size() && other.first.starts_with(error.first + "/");
    };
    if (!error.second.starts_with("Failed to validate") || std::ranges::none_of(found, below)) result.push_back(error);
  }
  return result;
}

/// "oneOf" of lists of required keys, as of module or file: the validator tells every branch and that none fits.
std::string choice_of(const nlohmann::json& schema) {
  std::string names;
  for (const auto& branch : schema.value("oneOf", nlohmann::json::array())) {
    if (!branch.is_object() || branch.size() != 1 || !branch.contains("required") || branch["required"].size() != 1) return "";
    names += (names.empty() ? "'" : " or '") + branch["required"][0].get<std::string>() + "'";
  }
  return names;
}

std::vector<std::pair<std::string, std::string>> choice_in_one(const nlohmann::json& schema, std::vector<std::pair<std::string, std::string>> found) {
  const auto names = choice_of(schema);
  if (names.empty()) return found;
  const auto tells_of_it = [](const auto& error) { return error.first.empty() && error.second.starts_with("Failed to validate"); };
  if (std::ranges::none_of(found, tells_of_it)) return found;
  const auto of_choice = [&](const auto& error) {
    const auto property = [&](const auto& branch) { return error.second == "Missing required property '" + branch["required"][0].template get<std::string>() + "'."; };
    return tells_of_it(error) || (error.first.empty() && std::ranges::any_of(schema["oneOf"], property));
  };
  std::erase_if(found, of_choice);
  found.insert(found.begin(), {"", "needs exactly one of the keys " + names});
  return found;
}

/// The part of the schema that speaks of a place, as far as properties and items lead there; null beyond.
nlohmann::json schema_at(nlohmann::json schema, const std::vector<std::string>& context) {
  for (std::size_t i = 1; i < context.size() && schema.is_object(); ++i) {
    const auto part = context[i].substr(1, context[i].size() - 2);
    const auto properties = schema.value("properties", nlohmann::json::object());
    if (properties.contains(part))
      schema = nlohmann::json(properties[part]);
    else if (schema.contains("items") && schema["items"].is_object())
      schema = nlohmann::json(schema["items"]);
    else
      schema = nullptr;
  }
  return schema;
}

/// The validator says that a type or a choice is wrong, not which would be right.
std::string explain(const nlohmann::json& schema, const valijson::ValidationResults::Error& error) {
  const auto here = schema_at(schema, error.context);
  if (!here.is_object()) return error.description;
  if (error.description.starts_with("Value type") && here.contains("type")) {
    const auto& type = here["type"];
    std::string names;
    for (const auto& name : type.is_array() ? type : nlohmann::json::array({type}))
      names += (names.empty() ? "" : " or ") + name.get<std::string>();
    return "must be of type " + names;
  }
  if (error.description.starts_with("Failed to match against any enum") && here.contains("enum")) {
    std::string values;
    for (const auto& value : here["enum"]) values += (values.empty() ? "" : ", ") + value.dump();
    return "must be one of " + values;
  }
  return error.description;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> check_schema(const nlohmann::json& schema,
                                                              const nlohmann::json& config) {
  if (schema.is_null()) return {};
  // valijson throws for a schema it can't read: that is the plugin's fault, told as an error of the whole.
  try {
    valijson::Schema compiled;
    valijson::SchemaParser parser;
    parser.populateSchema(Adapter(schema), compiled);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(compiled, Adapter(config), &results)) return {};
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& error : results) found.emplace_back(pointer_of(error.context), explain(schema, error));
    return choice_in_one(schema, without_repeats(found));
  } catch (const std::exception& error) {
    return {{"", std::string("the plugin's schema is broken: ") + error.what()}};
  }
}

}  // namespace assetd
