#pragma once
// The stored form of definitions: one JSON object a line ("project" first, then one line per asset, check, import, …),
// so that loading 100,000 assets never holds more than one of them as a JSON tree. Deterministic: equal definitions
// give equal bytes, which are hashed.

#include <expected>
#include <string>
#include <string_view>

#include "core/definition/spec.h"

namespace assetd {

std::string to_compiled(const Definitions& definitions);

/// The error says which line is damaged and how.
std::expected<Definitions, std::string> from_compiled(std::string_view compiled);

}  // namespace assetd
