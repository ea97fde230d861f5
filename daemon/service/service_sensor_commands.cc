// Commands on sensors, and deliveries of webhooks.

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/definition/names.h"
#include "core/graph/asset_key.h"
#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;

json with_reason(const std::string& reason) { return reason.empty() ? json::object() : json{{"reason", reason}}; }

}  // namespace

Reply DaemonService::no_sensor(const std::string& name) const {
  std::vector<std::string_view> names;
  for (const auto& [each, entry] : sensors_.entries()) names.push_back(each);
  const auto nearest = nearest_name(name, names);
  return not_found("sensor", "there is no sensor '" + name + "'" + (nearest.empty() ? "" : "; nearest: '" + nearest + "'"));
}

void DaemonService::pause_sensor(Caller caller, std::string sensor, bool pause, std::string reason, Done done) {
  command(std::move(caller), std::move(done), [this, sensor, pause, reason](Turn& turn, const Caller& who) -> Reply {
    if (!sensors_.pause(sensor, pause, who.actor.name, reason, turn.now)) return no_sensor(sensor);
    turn.batch.sensors.states.push_back(sensors_.find(sensor)->state);
    json changes = {{"paused", pause}, {"by", who.actor.name}};
    if (!reason.empty()) changes["reason"] = reason;
    turn.batch.events.push_back({0, turn.now.wall, "sensor_changed", 0, "", {{"sensor", sensor}}, std::move(changes)});
    audit(turn, who, pause ? "sensor.pause" : "sensor.resume", "sensor " + sensor, with_reason(reason));
    return {200, {{"name", sensor}, {"paused", pause}}};
  });
}

void DaemonService::reset_sensor(Caller caller, std::string sensor, std::string cursor, std::string reason, Done done) {
  command(std::move(caller), std::move(done), [this, sensor, cursor, reason](Turn& turn, const Caller& who) -> Reply {
    const auto* entry = sensors_.find(sensor);
    if (!entry) return no_sensor(sensor);
    const auto kind = entry->spec.kind;
    if (kind == SensorKind::webhook) return conflict("no-cursor", "The sensor has no cursor", "a webhook is told and remembers nothing that could be set back");
    const bool is_text = kind == SensorKind::program;
    const bool is_event = kind == SensorKind::asset && std::ranges::all_of(cursor, [](char c) { return c >= '0' && c <= '9'; }) && cursor.size() <= 18;
    if (!cursor.empty() && !is_text && !is_event)
      return problem(422, "invalid-cursor", "The cursor is not valid", kind == SensorKind::asset ? "the cursor of an asset sensor is the id of an event" : "the cursor of this kind of sensor can only be emptied: then it begins anew",
                     json::array({{{"pointer", "/cursor"}, {"detail", "leave it out to begin anew"}}}));
    const auto before = shown_cursor(kind, entry->state.cursor);
    sensors_.reset(sensor, kind == SensorKind::asset && cursor.empty() ? newest_event() : cursor, turn.now);
    turn.batch.sensors.states.push_back(entry->state);
    turn.batch.events.push_back({0, turn.now.wall, "sensor_changed", 0, "", {{"sensor", sensor}}, {{"cursor", shown_cursor(kind, cursor)}}});
    auto detail = with_reason(reason);
    detail["before"] = before;
    detail["after"] = shown_cursor(kind, cursor);
    audit(turn, who, "sensor.reset", "sensor " + sensor, std::move(detail));
    return {200, {{"name", sensor}, {"cursor", cursor.empty() ? json() : json(shown_cursor(kind, cursor))}}};
  });
}

void DaemonService::evaluate_sensor(Caller caller, std::string sensor, bool dry_run, Done done) {
  const bool taken = tasks_.push([this, caller, sensor, dry_run, done](Turn& turn) {
    const auto answer = [&](Reply reply) { turn.after.push_back([done, reply = std::move(reply)](bool) { done(reply); }); };
    if (is_latched()) return answer(unavailable("the store failed and is being opened anew; see /readyz"));
    if (draining_) return answer(unavailable("the daemon is being drained and looks for nothing any more"));
    const auto* entry = sensors_.find(sensor);
    if (!entry) return answer(no_sensor(sensor));
    if (entry->spec.kind == SensorKind::webhook)
      return answer(conflict("not-evaluated", "The sensor is not evaluated", "a webhook is told what happens: POST /api/v1/hooks/" + sensor + ", signed, is what makes it act"));
    if (!dry_run)
      if (auto known = answered(turn, caller)) return answer(std::move(*known));
    sensor_asked_[sensor].push_back({caller, dry_run, done});
    // Begun when the turn looks at sensors.
  });
  if (!taken) done(unavailable("the daemon is shutting down"));
}

