#include "daemon/service/partition_versions.h"

namespace assetd {

void PartitionVersions::use(std::shared_ptr<const PartitionsInForce> in_force) {
  in_force_ = std::move(in_force);
  several_.clear();
}

void PartitionVersions::forget() {
  made_.clear();
  several_.clear();
}

const std::string& PartitionVersions::name(const std::string& key) const { return store_ ? present_name(store_->names(), key) : key; }

void PartitionVersions::note(const Materialization& made) {
  if (in_force_ == nullptr || in_force_->table.empty()) return;
  const auto& key = name(made.key);
  several_.erase(key);
  if (made.partition.empty()) return;
  made_[key].insert_or_assign(made.partition, AssetState::Data{made.run, made.at, {}, made.data_version, made.provenance ? made.provenance->code_version : "", made.provenance});
}

const AssetState::Data* PartitionVersions::just_made(const std::string& key, const std::string& partition) const {
  const auto asset = made_.find(key);
  if (asset == made_.end()) return nullptr;
  const auto data = asset->second.find(partition);
  return data == asset->second.end() ? nullptr : &data->second;
}

/// Null where its indices count something else than those in force.
const PartitionStates* PartitionVersions::states_of(AssetId asset) const {
  const auto* states = book_.current(asset).partitions.get();
  const auto& spec = in_force_->project->definitions.assets[asset].partitions;
  return states && spec && states->spec.dimensions == spec->dimensions ? states : nullptr;
}

std::optional<PartitionData> PartitionVersions::data_of(AssetId asset, PartitionIndex index, const Look& look) const {
  const auto& key = in_force_->project->graph.key(asset);
  const auto partition = in_force_->table.of(asset)->key(index);
  const auto* states = states_of(asset);
  if (states && states->reported.of.contains(index) && (!look.back || states->reported.at <= look.now)) return PartitionData{states->reported.data_version, 0, states->reported.at};
  if (const auto* data = look.back ? nullptr : just_made(key, partition)) return PartitionData{version_of(*data), data->run, data->at};
  if (!store_) return std::nullopt;
  const auto stored = store_->partition_data(key, partition, look.back ? std::optional(look.now) : std::nullopt);
  return stored ? *stored : std::nullopt;
}

std::optional<UsedPartitions> PartitionVersions::found_of(const Definitions& definitions, AssetId asset, const std::string& partition, AssetId parent, Look look) {
  if (!in_force_ || &definitions != &in_force_->project->definitions) return std::nullopt;
  const auto& table = in_force_->table;
  const auto* divided = table.of(parent);
  const auto* own = table.of(asset);
  if (!divided || (own != nullptr) == partition.empty()) return std::nullopt;
  const auto index = own ? own->index(partition) : std::optional<PartitionIndex>(0);
  if (!index) return std::nullopt;
  const auto mapped = table.upstream_of(asset, parent, IndexSet::range(*index, *index + 1), look.now);
  const auto data = [&](PartitionIndex each) { return data_of(parent, each, look); };
  if (look.back || mapped.size() <= 1) {
    looks_left_ -= mapped.size();
    return looks_left_ < 0 ? std::nullopt : std::optional(used_partitions(*divided, mapped, data));
  }
  auto& several = several_[in_force_->project->graph.key(parent)];
  if (several.mapped == mapped) return several.used;
  if (mapped.size() <= kMostPartitionsTold) looks_left_ -= mapped.size();
  if (looks_left_ < 0) return std::nullopt;
  several = {mapped, used_partitions(*divided, mapped, data)};
  return several.used;
}

std::optional<ReusePartition> PartitionVersions::last_of(AssetId asset, const std::string& partition) {
  const auto* divided = in_force_ ? in_force_->table.of(asset) : nullptr;
  const auto index = divided ? divided->index(partition) : std::nullopt;
  if (!index) return std::nullopt;
  ReusePartition last{*index, std::nullopt};
  const auto* states = states_of(asset);
  if (states && states->reported.of.contains(*index)) return last;  // what that was made from, partition by partition, nobody knows
  const auto& key = in_force_->project->graph.key(asset);
  if (const auto* data = just_made(key, partition)) {
    last.data = *data;
    return last;
  }
  if (!store_) return last;
  const auto stored = store_->last_of_partition(key, partition);
  if (!stored || !*stored) return last;
  const auto& made = **stored;
  last.data = AssetState::Data{made.run, made.at, {}, made.data_version, made.provenance ? made.provenance->code_version : "", made.provenance};
  return last;
}

}  // namespace assetd
