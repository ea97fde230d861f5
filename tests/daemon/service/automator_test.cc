#include "daemon/service/automator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// b follows a by itself; both were made by run 1.
class AutomatorTest : public ::testing::Test {
 protected:
  void serve(bool is_divided) {
    for (const auto* key : {"a", "b"}) {
      auto& asset = definitions_.assets.emplace_back();
      asset.key = key;
      asset.run.emplace();
      if (is_divided) asset.partitions = PartitionsSpec{{{"", StaticPartitionsSpec{{"x", "y"}}}}};
    }
    definitions_.assets[1].deps.push_back({"a", OnFailure::skip, {}, is_divided ? nlohmann::json("all") : nlohmann::json()});
    definitions_.assets[1].automation = "eager";
    if (is_checked_) definitions_.checks.push_back({.name = "good", .home = "a", .depends_on = {"a"}, .blocking = true, .run = RunSpec{}});
    use();
    const IndexSet everything = is_divided ? IndexSet::range(0, 2) : IndexSet();
    begin(1, {{0, everything}, {1, everything}});
    for (const auto* partition : is_divided ? std::vector<const char*>{"x", "y"} : std::vector<const char*>{""}) {
      made(1, "a", partition);
      if (is_checked_) judge(1, CheckStatus::passed, partition);
      made(1, "b", partition);
    }
    end(1);
    EXPECT_THAT(wanted().assets, IsEmpty());
  }
  void use() {
    graph_ = AssetGraph::build(definitions_).value();
    auto project = std::make_shared<const Project>(Project{1, "", now_, definitions_, graph_});
    book_.use(project);
    auto partitions = std::make_shared<PartitionsInForce>();
    partitions->table = PartitionTable::make(definitions_, graph_, {});
    partitions->project = std::move(project);
    projection_.use(partitions);
    automator_.use(std::move(partitions), engine_);
    for (const auto& key : book_.uncounted()) settle(key);
  }
  /// Other definitions: the check warns only, or is none any more.
  void serve_without_check() {
    definitions_.checks.clear();
    use();
  }
  void serve_with_a_check_that_warns() {
    definitions_.checks[0].severity = Severity::warn;
    use();
  }
  void serve_with_a_check_of_b() {
    definitions_.checks.push_back({.name = "late", .home = "b", .depends_on = {"b"}, .run = RunSpec{}});
    use();
  }
  void begin(RunId id, std::map<AssetId, IndexSet> sets, StepsMode mode = StepsMode::all) {
    const auto table = PartitionTable::make(definitions_, graph_, {});
    std::vector<AssetId> assets;
    for (const auto& [asset, set] : sets) assets.push_back(asset);
    const PartitionPick pick{table, std::move(sets), now_};
    RunRecord run;
    run.id = id;
    auto plan = std::make_shared<RunPlan>(make_plan(definitions_, graph_, assets, mode, [](AssetId) { return false; }, &pick));
    projection_.know(run, plan, {1, std::make_shared<Definitions>(definitions_), std::make_shared<AssetGraph>(graph_)});
    note(RunCreated{run, plan});
  }
  void made(RunId run, const std::string& key, const std::string& partition = "") {
    Materialized change;
    change.materialization.run = run;
    change.materialization.key = key;
    change.materialization.partition = partition;
    note(change);
  }
  /// `home`: the step of a in the run, unless that is not part of it.
  void judge(RunId run, CheckStatus status, const std::string& partition = "", StepIndex home = kNone) {
    CheckResult result;
    result.run = run;
    result.name = "good";
    result.home = "a";
    result.home_step = home;
    result.status = status;
    result.blocking = true;
    result.partition = partition;
    result.at = now_;
    said_.push_back(result);
    note(CheckReported{result});
  }
  /// While its step is in a process of its own, that of `a`.
  void restart_during(RunId id) {
    RestoredRun run;
    run.run = projection_.known(id)->run;
    run.plan = projection_.known(id)->plan;
    run.context = projection_.known(id)->context;
    for (const auto& result : said_)
      if (result.run == id) run.checks.push_back(result);
    auto& attempt = run.attempts.emplace_back();
    attempt.steps = {0};
    attempt.intended_at = now_ - Millis(1);
    projection_ = Projection();
    use();
    projection_.take_up(run);
  }
  void waive(const std::string& key, const std::string& check, const std::string& partition = "") {
    book_.stage(key).waivers[{check, partition}] = {.by = "anna", .reason = "known", .at = now_, .until = now_ + Millis(1)};
    settle(key);
  }
  void settle(const std::string& key) {
    CommitBatch batch;
    projection_.settle_checks(book_.stage(key), key, 2, now_, batch);
    automator_.checks_changed(key);
  }
  void end(RunId id) {
    RunRecord run;
    run.id = id;
    run.status = RunStatus::failed;
    note(RunChanged{run});
  }
  AutomationWanted wanted() { return automator_.evaluate(now_); }

