#include "daemon/http/past.h"

#include <algorithm>
#include <map>

#include "core/definition/retention.h"
#include "core/version/provenance.h"
#include "daemon/http/json_shapes.h"
#include "daemon/http/past_partitions.h"

namespace assetd::http {
namespace {

constexpr Millis kSettled = std::chrono::seconds{10};  // what happened so long ago is committed: answers about it can be kept

Response forgotten(const std::string& detail) { return problem_response(410, "gone", "No longer kept", detail); }

/// What is known of a moment must be known of all that happened before it: the youngest of what retention takes decides.
std::optional<Response> beyond_memory(WallTime at, WallTime now, const Definitions& definitions) {
  if (at > now) return invalid({{"/at", format_time(at) + " lies ahead: GET /forecast says what will be"}});
  const auto kept = retention_of(definitions);
  const auto age = std::min(kept.events, kept.runs);
  if (at >= now - age) return std::nullopt;
  return forgotten("what happened before " + format_time(now - age) + " is forgotten (retention: events and runs); ask for a later moment");
}

/// By the version that made it; what no run made had the code of the day.
void set_code_versions(AssetTable& table, const std::vector<PastState>& states, Service& service) {
  std::map<std::int64_t, std::shared_ptr<const Project>> versions;
  for (AssetId id = 0; id < table.states.size(); ++id) {
    auto& data = table.states[id].last_materialization;
    if (!data || data->provenance) continue;  // which says it itself
    const auto& own = table.project->definitions.assets[id];
    data->code_version = code_version_of(own);
    const auto version = states[id].definitions_version;
    if (version == 0 || version == table.project->version) continue;
    const auto [known, is_new] = versions.try_emplace(version);
    if (is_new) known->second = service.project(version);
    if (!known->second) continue;
    if (const auto then = known->second->graph.find(own.key)) data->code_version = code_version_of(known->second->definitions.assets[*then]);
  }
}

/// As the asset is called now, which may have been renamed since, more than once.
std::string name_now(std::string key, const Project& current) {
  for (std::size_t renames = 0; renames < current.definitions.assets.size() && !current.graph.find(key); ++renames) {
    const auto& assets = current.definitions.assets;
    const auto found = std::ranges::find(assets, key, &AssetSpec::renamed_from);
    if (found == assets.end()) break;
    key = found->key;
  }
  return key;
}

NowKnown known_now(const std::string& key, const PartitionsInForce& in_force, Context& context) {
  NowKnown known{name_now(key, *in_force.project), nullptr, nullptr};
  context.service.with_assets([&](const AssetTable& table) {
    const auto id = table.project ? table.project->graph.find(known.name) : std::nullopt;
    if (id) known.states = table.states[*id].partitions;
  });
  if (known.states)
    if (auto divided = Partitions::make(known.states->spec, in_force.dynamic)) known.divided = std::make_shared<const Partitions>(std::move(*divided));
  return known;
}

/// Keys that come and go are those of now.
Reader::Result<bool> set_partitions(AssetTable& table, WallTime at, Context& context, Reader& reader) {
  const auto in_force = context.service.partitions();
  if (!in_force) return true;
  const auto divided = PartitionTable::make(table.project->definitions, table.project->graph, in_force->dynamic);
  if (divided.empty()) return true;
  for (AssetId id = 0; id < table.states.size(); ++id) {
    const auto& spec = table.project->definitions.assets[id];
    if (!divided.of(id)) continue;
    auto states = partitions_at(*spec.partitions, *divided.of(id), at, known_now(spec.key, *in_force, context), reader);
    if (!states) return std::unexpected(states.error());
    table.states[id].partitions = std::move(*states);
  }
  return true;
}

std::expected<std::shared_ptr<const Past>, Response> make_past(WallTime at, Context& context) {
  auto reader = context.reader();
  if (!reader) return std::unexpected(std::move(reader.error()));
  const auto moment = (*reader)->moment(at);
  if (!moment) return std::unexpected(store_problem(moment.error()));
  if (!*moment) return std::unexpected(forgotten("nothing is known of " + format_time(at) + ": what this store remembers begins later"));
  auto past = std::make_shared<Past>();
  past->at = at;
  past->version_is_exact = (*moment)->version_is_exact;
  past->table.project = context.service.project((*moment)->version);
  if (!past->table.project) return std::unexpected(forgotten("the definitions of " + format_time(at) + " are no longer kept"));
  past->table.as_of = (*moment)->event;
  std::vector<std::string> keys;
  for (const auto& asset : past->table.project->definitions.assets) keys.push_back(asset.key);
  auto states = (*reader)->states_at(keys, **moment);
  if (!states) return std::unexpected(store_problem(states.error()));
  for (auto& state : *states) past->table.states.push_back(std::move(state.state));
  set_code_versions(past->table, *states, context.service);
  if (const auto set = set_partitions(past->table, at, context, **reader); !set) return std::unexpected(store_problem(set.error()));
  return past;
}

}  // namespace

std::shared_ptr<const Past> PastTables::find(WallTime at) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(kept_, [&](const auto& each) { return each->at == at; });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front();
}

void PastTables::put(std::shared_ptr<const Past> past) {
  const std::lock_guard lock(mutex_);
  kept_.push_front(std::move(past));
  if (kept_.size() > kKept) kept_.pop_back();
}

std::expected<std::shared_ptr<const Past>, Response> past_of(const Call& call, Context& context) {
  const auto at = call.query.time("at");
  if (!at) return nullptr;
  const auto current = current_project(context);
  if (!current) return std::unexpected(current.error());
  const auto now = wall_now();
  if (auto wrong = beyond_memory(*at, now, (*current)->definitions)) return std::unexpected(std::move(*wrong));
  if (auto known = context.shared.pasts.find(*at)) return known;
  auto past = make_past(*at, context);
  if (past && *at < now - kSettled) context.shared.pasts.put(*past);
  return past;
}

}  // namespace assetd::http
