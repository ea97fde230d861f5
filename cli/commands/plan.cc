// plan, apply: what changed files would mean, and making it so.
#include <iostream>
#include <map>

#include "cli/command_line.h"
#include "cli/compile_errors.h"
#include "cli/run_watch.h"
#include "cli/table.h"
#include "core/definition/compiled.h"
#include "core/definition/difference.h"

namespace assetd::cli {
namespace {

constexpr int kWouldChange = 2;

struct PlanOptions {
  bool detailed_exit_code = false;
  std::string against, against_token;
};

struct ApplyOptions {
  std::string plan;
  bool run = false, wait = false;
};

Colour colour_of(const std::string& action) { return action == "added" ? Colour::green : action == "removed" ? Colour::red : Colour::yellow; }
const char* sign_of(const std::string& action) { return action == "added" ? "+" : action == "removed" ? "-" : action == "renamed" ? ">" : "~"; }

std::string value_text(const Json& value) { return value.is_null() ? "(not set)" : harmless(value.dump(-1, ' ', false, Json::error_handler_t::replace)); }

/// A duration as the files say it.
std::string side_text(const Json& field, const std::string& side) {
  const auto text = text_at(field, side + "_text");
  return text.empty() ? value_text(field.value(side, Json())) : text;
}

void print_change(Session& session, const Json& change) {
  const auto action = text_at(change, "action"), name = text_at(change, "name"), former = text_at(change, "renamed_from");
  session.out << "  " << session.terminal.paint(std::string(sign_of(action)) + " " + text_at(change, "kind") + (name.empty() ? "" : " " + name), colour_of(action))
              << (former.empty() ? "" : " (was " + former + ")") << "\n";
  for (const auto& field : change.value("fields", Json::array()))
    session.out << "      " << text_at(field, "field") << ": " << side_text(field, "before") << " -> " << side_text(field, "after") << "\n";
}

void print_names(Session& session, const Json& plan, const char* field, const std::string& kind, const char* what) {
  for (const auto& name : plan.value(field, Json::array())) session.out << "  " << kind << " " << harmless(name.get<std::string>()) << what << "\n";
}

void print_starts(Session& session, const Json& plan) {
  print_names(session, plan, "schedules_started", "schedule", " starts to tick");
  print_names(session, plan, "schedules_stopped", "schedule", " no longer ticks");
  print_names(session, plan, "sensors_started", "sensor", " starts to look");
  print_names(session, plan, "sensors_stopped", "sensor", " no longer looks");
}

/// What goes on under other names, or ends.
void print_backfills(Session& session, const Json& plan) {
  for (const auto& backfill : plan.value("backfills", Json::array())) {
    session.out << "  backfill " << text_at(backfill, "id");
    if (const auto why = text_at(backfill, "ends"); !why.empty()) {
      session.out << " ends: " << why << "\n";
      continue;
    }
    std::string names;
    const auto renamed = backfill.value("renamed", Json::object());
    for (const auto& [was, is] : renamed.items()) names += (names.empty() ? "" : ", ") + is.get<std::string>() + " (was " + was + ")";
    session.out << " goes on with " << harmless(names) << "\n";
  }
}

constexpr std::size_t kAssetsNamed = 10;

const char* because(const std::string& cause) {
  return cause == "added" ? " (new)" : cause == "code_changed" ? " (its code changes)" : cause == "data_changed" ? " (made from other assets)" : "";
}

/// "b (its code changes), c and 12 more"
std::string asset_names(const Json& list) {
  const auto causes = list.value("causes", Json::object());
  std::string out;
  std::size_t named = 0;
  for (const auto& key : list.value("keys", Json::array())) {
    if (named == kAssetsNamed) break;
    out += (named++ == 0 ? "" : ", ") + key.get<std::string>() + because(text_at(causes, key.get<std::string>().c_str()));
  }
  const auto total = list.value("total", named);
  return harmless(total > named ? out + " and " + std::to_string(total - named) + " more" : out);
}

/// What --run does not make of assets that are divided, and what does.
void print_partitions(Session& session, const Json& plan) {
  for (const auto& each : plan.value("partitions", Json::array())) {
    const auto key = harmless(text_at(each, "key"));
    const int missing = each.value("missing", 0), in_run = each.value("in_run", 0);
    if (in_run > 0) session.out << "  of " << key << " --run makes " << (in_run == 1 ? "the latest partition" : std::to_string(in_run) + " partitions") << "; the others: assetctl backfill '\"" << key << "\"' --partition stale\n";
    if (missing == 0 || (!each.value("more_missing", false) && in_run > 0)) continue;
    session.out << "  " << missing << (missing == 1 ? " partition of " : " partitions of ") << key << (missing == 1 ? " is" : " are") << " missing: assetctl backfill '\"" << key << "\"' --partition missing\n";
  }
}

/// `what` goes on after "asset is" or "assets are".
void print_assets(Session& session, const Json& plan, const char* field, const char* what) {
  const auto list = plan.value(field, Json::object());
  const auto total = list.value("total", 0);
  if (total > 0) session.out << "  " << total << (total == 1 ? " asset is " : " assets are ") << what << ": " << asset_names(list) << "\n";
}

void print_definitions_plan(Session& session, const Json& plan) {
  const auto changes = plan.value("changes", Json::array());
  const auto total = plan.value("changes_total", changes.size());
  if (total == 0) {
    session.out << "nothing would change: the files say what serves (version " << text_at(plan, "base_version") << ")\n";
    return;
  }
  for (const auto& change : changes) print_change(session, change);
  if (total > changes.size()) session.out << "  … and " << total - changes.size() << " more\n";
  const auto counts = plan.value("counts", Json::object());
  session.out << "plan: " << text_at(counts, "added") << " to add, " << text_at(counts, "changed") << " to change, " << text_at(counts, "removed") << " to remove, "
              << text_at(counts, "renamed") << " renamed\n";
  print_starts(session, plan);
  print_assets(session, plan, "automation_started", "made by a condition from now on");
  print_assets(session, plan, "automation_stopped", "made by no condition any more");
  print_backfills(session, plan);
  const auto stale = plan.value("stale", Json::object());
  print_assets(session, plan, "stale", "to be computed anew");
  print_partitions(session, plan);
  session.out << "to do it: assetctl apply " << text_at(plan, "id") << (stale.value("total", 0) > 0 ? "; and to materialize what is to be computed anew: --run" : "") << "\n";
}

/// As print or, where the files do not load, their errors as a compiler prints them.
int show(Session& session, const Result<Json>& answer, const std::function<void(const Json&)>& print) {
  const bool broken = !answer && answer.error().status == 422 && answer.error().body.is_object() && !session.settings.json;
  if (!broken) return session.show(answer, print);
  session.err << render_definition_errors(answer.error().body.value("errors", Json::array()), "error", session.terminal)
              << "the files do not load; what served goes on serving\n";
  return kUsage;
}

/// What another daemon serves, or this one: as GET /definitions/compiled gives it.
Result<Definitions> served_by(ApiClient& api, const std::string& whose) {
  const auto refused = [](std::string detail, int status) { return std::unexpected(Problem{status, "", std::move(detail), {}, {}}); };
  const auto answer = api.probe("/api/v1/definitions/compiled");
  if (!answer) return refused(whose + ": " + (answer.error().detail.empty() ? answer.error().title : answer.error().detail), 0);
  if (answer->status != 200) return refused(whose + " answers " + std::to_string(answer->status) + (answer->status == 401 ? ": give its token" : answer->status == 404 ? ": it is of a version that cannot be compared" : ""), answer->status);
  auto definitions = from_compiled(answer->body);
  if (!definitions) return refused(whose + ": its definitions cannot be read, it is of another version (" + definitions.error() + ")", 0);
  return std::move(*definitions);
}

const char* word_of(DefinitionChange::Action action) {
  using enum DefinitionChange::Action;
  return action == added ? "added" : action == removed ? "removed" : action == renamed ? "renamed" : "changed";
}

/// In the shape of a plan, as far as it goes for definitions that are not about to be applied.
Json comparison_of(const Definitions& theirs, const Definitions& ours) {
  Json changes = Json::array();
  std::map<std::string, int> counts = {{"added", 0}, {"changed", 0}, {"removed", 0}, {"renamed", 0}};
  for (const auto& change : difference(theirs, ours)) {
    Json fields = Json::array();
    for (const auto& field : change.fields) fields.push_back(to_json(field));
    ++counts[word_of(change.action)];
    changes.push_back({{"action", word_of(change.action)}, {"kind", change.kind}, {"name", change.name},
                       {"renamed_from", change.renamed_from.empty() ? Json() : Json(change.renamed_from)}, {"fields", std::move(fields)}});
  }
  const auto total = changes.size();
  return {{"changes", std::move(changes)}, {"changes_total", total}, {"counts", counts}};
}

/// What this daemon serves that the other does not, and the other way round.
int compare(Session& session, const PlanOptions& options) {
  auto transport = make_transport(options.against);
  if (!transport) return session.usage("--against: " + transport.error());
  ApiClient other(std::move(*transport), options.against_token.empty() ? session.settings.token : options.against_token);
  const auto theirs = served_by(other, options.against);
  if (!theirs) return session.fail(theirs.error());
  const auto ours = served_by(*session.api, session.settings.url);
  if (!ours) return session.fail(ours.error());
  const auto comparison = comparison_of(*theirs, *ours);
  const int code = session.show(Result<Json>(comparison), [&](const Json& found) {
    if (found["changes_total"] == 0) session.out << "both serve the same definitions\n";
    for (const auto& change : found["changes"]) print_change(session, change);
    const auto& counts = found["counts"];
    if (found["changes_total"] != 0)
      session.out << "against " << options.against << ": here " << text_at(counts, "added") << " more, " << text_at(counts, "removed") << " fewer, " << text_at(counts, "changed")
                  << " others, " << text_at(counts, "renamed") << " renamed (values of env: are not compared)\n";
  });
  return code == kOk && options.detailed_exit_code && comparison["changes_total"] != 0 ? kWouldChange : code;
}

int make_plan(Session& session, const PlanOptions& options) {
  if (!options.against.empty()) return compare(session, options);
  const auto answer = session.api->post("/definitions/plan");
  const int code = show(session, answer, [&](const Json& plan) { print_definitions_plan(session, plan); });
  if (!options.detailed_exit_code) return code;
  if (code != kOk) return code == kWouldChange ? kFailed : code;  // files that do not load are no change
  return answer->value("changes_total", 0) > 0 ? kWouldChange : kOk;
}

int run_stale(Session& session, const Json& plan, bool wait) {
  const auto select = text_at(plan.value("stale", Json::object()), "select");
  if (select.empty()) {
    session.out << "nothing is to be computed anew\n";
    return kOk;
  }
  const auto answer = session.api->post("/runs", {{"select", select}});
  if (!answer || !wait) return session.show(answer, [&](const Json& run) { session.out << "run " << text_at(run, "id") << " requested: " << steps_at(run) << "\n"; });
  return watch_run(session, text_at(*answer, "id"));
}

int apply_plan(Session& session, const ApplyOptions& options) {
  Json plan;
  if (options.run) {  // what is stale is known before it is applied
    auto answer = session.api->post("/definitions/plan");
    if (!answer) return show(session, answer, {});
    plan = *std::move(answer);
  }
  const auto applied = session.api->post("/definitions/apply", {{"plan", options.plan}});
  const int code = show(session, applied, [&](const Json& definitions) {
    session.out << "version " << text_at(definitions, "version") << " serves: " << text_at(definitions, "assets") << " assets\n";
  });
  return code == kOk && options.run ? run_stale(session, plan, options.wait) : code;
}

struct VersionsOptions {
  std::size_t limit = 20;
};

int list_versions(Session& session, const VersionsOptions& options) {
  return session.show(session.api->list("/definitions/versions", {}, options.limit), [&](const Json& page) {
    Table table({{"VERSION", true}, {"APPLIED"}, {"ASSETS", true}, {"ADDED", true}, {"CHANGED", true}, {"REMOVED", true}, {"OTHERS", true}, {""}});
    for (const auto& each : page["items"])
      table.add({text_at(each, "version"), ago_at(each, "applied_at", session.now()), text_at(each, "assets"), text_at(each, "added"), text_at(each, "changed"), text_at(each, "removed"), text_at(each, "others"),
                 each.value("current", false) ? "serves" : ""});
    session.out << table.render(session.terminal);
  });
}

struct DiffOptions {
  std::string from, to;
};

int show_difference(Session& session, const DiffOptions& options) {
  return session.show(session.api->get("/definitions/diff", {{"from", options.from}, {"to", options.to}}), [&](const Json& answer) {
    const auto changes = answer.value("changes", Json::array());
    const auto total = answer.value("changes_total", changes.size());
    session.out << "version " << text_at(answer, "from") << " to " << text_at(answer, "to") << (total == 0 ? ": nothing that the definitions say differs\n" : "\n");
    for (const auto& change : changes) print_change(session, change);
    if (total > changes.size()) session.out << "  … and " << total - changes.size() << " more\n";
  });
}

}  // namespace

/// Beside `show` and `reload`.
void add_version_history_commands(CommandLine& line, CLI::App& definitions) {
  const auto versions = std::make_shared<VersionsOptions>();
  add_command(definitions, line, "versions", "the versions that served, newest first", versions, list_versions)
      ->add_option("--limit,-n", versions->limit, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  const auto diff = std::make_shared<DiffOptions>();
  auto* command = add_command(definitions, line, "diff", "what two versions differ in", diff, show_difference);
  command->add_option("from", diff->from, "a version; without one the version before the one that serves");
  command->add_option("to", diff->to, "another; without one the version that serves");
}

void add_plan_commands(CommandLine& line) {
  const auto plan = std::make_shared<PlanOptions>();
  auto* planned = add_command(line.app, line, "plan", "what applying the files would change, and what follows from it", plan, make_plan);
  planned->add_flag("--detailed-exitcode", plan->detailed_exit_code, "exit with 2 when something would change");
  planned->add_option("--against", plan->against, "compare what this daemon serves with what the one at this URL does");
  planned->add_option("--against-token", plan->against_token, "that daemon's token, where it has another")->envname("ASSETD_AGAINST_TOKEN");
  const auto apply = std::make_shared<ApplyOptions>();
  auto* command = add_command(line.app, line, "apply", "apply the files as planned; refused when the plan is out of date", apply, apply_plan);
  command->add_option("plan", apply->plan, "a plan's id")->required();
  command->add_flag("--run", apply->run, "then materialize what the plan says is to be computed anew; of what is divided the latest partition");
  command->add_flag("--wait", apply->wait, "with --run: until that run has ended");
}

}  // namespace assetd::cli
