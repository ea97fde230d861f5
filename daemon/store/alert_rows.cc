#include "daemon/store/alert_rows.h"

#include "daemon/store/codes.h"
#include "daemon/store/errors.h"
#include "daemon/store/packed.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

void write_raised(Database& database, const AlertRecord& alert) {
  const auto run = alert.run ? std::optional(alert.run) : std::nullopt;
  // At most one of a rule and root cause is open: the newest.
  if (alert.open) database.run("UPDATE alerts SET open=0 WHERE rule=? AND cause=? AND open=1", alert.rule, alert.cause);
  database.run(
      "INSERT INTO alerts(id, rule, event, at, run, asset, chk, reason, detail, skipped, cause, open, body, state, attempts, last_error, next_attempt_at, "
      "delivered_at, resolved_at, silence, repeats) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
      alert.id, alert.rule, alert.event, alert.at, run, TextOrNull{alert.asset}, TextOrNull{alert.check}, TextOrNull{alert.reason}, TextOrNull{alert.detail},
      alert.skipped, alert.cause, alert.open, json_text(alert.body), stored(alert.state), alert.attempts, TextOrNull{alert.last_error}, alert.next_attempt_at,
      alert.delivered_at, alert.resolved_at, TextOrNull{alert.silence}, alert.repeats);
}

void write_one(Database& database, const AlertRaised& change) { write_raised(database, change.alert); }

void write_one(Database& database, const AlertRepeated& change) { database.run("UPDATE alerts SET repeats=repeats+1 WHERE id=?", change.id); }

// What was told of it before, and is older than the one that is open, is over with it.
void write_one(Database& database, const AlertResolved& change) {
  database.run("UPDATE alerts SET open=0, resolved_at=? WHERE rule=? AND cause=? AND open=1", change.at, change.rule, change.cause);
}

void write_one(Database& database, const AlertAttempted& change) {
  const auto& alert = change.alert;
  database.run("UPDATE alerts SET state=?2, attempts=?3, last_error=?4, next_attempt_at=?5, delivered_at=?6 WHERE id=?1", alert.id, stored(alert.state),
               alert.attempts, TextOrNull{alert.last_error}, alert.next_attempt_at, alert.delivered_at);
}

void write_one(Database& database, const SilenceAdded& change) {
  const auto& silence = change.silence;
  database.run("INSERT INTO silences(id, rule, selection, reason, set_by, created_at, until) VALUES(?,?,?,?,?,?,?)", silence.id, TextOrNull{silence.rule},
               TextOrNull{silence.select}, TextOrNull{silence.reason}, silence.by, silence.created_at, silence.until);
}

void write_one(Database& database, const SilenceEnded& change) { database.run("DELETE FROM silences WHERE id=?", change.id); }

}  // namespace

void write_alert_change(Database& database, const AlertChange& change) {
  std::visit([&](const auto& each) { write_one(database, each); }, change);
}

AlertRecord read_alert(Database& database, Columns& row) {
  AlertRecord alert;
  alert.id = row.text();
  alert.rule = row.text();
  alert.event = row.text();
  alert.at = row.time();
  alert.run = row.integer_or_null().value_or(0);
  alert.asset = row.text();
  alert.check = row.text();
  alert.reason = row.text();
  alert.detail = row.text();
  alert.skipped = static_cast<std::uint32_t>(row.integer());
  alert.cause = row.text();
  alert.open = row.integer() != 0;
  alert.body = read_json(database, row, nlohmann::json::object());
  const auto state = from_stored<AlertState>(row.integer());
  if (!state) database.fail(damaged_error(database.path(), "the state of alert " + alert.id + " is none that assetd writes"));
  alert.state = state.value_or(AlertState::failed);
  alert.attempts = static_cast<int>(row.integer());
  alert.last_error = row.text();
  alert.next_attempt_at = row.time_or_null();
  alert.delivered_at = row.time_or_null();
  alert.resolved_at = row.time_or_null();
  alert.silence = row.text();
  alert.repeats = static_cast<int>(row.integer());
  return alert;
}

std::vector<AlertRecord> read_live_alerts(Database& database) {
  static const std::string sql = select_from(kAlertColumns, "alerts WHERE state=0 OR open=1 ORDER BY seq");
  std::vector<AlertRecord> alerts;
  auto query = database.query(sql);
  while (query.next()) {
    auto row = query.row();
    alerts.push_back(read_alert(database, row));
  }
  return alerts;
}

std::vector<Silence> read_silences(Database& database, WallTime ends_after) {
  std::vector<Silence> silences;
  auto query = database.query("SELECT id, rule, selection, reason, set_by, created_at, until FROM silences WHERE until>? ORDER BY until DESC, id", ends_after);
  while (query.next()) {
    auto row = query.row();
    auto& silence = silences.emplace_back();
    silence.id = row.text();
    silence.rule = row.text();
    silence.select = row.text();
    silence.reason = row.text();
    silence.by = row.text();
    silence.created_at = row.time();
    silence.until = row.time();
  }
  return silences;
}

}  // namespace assetd
