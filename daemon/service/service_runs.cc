// Commands on runs.

#include <algorithm>

#include "daemon/definitions/plugin.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;
constexpr Millis kAnswersKept = std::chrono::hours{24};

json with_run(json body, const RunRecord& run) {
  body["id"] = std::to_string(run.id);
  body["status"] = to_string(run.status);
  body["select"] = run.select;
  body["definitions_version"] = std::to_string(run.definitions_version);
  if (run.retry_of) body["retry_of"] = std::to_string(*run.retry_of);
  return body;
}

/// Of a run of which nothing can go on: it has not ended, and nothing can be asked of it.
Reply being_ended(RunId run) {
  return conflict("run-active", "The run is being ended", "the stored plan of run " + std::to_string(run) + " is damaged: what runs of it is being stopped, then it ends as failed");
}

}  // namespace

void DaemonService::audit(Turn& turn, const Caller& caller, const std::string& action, const std::string& subject, json detail) {
  turn.batch.audit.push_back({turn.now.wall, caller.actor, action, subject, std::move(detail)});
}

/// The first answer to the same request, from the store or from this very turn, which shares its transaction.
std::optional<Reply> DaemonService::answered(Turn& turn, const Caller& caller) {
  if (caller.idempotency_key.empty()) return std::nullopt;
  std::optional<IdempotentAnswer> known = store_->find_answer(caller.actor.name, caller.route, caller.idempotency_key);
  for (const auto& answer : turn.batch.answers)
    if (answer.actor == caller.actor.name && answer.route == caller.route && answer.key == caller.idempotency_key) known = answer;
  if (!known || turn.now.wall - known->at >= kAnswersKept) return std::nullopt;
  if (known->body_hash != caller.body_hash)
    return conflict("idempotency-key-reused", "The idempotency key was used for another request",
                    "this Idempotency-Key came with another path or body before; a new request needs a new key");
  return Reply{known->status, json::parse(known->body, nullptr, false)};
}

void DaemonService::command(Caller caller, Done done, Work work) {
  const bool taken = tasks_.push([this, caller, done, work](Turn& turn) { obey(turn, caller, done, work); });
  if (!taken) done(unavailable("the daemon is shutting down"));
}

// What the store has of a run that ends in this very turn is not its end yet: the next turn reads it.
void DaemonService::command_on_run(RunId run, Caller caller, Done done, Work work) {
  const bool taken = tasks_.push([this, run, caller, done, work](Turn& turn) {
    if (std::ranges::find(turn.ended, run) != turn.ended.end()) return command(caller, done, work);
    obey(turn, caller, done, work);
  });
  if (!taken) done(unavailable("the daemon is shutting down"));
}

/// A command's frame: refused while latched, answered from memory when its idempotency key is known, answered once committed.
void DaemonService::obey(Turn& turn, const Caller& caller, const Done& done, const Work& work) {
  if (is_latched()) return done(unavailable("the store failed and is being opened anew; see /readyz"));
  const auto answer_after = [&](Reply reply, bool known) {
    turn.after.push_back([this, done, reply = std::move(reply), known](bool committed) mutable {
      if (!committed && (known || reply.status < 400)) return done(unavailable("whether the request was stored is not known; ask again with the same Idempotency-Key"));
      if (reply.status < 400 && reply.body.is_object()) reply.body["as_of"] = store_->last_event();
      done(std::move(reply));
    });
  };
  // Not before its own transaction is through: the first answer may be of this turn.
  if (auto known = answered(turn, caller)) return answer_after(std::move(*known), true);
  auto reply = work(turn, caller);
  if (!caller.idempotency_key.empty() && reply.status < 400)
    turn.batch.answers.push_back({caller.actor.name, caller.route, caller.idempotency_key, caller.body_hash, reply.status, reply.body.dump(), turn.now.wall});
  answer_after(std::move(reply), false);
}

std::expected<std::vector<AssetId>, SelectionError> DaemonService::select(const Project& project, const std::string& expression) const {
  std::expected<std::vector<AssetId>, SelectionError> result;
  const auto now = clock_.now().wall;
  book_.read([&](const AssetTable& table) {
    SelectionState state;
    state.status = [&](AssetId id) { return std::string(to_string(table.states[id].status())); };
    state.stale = [&](AssetId id) { return table.is_stale(id); };
    state.freshness = [&](AssetId id) { return table.freshness(id, now); };
    result = select_assets(expression, project.definitions, project.graph, &state);
  });
  return result;
}

RunPlan DaemonService::plan_of(const Project& project, const std::vector<AssetId>& assets, StepsMode mode) const {
  RunPlan plan;
  book_.read([&](const AssetTable& table) {
    const auto made = [&](AssetId asset) { return asset < table.states.size() && table.states[asset].last_materialization.has_value(); };
    plan = make_plan(project.definitions, project.graph, assets, mode, made);
  });
  return plan;
}

