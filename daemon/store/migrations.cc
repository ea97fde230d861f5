#include "daemon/store/migrations.h"

#include <string>

namespace assetd {
namespace {

// Times are milliseconds since the Unix epoch. Numbers of enumerations: codes.h. Packed bytes: packed.h. An absent text is NULL.
constexpr const char* kFirst = R"sql(
CREATE TABLE meta(                      -- one row, written by every commit
  one INTEGER PRIMARY KEY CHECK(one = 1),
  store_id TEXT NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,        -- starts of a daemon
  transaction_number INTEGER NOT NULL DEFAULT 0,
  last_run INTEGER NOT NULL DEFAULT 0,
  last_row INTEGER NOT NULL DEFAULT 0           -- ids of materializations, check_results and notes
);

CREATE TABLE compiled(hash TEXT PRIMARY KEY, bytes BLOB NOT NULL);          -- compressed
CREATE TABLE definitions(
  version INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL, watch_state TEXT, summary TEXT, applied_at INTEGER NOT NULL
);

CREATE TABLE runs(
  id INTEGER PRIMARY KEY, status INTEGER NOT NULL, selection TEXT NOT NULL, mode INTEGER NOT NULL,
  trigger_kind TEXT NOT NULL, trigger_name TEXT, trigger_instant INTEGER, actor TEXT NOT NULL, remote TEXT, job TEXT NOT NULL,
  options TEXT, tags TEXT, priority INTEGER NOT NULL, definitions_version INTEGER NOT NULL, retry_of INTEGER,
  steps_total INTEGER NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
  cancel_requested_at INTEGER, cancel_requested_by TEXT, reason TEXT, detail TEXT, counts TEXT, causes TEXT
);
CREATE INDEX runs_by_status ON runs(status);
CREATE INDEX runs_by_selection ON runs(selection, job, status);
CREATE INDEX runs_retried ON runs(retry_of) WHERE retry_of IS NOT NULL;
CREATE TABLE run_plans(run INTEGER PRIMARY KEY, bytes BLOB NOT NULL);       -- compressed

CREATE TABLE steps(                     -- a pending step has no row
  run INTEGER, step INTEGER, status INTEGER NOT NULL, attempts INTEGER NOT NULL, materialized INTEGER NOT NULL,
  reason TEXT, detail TEXT, started_at INTEGER, ended_at INTEGER, retry_at INTEGER, PRIMARY KEY(run, step)
) WITHOUT ROWID;
CREATE TABLE step_sets(                 -- steps that ended together without a row of their own
  run INTEGER, first INTEGER, last INTEGER NOT NULL, steps BLOB NOT NULL, status INTEGER NOT NULL, reason TEXT, detail TEXT,
  cause INTEGER, at INTEGER NOT NULL, PRIMARY KEY(run, first)
) WITHOUT ROWID;

CREATE TABLE attempts(
  id BLOB NOT NULL UNIQUE, run INTEGER NOT NULL, unit INTEGER NOT NULL, number INTEGER NOT NULL, steps BLOB NOT NULL,
  first_step INTEGER,                   -- NULL for a batch: those are few
  chk INTEGER, slots TEXT, resources TEXT, intended_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, pid INTEGER NOT NULL,
  exit_kind INTEGER, exit_code INTEGER, exit_signal INTEGER, exit_stopped INTEGER, exit_reason TEXT, exit_detail TEXT, exit_started_at INTEGER,
  exit_ended_at INTEGER, user_ms INTEGER, system_ms INTEGER, max_rss_kb INTEGER,
  outcome INTEGER, reason TEXT, detail TEXT, message_offset INTEGER NOT NULL
);
CREATE INDEX attempts_by_run ON attempts(run, first_step);
CREATE TABLE notes(
  attempt BLOB, id INTEGER, kind TEXT NOT NULL, key TEXT, data TEXT, at INTEGER NOT NULL, PRIMARY KEY(attempt, id)
) WITHOUT ROWID;

CREATE TABLE check_results(
  home TEXT, id INTEGER, run INTEGER NOT NULL, chk INTEGER NOT NULL, name TEXT NOT NULL, home_step INTEGER, status INTEGER NOT NULL,
  severity INTEGER NOT NULL, blocking INTEGER NOT NULL, detail TEXT, metadata TEXT, at INTEGER NOT NULL, PRIMARY KEY(home, id)
) WITHOUT ROWID;
CREATE INDEX check_results_by_run ON check_results(run, id);
CREATE TABLE materializations(
  key TEXT, id INTEGER, run INTEGER NOT NULL, step INTEGER NOT NULL, attempt BLOB NOT NULL, metadata TEXT, data_version TEXT,
  duration_ms INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(key, id)
) WITHOUT ROWID;

CREATE TABLE asset_states(key TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE outcomes(
  asset TEXT, run INTEGER, attempt INTEGER, ended_at INTEGER, status INTEGER NOT NULL, reason TEXT, started_at INTEGER,
  PRIMARY KEY(asset, run, attempt, ended_at)
) WITHOUT ROWID;
CREATE TABLE history(                   -- outcomes added up; day counts from 1970-01-01, UTC
  day INTEGER, asset TEXT, succeeded INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(day, asset)
) WITHOUT ROWID;

CREATE TABLE schedules(
  name TEXT PRIMARY KEY, cursor INTEGER, fingerprint TEXT, paused INTEGER, paused_by TEXT, pause_reason TEXT, paused_at INTEGER
) WITHOUT ROWID;
CREATE TABLE ticks(
  schedule TEXT, instant INTEGER, at INTEGER NOT NULL, outcome INTEGER NOT NULL, reason TEXT, run INTEGER, PRIMARY KEY(schedule, instant)
) WITHOUT ROWID;

CREATE TABLE events(                    -- type: a number of codes.h, or a text; subject: NULL when run and asset say it all
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, type NOT NULL, run INTEGER, asset TEXT, subject TEXT, changes TEXT
);
CREATE INDEX events_by_run ON events(run) WHERE run IS NOT NULL;
CREATE INDEX events_by_asset ON events(asset) WHERE asset IS NOT NULL;
CREATE TABLE audit(
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, actor TEXT NOT NULL, remote TEXT, action TEXT NOT NULL, subject TEXT, detail TEXT
);
CREATE TABLE answers(
  actor TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL, body_hash TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  at INTEGER NOT NULL, UNIQUE(actor, route, key)
);
CREATE INDEX answers_by_time ON answers(at);

INSERT INTO meta(one, store_id) VALUES(1, lower(hex(randomblob(16))));
)sql";

// Timeouts of runs, in milliseconds; sizes of pools that were set over the API while the definitions said `defined`.
constexpr const char* kLimits = R"sql(
ALTER TABLE runs ADD COLUMN timeout INTEGER;
ALTER TABLE runs ADD COLUMN queue_timeout INTEGER;
CREATE TABLE pool_sizes(
  name TEXT PRIMARY KEY, slots INTEGER NOT NULL, defined INTEGER NOT NULL, set_by TEXT NOT NULL, reason TEXT, at INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

// What retention keeps of an asset, and which versions nobody needs any more.
constexpr const char* kRetention = R"sql(
CREATE TABLE last_failures(asset TEXT PRIMARY KEY, run INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX last_failures_by_run ON last_failures(run);
INSERT INTO last_failures(asset, run) SELECT asset, max(run) FROM outcomes WHERE status = 11 GROUP BY asset;
CREATE INDEX runs_by_version ON runs(definitions_version);
)sql";

// Whether an attempt was forked from a preloaded process.
constexpr const char* kWarm = "ALTER TABLE attempts ADD COLUMN warm INTEGER NOT NULL DEFAULT 0";

// Before, every queued run waited for the earlier ones of its schedule.
constexpr const char* kRunTerms = R"sql(
ALTER TABLE runs ADD COLUMN max_steps INTEGER;
ALTER TABLE runs ADD COLUMN in_line INTEGER;
UPDATE runs SET in_line = 1 WHERE status = 0;
)sql";

// What automation remembers and asked for, how its conditions came to their answers, and who paused what.
constexpr const char* kAutomation = R"sql(
ALTER TABLE meta ADD COLUMN automation_at INTEGER;
CREATE TABLE automation(
  asset TEXT PRIMARY KEY, condition TEXT NOT NULL, memory TEXT NOT NULL, holds INTEGER NOT NULL, requested_at INTEGER, run INTEGER
) WITHOUT ROWID;
CREATE TABLE evaluations(id INTEGER PRIMARY KEY AUTOINCREMENT, asset TEXT NOT NULL, at INTEGER NOT NULL, holds INTEGER NOT NULL, run INTEGER, answer TEXT NOT NULL);
CREATE INDEX evaluations_by_asset ON evaluations(asset, id);
CREATE TABLE automation_pauses(asset TEXT PRIMARY KEY, paused_by TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER) WITHOUT ROWID;
)sql";

// The outbox of alerts, in the order in which they were raised, and what holds them back.
constexpr const char* kAlerts = R"sql(
CREATE TABLE alerts(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, event TEXT NOT NULL, at INTEGER NOT NULL, run INTEGER,
  asset TEXT, chk TEXT, reason TEXT, detail TEXT, skipped INTEGER NOT NULL, cause TEXT NOT NULL, open INTEGER NOT NULL, body TEXT NOT NULL,
  state INTEGER NOT NULL, attempts INTEGER NOT NULL, last_error TEXT, next_attempt_at INTEGER, delivered_at INTEGER, resolved_at INTEGER,
  silence TEXT, repeats INTEGER NOT NULL
);
CREATE INDEX alerts_open ON alerts(rule, cause) WHERE open = 1;
CREATE INDEX alerts_pending ON alerts(seq) WHERE state = 0;
CREATE INDEX alerts_by_run ON alerts(run) WHERE run IS NOT NULL;
CREATE TABLE silences(
  id TEXT PRIMARY KEY, rule TEXT, selection TEXT, reason TEXT, set_by TEXT NOT NULL, created_at INTEGER NOT NULL, until INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

// Partitions: of which one what was made, checked and asked for; keys that come and go; backfills as they stand.
constexpr const char* kPartitions = R"sql(
ALTER TABLE runs ADD COLUMN partitions TEXT;
ALTER TABLE runs ADD COLUMN backfill INTEGER;
CREATE INDEX runs_by_backfill ON runs(backfill, id) WHERE backfill IS NOT NULL;
ALTER TABLE check_results ADD COLUMN partition TEXT;
ALTER TABLE materializations ADD COLUMN partition TEXT;
CREATE INDEX materializations_by_partition ON materializations(key, partition, id) WHERE partition IS NOT NULL;
CREATE TABLE partition_outcomes(
  asset TEXT, run INTEGER, attempt INTEGER, ended_at INTEGER, partition TEXT, status INTEGER NOT NULL, reason TEXT, started_at INTEGER,
  PRIMARY KEY(asset, run, attempt, ended_at, partition)
) WITHOUT ROWID;
INSERT INTO partition_outcomes(asset, run, attempt, ended_at, partition, status, reason, started_at) SELECT asset, run, attempt, ended_at, '', status, reason, started_at FROM outcomes;
DROP TABLE outcomes;
ALTER TABLE partition_outcomes RENAME TO outcomes;
CREATE TABLE partition_keys(
  name TEXT, idx INTEGER, key TEXT NOT NULL, present INTEGER NOT NULL, at INTEGER NOT NULL, set_by TEXT NOT NULL, PRIMARY KEY(name, idx)
) WITHOUT ROWID;
CREATE TABLE backfills(id INTEGER PRIMARY KEY, over INTEGER NOT NULL, created_at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX backfills_active ON backfills(id) WHERE over = 0;
)sql";

// What let a failed check pass; what OpenLineage is told stands among the alerts, and they are listed apart.
constexpr const char* kChecks = R"sql(
ALTER TABLE check_results ADD COLUMN waived TEXT;
CREATE INDEX alerts_told ON alerts(seq) WHERE event <> 'openlineage';
CREATE INDEX alerts_by_rule ON alerts(rule, state, delivered_at);
)sql";

// What sensors know, what came of their evaluations, and what they asked for by a key.
constexpr const char* kSensors = R"sql(
CREATE TABLE sensors(
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, cursor TEXT, paused INTEGER, paused_by TEXT, pause_reason TEXT, failures INTEGER NOT NULL,
  evaluated_at INTEGER, fired_at INTEGER, ticks INTEGER NOT NULL
);
CREATE TABLE sensor_ticks(
  sensor TEXT, number INTEGER, at INTEGER NOT NULL, last_at INTEGER NOT NULL, took_ms INTEGER NOT NULL, outcome INTEGER NOT NULL, reason TEXT, runs TEXT,
  known INTEGER NOT NULL, repeats INTEGER NOT NULL, cursor_before TEXT, cursor_after TEXT, log TEXT, PRIMARY KEY(sensor, number)
) WITHOUT ROWID;
CREATE TABLE sensor_keys(sensor TEXT, key TEXT, run INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(sensor, key)) WITHOUT ROWID;
CREATE INDEX sensor_keys_by_time ON sensor_keys(at);
)sql";

