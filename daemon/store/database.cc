#include "daemon/store/database.h"

#include <sqlite3.h>

#include "daemon/store/errors.h"

namespace assetd {

std::int64_t Columns::integer() { return sqlite3_column_int64(statement_, next_++); }

std::optional<std::int64_t> Columns::integer_or_null() {
  if (sqlite3_column_type(statement_, next_) == SQLITE_NULL) return ++next_, std::nullopt;
  return integer();
}

std::string_view Columns::bytes() {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, next_));
  const int size = sqlite3_column_bytes(statement_, next_++);
  return data ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

std::string Columns::text() { return std::string(bytes()); }

std::optional<WallTime> Columns::time_or_null() {
  const auto value = integer_or_null();
  return value ? std::optional(WallTime(Millis(*value))) : std::nullopt;
}

nlohmann::json Columns::json(nlohmann::json if_null) {
  const auto value = bytes();
  return value.empty() ? std::move(if_null) : nlohmann::json::parse(value, nullptr, false);
}

Query::~Query() { database_.release(statement_); }

bool Query::next() {
  if (!statement_ || !database_.ok()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code, "reading");
  return false;
}

std::expected<std::unique_ptr<Database>, StoreError> Database::open(const std::string& path, bool create) {
  std::unique_ptr<Database> database(new Database(path));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &database->db_, flags, nullptr);
  if (code != SQLITE_OK) return std::unexpected(store_error(database->db_, code, path, "opening the store"));
  sqlite3_db_config(database->db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  database->move_log_at_close(false);
  return database;
}

void Database::move_log_at_close(bool move) { sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, move ? 0 : 1, nullptr); }

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

sqlite3_stmt* Database::prepare(std::string_view sql) {
  if (!ok()) return nullptr;
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    sqlite3_stmt* statement = found->second;
    if (!sqlite3_stmt_busy(statement)) return statement;
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    fail(code, "preparing '" + std::string(sql) + "'");
    return nullptr;
  }
  if (!statements_.emplace(sql, statement).second) {
    sqlite3_finalize(statement);
    fail({StoreError::Kind::bug, path_ + ": a query was run within itself: " + std::string(sql)});
    return nullptr;
  }
  return statement;
}

void Database::bind(sqlite3_stmt* statement, int position, std::int64_t value, Lifetime) {
  if (statement) sqlite3_bind_int64(statement, position, value);
}

void Database::bind(sqlite3_stmt* statement, int position, std::nullptr_t, Lifetime) {
  if (statement) sqlite3_bind_null(statement, position);
}

void Database::bind(sqlite3_stmt* statement, int position, std::string_view value, Lifetime lifetime) {
  const char* data = value.data() ? value.data() : "";
  if (statement) sqlite3_bind_text64(statement, position, data, value.size(), lifetime == kCopied ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
}

void Database::bind(sqlite3_stmt* statement, int position, Blob value, Lifetime lifetime) {
  const char* data = value.bytes.data() ? value.bytes.data() : "";
  if (statement) sqlite3_bind_blob64(statement, position, data, value.bytes.size(), lifetime == kCopied ? SQLITE_TRANSIENT : SQLITE_STATIC);
}

int Database::finish(sqlite3_stmt* statement) {
  if (!statement) return 0;
  int code = sqlite3_step(statement);
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) fail(code, "writing");
  const int changed = code == SQLITE_DONE ? sqlite3_changes(db_) : 0;
  release(statement);
  return changed;
}

void Database::release(sqlite3_stmt* statement) {
  if (!statement) return;
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

void Database::script(const char* sql) {
  if (!ok()) return;
  if (const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code, sql);
}

std::int64_t Database::last_row() const { return sqlite3_last_insert_rowid(db_); }

void Database::fail(StoreError error) {
  if (!error_) error_ = std::move(error);
}

void Database::fail(int code, std::string_view doing) {
  if (!error_) error_ = store_error(db_, code, path_, doing);
}

std::expected<void, StoreError> Database::outcome() {
  if (!error_) return {};
  return std::unexpected(std::move(*std::exchange(error_, std::nullopt)));
}

Transaction::Transaction(Database& database, const char* begin) : database_(database) { database_.run(begin); }

void Transaction::commit() { database_.run("COMMIT"); }

Transaction::~Transaction() {
  // Not through run(): after a failure it does nothing. Whether the rollback works makes no difference: the caller closes or latches.
  if (!sqlite3_get_autocommit(database_.handle())) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::string json_text(const nlohmann::json& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

std::string json_or_empty(const nlohmann::json& value) {
  return (value.is_object() || value.is_array()) && value.empty() ? std::string() : json_text(value);
}

}  // namespace assetd
