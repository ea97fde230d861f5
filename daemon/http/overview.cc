#include "daemon/http/overview.h"

#include <algorithm>
#include <functional>
#include <set>

#include "core/freshness/freshness.h"
#include "core/schedule/cron.h"
#include "daemon/http/asset_shapes.h"
#include "daemon/http/run_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxNeeds = 100;
constexpr int kResultsLookedAt = 50;  // of a failing check: the newest ones may be of partitions in which it passed
constexpr int kMaxNamed = 5;  // failed partitions of an asset
constexpr int kMaxRunning = 50;
constexpr std::size_t kMaxTicks = 10;

json need(const char* kind, json run_id, json key, json reason, json detail, json at, std::uint32_t skipped) {
  return {{"kind", kind}, {"run_id", std::move(run_id)}, {"key", std::move(key)}, {"check", nullptr}, {"reason", std::move(reason)}, {"detail", std::move(detail)},
          {"at", std::move(at)}, {"skipped", skipped}};
}

/// How each import was read last, and since when what serves of it is as it is.
json imports_json(const json& definitions) {
  json out = json::array();
  for (const auto& import : definitions.value("imports", json::array()))
    out.push_back({{"name", import.value("name", "")},
                   {"plugin", import.value("plugin", "")},
                   {"assets", import.value("assets", 0)},
                   {"status", import.value("status", "ok")},
                   {"at", import.contains("at") ? import["at"] : json()},
                   {"last_ok_at", import.contains("last_ok_at") ? import["last_ok_at"] : json()},
                   {"detail", text_or_null(import.value("detail", ""))}});
  return out;
}

/// The daemon's own troubles: they stand above those of assets.
void add_own_needs(json& needs, Context& context) {
  for (const auto& why : context.service.unready())
    if (why.code == "latched") needs.push_back(need("latched", nullptr, nullptr, why.code, why.detail, nullptr, 0));
  const json definitions = context.service.definitions_status();
  if (definitions.value("state", "") != "broken") return;
  const json errors = definitions.value("errors", json::array());
  const std::string first = errors.empty() ? "" : errors.front().value("message", "");
  bool by_import = false;
  for (const auto& import : imports_json(definitions)) {
    if (import["status"] != "failed") continue;
    by_import = true;
    needs.push_back(need("import", nullptr, import["name"], "import_failed", first, import["at"], 0));
  }
  if (by_import) return;  // what fails says more than that something does
  needs.push_back(need("definitions", nullptr, nullptr, "broken", std::to_string(errors.size()) + (errors.size() == 1 ? " error: " : " errors: ") + first, nullptr, 0));
}

struct Failures {
  std::map<std::string, std::uint32_t> skipped_by;  ///< by the key of the cause
  std::vector<AssetId> failed;
};

Failures find_failures(const AssetTable& table) {
  Failures out;
  for (AssetId id = 0; id < table.states.size(); ++id) {
    const AssetState& state = table.states[id];
    if (table.project->definitions.assets[id].external || !state.last_attempt) continue;
    if (state.last_attempt->status == StepStatus::failed || (state.partitions && !state.partitions->failed.empty())) out.failed.push_back(id);
    if (state.last_attempt->status != StepStatus::skipped) continue;
    for (const auto& cause : state.last_attempt->root_causes) ++out.skipped_by[cause.key];
  }
  return out;
}

/// ": 2026-01-05, 2026-01-09"; "" where it is not known what the indices count.
std::string names_of(const IndexSet& set, const Partitions* divided) {
  if (!divided) return "";
  std::string names;
  set.first(kMaxNamed).each([&](PartitionIndex index) { names += (names.empty() ? "" : ", ") + divided->key(index); });
  return ": " + names + (set.size() > kMaxNamed ? ", …" : "");
}

/// "2 of its partitions are failed: 2026-01-05, 2026-01-09".
std::string partitions_detail(const IndexSet& failed, const Partitions* divided) {
  return std::to_string(failed.size()) + (failed.size() == 1 ? " of its partitions is failed" : " of its partitions are failed") + names_of(failed, divided);
}

using Needs = std::vector<std::pair<WallTime, json>>;

/// Its last attempt failed, or a partition of it is: what was made since was another one.
void add_failed(Needs& found, const AssetTable& table, AssetId id, std::uint32_t skipped, const Partitions* divided) {
  const AssetState& state = table.states[id];
  const auto& attempt = *state.last_attempt;
  const bool divided_failed = state.partitions && !state.partitions->failed.empty();
  const auto partitions = divided_failed ? partitions_detail(state.partitions->failed, divided) : "";
  const auto& key = table.project->graph.key(id);
  if (attempt.status != StepStatus::failed) {
    found.emplace_back(attempt.at, need("partitions_failed", nullptr, key, "partitions_failed", partitions, time_json(attempt.at), skipped));
    return;
  }
  const auto detail = attempt.detail + (divided_failed && !attempt.detail.empty() ? "; " : "") + partitions;
  found.emplace_back(attempt.at, need("asset_failed", id_text(attempt.run), key, text_or_null(attempt.reason), text_or_null(detail), time_json(attempt.at), skipped));
}

