#include "core/forecast/simulation.h"

#include <algorithm>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

#include "core/engine/scheduled_run.h"
#include "core/forecast/assumed_attempts.h"
#include "core/forecast/backfills_ahead.h"

namespace assetd {
namespace {

constexpr int kMostAutomatedRuns = 8;  // of one moment, as the service makes them
constexpr int kMostTurnsAtOnce = 1'000'000;  // at one instant: conditions that swing for ever must not hold a worker for ever
constexpr int kTerm = 15;

using Sets = std::map<AssetId, IndexSet>;

/// Ids that no attempt of the daemon has: those are 128 random bits.
Engine::NewAttemptId counted_ids() {
  return [number = std::uint64_t{0}]() mutable {
    auto digits = std::to_string(++number);
    return "f" + std::string(31 - digits.size(), '0') + digits;
  };
}

class Simulation {
 public:
  Simulation(const SimulationInput& input, Pace pace)
      : input_(input), pace_(pace), engine_(input.engine->clone(counted_ids())), ticker_(*input.ticker), now_(input.now), slice_(std::max(Millis{1}, (input.until - input.now.wall) / static_cast<int>(kPoolSlices))) {
    if (input.reactions) reactions_ = input.reactions(*engine_);
    out_.made.resize(input.context.definitions->assets.size());
  }

  Simulated run() {
    begin();
    while (true) {
      turn();
      const auto next = next_moment();
      if (!next || *next > input_.until) break;
      turns_at_once_ = *next > now_.wall ? 0 : turns_at_once_ + 1;
      if (out_.steps > input_.most_steps || turns_at_once_ > kMostTurnsAtOnce) {
        out_.stopped_at = now_.wall;
        break;
      }
      now_.boot += std::max(Millis{0}, *next - now_.wall);
      now_.wall = std::max(now_.wall, *next);
    }
    const auto end = out_.stopped_at.value_or(input_.until);
    for (const auto& [id, hold] : engine_->dispatcher().holds()) use_pools(hold.demand.slots, hold.since, end);
    return std::move(out_);
  }

 private:
  struct Due {
    WallTime at{};
    std::uint64_t order = 0;
    AttemptId attempt;
    AttemptMoment moment;
    bool stopped = false;
    bool operator>(const Due& other) const { return std::pair(at, order) > std::pair(other.at, other.order); }
  };

  // ---- The state at the beginning
  void begin() {
    for (const auto& [id, run] : engine_->runs()) take_up(*run);
    for (const auto& [name, slots] : input_.pools.value_or(engine_->dispatcher().pools())) out_.pools[name] = {slots, std::vector<Millis>(kPoolSlices), {}, 0};
    // Whatever holds starts back now is taken to be over: when it will be nobody knows.
    for (const auto* held : {"disk", "latched", "draining"}) feed(StartsHeld{held, "", false});
    if (input_.pools) feed(PoolsChanged{*input_.pools});
    for (const auto& id : live_attempts()) {
      if (expected_.contains(id)) continue;
      if (!engine_->attempt(id)->record.started_at) feed(AttemptSeenRunning{id, 0, now_.wall, false});
      expect(*engine_->run(*engine_->run_of_attempt(id)), *engine_->attempt(id));
    }
  }

  /// In the order in which they were begun: that in which those end that end together.
  std::vector<AttemptId> live_attempts() const {
    std::vector<std::pair<WallTime, AttemptId>> begun;
    for (const auto& [id, run] : engine_->runs())
      for (const auto& [attempt, state] : run->live) begun.emplace_back(state.record.intended_at, attempt);
    std::ranges::sort(begun);
    std::vector<AttemptId> ids;
    for (auto& [at, id] : begun) ids.push_back(std::move(id));
    return ids;
  }

  void take_up(const RunState& run) {
    index_[run.record.id] = out_.runs.size();
    auto& known = out_.runs.emplace_back(SimulatedRun{run.record, true, run.plan, run.context, {}});
    known.steps.resize(run.plan->size());
    for (StepIndex step = 0; step < run.steps.size(); ++step) {
      auto& each = known.steps[step];
      each.status = run.steps[step].status;
      each.started_at = run.steps[step].started_at;
      each.ended_at = run.steps[step].ended_at;
    }
  }

