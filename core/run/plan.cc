#include "core/run/plan.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/run/batches.h"

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

/// Builds a plan from its assets; units are made anew or, when a stored plan is read, given.
class PlanBuilder {
 public:
  PlanBuilder(const Definitions& definitions, const AssetGraph& graph, StepsMode mode) : definitions_(definitions), graph_(graph) { plan_.mode_ = mode; }

  RunPlan make(std::span<const AssetId> assets, const std::function<bool(AssetId)>& made) {
    if (plan_.mode_ != StepsMode::checks) made_ = made;  // checks that were asked for by themselves are run whatever is there
    take_assets(assets);
    make_edges();
    make_asset_units();
    plan_checks();
    return std::move(plan_);
  }

  /// `left_out`: checks that were not planned then although their assets are.
  RunPlan restore(std::vector<AssetId> assets, std::vector<UnitIndex> unit_of, std::vector<CheckIndex> left_out) {
    plan_.left_out_ = std::move(left_out);
    plan_.assets_ = std::move(assets);
    index_assets();
    make_edges();
    plan_.unit_of_ = std::move(unit_of);
    UnitIndex units = 0;
    for (const auto unit : plan_.unit_of_)
      if (unit != kNone) units = std::max(units, unit + 1);
    fill_units(units);
    plan_checks();
    return std::move(plan_);
  }

 private:
  const AssetSpec& spec(StepIndex step) const { return definitions_.assets[plan_.assets_[step]]; }

  void take_assets(std::span<const AssetId> assets) {
    std::vector<bool> has_check(definitions_.assets.size(), plan_.mode_ != StepsMode::checks);
    if (plan_.mode_ == StepsMode::checks)
      for (const auto& check : definitions_.checks)
        if (const auto home = graph_.find(check.home); home && !check.anomaly) has_check[*home] = true;
    for (const auto asset : assets)
      if (!definitions_.assets[asset].external && has_check[asset]) plan_.assets_.push_back(asset);
    const auto by_position = [&](AssetId a, AssetId b) { return graph_.position(a) < graph_.position(b); };
    std::sort(plan_.assets_.begin(), plan_.assets_.end(), by_position);
    plan_.assets_.erase(std::unique(plan_.assets_.begin(), plan_.assets_.end()), plan_.assets_.end());
    index_assets();
  }

  void index_assets() {
    step_of_.assign(graph_.size(), kNone);
    for (StepIndex step = 0; step < plan_.assets_.size(); ++step) step_of_[plan_.assets_[step]] = step;
  }

  // A step's parents are its nearest ancestors within the run, also through assets that the run leaves out. One path that
  // propagates failure is enough for the edge to do so.
  void make_edges() {
    std::unordered_map<AssetId, std::map<StepIndex, OnFailure>> through;  // of assets left out: their nearest ancestors in the run
    const auto between = left_out_between();
    std::vector<std::vector<PlanEdge>> parents(plan_.assets_.size());
    const auto gather = [&](AssetId asset, std::map<StepIndex, OnFailure>& into) {
      for (const auto parent : graph_.parents(asset)) {
        const auto policy = graph_.on_failure(parent, asset);
        if (const auto step = step_of_[parent]; step != kNone) add(into, step, policy);
        else if (const auto it = through.find(parent); it != through.end())
          for (const auto& [step, inner] : it->second) add(into, step, policy == OnFailure::proceed ? policy : inner);
      }
    };
    for (const auto asset : graph_.topological()) {
      if (const auto step = step_of_[asset]; step != kNone) {
        std::map<StepIndex, OnFailure> found;
        gather(asset, found);
        for (const auto& [parent, policy] : found) parents[step].push_back({parent, policy});
      } else if (between[asset]) {
        std::map<StepIndex, OnFailure> found;
        gather(asset, found);
        if (!found.empty()) through.emplace(asset, std::move(found));
      }
    }
    compress(parents);
  }

