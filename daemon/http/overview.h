#pragma once
#include <expected>
#include <nlohmann/json.hpp>

#include "daemon/http/json_shapes.h"

namespace assetd::http {

/// GET /overview without as_of: what needs somebody, what runs, the next ticks, and days × groups of outcomes.
std::expected<nlohmann::json, Response> overview_json(int days, WallTime now, Context& context, Reader& reader);

}  // namespace assetd::http
