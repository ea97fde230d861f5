#include "daemon/store/store.h"

#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

TEST(Store, StartsEmptyWithAnIdThatStays) {
  TemporaryStore t;
  const std::string id = t.store->id();
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(t.load().runs.size(), 0U);
  t.reopen();
  EXPECT_EQ(t.store->id(), id);
}

TEST(Store, CountsGenerations) {
  TemporaryStore t;
  EXPECT_EQ(t.store->next_generation(), 1);
  EXPECT_EQ(t.store->next_generation(), 2);
  t.reopen();
  EXPECT_EQ(t.store->next_generation(), 3);
}

TEST(Store, GivesBackARunThatHasNotEnded) {
  TemporaryStore t;
  RunRecord run = sample_run(41);
  t.commit({RunCreated{run, nullptr}});
  t.reopen();
  auto recovered = t.load();
  ASSERT_EQ(recovered.runs.size(), 1U);
  EXPECT_EQ(text_of(recovered.runs[0].run), text_of(run));
  EXPECT_EQ(recovered.last_run, 41);
  EXPECT_EQ(recovered.transaction, 1);

  run.status = RunStatus::canceling;
  run.started_at = at_ms(1);
  run.cancel_requested_at = at_ms(2);
  run.cancel_requested_by = "bob";
  t.commit({RunChanged{run, RunStatus::running, {}, nlohmann::json::array()}});
  EXPECT_EQ(text_of(t.load().runs[0].run), text_of(run));

  run.status = RunStatus::failed;
  run.ended_at = at_ms(3);
  t.commit({RunChanged{run, RunStatus::running, {{"failed", 1}}, {{{"key", "a"}}}}});
  EXPECT_EQ(t.load().runs.size(), 0U);
  EXPECT_EQ(t.load().last_run, 41);
}

TEST(Store, GivesBackAPlan) {
  TemporaryStore t;
  Definitions definitions;
  for (const char* key : {"a", "b", "c"}) {
    auto& asset = definitions.assets.emplace_back();
    asset.key = key;
    asset.run = RunSpec{};
  }
  const auto graph = AssetGraph::build(definitions);
  ASSERT_TRUE(graph);
  const std::vector<AssetId> assets{0, 2};
  auto plan = std::make_shared<const RunPlan>(make_plan(definitions, *graph, assets, StepsMode::all));
  t.commit({RunCreated{sample_run(1), plan}});
  EXPECT_EQ(t.load().runs[0].plan, plan->encode());
}

TEST(Store, KeepsTheLastStateOfEachStep) {
  TemporaryStore t;
  const auto running = sample_step(2, StepStatus::running), failed = sample_step(2, StepStatus::failed);
  const auto waiting = sample_step(5, StepStatus::waiting_retry), ready = sample_step(6, StepStatus::ready);
  t.commit({RunCreated{sample_run(1), nullptr}, StepChanged{1, running, StepStatus::starting, ""},
            StepChanged{1, failed, StepStatus::running, ""}, StepChanged{1, waiting, StepStatus::running, ""},
            StepChanged{1, ready, StepStatus::pending, ""}});
  EXPECT_EQ(texts_of(t.load().runs[0].steps), texts_of<StepRecord>({failed, waiting}));
}

TEST(Store, MergesStepsThatEndedTogether) {
  TemporaryStore t;
  const auto waiting = sample_step(5, StepStatus::waiting_retry);
  t.commit({RunCreated{sample_run(1), nullptr}, StepChanged{1, waiting, StepStatus::running, ""},
            StepsEnded{1, {3, 4, 5, 7, 1}, StepStatus::canceled, "canceled", kNone, "by ada", at_ms(9)}});
  std::vector<StepRecord> expected;
  for (const StepIndex step : {1U, 3U, 4U, 5U, 7U})
    expected.push_back({step, StepStatus::canceled, 0, false, "canceled", "by ada", std::nullopt, at_ms(9), std::nullopt});
  expected[3].attempts = waiting.attempts;
  expected[3].materialized = waiting.materialized;
  expected[3].started_at = waiting.started_at;
  EXPECT_EQ(texts_of(t.load().runs[0].steps), texts_of(expected));
}

