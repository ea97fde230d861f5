#pragma once
// Lines of a Dagster Pipes message file (docs/plugins.md) as the engine's messages.

#include <optional>
#include <string>
#include <string_view>

#include "core/engine/input.h"

namespace assetd {

/// Nothing for a line that is not a message, or one of a method that we do not know; a warning in its place for one that cannot be read.
std::optional<AttemptMessage> parse_message(std::string_view line);

/// base64(zlib(json)): how Pipes hands parameters over in an environment variable.
std::string encode_pipes(const nlohmann::json& params);

}  // namespace assetd
