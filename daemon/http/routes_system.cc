// Probes, metrics and the document of the API itself.

#include "daemon/http/context.h"
#include "daemon/http/openapi.h"
#include "daemon/http/route.h"

namespace assetd::http {
namespace {

using nlohmann::json;

Response healthz(const Call&, Context&) { return json_response({{"status", "ok"}}); }

/// Open to probes; why it is not ready may name paths and is only for those who may ask anything.
Response readyz(const Call& call, Context& context) {
  const bool trusted = !context.shared.access.check_token(call.request, wall_now());
  json why = json::array();
  for (const auto& reason : context.service.unready())
    why.push_back({{"code", reason.code}, {"detail", trusted ? reason.detail : "log in to see it"}});
  Response response = json_response({{"ready", why.empty()}, {"why", why}});
  if (why.empty()) return response;
  response.status = 503;
  return response.with("Retry-After", "1");
}

Response metrics(const Call&, Context& context) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = context.service.metrics_text();
  return response;
}

Response openapi(const Call&, Context&) {
  static const std::string document = openapi_document(api_routes()).dump();
  Response response;
  response.body = document;
  return response;
}

}  // namespace

void add_system_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/healthz", .name = "healthz", .summary = "Alive", .tag = "system", .handler = healthz,
                   .answers = {{200, "Health"}}, .guard = Guard::open});
  table.push_back({.method = "GET", .pattern = "/readyz", .name = "readyz", .summary = "Ready to work, or why not", .tag = "system",
                   .handler = readyz, .answers = {{200, "Readiness"}, {503, "Readiness"}}, .guard = Guard::open});
  table.push_back({.method = "GET", .pattern = "/metrics", .name = "metrics", .summary = "Prometheus metrics", .tag = "system",
                   .handler = metrics, .answers = {{200, "", "text/plain"}}});
  table.push_back({.method = "GET", .pattern = "/api/v1/openapi.json", .name = "openapi", .summary = "This document", .tag = "system",
                   .handler = openapi, .answers = {{200, "Any"}}});
}

}  // namespace assetd::http
