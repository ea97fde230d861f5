// Backfills: request, progress, pause, cancel, retry.

#include "daemon/http/json_shapes.h"
#include "daemon/http/partition_choice.h"

namespace assetd::http {
namespace {

using nlohmann::json;

struct Left {
  const char* name;
  char letter;
};
Left left_as(const Backfill& backfill) {
  if (!is_over(backfill.status)) return {"waiting", '-'};
  return backfill.status == BackfillStatus::canceled ? Left{"canceled", 'c'} : Left{"skipped", 'k'};
}

json counts_json(const Backfill& backfill) {
  std::int64_t under_way = 0;
  std::map<std::string, std::int64_t> counts{{"succeeded", 0}, {"failed", 0}, {"skipped", 0}, {"canceled", 0}};
  for (const auto& group : backfill.groups) {
    counts["succeeded"] += group.succeeded.size();
    counts["failed"] += group.failed.size();
    counts["skipped"] += group.skipped.size();
    counts["canceled"] += group.canceled.size();
  }
  for (const auto& [run, part] : backfill.runs) under_way += part.set.size();
  // Of one that is over nothing waits: what never began was canceled with it, or skipped as its assets could not be made any more.
  const auto left = partitions_total(backfill) - partitions_ended(backfill) - under_way;
  if (is_over(backfill.status)) counts[left_as(backfill).name] += left;
  json out = counts;
  out["in_progress"] = under_way;
  out["waiting"] = is_over(backfill.status) ? 0 : left;
  return out;
}

/// When it may be over if it goes on as it went so far.
std::optional<WallTime> estimate(const Backfill& backfill, WallTime now) {
  const auto ended = partitions_ended(backfill), left = partitions_total(backfill) - ended;
  if (backfill.status != BackfillStatus::running || ended == 0) return std::nullopt;
  const auto took = static_cast<double>((now - backfill.created_at).count());
  return now + Millis(static_cast<std::int64_t>(took / static_cast<double>(ended) * static_cast<double>(left)));
}

json backfill_json(const Backfill& backfill) {
  json runs = json::array();
  for (const auto& [run, part] : backfill.runs) runs.push_back(id_text(run));
  return {{"id", std::to_string(backfill.id)}, {"status", to_string(backfill.status)}, {"select", backfill.select}, {"partitions", text_or_null(backfill.partitions)},
          {"priority", backfill.priority}, {"max_runs", backfill.max_runs}, {"order", backfill.newest_first ? "newest" : "oldest"}, {"tags", backfill.tags},
          {"actor", backfill.actor.name}, {"by", text_or_null(backfill.by)}, {"reason", text_or_null(backfill.reason)}, {"detail", text_or_null(backfill.detail)},
          {"created_at", time_json(backfill.created_at)}, {"ended_at", time_json(backfill.ended_at)}, {"estimated_end", time_json(estimate(backfill, wall_now()))},
          {"partitions_total", partitions_total(backfill)}, {"counts", counts_json(backfill)}, {"active_runs", runs}, {"runs_made", backfill.runs_made}};
}

std::string key_in(const PartitionsInForce* in_force, const BackfillGroup& group, PartitionIndex index) {
  const auto asset = in_force ? in_force->project->graph.find(group.assets.front()) : std::nullopt;
  const auto* partitions = asset ? in_force->table.of(*asset) : nullptr;
  return partitions && group.spec && in_force->project->definitions.assets[*asset].partitions->dimensions == group.spec->dimensions ? partitions->key(index) : "";
}

/// By letters in order: - waiting, r in progress, s succeeded, f failed, k skipped, c canceled; the first thousand.
json group_json(const Backfill& backfill, std::size_t nth, const PartitionsInForce* in_force) {
  constexpr std::int64_t kShown = 1'000;
  const auto& group = backfill.groups[nth];
  IndexSet running;
  for (const auto& [run, part] : backfill.runs)
    if (part.group == nth) running = running | part.set;
  std::string letters;
  json keys = json::array();
  group.wanted.first(kShown).each([&](PartitionIndex index) {
    letters += running.contains(index) ? 'r' : group.succeeded.contains(index) ? 's' : group.failed.contains(index) ? 'f' : group.skipped.contains(index) ? 'k' : group.canceled.contains(index) ? 'c' : left_as(backfill).letter;
    keys.push_back(key_in(in_force, group, index));
  });
  json counts = {{"succeeded", group.succeeded.size()}, {"failed", group.failed.size()}, {"skipped", group.skipped.size()}, {"canceled", group.canceled.size()}, {"in_progress", running.size()}};
  if (is_over(backfill.status)) counts[left_as(backfill).name] = counts[left_as(backfill).name].get<std::int64_t>() + (group.wanted - group.ended() - running).size();
  return {{"assets", group.assets}, {"partitions", group.wanted.size()}, {"per_run", group.per_run}, {"keys", keys}, {"status", letters},
          {"counts", counts}};
}

Response list_backfills(const Call& call, Context& context) {
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto page = at->reader->backfills(page_of(call));
  if (!page) return store_problem(page.error());
  json items = json::array();
  for (const auto& backfill : page->items) items.push_back(backfill_json(backfill));
  return list_response(std::move(items), page->next_cursor, at->as_of);
}

/// Ids that cannot be are unknown backfills.
std::optional<std::int64_t> id_in_path(const Call& call) {
  const auto id = parse_integer(call.path_of("backfill_id"));
  return id && *id > 0 ? id : std::nullopt;
}

Response no_such(const Call& call) { return not_found("there is no backfill '" + call.path_of("backfill_id") + "'"); }

Response get_backfill(const Call& call, Context& context) {
  const auto id = id_in_path(call);
  if (!id) return no_such(call);
  const auto at = read_at(context);
  if (!at) return at.error();
  const auto found = at->reader->backfill(*id);
  if (!found) return store_problem(found.error());
  if (!*found) return no_such(call);
  const auto in_force = context.service.partitions();
  auto body = backfill_json(**found);
  body["groups"] = json::array();
  for (std::size_t i = 0; i < (*found)->groups.size(); ++i) body["groups"].push_back(group_json(**found, i, in_force.get()));
  body["as_of"] = at->as_of;
  return json_response(body);
}

void request_backfill(const Call& call, Context& context, Respond done) {
  auto partitions = partition_choice(call.body);
  if (!partitions) return done(std::move(partitions.error()));
  BackfillBody body;
  body.select = call.body.at("select");
  body.partitions = std::move(*partitions);
  const std::string mode = call.body.value("steps", "all");
  body.mode = mode == "assets" ? StepsMode::assets : mode == "checks" ? StepsMode::checks : StepsMode::all;
  body.options = call.body.value("options", json::object());
  if (call.body.contains("tags")) body.tags = call.body["tags"].get<std::map<std::string, std::string>>();
  body.priority = static_cast<int>(call.body.value("priority", 0.0));
  body.max_runs = static_cast<int>(call.body.value("max_runs", 4.0));
  body.newest_first = call.body.value("order", "oldest") == "newest";
  body.dry_run = call.body.value("dry_run", false);
  context.service.request_backfill(call.caller, std::move(body), answer_to(context, std::move(done)));
}

template <BackfillCommand kCommand>
void command_backfill(const Call& call, Context& context, Respond done) {
  const auto id = id_in_path(call);
  if (!id) return done(no_such(call));
  context.service.command_backfill(call.caller, *id, kCommand, call.body.is_object() ? call.body.value("reason", "") : "", answer_to(context, std::move(done)));
}

}  // namespace

void add_backfill_routes(std::vector<Route>& table) {
  const PathParam id{"backfill_id", PathParam::Kind::number, "a backfill's id"};
  const auto add = [&](Route route) {
    route.tag = "backfills";
    table.push_back(std::move(route));
  };
  add({.method = "GET", .pattern = "/api/v1/backfills", .name = "list_backfills", .summary = "Backfills, newest first", .tag = "", .handler = list_backfills,
       .answers = {{200, "BackfillList"}}, .query = page_params()});
  add({.method = "POST", .pattern = "/api/v1/backfills", .name = "request_backfill", .summary = "Make many partitions, run by run", .tag = "", .handler = request_backfill,
       .answers = {{201, "BackfillCreated"}, {200, "BackfillPlanned"}}, .problems = {409}, .body_schema = "BackfillRequest", .body_required = true, .mutating = true});
  add({.method = "GET", .pattern = "/api/v1/backfills/{backfill_id}", .name = "get_backfill", .summary = "One backfill, with its partitions", .tag = "", .handler = get_backfill,
       .answers = {{200, "BackfillDetail"}}, .path = {id}});
  const auto add_command = [&](const char* verb, const char* summary, CommandHandler handler, int status) {
    add({.method = "POST", .pattern = std::string("/api/v1/backfills/{backfill_id}/") + verb, .name = std::string(verb) + "_backfill", .summary = summary, .tag = "", .handler = handler,
         .answers = {{status, "BackfillState"}}, .problems = {409}, .path = {id}, .body_schema = "PauseRequest", .mutating = true});
  };
  add_command("pause", "Nothing more of it begins; what runs goes on", command_backfill<BackfillCommand::pause>, 200);
  add_command("resume", "It goes on", command_backfill<BackfillCommand::resume>, 200);
  add_command("cancel", "Nothing more of it begins, and its runs are canceled; asking twice is the same", command_backfill<BackfillCommand::cancel>, 202);
  add_command("retry", "What failed, was skipped or canceled once more", command_backfill<BackfillCommand::retry>, 200);
}

}  // namespace assetd::http
