// Reader: what happened to an asset or a schedule, and who did what.

#include <algorithm>
#include <span>

#include "core/check/anomaly.h"
#include "daemon/store/codes.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/recovery.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

std::string iso_day(std::int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[16];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

/// A folder of a number above it belongs to a run whose commit is on its way.
RunId newest_run(Database& database) {
  auto query = database.query("SELECT last_run FROM meta");
  return query.next() ? query.row().integer() : 0;
}

bool ended_together(const StepOutcome& one, const StepOutcome& other) { return one.run == other.run && one.attempt == other.attempt && one.ended_at == other.ended_at; }

/// A process may end many partitions at one moment: behind that moment a position says how many of its rows have been shown.
std::vector<std::int64_t> position_behind(std::span<const StepOutcome> shown, const std::vector<std::int64_t>& before) {
  const auto& last = shown.back();
  const auto others = std::ranges::find_if_not(shown.rbegin(), shown.rend(), [&](const StepOutcome& each) { return ended_together(each, last); });
  std::vector<std::int64_t> position{last.run, last.attempt, last.ended_at.time_since_epoch().count(), others - shown.rbegin()};
  const bool is_all_of_one = others == shown.rend() && !before.empty() && std::equal(position.begin(), position.begin() + 3, before.begin());
  if (is_all_of_one) position[3] += before[3];
  return position;
}

}  // namespace

Reader::Result<Page<MaterializationRow>> Reader::materializations(const std::string& asset, const PageRequest& page, const std::string& partition) {
  static const std::string every = select_from(kMaterializationColumns, "materializations WHERE key=?1 AND id<?2 ORDER BY id DESC LIMIT ?3");
  static const std::string one = select_from(kMaterializationColumns, "materializations WHERE key=?1 AND id<?2 AND partition=?4 ORDER BY id DESC LIMIT ?3");
  const auto& sql = partition.empty() ? every : one;
  const CursorScope scope{{"materializations", asset, partition}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<MaterializationRow> rows;
    auto query = partition.empty() ? database.query(sql, asset, before(*position), page.limit + 1) : database.query(sql, asset, before(*position), page.limit + 1, partition);
    while (query.next()) {
      auto& row = rows.emplace_back();
      row.value = read_materialization(database, query.row(), row.id);
    }
    return make_page(std::move(rows), page, scope, [](const MaterializationRow& row) { return std::vector{row.id}; });
  });
}

Reader::Result<std::vector<double>> Reader::metric_history(const std::string& asset, const std::string& metric, int last, RunId except) {
  // A step that retention has let go is one that ended long ago; without a run it was reported by hand.
  static const std::string sql =
      "SELECT metadata FROM materializations m WHERE key=?1 AND run<>?2 AND NOT EXISTS(SELECT 1 FROM steps s WHERE s.run=m.run AND s.step=m.step AND s.status<>" +
      std::to_string(stored(StepStatus::succeeded)) + " AND m.run<>0) ORDER BY id DESC LIMIT ?3";
  return impl_->read([&](Database& database) {
    std::vector<double> values;
    auto query = database.query(sql, asset, except, last);
    while (query.next()) {
      auto row = query.row();
      if (const auto value = metric_of(read_json(database, row, nlohmann::json::object()), metric)) values.push_back(*value);
    }
    return values;
  });
}

Reader::Result<Page<DefinitionsRow>> Reader::definitions_versions(const PageRequest& page) {
  const CursorScope scope{{"definitions"}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<DefinitionsRow> rows;
    auto query = database.query("SELECT version, hash, applied_at, summary FROM definitions WHERE version<? ORDER BY version DESC LIMIT ?", before(*position), page.limit + 1);
    while (query.next()) {
      auto row = query.row();
      auto& each = rows.emplace_back();
      each.version = row.integer();
      each.hash = row.text();
      each.applied_at = row.time();
      each.summary = read_json(database, row, nlohmann::json::object());
    }
    return make_page(std::move(rows), page, scope, [](const DefinitionsRow& row) { return std::vector{row.version}; });
  });
}

Reader::Result<Page<CheckRow>> Reader::check_results(const std::string& asset, const std::string& check, const PageRequest& page, const std::string& partition) {
  static const std::string sql = select_from(kCheckColumns, "check_results WHERE home=?1 AND id<?2 AND (?4='' OR name=?4) AND (?5='' OR partition=?5) ORDER BY id DESC LIMIT ?3");
  const CursorScope scope{{"checks", asset, check, partition}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<CheckRow> rows;
    auto query = database.query(sql, asset, before(*position), page.limit + 1, check, partition);
    while (query.next()) {
      auto& row = rows.emplace_back();
      row.value = read_check(database, query.row(), row.id);
    }
    return make_page(std::move(rows), page, scope, [](const CheckRow& row) { return std::vector{row.id}; });
  });
}

