#pragma once
// What happens to the engine. Everything it learns of the world arrives as one of these, with the moment beside it.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/check/waiver.h"
#include "core/graph/graph.h"
#include "core/run/plan.h"
#include "core/run/records.h"

namespace assetd {

/// The definitions version that a run is pinned to; shared, immutable.
struct RunContext {
  std::int64_t version = 0;
  std::shared_ptr<const Definitions> definitions;
  std::shared_ptr<const AssetGraph> graph;
};

struct RunRequested {
  RunRecord run;  ///< the engine gives it the next id
  std::shared_ptr<const RunPlan> plan;
  RunContext context;
};
struct CancelRequested {
  RunId run = 0;
  Actor actor;
};
struct PriorityChanged {
  RunId run = 0;
  int priority = 0;
};
struct AttemptSeenRunning {
  AttemptId attempt;
  std::int64_t pid = 0;
  WallTime at{};
  bool warm = false;  ///< forked from a preloaded process
};

/// One message of a step's process (docs/plugins.md), parsed.
struct AttemptMessage {
  enum class Kind { step_started, step_ended, materialization, check, progress, artifact, custom, log, partitions, partitions_gone, observation, attempt_failed };
  Kind kind = Kind::log;
  std::string key;      ///< "" when the attempt carries one step
  std::string partition;  ///< "" for all that it carries of `key`
  std::string check;    ///< check's name
  std::string status;   ///< of step_ended: succeeded, failed, skipped, canceled
  std::optional<CheckStatus> check_status;
  std::optional<Severity> severity;
  std::string reason, detail;
  std::string data_version;
  nlohmann::json data = nlohmann::json::object();  ///< metadata, payload or params
  double fraction = 0;
  std::optional<WallTime> at;
  std::int64_t end = 0;  ///< offset in its message file at which it ends; 0: not known
};
struct MessagesArrived {
  AttemptId attempt;
  std::int64_t offset = 0;  ///< of the message file, up to which these were read
  std::vector<AttemptMessage> messages;
  std::int64_t from = 0;    ///< where reading began: what lies before was handed over earlier
  std::shared_ptr<const void> hold{};  ///< to let go of once these are dealt with: more of the attempt comes then
};
struct AttemptExited {
  AttemptId attempt;
  ExitReport exit;
  MessagesArrived rest;  ///< all that was left in the message file
};
/// Time has passed: timeouts, retries and schedules are looked at.
struct TimePassed {};
struct PoolsChanged {
  std::map<std::string, int> slots;
};
struct LimitsChanged {
  RunLimits limits;
};
/// No attempt starts while a reason stands. Reasons come and go each for itself.
struct StartsHeld {
  std::string kind;    ///< disk, latched, draining
  std::string detail;
  bool held = true;    ///< false: this reason stands no longer
};

/// All waivers from now on; those whose time is over may be among them.
struct WaiversChanged {
  Waivers waivers;
};

using Input = std::variant<RunRequested, CancelRequested, PriorityChanged, AttemptSeenRunning, MessagesArrived, AttemptExited, TimePassed, PoolsChanged,
                           LimitsChanged, StartsHeld, WaiversChanged>;

}  // namespace assetd
