#include "tests/simulation/witness.h"

#include <algorithm>

#include "tests/simulation/violation.h"

namespace assetd::simulation {
namespace {

std::string brief(const AttemptId& attempt) { return "attempt " + attempt.substr(0, 6); }

bool is_another_of_its_steps(const AttemptRecord& a, const AttemptRecord& b) {
  if (a.id == b.id || a.run != b.run || a.check != b.check) return false;
  if (a.check != kNone) return a.unit == b.unit;  // of several partitions one step may wait for each
  return std::any_of(a.steps.begin(), a.steps.end(), [&](StepIndex step) { return std::find(b.steps.begin(), b.steps.end(), step) != b.steps.end(); });
}

}  // namespace

void Witness::executed(const AttemptId& id) {
  const auto* record = machine_.store.attempt(id);
  machine_.trace.add([&] { return "execute " + id.substr(0, 6); });
  if (!record) broken(Invariant::intent, brief(id) + " is executed without a committed intent");
  if (++truths_[id].executed > 1) broken(Invariant::once, brief(id) + " is executed a second time");
  if (record->outcome) broken(Invariant::intent, brief(id) + " is executed after its end was committed");
  for (const auto& [pid, process] : machine_.os.processes()) {
    if (process.attempt.empty() || process.attempt == id || process.kind == Process::Kind::shim) continue;
    const auto* other = machine_.store.attempt(process.attempt);
    if (other && is_another_of_its_steps(*record, *other) && !machine_.os.is_hidden(process)) broken(Invariant::one_live, brief(id) + " is executed while a process of " + brief(other->id) + ", of the same step, lives");
  }
}

void Witness::power_lost() {
  power_lost_ = true;
  for (const auto& [id, run] : machine_.store.runs())
    for (const auto& [attempt, record] : run.attempts)
      if (!record.outcome) truths_[attempt].harmed = true;
}

void Witness::ended(const AttemptRecord& attempt) const {
  const auto it = truths_.find(attempt.id);
  const auto truth = it == truths_.end() ? Truth{} : it->second;
  check_tree(attempt);
  check_truth(attempt, truth);
  if (truth.executed > 0 && !truth.harmed && !machine_.store.runs().at(attempt.run).damaged) check_messages(attempt);
}

void Witness::check_tree(const AttemptRecord& attempt) const {
  for (const auto* process : machine_.os.tree_of(attempt.id))
    if (!machine_.os.is_hidden(*process)) broken(Invariant::tree, brief(attempt.id) + " has ended and its process " + std::to_string(process->pid) + " lives");
}

void Witness::check_truth(const AttemptRecord& attempt, const Truth& truth) const {
  const auto& exit = *attempt.exit;
  const auto name = brief(attempt.id);
  if (!exit.reason.empty() || exit.kind == ExitReport::Kind::never_started) {
    // Of a claim that went with the power the supervisor knows nothing when it is asked to stop it.
    const bool unknowable = truth.harmed && exit.stopped;
    if (truth.executed > 0 && !unknowable) broken(Invariant::truth, name + " was executed and ends as " + (exit.reason.empty() ? "never started" : exit.reason));
  } else if (exit.kind == ExitReport::Kind::lost) {
    if (truth.recorded && !truth.harmed) broken(Invariant::truth, name + " is lost though its end was recorded");
  } else if (!truth.recorded) {
    broken(Invariant::truth, name + " ends with an exit that nobody recorded");
  } else {
    const bool by_signal = exit.kind == ExitReport::Kind::signaled;
    const auto& end = *truth.recorded;
    if (by_signal != (end.outcome == supervisor::Outcome::signaled) || (by_signal ? exit.signal != end.signal : exit.code != end.exit_code)) broken(Invariant::truth, name + " ends with another exit than its own");
    if (end.stopped && attempt.outcome == AttemptOutcome::succeeded) broken(Invariant::truth, name + " was told to end, did, and counts as succeeded");
  }
}

void Witness::check_messages(const AttemptRecord& attempt) const {
  const auto& lines = machine_.disk.messages(attempt.id);
  const auto size = static_cast<std::int64_t>(lines.size()) * kLine;
  if (attempt.message_offset != size) broken(Invariant::messages, brief(attempt.id) + " ended with its messages read to " + std::to_string(attempt.message_offset) + " of " + std::to_string(size));
  const auto numbered = std::count_if(lines.begin(), lines.end(), [](const AttemptMessage& each) { return each.kind == AttemptMessage::Kind::custom; });
  if (machine_.store.noted(attempt.id) != numbered)
    broken(Invariant::messages, brief(attempt.id) + " wrote " + std::to_string(numbered) + " numbered messages, " + std::to_string(machine_.store.noted(attempt.id)) + " count");
}

void Witness::check_leftovers(const supervisor::Logic& logic, const Engine& engine) const {
  if (!machine_.disk.claims().empty()) broken(Invariant::leftovers, std::to_string(machine_.disk.claims().size()) + " claims are left");
  if (!logic.attempts().empty()) broken(Invariant::leftovers, "the supervisor still knows " + std::to_string(logic.attempts().size()) + " attempts");
  // Without the claim nobody tells an end again whose files had not been tidied away.
  if (!power_lost_ && !machine_.disk.message_files().empty()) broken(Invariant::leftovers, "message files are left");
  if (!engine.dispatcher().holds().empty()) broken(Invariant::leftovers, "slots are held");
  for (const auto& [pid, process] : machine_.os.processes())
    if (process.kind == Process::Kind::step || process.kind == Process::Kind::child) broken(Invariant::leftovers, "process " + std::to_string(pid) + " is left");
}

}  // namespace assetd::simulation
