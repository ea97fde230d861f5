#pragma once
// A daemon around the production engine, ticker and reconciliation. What daemon/service and daemon/execution do with turns, commits, message files and
// the channel is played here, one step at a time, with a point between any two effects at which it may die.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/schedule/ticker.h"
#include "daemon/service/freshness_watch.h"
#include "tests/simulation/alert_host.h"
#include "tests/simulation/automation_host.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/sensor_host.h"

namespace assetd::simulation {

/// What a person asks for. The same key again is the same request.
struct RunRequestSpec {
  std::string key;
  std::vector<std::string> assets;
  StepsMode mode = StepsMode::all;
  int priority = 0;
  RunTimeouts timeouts;
  std::string team;  ///< a tag, which limits may count
  std::optional<int> max_steps;
};

class DaemonHost {
 public:
  /// Starts: a new generation, the store is read, what had not ended is taken up.
  explicit DaemonHost(Machine& machine);

  // The service's thread.
  bool has_tasks() const { return !tasks_.empty() || waiting_ || (!latched_ && automation_.is_due()); }
  void turn();
  std::optional<Millis> next_due() const;  ///< boot time
  // The client's thread.
  void connect();
  void disconnect();
  bool is_connected() const { return connection_.has_value(); }
  bool has_events() const;
  void receive();
  // The tail's thread.
  std::vector<AttemptId> unread() const;
  void read(const AttemptId& attempt);

  // People. Commands are refused while the store is latched, and while draining.
  using Done = std::function<void(bool)>;  ///< committed
  void request_run(RunRequestSpec spec, Done done);
  void cancel(RunId run);
  void rerun(RunId run);
  void prioritize(RunId run, int priority);
  void reload(RunContext next);
  void resize(std::map<std::string, int> pools);
  void waive(Waivers waivers);
  void drain();
  enum class BackfillChange { pause, resume, cancel, retry };
  void request_backfill(std::vector<std::string> keys, int most_runs, bool newest_first);
  void change_backfill(std::int64_t id, BackfillChange what);
  // daemon_watchers.cc
  /// A process in which a sensor looks goes on.
  void sense();
  void hear_of_files();
  void deliver_hook(const std::string& delivery);
  void pause_sensor(const std::string& sensor, bool paused);
  void reset_sensor(const std::string& sensor);
  /// The courier ends an attempt.
  void deliver_alert();
  void silence(const Silence& silence);
  void end_silence(const std::string& silence);
  const AlertHost& alerts() const { return alerts_; }
  const SensorHost& sensors() const { return sensors_; }
  // daemon_partitions.cc, daemon_rules.cc
  void change_keys(std::vector<std::string> add, std::vector<std::string> remove);
  /// Made by hand, or elsewhere; "": all that there are of one that is divided.
  void tell(std::string key, std::string partition);
  void pause(std::string asset, std::optional<Millis> lasts);  ///< "": all
  void resume(std::string asset);
  /// In words, how it stands with the supervisor.
  std::string link() const { return refused_ ? "refused" : !connection_ ? "not connected" : welcome_ ? "connected" : "not welcomed"; }
  bool draining() const { return draining_; }
  bool has_later() const { return !later_.empty(); }
  bool drained() const { return draining_ && tasks_.empty() && engine_->dispatcher().holds().empty(); }

  const Engine& engine() const { return *engine_; }
  bool latched() const { return latched_; }

 private:
  struct Turn {
    Now now;
    FakeStore::Batch batch;
    std::vector<Effect> effects;
    std::vector<std::function<void(bool)>> after;
    std::set<std::pair<std::string, WallTime>> ticks;
    bool keys_changed = false;
  };
  using Task = std::function<void(Turn&)>;

  // daemon_host.cc: turns
  void feed(Turn& turn, Input input);
  void feed_once(Turn& turn, Input input);
  void know_new(const RunRequested& requested, const Output& out);
  void take(Turn& turn, Output out);
  bool may_wait(const Turn& turn) const;
  void finish(Turn& turn);
  void commit(Turn& turn);
  bool write(const Turn& turn);
  void perform(std::vector<Effect> effects);
  void perform(const Effect& effect);
  void check(const Turn& turn) const;
  void watch_disk(Turn& turn);
  void latch();
  void try_unlatch();
  Turn new_turn() const;

