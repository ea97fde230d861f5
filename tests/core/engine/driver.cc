#include "tests/core/engine/driver.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace assetd::testing {

AssetSpec& Project::asset(const std::string& key, const Names& deps) {
  auto& asset = assets_.emplace_back();
  asset.key = key;
  asset.run.emplace().plugin = "python";  // obeys when checks alone are wanted
  for (const auto& dep : deps) {
    const bool goes_on = dep.ends_with('?');
    asset.deps.push_back({dep.substr(0, dep.size() - (goes_on ? 1 : 0)), goes_on ? OnFailure::proceed : OnFailure::skip, {}});
  }
  return asset;
}

AssetSpec& Project::member(const std::string& key, const Names& deps) {
  auto& asset = this->asset(key, deps);
  asset.import = 0;
  asset.batch = "build";
  return asset;
}

AssetSpec& Project::external(const std::string& key) {
  auto& asset = this->asset(key);
  asset.external = true;
  asset.run.reset();
  return asset;
}

CheckSpec& Project::check(const std::string& home, const std::string& name, const Names& depends_on) {
  auto& check = reported_check(home, name, depends_on);
  check.run.emplace().plugin = "exec";
  return check;
}

CheckSpec& Project::reported_check(const std::string& home, const std::string& name, const Names& depends_on) {
  auto& check = checks_.emplace_back();
  check.name = name;
  check.home = home;
  check.depends_on = depends_on;
  check.depends_on.insert(check.depends_on.begin(), home);
  check.blocking = true;
  for (const auto& asset : assets_)
    if (asset.key == home) check.import = asset.import;
  return check;
}

std::shared_ptr<const Definitions> Project::definitions() const {
  auto made = std::make_shared<Definitions>();
  auto& import = made->imports.emplace_back();
  import.plugin = "batcher";
  import.name = "import";
  made->assets.assign(assets_.begin(), assets_.end());
  made->checks.assign(checks_.begin(), checks_.end());
  std::ranges::sort(made->assets, {}, &AssetSpec::key);
  std::ranges::sort(made->checks, {}, [](const CheckSpec& check) { return std::pair(check.home, check.name); });
  return made;
}

Driver::Driver(const Project& project, std::map<std::string, int> pools)
    : definitions_(project.definitions()), graph_(std::make_shared<AssetGraph>(AssetGraph::build(*definitions_).value())), pools_(std::move(pools)) {
  engine_ = new_engine();
  feed(PoolsChanged{pools_});
}

std::unique_ptr<Engine> Driver::new_engine() {
  const auto next_id = [this] {
    auto digits = std::to_string(++attempts_made_);
    return draw + std::string(24 - digits.size(), '0') + digits;
  };
  const auto past = [this](const std::string& asset, const std::string& metric, int last, RunId except) {
    return history ? history(asset, metric, last, except) : std::vector<double>{};
  };
  const auto rule = [this](const RunState& run, StepIndex step) {
    const auto& key = run.asset(step).key;
    return unchanged.contains(key) || unchanged.contains(key + "@" + run.plan->partition(step)) ? std::optional<std::string>("as in run 1") : std::nullopt;
  };
  return std::make_unique<Engine>(next_id, runs_.empty() ? 0 : runs_.rbegin()->first, past, rule);
}

RunId Driver::request(const Names& keys, StepsMode mode, int priority) {
  std::vector<AssetId> assets;
  for (AssetId id = 0; id < graph_->size(); ++id)
    if (keys.empty() || std::ranges::count(keys, graph_->key(id)) > 0) assets.push_back(id);
  RunRecord record;
  record.priority = priority;
  record.timeouts = timeouts;
  record.tags = tags;
  record.max_steps = max_steps;
  record.force = force;
  const auto table = PartitionTable::make(*definitions_, *graph_, {});
  PartitionPick pick{table, {}, now.wall};
  for (const auto& [key, names] : partitions)
    for (const auto& name : names) pick.sets[*graph_->find(key)].insert(table.of(*graph_->find(key))->index(name).value());
  feed(RunRequested{record, std::make_shared<RunPlan>(make_plan(*definitions_, *graph_, assets, mode, nullptr, &pick)), {1, definitions_, graph_}});
  return engine_->last_run();
}

RunId Driver::request_tick(const std::string& schedule, bool in_line) {
  std::vector<AssetId> assets(graph_->size());
  std::iota(assets.begin(), assets.end(), AssetId{0});
  RunRecord record;
  record.trigger = {"schedule", schedule, now.wall};
  record.in_line = in_line;
  record.timeouts = timeouts;
  record.tags = tags;
  record.max_steps = max_steps;
  record.force = force;
  feed(RunRequested{record, std::make_shared<RunPlan>(make_plan(*definitions_, *graph_, assets, StepsMode::all)), {1, definitions_, graph_}});
  return engine_->last_run();
}

