// Ticks and commands on schedules.

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/graph/asset_key.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"
#include "daemon/service/run_terms.h"

namespace assetd {
namespace {
constexpr int kTicksShown = 5;
constexpr std::size_t kTicksATurn = 250;

Reply no_schedule(const std::string& name, const std::map<std::string, Ticker::Entry>& entries) {
  std::vector<std::string_view> names;
  for (const auto& [each, entry] : entries) names.push_back(each);
  const auto nearest = nearest_name(name, names);
  return not_found("schedule", "there is no schedule '" + name + "'" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'"));
}

}  // namespace

std::string DaemonService::select_of(const Project& project, const ScheduleSpec& schedule) const {
  if (schedule.job.empty()) return schedule.select;
  for (const auto& job : project.definitions.jobs)
    if (job.name == schedule.job) return job.select;
  return schedule.select;
}

/// Why a tick must not run because of an earlier one, by the schedule's overlap policy.
std::optional<std::string> DaemonService::overlapping(Turn& turn, const ScheduleSpec& schedule) {
  if (schedule.overlap == Overlap::allow) return std::nullopt;
  const auto& runs = engine_->runs_of_schedule(schedule.name);
  const std::vector<RunId> active(runs.begin(), runs.end());
  std::optional<RunId> waiting;
  for (const auto id : active)
    if (const auto* run = engine_->run(id); run && run->record.status == RunStatus::queued) waiting = id;
  if (active.empty()) return std::nullopt;
  if (schedule.overlap == Overlap::skip) return "run " + std::to_string(active.front()) + " of this schedule has not ended";
  if (schedule.overlap == Overlap::queue)
    return waiting ? std::optional("run " + std::to_string(*waiting) + " of this schedule waits already" +
                                   (*waiting == active.front() ? "" : ", for run " + std::to_string(active.front())))
                   : std::nullopt;
  for (const auto id : active) feed(turn, CancelRequested{id, {"schedule " + schedule.name, ""}});
  return std::nullopt;
}

/// One run per instant: also for instants of this very turn, and after the clock was set back.
bool DaemonService::had_tick(const Turn& turn, const std::string& schedule, WallTime instant) {
  return turn.ticks.contains({schedule, instant}) || store_->find_tick(schedule, instant).has_value();
}

// What is due beyond that comes with the next turns: commands and ends of steps must not wait until a hundred thousand runs are made.
void DaemonService::let_schedules_tick(Turn& turn) {
  const auto had = [&](const std::string& schedule, WallTime instant) { return had_tick(turn, schedule, instant); };
  for (const auto& due : ticker_.due(turn.now.wall, had, kTicksATurn)) tick(turn, due);
}

void DaemonService::tick(Turn& turn, const DueTick& due) {
  const auto& entry = ticker_.entries().at(due.schedule);
  TickRecord record{due.schedule, due.instant, turn.now.wall, TickOutcome::skipped, due.reason, std::nullopt};
  if (due.run) request_tick(turn, entry.spec, record);
  turn.ticks.emplace(due.schedule, due.instant);
  Output output;
  output.changes.push_back(TickRecorded{std::move(record)});
  output.changes.push_back(ScheduleMoved{due.schedule, *entry.position.cursor, entry.position.fingerprint});
  take(turn, std::move(output));
}

void DaemonService::request_tick(Turn& turn, const ScheduleSpec& schedule, TickRecord& record) {
  if (auto busy = overlapping(turn, schedule)) {
    record.reason = *busy;
    return;
  }
  RunRecord run;
  run.select = select_of(*project(), schedule);
  run.job = schedule.job;
  set_terms(run, terms_of(*project(), schedule.job, schedule.terms));
  run.in_line = schedule.overlap == Overlap::queue;
  run.trigger = {"schedule", schedule.name, record.instant};
  run.actor = {"schedule " + schedule.name, ""};
  const auto resolved = resolve(run.select, StepsMode::all, nlohmann::json::object());
  if (!resolved) {
    record.outcome = TickOutcome::failed;
    record.reason = resolved.error().body.value("detail", "the selection cannot be run");
    spdlog::error("schedule {}: {}", schedule.name, record.reason);
    return;
  }
  record.run = begin_run(turn, std::move(run), *resolved);
  record.outcome = TickOutcome::requested;
  const auto* made = engine_->run(*record.run);
  if (!made || made->record.status != RunStatus::queued) return;
  record.outcome = TickOutcome::queued;
  record.reason = made->record.detail;
}

void DaemonService::pause_schedule(Caller caller, std::string schedule, bool pause, std::string reason, Done done) {
  command(std::move(caller), std::move(done), [this, schedule, pause, reason](Turn& turn, const Caller& who) -> Reply {
    if (!ticker_.pause(schedule, pause, who.actor.name, reason, turn.now.wall)) return no_schedule(schedule, ticker_.entries());
    const auto& entry = ticker_.entries().at(schedule);
    Output output;
    output.changes.push_back(SchedulePaused{schedule, pause, who.actor.name, reason, turn.now.wall});
    output.changes.push_back(ScheduleMoved{schedule, *entry.position.cursor, entry.position.fingerprint});
    take(turn, std::move(output));
    audit(turn, who, pause ? "schedule.pause" : "schedule.resume", "schedule " + schedule, reason.empty() ? nlohmann::json::object() : nlohmann::json{{"reason", reason}});
    return {200, {{"name", schedule}, {"paused", pause}}};
  });
}

void DaemonService::trigger_schedule(Caller caller, std::string schedule, Done done) {
  command(std::move(caller), std::move(done), [this, schedule](Turn& turn, const Caller& who) -> Reply {
    const auto it = ticker_.entries().find(schedule);
    if (it == ticker_.entries().end()) return no_schedule(schedule, ticker_.entries());
    const auto select_text = select_of(*project(), it->second.spec);
    const auto resolved = resolve(select_text, StepsMode::all, nlohmann::json::object());
    if (!resolved) return resolved.error();
    RunRecord record;
    record.select = select_text;
    record.job = it->second.spec.job;
    set_terms(record, terms_of(*project(), it->second.spec.job, it->second.spec.terms));
    record.actor = who.actor;
    record.trigger = {"api", schedule, std::nullopt};
    auto reply = create_run(turn, std::move(record), *resolved);
    if (reply.status >= 400) return reply;
    audit(turn, who, "schedule.trigger", "schedule " + schedule, {{"run", reply.body["id"]}});
    return reply;
  });
}

std::vector<ScheduleView> DaemonService::schedules() {
  return ask<std::vector<ScheduleView>>([this] {
    std::vector<ScheduleView> views;
    for (const auto& [name, entry] : ticker_.entries()) {
      ScheduleView view{entry.spec, entry.paused(), entry.position.paused_by, entry.position.pause_reason, {}};
      auto at = entry.paused() ? std::nullopt : entry.next;
      for (int i = 0; at && i < kTicksShown; ++i, at = entry.cron.next(*at)) view.next_ticks.push_back(*at);
      views.push_back(std::move(view));
    }
    return views;
  });
}

}  // namespace assetd
