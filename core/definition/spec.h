#pragma once
// What a project declares, as plain values. Made by the loader from YAML and from what plugins describe; stored
// compiled.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/freshness/freshness.h"
#include "core/partition/spec.h"
#include "core/time.h"

namespace assetd {

/// Where a definition stands. `file` is relative to the project's folder where it lies within it; line and column count
/// from 1, 0 if unknown.
struct SourceRef {
  std::string file;
  int line = 0;
  int column = 0;
  bool operator==(const SourceRef&) const = default;
};

enum class OnFailure {
  skip,
  proceed
};  ///< what a failed dependency means for its dependant: contract's `skip` | `continue`

struct DependencySpec {
  std::string asset;
  OnFailure on_failure = OnFailure::skip;
  SourceRef source;
  nlohmann::json partitions = nullptr;  ///< which of its partitions, as written (core/partition/mapping.h); null: as follows by itself
  bool operator==(const DependencySpec&) const = default;
};

enum class Backoff { constant, linear, exponential };

struct RetrySpec {
  int max = 0;  ///< further attempts after the first
  Millis delay{10'000};
  Backoff backoff = Backoff::constant;
  double jitter = 0;  ///< share of the delay that is drawn at random, 0 to 1
  std::optional<Millis> max_delay = std::nullopt;  ///< backoff grows no further
  std::vector<std::string> on = {};                ///< `retry_on`: the reasons that are worth another attempt; empty: all
  bool operator==(const RetrySpec&) const = default;
};

enum class HoldMode { read, write };

/// What a process and all that descends from it may take. Which of it holds for the whole tree and which for each
/// process depends on the machine: docs/definitions.md.
struct LimitsSpec {
  std::optional<std::uint64_t> memory;      ///< bytes
  std::optional<std::uint64_t> cpu_millis;  ///< thousandths of a processor at any time
  std::optional<Millis> cpu_time;           ///< whole seconds of processor time
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> processes;
  bool operator==(const LimitsSpec&) const = default;
};

/// How a process is made for a step or a check.
struct RunSpec {
  std::string plugin;                                ///< "exec", or the name of a plugin folder
  std::vector<std::string> command;                  ///< exec only
  nlohmann::json config = nlohmann::json::object();  ///< the plugin's own keys of the `run:` block
  std::string cwd;                                   ///< absolute, or relative to the project; empty: the project
  std::map<std::string, std::string>
      env;               ///< may still hold ${secret:NAME}: resolved when the process is started, never stored
  std::string env_file;  ///< as cwd
  std::vector<std::string> inherit_env;  ///< names or NAME_* patterns of the daemon's own environment
  std::optional<Millis> timeout;
  std::optional<Millis> queue_timeout;  ///< how long it may wait, ready to start, for slots and resources
  std::string stop_signal =
      "TERM";  ///< TERM, INT, …; TERM and KILL follow, each after `grace`. While loading, empty: the plugin's default
  Millis grace{10'000};
  LimitsSpec limits;
  bool warm = true;  ///< may be forked from a preloaded process, where the plugin has one
  bool operator==(const RunSpec&) const = default;
};

enum class Severity { error, warn };

/// Which of a run's work is done.
enum class StepsMode : std::uint8_t { all, assets, checks };

/// Does a number of the materialization's metadata stand out from the last ones? Judged by the daemon (core/check/anomaly).
struct AnomalySpec {
  std::string metric;  ///< a key of the metadata
  double sigma = 3;    ///< how many standard deviations off the mean are usual
  int last = 14;       ///< how many materializations are looked at
  int min = 5;         ///< with fewer it passes
  bool operator==(const AnomalySpec&) const = default;
};

struct CheckSpec {
  std::string name;  ///< unique per home
  std::string home;  ///< the asset whose step it belongs to
  std::vector<std::string> depends_on;
  Severity severity = Severity::error;
  bool blocking = false;
  std::string description;
  std::optional<RunSpec> run;     ///< own process; without it, and without anomaly, the process of its batch reports it
  std::optional<AnomalySpec> anomaly;  ///< judged by the daemon when its home is materialized
  int import = -1;                ///< index into Definitions::imports, -1 when written in assets:
  nlohmann::json data = nullptr;  ///< the plugin's own
  SourceRef source;
  bool operator==(const CheckSpec&) const = default;
};

inline constexpr const char* kNoAutomation = "none";  ///< as written where a default is not wanted

struct AssetSpec {
  std::string key;
  std::string description;
  std::vector<DependencySpec> deps;
  std::string group;
  std::vector<std::string> kinds;
  std::vector<std::string> owners;
  std::map<std::string, std::string> tags;
  std::string code_version;       ///< declared, or of a plugin that looks at the source; empty: derived (core/version)
  std::string sources;            ///< version of the project's files that `run.command` names; empty: it names none
  std::string renamed_from;
  SourceRef renamed_from_source;  ///< of what is written in assets:
  std::string runbook;
  bool external = false;       ///< made elsewhere: never a step
  bool skip_if_unchanged = false;  ///< a step whose code and input data are those of its last success is not executed again
  std::optional<RunSpec> run;  ///< set for every asset that is not external (an import's assets have the import's)
  RetrySpec retries;
  std::map<std::string, int> pools;      ///< slots by pool; empty: one of `default`
  std::map<std::string, HoldMode> uses;  ///< holds on resources
  FreshnessSpec freshness;
  std::optional<PartitionsSpec> partitions;
  std::string automation;         ///< the condition under which it is materialized by itself (core/automation); empty: none
  SourceRef automation_source;    ///< where its first character is written in assets:, if a selection may be in it
  int import = -1;                ///< index into Definitions::imports, -1 when written in assets:
  std::string batch;              ///< steps of one import with the same non-empty batch may share a process
  nlohmann::json data = nullptr;  ///< the plugin's own, given back at `run`
  nlohmann::json metadata = nlohmann::json::object();  ///< shown to people
  SourceRef source;
  bool operator==(const AssetSpec&) const = default;
};

/// What an import's assets have unless they say otherwise: the keys of an import that the daemon itself reads.
struct ImportDefaults {
  RunSpec run;  ///< plugin, env, env_file, inherit_env, timeout, stop_signal, grace, limits, warm
  std::string group;
  std::vector<std::string> owners;
  std::map<std::string, std::string> tags;
  std::map<std::string, int> pools;
  std::map<std::string, HoldMode> uses;
  RetrySpec retries;
  std::string automation;
  bool skip_if_unchanged = false;
  bool operator==(const ImportDefaults&) const = default;
};

struct ImportSpec {
  std::string plugin;
  std::string name;
  bool named = true;  ///< false: the name is a stand-in until `describe` says one
  std::string key_prefix;
  nlohmann::json config =
      nlohmann::json::object();  ///< all keys of the import as the plugin sees them (paths absolute)
  ImportDefaults defaults;
  std::optional<Millis> describe_timeout;
  std::vector<std::string> watch;  ///< absolute files and globs that decide what `describe` answers
  std::map<std::string, std::string> versions;  ///< of the interpreter and the packages that its steps run with, as `describe` says
  SourceRef source;
  bool operator==(const ImportSpec&) const = default;
};

/// What a whole run may take. Both end it as failed, with this reason: timeout, queue_timeout.
struct RunTimeouts {
  std::optional<Millis> timeout;        ///< from its begin
  std::optional<Millis> queue_timeout;  ///< in line before its begin; and of each step that sets none of its own
  bool operator==(const RunTimeouts&) const = default;
};

/// What a job or a schedule says of its runs.
struct RunTerms {
  RunTimeouts timeouts;
  std::optional<int> priority;   ///< higher goes first
  std::optional<int> max_steps;  ///< how many of its processes may be live at once
  std::map<std::string, std::string> tags;
  std::optional<StepsMode> steps = std::nullopt;  ///< checks: none of its assets is made, their checks are run
  bool operator==(const RunTerms&) const = default;
};

struct JobSpec {
  std::string name;
  std::string select;
  RunTerms terms;
  SourceRef select_source;  ///< of the expression's first character
  SourceRef source;
  bool operator==(const JobSpec&) const = default;
};

enum class Misfire { skip, once, all };
enum class Overlap { skip, queue, cancel_running, allow };

struct ScheduleSpec {
  std::string name;
  std::string job;  ///< one of job and select is set
  std::string select;
  SourceRef target_source;  ///< of the job's name or the expression's first character
  std::string cron;
  std::string timezone;  ///< IANA name
  Misfire misfire = Misfire::once;
  Overlap overlap = Overlap::skip;
  Millis jitter{0};  ///< a tick is due less than that after its instant
  RunTerms terms;  ///< what it does not say its job does
  bool paused = false;
  SourceRef source;
  bool operator==(const ScheduleSpec&) const = default;
};

/// What a rule of alerts: may be about. Alerts that a person asks for as a test have an event of their own, "test".
enum class AlertEvent { run_failed, run_succeeded, run_canceled, check_failed, freshness_violated };

enum class WebhookForm { json, slack };

/// `url` and `secret` may hold ${secret:NAME}: resolved when an alert is sent, never stored.
struct WebhookSpec {
  std::string url;
  WebhookForm form = WebhookForm::json;
  std::string secret;  ///< the key of the signature; empty: not signed
  bool operator==(const WebhookSpec&) const = default;
};

/// `server`, `user` and `password` may hold ${secret:NAME}.
struct EmailSpec {
  std::string server;  ///< smtp://HOST[:PORT] or smtps://HOST[:PORT]
  std::string from;
  std::vector<std::string> to;
  std::string user;      ///< empty: no log-in
  std::string password;
  bool operator==(const EmailSpec&) const = default;
};

/// Where events of OpenLineage go. `url` and the values of headers may hold ${secret:NAME}.
struct OpenLineageSpec {
  std::string url;
  std::string name_space;  ///< of jobs and data sets
  std::map<std::string, std::string> headers;
  bool operator==(const OpenLineageSpec&) const = default;
};
inline constexpr const char* kOpenLineage = "openlineage";  ///< name of the rule, and event of what it sends

/// Whom to tell of what. One of webhook, email, program and openlineage is set.
struct AlertSpec {
  std::string name;
  std::vector<AlertEvent> on;
  std::string select;               ///< only of these assets; empty: of all
  std::vector<std::string> owners;  ///< only of assets that one of these owns; empty: whoever owns them
  std::optional<WebhookSpec> webhook;
  std::optional<EmailSpec> email;
  std::vector<std::string> program;  ///< argv; gets the body on stdin
  RunSpec run;                       ///< of a program: env, env_file, inherit_env
  std::optional<OpenLineageSpec> openlineage;  ///< of the project's openlineage: it is told of steps, not of `on`
  Millis repeat{3'600'000};          ///< the same root cause, not mended, is told again no sooner
  Millis timeout{10'000};            ///< of one attempt to deliver
  Millis give_up{86'400'000};        ///< counted from the event
  SourceRef select_source;           ///< of the expression's first character
  SourceRef source;
  bool operator==(const AlertSpec&) const = default;
};

enum class SensorKind { file, webhook, asset, sql, program };
enum class FilesPer { batch, file };      ///< one run for all that is new, or one for each file
enum class ExistingFiles { fire, skip };  ///< what lies there when a sensor looks for the first time
enum class HookForm { assetd, github };
enum class SqlWhen { changes, rows };
enum class AssetHappening { materialized, failed, skipped, check_failed, freshness_violated };

struct FileProbeSpec {
  std::string glob;  ///< absolute, or relative to the project
  Millis settle{1'000};  ///< a file that was changed since counts later: it may be half written
  FilesPer per = FilesPer::batch;
  ExistingFiles existing = ExistingFiles::fire;
  bool operator==(const FileProbeSpec&) const = default;
};
struct HookSpec {
  std::string secret;  ///< holds ${secret:NAME}: resolved when a delivery is checked, never stored
  HookForm form = HookForm::assetd;
  Millis tolerance{300'000};  ///< a signature of another time than that is refused
  bool operator==(const HookSpec&) const = default;
};
struct AssetProbeSpec {
  std::string select;
  std::vector<AssetHappening> on;
  SourceRef select_source;  ///< of the expression's first character
  bool operator==(const AssetProbeSpec&) const = default;
};
struct SqlProbeSpec {
  std::string resource;  ///< its name
  std::string query;
  std::string python;  ///< as RunSpec::cwd; empty: python3
  SqlWhen when = SqlWhen::changes;
  bool operator==(const SqlProbeSpec&) const = default;
};

/// What is watched, and what is run when something is found. The member of its kind is set; `run` of program and sql.
struct SensorSpec {
  std::string name;
  SensorKind kind = SensorKind::program;
  FileProbeSpec file;
  HookSpec webhook;
  AssetProbeSpec asset;
  SqlProbeSpec sql;
  RunSpec run;         ///< command (program), cwd, env, env_file, inherit_env
  std::string job;     ///< one of job and select is set; a program may do without
  std::string select;
  SourceRef target_source;  ///< of the job's name or the expression's first character
  Millis every{30'000};     ///< between two looks
  Millis timeout{60'000};   ///< of one evaluation; its processes are killed then
  Overlap overlap = Overlap::allow;  ///< allow, or skip: not looked at while a run of it is under way
  RunTerms terms;           ///< priority, max_steps, tags; the rest is its job's
  bool paused = false;
  SourceRef source;
  bool operator==(const SensorSpec&) const = default;
};

struct PoolSpec {
  int slots = 1;
  bool operator==(const PoolSpec&) const = default;
};

/// How many runs may be under way at once; further ones are queued.
struct RunLimits {
  std::optional<int> runs;
  std::map<std::string, int> tags;  ///< by "key", which counts every value of that tag, or "key=value"
  bool operator==(const RunLimits&) const = default;
};

/// A resource that steps hold shared or exclusively. `config` holds kind-specific keys; paths are absolute.
struct ResourceSpec {
  std::string kind;
  nlohmann::json config = nlohmann::json::object();
  bool operator==(const ResourceSpec&) const = default;
};

/// What people use that is made from assets: a dashboard, an application, a report. It is nobody's step; it says whom a failure concerns.
struct ExposureSpec {
  std::string name;
  std::string type;   ///< dashboard, notebook, application, …; may be empty
  std::string owner;  ///< "team:growth", "Ada <ada@example.com>"; may be empty
  std::string url, description;
  std::vector<std::string> depends_on;  ///< keys of assets
  int import = -1;    ///< index into Definitions::imports; -1: of exposures:
  SourceRef source;
  bool operator==(const ExposureSpec&) const = default;
};

struct DefinitionWarning {
  std::string message;
  SourceRef source;
  bool operator==(const DefinitionWarning&) const = default;
};

/// One consistent set of definitions: every key it names exists, the graph has no cycle.
struct Definitions {
  std::string name;
  std::string environment;
  std::vector<AssetSpec> assets;  ///< sorted by key; an asset's index here is its AssetId
  std::vector<CheckSpec> checks;  ///< sorted by (home, name)
  std::vector<ImportSpec> imports;
  std::vector<JobSpec> jobs;
  std::vector<ScheduleSpec> schedules;
  std::vector<SensorSpec> sensors;
  std::vector<AlertSpec> alerts;
  std::vector<ExposureSpec> exposures;  ///< sorted by name
  std::map<std::string, PoolSpec> pools;  ///< without `default` unless the project sets it
  RunLimits limits;
  std::map<std::string, ResourceSpec> resources;
  nlohmann::json settings = nlohmann::json::object();  ///< retention, definitions.apply, timezone
  std::vector<DefinitionWarning> warnings;
  bool operator==(const Definitions&) const = default;
};

}  // namespace assetd