std::optional<Reply> DaemonService::check_options(const json& options) const {
  json errors = json::array();
  for (const auto& [name, value] : options.items()) {
    const auto plugin = plugins_.find(name);
    if (plugin == plugins_.end() || plugin->second.options_schema.is_null()) {
      errors.push_back({{"pointer", "/options/" + name}, {"detail", plugin == plugins_.end() ? "there is no plugin of this name" : "this plugin takes no options"}});
      continue;
    }
    for (const auto& [pointer, message] : check_schema(plugin->second.options_schema, value))
      errors.push_back({{"pointer", "/options/" + name + pointer}, {"detail", message}});
  }
  if (errors.empty()) return std::nullopt;
  const auto detail = errors.front()["pointer"].get<std::string>() + ": " + errors.front()["detail"].get<std::string>();
  return problem(422, "invalid-options", "The options are not valid", detail, std::move(errors));
}

std::expected<DaemonService::Resolved, Reply> DaemonService::resolve(const std::string& select_text, StepsMode mode, const json& options) const {
  Resolved resolved;
  resolved.project = project();
  if (!resolved.project) return std::unexpected(unavailable("no definitions are loaded yet"));
  if (const auto wrong = check_options(options)) return std::unexpected(*wrong);
  const auto assets = select(*resolved.project, select_text);
  if (!assets) return std::unexpected(selection_problem(assets.error()));
  resolved.plan = std::make_shared<RunPlan>(plan_of(*resolved.project, *assets, mode));
  if (resolved.plan->size() == 0) {
    const std::string why = assets->empty()               ? "the selection '" + select_text + "' matches no asset"
                            : mode == StepsMode::checks ? "none of the selected assets has a check"
                                                        : "every selected asset is external: made elsewhere, nothing to run here";
    return std::unexpected(problem(422, "empty-selection", "Nothing to run", why, json::array({{{"pointer", "/select"}, {"detail", why}}})));
  }
  return resolved;
}

RunId DaemonService::begin_run(Turn& turn, RunRecord record, const Resolved& resolved) {
  const auto& project = resolved.project;
  RunContext context{project->version, {project, &project->definitions}, {project, &project->graph}};
  feed(turn, RunRequested{std::move(record), resolved.plan, std::move(context)});
  return engine_->last_run();
}

Reply DaemonService::create_run(Turn& turn, RunRecord record, const Resolved& resolved) {
  if (draining_) return unavailable("the daemon is being drained and takes no new runs");
  const auto id = begin_run(turn, std::move(record), resolved);
  RunRecord created;
  for (const auto& change : turn.batch.changes) {
    if (const auto* made = std::get_if<RunCreated>(&change); made && made->run.id == id) created = made->run;
    if (const auto* moved = std::get_if<RunChanged>(&change); moved && moved->run.id == id) created = moved->run;
  }
  return {201, with_run(run_summary(*resolved.plan, resolved.project->definitions), created)};
}

void DaemonService::request_run(Caller caller, RunRequestBody body, Done done) {
  command(std::move(caller), std::move(done), [this, body](Turn& turn, const Caller& who) -> Reply {
    auto resolved = resolve(body.select, body.mode, body.options);
    if (!resolved) return resolved.error();
    if (body.dry_run) {
      auto summary = run_summary(*resolved->plan, resolved->project->definitions);
      summary["dry_run"] = true;
      summary["select"] = body.select;
      summary["status"] = "planned";
      return {200, std::move(summary)};
    }
    RunRecord record;
    record.select = body.select;
    record.actor = who.actor;
    record.options = body.options;
    record.tags = body.tags;
    record.priority = body.priority;
    record.max_steps = body.max_steps;
    record.timeouts = body.timeouts;
    record.force = body.force;
    auto reply = create_run(turn, std::move(record), *resolved);
    if (reply.status >= 400) return reply;
    audit(turn, who, "run.create", "run " + reply.body["id"].get<std::string>(), {{"select", body.select}});
    return reply;
  });
}

void DaemonService::cancel_run(Caller caller, RunId run, Done done) {
  command_on_run(run, std::move(caller), std::move(done), [this, run](Turn& turn, const Caller& who) -> Reply {
    const auto id = std::to_string(run);
    if (const auto* active = engine_->run(run)) {
      const bool asked_before = active->canceling();
      feed(turn, CancelRequested{run, who.actor});
      if (!asked_before) audit(turn, who, "run.cancel", "run " + id);
      const auto* still = engine_->run(run);
      return {202, {{"id", id}, {"status", still ? "canceling" : "canceled"}}};
    }
    if (engine_->wrecks().contains(run)) return being_ended(run);
    const auto row = reader_->run(run);
    if (!row) return unavailable(row.error().message);
    if (!*row) return not_found("run", "there is no run " + id);
    if ((*row)->run.status == RunStatus::canceled) return {202, {{"id", id}, {"status", "canceled"}}};
    return conflict("run-ended", "The run has ended", "run " + id + " has " + std::string(to_string((*row)->run.status)) + " already; there is nothing to cancel");
  });
}

