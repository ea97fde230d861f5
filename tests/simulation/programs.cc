#include "tests/simulation/programs.h"

#include <algorithm>

#include "tests/simulation/random_partitions.h"

namespace assetd::simulation {
namespace {
constexpr std::size_t kMostProcesses = 60;
}

void Programs::execute(const AttemptId& attempt) {
  auto& program = programs_[attempt];
  program.attempt = *machine_.store.attempt(attempt);
  program.run = &machine_.store.run_of(attempt);
}

std::vector<int> Programs::all() const {
  std::vector<int> pids;
  for (const auto& [pid, process] : machine_.os.processes())
    if (process.kind == Process::Kind::step || process.kind == Process::Kind::child) pids.push_back(pid);
  return pids;
}

void Programs::act(int pid) {
  const auto process = machine_.os.processes().at(pid);
  auto& random = machine_.random;
  const auto& options = machine_.options;
  if (machine_.os.processes().size() < kMostProcesses && machine_.faults && random.chance(options.forks)) return machine_.os.fork_child(pid, random.chance(options.hostile));
  if (process.kind == Process::Kind::child) {
    if (random.chance(50)) machine_.os.exit(pid, 0);
    return;
  }
  no_room_ = false;
  auto code = work(programs_.at(process.attempt));
  if (no_room_) code = 1;
  if (!code) return;
  machine_.trace.add([&] { return "step: " + process.attempt.substr(0, 6) + " ends with " + std::to_string(*code); });
  machine_.os.exit(pid, *code);
}

const std::string& Programs::key(const Program& program, StepIndex step) const { return program.run->context.definitions->assets[program.run->plan->asset(step)].key; }

bool Programs::say(Program& program, AttemptMessage message) {
  if (!machine_.disk.say(program.attempt.id, message)) {
    no_room_ = true;
    return false;
  }
  ++program.lines;
  return true;
}

// Numbered, so that one that is lost or counts twice is found.
std::optional<int> Programs::work(Program& program) {
  auto& random = machine_.random;
  if (tell(program)) return std::nullopt;
  if (random.chance(machine_.options.reports)) {
    AttemptMessage note;
    note.kind = AttemptMessage::Kind::custom;
    note.data = program.noted;
    if (say(program, note)) ++program.noted;
    return std::nullopt;
  }
  const auto& attempt = program.attempt;
  if (attempt.check == kNone && !program.run->context.definitions->assets[program.run->plan->asset(attempt.steps.front())].batch.empty()) return work_batch(program);
  if (attempt.check == kNone && report(program, attempt.steps.front())) return std::nullopt;
  if (random.chance(30)) return std::nullopt;
  return random.chance(machine_.options.fails) ? 1 : 0;
}

bool Programs::tell(Program& program) {
  auto& random = machine_.random;
  if (!machine_.faults || !random.chance(machine_.options.rules.key_messages)) return false;
  AttemptMessage message;
  message.kind = random.chance(60) ? AttemptMessage::Kind::partitions : AttemptMessage::Kind::partitions_gone;
  message.data = {{"set", kKeySet}, {"keys", {random_key(random)}}};
  say(program, std::move(message));
  return true;
}

// In order, as a dbt build does, skipping what a failure took along, and with the checks of each.
std::optional<int> Programs::work_batch(Program& program) {
  const auto& plan = *program.run->plan;
  const auto& steps = program.attempt.steps;
  auto& random = machine_.random;
  if (program.next_member >= steps.size() || random.in_ten_thousand(machine_.options.fails * 10)) return program.failed.empty() ? 0 : 1;
  const auto step = steps[program.next_member];
  const auto parents = plan.parents(step);
  const bool skip = std::any_of(parents.begin(), parents.end(), [&](const PlanEdge& e) { return program.failed.contains(e.step); });
  if (!program.member_begun && !skip) {
    AttemptMessage message;
    message.kind = AttemptMessage::Kind::step_started;
    message.key = key(program, step);
    message.partition = program.run->plan->partition(step);
    program.member_begun = say(program, message);
    if (random.chance(machine_.options.reports)) judge(program, step, 50);  // before what they judge is reported
    return std::nullopt;
  }
  if (!skip && report(program, step)) return std::nullopt;
  end_member(program, step, skip);
  return std::nullopt;
}

void Programs::end_member(Program& program, StepIndex step, bool skip) {
  auto& random = machine_.random;
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::step_ended;
  message.key = key(program, step);
  message.partition = program.run->plan->partition(step);
  message.status = skip ? "skipped" : random.chance(machine_.options.fails) ? "failed" : "succeeded";
  if (message.status != "succeeded") program.failed.insert(step);
  say(program, message);
  if (message.status == "succeeded") judge(program, step, 90);
  ++program.next_member;
  program.member_begun = false;
}

void Programs::judge(Program& program, StepIndex step, int percent) {
  auto& random = machine_.random;
  for (const auto index : program.run->plan->checks_of_unit(program.attempt.unit)) {
    const auto& check = program.run->context.definitions->checks[program.run->plan->checks()[index].check];
    if (check.home != key(program, step) || !random.chance(percent)) continue;
    AttemptMessage result;
    result.kind = AttemptMessage::Kind::check;
    result.key = check.home;
    result.check = check.name;
    result.check_status = random.chance(machine_.options.fails) ? CheckStatus::failed : CheckStatus::passed;
    if (*result.check_status == CheckStatus::failed && check.blocking) program.failed.insert(step);
    say(program, result);
  }
}

// A program may report what it made before it ends, also more than once.
bool Programs::report(Program& program, StepIndex step) {
  if (program.run->plan->mode() == StepsMode::checks || !machine_.random.chance(machine_.options.reports)) return false;
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::materialization;
  message.key = key(program, step);
  message.partition = program.run->plan->partition(step);
  // Data is of some time ago, in whole seconds.
  if (machine_.options.freshness > 0) message.data = {{"of", machine_.now.wall.time_since_epoch().count() / 1'000 - machine_.random.below(300)}};
  if (say(program, message)) machine_.store.program_reported(program.attempt.id, step);
  return true;
}

}  // namespace assetd::simulation
