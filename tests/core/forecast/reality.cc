#include "tests/core/forecast/reality.h"

#include <algorithm>

#include "core/engine/scheduled_run.h"
#include "core/forecast/assumed_attempts.h"
#include "core/graph/selection.h"

namespace assetd::testing {
namespace {

int below(std::mt19937& random, int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); }
bool one_in(std::mt19937& random, int n) { return below(random, n) == 0; }

Names some_above(std::mt19937& random, int i) {
  Names deps;
  for (int d = 0; d < i; ++d)
    if (one_in(random, 3) && deps.size() < 3) deps.push_back("a" + std::to_string(d) + (one_in(random, 6) ? "?" : ""));
  return deps;
}

void give_terms(AssetSpec& asset, std::mt19937& random) {
  if (one_in(random, 3)) asset.pools = {{"gpu", 1 + below(random, 2)}};
  else if (one_in(random, 4)) asset.pools = {{"cpu", 1}, {"gpu", 1}};
  if (one_in(random, 4)) asset.uses = {{"warehouse", one_in(random, 2) ? HoldMode::read : HoldMode::write}};
  if (one_in(random, 5)) asset.retries = {.max = 1, .delay = Millis(7'001)};
  if (one_in(random, 8) && asset.run) asset.run->timeout = Millis(60'011);
}

ScheduleSpec random_schedule(std::mt19937& random, int number, int assets) {
  static const char* const kCrons[] = {"*/7 * * * *", "3 * * * *", "*/20 * * * *", "*/3 * * * *"};
  static const Overlap kOverlaps[] = {Overlap::skip, Overlap::queue, Overlap::cancel_running, Overlap::allow};
  ScheduleSpec schedule;
  schedule.name = "s" + std::to_string(number);
  schedule.select = (one_in(random, 2) ? "+a" : "a") + std::to_string(below(random, assets)) + (one_in(random, 2) ? "+" : "");
  schedule.cron = kCrons[below(random, 4)];
  schedule.timezone = "UTC";
  schedule.overlap = kOverlaps[below(random, 4)];
  if (one_in(random, 3)) schedule.terms.max_steps = 1 + below(random, 2);
  if (one_in(random, 3)) schedule.terms.priority = below(random, 3);
  if (one_in(random, 4)) schedule.terms.timeouts.timeout = Millis(300'007);
  if (one_in(random, 4)) schedule.terms.timeouts.queue_timeout = Millis(200'003);
  return schedule;
}

}  // namespace

std::shared_ptr<const Definitions> random_timed_project(std::mt19937& random) {
  Project project;
  const int assets = 3 + below(random, 10);
  for (int i = 0; i < assets; ++i) {
    const auto key = "a" + std::to_string(i);
    auto& asset = one_in(random, 3) ? project.member(key, some_above(random, i)) : project.asset(key, some_above(random, i));
    give_terms(asset, random);
    if (one_in(random, 4)) project.check(key, "own");
    if (one_in(random, 4)) project.reported_check(key, "said");
  }
  auto definitions = std::make_shared<Definitions>(*project.definitions());
  for (int i = 0, schedules = 1 + below(random, 4); i < schedules; ++i) definitions->schedules.push_back(random_schedule(random, i, assets));
  if (one_in(random, 3)) definitions->limits.runs = 1 + below(random, 3);
  return definitions;
}

Reality::Reality(std::shared_ptr<const Definitions> definitions, const Durations& durations, std::map<std::string, int> pools)
    : definitions_(std::move(definitions)), graph_(std::make_shared<AssetGraph>(*AssetGraph::build(*definitions_))), context_{1, definitions_, graph_}, durations_(durations),
      engine_([this] {
        auto digits = std::to_string(++attempts_);
        return std::string(32 - digits.size(), '0') + digits;
      }, 0) {
  ticker_.define(definitions_->schedules, {}, now.wall);
  feed(PoolsChanged{std::move(pools)});
  feed(LimitsChanged{definitions_->limits});
}

void Reality::request(const std::vector<AssetId>& assets, int priority) {
  auto plan = std::make_shared<RunPlan>(make_plan(*definitions_, *graph_, assets, StepsMode::all));
  RunRecord run;
  run.priority = priority;
  feed(RunRequested{run, plan, context_});
}

void Reality::cancel(RunId run) { feed(CancelRequested{run, {"somebody", ""}}); }
void Reality::resize(const std::map<std::string, int>& pools) { feed(PoolsChanged{pools}); }

bool Reality::fail_one(std::mt19937& random) {
  if (processes_.empty()) return false;
  const auto chosen = processes_[static_cast<std::size_t>(below(random, static_cast<int>(processes_.size())))].id;
  exit(chosen, ExitReport::Kind::exited, 1);
  return true;
}

void Reality::exit(const AttemptId& id, ExitReport::Kind kind, int code) {
  std::erase_if(processes_, [&](const Process& each) { return each.id == id; });
  const auto* attempt = engine_.attempt(id);
  if (!attempt) return;
  ExitReport report;
  report.kind = kind;
  report.code = code;
  report.signal = 15;
  report.stopped = kind == ExitReport::Kind::signaled;
  report.started_at = attempt->record.started_at;
  report.ended_at = now.wall;
  MessagesArrived rest{id, attempt->record.message_offset + 1, {}, attempt->record.message_offset, {}};
  const auto& run = *engine_.run(attempt->record.run);
  if (kind == ExitReport::Kind::exited && run.plan->units()[attempt->record.unit].check == kNone)
    for (const auto index : run.plan->checks_of_unit(attempt->record.unit)) {
      AttemptMessage said{.kind = AttemptMessage::Kind::check, .key = run.check(index).home, .check = run.check(index).name};
      said.check_status = CheckStatus::passed;
      rest.messages.push_back(std::move(said));
    }
  feed(AttemptExited{id, report, rest});
}

void Reality::one_moment(Process& process) {
  const auto moment = process.moments.front();
  process.moments.erase(process.moments.begin());
  if (moment.step == kNone) return exit(AttemptId(process.id), ExitReport::Kind::exited, 0);
  const auto* attempt = engine_.attempt(process.id);
  const auto& run = *engine_.run(attempt->record.run);
  AttemptMessage said;
  said.kind = moment.begins ? AttemptMessage::Kind::step_started : AttemptMessage::Kind::step_ended;
  said.key = run.asset(moment.step).key;
  said.status = "succeeded";
  MessagesArrived messages{process.id, attempt->record.message_offset + 1, {said}, attempt->record.message_offset, {}};
  for (const auto index : run.plan->checks_of_unit(attempt->record.unit)) {
    const auto& planned = run.plan->checks()[index];
    const bool in = std::ranges::all_of(planned.depends_on, [&](StepIndex s) { return s == moment.step || run.steps[s].materialized || is_terminal(run.steps[s].status); });
    if (moment.begins || !in || run.checks[index].status) continue;
    AttemptMessage check{.kind = AttemptMessage::Kind::check, .key = run.check(index).home, .check = run.check(index).name};
    check.check_status = CheckStatus::passed;
    messages.messages.push_back(std::move(check));
  }
  feed(messages);
}

void Reality::feed(const Input& input) {
  const auto output = engine_.handle(now, input);
  for (const auto& change : output.changes) {
    if (const auto* created = std::get_if<RunCreated>(&change)) runs[created->run.id] = {created->run, std::vector<Step>(created->plan->size()), created->plan};
    if (const auto* changed = std::get_if<RunChanged>(&change)) runs[changed->run.id].record = changed->run;
    if (const auto* step = std::get_if<StepChanged>(&change)) runs[step->run].steps[step->step.step] = {step->step.status, step->step.started_at, step->step.ended_at};
    if (const auto* ended = std::get_if<StepsEnded>(&change))
      for (const auto step : ended->steps) runs[ended->run].steps[step].status = ended->status, runs[ended->run].steps[step].ended_at = ended->at;
    if (const auto* one = std::get_if<Materialized>(&change)) made[one->materialization.key].push_back(one->materialization.at);
  }
  for (const auto& effect : output.effects) {
    if (const auto* start = std::get_if<StartAttempt>(&effect)) {
      feed(AttemptSeenRunning{start->attempt.id, 1, now.wall, false});
      if (const auto* attempt = engine_.attempt(start->attempt.id))
        processes_.push_back({start->attempt.id, assumed_moments(*engine_.run(start->attempt.run), *attempt, durations_, Pace::typical, now.wall)});
    } else if (const auto* stop = std::get_if<StopAttempt>(&effect)) {
      const auto process = std::ranges::find(processes_, stop->attempt, &Process::id);
      if (process == processes_.end() || (process->moments.front().step == kNone && process->moments.front().at <= now.wall)) continue;  // it ends by itself
      process->moments = {{now.wall, kNone, true}};                  // `begins`: it was stopped
      std::rotate(process, process + 1, processes_.end());           // those that are stopped end in the order in which they were
    }
  }
}

void Reality::tick() {
  for (const auto& due : ticker_.due(now.wall, [](const std::string&, WallTime) { return false; })) {
    const auto& schedule = ticker_.entries().at(due.schedule).spec;
    const auto ruling = overlap_of(engine_, schedule);
    if (ruling.skipped) {
      missed.push_back(due.schedule + " " + format_time(due.instant));
      continue;
    }
    for (const auto id : ruling.canceled) feed(CancelRequested{id, {"schedule " + schedule.name, ""}});
    auto plan = std::make_shared<RunPlan>(make_plan(*definitions_, *graph_, *select_assets(schedule.select, *definitions_, *graph_), StepsMode::all));
    feed(RunRequested{scheduled_run(*definitions_, schedule, due.instant), plan, context_});
  }
}

void Reality::go_on(WallTime until) {
  while (true) {
    auto next = until;
    for (const auto& process : processes_) next = std::min(next, process.moments.front().at);
    if (const auto timer = engine_.next_timer()) next = std::min(next, now.wall + std::max(Millis{0}, *timer - now.boot));
    if (const auto instant = ticker_.next_moment()) next = std::min(next, *instant);
    next = std::max(next, now.wall);
    now.boot += next - now.wall;
    now.wall = next;
    bool happened = true;
    while (happened) {
      happened = false;
      for (auto& process : processes_) {
        if (process.moments.front().at > now.wall) continue;
        happened = true;
        if (process.moments.front().step == kNone && process.moments.front().begins) exit(AttemptId(process.id), ExitReport::Kind::signaled, 0);
        else one_moment(process);
        break;
      }
    }
    if (const auto timer = engine_.next_timer(); timer && *timer <= now.boot) feed(TimePassed{});
    tick();
    const bool more = std::ranges::any_of(processes_, [&](const Process& each) { return each.moments.front().at <= now.wall; });
    if (next >= until && !more) return;
  }
}

SimulationInput Reality::forecast_input(Millis horizon) const {
  SimulationInput input;
  input.now = now;
  input.until = now.wall + horizon;
  input.context = context_;
  input.engine = &engine_;
  input.ticker = &ticker_;
  input.durations = &durations_;
  input.select = [this](const std::string& select) -> std::expected<std::vector<AssetId>, std::string> {
    auto chosen = select_assets(select, *definitions_, *graph_);
    if (!chosen) return std::unexpected(chosen.error().message);
    return *chosen;
  };
  return input;
}

}  // namespace assetd::testing
