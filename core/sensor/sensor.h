#pragma once
// What sensors come to: the values that evaluations give, that the book of sensors keeps and the store holds.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/definition/spec.h"
#include "core/run/records.h"
#include "core/time.h"

namespace assetd {

inline constexpr std::size_t kMostSensorRequests = 100;  ///< of one evaluation

/// A run that a sensor asks for.
struct SensorRequest {
  std::string key = {};     ///< asked for once of this sensor, as long as keys are kept; "": whenever it is asked for
  std::string select = {};  ///< "": what the definitions say
  std::map<std::string, std::string> tags = {};
  nlohmann::json data = nlohmann::json::object();  ///< what was found: the steps of the run get it
  std::vector<std::string> partitions = {};  ///< keys; empty: those that are usual
};

/// How often the runs that led to a run came of which sensor: run after run, each asked for because of the one before.
using SensorChain = std::map<std::string, int>;
inline constexpr int kMostRounds = 3;  ///< so often a sensor follows what came of its own runs
SensorChain chain_of(const nlohmann::json& options);  ///< of a run, by its options
/// Takes out of an asset sensor's request what came of its own runs for the kMostRounds-th time, and adds to its data the chain that its run continues. "" or
/// what was taken out; the request has no events then, or fewer. `chain_of_run` knows runs by their id.
std::string follow_chains(const std::string& sensor, SensorRequest& request, const std::function<SensorChain(RunId)>& chain_of_run);

/// What an evaluation found. Requests and cursor are committed together or not at all.
struct SensorFinding {
  std::string error = {};         ///< not empty: it failed; nothing else counts then
  std::string skip_reason = {};   ///< why there are no requests
  std::vector<SensorRequest> requests = {};
  std::optional<std::string> cursor = {};   ///< nothing: as before
  bool more = false;                        ///< there is more to be had at once
  std::optional<WallTime> look_at = {};     ///< something will have changed by then
};
SensorFinding failed_finding(std::string why);

enum class SensorOutcome : std::uint8_t {
  fired,    ///< it asked for runs
  skipped,  ///< there was nothing to ask for
  failed,   ///< it could not be evaluated, or what it asked for cannot be run: its cursor did not move
};
std::string_view to_string(SensorOutcome outcome);

/// One entry of a sensor's history. Evaluations that one after the other came to the same without asking for anything share one.
struct SensorTick {
  std::string sensor;
  std::int64_t number = 0;  ///< of the sensor, from 1
  WallTime at{};            ///< when the (first) evaluation ended
  WallTime last_at{};       ///< when the last one did
  Millis took{};            ///< of the last one
  SensorOutcome outcome = SensorOutcome::skipped;
  std::string reason;
  std::vector<RunId> runs;
  int known = 0;    ///< requests whose key had been asked for before
  int repeats = 0;  ///< further evaluations
  std::string cursor_before, cursor_after;  ///< in short, for people
  std::string log;  ///< the last of what a program wrote to stderr
};

/// What is kept of a sensor across restarts, also while it is not defined.
struct SensorState {
  std::string sensor;
  std::string kind;            ///< what the cursor is of
  std::string cursor;          ///< "": none yet
  std::optional<bool> paused;  ///< over the API; nothing: as defined
  std::string paused_by, pause_reason;
  int failures = 0;            ///< in a row
  std::optional<WallTime> evaluated_at, fired_at;  ///< last
  std::int64_t ticks = 0;      ///< numbers given
};

/// A key that was asked for.
struct SensorKey {
  std::string sensor, key;
  RunId run = 0;
  WallTime at{};
};

/// A cursor as people see it: at most 200 bytes.
std::string shown_cursor(SensorKind kind, const std::string& cursor);

/// How long to wait after `failures` (≥ 1) in a row: twice as long each time, at most 15 minutes or, if that is longer, `every`.
Millis sensor_back_off(Millis every, int failures);

}  // namespace assetd
