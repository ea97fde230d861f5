#include "daemon/store/definitions_table.h"

#include "daemon/store/errors.h"
#include "daemon/store/packed.h"
#include "daemon/store/rows.h"

namespace assetd {

std::int64_t current_definitions_version(Database& database) {
  auto query = database.query("SELECT max(version) FROM definitions");
  return query.next() ? query.row().integer() : 0;
}

std::string definitions_hash(Database& database, std::int64_t version) {
  auto query = database.query("SELECT hash FROM definitions WHERE version=?", version);
  return query.next() ? query.row().text() : "";
}

std::optional<DefinitionsRecord> read_definitions(Database& database, std::int64_t version) {
  auto query = database.query("SELECT version, hash, bytes, watch_state, summary, applied_at FROM definitions JOIN compiled USING(hash) WHERE version=?",
                              version);
  if (!query.next()) return std::nullopt;
  auto row = query.row();
  DefinitionsRecord record;
  record.version = row.integer();
  record.hash = row.text();
  auto compiled = decompress(row.bytes());
  if (!compiled) database.fail(damaged_error(database.path(), "definitions version " + std::to_string(version) + " cannot be read"));
  record.compiled = std::move(compiled).value_or("");
  record.watch_state = row.text();
  record.summary = read_json(database, row, nlohmann::json::object());
  record.applied_at = row.time();
  return record;
}

std::int64_t insert_definitions(Database& database, const DefinitionsRecord& record) {
  database.run("INSERT INTO compiled(hash, bytes) VALUES(?,?) ON CONFLICT(hash) DO NOTHING", record.hash, Blob{compress(record.compiled)});
  database.run("INSERT INTO definitions(hash, watch_state, summary, applied_at) VALUES(?,?,?,?)", record.hash, TextOrNull{record.watch_state},
               TextOrNull{json_or_empty(record.summary)}, record.applied_at);
  return database.last_row();
}

}  // namespace assetd
