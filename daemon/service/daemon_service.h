#pragma once
// Service over the real engine, store and supervisor. A turn takes what waits, drives the engine, commits once, and only then lets
// anything be seen or done: one iteration is run_turn(); only loop() owns the thread.

#include <atomic>
#include <future>
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "core/alert/book.h"
#include "core/backfill/backfill.h"
#include "core/engine/engine.h"
#include "core/graph/selection.h"
#include "core/schedule/ticker.h"
#include "core/sensor/book.h"
#include "daemon/alerts/courier.h"
#include "daemon/definitions/compiler.h"
#include "daemon/execution/execution.h"
#include "daemon/sensors/runner.h"
#include "daemon/service/asset_book.h"
#include "daemon/service/automator.h"
#include "daemon/service/clock.h"
#include "daemon/service/definitions_watch.h"
#include "daemon/service/freshness_watch.h"
#include "daemon/service/housekeeper.h"
#include "daemon/service/metrics.h"
#include "daemon/service/projection.h"
#include "daemon/service/service.h"
#include "daemon/service/store_watch.h"
#include "daemon/service/task_queue.h"
#include "daemon/service/version_keeper.h"
#include "daemon/store/reader.h"
#include "daemon/store/store.h"

namespace assetd {
struct MadePartitions;

struct ServiceOptions {
  CompileOptions compile;
  DataPaths paths;
  std::string program;             ///< this executable: compiles definitions, and the supervisor stands beside it
  std::string cgroups;             ///< see SupervisorClientOptions::groups
  bool start_supervisor = true;    ///< see SupervisorClientOptions
  std::string supervisor_program;  ///< empty: assetd-supervisor beside `program`
  std::string listen;              ///< for GET /project
  std::string public_address;      ///< of the dashboard, for links in alerts; empty: `listen`
  std::shared_ptr<AlertSender> alert_sender = nullptr;  ///< null: the real one
  std::string sensor_program;      ///< whose `sense` looks for sensors; empty: `program`
  bool watch = false;              ///< reloads when a file of the definitions is saved
  std::int64_t free_space_floor = 64 << 20;  ///< bytes below which no attempt starts
};

inline constexpr const char* kDrainDetail = "the daemon is being drained: nothing starts, what runs is waited for, the next daemon goes on";

struct StartFailure {
  int exit_code = 1;
  std::string message;
  std::vector<DefinitionError> errors;
};

/// What one turn gathers: everything in it commits together.
struct Turn {
  Now now{};
  CommitBatch batch;
  std::vector<Effect> effects;
  std::vector<std::function<void(bool committed)>> after;  ///< once the outcome of the commit is known
  std::vector<RunId> ended;
  bool keys_changed = false;  ///< of dynamic partitions: backfills are looked at when the turn's changes are all known
  std::set<std::pair<std::string, WallTime>> ticks;  ///< that this turn records
  std::map<std::string, std::set<std::string>> selected;  ///< keys by a selection of an alert or silence, once they were asked for
};

class DaemonService final : public Service {
 public:
  /// Opens the store, recovers what had not ended, loads definitions and connects to the supervisor. With an existing store definitions that do not
  /// load are no failure.
  static std::expected<std::unique_ptr<DaemonService>, StartFailure> start(ServiceOptions options);
  ~DaemonService() override;

  /// Nothing new starts from now on, and what runs is waited for (drain) or canceled: is_drained() tells when none is left.
  enum class Drain { wait, cancel };
  void drain(Drain how);
  bool is_drained();
  /// Ends the thread. Steps that run go on.
  void shut_down();
  void set_listen(const std::string& address);

