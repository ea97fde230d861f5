#include "core/run/asset_state.h"
#include "core/run/states.h"
#include "daemon/http/schemas.h"

namespace assetd::http {
namespace {

using nlohmann::json;

json typed(const char* type) { return {{"type", type}}; }
json text() { return typed("string"); }
json text_or_null() { return {{"type", {"string", "null"}}}; }
json integer() { return typed("integer"); }
json integer_or_null() { return {{"type", {"integer", "null"}}}; }
json boolean() { return typed("boolean"); }
json id() { return {{"type", "string"}, {"pattern", "^[0-9]+$"}}; }
json id_or_null() { return {{"type", {"string", "null"}}, {"pattern", "^[0-9]+$"}}; }
json time() { return {{"type", "string"}, {"format", "date-time"}}; }
json time_or_null() { return {{"type", {"string", "null"}}, {"format", "date-time"}}; }
json any_object() { return typed("object"); }
json list_of(json items) { return {{"type", "array"}, {"items", std::move(items)}}; }
json refer(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }
json or_null(const std::string& name) { return {{"anyOf", {refer(name), typed("null")}}}; }
json one_of(std::vector<std::string> values) { return {{"type", "string"}, {"enum", std::move(values)}}; }

/// All members are required unless their name ends with '?'.
json object(std::initializer_list<std::pair<std::string, json>> members) {
  json schema = {{"type", "object"}, {"properties", json::object()}, {"required", json::array()}};
  for (const auto& [name, value] : members) {
    const bool optional = name.ends_with('?');
    const std::string plain = optional ? name.substr(0, name.size() - 1) : name;
    schema["properties"][plain] = value;
    if (!optional) schema["required"].push_back(plain);
  }
  return schema;
}

json page_of(const std::string& item) {
  return object({{"items", list_of(refer(item))}, {"next_cursor", text_or_null()}, {"as_of", integer()}});
}

template <typename Status>
json statuses(Status last) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) names.emplace_back(to_string(static_cast<Status>(i)));
  return one_of(std::move(names));
}

json automation(json others = json::object()) {
  auto schema = object({{"key", text()}, {"condition", text_or_null()}, {"holds", boolean()}, {"requested_at", time_or_null()}, {"run_id", id_or_null()},
                        {"paused", or_null("AutomationPause")}, {"next", text_or_null()}, {"held", text_or_null()}});
  for (const auto& [name, value] : others.items()) schema["properties"][name] = value, schema["required"].push_back(name);
  return schema;
}

void add_automation(json& out) {
  out["AutomationPause"] = object({{"by", text()}, {"reason", text()}, {"at", time()}, {"until", time_or_null()}});
  out["AutomationPaused"] = object({{"key", text_or_null()}, {"paused", boolean()}, {"as_of?", integer()}});
  out["Automation"] = automation();
  out["AutomationList"] = object({{"items", list_of(refer("Automation"))}, {"next_cursor", text_or_null()}, {"paused", or_null("AutomationPause")}, {"as_of", integer()}});
  out["ConditionAnswer"] = object({{"name", text()}, {"holds", boolean()}, {"reason", text()}, {"asset?", text()}, {"children?", list_of(refer("ConditionAnswer"))},
                                   {"more?", integer()}});
  out["AutomationDetail"] = automation({{"answer", or_null("ConditionAnswer")}, {"as_of", integer()}});
  out["Evaluation"] = object({{"id", id()}, {"at", time()}, {"holds", boolean()}, {"run_id", id_or_null()}, {"answer", refer("ConditionAnswer")}});
  out["EvaluationList"] = page_of("Evaluation");
}

void add_common(json& out) {
  out["Any"] = json::object();
  out["Health"] = object({{"status", {{"const", "ok"}}}});
  out["Readiness"] = object({{"ready", boolean()}, {"why", list_of(object({{"code", text()}, {"detail", text()}}))}});
  out["Problem"] = object({{"type", text()}, {"title", text()}, {"status", integer()}, {"detail", text()},
                           {"errors?", list_of(object({{"pointer?", text()}, {"detail?", text()}, {"column?", integer()}}))}});
  out["Source"] = object({{"file", text()}, {"line", integer()}, {"column", integer()}});
  out["RootCause"] = object({{"key", text()}, {"partition", text_or_null()}, {"status", text()}, {"reason", text_or_null()}, {"check?", text()},
                             {"detail?", text()}});
  out["Blocker"] = object({{"kind", text()}, {"what", text()}, {"detail", text()}, {"since", time()}});
  out["Event"] = object({{"id", id_or_null()}, {"type", text()}, {"at", time()}, {"subject", any_object()}, {"changes", any_object()}});
  out["EventList"] = page_of("Event");
}

