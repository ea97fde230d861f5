#include "tests/simulation/world.h"

#include "tests/simulation/blockers.h"

#include <algorithm>
#include <stdexcept>

namespace assetd::simulation {
namespace {

constexpr std::int64_t kLine = 10;
constexpr int kSteps = 250;
constexpr int kSettleBound = 20'000;  // inputs within which everything must have ended once faults stop

}  // namespace

World::World(std::uint64_t seed) : random_(seed) {
  auto definitions = std::make_shared<Definitions>(random_definitions(random_));
  auto graph = AssetGraph::build(*definitions);
  if (!graph) throw std::logic_error("the generator made a bad graph: " + graph.error().front().message);
  definitions_ = definitions;
  graph_ = std::make_shared<AssetGraph>(std::move(*graph));
  store_.know_context({1, definitions_, graph_});
  pools_ = {{"default", 1 + random_.below(4)}, {"p", definitions_->pools.at("p").slots}};
  engine_ = std::make_unique<Engine>([this] { return random_.hex32(); }, 0);
  store_.set_pools(pools_);
  feed(PoolsChanged{pools_}, false);
}

void World::run() {
  try {
    for (int i = 0; i < kSteps; ++i) act(true);
    faults_ = false;
    settle();
  } catch (const std::exception& error) {
    throw std::logic_error(std::string(error.what()) + "\n" + trace_);
  }
}

void World::request_run() {
  std::vector<AssetId> assets;
  const bool all = random_.chance(50);
  for (AssetId id = 0; id < definitions_->assets.size(); ++id)
    if (all || random_.chance(50)) assets.push_back(id);
  const auto mode = random_.chance(80) ? StepsMode::all : random_.chance(50) ? StepsMode::assets : StepsMode::checks;
  auto plan = std::make_shared<RunPlan>(make_plan(*definitions_, *graph_, assets, mode, [&](AssetId) { return random_.chance(50); }));
  if (plan->size() == 0) return;
  const auto decoded = RunPlan::decode(plan->encode(), *definitions_, *graph_);
  if (!decoded || decoded->encode() != plan->encode() || decoded->units().size() != plan->units().size()) throw std::logic_error("a plan does not survive being stored");
  RunRecord record;
  record.priority = random_.below(3);
  const bool in_line = random_.chance(30);
  if (in_line) record.trigger = {"schedule", random_.chance(70) ? "nightly" : "hourly", now_.wall};
  record.in_line = in_line;
  feed(RunRequested{record, plan, {1, definitions_, graph_}}, faults_);
}

void World::act(bool faults) {
  now_.wall += Millis(random_.below(400));
  now_.boot += Millis(random_.below(400));
  const int what = random_.below(100);
  if (what < 6 && engine_->runs().size() < 4) {
    request_run();
  } else if (what < 8 && !engine_->runs().empty()) {
    auto it = engine_->runs().begin();
    std::advance(it, random_.below(static_cast<int>(engine_->runs().size())));
    feed(CancelRequested{it->first, {"somebody", ""}}, faults);
  } else if (what < 10 && faults) {
    crash();
  } else if (what < 12) {
    pools_["default"] = 1 + random_.below(4);
    pools_["p"] = 2 + random_.below(3);
    store_.set_pools(pools_);
    feed(PoolsChanged{pools_}, false);
  } else if (what < 25 || processes_.empty()) {
    feed(TimePassed{}, faults);
  } else {
    auto it = processes_.begin();
    std::advance(it, random_.below(static_cast<int>(processes_.size())));
    advance(it->second, faults);
  }
}

// The daemon dies: what it had in memory is gone, what was committed stays, processes go on.
void World::crash() {
  note("crash");
  engine_ = std::make_unique<Engine>([this] { return random_.hex32(); }, store_.last_run());
  (void)engine_->handle(now_, PoolsChanged{pools_});
  std::vector<AttemptRecord> live;
  for (auto& restored : store_.active()) {
    for (const auto& attempt : restored.attempts)
      if (!attempt.outcome) live.push_back(attempt);
    auto out = engine_->restore(now_, std::move(restored));
    store_.commit(out.changes);
  }
  // Reconciliation, as the service does it: what is not known to the supervisor is started (again) or lost.
  for (const auto& attempt : live) {
    const auto* still = engine_->attempt(attempt.id);
    if (!still) continue;
    if (processes_.contains(attempt.id)) {
      // It goes on; what it has said and was not committed is read again.
    } else if (!attempt.started_at && !executed_.contains(attempt.id)) {
      perform(StartAttempt{attempt});
    } else {
      ExitReport lost;
      lost.kind = ExitReport::Kind::lost;
      lost.ended_at = now_.wall;
      feed(AttemptExited{attempt.id, lost, {attempt.id, attempt.message_offset, {}}}, false);
      continue;
    }
    const auto* again = engine_->attempt(attempt.id);
    if (again && !again->stop_reason.empty()) perform(StopAttempt{attempt.id, {"TERM"}, Millis{0}});
  }
  feed(TimePassed{}, false);
}

void World::tell(const Change& change) {
  if (const auto* step = std::get_if<StepChanged>(&change))
    note("  run " + std::to_string(step->run) + " step " + std::to_string(step->step.step) + " " + std::string(to_string(step->from)) + " -> " + std::string(to_string(step->step.status)) + " " + step->step.reason);
  if (const auto* steps = std::get_if<StepsEnded>(&change))
    for (const auto each : steps->steps) note("  run " + std::to_string(steps->run) + " step " + std::to_string(each) + " -> " + std::string(to_string(steps->status)));
  if (const auto* check = std::get_if<CheckReported>(&change))
    note("  run " + std::to_string(check->result.run) + " check " + check->result.home + "." + check->result.name + " " + std::string(to_string(check->result.status)));
  if (const auto* run = std::get_if<RunChanged>(&change)) note("  run " + std::to_string(run->run.id) + " " + std::string(to_string(run->run.status)));
}

// A crash before the commit loses the output, one after it only the effects.
void World::feed(const Input& input, bool may_crash) {
  const auto out = engine_->handle(now_, input);
  if (may_crash && random_.chance(2)) {
    note("crash before commit");
    return crash();
  }
  for (const auto& change : out.changes) tell(change);
  store_.commit(out.changes);
  store_.check_holds(*engine_);
  check_blockers(*engine_, store_, pools_, now_.wall);
  if (may_crash && random_.chance(2)) {
    note("crash after commit");
    return crash();
  }
  for (const auto& effect : out.effects) perform(effect);
}

void World::perform(const Effect& effect) {
  if (const auto* start = std::get_if<StartAttempt>(&effect)) {
    if (!store_.attempt(start->attempt.id)) throw std::logic_error("an effect without a committed intent");
    if (!executed_.insert(start->attempt.id).second) return;  // the claim is there: executed at most once
    processes_[start->attempt.id].attempt = start->attempt;
    note("start " + start->attempt.id.substr(0, 6) + " run " + std::to_string(start->attempt.run) + " unit " + std::to_string(start->attempt.unit));
  } else if (const auto* stop = std::get_if<StopAttempt>(&effect)) {
    if (const auto it = processes_.find(stop->attempt); it != processes_.end()) it->second.stopped = true;
  } else if (const auto* forget = std::get_if<ForgetAttempt>(&effect)) {
    forgotten_.insert(forget->attempt);
  }
}

void World::advance(Process& process, bool faults) {
  if (!process.seen && random_.chance(70)) {
    process.seen = true;
    return feed(AttemptSeenRunning{process.attempt.id, 1, now_.wall}, faults);
  }
  ExitReport report;
  report.started_at = now_.wall;
  report.ended_at = now_.wall;
  if (process.stopped) {
    report.kind = process.seen || !process.file.empty() || random_.chance(50) ? ExitReport::Kind::signaled : ExitReport::Kind::never_started;
    report.signal = 15;
    report.stopped = true;
    return exit(process, report);
  }
  if (faults && random_.chance(6)) {
    const bool may_be_unstarted = process.file.empty();
    report.kind = random_.chance(50) ? ExitReport::Kind::lost : random_.chance(50) || !may_be_unstarted ? ExitReport::Kind::signaled : ExitReport::Kind::never_started;
    report.signal = 9;
    return exit(process, report);
  }
  const bool batch = process.attempt.check == kNone && !definitions_->assets[store_.runs().at(process.attempt.run).plan->asset(process.attempt.steps.front())].batch.empty();
  if (batch) return advance_batch(process, faults);
  if (process.attempt.check == kNone && may_report(process, process.attempt.steps.front())) return;
  report.code = random_.chance(faults ? 20 : 10) ? 1 : 0;
  exit(process, report);
}

// Works through its members in order, as a dbt build does, skipping what a failure took along, and reports the checks of each.
void World::advance_batch(Process& process, bool faults) {
  const auto& plan = *store_.runs().at(process.attempt.run).plan;
  const auto& steps = process.attempt.steps;
  const auto key = [&](StepIndex step) { return definitions_->assets[plan.asset(step)].key; };
  if (process.next_member < steps.size() && !(faults && random_.chance(3))) {
    const auto step = steps[process.next_member];
    const auto parents = plan.parents(step);
    const bool skip = std::any_of(parents.begin(), parents.end(), [&](const PlanEdge& e) { return process.failed.contains(e.step); });
    AttemptMessage message;
    message.key = key(step);
    if (!process.member_begun && !skip) {
      process.member_begun = true;
      message.kind = AttemptMessage::Kind::step_started;
      return say(process, {message});
    }
    if (!skip && may_report(process, step)) return;
    message.kind = AttemptMessage::Kind::step_ended;
    message.status = skip ? "skipped" : random_.chance(15) ? "failed" : "succeeded";
    if (message.status != "succeeded") process.failed.insert(step);
    std::vector<AttemptMessage> messages{message};
    for (const auto index : plan.checks_of_unit(process.attempt.unit)) {
      const auto& check = definitions_->checks[plan.checks()[index].check];
      if (check.home != message.key || message.status != "succeeded" || random_.chance(10)) continue;
      AttemptMessage result;
      result.kind = AttemptMessage::Kind::check;
      result.key = check.home;
      result.check = check.name;
      result.check_status = random_.chance(20) ? CheckStatus::failed : CheckStatus::passed;
      if (*result.check_status == CheckStatus::failed && check.blocking) process.failed.insert(step);
      messages.push_back(result);
    }
    ++process.next_member;
    process.member_begun = false;
    return say(process, std::move(messages));
  }
  ExitReport report;
  report.started_at = report.ended_at = now_.wall;
  report.code = process.failed.empty() ? 0 : 1;
  exit(process, report);
}

// A program may report what it made before it ends, also more than once.
bool World::may_report(Process& process, StepIndex step) {
  const auto& run = store_.runs().at(process.attempt.run);
  if (run.plan->mode() == StepsMode::checks || !random_.chance(20)) return false;
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::materialization;
  message.key = definitions_->assets[run.plan->asset(step)].key;
  store_.program_reported(process.attempt.id, step);
  say(process, {message});
  return true;
}

void World::say(Process& process, const std::vector<AttemptMessage>& messages) {
  process.file.insert(process.file.end(), messages.begin(), messages.end());
  feed(unread(process), faults_);
}

MessagesArrived World::unread(const Process& process) const {
  const auto read = store_.attempt(process.attempt.id)->message_offset / kLine;
  return {process.attempt.id, static_cast<std::int64_t>(process.file.size()) * kLine, {process.file.begin() + read, process.file.end()}};
}

// The process is gone; its end is told until it is forgotten.
void World::exit(Process& process, ExitReport report) {
  const auto id = process.attempt.id;
  note("exit " + id.substr(0, 6) + " kind " + std::to_string(static_cast<int>(report.kind)) + " code " + std::to_string(report.code));
  forgotten_.erase(id);
  for (int tries = 0; tries < 5 && !forgotten_.contains(id); ++tries) feed(AttemptExited{id, report, unread(process)}, faults_ && tries < 3);
  processes_.erase(id);
  if (store_.attempt(id) && !store_.attempt(id)->outcome) throw std::logic_error("an exit was reported and is not in the store");
}

void World::settle() {
  note("faults end");
  for (int i = 0; i < kSettleBound; ++i) {
    if (engine_->runs().empty()) return;
    now_.wall += Millis(200);
    now_.boot += Millis(200);
    if (processes_.empty() || random_.chance(20)) feed(TimePassed{}, false);
    else advance(processes_.begin()->second, false);
  }
  const auto& run = *engine_->runs().begin()->second;
  std::string text = "run " + std::to_string(run.record.id) + " does not end:";
  for (StepIndex step = 0; step < run.steps.size(); ++step)
    if (!is_terminal(run.steps[step].status)) {
      text += " " + run.asset(step).key + "=" + std::string(to_string(run.steps[step].status)) + "(open checks " + std::to_string(run.steps[step].open_checks) + ")";
      for (const auto& blocker : engine_->blockers(run.record.id, step, now_.wall)) text += " [" + blocker.kind + ": " + blocker.detail + "]";
    }
  for (std::uint32_t i = 0; i < run.checks.size(); ++i) {
    const auto& planned = run.plan->checks()[i];
    text += " {" + run.check(i).home + "." + run.check(i).name + " unit " + std::to_string(planned.unit) + " holder " + std::to_string(planned.home) + (run.checks[i].status ? " in" : " out") + "}";
  }
  throw std::logic_error(text + " open check units " + std::to_string(run.open_check_units) + ", live " + std::to_string(run.live.size()));
}

}  // namespace assetd::simulation
