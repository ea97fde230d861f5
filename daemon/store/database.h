#pragma once
// A thin wrapper of one SQLite connection: cached statements, values in and out, and one sticky error. The first failure is kept and all
// later statements do nothing, so that a transaction of many statements checks once, at its end. Not for use by two threads at a time.

#include <expected>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/time.h"
#include "daemon/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace assetd {

/// Bound as a BLOB.
struct Blob {
  std::string_view bytes;
};
/// "" is bound as NULL, which takes no byte in a row.
struct TextOrNull {
  std::string_view text;
};

/// The columns of the row a query stands at, read from left to right.
class Columns {
 public:
  explicit Columns(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer();
  std::optional<std::int64_t> integer_or_null();
  std::string text();        ///< "" for NULL
  std::string_view bytes();  ///< valid until the query moves on
  WallTime time() { return WallTime(Millis(integer())); }
  std::optional<WallTime> time_or_null();
  nlohmann::json json(nlohmann::json if_null);  ///< discarded JSON if the text is damaged

 private:
  sqlite3_stmt* statement_;
  int next_ = 0;
};

class Database;

/// A query in progress. Its statement goes back to the cache when this ends.
class Query {
 public:
  Query(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();
  bool next();  ///< false at the end, or after a failure
  Columns row() const { return Columns(statement_); }

 private:
  Database& database_;
  sqlite3_stmt* statement_;  ///< null after a failure
};

class Database {
 public:
  /// The file is made if it is missing and `create` is set.
  static std::expected<std::unique_ptr<Database>, StoreError> open(const std::string& path, bool create);
  ~Database();
  /// Whether the log is moved into the file when the last connection closes. It is not at first: a file that turns out to be damaged is left as it was found.
  void move_log_at_close(bool move);

  /// Runs a statement to its end. Returns how many rows it changed.
  template <typename... T>
  int run(std::string_view sql, const T&... values) {
    sqlite3_stmt* statement = prepare(sql);
    int position = 0;
    (bind(statement, ++position, values, kUntilTheCallEnds), ...);
    return finish(statement);
  }
  /// `sql` may have parameters ?1… or '?', bound in order.
  template <typename... T>
  Query query(std::string_view sql, const T&... values) {
    sqlite3_stmt* statement = prepare(sql);
    int position = 0;
    (bind(statement, ++position, values, kCopied), ...);
    return Query(*this, statement);
  }
  /// Several statements without values.
  void script(const char* sql);
  std::int64_t last_row() const;

  bool ok() const { return !error_; }
  void fail(StoreError error);
  void fail(int code, std::string_view doing);
  /// The kept error, which is then forgotten.
  std::expected<void, StoreError> outcome();

  sqlite3* handle() const { return db_; }
  const std::string& path() const { return path_; }

 private:
  friend class Query;
  using Lifetime = bool;
  static constexpr Lifetime kUntilTheCallEnds = false, kCopied = true;

  explicit Database(std::string path) : path_(std::move(path)) {}
  sqlite3_stmt* prepare(std::string_view sql);
  int finish(sqlite3_stmt* statement);
  void release(sqlite3_stmt* statement);
  void bind(sqlite3_stmt* statement, int position, std::int64_t value, Lifetime);
  void bind(sqlite3_stmt* statement, int position, std::string_view value, Lifetime);
  void bind(sqlite3_stmt* statement, int position, Blob value, Lifetime);
  void bind(sqlite3_stmt* statement, int position, std::nullptr_t, Lifetime);
  void bind(sqlite3_stmt* statement, int position, int value, Lifetime l) { bind(statement, position, std::int64_t{value}, l); }
  void bind(sqlite3_stmt* statement, int position, bool value, Lifetime l) { bind(statement, position, std::int64_t{value}, l); }
  void bind(sqlite3_stmt* statement, int position, std::uint32_t value, Lifetime l) { bind(statement, position, std::int64_t{value}, l); }
  void bind(sqlite3_stmt* statement, int position, const char* value, Lifetime l) { bind(statement, position, std::string_view(value), l); }
  void bind(sqlite3_stmt* statement, int position, const std::string& value, Lifetime l) { bind(statement, position, std::string_view(value), l); }
  void bind(sqlite3_stmt* statement, int position, WallTime value, Lifetime l) { bind(statement, position, std::int64_t{value.time_since_epoch().count()}, l); }
  void bind(sqlite3_stmt* statement, int position, TextOrNull value, Lifetime l) {
    value.text.empty() ? bind(statement, position, nullptr, l) : bind(statement, position, value.text, l);
  }
  template <typename T>
  void bind(sqlite3_stmt* statement, int position, const std::optional<T>& value, Lifetime l) {
    value ? bind(statement, position, *value, l) : bind(statement, position, nullptr, l);
  }

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::string path_;
  sqlite3* db_ = nullptr;
  std::unordered_map<std::string, sqlite3_stmt*, Hash, std::equal_to<>> statements_;
  std::optional<StoreError> error_;
};

/// Rolls back unless committed.
class Transaction {
 public:
  Transaction(Database& database, const char* begin);
  ~Transaction();
  void commit();

 private:
  Database& database_;
};

/// As compact JSON; invalid UTF-8 is replaced.
std::string json_text(const nlohmann::json& value);
/// "" for an empty object or array: stored as NULL.
std::string json_or_empty(const nlohmann::json& value);

}  // namespace assetd