void add_versions(json& out) {
  const json reason = one_of({"never_materialized", "code_changed", "newer_data", "upstream_stale"});
  out["StaleLink"] = object({{"asset", text()}, {"reason", reason}, {"detail", text()}, {"run_id", id_or_null()}, {"at", time_or_null()}});
  out["Stale"] = object({{"is", boolean()}, {"because", list_of(object({{"key", text()}, {"reason", reason}, {"detail", text()}, {"run_id", id_or_null()}, {"at", time_or_null()},
                                                                       {"chain?", list_of(refer("StaleLink"))}}))}});
  out["PartitionStaleLink"] = object({{"asset", text()}, {"partition", text_or_null()}, {"reason", reason}, {"detail", text()}, {"run_id", id_or_null()}, {"at", time_or_null()}});
  out["PartitionWhy"] = object({{"key", text()}, {"partition", text()}, {"as_of", integer()},
                                {"stale", object({{"is", boolean()}, {"because", list_of(object({{"key", text()}, {"partition", text_or_null()}, {"reason", reason}, {"detail", text()}, {"run_id", id_or_null()},
                                                                                                {"at", time_or_null()}, {"chain", list_of(refer("PartitionStaleLink"))}}))}})}});
  out["Provenance"] = object({{"code_version", text_or_null()}, {"commit", text_or_null()}, {"versions", any_object()}, {"data_version_from", one_of({"step", "content", "attempt"})},
                              {"upstream", list_of(object({{"key", text()}, {"data_version", text()}, {"run_id", id_or_null()}, {"at", time()}, {"partition", text_or_null()}, {"partitions", integer_or_null()}}))}});
  out["Impact"] = object({{"key", text()}, {"downstream", object({{"total", integer()}, {"keys", list_of(text())}})}, {"sinks", object({{"total", integer()}, {"keys", list_of(text())}})},
                          {"owners", list_of(text())}, {"exposures", list_of(refer("Exposure"))}, {"next_deadline", or_null("ImpactDeadline")}, {"deadlines", list_of(refer("ImpactDeadline"))}, {"as_of", integer()}});
  out["Exposure"] = object({{"name", text()}, {"type", text_or_null()}, {"owner", text_or_null()}, {"url", text_or_null()}, {"description", text_or_null()}, {"depends_on", list_of(text())},
                            {"import", text_or_null()}, {"source", or_null("Source")}});
  out["ImpactDeadline"] = object({{"key", text()}, {"at", time_or_null()}, {"missed", boolean()}});
  out["RunChanges"] = object({{"run_id", id()}, {"step", text()}, {"partition", text_or_null()}, {"since", or_null("ChangesSince")}, {"items", list_of(refer("VersionChange"))}, {"as_of", integer()}});
  out["ChangesSince"] = object({{"run_id", id()}, {"at", time_or_null()}});
  out["VersionChange"] = object({{"kind", one_of({"code", "commit", "package", "definitions", "options", "upstream", "metadata"})}, {"name", text_or_null()}, {"detail", text()},
                                 {"from", json::object()}, {"to", json::object()}, {"numbers", list_of(any_object())}});
}