  // ---- Time
  std::optional<WallTime> next_moment() const {
    std::optional<WallTime> next;
    const auto take = [&](std::optional<WallTime> at) {
      if (at && (!next || *at < *next)) next = at;
    };
    if (!due_.empty()) take(due_.top().at);
    if (const auto timer = engine_->next_timer()) take(now_.wall + std::max(Millis{0}, *timer - now_.boot));
    if (may_tick()) take(ticker_.next_moment());
    if (reactions_) take(reactions_->next_instant());
    if (reactions_ && reactions_->is_due(now_.wall)) take(now_.wall);
    return next;
  }

  bool may_tick() const { return !reactions_ || !reactions_->holds_schedules(); }

  // As the service's: what came from outside, timers, schedules, automation.
  void turn() {
    while (!due_.empty() && due_.top().at <= now_.wall) {
      const auto due = due_.top();
      due_.pop();
      deliver(due);
    }
    if (const auto timer = engine_->next_timer(); timer && *timer <= now_.boot) feed(TimePassed{});
    if (may_tick())
      for (const auto& tick : ticker_.due(now_.wall, [](const std::string&, WallTime) { return false; })) obey(tick);
    go_on_with_backfills();
    react();
  }

  void react() {
    if (!reactions_) return;
    for (int round = 0; round < kMostAutomatedRuns && reactions_->is_due(now_.wall); ++round) {
      auto [assets, sets] = reactions_->evaluate(now_.wall);
      if (assets.empty()) break;
      RunRecord run;
      run.trigger = {"automation", assets.size() == 1 ? input_.context.graph->key(assets.front()) : "", std::nullopt};
      run.actor = {"automation", ""};
      run.select = assets.size() == 1 ? "\"" + input_.context.graph->key(assets.front()) + "\"" : std::to_string(assets.size()) + " assets";
      const auto plan = std::make_shared<RunPlan>(make(assets, StepsMode::all, std::move(sets), now_.wall));
      if (plan->size() > 0) reactions_->requested(assets, request(std::move(run), plan));
    }
    reactions_->settle();
  }

  // ---- Schedules
  void obey(const DueTick& due) {
    const auto& schedule = ticker_.entries().at(due.schedule).spec;
    const auto miss = [&](const std::string& reason) { out_.missed.push_back({due.schedule, due.instant, reason}); };
    if (!due.run) return miss(due.reason);
    const auto overlap = overlap_of(*engine_, schedule);
    if (overlap.skipped) return miss(*overlap.skipped);
    auto run = scheduled_run(*input_.context.definitions, schedule, due.instant);
    const auto plan = plan_of(run.select, run.mode, due.instant);
    if (!plan) return miss(plan.error());
    for (const auto id : overlap.canceled) feed(CancelRequested{id, {"schedule " + schedule.name, ""}});
    request(std::move(run), *plan);
  }

  using Planned = std::expected<std::shared_ptr<const RunPlan>, std::string>;
  /// Of assets that are divided what is usual at that instant: such a plan serves once.
  Planned plan_of(const std::string& selection, StepsMode mode, WallTime instant) {
    const auto& selected = chosen(selection);
    if (!selected) return std::unexpected(selected.error());
    auto assets = *selected;
    const auto muted = reactions_ ? reactions_->leave_out_muted(assets, now_.wall) : "";
    const std::tuple what(selection, mode, assets.size());  // mutes only end: how many are left says which
    if (const auto known = plans_.find(what); known != plans_.end()) return known->second;
    Planned made = std::unexpected(muted.empty() ? "nothing to run: every selected asset is external" : muted);
    const auto sets = table_.usual(assets, instant);
    if (auto plan = make(assets, mode, sets, instant); plan.size() > 0) made = std::make_shared<const RunPlan>(std::move(plan));
    if (sets.empty()) plans_.emplace(what, made);
    return made;
  }

  const std::expected<std::vector<AssetId>, std::string>& chosen(const std::string& selection) {
    const auto known = chosen_.find(selection);
    return known != chosen_.end() ? known->second : chosen_.emplace(selection, input_.select(selection)).first->second;
  }

  RunPlan make(std::span<const AssetId> assets, StepsMode mode, Sets sets, WallTime at) const {
    const PartitionPick pick{table_, std::move(sets), at};
    return make_plan(*input_.context.definitions, *input_.context.graph, assets, mode, input_.made, &pick);
  }

  // ---- Backfills
  void go_on_with_backfills() {
    if (backfills_.empty()) return;
    bool more = true;
    while (more) {
      for (const auto id : std::exchange(ended_, {}))
        if (const auto* run = find(id)) backfills_.ended(*run);
      more = false;
      for (auto& part : backfills_.next(now_.wall)) {
        const auto plan = std::make_shared<const RunPlan>(make(part.assets, part.run.mode, part.sets, now_.wall));
        backfills_.begun(part, plan->size() == 0 ? 0 : request(part.run, plan));
        more = true;
      }
    }
  }

