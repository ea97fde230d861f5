#include "daemon/store/prune.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "daemon/store/codes.h"
#include "daemon/store/database.h"

namespace assetd {
namespace {

constexpr int kPiece = 32;  // rows between two looks at the time
constexpr int kPagesKeptShare = 5;  // one page in so many may be free: it is used again, and moving pages costs writes

std::int64_t number(Database& database, std::string_view sql) {
  auto query = database.query(sql);
  return query.next() ? query.row().integer() : 0;
}

}  // namespace

void PruneSweep::step(Database& database, const PruneBounds& bounds) {
  const auto begun = std::chrono::steady_clock::now();
  for (int left = bounds.rows; left > 0 && !over(); left -= kPiece) {
    piece(database, std::min(left, kPiece));
    if (std::chrono::steady_clock::now() - begun >= bounds.time) return;
  }
}

/// Looks at about `rows` rows.
void PruneSweep::piece(Database& database, int rows) {
  if (over() || run_phase(database, rows)) return;
  phase_ = static_cast<Phase>(static_cast<int>(phase_) + 1);
  key_.reset();
  position_ = 0;
}

/// True: there is more to do in this phase.
bool PruneSweep::run_phase(Database& database, int rows) {
  const auto day = std::chrono::floor<std::chrono::days>(cutoffs_.records).time_since_epoch().count();
  switch (phase_) {
    case Phase::answers:
      return gone(database.run("DELETE FROM answers WHERE rowid IN (SELECT rowid FROM answers WHERE at<? LIMIT ?)", cutoffs_.answers, rows));
    case Phase::events: {
      const int removed = database.run("DELETE FROM events WHERE id IN (SELECT id FROM (SELECT id, at FROM events ORDER BY id LIMIT ?) WHERE at<?)", rows, cutoffs_.events);
      pruned_.events += removed;
      return gone(removed);
    }
    case Phase::alerts:
      return gone(database.run("DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts WHERE at<? AND state<>0 ORDER BY seq LIMIT ?)", cutoffs_.events, rows));
    case Phase::silences:
      return gone(database.run("DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE until<? LIMIT ?)", cutoffs_.events, rows));
    case Phase::runs: return prune_runs(database, rows);
    case Phase::backfills:  // the newest stays: its number is not given again
      return gone(database.run("DELETE FROM backfills WHERE id IN (SELECT id FROM backfills WHERE over<>0 AND created_at<?1 AND json_valid(state) AND json_extract(state, '$.ended_at')<?1 AND "
                               "id<(SELECT max(id) FROM backfills) LIMIT ?2)", cutoffs_.runs, rows));
    case Phase::outcomes: return prune_outcomes(database, rows);
    case Phase::materializations: return prune_materializations(database, rows);
    case Phase::ticks: return prune_ticks(database, rows);
    case Phase::history:
      return gone(database.run("DELETE FROM history WHERE (day, asset) IN (SELECT day, asset FROM history WHERE day<? LIMIT ?)", std::int64_t{day}, rows));
    case Phase::audit:
      return gone(database.run("DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT ?) WHERE at<?)", rows, cutoffs_.records));
    case Phase::evaluations:
      return gone(database.run("DELETE FROM evaluations WHERE id IN (SELECT id FROM (SELECT id, at FROM evaluations ORDER BY id LIMIT ?) WHERE at<?)", rows, cutoffs_.events));
    case Phase::sensor_ticks: return prune_sensor_ticks(database, rows);
    case Phase::sensor_keys:
      return gone(database.run("DELETE FROM sensor_keys WHERE (sensor, key) IN (SELECT sensor, key FROM sensor_keys WHERE at<? LIMIT ?)", cutoffs_.runs, rows));
    case Phase::definitions: return prune_definitions(database, rows);
    case Phase::pages: {
      const auto free = number(database, "PRAGMA freelist_count");
      if (free * kPagesKeptShare <= number(database, "PRAGMA page_count")) return false;
      auto vacuum = database.query("PRAGMA incremental_vacuum(" + std::to_string(rows) + ")");
      while (vacuum.next()) {
      }
      return true;
    }
    case Phase::over: break;
  }
  return false;
}

bool PruneSweep::gone(int removed) {
  pruned_.rows += removed;
  return removed > 0;
}

// Runs are numbered in the order of their creation: at the first that is too young the rest are as well.
bool PruneSweep::prune_runs(Database& database, int rows) {
  while (rows > 0) {
    RunId run = 0;
    bool young = false, old = false;
    {
      auto next = database.query("SELECT id, created_at, ended_at, status FROM runs WHERE id>? ORDER BY id LIMIT 1", run_);
      if (!next.next()) {
        floor_ = run_ + 1;
        return false;
      }
      auto row = next.row();
      run = row.integer();
      young = row.time() >= cutoffs_.runs;
      const auto ended = row.time_or_null();
      old = row.integer() >= kFirstEndedRun && ended && *ended < cutoffs_.runs;
    }
    if (young) {
      floor_ = run;
      return false;
    }
    --rows;
    auto failed_last = database.query("SELECT 1 FROM last_failures WHERE run=? LIMIT 1", run);
    if (old && !failed_last.next() && !remove_run(database, run, rows)) return true;
    run_ = run;
  }
  return true;
}

/// Its row goes last, so that a run of any size goes in pieces. True once all of it is gone.
bool PruneSweep::remove_run(Database& database, RunId run, int& rows) {
  constexpr const char* kPieces[] = {
      "DELETE FROM notes WHERE (attempt, id) IN (SELECT notes.attempt, notes.id FROM attempts JOIN notes ON notes.attempt = attempts.id WHERE attempts.run=? LIMIT ?)",
      "DELETE FROM attempts WHERE rowid IN (SELECT rowid FROM attempts WHERE run=? LIMIT ?)",
      "DELETE FROM check_results WHERE (home, id) IN (SELECT home, id FROM check_results WHERE run=? LIMIT ?)",
      "DELETE FROM steps WHERE (run, step) IN (SELECT run, step FROM steps WHERE run=? LIMIT ?)",
      "DELETE FROM step_sets WHERE (run, first) IN (SELECT run, first FROM step_sets WHERE run=? LIMIT ?)"};
  for (const auto* piece : kPieces) {
    const int removed = database.run(piece, run, rows);
    gone(removed);
    rows -= removed;
    if (rows <= 0) return false;
  }
  gone(database.run("DELETE FROM run_plans WHERE run=?", run));
  gone(database.run("DELETE FROM runs WHERE id=?", run));
  ++pruned_.runs;
  --rows;
  return true;
}

bool PruneSweep::run_is_gone(Database& database, RunId run) {
  if (run >= floor_) return false;
  auto found = database.query("SELECT 1 FROM runs WHERE id=?", run);
  return !found.next();
}

/// Makes `key_` the next one, or says that there is none.
bool PruneSweep::next_key(Database& database, std::string_view sql) {
  auto next = database.query(sql, key_.value_or(""));
  const bool found = next.next();
  key_ = found ? std::optional(next.row().text()) : std::nullopt;
  position_ = 0;
  return found;
}

bool PruneSweep::prune_outcomes(Database& database, int rows) {
  constexpr const char* kNext = "SELECT asset FROM outcomes WHERE asset>? ORDER BY asset LIMIT 1";
  if (!key_ && !next_key(database, kNext)) return false;
  while (rows > 0) {
    std::vector<RunId> runs;
    {
      auto query = database.query("SELECT DISTINCT run FROM outcomes WHERE asset=? AND run>? AND run<? ORDER BY run LIMIT ?", *key_, position_, floor_, rows);
      while (query.next()) runs.push_back(query.row().integer());
    }
    for (const auto run : runs)
      if (run_is_gone(database, run)) gone(database.run("DELETE FROM outcomes WHERE asset=? AND run=?", *key_, run));
    rows -= static_cast<int>(runs.size()) + 1;
    if (!runs.empty()) position_ = runs.back();
    else if (!next_key(database, kNext)) return false;
  }
  return true;
}

bool PruneSweep::prune_materializations(Database& database, int rows) {
  constexpr const char* kNext = "SELECT key FROM materializations WHERE key>? ORDER BY key LIMIT 1";
  if (!key_ && !next_key(database, kNext)) return false;
  while (rows > 0) {
    struct Made {
      std::int64_t id = 0;
      RunId run = 0;
      WallTime at{};
    };
    std::vector<Made> found;
    {
      auto query = database.query("SELECT id, run, at FROM materializations WHERE key=? AND id>? ORDER BY id LIMIT ?", *key_, position_, rows + 1);
      while (query.next()) {
        auto row = query.row();
        auto& made = found.emplace_back();
        made.id = row.integer();
        made.run = row.integer();
        made.at = row.time();
      }
    }
    const bool reached = std::cmp_less_equal(found.size(), rows);  // then the last of them is the newest, which stays
    if (!found.empty()) found.pop_back();
    bool young = false;
    for (const auto& [id, run, at] : found) {
      const bool reported = run == 0;  // by no run
      young = reported ? at >= cutoffs_.runs : run >= floor_;
      if (young) break;
      if (reported || run_is_gone(database, run)) gone(database.run("DELETE FROM materializations WHERE key=? AND id=?", *key_, id));
      position_ = id;
    }
    rows -= static_cast<int>(found.size()) + 1;
    if ((reached || young) && !next_key(database, kNext)) return false;
  }
  return true;
}

bool PruneSweep::prune_ticks(Database& database, int rows) {
  constexpr const char* kNext = "SELECT schedule FROM ticks WHERE schedule>? ORDER BY schedule LIMIT 1";
  if (!key_ && !next_key(database, kNext)) return false;
  while (rows > 0) {
    // The newest says what was dealt with last.
    const int removed = database.run("DELETE FROM ticks WHERE schedule=?1 AND instant IN (SELECT instant FROM ticks WHERE schedule=?1 AND instant<?2 AND "
                                     "instant<(SELECT max(instant) FROM ticks WHERE schedule=?1) ORDER BY instant LIMIT ?3)", *key_, cutoffs_.records, rows);
    gone(removed);
    rows -= removed + 1;
    if (removed == 0 && !next_key(database, kNext)) return false;
  }
  return true;
}

bool PruneSweep::prune_sensor_ticks(Database& database, int rows) {
  constexpr const char* kNext = "SELECT sensor FROM sensor_ticks WHERE sensor>? ORDER BY sensor LIMIT 1";
  if (!key_ && !next_key(database, kNext)) return false;
  while (rows > 0) {
    // The newest may be written to again.
    const int removed = database.run("DELETE FROM sensor_ticks WHERE sensor=?1 AND number IN (SELECT number FROM sensor_ticks WHERE sensor=?1 AND last_at<?2 AND "
                                     "number<(SELECT max(number) FROM sensor_ticks WHERE sensor=?1) ORDER BY number LIMIT ?3)", *key_, cutoffs_.events, rows);
    gone(removed);
    rows -= removed + 1;
    if (removed == 0 && !next_key(database, kNext)) return false;
  }
  return true;
}

bool PruneSweep::prune_definitions(Database& database, int rows) {
  const int removed = database.run(
      "DELETE FROM definitions WHERE version IN (SELECT version FROM definitions AS old WHERE version<(SELECT max(version) FROM definitions) AND NOT EXISTS "
      "(SELECT 1 FROM runs WHERE definitions_version = old.version) LIMIT ?)", rows);
  if (removed > 0) gone(database.run("DELETE FROM compiled WHERE hash NOT IN (SELECT hash FROM definitions)"));
  return gone(removed);
}

}  // namespace assetd
