#include "daemon/http/asset_shapes.h"

#include <algorithm>

#include "core/definition/outputs.h"
#include "core/definition/partitions_json.h"
#include "core/graph/asset_key.h"

namespace assetd::http {
namespace {

using nlohmann::json;

json in_progress_json(const AssetState& state) {
  if (!state.in_progress) return nullptr;
  return {{"run_id", id_text(state.in_progress->run)}, {"since", time_json(state.in_progress->since)}};
}

json last_attempt_json(const AssetState& state) {
  if (!state.last_attempt) return nullptr;
  const auto& attempt = *state.last_attempt;
  json causes = json::array();
  for (const auto& cause : attempt.root_causes) causes.push_back(root_cause_json(cause));
  return {{"run_id", id_or_null(attempt.run)},  {"status", to_string(attempt.status)},  {"reason", text_or_null(attempt.reason)},
          {"detail", text_or_null(attempt.detail)}, {"at", time_json(attempt.at)}, {"root_causes", causes}};
}

json last_materialization_json(const AssetState& state) {
  if (!state.last_materialization) return nullptr;
  const auto& data = *state.last_materialization;
  return {{"run_id", id_or_null(data.run)}, {"at", time_json(data.at)}, {"metadata", data.metadata.is_null() ? json::object() : data.metadata},
          {"code_version", text_or_null(data.code_version)}, {"data_version", text_or_null(data.data_version)}};
}

json freshness_json(const AssetTable& table, AssetId id, WallTime now) {
  const auto& spec = table.project->definitions.assets[id].freshness;
  json out = {{"status", table.freshness(id, now)}, {"within_ms", spec.within ? json(spec.within->count()) : json()}, {"deadline", nullptr}};
  if (const auto data_at = table.states[id].data_at(spec); data_at && !spec.empty()) out["deadline"] = time_json(violated_at(spec, *data_at));
  if (!spec.deadline.empty()) out["cron"] = spec.deadline, out["timezone"] = spec.timezone.empty() ? "UTC" : spec.timezone;
  if (!spec.of.empty()) out["of"] = spec.of;
  return out;
}

/// What there is of its partitions; null: it is not divided. How many there are in all changes with time: GET /assets/{key}/partitions/map.
json partitions_json(const AssetSpec& spec, const AssetState& state) {
  if (!spec.partitions) return nullptr;
  const auto& states = state.partitions;
  return {{"of", to_json(*spec.partitions)}, {"materialized", states ? states->materialized.size() : 0}, {"failed", states ? states->failed.size() : 0}};
}

json run_spec_json(const AssetSpec& spec) {
  if (!spec.run) return nullptr;
  return {{"plugin", spec.run->plugin},
          {"command", spec.run->command},
          {"outputs", spec.run->plugin == kOutputsPlugin ? spec.run->config.value("outputs", json::array()) : json::array()},
          {"cwd", text_or_null(spec.run->cwd)},
          {"timeout_ms", spec.run->timeout ? json(spec.run->timeout->count()) : json()},
          {"queue_timeout_ms", spec.run->queue_timeout ? json(spec.run->queue_timeout->count()) : json()},
          {"stop_signal", spec.run->stop_signal},
          {"grace_ms", spec.run->grace.count()},
          {"limits", limits_json(spec.run->limits)}};
}

json retries_json(const RetrySpec& retries) {
  static constexpr std::string_view kBackoff[] = {"constant", "linear", "exponential"};
  return {{"max", retries.max},
          {"delay_ms", retries.delay.count()},
          {"backoff", kBackoff[static_cast<int>(retries.backoff)]},
          {"jitter", retries.jitter},
          {"max_delay_ms", retries.max_delay ? json(retries.max_delay->count()) : json()},
          {"retry_on", retries.on}};
}

json neighbours_json(const AssetTable& table, AssetId id) {
  const auto& graph = table.project->graph;
  json out = json::array();
  const auto add = [&](AssetId other, const char* relation) {
    out.push_back({{"key", graph.key(other)},
                   {"relation", relation},
                   {"status", shown_status(table.project->definitions.assets[other], table.states[other])}});
  };
  for (const auto parent : graph.parents(id)) add(parent, "upstream");
  for (const auto child : graph.children(id)) add(child, "downstream");
  return out;
}

json anomaly_json(const CheckSpec& check) {
  if (!check.anomaly) return nullptr;
  return {{"metric", check.anomaly->metric}, {"sigma", check.anomaly->sigma}, {"last", check.anomaly->last}, {"min", check.anomaly->min}};
}

json check_definitions_json(const Definitions& definitions, const std::string& key) {
  json out = json::array();
  for (const auto& check : definitions.checks) {
    if (check.home != key && std::ranges::find(check.depends_on, key) == check.depends_on.end()) continue;
    out.push_back({{"name", check.name},
                   {"home", check.home},
                   {"depends_on", check.depends_on},
                   {"severity", severity_text(check.severity)},
                   {"blocking", check.blocking},
                   {"description", check.description},
                   {"own_process", check.run.has_value()},
                   {"anomaly", anomaly_json(check)}});
  }
  return out;
}

json jobs_json(const Project& project, AssetId id) {
  json out = json::array();
  for (const auto& job : project.definitions.jobs) {
    const auto chosen = select_assets(job.select, project.definitions, project.graph);
    if (chosen && std::ranges::find(*chosen, id) != chosen->end()) out.push_back(job.name);
  }
  return out;
}

}  // namespace

std::string_view shown_status(const AssetSpec& spec, const AssetState& state) {
  if (spec.external) return state.last_materialization ? "materialized" : "never";
  return to_string(state.status());
}

CheckCounts count_checks(const AssetState& state) {
  CheckCounts counts;
  for (const auto& [name, status] : state.checks) {
    if (state.fails(name)) ++counts.failed;
    else if (status == CheckStatus::passed) ++counts.passed;
    else if (status == CheckStatus::warned) ++counts.warned;
  }
  return counts;
}

json stale_json(const AssetTable& table, AssetId id, bool chains) {
  const auto link_json = [&](const StaleLink& link, const char* asset) {
    return json{{asset, table.project->graph.key(link.asset)}, {"reason", to_string(link.kind)}, {"detail", link.detail}, {"run_id", id_or_null(link.run)}, {"at", time_json(link.at)}};
  };
  json because = json::array();
  for (const auto& reason : table.staleness(id, chains)) {
    auto item = link_json(reason.link, "key");
    for (const auto& link : reason.chain) item["chain"].push_back(link_json(link, "asset"));
    because.push_back(std::move(item));
  }
  return {{"is", table.is_stale(id)}, {"because", std::move(because)}};
}

namespace {

/// Of an asset that is divided, of those partitions that the step was made from, where they were told apart.
json used_json(const UsedData& used) {
  const auto* of = used.of && !used.of->data_version.empty() ? &*used.of : nullptr;
  return {{"key", used.key}, {"data_version", of ? of->data_version : used.data_version}, {"run_id", id_or_null(of ? of->run : used.run)}, {"at", time_json(of && of->found > 0 ? of->at : used.at)},
          {"partition", used.of ? text_or_null(used.of->partition) : json()}, {"partitions", used.of ? json(used.of->mapped) : json()}};
}

}  // namespace

json provenance_json(const Provenance* provenance) {
  if (!provenance) return nullptr;
  json upstream = json::array();
  for (const auto& used : provenance->inputs) upstream.push_back(used_json(used));
  return {{"code_version", text_or_null(provenance->code_version)}, {"commit", text_or_null(provenance->commit)}, {"versions", provenance->versions}, {"data_version_from", provenance->declared ? "step" : provenance->by_content ? "content" : "attempt"},
          {"upstream", std::move(upstream)}};
}

std::vector<json> waivers_json(const AssetTable& table, AssetId id, WallTime now) {
  std::vector<json> out;
  for (const auto& [of, waiver] : table.states[id].waivers)
    if (waiver.until > now)
      out.push_back({{"check", of.check}, {"partition", text_or_null(of.partition)}, {"by", waiver.by}, {"reason", waiver.reason}, {"at", time_json(waiver.at)}, {"until", time_json(waiver.until)}, {"run_id", id_or_null(waiver.run)}});
  return out;
}

json acknowledged_json(const AssetState& state) {
  if (!state.acknowledged) return nullptr;
  return {{"by", state.acknowledged->by}, {"note", text_or_null(state.acknowledged->note)}, {"at", time_json(state.acknowledged->at)}};
}

namespace {

/// Of what stands above the asset: its own are told beside.
json waived_upstream_json(const AssetTable& table, AssetId id, WallTime now) {
  json out = json::array();
  for (const auto& [other, below] : table.waived) {
    if (other == id || !below[id]) continue;
    for (auto& waiver : waivers_json(table, other, now)) {
      waiver["key"] = table.project->graph.key(other);
      out.push_back(std::move(waiver));
    }
  }
  return out;
}

}  // namespace

json asset_json(const AssetTable& table, AssetId id, WallTime now) {
  const Definitions& definitions = table.project->definitions;
  const AssetSpec& spec = definitions.assets[id];
  const AssetState& state = table.states[id];
  json deps = json::array();
  for (const auto& dep : spec.deps) deps.push_back(dep.asset);
  const CheckCounts checks = count_checks(state);
  return {{"key", spec.key},
          {"external", spec.external},
          {"group", text_or_null(spec.group)},
          {"kinds", spec.kinds},
          {"owners", spec.owners},
          {"tags", spec.tags},
          {"description", spec.description},
          {"deps", deps},
          {"import", spec.import < 0 ? json() : json(definitions.imports[static_cast<std::size_t>(spec.import)].name)},
          {"runbook", text_or_null(spec.runbook)},
          {"source", source_json(spec.source)},
          {"status", shown_status(spec, state)},
          {"in_progress", in_progress_json(state)},
          {"last_attempt", last_attempt_json(state)},
          {"last_materialization", last_materialization_json(state)},
          {"stale", stale_json(table, id)},
          {"freshness", freshness_json(table, id, now)},
          {"partitions", partitions_json(spec, state)},
          {"checks", {{"passed", checks.passed}, {"failed", checks.failed}, {"warned", checks.warned}}},
          {"waivers", waivers_json(table, id, now)},
          {"waived_upstream", waived_upstream_json(table, id, now)},
          {"acknowledged", acknowledged_json(state)}};
}

void add_asset_details(json& out, const AssetTable& table, AssetId id) {
  const Project& project = *table.project;
  const AssetSpec& spec = project.definitions.assets[id];
  json downstream = json::array(), uses = json::object();
  for (const auto child : project.graph.children(id)) downstream.push_back(project.graph.key(child));
  for (const auto& [name, mode] : spec.uses) uses[name] = mode == HoldMode::read ? "read" : "write";
  out["downstream"] = downstream;
  out["neighbours"] = neighbours_json(table, id);
  out["code_version"] = text_or_null(code_version_of(spec));
  out["skip_if_unchanged"] = spec.skip_if_unchanged;
  out["stale"] = stale_json(table, id, true);
  const auto& data = table.states[id].last_materialization;
  out["data_version"] = data ? text_or_null(data->data_version) : json();
  out["provenance"] = data ? provenance_json(data->provenance.get()) : json();
  out["metadata"] = spec.metadata.is_null() ? json::object() : spec.metadata;
  out["run"] = run_spec_json(spec);
  out["retries"] = retries_json(spec.retries);
  out["pools"] = spec.pools;
  out["uses"] = uses;
  out["check_definitions"] = check_definitions_json(project.definitions, spec.key);
  out["jobs"] = jobs_json(project, id);
}

SelectionState selection_state(const AssetTable& table, WallTime now) {
  return {[&table](AssetId id) { return std::string(shown_status(table.project->definitions.assets[id], table.states[id])); },
          [&table](AssetId id) { return table.is_stale(id); },
          [&table, now](AssetId id) { return table.freshness(id, now); }};
}

Response selection_problem(const SelectionError& error) {
  const std::string detail = "column " + std::to_string(error.column) + ": " + error.message;
  return problem_response(422, "invalid-selection", "The selection is not valid", detail, {{"/select", error.message, error.column}});
}

std::expected<AssetId, Response> find_asset(const std::string& key, const Project& project) {
  if (const auto id = project.graph.find(key)) return *id;
  std::vector<std::string_view> keys;
  for (AssetId id = 0; id < project.graph.size(); ++id) keys.push_back(project.graph.key(id));
  const std::string nearest = nearest_name(key, keys);
  return std::unexpected(not_found("nobody defines the asset '" + key + "'" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'")));
}

}  // namespace assetd::http
