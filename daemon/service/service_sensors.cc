// Sensors: who is looked at when, and what is found becomes runs, in the transaction that moves the cursor.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "core/definition/names.h"
#include "core/graph/asset_key.h"
#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"
#include "daemon/service/run_terms.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr Millis kSaveInterval{60'000};  // of what a crash may lose: how often nothing was found

json short_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

json request_json(const SensorRequest& request, const std::string& select) {
  return {{"key", short_or_null(request.key)}, {"select", select}, {"tags", request.tags}, {"data", request.data}};
}

Event sensor_event(WallTime at, const std::string& sensor, RunId run, json changes) { return {0, at, "sensor_changed", run, "", {{"sensor", sensor}}, std::move(changes)}; }

PartitionChoice partitions_of(const SensorRequest& request) {
  if (request.partitions.empty()) return {};
  return {request.partitions};
}

/// What several requests leave out, each once.
std::string joined(const std::set<std::string>& muted) {
  std::string text;
  for (const auto& each : muted)
    if (!each.empty()) text += (text.empty() ? "" : "; ") + each;
  return text;
}

}  // namespace

json to_json(const SensorTick& tick) {
  json runs = json::array();
  for (const auto run : tick.runs) runs.push_back(std::to_string(run));
  return {{"number", tick.number}, {"at", format_time(tick.at)}, {"last_at", format_time(tick.last_at)}, {"took_ms", tick.took.count()}, {"outcome", to_string(tick.outcome)},
          {"reason", short_or_null(tick.reason)}, {"run_ids", std::move(runs)}, {"known", tick.known}, {"repeats", tick.repeats},
          {"cursor_before", short_or_null(tick.cursor_before)}, {"cursor_after", short_or_null(tick.cursor_after)}, {"log", short_or_null(tick.log)}};
}

void DaemonService::start_sensor_runner() {
  SensorRunnerOptions options{options_.sensor_program.empty() ? options_.program : options_.sensor_program, options_.compile.project_dir, options_.paths.store(), daemon_env_,
                              default_secrets(daemon_env_)};
  SensorRunner::Handlers handlers;
  handlers.answer = [this](SensorAnswer answer) {
    tasks_.push([this, answer = std::move(answer)](Turn& turn) { take_answer(turn, answer); });
  };
  handlers.changed = [this](const std::string& sensor) {
    tasks_.push([this, sensor](Turn& turn) { sensors_.tell(sensor, turn.now); });
  };
  handlers.now = [this] { return clock_.now().wall; };
  sensor_runner_ = std::make_unique<SensorRunner>(std::move(options), std::move(handlers));
}

void DaemonService::define_sensors(const Definitions& definitions, Turn* turn) {
  std::vector<std::string> before;
  for (const auto& [name, entry] : sensors_.entries()) {
    stored_sensors_[name] = entry.state;
    if (entry.last_tick) stored_sensor_ticks_[name] = *entry.last_tick;
    before.push_back(name);
  }
  sensors_.define(definitions.sensors, stored_sensors_, stored_sensor_ticks_, clock_.now());
  if (turn) begin_asset_sensors(*turn);
  for (const auto& name : before)
    if (sensor_runner_ && !sensors_.find(name)) sensor_runner_->forget(name);
}

/// What happened before they were defined is not news; what happens from now on is, also while they are paused.
void DaemonService::begin_asset_sensors(Turn& turn) {
  for (const auto& [name, entry] : sensors_.entries()) {
    if (entry.spec.kind != SensorKind::asset || !entry.state.cursor.empty()) continue;
    sensors_.reset(name, newest_event(), turn.now);
    turn.batch.sensors.states.push_back(entry.state);
  }
}

std::string DaemonService::newest_event() const { return std::to_string(store_->last_event()); }

std::string DaemonService::select_of(const Project& project, const SensorSpec& sensor) const {
  const auto job = std::ranges::find(project.definitions.jobs, sensor.job, &JobSpec::name);
  return sensor.job.empty() || job == project.definitions.jobs.end() ? sensor.select : job->select;
}

std::string DaemonService::running_run_of(const std::string& sensor) const {
  for (const auto& [id, run] : engine_->runs())
    if (run->record.trigger.kind == "sensor" && run->record.trigger.name == sensor) return std::to_string(id);
  return "";
}

