// What is forgotten, what never is, and that it goes in steps.

#include "daemon/store/prune.h"

#include "daemon/store/connection.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

constexpr auto kDay = std::chrono::hours(24);

/// A run of one step of each of `keys`, with all that is kept of it; the step `failing` fails.
CommitBatch ended_run(RunId id, WallTime at, const std::vector<std::string>& keys, const std::string& failing = "") {
  CommitBatch batch;
  RunRecord run = sample_run(id);
  run.status = failing.empty() ? RunStatus::succeeded : RunStatus::failed;
  run.created_at = at;
  run.started_at = run.ended_at = at;
  batch.changes.push_back(RunCreated{run, nullptr});
  for (StepIndex step = 0; step < keys.size(); ++step) {
    const bool failed = keys[step] == failing;
    const auto attempt = sample_end(sample_intent(id, step, {step}));
    auto record = sample_step(step, failed ? StepStatus::failed : StepStatus::succeeded);
    auto made = sample_materialization(id, step, keys[step]);
    made.attempt = attempt.id;
    made.at = at;
    auto check = sample_check(id, step);
    check.home = keys[step];
    batch.changes.insert(batch.changes.end(), {AttemptIntended{attempt}, AttemptEnded{attempt}, StepChanged{id, record, StepStatus::running, attempt.id},
                                               AttemptNoted{attempt.id, "custom", keys[step], {{"x", 1}}, at}, CheckReported{check}});
    if (!failed) batch.changes.push_back(Materialized{made});
    batch.outcomes.push_back({keys[step], id, 1, record.status, "", at, at});
    batch.events.push_back({0, at, "step_changed", id, keys[step], nlohmann::json::object(), {{"status", "x"}}});
  }
  batch.changes.push_back(StepsEnded{id, {100, 101}, StepStatus::skipped, "upstream_failed", 0, "", at});
  batch.audit.push_back({at, {"ada", ""}, "run.create", std::to_string(id)});
  batch.changes.push_back(TickRecorded{{"nightly", at, at, TickOutcome::requested, "", id}});
  return batch;
}

PruneCutoffs all_before(WallTime at) { return {at, at, at, at}; }

