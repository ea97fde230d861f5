#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "cli/terminal.h"

namespace assetd::cli {

/// Errors or warnings of definitions (docs/api.md, GET /definitions) as a compiler prints them:
/// "file:line:col: error: message (did you mean …)", the line, and a caret below the column. `kind` is "error" or "warning".
std::string render_definition_errors(const nlohmann::json& errors, const std::string& kind, const Terminal& terminal);

}  // namespace assetd::cli
