#pragma once
// SQLite as the daemon's memory: one writer (this class, one thread), many readers (reader.h, one each a thread).
// A failed commit has an unknown outcome: the store latches and refuses all further writes until reopen() has found out.

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/alert/alert.h"
#include "core/backfill/backfill.h"
#include "core/engine/change.h"
#include "core/run/asset_state.h"
#include "core/run/records.h"
#include "core/sensor/sensor.h"
#include "core/version/partition_inputs.h"
#include "daemon/store/renames.h"

namespace assetd {

class PruneSweep;
struct PruneBounds;

struct StoreError {
  enum class Kind {
    damaged,    ///< run `assetctl doctor`
    disk_full,
    io,
    busy,       ///< the query took too long
    schema,     ///< written by a newer assetd, or no store of assetd
    cursor,     ///< a page's cursor is not of this query and these filters
    bug
  };
  Kind kind = Kind::io;
  std::string message;  ///< what, where, what to do
  bool pages = false;   ///< of `damaged`: of the file itself, not only of what one row says
};

/// An event as it is stored and streamed (docs/api.md).
struct Event {
  std::int64_t id = 0;
  WallTime at{};
  std::string type;
  std::int64_t run = 0;      ///< 0: none
  std::string asset;         ///< "": none, or several
  nlohmann::json subject;
  nlohmann::json changes;
};

struct AuditEntry {
  WallTime at{};
  Actor actor;
  std::string action;   ///< run.create, run.cancel, schedule.pause, …
  std::string subject;
  nlohmann::json detail = nlohmann::json::object();
};

/// The answer given to an idempotent request, kept 24 h, committed with its effect. Its `as_of` is added by the store, which knows it then.
struct IdempotentAnswer {
  std::string actor, route, key;
  std::string body_hash;
  int status = 0;
  std::string body;
  WallTime at{};
};

/// A definitions version as stored: compiled bytes by content hash.
struct DefinitionsRecord {
  std::int64_t version = 0;  ///< 0: not stored yet
  std::string hash;
  std::string compiled;
  std::string watch_state;   ///< for is_unchanged()
  nlohmann::json summary = nlohmann::json::object();  ///< imports, warnings, counts
  WallTime applied_at{};
};

/// How a step of an asset ended, by the asset's key: its history across runs and definitions versions. A retried step gives one row per attempt.
struct StepOutcome {
  std::string asset;
  RunId run = 0;
  int attempt = 0;  ///< 0: it never ran
  StepStatus status = StepStatus::succeeded;
  std::string reason;
  std::optional<WallTime> started_at;
  WallTime ended_at{};
  std::string partition = "";
  std::shared_ptr<const Provenance> found = nullptr;  ///< of one that did not succeed: what it was to be made from
};

/// A key of a dynamic set of partitions, as it is now: an index is never given to another key.
struct PartitionKeyRecord {
  std::string set, key;
  PartitionIndex index = 0;
  bool present = true;
  WallTime at{};
  std::string by;
};

/// What an asset's automation remembers, and what it last asked for.
struct AutomationRecord {
  std::string asset, condition;  ///< the condition as written: the memory is of no other
  std::string memory;            ///< Automation::memory
  bool holds = false;            ///< its condition, at the last evaluation
  std::optional<WallTime> requested_at;
  RunId run = 0;                 ///< that it asked for last; 0: none yet
  bool operator==(const AutomationRecord&) const = default;
};
/// An evaluation of an asset's condition that gave another answer than the one before, or asked for a run.
struct EvaluationRecord {
  std::string asset;
  WallTime at{};
  bool holds = false;
  RunId run = 0;       ///< that it asked for; 0: none
  std::string answer;  ///< JSON, node by node (core/automation/answer_json.h)
};
/// Nothing is requested by itself: of one asset, or ("") of any, and then schedules do not tick either.
struct AutomationPause {
  std::string asset;
  std::string by, reason;
  WallTime at{};
  std::optional<WallTime> until;  ///< nothing: until somebody resumes it
};
/// What automation commits with the changes that brought it about.
struct AutomationBatch {
  std::vector<AutomationRecord> records;
  std::vector<EvaluationRecord> evaluations;
  std::vector<AutomationPause> paused;
  std::vector<std::string> resumed;      ///< assets, "" for all
  std::optional<WallTime> evaluated_at;  ///< instants up to there have been dealt with
  bool empty() const { return records.empty() && evaluations.empty() && paused.empty() && resumed.empty() && !evaluated_at; }
};

/// What sensors commit with the runs that they ask for.
struct SensorBatch {
  std::vector<SensorState> states;  ///< whole
  std::vector<SensorTick> ticks;    ///< new, or once more with another end: known by sensor and number
  std::vector<SensorKey> keys;
  bool empty() const { return states.empty() && ticks.empty() && keys.empty(); }
};

/// Everything that one transaction takes. Order within `changes` is kept.
struct CommitBatch {
  std::vector<Change> changes;
  std::vector<std::pair<std::string, AssetState>> assets;  ///< new states of assets, whole
  std::vector<StepOutcome> outcomes;
  std::vector<Event> events;          ///< ids are given at the commit
  std::vector<AuditEntry> audit;
  std::vector<IdempotentAnswer> answers;
  AutomationBatch automation;
  SensorBatch sensors;
  std::vector<AlertChange> alerts;
  std::vector<PartitionKeyRecord> partition_keys;
  std::vector<Backfill> backfills;  ///< as they are now, whole
  bool empty() const {
    return sensors.empty() && partition_keys.empty() && backfills.empty() && changes.empty() && assets.empty() && outcomes.empty() && events.empty() && audit.empty() && answers.empty() && automation.empty() && alerts.empty();
  }
};

/// What a restart needs: all runs that have not ended, and what lives on.
struct ActiveRun {
  RunRecord run;
  std::string plan;                 ///< RunPlan::encode; "" when it is not there or damaged
  std::vector<StepRecord> steps;    ///< those not pending
  std::vector<CheckResult> checks;
  std::vector<AttemptRecord> attempts;  ///< all of its attempts; live ones have no outcome
};
struct ScheduleState {
  std::string schedule;
  std::optional<WallTime> cursor;
  std::string fingerprint;
  std::optional<bool> paused;       ///< over the API; nothing: as defined
  std::string paused_by, pause_reason;
};
/// Slots of a pool that were set over the API.
struct PoolSize {
  std::string pool;
  int slots = 0;
  int defined = 0;  ///< what the definitions said then
  std::string by, reason;
  WallTime at{};
};
struct Recovered {
  std::vector<ActiveRun> runs;
  std::vector<std::pair<std::string, AssetState>> assets;
  std::vector<ScheduleState> schedules;
  std::vector<PoolSize> pools;
  std::vector<AutomationRecord> automation;
  std::vector<AutomationPause> automation_pauses;
  std::optional<WallTime> automation_evaluated_at;
  std::vector<SensorState> sensors;
  std::vector<SensorTick> sensor_ticks;  ///< of each the newest
  std::vector<AlertRecord> alerts;  ///< those that are pending or open, in the order in which they were raised
  std::vector<Silence> silences;    ///< also those that are over
  std::vector<PartitionKeyRecord> partition_keys;  ///< by set and index
  std::vector<Backfill> backfills;  ///< that are not over, the oldest first
  std::int64_t last_backfill = 0;   ///< the highest id that was given
  RunId last_run = 0;
  std::int64_t last_event = 0;
  std::int64_t transaction = 0;
};

class Store {
 public:
  /// Creates or migrates. Errors: damaged (say `assetctl doctor`), schema from a newer assetd, a network file system.
  static std::expected<std::unique_ptr<Store>, StoreError> open(const std::string& path);
  ~Store();