/// Steps that it took.
int sweep(TemporaryStore& t, PruneCutoffs cutoffs, int rows = 1'000) {
  PruneSweep sweep(cutoffs);
  int steps = 0;
  for (; !sweep.over() && steps < 100'000; ++steps) EXPECT_TRUE(t.store->prune(sweep, {.rows = rows}));
  EXPECT_TRUE(sweep.over());
  return steps;
}

std::int64_t count(TemporaryStore& t, const std::string& of) {
  const auto rows = open_reader(t.path).value();
  auto query = rows->query("SELECT count(*) FROM " + of);
  return query.next() ? query.row().integer() : -1;
}

const std::vector<std::string> kTables{"runs", "attempts", "notes", "steps", "step_sets", "check_results", "outcomes", "events", "history", "audit"};

TEST(Prune, ForgetsAllThatIsKeptOfARunThatIsOldEnough) {
  TemporaryStore t;
  t.commit(ended_run(1, at_ms(0), {"a", "b"}));
  t.commit(ended_run(2, at_ms(0) + 10 * kDay, {"a", "b"}));
  sweep(t, all_before(at_ms(0) + 10 * kDay));
  for (const auto& table : kTables) {
    const auto left = count(t, table);
    EXPECT_GT(left, 0) << table;
    const bool names_its_run = table != "history" && table != "runs" && table != "notes" && table != "audit";
    EXPECT_EQ(count(t, table + (names_its_run ? " WHERE run = 2" : "")), left) << table;
  }
  EXPECT_FALSE(open_reader_of(t.path)->run(1)->has_value());
  EXPECT_TRUE(open_reader_of(t.path)->run(2)->has_value());
  EXPECT_EQ(count(t, "ticks"), 1);
  EXPECT_EQ(t.load().last_run, 2);
}

TEST(Prune, KeepsTheNewestMaterializationOfAnAssetHoweverOld) {
  TemporaryStore t;
  t.commit(ended_run(1, at_ms(0), {"a"}));
  t.commit(ended_run(2, at_ms(1), {"a", "b"}));
  t.commit(ended_run(3, at_ms(2), {"b"}));
  sweep(t, all_before(at_ms(0) + kDay));
  EXPECT_EQ(count(t, "runs"), 0);
  const auto a = open_reader_of(t.path)->materializations("a", {}), b = open_reader_of(t.path)->materializations("b", {});
  ASSERT_EQ(a->items.size(), 1U);
  EXPECT_EQ(a->items[0].value.run, 2);
  ASSERT_EQ(b->items.size(), 1U);
  EXPECT_EQ(b->items[0].value.run, 3);
  EXPECT_EQ(count(t, "ticks"), 1) << "the newest of a schedule says what was dealt with";
}

TEST(Prune, KeepsTheRunInWhichAnAssetFailedLast) {
  TemporaryStore t;
  t.commit(ended_run(1, at_ms(0), {"a", "b"}, "a"));
  t.commit(ended_run(2, at_ms(1), {"a", "b"}, "a"));
  t.commit(ended_run(3, at_ms(2), {"a", "b"}));
  sweep(t, all_before(at_ms(0) + kDay));
  EXPECT_EQ(count(t, "runs"), 1);
  EXPECT_EQ(count(t, "runs WHERE id = 2"), 1);
  EXPECT_EQ(count(t, "attempts WHERE run = 2"), 2);
  EXPECT_EQ(open_reader_of(t.path)->asset_attempts("a", {})->items.size(), 1U);
  const std::vector<RunId> runs{1, 2, 3, 99};
  EXPECT_EQ(open_reader_of(t.path)->old_logs(runs, at_ms(0) + kDay)->runs, (std::vector<RunId>{1, 3})) << "2 is kept, 99 is on its way";
}

TEST(Prune, LeavesARunThatHasNotEndedAndWhatCameBefore) {
  TemporaryStore t;
  RunRecord running = sample_run(1);
  running.status = RunStatus::running;
  running.created_at = at_ms(0);
  running.ended_at.reset();
  t.commit({RunCreated{running, nullptr}});
  t.commit(ended_run(2, at_ms(1), {"a"}));
  sweep(t, all_before(at_ms(0) + kDay));
  EXPECT_EQ(t.load().runs.size(), 1U);
  EXPECT_EQ(count(t, "runs"), 1);
}

TEST(Prune, ForgetsEventsByTheirOwnAgeAndSaysWhichIsTheOldest) {
  TemporaryStore t;
  for (RunId run = 1; run <= 20; ++run) t.commit(ended_run(run, at_ms(0) + run * kDay, {"a"}));
  sweep(t, {.events = at_ms(0) + 15 * kDay}, 3);
  EXPECT_EQ(count(t, "events"), 6);
  EXPECT_EQ(count(t, "runs"), 20);
  EXPECT_EQ(open_reader_of(t.path)->events_after(0, {}, 100)->lowest, 15);
  sweep(t, {.events = at_ms(0) + 99 * kDay});
  EXPECT_EQ(open_reader_of(t.path)->events_after(0, {}, 100)->lowest, 21) << "one above the newest, so that an older position is told to be gone";
  t.commit(ended_run(21, at_ms(0) + 99 * kDay, {"a"}));
  EXPECT_EQ(t.store->last_event(), 21) << "no id is given twice";
}

TEST(Prune, GoesInStepsOfTheSizeThatIsAskedFor) {
  TemporaryStore t;
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) keys.push_back("a" + std::to_string(i));
  t.commit(ended_run(1, at_ms(0), keys));
  t.commit(ended_run(2, at_ms(1), keys));
  EXPECT_GT(sweep(t, all_before(at_ms(0) + kDay), 100), 2 * 5 * 500 / 100) << "five tables with 500 rows a run";
  EXPECT_EQ(count(t, "runs"), 0);
  EXPECT_EQ(count(t, "attempts"), 0);
  EXPECT_EQ(count(t, "outcomes"), 0);
  EXPECT_EQ(count(t, "materializations"), 500);
}