// What people ask for goes first, and waits for no pause.
void DaemonService::let_sensors_look(Turn& turn) {
  if (!sensor_runner_ || draining_ || is_latched() || !project()) return;
  for (auto& [name, asked] : sensor_asked_) {
    const auto* entry = sensors_.find(name);
    if (!asked.empty() && !entry) refuse_asked(turn, no_sensor(name));
    if (asked.empty() || !entry || entry->evaluation) continue;
    asked.front().begun = true;
    begin_evaluation(turn, name, asked.front().dry_run);
  }
  if (!may_sensors_look()) return;
  for (const auto& name : sensors_.due(turn.now)) {
    const auto& spec = sensors_.find(name)->spec;
    const auto run = spec.overlap == Overlap::skip ? running_run_of(name) : "";
    if (run.empty()) {
      begin_evaluation(turn, name, false);
      continue;
    }
    sensors_.end(name, sensors_.begin(name, turn.now));
    SensorBook::Told told{.at = turn.now.wall, .finding = {.skip_reason = "run " + run + kSensorWaits, .look_at = turn.now.wall + spec.every}};
    if (sensors_.settle(name, std::move(told), turn.now)) record_sensor(turn, name);
  }
  save_sensors(turn);
}

void DaemonService::begin_evaluation(Turn& turn, const std::string& name, bool dry_run) {
  const auto current = project();
  if (const auto* entry = sensors_.find(name); entry->spec.kind == SensorKind::asset && entry->state.cursor.empty())
    sensors_.reset(name, newest_event(), turn.now);  // of a store that was made by an earlier version
  SensorJob job;
  job.evaluation = sensors_.begin(name, turn.now);
  const auto& entry = *sensors_.find(name);
  job.sensor = name;
  job.spec = entry.spec;
  job.cursor = entry.state.cursor;
  job.dry_run = dry_run;
  job.evaluated_at = entry.state.evaluated_at;
  job.fired_at = entry.state.fired_at;
  if (job.spec.kind == SensorKind::asset)
    if (const auto assets = select(*current, job.spec.asset.select))
      for (const auto asset : *assets) job.watched.insert(current->definitions.assets[asset].key);
  if (job.spec.kind == SensorKind::sql) {
    if (const auto plugin = plugins_.find("sql_probe"); plugin != plugins_.end()) job.plugin = plugin->second;
    if (const auto resource = current->definitions.resources.find(job.spec.sql.resource); resource != current->definitions.resources.end()) {
      job.resource = resource->second.config;
      job.resource["kind"] = resource->second.kind;
    }
  }
  turn.after.push_back([this, job = std::move(job)](bool committed) mutable {
    if (committed) sensor_runner_->evaluate(std::move(job));
  });
}

std::optional<RunId> DaemonService::known_key(const Turn& turn, const std::string& sensor, const std::string& key) {
  for (const auto& each : turn.batch.sensors.keys)
    if (each.sensor == sensor && each.key == key) return each.run;
  return store_->find_sensor_key(sensor, key);
}

/// All of them or, with the reason why one cannot be run, none. A request of which all is muted makes no run, and its key stays to be asked for.
std::expected<DaemonService::Found, std::string> DaemonService::request_found(Turn& turn, const SensorSpec& spec, const std::vector<SensorRequest>& requests, AskedBy by) {
  const auto current = project();
  Found found;
  const auto terms = terms_of(*current, spec.job, spec.terms);
  const auto mode = terms.steps.value_or(StepsMode::all);
  std::map<std::pair<std::string, std::vector<std::string>>, Resolved> plans;
  std::vector<const SensorRequest*> fresh;
  std::set<std::string> keys;
  for (const auto& request : requests) {
    if (!request.key.empty() && (!keys.insert(request.key).second || known_key(turn, spec.name, request.key))) {
      ++found.known;
      continue;
    }
    const auto text = request.select.empty() ? select_of(*current, spec) : request.select;
    if (text.empty()) return std::unexpected("a request says nothing to select, and the sensor has neither select nor job");
    const auto what = std::pair(text, request.partitions);
    if (!plans.contains(what)) {
      auto resolved = resolve(text, mode, json::object(), partitions_of(request), turn.now.wall, by);
      if (!resolved) return std::unexpected("what it asks for cannot be run: " + resolved.error().body.value("detail", "the selection is wrong"));
      plans.emplace(what, std::move(*resolved));
    }
    fresh.push_back(&request);
  }
  std::set<std::string> muted;
  for (const auto* request : fresh) {
    RunRecord run;
    run.select = request->select.empty() ? select_of(*current, spec) : request->select;
    const auto& resolved = plans.at({run.select, request->partitions});
    muted.insert(resolved.muted);
    if (resolved.plan->size() == 0) continue;
    run.job = request->select.empty() ? spec.job : "";
    set_terms(run, terms);
    for (const auto& [name, value] : request->tags) run.tags[name] = value;
    run.options["sensor"] = request->data;
    run.options["sensor"]["name"] = spec.name;
    run.trigger = {"sensor", spec.name, turn.now.wall};
    run.actor = {"sensor " + spec.name, ""};
    const auto id = begin_run(turn, std::move(run), resolved);
    found.runs.push_back(id);
    if (!request->key.empty()) turn.batch.sensors.keys.push_back({spec.name, request->key, id, turn.now.wall});
  }
  found.muted = joined(muted);
  return found;
}

