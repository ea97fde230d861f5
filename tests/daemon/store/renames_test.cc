// History goes with an asset's name.

#include "daemon/store/renames.h"

#include "daemon/store/connection.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

CommitBatch made_by(RunId run, const std::string& asset) {
  CommitBatch batch;
  const auto intent = sample_intent(run, 0, {0});
  auto made = sample_materialization(run, 0, asset);
  made.attempt = intent.id;
  made.at = at_ms(run);
  auto check = sample_check(run, 0);
  check.home = asset;
  batch.changes = {RunCreated{sample_run(run), nullptr}, AttemptIntended{intent}, CheckReported{check}, Materialized{made}};
  batch.outcomes.push_back({asset, run, 1, StepStatus::failed, "exit_code", at_ms(run), at_ms(run)});
  batch.assets.push_back({asset, {}});
  batch.events.push_back({0, at_ms(run), "step_changed", run, asset, nlohmann::json::object(), {{"status", "failed"}}});
  return batch;
}

struct Renamed : ::testing::Test {
  TemporaryStore t;
  int versions = 0;

  void rename(const AssetNames& renamed, const std::vector<std::string>& defined = {}) {
    DefinitionsRecord record{0, "h" + std::to_string(++versions), "compiled", "watched", {{"assets", 1}}, at_ms(1)};
    CommitBatch nothing;
    ASSERT_TRUE(t.store->put_definitions(record, nothing, {renamed, defined}));
  }
  std::int64_t count(const std::string& of) {
    const auto rows = open_reader(t.path).value();
    auto query = rows->query("SELECT count(*) FROM " + of);
    return query.next() ? query.row().integer() : -1;
  }
  std::int64_t kept(const std::string& asset) {
    const auto is = "='" + asset + "'";
    return count("check_results WHERE home" + is) + count("materializations WHERE key" + is) + count("outcomes WHERE asset" + is) + count("events WHERE asset" + is);
  }
};

TEST_F(Renamed, EverythingGoesAlong) {
  t.commit(made_by(1, "old"));
  t.commit(made_by(2, "other"));
  rename({{"old", "new"}});
  EXPECT_EQ(kept("old"), 0);
  EXPECT_EQ(kept("new"), 4);
  EXPECT_EQ(kept("other"), 4);
  for (const auto* table : {"history", "last_failures"}) {
    EXPECT_EQ(count(std::string(table) + " WHERE asset='old'"), 0) << table;
    EXPECT_EQ(count(std::string(table) + " WHERE asset='new'"), 1) << table;
  }
  EXPECT_EQ(count("asset_states WHERE key='new'"), 1);
  EXPECT_EQ(count("asset_states WHERE key='old'"), 0) << "nothing is left for an asset that is called so later";
}

TEST_F(Renamed, WhatIsOpenOfItAndSilencesOfItAloneGoAlong) {
  CommitBatch batch;
  int raised = 0;
  for (const auto* cause : {"old", "old:rows", "freshness old", "older"}) {
    AlertRecord alert;
    alert.id = "id" + std::to_string(++raised);
    alert.rule = "ops";
    alert.cause = cause;
    alert.asset = alert.cause == "older" ? "older" : "old";
    alert.open = true;
    batch.alerts.push_back(AlertRaised{alert});
  }
  batch.alerts.push_back(SilenceAdded{{"s1", "", "old", "", "ann", at_ms(1), at_ms(9)}});
  batch.alerts.push_back(SilenceAdded{{"s2", "", "old+", "", "ann", at_ms(1), at_ms(9)}});
  t.commit(batch);
  rename({{"old", "new"}});
  EXPECT_EQ(count("alerts WHERE open=1 AND asset='new' AND cause IN ('new', 'new:rows', 'freshness new')"), 3);
  EXPECT_EQ(count("alerts WHERE open=1 AND asset='older' AND cause='older'"), 1);
  EXPECT_EQ(count("silences WHERE selection='new'"), 1);
}

TEST_F(Renamed, WhatARunFromBeforeStillWritesIsOfThePresentName) {
  t.commit(made_by(1, "old"));
  rename({{"old", "new"}});
  rename({{"new", "newest"}});
  auto late = made_by(2, "old");
  const auto attempt = std::get<AttemptIntended>(late.changes[1]).attempt.id;
  t.commit(std::move(late));
  EXPECT_EQ(count("materializations WHERE key='newest'"), 2);
  EXPECT_EQ(count("outcomes WHERE asset='newest'"), 2);
  EXPECT_EQ(count("check_results WHERE home='newest'"), 2);
  EXPECT_TRUE(t.store->has_materialized("old", attempt).value()) << "a restart asks by the name that its run knows";
  EXPECT_EQ(open_reader_of(t.path)->last_success("old", 9).value(), open_reader_of(t.path)->last_success("newest", 9).value());
  EXPECT_EQ(open_reader_of(t.path)->outcome("old", 1)->value().run, 1);
  ASSERT_TRUE(t.store->reopen());
  EXPECT_EQ(t.store->names(), (AssetNames{{"old", "newest"}, {"new", "newest"}}));
}

TEST_F(Renamed, ANameThatIsGivenAgainIsItsOwnAssetS) {
  t.commit(made_by(1, "old"));
  rename({{"old", "new"}});
  rename({}, {"old"});
  t.commit(made_by(2, "old"));
  EXPECT_EQ(count("materializations WHERE key='old'"), 1);
  EXPECT_EQ(count("materializations WHERE key='new'"), 1);
}

TEST_F(Renamed, IsKnownToHaveHadAnotherName) {
  t.commit(made_by(1, "old"));
  EXPECT_FALSE(open_reader_of(t.path)->was_renamed("new").value());
  rename({{"old", "new"}});
  EXPECT_TRUE(open_reader_of(t.path)->was_renamed("new").value());
  EXPECT_FALSE(open_reader_of(t.path)->was_renamed("old").value());
}

TEST_F(Renamed, ThereAndBack) {
  t.commit(made_by(1, "a"));
  rename({{"a", "b"}});
  rename({{"b", "a"}});
  t.commit(made_by(2, "a"));
  t.commit(made_by(3, "b"));
  EXPECT_EQ(count("materializations WHERE key='a'"), 3);
  EXPECT_EQ(t.store->names(), (AssetNames{{"b", "a"}}));
}

}  // namespace
}  // namespace assetd