  RunId request(RunRecord run, std::shared_ptr<const RunPlan> plan) {
    feed(RunRequested{std::move(run), std::move(plan), input_.context});
    return engine_->last_run();
  }

  // ---- Attempts
  void expect(const RunState& run, const LiveAttempt& attempt) {
    expected_.insert(attempt.record.id);
    for (auto& moment : assumed_moments(run, attempt, *input_.durations, pace_, now_.wall)) due_.push({moment.at, order_++, attempt.record.id, moment, false});
  }

  void deliver(const Due& due) {
    const auto id = engine_->run_of_attempt(due.attempt);
    if (!id) return;  // stopped before
    const auto& run = *engine_->run(*id);
    const auto& attempt = *engine_->attempt(due.attempt);
    MessagesArrived said{due.attempt, attempt.record.message_offset + 1, {}, attempt.record.message_offset, {}};
    if (due.moment.step != kNone) {
      tell_member(run, due.moment, said);
      return feed(said);
    }
    ExitReport exit;
    exit.started_at = attempt.record.started_at;
    exit.ended_at = now_.wall;
    exit.stopped = due.stopped;
    if (due.stopped) exit.kind = ExitReport::Kind::signaled, exit.signal = kTerm;
    else tell_checks(run, attempt.record.unit, kNone, said);
    expected_.erase(due.attempt);
    feed(AttemptExited{due.attempt, std::move(exit), std::move(said)});
  }

  void tell_member(const RunState& run, const AttemptMoment& moment, MessagesArrived& said) {
    AttemptMessage message;
    message.kind = moment.begins ? AttemptMessage::Kind::step_started : AttemptMessage::Kind::step_ended;
    message.key = run.asset(moment.step).key;
    if (!moment.begins) message.status = "succeeded";
    said.messages.push_back(std::move(message));
    if (!moment.begins) tell_checks(run, run.plan->unit_of(moment.step), moment.step, said);
  }

  /// They pass: those for which nothing is outstanding once `ended` has; with kNone all that the process reports.
  void tell_checks(const RunState& run, UnitIndex unit, StepIndex ended, MessagesArrived& said) {
    for (const auto index : run.plan->checks_of_unit(unit)) {
      const auto& planned = run.plan->checks()[index];
      if (run.checks[index].status || run.plan->units()[unit].check != kNone) continue;
      const bool all_are_made = std::ranges::all_of(planned.depends_on, [&](StepIndex step) {
        return step == ended || run.steps[step].materialized || is_terminal(run.steps[step].status);
      });
      if (ended != kNone && !all_are_made) continue;
      AttemptMessage message;
      message.kind = AttemptMessage::Kind::check;
      message.key = run.check(index).home;
      message.check = run.check(index).name;
      message.check_status = CheckStatus::passed;
      said.messages.push_back(std::move(message));
    }
  }

  // ---- What the engine answers
  void feed(const Input& input) {
    auto output = engine_->handle(now_, input);
    for (const auto& change : output.changes) {
      std::visit([&](const auto& each) { on(each); }, change);
      if (reactions_) reactions_->note(change, *engine_);
    }
    for (const auto& effect : output.effects) {
      if (const auto* start = std::get_if<StartAttempt>(&effect)) {
        feed(AttemptSeenRunning{start->attempt.id, 0, now_.wall, false});
        if (const auto* attempt = engine_->attempt(start->attempt.id)) expect(*engine_->run(start->attempt.run), *attempt);
      } else if (const auto* stop = std::get_if<StopAttempt>(&effect)) {
        due_.push({now_.wall, order_++, stop->attempt, {now_.wall, kNone, false}, true});
      }
    }
  }

  SimulatedRun* find(RunId id) {
    const auto it = index_.find(id);
    return it == index_.end() ? nullptr : &out_.runs[it->second];
  }