  void request_run(Caller caller, RunRequestBody body, Done done) override;
  void cancel_run(Caller caller, RunId run, Done done) override;
  void retry_run(Caller caller, RunId run, RetryBody body, Done done) override;
  void waive_check(Caller caller, RunId run, std::string check, WaiveBody body, Done done) override;
  void unwaive_check(Caller caller, std::string key, std::string check, UnwaiveBody body, Done done) override;
  void acknowledge(Caller caller, std::string key, std::string note, bool taken, Done done) override;
  void set_priority(Caller caller, RunId run, int priority, Done done) override;
  void resize_pool(Caller caller, std::string pool, std::optional<int> slots, std::string reason, Done done) override;
  void pause_schedule(Caller caller, std::string schedule, bool pause, std::string reason, Done done) override;
  void trigger_schedule(Caller caller, std::string schedule, Done done) override;
  void pause_automation(Caller caller, std::string asset, std::string reason, std::optional<WallTime> until, Done done) override;
  void resume_automation(Caller caller, std::string asset, std::string reason, Done done) override;
  void pause_sensor(Caller caller, std::string sensor, bool pause, std::string reason, Done done) override;
  void evaluate_sensor(Caller caller, std::string sensor, bool dry_run, Done done) override;
  void reset_sensor(Caller caller, std::string sensor, std::string cursor, std::string reason, Done done) override;
  void deliver_hook(HookDelivery delivery, Done done) override;
  void report_materialization(Caller caller, std::string key, ReportBody body, Done done) override;
  void request_backfill(Caller caller, BackfillBody body, Done done) override;
  void command_backfill(Caller caller, std::int64_t backfill, BackfillCommand command, std::string reason, Done done) override;
  void change_partition_keys(Caller caller, std::string set, std::vector<std::string> add, std::vector<std::string> remove, Done done) override;
  void add_silence(Caller caller, SilenceBody body, Done done) override;
  void end_silence(Caller caller, std::string silence, Done done) override;
  void test_alert(Caller caller, std::string rule, Done done) override;
  void reload(Caller caller, Done done) override;
  void plan_definitions(Caller caller, Done done) override;
  void apply_definitions(Caller caller, std::string plan, Done done) override;
  void back_up(Caller caller, Done done) override;
  LimitsNotInForce limits_not_in_force() const override;
  void found_damaged(const StoreError& error) override;
  void prune(Caller caller, Done done) override;
  std::shared_ptr<const Project> project() const override;
  std::shared_ptr<const Project> project(std::int64_t version) override;
  std::shared_ptr<const PartitionsInForce> partitions() const override;
  void with_assets(const std::function<void(const AssetTable&)>& read) const override { book_.read(read); }
  std::uint64_t assets_revision() const override { return book_.revision(); }
  std::optional<LiveRun> live_run(RunId run, const std::vector<StepIndex>& steps) override;
  std::optional<std::vector<StepIndex>> live_steps(RunId run, const std::vector<StepStatus>& statuses, StepIndex from, std::size_t limit) override;
  UnderWay under_way(const std::string& key) override;
  QueueView queue(std::size_t skip, std::size_t limit) override;
  std::vector<PoolView> pools() override;
  std::vector<ScheduleView> schedules() override;
  std::vector<SensorView> sensors() override;
  AutomationPage automation(const std::string& after, std::size_t limit) override;
  std::optional<AutomationView> automation_of(const std::string& key) override;
  std::shared_ptr<const ForecastStart> forecast_start() override;
  nlohmann::json definitions_status() const override;
  std::vector<Unready> unready() const override;
  std::string unreadable() const override;
  std::string metrics_text() const override;
  nlohmann::json project_status() const override;
  int subscribe(std::function<void(const std::vector<Event>&)> listener) override;
  void unsubscribe(int id) override;
  const DataPaths& paths() const override { return options_.paths; }

 private:
  using Task = TaskQueue<Turn>::Task;
  struct Resolved {
    std::shared_ptr<const RunPlan> plan;
    std::shared_ptr<const Project> project;
    std::string muted = {};  ///< who muted what the run leaves out; "": nothing. Where that is all that it would make the plan is empty
  };
  /// Only what nobody asks for leaves out what is muted.
  enum class AskedBy { people, itself };

  explicit DaemonService(ServiceOptions options);

  // the loop (service_loop.cc)
  void loop();
  void run_turn(std::vector<Task> tasks);
  void let_time_pass(Turn& turn);
  void feed(Turn& turn, const Input& input);
  void take(Turn& turn, Output output);
  void note_end(Turn& turn, const RunRecord& run);
  void flush_forgotten(const Now& now);
  bool may_wait(const Turn& turn) const;
  void finish(Turn& turn);
  void commit(Turn& turn);
  void perform(const std::vector<Effect>& effects, const Now& now);
  void perform(const StartAttempt& effect);
  void perform(const ShowProgress& effect);
  void preload(const std::vector<Change>& changes);
  void publish(const std::vector<Event>& events);
  bool is_latched() const { return store_->latched() || (!latched_.empty() && !recovering_); }  ///< service's thread
  void cancel_everything(Turn& turn);
  bool may_keep_house() const { return !draining_ && !is_latched() && project(); }
  void keep_house(const Now& now);
  Millis wait_time() const;
  template <typename T>
  T ask(std::function<T()> question);

