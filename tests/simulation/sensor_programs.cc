// The processes in which sensors look: what they see, and that they hang, fail, or are asked for what is not there.

#include <algorithm>

#include "core/sensor/rules.h"
#include "tests/simulation/sensor_host.h"

namespace assetd::simulation {
namespace {

constexpr int kMostOfCounted = 3;  // that its program asks for at a time

}  // namespace

std::int64_t SensorHost::changes(SensorKind kind) const { return kind == SensorKind::asset ? machine_.store.last_event() : machine_.outside.changes(); }

bool SensorHost::can_go_on(const Evaluation& evaluation, const Now& now) {
  return !evaluation.has_answered && (!evaluation.hangs || now.boot - evaluation.begun >= evaluation.spec.timeout);
}

bool SensorHost::can_go_on(const Now& now) const {
  return std::ranges::any_of(under_way_, [&](const auto& each) { return can_go_on(each.second, now); });
}

std::optional<SensorHost::Answer> SensorHost::go_on(const Now& now) {
  std::vector<std::uint64_t> able;
  for (const auto& [number, evaluation] : under_way_)
    if (can_go_on(evaluation, now)) able.push_back(number);
  const auto number = *machine_.random.pick(able);
  auto& evaluation = under_way_.at(number);
  if (!evaluation.answer) {
    Answer answer{number, evaluation.sensor, {}, machine_.random.chance(50), changes(evaluation.spec.kind)};
    answer.finding = evaluation.hangs ? failed_finding("it took longer than its timeout") : find(evaluation);
    evaluation.answer = std::move(answer);
    return std::nullopt;
  }
  if (!evaluation.hangs && evaluation.spec.kind == SensorKind::program && machine_.random.chance(20)) return std::nullopt;  // it takes its time
  auto answer = std::move(*evaluation.answer);
  evaluation.has_answered = true;
  if (!evaluation.counts) under_way_.erase(number);
  return answer;
}

SensorFinding SensorHost::find(const Evaluation& evaluation) {
  if (machine_.faults && machine_.random.chance(machine_.options.sensors_fail)) return failed_finding("it ended with 1");
  const auto& spec = evaluation.spec;
  switch (spec.kind) {
    case SensorKind::file: return judge_files(spec.file, evaluation.cursor, machine_.outside.files(), machine_.now.wall);
    case SensorKind::sql: return judge_value(spec.sql, evaluation.cursor, {std::to_string(machine_.outside.value()), 1});
    case SensorKind::program: return run_program(evaluation);
    case SensorKind::asset: {
      std::vector<FoundHappening> found;
      for (const auto& each : machine_.store.happened())
        if (each.event > std::stoll(evaluation.cursor)) found.push_back(each);
      return judge_happenings(found, machine_.store.last_event(), false);
    }
    case SensorKind::webhook: break;
  }
  return {};
}

SensorFinding SensorHost::run_program(const Evaluation& evaluation) {
  using nlohmann::json;
  const bool keyed = evaluation.sensor == sensor::kKeyed;
  const int items = machine_.outside.items(), from = keyed || evaluation.cursor.empty() ? 0 : std::stoi(evaluation.cursor);
  const int upto = keyed ? items : std::min(items, from + kMostOfCounted);
  json answer = {{"requests", json::array()}};
  for (int item = from; item < upto; ++item) {
    json request = {{"data", {{"item", item}}}};
    if (keyed) request["key"] = "item " + std::to_string(item);
    answer["requests"].push_back(std::move(request));
  }
  if (machine_.faults && upto > from && machine_.random.chance(machine_.options.sensors_fail)) answer["requests"].back()["select"] = "gone";
  if (!keyed) answer["cursor"] = std::to_string(upto);
  if (upto == from) answer["skip_reason"] = "nothing is new";
  return read_program_answer(answer.dump());
}

bool SensorHost::hears_of_files() const {
  const auto* entry = off() ? nullptr : book_.find(sensor::kFiles);
  return entry && entry->followed;
}

bool SensorHost::is_quiet() const {
  return std::ranges::all_of(book_.entries(), [&](const auto& each) {
    const auto& [name, entry] = each;
    const auto seen = seen_.find(name);
    return entry.spec.kind == SensorKind::webhook || (!entry.paused() && seen != seen_.end() && seen->second == changes(entry.spec.kind));
  });
}

}  // namespace assetd::simulation