void add_assets(json& out) {
  out["AssetStatus"] = statuses(AssetStatus::skipped);
  out["Asset"] = object({{"key", text()}, {"external", boolean()}, {"group", text_or_null()}, {"kinds", list_of(text())}, {"owners", list_of(text())},
                         {"tags", any_object()}, {"description", text()}, {"deps", list_of(text())}, {"import", text_or_null()},
                         {"runbook", text_or_null()}, {"source", or_null("Source")}, {"status", refer("AssetStatus")},
                         {"in_progress", or_null("InProgress")}, {"last_attempt", or_null("LastAttempt")},
                         {"last_materialization", or_null("LastMaterialization")}, {"stale", refer("Stale")}, {"freshness", refer("Freshness")}, {"partitions", {{"type", {"object", "null"}}}},
                         {"checks", object({{"passed", integer()}, {"failed", integer()}, {"warned", integer()}})}, {"as_of?", integer()},
                         {"waivers", list_of(refer("Waiver"))}, {"waived_upstream", list_of(refer("Waiver"))}, {"acknowledged", or_null("Acknowledgement")},
                         {"downstream?", list_of(text())},
                         {"neighbours?", list_of(object({{"key", text()}, {"relation", one_of({"upstream", "downstream"})}, {"status", refer("AssetStatus")}}))},
                         {"code_version?", text_or_null()}, {"data_version?", text_or_null()}, {"provenance?", or_null("Provenance")}, {"skip_if_unchanged?", boolean()}, {"metadata?", any_object()}, {"definition_yaml?", text_or_null()}, {"jobs?", list_of(text())},
                         {"check_definitions?", list_of(any_object())}});
  out["InProgress"] = object({{"run_id", id()}, {"since", time()}});
  out["LastAttempt"] = object({{"run_id", id_or_null()}, {"status", text()}, {"reason", text_or_null()}, {"detail", text_or_null()}, {"at", time()},
                               {"root_causes", list_of(refer("RootCause"))}});
  out["LastMaterialization"] = object({{"run_id", id_or_null()}, {"at", time()}, {"metadata", any_object()}, {"code_version", text_or_null()}, {"data_version", text_or_null()}});
  add_versions(out);
  out["Freshness"] = object({{"status", one_of({"none", "fresh", "warn", "violated"})}, {"within_ms", integer_or_null()}, {"deadline", time_or_null()}, {"cron?", text()}, {"timezone?", text()}, {"of?", text()}});
  out["AssetList"] = page_of("Asset");
  out["Materialization"] = object({{"id", id()}, {"run_id", id_or_null()}, {"step", text()}, {"partition", text_or_null()}, {"at", time()},
                                   {"duration_ms", integer()}, {"metadata", any_object()}, {"data_version", text_or_null()}, {"code_version", text_or_null()},
                                   {"provenance", or_null("Provenance")}});
  out["Reported"] = object({{"key", text()}, {"partition", text_or_null()}, {"at", time()}, {"metadata", any_object()}, {"data_version", text()}, {"as_of?", integer()}});
  out["MaterializationList"] = page_of("Materialization");
  out["CheckResult"] = object({{"id", id()}, {"check", text()}, {"partition", text_or_null()}, {"run_id", id_or_null()}, {"waived", text_or_null()}, {"at", time()}, {"status", statuses(CheckStatus::error)},
                               {"severity", one_of({"error", "warn"})}, {"blocking", boolean()}, {"detail", text_or_null()}, {"metadata", any_object()}});
  out["Waiver"] = object({{"key?", text()}, {"check", text()}, {"partition", text_or_null()}, {"by", text()}, {"reason", text()}, {"at", time()}, {"until", time()}, {"run_id", id_or_null()},
                          {"below?", integer()}, {"as_of?", integer()}});
  out["WaiverList"] = page_of("Waiver");
  out["Unwaived"] = object({{"key", text()}, {"check", text()}, {"partition", text_or_null()}, {"waived", boolean()}, {"as_of?", integer()}});
  out["Acknowledgement"] = object({{"by", text()}, {"note", text_or_null()}, {"at", time()}});
  out["Acknowledged"] = object({{"key", text()}, {"acknowledged", or_null("Acknowledgement")}, {"as_of?", integer()}});
  out["CheckResultList"] = page_of("CheckResult");
  out["AssetAttempt"] = object({{"run_id", id()}, {"attempt", integer()}, {"partition", text_or_null()}, {"status", refer("StepStatus")}, {"reason", text_or_null()},
                                {"started_at", time_or_null()}, {"ended_at", time()}, {"duration_ms", integer_or_null()}});
  out["AssetAttemptList"] = page_of("AssetAttempt");
  out["Partition"] = object({{"key", text()}, {"status", one_of({"missing", "materialized", "failed"})}, {"window", {{"type", {"object", "null"}}}}, {"failed_checks", list_of(text())}, {"under_way", or_null("PartitionUnderWay")},
                             {"failure", or_null("PartitionFailure")},
                             {"run_id", id_or_null()}, {"at", time_or_null()}});
  out["PartitionUnderWay"] = object({{"status", one_of({"running", "queued"})}, {"run_id", id_or_null()}});
  out["PartitionFailure"] = object({{"run_id", id()}, {"reason", text()}, {"detail", text_or_null()}, {"at", time()}});
  out["PartitionList"] = page_of("Partition");
  out["PartitionMap"] = object({{"partitions", {{"type", {"object", "null"}}}}, {"counts", {{"type", "object"}, {"additionalProperties", integer()}}}, {"keys", list_of(text())},
                                {"status", {{"type", "string"}, {"pattern", "^[-mf]*$"}}}, {"under_way", {{"type", "string"}, {"pattern", "^[-rq]*$"}}}, {"checks", {{"type", "string"}, {"pattern", "^[-f]*$"}}},
                                {"under_way_counts", object({{"running", integer()}, {"queued", integer()}})}, {"as_of", integer()}});
  out["PartitionSetCount"] = object({{"name", text()}, {"total", integer()}});
  out["PartitionSetList"] = page_of("PartitionSetCount");
  out["PartitionSet"] = object({{"name", text()}, {"keys", list_of(text())}, {"as_of", integer()}});
  out["PartitionSetChanged"] = object({{"set", text()}, {"added", list_of(text())}, {"removed", list_of(text())}, {"total", integer()}, {"as_of?", integer()}});
}

