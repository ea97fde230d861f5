#pragma once
// Read-only queries for the HTTP API. One Reader a thread; each query sees one committed state and takes at most 50 ms of processor time
// (and half a second by the clock), else the error is `busy`; those of events are not bounded.
// Cursors are opaque to callers: strings made here, bound to their filters. A cursor of another query or filter is the error `cursor`.

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/store/store.h"

namespace assetd {

template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_cursor;  ///< "" at the end
};

struct PageRequest {
  int limit = 100;     ///< 1 to 1,000, checked by the caller
  std::string cursor;
};

/// A version of the definitions without its content.
struct DefinitionsRow {
  std::int64_t version = 0;
  std::string hash;
  WallTime applied_at{};
  nlohmann::json summary;  ///< assets, added, changed, removed
};

struct RunFilter {
  std::vector<RunStatus> statuses;
  std::string asset;   ///< runs in which a step of it ended or is in progress
  std::optional<WallTime> since;
  std::string job;
  std::int64_t backfill = 0;  ///< 0: whatever made them
};

struct RunRow {
  RunRecord run;
  std::map<std::string, std::uint32_t> counts;  ///< empty while it is active: ask the service
  std::vector<RunId> retried_by;
  nlohmann::json causes = nlohmann::json::array();
};

struct EventFilter {
  std::vector<std::string> types;
  RunId run = 0;
  std::string asset;
};

struct AlertFilter {
  std::vector<std::string> states;  ///< as to_string(AlertState); empty: all
  std::string rule;  ///< "": all, but not what OpenLineage is told
  RunId run = 0;
};

/// How delivery by one rule stands.
struct OutboxCounts {
  std::int64_t pending = 0, delivered = 0, failed = 0;  ///< of those that are kept
  std::string last_error;                               ///< of the newest that waits after an attempt, or was given up
  std::optional<WallTime> delivered_at;                 ///< last
};

struct MaterializationRow {
  std::int64_t id = 0;
  Materialization value;
};
struct CheckRow {
  std::int64_t id = 0;
  CheckResult value;
};
struct MadePartitionRow {
  std::string partition;
  WallTime at{};
  RunId run = 0;
  std::string data_version;  ///< never empty
  std::shared_ptr<const Provenance> provenance = nullptr;  ///< null: not kept
};
/// What there is of a partition: its latest materialization.
struct PartitionRow {
  RunId run = 0;
  WallTime at{};
};
struct AuditRow {
  std::int64_t id = 0;
  AuditEntry value;
};
struct HistoryCell {
  std::string day;   ///< 2026-11-22, UTC
  std::string asset;
  std::uint32_t succeeded = 0, failed = 0, skipped = 0;
};
struct EvaluationRow {
  std::int64_t id = 0;
  EvaluationRecord value;
};
struct Note {
  std::string kind, key;
  nlohmann::json data;
  WallTime at{};
};

/// A past moment: the last event that had happened by then, and the definitions that were in force.
struct PastMoment {
  WallTime at{};
  std::int64_t event = 0;
  std::int64_t version = 0;
  bool version_is_exact = true;  ///< false: what was in force is no longer kept; `version` is the newest before it, or the oldest that is there
};
struct PastState {
  AssetState state;  ///< without code_version of its data
  std::int64_t definitions_version = 0;  ///< by which its data was made; 0: not known
};

class Reader {
 public:
  /// `on_damage` hears of damaged pages that a query met, in its thread.
  static std::expected<std::unique_ptr<Reader>, StoreError> open(const std::string& path, Millis budget = Millis(50), std::function<void(const StoreError&)> on_damage = nullptr);
  ~Reader();

  template <typename T>
  using Result = std::expected<T, StoreError>;