/// Sensors that wait for each other's runs would go on for ever. What is left out counts as dealt with, and is said.
void DaemonService::leave_circles(const SensorBook::Entry& entry, SensorFinding& finding) const {
  const auto chain = [this](RunId id) {
    if (const auto* run = engine_->run(id)) return chain_of(run->record.options);
    const auto row = reader_->run(id);
    return row && *row ? chain_of((*row)->run.options) : SensorChain();
  };
  for (auto& request : finding.requests) {
    const auto circle = follow_chains(entry.spec.name, request, chain);
    if (circle.empty()) continue;
    finding.skip_reason = circle;
    spdlog::warn("sensor {}: {}", entry.spec.name, circle);
  }
  std::erase_if(finding.requests, [](const SensorRequest& request) { return request.data.contains("events") && request.data["events"].empty(); });
}

/// State and last tick as they are now, with an event that tells of it.
void DaemonService::record_sensor(Turn& turn, const std::string& name) {
  const auto& entry = *sensors_.find(name);
  turn.batch.sensors.states.push_back(entry.state);
  if (!entry.last_tick) return;
  const auto& tick = *entry.last_tick;
  turn.batch.sensors.ticks.push_back(tick);
  json changes = {{"outcome", to_string(tick.outcome)}, {"run_ids", to_json(tick)["run_ids"]}};
  if (!tick.reason.empty()) changes["reason"] = tick.reason;
  turn.batch.events.push_back(sensor_event(turn.now.wall, name, tick.runs.empty() ? 0 : tick.runs.front(), std::move(changes)));
}

void DaemonService::save_sensors(Turn& turn) {
  if (turn.now.boot - sensors_saved_at_ < kSaveInterval) return;
  sensors_saved_at_ = turn.now.boot;
  for (const auto& name : sensors_.take_unsaved()) {
    const auto& entry = *sensors_.find(name);
    turn.batch.sensors.states.push_back(entry.state);
    if (entry.last_tick) turn.batch.sensors.ticks.push_back(*entry.last_tick);
  }
}

