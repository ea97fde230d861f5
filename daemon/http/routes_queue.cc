// What waits and for what: the queue, pools and their sizes.

#include <algorithm>

#include "daemon/http/json_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

json resized_json(const std::optional<PoolSize>& size) {
  if (!size) return nullptr;
  return {{"by", size->by}, {"reason", text_or_null(size->reason)}, {"at", time_json(size->at)}};
}

json pool_json(const PoolView& pool) {
  json holders = json::array();
  for (const auto& holder : pool.holders)
    holders.push_back({{"run_id", id_text(holder.run)}, {"step", holder.step}, {"attempt_id", holder.attempt}, {"slots", holder.slots},
                       {"since", time_json(holder.since)}});
  return {{"name", pool.name}, {"slots", pool.slots}, {"defined_slots", pool.defined}, {"resized", resized_json(pool.resized)}, {"used", pool.used},
          {"waiting", pool.waiting}, {"holders", holders}};
}

Response list_pools(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  json items = json::array();
  for (const auto& pool : context.service.pools()) items.push_back(pool_json(pool));
  return paged(call, items, at->as_of);
}

json queued_runs_json(const std::vector<QueuedRun>& runs, std::size_t limit) {
  json out = json::array();
  for (const auto& queued : runs) {
    if (out.size() == limit) break;
    const auto& run = queued.run;
    out.push_back({{"run_id", id_text(run.id)}, {"select", run.select}, {"job", text_or_null(run.job)}, {"priority", run.priority}, {"tags", run.tags},
                   {"since", time_json(run.created_at)}, {"blocked_by", blockers_json(queued.blocked_by)}});
  }
  return out;
}

Response list_queue(const Call& call, Context& context) {
  const auto position = read_cursor(call);
  if (!position) return position.error();
  const auto skip = static_cast<std::size_t>(std::max<std::int64_t>(parse_integer(*position).value_or(0), 0));
  const auto limit = static_cast<std::size_t>(*call.query.integer("limit"));
  const auto at = read_at(context);
  if (!at) return at.error();
  json items = json::array();
  const auto queue = context.service.queue(skip, limit + 1);
  const auto& entries = queue.steps;
  for (std::size_t i = 0; i < entries.size() && i < limit; ++i)
    items.push_back({{"run_id", id_text(entries[i].run)}, {"key", entries[i].key}, {"partition", text_or_null(entries[i].partition)}, {"status", to_string(entries[i].status)},
                     {"since", time_json(entries[i].since)}, {"blocked_by", blockers_json(entries[i].blocked_by)}});
  const std::string next = entries.size() > limit ? make_cursor(call, std::to_string(skip + limit)) : "";
  json limits = json::array();
  for (const auto& each : queue.limits) limits.push_back({{"name", each.name}, {"limit", each.limit}, {"used", each.used}});
  return json_response({{"items", items}, {"next_cursor", text_or_null(next)}, {"runs", queued_runs_json(queue.runs, limit)}, {"limits", limits}, {"as_of", at->as_of}});
}

void resize_pool(const Call& call, Context& context, Respond done) {
  context.service.resize_pool(call.caller, call.path_of("name"), static_cast<int>(call.body.at("slots").get<double>()), call.body.value("reason", ""),
                              answer_to(context, std::move(done)));
}

void reset_pool(const Call& call, Context& context, Respond done) {
  context.service.resize_pool(call.caller, call.path_of("name"), std::nullopt, call.body.value("reason", ""), answer_to(context, std::move(done)));
}

}  // namespace

void add_queue_routes(std::vector<Route>& table) {
  const PathParam name{"name", PathParam::Kind::name, "a pool's name"};
  table.push_back({.method = "GET", .pattern = "/api/v1/queue", .name = "list_queue", .summary = "What waits for something other than its upstream, and why",
                   .tag = "queue", .handler = list_queue, .answers = {{200, "QueueList"}}, .query = page_params()});
  table.push_back({.method = "GET", .pattern = "/api/v1/pools", .name = "list_pools", .summary = "Pools, their slots and who holds them", .tag = "queue",
                   .handler = list_pools, .answers = {{200, "PoolList"}}, .query = page_params()});
  table.push_back({.method = "POST", .pattern = "/api/v1/pools/{name}", .name = "resize_pool",
                   .summary = "Another number of slots, from now on and until it is reset; survives reload and restart", .tag = "queue",
                   .handler = resize_pool, .answers = {{200, "PoolResized"}}, .problems = {409}, .path = {name}, .body_schema = "PoolRequest",
                   .body_required = true, .mutating = true});
  table.push_back({.method = "POST", .pattern = "/api/v1/pools/{name}/reset", .name = "reset_pool", .summary = "Back to the slots that the definitions say",
                   .tag = "queue", .handler = reset_pool, .answers = {{200, "PoolResized"}}, .problems = {409}, .path = {name}, .body_schema = "PauseRequest", .mutating = true});
}

}  // namespace assetd::http