std::vector<SensorView> DaemonService::sensors() {
  return ask<std::vector<SensorView>>([this] {
    std::vector<SensorView> views;
    const auto now = clock_.now();
    const auto current = project();
    const auto* red = automator_.find_pause("");
    for (const auto& [name, entry] : sensors_.entries()) {
      SensorView view{.spec = entry.spec, .state = entry.state};
      view.select = select_of(*current, entry.spec);
      view.paused = entry.paused();
      if (!view.paused && red) view.held = "automation is paused by " + red->by + (red->reason.empty() ? "" : ": " + red->reason);
      if (!view.paused && draining_) view.held = "the daemon is being drained";
      view.evaluating = entry.evaluation != 0;
      view.followed = entry.followed;
      view.last_tick = entry.last_tick;
      if (entry.due && !view.paused && view.held.empty() && !view.evaluating) view.next_at = now.wall + std::max(Millis{0}, *entry.due - now.boot);
      {
        const std::lock_guard lock(mutex_);
        if (const auto refused = hook_refusals_.find(name); refused != hook_refusals_.end()) {
          view.refused = refused->second.count;
          view.refused_at = refused->second.at;
          view.refused_why = refused->second.why;
        }
      }
      views.push_back(std::move(view));
    }
    return views;
  });
}

// Any thread: whoever is not known costs the service's thread nothing.
void DaemonService::deliver_hook(HookDelivery delivery, Done done) {
  const auto current = project();
  const SensorSpec* spec = nullptr;
  if (current)
    for (const auto& each : current->definitions.sensors)
      if (each.kind == SensorKind::webhook && each.name == delivery.sensor) spec = &each;
  if (!spec || !sensor_runner_) return done(not_found("sensor", "there is no webhook '" + delivery.sensor + "'"));
  const auto name = delivery.sensor;
  const bool taken = sensor_runner_->check(spec->webhook, std::move(delivery), [this, name, done](SensorRunner::HookVerdict verdict) {
    if (verdict.status != 0) {
      const std::lock_guard lock(mutex_);
      auto& refused = hook_refusals_[name];
      refused = {refused.count + 1, clock_.now().wall, verdict.why};
    }
    if (verdict.status == 401) return done(problem(401, "bad-signature", "The signature does not hold", verdict.why));
    if (verdict.status == 400) return done(problem(400, "malformed-body", "The body cannot be read", verdict.why));
    if (verdict.status != 0) return done(unavailable(verdict.why));
    const bool pushed = tasks_.push([this, name, verdict = std::move(verdict), done](Turn& turn) { take_hook(turn, name, verdict, done); });
    if (!pushed) done(unavailable("the daemon is shutting down"));
  });
  if (!taken) done(unavailable("too many deliveries to this webhook wait: send it again in a moment"));
}

// While it may not act the sender is told to come again: what it brings is not kept.
void DaemonService::take_hook(Turn& turn, const std::string& sensor, const SensorRunner::HookVerdict& verdict, const Done& done) {
  const auto answer = [&](Reply reply) {
    turn.after.push_back([this, done, reply = std::move(reply)](bool committed) mutable {
      if (!committed) return done(unavailable("whether it was stored is not known; send it again, it counts once"));
      if (reply.status < 400) reply.body["as_of"] = store_->last_event();
      done(std::move(reply));
    });
  };
  if (is_latched()) return done(unavailable("the store failed and is being opened anew; see /readyz"));
  const auto* entry = sensors_.find(sensor);
  if (!entry) return answer(not_found("sensor", "there is no webhook '" + sensor + "'"));
  for (const auto& key : verdict.keys)
    if (const auto run = known_key(turn, sensor, key))
      return answer({202, {{"sensor", sensor}, {"run_id", *run ? json(std::to_string(*run)) : json()}, {"duplicate", true}}});
  if (draining_) return answer(unavailable("the daemon is being drained and takes no new runs; send it again"));
  if (entry->paused()) return answer(unavailable("the webhook is paused" + (entry->state.pause_reason.empty() ? "" : ": " + entry->state.pause_reason) + "; send it again later"));
  if (const auto* red = automator_.find_pause("")) return answer(unavailable("automation is paused" + (red->reason.empty() ? "" : ": " + red->reason) + "; send it again later"));
  SensorBook::Told told{.at = turn.now.wall, .finding = {.requests = {verdict.request}}};
  auto found = request_found(turn, entry->spec, told.finding.requests, AskedBy::itself);
  if (found) told.runs = found->runs, told.muted = found->muted;
  else told.finding.error = found.error();
  const auto error = told.finding.error;
  if (sensors_.settle(sensor, std::move(told), turn.now)) record_sensor(turn, sensor);
  if (!error.empty()) {
    spdlog::error("webhook {}: {}", sensor, error);
    return answer(unavailable(error));
  }
  if (found->runs.empty()) return answer({202, {{"sensor", sensor}, {"run_id", nullptr}, {"duplicate", false}, {"reason", found->muted}}});
  const auto run = found->runs.front();
  for (const auto& key : verdict.keys) turn.batch.sensors.keys.push_back({sensor, key, run, turn.now.wall});
  answer({202, {{"sensor", sensor}, {"run_id", std::to_string(run)}, {"duplicate", false}}});
}

}  // namespace assetd
