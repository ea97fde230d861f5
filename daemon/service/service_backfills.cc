// Backfills: what core/backfill decides, kept in the store and made into runs. A run and its place in the backfill commit together; so does its end with what follows.

#include <algorithm>

#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;
constexpr std::int64_t kMostPartitions = 10'000'000;
constexpr std::size_t kGroupsShown = 100;

std::string name_of(const Backfill& backfill) { return "backfill " + std::to_string(backfill.id); }

json preview(const std::vector<BackfillGroup>& groups, const PartitionsInForce& in_force) {
  json out = json::array();
  for (const auto& group : groups) {
    if (out.size() >= kGroupsShown) break;
    const auto asset = in_force.project->graph.find(group.assets.front());
    const auto* partitions = asset ? in_force.table.of(*asset) : nullptr;
    const auto size = group.wanted.size();
    json row = {{"assets", group.assets}, {"partitions", size}, {"runs", group.per_run == 0 ? 1 : (size + group.per_run - 1) / group.per_run}, {"first", nullptr}, {"last", nullptr}};
    if (partitions && size > 0) {
      row["first"] = partitions->key(group.wanted.ranges().front().begin);
      row["last"] = partitions->key(group.wanted.ranges().back().end - 1);
    }
    out.push_back(std::move(row));
  }
  return out;
}

Reply shown(const Backfill& backfill, int status) {
  return {status, {{"id", std::to_string(backfill.id)}, {"status", to_string(backfill.status)}, {"partitions_total", partitions_total(backfill)}}, "/api/v1/backfills/" + std::to_string(backfill.id)};
}

}  // namespace

void DaemonService::forget_ended_backfills() {
  std::erase_if(backfills_, [](const auto& each) { return is_over(each.second.status) && each.second.runs.empty(); });
}

void DaemonService::save_backfill(Turn& turn, const Backfill& backfill) {
  std::erase_if(turn.batch.backfills, [&](const Backfill& saved) { return saved.id == backfill.id; });
  turn.batch.backfills.push_back(backfill);
}

void DaemonService::request_backfill(Caller caller, BackfillBody body, Done done) {
  command(std::move(caller), std::move(done), [this, body](Turn& turn, const Caller& who) { return begin_backfill(turn, who, body); });
}

Reply DaemonService::begin_backfill(Turn& turn, const Caller& caller, const BackfillBody& body) {
  const auto in_force = partitions();
  if (!in_force) return unavailable("no definitions are loaded yet");
  if (draining_) return unavailable("the daemon is being drained and takes no new runs");
  if (const auto wrong = check_options(body.options)) return *wrong;
  const auto& project = *in_force->project;
  const auto assets = select(project, body.select);
  if (!assets) return selection_problem(assets.error());
  auto sets = choose(*assets, body.select, body.partitions, turn.now.wall);
  if (!sets) return sets.error();
  const auto nothing = [](const std::string& why) { return problem(422, "empty-selection", "Nothing to do", why, json::array({{{"pointer", "/partitions"}, {"detail", why}}})); };
  if (std::ranges::all_of(*sets, [](const auto& each) { return each.second.empty(); }))
    return nothing(sets->empty() ? "none of the selected assets has partitions; POST /runs materializes them" : "no partition of the selected assets is " + (in_words(body.partitions).empty() ? "there" : in_words(body.partitions)));
  for (const auto asset : *assets)
    if (!in_force->table.of(asset) && is_chosen_whole(body.partitions, asset)) (*sets)[asset] = IndexSet::range(0, 1);
  if (body.mode == StepsMode::checks) {
    std::erase_if(*sets, [&](const auto& each) { return plan_of(project, {each.first}, body.mode, turn.now.wall, &*sets).size() == 0; });
    if (sets->empty()) return nothing(kNoOwnChecks);
  }
  Backfill backfill;
  backfill.groups = make_groups(project.definitions, project.graph, in_force->table, *sets);
  backfill.select = body.select;
  backfill.partitions = in_words(body.partitions);
  backfill.mode = body.mode;
  backfill.options = body.options;
  backfill.tags = body.tags;
  backfill.priority = body.priority;
  backfill.max_runs = body.max_runs;
  backfill.newest_first = body.newest_first;
  backfill.actor = caller.actor;
  backfill.created_at = turn.now.wall;
  if (partitions_total(backfill) > kMostPartitions) return nothing("more than " + std::to_string(kMostPartitions) + " partitions; take fewer at once");
  if (body.dry_run) return {200, {{"dry_run", true}, {"partitions_total", partitions_total(backfill)}, {"groups", preview(backfill.groups, *in_force)}}};
  forget_ended_backfills();
  backfill.id = ++last_backfill_;
  auto& kept = backfills_[backfill.id] = std::move(backfill);
  audit(turn, caller, "backfill.create", name_of(kept), {{"select", kept.select}, {"partitions", kept.partitions}, {"total", partitions_total(kept)}});
  const auto reply = shown(kept, 201);
  auto answer = reply;
  answer.body["groups"] = preview(kept.groups, *in_force);
  advance_backfill(turn, kept);
  return answer;
}