  // room on the disk (service_disk.cc)
  std::string why_no_room();
  void watch_disk(Turn& turn);
  void hold_for_disk(Turn& turn, const std::string& detail);
  void take_report(Turn& turn, const Input& input);
  void warn_not_started(const Turn& turn, const AttemptExited& exited);

  // what waits for the supervisor (service_views.cc)
  std::vector<Blocker> blockers_of(RunId id, const RunState& run, StepIndex step, WallTime now) const;
  std::optional<Blocker> waits_for_supervisor(const AttemptRecord& attempt, WallTime now) const;
  std::optional<Blocker> silent_supervisor(WallTime since, WallTime now) const;

  // a store that failed (service_latch.cc)
  void latch(const std::string& why);
  void say_latched(const std::string& why);
  void go_back();
  StartsHeld held_for_store() const;
  void feed_held();
  void try_unlatch();
  std::expected<void, std::string> take_current_definitions();

  // start and restart (service_start.cc)
  std::expected<void, StartFailure> open_store();
  std::expected<void, StartFailure> first_definitions();
  void take_settings(const Recovered& stored);
  std::expected<void, std::string> recover();
  std::expected<void, std::string> take_from_store(Turn& turn);
  RunId unused_after(RunId last) const;
  std::expected<RestoredRun, std::string> usable(ActiveRun& active);
  std::expected<void, StoreError> find_reported(RestoredRun& restored);
  std::expected<void, StartFailure> connect();
  void reconcile(const SupervisorListing& listing);
  void supervisor_silence(int pid, Millis silence);
  std::string silence_of_supervisor(WallTime now) const;  ///< with the lock held; empty: it answers
  std::vector<AttemptRecord> live_attempts() const;
  LauncherOptions launcher_options() const;
  std::shared_ptr<const Project> cached_version(std::int64_t version) const;
  std::shared_ptr<const Project> load_version(std::int64_t version);

  // commands (service_runs.cc, service_schedules.cc)
  std::expected<Resolved, Reply> resolve(const std::string& select, StepsMode mode, const nlohmann::json& options, const PartitionChoice& partitions, WallTime now,
                                         AskedBy by = AskedBy::people) const;
  std::expected<std::vector<AssetId>, SelectionError> select(const Project& project, const std::string& expression) const;
  /// What `choose` (select_assets, selection_targets) says of an expression, with the state of assets.
  std::expected<std::vector<AssetId>, SelectionError> selected(const Project& project, const std::string& expression, decltype(select_assets)& choose) const;
  using PartitionSets = std::map<AssetId, IndexSet>;
  /// Of assets that are divided and have no set here: what is usual by then.
  RunPlan plan_of(const Project& project, const std::vector<AssetId>& assets, StepsMode mode, WallTime now, const PartitionSets* sets = nullptr) const;
  std::optional<Reply> check_options(const nlohmann::json& options) const;
  using Work = std::function<Reply(Turn&, const Caller&)>;
  void command(Caller caller, Done done, Work work);
  void command_on_run(RunId run, Caller caller, Done done, Work work);
  void obey(Turn& turn, const Caller& caller, const Done& done, const Work& work);
  std::optional<Reply> answered(Turn& turn, const Caller& caller);
  RunId begin_run(Turn& turn, RunRecord record, const Resolved& resolved);
  Reply create_run(Turn& turn, RunRecord record, const Resolved& resolved);
  Reply prioritize(Turn& turn, const Caller& caller, RunId id, int priority);
  Reply resize(Turn& turn, const Caller& caller, const std::string& pool, std::optional<int> slots, const std::string& reason);
  Reply retry(Turn& turn, const Caller& caller, RunId id, const RetryBody& body);
  struct PastRun {
    RunRecord record;
    std::shared_ptr<const Project> version;
    RunPlan plan;
    std::vector<StepRecord> steps;
    nlohmann::json causes;
  };
  std::expected<PastRun, Reply> past_run(RunId id);
  std::expected<std::vector<AssetId>, Reply> retried_assets(const PastRun& past, const Project& current, const RetryBody& body, PartitionSets& sets, nlohmann::json& left_out, WallTime now) const;
  void add_stale_upstream(const Project& current, std::set<AssetId>& assets, PartitionSets& sets, WallTime now) const;
  std::string take_partition(const std::string& key, AssetId asset, PartitionSets& sets) const;
  /// Not while the store is latched: the cursors would move on and what was due with them would be lost.
  bool may_tick() const { return !draining_ && project() && !is_latched() && !automator_.find_pause(""); }
  void let_schedules_tick(Turn& turn);
  bool had_tick(const Turn& turn, const std::string& schedule, WallTime instant);
  void tick(Turn& turn, const DueTick& due);
  void request_tick(Turn& turn, const ScheduleSpec& schedule, TickRecord& record);
  void audit(Turn& turn, const Caller& caller, const std::string& action, const std::string& subject, nlohmann::json detail = nlohmann::json::object());

