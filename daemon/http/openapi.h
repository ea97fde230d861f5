#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/http/route.h"

namespace assetd::http {

/// The OpenAPI 3.1 document of a route table.
nlohmann::json openapi_document(const std::vector<Route>& table);

}  // namespace assetd::http
