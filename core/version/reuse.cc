#include "core/version/reuse.h"

#include <algorithm>

#include "core/schedule/cron.h"
#include "core/version/partition_inputs.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

using Outcome = std::expected<Reuse, std::string>;

std::unexpected<std::string> because(std::string why) { return std::unexpected(std::move(why)); }

bool asks_for_all(const nlohmann::json& options, const std::string& plugin) {
  const auto found = options.is_object() ? options.find(plugin) : options.end();
  return found != options.end() && found->is_object() && found->value("full_refresh", nlohmann::json(false)) == true;
}

bool is_failed_status(CheckStatus status) { return status == CheckStatus::failed || status == CheckStatus::error; }

/// How a check ended last, of a partition where it names partitions.
class LastChecks {
 public:
  LastChecks(const AssetState& state, const ReusePartition* partition) : state_(state), partition_(partition), of_(partition ? state.partitions.get() : nullptr) {}

  bool failed(const std::string& check, CheckStatus last) const { return tells(check) ? of_->failed_checks.at(check).contains(partition_->index) : is_failed_status(last); }
  bool passed(const std::string& check) const {
    if (tells(check)) {
      const auto where = of_->passed_checks.find(check);
      return where != of_->passed_checks.end() && where->second.contains(partition_->index);
    }
    const auto last = state_.checks.find(check);
    return last != state_.checks.end() && (last->second == CheckStatus::passed || last->second == CheckStatus::warned);
  }

 private:
  bool tells(const std::string& check) const { return of_ && of_->failed_checks.contains(check); }

  const AssetState& state_;
  const ReusePartition* partition_;
  const PartitionStates* of_;
};

/// Also one that was never run counts as not passed: it is a reason to execute the step, with which it comes.
std::string unpassed_check(const Definitions& definitions, const std::string& key, const AssetState& state, const ReusePartition* partition) {
  const LastChecks last(state, partition);
  for (const auto& [name, status] : state.checks)
    if (last.failed(name, status)) return name;
  const auto first = std::ranges::lower_bound(definitions.checks, key, {}, &CheckSpec::home);
  for (auto check = first; check != definitions.checks.end() && check->home == key; ++check)
    if (!last.passed(check->name)) return check->name;
  return "";
}

/// Of an asset above that is divided: those of its partitions that count.
std::string changed_partitions(const std::string& key, const UsedData* used, const std::optional<UsedPartitions>& now) {
  const auto where = now && !now->partition.empty() ? key + " [" + now->partition + "]" : key;
  if (!now) return "which partitions of " + key + " it would be made from cannot be told";
  if (now->mapped > kMostPartitionsTold) return "it is made from more than " + std::to_string(kMostPartitionsTold) + " partitions of " + key;
  if (now->mapped > 0 && now->found == 0) return where + " has no data that is known";
  if (used && !used->of) return "which partitions of " + key + " it was made from was not kept";
  return used && is_same_data(*used->of, *now) ? "" : where + " has other data";
}

std::string changed_input(const Definitions& definitions, const AssetGraph& graph, AssetId asset, const Provenance& made_from, const std::function<const AssetState&(AssetId)>& state_of,
                          const FoundPartitions& found_of) {
  std::size_t same = 0;
  for (const auto parent : graph.parents(asset)) {
    const auto& key = graph.key(parent);
    const auto& data = state_of(parent).last_materialization;
    const auto* used = made_from.input(key);
    if (!data) return key + " has no data that is known";
    if (definitions.assets[parent].partitions) {
      if (auto why = changed_partitions(key, used, found_of ? found_of(parent) : std::nullopt); !why.empty()) return why;
    } else if (!used || used->data_version != version_of(*data)) {
      return key + " has other data";
    }
    ++same;
  }
  return same < made_from.inputs.size() ? "it was made from more assets" : "";
}

/// Since its last success something was begun that did not end well.
bool is_disturbed(const AssetState& state, const ReusePartition* partition) {
  if (!partition) return state.disturbed;
  const auto* of = state.partitions.get();
  return of && (of->failed.contains(partition->index) || of->disturbed.contains(partition->index));
}

}  // namespace

Outcome reusable(const Definitions& definitions, const AssetGraph& graph, AssetId id, const nlohmann::json& options,
                 const std::function<const AssetState&(AssetId)>& state_of, const ReusePartition* partition, const FoundPartitions& found_of) {
  const auto& asset = definitions.assets[id];
  const auto& state = state_of(id);
  const auto& data = partition ? partition->data : state.last_materialization;
  const std::string plugin = asset.run ? asset.run->plugin : "";
  if (!asset.skip_if_unchanged || asset.external) return because("it is executed each time");
  if (asset.partitions.has_value() != (partition != nullptr)) return because("it makes another part of the asset than its last step did");
  if (!data || !data->provenance) return because("what it was made from last is not known");
  if (is_disturbed(state, partition)) return because("an attempt since then did not succeed");
  if (partition ? partition->in_progress : state.in_progress.has_value()) return because("another run is making it");
  if (asks_for_all(options, plugin)) return because("a full refresh is asked for");
  if (data->code_version != code_version_of(asset)) return because("its code changed");
  if (data->provenance->options != options_version(options, plugin)) return because("it is run with other options");
  if (const auto check = unpassed_check(definitions, asset.key, state, partition); !check.empty()) return because("check " + check + " did not pass");
  if (auto input = changed_input(definitions, graph, id, *data->provenance, state_of, found_of); !input.empty()) return because(std::move(input));
  const auto made = data->run == 0 ? "the data reported at " : "the data of run " + std::to_string(data->run) + ", made at ";
  return Reuse{data->run, data->at, "reused " + made + format_time(data->at) + ": code, options and input data are the same"};
}

}  // namespace assetd
