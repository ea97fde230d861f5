// The shapes of forecasts and of the past, as JSON Schema.

#include "core/run/states.h"
#include "daemon/http/schemas.h"

namespace assetd::http {
namespace {

using nlohmann::json;

const json kForecastTime = {{"type", "string"}, {"format", "date-time"}};
const json kForecastTimeOrNull = {{"type", {"string", "null"}}, {"format", "date-time"}};
const json kForecastText = {{"type", "string"}};
const json kForecastTextOrNull = {{"type", {"string", "null"}}};
const json kForecastCount = {{"type", "integer"}};
const json kForecastFlag = {{"type", "boolean"}};
const json kForecastShare = {{"type", "number"}, {"minimum", 0}, {"maximum", 1}};

json forecast_object(std::initializer_list<std::pair<std::string, json>> members) {
  json schema = {{"type", "object"}, {"properties", json::object()}, {"required", json::array()}};
  for (const auto& [name, value] : members) {
    schema["properties"][name] = value;
    schema["required"].push_back(name);
  }
  return schema;
}
json forecast_list(json items) { return {{"type", "array"}, {"items", std::move(items)}}; }

}  // namespace

void add_forecast_schemas(json& out) {
  const json trigger = forecast_object({{"kind", kForecastText}, {"name", kForecastTextOrNull}, {"instant", kForecastTimeOrNull}});
  out["ForecastStep"] = forecast_object({{"key", kForecastText}, {"partition", kForecastTextOrNull}, {"status", {{"$ref", "#/components/schemas/StepStatus"}}},
                                         {"ready_at", kForecastTimeOrNull}, {"started_at", kForecastTimeOrNull}, {"ended_at", kForecastTimeOrNull},
                                         {"slow_ended_at", kForecastTimeOrNull}, {"waited_ms", kForecastCount},
                                         {"waited_for", forecast_list(forecast_object({{"kind", kForecastText}, {"what", kForecastText}}))}, {"critical", kForecastFlag}});
  out["ForecastRun"] = forecast_object({{"run_id", kForecastTextOrNull}, {"trigger", trigger}, {"select", kForecastText}, {"job", kForecastTextOrNull},
                                        {"status", {{"$ref", "#/components/schemas/RunState"}}}, {"reason", kForecastTextOrNull}, {"detail", kForecastTextOrNull},
                                        {"created_at", kForecastTime}, {"started_at", kForecastTimeOrNull}, {"ended_at", kForecastTimeOrNull},
                                        {"slow_ended_at", kForecastTimeOrNull}, {"steps_total", kForecastCount}, {"checks_only", kForecastFlag}, {"critical_path", forecast_list(kForecastText)},
                                        {"steps", forecast_list({{"$ref", "#/components/schemas/ForecastStep"}})}});
  out["ForecastViolation"] = forecast_object({{"key", kForecastText}, {"kind", {{"type", "string"}, {"enum", {"freshness", "deadline"}}}}, {"at", kForecastTime},
                                              {"data_at", kForecastTimeOrNull}, {"mended_at", kForecastTimeOrNull}, {"only_if_slow", kForecastFlag}, {"already", kForecastFlag}});
  out["ForecastPool"] = forecast_object({{"name", kForecastText}, {"slots", kForecastCount}, {"slots_in_force", kForecastCount}, {"used", kForecastShare},
                                         {"slices", forecast_list(kForecastShare)}, {"waited_ms", kForecastCount}, {"steps_waited", kForecastCount}});
  out["Forecast"] = forecast_object({{"at", kForecastTime}, {"until", kForecastTime}, {"stopped_at", kForecastTimeOrNull}, {"truncated", kForecastFlag},
                                     {"definitions_version", kForecastText}, {"runs", forecast_list({{"$ref", "#/components/schemas/ForecastRun"}})},
                                     {"runs_total", kForecastCount}, {"steps_total", kForecastCount}, {"steps_listed", kForecastCount},
                                     {"violations", forecast_list({{"$ref", "#/components/schemas/ForecastViolation"}})}, {"violations_total", kForecastCount},
                                     {"missed_ticks", forecast_list(forecast_object({{"schedule", kForecastText}, {"instant", kForecastTime}, {"reason", kForecastText}}))},
                                     {"pools", forecast_list({{"$ref", "#/components/schemas/ForecastPool"}})},
                                     {"what_if", forecast_object({{"pools", {{"type", "object"}}}, {"speed", {{"type", "object"}}}})},
                                     {"durations", forecast_object({{"history", kForecastCount}, {"group", kForecastCount}, {"project", kForecastCount}, {"nothing", kForecastCount}})},
                                     {"assumptions", forecast_list(kForecastText)}, {"as_of", kForecastCount}});
}

}  // namespace assetd::http
