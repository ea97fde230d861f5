// JSON Schema by valijson, whose headers are dear: this is the only unit that includes them.
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

/// Of a path of errors the deepest says what is wrong; the others only that something below is.
std::vector<std::pair<std::string, std::string>> deepest(std::vector<std::pair<std::string, std::string>> found) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& error : found) {
    const bool only_repeats = std::ranges::any_of(found, [&](const auto& other) { return other.first.size() > error.first.size() && other.first.starts_with(error.first + "/"); });
    if (!only_repeats) result.push_back(error);
  }
  return result;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> check_schema(const nlohmann::json& schema, const nlohmann::json& config) {
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
    for (const auto& error : results) found.emplace_back(pointer_of(error.context), error.description);
    return deepest(std::move(found));
  } catch (const std::exception& error) {
    return {{"", std::string("the plugin's schema is broken: ") + error.what()}};
  }
}

}  // namespace assetd