TEST(Store, FollowsAnAttemptFromIntentToEnd) {
  TemporaryStore t;
  auto attempt = sample_intent(1, 2, {2, 3, 4, 8});
  t.commit({RunCreated{sample_run(1), nullptr}, AttemptIntended{attempt}});
  EXPECT_EQ(texts_of(t.load().runs[0].attempts), texts_of<AttemptRecord>({attempt}));

  attempt.started_at = at_ms(20);
  attempt.pid = 7;
  attempt.warm = true;
  attempt.message_offset = 55;
  t.commit({AttemptStarted{attempt.id, 7, at_ms(20), true}, MessagesRead{attempt.id, 55}});
  EXPECT_EQ(texts_of(t.load().runs[0].attempts), texts_of<AttemptRecord>({attempt}));

  attempt = sample_end(attempt);
  t.commit({AttemptEnded{attempt}});
  EXPECT_EQ(texts_of(t.load().runs[0].attempts), texts_of<AttemptRecord>({attempt}));
}

// One transaction leaves what each on its own would have left, also where it writes only the last of several rows.
TEST(Store, TogetherLeavesWhatOneByOneLeaves) {
  auto intent = sample_intent(1, 2, {2});
  auto end = sample_end(intent);
  end.started_at = at_ms(20);
  end.pid = 7;
  end.warm = true;
  end.message_offset = 55;
  const std::vector<Change> after_start = {
      AttemptStarted{intent.id, 7, at_ms(20), true}, StepChanged{1, sample_step(2, StepStatus::running), StepStatus::starting, intent.id}, MessagesRead{intent.id, 55},
      AttemptEnded{end}, StepChanged{1, sample_step(2, StepStatus::failed), StepStatus::running, intent.id},
      StepChanged{1, sample_step(3, StepStatus::running), StepStatus::starting, ""}, StepChanged{1, {3, StepStatus::pending}, StepStatus::running, ""}};
  const auto with_a_set = [&] {
    auto changes = after_start;
    changes.insert(changes.begin() + 2, StepsEnded{1, {2, 5, 6}, StepStatus::skipped, "upstream_failed", 1, "", at_ms(30)});
    return changes;
  }();
  for (const auto& changes : {after_start, with_a_set}) {
    TemporaryStore together, apart;
    for (auto* t : {&together, &apart})
      t->commit({RunCreated{sample_run(1), nullptr}, AttemptIntended{intent}, StepChanged{1, sample_step(2, StepStatus::starting), StepStatus::ready, intent.id}});
    together.commit(changes);
    for (const auto& change : changes) apart.commit({change});
    EXPECT_EQ(texts_of(together.load().runs[0].attempts), texts_of(apart.load().runs[0].attempts));
    EXPECT_EQ(texts_of(together.load().runs[0].steps), texts_of(apart.load().runs[0].steps));
    EXPECT_EQ(together.load().runs[0].attempts[0].pid, 7);
    EXPECT_EQ(together.load().runs[0].steps[0].status, StepStatus::failed);
  }
}

TEST(Store, RefusesAChangeOfWhatWasNeverCommitted) {
  TemporaryStore t;
  CommitBatch batch;
  batch.changes = {AttemptEnded{sample_end(sample_intent(1, 1, {1}))}};
  const auto done = t.store->commit(batch);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, StoreError::Kind::bug);
  EXPECT_TRUE(t.store->latched());
}

TEST(Store, RefusesAnAttemptIdTwice) {
  TemporaryStore t;
  t.commit({AttemptIntended{sample_intent(1, 1, {1})}});
  CommitBatch batch;
  batch.changes = {AttemptIntended{sample_intent(1, 1, {1})}};
  EXPECT_FALSE(t.store->commit(batch));
}

