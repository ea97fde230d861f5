#include "daemon/sensors/runner.h"

#include <algorithm>
#include <utility>

#include "core/definition/names.h"
#include "core/schedule/cron.h"
#include "core/sensor/rules.h"
#include "daemon/sensors/guard.h"
#include "daemon/store/reader.h"

namespace assetd {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostProgramOutput = 4u << 20, kKeptLog = 4u << 10, kMostHooksWaiting = 64;
constexpr int kMostHappenings = 1'000;
constexpr std::chrono::seconds kKeyKept{60};

json time_or_null(const std::optional<WallTime>& at) { return at ? json(format_time(*at)) : json(); }

/// Bytes of a program as text that can be stored and shown.
std::string clean_log(std::string text) {
  if (text.size() > kKeptLog) text.erase(0, text.size() - kKeptLog);
  auto quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
  return json::parse(quoted).get<std::string>();
}

std::optional<AssetHappening> happening_in(const Event& event) {
  const auto status = event.changes.is_object() ? event.changes.value("status", "") : "";
  // Data that blocking checks are to judge counts once they have let it pass.
  const auto says = [&](const char* what) { return event.changes.is_object() && event.changes.value(what, false); };
  if (event.type == "materialization") return says("awaits_checks") ? std::nullopt : std::optional(AssetHappening::materialized);
  if (event.type == "check_result") return status == "failed" || status == "error" ? std::optional(AssetHappening::check_failed) : std::nullopt;
  // Each failure is one, whatever other runs and partitions of the asset do: its status tells less.
  if (event.type == "step_changed") return status == "failed" ? std::optional(AssetHappening::failed) : status == "skipped" ? std::optional(AssetHappening::skipped) : std::nullopt;
  if (event.type != "asset_changed") return std::nullopt;
  if (says("checks_passed")) return AssetHappening::materialized;
  if (event.changes.is_object() && event.changes.value("freshness", "") == "violated") return AssetHappening::freshness_violated;
  return std::nullopt;
}

/// The assets that an event is about: one, or a list of those that were skipped together.
std::vector<std::string> assets_in(const Event& event) {
  if (!event.asset.empty()) return {event.asset};
  std::vector<std::string> keys;
  if (event.subject.is_object())
    for (const auto& key : event.subject.value("keys", json::array()))
      if (key.is_string()) keys.push_back(key.get<std::string>());
  return keys;
}

}  // namespace

SensorRunner::SensorRunner(SensorRunnerOptions options, Handlers handlers)
    : options_(std::move(options)), handlers_(std::move(handlers)), folders_([this](const std::string& sensor) { handlers_.changed(sensor); }) {}

SensorRunner::~SensorRunner() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  // Nobody adds a lane any more: lanes_ is not touched but by this thread and those that it waits for.
  for (auto& [name, lane] : lanes_)
    if (lane.thread.joinable()) lane.thread.join();
}

bool SensorRunner::post(const std::string& name, std::function<void()> work, std::size_t most) {
  const std::lock_guard lock(mutex_);
  if (stop_) return false;
  auto& lane = lanes_[name];
  if (lane.waiting.size() >= most) return false;
  lane.waiting.push_back(std::move(work));
  if (std::exchange(lane.runs, true)) return true;
  if (lane.thread.joinable()) lane.thread.join();  // it has left its loop
  lane.thread = std::thread([this, &lane] { run(lane); });
  return true;
}

void SensorRunner::run(Lane& lane) {
  for (;;) {
    std::function<void()> work;
    {
      const std::lock_guard lock(mutex_);
      if (stop_ || lane.waiting.empty()) {
        lane.runs = false;
        return;
      }
      work = std::move(lane.waiting.front());
      lane.waiting.pop_front();
    }
    work();
  }
}

void SensorRunner::evaluate(SensorJob job) {
  const auto lane = job.sensor;  // the job is moved away
  post(lane, [this, job = std::move(job)] {
    auto answer = look(job);
    if (!stop_) handlers_.answer(std::move(answer));
  }, 2);
}

