#pragma once
// Forgetting what is older than its age, in small steps, so that the writer is never held for long. What people still ask for stays: the newest
// materialization of each asset, and the run in which it failed last.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/run/records.h"

namespace assetd {

class Database;

/// What ended before goes.
struct PruneCutoffs {
  WallTime answers{};  ///< of idempotent requests
  WallTime events{};   ///< and alerts that are not pending, silences that are over, ticks of sensors
  WallTime runs{};     ///< with steps, attempts, checks, materializations; backfills; keys that sensors asked by
  WallTime records{};  ///< ticks, audit entries, the history by day
};

struct Pruned {
  std::int64_t events = 0, runs = 0, rows = 0;  ///< rows: of all tables
};

/// What one step may take. Rows of one table are ten times as dear as those of another, or are only looked at: it is the time that holds the writer.
struct PruneBounds {
  int rows = 2'000;
  std::chrono::microseconds time = std::chrono::milliseconds(5);  ///< without the commit
};

/// One pass over the store. After a failed step it is of no more use.
class PruneSweep {
 public:
  explicit PruneSweep(PruneCutoffs cutoffs) : cutoffs_(cutoffs) {}
  bool over() const { return phase_ == Phase::over; }
  const Pruned& pruned() const { return pruned_; }

  /// Within the caller's transaction. Only the store calls it.
  void step(Database& database, const PruneBounds& bounds);

 private:
  enum class Phase : std::uint8_t { answers, events, alerts, silences, runs, backfills, outcomes, materializations, ticks, history, audit, evaluations, sensor_ticks, sensor_keys, definitions, pages, over };
  void piece(Database& database, int rows);
  bool run_phase(Database& database, int rows);
  bool gone(int removed);
  bool prune_runs(Database& database, int rows);
  bool remove_run(Database& database, RunId run, int& rows);
  bool prune_outcomes(Database& database, int rows);
  bool prune_materializations(Database& database, int rows);
  bool prune_ticks(Database& database, int rows);
  bool prune_sensor_ticks(Database& database, int rows);
  bool prune_definitions(Database& database, int rows);
  bool next_key(Database& database, std::string_view sql);
  bool run_is_gone(Database& database, RunId run);

  PruneCutoffs cutoffs_;
  Phase phase_ = Phase::answers;
  Pruned pruned_;
  RunId run_ = 0;               ///< looked at up to here
  RunId floor_ = 0;             ///< first run that is too young to go
  std::optional<std::string> key_;  ///< of the asset, schedule or sensor that is being looked at
  std::int64_t position_ = 0;   ///< within it
};

}  // namespace assetd