void add_lineage(json& out) {
  const json number = typed("number");
  out["Lineage"] = object({{"version", id()}, {"as_of", integer()}, {"width", number}, {"height", number},
                           {"nodes", list_of(object({{"key", text()}, {"x", number}, {"y", number}, {"group", text_or_null()}, {"kinds", list_of(text())},
                                                     {"external", boolean()}}))},
                           {"edges", list_of({{"type", "array"}, {"items", integer()}, {"minItems", 2}, {"maxItems", 2}})},
                           {"groups", list_of(object({{"name", text()}, {"x", number}, {"y", number}, {"width", number}, {"height", number},
                                                      {"nodes", list_of(integer())}}))}});
  out["LineageStatus"] = object({{"version", id()}, {"as_of", integer()}, {"status", {{"type", "string"}, {"pattern", "^[-rmfs]*$"}}},
                                 {"stale", {{"type", "string"}, {"pattern", "^[01]*$"}}}, {"fresh", {{"type", "string"}, {"pattern", "^[nfv]*$"}}},
                                 {"checks", {{"type", "string"}, {"pattern", "^[npwf]*$"}}}, {"running_runs", integer()}, {"at?", time()}, {"version_is_exact?", boolean()}});
}

void add_runs(json& out) {
  const json planned_step = object({{"key", text()}, {"partition", text_or_null()}, {"status", refer("StepStatus")}});
  out["RunState"] = statuses(RunStatus::canceled);
  out["StepStatus"] = statuses(StepStatus::canceled);
  const auto left_out = list_of(object({{"key", text()}, {"partition", text_or_null()}, {"detail", text()}}));  // of a retry: what the definitions have no more
  out["RunCreated"] = object({{"id", id()}, {"status", refer("RunState")}, {"steps_total", integer()}, {"as_of?", integer()}, {"retry_of?", id_or_null()}, {"left_out?", left_out},
                              {"steps", list_of(planned_step)}});
  out["RunPlanned"] = object({{"steps_total", integer()}, {"steps", list_of(planned_step)}, {"left_out?", left_out}});
  out["Backup"] = object({{"path", text()}, {"bytes", integer()}, {"as_of?", integer()}});
  out["Pruned"] = object({{"events", integer()}, {"runs", integer()}, {"logs", integer()}, {"artifacts", integer()}, {"as_of?", integer()}});
  out["RunStatus"] = object({{"id", id()}, {"status", refer("RunState")}});
  out["RunPriority"] = object({{"id", id()}, {"status", refer("RunState")}, {"priority", integer()}, {"as_of?", integer()}});
  out["Run"] = object({{"id", id()}, {"status", refer("RunState")}, {"select", text()},
                       {"trigger", object({{"kind", text()}, {"name", text_or_null()}, {"instant", time_or_null()}})}, {"actor", text()},
                       {"job", text_or_null()}, {"tags", any_object()}, {"priority", integer()}, {"options", any_object()},
                       {"force", boolean()}, {"max_steps", integer_or_null()}, {"blocked_by", list_of(refer("Blocker"))}, {"timeout_ms", integer_or_null()}, {"queue_timeout_ms", integer_or_null()},
                       {"partitions", text_or_null()}, {"backfill", id_or_null()}, {"definitions_version", id()}, {"retry_of", id_or_null()}, {"retried_by", list_of(id())},
                       {"created_at", time()}, {"started_at", time_or_null()}, {"ended_at", time_or_null()}, {"duration_ms", integer_or_null()},
                       {"usual_ms", integer_or_null()}, {"steps_total", integer()},
                       {"counts", {{"type", "object"}, {"additionalProperties", integer()}}}, {"reason", text_or_null()}, {"detail", text_or_null()},
                       {"causes", list_of(any_object())}, {"steps_mode", one_of({"all", "assets", "checks"})},
                       {"cancel_requested", {{"type", {"object", "null"}}}}, {"as_of?", integer()}});
  out["RunList"] = page_of("Run");
  out["Attempt"] = object({{"number", integer()}, {"id", text()}, {"status", one_of({"succeeded", "failed", "canceled", "running", "starting"})},
                           {"reason", text_or_null()}, {"detail", text_or_null()}, {"intended_at", time()}, {"started_at", time_or_null()},
                           {"ended_at", time_or_null()}, {"exit_code", integer_or_null()}, {"signal", integer_or_null()}, {"batch", list_of(text())},
                           {"definition_changed", boolean()}, {"limits", any_object()}, {"limits_not_in_force", {{"type", {"object", "null"}}}}, {"warm", boolean()}, {"usage", {{"type", {"object", "null"}}}}});
  out["Step"] = object({{"index", integer()}, {"key", text()}, {"partition", text_or_null()}, {"status", refer("StepStatus")}, {"deps", list_of(text())},
                        {"attempts", list_of(refer("Attempt"))}, {"materialized", boolean()}, {"started_at", time_or_null()},
                        {"ended_at", time_or_null()}, {"retry_at", time_or_null()}, {"reason", text_or_null()}, {"detail", text_or_null()},
                        {"root_causes", list_of(refer("RootCause"))}, {"blocked_by", list_of(refer("Blocker"))}, {"checks", list_of(any_object())},
                        {"progress", {{"type", {"number", "null"}}}}, {"warm", boolean()}});
  out["StepList"] = page_of("Step");
}

