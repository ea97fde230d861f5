// Reader: the outbox of alerts, and silences.

#include "core/definition/names.h"
#include "daemon/store/alert_rows.h"
#include "daemon/store/codes.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

/// A bit for each state that is wanted: one statement for every filter.
std::int64_t bits_of(const std::vector<std::string>& states) {
  std::int64_t bits = 0;
  for (const auto& name : states)
    if (const auto state = parse_alert_state(name)) bits |= std::int64_t{1} << stored(*state);
  return bits;
}

}  // namespace

Reader::Result<Page<AlertRecord>> Reader::alerts(const AlertFilter& filter, const PageRequest& page) {
  static const std::string head = "SELECT seq, " + std::string(kAlertColumns) + " FROM alerts WHERE seq<?1 AND (?2=0 OR (?2>>state)&1) AND (?4=0 OR run=?4) AND ";
  static const std::string all = head + "event<>'openlineage' AND ?3='' ORDER BY seq DESC LIMIT ?5", of_rule = head + "rule=?3 ORDER BY seq DESC LIMIT ?5";
  const auto& sql = filter.rule.empty() ? all : of_rule;
  const auto states = bits_of(filter.states);
  const CursorScope scope{{"alerts", states, filter.rule, filter.run}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<std::pair<std::int64_t, AlertRecord>> rows;
    auto query = database.query(sql, before(*position), states, filter.rule, filter.run, page.limit + 1);
    while (query.next()) {
      auto row = query.row();
      const auto number = row.integer();
      rows.emplace_back(number, read_alert(database, row));
    }
    auto numbered = make_page(std::move(rows), page, scope, [](const auto& row) { return std::vector{row.first}; });
    Page<AlertRecord> result{{}, std::move(numbered.next_cursor)};
    for (auto& [number, alert] : numbered.items) result.items.push_back(std::move(alert));
    return result;
  });
}

Reader::Result<OutboxCounts> Reader::outbox_counts(const std::string& rule) {
  return impl_->read([&](Database& database) {
    OutboxCounts counts;
    {
      auto query = database.query("SELECT state, count(*), max(delivered_at) FROM alerts WHERE rule=? GROUP BY state", rule);
      while (query.next()) {
        auto row = query.row();
        const auto state = from_stored<AlertState>(row.integer());
        const auto count = row.integer();
        const auto delivered_at = row.time_or_null();
        if (state == AlertState::pending) counts.pending = count;
        if (state == AlertState::failed) counts.failed = count;
        if (state == AlertState::delivered) counts.delivered = count, counts.delivered_at = delivered_at;
      }
    }
    auto query = database.query("SELECT last_error FROM alerts WHERE rule=? AND last_error IS NOT NULL AND state<>? ORDER BY seq DESC LIMIT 1", rule, stored(AlertState::delivered));
    if (query.next()) counts.last_error = query.row().text();
    return counts;
  });
}

Reader::Result<std::optional<AlertRecord>> Reader::alert(const std::string& id) {
  static const std::string sql = select_from(kAlertColumns, "alerts WHERE id=?");
  return impl_->read([&](Database& database) -> std::optional<AlertRecord> {
    auto query = database.query(sql, id);
    if (!query.next()) return std::nullopt;
    auto row = query.row();
    return read_alert(database, row);
  });
}

Reader::Result<std::vector<AlertRecord>> Reader::alerts_held_back() {
  static const std::string sql = select_from(kAlertColumns, "alerts WHERE open=1 AND state=? AND event=? ORDER BY seq");
  return impl_->read([&](Database& database) {
    std::vector<AlertRecord> alerts;
    auto query = database.query(sql, stored(AlertState::silenced), std::string(name_of(AlertEvent::freshness_violated)));
    while (query.next()) {
      auto row = query.row();
      alerts.push_back(read_alert(database, row));
    }
    return alerts;
  });
}

Reader::Result<std::vector<Silence>> Reader::silences(WallTime now) {
  return impl_->read([&](Database& database) { return read_silences(database, now); });
}

}  // namespace assetd
