// Reader: runs and what they consist of.

#include <algorithm>

#include "daemon/store/codes.h"
#include "daemon/store/errors.h"
#include "daemon/store/packed.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/recovery.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

RunRow read_run_row(Database& database, Columns row) {
  RunEnd end;
  RunRow out;
  out.run = read_run(database, row, end);
  out.counts = std::move(end.counts);
  out.causes = std::move(end.causes);
  return out;
}

void read_retries(Database& database, RunRow& row) {
  auto query = database.query("SELECT id FROM runs WHERE retry_of=? ORDER BY id", row.run.id);
  while (query.next()) row.retried_by.push_back(query.row().integer());
}

std::string status_condition(const std::vector<RunStatus>& statuses) {
  if (statuses.empty()) return "";
  std::string list;
  for (const auto status : statuses) list += (list.empty() ? "" : ",") + std::to_string(stored(status));
  // The index serves one status in order of ids, or the few runs that are active. Else it would mean to sort most of all runs: the '+' forbids it.
  const bool few = statuses.size() == 1 || std::ranges::none_of(statuses, [](RunStatus s) { return is_terminal(s); });
  return std::string(few ? " AND status" : " AND +status") + " IN (" + list + ")";
}

/// Parameters: 1 before id, 2 limit, 3 job, 4 since, 5 asset, 6 backfill.
std::string runs_sql(const RunFilter& filter) {
  std::string sql = select_from(kRunColumns, "runs WHERE id<?1") + status_condition(filter.statuses);
  if (!filter.job.empty()) sql += " AND job=?3";
  if (filter.since) sql += " AND created_at>=?4";
  if (filter.backfill) sql += " AND backfill=?6";
  if (!filter.asset.empty())
    sql += " AND id IN (SELECT run FROM outcomes WHERE asset=?5 "
           "UNION SELECT json_extract(state, '$.in_progress.run') FROM asset_states WHERE key=?5)";
  return sql + " ORDER BY id DESC LIMIT ?2";
}

CursorScope runs_scope(const RunFilter& filter) {
  auto statuses = filter.statuses;
  std::ranges::sort(statuses);
  nlohmann::json numbers = nlohmann::json::array();
  for (const auto status : statuses) numbers.push_back(stored(status));
  const auto since = filter.since ? nlohmann::json(filter.since->time_since_epoch().count()) : nlohmann::json();
  return {{"runs", numbers, filter.asset, since, filter.job, filter.backfill}};
}

/// The first `limit` steps from `from` on that neither have a row nor are in a set.
std::vector<StepRecord> pending_steps(Database& database, RunId run, StepIndex from, int limit) {
  auto total = database.query("SELECT steps_total FROM runs WHERE id=?", run);
  const auto end = total.next() ? static_cast<StepIndex>(total.row().integer()) : 0;
  const auto others = read_steps(database, run, from, end);
  std::vector<StepRecord> pending;
  auto other = others.begin();
  for (StepIndex step = from; step < end && pending.size() < static_cast<std::size_t>(limit); ++step) {
    if (other != others.end() && other->step == step) ++other;
    else pending.push_back({step});
  }
  return pending;
}

std::vector<StepRecord> stepped_to(Database& database, RunId run, StepStatus status, StepIndex from, int limit) {
  static const std::string rows_sql = select_from(kStepColumns, "steps WHERE run=? AND step>=? AND status=? ORDER BY step LIMIT ?");
  static const std::string sets_sql = select_from(kStepSetColumns, "step_sets WHERE run=? AND last>=? AND status=?");
  std::vector<StepRecord> steps;
  {
    auto query = database.query(rows_sql, run, from, stored(status), limit);
    while (query.next()) steps.push_back(read_step(database, query.row()));
  }
  auto query = database.query(sets_sql, run, from, stored(status));
  while (query.next()) read_step_set(database, query.row(), from, kNone, steps);
  std::ranges::sort(steps, {}, &StepRecord::step);
  if (steps.size() > static_cast<std::size_t>(limit)) steps.resize(static_cast<std::size_t>(limit));
  return steps;
}

}  // namespace

