// The laid-out graph and its status vector.

#include <sodium.h>

#include <algorithm>
#include <cmath>

#include "core/graph/layout.h"
#include "core/graph/selection.h"
#include "daemon/http/asset_shapes.h"
#include "daemon/http/compression.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr Millis kStatusAge{250};  ///< a burst of changes rebuilds the vector at most every 250 ms
constexpr Millis kFreshnessAge{5000};  ///< freshness passes without any change of state

struct Lineage {
  std::shared_ptr<const LineageEntry> entry;
  bool immutable = true;  ///< false: the selection asks for the state of assets, the answer is for now only
};

float rounded(float value) { return std::round(value * 10) / 10; }

json layout_json(const Layout& layout, const Project& project, std::int64_t as_of) {
  json nodes = json::array(), edges = json::array(), groups = json::array();
  for (const auto& node : layout.nodes) {
    const AssetSpec& spec = project.definitions.assets[node.asset];
    nodes.push_back({{"key", spec.key}, {"x", rounded(node.x)}, {"y", rounded(node.y)}, {"group", text_or_null(spec.group)}, {"kinds", spec.kinds},
                     {"external", spec.external}});
  }
  for (const auto& [from, to] : layout.edges) edges.push_back({from, to});
  for (const auto& group : layout.groups)
    groups.push_back({{"name", group.name}, {"x", rounded(group.x)}, {"y", rounded(group.y)}, {"width", rounded(group.width)},
                      {"height", rounded(group.height)}, {"nodes", group.nodes}});
  return {{"version", id_text(project.version)}, {"as_of", as_of}, {"width", rounded(layout.width)}, {"height", rounded(layout.height)},
          {"nodes", nodes}, {"edges", edges}, {"groups", groups}};
}

std::string etag_of(std::string_view bytes) {
  unsigned char digest[16];
  crypto_generichash(digest, sizeof digest, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr, 0);
  char text[sizeof digest * 2 + 1];
  return "\"" + std::string(sodium_bin2hex(text, sizeof text, digest, sizeof digest)) + "\"";
}

struct Chosen {
  std::vector<AssetId> assets;
  std::int64_t as_of = 0;
};

std::expected<Chosen, Response> choose(const std::string& select, const Project& project, Context& context, const Past* past) {
  std::expected<Chosen, Response> out = Chosen{};
  const auto choose_in = [&](const AssetTable& table) {
    const SelectionState state = selection_state(table, past ? past->at : wall_now());
    const bool same = table.project && table.project->version == project.version;
    auto found = select_assets(select.empty() ? "*" : select, project.definitions, project.graph, same ? &state : nullptr);
    if (found)
      out = Chosen{std::move(*found), table.as_of};
    else
      out = std::unexpected(selection_problem(found.error()));
  };
  if (past) choose_in(past->table);
  else context.service.with_assets(choose_in);
  return out;
}

std::expected<Lineage, Response> lineage_of(const std::string& select, const Project& project, Context& context, const Past* past = nullptr) {
  if (auto known = context.shared.lineage.find(project.version, select)) return Lineage{known, true};
  // One at a time: who comes while a graph is laid out most likely wants the same one.
  const auto turn = context.shared.lineage.lay_out_alone();
  if (auto known = context.shared.lineage.find(project.version, select)) return Lineage{known, true};
  auto chosen = choose(select, project, context, past);
  if (!chosen) return std::unexpected(std::move(chosen.error()));
  const Layout layout = lay_out(project.definitions, project.graph, chosen->assets);
  auto entry = std::make_shared<LineageEntry>();
  entry->version = project.version;
  entry->select = select;
  for (const auto& node : layout.nodes) entry->nodes.push_back(node.asset);
  entry->plain = std::make_shared<const std::string>(layout_json(layout, project, chosen->as_of).dump());
  entry->gzipped = std::make_shared<const std::string>(gzip(*entry->plain, 6));
  entry->etag = etag_of(*entry->plain);
  const auto asks_state = select.empty() ? std::expected<bool, SelectionError>(false) : check_selection_syntax(select);
  const bool immutable = asks_state && !*asks_state;
  if (immutable) context.shared.lineage.put(entry);
  return Lineage{entry, immutable};
}

/// The definitions that serve, or those that did at the moment that is asked for.
std::expected<std::shared_ptr<const Project>, Response> project_then(const std::shared_ptr<const Past>& past, Context& context) {
  if (past) return past->table.project;
  return current_project(context);
}

Response get_lineage(const Call& call, Context& context) {
  const auto past = past_of(call, context);
  if (!past) return past.error();
  const auto project = project_then(*past, context);
  if (!project) return project.error();
  const auto lineage = lineage_of(call.query.text("select"), **project, context, past->get());
  if (!lineage) return lineage.error();
  Response response;
  response.with("Vary", "Accept-Encoding");
  if (lineage->immutable) {
    response.with("ETag", lineage->entry->etag);
    // Which version is current is asked each time; that it is still the same costs a 304.
    response.with("Cache-Control", "private, no-cache");
    if (call.request.header("if-none-match").find(lineage->entry->etag) != std::string_view::npos) {
      response.status = 304;
      return response;
    }
  }
  if (accepts_gzip(call.request.header("accept-encoding"))) {
    response.shared_body = lineage->entry->gzipped;
    return response.with("Content-Encoding", "gzip");
  }
  response.shared_body = lineage->entry->plain;
  return response;
}

