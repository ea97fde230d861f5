#include <stdexcept>

#include "daemon/http/body_schema.h"
#include "daemon/http/partition_choice.h"
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

/// One that is left out, where it may be, is no reason; one that is given says something.
json reason_text() {
  auto schema = text(1000, "for people, kept in the audit");
  schema["pattern"] = kNotBlank;
  return schema;
}

json milliseconds(const char* description) {
  return {{"type", {"integer", "null"}}, {"minimum", 1}, {"maximum", 31'536'000'000}, {"description", description}};
}

json run_request() {
  json select = text(65'536, "a selection: +gold_customers");
  select["minLength"] = 1;
  return closed({{"select", select},
                 {"partitions", partition_choice_schema()},
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

json backfill_request() {
  auto schema = run_request();
  for (const auto* not_of_it : {"max_steps", "timeout_ms", "queue_timeout_ms"}) schema["properties"].erase(not_of_it);
  schema["properties"]["max_runs"] = {{"type", "integer"}, {"minimum", 1}, {"maximum", 10'000}, {"default", 4}, {"description", "runs of it under way at once"}};
  schema["properties"]["order"] = {{"type", "string"}, {"enum", {"oldest", "newest"}}, {"default", "oldest"}, {"description", "which partitions go first"}};
  schema["required"] = {"select", "partitions"};
  return schema;
}

json partition_set_request() {
  const json keys = {{"type", "array"}, {"maxItems", 100'000}, {"items", {{"type", "string"}, {"minLength", 1}, {"maxLength", 1000}}}};
  return closed({{"add", keys}, {"remove", keys}});
}

json all_schemas() {
  const json reason = reason_text();
  json token = text(4096, "as in the token file");
  token["minLength"] = 1;
  return {{"", closed(json::object())},
          {"RunRequest", run_request()},
          {"BackfillRequest", backfill_request()},
          {"PartitionSetRequest", partition_set_request()},
          {"RetryRequest",
           closed({{"from", {{"type", "string"}, {"enum", {"failure", "start"}}, {"default", "failure"}}},
                   {"steps", {{"type", "array"}, {"maxItems", 100'000}, {"items", {{"type", "string"}, {"maxLength", 255}}}}},
                   {"partitions",
                    {{"type", "array"},
                     {"maxItems", 100'000},
                     {"items", {{"type", "string"}, {"minLength", 1}, {"maxLength", 2'100}}},
                     {"description", "only steps of these partitions; without it, of all that failed, were skipped or were canceled"}}},
                   {"scope",
                    {{"type", "string"},
                     {"enum", {"steps", "downstream", "stale_upstream", "checks"}},
                     {"default", "steps"},
                     {"description", "these steps alone; with what is below them in the run; with what above them is stale; or only their checks"}}},
                   {"dry_run", {{"type", "boolean"}, {"default", false}}}})},
          {"WaiveRequest",
           closed({{"reason", reason},
                   {"until", {{"type", {"string", "null"}}, {"maxLength", 40}, {"description", "a time (RFC 3339); default: 24 hours from now"}}},
                   {"key", text(255, "the check's asset, where several of the run have one of that name")},
                   {"partition", text(2100, "of an asset that is divided: the failure passes in this one alone; default: wherever the check fails")}},
                  {"reason"})},
          {"UnwaiveRequest", closed({{"reason", reason}, {"partition", text(2100, "ends the waiver given for this partition; default: all of the check")}})},
          {"NoteRequest", closed({{"note", text(1000, "for people")}})},
          {"PriorityRequest",
           closed({{"priority", {{"type", "integer"}, {"minimum", -1'000'000}, {"maximum", 1'000'000}, {"description", "higher goes first"}}}}, {"priority"})},
          {"PoolRequest",
           closed({{"slots", {{"type", "integer"}, {"minimum", 0}, {"maximum", 1'000'000}, {"description", "0: nothing of it starts"}}}, {"reason", reason}}, {"slots"})},
          {"ApplyRequest", closed({{"plan", text(100, "the id of a plan of POST /definitions/plan")}}, {"plan"})},
          {"SensorResetRequest", closed({{"cursor", {{"type", {"string", "null"}}, {"maxLength", 1 << 20}, {"description", "where it goes on; without it, it begins anew"}}}, {"reason", reason}})},
          {"HookPayload", {{"description", "what is told, signed; at most 256 KiB"}}},
          {"PauseRequest", closed({{"reason", reason}})},
          {"ReportRequest",
           closed({{"reason", reason}, {"metadata", {{"type", "object"}, {"description", "as a step reports it: {\"rows\": 5}"}}}, {"data_version", text(1000, "of the data")},
                   {"partition", text(2100, "of an asset that is divided: exactly this one is made; default: all that there are")}}, {"reason"})},
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