// Whatever the rows of one table cost: 2,000 of those of another took the time that was meant for one step twenty times over.
TEST(Prune, AStepEndsWithItsTime) {
  TemporaryStore t;
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back("a" + std::to_string(i));
  t.commit(ended_run(1, at_ms(0), keys));
  PruneSweep sweep(all_before(at_ms(0) + kDay));
  auto before = count(t, "attempts");
  for (int steps = 0; !sweep.over(); ++steps) {
    ASSERT_LT(steps, 1'000);
    ASSERT_TRUE(t.store->prune(sweep, {.time = std::chrono::microseconds(0)}));
    const auto now = count(t, "attempts");
    EXPECT_LE(before - now, 32);
    before = now;
  }
  EXPECT_EQ(before, 0);
}

TEST(Prune, OfARunThatIsHalfGoneTheRestGoesAfterARestart) {
  TemporaryStore t;
  t.commit(ended_run(1, at_ms(0), {"a", "b", "c", "d"}));
  PruneSweep first(all_before(at_ms(0) + kDay));
  while (count(t, "attempts") == 4) ASSERT_TRUE(t.store->prune(first, {.rows = 3}));
  EXPECT_EQ(count(t, "runs"), 1);
  t.reopen();
  sweep(t, all_before(at_ms(0) + kDay));
  for (const auto& table : {"runs", "attempts", "notes", "steps", "outcomes"}) EXPECT_EQ(count(t, table), 0) << table;
}

TEST(Prune, ForgetsDefinitionsThatNoRunIsPinnedTo) {
  TemporaryStore t;
  for (int version = 1; version <= 4; ++version) {
    DefinitionsRecord record{0, "hash" + std::to_string(version), "compiled", "", nlohmann::json::object(), at_ms(version)};
    CommitBatch nothing;
    ASSERT_EQ(t.store->put_definitions(record, nothing).value(), version);
  }
  auto run = ended_run(1, at_ms(0), {"a"}, "a");
  std::get<RunCreated>(run.changes.front()).run.definitions_version = 2;
  t.commit(std::move(run));
  sweep(t, all_before(at_ms(0) + kDay));
  EXPECT_EQ(count(t, "definitions"), 2);
  EXPECT_EQ(count(t, "compiled"), 2);
  EXPECT_TRUE(t.store->definitions(2).value().has_value()) << "of the run in which a failed last";
  EXPECT_EQ(t.store->current_definitions().value()->version, 4);
}

TEST(Prune, ForgetsBackfillsByTheirEndAndNeverGivesANumberAgain) {
  TemporaryStore t;
  CommitBatch batch;
  for (std::int64_t id = 1; id <= 5; ++id) {
    Backfill backfill;
    backfill.id = id;
    backfill.created_at = at_ms(0);
    if (id != 2) backfill.status = BackfillStatus::succeeded, backfill.ended_at = at_ms(0) + (id == 3 ? 20 : 1) * kDay;
    backfill.groups.push_back({.assets = {"a"}, .wanted = IndexSet::range(0, 1)});
    if (id == 4) backfill.runs[9] = {0, IndexSet::range(0, 1)};  // a run of it is still to be settled
    batch.backfills.push_back(backfill);
  }
  t.commit(batch);
  sweep(t, all_before(at_ms(0) + 10 * kDay));
  EXPECT_EQ(count(t, "backfills WHERE id=1"), 0);
  EXPECT_EQ(count(t, "backfills"), 4) << "one that goes on, one that ended later, one that is still at work, the newest";
  EXPECT_EQ(t.load().last_backfill, 5);
}

TEST(Prune, ForgetsAnswersAndGivesFreedPagesBack) {
  TemporaryStore t;
  CommitBatch batch;
  for (int i = 0; i < 2'000; ++i) batch.answers.push_back({"ada", "POST /runs", "k" + std::to_string(i), "hash", 201, std::string(500, 'x'), at_ms(1)});
  t.commit(batch);
  ASSERT_TRUE(t.store->checkpoint());
  const auto before = std::filesystem::file_size(t.path);
  sweep(t, all_before(at_ms(1)));
  EXPECT_TRUE(t.store->find_answer("ada", "POST /runs", "k7"));
  sweep(t, all_before(at_ms(2)));
  EXPECT_FALSE(t.store->find_answer("ada", "POST /runs", "k7"));
  ASSERT_TRUE(t.store->checkpoint());
  EXPECT_LT(std::filesystem::file_size(t.path), before / 2);
}

}  // namespace
}  // namespace assetd
