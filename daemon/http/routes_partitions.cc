// Partitions of assets, and the keys of dynamic ones.

#include <algorithm>
#include <map>

#include "core/definition/partitions_json.h"
#include "core/partition/stale.h"
#include "daemon/http/asset_shapes.h"
#include "daemon/http/json_shapes.h"
#include "daemon/service/made_partitions.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr std::int64_t kMapLimit = 5'000, kMostOfAMap = 100'000;

/// One asset that is divided, as it stands.
struct Divided {
  ReadAt at;
  std::shared_ptr<const PartitionsInForce> in_force;
  AssetId asset = 0;
  const Partitions* partitions = nullptr;  ///< null: it is not divided
  IndexSet existing, materialized, failed;
  std::map<PartitionIndex, RunId> run_of = {};  ///< of those that a run makes, or is to make
  IndexSet running = {}, queued = {};           ///< queued: in a run or a backfill, and not begun
  std::map<std::string, IndexSet> failed_checks = {};  ///< by check: where it failed last
  IndexSet check_failed = {};                   ///< where any of them did
};

std::expected<Divided, Response> divided_of(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return std::unexpected(at.error());
  auto in_force = context.service.partitions();
  if (!in_force) return std::unexpected(problem_response(503, "definitions-loading", "Not ready", "the definitions are still being loaded: see /readyz").with("Retry-After", "1"));
  const auto asset = find_asset(call.path_of("key"), *in_force->project);
  if (!asset) return std::unexpected(asset.error());
  Divided out{*at, in_force, *asset, in_force->table.of(*asset), {}, {}, {}};
  if (!out.partitions) return out;
  out.existing = out.partitions->existing(wall_now());
  AssetState state;
  context.service.with_assets([&](const AssetTable& table) {
    if (table.project != in_force->project || *asset >= table.states.size()) return;
    state = table.states[*asset];
  });
  if (state.partitions) {
    out.materialized = state.partitions->materialized;
    out.failed = state.partitions->failed;
  }
  // Also one that somebody made before its time; not one whose key was removed.
  IndexSet gone;
  ((out.materialized | out.failed) - out.existing).each([&](PartitionIndex index) {
    if (out.partitions->index(out.partitions->key(index))) out.existing.insert(index);
    else gone.insert(index);
  });
  out.materialized = out.materialized - gone;
  out.failed = out.failed - gone;
  out.failed_checks = state.failed_checks(out.existing);
  for (const auto& [check, where] : out.failed_checks) out.check_failed = out.check_failed | where;
  return out;
}

void add_under_way(Divided& of, const UnderWay& found) {
  std::vector<IndexRange> running, queued;
  const auto add = [&](const UnderWay::Part& part, const std::vector<StepIndex>& steps, std::vector<IndexRange>& ranges) {
    for (const auto step : steps)
      if (const auto index = of.partitions->index(part.plan->partition(step))) {
        ranges.push_back({*index, *index + 1});
        of.run_of[*index] = part.run;
      }
  };
  for (const auto& part : found.runs) add(part, part.queued, queued);
  for (const auto& part : found.runs) add(part, part.running, running);
  of.running = IndexSet(std::move(running));
  of.queued = (IndexSet(std::move(queued)) | found.waiting) - of.running;
}

json under_way_json(const Divided& of, PartitionIndex index) {
  const bool running = of.running.contains(index);
  if (!running && !of.queued.contains(index)) return nullptr;
  const auto run = of.run_of.find(index);
  return {{"status", running ? "running" : "queued"}, {"run_id", run == of.run_of.end() ? json() : json(id_text(run->second))}};
}

std::string_view status_of(const Divided& of, PartitionIndex index) {
  return of.failed.contains(index) ? "failed" : of.materialized.contains(index) ? "materialized" : "missing";
}

json window_json(const Divided& of, PartitionIndex index) {
  const auto window = of.partitions->window(index);
  return window ? json{{"start", time_json(window->begin)}, {"end", time_json(window->end)}} : json();
}

json counts_json(const Divided& of) {
  const auto done = of.materialized - of.failed;
  return {{"total", of.existing.size()}, {"materialized", done.size()}, {"failed", of.failed.size()}, {"missing", (of.existing - of.materialized - of.failed).size()},
          {"check_failed", of.check_failed.size()}};
}

json failed_checks_json(const Divided& of, PartitionIndex index) {
  json names = json::array();
  for (const auto& [check, where] : of.failed_checks)
    if (where.contains(index)) names.push_back(check);
  return names;
}

IndexSet wanted(const Call& call, const Divided& of) {
  IndexSet set;
  const auto statuses = call.query.list("status");
  if (statuses.empty()) return of.existing;
  for (const auto& status : statuses)
    set = set | (status == "failed" ? of.failed : status == "materialized" ? of.materialized - of.failed : status == "check_failed" ? of.check_failed : of.existing - of.materialized - of.failed);
  return set;
}

