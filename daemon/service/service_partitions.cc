// How assets are divided: the table in force, keys that come and go, what somebody's words mean.

#include <algorithm>
#include <set>

#include "core/definition/partitions_json.h"
#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/made_partitions.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;
constexpr std::size_t kLongestKey = 1000;   // bytes
constexpr std::int64_t kMostSteps = 200'000;  // of one run; a backfill takes more

std::optional<std::string> bad_key(const std::string& key) {
  if (key.empty()) return "a partition's key is not empty";
  if (key.size() > kLongestKey) return "a partition's key has at most " + std::to_string(kLongestKey) + " bytes";
  const bool odd = std::ranges::any_of(key, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '|'; });
  if (is_partition_word(key)) return "no partition may be called \"" + key + "\": the word chooses partitions; call it otherwise";
  if (odd) return "a partition's key has no control characters and no |, which separates the keys of two dimensions";
  return std::nullopt;
}

std::set<std::string> dynamic_sets(const Definitions& definitions) {
  std::set<std::string> names;
  for (const auto& asset : definitions.assets)
    if (asset.partitions)
      for (const auto& dimension : asset.partitions->dimensions)
        if (const auto* dynamic = std::get_if<DynamicPartitionsSpec>(&dimension.of)) names.insert(dynamic->name);
  return names;
}

}  // namespace

std::shared_ptr<const PartitionsInForce> DaemonService::partitions() const {
  std::lock_guard lock(mutex_);
  return partitions_;
}

void DaemonService::take_partition_keys(const std::vector<PartitionKeyRecord>& stored) {
  partition_keys_.clear();
  for (const auto& record : stored) {
    auto& keys = partition_keys_[record.set];
    if (!keys) keys = std::make_shared<NamedKeys>();
    keys->add(record.key);
  }
  for (const auto& record : stored)
    if (!record.present) partition_keys_[record.set]->remove(record.key);
}

/// With the keys of now, for a version.
void DaemonService::divide(std::shared_ptr<const Project> project) {
  auto next = std::make_shared<PartitionsInForce>();
  for (const auto& [name, keys] : partition_keys_) next->dynamic[name] = keys;  // never changed once they are here
  next->table = PartitionTable::make(project->definitions, project->graph, next->dynamic);
  next->project = std::move(project);
  projection_.use(next);
  keeper_.partitions().use(next);
  std::lock_guard lock(mutex_);
  partitions_ = std::move(next);
}

std::shared_ptr<const PartitionStates> DaemonService::partition_states(AssetId asset) const { return book_.current(asset).partitions; }

MadePartitions DaemonService::made_partitions(AssetId asset, const PartitionsInForce& in_force) const {
  if (in_force.table.of(asset)) return made_by_partition(in_force, asset, partition_states(asset).get(), *reader_);
  MadePartitions made;
  book_.read([&](const AssetTable& table) { made = made_as_a_whole(table, asset); });
  return made;
}

std::expected<DaemonService::PartitionSets, Reply> DaemonService::choose(const std::vector<AssetId>& assets, const std::string& select_text, const PartitionChoice& choice, WallTime now) const {
  const auto in_force = partitions();
  StalePartitions stale(in_force->project->definitions, in_force->project->graph, in_force->table, now, [&](AssetId asset) { return made_partitions(asset, *in_force); });
  const auto* word = std::get_if<PartitionChoice::Word>(&choice.of);
  const bool asks_for_stale = word && *word == PartitionChoice::Word::stale;
  const auto known = [&](AssetId asset) {
    const auto states = partition_states(asset);
    auto known = states ? KnownPartitions{states->materialized, states->failed} : KnownPartitions{};
    if (asks_for_stale) known.stale = stale.of(asset);
    return known;
  };
  const auto wrong = [](const std::string& detail) { return std::unexpected(problem(422, "invalid-partitions", "The partitions cannot be taken", detail, json::array({{{"pointer", "/partitions"}, {"detail", detail}}}))); };
  const auto targets = word ? std::vector<AssetId>() : selected(*in_force->project, select_text, selection_targets);
  if (!targets) return std::unexpected(selection_problem(targets.error()));
  auto sets = choose_partitions(choice, assets, *targets, in_force->project->graph, in_force->table, now, known);
  if (!sets) return wrong(sets.error());
  return std::move(*sets);
}

