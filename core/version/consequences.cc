#include "core/version/consequences.h"

#include <algorithm>

#include "core/definition/difference.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

AssetState what_staleness_reads(const AssetState* state) {
  AssetState out;
  if (!state || !state->last_materialization) return out;
  const auto& data = *state->last_materialization;
  out.last_materialization = AssetState::Data{data.run, data.at, {}, data.data_version, data.code_version, data.provenance};
  return out;
}

std::vector<AssetState> states_of(const Definitions& definitions, const std::function<const AssetState*(const AssetSpec&)>& state) {
  std::vector<AssetState> out;
  out.reserve(definitions.assets.size());
  for (const auto& asset : definitions.assets) out.push_back(what_staleness_reads(state(asset)));
  return out;
}

class Comparison {
 public:
  Comparison(const ServedDefinitions& served, const Definitions& next, const AssetGraph& graph, const DynamicKeys& dynamic, WallTime now)
      : served_(served), next_(next), graph_(graph), dynamic_(dynamic), now_(now),
        served_states_(states_of(served.definitions, [&](const AssetSpec& asset) { return served.state(asset.key); })) {
    for (const auto& [former, present] : renames(served.definitions, next)) former_[present] = former;
    states_ = states_of(next, [&](const AssetSpec& asset) { return state(asset); });
  }

  Consequences run() {
    find_causes();
    find_stale();
    find_partitions();
    return std::move(found_);
  }

 private:
  /// Before them it had this name, or the one it keeps.
  const std::string& name_before(const AssetSpec& asset) const {
    const auto renamed = former_.find(asset.key);
    return renamed == former_.end() ? asset.key : renamed->second;
  }
  std::optional<AssetId> before(const AssetSpec& asset) const { return served_.graph.find(name_before(asset)); }
  /// Of one that was renamed long ago and comes back only now as well.
  const AssetState* state(const AssetSpec& asset) const {
    const auto* own = served_.state(name_before(asset));
    return own || asset.renamed_from.empty() || graph_.find(asset.renamed_from) ? own : served_.state(asset.renamed_from);
  }

  void find_causes() {
    const StaleView now{next_, graph_, states_}, then{served_.definitions, served_.graph, served_states_};
    for (AssetId id = 0; id < next_.assets.size(); ++id) {
      if (!is_stale_by_itself(now, id)) continue;
      const auto old = before(next_.assets[id]);
      if (!old) found_.causes[id] = StaleCause::added;
      else if (code_version_of(served_.definitions.assets[*old]) != code_version_of(next_.assets[id])) found_.causes[id] = StaleCause::code_changed;
      else if (!is_stale_by_itself(then, *old)) found_.causes[id] = StaleCause::data_changed;
    }
  }

  /// Not through an external asset: below it nothing is stale for its sake.
  void find_stale() {
    std::vector<bool> reached(next_.assets.size());
    for (const auto id : graph_.topological()) {
      if (next_.assets[id].external) continue;
      reached[id] = found_.causes.contains(id) || std::ranges::any_of(graph_.parents(id), [&](AssetId parent) { return reached[parent]; });
    }
    for (AssetId id = 0; id < reached.size(); ++id)
      if (reached[id]) found_.stale.push_back(id);
  }

  void find_partitions() {
    const auto table = PartitionTable::make(next_, graph_, dynamic_);
    if (table.empty()) return;
    const auto usual = table.usual(found_.stale, now_);
    for (AssetId id = 0; id < next_.assets.size(); ++id) {
      const auto* divided = table.of(id);
      if (!divided || next_.assets[id].external) continue;
      const auto in_run = usual.find(id);
      Consequences::Partitions of{missing(next_.assets[id], *next_.assets[id].partitions, *divided), in_run == usual.end() ? 0 : in_run->second.size(), false};
      of.more_missing = is_divided_otherwise(next_.assets[id]) && of.missing > missing_before(next_.assets[id]);
      if (in_run != usual.end() || of.more_missing) found_.partitions[id] = of;
    }
  }

  bool is_divided_otherwise(const AssetSpec& asset) const {
    const auto old = before(asset);
    if (!old) return true;
    const auto& spec = served_.definitions.assets[*old].partitions;
    return !spec || spec->dimensions != asset.partitions->dimensions;
  }

  std::int64_t missing_before(const AssetSpec& asset) const {
    const auto old = before(asset);
    if (!old || !served_.definitions.assets[*old].partitions) return 0;
    const auto& spec = *served_.definitions.assets[*old].partitions;
    const auto divided = Partitions::make(spec, dynamic_);
    return divided ? missing(asset, spec, *divided) : 0;
  }

  /// If it is divided so: what was made counts by its keys, as it will once these definitions serve.
  std::int64_t missing(const AssetSpec& asset, const PartitionsSpec& spec, const Partitions& divided) const {
    const auto existing = divided.existing(now_);
    const auto* known = state(asset);
    if (!known || !known->partitions) return existing.size();
    const auto& states = *known->partitions;
    if (states.spec.dimensions == spec.dimensions) return (existing - states.materialized).size();
    const auto then = Partitions::make(states.spec, dynamic_);
    if (!then) return existing.size();
    std::vector<IndexRange> made;
    states.materialized.each([&](PartitionIndex index) {
      if (const auto there = divided.index(then->key(index))) made.push_back({*there, *there + 1});
    });
    return (existing - IndexSet(std::move(made))).size();
  }

  const ServedDefinitions& served_;
  const Definitions& next_;
  const AssetGraph& graph_;
  const DynamicKeys& dynamic_;
  WallTime now_;
  std::map<std::string, std::string> former_;  ///< by present name
  std::vector<AssetState> served_states_, states_;
  Consequences found_;
};

}  // namespace

std::string_view to_string(StaleCause cause) {
  switch (cause) {
    case StaleCause::added: return "added";
    case StaleCause::code_changed: return "code_changed";
    case StaleCause::data_changed: break;
  }
  return "data_changed";
}

Consequences consequences(const ServedDefinitions& served, const Definitions& next, const AssetGraph& graph, const DynamicKeys& dynamic, WallTime now) {
  return Comparison(served, next, graph, dynamic, now).run();
}

}  // namespace assetd
