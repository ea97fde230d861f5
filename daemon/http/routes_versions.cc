// For the person on call: what is different from the last time it worked, and what it means to others.

#include <algorithm>

#include "core/version/changes.h"
#include "core/version/impact.h"
#include "core/version/partition_inputs.h"
#include "daemon/http/asset_shapes.h"
#include "daemon/http/hidden_values.h"
#include "daemon/http/run_shapes.h"
#include "daemon/service/made_partitions.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr std::size_t kKeysNamed = 50;

json named(const AssetGraph& graph, const std::vector<AssetId>& ids) {
  json keys = json::array();
  for (std::size_t i = 0; i < std::min(ids.size(), kKeysNamed); ++i) keys.push_back(graph.key(ids[i]));
  return {{"total", ids.size()}, {"keys", std::move(keys)}};
}

json exposures_json(const Definitions& definitions, const std::vector<std::size_t>& which) {
  json out = json::array();
  for (const auto i : which) {
    const auto& exposure = definitions.exposures[i];
    out.push_back({{"name", exposure.name}, {"type", text_or_null(exposure.type)}, {"owner", text_or_null(exposure.owner)}, {"url", text_or_null(exposure.url)},
                   {"description", text_or_null(exposure.description)}, {"depends_on", exposure.depends_on},
                   {"import", exposure.import < 0 ? json() : json(definitions.imports[static_cast<std::size_t>(exposure.import)].name)}, {"source", source_json(exposure.source)}});
  }
  return out;
}

json impact_json(const AssetTable& table, AssetId id) {
  const auto impact = impact_of(table.view(), id, wall_now());
  json deadlines = json::array();
  for (std::size_t i = 0; i < std::min(impact.deadlines.size(), kKeysNamed); ++i) {
    const auto& deadline = impact.deadlines[i];
    deadlines.push_back({{"key", table.project->graph.key(deadline.asset)}, {"at", time_json(deadline.at)}, {"missed", deadline.missed}});
  }
  const bool one_comes = !impact.deadlines.empty() && !impact.deadlines.front().missed;
  return {{"key", table.project->graph.key(id)},
          {"downstream", named(table.project->graph, impact.below)},
          {"sinks", named(table.project->graph, impact.sinks)},
          {"owners", impact.owners},
          {"exposures", exposures_json(table.project->definitions, impact.exposures)},
          {"next_deadline", one_comes ? deadlines.front() : json()},
          {"deadlines", std::move(deadlines)},
          {"as_of", table.as_of}};
}

Response get_impact(const Call& call, Context& context) {
  std::optional<Response> response;
  context.service.with_assets([&](const AssetTable& table) {
    if (!table.project) return;
    const auto id = find_asset(call.path_of("key"), *table.project);
    response = id ? json_response(impact_json(table, *id)) : id.error();
  });
  return response ? *response : current_project(context).error();
}

/// A step of a run; its partition is "" where its asset is not divided.
struct NamedStep {
  std::string key, partition;
};

/// What the step of that run found when it began, with what it made; where it made nothing, what it was to be made from; nothing: it was never executed.
Reader::Result<std::optional<ExecutedStep>> execution_of(const RunRow& row, const NamedStep& step, Reader& reader) {
  ExecutedStep execution;
  execution.run = row.run.id;
  execution.definitions_version = row.run.definitions_version;
  execution.options = row.run.options;
  const auto outcome = reader.outcome(step.key, row.run.id, step.partition);
  if (!outcome) return std::unexpected(outcome.error());
  const auto made = reader.materialization(step.key, row.run.id, step.partition);
  if (!made) return std::unexpected(made.error());
  const bool failed = *outcome && (*outcome)->found;
  if (!failed && (!*made || !(*made)->value.provenance)) return std::nullopt;
  execution.found = failed ? *(*outcome)->found : *(*made)->value.provenance;
  if (*made) execution.metadata = (*made)->value.metadata;  // also where only a check failed
  return execution;
}

