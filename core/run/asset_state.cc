#include "core/run/asset_state.h"

#include <algorithm>

#include "core/definition/partitions_json.h"
#include "core/version/provenance.h"

namespace assetd {
namespace {

using nlohmann::json;

std::int64_t ms(WallTime at) { return at.time_since_epoch().count(); }
WallTime time(const json& value) { return WallTime(Millis(value.get<std::int64_t>())); }

void put_text(json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

json to_json(const RootCause& cause) {
  json out = {{"key", cause.key}, {"status", cause.status}, {"reason", cause.reason}};
  put_text(out, "check", cause.check);
  put_text(out, "detail", cause.detail);
  put_text(out, "partition", cause.partition);
  return out;
}

RootCause root_cause(const json& value) {
  return {value.at("key"), value.at("status"), value.at("reason"), value.value("check", ""), value.value("detail", ""), value.value("partition", "")};
}

json to_json(const AssetState::Attempt& attempt) {
  json out = {{"run", attempt.run}, {"status", to_string(attempt.status)}, {"at", ms(attempt.at)}};
  put_text(out, "reason", attempt.reason);
  put_text(out, "detail", attempt.detail);
  for (const auto& cause : attempt.root_causes) out["root_causes"].push_back(to_json(cause));
  return out;
}

std::optional<AssetState::Attempt> attempt(const json& value) {
  const auto status = parse_step_status(value.at("status").get<std::string>());
  if (!status) return std::nullopt;
  AssetState::Attempt out{value.at("run"), *status, value.value("reason", ""), value.value("detail", ""), {}, time(value.at("at"))};
  if (const auto causes = value.find("root_causes"); causes != value.end())
    for (const auto& cause : *causes) out.root_causes.push_back(root_cause(cause));
  return out;
}

json to_json(const AssetState::Data& data) {
  json out = {{"run", data.run}, {"at", ms(data.at)}};
  if (!data.metadata.empty()) out["metadata"] = data.metadata;
  put_text(out, "data_version", data.data_version);
  put_text(out, "code_version", data.code_version);
  if (data.provenance) out["made_from"] = to_json(*data.provenance);
  return out;
}

AssetState::Data data(const json& value) {
  AssetState::Data out{value.at("run"), time(value.at("at")), value.value("metadata", json::object()), value.value("data_version", ""), value.value("code_version", "")};
  if (const auto found = value.find("made_from"); found != value.end()) out.provenance = std::make_shared<const Provenance>(provenance_from_json(*found));
  return out;
}

bool is_failure(CheckStatus status) { return status == CheckStatus::failed || status == CheckStatus::error; }

/// Sets by name; false: damaged.
bool read_sets(const json& value, const char* name, std::map<std::string, IndexSet>& sets) {
  const auto found = value.find(name);
  if (found == value.end()) return true;
  for (const auto& [key, text] : found->items()) {
    auto where = IndexSet::decode(text.get<std::string>());
    if (!where) return false;
    sets.emplace(key, std::move(*where));
  }
  return true;
}

json to_json(const PartitionStates& states) {
  json out = {{"of", to_json(states.spec)}};
  put_text(out, "materialized", states.materialized.encode());
  put_text(out, "failed", states.failed.encode());
  put_text(out, "disturbed", states.disturbed.encode());
  for (const auto& [check, where] : states.failed_checks) out["failed_checks"][check] = where.encode();
  for (const auto& [check, where] : states.passed_checks) out["passed_checks"][check] = where.encode();
  if (const auto& whole = states.reported; !whole.of.empty()) out["reported"] = {{"of", whole.of.encode()}, {"data_version", whole.data_version}, {"at", ms(whole.at)}};
  return out;
}

std::shared_ptr<const PartitionStates> partition_states(const json& value) {
  auto spec = partitions_from_json(value.at("of"), "");
  auto made = IndexSet::decode(value.value("materialized", "")), failed = IndexSet::decode(value.value("failed", ""));
  if (!spec || !made || !failed) return nullptr;
  PartitionStates states{std::move(*spec), std::move(*made), std::move(*failed)};
  auto disturbed = IndexSet::decode(value.value("disturbed", ""));
  if (!disturbed || !read_sets(value, "failed_checks", states.failed_checks) || !read_sets(value, "passed_checks", states.passed_checks)) return nullptr;
  states.disturbed = std::move(*disturbed);
  if (const auto found = value.find("reported"); found != value.end()) {
    auto of = IndexSet::decode(found->value("of", ""));
    if (!of) return nullptr;
    states.reported = {std::move(*of), found->at("data_version"), time(found->at("at"))};
  }
  return std::make_shared<const PartitionStates>(std::move(states));
}

json to_json(const Waiver& waiver) {
  json out = {{"by", waiver.by}, {"reason", waiver.reason}, {"at", ms(waiver.at)}, {"until", ms(waiver.until)}, {"run", waiver.run}};
  if (!waiver.let_pass.empty()) out["let_pass"] = waiver.let_pass;
  return out;
}

/// Those for all partitions by check, as they were kept before there were others; those for one apart, by check and partition.
void put_waivers(json& out, const std::map<WaivedCheck, Waiver>& waivers) {
  for (const auto& [of, each] : waivers) {
    if (of.partition.empty()) out["waivers"][of.check] = to_json(each);
    else out["partition_waivers"][of.check][of.partition] = to_json(each);
  }
}

Waiver waiver(const json& value) { return {value.at("by"), value.at("reason"), time(value.at("at")), time(value.at("until")), value.at("run"), value.value("let_pass", std::set<std::string>{})}; }

std::map<WaivedCheck, Waiver> waivers(const json& state) {
  std::map<WaivedCheck, Waiver> out;
  const auto whole = state.value("waivers", json::object()), of_one = state.value("partition_waivers", json::object());
  for (const auto& [check, each] : whole.items()) out.emplace(WaivedCheck{check}, waiver(each));
  for (const auto& [check, partitions] : of_one.items())
    for (const auto& [partition, each] : partitions.items()) out.emplace(WaivedCheck{check, partition}, waiver(each));
  return out;
}

struct NamedDebts {
  const char* name;
  CheckDebts::Where CheckDebts::* where;
};
constexpr NamedDebts kDebts[] = {{"open", &CheckDebts::open}, {"awaited", &CheckDebts::awaited}, {"refused", &CheckDebts::refused}};

json to_json(const CheckDebts& debts) {
  json out = json::object();
  for (const auto& [name, where] : kDebts)
    for (const auto& [check, set] : debts.*where) out[name][check] = set.encode();
  put_text(out, "uncounted", debts.uncounted.encode());
  for (const auto& [run, set] : debts.made_by) out["made_by"].push_back({run, set.encode()});
  return out;
}

CheckDebts debts(const json& value) {
  CheckDebts out;
  for (const auto& [name, where] : kDebts) {
    const auto sets = value.value(name, json::object());
    for (const auto& [check, text] : sets.items())
      if (auto set = IndexSet::decode(text.get<std::string>()); set && !set->empty()) (out.*where).emplace(check, *std::move(set));
  }
  out.uncounted = IndexSet::decode(value.value("uncounted", "")).value_or(IndexSet());
  const auto made_by = value.value("made_by", json::array());
  for (const auto& each : made_by)
    if (auto set = IndexSet::decode(each.at(1).get<std::string>()); set && !set->empty()) out.made_by.emplace(each.at(0).get<RunId>(), *std::move(set));
  return out;
}

/// Throws what json throws for a shape that to_json() does not make.
std::optional<AssetState> read(const json& value) {
  AssetState state;
  if (const auto found = value.find("in_progress"); found != value.end())
    state.in_progress = AssetState::InProgress{found->at("run"), time(found->at("since"))};
  if (const auto found = value.find("last_attempt"); found != value.end()) {
    state.last_attempt = attempt(*found);
    if (!state.last_attempt) return std::nullopt;
  }
  if (const auto found = value.find("last_materialization"); found != value.end()) state.last_materialization = data(*found);
  if (const auto found = value.find("partitions"); found != value.end()) {
    state.partitions = partition_states(*found);
    if (!state.partitions) return std::nullopt;
  }
  for (const auto& each : value.value("former", json::array()))
    if (auto states = partition_states(each)) state.former.push_back(std::move(states));
    else return std::nullopt;
  state.freshness = value.value("freshness", "");
  if (const auto found = value.find("awaited_since"); found != value.end()) state.awaited_since = time(*found);
  if (const auto found = value.find("data_until"); found != value.end()) state.data_until = time(*found);
  if (const auto found = value.find("check_debts"); found != value.end()) state.debts = debts(*found);
  state.disturbed = value.value("disturbed", false);
  if (const auto found = value.find("checks"); found != value.end())
    for (const auto& [name, text] : found->items()) {
      const auto status = parse_check_status(text.get<std::string>());
      if (!status) return std::nullopt;
      state.checks.emplace(name, *status);
    }
  state.waivers = waivers(value);
  if (const auto found = value.find("acknowledged"); found != value.end())
    state.acknowledged = AssetState::Acknowledgement{found->at("by"), found->value("note", ""), time(found->at("at"))};
  return state;
}

}  // namespace

std::string_view to_string(AssetStatus status) {
  switch (status) {
    case AssetStatus::never: return "never";
    case AssetStatus::materializing: return "materializing";
    case AssetStatus::materialized: return "materialized";
    case AssetStatus::failed: return "failed";
    case AssetStatus::skipped: return "skipped";
  }
  return "";
}

bool AssetState::is_failing() const {
  if (partitions && !partitions->failed.empty()) return true;
  if (last_attempt && last_attempt->status == StepStatus::failed) return true;
  return std::ranges::any_of(checks, [this](const auto& each) { return fails(each.first); });
}

std::optional<WallTime> AssetState::data_at(const FreshnessSpec& spec) const {
  if (!last_materialization) return std::nullopt;
  if (spec.of.empty() && data_until) return data_until;
  return data_time(spec, last_materialization->metadata, last_materialization->at);
}

bool AssetState::fails(const std::string& check) const {
  if (partitions)
    if (const auto told = partitions->failed_checks.find(check); told != partitions->failed_checks.end()) return !told->second.empty();
  const auto last = checks.find(check);
  return last != checks.end() && is_failure(last->second);
}

std::map<std::string, IndexSet> AssetState::failed_checks(const IndexSet& existing) const {
  std::map<std::string, IndexSet> failed;
  for (const auto& [check, last] : checks) {
    if (!fails(check)) continue;
    const bool told = partitions && partitions->failed_checks.contains(check);
    failed.emplace(check, told ? partitions->failed_checks.at(check) & existing : existing);
  }
  std::erase_if(failed, [](const auto& each) { return each.second.empty(); });
  return failed;
}

IndexSet AssetState::not_waived(const std::string& check, IndexSet where, WallTime now, const std::function<IndexSet(const std::string& partition)>& place) const {
  for (auto it = waivers.lower_bound({check}); it != waivers.end() && it->first.check == check; ++it) {
    if (it->second.until <= now) continue;
    if (it->first.partition.empty()) return {};
    if (partitions) where = where - place(it->first.partition);
  }
  return where;
}

AssetStatus AssetState::status() const {
  if (in_progress) return AssetStatus::materializing;
  if (partitions && !partitions->failed.empty()) return AssetStatus::failed;
  if (last_attempt && last_attempt->status == StepStatus::failed) return AssetStatus::failed;
  if (last_attempt && last_attempt->status == StepStatus::skipped) return AssetStatus::skipped;
  // A canceled attempt says nothing about the data: what was there before still is.
  return last_materialization ? AssetStatus::materialized : AssetStatus::never;
}

std::string version_of(const AssetState::Data& data) { return data.data_version.empty() ? derived_data_version("", data.at) : data.data_version; }

json to_json(const AssetState& state) {
  json out = json::object();
  if (state.in_progress) out["in_progress"] = {{"run", state.in_progress->run}, {"since", ms(state.in_progress->since)}};
  if (state.last_attempt) out["last_attempt"] = to_json(*state.last_attempt);
  if (state.last_materialization) out["last_materialization"] = to_json(*state.last_materialization);
  if (state.partitions) out["partitions"] = to_json(*state.partitions);
  for (const auto& each : state.former) out["former"].push_back(to_json(*each));
  put_text(out, "freshness", state.freshness);
  if (state.awaited_since) out["awaited_since"] = ms(*state.awaited_since);
  if (state.data_until) out["data_until"] = ms(*state.data_until);
  if (!state.debts.empty()) out["check_debts"] = to_json(state.debts);
  if (state.disturbed) out["disturbed"] = true;
  for (const auto& [name, status] : state.checks) out["checks"][name] = to_string(status);
  put_waivers(out, state.waivers);
  if (state.acknowledged) {
    out["acknowledged"] = {{"by", state.acknowledged->by}, {"at", ms(state.acknowledged->at)}};
    put_text(out["acknowledged"], "note", state.acknowledged->note);
  }
  return out;
}

std::optional<AssetState> asset_state_from_json(const json& value) try {
  return value.is_object() ? read(value) : std::nullopt;
} catch (const json::exception&) {
  return std::nullopt;  // a damaged row: the caller says where
}

}  // namespace assetd