  bool is_checked_ = false;
  AssetBook book_;
  Automator automator_{book_};

 private:
  void note(const Change& change) {
    CommitBatch batch;
    projection_.project(change, book_, batch);
    automator_.note(change, projection_);
  }

  const WallTime now_{Millis(1'000'000)};
  Definitions definitions_;
  AssetGraph graph_;
  std::vector<CheckResult> said_;
  Engine engine_{[] { return AttemptId("attempt"); }, 0};
  Projection projection_;
};

class CheckedAutomatorTest : public AutomatorTest {
 protected:
  CheckedAutomatorTest() { is_checked_ = true; }
  void make_a(RunId run, bool is_divided) {
    begin(run, {{0, is_divided ? IndexSet::range(0, 1) : IndexSet()}});
    made(run, "a", is_divided ? "x" : "");
  }
  void make_a_that_fails(RunId run) {
    make_a(run, false);
    judge(run, CheckStatus::failed, "", 0);
    end(run);
  }
};

TEST_F(CheckedAutomatorTest, AnUpdateCountsOnceItsBlockingCheckHasPassed) {
  serve(false);
  make_a(2, false);
  EXPECT_THAT(wanted().assets, IsEmpty()) << "the check runs";
  judge(2, CheckStatus::passed);
  end(2);
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(CheckedAutomatorTest, AnUpdateOfWhichTheCheckFailedCountsWhenItPassesLater) {
  serve(false);
  make_a(2, false);
  judge(2, CheckStatus::failed);
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty());
  EXPECT_EQ(automator_.view("b", WallTime{Millis(1'000'000)})->holds, false);
  judge(3, CheckStatus::passed);
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(CheckedAutomatorTest, AWaiverLetsTheUpdateCount) {
  serve(false);
  make_a(2, false);
  judge(2, CheckStatus::failed);
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty());
  waive("a", "good");
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

// As long as the check was there the update was held back: without it it counts, once, whatever the run that has the check still says.
TEST_F(CheckedAutomatorTest, ACheckThatIsDefinedNoMoreHoldsNothingBackAndCountsOnce) {
  serve(false);
  make_a(2, false);
  EXPECT_THAT(wanted().assets, IsEmpty());
  serve_without_check();
  EXPECT_THAT(wanted().assets, ElementsAre(1));
  judge(2, CheckStatus::passed);
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty());
}

TEST_F(CheckedAutomatorTest, AFailedCheckThatOnlyWarnsNowHoldsNothingBack) {
  serve(false);
  make_a(2, false);
  judge(2, CheckStatus::failed);
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty());
  serve_with_a_check_that_warns();
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(CheckedAutomatorTest, AWaiverOfOnePartitionLetsItsUpdateAloneCount) {
  serve(true);
  make_a(2, true);
  judge(2, CheckStatus::failed, "x");
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty());
  waive("a", "good", "y");
  EXPECT_THAT(wanted().assets, IsEmpty()) << "it is about the other";
  waive("a", "good", "x");
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

// Run 2 makes both; run 3 makes a anew, and b is not part of it.
TEST_F(CheckedAutomatorTest, ARunsCheckLetsNothingPassThatAnotherRunHasMadeSince) {
  serve(false);
  begin(2, {{0, IndexSet()}, {1, IndexSet()}});
  made(2, "a");
  make_a(3, false);
  judge(2, CheckStatus::passed, "", 0);
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty()) << "the check of run 3 has not said anything";
  judge(3, CheckStatus::passed, "", 0);
  end(3);
  EXPECT_THAT(wanted().assets, ElementsAre(1)) << "run 2 makes b, but of what was there before";
}

TEST_F(CheckedAutomatorTest, ACheckThatAnAttemptReportedWithoutDataLetsNothingPassThatFailedBefore) {
  serve(false);
  make_a_that_fails(2);
  begin(3, {{0, IndexSet()}});
  judge(3, CheckStatus::passed, "", 0);
  end(3);
  EXPECT_THAT(wanted().assets, IsEmpty());
}

