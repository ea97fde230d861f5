// Start and restart: the store is opened, what had not ended is taken up, definitions are loaded, the supervisor is asked what runs.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include <sodium.h>

#include "core/engine/reconcile.h"
#include "daemon/service/daemon_service.h"
#include "daemon/store/backup.h"
#include "daemon/store/lost_store.h"

namespace assetd {
namespace {

/// A replica in which nothing has happened yet does nothing by itself until somebody lets it. `schedules: on` of the environment is somebody's word.
std::optional<AutomationPause> pause_of_replica(const Definitions& definitions, WallTime now) {
  if (definitions.environment.empty() || definitions.settings.value("schedules_on", false)) return std::nullopt;
  return AutomationPause{"", "assetd",
                         "a replica in the environment '" + definitions.environment + "' starts paused: `assetctl automation resume` lets schedules and automation go, "
                         "`schedules: on` of the environment does from the start", now, std::nullopt};
}

}  // namespace

DaemonService::DaemonService(ServiceOptions options) : options_(std::move(options)), keeper_(book_, options_.compile.project_dir), daemon_env_(current_environment()) {
  started_at_ = clock_.now().wall;
}

DaemonService::~DaemonService() { shut_down(); }

std::expected<std::unique_ptr<DaemonService>, StartFailure> DaemonService::start(ServiceOptions options) {
  if (sodium_init() < 0) return std::unexpected(StartFailure{1, "libsodium does not start", {}});
  std::unique_ptr<DaemonService> service(new DaemonService(std::move(options)));
  std::error_code unreadable;
  const bool is_new = !std::filesystem::exists(service->options_.paths.store(), unreadable);
  if (auto opened = service->open_store(); !opened) return std::unexpected(opened.error());
  if (auto loaded = service->first_definitions(); !loaded) return std::unexpected(loaded.error());
  if (auto recovered = service->recover(); !recovered) return std::unexpected(StartFailure{4, recovered.error(), {}});
  if (auto connected = service->connect(); !connected) return std::unexpected(connected.error());
  // Committed by the first turn, which lets nothing tick before.
  if (auto pause = pause_of_replica(service->project()->definitions, service->clock_.now().wall); is_new && pause) service->automator_.pause(std::move(*pause));
  service->start_courier();
  service->start_sensor_runner();
  if (service->options_.watch) service->watch_definitions();
  service->store_watch_ = std::make_unique<StoreWatch>(service->options_.paths.store(), [raw = service.get()](const StoreError& error) { raw->found_damaged(error); });
  service->thread_ = std::thread([raw = service.get()] { raw->loop(); });
  if (service->definitions_loading_) service->reload_in_background({{"assetd", ""}, "", "", ""}, [](Reply) {});
  return service;
}

std::expected<void, StartFailure> DaemonService::open_store() {
  const auto& paths = options_.paths;
  std::error_code error;
  for (const auto& dir : {paths.data_dir, paths.messages_dir(), paths.artifacts(), paths.data_dir + "/contexts", paths.data_dir + "/attempts", paths.data_dir + "/logs", paths.data_dir + "/imports"})
    if (std::filesystem::create_directories(dir, error); error) return std::unexpected(StartFailure{1, "cannot make " + dir + ": " + error.message(), {}});
  auto store = Store::open(paths.store());
  if (!store) return std::unexpected(StartFailure{store.error().kind == StoreError::Kind::damaged ? 4 : 1, store.error().message, {}});
  store_ = std::move(*store);
  remove_unfinished_backups(paths.backups());
  keeper_.partitions().use(*store_);
  auto reader = Reader::open(paths.store(), Millis(50), [this](const StoreError& error) { found_damaged(error); });
  if (!reader) return std::unexpected(StartFailure{1, reader.error().message, {}});
  reader_ = std::move(*reader);
  engine_ = make_engine(0);
  housekeeper_ = std::make_unique<Housekeeper>(paths);
  return {};
}

void DaemonService::take_settings(const Recovered& stored) {
  stored_schedules_.clear();
  pool_sizes_.clear();
  alerts_ = AlertBook(stored.alerts, stored.silences);
  silence_ends_.clear();
  for (const auto& silence : stored.silences) silence_ends_.insert(silence.until);
  take_partition_keys(stored.partition_keys);
  backfills_.clear();
  for (const auto& backfill : stored.backfills) backfills_[backfill.id] = backfill;
  last_backfill_ = stored.last_backfill;
  for (const auto& size : stored.pools) pool_sizes_[size.pool] = size;
  automator_.restore(stored.automation, stored.automation_pauses, stored.automation_evaluated_at);
  stored_sensors_.clear();
  stored_sensor_ticks_.clear();
  for (const auto& sensor : stored.sensors) stored_sensors_[sensor.sensor] = sensor;
  for (const auto& tick : stored.sensor_ticks) stored_sensor_ticks_[tick.sensor] = tick;
  for (const auto& s : stored.schedules) stored_schedules_[s.schedule] = {s.cursor, s.fingerprint, s.paused, s.paused_by, s.pause_reason};
}

// With an existing store the last good version serves at once; what has changed since is loaded beside it.
std::expected<void, StartFailure> DaemonService::first_definitions() {
  auto record = store_->current_definitions();
  if (!record) return std::unexpected(StartFailure{4, record.error().message, {}});
  auto settings = store_->load();
  if (!settings) return std::unexpected(StartFailure{4, settings.error().message, {}});
  take_settings(*settings);
  if (*record) {
    auto project = make_project(**record);
    if (project) {
      // Compiled by a version to which alerts or sensors were words without effect: they are not among those that are in force.
      const auto& settings_then = project->get()->definitions.settings;
      const bool without_them = settings_then.contains("alerts") || settings_then.contains("sensors");
      definitions_loading_ = without_them || !is_unchanged((*record)->watch_state, options_.compile);
      use_project(*project, nullptr);
      describe_stored(**record);
      return {};
    }
    spdlog::error("the stored definitions cannot be read, they are loaded anew: {}", project.error());
  }
  auto compiled = compile();
  if (!compiled.result.errors.empty()) return std::unexpected(StartFailure{2, "the definitions do not load", compiled.result.errors});
  Turn turn;
  turn.now = clock_.now();
  if (auto applied = apply(turn, compiled); !applied) return std::unexpected(StartFailure{1, applied.error().message, {}});
  commit(turn);
  return {};
}

/// A restored backup, or a log of the store that was damaged, may know fewer runs than have left output: their ids are not given again.
RunId DaemonService::unused_after(RunId last) const {
  const RunId highest = highest_run_with_output(options_.paths.store());
  if (highest <= last) return last;
  spdlog::warn("{} knows runs up to {}, and run {} has left output: either a backup was restored, or the newest runs were lost with a damaged {}-wal; their ids are not given again",
               options_.paths.store(), last, highest, options_.paths.store());
  return highest;
}

/// Forgets what the engine has in memory and takes it from the store: at a start, and once a store that failed works again.
std::expected<void, std::string> DaemonService::recover() {
  Turn turn;
  turn.now = clock_.now();
  if (auto taken = take_from_store(turn); !taken) return taken;
  turn.effects.clear();  // asked again when the supervisor has said what it has
  settle_ended_backfill_runs();
  if (execution_)
    for (const auto& attempt : live_attempts()) execution_->rewind(attempt);
  book_.apply({}, store_->last_event());
  if (!turn.batch.empty()) finish(turn);
  if (!engine_->runs().empty()) spdlog::info("{} runs are taken up again", engine_->runs().size());
  return {};
}

/// `turn` gets what follows from it. While the store stays latched the engine starts nothing, and begins no run.
std::expected<void, std::string> DaemonService::take_from_store(Turn& turn) {
  auto stored = store_->load();
  if (!stored) return std::unexpected(stored.error().message);
  engine_ = make_engine(unused_after(stored->last_run));
  if (going_back_) feed(turn, held_for_store());
  if (draining_) feed(turn, StartsHeld{"draining", kDrainDetail});
  watch_disk(turn);  // before anything that lets queued runs begin, and steps start
  if (!low_disk_.empty()) feed(turn, StartsHeld{"disk", low_disk_});
  projection_ = Projection();
  book_.load(std::move(stored->assets));
  // In memory a cursor may have passed a tick whose commit failed.
  take_settings(*stored);
  ticker_ = Ticker();
  sensors_.clear();
  const auto current = project();
  use_project(current, &turn);
  for (auto& active : stored->runs) {
    auto restored = usable(active);
    if (!restored) {
      spdlog::error("run {}: {}; what still runs of it is stopped, then it is ended as failed", active.run.id, restored.error());
      take(turn, engine_->restore(turn.now, make_wreck(std::move(active.run), std::move(active.steps), std::move(active.attempts), restored.error())));
      continue;
    }
    if (auto found = find_reported(*restored); !found) return std::unexpected(found.error().message);
    projection_.take_up(*restored);
    take(turn, engine_->restore(turn.now, std::move(*restored)));
  }
  if (auto kept = keeper_.restore(*engine_, *store_); !kept) return std::unexpected(kept.error().message);
  automator_.know_runs(*engine_);
  if (current) feed(turn, pools_in_force(*current));  // again: what was taken up may need pools that are not defined any more
  return {};
}

/// As the engine takes it up (then `active` is empty), or why nothing of this run can go on. What is wrong with one run is no reason to stop all others.
std::expected<RestoredRun, std::string> DaemonService::usable(ActiveRun& active) {
  const auto version = load_version(active.run.definitions_version);
  if (!version) return std::unexpected("the definitions that it was planned with are not in the store");
  auto plan = RunPlan::decode(active.plan, version->definitions, version->graph);
  if (!plan) return std::unexpected(plan.error());
  RestoredRun restored{active.run, std::make_shared<RunPlan>(std::move(*plan)), {version->version, {version, &version->definitions}, {version, &version->graph}},
                       std::move(active.steps), std::move(active.checks), std::move(active.attempts)};
  const auto fits = Engine::fits(restored);
  if (fits) return restored;
  active.steps = std::move(restored.steps);
  active.attempts = std::move(restored.attempts);
  return std::unexpected(fits.error());
}

/// What live attempts have reported as made: their exit must not make it up again. And their artifacts, of which the version of what they make is made.
std::expected<void, StoreError> DaemonService::find_reported(RestoredRun& restored) {
  std::set<StepIndex> over;
  for (const auto& step : restored.steps)
    if (is_terminal(step.status) || step.materialized) over.insert(step.step);
  for (const auto& attempt : restored.attempts) {
    if (attempt.outcome || attempt.check != kNone || attempt.message_offset == 0) continue;
    const auto artifacts = reader_->notes(attempt.id, "artifact");
    if (!artifacts) return std::unexpected(artifacts.error());
    for (const auto& note : *artifacts) restored.artifacts.push_back({attempt.id, note.kind, note.key, note.data, note.at});
    for (const auto step : attempt.steps) {
      if (over.contains(step)) continue;
      const auto made = store_->has_materialized(restored.context.definitions->assets[restored.plan->asset(step)].key, attempt.id, restored.plan->partition(step));
      if (!made) return std::unexpected(made.error());
      if (*made) restored.reported.push_back(step);
    }
  }
  return {};
}

std::vector<AttemptRecord> DaemonService::live_attempts() const {
  std::vector<AttemptRecord> result;
  for (const auto& [id, run] : engine_->runs())
    for (const auto& [attempt_id, attempt] : run->live) result.push_back(attempt.record);
  return result;
}

LauncherOptions DaemonService::launcher_options() const {
  return {options_.compile.project_dir, options_.paths, plugins_, daemon_env_, default_secrets(daemon_env_)};
}

std::expected<void, StartFailure> DaemonService::connect() {
  // Without a number of its own the supervisor would take this daemon for one that has been replaced.
  const auto generation = store_->next_generation();
  if (generation == 0) return std::unexpected(StartFailure{1, options_.paths.store() + ": the store cannot be written; check its disk's space and state", {}});
  SupervisorClientOptions client;
  client.socket_path = options_.paths.supervisor_socket();
  client.claims_dir = options_.paths.claims();
  client.program = options_.supervisor_program;
  client.groups = options_.cgroups;
  client.start_supervisor = options_.start_supervisor;
  client.log_path = options_.paths.supervisor_log();
  client.store_id = store_->id();
  client.generation = static_cast<std::uint64_t>(generation);
  Execution::Handlers handlers;
  handlers.report = [this](Input input) {
    tasks_.push([this, input = std::move(input)](Turn& turn) { take_report(turn, input); });
  };
  handlers.report_unless_sent = [this](Input input, std::function<bool()> holds) {
    tasks_.push([this, input = std::move(input), holds = std::move(holds)](Turn& turn) {
      if (holds()) take_report(turn, input);
    });
  };
  handlers.reconcile = [this](SupervisorListing listing) {
    tasks_.push([this, listing = std::move(listing)](Turn& turn) {
      finish(turn);
      turn = Turn{};
      turn.now = clock_.now();
      // The engine may hold what is not committed. Once the store works again it is asked for another listing.
      if (is_latched()) return;
      reconcile(listing);
      feed(turn, TimePassed{});
    });
  };
  handlers.link = [this](bool connected, const std::string& detail) {
    tasks_.push([this, connected, detail](Turn&) {
      {
        std::lock_guard lock(mutex_);
        if (supervisor_connected_ || supervisor_gone_at_ == WallTime{}) supervisor_gone_at_ = clock_.now().wall;
        supervisor_connected_ = connected;
        supervisor_detail_ = detail;
      }
      if (connected) supervisor_silence({}, {});
      if (connected && execution_) execution_->list(seen_running(*engine_));
      if (!connected) spdlog::warn("the supervisor does not answer: {}", detail);
    });
  };
  handlers.silence = [this](int pid, Millis silence) {
    tasks_.push([this, pid, silence](Turn&) { supervisor_silence(pid, silence); });
  };
  handlers.limits = [this](LimitsNotInForce limits) {
    std::lock_guard lock(mutex_);
    limits_not_in_force_ = std::move(limits);
  };
  handlers.later = [this](std::function<void()> work) {
    tasks_.push([work = std::move(work)](Turn&) { work(); });
  };
  execution_ = std::make_unique<Execution>(launcher_options(), std::move(client), live_attempts(), std::move(handlers));
  return {};
}

/// No silence: it answers, or another one does. One that is taken for gone meanwhile is as silent as before.
void DaemonService::supervisor_silence(int pid, Millis silence) {
  std::string why;
  {
    std::lock_guard lock(mutex_);
    const bool was_silent = supervisor_silent_since_ != WallTime{};
    supervisor_pid_ = pid;
    supervisor_silent_since_ = silence == Millis{} ? WallTime{} : clock_.now().wall - silence;
    if (was_silent && silence == Millis{}) spdlog::info("the supervisor answers again");
    why = silence_of_supervisor(clock_.now().wall);
  }
  if (!why.empty()) spdlog::warn("the supervisor {}", why);
}

/// The rules are reconcile()'s, in core/engine.
void DaemonService::reconcile(const SupervisorListing& listing) {
  const auto was_sent = [&](const AttemptId& attempt) { return execution_->was_sent(attempt, listing.connection); };
  for (const auto& action : assetd::reconcile(*engine_, listing.attempts, was_sent, clock_.now())) {
    if (const auto* lost = std::get_if<ReportLost>(&action)) {
      execution_->report_lost(lost->attempt);
    } else if (const auto* stray = std::get_if<StopStray>(&action)) {
      spdlog::warn("attempt {} runs and is not known to this store; it is stopped", stray->stop.attempt);
      execution_->stop(stray->stop);
    } else if (const auto* begin = std::get_if<StartAttempt>(&action)) {
      perform(*begin);
    } else {
      execution_->stop(std::get<StopAttempt>(action));
    }
  }
}

}  // namespace assetd
