#include "daemon/service/asset_book.h"

#include <gtest/gtest.h>

namespace assetd {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<Project> project_of(std::vector<AssetSpec> assets) {
  auto project = std::make_shared<Project>();
  project->definitions.assets = std::move(assets);
  project->graph = AssetGraph::build(project->definitions).value();
  return project;
}

AssetSpec asset(const std::string& key, const std::vector<std::string>& deps = {}) {
  AssetSpec spec;
  spec.key = key;
  for (const auto& dep : deps) spec.deps.push_back({dep, OnFailure::skip, {}});
  return spec;
}

AssetState made(RunId run, std::int64_t at = 0, const std::string& code = "") {
  AssetState state;
  state.last_materialization = AssetState::Data{run, WallTime(Millis(at)), {}, "", code};
  return state;
}

/// The run that made it last, 0 for none.
RunId run_of(const AssetBook& book, const std::string& key) {
  RunId run = 0;
  book.read([&](const AssetTable& table) {
    const auto& data = table.states.at(table.project->graph.find(key).value()).last_materialization;
    run = data ? data->run : 0;
  });
  return run;
}

TEST(AssetBook, WhatIsStagedShowsOnlyOnceItIsCommitted) {
  AssetBook book;
  book.use(project_of({asset("a")}));
  const auto before = book.revision();
  book.stage("a") = made(7);
  EXPECT_EQ(run_of(book, "a"), 0);
  EXPECT_EQ(book.stage("a").last_materialization->run, 7) << "the turn goes on with it";
  const auto staged = book.take_staged();
  ASSERT_EQ(staged.size(), 1u);
  book.apply(staged, 12);
  EXPECT_EQ(run_of(book, "a"), 7);
  EXPECT_GT(book.revision(), before);
  book.read([](const AssetTable& table) { EXPECT_EQ(table.as_of, 12); });
  EXPECT_TRUE(book.take_staged().empty());
}

TEST(AssetBook, WhatDidNotCommitIsDropped) {
  AssetBook book;
  book.use(project_of({asset("a")}));
  book.stage("a") = made(7);
  book.drop_staged();
  EXPECT_FALSE(book.stage("a").last_materialization);
}

TEST(AssetBook, AnAssetThatLeavesAndComesBackHasItsStateAgain) {
  AssetBook book;
  book.use(project_of({asset("a"), asset("b")}));
  book.apply({{"a", made(7)}}, 1);
  book.use(project_of({asset("b")}));
  EXPECT_EQ(book.stage("a").last_materialization->run, 7) << "a pinned run may still change it";
  book.drop_staged();
  book.use(project_of({asset("a"), asset("b"), asset("c")}));
  EXPECT_EQ(run_of(book, "a"), 7);
  EXPECT_EQ(run_of(book, "c"), 0);
}

TEST(AssetBook, ARenamedAssetTakesItsStateAlongAndThatIsCommitted) {
  AssetBook book;
  book.use(project_of({asset("old")}));
  book.apply({{"old", made(7)}}, 1);
  auto renamed = asset("new");
  renamed.renamed_from = "old";
  book.use(project_of({renamed}));
  EXPECT_EQ(run_of(book, "new"), 7);
  const auto staged = book.take_staged();
  ASSERT_EQ(staged.size(), 1u);
  EXPECT_EQ(staged[0].first, "new");
}

TEST(AssetBook, ARenameTakesNothingFromAnAssetThatIsStillThereNorOverOnesOwn) {
  AssetBook book;
  book.use(project_of({asset("new"), asset("old")}));
  book.apply({{"old", made(7)}}, 1);
  auto renamed = asset("new");
  renamed.renamed_from = "old";
  book.use(project_of({renamed, asset("old")}));
  EXPECT_EQ(run_of(book, "new"), 0);
  book.apply({{"new", made(8)}}, 2);
  book.use(project_of({renamed}));
  EXPECT_EQ(run_of(book, "new"), 8);
}

TEST(AssetBook, WhatARunFromBeforeARenameChangesIsOfThePresentName) {
  AssetBook book;
  book.use(project_of({asset("old")}));
  book.stage("old").in_progress = AssetState::InProgress{7, {}};
  book.apply(book.take_staged(), 1);
  auto renamed = asset("new");
  renamed.renamed_from = "old";
  book.use(project_of({renamed}), {{"old", "new"}});
  EXPECT_EQ(book.in_progress_by(7), std::vector<std::string>{"new"});
  book.stage("old").in_progress.reset();
  book.apply(book.take_staged(), 2);
  EXPECT_TRUE(book.in_progress_by(7).empty());
}

TEST(AssetBook, ARenamedAssetTakesNothingOfWhatWasCalledSoOnce) {
  AssetBook book;
  book.use(project_of({asset("new"), asset("old")}));
  book.apply({{"old", made(7)}, {"new", made(3)}}, 1);
  book.use(project_of({asset("old")}));
  auto renamed = asset("new");
  renamed.renamed_from = "old";
  book.use(project_of({renamed}), {{"old", "new"}});
  EXPECT_EQ(run_of(book, "new"), 7);
}

std::shared_ptr<const PartitionsInForce> in_force(const std::shared_ptr<Project>& project) {
  return std::make_shared<const PartitionsInForce>(PartitionsInForce{project, PartitionTable::make(project->definitions, project->graph, {}), {}});
}

TEST(AssetBook, AnotherDivisionFindsFailedChecksByTheirKeys) {
  const auto of = [](std::vector<std::string> regions) { return PartitionsSpec{{{"", StaticPartitionsSpec{std::move(regions)}}}}; };
  auto spec = asset("a");
  spec.partitions = of({"asia", "us", "eu"});
  const auto project = project_of({spec});
  AssetState state;
  state.checks["unique"] = CheckStatus::failed;
  state.checks["rows"] = CheckStatus::failed;
  state.partitions = std::make_shared<const PartitionStates>(
      PartitionStates{of({"eu", "us", "gone"}), IndexSet::range(0, 2), {}, {{"unique", IndexSet::range(0, 1) | IndexSet::range(2, 3)}, {"rows", IndexSet::range(2, 3)}}});
  AssetBook book;
  book.use(project);
  book.load({{"a", state}});
  book.divide(*in_force(project));
  const auto& now = book.current(0);
  EXPECT_EQ(now.partitions->materialized, IndexSet::range(1, 3));
  EXPECT_EQ(now.failed_checks(IndexSet::range(0, 3)), (std::map<std::string, IndexSet>{{"unique", IndexSet::range(2, 3)}})) << "'rows' failed only where there is nothing now";
}

// A slip in a file, mended a minute later, must not have everything made anew.
TEST(AssetBook, WhatHasNoPlaceForAWhileIsThereAgainWithItsKeys) {
  const auto of = [](std::vector<std::string> regions) { return PartitionsSpec{{{"", StaticPartitionsSpec{std::move(regions)}}}}; };
  auto spec = asset("a");
  auto state = made(7);
  state.checks["rows"] = CheckStatus::failed;
  state.partitions = std::make_shared<const PartitionStates>(PartitionStates{of({"eu", "us", "asia"}), IndexSet::range(0, 3), IndexSet::range(1, 2), {{"rows", IndexSet::range(2, 3)}}});
  AssetBook book;
  const auto use = [&](std::optional<PartitionsSpec> partitions) {
    spec.partitions = std::move(partitions);
    const auto project = project_of({spec});
    book.use(project);
    book.divide(*in_force(project));
    book.apply(book.take_staged(), 1);
  };
  use(of({"eu", "us", "asia"}));
  book.load({{"a", state}});
  use(of({"us"}));
  EXPECT_EQ(book.current(0).partitions->materialized, IndexSet::range(0, 1));
  use(std::nullopt);
  EXPECT_EQ(book.current(0).partitions, nullptr);
  book.load({{"a", asset_state_from_json(to_json(book.current(0))).value()}});  // a restart in between
  use(of({"asia", "us", "eu", "mars"}));
  const auto& now = book.current(0);
  EXPECT_EQ(now.partitions->materialized, IndexSet::range(0, 3)) << "mars was never made";
  EXPECT_TRUE(now.partitions->failed.empty()) << "what failed was over when its key went";
  EXPECT_TRUE(now.former.empty()) << "all of it has its place";
}

TEST(AssetBook, LoadedStatesFindTheirAssetsAndOthersWait) {
  AssetBook book;
  book.use(project_of({asset("a")}));
  book.load({{"a", made(3)}, {"gone", made(4)}});
  EXPECT_EQ(run_of(book, "a"), 3);
  book.use(project_of({asset("a"), asset("gone")}));
  EXPECT_EQ(run_of(book, "gone"), 4);
}

TEST(AssetBook, KeepsWhichRevisionSetEachState) {
  AssetBook book;
  book.use(project_of({asset("a"), asset("b")}));
  std::vector<std::uint64_t> before;
  book.read([&](const AssetTable& table) { before = table.changed; });
  ASSERT_EQ(before.size(), 2u);
  book.apply({{"b", made(1)}}, 5);
  book.read([&](const AssetTable& table) {
    EXPECT_EQ(table.changed[0], before[0]);
    EXPECT_GT(table.changed[1], before[1]);
  });
  book.use(project_of({asset("a"), asset("b"), asset("c")}));
  book.read([&](const AssetTable& table) {
    ASSERT_EQ(table.changed.size(), 3u);
    EXPECT_GT(table.changed[0], before[0]) << "ids mean other assets in another version";
  });
}

// AssetTable: what follows from the states.

AssetTable table_of(std::vector<AssetSpec> assets, std::vector<AssetState> states) { return {project_of(std::move(assets)), std::move(states), 0}; }

/// Both ways of asking must agree.
bool is_stale(const AssetTable& table, AssetId id) {
  EXPECT_EQ(table.is_stale(id), !table.staleness(id).empty());
  return table.is_stale(id);
}

TEST(AssetTable, StaleWhenAParentWasMadeLaterByAnotherRun) {
  const std::vector<AssetSpec> assets{asset("a"), asset("b", {"a"})};
  EXPECT_FALSE(is_stale(table_of(assets, {made(1, 10), made(1, 20)}), 1));
  EXPECT_FALSE(is_stale(table_of(assets, {made(1, 30), made(1, 20)}), 1)) << "one run's order is its own";
  EXPECT_TRUE(is_stale(table_of(assets, {{}, made(1, 20)}), 1)) << "above it something was never made";
  EXPECT_TRUE(is_stale(table_of(assets, {made(2, 30), {}}), 1)) << "never made";
  EXPECT_TRUE(is_stale(table_of(assets, {made(2, 30), made(1, 20)}), 1));
  const auto stale = table_of(assets, {made(2, 30), made(1, 20)}).staleness(1);
  ASSERT_EQ(stale.size(), 1u);
  EXPECT_EQ(stale[0].link.kind, StaleKind::newer_data);
  EXPECT_EQ(stale[0].link.asset, 0u);
}

TEST(AssetTable, StaleWhenItsCodeHasChanged) {
  auto spec = asset("a");
  spec.code_version = "2";
  EXPECT_TRUE(is_stale(table_of({spec}, {made(1, 10, "1")}), 0));
  EXPECT_EQ(table_of({spec}, {made(1, 10, "1")}).staleness(0).at(0).link.kind, StaleKind::code_changed);
  EXPECT_FALSE(is_stale(table_of({spec}, {made(1, 10, "2")}), 0));
}

TEST(AssetBook, WhatBecomesStaleCountsAsChanged) {
  AssetBook book;
  book.use(project_of({asset("a"), asset("b", {"a"}), asset("c", {"b"}), asset("d")}));
  book.load({{"a", made(1, 10)}, {"b", made(1, 20)}, {"c", made(1, 30)}, {"d", made(1, 10)}});
  std::vector<std::uint64_t> before;
  book.read([&](const AssetTable& table) {
    before = table.changed;
    EXPECT_EQ(table.stale.count(), 0u);
  });
  book.apply({{"a", made(2, 40)}}, 5);
  book.read([&](const AssetTable& table) {
    EXPECT_TRUE(table.is_stale(1) && table.is_stale(2));
    EXPECT_GT(table.changed[2], before[2]) << "its row shows something else now";
    EXPECT_EQ(table.changed[3], before[3]);
  });
}

TEST(AssetTable, FreshWithinItsBound) {
  auto spec = asset("a");
  EXPECT_EQ(table_of({spec}, {made(1)}).freshness(0, WallTime(1h)), "none");
  spec.freshness.within = 1h;
  EXPECT_EQ(table_of({spec}, {made(1)}).freshness(0, WallTime(1h)), "fresh");
  EXPECT_EQ(table_of({spec}, {made(1)}).freshness(0, WallTime(1h + 1ms)), "violated");
  EXPECT_EQ(table_of({spec}, {{}}).freshness(0, WallTime(1h)), "violated");
}

}  // namespace
}  // namespace assetd
