// Waivers of checks, and failures that somebody has taken up.

#include <algorithm>

#include "core/graph/asset_key.h"
#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr Millis kUsualWaiver = std::chrono::hours{24};

bool failed_for_real(const CheckResult& result) {
  return (result.status == CheckStatus::failed || result.status == CheckStatus::error) && result.severity == Severity::error;
}

json or_null(const std::string& partition) { return partition.empty() ? json() : json(partition); }

json waiver_body(const WaiverKey& of, const Waiver& waiver) {
  return {{"key", of.asset}, {"check", of.check}, {"partition", or_null(of.partition)}, {"by", waiver.by}, {"reason", waiver.reason}, {"at", format_time(waiver.at)}, {"until", format_time(waiver.until)},
          {"run_id", waiver.run ? json(std::to_string(waiver.run)) : json()}};
}

Event waiver_event(WallTime at, RunId run, const WaiverKey& of, json changes) {
  return {0, at, "check_waived", run, of.asset, {{"key", of.asset}, {"check", of.check}, {"partition", or_null(of.partition)}}, std::move(changes)};
}

std::string in_partition(const std::string& partition) { return partition.empty() ? "" : " in partition '" + partition + "'"; }

/// The run has none of this name, or none of this asset, or none in this partition.
Reply no_such_check(const std::string& run, const std::string& check, const WaiveBody& body, const std::vector<CheckResult>& results) {
  std::vector<std::string_view> names, homes, partitions;
  for (const auto& result : results) {
    names.push_back(result.name);
    if (result.name != check) continue;
    homes.push_back(result.home);
    if ((body.key.empty() || result.home == body.key) && !result.partition.empty()) partitions.push_back(result.partition);
  }
  auto said = "run " + run + " has no result of a check '" + check + "'";
  auto nearest = nearest_name(check, names);
  if (!homes.empty() && !body.key.empty() && std::ranges::find(homes, body.key) == homes.end()) {
    said += " of '" + body.key + "'";
    nearest = nearest_name(body.key, homes);
  } else if (!homes.empty()) {
    said += in_partition(body.partition);
    if (partitions.empty()) return not_found("check", said + ": its results name no partition, waive it without one");
    nearest = nearest_name(body.partition, partitions);
  }
  return not_found("check", said + (nearest.empty() ? "" : "; nearest: '" + nearest + "'"));
}

}  // namespace

/// A last result of that name in the run that failed, in the partition asked for or in any; of one asset where several have such a check.
std::expected<CheckResult, Reply> DaemonService::result_to_waive(RunId run, const std::string& check, const WaiveBody& body) const {
  const auto text = std::to_string(run);
  const auto row = reader_->run(run);
  if (!row) return std::unexpected(unavailable(row.error().message));
  if (!*row) return std::unexpected(not_found("run", "there is no run " + text));
  const auto results = reader_->checks(run);
  if (!results) return std::unexpected(unavailable(results.error().message));
  std::map<std::pair<std::string, std::string>, CheckResult> last;  // by home and partition
  for (const auto& result : *results)
    if (result.name == check && (body.key.empty() || result.home == body.key) && (body.partition.empty() || result.partition == body.partition))
      last.insert_or_assign({result.home, result.partition}, result);
  if (last.empty()) return std::unexpected(no_such_check(text, check, body, *results));
  std::map<std::string, CheckResult> failed;  // by home
  for (const auto& [of, result] : last)
    if (failed_for_real(result)) failed.emplace(of.first, result);
  if (failed.size() > 1)
    return std::unexpected(conflict("ambiguous-check", "Several assets have this check", "check '" + check + "' failed for " + std::to_string(failed.size()) +
                                                           " assets of run " + text + ", as for '" + failed.begin()->first + "': name one as \"key\""));
  if (failed.empty())
    return std::unexpected(conflict("nothing-to-waive", "Nothing to waive", "check '" + check + "' of run " + text + " did not fail with severity error" + in_partition(body.partition)));
  return failed.begin()->second;
}

