#pragma once
// The daemon's heart as the HTTP API sees it: commands go in and are answered once committed; reads see what is committed.
// One thread of its own runs the engine and the store's writer. Every method here may be called from any thread.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/engine/explain.h"
#include "core/graph/graph.h"
#include "core/partition/choose.h"
#include "core/run/asset_state.h"
#include "core/run/plan.h"
#include "core/run/records.h"
#include "core/version/staleness.h"
#include "daemon/execution/limits_in_force.h"
#include "daemon/execution/paths.h"
#include "daemon/sensors/hook_check.h"
#include "daemon/store/store.h"

namespace assetd {

/// One definitions version, ready for use. Immutable.
struct Project {
  std::int64_t version = 0;
  std::string hash;
  WallTime applied_at{};
  Definitions definitions;
  AssetGraph graph;
};

/// How the assets of the version that serves are divided, with the dynamic keys of now. Immutable.
struct PartitionsInForce {
  std::shared_ptr<const Project> project;
  PartitionTable table;
  DynamicKeys dynamic;
};

/// An answer in the form of docs/api.md; status ≥ 400 has a problem+json body.
struct Reply {
  int status = 200;
  nlohmann::json body;
  std::string location = "";  ///< of what was made (201), where it is no run
};

/// Why nothing is run where only checks are asked for.
inline constexpr const char* kNoOwnChecks = "none of these assets has a check that can be run by itself: what a command or the daemon says of an asset comes with making it";

Reply problem(int status, const std::string& type, const std::string& title, const std::string& detail,
              nlohmann::json errors = nlohmann::json::array());

struct Caller {
  Actor actor;
  std::string route;            ///< "POST /runs": what idempotency keys are bound to
  std::string idempotency_key;  ///< "" for none
  std::string body_hash;        ///< of the request's path and body
};

struct RunRequestBody {
  std::string select;
  PartitionChoice partitions = {};
  StepsMode mode = StepsMode::all;
  nlohmann::json options = nlohmann::json::object();
  std::map<std::string, std::string> tags;
  int priority = 0;
  std::optional<int> max_steps;
  RunTimeouts timeouts;
  bool force = false;  ///< see RunRecord::force
  bool dry_run = false;
};

struct BackfillBody {
  std::string select;
  PartitionChoice partitions;
  StepsMode mode = StepsMode::all;
  nlohmann::json options = nlohmann::json::object();
  std::map<std::string, std::string> tags;
  int priority = 0;
  int max_runs = 4;
  bool newest_first = false;
  bool dry_run = false;
};
enum class BackfillCommand { pause, resume, cancel, retry };

/// Of a materialization that was done by hand, or of data that is made elsewhere.
struct ReportBody {
  nlohmann::json metadata = nlohmann::json::object();
  std::string data_version, reason;
  std::string partition = "";  ///< "": the asset as a whole, with all partitions that there are
};

/// Why a check's failure may pass, and until when; by default 24 h.
struct WaiveBody {
  std::string reason;
  std::string key;  ///< the check's asset; "": the only one of the run whose check of that name failed
  std::optional<WallTime> until;
  std::string partition = "";  ///< the only one in which a failure is to pass; "": wherever it fails
};

/// Which waivers of a check are to end, and why.
struct UnwaiveBody {
  std::string reason = "";
  std::string partition = "";  ///< the one given for this partition; "": all of the check
};

/// What a retry runs: see docs/checks.md.
enum class RetryScope { steps, downstream, stale_upstream, checks };
struct RetryBody {
  bool from_start = false;
  std::vector<std::string> keys = {};        ///< only these steps; empty: all that the rest says
  std::vector<std::string> partitions = {};  ///< only steps of these; empty: of all
  RetryScope scope = RetryScope::steps;
  bool dry_run = false;
};

/// What is to be silent, and until when.
struct SilenceBody {
  std::string rule, select, reason;  ///< rule, select "": every one
  WallTime until{};
};

/// The committed state of every asset of the current version. Read it only inside Service::with_assets.
struct AssetTable {
  std::shared_ptr<const Project> project;
  std::vector<AssetState> states;  ///< by AssetId
  std::int64_t as_of = 0;
  std::vector<std::uint64_t> changed = {};  ///< by AssetId: the revision that set its state; empty: not kept
  std::map<AssetId, std::vector<bool>> waived = {};  ///< assets with a waiver, and what is below each, by AssetId
  StaleSet stale = {};  ///< kept up with `states`; where it is not, it is worked out
  StaleView view() const { return {project->definitions, project->graph, states}; }
  bool is_stale(AssetId id) const;
  /// Empty: it is not. `chains`: each with the way to its cause.
  std::vector<StaleReason> staleness(AssetId id, bool chains = false) const;
  std::string freshness(AssetId id, WallTime now) const;  ///< none, fresh, warn, violated
};

struct LiveStep {
  StepIndex step = 0;
  StepStatus status = StepStatus::pending;
  std::vector<Blocker> blocked_by;
  std::optional<double> progress;  ///< 0 to 1
};
struct LiveRun {
  std::vector<Blocker> blocked_by;  ///< while it is queued
  std::map<std::string, std::uint32_t> counts;
  std::vector<LiveStep> steps;
};
/// Partitions of one asset that are about to be made.
struct UnderWay {
  struct Part {
    RunId run = 0;
    std::shared_ptr<const RunPlan> plan;
    std::vector<StepIndex> running, queued;  ///< steps of the asset that are executed, and those that are yet to be
  };
  std::vector<Part> runs;
  IndexSet waiting;  ///< in no run yet, but backfills that are not over will ask for them; of the way of being divided in force
};
struct QueueEntry {
  RunId run = 0;
  std::string key, partition;
  StepStatus status = StepStatus::ready;
  WallTime since{};
  std::vector<Blocker> blocked_by;
};
struct QueuedRun {
  RunRecord run;
  std::vector<Blocker> blocked_by;
};
struct LimitView {
  std::string name;  ///< "runs", "tag team=growth"
  int limit = 0, used = 0;
};
struct QueueView {
  std::vector<QueueEntry> steps;  ///< that wait, in the order in which they may start
  std::vector<QueuedRun> runs;    ///< that are queued, by priority, then age
  std::vector<LimitView> limits;
};
struct PoolHolder {
  RunId run = 0;
  std::string step;
  AttemptId attempt;
  int slots = 0;
  WallTime since{};
};
struct PoolView {
  std::string name;
  int slots = 0, used = 0, waiting = 0;  ///< slots: in force
  int defined = 0;                       ///< what the definitions say
  std::optional<PoolSize> resized;       ///< by whom and why, where the slots in force were set over the API
  std::vector<PoolHolder> holders;
};
struct AutomationView {
  std::string key, condition;            ///< condition "": it has none
  bool holds = false;                    ///< as it is now, without news
  std::string next = {}, held = {};      ///< in words (core/automation/outlook.h); "": it has no condition, nothing holds it back
  nlohmann::json answer = nullptr;       ///< node by node (core/automation/answer_json.h); only where it was asked for
  std::optional<WallTime> requested_at;  ///< last
  RunId run = 0;                         ///< that was requested last; 0: none
  std::optional<AutomationPause> pause;  ///< of this asset alone: it is muted
};
struct AutomationPage {
  std::vector<AutomationView> items;
  bool more = false;
  std::optional<AutomationPause> pause;  ///< of all automation
};
/// {"by", "reason", "at", "until"}.
nlohmann::json to_json(const AutomationPause& pause);
struct ScheduleView {
  ScheduleSpec spec;
  bool paused = false;
  std::string paused_by, pause_reason;
  std::vector<WallTime> next_ticks;  ///< when the next five are due, jitter and all; empty while paused
};

struct SensorView {
  SensorSpec spec;
  std::string select;               ///< its own or its job's
  SensorState state;
  bool paused = false;
  std::string held;                 ///< why it is not looked at although it is not paused; "": it is
  std::optional<WallTime> next_at;  ///< nothing: when something is told, or never
  bool evaluating = false;
  bool followed = false;            ///< file: changes are told (inotify); else they are looked for
  std::optional<SensorTick> last_tick;
  /// webhook: deliveries whose signature did not hold, since the daemon began.
  std::int64_t refused = 0;
  std::optional<WallTime> refused_at;
  std::string refused_why;
};
nlohmann::json to_json(const SensorTick& tick);

struct Unready {
  std::string code;  ///< definitions_loading, latched, supervisor, disk, draining
  std::string detail;
};

struct ForecastStart;  // daemon/service/forecast_start.h

class Service {
 public:
  virtual ~Service() = default;
  /// Called on the service's thread once the answer is committed; must not block. Called exactly once.
  using Done = std::function<void(Reply)>;

