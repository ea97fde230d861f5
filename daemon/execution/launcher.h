#pragma once
// From an attempt to a process: command, environment, Pipes context, files.

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/engine/input.h"
#include "daemon/execution/plugin.h"
#include "daemon/execution/environment.h"
#include "daemon/execution/paths.h"
#include "daemon/execution/supervisor_client.h"

namespace assetd {

/// An attempt with all that is needed to know what it carries.
struct Launch {
  AttemptRecord attempt;
  RunRecord run;
  std::shared_ptr<const RunPlan> plan;
  RunContext context;
};

/// What is missing: a plugin, an env_file, a secret, room for its files.
struct LaunchError {
  std::string why;
  bool no_space = false;
};

struct LauncherOptions {
  std::string project_dir;
  DataPaths paths;
  std::map<std::string, Plugin> plugins;
  std::map<std::string, std::string> daemon_env;
  SecretLookup secrets;
};

/// One thread. Makes the folders and files that the process needs; doing it again for the same attempt is harmless.
class Launcher {
 public:
  explicit Launcher(LauncherOptions options) : options_(std::move(options)) {}
  /// What the environment of its process is made of.
  EnvironmentSpec environment_of(const Launch& launch) const;
  bool may_take_time(const EnvironmentSpec& spec) const { return assetd::may_take_time(spec, options_.daemon_env); }
  std::expected<std::map<std::string, std::string>, std::string> environment(const EnvironmentSpec& spec) const;
  const std::map<std::string, std::string>& daemon_env() const { return options_.daemon_env; }
  /// `environment`: as made of that.
  std::expected<SpawnRequest, LaunchError> prepare(const Launch& launch, std::map<std::string, std::string> environment);
  /// The workers that steps of a run will be forked from, a few at most: one of each import and plugin, as its first step wants it. None whose
  /// environment may take time: that is asked for once, for the step.
  std::vector<WarmStart> workers_of(const RunPlan& plan, const RunContext& context);
  /// Removes what only the attempt needed; empty logs too.
  void clean_up(const AttemptId& attempt, RunId run);

 private:
  struct Subject;
  EnvironmentSpec environment_of(const RunSpec& run) const;
  Subject subject_of(const RunPlan& plan, const RunContext& context, StepIndex step, CheckIndex check) const;
  std::expected<std::vector<std::string>, std::string> argv(const Subject& subject) const;
  std::vector<std::string> argv(const Subject& subject, const Plugin& plugin, const std::string& verb) const;
  std::optional<WarmStart> warm_start(const Subject& subject, const std::map<std::string, std::string>& env);
  nlohmann::json context_of(const Launch& launch, const Subject& subject) const;
  nlohmann::json steps_of(const Launch& launch) const;
  nlohmann::json checks_of(const Launch& launch) const;
  nlohmann::json resources_of(const Definitions& definitions) const;
  std::expected<void, LaunchError> add_pipes(const Launch& launch, const Subject& subject, std::map<std::string, std::string>& env) const;
  std::string absolute(const std::string& path) const;
  void make_dir_once(const std::string& path);

  LauncherOptions options_;
  std::set<std::string> made_;
};

}  // namespace assetd