TEST_F(CheckedAutomatorTest, ACheckThatIsReportedBeforeItsDataJudgesThatData) {
  serve(false);
  make_a_that_fails(2);
  begin(3, {{0, IndexSet()}});
  judge(3, CheckStatus::passed, "", 0);
  made(3, "a");
  settle("a");  // as the end of its step does
  end(3);
  EXPECT_THAT(wanted().assets, ElementsAre(1)) << "it passed, whatever the one before it did";
  begin(4, {{0, IndexSet()}});
  judge(4, CheckStatus::failed, "", 0);
  made(4, "a");
  settle("a");
  end(4);
  EXPECT_THAT(wanted().assets, IsEmpty());
}

TEST_F(CheckedAutomatorTest, ACheckThatWasReportedBeforeARestartJudgesTheDataThatComesAfterIt) {
  serve(false);
  make_a_that_fails(2);
  begin(3, {{0, IndexSet()}});
  judge(3, CheckStatus::passed, "", 0);
  restart_during(3);
  made(3, "a");
  settle("a");
  end(3);
  EXPECT_THAT(wanted().assets, ElementsAre(1)) << "nothing more is to be said of it";
  begin(4, {{0, IndexSet()}});
  judge(4, CheckStatus::failed, "", 0);
  restart_during(4);
  made(4, "a");
  EXPECT_TRUE(book_.stage("a").debts.refused.contains("good"));
  EXPECT_FALSE(book_.stage("a").debts.awaited.contains("good"));
}

// The run was planned with a check that other definitions do not have.
TEST_F(CheckedAutomatorTest, WhatNoCheckInForceHoldsBackCountsWithItsOwnRun) {
  serve(false);
  begin(3, {{0, IndexSet()}});
  serve_without_check();
  begin(2, {{0, IndexSet()}, {1, IndexSet()}});
  made(2, "a");
  made(2, "b");
  EXPECT_THAT(wanted().assets, IsEmpty());
  made(3, "a");
  judge(2, CheckStatus::passed, "", 0);
  end(2);
  end(3);
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(CheckedAutomatorTest, ARunOfChecksAloneMakesNothingThatItLetsPass) {
  serve(false);
  make_a_that_fails(2);
  serve_with_a_check_of_b();
  begin(3, {{0, IndexSet()}, {1, IndexSet()}}, StepsMode::checks);
  judge(3, CheckStatus::passed, "", 0);
  end(3);
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(CheckedAutomatorTest, APassOfDataThatCountedIsNoUpdate) {
  serve(false);
  judge(2, CheckStatus::failed);
  judge(3, CheckStatus::passed);
  EXPECT_THAT(wanted().assets, IsEmpty());
}

TEST_F(CheckedAutomatorTest, EachPartitionHasItsOwnResult) {
  serve(true);
  make_a(2, true);
  EXPECT_THAT(wanted().assets, IsEmpty());
  judge(2, CheckStatus::passed, "y");
  EXPECT_THAT(wanted().assets, IsEmpty()) << "it is about the other";
  judge(2, CheckStatus::passed, "x");
  end(2);
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(AutomatorTest, AnUpdateByARunThatMakesBothIsNoReasonWhateverBecomesOfThem) {
  serve(false);
  begin(2, {{0, {}}, {1, {}}});
  made(2, "a");
  end(2);
  EXPECT_THAT(wanted().assets, IsEmpty());
}

TEST_F(AutomatorTest, AnotherUpdateBesideItIsFollowed) {
  serve(false);
  begin(2, {{0, {}}, {1, {}}});
  begin(3, {{0, {}}});
  made(3, "a");
  made(2, "a");
  end(2);
  end(3);
  EXPECT_THAT(wanted().assets, ElementsAre(1));
}

TEST_F(AutomatorTest, PartitionsThatARunLeavesOutFollowWhatItMade) {
  serve(true);
  begin(2, {{0, IndexSet::range(0, 1)}, {1, IndexSet::range(0, 1)}});
  made(2, "a", "x");
  made(2, "b", "x");
  end(2);
  const auto wanted = this->wanted();
  EXPECT_THAT(wanted.assets, ElementsAre(1));
  EXPECT_EQ(wanted.sets.at(1), IndexSet::range(1, 2));
}

}  // namespace
}  // namespace assetd
