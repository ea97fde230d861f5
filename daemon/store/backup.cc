#include "daemon/store/backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "daemon/store/connection.h"
#include "daemon/store/errors.h"
#include "daemon/store/page_check.h"

namespace assetd {
namespace {

StoreError file_error(const std::string& path, const char* doing) {
  const int code = errno;
  const auto kind = code == ENOSPC ? StoreError::Kind::disk_full : StoreError::Kind::io;
  return {kind, path + ": " + doing + ": " + std::strerror(code) + "; check this folder's space and permissions"};
}

std::expected<void, StoreError> sync_path(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::unexpected(file_error(path, "opening the backup to sync it"));
  const int failed = ::fsync(file);
  const auto error = file_error(path, "syncing the backup");
  ::close(file);
  if (failed) return std::unexpected(error);
  return {};
}

/// By its id a supervisor sees that what it runs belongs to another store and ends it. An attempt under way may have been executed since: as a
/// started one it ends as lost; as one that was only intended it would be sent again under the same id.
std::expected<void, StoreError> become_another(Database& copy) {
  copy.script("PRAGMA journal_mode = DELETE");  // all of it in the one file that is renamed; opening it as a store sets the write-ahead log again
  copy.run("UPDATE meta SET store_id = lower(hex(randomblob(16)))");
  copy.run("UPDATE attempts SET started_at = intended_at WHERE outcome IS NULL AND started_at IS NULL AND run IN (SELECT id FROM runs WHERE status IN (0, 1, 2))");
  return copy.outcome();
}

std::expected<void, StoreError> copy(Database& from, const std::string& file) {
  auto to = Database::open(file, true);
  if (!to) return std::unexpected(to.error());
  sqlite3_backup* backup = sqlite3_backup_init((*to)->handle(), "main", from.handle(), "main");
  if (!backup) return std::unexpected(store_error((*to)->handle(), sqlite3_extended_errcode((*to)->handle()), file, "starting the backup"));
  const int code = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return become_another(**to);
  return std::unexpected(store_error((*to)->handle(), code == SQLITE_DONE ? finished : code, file, "writing the backup"));
}

/// A store whose pages are damaged gives a copy that is, and nobody would look at it before the day on which it is needed.
std::expected<void, StoreError> verify(const std::string& file, const std::string& of) {
  auto copy = Database::open(file, false);
  if (!copy) return std::unexpected(copy.error());
  check_copy(**copy);
  auto whole = (*copy)->outcome();
  if (whole || !whole.error().pages) return whole;
  return std::unexpected(corrupt_error(of, "its copy is of no use and was removed (" + whole.error().message + ")"));
}

void remove_all_of(const std::string& file) {
  std::error_code ignored;
  for (const auto* suffix : {"", "-journal", "-wal", "-shm"}) std::filesystem::remove(file + suffix, ignored);
}

}  // namespace

std::expected<void, StoreError> backup_store(const std::string& path, const std::string& file) {
  auto from = open_reader(path);
  if (!from) return std::unexpected(from.error());
  const std::string unfinished = file + ".tmp";
  remove_all_of(unfinished);
  auto done = copy(**from, unfinished);
  if (done) done = verify(unfinished, path);
  if (done) done = sync_path(unfinished);
  if (done && ::rename(unfinished.c_str(), file.c_str()) != 0) done = std::unexpected(file_error(file, "renaming the backup"));
  if (done) done = sync_path(std::filesystem::absolute(file).parent_path().string());
  if (!done) remove_all_of(unfinished);
  return done;
}

void remove_unfinished_backups(const std::string& folder) {
  std::error_code none;
  std::vector<std::string> unfinished;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none))
    if (entry.path().filename().string().find(".sqlite.tmp") != std::string::npos) unfinished.push_back(entry.path().string());
  for (const auto& file : unfinished) std::filesystem::remove(file, none);
}

std::expected<CheckpointResult, StoreError> checkpoint_store(const std::string& path) {
  auto database = open_reader(path);  // one that has read something: before, SQLite does not know of the log
  if (!database) return std::unexpected(database.error());
  auto done = run_checkpoint(**database, CheckpointMode::passive);
  if (!done && done.error().kind == StoreError::Kind::busy) return CheckpointResult{};
  return done;
}

}  // namespace assetd