void add_schedules(json& out) {
  out["Tick"] = object({{"instant", time()}, {"at", time()}, {"outcome", one_of({"requested", "skipped", "failed", "queued"})}, {"reason", text_or_null()},
                        {"run_id", id_or_null()}});
  out["Schedule"] = object({{"name", text()}, {"job", text_or_null()}, {"select", text_or_null()}, {"cron", text()}, {"timezone", text()},
                            {"misfire", one_of({"skip", "once", "all"})}, {"overlap", one_of({"skip", "queue", "cancel_running", "allow"})}, {"jitter_ms", integer()},
                            {"paused", boolean()}, {"paused_by", text_or_null()}, {"pause_reason", text_or_null()}, {"next_ticks", list_of(time())},
                            {"steps", one_of({"all", "assets", "checks"})}, {"last_tick", or_null("Tick")}, {"source", or_null("Source")}, {"as_of?", integer()}});
  out["ScheduleList"] = page_of("Schedule");
  out["TickList"] = page_of("Tick");
}

void add_triggers(json& out) {
  out["Triggers"] = object({{"key", text()}, {"paused", or_null("AutomationPause")}, {"muted", or_null("AutomationPause")}, {"automation", or_null("Automation")}, {"schedules", list_of(refer("Schedule"))},
                            {"sensors", list_of(refer("Sensor"))},
                            {"backfills", list_of(object({{"id", text()}, {"status", one_of({"running", "paused"})}, {"by", text_or_null()}, {"reason", text_or_null()}}))},
                            {"next", or_null("NextTick")}, {"as_of", integer()}});
  out["NextTick"] = object({{"at", time()}, {"schedule", text()}});
}