/// Newest first: behind the index of the cursor.
Response list_partitions(const Call& call, Context& context) {
  const auto position = read_cursor(call);
  if (!position) return position.error();
  auto of = divided_of(call, context);
  if (!of) return of.error();
  if (!of->partitions) return list_response(json::array(), "", of->at.as_of);
  add_under_way(*of, context.service.under_way(call.path_of("key")));
  auto set = wanted(call, *of);
  if (!position->empty()) set = set & IndexSet::range(INT64_MIN / 2, parse_integer(*position).value_or(0));
  const auto limit = *call.query.integer("limit");
  const auto page = set.last(limit);
  std::vector<PartitionIndex> indices;
  std::vector<std::string> keys;
  page.each([&](PartitionIndex index) { indices.push_back(index); });
  std::ranges::reverse(indices);
  for (const auto index : indices) keys.push_back(of->partitions->key(index));
  const auto rows = of->at.reader->partitions(call.path_of("key"), keys);
  if (!rows) return store_problem(rows.error());
  json items = json::array();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto row = rows->find(keys[i]);
    items.push_back({{"key", keys[i]}, {"status", status_of(*of, indices[i])}, {"window", window_json(*of, indices[i])},
                     {"failed_checks", failed_checks_json(*of, indices[i])}, {"under_way", under_way_json(*of, indices[i])},
                     {"run_id", row == rows->end() ? json() : id_or_null(row->second.run)}, {"at", row == rows->end() ? json() : json(time_json(row->second.at))}});
  }
  const auto next = set.size() > limit ? make_cursor(call, std::to_string(indices.back())) : "";
  return list_response(std::move(items), next, of->at.as_of);
}

/// The last ones as strings of letters, for a heat map: status - missing, m materialized, f failed; under_way - not, r running, q queued; checks - none failed, f one failed last.
Response map_partitions(const Call& call, Context& context) {
  auto of = divided_of(call, context);
  if (!of) return of.error();
  if (of->partitions) add_under_way(*of, context.service.under_way(call.path_of("key")));
  json body = {{"partitions", nullptr}, {"counts", counts_json(*of)}, {"keys", json::array()}, {"status", ""}, {"under_way", ""}, {"checks", ""},
               {"under_way_counts", {{"running", of->running.size()}, {"queued", of->queued.size()}}}, {"as_of", of->at.as_of}};
  if (!of->partitions) return json_response(body);
  body["partitions"] = to_json(*of->in_force->project->definitions.assets[of->asset].partitions);
  std::string letters, under_way, checks;
  of->existing.last(*call.query.integer("limit")).each([&](PartitionIndex index) {
    body["keys"].push_back(of->partitions->key(index));
    letters += of->failed.contains(index) ? 'f' : of->materialized.contains(index) ? 'm' : '-';
    under_way += of->running.contains(index) ? 'r' : of->queued.contains(index) ? 'q' : '-';
    checks += of->check_failed.contains(index) ? 'f' : '-';
  });
  body["status"] = letters;
  body["under_way"] = under_way;
  body["checks"] = checks;
  return json_response(body);
}

json link_json(const AssetGraph& graph, const PartitionStaleLink& each, const char* asset) {
  const auto& link = each.link;
  return {{asset, graph.key(link.asset)}, {"partition", text_or_null(each.partition)}, {"reason", to_string(link.kind)}, {"detail", link.detail}, {"run_id", id_or_null(link.run)}, {"at", time_json(link.at)}};
}

/// The way to the cause of one that is not divided, as its own page tells it.
std::vector<StaleLink> way_above(const Service& service, const PartitionsInForce& in_force, AssetId asset) {
  std::vector<StaleLink> chain;
  service.with_assets([&](const AssetTable& table) {
    if (table.project != in_force.project) return;
    auto reasons = table.staleness(asset, true);
    if (!reasons.empty()) chain = std::move(reasons.front().chain);
  });
  return chain;
}

json stale_of(const Divided& of, PartitionIndex index, const Service& service) {
  const auto& in_force = *of.in_force;
  const auto made = [&](AssetId asset) {
    MadePartitions whole;
    std::shared_ptr<const PartitionStates> states;
    service.with_assets([&](const AssetTable& table) {
      if (table.project != in_force.project) return;
      states = table.states[asset].partitions;
      if (!in_force.table.of(asset)) whole = made_as_a_whole(table, asset);
    });
    return in_force.table.of(asset) ? made_by_partition(in_force, asset, states.get(), *of.at.reader) : whole;
  };
  const auto& graph = in_force.project->graph;
  StalePartitions stale(in_force.project->definitions, graph, in_force.table, wall_now(), made);
  json because = json::array();
  for (const auto& reason : stale.reasons(of.asset, index, [&](AssetId asset) { return way_above(service, in_force, asset); })) {
    auto item = link_json(graph, reason.link, "key");
    for (const auto& link : reason.chain) item["chain"].push_back(link_json(graph, link, "asset"));
    because.push_back(std::move(item));
  }
  return {{"is", stale.of(of.asset).contains(index)}, {"because", std::move(because)}};
}