/// What those partitions of `parent` have now that the step is made from; nothing where `parent` is not divided, or the step's partition is gone.
std::optional<UsedPartitions> parts_now(const PartitionsInForce& in_force, const NamedStep& step, AssetId asset, AssetId parent, const PartitionStates* states, Reader& reader) {
  const auto* divided = in_force.table.of(parent);
  const auto* own = in_force.table.of(asset);
  const auto index = own ? own->index(step.partition) : std::optional<PartitionIndex>(0);
  if (!divided || !index) return std::nullopt;
  const auto mapped = in_force.table.upstream_of(asset, parent, IndexSet::range(*index, *index + 1), wall_now());
  const auto made = made_by_partition(in_force, parent, states, reader);
  return used_partitions(*divided, mapped, [&](PartitionIndex each) -> std::optional<PartitionData> {
    const auto at = std::ranges::lower_bound(made.at, each, {}, &std::pair<PartitionIndex, WallTime>::first);
    if (at == made.at.end() || at->first != each) return std::nullopt;
    const auto& data = made.data[static_cast<std::size_t>(at - made.at.begin())];
    return PartitionData{data.data_version, data.run, at->second};
  });
}

/// Of a step that was not executed (yet): what it would find now.
ExecutedStep execution_now(const RunRow& row, const NamedStep& step, Reader& reader, Context& context) {
  ExecutedStep execution;
  execution.run = row.run.id;
  execution.definitions_version = row.run.definitions_version;
  execution.options = row.run.options;
  const auto in_force = context.service.partitions();
  std::optional<AssetId> asset;
  std::vector<std::pair<AssetId, std::shared_ptr<const PartitionStates>>> parents;  // one for each input
  context.service.with_assets([&](const AssetTable& table) {
    asset = table.project ? table.project->graph.find(step.key) : std::nullopt;
    if (!asset) return;
    execution.found.code_version = code_version_of(table.project->definitions.assets[*asset]);
    for (const auto parent : table.project->graph.parents(*asset)) {
      const auto& data = table.states[parent].last_materialization;
      if (!data) continue;
      execution.found.inputs.push_back({table.project->graph.key(parent), version_of(*data), data->run, data->at});
      if (in_force && in_force->project == table.project) parents.emplace_back(parent, table.states[parent].partitions);
    }
  });
  for (std::size_t i = 0; i < parents.size(); ++i)  // the store is asked when the table is let go
    execution.found.inputs[i].of = parts_now(*in_force, step, *asset, parents[i].first, parents[i].second.get(), reader);
  return execution;
}

std::string shown(const json& value) { return value.is_null() ? "not set" : value.is_string() ? value.get<std::string>() : value.dump(); }

/// One asset, with the imports that it may come from.
std::optional<Definitions> alone(const Project& project, const std::string& key) {
  const auto id = project.graph.find(key);
  if (!id) return std::nullopt;
  Definitions one;
  one.assets = {project.definitions.assets[*id]};
  one.imports = project.definitions.imports;
  return one;
}

/// What the definitions say of it, or of its import, otherwise than then. Nothing where they are of the same version, or one is not kept.
std::vector<VersionChange> defined_otherwise(std::int64_t from, std::int64_t to, const std::string& key, Context& context) {
  std::vector<VersionChange> out;
  const auto then = from == to ? nullptr : context.service.project(from), now = from == to ? nullptr : context.service.project(to);
  const auto before = then ? alone(*then, key) : std::nullopt, after = now ? alone(*now, key) : std::nullopt;
  if (!before || !after) return out;
  const auto import = after->assets[0].import;
  const auto of = import < 0 ? std::string() : after->imports[static_cast<std::size_t>(import)].name;
  for (const auto& change : shown_difference(*before, *after)) {
    const bool of_import = change.kind == "import" && !of.empty() && change.name == of;
    if (change.kind != "asset" && !of_import) continue;
    for (const auto& field : change.fields) {
      const auto name = (of_import ? "import " + of + ": " : "") + field.field;
      out.push_back({"definitions", name, name + " changed from " + shown(field.before) + " to " + shown(field.after), field.before, field.after});
    }
  }
  return out;
}

