// Reader: how assets were at a past moment, put together from what happened until then.

#include <algorithm>
#include <map>
#include <set>

#include "core/version/provenance.h"
#include "daemon/store/codes.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/renames.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr std::size_t kAssetsARead = 250;  // one budget of time is for so many
constexpr int kEventsReplayed = 30;        // of an asset, the newest: what its steps were doing
constexpr int kOutcomesLookedAt = 50;      // of an asset, of its newest runs: runs do not end in the order in which they began
constexpr int kChecksLookedAt = 200;       // of an asset, the newest results

/// The events of one asset's steps up to the moment, oldest first.
std::vector<Event> step_events(Database& database, const std::string& asset, const PastMoment& moment) {
  static const std::string sql = select_from(kEventColumns, "events WHERE asset=?1 AND id<=?2 AND type=?3 ORDER BY id DESC LIMIT ?4");
  std::vector<Event> events;
  auto query = database.query(sql, asset, moment.event, event_type_number("step_changed").value_or(-1), kEventsReplayed);
  while (query.next()) events.push_back(read_event(database, query.row()));
  std::ranges::reverse(events);
  return events;
}

AssetState::Attempt attempt_of(const Event& event, StepStatus status) {
  AssetState::Attempt attempt{event.run, status, event.changes.value("reason", ""), event.changes.value("detail", ""), {}, event.at};
  if (status == StepStatus::failed) attempt.root_causes.push_back({event.asset, "failed", attempt.reason, "", attempt.detail});
  const auto cause = event.changes.find("cause");
  if (status == StepStatus::skipped && cause != event.changes.end() && cause->is_string())
    attempt.root_causes.push_back({cause->get<std::string>(), "failed", attempt.reason == "check_failed" ? attempt.reason : "", "", attempt.detail});
  return attempt;
}

/// As Projection has it: what is in progress, and how the last step ended.
void replay(const Event& event, AssetState& state) {
  const auto status = parse_step_status(event.changes.value("status", ""));
  if (!status) return;
  if (*status == StepStatus::starting || *status == StepStatus::running) {
    if (!state.in_progress || state.in_progress->run != event.run) state.in_progress = AssetState::InProgress{event.run, event.at};
    return;
  }
  if (state.in_progress && state.in_progress->run == event.run) state.in_progress.reset();
  if (is_terminal(*status)) state.last_attempt = attempt_of(event, *status);
}

/// What events do not tell. A step that ended together with others without having run: one event is of all of them, and no asset's own. And what ended before
/// `told_since`, as events go before runs do.
void take_outcome(Database& database, const std::string& asset, const PastMoment& moment, WallTime told_since, AssetState& state) {
  static const std::string sql = "SELECT run, status, reason, ended_at FROM (SELECT run, attempt, partition, status, reason, ended_at FROM outcomes WHERE asset=?1 AND ended_at<=?2 "
                                 "ORDER BY run DESC, attempt DESC LIMIT ?3) ended WHERE attempt=0 OR (ended_at<?4 AND NOT EXISTS "  // an attempt that was tried again is no end
                                 "(SELECT 1 FROM outcomes WHERE asset=?1 AND run=ended.run AND partition=ended.partition AND attempt>ended.attempt)) "
                                 "ORDER BY ended_at DESC, run DESC, attempt DESC LIMIT 1";
  auto query = database.query(sql, asset, moment.at, kOutcomesLookedAt, told_since);
  if (!query.next()) return;
  auto row = query.row();
  const auto run = row.integer();
  const auto status = from_stored<StepStatus>(row.integer());
  auto reason = row.text();
  const auto at = row.time();
  if (!status || (state.last_attempt && (state.last_attempt->at > at || (state.last_attempt->at == at && state.last_attempt->run == run)))) return;
  state.last_attempt = AssetState::Attempt{run, *status, std::move(reason), "", {}, at};
  if (*status == StepStatus::failed) state.last_attempt->root_causes.push_back({asset, "failed", state.last_attempt->reason, "", ""});
}

/// What somebody reported by hand after a failure stands for an attempt that succeeded.
void take_report(Database& database, const std::string& asset, const PastMoment& moment, AssetState& state) {
  if (!state.last_attempt || !state.last_materialization || state.last_materialization->run != 0 || state.last_materialization->at < state.last_attempt->at) return;
  static const std::string sql = select_from(kEventColumns, "events WHERE asset=?1 AND id<=?2 AND type=?3 ORDER BY id DESC LIMIT 1");
  auto query = database.query(sql, asset, moment.event, event_type_number("materialization").value_or(-1));
  if (!query.next()) return;
  const auto event = read_event(database, query.row());
  const auto detail = "reported by " + event.changes.value("reported_by", "somebody") + ": " + event.changes.value("reason", "");
  state.last_attempt = AssetState::Attempt{0, StepStatus::succeeded, "reported", detail, {}, event.at};
}