Response why_partition(const Call& call, Context& context) {
  const auto of = divided_of(call, context);
  if (!of) return of.error();
  const std::string key = call.path_of("key"), partition = call.query.text("partition");
  const auto wrong = [&](const std::string& detail) { return problem_response(422, "invalid-partitions", "There is no such partition", detail, {{"/partition", detail, {}}}); };
  if (!of->partitions) return wrong("'" + key + "' has no partitions: GET /assets/{key} says whether and why it is stale");
  const auto index = of->partitions->index(partition);
  if (!index) {
    const auto last = of->existing.last(1);
    return wrong("'" + key + "' has no partition '" + partition + "'; " + (last.empty() ? "it has none yet" : "its keys are as '" + of->partitions->key(last.ranges().front().begin) + "'"));
  }
  return json_response({{"key", key}, {"partition", partition}, {"stale", stale_of(*of, *index, context.service)}, {"as_of", of->at.as_of}});
}

Response list_sets(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto in_force = context.service.partitions();
  json items = json::array();
  if (in_force)
    for (const auto& [name, keys] : in_force->dynamic) items.push_back({{"name", name}, {"total", keys->existing().size()}});
  return paged(call, items, at->as_of);
}

Response get_set(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto in_force = context.service.partitions();
  json keys = json::array();
  if (in_force)
    if (const auto found = in_force->dynamic.find(call.path_of("set")); found != in_force->dynamic.end())
      found->second->existing().each([&](PartitionIndex index) { keys.push_back(found->second->key(index)); });
  return json_response({{"name", call.path_of("set")}, {"keys", std::move(keys)}, {"as_of", at->as_of}});
}

void change_set(const Call& call, Context& context, Respond done) {
  const auto keys = [&](const char* name) { return call.body.value(name, std::vector<std::string>{}); };
  context.service.change_partition_keys(call.caller, call.path_of("set"), keys("add"), keys("remove"), answer_to(context, std::move(done)));
}

}  // namespace

void add_partition_routes(std::vector<Route>& table) {
  const PathParam set{"set", PathParam::Kind::name, "name of a set of dynamic partitions"};
  const Param status{.name = "status", .kind = Param::Kind::choices, .description = "missing, materialized, failed; check_failed: a check of it failed last",
                     .choices = {"missing", "materialized", "failed", "check_failed"}};
  const Param limit{.name = "limit", .kind = Param::Kind::integer, .description = "how many, the last ones", .min = 1, .max = kMostOfAMap, .fallback = kMapLimit};
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}/partitions", .name = "list_asset_partitions", .summary = "Its partitions, the newest first", .tag = "partitions",
                   .handler = list_partitions, .answers = {{200, "PartitionList"}}, .path = {key_param()}, .query = page_params({status})});
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}/partitions/map", .name = "map_asset_partitions",
                   .summary = "The last partitions as letters: - missing, m materialized, f failed; whether they are under way: r running, q queued; and whether a check of them failed last: f", .tag = "partitions", .handler = map_partitions, .answers = {{200, "PartitionMap"}},
                   .path = {key_param()}, .query = {limit}});
  table.push_back({.method = "GET", .pattern = "/api/v1/assets/{key}/partitions/why", .name = "why_asset_partition", .summary = "Whether one of its partitions is stale, and why, down to the cause", .tag = "partitions",
                   .handler = why_partition, .answers = {{200, "PartitionWhy"}}, .path = {key_param()}, .query = {{.name = "partition", .kind = Param::Kind::text, .description = "its key"}}});
  table.push_back({.method = "GET", .pattern = "/api/v1/partitions", .name = "list_partition_sets", .summary = "Sets of dynamic partitions", .tag = "partitions", .handler = list_sets,
                   .answers = {{200, "PartitionSetList"}}, .query = page_params()});
  table.push_back({.method = "GET", .pattern = "/api/v1/partitions/{set}", .name = "get_partition_set", .summary = "Its keys, in the order in which they came", .tag = "partitions",
                   .handler = get_set, .answers = {{200, "PartitionSet"}}, .path = {set}});
  table.push_back({.method = "POST", .pattern = "/api/v1/partitions/{set}", .name = "change_partition_set", .summary = "Add and remove keys", .tag = "partitions", .handler = change_set,
                   .answers = {{200, "PartitionSetChanged"}}, .problems = {409}, .path = {set}, .body_schema = "PartitionSetRequest", .body_required = true, .mutating = true});
}

}  // namespace assetd::http
