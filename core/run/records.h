#pragma once
// What is kept of runs, attempts, checks and ticks: the values that the engine emits and the store keeps.

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/run/plan.h"
#include "core/run/states.h"
#include "core/time.h"

namespace assetd {

using RunId = std::int64_t;      ///< from 1, never used twice; a string of digits for people
using AttemptId = std::string;   ///< 32 hexadecimal digits: 128 random bits

/// Who asked, over what.
struct Actor {
  std::string name = "anonymous";
  std::string remote;  ///< address, or "" for the daemon itself
};

struct Trigger {
  std::string kind = "api";  ///< api, schedule, retry, …
  std::string name;          ///< of the schedule or job
  std::optional<WallTime> instant;  ///< of the tick
};

struct RunRecord {
  RunId id = 0;
  RunStatus status = RunStatus::queued;
  std::string select;
  StepsMode mode = StepsMode::all;
  Trigger trigger;
  Actor actor;
  std::string job;
  nlohmann::json options = nlohmann::json::object();
  std::map<std::string, std::string> tags;
  int priority = 0;
  std::optional<int> max_steps;  ///< how many of its processes may be live at once
  RunTimeouts timeouts;
  bool force = false;    ///< also steps that could be reused (skip_if_unchanged) are executed
  bool in_line = false;  ///< begins only after the earlier runs of its schedule have ended
  std::int64_t definitions_version = 0;
  std::optional<RunId> retry_of;
  std::string partitions;              ///< those that were asked for, for people; empty: none
  std::optional<std::int64_t> backfill;  ///< that made it
  std::uint32_t steps_total = 0;
  WallTime created_at{};
  std::optional<WallTime> started_at, ended_at;
  std::optional<WallTime> cancel_requested_at;
  std::string cancel_requested_by;
  std::string reason, detail;
  /// Its own time is over, not somebody's wish: it is being stopped, or was, and ends as failed.
  bool expired() const { return reason == "timeout" || reason == "queue_timeout"; }
};

enum class AttemptOutcome : std::uint8_t { succeeded, failed, canceled };

/// How a process ended, as the supervisor saw it.
struct ExitReport {
  enum class Kind : std::uint8_t { exited, signaled, never_started, lost };
  Kind kind = Kind::exited;
  int code = 0;    ///< exited
  int signal = 0;  ///< signaled
  bool stopped = false;  ///< it was told to end before it did
  std::string reason;    ///< overrides what kind and code say, for a process that could not even be asked for: plugin_error
  std::string detail;
  std::optional<WallTime> started_at;
  WallTime ended_at{};
  std::int64_t user_ms = 0, system_ms = 0, max_rss_kb = 0;
};

struct AttemptRecord {
  AttemptId id;
  RunId run = 0;
  UnitIndex unit = 0;
  int number = 1;  ///< of the unit, from 1
  std::vector<StepIndex> steps;  ///< what it carries: unit's members that still had to be done
  CheckIndex check = kNone;      ///< a check's own process
  std::map<std::string, int> slots;          ///< held from intent to committed end
  std::map<std::string, HoldMode> resources;
  WallTime intended_at{};
  std::optional<WallTime> started_at, ended_at;
  std::int64_t pid = 0;
  bool warm = false;  ///< forked from a preloaded process; known once started_at is
  std::optional<ExitReport> exit;
  std::optional<AttemptOutcome> outcome;
  std::string reason, detail;
  std::int64_t message_offset = 0;  ///< bytes of its message file that are committed
};

inline constexpr const char* kReused = "reused";  ///< reason of a step that succeeded without being executed (skip_if_unchanged)

/// The last known state of one step, as stored. A pending step has none.
struct StepRecord {
  StepIndex step = 0;
  StepStatus status = StepStatus::pending;
  int attempts = 0;
  bool materialized = false;
  std::string reason, detail;
  std::optional<WallTime> started_at, ended_at, retry_at;
};

enum class CheckStatus : std::uint8_t { passed, failed, warned, skipped, error };
std::string_view to_string(CheckStatus status);
std::optional<CheckStatus> parse_check_status(std::string_view text);

struct CheckResult {
  RunId run = 0;
  CheckIndex check = 0;   ///< of the run's definitions version
  std::string name, home; ///< as defined then
  StepIndex home_step = kNone;
  CheckStatus status = CheckStatus::passed;
  Severity severity = Severity::error;
  bool blocking = false;
  std::string detail;
  nlohmann::json metadata = nlohmann::json::object();
  WallTime at{};
  std::string waived = {};  ///< it failed, and a waiver let it pass as a warning: by whom, until when, why
  std::string partition = "";  ///< of its home
};

struct Provenance;

struct Materialization {
  RunId run = 0;
  StepIndex step = 0;
  std::string key;
  AttemptId attempt;
  nlohmann::json metadata = nlohmann::json::object();
  std::string data_version;
  std::int64_t duration_ms = 0;
  WallTime at{};
  std::string partition = "";
  std::shared_ptr<const Provenance> provenance = nullptr;  ///< set by whoever knows the states of assets, before it is stored
  std::string content = "";  ///< ReportedArtifacts::content() of its step; not stored, data_version is made of it where none is declared
};

struct RootCause {
  std::string key;
  std::string status;  ///< failed or canceled (or materialized: only its check failed)
  std::string reason;
  std::string check;   ///< name, when reason is check_failed
  std::string detail;
  std::string partition = "";
};

enum class TickOutcome : std::uint8_t {
  requested,
  skipped,
  failed,
  queued,  ///< its run was made and waits for the schedule's earlier one
};

std::string_view to_string(TickOutcome outcome);

struct TickRecord {
  std::string schedule;
  WallTime instant{};
  WallTime at{};
  TickOutcome outcome = TickOutcome::requested;
  std::string reason;
  std::optional<RunId> run;
};

}  // namespace assetd
