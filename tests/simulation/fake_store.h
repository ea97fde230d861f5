#pragma once
// A store in memory that keeps what a restart needs and holds each change against what it knows (see invariants.cc).

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/automation/condition.h"
#include "core/engine/change.h"
#include "core/engine/engine.h"
#include "core/sensor/rules.h"
#include "daemon/service/freshness_watch.h"
#include "core/schedule/ticker.h"
#include "daemon/store/store.h"

namespace assetd::simulation {

class Lineage;

/// Name → how many runs it lets be under way.
std::map<std::string, int> limits_that_count(const RunLimits& limits, const RunRecord& run);

/// The freshness of an asset becomes another, after so many changes of the transaction.
struct FreshnessChange {
  FreshnessTold told;
  std::size_t after = 0;
  WallTime at{};
};

class FakeStore {
 public:
  struct Run {
    RunRecord record;
    std::string encoded;  ///< its plan
    std::shared_ptr<const RunPlan> plan;
    RunContext context;
    bool damaged = false;  ///< its plan cannot be read any more
    std::map<StepIndex, StepRecord> steps;
    std::set<StepIndex> begun;  ///< in any attempt
    std::vector<CheckResult> checks;
    std::map<AttemptId, AttemptRecord> attempts;
    std::map<std::pair<AttemptId, StepIndex>, int> made;  ///< materializations
  };
  /// What one transaction holds.
  struct Batch {
    std::vector<Change> changes;
    std::optional<std::map<std::string, int>> pools;
    std::optional<RunContext> definitions;
    std::optional<Waivers> waivers;
    std::map<std::string, RunId> answers;  ///< by idempotency key
    std::vector<std::pair<std::string, AssetState>> assets;
    AutomationBatch automation;
    std::vector<Backfill> backfills;
    SensorBatch sensors;
    std::vector<AlertChange> alerts;
    std::vector<FreshnessChange> told;
    std::vector<PartitionKeyRecord> partition_keys;
    WallTime at{};
    bool empty() const {
      return alerts.empty() && told.empty() && sensors.empty() && partition_keys.empty() && changes.empty() && !pools && !definitions && !waivers && answers.empty() && assets.empty() && automation.empty() && backfills.empty();
    }
  };

  /// Commits all of it, or throws a Violation.
  void commit(const Batch& batch);
  /// Called with every attempt whose end commits.
  std::function<void(const AttemptRecord&)> on_ended;

  /// Called with every alert of which an attempt to deliver it commits.
  std::function<void(const AlertRecord&)> on_tried;
  /// Called with every run that a sensor asks for, once it commits.
  std::function<void(const RunRecord&)> on_asked;