// What each materialization was made from, and each step that did not succeed would have been; runs that reuse nothing.
constexpr const char* kProvenance = R"sql(
ALTER TABLE materializations ADD COLUMN provenance TEXT;
ALTER TABLE outcomes ADD COLUMN provenance TEXT;
ALTER TABLE runs ADD COLUMN force INTEGER;
)sql";

// Names that assets had before, by which old runs and definitions still know them.
constexpr const char* kRenames = "CREATE TABLE renames(former TEXT PRIMARY KEY, present TEXT NOT NULL) WITHOUT ROWID";

constexpr Migration kMigrations[] = {{1, kFirst}, {2, kLimits}, {3, kRetention}, {4, kWarm}, {5, kRunTerms}, {6, kAutomation}, {7, kAlerts}, {8, kPartitions}, {9, kChecks}, {10, kSensors}, {11, kProvenance}, {12, kRenames}};
static_assert(std::size(kMigrations) == kStoreSchema, "core/store_schema.h tells assetctl which schema is the newest");

std::int64_t pragma(Database& database, std::string_view name) {
  auto query = database.query(name);
  return query.next() ? query.row().integer() : 0;
}

StoreError schema_error(const Database& database, const std::string& what) {
  return {StoreError::Kind::schema, database.path() + ": " + what};
}

void apply(Database& database, const Migration& migration) {
  Transaction transaction(database, "BEGIN IMMEDIATE");
  database.script(migration.sql);
  database.script(("PRAGMA user_version = " + std::to_string(migration.number)).c_str());
  transaction.commit();
}

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

std::expected<void, StoreError> migrate(Database& database, std::span<const Migration> all) {
  const auto version = pragma(database, "PRAGMA user_version");
  const auto application = pragma(database, "PRAGMA application_id");
  const bool fresh = version == 0 && application == 0 && pragma(database, "SELECT count(*) FROM sqlite_schema") == 0;
  if (auto read = database.outcome(); !read) return read;
  if (!fresh && application != kApplicationId)
    return std::unexpected(schema_error(database, "is a database, but not a store of assetd; give --data another folder, or move this file away"));
  if (version > all.back().number)
    return std::unexpected(schema_error(database, "was written by a newer assetd (schema " + std::to_string(version) + ", this program knows " +
                                                      std::to_string(all.back().number) + "); start that version, or restore a backup"));
  if (fresh) database.script(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  for (const auto& migration : all)
    if (migration.number > version) apply(database, migration);
  return database.outcome();
}

}  // namespace assetd