  // partitions (service_partitions.cc)
  void divide(std::shared_ptr<const Project> project);
  void take_partition_keys(const std::vector<PartitionKeyRecord>& stored);
  std::optional<Reply> too_many_steps(const PartitionSets& sets) const;
  std::expected<PartitionSets, Reply> choose(const std::vector<AssetId>& assets, const std::string& select, const PartitionChoice& choice, WallTime now) const;
  bool is_chosen_whole(const PartitionChoice& choice, AssetId asset) const;
  void forget_failures_of_removed(Turn& turn);
  Reply change_keys(Turn& turn, const Actor& actor, const std::string& set, const std::vector<std::string>& add, const std::vector<std::string>& remove);
  void note_partition_keys(Turn& turn, const Change& change);
  std::shared_ptr<const PartitionStates> partition_states(AssetId asset) const;
  MadePartitions made_partitions(AssetId asset, const PartitionsInForce& in_force) const;

  // backfills (service_backfills.cc)
  Reply begin_backfill(Turn& turn, const Caller& caller, const BackfillBody& body);
  Reply change_backfill(Turn& turn, const Caller& caller, Backfill& backfill, BackfillCommand command, const std::string& reason);
  IndexSet waiting_in_backfills(const std::string& key) const;
  std::optional<BackfillPlan> plan_backfill(Turn& turn, Backfill& backfill);
  void advance_backfill(Turn& turn, Backfill& backfill);
  void advance_backfills(Turn& turn);
  std::string why_no_retry(const Backfill& backfill, WallTime now) const;
  void end_backfill(Turn& turn, Backfill& backfill, BackfillStatus status, const std::string& reason, const std::string& detail);
  bool request_backfill_run(Turn& turn, Backfill& backfill, const BackfillPlan& plan, const BackfillPlan::Request& request);
  void settle_backfill_run(Turn& turn, std::int64_t backfill, RunId run);
  void settle_ended_backfill_runs();
  void save_backfill(Turn& turn, const Backfill& backfill);
  void forget_ended_backfills();

  /// Where what a step said comes to nothing: among its messages and in the daemon's log.
  void warn_step(Turn& turn, const AttemptNoted& said, const std::string& why);
  std::string name_of_attempt(const AttemptId& id) const;
  std::string record_report(Turn& turn, const Project& project, AssetId asset, const ReportBody& body, const std::string& by, WallTime at);
  void note_observation(Turn& turn, const Change& change);
  Reply report(Turn& turn, const Caller& caller, const std::string& key, const ReportBody& body);

  // versions (service_versions.cc)
  std::unique_ptr<Engine> make_engine(RunId last_run);
  std::optional<std::string> unchanged(const RunState& run, StepIndex step);
  bool is_made_elsewhere(const RunState& run, StepIndex step) const;
  bool sources_are_as_loaded(const Project& current);