IndexSet DaemonService::waiting_in_backfills(const std::string& key) const {
  const auto in_force = partitions();
  const auto asset = in_force ? in_force->project->graph.find(key) : std::nullopt;
  const auto& divided = asset ? in_force->project->definitions.assets[*asset].partitions : std::optional<PartitionsSpec>();
  IndexSet out;
  for (const auto& [id, backfill] : backfills_)
    for (std::size_t i = 0; !is_over(backfill.status) && i < backfill.groups.size(); ++i) {
      const auto& group = backfill.groups[i];
      const bool same = divided && group.spec && divided->dimensions == group.spec->dimensions;
      const auto place = same ? BackfillPlaces(group, in_force->project->definitions).of(key) : std::nullopt;
      if (place) out = out | group.to_make(*place, to_do(backfill, i));
    }
  return out;
}

std::optional<BackfillPlan> DaemonService::plan_backfill(Turn& turn, Backfill& backfill) {
  const auto in_force = partitions();
  std::string error;
  follow(backfill, in_force->project->definitions, in_force->project->graph, in_force->table);
  auto plan = BackfillPlan::make(backfill, in_force->project->definitions, in_force->project->graph, in_force->table, error);
  if (!plan) end_backfill(turn, backfill, BackfillStatus::failed, "definition_changed", error + "; what is under way goes on, nothing more is begun");
  return plan;
}

/// What may go now goes. Commits with what made it possible.
void DaemonService::advance_backfill(Turn& turn, Backfill& backfill) {
  if (draining_ || is_over(backfill.status)) return;
  const auto in_force = partitions();  // outlives the plan
  const auto plan = plan_backfill(turn, backfill);
  if (!plan) return;
  for (bool again = true; again;) {  // what nothing had to be made of lets others go
    again = false;
    plan->skip_blocked(backfill, turn.now.wall);
    const auto under_way = backfill.runs.size(), most = static_cast<std::size_t>(backfill.max_runs);
    if (backfill.status == BackfillStatus::running && under_way < most)
      for (const auto& request : plan->next(backfill, most - under_way, turn.now.wall)) again = !request_backfill_run(turn, backfill, *plan, request) || again;
  }
  if (const auto status = outcome(backfill)) {
    // Where something failed its causes say more.
    const bool nothing_failed = std::ranges::all_of(backfill.groups, [](const BackfillGroup& group) { return group.failed.empty() && group.canceled.empty(); });
    const auto removed = *status == BackfillStatus::failed && nothing_failed ? plan->removed_in_words(backfill, turn.now.wall) : "";
    const auto reason = *status != BackfillStatus::failed ? "" : removed.empty() ? "partitions_failed" : "keys_removed";
    return end_backfill(turn, backfill, *status, reason, removed.empty() ? "" : removed + "; what was asked for besides is made");
  }
  save_backfill(turn, backfill);
}

