#include <string>

#include "tests/simulation/machine.h"

namespace assetd::simulation {
namespace {

std::string line_of(const Change& change) {
  const auto run = [](RunId id) { return "  run " + std::to_string(id); };
  if (const auto* step = std::get_if<StepChanged>(&change))
    return run(step->run) + " step " + std::to_string(step->step.step) + " " + std::string(to_string(step->from)) + " -> " + std::string(to_string(step->step.status)) + " " + step->step.reason;
  if (const auto* steps = std::get_if<StepsEnded>(&change)) {
    std::string all = run(steps->run) + " steps";
    for (const auto each : steps->steps) all += " " + std::to_string(each);
    return all + " -> " + std::string(to_string(steps->status)) + " " + steps->reason;
  }
  if (const auto* check = std::get_if<CheckReported>(&change)) return run(check->result.run) + " check " + check->result.home + "." + check->result.name + " " + std::string(to_string(check->result.status));
  if (const auto* changed = std::get_if<RunChanged>(&change)) return run(changed->run.id) + " " + std::string(to_string(changed->run.status));
  if (const auto* created = std::get_if<RunCreated>(&change)) return run(created->run.id) + " created, " + std::to_string(created->plan->size()) + " steps, " + created->run.trigger.kind;
  if (const auto* intent = std::get_if<AttemptIntended>(&change)) return run(intent->attempt.run) + " unit " + std::to_string(intent->attempt.unit) + " intends " + intent->attempt.id.substr(0, 6);
  if (const auto* end = std::get_if<AttemptEnded>(&change)) return "  attempt " + end->attempt.id.substr(0, 6) + " ended " + end->attempt.reason;
  if (const auto* read = std::get_if<MessagesRead>(&change)) return "  attempt " + read->attempt.substr(0, 6) + " read to " + std::to_string(read->offset);
  if (const auto* made = std::get_if<Materialized>(&change)) {
    const auto& value = made->materialization;
    return run(value.run) + " step " + std::to_string(value.step) + " materialized: " + value.key + (value.partition.empty() ? "" : " " + value.partition);
  }
  if (const auto* tick = std::get_if<TickRecorded>(&change)) return "  tick of " + tick->tick.schedule + (tick->tick.run ? ", run " + std::to_string(*tick->tick.run) : "");
  return "";
}

std::string line_of(const supervisor::Command& command) {
  if (const auto* spawn = std::get_if<supervisor::Spawn>(&command)) return "spawn " + spawn->attempt.substr(0, 6);
  if (const auto* stop = std::get_if<supervisor::Stop>(&command)) return "stop " + stop->attempt.substr(0, 6);
  if (std::holds_alternative<supervisor::List>(command)) return "list";
  if (const auto* hello = std::get_if<supervisor::Hello>(&command)) return "hello of generation " + std::to_string(hello->generation);
  std::string text = "ack";
  if (const auto* ack = std::get_if<supervisor::Ack>(&command))
    for (const auto& each : ack->attempts) text += " " + each.substr(0, 6);
  return text;
}

}  // namespace

void describe(Trace& trace, std::uint64_t connection, const supervisor::Command& command) {
  trace.add([&] { return "supervisor: takes from connection " + std::to_string(connection) + ": " + line_of(command); });
}

void describe(Trace& trace, const std::vector<Change>& changes) {
  if (!trace.on) return;
  for (const auto& change : changes)
    if (const auto line = line_of(change); !line.empty()) trace.add([&] { return line; });
}

}  // namespace assetd::simulation
