#include "daemon/http/openapi.h"

#include <algorithm>
#include <set>

#include "daemon/http/schemas.h"

namespace assetd::http {
namespace {

using nlohmann::json;

json reference(const std::string& schema) { return {{"$ref", "#/components/schemas/" + schema}}; }

json path_parameter(const PathParam& param) {
  json schema = {{"type", "string"}, {"minLength", 1}};
  if (param.kind == PathParam::Kind::number) schema = {{"type", "string"}, {"pattern", "^[0-9]{1,18}$"}};
  return {{"name", param.name}, {"in", "path"}, {"required", true}, {"description", param.description}, {"schema", schema}};
}

json query_parameter(const Param& param) {
  json out = {{"name", param.name}, {"in", "query"}, {"required", false}, {"description", param.description}, {"schema", param_schema(param)}};
  if (param.kind == Param::Kind::choices || param.kind == Param::Kind::names) {
    out["style"] = "form";
    out["explode"] = false;  // one value with commas
  }
  return out;
}

json idempotency_parameter() {
  return {{"name", "Idempotency-Key"},
          {"in", "header"},
          {"required", false},
          {"description", "repeat the request with the same key and body, and get the first answer; kept 24 h"},
          {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 255}, {"pattern", "^[!-~]+$"}}}};
}

json answer(const Answer& answer) {
  json out = {{"description", answer.status < 300 ? "as asked" : "not as asked"}};
  if (!answer.schema.empty()) {
    out["content"][answer.content_type]["schema"] = reference(answer.schema);
  } else if (answer.status == 200) {
    out["content"][answer.content_type]["schema"] = {{"type", "string"}};
  }
  return out;
}

/// What a route may answer besides its own: derived from what it takes, so that nobody has to remember.
std::set<int> problems_of(const Route& route) {
  std::set<int> out(route.problems.begin(), route.problems.end());
  out.insert({400, 421, 422, 431, 500, 503});
  if (route.guard == Guard::token) out.insert({401, 429});
  if (route.mutating || route.origin_checked) out.insert(403);
  if (route.method != "GET") out.insert({413, 415});
  if (!route.path.empty()) out.insert(404);
  return out;
}

json operation(const Route& route) {
  json out = {{"operationId", route.name}, {"summary", route.summary}, {"tags", {route.tag}}, {"parameters", json::array()}};
  for (const auto& param : route.path) out["parameters"].push_back(path_parameter(param));
  for (const auto& param : route.query) out["parameters"].push_back(query_parameter(param));
  if (route.mutating && route.method == "POST") out["parameters"].push_back(idempotency_parameter());
  if (route.method != "GET" && !(route.method == "DELETE"))
    out["requestBody"] = {{"required", route.body_required}, {"content", {{"application/json", {{"schema", body_schema(route.body_schema)}}}}}};
  for (const int status : problems_of(route)) out["responses"][std::to_string(status)] = {{"$ref", "#/components/responses/Problem"}};
  for (const auto& given : route.answers) {
    json& place = out["responses"][std::to_string(given.status)];
    json entry = answer(given);
    if (place.contains("content"))
      entry["content"].update(place["content"]);
    else if (place.contains("$ref"))
      entry["content"]["application/problem+json"]["schema"] = reference("Problem");
    place = entry;
  }
  if (route.guard == Guard::open) out["security"] = json::array();
  return out;
}

}  // namespace

json openapi_document(const std::vector<Route>& table) {
  json document = {{"openapi", "3.1.0"},
                   {"info",
                    {{"title", "assetd"},
                     {"version", "1"},
                     {"summary", "Assets, runs, schedules and their history"},
                     {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}},
                   {"paths", json::object()},
                   {"components",
                    {{"schemas", response_schemas()},
                     {"responses",
                      {{"Problem",
                        {{"description", "RFC 9457"}, {"content", {{"application/problem+json", {{"schema", reference("Problem")}}}}}}}}},
                     {"securitySchemes",
                      {{"token", {{"type", "http"}, {"scheme", "bearer"}}},
                       {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "assetd_session"}}}}}}},
                   {"security", {{{"token", json::array()}}, {{"session", json::array()}}, json::object()}}};
  for (const auto& route : table) {
    std::string method = route.method;
    std::ranges::transform(method, method.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    document["paths"][route.pattern][method] = operation(route);
  }
  return document;
}

}  // namespace assetd::http