/// Of what is not divided a word means all of it, or nothing.
bool DaemonService::is_chosen_whole(const PartitionChoice& choice, AssetId asset) const {
  using Word = PartitionChoice::Word;
  const auto* word = std::get_if<Word>(&choice.of);
  if (!word || (*word != Word::missing && *word != Word::failed && *word != Word::stale)) return true;
  const auto& state = book_.current(asset);
  if (*word == Word::failed) return state.last_attempt && state.last_attempt->status == StepStatus::failed;
  return !state.last_materialization || (*word == Word::stale && !made_partitions(asset, *partitions()).stale.empty());
}

RunPlan DaemonService::plan_of(const Project& project, const std::vector<AssetId>& assets, StepsMode mode, WallTime now, const PartitionSets* sets) const {
  const auto in_force = partitions();
  const PartitionPick pick{in_force->table, sets ? *sets : in_force->table.usual(assets, now), now};
  RunPlan plan;
  book_.read([&](const AssetTable& table) {
    const auto made = [&](AssetId asset) { return asset < table.states.size() && table.states[asset].last_materialization.has_value(); };
    plan = make_plan(project.definitions, project.graph, assets, mode, made, &pick);
  });
  return plan;
}

std::optional<Reply> DaemonService::too_many_steps(const PartitionSets& sets) const {
  std::int64_t steps = 0;
  for (const auto& [asset, set] : sets) steps += set.size();
  if (steps <= kMostSteps) return std::nullopt;
  const auto why = "these are " + std::to_string(steps) + " partitions, and one run has at most " + std::to_string(kMostSteps) + "; a backfill (POST /backfills) takes them run by run";
  return problem(422, "too-many-partitions", "Too many partitions for one run", why, json::array({{{"pointer", "/partitions"}, {"detail", why}}}));
}

std::expected<DaemonService::Resolved, Reply> DaemonService::resolve(const std::string& select_text, StepsMode mode, const json& options, const PartitionChoice& choice, WallTime now, AskedBy by) const {
  Resolved resolved;
  resolved.project = project();
  if (!resolved.project) return std::unexpected(unavailable("no definitions are loaded yet"));
  if (const auto wrong = check_options(options)) return std::unexpected(*wrong);
  auto assets = select(*resolved.project, select_text);
  if (!assets) return std::unexpected(selection_problem(assets.error()));
  auto sets = choose(*assets, select_text, choice, now);
  if (!sets) return std::unexpected(sets.error());
  const bool matches = !assets->empty();
  std::erase_if(*assets, [&](AssetId asset) { return !sets->contains(asset) && !is_chosen_whole(choice, asset); });
  // Only now: partitions that are named for what is muted are no mistake.
  if (by == AskedBy::itself) resolved.muted = automator_.leave_out_muted(*assets, clock_.now().wall);
  if (!resolved.muted.empty()) std::erase_if(*sets, [&](const auto& each) { return std::ranges::find(*assets, each.first) == assets->end(); });
  if (const auto too_many = too_many_steps(*sets)) return std::unexpected(*too_many);
  resolved.plan = std::make_shared<RunPlan>(plan_of(*resolved.project, *assets, mode, now, &*sets));
  if (resolved.plan->size() == 0 && resolved.muted.empty()) {
    const std::string why = !matches ? "the selection '" + select_text + "' matches no asset"
                            : !sets->empty() || assets->empty() ? "there is no such partition: nothing that is asked for is there, missing or failed"
                            : mode == StepsMode::checks ? kNoOwnChecks
                                                        : "every selected asset is external: made elsewhere, nothing to run here";
    return std::unexpected(problem(422, "empty-selection", "Nothing to run", why, json::array({{{"pointer", "/select"}, {"detail", why}}})));
  }
  return resolved;
}

// ---- Keys that come and go