  /// The newest committed event id; what `as_of` says.
  Result<std::int64_t> as_of();
  Result<Page<RunRow>> runs(const RunFilter& filter, const PageRequest& page);
  Result<std::optional<RunRow>> run(RunId id);
  Result<std::optional<std::string>> plan(RunId id);  ///< RunPlan::encode
  Result<std::vector<StepRecord>> steps(RunId id, StepIndex from, StepIndex to);  ///< those in [from, to) that are not pending
  /// Also those that are pending. `ready` is not stored: such a step is pending or waiting_retry here.
  Result<std::vector<StepRecord>> steps_by_status(RunId id, StepStatus status, StepIndex from, int limit);
  Result<std::vector<AttemptRecord>> attempts(RunId id);
  /// Also those of checks that have a process of their own (AttemptRecord::check) where the step is their home.
  Result<std::vector<AttemptRecord>> attempts_of_step(RunId id, StepIndex step);
  Result<std::vector<CheckResult>> checks(RunId id);
  Result<std::vector<Note>> notes(const AttemptId& attempt, const std::string& kind = "");  ///< kind "": all
  /// The middle duration of the last 20 succeeded runs of the same selection; nothing with fewer than 2.
  Result<std::optional<std::int64_t>> usual_ms(const std::string& select, const std::string& job);
  // Pages: newest first.
  Result<Page<MaterializationRow>> materializations(const std::string& asset, const PageRequest& page, const std::string& partition = "");  ///< partition "": all
  /// Of all partitions of an asset of which a materialization is kept, the latest; in no order.
  Result<std::vector<MadePartitionRow>> made_partitions(const std::string& asset);
  /// Of these partitions, those that are kept.
  Result<std::map<std::string, PartitionRow>> partitions(const std::string& asset, std::span<const std::string> partitions);
  Result<Page<Backfill>> backfills(const PageRequest& page);
  Result<std::optional<Backfill>> backfill(std::int64_t id);
  /// The numbers that the last `last` materializations of the asset report as `metric`, newest first; not of those whose step did not succeed, nor of
  /// the run `except`.
  Result<std::vector<double>> metric_history(const std::string& asset, const std::string& metric, int last, RunId except);
  /// It had another name before, which nobody has now.
  Result<bool> was_renamed(const std::string& asset);
  // Of one partition where it is named, else of whichever.
  /// The newest of that asset made by that run.
  Result<std::optional<MaterializationRow>> materialization(const std::string& asset, RunId run, const std::string& partition = "");
  /// The last execution of that asset's step in that run.
  Result<std::optional<StepOutcome>> outcome(const std::string& asset, RunId run, const std::string& partition = "");
  /// The last run before `before` in which the asset's step succeeded and was executed; nothing: none that is kept. Costs a look at each outcome since then.
  Result<std::optional<RunId>> last_success(const std::string& asset, RunId before, const std::string& partition = "");
  Result<Page<DefinitionsRow>> definitions_versions(const PageRequest& page);  ///< newest first
  Result<Page<CheckRow>> check_results(const std::string& asset, const std::string& check, const PageRequest& page, const std::string& partition = "");  ///< check, partition "": all
  Result<Page<StepOutcome>> asset_attempts(const std::string& asset, const PageRequest& page);
  Result<Page<TickRecord>> ticks(const std::string& schedule, const PageRequest& page);
  Result<Page<SensorTick>> sensor_ticks(const std::string& sensor, const PageRequest& page);
  Result<Page<AlertRecord>> alerts(const AlertFilter& filter, const PageRequest& page);
  /// What silences held back and lasts: that data is too old.
  Result<std::vector<AlertRecord>> alerts_held_back();
  Result<OutboxCounts> outbox_counts(const std::string& rule);
  Result<std::optional<AlertRecord>> alert(const std::string& id);
  /// Those that stand at `now`, the one that ends last first.
  Result<std::vector<Silence>> silences(WallTime now);
  Result<Page<AuditRow>> audit(const PageRequest& page);
  Result<Page<EvaluationRow>> evaluations(const std::string& asset, const PageRequest& page);
  /// By day and asset, from the day of `since` on.
  Result<std::vector<HistoryCell>> history(WallTime since);
  /// Of each asset, in the same order, how long its newest succeeded steps took: at most `limit`, the newest first.
  Result<std::vector<std::vector<Millis>>> durations(std::span<const std::string> assets, int limit);
  /// Of each asset, in the same order, its state at a past moment, as far as retention has left what happened then. `freshness` is not among it.
  Result<std::vector<PastState>> states_at(std::span<const std::string> assets, const PastMoment& moment);
  /// Nothing: the store did not exist yet, or what happened then is forgotten.
  Result<std::optional<PastMoment>> moment(WallTime at);
  /// Ascending after `after`. `lowest` is the oldest id that is still kept (for 410).
  struct Events {
    std::vector<Event> items;
    std::int64_t lowest = 0, newest = 0;
  };
  Result<Events> events_after(std::int64_t after, const EventFilter& filter, int limit);
  Result<Page<Event>> events_newest(const EventFilter& filter, const PageRequest& page);
  /// Of these runs, in ascending order, those whose output may go: ended before `cutoff` (or forgotten), and no asset failed last in them. `young` is the
  /// first that is too young, 0 if none is: the rest is younger still.
  struct OldLogs {
    std::vector<RunId> runs;
    RunId young = 0;
  };
  Result<OldLogs> old_logs(std::span<const RunId> runs, WallTime cutoff);
  Result<std::optional<WallTime>> oldest_under_way();  ///< when the oldest run that has not ended was asked for; nothing: all have ended
  Result<std::optional<IdempotentAnswer>> answer(const std::string& actor, const std::string& route, const std::string& key);

 private:
  Reader();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assetd