Reader::Result<Page<RunRow>> Reader::runs(const RunFilter& filter, const PageRequest& page) {
  const auto scope = runs_scope(filter);
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<RunRow> rows;
    {
      auto query = database.query(runs_sql(filter), before(*position), page.limit + 1, filter.job, filter.since, filter.asset, filter.backfill);
      while (query.next()) rows.push_back(read_run_row(database, query.row()));
    }
    for (auto& row : rows) read_retries(database, row);
    return make_page(std::move(rows), page, scope, [](const RunRow& row) { return std::vector{row.run.id}; });
  });
}

Reader::Result<std::optional<RunRow>> Reader::run(RunId id) {
  static const std::string sql = select_from(kRunColumns, "runs WHERE id=?");
  return impl_->read([&](Database& database) {
    auto query = database.query(sql, id);
    std::optional<RunRow> row;
    if (query.next()) read_retries(database, row.emplace(read_run_row(database, query.row())));
    return row;
  });
}

Reader::Result<std::optional<std::string>> Reader::plan(RunId id) {
  return impl_->read([&](Database& database) {
    auto plan = read_plan(database, id);
    if (!plan) database.fail(damaged_error(database.path(), "the plan of run " + std::to_string(id) + " cannot be read"));
    return plan && !plan->empty() ? std::move(plan) : std::nullopt;
  });
}

Reader::Result<std::vector<StepRecord>> Reader::steps(RunId id, StepIndex from, StepIndex to) {
  return impl_->read([&](Database& database) { return read_steps(database, id, from, to); });
}

Reader::Result<std::vector<StepRecord>> Reader::steps_by_status(RunId id, StepStatus status, StepIndex from, int limit) {
  return impl_->read([&](Database& database) {
    return status == StepStatus::pending ? pending_steps(database, id, from, limit) : stepped_to(database, id, status, from, limit);
  });
}

Reader::Result<std::vector<AttemptRecord>> Reader::attempts(RunId id) {
  return impl_->read([&](Database& database) { return read_attempts(database, id); });
}

Reader::Result<std::vector<AttemptRecord>> Reader::attempts_of_step(RunId id, StepIndex step) {
  static const std::string sql = select_from(kAttemptColumns, "attempts WHERE run=? AND (first_step=? OR first_step IS NULL) ORDER BY rowid");
  return impl_->read([&](Database& database) {
    std::vector<AttemptRecord> attempts;
    auto query = database.query(sql, id, step);
    while (query.next()) {
      auto attempt = read_attempt(database, query.row());
      if (std::ranges::find(attempt.steps, step) != attempt.steps.end()) attempts.push_back(std::move(attempt));
    }
    return attempts;
  });
}

Reader::Result<std::vector<CheckResult>> Reader::checks(RunId id) {
  return impl_->read([&](Database& database) { return read_checks(database, id); });
}

Reader::Result<std::vector<Note>> Reader::notes(const AttemptId& attempt, const std::string& kind) {
  return impl_->read([&](Database& database) {
    std::vector<Note> notes;
    auto query = database.query("SELECT kind, key, data, at FROM notes WHERE attempt=?1 AND (?2='' OR kind=?2) ORDER BY id", Blob{pack_id(attempt)}, kind);
    while (query.next()) {
      auto row = query.row();
      Note& note = notes.emplace_back();
      note.kind = row.text();
      note.key = row.text();
      note.data = read_json(database, row, nullptr);
      note.at = row.time();
    }
    return notes;
  });
}

Reader::Result<std::optional<std::int64_t>> Reader::usual_ms(const std::string& select, const std::string& job) {
  return impl_->read([&](Database& database) {
    std::vector<std::int64_t> durations;
    auto query = database.query("SELECT ended_at - started_at FROM runs WHERE selection=? AND job=? AND status=? AND started_at<=ended_at "
                                "ORDER BY id DESC LIMIT 20",
                                select, job, stored(RunStatus::succeeded));
    while (query.next()) durations.push_back(query.row().integer());
    if (durations.size() < 2) return std::optional<std::int64_t>();
    const auto middle = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
    std::ranges::nth_element(durations, middle);
    return std::optional(*middle);
  });
}

}  // namespace assetd
