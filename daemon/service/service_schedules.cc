// Ticks and commands on schedules.

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/graph/asset_key.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {
constexpr int kTicksShown = 5;

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
  if (schedule.overlap == Overlap::allow || schedule.overlap == Overlap::queue) return std::nullopt;
  std::vector<RunId> active;
  for (const auto& [id, run] : engine_->runs())
    if (run->record.trigger.kind == "schedule" && run->record.trigger.name == schedule.name) active.push_back(id);
  if (active.empty()) return std::nullopt;
  if (schedule.overlap == Overlap::skip) return "run " + std::to_string(active.front()) + " of this schedule has not ended";
  for (const auto id : active) feed(turn, CancelRequested{id, {"schedule " + schedule.name, ""}});
  return std::nullopt;
}

void DaemonService::tick(Turn& turn, const DueTick& due) {
  const auto& entry = ticker_.entries().at(due.schedule);
  const auto current = project();
  TickRecord record{due.schedule, due.instant, turn.now.wall, TickOutcome::skipped, due.reason, std::nullopt};
  auto busy = due.run ? overlapping(turn, entry.spec) : std::nullopt;
  if (busy) {
    record.reason = *busy;
  } else if (due.run) {
    const auto select_text = select_of(*current, entry.spec);
    if (const auto resolved = resolve(select_text, StepsMode::all, nlohmann::json::object())) {
      RunRecord run;
      run.select = select_text;
      run.job = entry.spec.job;
      run.trigger = {"schedule", due.schedule, due.instant};
      run.actor = {"schedule " + due.schedule, ""};
      create_run(turn, std::move(run), *resolved);
      record.outcome = TickOutcome::requested;
      record.run = engine_->last_run();
    } else {
      record.outcome = TickOutcome::failed;
      record.reason = resolved.error().body.value("detail", "the selection cannot be run");
      spdlog::error("schedule {}: {}", due.schedule, record.reason);
    }
  }
  Output output;
  output.changes.push_back(TickRecorded{std::move(record)});
  output.changes.push_back(ScheduleMoved{due.schedule, *entry.position.cursor, entry.position.fingerprint});
  take(turn, std::move(output));
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
    record.actor = who.actor;
    record.trigger = {"api", schedule, std::nullopt};
    auto reply = create_run(turn, std::move(record), *resolved);
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
