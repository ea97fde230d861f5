#pragma once
// Checks request bodies against the schemas that the OpenAPI document publishes, and reports everything that is wrong at once.

#include <expected>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "daemon/http/message.h"

namespace assetd::http {

/// The one `pattern` that bodies have: something beside blanks.
inline constexpr const char* kNotBlank = "[^ \\t\\r\\n]";

/// Understands the part of JSON Schema that body_schemas() uses: type (also a list of them), properties, required, additionalProperties,
/// enum, const, items, minimum, maximum, minLength, maxLength, minItems, maxItems, and kNotBlank.
std::vector<FieldError> check_body(const nlohmann::json& schema, const nlohmann::json& body);

/// Malformed JSON names the byte, from 1; so does an object with a key twice.
std::expected<nlohmann::json, std::string> parse_body(std::string_view text);

}  // namespace assetd::http