  std::vector<RestoredRun> active() const;
  std::int64_t next_generation() { return ++generation_; }
  const RunContext& definitions() const { return versions_.rbegin()->second; }
  const std::map<std::string, int>& pools() const { return pools_; }
  const Waivers& waivers() const { return waivers_; }
  const std::map<std::string, SchedulePosition>& schedules() const { return schedules_; }
  bool had_tick(const std::string& schedule, WallTime instant) const { return ticks_.contains({schedule, instant}); }
  std::optional<RunId> answer(const std::string& key) const;
  struct KeptAutomation {
    std::map<std::string, AutomationRecord> records;
    std::map<std::string, AutomationPause> pauses;  ///< by asset; "": all
    std::optional<WallTime> evaluated_at;
  };
  const KeptAutomation& automation() const { return automation_; }
  const std::map<std::int64_t, Backfill>& backfills() const { return backfills_; }
  const std::map<std::string, AssetState>& assets() const { return assets_; }
  const std::map<std::string, SensorState>& sensors() const { return sensors_; }
  const std::map<std::string, SensorTick>& sensor_ticks() const { return sensor_ticks_; }
  bool has_sensor_key(const std::string& sensor, const std::string& key) const { return sensor_keys_.contains({sensor, key}); }
  /// The red button: nothing acts by itself.
  bool red() const { return automation_.pauses.contains(""); }
  const std::vector<AlertRecord>& alerts() const { return alerts_; }  ///< in the order in which they were raised
  const std::map<std::string, Silence>& silences() const { return silences_; }
  std::int64_t last_event() const { return last_event_; }
  /// What became of the asset that a sensor watches.
  const std::vector<FoundHappening>& happened() const { return happened_; }
  /// Only what a sensor has to ask for: since it knew how far it has looked.
  std::vector<FoundHappening> happened_since_watched() const;
  /// Sets of dynamic keys, with those that were removed.
  const DynamicKeys& keys() const { return keys_; }
  /// How a version's assets are divided with these keys. Made once: a daemon and what is held against it ask often, and windows take time.
  std::shared_ptr<const PartitionTable> table(const RunContext& context, const DynamicKeys& keys) const;
  const std::map<RunId, Run>& runs() const { return runs_; }
  RunId last_run() const { return runs_.empty() ? 0 : runs_.rbegin()->first; }
  const AttemptRecord* attempt(const AttemptId& id) const;
  const Run& run_of(const AttemptId& id) const { return runs_.at(run_of_attempt_.at(id)); }
  std::size_t attempts() const { return run_of_attempt_.size(); }
  void damage(RunId run) { runs_.at(run).damaged = true; }

  /// The program of an attempt has said so: each report is one materialization, and a step of which none was reported has one at most.
  void program_reported(const AttemptId& attempt, StepIndex step) { ++reported_[{attempt, step}]; }
  /// How many of its numbered messages have counted.
  int noted(const AttemptId& attempt) const;

  // invariants.cc
  void check_holds(const Engine& engine) const;

  // alert_invariants.cc
  /// What an attempt to deliver has made of it: it comes again when it should.
  void check_attempt(const AlertRecord& alert, Millis give_up, WallTime now) const;
  /// Once nothing waits any more.
  void check_all_tried() const;

  // freshness_invariants.cc
  /// After a turn.
  void check_freshness(WallTime now);

  // automation_invariants.cc
  /// Once nothing is under way: whatever happened above an asset that is made by itself has been followed.
  void check_followed(WallTime now) const;

 private:
  void on(const RunCreated& change);
  void note_told(const Materialization& made);
  void on(const RunChanged& change);
  void on(const RunAmended& change) { runs_.at(change.run.id).record = change.run; }
  void on(const StepChanged& change);
  void on(const StepsEnded& change);
  void on(const AttemptIntended& change);
  void on(const AttemptStarted& change);
  void on(const AttemptEnded& change);
  void on(const AttemptNoted& change);
  void on(const MessagesRead& change);
  void on(const CheckReported& change) { runs_.at(change.result.run).checks.push_back(change.result); }
  void on(const Materialized& change);
  void on(const TickRecorded& change);
  void on(const ScheduleMoved& change);
  void on(const SchedulePaused&) {}
  void on(const PoolResized&) {}

  // invariants.cc
  void check_created(const RunRecord& record) const;
  void check_move(const Run& run, StepIndex step, StepStatus to) const;
  void check_line(const Run& run) const;
  void check_limits(const Run& run) const;
  void check_intent(const Run& run, const AttemptRecord& intent) const;
  void check_alone(const AttemptRecord& intent) const;
  void check_cap(const Run& run) const;
  void check_reused(const Run& run, const StepRecord& step) const;
  void check_parents(const Run& run, const AttemptRecord& intent) const;
  void check_ended(const Run& run) const;

  // rules_invariants.cc
  void check_paused(const Batch& batch, const RunCreated& created) const;
  void check_window_of_tick(const RunCreated& created) const;
  void check_tick(const TickRecord& tick) const;
  void check_filter(const Batch& batch, const RunCreated& created) const;
  void take_automation(const Batch& batch);