void SensorRunner::forget(const std::string& sensor) { folders_.follow(sensor, {}); }

SensorAnswer SensorRunner::look(const SensorJob& job) {
  SensorAnswer answer{job.sensor, job.evaluation, job.dry_run, {}, {}, {}, false, false};
  const auto begun = Clock::now();
  switch (job.spec.kind) {
    case SensorKind::file: look_at_files(job, answer); break;
    case SensorKind::asset: look_at_happenings(job, answer); break;
    case SensorKind::program: ask_program(job, answer); break;
    case SensorKind::sql: ask_database(job, answer); break;
    case SensorKind::webhook: answer.finding = failed_finding("a webhook is not looked at: it is told"); break;
  }
  answer.took = std::chrono::duration_cast<Millis>(Clock::now() - begun);
  return answer;
}

std::string SensorRunner::absolute(const std::string& path) const {
  if (path.empty()) return options_.project_dir;
  return path.front() == '/' ? path : options_.project_dir + "/" + path;
}

void SensorRunner::look_at_files(const SensorJob& job, SensorAnswer& answer) {
  const auto& probe = job.spec.file;
  const auto sensed = sense_files(options_.program, absolute(probe.glob), kMostFilesSeen + 1, job.spec.timeout, stop_);
  if (!sensed) {
    answer.finding = failed_finding(sensed.error());
    return;
  }
  const auto followed = folders_.follow(job.sensor, sensed->folders);
  answer.followed = followed.all && !sensed->network;
  answer.look_again = followed.fresh;
  const auto base = options_.project_dir + "/";
  std::vector<FoundFile> found;
  for (const auto& file : sensed->files)
    found.push_back({file.path.starts_with(base) ? file.path.substr(base.size()) : file.path, file.size, file.mtime_ns});
  answer.finding = judge_files(probe, job.cursor, found, handlers_.now());
}

void SensorRunner::look_at_happenings(const SensorJob& job, SensorAnswer& answer) {
  auto reader = Reader::open(options_.store_path);
  if (!reader) {
    answer.finding = failed_finding(reader.error().message);
    return;
  }
  std::int64_t after = 0;
  try {
    after = std::stoll(job.cursor);
  } catch (const std::exception&) {
    answer.finding = failed_finding("its cursor is no number of an event");
    return;
  }
  const auto& wanted = job.spec.asset.on;
  std::vector<std::string> types{"materialization", "asset_changed", "check_result"};
  if (std::ranges::any_of(wanted, [](AssetHappening what) { return what == AssetHappening::failed || what == AssetHappening::skipped; })) types.emplace_back("step_changed");  // there are many of those
  const auto events = (*reader)->events_after(after, {std::move(types), 0, ""}, kMostHappenings);
  if (!events) {
    answer.finding = failed_finding(events.error().message);
    return;
  }
  std::vector<FoundHappening> found;
  for (const auto& event : events->items) {
    const auto what = happening_in(event);
    if (!what || std::find(wanted.begin(), wanted.end(), *what) == wanted.end()) continue;
    for (const auto& asset : assets_in(event))
      if (job.watched.contains(asset)) found.push_back({event.id, asset, *what, event.run, event.at});
  }
  const bool more = events->items.size() >= static_cast<std::size_t>(kMostHappenings);
  answer.finding = judge_happenings(found, more ? events->items.back().id : std::max(after, events->newest), more);
}

std::expected<std::map<std::string, std::string>, std::string> SensorRunner::environment_of(const SensorJob& job) const {
  const auto& run = job.spec.run;
  auto env = make_environment({run.env, run.env_file.empty() ? "" : absolute(run.env_file), run.inherit_env}, options_.daemon_env, options_.secrets);
  if (env) (*env)["ASSETD_SENSOR"] = job.sensor;
  return env;
}

