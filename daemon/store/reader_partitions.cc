// Reader: partitions and backfills.

#include "core/version/provenance.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/rows.h"

namespace assetd {

Reader::Result<std::map<std::string, PartitionRow>> Reader::partitions(const std::string& asset, std::span<const std::string> partitions) {
  return impl_->read([&](Database& database) {
    std::map<std::string, PartitionRow> found;
    for (const auto& partition : partitions) {
      auto query = database.query("SELECT run, at FROM materializations WHERE key=? AND partition=? ORDER BY id DESC LIMIT 1", asset, partition);
      if (!query.next()) continue;
      auto row = query.row();
      auto& into = found[partition];
      into.run = row.integer();
      into.at = row.time();
    }
    return found;
  });
}

Reader::Result<std::vector<MadePartitionRow>> Reader::made_partitions(const std::string& asset) {
  return impl_->read([&](Database& database) {
    std::vector<MadePartitionRow> found;
    // The other columns are those of the row with the greatest id (SQLite's rule for max()).
    auto query = database.query("SELECT partition, at, run, data_version, provenance, max(id) FROM materializations WHERE key=? AND partition IS NOT NULL GROUP BY partition", asset);
    while (query.next()) {
      auto row = query.row();
      auto& made = found.emplace_back();
      made.partition = row.text();
      made.at = row.time();
      made.run = row.integer();
      made.data_version = row.text();
      if (made.data_version.empty()) made.data_version = derived_data_version("", made.at);
      made.provenance = read_provenance(database, row);
    }
    return found;
  });
}

Reader::Result<Page<Backfill>> Reader::backfills(const PageRequest& page) {
  static const std::string sql = select_from(kBackfillColumns, "backfills WHERE id<? ORDER BY id DESC LIMIT ?");
  const CursorScope scope{{"backfills"}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<Backfill> rows;
    auto query = database.query(sql, before(*position), page.limit + 1);
    while (query.next()) rows.push_back(read_backfill(database, query.row()));
    return make_page(std::move(rows), page, scope, [](const Backfill& row) { return std::vector{row.id}; });
  });
}

Reader::Result<std::optional<Backfill>> Reader::backfill(std::int64_t id) {
  static const std::string sql = select_from(kBackfillColumns, "backfills WHERE id=?");
  return impl_->read([&](Database& database) -> std::optional<Backfill> {
    auto query = database.query(sql, id);
    if (!query.next()) return std::nullopt;
    return read_backfill(database, query.row());
  });
}

}  // namespace assetd
