// Ticks and commands on schedules.

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/engine/scheduled_run.h"
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
  const auto overlap = overlap_of(*engine_, schedule);
  if (overlap.skipped) {
    record.reason = *overlap.skipped;
    return;
  }
  auto run = scheduled_run(project()->definitions, schedule, record.instant);
  const auto resolved = resolve(run.select, run.mode, nlohmann::json::object(), {}, record.instant, AskedBy::itself);
  if (!resolved) {
    record.outcome = TickOutcome::failed;
    record.reason = resolved.error().body.value("detail", "the selection cannot be run");
    spdlog::error("schedule {}: {}", schedule.name, record.reason);
    return;
  }
  record.reason = resolved->muted;
  if (resolved->plan->size() == 0) return;
  // Only for a run that comes: a tick of which nothing comes ends none.
  for (const auto id : overlap.canceled) feed(turn, CancelRequested{id, {"schedule " + schedule.name, ""}});
  record.run = begin_run(turn, std::move(run), *resolved);
  record.outcome = TickOutcome::requested;
  const auto* made = engine_->run(*record.run);
  if (!made || made->record.status != RunStatus::queued) return;
  record.outcome = TickOutcome::queued;
  record.reason = made->record.detail + (record.reason.empty() ? "" : "; " + record.reason);
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
    auto record = scheduled_run(project()->definitions, it->second.spec, turn.now.wall);
    const auto resolved = resolve(record.select, record.mode, nlohmann::json::object(), {}, turn.now.wall);
    if (!resolved) return resolved.error();
    record.in_line = false;
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
      for (int i = 0; at && i < kTicksShown; ++i, at = entry.cron.next(*at)) view.next_ticks.push_back(entry.moment_of(*at));
      views.push_back(std::move(view));
    }
    return views;
  });
}

}  // namespace assetd