void add_sensors(json& out) {
  const json request = object({{"key", text_or_null()}, {"select", text()}, {"tags", any_object()}, {"data", any_object()}, {"known", boolean()},
                               {"steps_total", integer_or_null()}, {"error", text_or_null()}});
  const json outcome = one_of({"fired", "skipped", "failed"});
  out["SensorTick"] = object({{"number", integer()}, {"at", time()}, {"last_at", time()}, {"took_ms", integer()}, {"outcome", outcome}, {"reason", text_or_null()},
                              {"run_ids", list_of(id())}, {"known", integer()}, {"repeats", integer()}, {"cursor_before", text_or_null()},
                              {"cursor_after", text_or_null()}, {"log", text_or_null()}, {"as_of?", integer()}});
  out["SensorTickList"] = page_of("SensorTick");
  out["Sensor"] = object({{"name", text()}, {"kind", one_of({"file", "webhook", "asset", "sql", "program"})}, {"watches", text()}, {"select", text_or_null()},
                          {"job", text_or_null()}, {"every_ms", integer_or_null()}, {"timeout_ms", integer()}, {"overlap", one_of({"allow", "skip"})},
                          {"paused", boolean()}, {"paused_by", text_or_null()}, {"pause_reason", text_or_null()}, {"held", text_or_null()},
                          {"evaluating", boolean()}, {"notified", boolean()}, {"failures", integer()}, {"next_at", time_or_null()},
                          {"evaluated_at", time_or_null()}, {"fired_at", time_or_null()}, {"cursor", text_or_null()}, {"last_tick", or_null("SensorTick")},
                          {"refused", {{"type", {"object", "null"}}}}, {"hook", text_or_null()}, {"source", or_null("Source")}, {"as_of?", integer()}});
  out["SensorList"] = page_of("Sensor");
  out["SensorDryRun"] = object({{"dry_run", {{"const", true}}}, {"outcome", outcome}, {"reason", text_or_null()}, {"requests", list_of(request)},
                                {"cursor_before", text_or_null()}, {"cursor_after", text_or_null()}, {"more", boolean()}, {"took_ms", integer()},
                                {"log", text_or_null()}, {"as_of", integer()}});
  out["SensorPaused"] = object({{"name", text()}, {"paused", boolean()}, {"as_of?", integer()}});
  out["SensorReset"] = object({{"name", text()}, {"cursor", text_or_null()}, {"as_of?", integer()}});
  out["HookTaken"] = object({{"sensor", text()}, {"run_id", id_or_null()}, {"duplicate", boolean()}, {"reason?", text()}, {"as_of?", integer()}});
}