/// A check of severity error that failed last, and that what is said of its asset does not tell already.
struct FailedCheck {
  std::string key, check;
  std::string partitions;      ///< in which, in words; "": its results name none
  bool declared = true;        ///< the definitions have it
  RunId last_run = 0;          ///< of its asset
  std::optional<WallTime> at;  ///< of that run's attempt
};

/// Its results name partitions, those in which it failed last; null: they name none.
const IndexSet* told_partitions(const AssetState& state, const std::string& check) {
  if (!state.partitions) return nullptr;
  const auto found = state.partitions->failed_checks.find(check);
  return found == state.partitions->failed_checks.end() ? nullptr : &found->second;
}

/// Where its failure counts: that which no waiver lets pass, of partitions that there are. {0}: its results name none.
IndexSet where_it_counts(const AssetState& state, const std::string& check, WallTime now, const Partitions* divided) {
  const auto* told = told_partitions(state, check);
  if (!told) return state.not_waived(check, IndexSet::range(0, 1), now, [](const std::string&) { return IndexSet(); });
  return state.not_waived(check, divided ? *told & divided->existing(now) : *told, now, [&](const std::string& partition) {
    const auto index = divided ? divided->index(partition) : std::nullopt;
    return index ? IndexSet::range(*index, *index + 1) : IndexSet();
  });
}

/// The asset, or its partitions, are listed as failed because of it.
bool is_told_by_asset(const AssetState& state, const std::string& check, const IndexSet& where) {
  const auto& attempt = state.last_attempt;
  if (attempt && attempt->status == StepStatus::failed && attempt->reason == "check_failed" && attempt->detail.contains("check " + check + " failed")) return true;
  return told_partitions(state, check) && (where - state.partitions->failed).empty();
}

const CheckSpec* find_check(const Definitions& definitions, const std::string& home, const std::string& name) {
  const auto found = std::ranges::find_if(definitions.checks, [&](const CheckSpec& each) { return each.home == home && each.name == name; });
  return found == definitions.checks.end() ? nullptr : &*found;
}

/// At most as many as are listed: each costs a look through the definitions, and one into the store.
void collect_failed_checks(std::vector<FailedCheck>& out, const AssetTable& table, AssetId id, WallTime now, const Partitions* divided) {
  const AssetState& state = table.states[id];
  const auto& key = table.project->graph.key(id);
  for (const auto& [check, status] : state.checks) {
    if (out.size() >= kMaxNeeds || !state.fails(check)) continue;
    const auto where = where_it_counts(state, check, now, divided);
    if (where.empty() || is_told_by_asset(state, check, where)) continue;
    const auto* spec = find_check(table.project->definitions, key, check);
    if (spec && spec->severity != Severity::error) continue;
    const auto& attempt = state.last_attempt;
    out.push_back({key, check, told_partitions(state, check) ? "in " + std::to_string(where.size()) + (where.size() == 1 ? " partition" : " partitions") + names_of(where, divided) : "",
                   spec != nullptr, attempt ? attempt->run : 0, attempt ? std::optional(attempt->at) : std::nullopt});
  }
}

std::optional<CheckResult> newest_failure(const FailedCheck& failed, Reader& reader) {
  const auto page = reader.check_results(failed.key, failed.check, {kResultsLookedAt, ""});
  if (!page) return std::nullopt;
  for (const auto& row : page->items)
    if (row.value.status == CheckStatus::failed || row.value.status == CheckStatus::error) return row.value;
  return std::nullopt;
}

/// With what its result says; that may be forgotten by now.
void add_failed_check(Needs& found, const FailedCheck& failed, Reader& reader) {
  const auto result = newest_failure(failed, reader);
  // What nobody declares counts as long as it is of the last run: a check that was removed can never pass again.
  if (!failed.declared && (!result || result->severity != Severity::error || result->run != failed.last_run)) return;
  const std::string said = result ? result->detail : "";
  const auto detail = said + (!said.empty() && !failed.partitions.empty() ? "; " : "") + failed.partitions;
  const auto at = result ? std::optional(result->at) : failed.at;
  auto item = need("check_failed", result ? id_or_null(result->run) : json(), failed.key, "check_failed", text_or_null(detail), time_json(at), 0);
  item["check"] = failed.check;
  found.emplace_back(at.value_or(WallTime{}), std::move(item));
}

/// Since it was told: one that was never made is not due at once.
void add_violated(Needs& found, const AssetTable& table, AssetId id, WallTime now) {
  const auto& spec = table.project->definitions.assets[id].freshness;
  const AssetState& state = table.states[id];
  const auto violated = to_string(Freshness::violated);
  if (spec.empty() || state.freshness != violated || table.freshness(id, now) != violated) return;
  const auto data_at = state.data_at(spec);
  const auto stands_for = data_at ? data_at : state.awaited_since ? std::optional(awaited_as(spec, *state.awaited_since)) : std::nullopt;
  const auto since = stands_for ? violated_at(spec, *stands_for) : std::nullopt;
  const std::string detail = data_at ? "its data is of " + format_time(*data_at) : "it was never made";
  found.emplace_back(since.value_or(now), need("freshness_violated", nullptr, table.project->graph.key(id), "freshness_violated", detail + (since ? ", due by " + format_time(*since) : ""), time_json(since), 0));
}