Reader::Result<Page<StepOutcome>> Reader::asset_attempts(const std::string& asset, const PageRequest& page) {
  static const std::string sql = select_from(
      kOutcomeColumns, "outcomes WHERE asset=? AND (run, attempt, ended_at) <= (?,?,?) ORDER BY run DESC, attempt DESC, ended_at DESC, partition DESC LIMIT ? OFFSET ?");
  const CursorScope scope{{"attempts", asset}};
  const auto position = read_cursor(scope, page.cursor, 4);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<StepOutcome> rows;
    const auto shown_before = position->empty() ? 0 : position->back();
    auto query = database.query(sql, asset, before(*position, 0), before(*position, 1), before(*position, 2), page.limit + 1, shown_before);
    while (query.next()) rows.push_back(read_outcome(database, query.row()));
    const auto shown = std::span(rows).first(std::min(rows.size(), static_cast<std::size_t>(page.limit)));
    const auto behind = shown.empty() ? std::vector<std::int64_t>() : position_behind(shown, *position);
    return make_page(std::move(rows), page, scope, [&](const StepOutcome&) { return behind; });
  });
}

Reader::Result<Page<TickRecord>> Reader::ticks(const std::string& schedule, const PageRequest& page) {
  static const std::string sql = select_from(kTickColumns, "ticks WHERE schedule=? AND instant<? ORDER BY instant DESC LIMIT ?");
  const CursorScope scope{{"ticks", schedule}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<TickRecord> rows;
    auto query = database.query(sql, schedule, before(*position), page.limit + 1);
    while (query.next()) rows.push_back(read_tick(database, query.row()));
    return make_page(std::move(rows), page, scope,
                     [](const TickRecord& row) { return std::vector<std::int64_t>{row.instant.time_since_epoch().count()}; });
  });
}

Reader::Result<Page<AuditRow>> Reader::audit(const PageRequest& page) {
  const CursorScope scope{{"audit"}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<AuditRow> rows;
    auto query = database.query("SELECT id, at, actor, remote, action, subject, detail FROM audit WHERE id<? ORDER BY id DESC LIMIT ?",
                                before(*position), page.limit + 1);
    while (query.next()) {
      auto row = query.row();
      auto& entry = rows.emplace_back();
      entry.id = row.integer();
      entry.value.at = row.time();
      entry.value.actor.name = row.text();
      entry.value.actor.remote = row.text();
      entry.value.action = row.text();
      entry.value.subject = row.text();
      entry.value.detail = read_json(database, row, nlohmann::json::object());
    }
    return make_page(std::move(rows), page, scope, [](const AuditRow& row) { return std::vector{row.id}; });
  });
}

Reader::Result<Page<EvaluationRow>> Reader::evaluations(const std::string& asset, const PageRequest& page) {
  const CursorScope scope{{"evaluations", asset}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<EvaluationRow> rows;
    auto query = database.query("SELECT id, at, holds, run, answer FROM evaluations WHERE asset=? AND id<? ORDER BY id DESC LIMIT ?", asset, before(*position),
                                page.limit + 1);
    while (query.next()) {
      auto row = query.row();
      auto& each = rows.emplace_back();
      each.id = row.integer();
      each.value = {asset, row.time(), row.integer() != 0, row.integer_or_null().value_or(0), row.text()};
    }
    return make_page(std::move(rows), page, scope, [](const EvaluationRow& row) { return std::vector{row.id}; });
  });
}

Reader::Result<std::vector<HistoryCell>> Reader::history(WallTime since) {
  const std::int64_t first = std::chrono::floor<std::chrono::days>(since).time_since_epoch().count();
  return impl_->read([&](Database& database) {
    std::vector<HistoryCell> cells;
    auto query = database.query("SELECT day, asset, succeeded, failed, skipped FROM history WHERE day>=? ORDER BY day, asset", first);
    while (query.next()) {
      auto row = query.row();
      auto& cell = cells.emplace_back();
      cell.day = iso_day(row.integer());
      cell.asset = row.text();
      cell.succeeded = static_cast<std::uint32_t>(row.integer());
      cell.failed = static_cast<std::uint32_t>(row.integer());
      cell.skipped = static_cast<std::uint32_t>(row.integer());
    }
    return cells;
  });
}

Reader::Result<Reader::OldLogs> Reader::old_logs(std::span<const RunId> runs, WallTime cutoff) {
  return impl_->read_unbounded([&](Database& database) {
    OldLogs old;
    for (const auto run : runs) {
      auto query = database.query("SELECT created_at, ended_at, EXISTS(SELECT 1 FROM last_failures WHERE run = runs.id) FROM runs WHERE id=?", run);
      if (!query.next()) {
        if (run <= newest_run(database)) old.runs.push_back(run);
        continue;
      }
      auto row = query.row();
      if (row.time() >= cutoff) {
        old.young = run;
        break;
      }
      const auto ended = row.time_or_null();
      if (const bool failed_last = row.integer() != 0; ended && *ended < cutoff && !failed_last) old.runs.push_back(run);
    }
    return old;
  });
}

Reader::Result<std::optional<WallTime>> Reader::oldest_under_way() {
  return impl_->read([&](Database& database) {
    auto query = database.query("SELECT min(created_at) FROM runs WHERE status<?", kFirstEndedRun);
    return query.next() ? query.row().time_or_null() : std::nullopt;
  });
}

Reader::Result<std::optional<IdempotentAnswer>> Reader::answer(const std::string& actor, const std::string& route, const std::string& key) {
  return impl_->read([&](Database& database) { return read_answer(database, actor, route, key); });
}

}  // namespace assetd