void add_project(json& out) {
  out["Project"] = object({{"name", text()}, {"access", one_of({"open", "token"})}, {"as_of", integer_or_null()}});
  out["Overview"] = object({{"needs_you", list_of(object({{"kind", one_of({"asset_failed", "partitions_failed", "check_failed", "freshness_violated", "definitions", "import", "latched"})}, {"run_id", id_or_null()}, {"key", text_or_null()}, {"check", text_or_null()}, {"reason", text_or_null()},
                                                          {"detail", text_or_null()}, {"at", time_or_null()}, {"skipped", integer()}}))},
                            {"running", list_of(refer("Run"))}, {"next_ticks", list_of(object({{"schedule", text()}, {"at", time()}}))},
                            {"imports", list_of(object({{"name", text()}, {"plugin", text()}, {"assets", integer()}, {"status", one_of({"ok", "failed"})},
                                                        {"at", time_or_null()}, {"last_ok_at", time_or_null()}, {"detail", text_or_null()}}))},
                            {"history", object({{"days", list_of(text())}, {"groups", list_of(any_object())}})}, {"as_of", integer()}});
  out["Job"] = object({{"name", text()}, {"select", text()}, {"assets", integer_or_null()}});
  out["JobList"] = page_of("Job");
  out["Resized"] = object({{"by", text()}, {"reason", text_or_null()}, {"at", time()}});
  out["PoolResized"] = object({{"name", text()}, {"slots", integer()}, {"defined_slots", integer()}, {"used", integer()}, {"as_of?", integer()}});
  out["Pool"] = object({{"name", text()}, {"slots", integer()}, {"defined_slots", integer()}, {"resized", or_null("Resized")}, {"used", integer()}, {"waiting", integer()},
                        {"holders", list_of(object({{"run_id", id()}, {"step", text()}, {"attempt_id", text()}, {"slots", integer()}, {"since", time()}}))}});
  out["PoolList"] = page_of("Pool");
  out["QueueEntry"] = object({{"run_id", id()}, {"key", text()}, {"partition", text_or_null()}, {"status", refer("StepStatus")}, {"since", time()},
                              {"blocked_by", list_of(refer("Blocker"))}});
  out["QueuedRun"] = object({{"run_id", id()}, {"select", text()}, {"job", text_or_null()}, {"priority", integer()}, {"tags", any_object()}, {"since", time()},
                             {"blocked_by", list_of(refer("Blocker"))}});
  out["QueueList"] = object({{"items", list_of(refer("QueueEntry"))}, {"next_cursor", text_or_null()}, {"runs", list_of(refer("QueuedRun"))},
                             {"limits", list_of(object({{"name", text()}, {"limit", integer()}, {"used", integer()}}))}, {"as_of", integer()}});
  out["Definitions"] = object({{"version", text_or_null()}, {"state", text()}, {"errors", list_of(any_object())}});
  const auto keys_of_many = object({{"keys", list_of(text())}, {"total", integer()}});
  out["DefinitionsPlan"] = object({{"id", text()}, {"base_version", text_or_null()}, {"changes", list_of(any_object())}, {"changes_total", integer()},
                                   {"counts", {{"type", "object"}, {"additionalProperties", integer()}}}, {"stale", any_object()},
                                   {"partitions", list_of(object({{"key", text()}, {"missing", integer()}, {"more_missing", boolean()}, {"in_run", integer()}}))},
                                   {"schedules_started", list_of(text())}, {"schedules_stopped", list_of(text())},
                                   {"sensors_started", list_of(text())}, {"sensors_stopped", list_of(text())},
                                   {"automation_started", keys_of_many}, {"automation_stopped", keys_of_many},
                                   {"backfills", list_of(object({{"id", id()}, {"status", text()}, {"renamed", any_object()}, {"ends", text_or_null()}}))}, {"as_of", integer()}});
  out["DefinitionsVersion"] = object({{"version", id()}, {"applied_at", time()}, {"hash", text()}, {"assets", integer()}, {"added", integer()}, {"changed", integer()},
                                      {"removed", integer()}, {"others", integer()}, {"current", boolean()}});
  out["DefinitionsVersionList"] = page_of("DefinitionsVersion");
  out["DefinitionsDifference"] = object({{"from", id()}, {"to", id()}, {"changes", list_of(any_object())}, {"changes_total", integer()},
                                         {"counts", {{"type", "object"}, {"additionalProperties", integer()}}}, {"as_of", integer()}});
  out["Audit"] = object({{"id", id()}, {"at", time()}, {"actor", text()}, {"remote", text_or_null()}, {"action", text()}, {"subject", text()},
                         {"detail", json::object()}});
  out["AuditList"] = page_of("Audit");
  out["Selected"] = object({{"keys", list_of(text())}, {"total", integer()}, {"as_of", integer()}});
}

