// Materializations that no run made: done by hand, or of what is made elsewhere.

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

}  // namespace

void DaemonService::report_materialization(Caller caller, std::string key, ReportBody body, Done done) {
  command(std::move(caller), std::move(done), [this, key, body](Turn& turn, const Caller& who) { return report(turn, who, key, body); });
}

/// As if a run had made it, but for the run: what is below becomes stale, or is made by automation; freshness counts from now. A failure before is over.
Reply DaemonService::report(Turn& turn, const Caller& caller, const std::string& key, const ReportBody& body) {
  const auto current = project();
  const auto id = current ? current->graph.find(key) : std::nullopt;
  if (!id) return not_found("asset", "nobody defines the asset '" + key + "'");
  const auto now = turn.now.wall;
  if (!body.partition.empty())
    if (const auto wrong = wrong_partition(key, body.partition, partitions()->table.of(*id), now); !wrong.empty())
      return problem(422, "invalid-partitions", "The partition cannot be taken", wrong, nlohmann::json::array({{{"pointer", "/partition"}, {"detail", wrong}}}));
  const auto partition = body.partition.empty() ? nlohmann::json() : nlohmann::json(body.partition);
  const auto& by = caller.actor.name;
  Output output;
  const auto& spec = current->definitions.assets[*id];
  const auto made_from = spec.external ? nullptr : keeper_.of_now(current->definitions, current->graph, *id, {});
  const auto version = body.data_version.empty() ? derived_data_version(kNoAttempt, now) : body.data_version;
  output.changes.push_back(Materialized{{0, 0, key, kNoAttempt, body.metadata, version, 0, now, body.partition, made_from}});
  take(turn, std::move(output));

  auto& state = book_.stage(key);
  const auto before = state.status();
  state.last_materialization = AssetState::Data{0, now, body.metadata, version, code_version_of(spec), made_from};
  state.disturbed = false;
  projection_.note_report(state, key, body.partition, now);
  if (state.last_attempt)
    state.last_attempt = AssetState::Attempt{0, StepStatus::succeeded, "reported", "reported by " + by + ": " + body.reason, {}, now};
  forget_acknowledgement(turn, key);
  nlohmann::json changes = {{"metadata", body.metadata}, {"reported_by", by}, {"reason", body.reason}};
  turn.batch.events.push_back({0, now, "materialization", 0, key, {{"run_id", nullptr}, {"key", key}, {"partition", partition}}, std::move(changes)});
  if (state.status() != before)
    turn.batch.events.push_back({0, now, "asset_changed", 0, key, {{"key", key}}, {{"status", to_string(state.status())}}});
  nlohmann::json details = {{"reason", body.reason}, {"metadata", body.metadata}};
  if (!body.partition.empty()) details["partition"] = body.partition;
  audit(turn, caller, "asset.report", "asset " + key, std::move(details));
  return {201, {{"key", key}, {"partition", partition}, {"at", format_time(now)}, {"metadata", body.metadata}, {"data_version", version}}};
}

}  // namespace assetd
