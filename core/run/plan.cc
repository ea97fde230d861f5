#include "core/run/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/run/plan_builder.h"

namespace assetd {

std::span<const PlanEdge> RunPlan::parents(StepIndex step) const {
  return std::span(parents_).subspan(parent_offsets_[step], parent_offsets_[step + 1] - parent_offsets_[step]);
}

std::span<const PlanEdge> RunPlan::children(StepIndex step) const {
  return std::span(children_).subspan(child_offsets_[step], child_offsets_[step + 1] - child_offsets_[step]);
}

std::span<const std::uint32_t> RunPlan::checks_of_unit(UnitIndex unit) const {
  return std::span(unit_checks_).subspan(unit_check_offsets_[unit], unit_check_offsets_[unit + 1] - unit_check_offsets_[unit]);
}

const std::string& RunPlan::partition(StepIndex step) const {
  static const std::string none;
  return partition_of_.empty() || partition_of_[step] == kNone ? none : partition_keys_[partition_of_[step]];
}

const std::string& RunPlan::partition(const PlannedCheck& check) const {
  static const std::string none;
  return check.subject == kNone ? none : partition(check.subject);
}

namespace {

nlohmann::json with_none(const std::vector<std::uint32_t>& values) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto value : values) list.push_back(value == kNone ? -1 : static_cast<std::int64_t>(value));
  return list;
}

}  // namespace

std::string RunPlan::encode() const {
  nlohmann::json plan{{"v", 1}, {"mode", static_cast<int>(mode_)}, {"assets", assets_}, {"units", with_none(unit_of_)}, {"left_out", left_out_}};
  if (!has_partitions()) return plan.dump();
  plan["partition_keys"] = partition_keys_;
  plan["partitions"] = with_none(partition_of_);
  // Of each step its parents; those that it does not need to succeed as -1 - step.
  auto& edges = plan["parents"] = nlohmann::json::array();
  for (StepIndex step = 0; step < size(); ++step) {
    auto& row = edges.emplace_back(nlohmann::json::array());
    for (const auto& edge : parents(step)) row.push_back(edge.on_failure == OnFailure::skip ? std::int64_t{edge.step} : -1 - std::int64_t{edge.step});
  }
  return plan.dump();
}

namespace {

/// A list of whole numbers below `bound`; -1 stands for none where `none` may stand.
std::optional<std::vector<std::uint32_t>> numbers(const nlohmann::json& object, const char* name, std::size_t bound, bool none = false) {
  const auto it = object.find(name);
  if (it == object.end() || !it->is_array()) return std::nullopt;
  std::vector<std::uint32_t> result;
  for (const auto& value : *it) {
    if (!value.is_number_integer()) return std::nullopt;
    const auto number = value.get<std::int64_t>();
    if (number == -1 && none) result.push_back(kNone);
    else if (number >= 0 && static_cast<std::uint64_t>(number) < bound) result.push_back(static_cast<std::uint32_t>(number));
    else return std::nullopt;
  }
  return result;
}

/// Every unit up to the last has a member, and only where checks alone are run may a step have none.
bool are_units(const std::vector<UnitIndex>& units, StepsMode mode) {
  std::vector<bool> used(units.size(), false);
  std::size_t count = 0;
  for (const auto unit : units) {
    if (unit == kNone && mode != StepsMode::checks) return false;
    if (unit != kNone) used[unit] = true, count = std::max<std::size_t>(count, unit + 1);
  }
  return std::all_of(used.begin(), used.begin() + static_cast<std::ptrdiff_t>(count), [](bool each) { return each; });
}

/// Parents stand before their children.
std::optional<std::vector<std::vector<PlanEdge>>> edges_of(const nlohmann::json& object, std::size_t steps) {
  const auto it = object.find("parents");
  if (it == object.end() || !it->is_array() || it->size() != steps) return std::nullopt;
  std::vector<std::vector<PlanEdge>> result(steps);
  for (std::size_t step = 0; step < steps; ++step) {
    if (!(*it)[step].is_array()) return std::nullopt;
    for (const auto& value : (*it)[step]) {
      if (!value.is_number_integer()) return std::nullopt;
      const auto number = value.get<std::int64_t>();
      const auto parent = number < 0 ? -1 - number : number;
      if (parent >= static_cast<std::int64_t>(step)) return std::nullopt;
      result[step].push_back({static_cast<StepIndex>(parent), number < 0 ? OnFailure::proceed : OnFailure::skip});
    }
  }
  return result;
}

/// Empty where the plan has no partitions; false: damaged.
bool take_partitions(const nlohmann::json& object, PlanBuilder::Stored& stored) {
  const auto keys = object.find("partition_keys");
  if (keys == object.end()) return true;
  if (!keys->is_array() || !std::ranges::all_of(*keys, [](const auto& key) { return key.is_string(); })) return false;
  stored.partition_keys = keys->get<std::vector<std::string>>();
  auto of = numbers(object, "partitions", stored.partition_keys.size(), true);
  auto edges = edges_of(object, stored.assets.size());
  if (!of || of->size() != stored.assets.size() || !edges) return false;
  stored.partition_of = std::move(*of);
  stored.parents = std::move(*edges);
  return true;
}

}  // namespace

std::expected<RunPlan, std::string> RunPlan::decode(std::string_view encoded, const Definitions& definitions, const AssetGraph& graph) {
  const auto json = nlohmann::json::parse(encoded, nullptr, false);
  if (!json.is_object()) return std::unexpected("its stored plan is damaged: it is no JSON object");
  if (const auto version = json.find("v"); version == json.end() || *version != 1)
    return std::unexpected("its stored plan has the version " + (version == json.end() ? "none" : version->dump()) + ", this assetd reads version 1");
  const auto damaged = [](const char* what) { return std::unexpected(std::string("its stored plan is damaged or does not fit its definitions version: ") + what); };
  const auto mode = json.find("mode");
  if (mode == json.end() || !mode->is_number_integer() || *mode < 0 || *mode > static_cast<int>(StepsMode::checks)) return damaged("mode");
  const auto steps_mode = static_cast<StepsMode>(mode->get<int>());
  auto assets = numbers(json, "assets", graph.size());
  if (!assets) return damaged("assets");
  PlanBuilder::Stored stored;
  stored.assets = *assets;
  if (!take_partitions(json, stored)) return damaged("partitions");
  const bool once = stored.partition_of.empty();
  const auto out_of_order = [&](AssetId a, AssetId b) { return once ? graph.position(a) >= graph.position(b) : graph.position(a) > graph.position(b); };
  if (std::adjacent_find(assets->begin(), assets->end(), out_of_order) != assets->end()) return damaged("the order of its assets");
  auto units = numbers(json, "units", assets->size(), true);
  if (!units || units->size() != assets->size() || !are_units(*units, steps_mode)) return damaged("units");
  // Plans of the first days have no such list.
  auto left_out = json.contains("left_out") ? numbers(json, "left_out", definitions.checks.size()) : std::vector<CheckIndex>{};
  if (!left_out) return damaged("left_out");
  stored.unit_of = std::move(*units);
  stored.left_out = std::move(*left_out);
  return PlanBuilder(definitions, graph, steps_mode).restore(std::move(stored));
}

}  // namespace assetd