TEST(Store, GivesBackChecksOfARun) {
  TemporaryStore t;
  auto outside = sample_check(1, 4);
  outside.home_step = kNone;
  t.commit({RunCreated{sample_run(1), nullptr}, CheckReported{sample_check(1, 3)}, CheckReported{outside}});
  EXPECT_EQ(texts_of(t.load().runs[0].checks), texts_of<CheckResult>({sample_check(1, 3), outside}));
}

TEST(Store, GivesBackAssets) {
  TemporaryStore t;
  CommitBatch batch;
  batch.assets = {{"gold", sample_asset_state()}, {"silver", AssetState{}}};
  t.commit(std::move(batch));
  const auto assets = t.load().assets;
  ASSERT_EQ(assets.size(), 2U);
  EXPECT_EQ(assets[0].first, "gold");
  EXPECT_EQ(to_json(assets[0].second), to_json(sample_asset_state()));
  EXPECT_EQ(to_json(assets[1].second), to_json(AssetState{}));
}

TEST(Store, KeepsWhereAScheduleStandsAndItsPauseApart) {
  TemporaryStore t;
  t.commit({ScheduleMoved{"nightly", at_ms(5), "0 2 * * *"}, SchedulePaused{"nightly", true, "ada", "holiday", at_ms(6)}});
  t.commit({ScheduleMoved{"nightly", at_ms(7), "0 3 * * *"}, SchedulePaused{"hourly", false, "bob", "", at_ms(8)}});
  const auto schedules = t.load().schedules;
  ASSERT_EQ(schedules.size(), 2U);
  EXPECT_EQ(schedules[0].schedule, "hourly");
  EXPECT_EQ(schedules[0].cursor, std::nullopt);
  EXPECT_EQ(schedules[0].paused, false);
  EXPECT_EQ(schedules[1].cursor, at_ms(7));
  EXPECT_EQ(schedules[1].fingerprint, "0 3 * * *");
  EXPECT_EQ(schedules[1].paused, true);
  EXPECT_EQ(schedules[1].paused_by, "ada");
  EXPECT_EQ(schedules[1].pause_reason, "holiday");
}

TEST(Store, KeepsThePrioritySetAfterARunWasMade) {
  TemporaryStore t;
  auto run = sample_run(1);
  t.commit({RunCreated{run, nullptr}});
  run.priority = 9;
  run.reason = "limit";
  run.detail = "limit runs: 1 of 1 under way";
  t.commit({RunAmended{run, at_ms(5)}});
  EXPECT_EQ(text_of(t.load().runs.at(0).run), text_of(run));
}

TEST(Store, KeepsTheLastSizeOfAPoolUntilItIsReset) {
  TemporaryStore t;
  t.commit({PoolResized{"gpu", 3, 1, "ada", "a second card", at_ms(5)}, PoolResized{"cpu", 0, 4, "bob", "", at_ms(6)}});
  t.commit({PoolResized{"gpu", 2, 1, "bob", "", at_ms(7)}});
  const auto pools = t.load().pools;
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(std::tie(pools[0].pool, pools[0].slots, pools[0].defined), std::tuple("cpu", 0, 4));
  EXPECT_EQ(std::tie(pools[1].pool, pools[1].slots, pools[1].by, pools[1].reason, pools[1].at), std::tuple("gpu", 2, "bob", "", at_ms(7)));
  t.commit({PoolResized{"gpu", std::nullopt, 1, "ada", "", at_ms(8)}});
  EXPECT_EQ(t.load().pools.size(), 1U);
}

TEST(Store, NumbersEventsInOrderAcrossRestarts) {
  TemporaryStore t;
  CommitBatch batch;
  batch.events.resize(2);
  for (auto& event : batch.events) event.type = "tick";
  ASSERT_TRUE(t.store->commit(batch));
  EXPECT_EQ(batch.events[0].id, 1);
  EXPECT_EQ(batch.events[1].id, 2);
  t.reopen();
  EXPECT_EQ(t.store->last_event(), 2);
  ASSERT_TRUE(t.store->commit(batch));
  EXPECT_EQ(batch.events[0].id, 3);
}

