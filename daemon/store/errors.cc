#include "daemon/store/errors.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace assetd {
namespace {

using Kind = StoreError::Kind;

std::string doctor(const std::string& path) {
  return "run 'assetctl doctor --data " + std::filesystem::path(path).parent_path().string() + "': it says what can be done";
}

Kind kind_of(int code, int system_errno) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Kind::damaged;
    case SQLITE_FULL: return Kind::disk_full;
    case SQLITE_IOERR: return system_errno == ENOSPC || system_errno == EDQUOT ? Kind::disk_full : Kind::io;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL: return Kind::io;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT: return Kind::busy;
    default: return Kind::bug;
  }
}

std::string what_to_do(Kind kind, int code, const std::string& path) {
  switch (kind) {
    case Kind::damaged: return doctor(path);
    case Kind::disk_full: return "free space on this file system";
    case Kind::busy:
      return (code & 0xff) == SQLITE_INTERRUPT ? "the query took too long: narrow it" : "another process holds the store; find it with 'fuser'";
    case Kind::io: return "check the disk and the permissions of this folder";
    default: return "this is a bug in assetd: please report it";
  }
}

bool has_errno(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL;
}

}  // namespace

StoreError store_error(sqlite3* db, int code, const std::string& path, std::string_view doing) {
  const int system_errno = db && has_errno(code) ? sqlite3_system_errno(db) : 0;
  const Kind kind = kind_of(code, system_errno);
  // The connection's message is of its last call: it fits only if that call failed in the same way.
  const bool own_message = db && (sqlite3_errcode(db) & 0xff) == (code & 0xff);
  std::string message = path + ": " + std::string(doing) + ": " + (own_message ? sqlite3_errmsg(db) : sqlite3_errstr(code)) +
                        " (SQLite " + std::to_string(code);
  if (system_errno) message += ", " + std::string(std::strerror(system_errno));
  return {kind, message + "); " + what_to_do(kind, code, path), kind == Kind::damaged};
}

StoreError corrupt_error(const std::string& path, std::string_view what) {
  return {Kind::damaged, path + ": the store is damaged: " + std::string(what) + "; restore a backup (docs/operations.md), or " + doctor(path), true};
}

StoreError damaged_error(const std::string& path, std::string_view what) {
  return {Kind::damaged, path + ": " + std::string(what) + "; " + doctor(path)};
}

}  // namespace assetd
