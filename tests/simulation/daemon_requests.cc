// Commands of people, and ticks. After daemon/service/service_runs.cc and service_schedules.cc.

#include <algorithm>

#include "tests/simulation/daemon_host.h"

namespace assetd::simulation {
namespace {
constexpr std::int64_t kMostPicked = 4;  // partitions of one asset that somebody asks for at once: windows become many
}

void DaemonHost::command(Work work, Done refused) {
  tasks_.push_back([this, work = std::move(work), refused](Turn& turn) {
    if (!latched_ && !draining_) return work(turn);
    if (refused) refused(false);
  });
}

void DaemonHost::request_run(RunRequestSpec spec, Done done) {
  command([this, spec = std::move(spec), done](Turn& turn) {
    turn.after.push_back(done);
    const bool known = machine_.store.answer(spec.key) || turn.batch.answers.contains(spec.key);
    if (known && !machine_.seams.forgets_answers) return;
    std::vector<AssetId> assets;
    for (const auto& key : spec.assets)
      if (const auto asset = serving(turn).graph->find(key)) assets.push_back(*asset);
    RunRecord record;
    record.priority = spec.priority;
    record.timeouts = spec.timeouts;
    record.max_steps = spec.max_steps;
    record.tags = {{"key", spec.key}, {"team", spec.team}};
    if (const auto run = begin_run(turn, std::move(record), assets, spec.mode, false); run != 0) turn.batch.answers.emplace(spec.key, run);
  }, done);
}

RunId DaemonHost::begin_run(Turn& turn, RunRecord record, const std::vector<AssetId>& assets, StepsMode mode, bool in_line, const std::map<AssetId, IndexSet>* sets) {
  const auto& context = serving(turn);
  const auto table = divided(context);
  PartitionPick pick{*table, {}, turn.now.wall};
  for (const auto asset : assets) {
    const auto* partitions = table->of(asset);
    if (!partitions) continue;
    if (sets && sets->contains(asset)) pick.sets[asset] = sets->at(asset);
    if (sets) continue;
    partitions->existing(pick.now).last(kMostPicked).each([&](PartitionIndex index) {
      if (machine_.random.chance(60)) pick.sets[asset].insert(index);
    });
  }
  auto plan = std::make_shared<RunPlan>(make_plan(*context.definitions, *context.graph, assets, mode, [&](AssetId) { return machine_.random.chance(50); }, &pick));
  if (plan->size() == 0) return 0;
  record.in_line = in_line;
  record.force = machine_.random.chance(10);
  feed(turn, RunRequested{std::move(record), plan, context});
  return engine_->last_run();
}

void DaemonHost::cancel(RunId run) {
  command([this, run](Turn& turn) { feed(turn, CancelRequested{run, {"somebody", ""}}); });
}

// A retry of what did not succeed, with the definitions of now.
void DaemonHost::rerun(RunId id) {
  command([this, id](Turn& turn) {
    if (engine_->run(id)) return;
    const auto& old = machine_.store.runs().at(id);
    std::vector<AssetId> assets;
    for (const auto& [step, record] : old.steps) {
      const bool again = record.status == StepStatus::failed || record.status == StepStatus::skipped || record.status == StepStatus::canceled;
      if (!again) continue;
      if (const auto asset = serving(turn).graph->find(old.context.definitions->assets[old.plan->asset(step)].key)) assets.push_back(*asset);
    }
    RunRecord record;
    record.retry_of = id;
    record.timeouts = old.record.timeouts;
    record.trigger = {"retry", std::to_string(id), std::nullopt};
    begin_run(turn, std::move(record), assets, old.record.mode, false);
  });
}

void DaemonHost::prioritize(RunId run, int priority) {
  command([this, run, priority](Turn& turn) { feed(turn, PriorityChanged{run, priority}); });
}

// Limits are part of the definitions: they change with them, in the same transaction.
void DaemonHost::reload(RunContext next) {
  command([this, next](Turn& turn) {
    // What this turn has begun before was let in by the limits as they were.
    finish(turn);
    turn = new_turn();
    if (latched_) return;
    turn.batch.definitions = next;
    automation_.use(next, *engine_, keys_);
    use_watchers(next, turn.now);
    ticker_.define(schedules(next), machine_.store.schedules(), turn.now.wall);
    Output moved;
    for (const auto& [name, entry] : ticker_.entries()) moved.changes.push_back(ScheduleMoved{name, *entry.position.cursor, entry.position.fingerprint});
    take(turn, std::move(moved));
    feed(turn, LimitsChanged{next.definitions->limits});
  });
}

void DaemonHost::resize(std::map<std::string, int> pools) {
  command([this, pools](Turn& turn) {
    // What this turn has begun before was let in by the pools as they were.
    finish(turn);
    turn = new_turn();
    if (latched_) return;
    turn.batch.pools = pools;
    feed(turn, PoolsChanged{pools});
  });
}

void DaemonHost::waive(Waivers waivers) {
  command([this, waivers](Turn& turn) {
    turn.batch.waivers = waivers;
    feed(turn, WaiversChanged{waivers});
  });
}

void DaemonHost::drain() {
  tasks_.push_back([this](Turn& turn) {
    draining_ = true;
    automation_.hold();
    if (held_) feed(turn, StartsHeld{held_->kind, "", false});  // one reason at a time is enough here
    held_ = StartsHeld{"draining", "the daemon is being drained"};
    feed(turn, *held_);
  });
}

// ---- Ticks

std::vector<ScheduleSpec> DaemonHost::schedules(const RunContext& context) const {
  auto all = context.definitions->schedules;
  if (machine_.seams.wide_jitter)
    for (auto& schedule : all) schedule.jitter *= 10;
  return all;
}

void DaemonHost::let_schedules_tick(Turn& turn) {
  const auto had = [&](const std::string& schedule, WallTime instant) {
    return turn.ticks.contains({schedule, instant}) || (!machine_.seams.forgets_ticks && machine_.store.had_tick(schedule, instant));
  };
  for (const auto& due : ticker_.due(turn.now.wall, had, 8)) tick(turn, due);
}

void DaemonHost::tick(Turn& turn, const DueTick& due) {
  const auto& entry = ticker_.entries().at(due.schedule);
  TickRecord record{due.schedule, due.instant, turn.now.wall, TickOutcome::skipped, due.reason, std::nullopt};
  if (due.run) request_tick(turn, entry.spec, record);
  turn.ticks.emplace(due.schedule, due.instant);
  Output output;
  output.changes.push_back(TickRecorded{std::move(record)});
  output.changes.push_back(ScheduleMoved{due.schedule, *entry.position.cursor, entry.position.fingerprint});
  take(turn, std::move(output));
}

bool DaemonHost::overlaps(Turn& turn, const ScheduleSpec& schedule) {
  if (schedule.overlap == Overlap::allow) return engine_->runs_of_schedule(schedule.name).size() > 3;  // as many as there is time for
  const auto& runs = engine_->runs_of_schedule(schedule.name);
  const std::vector<RunId> active(runs.begin(), runs.end());
  if (active.empty()) return false;
  if (schedule.overlap == Overlap::skip) return true;
  const auto waits = [&](RunId id) { return engine_->run(id) && engine_->run(id)->record.status == RunStatus::queued; };
  if (schedule.overlap == Overlap::queue) return std::any_of(active.begin(), active.end(), waits);
  for (const auto id : active) feed(turn, CancelRequested{id, {"schedule " + schedule.name, ""}});
  return false;
}

void DaemonHost::request_tick(Turn& turn, const ScheduleSpec& schedule, TickRecord& record) {
  if (overlaps(turn, schedule)) return;
  RunRecord run;
  run.trigger = {"schedule", schedule.name, record.instant};
  const bool in_line = schedule.overlap == Overlap::queue;
  if (in_line) run.tags["in_line"] = "yes";
  std::vector<AssetId> all;
  const auto& context = serving(turn);
  for (AssetId asset = 0; asset < context.definitions->assets.size(); ++asset) all.push_back(asset);
  const auto usual = divided(context)->usual(all, machine_.seams.ticks_make_now ? turn.now.wall : record.instant);
  automation_.leave_out_muted(all, turn.now.wall);
  const auto id = begin_run(turn, std::move(run), all, StepsMode::all, in_line, &usual);
  if (id == 0) return;
  record.run = id;
  record.outcome = TickOutcome::requested;
}

}  // namespace assetd::simulation
