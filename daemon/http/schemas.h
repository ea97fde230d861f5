#pragma once
// The shapes of docs/api.md as JSON Schema (2020-12, as OpenAPI 3.1 has it).

#include <nlohmann/json.hpp>
#include <string>

namespace assetd::http {

/// By name; "" is the schema of routes that take no body: an empty object. A name that is not there is a bug.
const nlohmann::json& body_schema(const std::string& name);
/// All components by name.
const nlohmann::json& response_schemas();

// Rooms of the components, one a file.
void add_forecast_schemas(nlohmann::json& out);

}  // namespace assetd::http
