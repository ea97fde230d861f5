#include "daemon/store/reader.h"

#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

struct ReadStore : TemporaryStore {
  std::unique_ptr<Reader> reader = open_reader_of(path);
};

/// Follows cursors to the end and gives what `text` says of each item.
template <typename Query, typename Text>
auto all_pages(int limit, Query query, Text text) {
  std::vector<std::decay_t<decltype(text(query(PageRequest{})->items[0]))>> all;
  PageRequest request{limit, ""};
  do {
    const auto page = query(request);
    if (!page) throw std::runtime_error(page.error().message);
    EXPECT_LE(page->items.size(), static_cast<std::size_t>(limit));
    for (const auto& item : page->items) all.push_back(text(item));
    request.cursor = page->next_cursor;
  } while (!request.cursor.empty());
  return all;
}

std::vector<RunId> ids(ReadStore& t, const RunFilter& filter, int limit = 2) {
  return all_pages(limit, [&](const PageRequest& page) { return t.reader->runs(filter, page); }, [](const RunRow& row) { return row.run.id; });
}

RunRecord run_of(RunId id, RunStatus status, const std::string& job = "nightly") {
  RunRecord run = sample_run(id);
  run.status = status;
  run.job = job;
  run.retry_of = std::nullopt;
  return run;
}

TEST(Reader, PagesThroughRunsNewestFirst) {
  ReadStore t;
  for (RunId id = 1; id <= 5; ++id) t.commit({RunCreated{run_of(id, RunStatus::queued), nullptr}});
  for (const int limit : {1, 2, 4, 5, 6}) EXPECT_EQ(ids(t, {}, limit), (std::vector<RunId>{5, 4, 3, 2, 1})) << limit;
}

TEST(Reader, FiltersRuns) {
  ReadStore t;
  t.commit({RunCreated{run_of(1, RunStatus::failed), nullptr}, RunCreated{run_of(2, RunStatus::running, "hourly"), nullptr},
            RunCreated{run_of(3, RunStatus::queued), nullptr}, RunCreated{run_of(4, RunStatus::succeeded), nullptr}});
  EXPECT_EQ(ids(t, {.statuses = {RunStatus::running, RunStatus::queued}}), (std::vector<RunId>{3, 2}));
  EXPECT_EQ(ids(t, {.statuses = {RunStatus::failed, RunStatus::succeeded}}), (std::vector<RunId>{4, 1}));
  EXPECT_EQ(ids(t, {.statuses = {RunStatus::failed}}), (std::vector<RunId>{1}));
  EXPECT_EQ(ids(t, {.since = at_ms(3000)}), (std::vector<RunId>{4, 3}));
  EXPECT_EQ(ids(t, {.job = "hourly"}), (std::vector<RunId>{2}));
}

TEST(Reader, FindsRunsOfAnAsset) {
  ReadStore t;
  CommitBatch batch;
  for (RunId id = 1; id <= 3; ++id) batch.changes.push_back(RunCreated{run_of(id, RunStatus::running), nullptr});
  batch.outcomes = {{"gold", 1, 1, StepStatus::succeeded, "", at_ms(1), at_ms(2)}, {"silver", 2, 1, StepStatus::succeeded, "", at_ms(1), at_ms(2)}};
  AssetState state;
  state.in_progress = AssetState::InProgress{3, at_ms(3)};
  batch.assets = {{"gold", state}};
  t.commit(std::move(batch));
  EXPECT_EQ(ids(t, {.asset = "gold"}), (std::vector<RunId>{3, 1}));
  EXPECT_EQ(ids(t, {.asset = "silver"}), (std::vector<RunId>{2}));
  EXPECT_EQ(ids(t, {.asset = "bronze"}), (std::vector<RunId>{}));
}

TEST(Reader, ShowsARunWithItsEndAndItsRetries) {
  ReadStore t;
  RunRecord run = sample_run(5), retry = sample_run(6);
  t.commit({RunCreated{run, nullptr}, RunCreated{retry, nullptr}});
  run.status = RunStatus::failed;
  run.ended_at = at_ms(99);
  const nlohmann::json causes = {{{"key", "stg_charges"}, {"skipped", 3}}};
  t.commit({RunChanged{run, RunStatus::running, {{"failed", 1}, {"skipped", 3}}, causes}});
  const auto row = t.reader->run(5).value();
  ASSERT_TRUE(row);
  EXPECT_EQ(text_of(row->run), text_of(run));
  EXPECT_EQ(row->counts, (std::map<std::string, std::uint32_t>{{"failed", 1}, {"skipped", 3}}));
  EXPECT_EQ(row->causes, causes);
  EXPECT_EQ(row->retried_by, std::vector<RunId>{6});
  EXPECT_FALSE(t.reader->run(7).value());
}