  virtual void request_run(Caller caller, RunRequestBody body, Done done) = 0;
  virtual void cancel_run(Caller caller, RunId run, Done done) = 0;
  virtual void retry_run(Caller caller, RunId run, RetryBody body, Done done) = 0;
  virtual void waive_check(Caller caller, RunId run, std::string check, WaiveBody body, Done done) = 0;
  virtual void unwaive_check(Caller caller, std::string key, std::string check, UnwaiveBody body, Done done) = 0;
  /// `taken` false: nobody looks after it any more.
  virtual void acknowledge(Caller caller, std::string key, std::string note, bool taken, Done done) = 0;
  virtual void set_priority(Caller caller, RunId run, int priority, Done done) = 0;
  /// `slots`: nothing goes back to what the definitions say.
  virtual void resize_pool(Caller caller, std::string pool, std::optional<int> slots, std::string reason, Done done) = 0;
  virtual void pause_schedule(Caller caller, std::string schedule, bool pause, std::string reason, Done done) = 0;
  virtual void trigger_schedule(Caller caller, std::string schedule, Done done) = 0;
  /// Mutes one asset: it is left out of every run that nobody asks for. Or holds all automation, schedules and sensors (""). `until`: then it goes on by itself.
  virtual void pause_automation(Caller caller, std::string asset, std::string reason, std::optional<WallTime> until, Done done) = 0;
  virtual void resume_automation(Caller caller, std::string asset, std::string reason, Done done) = 0;
  virtual void pause_sensor(Caller caller, std::string sensor, bool pause, std::string reason, Done done) = 0;
  /// Evaluates it now, after what is under way: answers with the tick; `dry_run`: with what it would do.
  virtual void evaluate_sensor(Caller caller, std::string sensor, bool dry_run, Done done) = 0;
  /// `cursor` "": as if it were new.
  virtual void reset_sensor(Caller caller, std::string sensor, std::string cursor, std::string reason, Done done) = 0;
  virtual void deliver_hook(HookDelivery delivery, Done done) = 0;
  virtual void report_materialization(Caller caller, std::string key, ReportBody body, Done done) = 0;
  virtual void request_backfill(Caller caller, BackfillBody body, Done done) = 0;
  virtual void command_backfill(Caller caller, std::int64_t backfill, BackfillCommand command, std::string reason, Done done) = 0;
  /// Keys of a dynamic set of partitions; those that are there already (or are gone already) change nothing.
  virtual void change_partition_keys(Caller caller, std::string set, std::vector<std::string> add, std::vector<std::string> remove, Done done) = 0;
  virtual void add_silence(Caller caller, SilenceBody body, Done done) = 0;
  virtual void end_silence(Caller caller, std::string silence, Done done) = 0;
  virtual void test_alert(Caller caller, std::string rule, Done done) = 0;  ///< as if something had happened; no silence holds it back
  virtual void reload(Caller caller, Done done) = 0;
  virtual void plan_definitions(Caller caller, Done done) = 0;  ///< what applying the files as they are now would change
  virtual void apply_definitions(Caller caller, std::string plan, Done done) = 0;  ///< if that is still the plan
  virtual void back_up(Caller caller, Done done) = 0;
  virtual void prune(Caller caller, Done done) = 0;  ///< what retention lets go, now