  // division_invariants.cc
  void take_keys(const Batch& batch);
  void check_divided(const Batch& batch, const RunCreated& created) const;
  const PartitionTable& table(const RunContext& context) const { return *table(context, keys_); }
  const Partitions* divided(const std::string& key, const PartitionsSpec& as) const;
  bool is_divided_anew(const RunContext& before, const std::string& key) const;

  // automation_invariants.cc
  /// An asset, or one partition of it: its key and that of the partition.
  using Piece = std::pair<std::string, std::string>;
  /// What became of it, by the number of the commit; 0: never.
  struct Life {
    std::int64_t planned = 0, asked = 0, made = 0;
    std::int64_t passed = 0;  ///< its checks let what was made before count
    RunId made_by = 0;
    std::optional<WallTime> asked_at, made_at, passed_at;  ///< as automation looked at it; nothing: it did not
    WallTime made_when{};                                  ///< as the clock said
    /// What follows it was set off by then.
    std::int64_t updated() const { return std::max(made, passed); }
    std::optional<WallTime> updated_at() const { return passed > made ? passed_at : made_at; }
  };
  void note_planned(const Batch& batch, const RunCreated& created);
  void check_automated(const Batch& batch, const RunCreated& created) const;
  void check_ticked(const Piece& piece, const std::string& condition, const std::vector<Piece>& above, const std::set<Piece>& with, WallTime evaluated) const;
  std::optional<WallTime> window_end(const Piece& piece) const;
  void check_tick_followed(const Piece& piece, const std::string& condition, WallTime now) const;
  void check_followed(const Piece& piece, const Lineage& lineage, bool follows) const;
  std::int64_t added(const Piece& piece) const;
  bool is_of_removed_key(const Piece& piece) const;
  Life life(const Piece& piece) const;
  bool has_waited(const Piece& piece, const Condition& condition) const;
  bool is_known(const Piece& piece) const;
  bool is_unchecked(const Piece& piece) const;
  Piece piece_of(const std::string& key, const std::string& partition) const;
  std::vector<Piece> pieces(const RunContext& context, const RunPlan& plan) const;

  // alert_invariants.cc
  class AlertCheck;
  /// What failed last of assets that are divided, and of their checks (not ""), by key and check: keys of partitions.
  std::map<std::pair<std::string, std::string>, std::set<std::string>> failed_;
  std::map<std::string, std::set<std::string>> unmended_;  ///< partitions of alerts, by id, that were not seen whole since
  void note_failed(const StepChanged& change);
  void note_failed(const CheckResult& result);
  void note_well(const Materialization& made);
  void note_divided(const RunContext& before);
  std::set<std::string> failed(const std::string& asset, const std::string& check, const DynamicKeys& keys) const;
  std::set<std::string> failed(const std::string& asset, const std::string& check) const;
  std::set<std::string> failed_before_keys(const std::string& asset, const std::string& check) const { return failed(asset, check, keys_before_); }
  bool has_partition(const std::string& key, const std::string& partition, const DynamicKeys& keys) const;
  bool has_partition(const std::string& key, const std::string& partition) const { return has_partition(key, partition, keys_); }
  /// Also one that this transaction removes, or adds: what it says of it may come before that, or after.
  bool state_says_failed(const std::string& key, const std::string& check, const std::string& partition) const;
  bool is_forgotten(const std::string& key, const std::string& check, const std::string& partition) const;
  void forget_failures_of_removed();
  bool is_said_to_fail(const std::string& key, const std::string& check, const std::string& partition) const;
  bool had_partition(const std::string& key, const std::string& partition) const { return has_partition(key, partition) || has_partition(key, partition, keys_before_); }
  void take_alerts(const Batch& batch);
  void check_told(const Batch& batch);
  void check_lineage(const Batch& batch);
  void take_attempt(const AlertRecord& alert);

