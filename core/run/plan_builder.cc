#include "core/run/plan_builder.h"

#include <algorithm>

#include "core/run/batches.h"

namespace assetd {

RunPlan make_plan(const Definitions& definitions, const AssetGraph& graph, std::span<const AssetId> assets, StepsMode mode,
                  const std::function<bool(AssetId)>& made, const PartitionPick* partitions) {
  return PlanBuilder(definitions, graph, mode).make(assets, made, partitions && !partitions->table.empty() ? partitions : nullptr);
}

RunPlan PlanBuilder::make(std::span<const AssetId> assets, const std::function<bool(AssetId)>& made, const PartitionPick* partitions) {
  if (plan_.mode_ != StepsMode::checks) made_ = made;  // checks that were asked for by themselves are run whatever is there
  pick_ = partitions;
  take_assets(assets);
  if (plan_.has_partitions()) make_partition_edges();
  else make_edges();
  make_asset_units();
  plan_checks();
  return std::move(plan_);
}

RunPlan PlanBuilder::restore(Stored stored) {
  plan_.left_out_ = std::move(stored.left_out);
  plan_.assets_ = std::move(stored.assets);
  plan_.partition_keys_ = std::move(stored.partition_keys);
  plan_.partition_of_ = std::move(stored.partition_of);
  index_assets();
  if (plan_.has_partitions()) compress(stored.parents);
  else make_edges();
  plan_.unit_of_ = std::move(stored.unit_of);
  fill_units();
  plan_checks();
  return std::move(plan_);
}

// ---- Steps

std::vector<AssetId> PlanBuilder::wanted(std::span<const AssetId> assets) const {
  std::vector<bool> has_work(definitions_.assets.size(), false);
  const bool checks_only = plan_.mode_ == StepsMode::checks;
  for (AssetId asset = 0; asset < has_work.size(); ++asset) has_work[asset] = !checks_only && !definitions_.assets[asset].external;
  for (const auto& check : definitions_.checks)
    if (const auto home = graph_.find(check.home); checks_only && home && !check.anomaly && has_step(check, *home)) has_work[*home] = true;
  std::vector<AssetId> result;
  for (const auto asset : assets)
    if (has_work[asset]) result.push_back(asset);
  const auto by_position = [&](AssetId a, AssetId b) { return graph_.position(a) < graph_.position(b); };
  std::sort(result.begin(), result.end(), by_position);
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

// What is made elsewhere has a step in a run of checks alone, for its checks with a process of their own: the step ends with these. Those that a plugin
// reports come with what is made from it.
bool PlanBuilder::has_step(const CheckSpec& check, AssetId home) const { return check.run || (!definitions_.assets[home].external && may_report(home)); }

// A plugin is told that checks alone are wanted (`steps_mode`); a command is not: it would make its asset.
bool PlanBuilder::may_report(AssetId asset) const {
  const auto& run = definitions_.assets[asset].run;
  return plan_.mode_ != StepsMode::checks || !run || run->plugin != "exec";
}

void PlanBuilder::take_assets(std::span<const AssetId> assets) {
  for (const auto asset : wanted(assets)) {
    const auto* partitions = pick_ ? pick_->table.of(asset) : nullptr;
    if (partitions) {
      if (const auto set = pick_->sets.find(asset); set != pick_->sets.end()) take_partitions(asset, *partitions, set->second);
      continue;
    }
    plan_.assets_.push_back(asset);
    if (pick_) {
      plan_.partition_of_.push_back(kNone);
      index_of_.push_back(0);
    }
  }
  if (plan_.partition_keys_.empty()) plan_.partition_of_.clear();
  index_assets();
}

void PlanBuilder::take_partitions(AssetId asset, const Partitions& of, const IndexSet& set) {
  set.each([&](PartitionIndex index) {
    plan_.assets_.push_back(asset);
    plan_.partition_of_.push_back(partition_key(of.key(index)));
    index_of_.push_back(index);
  });
}

std::uint32_t PlanBuilder::partition_key(const std::string& key) {
  const auto [it, fresh] = key_ids_.try_emplace(key, static_cast<std::uint32_t>(plan_.partition_keys_.size()));
  if (fresh) plan_.partition_keys_.push_back(key);
  return it->second;
}

void PlanBuilder::index_assets() {
  step_of_.assign(graph_.size(), kNone);
  for (auto step = static_cast<StepIndex>(plan_.assets_.size()); step-- > 0;) step_of_[plan_.assets_[step]] = step;
}

PlanBuilder::StepRange PlanBuilder::steps_of(AssetId asset) const {
  const auto first = step_of_[asset];
  if (first == kNone) return {};
  if (!plan_.has_partitions()) return {first, first + 1};
  const auto end = std::upper_bound(plan_.assets_.begin() + first, plan_.assets_.end(), asset, [&](AssetId a, AssetId b) { return graph_.position(a) < graph_.position(b); });
  return {first, static_cast<StepIndex>(end - plan_.assets_.begin())};
}

// ---- Edges

// A step's parents are its nearest ancestors within the run, also through assets that the run leaves out. One path that
// propagates failure is enough for the edge to do so.
void PlanBuilder::make_edges() {
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

void PlanBuilder::make_partition_edges() {
  const auto between = left_out_between();
  std::vector<std::vector<PlanEdge>> parents(plan_.assets_.size());
  for (StepIndex step = 0; step < parents.size(); ++step)
    for (const auto& [parent, policy] : parents_of(step, between)) parents[step].push_back({parent, policy});
  compress(parents);
}

// Backwards through the graph, each asset once: with the partitions that are needed at all, and those along paths that hand a failure on.
std::map<StepIndex, OnFailure> PlanBuilder::parents_of(StepIndex step, const std::vector<bool>& between) const {
  struct Needed {
    IndexSet any, strict;
  };
  std::map<std::uint32_t, std::pair<AssetId, Needed>, std::greater<>> open;  // by position, last first
  const auto own = IndexSet::range(index_of_[step], index_of_[step] + 1);
  open[graph_.position(plan_.assets_[step])] = {plan_.assets_[step], {own, own}};
  std::map<StepIndex, OnFailure> found;
  while (!open.empty()) {
    const auto [asset, needed] = std::move(open.begin()->second);
    open.erase(open.begin());
    for (const auto parent : graph_.parents(asset)) {
      const bool in_run = step_of_[parent] != kNone;
      if (!in_run && !between[parent]) continue;
      const bool strict = graph_.on_failure(parent, asset) == OnFailure::skip;
      const auto any = pick_->table.upstream_of(asset, parent, needed.any, pick_->now);
      const auto hard = !strict ? IndexSet() : needed.strict == needed.any ? any : pick_->table.upstream_of(asset, parent, needed.strict, pick_->now);
      if (in_run) {
        each_step(parent, any - hard, [&](StepIndex at) { add(found, at, OnFailure::proceed); });
        each_step(parent, hard, [&](StepIndex at) { add(found, at, OnFailure::skip); });
      } else if (!any.empty()) {
        auto& into = open[graph_.position(parent)];
        into = {parent, {into.second.any | any, into.second.strict | hard}};
      }
    }
  }
  return found;
}

void PlanBuilder::each_step(AssetId asset, const IndexSet& set, const std::function<void(StepIndex)>& visit) const {
  const auto steps = steps_of(asset);
  const auto begin = index_of_.begin() + steps.begin, end = index_of_.begin() + steps.end;
  for (const auto& range : set.ranges())
    for (auto it = std::lower_bound(begin, end, range.begin); it != end && *it < range.end; ++it) visit(static_cast<StepIndex>(it - index_of_.begin()));
}

void PlanBuilder::add(std::map<StepIndex, OnFailure>& into, StepIndex step, OnFailure policy) {
  const auto [it, fresh] = into.try_emplace(step, policy);
  if (!fresh && policy == OnFailure::skip) it->second = policy;
}

std::vector<bool> PlanBuilder::left_out_between() const {
  std::vector<bool> result(graph_.size(), false);
  if (plan_.mode_ == StepsMode::checks || (!plan_.has_partitions() && plan_.assets_.size() == graph_.size())) return result;
  const auto above = graph_.ancestors(plan_.assets_), below = graph_.descendants(plan_.assets_);
  for (AssetId asset = 0; asset < graph_.size(); ++asset) result[asset] = above[asset] && below[asset] && step_of_[asset] == kNone;
  return result;
}

void PlanBuilder::compress(const std::vector<std::vector<PlanEdge>>& parents) {
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

// ---- Units

// In a checks-only run the assets that are not in a batch have no unit: only their checks' own processes run.
void PlanBuilder::make_asset_units() {
  BatchInput input;
  input.size = static_cast<std::uint32_t>(plan_.size());
  input.kind = kinds_of_steps();
  input.each_parent = [this](std::uint32_t step, const auto& visit) {
    for (const auto& edge : plan_.parents(step)) visit(edge.step);
  };
  input.each_child = [this](std::uint32_t step, const auto& visit) {
    for (const auto& edge : plan_.children(step)) visit(edge.step);
  };
  plan_.unit_of_ = make_batches(input);
  if (plan_.mode_ == StepsMode::checks) drop_units_without_process();
  fill_units();
}

// Steps of one batch share a process where they have the same partition; partitions of one asset where it takes several at once.
std::vector<std::uint32_t> PlanBuilder::kinds_of_steps() const {
  std::map<std::tuple<int, std::string, std::uint32_t>, std::uint32_t> kinds;
  std::vector<std::uint32_t> result(plan_.size(), UINT32_MAX);
  const auto kind = [&](int import, const std::string& batch, std::uint32_t part) {
    return kinds.try_emplace({import, batch, part}, static_cast<std::uint32_t>(kinds.size())).first->second;
  };
  for (StepIndex step = 0; step < plan_.size(); ++step) {
    const auto& asset = spec(step);
    const auto key = plan_.has_partitions() ? plan_.partition_of_[step] : kNone;
    if (!asset.batch.empty()) {
      result[step] = kind(asset.import, asset.batch, key);
    } else if (key != kNone && asset.partitions && asset.partitions->per_process != 1) {
      const auto nth = step - step_of_[plan_.assets_[step]];
      const auto chunk = asset.partitions->per_process == 0 ? 0 : nth / static_cast<std::uint32_t>(asset.partitions->per_process);
      result[step] = kind(-2, asset.key, chunk);
    }
  }
  return result;
}

void PlanBuilder::drop_units_without_process() {
  std::map<UnitIndex, UnitIndex> renumbered;
  for (StepIndex step = 0; step < plan_.size(); ++step) {
    auto& unit = plan_.unit_of_[step];
    unit = reports_checks_itself(step) ? renumbered.try_emplace(unit, static_cast<UnitIndex>(renumbered.size())).first->second : kNone;
  }
}

bool PlanBuilder::reports_checks_itself(StepIndex step) {
  if (checks_at_home_.empty())
    for (CheckIndex i = 0; i < definitions_.checks.size(); ++i) checks_at_home_[definitions_.checks[i].home].push_back(i);
  const auto it = checks_at_home_.find(spec(step).key);
  if (it == checks_at_home_.end() || spec(step).external) return false;
  return may_report(plan_.assets_[step]) && std::any_of(it->second.begin(), it->second.end(), [&](CheckIndex i) { return !definitions_.checks[i].run && !definitions_.checks[i].anomaly; });
}

void PlanBuilder::fill_units() {
  UnitIndex units = 0;
  for (const auto unit : plan_.unit_of_)
    if (unit != kNone) units = std::max(units, unit + 1);
  plan_.units_.resize(units);
  for (StepIndex step = 0; step < plan_.size(); ++step)
    if (plan_.unit_of_[step] != kNone) plan_.units_[plan_.unit_of_[step]].steps.push_back(step);
}

}  // namespace assetd