void SensorRunner::ask_program(const SensorJob& job, SensorAnswer& answer) {
  auto env = environment_of(job);
  if (!env) {
    answer.finding = failed_finding(env.error());
    return;
  }
  ChildSpec child;
  child.argv = job.spec.run.command;
  child.env = std::move(*env);
  child.cwd = absolute(job.spec.run.cwd);
  child.input = json{{"sensor", job.sensor}, {"cursor", job.cursor.empty() ? json() : json(job.cursor)}, {"dry_run", job.dry_run}, {"now", format_time(handlers_.now())},
                     {"last_evaluated_at", time_or_null(job.evaluated_at)}, {"last_fired_at", time_or_null(job.fired_at)}}
                    .dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  child.timeout = job.spec.timeout;
  child.max_output = kMostProgramOutput;
  child.keep_errors = kKeptLog;
  const auto ended = run_guarded(options_.program, child, stop_);
  if (ended) answer.log = clean_log(ended->errors);
  if (!ended) answer.finding = failed_finding(ended.error());
  else if (!ended->ok()) answer.finding = failed_finding("the program ended with " + describe_end(*ended, child));
  else answer.finding = read_program_answer(ended->output);
}

void SensorRunner::ask_database(const SensorJob& job, SensorAnswer& answer) {
  auto env = environment_of(job);
  if (!env || !job.plugin) {
    answer.finding = failed_finding(env ? "the plugin sql_probe is not there; plugins are looked for in ASSETD_PLUGINS, the project's plugins/ and beside the program" : env.error());
    return;
  }
  const auto& python = job.spec.sql.python;
  ChildSpec child;
  child.argv = job.plugin->argv(python.empty() || python.find('/') == std::string::npos ? python : absolute(python), "probe");
  child.env = std::move(*env);
  child.cwd = options_.project_dir;
  child.input = json{{"resource", job.resource}, {"query", job.spec.sql.query}, {"timeout_ms", job.spec.timeout.count()}}.dump(-1, ' ', false, json::error_handler_t::replace);
  child.timeout = job.spec.timeout;
  child.max_output = kMostProgramOutput;
  child.keep_errors = kKeptLog;
  const auto ended = run_guarded(options_.program, child, stop_);
  if (ended) answer.log = clean_log(ended->errors);
  if (!ended) {
    answer.finding = failed_finding(ended.error());
    return;
  }
  const auto output = json::parse(ended->output, nullptr, false);
  if (!ended->ok()) answer.finding = failed_finding("the query ended with " + describe_end(*ended, child));
  else if (!output.is_object() || !output.contains("value") || !output.contains("rows") || !output["rows"].is_number_integer())
    answer.finding = failed_finding("the plugin sql_probe gave no answer that can be read");
  else if (output.value("error", json()).is_string()) answer.finding = failed_finding(output["error"].get<std::string>());
  else answer.finding = judge_value(job.spec.sql, job.cursor, {output["value"].is_string() ? output["value"].get<std::string>() : output["value"].dump(), output["rows"].get<std::int64_t>()});
}

std::expected<std::string, std::string> SensorRunner::key_of(const HookSpec& hook) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = keys_.find(hook.secret); known != keys_.end() && known->second.until > Clock::now()) return known->second.value;
  }
  auto key = resolve_secrets(hook.secret, options_.secrets);
  const std::lock_guard lock(mutex_);
  if (key) keys_[hook.secret] = {*key, Clock::now() + kKeyKept};
  return key;
}

bool SensorRunner::check(const HookSpec& hook, HookDelivery delivery, std::function<void(HookVerdict)> done) {
  const auto lane = delivery.sensor;
  return post(lane, [this, hook, delivery = std::move(delivery), done = std::move(done)] {
    HookVerdict verdict;
    const auto key = key_of(hook);
    if (!key) return done({503, "its signature cannot be checked: " + key.error(), {}, {}});
    const auto digest = check_hook(hook, *key, delivery, handlers_.now());
    if (!digest) return done({401, digest.error(), {}, {}});
    auto request = hook_request(delivery);
    if (!request) return done({400, request.error(), {}, {}});
    done({0, "", std::move(*request), hook_keys(delivery, *digest)});
  }, kMostHooksWaiting);
}

}  // namespace assetd
