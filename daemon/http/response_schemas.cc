#include "daemon/http/schemas.h"

namespace assetd::http {

const nlohmann::json& response_schemas() {
  static const nlohmann::json schemas = {
      {"Any", nlohmann::json::object()},
      {"Health", {{"type", "object"}, {"properties", {{"status", {{"const", "ok"}}}}}, {"required", {"status"}}}},
      {"Readiness", {{"type", "object"}, {"required", {"ready", "why"}}}},
      {"Problem", {{"type", "object"}, {"required", {"type", "title", "status", "detail"}}}}};
  return schemas;
}

}  // namespace assetd::http