void Driver::feed(const Input& input) {
  if (const auto* pools = std::get_if<PoolsChanged>(&input)) pools_ = pools->slots;
  if (const auto* limits = std::get_if<LimitsChanged>(&input)) limits_ = limits->limits;
  take(engine_->handle(now, input));
  while (engine_->wants_another_look()) take(engine_->handle(now, TimePassed{}));
}

void Driver::pass(Millis time) {
  now.wall += time;
  now.boot += time;
  feed(TimePassed{});
}

void Driver::restart(Millis down) {
  now.wall += down;
  now.boot = Millis{7'000};
  engine_ = new_engine();
  feed(LimitsChanged{limits_});
  feed(PoolsChanged{pools_});
  feed(WaiversChanged{waivers});
  for (const auto& [id, kept] : std::map(runs_)) {
    if (is_terminal(kept.record.status)) continue;
    RestoredRun restored{kept.record, kept.plan, {1, definitions_, graph_}, {}, kept.checks, kept.attempts};
    for (const auto& [step, each] : kept.steps) restored.steps.push_back(each);
    for (const auto& made : kept.made)
      if (!kept_attempt(made.attempt).outcome) restored.reported.push_back(made.step);
    restored.artifacts = kept.artifacts;
    take(engine_->restore(now, std::move(restored)));
  }
  feed(TimePassed{});
}

void Driver::take(Output out) {
  for (const auto& change : out.changes) keep(change);
  for (const auto& effect : out.effects) {
    if (const auto* start = std::get_if<StartAttempt>(&effect)) started_.push_back(name_of(start->attempt));
    if (const auto* stop = std::get_if<StopAttempt>(&effect)) {
      const auto& attempts = runs_.at(run_of_attempt_.at(stop->attempt)).attempts;
      stopped_.push_back(name_of(*std::ranges::find(attempts, stop->attempt, &AttemptRecord::id)));
    }
    effects_.push_back(effect);
  }
  changes_.insert(changes_.end(), out.changes.begin(), out.changes.end());
}

AttemptRecord& Driver::kept_attempt(const AttemptId& id) { return *std::ranges::find(runs_.at(run_of_attempt_.at(id)).attempts, id, &AttemptRecord::id); }

void Driver::keep(const Change& change) {
  if (const auto* made = std::get_if<RunCreated>(&change)) runs_[made->run.id] = {made->run, made->plan, {}, {}, {}, {}, {}, {}};
  if (const auto* moved = std::get_if<RunChanged>(&change)) {
    runs_.at(moved->run.id).record = moved->run;
    runs_.at(moved->run.id).causes = moved->causes;
  }
  if (const auto* amended = std::get_if<RunAmended>(&change)) runs_.at(amended->run.id).record = amended->run;
  if (const auto* moved = std::get_if<StepChanged>(&change)) runs_.at(moved->run).steps[moved->step.step] = moved->step;
  if (const auto* ended = std::get_if<StepsEnded>(&change))
    for (const auto step : ended->steps) {
      auto& kept = runs_.at(ended->run).steps[step];
      kept.step = step;
      kept.status = ended->status;
      kept.reason = ended->reason;
      kept.detail = ended->detail;
      kept.ended_at = ended->at;
    }
  if (const auto* intended = std::get_if<AttemptIntended>(&change)) {
    run_of_attempt_[intended->attempt.id] = intended->attempt.run;
    runs_.at(intended->attempt.run).attempts.push_back(intended->attempt);
  }
  if (const auto* begun = std::get_if<AttemptStarted>(&change)) kept_attempt(begun->attempt).started_at = begun->at;
  if (const auto* read = std::get_if<MessagesRead>(&change)) kept_attempt(read->attempt).message_offset = read->offset;
  if (const auto* ended = std::get_if<AttemptEnded>(&change)) kept_attempt(ended->attempt.id) = ended->attempt;
  if (const auto* made = std::get_if<Materialized>(&change)) runs_.at(made->materialization.run).made.push_back(made->materialization);
  if (const auto* noted = std::get_if<AttemptNoted>(&change); noted && noted->kind == "artifact") runs_.at(run_of_attempt_.at(noted->attempt)).artifacts.push_back(*noted);
  if (const auto* told = std::get_if<CheckReported>(&change)) runs_.at(told->result.run).checks.push_back(told->result);
}

std::string Driver::name_of(const AttemptRecord& attempt) const {
  if (attempt.check != kNone) return definitions_->checks[attempt.check].home + ":" + definitions_->checks[attempt.check].name;
  const auto& in = runs_.at(attempt.run);
  std::string name;
  for (const auto step : attempt.steps) name += (name.empty() ? "" : "+") + key_of(in, step);
  return name;
}

const AttemptRecord& Driver::attempt(const std::string& name) const {
  const auto& attempts = run(0).attempts;
  for (auto it = attempts.rbegin(); it != attempts.rend(); ++it) {
    const auto carries = [&](StepIndex step) { return it->check == kNone && key_of(run(0), step) == name; };
    if (name_of(*it) == name || std::ranges::any_of(it->steps, carries)) return *it;
  }
  throw std::logic_error("the test names " + name + ", which no attempt carries");
}

void Driver::seen(const std::string& name) { feed(AttemptSeenRunning{attempt(name).id, 1, now.wall}); }

void Driver::exit(const std::string& name, int code) {
  ExitReport report;
  report.code = code;
  report.started_at = now.wall;
  exit(name, report);
}

void Driver::signal(const std::string& name, int number) {
  ExitReport report;
  report.kind = ExitReport::Kind::signaled;
  report.signal = number;
  report.started_at = now.wall;
  exit(name, report);
}

void Driver::lose(const std::string& name) {
  ExitReport report;
  report.kind = ExitReport::Kind::lost;
  exit(name, report);
}

void Driver::never_start(const std::string& name) {
  ExitReport report;
  report.kind = ExitReport::Kind::never_started;
  exit(name, report);
}

void Driver::exit(const std::string& name, ExitReport report, std::vector<AttemptMessage> rest) {
  const auto& record = attempt(name);
  report.ended_at = now.wall;
  const auto offset = record.message_offset + static_cast<std::int64_t>(rest.size());
  feed(AttemptExited{record.id, report, {record.id, offset, std::move(rest)}});
}

void Driver::say(const std::string& name, AttemptMessage message) {
  const auto& record = attempt(name);
  feed(MessagesArrived{record.id, record.message_offset + 1, {std::move(message)}});
}

void Driver::begin_member(const std::string& key) {
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::step_started;
  message.key = key;
  say(key, message);
}

void Driver::end_member(const std::string& key, const std::string& status, const std::string& reason) {
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::step_ended;
  message.key = key;
  message.status = status;
  message.reason = reason;
  say(key, message);
}

void Driver::report(const std::string& home, const std::string& check, CheckStatus status) {
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::check;
  message.key = home;
  message.check = check;
  message.check_status = status;
  say(home, message);
}

void Driver::cancel() { feed(CancelRequested{runs_.rbegin()->first, {"ann", ""}}); }

StepIndex Driver::index(const Run& in, const std::string& key) const {
  for (StepIndex step = 0; step < in.plan->size(); ++step)
    if (key_of(in, step) == key) return step;
  throw std::logic_error("the test names " + key + ", which is not in the run");
}

const StepRecord& Driver::step(const std::string& key) const {
  static const StepRecord pending;
  const auto& in = run(0);
  const auto it = in.steps.find(index(in, key));
  return it == in.steps.end() ? pending : it->second;
}

std::string Driver::shown(const std::string& key) const {
  const auto& state = *engine_->run(runs_.rbegin()->first);
  return std::string(to_string(engine_->shown_status(state, index(run(0), key))));
}

std::string Driver::statuses(RunId id) const {
  const auto& in = run(id);
  std::string text;
  for (StepIndex step = 0; step < in.plan->size(); ++step) {
    const auto it = in.steps.find(step);
    text += (text.empty() ? "" : " ") + key_of(in, step) + "=" + std::string(to_string(it == in.steps.end() ? StepStatus::pending : it->second.status));
  }
  return text;
}

const RunRecord& Driver::record(RunId id) const { return run(id).record; }

Names Driver::blockers(const std::string& key, RunId id) const {
  Names found;
  const auto& in = run(id);
  for (const auto& blocker : engine_->blockers(in.record.id, index(in, key), now.wall)) found.push_back(blocker.kind + ": " + blocker.detail);
  return found;
}

Names Driver::run_blockers(RunId id) const {
  Names found;
  for (const auto& blocker : engine_->run_blockers(id, now.wall)) found.push_back(blocker.kind + " " + blocker.what + ": " + blocker.detail);
  return found;
}

Names Driver::started() { return std::exchange(started_, {}); }
Names Driver::stopped() { return std::exchange(stopped_, {}); }

Names Driver::checks() const {
  Names found;
  for (const auto& result : run(0).checks) found.push_back(result.home + ":" + result.name + "=" + std::string(to_string(result.status)));
  return found;
}

}  // namespace assetd::testing