  static void add(std::map<StepIndex, OnFailure>& into, StepIndex step, OnFailure policy) {
    const auto [it, fresh] = into.try_emplace(step, policy);
    if (!fresh && policy == OnFailure::skip) it->second = policy;
  }

  std::vector<bool> left_out_between() const {
    std::vector<bool> result(graph_.size(), false);
    if (plan_.mode_ == StepsMode::checks || plan_.assets_.size() == graph_.size()) return result;
    const auto above = graph_.ancestors(plan_.assets_), below = graph_.descendants(plan_.assets_);
    for (AssetId asset = 0; asset < graph_.size(); ++asset) result[asset] = above[asset] && below[asset] && step_of_[asset] == kNone;
    return result;
  }

  void compress(const std::vector<std::vector<PlanEdge>>& parents) {
    const auto size = parents.size();
    plan_.parent_offsets_.assign(size + 1, 0);
    plan_.child_offsets_.assign(size + 1, 0);
    for (StepIndex step = 0; step < size; ++step) {
      plan_.parent_offsets_[step + 1] = plan_.parent_offsets_[step] + static_cast<std::uint32_t>(parents[step].size());
      for (const auto& edge : parents[step]) {
        plan_.parents_.push_back(edge);
        ++plan_.child_offsets_[edge.step + 1];
      }
    }
    for (std::size_t i = 0; i < size; ++i) plan_.child_offsets_[i + 1] += plan_.child_offsets_[i];
    plan_.children_.resize(plan_.parents_.size());
    auto next = plan_.child_offsets_;
    for (StepIndex step = 0; step < size; ++step)
      for (const auto& edge : parents[step]) plan_.children_[next[edge.step]++] = {step, edge.on_failure};
  }

  // In a checks-only run the assets that are not in a batch have no unit: only their checks' own processes run.
  void make_asset_units() {
    std::map<std::pair<int, std::string>, std::uint32_t> kinds;
    BatchInput input;
    input.size = static_cast<std::uint32_t>(plan_.size());
    input.kind.assign(plan_.size(), UINT32_MAX);
    for (StepIndex step = 0; step < plan_.size(); ++step)
      if (const auto& asset = spec(step); !asset.batch.empty())
        input.kind[step] = kinds.try_emplace({asset.import, asset.batch}, static_cast<std::uint32_t>(kinds.size())).first->second;
    input.each_parent = [this](std::uint32_t step, const auto& visit) {
      for (const auto& edge : plan_.parents(step)) visit(edge.step);
    };
    input.each_child = [this](std::uint32_t step, const auto& visit) {
      for (const auto& edge : plan_.children(step)) visit(edge.step);
    };
    plan_.unit_of_ = make_batches(input);
    if (plan_.mode_ == StepsMode::checks) drop_units_without_process();
    UnitIndex units = 0;
    for (const auto unit : plan_.unit_of_)
      if (unit != kNone) units = std::max(units, unit + 1);
    fill_units(units);
  }

  void drop_units_without_process() {
    std::map<UnitIndex, UnitIndex> renumbered;
    for (StepIndex step = 0; step < plan_.size(); ++step) {
      auto& unit = plan_.unit_of_[step];
      unit = reports_checks_itself(step) ? renumbered.try_emplace(unit, static_cast<UnitIndex>(renumbered.size())).first->second : kNone;
    }
  }

  bool reports_checks_itself(StepIndex step) {
    if (checks_at_home_.empty())
      for (CheckIndex i = 0; i < definitions_.checks.size(); ++i) checks_at_home_[definitions_.checks[i].home].push_back(i);
    const auto it = checks_at_home_.find(spec(step).key);
    if (it == checks_at_home_.end()) return false;
    return std::any_of(it->second.begin(), it->second.end(), [&](CheckIndex i) { return !definitions_.checks[i].run && !definitions_.checks[i].anomaly; });
  }

