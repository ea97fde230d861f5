#include <stdexcept>

#include "daemon/http/schemas.h"

namespace assetd::http {
namespace {

using nlohmann::json;

json closed(json properties, json required = json::array()) {
  json schema = {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json text(int max, const char* description) { return {{"type", "string"}, {"maxLength", max}, {"description", description}}; }

json milliseconds(const char* description) {
  return {{"type", {"integer", "null"}}, {"minimum", 1}, {"maximum", 31'536'000'000}, {"description", description}};
}

json run_request() {
  json select = text(65'536, "a selection: +gold_customers");
  select["minLength"] = 1;
  return closed({{"select", select},
                 {"partitions", {{"type", {"array", "null"}}, {"maxItems", 0}, {"description", "no asset has partitions yet"}}},
                 {"steps", {{"type", "string"}, {"enum", {"all", "assets", "checks"}}, {"default", "all"}}},
                 {"options",
                  {{"type", "object"},
                   {"additionalProperties", {{"type", "object"}}},
                   {"description", "by plugin, as its schema declares: {\"dbt\": {\"full_refresh\": true}}"}}},
                 {"tags", {{"type", "object"}, {"additionalProperties", {{"type", "string"}, {"maxLength", 1000}}}}},
                 {"priority", {{"type", "integer"}, {"minimum", -1'000'000}, {"maximum", 1'000'000}, {"default", 0}}},
                 {"max_steps", {{"type", {"integer", "null"}}, {"minimum", 1}, {"maximum", 1'000'000}, {"description", "how many of its processes may be live at once"}}},
                 {"timeout_ms", milliseconds("from its begin; then it is stopped and fails (timeout). Default: the job's")},
                 {"queue_timeout_ms", milliseconds("in line, and of each of its steps that sets none; then it fails (queue_timeout)")},
                 {"force", {{"type", "boolean"}, {"default", false}, {"description", "also steps that skip_if_unchanged would reuse are executed"}}},
                 {"dry_run", {{"type", "boolean"}, {"default", false}}}},
                {"select"});
}

json all_schemas() {
  const json reason = text(1000, "for people, kept in the audit");
  json token = text(4096, "as in the token file");
  token["minLength"] = 1;
  return {{"", closed(json::object())},
          {"RunRequest", run_request()},
          {"RetryRequest",
           closed({{"from", {{"type", "string"}, {"enum", {"failure", "start"}}, {"default", "failure"}}},
                   {"steps", {{"type", "array"}, {"maxItems", 100'000}, {"items", {{"type", "string"}, {"maxLength", 255}}}}}})},
          {"PriorityRequest",
           closed({{"priority", {{"type", "integer"}, {"minimum", -1'000'000}, {"maximum", 1'000'000}, {"description", "higher goes first"}}}}, {"priority"})},
          {"PoolRequest",
           closed({{"slots", {{"type", "integer"}, {"minimum", 0}, {"maximum", 1'000'000}, {"description", "0: nothing of it starts"}}}, {"reason", reason}}, {"slots"})},
          {"ApplyRequest", closed({{"plan", text(100, "the id of a plan of POST /definitions/plan")}}, {"plan"})},
          {"PauseRequest", closed({{"reason", reason}})},
          {"ReportRequest",
           closed({{"reason", reason}, {"metadata", {{"type", "object"}, {"description", "as a step reports it: {\"rows\": 5}"}}}, {"data_version", text(1000, "of the data")}}, {"reason"})},
          {"AutomationPauseRequest",
           closed({{"reason", reason}, {"until", {{"type", {"string", "null"}}, {"maxLength", 40}, {"description", "a time (RFC 3339): then it goes on by itself"}}}}, {"reason"})},
          {"SilenceRequest",
           closed({{"rule", text(255, "only of this rule; default: of all")},
                   {"select", text(65'536, "only of these assets; default: of all")},
                   {"until", {{"type", "string"}, {"format", "date-time"}, {"maxLength", 64}}},
                   {"reason", reason}},
                  {"until"})},
          {"SessionRequest", closed({{"token", token}}, {"token"})}};
}

}  // namespace

const nlohmann::json& body_schema(const std::string& name) {
  static const json schemas = all_schemas();
  const auto found = schemas.find(name);
  if (found == schemas.end()) throw std::logic_error("no body schema " + name);
  return *found;
}

}  // namespace assetd::http
