// Reader: what a step of a run made, or was to make, and from what.

#include "daemon/store/codes.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/renames.h"
#include "daemon/store/rows.h"

namespace assetd {

Reader::Result<std::optional<MaterializationRow>> Reader::materialization(const std::string& asset, RunId run, const std::string& partition) {
  static const std::string sql = select_from(kMaterializationColumns, "materializations WHERE key=? AND run=? AND (?='' OR partition=?) ORDER BY id DESC LIMIT 1");
  return impl_->read([&](Database& database) -> std::optional<MaterializationRow> {
    auto query = database.query(sql, read_present_name(database, asset), run, partition, partition);
    if (!query.next()) return std::nullopt;
    MaterializationRow row;
    row.value = read_materialization(database, query.row(), row.id);
    return row;
  });
}

Reader::Result<bool> Reader::was_renamed(const std::string& asset) {
  return impl_->read([&](Database& database) {
    auto query = database.query("SELECT 1 FROM renames WHERE present=? LIMIT 1", asset);
    return query.next();
  });
}

Reader::Result<std::optional<StepOutcome>> Reader::outcome(const std::string& asset, RunId run, const std::string& partition) {
  static const std::string sql = select_from(kOutcomeColumns, "outcomes WHERE asset=? AND run=? AND (?='' OR partition=?) ORDER BY attempt DESC, ended_at DESC LIMIT 1");
  return impl_->read([&](Database& database) -> std::optional<StepOutcome> {
    auto query = database.query(sql, read_present_name(database, asset), run, partition, partition);
    if (!query.next()) return std::nullopt;
    return read_outcome(database, query.row());
  });
}

Reader::Result<std::optional<RunId>> Reader::last_success(const std::string& asset, RunId before_run, const std::string& partition) {
  return impl_->read([&](Database& database) -> std::optional<RunId> {
    auto query = database.query("SELECT run FROM outcomes WHERE asset=? AND run<? AND status=? AND coalesce(reason,'')<>? AND (?='' OR partition=?) ORDER BY run DESC LIMIT 1",
                                read_present_name(database, asset), before_run, stored(StepStatus::succeeded), std::string(kReused), partition, partition);
    return query.next() ? std::optional(query.row().integer()) : std::nullopt;
  });
}

}  // namespace assetd
