#include "daemon/store/renames.h"

#include "daemon/store/database.h"

namespace assetd {
namespace {

// Of a former (?1) and a present (?2) name. Where a row of the present name is in the way, from when it was another asset's, the newer history replaces it.
constexpr const char* kMoves[] = {
    "UPDATE OR REPLACE asset_states SET key=?2 WHERE key=?1",
    "UPDATE check_results SET home=?2 WHERE home=?1",
    "UPDATE materializations SET key=?2 WHERE key=?1",
    "UPDATE OR REPLACE outcomes SET asset=?2 WHERE asset=?1",
    "UPDATE OR REPLACE last_failures SET asset=?2 WHERE asset=?1",
    "UPDATE evaluations SET asset=?2 WHERE asset=?1",
    "UPDATE events SET asset=?2 WHERE asset=?1",
    "INSERT INTO history(day, asset, succeeded, failed, skipped) SELECT day, ?2, succeeded, failed, skipped FROM history WHERE asset=?1 "
    "ON CONFLICT(day, asset) DO UPDATE SET succeeded=succeeded+excluded.succeeded, failed=failed+excluded.failed, skipped=skipped+excluded.skipped",
    // What is open, by its cause: the asset, "asset:check" or "freshness asset". What was open of the present name is replaced.
    "UPDATE alerts SET open=0 WHERE open=1 AND asset=?2 AND EXISTS(SELECT 1 FROM alerts WHERE open=1 AND asset=?1)",
    "UPDATE alerts SET asset=?2, cause=CASE WHEN cause='freshness '||?1 THEN 'freshness '||?2 ELSE ?2||substr(cause, length(?1)+1) END WHERE open=1 AND asset=?1",
    "UPDATE silences SET selection=?2 WHERE selection=?1",
    "UPDATE renames SET present=?2 WHERE present=?1",
    "INSERT OR REPLACE INTO renames(former, present) VALUES(?1, ?2)",
};

}  // namespace

const std::string& present_name(const AssetNames& names, const std::string& asset) {
  const auto it = names.find(asset);
  return it == names.end() ? asset : it->second;
}

AssetNames read_names(Database& database) {
  AssetNames names;
  auto query = database.query("SELECT former, present FROM renames");
  while (query.next()) {
    auto row = query.row();
    auto former = row.text();
    names.emplace(std::move(former), row.text());
  }
  return names;
}

std::string read_present_name(Database& database, const std::string& asset) {
  auto query = database.query("SELECT present FROM renames WHERE former=?", asset);
  return query.next() ? query.row().text() : asset;
}

void write_renaming(Database& database, const Renaming& renaming) {
  for (const auto& asset : renaming.defined) database.run("DELETE FROM renames WHERE former=?", asset);
  for (const auto& [former, present] : renaming.renamed) {
    database.run("DELETE FROM renames WHERE former=?", present);  // back to a name it once had
    for (const auto* move : kMoves) database.run(move, former, present);
    database.run("DELETE FROM history WHERE asset=?", former);
  }
}

}  // namespace assetd