  virtual std::shared_ptr<const Project> project() const = 0;  ///< null until the first definitions are there
  virtual std::shared_ptr<const Project> project(std::int64_t version) = 0;  ///< a pinned one; loaded when needed; null if unknown
  virtual std::shared_ptr<const PartitionsInForce> partitions() const = 0;  ///< null until the first definitions are there
  /// Runs `read` with the table under a shared lock: keep it short, call nothing of Service inside.
  virtual void with_assets(const std::function<void(const AssetTable&)>& read) const = 0;
  /// Changes whenever an asset's state or the version does: for caches of what with_assets gives.
  virtual std::uint64_t assets_revision() const = 0;

  // These ask the service's thread between two commits and wait for it (milliseconds).
  /// `steps`, ascending, each with what it waits for, which costs: ask for those that are shown. Nothing for a run that has ended.
  virtual std::optional<LiveRun> live_run(RunId run, const std::vector<StepIndex>& steps) = 0;
  /// The first `limit` from `from` on that are shown with one of these statuses; nothing for a run that has ended.
  virtual std::optional<std::vector<StepIndex>> live_steps(RunId run, const std::vector<StepStatus>& statuses, StepIndex from, std::size_t limit) = 0;
  virtual UnderWay under_way(const std::string& key) = 0;
  virtual QueueView queue(std::size_t skip, std::size_t limit) = 0;  ///< the first `limit` of each; of steps, those after the first `skip`
  virtual std::vector<PoolView> pools() = 0;
  virtual std::vector<ScheduleView> schedules() = 0;
  virtual std::vector<SensorView> sensors() = 0;
  /// Assets that have a condition or are muted, by key, those after `after`.
  virtual AutomationPage automation(const std::string& after, std::size_t limit) = 0;
  virtual std::optional<AutomationView> automation_of(const std::string& key) = 0;  ///< with its answer; nothing: nobody defines it

  /// All that a forecast starts from, copied; null while no definitions are loaded.
  virtual std::shared_ptr<const ForecastStart> forecast_start() = 0;

  virtual nlohmann::json definitions_status() const = 0;  ///< as GET /definitions, without as_of
  virtual std::vector<Unready> unready() const = 0;       ///< empty: ready
  /// While the store is latched: why what is committed cannot be read either, so that nothing that is asked can be answered; "": it can.
  virtual std::string unreadable() const { return ""; }
  virtual std::string metrics_text() const = 0;           ///< Prometheus exposition format
  virtual nlohmann::json project_status() const = 0;      ///< as GET /project, without as_of and access

  /// `listener` gets every committed event, in order, on the service's thread, and progress events (id 0, not stored). It must only enqueue. Returns an id for unsubscribe.
  virtual int subscribe(std::function<void(const std::vector<Event>&)> listener) = 0;
  virtual void unsubscribe(int id) = 0;

  /// Of steps, as the supervisor says that runs now; empty before it has answered.
  virtual LimitsNotInForce limits_not_in_force() const { return {}; }
  /// A reader met damaged pages: nothing more is written to this store.
  virtual void found_damaged(const StoreError&) {}

  virtual const DataPaths& paths() const = 0;
};

}  // namespace assetd