// The answer of an evaluation that began from what is not so any more says nothing: it is done again.
void DaemonService::take_answer(Turn& turn, SensorAnswer answer) {
  const auto* entry = sensors_.end(answer.sensor, answer.evaluation);
  auto& waiting = sensor_asked_[answer.sensor];
  const bool was_asked = !waiting.empty() && waiting.front().begun && waiting.front().dry_run == answer.dry_run;
  if (!entry || is_latched() || draining_) {
    if (was_asked) waiting.front().begun = false;
    if (!entry && !sensors_.find(answer.sensor)) refuse_asked(turn, no_sensor(answer.sensor));
    if (is_latched() || draining_) refuse_asked(turn, unavailable("the daemon cannot commit what the sensor finds now; see /readyz"));
    return;
  }
  std::optional<AskedEvaluation> asked;
  if (was_asked) {
    asked = std::move(waiting.front());
    waiting.erase(waiting.begin());
  }
  if (answer.dry_run) {
    if (!asked) return;
    turn.after.push_back([done = asked->done, body = dry_run_json(turn, *entry, answer)](bool) { done({200, body}); });
    return;
  }
  if (!asked && (entry->paused() || automator_.find_pause(""))) return;  // looked at again when it goes on
  if (entry->spec.kind == SensorKind::file) sensors_.follow(answer.sensor, answer.followed, turn.now);
  SensorBook::Told told{.at = turn.now.wall, .took = answer.took, .finding = std::move(answer.finding), .log = std::move(answer.log)};
  if (told.finding.error.empty()) {
    if (entry->spec.kind == SensorKind::asset) leave_circles(*entry, told.finding);
    auto found = request_found(turn, entry->spec, told.finding.requests, asked ? AskedBy::people : AskedBy::itself);
    if (found) {
      told.runs = std::move(found->runs);
      told.known = found->known;
      told.muted = std::move(found->muted);
    } else {
      told.finding.error = found.error();
    }
  }
  if (!told.finding.error.empty()) spdlog::warn("sensor {}: {}", answer.sensor, told.finding.error);
  if (sensors_.settle(answer.sensor, std::move(told), turn.now) || asked) record_sensor(turn, answer.sensor);
  if (answer.look_again) sensors_.tell(answer.sensor, turn.now);
  if (!asked) return;
  Reply reply{200, to_json(*entry->last_tick)};
  audit(turn, asked->caller, "sensor.trigger", "sensor " + answer.sensor, {{"outcome", reply.body["outcome"]}, {"run_ids", reply.body["run_ids"]}});
  if (!asked->caller.idempotency_key.empty())
    turn.batch.answers.push_back({asked->caller.actor.name, asked->caller.route, asked->caller.idempotency_key, asked->caller.body_hash, 200, reply.body.dump(-1, ' ', false, json::error_handler_t::replace), turn.now.wall});
  turn.after.push_back([this, done = asked->done, reply](bool committed) mutable {
    if (!committed) return done(unavailable("whether what the sensor found was stored is not known; see /readyz"));
    reply.body["as_of"] = store_->last_event();
    done(std::move(reply));
  });
}

void DaemonService::refuse_asked(Turn& turn, const Reply& reply) {
  for (auto& [name, waiting] : sensor_asked_) {
    if (sensors_.find(name) && !is_latched() && !draining_) continue;
    for (auto& each : std::exchange(waiting, {})) turn.after.push_back([done = each.done, reply](bool) { done(reply); });
  }
}

json DaemonService::dry_run_json(Turn& turn, const SensorBook::Entry& entry, const SensorAnswer& answer) {
  const auto& finding = answer.finding;
  json requests = json::array();
  std::string error = finding.error;
  std::set<std::string> muted;
  bool fires = false;
  for (const auto& request : finding.requests) {
    const auto text = request.select.empty() ? select_of(*project(), entry.spec) : request.select;
    auto shown = request_json(request, text);
    shown["known"] = !request.key.empty() && known_key(turn, answer.sensor, request.key).has_value();
    const auto resolved = resolve(text, StepsMode::all, json::object(), partitions_of(request), turn.now.wall, AskedBy::itself);
    if (resolved) muted.insert(resolved->muted);
    fires = fires || (resolved && resolved->plan->size() > 0);
    shown["steps_total"] = resolved ? json(resolved->plan->size()) : json();
    const auto why = resolved ? "" : resolved.error().body.value("detail", "the selection is wrong");
    shown["error"] = short_or_null(why);
    if (!resolved && error.empty()) error = "what it asks for cannot be run: " + why;
    requests.push_back(std::move(shown));
  }
  const auto outcome = !error.empty() ? SensorOutcome::failed : fires ? SensorOutcome::fired : SensorOutcome::skipped;
  const auto reason = !error.empty() ? error : !joined(muted).empty() ? joined(muted) : finding.skip_reason;
  return {{"dry_run", true}, {"outcome", to_string(outcome)}, {"reason", short_or_null(reason)}, {"requests", std::move(requests)},
          {"cursor_before", short_or_null(shown_cursor(entry.spec.kind, entry.state.cursor))},
          {"cursor_after", short_or_null(shown_cursor(entry.spec.kind, finding.cursor.value_or(entry.state.cursor)))}, {"more", finding.more}, {"took_ms", answer.took.count()},
          {"log", short_or_null(answer.log)}, {"as_of", store_->last_event()}};
}

/// What happened to assets is news to the sensors that wait for it.
void DaemonService::tell_sensors(const std::vector<Event>& events) {
  const bool is_news = std::ranges::any_of(events, [](const Event& event) {
    const auto status = event.type == "step_changed" ? event.changes.value("status", "") : "";
    return status == "failed" || status == "skipped" || event.type == "materialization" || event.type == "asset_changed" || event.type == "check_result";
  });
  if (is_news) sensors_.tell(SensorKind::asset, clock_.now());
}

}  // namespace assetd
