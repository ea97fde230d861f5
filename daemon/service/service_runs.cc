// Commands on runs.

#include <algorithm>
#include <set>

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

constexpr std::size_t kPartitionsShown = 3;

/// "2026-01-31", "a, b", "2026-01-01 … 2026-01-31 (31)".
std::string partitions_in_words(const RunPlan& plan) {
  std::vector<std::string> keys;
  std::set<std::string_view> seen;
  for (StepIndex step = 0; step < plan.size(); ++step)
    if (const auto& key = plan.partition(step); !key.empty() && seen.insert(key).second) keys.push_back(key);
  if (keys.size() > kPartitionsShown) return keys.front() + " … " + keys.back() + " (" + std::to_string(keys.size()) + ")";
  std::string text;
  for (const auto& key : keys) text += (text.empty() ? "" : ", ") + key;
  return text;
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
      const bool has_its_own = known && reply.body.contains("as_of");  // the first answer's, again
      if (reply.status < 400 && reply.body.is_object() && !has_its_own) reply.body["as_of"] = store_->last_event();
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

std::expected<std::vector<AssetId>, SelectionError> DaemonService::select(const Project& project, const std::string& expression) const { return selected(project, expression, select_assets); }

std::expected<std::vector<AssetId>, SelectionError> DaemonService::selected(const Project& project, const std::string& expression, decltype(select_assets)& choose) const {
  std::expected<std::vector<AssetId>, SelectionError> result;
  const auto now = clock_.now().wall;
  book_.read([&](const AssetTable& table) {
    SelectionState state;
    state.status = [&](AssetId id) { return std::string(to_string(table.states[id].status())); };
    state.stale = [&](AssetId id) { return table.is_stale(id); };
    state.freshness = [&](AssetId id) { return table.freshness(id, now); };
    result = choose(expression, project.definitions, project.graph, &state);
  });
  return result;
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

RunId DaemonService::begin_run(Turn& turn, RunRecord record, const Resolved& resolved) {
  const auto& project = resolved.project;
  if (record.partitions.empty()) record.partitions = partitions_in_words(*resolved.plan);
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
    auto resolved = resolve(body.select, body.mode, body.options, body.partitions, turn.now.wall);
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

void DaemonService::retry_run(Caller caller, RunId run, RetryBody body, Done done) {
  command_on_run(run, std::move(caller), std::move(done), [this, run, body](Turn& turn, const Caller& who) { return retry(turn, who, run, body); });
}

}  // namespace assetd
