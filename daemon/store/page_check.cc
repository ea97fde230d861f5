#include "daemon/store/page_check.h"

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "daemon/store/connection.h"
#include "daemon/store/errors.h"

namespace assetd {
namespace {

constexpr std::uintmax_t kSmallBytes = 4 << 20;  // every page is read and looked at: about 10 ms for this much
constexpr int kInstructionsALook = 10'000;

/// While it lives, queries end early once `over` says so.
class Interruption {
 public:
  Interruption(Database& database, std::function<bool()> over) : database_(database), over_(std::move(over)) {
    sqlite3_progress_handler(database_.handle(), kInstructionsALook, [](void* self) -> int { return static_cast<Interruption*>(self)->over_(); }, this);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption() { sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr); }

 private:
  Database& database_;
  std::function<bool()> over_;
};

std::vector<std::string> tables_of(Database& database) {
  std::vector<std::string> tables;
  auto names = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rootpage");
  while (names.next()) tables.push_back(names.row().text());
  return tables;
}

/// `sql` is a quick_check: not the content of indexes against that of their tables, which takes many times as long.
std::expected<void, StoreError> quick_check(Database& database, const std::string& sql, const std::string& where) {
  std::string found;
  {
    auto check = database.query(sql);
    if (check.next()) found = check.row().text();
  }
  if (auto looked = database.outcome(); !looked) return looked;
  if (found.empty() || found == "ok") return {};
  for (auto& c : found)
    if (c == '\n') c = ' ';
  return std::unexpected(corrupt_error(database.path(), where + found));
}

std::expected<void, StoreError> check_tables(Database& database, const std::function<bool()>& over) {
  const auto tables = tables_of(database);
  if (auto read = database.outcome(); !read) return read;
  const Interruption interruption(database, over);
  for (const auto& table : tables) {
    if (over()) return {};
    const auto checked = quick_check(database, "PRAGMA quick_check(\"" + table + "\")", "table " + table + ": ");
    if (!checked && checked.error().kind != StoreError::Kind::busy) return checked;
  }
  return {};
}

}  // namespace

std::expected<void, StoreError> check_pages(const std::string& path, const std::atomic<bool>& stop) {
  auto database = open_reader(path);
  if (!database) return std::unexpected(database.error());
  return check_tables(**database, [&stop] { return stop.load(); });
}

void check_pages_at_start(Database& database, std::chrono::milliseconds budget) {
  std::error_code ignored;
  if (std::filesystem::file_size(database.path(), ignored) <= kSmallBytes) return check_copy(database);
  for (const auto& table : tables_of(database)) database.script(("SELECT 1 FROM \"" + table + "\" LIMIT 1").c_str());
  if (!database.ok()) return;
  const auto end = std::chrono::steady_clock::now() + budget;
  if (auto checked = check_tables(database, [end] { return std::chrono::steady_clock::now() >= end; }); !checked) database.fail(checked.error());
}

void check_copy(Database& database) {
  if (!database.ok()) return;
  if (auto checked = quick_check(database, "PRAGMA quick_check(1)", ""); !checked) database.fail(checked.error());
}

}  // namespace assetd