  void fill_units(UnitIndex units) {
    plan_.units_.resize(units);
    for (StepIndex step = 0; step < plan_.size(); ++step)
      if (plan_.unit_of_[step] != kNone) plan_.units_[plan_.unit_of_[step]].steps.push_back(step);
  }

  void plan_checks() {
    if (plan_.mode_ != StepsMode::assets)
      for (CheckIndex i = 0; i < definitions_.checks.size(); ++i) plan_check(i);
    std::vector<std::vector<std::uint32_t>> of_unit(plan_.units_.size());
    for (std::uint32_t i = 0; i < plan_.checks_.size(); ++i) of_unit[plan_.checks_[i].unit].push_back(i);
    plan_.unit_check_offsets_.assign(1, 0);
    for (const auto& list : of_unit) {
      plan_.unit_checks_.insert(plan_.unit_checks_.end(), list.begin(), list.end());
      plan_.unit_check_offsets_.push_back(static_cast<std::uint32_t>(plan_.unit_checks_.size()));
    }
  }

  StepIndex step_of(const std::string& key) const {
    const auto asset = graph_.find(key);
    return asset ? step_of_[*asset] : kNone;
  }

  void plan_check(CheckIndex index) {
    const auto& check = definitions_.checks[index];
    if (std::count(plan_.left_out_.begin(), plan_.left_out_.end(), index)) return;
    if (check.anomaly && plan_.mode_ == StepsMode::checks) return;  // it looks at what is made, and nothing is made
    PlannedCheck planned;
    planned.check = index;
    planned.home = step_of(check.home);
    for (const auto& key : check.depends_on)
      if (const auto step = step_of(key); step != kNone) planned.depends_on.push_back(step);
    if (planned.home == kNone && !home_is_elsewhere(check)) return;
    if (made_ && !all_there(check)) {
      plan_.left_out_.push_back(index);
      return;
    }
    if (planned.home != kNone && !check.anomaly) planned.home = holder(planned);
    if (check.anomaly) {
      if (planned.home == kNone) return;
      planned.unit = plan_.unit_of_[planned.home];
    } else if (check.run) {
      if (planned.home == kNone) return;
      planned.unit = static_cast<UnitIndex>(plan_.units_.size());
      plan_.units_.push_back({.steps = {planned.home}, .check = index});
      if (check.blocking && check.severity == Severity::error && plan_.mode_ != StepsMode::checks)  // a run of checks alone waits for nothing
        for (const auto step : planned.depends_on) held_by_check_.emplace(plan_.unit_of_[step], planned.home);
    } else {
      planned.unit = carrier(check, planned);
      if (planned.unit == kNone) return;
    }
    plan_.checks_.push_back(std::move(planned));
  }

  bool home_is_elsewhere(const CheckSpec& check) const {
    const auto home = graph_.find(check.home);
    return home && (definitions_.assets[*home].external || definitions_.assets[*home].import != check.import);
  }

  bool all_there(const CheckSpec& check) const {
    return std::all_of(check.depends_on.begin(), check.depends_on.end(), [&](const std::string& key) {
      const auto asset = graph_.find(key);
      return !asset || step_of_[*asset] != kNone || definitions_.assets[*asset].external || made_(*asset);
    });
  }

  // A check of an asset and of something that is made after it (from it, in a process that waits for it, or below an asset that another
  // check holds until it is made) can only come after the latter: it is that one's step that waits for it then. So no check ever closes a
  // circle.
  StepIndex holder(const PlannedCheck& planned) const {
    auto holder = planned.home;
    if (planned.depends_on == std::vector{holder}) return holder;
    for (bool moved = true; moved;) {
      moved = false;
      const auto after = units_after(holder);
      for (const auto step : planned.depends_on)
        if (const auto unit = plan_.unit_of_[step]; unit != kNone && unit != plan_.unit_of_[holder] && after[unit]) {
          holder = step;
          moved = true;
          break;
        }
    }
    return holder;
  }

