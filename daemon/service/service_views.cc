// What the HTTP API reads of the living engine.

#include <algorithm>

#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"

namespace assetd {
namespace {

/// Of an attempt that is being stopped: what was done about it and what comes next, so that a long grace is not taken for a cancel that was lost.
Blocker its_end(const RunState& run, const LiveAttempt& live, WallTime now) {
  const auto stop = RunMachine::stop_effect(run, live);
  const auto canceled_at = live.stop_reason == "canceled" ? run.record.cancel_requested_at : std::nullopt;
  std::string signals;
  for (const auto& signal : stop.signals) signals += (signals.empty() ? "SIG" : ", then SIG") + signal;
  const auto why = canceled_at ? "canceled " + spoken_duration(now - *canceled_at) + " ago" : live.stop_reason == "canceled" ? "canceled" : "its time is over";
  const auto how = ": it is sent " + signals + (stop.signals.size() > 1 ? ", " + spoken_duration(stop.grace) + " apart" : "");
  return {"stop", "its end", why + how + "; what is left of it " + spoken_duration(stop.grace) + " after that is killed", canceled_at.value_or(live.record.started_at.value_or(live.record.intended_at))};
}

}  // namespace

std::shared_ptr<const Project> DaemonService::project() const {
  std::lock_guard lock(mutex_);
  return project_;
}

std::shared_ptr<const Project> DaemonService::cached_version(std::int64_t version) const {
  std::lock_guard lock(mutex_);
  if (project_ && project_->version == version) return project_;
  const auto it = versions_.find(version);
  return it == versions_.end() ? nullptr : it->second.lock();
}

/// Service's thread.
std::shared_ptr<const Project> DaemonService::load_version(std::int64_t version) {
  if (auto cached = cached_version(version)) return cached;
  const auto record = store_->definitions(version);
  if (!record || !*record) return nullptr;
  auto made = make_project(**record);
  if (!made) return nullptr;
  std::lock_guard lock(mutex_);
  versions_[version] = *made;
  return *made;
}

std::shared_ptr<const Project> DaemonService::project(std::int64_t version) {
  if (auto cached = cached_version(version)) return cached;
  return ask<std::shared_ptr<const Project>>([this, version] { return load_version(version); });
}

std::optional<LiveRun> DaemonService::live_run(RunId id, const std::vector<StepIndex>& steps) {
  return ask<std::optional<LiveRun>>([this, id, &steps]() -> std::optional<LiveRun> {
    const auto* run = engine_->run(id);
    if (!run) return std::nullopt;
    LiveRun result;
    const auto now = clock_.now().wall;
    result.blocked_by = engine_->run_blockers(id, now);
    for (StepIndex step = 0; step < run->steps.size(); ++step) ++result.counts[std::string(to_string(engine_->shown_status(*run, step)))];
    for (const auto step : steps)
      if (step < run->steps.size()) result.steps.push_back({step, engine_->shown_status(*run, step), blockers_of(id, *run, step, now), std::nullopt});
    return result;
  });
}

std::optional<std::vector<StepIndex>> DaemonService::live_steps(RunId id, const std::vector<StepStatus>& statuses, StepIndex from, std::size_t limit) {
  return ask<std::optional<std::vector<StepIndex>>>([this, id, &statuses, from, limit]() -> std::optional<std::vector<StepIndex>> {
    const auto* run = engine_->run(id);
    if (!run) return std::nullopt;
    std::vector<StepIndex> found;
    for (StepIndex step = from; step < run->steps.size() && found.size() < limit; ++step)
      if (std::ranges::find(statuses, engine_->shown_status(*run, step)) != statuses.end()) found.push_back(step);
    return found;
  });
}

std::vector<Blocker> DaemonService::blockers_of(RunId id, const RunState& run, StepIndex step, WallTime now) const {
  auto found = engine_->blockers(id, step, now);
  const auto status = run.steps[step].status;
  if (!found.empty() || (status != StepStatus::starting && status != StepStatus::running)) return found;
  for (const auto& [attempt, live] : run.live) {
    if (live.record.unit != run.plan->unit_of(step)) continue;
    const bool stops = !live.stop_reason.empty();
    auto waits = stops ? silent_supervisor(now, now) : waits_for_supervisor(live.record, now);
    if (waits) found.push_back(std::move(*waits));
    else if (stops) found.push_back(its_end(run, live, now));
  }
  return found;
}

/// What was asked of it waits with it.
std::optional<Blocker> DaemonService::silent_supervisor(WallTime since, WallTime now) const {
  std::lock_guard lock(mutex_);
  if (const auto silent = silence_of_supervisor(now); !silent.empty()) return Blocker{"supervisor", "supervisor", silent, supervisor_silent_since_};
  if (supervisor_connected_ || supervisor_gone_at_ == WallTime{}) return std::nullopt;
  return Blocker{"supervisor", "supervisor", "does not answer since " + format_time(supervisor_gone_at_) + ": " + supervisor_detail_, since};
}

std::string DaemonService::silence_of_supervisor(WallTime now) const {
  if (supervisor_silent_since_ == WallTime{}) return "";
  return "(process " + std::to_string(supervisor_pid_) + ") has not answered for " + spoken_duration(now - supervisor_silent_since_) +
         ": it is stopped or hangs; continue it (kill -CONT), or end it (kill -9): steps go on, and the next one takes them over";
}

/// Of an attempt that has not begun, while that takes longer than it should.
std::optional<Blocker> DaemonService::waits_for_supervisor(const AttemptRecord& attempt, WallTime now) const {
  constexpr Millis kUsual{2'000};
  if (attempt.started_at) return std::nullopt;
  if (execution_ && execution_->is_preparing(attempt.id))
    return Blocker{"supervisor", "environment", "its secrets and env_file have been waited for for " + spoken_duration(now - attempt.intended_at), attempt.intended_at};
  if (auto silent = silent_supervisor(attempt.intended_at, now)) return silent;
  if (now - attempt.intended_at < kUsual) return std::nullopt;
  if (execution_ && execution_->asked_for_worker(attempt.id))
    return Blocker{"supervisor", "worker", "its preloaded process has been waited for for " + spoken_duration(now - attempt.intended_at) +
                                               ": it imports what the steps need (what it prints is in workers/ of the data folder); one that is not ready after 2 min is done without", attempt.intended_at};
  return Blocker{"supervisor", "supervisor", "was asked for its process " + spoken_duration(now - attempt.intended_at) + " ago and has not said that it runs", attempt.intended_at};
}

UnderWay DaemonService::under_way(const std::string& key) {
  return ask<UnderWay>([this, &key] {
    UnderWay out;
    for (const auto& [id, run] : engine_->runs()) {
      const auto asset = run->context.graph->find(key);
      UnderWay::Part part{id, run->plan, {}, {}};
      for (StepIndex step = 0; asset && step < run->steps.size(); ++step) {
        if (run->plan->asset(step) != *asset || is_terminal(run->steps[step].status)) continue;
        const auto status = run->steps[step].status;
        (status == StepStatus::running || status == StepStatus::starting ? part.running : part.queued).push_back(step);
      }
      if (!part.running.empty() || !part.queued.empty()) out.runs.push_back(std::move(part));
    }
    out.waiting = waiting_in_backfills(key);
    return out;
  });
}

QueueView DaemonService::queue(std::size_t skip, std::size_t limit) {
  return ask<QueueView>([this, skip, limit] {
    QueueView view;
    std::size_t passed = 0;  // of the steps before this page, for which nobody asks what they wait for
    const auto now = clock_.now().wall;
    const auto add = [&](RunId id, const RunState& run, UnitIndex unit) {
      for (const auto step : run.plan->units()[unit].steps) {
        const auto shown = engine_->shown_status(run, step);
        if (view.steps.size() >= limit || is_terminal(shown) || passed++ < skip) continue;
        view.steps.push_back({id, run.asset(step).key, run.plan->partition(step), shown, run.record.status == RunStatus::queued ? run.record.created_at : run.units[unit].since, blockers_of(id, run, step, now)});
      }
    };
    for (const auto& ready : engine_->dispatcher().lines(skip + limit))
      if (const auto* run = engine_->run(ready.run)) add(ready.run, *run, ready.unit);
    for (const auto& [id, run] : engine_->runs()) {
      if (view.steps.size() >= limit) break;
      // Of a run that is queued: what it will begin with.
      const bool in_line = run->record.status == RunStatus::queued;
      for (UnitIndex unit = 0; unit < run->units.size(); ++unit)
        if (run->units[unit].phase == UnitSlot::Phase::delayed || (in_line && run->units[unit].waiting_on == 0)) add(id, *run, unit);
    }
    for (const auto& [id, run] : engine_->runs())
      for (const auto& [attempt, live] : run->live)
        if (live.record.check == kNone && waits_for_supervisor(live.record, now)) add(id, *run, live.record.unit);
    for (const auto id : engine_->queued(limit)) view.runs.push_back({engine_->run(id)->record, engine_->run_blockers(id, now)});
    for (const auto& [name, size] : engine_->line().sizes()) view.limits.push_back({name, size, engine_->line().used(name)});
    return view;
  });
}

std::vector<Unready> DaemonService::unready() const {
  std::lock_guard lock(mutex_);
  std::vector<Unready> why;
  if (definitions_loading_) why.push_back({"definitions_loading", "the files have changed since the last start and are being loaded"});
  if (!latched_.empty()) why.push_back({"latched", "since " + latched_since_ + ": " + latched_});
  if (const auto silent = silence_of_supervisor(clock_.now().wall); !silent.empty()) why.push_back({"supervisor", "the supervisor " + silent});
  else if (!supervisor_connected_) why.push_back({"supervisor", supervisor_detail_.empty() ? "the supervisor has not answered yet" : supervisor_detail_});
  if (!low_disk_.empty()) why.push_back({"disk", low_disk_});
  if (!drain_detail_.empty()) why.push_back({"draining", drain_detail_});
  return why;
}

std::string DaemonService::metrics_text() const {
  auto* self = const_cast<DaemonService*>(this);  // a question to its own thread; nothing changes
  auto gauges = self->ask<Metrics::Gauges>([self] {
    Metrics::Gauges g;
    const auto now = self->clock_.now().wall;
    const auto& dispatcher = self->engine_->dispatcher();
    g.active_runs = self->engine_->runs().size();
    g.live_attempts = dispatcher.holds().size();
    g.waiting_units = dispatcher.waiting_count();
    for (const auto& unit : dispatcher.lines(10'000)) g.oldest_ready_seconds = std::max(g.oldest_ready_seconds, std::chrono::duration<double>(now - unit.since).count());
    for (const auto& [name, slots] : dispatcher.pools()) g.pools[name] = {dispatcher.used(name), slots};
    return g;
  });
  {
    std::lock_guard lock(mutex_);
    gauges.latched = !latched_.empty();
    gauges.supervisor_connected = supervisor_connected_;
  }
  return self->metrics_.text(gauges);
}

nlohmann::json DaemonService::project_status() const {
  auto* self = const_cast<DaemonService*>(this);
  struct Counts {
    std::size_t running = 0, queued = 0;
    nlohmann::json pause = nullptr;
  };
  const auto counts = self->ask<Counts>([self] {
    Counts c;
    for (const auto& [id, run] : self->engine_->runs()) ++(run->record.status == RunStatus::queued ? c.queued : c.running);
    if (const auto* pause = self->automator_.find_pause("")) c.pause = to_json(*pause);
    return c;
  });
  std::size_t failed = 0, assets = 0;
  book_.read([&](const AssetTable& table) {
    assets = table.states.size();
    failed = static_cast<std::size_t>(std::count_if(table.states.begin(), table.states.end(), [](const AssetState& s) { return s.status() == AssetStatus::failed; }));
  });
  std::lock_guard lock(mutex_);
  return {{"name", project_ ? project_->definitions.name : ""},
          {"environment", options_.compile.environment.empty() ? nlohmann::json(nullptr) : nlohmann::json(options_.compile.environment)},
          {"version", ASSETD_VERSION},
          {"started_at", format_time(started_at_)},
          {"listen", options_.listen},
          {"definitions_version", project_ ? std::to_string(project_->version) : "0"},
          {"counts", {{"assets", assets}, {"running_runs", counts.running}, {"queued_runs", counts.queued}, {"failed_assets", failed}}},
          {"latched", latched_.empty() ? nlohmann::json(nullptr) : nlohmann::json{{"since", latched_since_}, {"why", latched_}}},
          {"disk", low_disk_.empty() ? nlohmann::json(nullptr) : nlohmann::json(low_disk_)},
          {"automation_paused", counts.pause},
          {"draining", drain_detail_.empty() ? nlohmann::json(nullptr) : nlohmann::json(drain_detail_)}};
}

void DaemonService::set_listen(const std::string& address) {
  std::lock_guard lock(mutex_);
  options_.listen = address;
}

}  // namespace assetd