void DaemonService::set_priority(Caller caller, RunId run, int priority, Done done) {
  command_on_run(run, std::move(caller), std::move(done), [this, run, priority](Turn& turn, const Caller& who) { return prioritize(turn, who, run, priority); });
}

// What runs goes on; from now on the rest takes its place in the lines of pools, and a queued run its place in line.
Reply DaemonService::prioritize(Turn& turn, const Caller& caller, RunId id, int priority) {
  const auto text = std::to_string(id);
  if (const auto* active = engine_->run(id)) {
    const int before = active->record.priority;
    feed(turn, PriorityChanged{id, priority});
    if (before != priority) audit(turn, caller, "run.priority", "run " + text, {{"from", before}, {"to", priority}});
    const auto* still = engine_->run(id);
    return {200, {{"id", text}, {"status", to_string(still ? still->record.status : RunStatus::succeeded)}, {"priority", priority}}};
  }
  if (engine_->wrecks().contains(id)) return being_ended(id);
  const auto row = reader_->run(id);
  if (!row) return unavailable(row.error().message);
  if (!*row) return not_found("run", "there is no run " + text);
  return conflict("run-ended", "The run has ended", "run " + text + " has " + std::string(to_string((*row)->run.status)) + " already; its priority no longer matters");
}

void DaemonService::retry_run(Caller caller, RunId run, bool from_start, std::vector<std::string> keys, Done done) {
  command_on_run(run, std::move(caller), std::move(done), [this, run, from_start, keys](Turn& turn, const Caller& who) { return retry(turn, who, run, from_start, keys); });
}

Reply DaemonService::retry(Turn& turn, const Caller& caller, RunId id, bool from_start, const std::vector<std::string>& keys) {
  const auto text = std::to_string(id);
  if (engine_->run(id)) return conflict("run-active", "The run has not ended", "run " + text + " is still under way; cancel it or wait for its end before a retry");
  if (engine_->wrecks().contains(id)) return being_ended(id);
  const auto row = reader_->run(id);
  if (!row) return unavailable(row.error().message);
  if (!*row) return not_found("run", "there is no run " + text);
  const auto& old = (*row)->run;
  const auto version = load_version(old.definitions_version);
  const auto encoded = reader_->plan(id);
  if (!version || !encoded || !*encoded) return conflict("plan-gone", "The run cannot be retried", "what run " + text + " had planned is no longer kept");
  const auto plan = RunPlan::decode(**encoded, version->definitions, version->graph);
  const auto steps = reader_->steps(id, 0, static_cast<StepIndex>(old.steps_total));
  if (!plan) return conflict("plan-gone", "The run cannot be retried", "run " + text + ": " + plan.error());
  if (!steps) return unavailable(steps.error().message);

  std::vector<std::string> wanted;
  for (const auto& step : *steps) {
    const bool again = step.status == StepStatus::failed || step.status == StepStatus::skipped || step.status == StepStatus::canceled;
    const auto& key = version->definitions.assets[plan->asset(step.step)].key;
    if ((from_start || again) && (keys.empty() || std::find(keys.begin(), keys.end(), key) != keys.end())) wanted.push_back(key);
  }
  if (wanted.empty()) return conflict("nothing-to-retry", "Nothing to retry", "no step of run " + text + " failed, was skipped or was canceled; retry it from the start with {\"from\": \"start\"}");
  Resolved resolved;
  resolved.project = project();
  std::vector<AssetId> assets;
  for (const auto& key : wanted)
    if (const auto asset = resolved.project->graph.find(key)) assets.push_back(*asset);
  resolved.plan = std::make_shared<RunPlan>(plan_of(*resolved.project, assets, old.mode));
  if (resolved.plan->size() == 0) return conflict("nothing-to-retry", "Nothing to retry", "the assets of run " + text + " are no longer defined");
  RunRecord record;
  record.select = old.select;
  record.actor = caller.actor;
  record.options = old.options;
  record.tags = old.tags;
  record.priority = old.priority;
  record.max_steps = old.max_steps;
  record.timeouts = old.timeouts;
  record.force = from_start || old.force;
  record.job = old.job;
  record.retry_of = id;
  record.trigger = {"retry", text, std::nullopt};
  auto reply = create_run(turn, std::move(record), resolved);
  if (reply.status >= 400) return reply;
  audit(turn, caller, "run.retry", "run " + text, {{"new_run", reply.body["id"]}, {"from", from_start ? "start" : "failure"}});
  return reply;
}

}  // namespace assetd
