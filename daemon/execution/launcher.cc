#include "daemon/execution/launcher.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/definition/utf8.h"
#include "core/version/provenance.h"
#include "daemon/execution/messages.h"
#include "daemon/execution/partition_context.h"
#include "daemon/execution/warm_start.h"

namespace assetd {
namespace {

// execve takes 128 KiB for one string; a larger context goes into a file.
constexpr std::size_t kLargestInlineContext = 96 << 10;
constexpr std::size_t kLargestCommand = 6u << 20;  // of execve, whatever its limits say: three quarters of a stack of 8 MiB
constexpr std::size_t kMostDirsRemembered = 100'000;
constexpr std::size_t kMostPreloaded = 4;

using nlohmann::json;

std::string_view mode_name(StepsMode mode) {
  return mode == StepsMode::all ? "all" : mode == StepsMode::assets ? "assets" : "checks";
}

json partition_json(const std::string& partition) { return partition.empty() ? json() : json(partition); }

bool write_file(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  return out.good();
}

/// "" for what a process can be given, whole and as it is.
std::string what_is_wrong(const std::string& text) {
  if (text.find('\0') != std::string::npos) return "holds a NUL byte, which ends every argument and variable";
  if (find_invalid_utf8(text)) return "holds bytes that are not UTF-8, which would reach the step altered: encode it, as base64";
  return "";
}

/// Said here, where it names the argument or variable: the supervisor could only refuse it. "" where nothing is wrong.
std::string what_no_process_can_have(const std::vector<std::string>& argv, const std::map<std::string, std::string>& env) {
  if (argv.empty() || argv.front().empty()) return "the command names no program: its first part is empty";
  std::size_t size = 0;
  for (std::size_t i = 0; i < argv.size(); ++i) {
    if (const auto wrong = what_is_wrong(argv[i]); !wrong.empty()) return "part " + std::to_string(i + 1) + " of the command " + wrong;
    size += argv[i].size() + 1;
  }
  for (const auto& [name, value] : env) {
    if (const auto wrong = what_is_wrong(name + value); !wrong.empty()) return "the variable " + name + " of its environment " + wrong;
    size += name.size() + value.size() + 2;
  }
  if (size <= kLargestCommand) return "";
  return "its command and environment are " + std::to_string(size) + " bytes, of which Linux takes 6 MiB at most: put what is large into a file";
}

SpawnLimits spawn_limits(const LimitsSpec& limits) {
  return {.memory_bytes = limits.memory,
          .cpu_millis = limits.cpu_millis,
          .cpu_seconds = limits.cpu_time ? std::optional(static_cast<std::uint64_t>(limits.cpu_time->count() / 1000)) : std::nullopt,
          .open_files = limits.open_files,
          .processes = limits.processes};
}

}  // namespace

/// What the attempt is about: the run block that makes the process, and the asset it is named after.
struct Launcher::Subject {
  const AssetSpec* asset = nullptr;
  const RunSpec* run = nullptr;
  const ImportSpec* import = nullptr;
};

std::string Launcher::absolute(const std::string& path) const {
  if (path.empty()) return options_.project_dir;
  return path.front() == '/' ? path : options_.project_dir + "/" + path;
}

void Launcher::make_dir_once(const std::string& path) {
  if (!made_.insert(path).second) return;
  std::error_code ignored;  // what cannot be made shows as the error of whoever needs it
  const bool parents_missing = mkdir(path.c_str(), 0777) != 0 && errno != EEXIST;
  if (parents_missing) std::filesystem::create_directories(path, ignored);
  if (made_.size() > kMostDirsRemembered) made_.clear();
}

Launcher::Subject Launcher::subject_of(const RunPlan& plan, const RunContext& context, StepIndex step, CheckIndex check) const {
  const auto& definitions = *context.definitions;
  Subject subject;
  subject.asset = &definitions.assets[plan.asset(step)];
  const auto& own = check != kNone ? definitions.checks[check].run : subject.asset->run;
  if (own) subject.run = &*own;
  const int import = check != kNone ? definitions.checks[check].import : subject.asset->import;
  if (import >= 0) subject.import = &definitions.imports[static_cast<std::size_t>(import)];
  return subject;
}

std::expected<std::vector<std::string>, std::string> Launcher::argv(const Subject& subject) const {
  if (subject.run->plugin == "exec") return subject.run->command;
  const auto plugin = options_.plugins.find(subject.run->plugin);
  if (plugin == options_.plugins.end()) return std::unexpected("the plugin " + subject.run->plugin + " is not there (any more); plugins are looked for in ASSETD_PLUGINS, the project's plugins/ and beside the program");
  return argv(subject, plugin->second, "run");
}

std::vector<std::string> Launcher::argv(const Subject& subject, const Plugin& plugin, const std::string& verb) const {
  auto python = subject.run->config.value("python", std::string());
  if (python.empty() && subject.import) python = subject.import->config.value("python", std::string());
  return plugin.argv(python.empty() || python.find('/') == std::string::npos ? python : absolute(python), verb);
}

/// `env`: as it is before anything of the attempt is added. Options of one run are no part of it: the forks have them.
std::optional<WarmStart> Launcher::warm_start(const Subject& subject, const std::map<std::string, std::string>& env) {
  const auto& run = *subject.run;
  const auto plugin = options_.plugins.find(run.plugin);
  if (plugin == options_.plugins.end() || !plugin->second.serve || !run.warm) return std::nullopt;
  json load = {{"protocol", 1}, {"project_dir", options_.project_dir}, {"import", subject.import ? subject.import->config : json(nullptr)}, {"run", run.config}};
  if (subject.import) load["state_dir"] = options_.paths.import_state(subject.import->name);
  make_dir_once(options_.paths.workers_dir());
  const auto log = options_.paths.workers_dir() + "/" + (subject.import ? subject.import->name : run.plugin) + ".log";
  bound_worker_log(log);
  return make_warm_start(plugin->second, argv(subject, plugin->second, "serve"), env, absolute(run.cwd), load, log);
}

json Launcher::steps_of(const Launch& launch) const {
  json steps = json::array();
  if (launch.attempt.check != kNone) return steps;
  for (const auto step : launch.attempt.steps) {
    const auto& asset = launch.context.definitions->assets[launch.plan->asset(step)];
    json deps = json::array();
    for (const auto& dep : asset.deps) deps.push_back(dep.asset);
    steps.push_back({{"key", asset.key}, {"partition", partition_json(launch.plan->partition(step))}, {"data", asset.data}, {"deps", deps}});
  }
  return steps;
}

// A member that is not carried again does not have its checks run again; checks of sources go with their children.
json Launcher::checks_of(const Launch& launch) const {
  json checks = json::array();
  for (const auto index : launch.plan->checks_of_unit(launch.attempt.unit)) {
    const auto& planned = launch.plan->checks()[index];
    const auto& steps = launch.attempt.steps;
    const bool home_carried = planned.home == kNone || launch.plan->unit_of(planned.home) != launch.attempt.unit || std::find(steps.begin(), steps.end(), planned.home) != steps.end();
    if (!home_carried) continue;
    const auto& check = launch.context.definitions->checks[planned.check];
    if (check.anomaly) continue;  // the daemon's own
    checks.push_back({{"name", check.name}, {"home", check.home}, {"depends_on", check.depends_on}, {"severity", check.severity == Severity::error ? "error" : "warn"},
                      {"blocking", check.blocking}, {"partition", partition_json(launch.plan->partition(planned))}, {"data", check.data}});
  }
  return checks;
}

json Launcher::resources_of(const Definitions& definitions) const {
  json resources = json::object();
  for (const auto& [name, resource] : definitions.resources) {
    auto config = resource.config;
    config["kind"] = resource.kind;
    if (const auto path = config.find("path"); path != config.end() && path->is_string()) *path = absolute(path->get<std::string>());
    resources[name] = config;
  }
  return resources;
}

json Launcher::context_of(const Launch& launch, const Subject& subject) const {
  const auto& attempt = launch.attempt;
  json keys = json::array(), versions = json::object();
  for (const auto step : attempt.steps) {
    const auto& asset = launch.context.definitions->assets[launch.plan->asset(step)];
    if (!versions.contains(asset.key)) keys.push_back(asset.key);
    const auto version = code_version_of(asset);
    versions[asset.key] = version.empty() ? json(nullptr) : json(version);
  }
  const bool plain = subject.run->plugin == "exec";
  json ours = {{"protocol", 1}, {"project_dir", options_.project_dir}, {"artifacts_dir", options_.paths.artifacts()}, {"attempt_dir", options_.paths.attempt_dir(attempt.id)},
               {"attempt_id", attempt.id}, {"attempt", attempt.number}, {"run_id", std::to_string(attempt.run)}, {"plugin", subject.run->plugin},
               {"steps_mode", mode_name(launch.plan->mode())}};
  if (!plain) {
    ours["import"] = subject.import ? subject.import->config : json(nullptr);
    ours["run"] = subject.run->config;
    ours["steps"] = steps_of(launch);
    ours["checks"] = checks_of(launch);
    ours["options"] = launch.run.options.value(subject.run->plugin, json::object());
    if (subject.import) ours["state_dir"] = options_.paths.import_state(subject.import->name);
  }
  if (const auto found = launch.run.options.find("sensor"); found != launch.run.options.end()) ours["sensor"] = *found;
  ours["resources"] = resources_of(*launch.context.definitions);
  json context = {{"asset_keys", keys}, {"code_version_by_asset_key", versions}, {"provenance_by_asset_key", nullptr}, {"partition_key", nullptr}, {"partition_key_range", nullptr},
          {"partition_time_window", nullptr}, {"run_id", std::to_string(attempt.run)}, {"job_name", launch.run.job.empty() ? json(nullptr) : json(launch.run.job)},
          {"retry_number", attempt.number - 1}, {"extras", {{"assetd", ours}}}};
  add_partitions(partitions_of(attempt, *launch.plan, *launch.context.definitions), context);
  return context;
}

std::expected<void, LaunchError> Launcher::add_pipes(const Launch& launch, const Subject& subject, std::map<std::string, std::string>& env) const {
  const auto context = context_of(launch, subject);
  auto encoded = encode_pipes({{"data", context}});
  if (encoded.size() > kLargestInlineContext) {
    const auto path = options_.paths.context(launch.attempt.id);
    errno = 0;
    if (!write_file(path, context.dump()))
      return std::unexpected(LaunchError{"cannot write the step's context to " + path + ": " + std::strerror(errno), errno == ENOSPC || errno == EDQUOT});
    encoded = encode_pipes({{"path", path}});
  }
  env["DAGSTER_PIPES_CONTEXT"] = std::move(encoded);
  env["DAGSTER_PIPES_MESSAGES"] = encode_pipes({{"path", options_.paths.messages(launch.attempt.id)}});
  return {};
}

// What is wrong with one shows when its step is launched.
std::vector<WarmStart> Launcher::workers_of(const RunPlan& plan, const RunContext& context) {
  std::vector<WarmStart> workers;
  std::set<std::pair<const ImportSpec*, std::string>> seen;
  for (const auto& unit : plan.units()) {
    if (workers.size() >= kMostPreloaded) break;
    const auto subject = subject_of(plan, context, unit.steps.front(), unit.check);
    if (!subject.run || subject.run->plugin == "exec" || !seen.emplace(subject.import, subject.run->plugin).second) continue;
    const auto spec = environment_of(*subject.run);
    if (may_take_time(spec)) continue;
    const auto env = environment(spec);
    if (!env) continue;
    if (auto worker = warm_start(subject, *env)) workers.push_back(std::move(*worker));
  }
  return workers;
}

EnvironmentSpec Launcher::environment_of(const RunSpec& run) const { return {run.env, run.env_file.empty() ? "" : absolute(run.env_file), run.inherit_env}; }

EnvironmentSpec Launcher::environment_of(const Launch& launch) const {
  const auto subject = subject_of(*launch.plan, launch.context, launch.attempt.steps.front(), launch.attempt.check);
  return subject.run ? environment_of(*subject.run) : EnvironmentSpec{};
}

std::expected<std::map<std::string, std::string>, std::string> Launcher::environment(const EnvironmentSpec& spec) const {
  return make_environment(spec, options_.daemon_env, options_.secrets);
}

std::expected<SpawnRequest, LaunchError> Launcher::prepare(const Launch& launch, std::map<std::string, std::string> vars) {
  const auto& attempt = launch.attempt;
  const auto subject = subject_of(*launch.plan, launch.context, attempt.steps.front(), attempt.check);
  if (!subject.run) return std::unexpected(LaunchError{"nothing says how " + subject.asset->key + " is run"});
  const auto& run = *subject.run;
  auto command = argv(subject);
  if (!command) return std::unexpected(LaunchError{command.error()});
  auto warm = warm_start(subject, vars);
  const auto artifacts = options_.paths.artifacts() + "/" + subject.asset->key;
  make_dir_once(artifacts);
  make_dir_once(options_.paths.log_dir(attempt.run));
  vars["ASSETD_RUN_ID"] = std::to_string(attempt.run);
  vars["ASSETD_STEP"] = vars["ASSETD_ASSET_KEY"] = subject.asset->key;
  vars["ASSETD_ATTEMPT_ID"] = attempt.id;
  vars["ASSETD_ATTEMPT"] = std::to_string(attempt.number);
  add_partitions(partitions_of(attempt, *launch.plan, *launch.context.definitions), vars);
  if (const auto found = launch.run.options.find("sensor"); found != launch.run.options.end()) {
    vars["ASSETD_SENSOR"] = found->value("name", "");
    // What is larger stands in the context alone.
    if (auto text = found->dump(-1, ' ', false, json::error_handler_t::replace); text.size() <= kLargestInlineContext) vars["ASSETD_SENSOR_DATA"] = std::move(text);
  }
  vars["ASSETD_ARTIFACTS"] = artifacts;
  if (auto added = add_pipes(launch, subject, vars); !added) return std::unexpected(added.error());
  SpawnRequest request;
  request.attempt = attempt.id;
  request.argv = std::move(*command);
  if (auto wrong = what_no_process_can_have(request.argv, vars); !wrong.empty()) return std::unexpected(LaunchError{std::move(wrong)});
  for (const auto& [name, value] : vars) request.env.push_back(name + "=" + value);
  request.cwd = absolute(run.cwd);
  request.stdout_path = options_.paths.log(attempt.run, attempt.id, false);
  request.stderr_path = options_.paths.log(attempt.run, attempt.id, true);
  request.limits = spawn_limits(run.limits);
  request.warm = std::move(warm);
  return request;
}

void Launcher::clean_up(const AttemptId& attempt, RunId run) {
  std::error_code ignored;
  std::filesystem::remove_all(options_.paths.messages(attempt), ignored);  // whatever the step made of it
  unlink(options_.paths.context(attempt).c_str());
  std::filesystem::remove_all(options_.paths.attempt_dir(attempt), ignored);
  if (run == 0) return;
  for (const bool err : {false, true}) {
    const auto path = options_.paths.log(run, attempt, err);
    struct stat info {};
    if (stat(path.c_str(), &info) == 0 && info.st_size == 0) unlink(path.c_str());
  }
}

}  // namespace assetd