void take_materialization(Database& database, const std::string& asset, const PastMoment& moment, PastState& past) {
  static const std::string sql = select_from(kMaterializationColumns, "materializations WHERE key=?1 AND at<=?2 ORDER BY id DESC LIMIT 1");
  {
    auto query = database.query(sql, asset, moment.at);
    if (!query.next()) return;
    std::int64_t id = 0;
    auto made = read_materialization(database, query.row(), id);
    past.state.last_materialization = AssetState::Data{made.run, made.at, std::move(made.metadata), std::move(made.data_version), made.provenance ? made.provenance->code_version : "", made.provenance};
  }
  if (past.state.last_materialization->run == 0) return;
  auto run = database.query("SELECT definitions_version FROM runs WHERE id=?", past.state.last_materialization->run);
  if (run.next()) past.definitions_version = run.row().integer();
}

/// One that failed last in any partition shows as failed, as by AssetState::fails; a result that names none is about all, and over with the next that names one.
void take_checks(Database& database, const std::string& asset, const PastMoment& moment, AssetState& state) {
  std::set<std::pair<std::string, std::string>> seen;
  auto query = database.query("SELECT name, status, partition FROM check_results WHERE home=?1 AND at<=?2 ORDER BY id DESC LIMIT ?3", asset, moment.at, kChecksLookedAt);
  while (query.next()) {
    auto row = query.row();
    auto name = row.text();
    const auto status = from_stored<CheckStatus>(row.integer());
    const auto partition = row.text();
    if (!status || seen.contains({name, ""}) || !seen.emplace(name, partition).second) continue;
    const auto [last, is_first] = state.checks.try_emplace(std::move(name), *status);
    if (!is_first && !partition.empty() && (*status == CheckStatus::failed || *status == CheckStatus::error)) last->second = *status;
  }
}

PastState state_at(Database& database, const std::string& asset, const PastMoment& moment) {
  PastState past;
  const auto events = step_events(database, asset, moment);
  for (const auto& event : events) replay(event, past.state);
  take_outcome(database, asset, moment, events.empty() ? moment.at + Millis{1} : events.front().at, past.state);
  take_materialization(database, asset, moment, past);
  take_report(database, asset, moment, past.state);
  take_checks(database, asset, moment, past.state);
  return past;
}

std::optional<std::pair<std::int64_t, WallTime>> event_at_or_after(Database& database, std::int64_t id) {
  auto query = database.query("SELECT id, at FROM events WHERE id>=? ORDER BY id LIMIT 1", id);
  if (!query.next()) return std::nullopt;
  auto row = query.row();
  const auto found = row.integer();
  return std::pair(found, row.time());
}

/// The last event at or before `at`, by halving: ids follow time, but for what lies within one transaction or two, which is looked through.
std::int64_t last_event_until(Database& database, WallTime at, std::int64_t lowest, std::int64_t newest) {
  constexpr int kNeighbours = 500;
  auto low = lowest, high = newest + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto found = event_at_or_after(database, middle);
    if (found && found->second <= at) low = found->first + 1;
    else high = middle;
  }
  auto query = database.query("SELECT max(id) FROM (SELECT id, at FROM events WHERE id>=? ORDER BY id LIMIT ?) WHERE at<=?", low - kNeighbours / 2, kNeighbours, at);
  return query.next() ? std::max(query.row().integer_or_null().value_or(0), std::int64_t{0}) : 0;
}

struct KeptVersion {
  std::int64_t version = 0;
  bool exact = true;
};

std::optional<KeptVersion> version_at(Database& database, WallTime at) {
  std::optional<std::int64_t> before, after;
  {
    auto query = database.query("SELECT version FROM definitions WHERE applied_at<=? ORDER BY version DESC LIMIT 1", at);
    if (query.next()) before = query.row().integer();
  }
  auto query = database.query("SELECT version FROM definitions WHERE applied_at>? ORDER BY version LIMIT 1", at);
  if (query.next()) after = query.row().integer();
  if (!before && !after) return std::nullopt;
  if (!before) return KeptVersion{*after, false};
  return KeptVersion{*before, !after || *after == *before + 1};
}

}  // namespace

Reader::Result<std::optional<PastMoment>> Reader::moment(WallTime at) {
  return impl_->read([&](Database& database) -> std::optional<PastMoment> {
    std::int64_t lowest = 0, newest = 0;
    WallTime oldest{};
    {
      auto query = database.query("SELECT id, at FROM events ORDER BY id LIMIT 1");
      if (!query.next()) return std::nullopt;
      auto row = query.row();
      lowest = row.integer();
      oldest = row.time();
    }
    if (at < oldest) return std::nullopt;
    {
      auto query = database.query("SELECT max(id) FROM events");
      if (query.next()) newest = query.row().integer();
    }
    const auto version = version_at(database, at);
    if (!version) return std::nullopt;
    return PastMoment{at, last_event_until(database, at, lowest, newest), version->version, version->exact};
  });
}

Reader::Result<std::vector<PastState>> Reader::states_at(std::span<const std::string> assets, const PastMoment& moment) {
  std::vector<PastState> states;
  states.reserve(assets.size());
  for (std::size_t from = 0; from < assets.size(); from += kAssetsARead) {
    const auto part = assets.subspan(from, std::min(kAssetsARead, assets.size() - from));
    const auto read = impl_->read([&](Database& database) {
      for (const auto& asset : part) states.push_back(state_at(database, read_present_name(database, asset), moment));
      return true;
    });
    if (!read) return std::unexpected(read.error());
  }
  return states;
}

}  // namespace assetd
