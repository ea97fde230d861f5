#include "core/run/asset_state.h"

#include <gtest/gtest.h>

namespace assetd {
namespace {

constexpr WallTime at(std::int64_t ms) { return WallTime(Millis(ms)); }

AssetState whole_state() {
  AssetState state;
  state.in_progress = AssetState::InProgress{9, at(1)};
  state.last_attempt = AssetState::Attempt{8, StepStatus::failed, "check_failed", "two rows", {{"a", "failed", "check_failed", "unique", "why"}}, at(2)};
  state.last_materialization = AssetState::Data{7, at(3), {{"row_count", 3}}, "d1", "c2"};
  state.checks = {{"unique", CheckStatus::failed}, {"fresh", CheckStatus::error}};
  return state;
}

/// Of five regions; "unique" failed last in the third and fourth.
AssetState divided_state() {
  AssetState state;
  const PartitionsSpec regions{{{"", StaticPartitionsSpec{{"a", "b", "c", "d", "e"}}}}};
  PartitionStates of{regions, IndexSet::range(0, 4), IndexSet::range(3, 4), {{"unique", IndexSet::range(2, 4)}, {"fresh", {}}}};
  of.passed_checks = {{"unique", IndexSet::range(0, 1)}, {"fresh", {}}};
  of.disturbed = IndexSet::range(1, 2);
  of.reported = {IndexSet::range(0, 3), "v7", at(5)};
  state.partitions = std::make_shared<const PartitionStates>(std::move(of));
  state.checks = {{"unique", CheckStatus::passed}, {"fresh", CheckStatus::passed}};
  return state;
}

TEST(AssetState, SaysWhatIsGoingOnThenWhatFailedThenWhatIsThere) {
  AssetState state;
  EXPECT_EQ(state.status(), AssetStatus::never);
  state.last_attempt = AssetState::Attempt{.status = StepStatus::canceled};
  EXPECT_EQ(state.status(), AssetStatus::never) << "a cancel says nothing of the data";
  state.last_materialization = AssetState::Data{};
  EXPECT_EQ(state.status(), AssetStatus::materialized);
  state.last_attempt->status = StepStatus::failed;
  EXPECT_EQ(state.status(), AssetStatus::failed);
  state.last_attempt->status = StepStatus::skipped;
  EXPECT_EQ(state.status(), AssetStatus::skipped);
  state.last_attempt->status = StepStatus::succeeded;
  EXPECT_EQ(state.status(), AssetStatus::materialized);
  state.in_progress = AssetState::InProgress{};
  EXPECT_EQ(state.status(), AssetStatus::materializing);
}

TEST(AssetState, ComesBackFromJson) {
  for (const auto& state : {AssetState{}, whole_state(), divided_state()}) {
    const auto json = to_json(state);
    const auto back = asset_state_from_json(nlohmann::json::parse(json.dump()));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_json(*back), json);
  }
  EXPECT_EQ(*asset_state_from_json(to_json(divided_state()))->partitions, *divided_state().partitions);
  const auto back = asset_state_from_json(to_json(whole_state())).value();
  EXPECT_EQ(back.in_progress->run, 9);
  EXPECT_EQ(back.in_progress->since, at(1));
  EXPECT_EQ(back.last_attempt->status, StepStatus::failed);
  EXPECT_EQ(back.last_attempt->root_causes.at(0).check, "unique");
  EXPECT_EQ(back.last_attempt->root_causes.at(0).detail, "why");
  EXPECT_EQ(back.last_attempt->at, at(2));
  EXPECT_EQ(back.last_materialization->metadata, (nlohmann::json{{"row_count", 3}}));
  EXPECT_EQ(back.last_materialization->code_version, "c2");
  EXPECT_EQ(back.checks.at("fresh"), CheckStatus::error);
}

TEST(AssetState, WhatChecksHaveNotSaidYetIsKept) {
  auto state = divided_state();
  state.debts = {{{"rows", IndexSet::range(0, 2)}}, {{"unique", IndexSet::range(1, 2)}}, {{"fresh", IndexSet::range(3, 4)}}, IndexSet::range(1, 4), {{7, IndexSet::range(1, 2)}, {9, IndexSet::range(2, 4)}}};
  EXPECT_EQ(asset_state_from_json(to_json(state)).value().debts, state.debts);
  EXPECT_FALSE(to_json(divided_state()).contains("check_debts")) << "as it was before there were any";
  auto damaged = to_json(state);
  for (const auto* bad : {R"({"x": "1"})", R"([["x", "1"]])", R"([[7]])"}) {
    damaged["check_debts"]["made_by"] = nlohmann::json::parse(bad);
    EXPECT_FALSE(asset_state_from_json(damaged)) << bad;
  }
}

TEST(AssetState, ACheckFailsWhereItFailedLastAndNowhereElse) {
  auto state = divided_state();
  const auto all = IndexSet::range(0, 5);
  EXPECT_TRUE(state.is_failing());
  EXPECT_TRUE(state.fails("unique")) << "its last result passed, that of another partition";
  EXPECT_FALSE(state.fails("fresh"));
  EXPECT_EQ(state.failed_checks(all), (std::map<std::string, IndexSet>{{"unique", IndexSet::range(2, 4)}}));
  EXPECT_EQ(state.failed_checks(IndexSet::range(0, 3)), (std::map<std::string, IndexSet>{{"unique", IndexSet::range(2, 3)}})) << "of those that there are";
  state.checks["rows"] = CheckStatus::error;
  EXPECT_EQ(state.failed_checks(all).at("rows"), all) << "its result named no partition";
}

TEST(AssetState, APartitionThatIsFailedFailsTheAssetWhateverWasMadeLast) {
  auto state = divided_state();
  state.checks.clear();
  state.last_attempt = AssetState::Attempt{.status = StepStatus::succeeded};
  EXPECT_TRUE(state.is_failing());
  state.partitions = std::make_shared<const PartitionStates>(PartitionStates{state.partitions->spec, IndexSet::range(0, 4), {}});
  EXPECT_FALSE(state.is_failing());
}

TEST(AssetState, ItsDataIsOfTheNewestWindowThatWasMadeUnlessItsMetadataSaysOfWhenItIs) {
  AssetState state;
  EXPECT_FALSE(state.data_at({}));
  state.last_materialization = AssetState::Data{7, at(9'000), {{"newest", 3}}};
  EXPECT_EQ(state.data_at({}), at(9'000));
  state.data_until = at(5'000);
  state.awaited_since = at(4'000);
  const auto back = asset_state_from_json(to_json(state)).value();
  EXPECT_EQ(back.data_at({}), at(5'000));
  EXPECT_EQ(back.data_at({.of = "newest"}), at(3'000));
  EXPECT_EQ(back.awaited_since, at(4'000));
}

TEST(AssetState, OfAnAssetThatIsNotDividedTheLastResultCounts) {
  const auto state = whole_state();
  EXPECT_TRUE(state.fails("unique"));
  EXPECT_FALSE(state.fails("nobody"));
  EXPECT_EQ(state.failed_checks(IndexSet::range(0, 1)).size(), 2u);
}

TEST(AssetState, ReadsWhatWasStoredBeforeChecksWereKeptByPartition) {
  auto json = to_json(divided_state());
  json["partitions"].erase("failed_checks");
  json["checks"]["unique"] = "failed";
  const auto back = asset_state_from_json(json);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->partitions->materialized, IndexSet::range(0, 4));
  EXPECT_EQ(back->failed_checks(IndexSet::range(0, 5)).at("unique"), IndexSet::range(0, 5)) << "in which of them it failed is not known";
  json["partitions"]["failed_checks"] = {{"unique", "x"}};
  EXPECT_FALSE(asset_state_from_json(json));
}

TEST(AssetState, KeepsWaiversOfAPartitionBesideThoseForAllAndReadsWhatWasStoredBefore) {
  AssetState state;
  const Waiver waiver{"anna", "known", at(1), at(9), 7, {"b"}};
  state.waivers = {{{"unique"}, waiver}, {{"unique", "a"}, waiver}, {{"fresh", "a"}, waiver}};
  auto json = to_json(state);
  EXPECT_EQ(asset_state_from_json(json).value().waivers, state.waivers);
  EXPECT_EQ(json["waivers"], to_json(state)["waivers"]);
  EXPECT_EQ(json["waivers"].size(), 1u) << "as an earlier version reads it: none of them is for all";
  json.erase("partition_waivers");
  EXPECT_EQ(asset_state_from_json(json).value().waivers, (std::map<WaivedCheck, Waiver>{{{"unique"}, waiver}})) << "as an earlier version stored it";
  json["partition_waivers"] = {{"unique", {{"a", 3}}}};
  EXPECT_FALSE(asset_state_from_json(json));
}

TEST(AssetState, AWaiverTakesItsPartitionOutOfWhatACheckHoldsBack) {
  auto state = divided_state();
  const auto all = IndexSet::range(0, 4);
  const auto held = [&](std::int64_t now) {
    return state.not_waived("unique", all, at(now), [](const std::string& partition) { return partition == "b" ? IndexSet::range(1, 2) : IndexSet::range(2, 3); });
  };
  EXPECT_EQ(held(1), all);
  state.waivers = {{{"unique", "b"}, {"anna", "known", at(0), at(5)}}, {{"unique", "c"}, {"anna", "known", at(0), at(9)}}, {{"other"}, {"anna", "known", at(0), at(9)}}};
  EXPECT_EQ(held(1), IndexSet::range(0, 1) | IndexSet::range(3, 4));
  EXPECT_EQ(held(5), all - IndexSet::range(2, 3)) << "the first is over";
  state.partitions = nullptr;
  EXPECT_EQ(held(1), all) << "it is divided no more";
  state.waivers[{"unique"}] = {"anna", "known", at(0), at(9)};
  EXPECT_TRUE(held(5).empty());
}

TEST(AssetState, RefusesJsonThatIsNotItsOwn) {
  using nlohmann::json;
  for (const auto& value : {json(), json::array(), json{{"in_progress", 3}}, json{{"last_attempt", {{"run", 1}, {"status", "odd"}, {"at", 1}}}},
                            json{{"checks", {{"a", "odd"}}}}, json{{"checks", {{"a", 1}}}}, json{{"last_materialization", json::object()}}})
    EXPECT_FALSE(asset_state_from_json(value)) << value;
}

}  // namespace
}  // namespace assetd
