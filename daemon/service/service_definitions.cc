// Definitions: loading, applying a new version, reloading beside what serves.

#include <algorithm>
#include <spdlog/spdlog.h>

#include <set>
#include <thread>

#include "core/definition/compiled.h"
#include "core/definition/difference.h"
#include "core/schedule/cron.h"
#include "daemon/definitions/plugin.h"
#include "daemon/service/daemon_service.h"
#include "daemon/service/definitions_plan.h"
#include "daemon/service/replies.h"

namespace assetd {
namespace {

using nlohmann::json;

json source_json(const SourceRef& source) { return {{"file", source.file}, {"line", source.line}, {"column", source.column}}; }

json errors_json(const std::vector<DefinitionError>& errors) {
  json result = json::array();
  for (const auto& error : errors)
    result.push_back({{"message", error.message}, {"hint", error.hint}, {"source", source_json(error.source)}, {"excerpt", error.excerpt}});
  return result;
}

/// One for all assets and checks; null: whatever limits they ask for hold.
json limits_warning(const Definitions& definitions, const LimitsNotInForce& not_in_force) {
  std::set<std::string> names;
  std::string first;
  const SourceRef* source = nullptr;
  std::size_t count = 0;
  const auto look = [&](const auto& spec, const std::string& called) {
    if (!spec.run) return;
    const auto found = asked_in_vain(spec.run->limits, not_in_force);
    if (found.empty()) return;
    names.insert(found.begin(), found.end());
    if (count++ == 0) first = called, source = &spec.source;
  };
  for (const auto& asset : definitions.assets) look(asset, asset.key);
  for (const auto& check : definitions.checks) look(check, check.name);
  if (count == 0) return nullptr;
  std::string which;
  for (const auto& name : names) which += (which.empty() ? "" : ", ") + name;
  return {{"message", "limits that are not in force on this machine: " + which + " of " + first + (count > 1 ? " and " + std::to_string(count - 1) + " more" : "") + "; " + not_in_force.why},
          {"source", source_json(*source)}, {"code", "limits_not_in_force"}};
}

json sources_json(const std::vector<WatchedFile>& files) {
  auto result = json::array();
  for (const auto& file : files) result.push_back({{"file", file.path}, {"size", file.size}});
  return result;
}

json warnings_json(const std::vector<DefinitionWarning>& warnings) {
  json result = json::array();
  for (const auto& warning : warnings) result.push_back({{"message", warning.message}, {"source", source_json(warning.source)}});
  return result;
}

/// What serves of an import, nullptr: nothing. One without `name:` is named by what it describes, so that it is known by what it says when that fails; or
/// by its plugin, where no other import of that has no name.
const ImportSpec* served(const Project* current, const ImportReport& import) {
  if (!current) return nullptr;
  const auto& imports = current->definitions.imports;
  const ImportSpec* of_plugin = nullptr;
  std::size_t count = 0;
  for (const auto& each : imports) {
    if (import.named ? each.name == import.name : !each.named && each.plugin == import.plugin && each.config == import.config) return &each;
    if (!import.named && !each.named && each.plugin == import.plugin) of_plugin = &each, ++count;
  }
  return count == 1 ? of_plugin : nullptr;
}

std::size_t assets_of(const Project& project, const ImportSpec* import) {
  const auto& imports = project.definitions.imports;
  const auto of_it = [&](const AssetSpec& asset) { return asset.import >= 0 && &imports[static_cast<std::size_t>(asset.import)] == import; };
  return static_cast<std::size_t>(std::ranges::count_if(project.definitions.assets, of_it));
}

/// `before`: as they were told last. Of one that fails, what serves was read at `last_ok_at`; that is what its `assets` count.
json imports_json(const std::vector<ImportReport>& imports, const std::string& at, const json& before, const Project* current) {
  const auto applied_at = current ? format_time(current->applied_at) : "";
  json result = json::array();
  for (const auto& import : imports) {
    const auto* serves = import.ok ? nullptr : served(current, import);
    const auto name = serves ? serves->name : import.name;
    json last_ok = import.ok ? json(at) : applied_at.empty() ? json() : json(applied_at);
    for (const auto& known : before)
      if (!import.ok && known.value("name", "") == name && known.contains("last_ok_at")) last_ok = known["last_ok_at"];
    result.push_back({{"name", name}, {"plugin", import.plugin}, {"assets", import.ok ? import.assets : serves ? assets_of(*current, serves) : 0}, {"status", import.ok ? "ok" : "failed"}, {"at", at}, {"detail", import.detail},
                      {"last_ok_at", last_ok}});
  }
  return result;
}

/// Of assets; `others`: whatever is none.
struct Counts {
  std::size_t added = 0, changed = 0, removed = 0, others = 0;
  json to_json() const { return {{"added", added}, {"changed", changed}, {"removed", removed}, {"others", others}}; }
};

Counts count_changes(const Definitions& before, const Definitions& after) {
  Counts out;
  for (const auto& change : difference(before, after)) {
    using Action = DefinitionChange::Action;
    ++(change.kind != "asset" ? out.others : change.action == Action::added ? out.added : change.action == Action::removed ? out.removed : out.changed);
  }
  return out;
}

Renaming renaming(const Definitions& before, const Project& next, const AssetNames& known) {
  Renaming out{renames(before, next.definitions), {}};
  for (const auto& [former, present] : known)
    if (next.graph.find(former)) out.defined.push_back(former);
  return out;
}

}  // namespace

std::expected<std::shared_ptr<Project>, std::string> DaemonService::make_project(const DefinitionsRecord& record) {
  auto definitions = from_compiled(record.compiled);
  if (!definitions) return std::unexpected(definitions.error());
  auto graph = AssetGraph::build(*definitions);
  if (!graph) return std::unexpected(graph.error().front().message);
  auto project = std::make_shared<Project>();
  project->version = record.version;
  project->hash = record.hash;
  project->applied_at = record.applied_at;
  project->definitions = std::move(*definitions);
  project->graph = std::move(*graph);
  return project;
}

DaemonService::Compiled DaemonService::compile() const {
  Compiled compiled{compile_in_child(options_.program, options_.compile), nullptr};
  if (!compiled.result.errors.empty()) return compiled;
  DefinitionsRecord record;
  record.hash = compiled.result.hash;
  record.compiled = compiled.result.compiled;
  if (auto project = make_project(record)) compiled.project = std::move(*project);
  else compiled.result.errors.push_back({"the compiled definitions cannot be read: " + project.error(), "", {"assetd.yaml", 0, 0}, ""});
  return compiled;
}

/// `pending`: the plan of files that wait to be applied, null where none do. What is told here --watch need not notice; a plan, or an apply that is refused, tells
/// nothing.
void DaemonService::describe_outcome(const Compiled& compiled, const json& pending) {
  if (watch_) watch_->seen(compiled.result.watch_state);
  const auto current = project();
  const auto now = format_time(clock_.now().wall);
  std::lock_guard lock(mutex_);
  auto& status = definitions_status_;
  status["errors"] = errors_json(compiled.result.errors);
  status["state"] = !compiled.result.errors.empty() ? "broken" : pending.is_null() ? "current" : "pending";
  status["pending"] = pending;
  if (!compiled.result.imports.empty() || compiled.result.errors.empty()) status["imports"] = imports_json(compiled.result.imports, now, status.value("imports", json::array()), current.get());
  if (compiled.result.errors.empty()) {
    status["warnings"] = warnings_json(compiled.result.warnings);
    status["sources"] = sources_json(compiled.result.watched);
  }
  status["loaded_at"] = now;
}

/// Of a version that serves again as it was stored: its files need not be read for what they would say.
void DaemonService::describe_stored(const DefinitionsRecord& record) {
  const auto current = project();
  std::lock_guard lock(mutex_);
  definitions_status_["warnings"] = warnings_json(current->definitions.warnings);
  definitions_status_["sources"] = sources_json(files_of(record.watch_state));
}

void DaemonService::use_project(std::shared_ptr<const Project> next, Turn* turn) {
  const auto& definitions = next->definitions;
  book_.use(next, store_->names());
  divide(next);
  book_.divide(*partitions());
  automator_.use(partitions(), *engine_);
  if (turn) count_what_nothing_holds_back(*turn);
  freshness_.use(next);
  std::vector<std::string> plugin_errors;
  plugins_ = find_plugins(options_.compile.plugin_dirs, plugin_errors);
  for (const auto& error : plugin_errors) spdlog::warn("{}", error);
  if (execution_) execution_->replace_plugins(launcher_options());
  ticker_.define(definitions.schedules, stored_schedules_, clock_.now().wall);
  define_sensors(definitions, turn);
  const auto pools = pools_in_force(*next);
  const LimitsChanged limits{definitions.limits};
  {
    std::lock_guard lock(mutex_);
    auto& status = definitions_status_;
    status["version"] = std::to_string(next->version);
    status["hash"] = next->hash;
    status["applied_at"] = format_time(next->applied_at);
    status["assets"] = definitions.assets.size();
    status["checks"] = definitions.checks.size();
    status["schedules"] = definitions.schedules.size();
    status["sensors"] = definitions.sensors.size();
    if (!status.contains("imports")) {
      status["imports"] = json::array();
      for (const auto& import : definitions.imports) {
        const auto index = &import - definitions.imports.data();
        const auto count = std::count_if(definitions.assets.begin(), definitions.assets.end(), [&](const AssetSpec& asset) { return asset.import == index; });
        status["imports"].push_back({{"name", import.name}, {"plugin", import.plugin}, {"assets", count}, {"status", "ok"}, {"at", format_time(next->applied_at)}, {"detail", ""},
                                     {"last_ok_at", format_time(next->applied_at)}});
      }
    }
    for (const auto* list : {"errors", "warnings", "sources"})
      if (!status.contains(list)) status[list] = json::array();
    if (!status.contains("state")) status["state"] = definitions_loading_ ? "checking" : "current";
    versions_[next->version] = next;
    project_ = std::move(next);
  }
  waivers_ = book_.waivers();
  const WaiversChanged waived{waivers_};
  // Limits before pools: what may begin takes slots.
  if (turn) {
    feed(*turn, waived);
    feed(*turn, limits);
    feed(*turn, pools);
  } else {
    engine_->handle(clock_.now(), waived);
    engine_->handle(clock_.now(), limits);
    engine_->handle(clock_.now(), pools);
  }
}

/// On the service's thread. A new version commits with its event and the cursors of its schedules; an equal one changes nothing.
std::expected<void, StoreError> DaemonService::apply(Turn& turn, Compiled& compiled) {
  const auto current = project();
  if (current && current->hash == compiled.result.hash) {
    (void)store_->update_watch_state(current->version, compiled.result.watch_state);
    describe_outcome(compiled);
    return {};
  }
  finish(turn);
  turn = Turn{};
  turn.now = clock_.now();
  const auto diff = count_changes(current ? current->definitions : Definitions{}, compiled.project->definitions);
  DefinitionsRecord record;
  record.hash = compiled.result.hash;
  record.compiled = std::move(compiled.result.compiled);
  record.watch_state = compiled.result.watch_state;
  record.applied_at = turn.now.wall;
  record.summary = diff.to_json();
  record.summary["assets"] = compiled.project->definitions.assets.size();
  CommitBatch batch;
  const auto number = std::to_string((current ? current->version : 0) + 1);
  batch.events.push_back({0, turn.now.wall, "definitions_changed", 0, "", {{"version", number}}, diff.to_json()});
  const auto moved_keys = renaming(current ? current->definitions : Definitions{}, *compiled.project, store_->names());
  const auto version = store_->put_definitions(record, batch, moved_keys);
  if (!version) {
    latch(version.error().message);
    return std::unexpected(version.error());
  }
  for (const auto& [former, present] : moved_keys.renamed) alerts_.rename(former, present);
  compiled.project->version = *version;
  compiled.project->applied_at = turn.now.wall;
  for (const auto& [name, entry] : ticker_.entries()) stored_schedules_[name] = entry.position;
  use_project(compiled.project, &turn);
  describe_outcome(compiled);
  publish(batch.events);
  Output moved;
  for (const auto& [name, entry] : ticker_.entries()) moved.changes.push_back(ScheduleMoved{name, *entry.position.cursor, entry.position.fingerprint});
  take(turn, std::move(moved));
  spdlog::info("definitions version {}: {} assets ({} added, {} changed, {} removed; {} others changed)", *version, compiled.project->definitions.assets.size(), diff.added, diff.changed, diff.removed, diff.others);
  return {};
}

/// Files are read beside what serves; `then` gets what came of them on the service's thread, and answers if they load. False: refused, as others are being read.
bool DaemonService::compile_in_background(Done done, std::function<void(Turn&, Compiled&, std::shared_ptr<Done>)> then) {
  if (reloading_.exchange(true)) {
    done(conflict("reload-running", "A reload is under way", "wait for the reload that is under way, then ask again"));
    return false;
  }
  // The next one is let in as soon as the outcome of this is taken, which may be before its thread is kept here: a request and the watch come on threads of their own.
  const std::lock_guard keeping(reload_thread_mutex_);
  if (reload_thread_.joinable()) reload_thread_.join();
  reload_thread_ = std::thread([this, then = std::move(then), done = std::move(done)]() mutable {
    auto compiled = std::make_shared<Compiled>(compile());
    auto shared_done = std::make_shared<Done>(std::move(done));
    const bool taken = tasks_.push([this, then = std::move(then), shared_done, compiled](Turn& turn) {
      reloading_ = false;
      {
        std::lock_guard lock(mutex_);
        definitions_loading_ = false;
      }
      then(turn, *compiled, shared_done);
      if (compiled->result.errors.empty()) return;
      const auto errors = errors_json(compiled->result.errors);
      const auto detail = std::to_string(errors.size()) + (errors.size() == 1 ? " error" : " errors") + "; what was serving goes on serving";
      turn.after.push_back([shared_done, detail, errors](bool) { (*shared_done)(problem(422, "definitions-broken", "The definitions do not load", detail, errors)); });
    });
    if (!taken) (*shared_done)(unavailable("the daemon is shutting down"));
  });
  return true;
}

void DaemonService::say_broken(Turn& turn, const Compiled& compiled) {
  describe_outcome(compiled);
  for (const auto& error : compiled.result.errors) spdlog::error("{}:{}:{}: {}", error.source.file, error.source.line, error.source.column, error.message);
  const auto current = project();
  turn.batch.events.push_back({0, turn.now.wall, "definitions_changed", 0, "", {{"version", current ? std::to_string(current->version) : "0"}},
                               {{"errors", errors_json(compiled.result.errors)}}});
}

void DaemonService::reload(Caller caller, Done done) { reload_in_background(std::move(caller), std::move(done)); }

bool DaemonService::reload_in_background(Caller caller, Done done) {
  return compile_in_background(std::move(done), [this, caller = std::move(caller)](Turn& turn, Compiled& compiled, std::shared_ptr<Done> answer) {
    if (!compiled.result.errors.empty()) return say_broken(turn, compiled);
    if (waits_for_apply(compiled)) {
      say_pending(turn, compiled);
      return turn.after.push_back([this, answer](bool) { answer_status(*answer); });
    }
    apply_and_answer(turn, compiled, caller, "definitions.reload", std::move(answer));
  });
}

void DaemonService::watch_definitions() {
  const auto current = store_->current_definitions();
  watch_ = std::make_unique<DefinitionsWatch>(options_.compile, current && *current ? (*current)->watch_state : "", [this] { return reload_in_background({}, [](const Reply&) {}); });
}

void DaemonService::plan_definitions(Caller, Done done) {
  compile_in_background(std::move(done), [this](Turn& turn, Compiled& compiled, std::shared_ptr<Done> answer) {
    if (!compiled.result.errors.empty()) return;
    const auto in_force = partitions();
    static const DynamicKeys none;
    std::vector<const Backfill*> under_way;
    for (const auto& [id, backfill] : backfills_)
      if (!is_over(backfill.status)) under_way.push_back(&backfill);
    auto body = plan_body(project().get(), *compiled.project,
                          {[this](const std::string& key) { return book_.find(key); }, in_force ? in_force->dynamic : none, turn.now.wall, std::move(under_way)});
    body["as_of"] = store_->last_event();
    turn.after.push_back([answer, body = std::move(body)](bool) { (*answer)({200, body}); });
  });
}

void DaemonService::apply_definitions(Caller caller, std::string plan, Done done) {
  compile_in_background(std::move(done), [this, caller = std::move(caller), plan = std::move(plan)](Turn& turn, Compiled& compiled, std::shared_ptr<Done> answer) {
    if (!compiled.result.errors.empty()) return say_broken(turn, compiled);
    if (const auto now = plan_id(project().get(), compiled.result.hash); now != plan) {
      const auto detail = "plan '" + plan + "' is not what applying would do now (" + now + "): what serves or the files have changed since. Plan again";
      return turn.after.push_back([answer, detail](bool) { (*answer)(conflict("stale-plan", "The plan is out of date", detail)); });
    }
    apply_and_answer(turn, compiled, caller, "definitions.apply", std::move(answer));
  });
}

void DaemonService::apply_and_answer(Turn& turn, Compiled& compiled, const Caller& caller, const std::string& action, std::shared_ptr<Done> answer) {
  const auto applied = apply(turn, compiled);
  if (!caller.route.empty()) audit(turn, caller, action, "definitions", {{"hash", compiled.result.hash}});
  turn.after.push_back([this, answer, applied](bool committed) {
    if (applied && committed) return answer_status(*answer);
    (*answer)(unavailable("whether the new definitions were stored is not known; see /readyz"));
  });
}

void DaemonService::answer_status(const Done& done) const {
  auto body = definitions_status();
  body["as_of"] = store_->last_event();
  done({200, std::move(body)});
}

/// `definitions: {apply: manual}` of what serves: other files wait until somebody has seen what they change.
bool DaemonService::waits_for_apply(const Compiled& compiled) const {
  const auto current = project();
  if (!current || current->hash == compiled.result.hash) return false;
  return current->definitions.settings.value(json::json_pointer("/definitions/apply"), "auto") == "manual";
}

void DaemonService::say_pending(Turn& turn, const Compiled& compiled) {
  const auto current = project();
  const auto plan = plan_id(current.get(), compiled.result.hash);
  const auto counts = changes_body(difference(current->definitions, compiled.project->definitions))["counts"];
  describe_outcome(compiled, {{"plan", plan}, {"counts", counts}});
  turn.batch.events.push_back({0, turn.now.wall, "definitions_changed", 0, "", {{"version", std::to_string(current->version)}}, {{"pending", plan}, {"counts", counts}}});
}

nlohmann::json DaemonService::definitions_status() const {
  std::unique_lock lock(mutex_);
  auto status = definitions_status_;
  const auto limits = limits_not_in_force_;
  const auto current = project_;
  lock.unlock();
  if (current)
    if (auto warning = limits_warning(current->definitions, limits); !warning.is_null()) status["warnings"].push_back(std::move(warning));
  return status;
}

LimitsNotInForce DaemonService::limits_not_in_force() const {
  std::lock_guard lock(mutex_);
  return limits_not_in_force_;
}

}  // namespace assetd