void add_alerts(json& out) {
  const json alert = object({{"id", text()}, {"rule", text()}, {"event", text()}, {"at", time()}, {"run_id", id_or_null()}, {"asset", text_or_null()},
                             {"check", text_or_null()}, {"reason", text_or_null()}, {"detail", text_or_null()}, {"cause", text()}, {"skipped", integer()},
                             {"title", text()}, {"state", one_of({"pending", "delivered", "failed", "silenced"})}, {"attempts", integer()},
                             {"last_error", text_or_null()}, {"next_attempt_at", time_or_null()}, {"delivered_at", time_or_null()},
                             {"resolved_at", time_or_null()}, {"silence", text_or_null()}, {"repeats", integer()}});
  out["Alert"] = alert;
  out["AlertList"] = page_of("Alert");
  out["AlertDetail"] = alert;
  out["AlertDetail"]["properties"]["body"] = any_object();
  out["AlertDetail"]["properties"]["as_of"] = integer();
  out["AlertRule"] = object({{"name", text()}, {"on", list_of(text())}, {"select", text_or_null()}, {"owners", list_of(text())},
                             {"receiver", one_of({"webhook", "slack", "email", "program", "openlineage"})}, {"signed", boolean()}, {"repeat_ms", integer()},
                             {"timeout_ms", integer()}, {"give_up_ms", integer()}, {"source", or_null("Source")}});
  out["AlertRuleList"] = page_of("AlertRule");
  out["Silence"] = object({{"id", text()}, {"rule", text_or_null()}, {"select", text_or_null()}, {"reason", text_or_null()}, {"by", text()},
                           {"created_at", time()}, {"until", time()}});
  out["SilenceList"] = page_of("Silence");
  out["SilenceAdded"] = object({{"id", text()}, {"until", time()}, {"as_of?", integer()}});
  out["SilenceEnded"] = object({{"id", text()}, {"as_of?", integer()}});
  out["OpenLineage"] = object({{"configured", boolean()}, {"namespace", text_or_null()}, {"pending", integer()}, {"delivered", integer()}, {"failed", integer()},
                               {"last_error", text_or_null()}, {"last_delivered_at", time_or_null()}, {"as_of", integer()}});
  out["AlertTested"] = object({{"id", text()}, {"rule", text()}, {"state", text()}, {"as_of?", integer()}});
}

void add_backfills(json& out) {
  const json counts = {{"type", "object"}, {"additionalProperties", integer()}};
  const json backfill = object({{"id", id()}, {"status", one_of({"running", "paused", "succeeded", "failed", "canceled"})}, {"select", text()}, {"partitions", text_or_null()},
                                {"priority", integer()}, {"max_runs", integer()}, {"order", one_of({"oldest", "newest"})}, {"tags", any_object()}, {"actor", text()}, {"by", text_or_null()},
                                {"reason", text_or_null()}, {"detail", text_or_null()}, {"created_at", time()}, {"ended_at", time_or_null()}, {"estimated_end", time_or_null()},
                                {"partitions_total", integer()}, {"counts", counts}, {"active_runs", list_of(id())}, {"runs_made", integer()}});
  out["Backfill"] = backfill;
  out["BackfillList"] = page_of("Backfill");
  out["BackfillDetail"] = backfill;
  out["BackfillDetail"]["properties"]["groups"] = list_of(object({{"assets", list_of(text())}, {"partitions", integer()}, {"per_run", integer()}, {"keys", list_of(text())},
                                                                  {"status", {{"type", "string"}, {"pattern", "^[-rsfkc]*$"}}}, {"counts", counts}}));
  out["BackfillDetail"]["properties"]["as_of"] = integer();
  const json groups = list_of(object({{"assets", list_of(text())}, {"partitions", integer()}, {"runs", integer()}, {"first", text_or_null()}, {"last", text_or_null()}}));
  out["BackfillCreated"] = object({{"id", id()}, {"status", text()}, {"partitions_total", integer()}, {"groups", groups}, {"as_of?", integer()}});
  out["BackfillPlanned"] = object({{"dry_run", boolean()}, {"partitions_total", integer()}, {"groups", groups}, {"as_of?", integer()}});
  out["BackfillState"] = object({{"id", id()}, {"status", text()}, {"partitions_total", integer()}, {"as_of?", integer()}});
}

}  // namespace

const nlohmann::json& response_schemas() {
  static const json schemas = [] {
    json out;
    add_common(out);
    add_automation(out);
    add_assets(out);
    add_lineage(out);
    add_runs(out);
    add_schedules(out);
    add_project(out);
    add_triggers(out);
    add_sensors(out);
    add_alerts(out);
    add_backfills(out);
    add_forecast_schemas(out);
    return out;
  }();
  return schemas;
}

}  // namespace assetd::http