  template <typename Other>
  void on(const Other&) {}
  void on(const RunCreated& change) {
    index_[change.run.id] = out_.runs.size();
    const auto* state = engine_->run(change.run.id);
    // One that ended within the same input is of the definitions in force as well: every new run is.
    auto& run = out_.runs.emplace_back(SimulatedRun{change.run, false, change.plan, state ? state->context : input_.context, {}});
    run.steps.resize(change.plan->size());
  }
  void on(const RunChanged& change) {
    if (auto* run = find(change.run.id)) run->record = change.run;
    if (change.run.backfill && is_terminal(change.run.status)) ended_.push_back(change.run.id);
  }
  void on(const StepChanged& change) {
    auto* run = find(change.run);
    if (!run) return;
    auto& step = run->steps[change.step.step];
    step.status = change.step.status;
    step.started_at = change.step.started_at;
    step.ended_at = change.step.ended_at;
  }
  void on(const StepsEnded& change) {
    auto* run = find(change.run);
    if (!run) return;
    for (const auto step : change.steps) run->steps[step].status = change.status, run->steps[step].ended_at = change.at;
  }
  void on(const AttemptIntended& change) {
    auto* run = find(change.attempt.run);
    if (!run || change.attempt.check != kNone) return;
    out_.steps += change.attempt.steps.size();
    const auto ready = ready_at(*run, change.attempt);
    const auto demand = demand_index(change.attempt);
    for (const auto step : change.attempt.steps) run->steps[step].ready_at = ready, run->steps[step].held = demand;
    if (ready >= change.attempt.intended_at) return;
    for (const auto& [pool, slots] : change.attempt.slots) {
      auto& use = out_.pools[pool];
      use.waited += change.attempt.intended_at - ready;
      use.steps_waited += change.attempt.steps.size();
    }
  }
  void on(const AttemptEnded& change) { use_pools(change.attempt.slots, change.attempt.intended_at, now_.wall); }
  void on(const Materialized& change) {
    const auto& made = change.materialization;
    const auto id = input_.context.graph->find(made.key);
    if (!id) return;
    const auto* divided = table_.of(*id);
    const auto index = divided ? divided->index(made.partition) : std::nullopt;
    const auto window = index ? divided->window(*index) : std::nullopt;
    out_.made[*id].push_back({made.at, window ? window->end : made.at});
  }

  /// When all above its members in other processes had ended: from then on it waits for slots, or its run's turn.
  static WallTime ready_at(const SimulatedRun& run, const AttemptRecord& attempt) {
    auto ready = run.record.started_at.value_or(run.record.created_at);
    for (const auto step : attempt.steps)
      for (const auto& edge : run.plan->parents(step))
        if (const auto& ended = run.steps[edge.step].ended_at; ended && run.plan->unit_of(edge.step) != attempt.unit) ready = std::max(ready, *ended);
    return std::min(ready, attempt.intended_at);
  }

  std::uint32_t demand_index(const AttemptRecord& attempt) {
    const auto [it, is_new] = demands_.try_emplace(Demand{attempt.slots, attempt.resources}, static_cast<std::uint32_t>(out_.demands.size()));
    if (is_new) out_.demands.push_back(it->first);
    return it->second;
  }

  void use_pools(const std::map<std::string, int>& slots, WallTime from, WallTime to) {
    const auto begin = input_.now.wall;
    for (const auto& [pool, count] : slots) {
      auto& busy = out_.pools[pool].busy;
      busy.resize(kPoolSlices);
      for (auto at = std::max(from, begin); at < to;) {
        const auto slice = std::min(static_cast<std::size_t>((at - begin) / slice_), kPoolSlices - 1);
        const auto end = slice + 1 == kPoolSlices ? to : std::min(to, begin + slice_ * static_cast<int>(slice + 1));
        busy[slice] += (end - at) * count;
        at = end;
      }
    }
  }

  const SimulationInput& input_;
  const Pace pace_;
  std::unique_ptr<Engine> engine_;
  Ticker ticker_;
  std::unique_ptr<Reactions> reactions_;
  Now now_;
  Millis slice_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t order_ = 0;
  int turns_at_once_ = 0;
  std::set<AttemptId> expected_;  ///< live attempts whose moments are in due_
  std::unordered_map<RunId, std::size_t> index_;
  std::map<std::tuple<std::string, StepsMode, std::size_t>, Planned> plans_;  ///< by selection, mode and how many of it are not muted
  std::map<std::string, std::expected<std::vector<AssetId>, std::string>> chosen_;
  PartitionTable table_ = PartitionTable::make(*input_.context.definitions, *input_.context.graph, input_.dynamic);
  BackfillsAhead backfills_{input_.backfills, input_.context, table_};
  std::vector<RunId> ended_;  ///< of backfills, since they were looked at
  std::map<Demand, std::uint32_t> demands_;
  Simulated out_;
};

}  // namespace

Simulated simulate(const SimulationInput& input, Pace pace) { return Simulation(input, pace).run(); }

}  // namespace assetd
