#include "core/backfill/backfill.h"
#include "core/definition/partitions_json.h"

namespace assetd {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kStatuses[] = {"running", "paused", "succeeded", "failed", "canceled"};

std::int64_t ms(WallTime at) { return at.time_since_epoch().count(); }
WallTime time(const Json& value) { return WallTime(Millis(value.get<std::int64_t>())); }

void put_set(Json& object, const char* name, const IndexSet& set) {
  if (!set.empty()) object[name] = set.encode();
}

IndexSet decoded(const std::string& text) {
  auto set = IndexSet::decode(text);
  if (!set) throw std::invalid_argument("a set of partitions");
  return std::move(*set);
}

IndexSet set(const Json& object, const char* name) { return decoded(object.value(name, "")); }

void put_sets(Json& object, const char* name, const std::vector<IndexSet>& sets) {
  for (const auto& set : sets) object[name].push_back(set.encode());
}

std::vector<IndexSet> sets(const Json& object, const char* name) {
  std::vector<IndexSet> out;
  if (const auto found = object.find(name); found != object.end())
    for (const auto& each : *found) out.push_back(decoded(each.get<std::string>()));
  return out;
}

Json write(const BackfillGroup& group) {
  Json json = {{"assets", group.assets}, {"per_run", group.per_run}};
  if (group.spec) json["of"] = to_json(*group.spec);
  put_set(json, "wanted", group.wanted);
  put_set(json, "succeeded", group.succeeded);
  put_set(json, "failed", group.failed);
  put_set(json, "skipped", group.skipped);
  put_set(json, "canceled", group.canceled);
  put_sets(json, "made", group.made);
  put_sets(json, "blocked", group.blocked);
  return json;
}

BackfillGroup read_group(const Json& json) {
  BackfillGroup group;
  group.assets = json.at("assets").get<std::vector<std::string>>();
  group.per_run = json.at("per_run");
  if (const auto of = json.find("of"); of != json.end()) {
    auto spec = partitions_from_json(*of, "");
    if (!spec) throw std::invalid_argument(spec.error().message);
    group.spec = std::move(*spec);
  }
  group.wanted = set(json, "wanted");
  group.succeeded = set(json, "succeeded");
  group.failed = set(json, "failed");
  group.skipped = set(json, "skipped");
  group.canceled = set(json, "canceled");
  group.made = sets(json, "made");
  group.blocked = sets(json, "blocked");
  return group;
}

Backfill read(const Json& json) {
  Backfill backfill;
  backfill.id = json.at("id");
  backfill.status = parse_backfill_status(json.at("status").get<std::string>()).value();
  backfill.select = json.at("select");
  backfill.partitions = json.at("partitions");
  backfill.mode = static_cast<StepsMode>(json.at("mode").get<int>());
  backfill.options = json.at("options");
  backfill.tags = json.at("tags").get<std::map<std::string, std::string>>();
  backfill.priority = json.at("priority");
  backfill.max_runs = json.at("max_runs");
  backfill.newest_first = json.at("newest_first");
  backfill.actor = {json.at("actor"), json.at("remote")};
  backfill.created_at = time(json.at("created_at"));
  if (const auto ended = json.find("ended_at"); ended != json.end()) backfill.ended_at = time(*ended);
  backfill.reason = json.value("reason", "");
  backfill.detail = json.value("detail", "");
  backfill.by = json.value("by", "");
  for (const auto& group : json.at("groups")) backfill.groups.push_back(read_group(group));
  for (const auto& [id, run] : json.at("runs").items()) {
    const auto group = run.at("group").get<std::size_t>();
    if (group >= backfill.groups.size()) throw std::invalid_argument("a group");
    backfill.runs[std::stoll(id)] = {group, set(run, "set")};
  }
  backfill.runs_made = json.at("runs_made");
  return backfill;
}

}  // namespace

std::string_view to_string(BackfillStatus status) { return kStatuses[static_cast<std::size_t>(status)]; }

std::optional<BackfillStatus> parse_backfill_status(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kStatuses); ++i)
    if (kStatuses[i] == text) return static_cast<BackfillStatus>(i);
  return std::nullopt;
}

Json to_json(const Backfill& backfill) {
  Json json = {{"id", backfill.id}, {"status", to_string(backfill.status)}, {"select", backfill.select}, {"partitions", backfill.partitions},
               {"mode", static_cast<int>(backfill.mode)}, {"options", backfill.options}, {"tags", backfill.tags}, {"priority", backfill.priority},
               {"max_runs", backfill.max_runs}, {"newest_first", backfill.newest_first}, {"actor", backfill.actor.name}, {"remote", backfill.actor.remote},
               {"created_at", ms(backfill.created_at)}, {"groups", Json::array()}, {"runs", Json::object()}, {"runs_made", backfill.runs_made}};
  if (backfill.ended_at) json["ended_at"] = ms(*backfill.ended_at);
  for (const auto& [name, text] : {std::pair{"reason", &backfill.reason}, {"detail", &backfill.detail}, {"by", &backfill.by}})
    if (!text->empty()) json[name] = *text;
  for (const auto& group : backfill.groups) json["groups"].push_back(write(group));
  for (const auto& [id, run] : backfill.runs) json["runs"][std::to_string(id)] = {{"group", run.group}, {"set", run.set.encode()}};
  return json;
}

std::optional<Backfill> backfill_from_json(const Json& json) try {
  return read(json);
} catch (const std::exception&) {
  return std::nullopt;  // a damaged row: the caller says where
}

}  // namespace assetd
