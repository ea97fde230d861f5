// Everything that needs the whole project: one asset per key, dependencies, cycles, checks' homes, jobs' and schedules'
// targets.
#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>

#include "core/automation/condition.h"
#include "core/definition/load.h"
#include "core/definition/problems.h"
#include "core/graph/graph.h"
#include "core/graph/selection.h"
#include "core/partition/table.h"
#include "core/sensor/sensor.h"

namespace assetd {
namespace {

std::string place(const SourceRef& source) {
  if (source.file.empty()) return "elsewhere";
  return source.file + (source.line > 0 ? ":" + std::to_string(source.line) : "");
}

/// What the external leaves to fill: whatever the asset that makes the key does not say itself.
void fill_from_external(AssetSpec& asset, AssetSpec& external) {
  if (asset.description.empty()) asset.description = std::move(external.description);
  if (asset.group.empty()) asset.group = std::move(external.group);
  if (asset.owners.empty()) asset.owners = std::move(external.owners);
  if (asset.kinds.empty()) asset.kinds = std::move(external.kinds);
  if (asset.runbook.empty()) asset.runbook = std::move(external.runbook);
  if (asset.freshness.empty()) asset.freshness = external.freshness;
  asset.tags.merge(external.tags);
  for (auto& [key, value] : external.metadata.items())
    if (!asset.metadata.contains(key)) asset.metadata[key] = value;
}

class Finisher {
 public:
  Finisher(Definitions& definitions, int default_slots) : definitions_(definitions), default_slots_(default_slots) {}

  std::vector<DefinitionError> finish() {
    fill_signals();
    unify_assets();
    sort_checks();
    check_former_keys();
    check_dependencies();
    check_homes();
    sort_exposures();
    check_pools_and_resources();
    check_unique(definitions_.imports, "import");
    check_unique(definitions_.jobs, "job");
    check_unique(definitions_.schedules, "schedule");
    check_unique(definitions_.sensors, "sensor");
    check_unique(definitions_.alerts, "alert");
    check_unique(definitions_.exposures, "exposure");
    for (const auto& schedule : definitions_.schedules) check_job("the schedule " + in_quotes(schedule.name), schedule.job, schedule.target_source);
    for (const auto& sensor : definitions_.sensors) check_job("the sensor " + in_quotes(sensor.name), sensor.job, sensor.target_source);
    check_graph();
    return std::move(errors_);
  }

 private:
  void error(const SourceRef& source, std::string message, std::string hint = {}) {
    errors_.push_back({std::move(message), std::move(hint), source, ""});
  }

  // ——— assets

  void fill_signals() {
    const auto fill = [](auto& spec) {
      if (spec.run && spec.run->stop_signal.empty()) spec.run->stop_signal = "TERM";
    };
    for (auto& asset : definitions_.assets) fill(asset);
    for (auto& check : definitions_.checks) fill(check);
    for (auto& import : definitions_.imports)
      if (import.defaults.run.stop_signal.empty()) import.defaults.run.stop_signal = "TERM";
  }