  // automation (service_automation.cc)
  void automate(Turn& turn);
  std::optional<RunId> request_automated(Turn& turn, const AutomationWanted& wanted);
  std::optional<Reply> not_to_mute(const std::string& asset) const;
  // checks (service_checks.cc)
  std::expected<CheckResult, Reply> result_to_waive(RunId run, const std::string& check, const WaiveBody& body) const;
  std::vector<WaiverKey> waivers_of(const std::string& key, const std::string& check) const;
  void count_what_nothing_holds_back(Turn& turn);
  void end_waiver(Turn& turn, const WaiverKey& of, const std::string& how, const std::string& by);
  void note_waived_result(Turn& turn, const CheckResult& result);
  void note_let_pass(Turn& turn, const WaiverKey& of, const CheckResult& result);
  void hand_over_waivers(Turn& turn);
  std::optional<WallTime> next_waiver_end() const;
  void end_waivers_that_are_over(Turn& turn);
  void note_checks(Turn& turn, const Change& change);
  void forget_acknowledgement(Turn& turn, const std::string& key);
  bool is_acknowledged(const std::string& key) const;
  std::vector<double> metric_history(const std::string& asset, const std::string& metric, int last, RunId except) const;
  // OpenLineage (service_openlineage.cc)
  void note_lineage(Turn& turn, const Change& change);
  void tell_lineage(Turn& turn, const AlertSpec& rule, const StepChanged& change, const std::string& type);
  // sensors (service_sensors.cc, service_hooks.cc)
  struct AskedEvaluation {
    Caller caller;
    bool dry_run = false;
    Done done;
    bool begun = false;
  };
  void start_sensor_runner();
  void define_sensors(const Definitions& definitions, Turn* turn);
  void begin_asset_sensors(Turn& turn);
  std::string newest_event() const;  ///< the cursor of an asset sensor that begins now
  void let_sensors_look(Turn& turn);
  void begin_evaluation(Turn& turn, const std::string& sensor, bool dry_run);
  bool may_sensors_look() const { return may_tick() && sensor_runner_; }
  void take_answer(Turn& turn, SensorAnswer answer);
  void refuse_asked(Turn& turn, const Reply& reply);
  std::string running_run_of(const std::string& sensor) const;
  struct Found {
    std::vector<RunId> runs;
    int known = 0;
    std::string muted = {};  ///< see Resolved
  };
  std::expected<Found, std::string> request_found(Turn& turn, const SensorSpec& spec, const std::vector<SensorRequest>& requests, AskedBy by);
  std::string select_of(const Project& project, const SensorSpec& sensor) const;
  std::optional<RunId> known_key(const Turn& turn, const std::string& sensor, const std::string& key);
  nlohmann::json dry_run_json(Turn& turn, const SensorBook::Entry& entry, const SensorAnswer& answer);
  void leave_circles(const SensorBook::Entry& entry, SensorFinding& finding) const;
  void record_sensor(Turn& turn, const std::string& sensor);
  void save_sensors(Turn& turn);
  void tell_sensors(const std::vector<Event>& events);
  void take_hook(Turn& turn, const std::string& sensor, const SensorRunner::HookVerdict& verdict, const Done& done);
  Reply no_sensor(const std::string& name) const;
  // alerts (service_alerts.cc)
  void note_alerts(Turn& turn, const Change& change);
  void note_alerts(Turn& turn, const FreshnessTold& told);
  void tell_after_silences(Turn& turn);
  void tell_what_lasts(Turn& turn);
  Happening with_owners(Happening happening);  ///< and whether it is acknowledged
  void tell(Turn& turn, Happening happening);
  void raise(Turn& turn, AlertRaised raised, const std::vector<std::string>& owners);
  void mend(Turn& turn, const std::string& asset, const std::string& check);
  struct FailedPartitions {
    std::shared_ptr<const PartitionsInForce> in_force;  ///< keeps `divided`
    const Partitions* divided = nullptr;                ///< null: the asset is not divided
    IndexSet set;
  };
  FailedPartitions failed_partitions(const std::string& key, const std::string& check) const;
  bool is_about(Turn& turn, const std::string& select, const Happening& happening);
  const AssetSpec* asset_of(RunId run, const std::string& key) const;
  std::vector<std::string> owners_of_run(RunId run) const;
  void start_courier();
  void send_due_alerts(const Now& now);
  void take_delivery(Turn& turn, const std::string& id, const Sent& sent);

  // definitions (service_definitions.cc)
  struct Compiled {
    CompileResult result;
    std::shared_ptr<Project> project;
  };
  Compiled compile() const;
  static std::expected<std::shared_ptr<Project>, std::string> make_project(const DefinitionsRecord& record);
  std::expected<void, StoreError> apply(Turn& turn, Compiled& compiled);
  void describe_stored(const DefinitionsRecord& record);
  void use_project(std::shared_ptr<const Project> project, Turn* turn);
  std::map<std::string, int> defined_pools(const Project& project) const;
  PoolsChanged pools_in_force(const Project& project) const;
  void describe_outcome(const Compiled& compiled, const nlohmann::json& pending = nullptr);
  bool compile_in_background(Done done, std::function<void(Turn&, Compiled&, std::shared_ptr<Done>)> then);
  bool reload_in_background(Caller caller, Done done);
  void watch_definitions();
  void apply_and_answer(Turn& turn, Compiled& compiled, const Caller& caller, const std::string& action, std::shared_ptr<Done> answer);
  void answer_status(const Done& done) const;
  void say_broken(Turn& turn, const Compiled& compiled);
  bool waits_for_apply(const Compiled& compiled) const;
  void say_pending(Turn& turn, const Compiled& compiled);