  const std::string& id() const;             ///< 32 hex, made with the store
  std::int64_t next_generation();            ///< counts starts of a daemon on this store, durable; 0 if it could not be written (then latched)
  std::expected<Recovered, StoreError> load();

  /// One transaction, one sync. On success events carry their ids, in order. On failure the outcome is unknown: latched() from now on.
  std::expected<void, StoreError> commit(CommitBatch& batch);
  bool latched() const;
  /// Opens it again, checkpoints, and says which transaction is the last that is there. On failure it stays latched, and is read as before.
  std::expected<std::int64_t, StoreError> reopen();
  /// Latches for good if the store's files were removed or replaced: what is written to them would be gone. Costs two looks at names; every write does it first.
  std::expected<void, StoreError> look_at_files();
  /// Latches for good: nothing is written, and reopen() fails with `why`.
  void give_up(StoreError why);
  /// Why it is latched for good: damaged pages, or files that are gone; null: it is not.
  const StoreError* given_up() const;
  std::int64_t last_event() const;
  std::int64_t transaction() const;

  /// Stores a version unless its hash is the current one's; returns the version number that is current then. Commits `batch` in the same
  /// transaction, in both cases. A new version's number is the current one's plus 1. The history of assets that it renames goes with them.
  std::expected<std::int64_t, StoreError> put_definitions(DefinitionsRecord& record, CommitBatch& batch, const Renaming& renaming = {});
  /// As of the last version.
  const AssetNames& names() const;
  std::expected<void, StoreError> update_watch_state(std::int64_t version, const std::string& watch_state);
  /// Of that version; "" when it is not there.
  std::expected<std::string, StoreError> watch_state(std::int64_t version);
  std::expected<std::optional<DefinitionsRecord>, StoreError> current_definitions();
  std::expected<std::optional<DefinitionsRecord>, StoreError> definitions(std::int64_t version);

  std::optional<IdempotentAnswer> find_answer(const std::string& actor, const std::string& route, const std::string& key);
  /// One step of a sweep, in a transaction of its own. A failure latches.
  std::expected<void, StoreError> prune(PruneSweep& sweep, const PruneBounds& bounds);
  /// True while much of the write-ahead log is being moved into the main file: what can wait, as pruning, waits, or the writer has the more to move.
  bool is_moving_log();
  /// Has this attempt reported a materialization of this asset? Looks through the asset's history, newest first: for a restart.
  std::expected<bool, StoreError> has_materialized(const std::string& key, const AttemptId& attempt, const std::string& partition = "");
  /// The newest materialization of this asset that was there at that moment: for a restart.
  std::expected<std::optional<Materialization>, StoreError> materialized_before(const std::string& key, WallTime at);
  /// The newest materialization of this very partition; one of the asset as a whole is none of it.
  std::expected<std::optional<Materialization>, StoreError> last_of_partition(const std::string& key, const std::string& partition);
  /// The same, of its data only; `before`: that was there at that moment.
  std::expected<std::optional<PartitionData>, StoreError> partition_data(const std::string& key, const std::string& partition, std::optional<WallTime> before = std::nullopt);
  /// What was made of this instant, if it was ever dealt with: holds also after the clock jumped back.
  std::optional<TickRecord> find_tick(const std::string& schedule, WallTime instant);
  /// The run that this sensor asked for under this key; 0: it was asked for, and made none.
  std::optional<RunId> find_sensor_key(const std::string& sensor, const std::string& key);
  // From any thread, also while another commits:
  std::expected<void, StoreError> checkpoint();  ///< off the commit path, when idle
  std::expected<void, StoreError> backup(const std::string& file);

 private:
  Store();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assetd