TEST(Reader, RefusesACursorOfOtherFilters) {
  ReadStore t;
  for (RunId id = 1; id <= 3; ++id) t.commit({RunCreated{run_of(id, RunStatus::queued), nullptr}});
  const auto cursor = t.reader->runs({}, {1, ""})->next_cursor;
  ASSERT_NE(cursor, "");
  const auto kind = [&](auto result) { return result ? StoreError::Kind::bug : result.error().kind; };
  EXPECT_EQ(kind(t.reader->runs({.job = "nightly"}, {1, cursor})), StoreError::Kind::cursor);
  EXPECT_EQ(kind(t.reader->audit({1, cursor})), StoreError::Kind::cursor);
  EXPECT_EQ(kind(t.reader->runs({}, {1, "nonsense!"})), StoreError::Kind::cursor);
  EXPECT_EQ(kind(t.reader->runs({}, {1, cursor.substr(0, cursor.size() - 3)})), StoreError::Kind::cursor);
  EXPECT_EQ(kind(t.reader->runs({}, {1, std::string(5000, 'A')})), StoreError::Kind::cursor);
  EXPECT_TRUE(t.reader->runs({}, {2, cursor})) << "another limit is no other list";
}

TEST(Reader, ShowsStepsWithRowsAndWithout) {
  ReadStore t;
  t.commit({RunCreated{sample_run(1), nullptr}, StepChanged{1, sample_step(1, StepStatus::failed), StepStatus::running, ""},
            StepChanged{1, sample_step(6, StepStatus::running), StepStatus::starting, ""},
            StepsEnded{1, {2, 3, 5}, StepStatus::skipped, "upstream_failed", 1, "", at_ms(9)}});
  const auto indexes = [](const auto& steps) {
    std::vector<StepIndex> out;
    for (const auto& step : *steps) out.push_back(step.step);
    return out;
  };
  EXPECT_EQ(indexes(t.reader->steps(1, 0, 8)), (std::vector<StepIndex>{1, 2, 3, 5, 6}));
  EXPECT_EQ(indexes(t.reader->steps(1, 3, 6)), (std::vector<StepIndex>{3, 5}));
  EXPECT_EQ(indexes(t.reader->steps_by_status(1, StepStatus::skipped, 0, 10)), (std::vector<StepIndex>{2, 3, 5}));
  EXPECT_EQ(indexes(t.reader->steps_by_status(1, StepStatus::skipped, 3, 1)), (std::vector<StepIndex>{3}));
  EXPECT_EQ(indexes(t.reader->steps_by_status(1, StepStatus::failed, 0, 10)), (std::vector<StepIndex>{1}));
  EXPECT_EQ(indexes(t.reader->steps_by_status(1, StepStatus::pending, 0, 10)), (std::vector<StepIndex>{0, 4, 7}));
  EXPECT_EQ(indexes(t.reader->steps_by_status(1, StepStatus::pending, 1, 1)), (std::vector<StepIndex>{4}));
}

TEST(Reader, ShowsAttemptsOfAStepAlsoWithinABatch) {
  ReadStore t;
  const auto alone = sample_intent(1, 0, {0}), batch = sample_intent(1, 1, {1, 2, 5}), again = sample_intent(1, 1, {2}, 2);
  t.commit({AttemptIntended{alone}, AttemptIntended{batch}, AttemptIntended{again}, AttemptIntended{sample_intent(2, 1, {2})}});
  EXPECT_EQ(texts_of(*t.reader->attempts(1)), texts_of<AttemptRecord>({alone, batch, again}));
  EXPECT_EQ(texts_of(*t.reader->attempts_of_step(1, 2)), texts_of<AttemptRecord>({batch, again}));
  EXPECT_EQ(texts_of(*t.reader->attempts_of_step(1, 5)), texts_of<AttemptRecord>({batch}));
  EXPECT_EQ(texts_of(*t.reader->attempts_of_step(1, 3)), std::vector<std::string>());
}

