#include "tests/simulation/sensor_host.h"

#include <algorithm>
#include <set>

#include "daemon/service/run_terms.h"
#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {
constexpr Millis kSaveInterval{60'000};
}  // namespace

void SensorHost::restore() {
  book_.clear();
  paces_.clear();
  seen_.clear();
  stored_ = machine_.store.sensors();
  stored_ticks_ = machine_.store.sensor_ticks();
  for (auto& [number, evaluation] : under_way_) evaluation.counts = false;
}

void SensorHost::use(const Definitions& definitions, const Now& now) {
  if (off()) return;
  for (const auto& [name, entry] : book_.entries()) {
    stored_[name] = entry.state;
    if (entry.last_tick) stored_ticks_[name] = *entry.last_tick;
  }
  book_.define(definitions.sensors, stored_, stored_ticks_, now);
  paces_.define(definitions.sensors, now);
}

std::optional<RunId> SensorHost::running_run_of(const std::string& sensor, const Engine& engine) const {
  for (const auto& [id, run] : engine.runs())
    if (run->record.trigger.kind == "sensor" && run->record.trigger.name == sensor) return id;
  return std::nullopt;
}

void SensorHost::look(Turn turn, const Engine& engine) {
  if (off() || automation_.all_paused()) return;
  const auto is_looked_at = [](const auto& each) { return each.second.evaluation != 0; };
  const bool waits = machine_.seams.sensors_wait_for_each_other && std::ranges::any_of(book_.entries(), is_looked_at);
  if (!waits)
    for (const auto& name : book_.due(turn.now)) begin(turn, name, engine);
  for (const auto& [name, entry] : book_.entries()) {
    const bool is_under_way = std::ranges::any_of(under_way_, [&](const auto& each) { return each.second.counts && each.second.sensor == name; });
    if (!entry.paused() && !is_under_way) paces_.check_not_late(name, turn.now);
  }
  if (turn.now.boot - saved_at_ < kSaveInterval) return;
  saved_at_ = turn.now.boot;
  for (const auto& name : book_.take_unsaved()) {
    const auto& entry = *book_.find(name);
    turn.batch.sensors.states.push_back(entry.state);
    if (entry.last_tick) turn.batch.sensors.ticks.push_back(*entry.last_tick);
  }
}

void SensorHost::begin(Turn& turn, const std::string& name, const Engine& engine) {
  paces_.begins(name, turn.now);
  const auto spec = book_.find(name)->spec;
  if (const auto run = spec.overlap == Overlap::skip ? running_run_of(name, engine) : std::nullopt) {
    book_.end(name, book_.begin(name, turn.now));
    SensorBook::Told told{.at = turn.now.wall, .finding = {.skip_reason = "run " + std::to_string(*run) + kSensorWaits, .look_at = turn.now.wall + spec.every}};
    if (book_.settle(name, std::move(told), turn.now)) record(turn, name);
    return paces_.ended(name, 0, book_.find(name)->followed, turn.now);
  }
  if (spec.kind == SensorKind::asset && book_.find(name)->state.cursor.empty()) book_.reset(name, std::to_string(machine_.store.last_event()), turn.now);
  const auto number = book_.begin(name, turn.now);
  Evaluation evaluation{name, spec, book_.find(name)->state.cursor, turn.now.boot, machine_.faults && machine_.random.chance(machine_.options.sensors_hang), true, {}, false};
  under_way_.emplace(number, std::move(evaluation));
  turn.after.push_back([this, number](bool committed) {
    if (!committed) under_way_.erase(number);
  });
}

bool SensorHost::is_known(const Turn& turn, const std::string& sensor, const std::string& key) const {
  const auto is_it = [&](const SensorKey& each) { return each.sensor == sensor && each.key == key; };
  return std::ranges::any_of(turn.batch.sensors.keys, is_it) || machine_.store.has_sensor_key(sensor, key);
}

std::expected<SensorHost::Found, std::string> SensorHost::request_found(Turn& turn, const SensorSpec& spec, const std::vector<SensorRequest>& requests) {
  Found found;
  std::vector<std::pair<const SensorRequest*, AssetId>> fresh;
  std::set<std::string> keys;
  for (const auto& request : requests) {
    if (!request.key.empty() && (!keys.insert(request.key).second || is_known(turn, spec.name, request.key))) {
      ++found.known;
      continue;
    }
    const auto target = turn.context.graph->find(request.select.empty() ? spec.select : request.select);
    if (!target || !turn.can_run(*target)) return std::unexpected("what it asks for cannot be run");
    fresh.emplace_back(&request, *target);
  }
  for (const auto& [request, target] : fresh) {
    RunRecord run;
    run.options["sensor"] = request->data;
    run.options["sensor"]["name"] = spec.name;
    run.trigger = {"sensor", spec.name, turn.now.wall};
    const auto id = turn.begin(std::move(run), target);
    found.runs.push_back(id);
    if (!request->key.empty()) turn.batch.sensors.keys.push_back({spec.name, request->key, id, turn.now.wall});
  }
  return found;
}

