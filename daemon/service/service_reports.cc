// Materializations that no run made: done by hand, or of what is made elsewhere.

#include <spdlog/spdlog.h>

#include "core/graph/asset_key.h"
#include "core/schedule/cron.h"
#include "core/version/provenance.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

constexpr const char* kNoAttempt = "00000000000000000000000000000000";
constexpr std::int64_t kKeysSearched = 10'000;  // the last ones, for the nearest to one that is unknown

/// What is wrong with reporting it, "" for nothing. Also one that has not ended yet can be: whoever names it has made it.
std::string wrong_partition(const std::string& key, const std::string& partition, const Partitions* divided, WallTime now) {
  if (!divided) return "'" + key + "' has no partitions: leave the partition out";
  if (divided->index(partition)) return "";
  std::vector<std::string> keys;
  divided->existing(now).last(kKeysSearched).each([&](PartitionIndex index) { keys.push_back(divided->key(index)); });
  const auto why = "'" + key + "' has no partition '" + partition + "'; ";
  if (keys.empty()) return why + "it has none yet";
  const auto nearest = nearest_name(partition, {keys.begin(), keys.end()});
  return why + (nearest.empty() ? "its keys are as '" + keys.back() + "'" : "nearest: '" + nearest + "'");
}

nlohmann::json partition_json(const ReportBody& body) { return body.partition.empty() ? nlohmann::json() : nlohmann::json(body.partition); }

}  // namespace

void DaemonService::warn_step(Turn& turn, const AttemptNoted& said, const std::string& why) {
  spdlog::warn("attempt {}: {}", said.attempt, why);
  turn.batch.changes.push_back(AttemptNoted{said.attempt, "log", "", {{"level", "WARNING"}, {"message", why}}, said.at});
}

void DaemonService::report_materialization(Caller caller, std::string key, ReportBody body, Done done) {
  command(std::move(caller), std::move(done), [this, key, body](Turn& turn, const Caller& who) { return report(turn, who, key, body); });
}

/// As if a run had made it, but for the run: what is below becomes stale, or is made by automation; freshness counts from then. A failure before is over.
/// Gives its data version.
std::string DaemonService::record_report(Turn& turn, const Project& project, AssetId id, const ReportBody& body, const std::string& by, WallTime at) {
  const auto& spec = project.definitions.assets[id];
  const auto& key = spec.key;
  Output output;
  const auto made_from = spec.external ? nullptr : keeper_.of_now(project.definitions, project.graph, id, {}, body.partition);
  const auto version = body.data_version.empty() ? derived_data_version(kNoAttempt, at) : body.data_version;
  output.changes.push_back(Materialized{{0, 0, key, kNoAttempt, body.metadata, version, 0, at, body.partition, made_from}});
  take(turn, std::move(output));

  auto& state = book_.stage(key);
  const auto before = state.status();
  state.last_materialization = AssetState::Data{0, at, body.metadata, version, code_version_of(spec), made_from};
  state.disturbed = false;
  projection_.note_report(state, key, body.partition, version, at);
  if (state.last_attempt)
    state.last_attempt = AssetState::Attempt{0, StepStatus::succeeded, "reported", "reported by " + by + ": " + body.reason, {}, at};
  forget_acknowledgement(turn, key);
  nlohmann::json changes = {{"metadata", body.metadata}, {"reported_by", by}, {"reason", body.reason}};
  turn.batch.events.push_back({0, at, "materialization", 0, key, {{"run_id", nullptr}, {"key", key}, {"partition", partition_json(body)}}, std::move(changes)});
  if (state.status() != before)
    turn.batch.events.push_back({0, at, "asset_changed", 0, key, {{"key", key}}, {{"status", to_string(state.status())}}});
  return version;
}

Reply DaemonService::report(Turn& turn, const Caller& caller, const std::string& key, const ReportBody& body) {
  const auto current = project();
  const auto id = current ? current->graph.find(key) : std::nullopt;
  if (!id) return not_found("asset", "nobody defines the asset '" + key + "'");
  const auto now = turn.now.wall;
  if (!body.partition.empty())
    if (const auto wrong = wrong_partition(key, body.partition, partitions()->table.of(*id), now); !wrong.empty())
      return problem(422, "invalid-partitions", "The partition cannot be taken", wrong, nlohmann::json::array({{{"pointer", "/partition"}, {"detail", wrong}}}));
  const auto version = record_report(turn, *current, *id, body, caller.actor.name, now);
  nlohmann::json details = {{"reason", body.reason}, {"metadata", body.metadata}};
  if (!body.partition.empty()) details["partition"] = body.partition;
  audit(turn, caller, "asset.report", "asset " + key, std::move(details));
  return {201, {{"key", key}, {"partition", partition_json(body)}, {"at", format_time(now)}, {"metadata", body.metadata}, {"data_version", version}}};
}

/// A step may say what it saw of data that is made elsewhere: with the message that it sent, in one transaction.
void DaemonService::note_observation(Turn& turn, const Change& change) {
  const auto* note = std::get_if<AttemptNoted>(&change);
  if (!note || note->kind != "observation") return;
  const auto current = project();
  const auto id = current ? current->graph.find(note->key) : std::nullopt;
  if (!id) return warn_step(turn, *note, "an observation counts for nothing: nobody defines the asset '" + note->key + "'; its parameter asset is the key of an external asset");
  if (!current->definitions.assets[*id].external)
    return warn_step(turn, *note, "an observation counts for nothing: '" + note->key + "' is not external, its data is what its own step reports (report_asset_materialization)");
  const ReportBody body{note->data.at("metadata"), note->data.at("data_version"), "observed"};
  record_report(turn, *current, *id, body, "attempt " + note->attempt, note->at);
}

}  // namespace assetd
