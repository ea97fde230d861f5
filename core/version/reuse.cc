#include "core/version/reuse.h"

#include <algorithm>

#include "core/schedule/cron.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

using Outcome = std::expected<Reuse, std::string>;

std::unexpected<std::string> because(std::string why) { return std::unexpected(std::move(why)); }

bool asks_for_all(const nlohmann::json& options, const std::string& plugin) {
  const auto found = options.is_object() ? options.find(plugin) : options.end();
  return found != options.end() && found->is_object() && found->value("full_refresh", nlohmann::json(false)) == true;
}

/// Also one that was never run counts as not passed: it is a reason to execute the step, with which it comes.
std::string unpassed_check(const Definitions& definitions, const std::string& key, const AssetState& state) {
  for (const auto& [name, status] : state.checks)
    if (status == CheckStatus::failed || status == CheckStatus::error) return name;
  const auto first = std::ranges::lower_bound(definitions.checks, key, {}, &CheckSpec::home);
  for (auto check = first; check != definitions.checks.end() && check->home == key; ++check) {
    const auto last = state.checks.find(check->name);
    if (last == state.checks.end() || (last->second != CheckStatus::passed && last->second != CheckStatus::warned)) return check->name;
  }
  return "";
}

std::string changed_input(const AssetGraph& graph, AssetId asset, const Provenance& made_from, const std::function<const AssetState&(AssetId)>& state_of) {
  std::size_t same = 0;
  for (const auto parent : graph.parents(asset)) {
    const auto& key = graph.key(parent);
    const auto& data = state_of(parent).last_materialization;
    const auto* used = made_from.input(key);
    if (!data) return key + " has no data that is known";
    if (!used || used->data_version != version_of(*data)) return key + " has other data";
    ++same;
  }
  return same < made_from.inputs.size() ? "it was made from more assets" : "";
}

}  // namespace

Outcome reusable(const Definitions& definitions, const AssetGraph& graph, AssetId id, const nlohmann::json& options,
                 const std::function<const AssetState&(AssetId)>& state_of) {
  const auto& asset = definitions.assets[id];
  const auto& state = state_of(id);
  const auto& data = state.last_materialization;
  const std::string plugin = asset.run ? asset.run->plugin : "";
  if (!asset.skip_if_unchanged || asset.external) return because("it is executed each time");
  const auto is_divided = [&](AssetId each) { return definitions.assets[each].partitions.has_value(); };
  if (is_divided(id) || std::ranges::any_of(graph.parents(id), is_divided)) return because("versions of partitions are not told apart");
  if (!data || !data->provenance) return because("what it was made from last is not known");
  if (state.disturbed) return because("an attempt since then did not succeed");
  if (state.in_progress) return because("another run is making it");
  if (asks_for_all(options, plugin)) return because("a full refresh is asked for");
  if (data->code_version != code_version_of(asset)) return because("its code changed");
  if (data->provenance->options != options_version(options, plugin)) return because("it is run with other options");
  if (const auto check = unpassed_check(definitions, asset.key, state); !check.empty()) return because("check " + check + " did not pass");
  if (auto input = changed_input(graph, id, *data->provenance, state_of); !input.empty()) return because(std::move(input));
  const auto made = data->run == 0 ? "the data reported at " : "the data of run " + std::to_string(data->run) + ", made at ";
  return Reuse{data->run, data->at, "reused " + made + format_time(data->at) + ": code, options and input data are the same"};
}

}  // namespace assetd