char status_letter(std::string_view status) {
  if (status == "materializing") return 'r';
  return status == "never" ? '-' : status.front();
}

char checks_letter(const CheckCounts& counts) {
  return counts.failed > 0 ? 'f' : counts.warned > 0 ? 'w' : counts.passed > 0 ? 'p' : 'n';
}

json status_json(const AssetTable& table, const LineageEntry& entry, std::size_t running_runs, WallTime now) {
  std::string status, stale, fresh, checks;
  for (const auto id : entry.nodes) {
    status += status_letter(shown_status(table.project->definitions.assets[id], table.states[id]));
    stale += table.is_stale(id) ? '1' : '0';
    fresh += table.freshness(id, now).front();
    checks += checks_letter(count_checks(table.states[id]));
  }
  return {{"version", id_text(entry.version)}, {"as_of", table.as_of}, {"status", status}, {"stale", stale}, {"fresh", fresh}, {"checks", checks},
          {"running_runs", running_runs}};
}

Response version_gone(std::int64_t asked, std::int64_t current) {
  return problem_response(409, "stale-version", "The graph has changed",
                          "version " + id_text(asked) + " is not the current one; the current version is " + id_text(current));
}

/// Distinct runs that hold assets of the table.
std::size_t count_running(const AssetTable& table) {
  std::vector<RunId> runs;
  for (const auto& state : table.states)
    if (state.in_progress) runs.push_back(state.in_progress->run);
  std::ranges::sort(runs);
  return static_cast<std::size_t>(std::ranges::distance(runs.begin(), std::ranges::unique(runs).begin()));
}

Response make_lineage_status(const std::string& select, const Project& project, std::uint64_t revision, Context& context) {
  const auto lineage = lineage_of(select, project, context);
  if (!lineage) return lineage.error();
  const WallTime now = wall_now();
  std::optional<json> body;
  std::int64_t current = project.version;
  context.service.with_assets([&](const AssetTable& table) {
    current = table.project ? table.project->version : 0;
    if (current == project.version) body = status_json(table, *lineage->entry, count_running(table), now);
  });
  if (!body) return version_gone(project.version, current);
  Response response;
  response.shared_body = std::make_shared<const std::string>(body->dump());
  if (lineage->immutable) context.shared.lineage.put_status({project.version, select, revision, now, response.shared_body});
  return response;
}

Response past_lineage_status(const std::string& select, const Past& past, Context& context) {
  const auto lineage = lineage_of(select, *past.table.project, context, &past);
  if (!lineage) return lineage.error();
  auto body = status_json(past.table, *lineage->entry, count_running(past.table), past.at);
  body["at"] = time_json(past.at);
  body["version_is_exact"] = past.version_is_exact;
  return json_response(body);
}

Response get_lineage_status(const Call& call, Context& context) {
  const auto past = past_of(call, context);
  if (!past) return past.error();
  const auto project = project_then(*past, context);
  if (!project) return project.error();
  const auto asked = call.query.integer("version").value_or((*project)->version);
  if (asked != (*project)->version) return version_gone(asked, (*project)->version);
  const std::string select = call.query.text("select");
  if (*past) return past_lineage_status(select, **past, context);
  const auto revision = context.service.assets_revision();
  auto& cache = context.shared.lineage;
  const auto known = cache.find_status(asked, select);
  const Millis age = known ? wall_now() - known->built : Millis(0);
  const auto younger = [&](Millis limit) { return known && age >= Millis(0) && age < limit; };
  Response response;
  if (known) response.shared_body = known->body;
  if (younger(kStatusAge) || (younger(kFreshnessAge) && known->revision == revision)) return response;
  const bool mine = cache.begin_status(asked, select);
  if (!mine && younger(2 * kStatusAge)) return response;
  response = make_lineage_status(select, **project, revision, context);
  if (mine) cache.end_status(asked, select);
  return response;
}

}  // namespace

void add_lineage_routes(std::vector<Route>& table) {
  const Param at{.name = "at", .kind = Param::Kind::time, .description = "as it was then, within retention"};
  const Param select{.name = "select", .description = "a selection; '+' is written %2B in a URL; all without one"};
  table.push_back({.method = "GET", .pattern = "/api/v1/lineage", .name = "get_lineage", .summary = "The graph, laid out; the same for a version and selection",
                   .tag = "lineage", .handler = get_lineage, .answers = {{200, "Lineage"}, {304, ""}}, .problems = {410}, .query = {select, at}});
  table.push_back({.method = "GET", .pattern = "/api/v1/lineage/status", .name = "get_lineage_status", .summary = "One character a node of /lineage",
                   .tag = "lineage", .handler = get_lineage_status, .answers = {{200, "LineageStatus"}}, .problems = {409, 410},
                   .query = {{.name = "version", .kind = Param::Kind::integer, .description = "of the graph that is shown", .min = 0,
                              .max = 1'000'000'000'000}, select, at}});
}

}  // namespace assetd::http