  void unify_assets() {
    auto& assets = definitions_.assets;
    std::stable_sort(assets.begin(), assets.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    std::vector<AssetSpec> kept;
    kept.reserve(assets.size());
    for (auto& asset : assets) {
      if (kept.empty() || kept.back().key != asset.key)
        kept.push_back(std::move(asset));
      else
        unify(kept.back(), asset);
    }
    assets = std::move(kept);
  }

  void unify(AssetSpec& kept, AssetSpec& other) {
    if (!kept.external && !other.external) return clash(kept, other);
    if (kept.external && !other.external) std::swap(kept, other);
    fill_from_external(kept, other);
  }

  void clash(const AssetSpec& first, const AssetSpec& second) {
    const auto& at = second.import >= 0 || first.import < 0 ? second : first;
    const auto& other = &at == &second ? first : second;
    std::string hint = "rename one of them";
    if (at.import >= 0)
      hint = "give the import " + in_quotes(import_name(at.import)) + " a key_prefix: (" +
             in_quotes(import_name(at.import)) + " makes it " + in_quotes(import_name(at.import) + "/" + at.key) + ")";
    error(at.source,
          "two assets have the key " + in_quotes(at.key) + ": " + origin(at) + " and " + origin(other) + " at " +
              place(other.source),
          hint);
  }

  std::string import_name(int import) const { return definitions_.imports[static_cast<std::size_t>(import)].name; }
  std::string origin(const AssetSpec& asset) const {
    return asset.import < 0 ? "one of assets:" : "one of the import " + in_quotes(import_name(asset.import));
  }

  std::vector<std::string_view> keys() const {
    std::vector<std::string_view> result;
    result.reserve(definitions_.assets.size());
    for (const auto& asset : definitions_.assets) result.push_back(asset.key);
    return result;
  }

  const AssetSpec* find(std::string_view key) const {
    const auto& assets = definitions_.assets;
    const auto it = std::lower_bound(assets.begin(), assets.end(), key,
                                     [](const auto& asset, auto wanted) { return asset.key < wanted; });
    return it != assets.end() && it->key == key ? &*it : nullptr;
  }

  /// A history has one heir, and only once nobody has its key any more.
  void check_former_keys() {
    std::unordered_map<std::string_view, const AssetSpec*> heirs;
    for (const auto& asset : definitions_.assets) {
      if (asset.renamed_from.empty()) continue;
      const auto& at = asset.renamed_from_source.line > 0 ? asset.renamed_from_source : asset.source;
      const auto former = in_quotes(asset.renamed_from), key = in_quotes(asset.key);
      const auto [first, fresh] = heirs.try_emplace(asset.renamed_from, &asset);
      if (asset.renamed_from == asset.key)
        error(at, key + " is renamed_from itself", "name the key that it had before, or leave renamed_from out");
      else if (const auto* still = find(asset.renamed_from))
        error(at, key + " is renamed_from " + former + ", which is still defined at " + place(still->source) + " and keeps its history", "remove the asset " + former + ", or leave renamed_from out");
      else if (!fresh)
        error(at, key + " is renamed_from " + former + ", and so is " + in_quotes(first->second->key) + " at " + place(first->second->source) + ": one of them goes on with its history", "leave renamed_from out of the other");
    }
  }

  // Of many, the first get a suggestion: looking through all names for each would take minutes.
  void unknown_asset(const SourceRef& source, const std::string& message, const std::string& key) {
    constexpr int kMostSuggested = 50;
    const auto near = suggested_++ < kMostSuggested ? suggest(key, keys()) : std::string();
    error(source, message,
          near.starts_with("did you mean") ? near : "define it, or list it under external: if it is made elsewhere");
  }

  void check_dependencies() {
    for (const auto& asset : definitions_.assets)
      for (const auto& dep : asset.deps)
        if (!find(dep.asset))
          unknown_asset(dep.source,
                        in_quotes(asset.key) + " depends on " + in_quotes(dep.asset) + ", which nobody defines",
                        dep.asset);
  }

  // ——— checks

  void sort_checks() {
    auto& checks = definitions_.checks;
    std::stable_sort(checks.begin(), checks.end(),
                     [](const auto& a, const auto& b) { return std::tie(a.home, a.name) < std::tie(b.home, b.name); });
    for (std::size_t i = 1; i < checks.size(); ++i)
      if (checks[i].home == checks[i - 1].home && checks[i].name == checks[i - 1].name)
        error(checks[i].source,
              "the asset " + in_quotes(checks[i].home) + " has two checks named " + in_quotes(checks[i].name) +
                  ", the other at " + place(checks[i - 1].source),
              "rename one of them");
  }

  void check_homes() {
    for (const auto& check : definitions_.checks) {
      if (!find(check.home))
        unknown_asset(
            check.source,
            "the check " + in_quotes(check.name) + " belongs to " + in_quotes(check.home) + ", which nobody defines",
            check.home);
      for (const auto& asset : check.depends_on)
        if (asset != check.home && !find(asset))
          unknown_asset(
              check.source,
              "the check " + in_quotes(check.name) + " depends on " + in_quotes(asset) + ", which nobody defines",
              asset);
    }
  }

  void sort_exposures() {
    std::ranges::stable_sort(definitions_.exposures, {}, &ExposureSpec::name);
    for (const auto& exposure : definitions_.exposures)
      for (const auto& asset : exposure.depends_on)
        if (!find(asset)) unknown_asset(exposure.source, "the exposure " + in_quotes(exposure.name) + " is made from " + in_quotes(asset) + ", which nobody defines", asset);
  }

  // ——— pools and resources of what imports describe (those of assets: are checked where they are read, at their own
  // place)

  void check_pools_and_resources() {
    std::vector<std::string_view> pools{"default"}, resources;
    for (const auto& [name, pool] : definitions_.pools) pools.push_back(name);
    for (const auto& [name, resource] : definitions_.resources) resources.push_back(name);
    for (const auto& asset : definitions_.assets) {
      if (asset.import < 0) continue;
      for (const auto& [name, slots] : asset.pools) check_pool(asset, name, slots, pools);
      for (const auto& [name, mode] : asset.uses)
        if (!definitions_.resources.contains(name))
          error(asset.source, in_quotes(asset.key) + " uses the resource " + in_quotes(name) + ", which nobody defines",
                suggest(name, resources));
    }
  }

  void check_pool(const AssetSpec& asset, const std::string& name, int slots,
                  const std::vector<std::string_view>& known) {
    const auto pool = definitions_.pools.find(name);
    const bool defined = pool != definitions_.pools.end();
    const int size = defined ? pool->second.slots : default_slots_;
    if (!defined && name != "default")
      error(asset.source,
            in_quotes(asset.key) + " takes slots of the pool " + in_quotes(name) + ", which nobody defines",
            suggest(name, known));
    else if (size > 0 && slots > size)
      definitions_.warnings.push_back({in_quotes(asset.key) + " asks for " + std::to_string(slots) +
                                           " slots of the pool " + in_quotes(name) + ", which has " +
                                           std::to_string(size) + ": it can never start until the pool grows",
                                       asset.source});
  }

  // ——— names, jobs and schedules

  template <typename Spec>
  void check_unique(const std::vector<Spec>& specs, const std::string& what) {
    std::unordered_map<std::string_view, const Spec*> seen;
    for (const auto& spec : specs) {
      const auto [first, fresh] = seen.try_emplace(spec.name, &spec);
      if (!fresh)
        error(
            spec.source,
            "a second " + what + " is named " + in_quotes(spec.name) + ", the first at " + place(first->second->source),
            "give one of them another name:");
    }
  }

  void check_job(const std::string& whose, const std::string& name, const SourceRef& at) {
    if (name.empty()) return;
    std::vector<std::string_view> jobs;
    for (const auto& job : definitions_.jobs) jobs.push_back(job.name);
    if (std::find(jobs.begin(), jobs.end(), name) == jobs.end())
      error(at, whose + " starts the job " + in_quotes(name) + ", which nobody defines", jobs.empty() ? "define it under jobs:" : suggest(name, jobs));
  }

  // With other errors about, the graph is that of what is known; with a cycle in it, of no dependency at all: names can be looked up in either.
  void check_graph() {
    auto graph = errors_.empty() ? AssetGraph::build(definitions_) : AssetGraph::build(keys_and_edges(true));
    if (!graph) {
      report_cycles(graph.error());
      graph = AssetGraph::build(keys_and_edges(false));
    }
    check_partition_mappings(*graph);
    for (const auto& job : definitions_.jobs)
      check_selection("the job " + in_quotes(job.name), job.select, job.select_source, *graph);
    for (const auto& schedule : definitions_.schedules)
      if (!schedule.select.empty())
        check_selection("the schedule " + in_quotes(schedule.name), schedule.select, schedule.target_source, *graph);
    check_conditions(*graph);
    for (const auto& sensor : definitions_.sensors) check_sensor(sensor, *graph);
    warn_of_circles();
    for (const auto& alert : definitions_.alerts)
      if (!alert.select.empty())
        check_selection("the alert " + in_quotes(alert.name), alert.select, alert.select_source, *graph);
  }

  // What dynamic partitions there will be is not known yet: mappings that name some are taken as they come.
  void check_partition_mappings(const AssetGraph& graph) {
    if (!errors_.empty()) return;
    std::vector<PartitionProblem> problems;
    PartitionTable::make(definitions_, graph, {}, &problems);
    for (auto& problem : problems) error(problem.source, std::move(problem.message), "docs/partitions.md shows what each form is for");
  }

  /// One that runs what it waits for would run it for ever.
  void check_sensor(const SensorSpec& sensor, const AssetGraph& graph) {
    const auto name = "the sensor " + in_quotes(sensor.name);
    const auto job = std::ranges::find(definitions_.jobs, sensor.job, &JobSpec::name);
    const auto& select = sensor.job.empty() || job == definitions_.jobs.end() ? sensor.select : job->select;
    if (!sensor.select.empty()) check_selection(name, sensor.select, sensor.target_source, graph);
    if (sensor.kind == SensorKind::sql) check_can_be_asked(name, sensor);
    if (sensor.kind != SensorKind::asset || sensor.asset.select.empty()) return;
    check_selection(name, sensor.asset.select, sensor.asset.select_source, graph);
    const auto watched = select_any(sensor.asset.select, graph), run = select_any(select, graph);
    if (!watched || !run) return;
    for (const auto asset : *watched)
      if (std::ranges::find(*run, asset) != run->end() && !definitions_.assets[asset].external)
        return error(sensor.target_source, name + " waits for " + in_quotes(definitions_.assets[asset].key) + " and would run it itself, for ever", "select only what is not waited for");
    Reach reach{&sensor, {watched->begin(), watched->end()}, {}};
    std::ranges::copy_if(*run, std::inserter(reach.runs, reach.runs.end()), [&](AssetId asset) { return !definitions_.assets[asset].external; });
    reaches_.push_back(std::move(reach));
  }

  /// Each runs what the next waits for, and the last what the first does: with every turn it would begin anew, were it not for kMostRounds.
  void warn_of_circles() {
    std::set<const SensorSpec*> told;
    for (std::size_t i = 0; i < reaches_.size(); ++i) {
      const auto circle = circle_of(i);
      std::string path;
      const bool is_told = std::ranges::any_of(circle, [&](std::size_t index) { return told.contains(reaches_[index].sensor); });
      for (const auto index : circle) {
        path += in_quotes(reaches_[index].sensor->name) + " -> ";
        told.insert(reaches_[index].sensor);
      }
      if (!circle.empty() && !is_told)
        definitions_.warnings.push_back({"sensors go round in a circle, each running what the next waits for: " + path + in_quotes(reaches_[i].sensor->name) +
                                             "; a sensor follows its own runs " + std::to_string(kMostRounds) + " times at most",
                                         reaches_[i].sensor->target_source});
    }
  }

  /// The shortest way from a sensor back to it; empty: there is none.
  std::vector<std::size_t> circle_of(std::size_t start) const {
    std::map<std::size_t, std::size_t> before;
    std::deque<std::size_t> next{start};
    while (!next.empty()) {
      const auto at = next.front();
      next.pop_front();
      for (std::size_t to = 0; to < reaches_.size(); ++to) {
        if (std::ranges::none_of(reaches_[at].runs, [&](AssetId asset) { return reaches_[to].watches.contains(asset); }) || before.contains(to)) continue;
        before[to] = at;
        if (to != start) next.push_back(to);
      }
    }
    std::vector<std::size_t> circle;
    if (!before.contains(start)) return circle;
    for (auto at = before.at(start); at != start; at = before.at(at)) circle.insert(circle.begin(), at);
    circle.insert(circle.begin(), start);
    return circle;
  }

  void check_can_be_asked(const std::string& name, const SensorSpec& sensor) {
    constexpr std::string_view kAsked[] = {"sqlite", "duckdb", "postgres", "postgresql"};  // as plugins/sql_probe has it
    const auto resource = definitions_.resources.find(sensor.sql.resource);
    if (resource == definitions_.resources.end() || std::ranges::find(kAsked, resource->second.kind) != std::end(kAsked)) return;
    error(sensor.source, name + " asks the resource " + in_quotes(resource->first) + ", which is of the kind " + in_quotes(resource->second.kind) + ": that cannot be asked",
          "sqlite, duckdb and postgres can; for others write a program (run:)");
  }

  /// That of an import, which thousands of assets may have, once.
  void check_conditions(const AssetGraph& graph) {
    std::set<int> imports;
    for (const auto& asset : definitions_.assets) {
      if (!asset.automation.contains('"')) continue;  // no selection is in it
      const auto* import = asset.import >= 0 ? &definitions_.imports[static_cast<std::size_t>(asset.import)] : nullptr;
      if (import && import->defaults.automation != asset.automation) import = nullptr;
      if (import && !imports.insert(asset.import).second) continue;
      const auto condition = parse_condition(asset.automation);
      const auto& near = import ? import->source : asset.source;
      const auto at = !import && asset.automation_source.line > 0 ? asset.automation_source : SourceRef{near.file, near.line, 0};
      const auto whose = import ? "the import " + in_quotes(import->name) : in_quotes(asset.key);
      if (condition) check_condition("the condition of " + whose, **condition, at, graph);
    }
  }

  /// What its selections name, and that by what the definitions say: nothing tells a condition when the state of an asset becomes another. Said here and not
  /// by parse_condition(), which also reads definitions that are stored. `at`: where it begins.
  void check_condition(const std::string& whose, const Condition& condition, const SourceRef& at, const AssetGraph& graph) {
    const bool selects = condition.kind == Condition::Kind::any_deps || condition.kind == Condition::Kind::all_deps;
    if (selects && !condition.text.empty()) {
      auto where = at;
      if (where.column > 0) where.column += condition.text_column - 1;
      const int state = column_of_state(condition.text);
      if (state == 0) check_selection(whose, condition.text, where, graph);
      else state_in_condition(whose, condition.text, where, state);
    }
    for (const auto& child : condition.children) check_condition(whose, *child, at, graph);
  }

  void state_in_condition(const std::string& whose, const std::string& select, SourceRef at, int column) {
    if (at.column > 0) at.column += column - 1;
    error(at, "the selection of " + whose + ": " + in_quotes(select) + " asks for the state of assets, and a condition selects by what the definitions say (name, group, tag, kind, …)",
          "write the state as a condition: any_deps(failed), any_deps(missing), any_deps(newly_updated), all_deps(not failed)");
  }

  Definitions keys_and_edges(bool with_edges) const {
    Definitions known;
    for (const auto& asset : definitions_.assets) {
      auto& copy = known.assets.emplace_back(AssetSpec{.key = asset.key});
      for (const auto& dep : asset.deps)
        if (with_edges && find(dep.asset)) copy.deps.push_back(dep);
    }
    return known;
  }

  // The path ends "… -> parent -> asset": the dependency to point at is the one on that parent.
  void report_cycles(const std::vector<GraphError>& cycles) {
    for (const auto& cycle : cycles) {
      const auto& asset = definitions_.assets[cycle.asset];
      const auto closing = std::find_if(asset.deps.begin(), asset.deps.end(), [&](const auto& dep) {
        return cycle.message.ends_with(" " + dep.asset + " -> " + asset.key);
      });
      error(closing == asset.deps.end() ? asset.source : closing->source, cycle.message,
            "remove one of these dependencies");
    }
  }

  // The state of assets is resolved when a run is requested; here any answer will do, for only names are looked at.
  std::expected<std::vector<AssetId>, SelectionError> select_any(const std::string& select, const AssetGraph& graph) const {
    const SelectionState any{[](AssetId) { return "never"; }, [](AssetId) { return false; },
                             [](AssetId) { return "none"; }};
    return select_assets(select, definitions_, graph, &any);
  }

  void check_selection(const std::string& whose, const std::string& select, const SourceRef& at,
                       const AssetGraph& graph) {
    const auto asks_for_state = check_selection_syntax(select);
    const auto selected = select_any(select, graph);
    if (!selected) {
      auto source = at;
      if (source.column > 0) source.column += std::max(selected.error().column - 1, 0);
      error(source, "the selection of " + whose + ": " + selected.error().message);
    } else if (selected->empty() && asks_for_state && !*asks_for_state) {
      definitions_.warnings.push_back({"the selection of " + whose + " selects nothing", at});
    }
  }

  /// An asset sensor with what it waits for and what it runs.
  struct Reach {
    const SensorSpec* sensor;
    std::set<AssetId> watches, runs;
  };
  std::vector<Reach> reaches_;
  Definitions& definitions_;
  const int default_slots_;
  std::vector<DefinitionError> errors_;
  int suggested_ = 0;
};

}  // namespace

std::vector<DefinitionError> finish(Definitions& definitions, const std::vector<DefinitionError>& told, int default_slots) {
  auto errors = Finisher(definitions, default_slots).finish();
  std::erase_if(errors, [&](const auto& error) {
    return error.source.line > 0 && std::ranges::find(told, error.source, &DefinitionError::source) != told.end();
  });
  return errors;
}

}  // namespace assetd