  // daemon_start.cc: start, restart, connection
  void recover();
  void take_from_store(Turn& turn);
  void restore(Turn& turn, RestoredRun run);
  void reconcile(const std::vector<ListedAttempt>& listing, std::uint64_t connection);
  void use_definitions(Turn& turn);
  const RunContext& serving(const Turn& turn) const { return turn.batch.definitions ? *turn.batch.definitions : machine_.store.definitions(); }
  void take_event(const supervisor::Event& event);
  bool send(supervisor::Command command);  ///< false: dropped

  // daemon_execution.cc: what daemon/execution does
  void start(const AttemptRecord& attempt);
  void stop(const StopAttempt& stop);
  void forget(const AttemptId& attempt);
  void flush();
  void report_lost(const AttemptRecord& attempt);
  void report(Input input);
  void report_unless_sent(AttemptExited input);
  AttemptExited exited(const supervisor::Ended& event);
  MessagesArrived read_new(const AttemptId& attempt, std::int64_t from) const;
  MessagesArrived finish_reading(const AttemptId& attempt, std::int64_t offset_if_unknown);

  // daemon_requests.cc
  using Work = std::function<void(Turn&)>;
  void command(Work work, Done refused = nullptr);
  /// `set`: of each asset that is divided; nothing: some, drawn.
  RunId begin_run(Turn& turn, RunRecord record, const std::vector<AssetId>& assets, StepsMode mode, bool in_line, const std::map<AssetId, IndexSet>* sets = nullptr);
  bool may_tick() const { return !draining_ && !automation_.all_paused(); }
  void let_schedules_tick(Turn& turn);
  std::vector<ScheduleSpec> schedules(const RunContext& context) const;
  void tick(Turn& turn, const DueTick& due);
  void request_tick(Turn& turn, const ScheduleSpec& schedule, TickRecord& record);
  bool overlaps(Turn& turn, const ScheduleSpec& schedule);

  // daemon_watchers.cc
  SensorHost::Turn for_sensors(Turn& turn);
  void let_sensors_look(Turn& turn);
  std::optional<Millis> next_look() const;
  void look_at_freshness(Turn& turn);
  bool is_freshness_due(const Turn& turn) const;
  void restore_watchers(const Now& now);
  void use_watchers(const RunContext& context, const Now& now);
  // daemon_partitions.cc
  /// How a version's assets are divided with the keys of now.
  std::shared_ptr<const PartitionTable> divided(const RunContext& context) const;
  void take_keys();
  void change_keys(Turn& turn, const std::vector<std::string>& add, const std::vector<std::string>& remove);
  void note_keys(Turn& turn, const Change& change);
  void take_changed_keys(Turn& turn);

  // daemon_backfills.cc
  void advance_all(Turn& turn);
  void save(Turn& turn, const Backfill& backfill);
  void advance(Turn& turn, Backfill& backfill);
  void begin_part(Turn& turn, Backfill& backfill, const BackfillPlan& plan, const BackfillPlan::Request& request);
  void end(Turn& turn, Backfill& backfill, BackfillStatus status);
  void settle_part(Turn& turn, std::int64_t id, RunId run);
  void note_end(Turn& turn, const RunRecord& run);
  void recover_backfills();

  Machine& machine_;
  std::uint64_t generation_;
  std::unique_ptr<Engine> engine_;
  Ticker ticker_;
  AutomationHost automation_{machine_};
  SensorHost sensors_{machine_, automation_};
  AlertHost alerts_{machine_, automation_};
  FreshnessWatch freshness_{automation_.book()};
  DynamicKeys keys_;
  std::map<std::int64_t, Backfill> backfills_;  ///< that are not over, or still have runs to be settled
  std::int64_t last_backfill_ = 0;
  std::deque<Task> tasks_;
  std::optional<Turn> waiting_;
  std::optional<StartsHeld> held_;
  bool latched_ = false, draining_ = false;
  bool going_back_ = false;  ///< the engine is being taken from a store that is latched
  bool restored_ = false;  ///< and no input since: what may start has not been looked at
  std::optional<std::uint64_t> connection_;
  bool welcome_ = false;
  bool refused_ = false;  ///< a newer daemon has taken over
  std::vector<AttemptId> later_;  ///< acknowledgements that go with the next command
  static constexpr std::uint64_t kWontBeSent = UINT64_MAX;
  std::map<AttemptId, std::uint64_t> sent_;  ///< spawns, by the connection that took them
  std::map<AttemptId, std::int64_t> places_;  ///< where the tail reads on
};

}  // namespace assetd::simulation