TEST(Store, KnowsWhetherAnAttemptHasMadeAnAsset) {
  TemporaryStore t;
  const auto made = sample_materialization(1, 0, "gold/customers");
  t.commit({Materialized{made}});
  EXPECT_EQ(t.store->has_materialized("gold/customers", made.attempt), true);
  EXPECT_EQ(t.store->has_materialized("gold/customers", std::string(32, 'f')), false);
  EXPECT_EQ(t.store->has_materialized("gold/orders", made.attempt), false);
}

TEST(Store, RemembersTicksByTheirInstant) {
  TemporaryStore t;
  const TickRecord tick{"nightly", at_ms(1), at_ms(2), TickOutcome::skipped, "overlap", 41};
  t.commit({TickRecorded{tick}});
  const auto found = t.store->find_tick("nightly", at_ms(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(text_of(*found), text_of(tick));
  EXPECT_FALSE(t.store->find_tick("nightly", at_ms(2)));
  EXPECT_FALSE(t.store->find_tick("hourly", at_ms(1)));
}

DefinitionsRecord sample_definitions(const std::string& hash) {
  return {0, hash, "compiled " + hash + std::string(5000, 'x'), "watched", {{"assets", 8}}, at_ms(1)};
}

TEST(Store, StoresDefinitionsOnlyWhenTheyChange) {
  TemporaryStore t;
  EXPECT_EQ(t.store->current_definitions()->has_value(), false);
  auto first = sample_definitions("h1"), same = first, second = sample_definitions("h2");
  CommitBatch none;
  EXPECT_EQ(t.store->put_definitions(first, none), 1);
  EXPECT_EQ(t.store->put_definitions(same, none), 1);
  EXPECT_EQ(t.store->transaction(), 1);
  EXPECT_EQ(t.store->put_definitions(second, none), 2);
  EXPECT_EQ(t.store->put_definitions(first, none), 3) << "going back is a version of its own";
  const auto current = t.store->current_definitions().value();
  ASSERT_TRUE(current);
  EXPECT_EQ(current->version, 3);
  EXPECT_EQ(current->compiled, first.compiled);
  EXPECT_EQ(current->summary, first.summary);
  EXPECT_EQ(t.store->definitions(2).value()->hash, "h2");
  EXPECT_EQ(t.store->definitions(9).value().has_value(), false);
  ASSERT_TRUE(t.store->update_watch_state(2, "moved"));
  EXPECT_EQ(t.store->definitions(2).value()->watch_state, "moved");
}

TEST(Store, CommitsWhatComesWithDefinitions) {
  TemporaryStore t;
  auto record = sample_definitions("h1");
  CommitBatch batch;
  batch.events.resize(1);
  batch.events[0].type = "definitions_changed";
  ASSERT_TRUE(t.store->put_definitions(record, batch));
  EXPECT_EQ(batch.events[0].id, 1);
  ASSERT_TRUE(t.store->put_definitions(record, batch));
  EXPECT_EQ(batch.events[0].id, 2) << "also when the definitions are the same";
}

TEST(Store, FindsAnswersUntilTheyArePruned) {
  TemporaryStore t;
  CommitBatch batch;
  batch.answers = {{"ada", "POST /runs", "k1", "hash", 201, R"({"id":"1"})", at_ms(1)}};
  t.commit(batch);
  const auto found = t.store->find_answer("ada", "POST /runs", "k1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, 201);
  EXPECT_EQ(found->body, R"({"as_of":0,"id":"1"})") << "with the number of the last event, which its sender learns from the store too";
  EXPECT_EQ(found->body_hash, "hash");
  EXPECT_EQ(found->at, at_ms(1));
  EXPECT_FALSE(t.store->find_answer("bob", "POST /runs", "k1"));
}

}  // namespace
}  // namespace assetd