/// Why a retry of it would make nothing; empty: it makes something.
std::string DaemonService::why_no_retry(const Backfill& backfill, WallTime now) const {
  const auto in_force = partitions();
  auto tried = backfill;
  follow(tried, in_force->project->definitions, in_force->project->graph, in_force->table);
  std::string error;
  const auto plan = BackfillPlan::make(tried, in_force->project->definitions, in_force->project->graph, in_force->table, error);
  if (!plan) return error + "; begin another with POST /backfills";
  assetd::retry(tried);
  plan->skip_blocked(tried, now);
  return outcome(tried) == BackfillStatus::failed ? plan->removed_in_words(tried, now) + "; add them again first" : "";
}

void DaemonService::advance_backfills(Turn& turn) {
  for (auto& [id, backfill] : backfills_) advance_backfill(turn, backfill);
}

/// False: there is nothing to be made of it, and that is settled.
bool DaemonService::request_backfill_run(Turn& turn, Backfill& backfill, const BackfillPlan& plan, const BackfillPlan::Request& request) {
  const auto in_force = partitions();
  PartitionSets sets;
  std::vector<AssetId> assets;
  for (auto& [asset, set] : plan.to_make(backfill, request)) {
    assets.push_back(asset);
    if (in_force->table.of(asset)) sets[asset] = std::move(set);
  }
  Resolved resolved{std::make_shared<RunPlan>(plan_of(*in_force->project, assets, backfill.mode, turn.now.wall, &sets)), in_force->project};
  if (resolved.plan->size() == 0) {  // checks alone were asked for, and these have none any more
    constexpr RunId kNoRun = 0;
    backfill.runs[kNoRun] = {request.group, request.set};
    settle(backfill, kNoRun, {});
    return false;
  }
  RunRecord run;
  for (const auto asset : assets) run.select += (run.select.empty() ? "" : " or ") + in_force->project->graph.key(asset);
  run.mode = backfill.mode;
  run.trigger = {"backfill", std::to_string(backfill.id), std::nullopt};
  run.actor = backfill.actor;
  run.options = backfill.options;
  run.tags = backfill.tags;
  run.priority = backfill.priority;
  run.backfill = backfill.id;
  const auto id = begin_run(turn, std::move(run), resolved);
  backfill.runs[id] = {request.group, request.set};
  ++backfill.runs_made;
  return true;
}

void DaemonService::end_backfill(Turn& turn, Backfill& backfill, BackfillStatus status, const std::string& reason, const std::string& detail) {
  backfill.status = status;
  backfill.reason = reason;
  backfill.detail = detail;
  backfill.ended_at = turn.now.wall;
  save_backfill(turn, backfill);
  turn.batch.events.push_back({0, turn.now.wall, "backfill_changed", 0, "", {{"backfill_id", std::to_string(backfill.id)}}, {{"status", to_string(status)}, {"reason", reason}}});
}

// ---- Ends of runs

/// Steps by what became of them are read from the store: so this comes in the turn after the run's end was committed, and again after a restart.
void DaemonService::settle_backfill_run(Turn& turn, std::int64_t id, RunId run) {
  if (is_latched()) return;  // asked again once the store works
  forget_ended_backfills();
  const auto it = backfills_.find(id);
  if (it == backfills_.end() || !it->second.runs.contains(run) || engine_->run(run) || engine_->wrecks().contains(run)) return;
  auto& backfill = it->second;
  const auto in_force = partitions();
  follow(backfill, in_force->project->definitions, in_force->project->graph, in_force->table);  // before places are looked up in what is in force
  const auto part = backfill.runs.at(run);
  const auto asset = in_force->project->graph.find(backfill.groups[part.group].assets.front());
  const auto* divided = asset ? in_force->table.of(*asset) : nullptr;
  const auto row = reader_->run(run);
  const auto steps = reader_->steps(run, 0, kNone);
  const auto encoded = reader_->plan(run);
  if (!row || !steps || !encoded) return;  // the store is looked at again when the next run ends, or after a restart
  const auto version = *row ? load_version((*row)->run.definitions_version) : nullptr;
  const auto plan = version && *encoded ? std::optional(RunPlan::decode(**encoded, version->definitions, version->graph)) : std::nullopt;
  const bool readable = plan && plan->has_value();
  BackfillRunEnd end;
  const BackfillPlaces places(backfill.groups[part.group], in_force->project->definitions);
  if (!readable) end.unsuccessful = part.set;
  if (readable)
    for (const auto& step : *steps) {
      if (step.step >= (*plan)->size()) continue;
      const auto index = place_of((*plan)->partition(step.step), part.set, divided);
      const auto& key = version->definitions.assets[(*plan)->asset(step.step)].key;
      if (index) end.add(places.of(key), *index, step.status);
    }
  if (readable && *row && (*row)->run.status == RunStatus::canceled && steps->empty()) end.unsuccessful = end.canceled = part.set;  // before anything of it had begun
  settle(backfill, run, end);
  save_backfill(turn, backfill);
  advance_backfill(turn, backfill);
}