  std::vector<bool> units_after(StepIndex step) const {
    std::vector<bool> seen(plan_.units_.size(), false);
    std::vector<UnitIndex> stack;
    if (plan_.unit_of_[step] != kNone) stack.push_back(plan_.unit_of_[step]);
    while (!stack.empty()) {
      const auto unit = stack.back();
      stack.pop_back();
      const auto release = [&](StepIndex done) {
        for (const auto& edge : plan_.children(done)) {
          const auto next = plan_.unit_of_[edge.step];
          if (next == kNone || next == plan_.unit_of_[done] || seen[next]) continue;
          seen[next] = true;
          stack.push_back(next);
        }
      };
      for (const auto member : plan_.units_[unit].steps) release(member);
      const auto [begin, end] = held_by_check_.equal_range(unit);
      for (auto it = begin; it != end; ++it) release(it->second);
    }
    return seen;
  }

  // The process that reports a plugin's check: the one with the last of the check's own assets; for a source, or an asset made elsewhere, the one with
  // a direct child of it.
  UnitIndex carrier(const CheckSpec& check, const PlannedCheck& planned) const {
    const auto same_import = [&](StepIndex step) { return spec(step).import == check.import && plan_.unit_of_[step] != kNone; };
    const auto home_asset = graph_.find(check.home);
    if (!home_asset) return kNone;
    const bool home_elsewhere = definitions_.assets[*home_asset].external || definitions_.assets[*home_asset].import != check.import;
    if (planned.home == kNone && !home_elsewhere) return kNone;
    StepIndex last = kNone;
    for (const auto step : planned.depends_on)
      if (same_import(step) && (last == kNone || step > last)) last = step;
    if (last != kNone && (!home_elsewhere || planned.home == kNone || last != planned.home)) return plan_.unit_of_[last];
    for (const auto child : graph_.children(*home_asset))
      if (const auto step = step_of_[child]; step != kNone && same_import(step)) return plan_.unit_of_[step];
    return kNone;
  }

  const Definitions& definitions_;
  const AssetGraph& graph_;
  RunPlan plan_;
  std::function<bool(AssetId)> made_;
  std::vector<StepIndex> step_of_;
  std::unordered_map<std::string, std::vector<CheckIndex>> checks_at_home_;
  std::unordered_multimap<UnitIndex, StepIndex> held_by_check_;  ///< unit → steps that a check with a process of its own holds until the unit's work is done
};

RunPlan make_plan(const Definitions& definitions, const AssetGraph& graph, std::span<const AssetId> assets, StepsMode mode,
                  const std::function<bool(AssetId)>& made) {
  return PlanBuilder(definitions, graph, mode).make(assets, made);
}

std::string RunPlan::encode() const {
  nlohmann::json units = nlohmann::json::array();
  for (const auto unit : unit_of_) units.push_back(unit == kNone ? -1 : static_cast<std::int64_t>(unit));
  return nlohmann::json{{"v", 1}, {"mode", static_cast<int>(mode_)}, {"assets", assets_}, {"units", units}, {"left_out", left_out_}}.dump();
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
  const auto out_of_order = [&](AssetId a, AssetId b) { return graph.position(a) >= graph.position(b); };
  if (std::adjacent_find(assets->begin(), assets->end(), out_of_order) != assets->end()) return damaged("the order of its assets");
  auto units = numbers(json, "units", assets->size(), true);
  if (!units || units->size() != assets->size() || !are_units(*units, steps_mode)) return damaged("units");
  // Plans of the first days have no such list.
  auto left_out = json.contains("left_out") ? numbers(json, "left_out", definitions.checks.size()) : std::vector<CheckIndex>{};
  if (!left_out) return damaged("left_out");
  return PlanBuilder(definitions, graph, steps_mode).restore(std::move(*assets), std::move(*units), std::move(*left_out));
}

}  // namespace assetd
