#include "daemon/store/automation_tables.h"

namespace assetd {
namespace {

std::optional<std::int64_t> run_or_null(RunId run) { return run == 0 ? std::nullopt : std::optional<std::int64_t>(run); }

}  // namespace

void write_automation(Database& database, const AutomationBatch& batch) {
  for (const auto& record : batch.records)
    database.run("INSERT OR REPLACE INTO automation(asset, condition, memory, holds, requested_at, run) VALUES(?,?,?,?,?,?)", record.asset, record.condition,
                 record.memory, record.holds, record.requested_at, run_or_null(record.run));
  for (const auto& each : batch.evaluations)
    database.run("INSERT INTO evaluations(asset, at, holds, run, answer) VALUES(?,?,?,?,?)", each.asset, each.at, each.holds, run_or_null(each.run), each.answer);
  for (const auto& asset : batch.resumed) database.run("DELETE FROM automation_pauses WHERE asset=?", asset);
  for (const auto& pause : batch.paused)
    database.run("INSERT OR REPLACE INTO automation_pauses(asset, paused_by, reason, at, until) VALUES(?,?,?,?,?)", pause.asset, pause.by, pause.reason, pause.at,
                 pause.until);
  if (batch.evaluated_at) database.run("UPDATE meta SET automation_at=?", *batch.evaluated_at);
}

void read_automation(Database& database, Recovered& into) {
  {
    auto query = database.query("SELECT asset, condition, memory, holds, requested_at, run FROM automation ORDER BY asset");
    while (query.next()) {
      auto row = query.row();
      auto& record = into.automation.emplace_back();
      record.asset = row.text();
      record.condition = row.text();
      record.memory = row.text();
      record.holds = row.integer() != 0;
      record.requested_at = row.time_or_null();
      record.run = row.integer_or_null().value_or(0);
    }
  }
  {
    auto query = database.query("SELECT asset, paused_by, reason, at, until FROM automation_pauses ORDER BY asset");
    while (query.next()) {
      auto row = query.row();
      auto& pause = into.automation_pauses.emplace_back();
      pause.asset = row.text();
      pause.by = row.text();
      pause.reason = row.text();
      pause.at = row.time();
      pause.until = row.time_or_null();
    }
  }
  auto query = database.query("SELECT automation_at FROM meta");
  if (query.next()) into.automation_evaluated_at = query.row().time_or_null();
}

}  // namespace assetd