/// After a start: runs that ended before it was noticed here.
void DaemonService::settle_ended_backfill_runs() {
  for (const auto& [id, backfill] : backfills_)
    for (const auto& [run, part] : backfill.runs) tasks_.push([this, id = id, run = run](Turn& turn) { settle_backfill_run(turn, id, run); });
  if (!backfills_.empty()) tasks_.push([this](Turn& turn) { if (!is_latched()) advance_backfills(turn); });
}

// ---- Commands

void DaemonService::command_backfill(Caller caller, std::int64_t id, BackfillCommand command_, std::string reason, Done done) {
  command(std::move(caller), std::move(done), [this, id, command_, reason](Turn& turn, const Caller& who) -> Reply {
    if (const auto it = backfills_.find(id); it != backfills_.end()) return change_backfill(turn, who, it->second, command_, reason);
    auto stored = reader_->backfill(id);
    if (!stored) return unavailable(stored.error().message);
    if (!*stored) return not_found("backfill", "there is no backfill " + std::to_string(id));
    return change_backfill(turn, who, backfills_[id] = std::move(**stored), command_, reason);
  });
}

Reply DaemonService::change_backfill(Turn& turn, const Caller& caller, Backfill& backfill, BackfillCommand what, const std::string& reason) {
  const bool over = is_over(backfill.status);
  const auto wrong = [&](const std::string& detail) { return conflict("backfill-state", "The backfill is in another state", name_of(backfill) + " is " + std::string(to_string(backfill.status)) + ": " + detail); };
  const char* action = "";
  switch (what) {
    case BackfillCommand::pause:
      if (over) return wrong("there is nothing to pause");
      backfill.status = BackfillStatus::paused;
      action = "backfill.pause";
      break;
    case BackfillCommand::resume:
      if (over) return wrong("retry it instead");
      backfill.status = BackfillStatus::running;
      action = "backfill.resume";
      break;
    case BackfillCommand::retry:
      if (!over) return wrong("retry it when it is over");
      if (backfill.status == BackfillStatus::succeeded) return wrong("there is nothing to retry");
      if (!backfill.runs.empty()) return wrong("runs of it are still being ended; ask again when they are over");
      if (const auto why = why_no_retry(backfill, turn.now.wall); !why.empty()) return wrong(why);
      assetd::retry(backfill);
      action = "backfill.retry";
      break;
    case BackfillCommand::cancel:
      if (backfill.status == BackfillStatus::canceled) return shown(backfill, 202);
      if (over) return wrong("there is nothing to cancel");
      action = "backfill.cancel";
      break;
  }
  backfill.by = caller.actor.name;
  backfill.reason = reason;
  audit(turn, caller, action, name_of(backfill), reason.empty() ? json::object() : json{{"reason", reason}});
  if (what != BackfillCommand::cancel) {
    turn.batch.events.push_back({0, turn.now.wall, "backfill_changed", 0, "", {{"backfill_id", std::to_string(backfill.id)}}, {{"status", to_string(backfill.status)}}});
    advance_backfill(turn, backfill);
    return shown(backfill, 200);
  }
  end_backfill(turn, backfill, BackfillStatus::canceled, reason.empty() ? "canceled" : reason, "canceled by " + caller.actor.name);
  for (const auto& [run, part] : backfill.runs) feed(turn, CancelRequested{run, caller.actor});
  save_backfill(turn, backfill);
  return shown(backfill, 202);
}

}  // namespace assetd
