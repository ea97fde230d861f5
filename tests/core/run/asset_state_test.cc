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
  for (const auto& state : {AssetState{}, whole_state()}) {
    const auto json = to_json(state);
    const auto back = asset_state_from_json(nlohmann::json::parse(json.dump()));
    ASSERT_TRUE(back);
    EXPECT_EQ(to_json(*back), json);
  }
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

TEST(AssetState, RefusesJsonThatIsNotItsOwn) {
  using nlohmann::json;
  for (const auto& value : {json(), json::array(), json{{"in_progress", 3}}, json{{"last_attempt", {{"run", 1}, {"status", "odd"}, {"at", 1}}}},
                            json{{"checks", {{"a", "odd"}}}}, json{{"checks", {{"a", 1}}}}, json{{"last_materialization", json::object()}}})
    EXPECT_FALSE(asset_state_from_json(value)) << value;
}

}  // namespace
}  // namespace assetd
