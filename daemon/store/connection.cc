#include "daemon/store/connection.h"

#include <sqlite3.h>

#include <array>
#include <chrono>

#include "daemon/store/errors.h"
#include "daemon/store/file_system.h"
#include "daemon/store/lost_store.h"
#include "daemon/store/migrations.h"
#include "daemon/store/page_check.h"

namespace assetd {
namespace {

constexpr int kBusyMs = 5'000;          // a backup or checkpoint of another connection; never another writer
constexpr std::chrono::milliseconds kCheckBudget{60};  // of a start, for pages that need not be read by it

bool is_empty(Database& database) {
  auto pages = database.query("PRAGMA page_count");
  return pages.next() && pages.row().integer() == 0;
}

void use_write_ahead_log(Database& database) {
  // Before anything that writes the file's header: it cannot be changed later without rewriting the file. Said again it would write the header,
  // which of a store that turns out to be damaged nobody may touch.
  if (is_empty(database)) database.script("PRAGMA auto_vacuum = INCREMENTAL");
  auto mode = database.query("PRAGMA journal_mode = WAL");
  if (mode.next(); database.ok() && mode.row().text() != "wal")
    database.fail({StoreError::Kind::io, database.path() + ": this file system cannot share memory between processes, which the write-ahead log needs; "
                                                           "give --data a folder on a local disk"});
}

}  // namespace

std::expected<std::unique_ptr<Database>, StoreError> open_writer(const std::string& path) {
  if (auto local = check_local(path); !local) return std::unexpected(local.error());
  if (const auto lost = was_lost(path); !lost.empty()) return std::unexpected(damaged_error(path, lost + "; to begin anew, move the whole folder away"));
  const FoundFiles found(path);
  auto database = Database::open(path, true);
  if (!database) return database;
  (*database)->move_log_at_close(!found.log);  // one that opening it made holds nothing, and must not be taken for the one that was lost
  sqlite3_busy_timeout((*database)->handle(), kBusyMs);
  const bool is_new = is_empty(**database);
  use_write_ahead_log(**database);
  (*database)->script("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY");
  if (const auto lost = lost_history(**database, found); !lost.empty()) return std::unexpected(damaged_error(path, lost + "; to begin anew, move the whole folder away"));
  if (auto set = (*database)->outcome(); !set) return std::unexpected(set.error());
  if (auto migrated = migrate(**database, migrations()); !migrated) return std::unexpected(migrated.error());
  // From its first moment on the file itself says whose it is, also without its log.
  if (is_new)
    if (auto moved = run_checkpoint(**database, CheckpointMode::truncate); !moved) return std::unexpected(moved.error());
  check_pages_at_start(**database, kCheckBudget);
  if (auto checked = (*database)->outcome(); !checked) return std::unexpected(checked.error());
  return database;
}

std::expected<std::unique_ptr<Database>, StoreError> open_reader(const std::string& path) {
  auto database = Database::open(path, false);
  if (!database) return database;
  sqlite3_busy_timeout((*database)->handle(), kBusyMs);
  (*database)->script("PRAGMA query_only = 1; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY");
  {
    auto version = (*database)->query("PRAGMA user_version");
    const auto found = version.next() ? version.row().integer() : 0;
    if ((*database)->ok() && found != migrations().back().number)
      (*database)->fail({StoreError::Kind::schema, path + ": has schema " + std::to_string(found) + ", this program reads " +
                                                       std::to_string(migrations().back().number) + "; let the assetd of this version open it first"});
  }
  if (auto checked = (*database)->outcome(); !checked) return std::unexpected(checked.error());
  return database;
}

std::expected<CheckpointResult, StoreError> run_checkpoint(Database& database, CheckpointMode mode) {
  constexpr std::array kModes{SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE};
  CheckpointResult result;
  const int code =
      sqlite3_wal_checkpoint_v2(database.handle(), nullptr, kModes[static_cast<std::size_t>(mode)], &result.frames, &result.moved);
  if (code == SQLITE_OK) return result;
  return std::unexpected(store_error(database.handle(), code, database.path(), "moving the write-ahead log into the store"));
}

}  // namespace assetd