Reply DaemonService::change_keys(Turn& turn, const Actor& actor, const std::string& set, const std::vector<std::string>& add, const std::vector<std::string>& remove) {
  const auto current = project();
  if (!current) return unavailable("no definitions are loaded yet");
  const auto sets = dynamic_sets(current->definitions);
  if (!sets.contains(set)) return not_found("partition set", "no asset has dynamic partitions named '" + set + "'; they are declared by partitions: {dynamic: " + set + "}");
  json errors = json::array();
  for (std::size_t i = 0; i < add.size(); ++i)
    if (const auto bad = bad_key(add[i])) errors.push_back({{"pointer", "/add/" + std::to_string(i)}, {"detail", *bad}});
  if (!errors.empty()) {
    const std::string detail = errors.front()["detail"];
    return problem(422, "invalid-partitions", "The partitions cannot be taken", detail, std::move(errors));
  }
  auto& keys = partition_keys_[set];
  keys = keys ? std::make_shared<NamedKeys>(*keys) : std::make_shared<NamedKeys>();
  json added = json::array(), removed = json::array();
  const auto record = [&](const std::string& key, PartitionIndex index, bool present) {
    (present ? added : removed).push_back(key);
    turn.batch.partition_keys.push_back({set, key, index, present, turn.now.wall, actor.name});
  };
  for (const auto& key : add)
    if (!keys->index(key)) record(key, keys->add(key), true);
  for (const auto& key : remove)
    if (const auto index = keys->index(key)) keys->remove(key), record(key, *index, false);
  if (!added.empty() || !removed.empty()) {
    divide(current);
    if (!added.empty()) book_.divide(*partitions());
    automator_.divide(partitions());
    if (!removed.empty()) forget_failures_of_removed(turn);
    turn.batch.events.push_back({0, turn.now.wall, "partitions_changed", 0, "", {{"set", set}}, {{"added", added}, {"removed", removed}, {"by", actor.name}}});
    turn.keys_changed = true;  // what a step said along with it is still to be taken: only then may backfills begin runs
  }
  return {200, {{"set", set}, {"added", added}, {"removed", removed}, {"total", keys->existing().size()}}};
}

/// Its asset does not stay failed for it, nor acknowledged.
void DaemonService::forget_failures_of_removed(Turn& turn) {
  for (const auto& key : book_.forget_failures_of_removed(*partitions())) {
    turn.batch.events.push_back({0, turn.now.wall, "asset_changed", 0, key, {{"key", key}}, {{"status", to_string(book_.stage(key).status())}}});
    forget_acknowledgement(turn, key);
  }
}

void DaemonService::change_partition_keys(Caller caller, std::string set, std::vector<std::string> add, std::vector<std::string> remove, Done done) {
  command(std::move(caller), std::move(done), [this, set, add, remove](Turn& turn, const Caller& who) {
    auto reply = change_keys(turn, who.actor, set, add, remove);
    if (reply.status < 400 && (!reply.body["added"].empty() || !reply.body["removed"].empty()))
      audit(turn, who, "partitions.change", "partitions " + set, {{"added", reply.body["added"]}, {"removed", reply.body["removed"]}});
    return reply;
  });
}

/// A step may add and remove partitions: with the message that it sent, in one transaction.
void DaemonService::note_partition_keys(Turn& turn, const Change& change) {
  const auto* note = std::get_if<AttemptNoted>(&change);
  const bool removes = note && note->kind == "partitions_gone";
  if (!note || (note->kind != "partitions" && !removes)) return;
  std::vector<std::string> keys, bad;
  const auto set = note->data.find("set"), listed = note->data.find("keys");
  if (set == note->data.end() || !set->is_string() || listed == note->data.end() || !listed->is_array())
    return warn_step(turn, *note, "partitions were not changed: the message needs a set (text) and keys (a list of texts)");
  for (const auto& key : *listed) {
    const auto why = key.is_string() ? bad_key(key.get<std::string>()) : "a partition's key is a text";
    if (why) bad.push_back(*why);
    else keys.push_back(key);
  }
  if (!bad.empty()) warn_step(turn, *note, std::to_string(bad.size()) + " keys for the partitions '" + set->get<std::string>() + "' were left out: " + bad.front());
  const std::vector<std::string> none;
  const auto reply = change_keys(turn, {"attempt " + note->attempt, ""}, *set, removes ? none : keys, removes ? keys : none);
  if (reply.status >= 400) warn_step(turn, *note, "partitions were not changed: " + reply.body.value("detail", ""));
}

}  // namespace assetd