/// Newest first.
void add_asset_needs(json& needs, WallTime now, Context& context, Reader& reader) {
  const auto in_force = context.service.partitions();
  Needs found;
  std::vector<FailedCheck> checks;
  context.service.with_assets([&](const AssetTable& table) {
    if (!table.project) return;
    const bool same = in_force && in_force->project == table.project;  // else they count other partitions
    const auto divided = [&](AssetId id) { return same ? in_force->table.of(id) : nullptr; };
    const Failures failures = find_failures(table);
    for (const auto id : failures.failed) {
      const auto skipped = failures.skipped_by.find(table.project->graph.key(id));
      add_failed(found, table, id, skipped == failures.skipped_by.end() ? 0 : skipped->second, divided(id));
    }
    for (AssetId id = 0; id < table.states.size(); ++id) {
      add_violated(found, table, id, now);
      collect_failed_checks(checks, table, id, now, divided(id));
    }
  });
  for (const auto& failed : checks) add_failed_check(found, failed, reader);
  std::ranges::stable_sort(found, std::greater{}, &Needs::value_type::first);
  for (auto& [at, each] : found) {
    if (needs.size() >= kMaxNeeds) return;
    needs.push_back(std::move(each));
  }
}

std::expected<json, Response> running_json(Context& context, Reader& reader) {
  RunFilter active;
  active.statuses = {RunStatus::queued, RunStatus::running, RunStatus::canceling};
  const auto page = reader.runs(active, {kMaxRunning, ""});
  if (!page) return std::unexpected(store_problem(page.error()));
  json out = json::array();
  for (const auto& row : page->items) out.push_back(run_json(row, context.service.live_run(row.run.id, {}), std::nullopt));
  return out;
}

json next_ticks_json(Context& context) {
  std::vector<std::pair<WallTime, std::string>> ticks;
  for (const auto& view : context.service.schedules())
    for (const auto tick : view.next_ticks) ticks.emplace_back(tick, view.spec.name);
  std::ranges::sort(ticks);
  json out = json::array();
  for (std::size_t i = 0; i < std::min(ticks.size(), kMaxTicks); ++i)
    out.push_back({{"schedule", ticks[i].second}, {"at", time_json(ticks[i].first)}});
  return out;
}

std::string day_of(WallTime time) { return format_time(time).substr(0, 10); }

std::string group_of(const std::string& key, const Project* project) {
  if (!project) return "";
  const auto id = project->graph.find(key);
  return id ? project->definitions.assets[*id].group : "";
}

std::expected<json, Response> history_json(int days, WallTime now, Context& context, Reader& reader) {
  const WallTime since = std::chrono::floor<std::chrono::days>(now) - std::chrono::days(days - 1);
  const auto cells = reader.history(since);
  if (!cells) return std::unexpected(store_problem(cells.error()));
  std::map<std::string, std::size_t> column;
  json names = json::array();
  for (int i = 0; i < days; ++i) {
    column[day_of(since + std::chrono::days(i))] = static_cast<std::size_t>(i);
    names.push_back(day_of(since + std::chrono::days(i)));
  }
  const auto project = context.service.project();
  const json empty = {{"succeeded", 0}, {"failed", 0}, {"skipped", 0}};
  std::map<std::string, json> groups;
  for (const auto& cell : *cells) {
    const auto at = column.find(cell.day);
    if (at == column.end()) continue;
    json& row = groups.try_emplace(group_of(cell.asset, project.get()), json(static_cast<std::size_t>(days), empty)).first->second;
    json& sum = row[at->second];
    sum["succeeded"] = sum["succeeded"].get<std::uint32_t>() + cell.succeeded;
    sum["failed"] = sum["failed"].get<std::uint32_t>() + cell.failed;
    sum["skipped"] = sum["skipped"].get<std::uint32_t>() + cell.skipped;
  }
  json rows = json::array();
  for (auto& [group, row] : groups) rows.push_back({{"group", text_or_null(group)}, {"cells", std::move(row)}});
  return json{{"days", names}, {"groups", rows}};
}

}  // namespace

std::expected<json, Response> overview_json(int days, WallTime now, Context& context, Reader& reader) {
  json needs = json::array();
  add_own_needs(needs, context);
  add_asset_needs(needs, now, context, reader);
  auto running = running_json(context, reader);
  if (!running) return std::unexpected(std::move(running.error()));
  auto history = history_json(days, now, context, reader);
  if (!history) return std::unexpected(std::move(history.error()));
  return json{{"needs_you", needs}, {"running", *running}, {"next_ticks", next_ticks_json(context)}, {"history", *history},
              {"imports", imports_json(context.service.definitions_status())}};
}

}  // namespace assetd::http