  ServiceOptions options_;
  SystemClock clock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Reader> reader_;  ///< service's thread
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Execution> execution_;
  Projection projection_;
  AssetBook book_;
  VersionKeeper keeper_;
  std::optional<bool> sources_as_loaded_;  ///< looked at in this turn
  Automator automator_{book_};
  FreshnessWatch freshness_{book_};
  Ticker ticker_;
  AlertBook alerts_;
  std::set<WallTime> silence_ends_;  ///< service's thread
  std::map<std::string, std::shared_ptr<NamedKeys>> partition_keys_;  ///< service's thread
  std::map<std::int64_t, Backfill> backfills_;                        ///< that are not over; service's thread
  std::int64_t last_backfill_ = 0;
  Waivers waivers_;  ///< what assets' states have of them, of the current version, with what is staged
  bool waivers_changed_ = false;  ///< and the engine has not been told
  SensorBook sensors_;
  std::map<std::string, SensorState> stored_sensors_;
  std::map<std::string, SensorTick> stored_sensor_ticks_;
  std::map<std::string, std::vector<AskedEvaluation>> sensor_asked_;
  Millis sensors_saved_at_{0};
  Metrics metrics_;
  std::unique_ptr<Housekeeper> housekeeper_;
  std::map<std::string, SchedulePosition> stored_schedules_;
  std::map<std::string, PoolSize> pool_sizes_;  ///< that were set over the API
  std::map<std::string, Plugin> plugins_;
  std::map<std::string, std::string> daemon_env_;

  TaskQueue<Turn> tasks_;
  std::optional<Turn> waiting_turn_;  ///< nothing in it is worth a sync of its own yet
  std::optional<Millis> waiting_since_;
  std::optional<Millis> forgot_since_;  ///< boot time; ends acknowledged since then have perhaps not been sent
  std::optional<Millis> probed_at_;
  bool files_refused_ = false;  ///< a process could not be started for want of room for its files: to be tried until there is some
  std::string not_started_told_;
  Millis not_started_told_at_{0};
  Millis unlatch_at_{0};
  std::unique_ptr<AlertCourier> courier_;
  std::unique_ptr<SensorRunner> sensor_runner_;
  bool draining_ = false;  ///< service's thread
  bool cancels_what_runs_ = false;  ///< the same; while it drains
  std::mutex reload_thread_mutex_;
  std::thread thread_, reload_thread_, backup_thread_;
  std::unique_ptr<DefinitionsWatch> watch_;
  std::unique_ptr<StoreWatch> store_watch_;
  std::atomic<bool> reloading_{false}, backing_up_{false};

  mutable std::mutex mutex_;  ///< of what follows: read by any thread
  std::shared_ptr<const Project> project_;
  std::shared_ptr<const PartitionsInForce> partitions_;
  std::map<std::int64_t, std::weak_ptr<const Project>> versions_;
  nlohmann::json definitions_status_ = nlohmann::json::object();
  std::string latched_;
  std::string latched_since_;
  std::string unreadable_;   ///< why what is shown may not be what is committed; empty: it is
  bool recovering_ = false;  ///< service's thread: the store is open again, the engine is being taken from it
  bool going_back_ = false;  ///< the same: the engine is being taken from a store that is latched
  bool definitions_loading_ = false;
  bool supervisor_connected_ = false;
  std::string supervisor_detail_;
  WallTime supervisor_gone_at_{};
  WallTime supervisor_silent_since_{};  ///< it has not answered since; none: it does
  int supervisor_pid_ = 0;              ///< of the one that is silent
  std::string low_disk_;  ///< why nothing starts; empty: there is room. Written on the service's thread
  LimitsNotInForce limits_not_in_force_;
  struct Refusals {
    std::int64_t count = 0;
    WallTime at{};
    std::string why;
  };
  std::map<std::string, Refusals> hook_refusals_;  ///< by sensor
  std::string drain_detail_;  ///< empty: it is not drained
  std::map<int, std::function<void(const std::vector<Event>&)>> listeners_;
  int next_listener_ = 1;
  WallTime started_at_{};
};

template <typename T>
T DaemonService::ask(std::function<T()> question) {
  auto answer = std::make_shared<std::promise<T>>();
  auto future = answer->get_future();
  // After the commit of its turn: what is told is committed.
  const bool taken = tasks_.push([answer, question](Turn& turn) {
    turn.after.push_back([answer, question](bool) { answer->set_value(question()); });
  });
  return taken ? future.get() : T{};
}

}  // namespace assetd