/// What has ended keeps its end: the waiver is for what comes, a retry of this run first of all.
void DaemonService::waive_check(Caller caller, RunId run, std::string check, WaiveBody body, Done done) {
  command_on_run(run, std::move(caller), std::move(done), [this, run, check, body](Turn& turn, const Caller& who) -> Reply {
    const auto until = body.until.value_or(turn.now.wall + kUsualWaiver);
    if (until <= turn.now.wall)
      return problem(422, "invalid-until", "The time is over", "until: " + format_time(until) + " has passed", json::array({{{"pointer", "/until"}, {"detail", "must lie ahead"}}}));
    const auto result = result_to_waive(run, check, body);
    if (!result) return result.error();
    const Waiver waiver{who.actor.name, body.reason, turn.now.wall, until, run};
    const WaiverKey of{result->home, check, body.partition};
    waivers_[of] = waiver;
    book_.stage(result->home).waivers[{check, body.partition}] = waiver;
    waivers_changed_ = true;
    hand_over_waivers(turn);
    projection_.settle_checks(book_.stage(result->home), result->home, run, turn.now.wall, turn.batch);
    automator_.checks_changed(result->home);
    auto shown = waiver_body(of, waiver);
    auto changes = shown;
    changes["waived"] = true;
    turn.batch.events.push_back(waiver_event(turn.now.wall, run, of, std::move(changes)));
    json details = {{"run", std::to_string(run)}, {"reason", body.reason}, {"until", format_time(until)}};
    if (!of.partition.empty()) details["partition"] = of.partition;
    audit(turn, who, "check.waive", "check " + check + " of " + result->home, std::move(details));
    return {200, std::move(shown)};
  });
}

/// Without a partition all of the check: then it counts again wherever it fails.
void DaemonService::unwaive_check(Caller caller, std::string key, std::string check, UnwaiveBody body, Done done) {
  command(std::move(caller), std::move(done), [this, key, check, body](Turn& turn, const Caller& who) -> Reply {
    auto ending = waivers_of(key, check);
    std::erase_if(ending, [&](const WaiverKey& of) { return waivers_.at(of).until <= turn.now.wall || (!body.partition.empty() && of.partition != body.partition); });
    if (ending.empty())
      return not_found("waiver", "no waiver stands for check '" + check + "' of '" + key + "'" + (body.partition.empty() ? "" : in_partition(body.partition) + " alone") + ": GET /waivers lists them");
    for (const auto& of : ending) end_waiver(turn, of, "withdrawn", who.actor.name);
    hand_over_waivers(turn);
    json details = json::object();
    if (!body.reason.empty()) details["reason"] = body.reason;
    if (!body.partition.empty()) details["partition"] = body.partition;
    audit(turn, who, "check.unwaive", "check " + check + " of " + key, std::move(details));
    return {200, {{"key", key}, {"check", check}, {"partition", or_null(body.partition)}, {"waived", false}}};
  });
}

/// Under other definitions: checks that are no more, or block no more, hold nothing back.
void DaemonService::count_what_nothing_holds_back(Turn& turn) {
  for (const auto& key : book_.uncounted()) {
    projection_.settle_checks(book_.stage(key), key, 0, turn.now.wall, turn.batch);
    automator_.checks_changed(key);
  }
}

/// The one for all partitions first.
std::vector<WaiverKey> DaemonService::waivers_of(const std::string& key, const std::string& check) const {
  std::vector<WaiverKey> found;
  for (auto it = waivers_.lower_bound({key, check}); it != waivers_.end() && it->first.asset == key && it->first.check == check; ++it) found.push_back(it->first);
  return found;
}

void DaemonService::end_waiver(Turn& turn, const WaiverKey& of, const std::string& how, const std::string& by) {
  waivers_.erase(of);
  book_.stage(of.asset).waivers.erase({of.check, of.partition});
  automator_.checks_changed(of.asset);
  json changes = {{"waived", false}, {"how", how}};
  if (!by.empty()) changes["by"] = by;
  turn.batch.events.push_back(waiver_event(turn.now.wall, 0, of, std::move(changes)));
  waivers_changed_ = true;  // the engine learns of it between two of its inputs, not while what one of them changed is looked at
}

void DaemonService::hand_over_waivers(Turn& turn) {
  if (std::exchange(waivers_changed_, false)) feed(turn, WaiversChanged{waivers_});
}

std::optional<WallTime> DaemonService::next_waiver_end() const {
  std::optional<WallTime> next;
  for (const auto& [name, waiver] : waivers_) next = next ? std::min(*next, waiver.until) : waiver.until;
  return next;
}

void DaemonService::end_waivers_that_are_over(Turn& turn) {
  std::vector<WaiverKey> over;
  for (const auto& [of, waiver] : waivers_)
    if (waiver.until <= turn.now.wall) over.push_back(of);
  for (const auto& of : over) end_waiver(turn, of, "over", "");
}