json change_json(const VersionChange& change) {
  return {{"kind", change.kind}, {"name", text_or_null(change.name)}, {"detail", change.detail}, {"from", change.from}, {"to", change.to}, {"numbers", change.numbers}};
}

Response changes_since(const RunRow& row, const NamedStep& step, RunId since, const ReadAt& at, Context& context) {
  auto& reader = *at.reader;
  const auto old = reader.run(since);
  if (!old) return store_problem(old.error());
  json body = {{"run_id", id_text(row.run.id)}, {"step", step.key}, {"partition", text_or_null(step.partition)}, {"since", nullptr}, {"items", json::array()}, {"as_of", at.as_of}};
  if (!*old) return json_response(body);
  const auto before = execution_of(**old, step, reader);
  auto after = execution_of(row, step, reader);
  if (!before || !after) return store_problem(before ? after.error() : before.error());
  if (!*before) return json_response(body);
  if (!*after) *after = execution_now(row, step, reader, context);
  const auto metadata_of = [&](const UsedData& used) -> json {
    if (used.of && used.of->partition.empty()) return nullptr;  // of several partitions: the figures of one say nothing about them
    const auto made = reader.materialization(used.key, used.run, used.of ? used.of->partition : "");
    return made && *made ? (*made)->value.metadata : json();
  };
  body["since"] = {{"run_id", id_text(since)}, {"at", time_json((*old)->run.ended_at)}};
  for (const auto& change : changes_between(**before, **after, metadata_of)) {
    body["items"].push_back(change_json(change));
    if (change.kind != "definitions") continue;
    for (const auto& field : defined_otherwise((*before)->definitions_version, (*after)->definitions_version, step.key, context)) body["items"].push_back(change_json(field));
  }
  return json_response(body);
}

/// The one named, else that which failed first; "": the first of the run.
std::string partition_meant(const Call& call, const std::string& key, const json& causes) {
  if (const auto named = call.query.text("partition"); !named.empty()) return named;
  for (const auto& cause : causes)
    if (cause.value("key", "") == key && cause.contains("partition") && cause["partition"].is_string()) return cause["partition"];
  return "";
}

Response get_changes(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto row = find_run(call, *at->reader);
  if (!row) return row.error();
  const auto plan = load_plan(row->run.id, row->run.definitions_version, context, *at->reader);
  if (!plan) return plan.error();
  const std::string key = call.query.text("step");
  if (key.empty()) return problem_response(422, "missing-step", "A step is to be named", "say which step: ?step=KEY", {{"/step", "the key of an asset of the run", {}}});
  const auto found = find_step(**plan, row->run.id, key, partition_meant(call, key, row->causes));
  if (!found) return found.error();
  const NamedStep step{key, (*plan)->plan.partition(*found)};
  const auto since = at->reader->last_success(key, row->run.id, step.partition);
  if (!since) return store_problem(since.error());
  return changes_since(*row, step, since->value_or(0), *at, context);
}

}  // namespace

void add_version_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}/impact", .name = "get_asset_impact",
                   .summary = "What it means to others when it is not made: what is below, whose that is, which deadline is missed next", .tag = "assets",
                   .handler = get_impact, .answers = {{200, "Impact"}}, .path = {key_param()}});
  table.push_back({.method = "GET", .pattern = "/api/v1/runs/{run_id}/changes", .name = "get_run_changes",
                   .summary = "What is different from the last time this step succeeded", .tag = "runs", .handler = get_changes, .answers = {{200, "RunChanges"}},
                   .path = {run_param()}, .query = {{.name = "step", .description = "the key of its asset; required"},
                             {.name = "partition", .description = "of the step, where its asset is divided; without it, the one that failed first, or the first"}}});
}

}  // namespace assetd::http