void SensorHost::record(Turn& turn, const std::string& name) {
  const auto& entry = *book_.find(name);
  turn.batch.sensors.states.push_back(entry.state);
  if (entry.last_tick) turn.batch.sensors.ticks.push_back(*entry.last_tick);
  machine_.trace.add([&] { return "sensor: " + name + " " + std::string(to_string(entry.last_tick->outcome)) + " " + entry.last_tick->reason + ", cursor " + entry.state.cursor; });
}

void SensorHost::take(Turn turn, const Answer& answer, bool draining) {
  under_way_.erase(answer.evaluation);
  const auto* entry = book_.end(answer.sensor, answer.evaluation);
  if (!entry || draining || entry->paused() || automation_.all_paused()) return;
  if (entry->spec.kind == SensorKind::file) book_.follow(answer.sensor, answer.followed, turn.now);
  SensorBook::Told told{.at = turn.now.wall, .finding = answer.finding};
  if (told.finding.error.empty()) {
    if (auto found = request_found(turn, entry->spec, told.finding.requests)) {
      told.runs = std::move(found->runs);
      told.known = found->known;
    } else {
      told.finding.error = found.error();
    }
  }
  const bool failed = !told.finding.error.empty();
  const bool is_all = !failed && told.runs.empty() && !answer.finding.more && !answer.finding.look_at;
  turn.after.push_back([this, is_all, sensor = answer.sensor, changes = answer.changes](bool committed) {
    if (is_all && committed) seen_[sensor] = changes;
  });
  if (machine_.seams.sensors_never_back_off) told.finding.error.clear();
  const int failures = failed ? entry->state.failures + 1 : 0;
  if (book_.settle(answer.sensor, std::move(told), turn.now)) record(turn, answer.sensor);
  paces_.ended(answer.sensor, failures, entry->followed, turn.now);
}

void SensorHost::note_end(const RunRecord& run, const Now& now) {
  const auto* entry = run.trigger.kind == "sensor" ? book_.find(run.trigger.name) : nullptr;
  if (entry && entry->last_tick && entry->last_tick->reason.ends_with(kSensorWaits)) book_.tell(run.trigger.name, now);
}

void SensorHost::committed(const FakeStore::Batch& batch, const Now& now) {
  const bool is_news = std::ranges::any_of(batch.changes, [](const Change& change) { return std::holds_alternative<Materialized>(change); });
  if (!off() && is_news) book_.tell(SensorKind::asset, now);
}

void SensorHost::deliver(Turn turn, const std::string& delivery, bool draining) {
  const auto answer = [&](bool taken) {
    turn.after.push_back([this, delivery, taken](bool committed) { machine_.outside.answered(delivery, taken && committed); });
  };
  const auto* entry = book_.find(sensor::kHook);
  if (!entry) return answer(false);
  if (is_known(turn, sensor::kHook, delivery)) return answer(true);
  if (draining || entry->paused() || automation_.all_paused()) return answer(false);
  auto found = request_found(turn, entry->spec, {{.data = {{"delivery", delivery}}}});
  SensorBook::Told told{.at = turn.now.wall};
  if (found) told.runs = found->runs;
  else told.finding.error = found.error();
  if (book_.settle(sensor::kHook, std::move(told), turn.now)) record(turn, sensor::kHook);
  if (!found) return answer(false);
  turn.batch.sensors.keys.push_back({sensor::kHook, delivery, found->runs.front(), turn.now.wall});
  answer(true);
}

// ---- People

void SensorHost::pause(Turn turn, const std::string& sensor, bool paused) {
  if (!book_.pause(sensor, paused, "somebody", "", turn.now)) return;
  if (!paused) paces_.at_once(sensor, turn.now);
  turn.batch.sensors.states.push_back(book_.find(sensor)->state);
}

void SensorHost::reset(Turn turn, const std::string& sensor) {
  if (!book_.find(sensor)) return;
  machine_.outside.begins_anew(sensor);
  book_.reset(sensor, "", turn.now);
  seen_.erase(sensor);
  paces_.at_once(sensor, turn.now);
  turn.batch.sensors.states.push_back(book_.find(sensor)->state);
}

std::optional<Millis> SensorHost::next_due() const {
  auto next = automation_.all_paused() ? std::nullopt : book_.next_due(machine_.now);
  for (const auto& [number, evaluation] : under_way_)
    if (evaluation.hangs && !evaluation.has_answered) next = std::min(next.value_or(Millis::max()), evaluation.begun + evaluation.spec.timeout);
  return next;
}

}  // namespace assetd::simulation