/// In the transaction of what it follows from: a check that passes needs no waiver, an asset that is well nobody who looks after it.
void DaemonService::note_checks(Turn& turn, const Change& change) {
  if (const auto* step = std::get_if<StepChanged>(&change); step && step->step.status == StepStatus::succeeded) {
    if (const auto* known = projection_.known(step->run)) forget_acknowledgement(turn, known->context.definitions->assets[known->plan->asset(step->step.step)].key);
    return;
  }
  const auto* reported = std::get_if<CheckReported>(&change);
  if (!reported) return;
  const auto& result = reported->result;
  note_waived_result(turn, result);
  if (result.status == CheckStatus::passed && !result.home.empty()) forget_acknowledgement(turn, result.home);
}

/// A pass ends the waiver of its partition; one that names no partition is about all of them, and ends all.
void DaemonService::note_waived_result(Turn& turn, const CheckResult& result) {
  for (const auto& of : waivers_of(result.home, result.name)) {
    if (result.status == CheckStatus::passed && (result.partition.empty() || of.partition == result.partition)) end_waiver(turn, of, "passed", "");
    else if (of.partition.empty() && !result.partition.empty()) note_let_pass(turn, of, result);
  }
}

/// To the waiver for all partitions a pass in one says nothing of those in which the check failed, or was let pass.
void DaemonService::note_let_pass(Turn& turn, const WaiverKey& of, const CheckResult& result) {
  auto& kept = waivers_.at(of);
  auto waiver = kept;
  const bool passed = result.status == CheckStatus::passed;
  if (!result.waived.empty()) waiver.let_pass.insert(result.partition);
  if (passed) waiver.let_pass.erase(result.partition);
  auto& state = book_.stage(of.asset);  // the result is staged already
  if (passed && waiver.let_pass.empty() && !state.fails(of.check)) return end_waiver(turn, of, "passed", "");
  if (waiver != kept) kept = state.waivers[{of.check}] = waiver;
}

void DaemonService::forget_acknowledgement(Turn& turn, const std::string& key) {
  auto& state = book_.stage(key);  // both changes have staged it already
  if (!state.acknowledged || state.is_failing()) return;
  state.acknowledged.reset();
  turn.batch.events.push_back({0, turn.now.wall, "asset_changed", 0, key, {{"key", key}}, {{"acknowledged", nullptr}}});
}

void DaemonService::acknowledge(Caller caller, std::string key, std::string note, bool taken, Done done) {
  command(std::move(caller), std::move(done), [this, key, note, taken](Turn& turn, const Caller& who) -> Reply {
    const auto current = project();
    if (!current) return unavailable("no definitions are loaded yet");
    if (!current->graph.find(key)) return not_found("asset", "nobody defines the asset '" + key + "'");
    const auto& known = book_.current(*current->graph.find(key));
    if (taken && !known.is_failing())
      return conflict("nothing-to-acknowledge", "Nothing to acknowledge", (known.partitions ? "no partition of '" + key + "' is failed and none of its checks failed last" : "neither the last attempt of '" + key + "' nor one of its checks failed"));
    if (!taken && !known.acknowledged) return conflict("not-acknowledged", "Nobody has taken it up", "the failure of '" + key + "' is acknowledged by nobody");
    auto& state = book_.stage(key);
    json shown;
    if (taken) {
      state.acknowledged = AssetState::Acknowledgement{who.actor.name, note, turn.now.wall};
      shown = {{"by", who.actor.name}, {"note", note}, {"at", format_time(turn.now.wall)}};
    } else {
      state.acknowledged.reset();
    }
    turn.batch.events.push_back({0, turn.now.wall, "asset_changed", 0, key, {{"key", key}}, {{"acknowledged", shown}}});
    audit(turn, who, taken ? "asset.acknowledge" : "asset.unacknowledge", "asset " + key, note.empty() ? json::object() : json{{"note", note}});
    return {200, {{"key", key}, {"acknowledged", shown}}};
  });
}

bool DaemonService::is_acknowledged(const std::string& key) const {
  const auto current = project();
  const auto id = current ? current->graph.find(key) : std::nullopt;
  return id && book_.current(*id).acknowledged.has_value();
}

std::vector<double> DaemonService::metric_history(const std::string& asset, const std::string& metric, int last, RunId except) const {
  auto values = reader_->metric_history(asset, metric, last, except);
  return values ? std::move(*values) : std::vector<double>{};
}

}  // namespace assetd