TEST(Reader, ShowsNotesOfAnAttempt) {
  ReadStore t;
  const auto id = sample_intent(1, 0, {0}).id;
  t.commit({AttemptNoted{id, "artifact", "model", {{"size", 3}}, at_ms(1)}, AttemptNoted{id, "log", "", "a line", at_ms(2)},
            AttemptNoted{sample_intent(2, 0, {0}).id, "log", "", "another's", at_ms(3)}});
  const auto notes = t.reader->notes(id).value();
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[0].kind, "artifact");
  EXPECT_EQ(notes[0].key, "model");
  EXPECT_EQ(notes[0].data, (nlohmann::json{{"size", 3}}));
  EXPECT_EQ(notes[0].at, at_ms(1));
  EXPECT_EQ(t.reader->notes(id, "log").value().size(), 1U) << "those of one kind";
  EXPECT_EQ(notes[1].data, "a line");
}

TEST(Reader, KnowsTheUsualDurationOfASelection) {
  ReadStore t;
  const auto ended = [&](RunId id, std::int64_t ms, RunStatus status) {
    RunRecord run = run_of(id, status);
    run.started_at = at_ms(0);
    run.ended_at = at_ms(ms);
    t.commit({RunCreated{run, nullptr}});
  };
  ended(1, 100, RunStatus::succeeded);
  EXPECT_EQ(t.reader->usual_ms("+gold_customers", "nightly").value(), std::nullopt);
  ended(2, 1, RunStatus::failed);
  ended(3, 300, RunStatus::succeeded);
  ended(4, 120, RunStatus::succeeded);
  EXPECT_EQ(t.reader->usual_ms("+gold_customers", "nightly").value(), 120);
  ended(5, -9'000, RunStatus::succeeded);
  ended(6, -9'000, RunStatus::succeeded);
  ended(7, -9'000, RunStatus::succeeded);
  EXPECT_EQ(t.reader->usual_ms("+gold_customers", "nightly").value(), 120) << "the clock was set back: they took nobody knows how long";
  EXPECT_EQ(t.reader->usual_ms("+gold_customers", "hourly").value(), std::nullopt);
}

TEST(Reader, PagesThroughMaterializationsOfAnAsset) {
  ReadStore t;
  std::vector<std::string> expected;
  for (RunId run = 1; run <= 5; ++run) {
    t.commit({Materialized{sample_materialization(run, 1, "gold")}, Materialized{sample_materialization(run, 2, "silver")}});
    expected.insert(expected.begin(), text_of(sample_materialization(run, 1, "gold")));
  }
  const auto query = [&](const PageRequest& page) { return t.reader->materializations("gold", page); };
  EXPECT_EQ(all_pages(2, query, [](const MaterializationRow& row) { return text_of(row.value); }), expected);
  const auto numbers = all_pages(2, query, [](const MaterializationRow& row) { return row.id; });
  EXPECT_EQ(std::set<std::int64_t>(numbers.begin(), numbers.end()).size(), 5U);
}

TEST(Reader, PagesThroughCheckResults) {
  ReadStore t;
  for (RunId run = 1; run <= 3; ++run) {
    auto other = sample_check(run, 2);
    other.name = "unique";
    other.partition = run == 2 ? "eu" : "us";
    t.commit({CheckReported{sample_check(run, 1)}, CheckReported{other}});
  }
  const auto runs = [&](const std::string& check) {
    return all_pages(2, [&](const PageRequest& page) { return t.reader->check_results("stg_charges", check, page); },
                     [](const CheckRow& row) { return row.value.run; });
  };
  EXPECT_EQ(runs(""), (std::vector<RunId>{3, 3, 2, 2, 1, 1}));
  EXPECT_EQ(runs("unique"), (std::vector<RunId>{3, 2, 1}));
  const auto of_us = t.reader->check_results("stg_charges", "", {1, ""}, "us");
  ASSERT_TRUE(of_us);
  EXPECT_EQ(of_us->items.at(0).value.run, 3);
  EXPECT_EQ(t.reader->check_results("stg_charges", "", {1, of_us->next_cursor}, "us")->items.at(0).value.run, 1);
  EXPECT_FALSE(t.reader->check_results("stg_charges", "", {1, of_us->next_cursor}, "eu")) << "a cursor is of its filters";
  EXPECT_EQ(texts_of(*t.reader->checks(2)).front(), text_of(sample_check(2, 1)));
}

TEST(Reader, PagesThroughOutcomesAndAddsThemUpByDay) {
  ReadStore t;
  const auto day = std::chrono::days(1);
  CommitBatch batch;
  batch.outcomes = {{"gold", 1, 1, StepStatus::failed, "exit_code", at_ms(1), at_ms(2)},
                    {"gold", 1, 2, StepStatus::succeeded, "", at_ms(3), at_ms(4)},
                    {"gold", 2, 0, StepStatus::skipped, "upstream_failed", std::nullopt, at_ms(5) + day},
                    {"silver", 2, 1, StepStatus::canceled, "canceled", at_ms(1), at_ms(6)}};
  t.commit(batch);
  std::vector<std::string> expected{text_of(batch.outcomes[2]), text_of(batch.outcomes[1]), text_of(batch.outcomes[0])};
  const auto query = [&](const PageRequest& page) { return t.reader->asset_attempts("gold", page); };
  EXPECT_EQ(all_pages(1, query, [](const StepOutcome& row) { return text_of(row); }), expected);

  const auto cells = t.reader->history(at_ms(0)).value();
  ASSERT_EQ(cells.size(), 2U);
  EXPECT_EQ(cells[0].day, "2026-09-21");
  EXPECT_EQ(cells[0].asset, "gold");
  EXPECT_EQ((std::vector{cells[0].succeeded, cells[0].failed, cells[0].skipped}), (std::vector<std::uint32_t>{1, 1, 0}));
  EXPECT_EQ((std::vector{cells[1].succeeded, cells[1].failed, cells[1].skipped}), (std::vector<std::uint32_t>{0, 0, 1}));
  EXPECT_EQ(t.reader->history(at_ms(0) + day)->size(), 1U);
}

// Of ten partitions that one process ended at one moment none is left out, however the pages fall.
TEST(Reader, PagesThroughOutcomesThatEndedTogether) {
  ReadStore t;
  CommitBatch batch;
  std::vector<std::string> expected;
  for (const RunId run : {1, 2})
    for (char partition = 'a'; partition < 'k'; ++partition) {
      batch.outcomes.push_back({"days", run, 1, StepStatus::succeeded, "", at_ms(1), at_ms(2), std::string(1, partition)});
      expected.insert(expected.begin(), text_of(batch.outcomes.back()));
    }
  t.commit(batch);
  const auto query = [&](const PageRequest& page) { return t.reader->asset_attempts("days", page); };
  for (const int limit : {1, 3, 10, 19, 20, 21}) EXPECT_EQ(all_pages(limit, query, [](const StepOutcome& row) { return text_of(row); }), expected) << limit;
}

TEST(Reader, PagesThroughTicks) {
  ReadStore t;
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) {
    const TickRecord tick{"nightly", at_ms(i), at_ms(i + 1), TickOutcome::failed, "no such job", i ? std::optional<RunId>(i) : std::nullopt};
    t.commit({TickRecorded{tick}});
    expected.insert(expected.begin(), text_of(tick));
  }
  EXPECT_EQ(all_pages(2, [&](const PageRequest& page) { return t.reader->ticks("nightly", page); }, [](const TickRecord& r) { return text_of(r); }),
            expected);
}

TEST(Reader, PagesThroughTheAudit) {
  ReadStore t;
  for (int i = 0; i < 3; ++i) {
    CommitBatch batch;
    batch.audit = {{at_ms(i), {"ada", "127.0.0.1"}, "run.cancel", std::to_string(i), {{"reason", "late"}}}};
    t.commit(std::move(batch));
  }
  const auto query = [&](const PageRequest& page) { return t.reader->audit(page); };
  EXPECT_EQ(all_pages(2, query, [](const AuditRow& row) { return row.value.subject; }), (std::vector<std::string>{"2", "1", "0"}));
  const auto row = t.reader->audit({1, ""})->items.at(0).value;
  EXPECT_EQ(row.at, at_ms(2));
  EXPECT_EQ(row.actor.name + row.actor.remote + row.action + row.detail.dump(), R"(ada127.0.0.1run.cancel{"reason":"late"})");
}

std::vector<Event> sample_events() {
  using nlohmann::json;
  return {{0, at_ms(1), "run_changed", 1, "", {{"run_id", "1"}}, {{"status", "running"}}},
          {0, at_ms(2), "step_changed", 1, "gold", {{"run_id", "1"}, {"key", "gold"}, {"partition", nullptr}}, {{"status", "failed"}}},
          {0, at_ms(3), "step_changed", 1, "", {{"run_id", "1"}, {"key", "a"}, {"keys", {"a", "b"}}, {"partition", nullptr}}, {{"status", "skipped"}}},
          {0, at_ms(4), "asset_changed", 0, "gold", {{"key", "gold"}}, {{"status", "failed"}}},
          {0, at_ms(5), "tick", 2, "", {{"schedule", "nightly"}}, json::object()},
          {0, at_ms(6), "something_new", 0, "gold", json::object(), {{"x", 1}}}};
}

TEST(Reader, GivesBackEventsAsTheyWereCommitted) {
  ReadStore t;
  CommitBatch batch;
  batch.events = sample_events();
  ASSERT_TRUE(t.store->commit(batch));
  const auto read = t.reader->events_after(0, {}, 100).value();
  EXPECT_EQ(texts_of(read.items), texts_of(batch.events));
  EXPECT_EQ(read.lowest, 1);
  EXPECT_EQ(read.newest, 6);
  EXPECT_EQ(t.reader->as_of().value(), 6);
}

TEST(Reader, FiltersEvents) {
  ReadStore t;
  CommitBatch batch;
  batch.events = sample_events();
  t.commit(std::move(batch));
  const auto after = [&](std::int64_t id, const EventFilter& filter, int limit = 100) {
    std::vector<std::int64_t> out;
    const auto events = t.reader->events_after(id, filter, limit);
    for (const auto& event : events->items) out.push_back(event.id);
    return out;
  };
  using Ids = std::vector<std::int64_t>;
  EXPECT_EQ(after(2, {}), (Ids{3, 4, 5, 6}));
  EXPECT_EQ(after(0, {}, 2), (Ids{1, 2}));
  EXPECT_EQ(after(0, {.types = {"step_changed", "something_new"}}), (Ids{2, 3, 6}));
  EXPECT_EQ(after(0, {.run = 1}), (Ids{1, 2, 3}));
  EXPECT_EQ(after(0, {.asset = "gold"}), (Ids{2, 4, 6}));
  EXPECT_EQ(after(0, {.types = {"step_changed"}, .run = 1, .asset = "gold"}), (Ids{2}));
  const auto newest = [&](const PageRequest& page) { return t.reader->events_newest({.run = 1}, page); };
  EXPECT_EQ(all_pages(2, newest, [](const Event& event) { return event.id; }), (Ids{3, 2, 1}));
}

TEST(Reader, HasNoEventsInANewStore) {
  ReadStore t;
  EXPECT_EQ(t.reader->as_of().value(), 0);
  const auto read = t.reader->events_after(0, {}, 100).value();
  EXPECT_EQ(read.lowest, 1);
  EXPECT_EQ(read.newest, 0);
}

TEST(Reader, FindsAnswers) {
  ReadStore t;
  CommitBatch batch;
  batch.answers = {{"ada", "POST /runs", "k1", "hash", 201, "{}", at_ms(1)}};
  t.commit(std::move(batch));
  EXPECT_EQ(t.reader->answer("ada", "POST /runs", "k1").value()->status, 201);
  EXPECT_FALSE(t.reader->answer("ada", "POST /runs", "k2").value());
}

TEST(Reader, StopsAQueryThatTakesTooLong) {
  TemporaryStore t;
  std::vector<StepIndex> every_other;
  for (StepIndex step = 0; step < 4000; ++step) every_other.push_back(2 * step);
  std::vector<Change> changes{RunCreated{sample_run(1), nullptr}};
  for (const auto step : every_other) changes.push_back(StepChanged{1, sample_step(step, StepStatus::succeeded), StepStatus::running, ""});
  t.commit(std::move(changes));
  auto impatient = Reader::open(t.path, Millis(0));
  ASSERT_TRUE(impatient);
  const auto steps = (*impatient)->steps(1, 0, kNone);
  ASSERT_FALSE(steps);
  EXPECT_EQ(steps.error().kind, StoreError::Kind::busy);
  EXPECT_TRUE((*impatient)->run(1)) << "the next query starts afresh";
}

TEST(Reader, SaysThatThereIsNoStore) {
  TemporaryFolder folder;
  const auto reader = Reader::open(folder.file("none.db"));
  ASSERT_FALSE(reader);
  EXPECT_NE(reader.error().message.find("none.db"), std::string::npos) << reader.error().message;
}

}  // namespace
}  // namespace assetd
