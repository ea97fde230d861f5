#include "daemon/store/connection.h"

#include <sqlite3.h>

#include <array>
#include <filesystem>

#include "daemon/store/errors.h"
#include "daemon/store/file_system.h"
#include "daemon/store/migrations.h"

namespace assetd {
namespace {

constexpr int kBusyMs = 5'000;          // a backup or checkpoint of another connection; never another writer
constexpr std::uintmax_t kQuickCheckBytes = 4 << 20;  // quick_check reads every page: about 10 ms for this much

/// Small stores are checked whole; of large ones every table's and index' first pages are read.
void check_pages(Database& database) {
  std::error_code ignored;
  if (std::filesystem::file_size(database.path(), ignored) <= kQuickCheckBytes) {
    auto check = database.query("PRAGMA quick_check(1)");
    const bool answered = check.next();
    if (const auto found = answered ? check.row().text() : "ok"; found != "ok")
      database.fail(damaged_error(database.path(), "the store is damaged: " + found));
    return;
  }
  std::vector<std::string> tables;
  {
    auto names = database.query("SELECT name FROM sqlite_schema WHERE type = 'table'");
    while (names.next()) tables.push_back(names.row().text());
  }
  for (const auto& table : tables) database.script(("SELECT 1 FROM \"" + table + "\" LIMIT 1").c_str());
}

/// Why a store that is not there, or empty, cannot be a new one; empty: it is one. A new one has its first page before anything is in its log or any
/// run leaves output.
std::string was_lost(const std::string& path) {
  std::error_code absent, no_log, no_output;
  const auto size = std::filesystem::file_size(path, absent);
  if (!absent && size > 0) return "";
  const auto what = absent ? std::string("the file is gone") : std::string("the file is empty");
  if (const auto log = std::filesystem::file_size(path + "-wal", no_log); !no_log && log > 0) return what + ", and yet its log " + path + "-wal holds something";
  const std::filesystem::directory_iterator output(std::filesystem::path(path).parent_path() / "logs", no_output), none;
  return !no_output && output != none ? what + ", and yet logs of runs lie beside it" : "";
}

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
  auto database = Database::open(path, true);
  if (!database) return database;
  sqlite3_busy_timeout((*database)->handle(), kBusyMs);
  use_write_ahead_log(**database);
  (*database)->script("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY");
  if (auto set = (*database)->outcome(); !set) return std::unexpected(set.error());
  if (auto migrated = migrate(**database, migrations()); !migrated) return std::unexpected(migrated.error());
  check_pages(**database);
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