  // freshness_invariants.cc
  void check_awaited(const AssetSpec& asset, WallTime now) const;
  void check_awaited_told(const FreshnessChange& change, const AssetState& state) const;
  using FreshnessBefore = std::map<std::string, std::string>;  ///< of the assets in a batch
  /// `former`: the definitions that the batch replaces.
  FreshnessBefore take_assets(const Batch& batch, const std::optional<RunContext>& former);
  void note_passed(const std::string& key, const AssetState& before, const AssetState& after);
  void note_passed_anew(const std::string& key, const AssetState& before, const AssetState& after);
  void note_passed(const Piece& piece);
  void note_window(const Materialization& made);
  std::optional<TimeWindow> window_of(AssetId asset, const Materialization& made) const;
  void forget_windows(const RunContext& before);
  WallTime time_of_data(const FreshnessSpec& spec, const Materialization& made) const;
  void check_freshness_told(const Batch& batch, const FreshnessBefore& before) const;

  // sensor_invariants.cc
  void take_sensors(const Batch& batch);
  void take_tick(const SensorTick& tick);
  void check_sensor_runs(const Batch& batch) const;
  void note_event(const Materialization& made);

  // backfill_invariants.cc
  void take_backfills(const Batch& batch);
  void check_backfill(const Backfill& next);
  void check_made(const Backfill& backfill, RunId id, const IndexSet& succeeded) const;
  void check_roots_of(const Run& run) const;

  static StepStatus status(const Run& run, StepIndex step);
  AttemptRecord& attempt_record(const AttemptId& id) { return runs_.at(run_of_attempt_.at(id)).attempts.at(id); }

  std::map<std::int64_t, RunContext> versions_;
  std::map<std::string, int> pools_;
  Waivers waivers_;
  std::map<RunId, Run> runs_;
  std::map<AttemptId, RunId> run_of_attempt_;
  std::map<AttemptId, const AttemptRecord*> live_;
  std::map<std::pair<AttemptId, StepIndex>, int> reported_;
  std::map<AttemptId, int> noted_;
  std::map<std::string, RunId> answers_;
  std::set<std::pair<std::string, WallTime>> ticks_;
  std::map<std::string, SchedulePosition> schedules_;
  KeptAutomation automation_;
  std::map<std::string, AssetState> assets_;
  std::map<std::string, SensorState> sensors_;
  std::map<std::string, SensorTick> sensor_ticks_;  ///< the last of each
  std::set<std::pair<std::string, std::string>> sensor_keys_;
  std::vector<AlertRecord> alerts_;
  std::map<std::string, Silence> silences_;
  std::map<std::string, Materialization> last_made_;
  std::map<std::string, WallTime> data_until_;  ///< of those divided by time: the end of the newest window that was made
  WallTime latest_{};  ///< that the clock has shown
  std::vector<FoundHappening> happened_;
  std::optional<std::int64_t> watched_since_;
  std::int64_t last_event_ = 0;
  std::map<std::int64_t, Backfill> backfills_;
  std::map<std::int64_t, std::map<std::size_t, IndexSet>> asked_of_;  ///< by backfill and group, since its begin or its last retry
  DynamicKeys keys_, keys_before_;  ///< now, and before the commit under way
  std::set<std::string, std::less<>> keys_removed_;  ///< by that commit, though it may have added them again
  std::map<std::string, std::int64_t> key_added_;  ///< with which commit, last
  mutable std::map<std::pair<std::shared_ptr<const Definitions>, std::shared_ptr<const NamedKeys>>, std::shared_ptr<const PartitionTable>> tables_;
  std::map<Piece, Life> lives_;
  WallTime defined_wall_{};              ///< when the definitions of now came
  std::optional<WallTime> defined_at_;  ///< the same, as automation looked at them first
  std::optional<WallTime> looking_at_;  ///< of the transaction under way
  std::int64_t looked_ = 0;             ///< with which commit automation last looked at anything
  std::int64_t commits_ = 0, defined_ = 0;  ///< defined_: with which the definitions of now came
  std::int64_t generation_ = 0;
};

}  // namespace assetd::simulation
