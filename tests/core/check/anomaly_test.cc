// The ready-made check of a number against those before it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/check/anomaly.h"

namespace assetd {
namespace {

using ::testing::HasSubstr;

AnomalySpec rows_as_usual() { return {"row_count", 3, 14, 5}; }
AnomalyVerdict judged(double value, const std::vector<double>& earlier) { return judge_anomaly(rows_as_usual(), {{"row_count", value}}, earlier); }

TEST(Anomaly, AValueWithinTheMeanAndItsDeviationsPasses) {
  EXPECT_EQ(judged(103, {100, 98, 102, 100, 100}).status, CheckStatus::passed);  // mean 100, σ = √(8/5): 96.2 to 103.8
  EXPECT_EQ(judged(97, {100, 98, 102, 100, 100}).status, CheckStatus::passed);
}

TEST(Anomaly, AValueOutsideFailsAndSaysWhatIsUsual) {
  const auto verdict = judged(120, {100, 98, 102, 100, 100});
  EXPECT_EQ(verdict.status, CheckStatus::failed);
  EXPECT_THAT(verdict.detail, HasSubstr("row_count is 120, usual is 96.2053 to 103.795"));
  EXPECT_EQ(verdict.metadata["value"], 120.0);
  EXPECT_EQ(verdict.metadata["mean"], 100.0);
  EXPECT_EQ(verdict.metadata["n"], 5u);
  EXPECT_NEAR(verdict.metadata["sigma"].get<double>(), 1.26491, 1e-5);
  EXPECT_NEAR(verdict.metadata["upper"].get<double>(), 103.79473, 1e-5);
  EXPECT_EQ(judged(80, {100, 98, 102, 100, 100}).status, CheckStatus::failed) << "too few stand out as well";
}

TEST(Anomaly, WithoutEnoughToGoByItPassesAndSaysSo) {
  const auto verdict = judged(1'000'000, {1, 2, 3, 4});
  EXPECT_EQ(verdict.status, CheckStatus::passed);
  EXPECT_EQ(verdict.detail, "not judged yet: 4 of the 5 earlier values that it takes");
  EXPECT_EQ(verdict.metadata["value"], 1'000'000.0);
  EXPECT_FALSE(verdict.metadata.contains("mean"));
}

TEST(Anomaly, EqualValuesPassWhateverTheirMeanRoundsTo) {
  EXPECT_EQ(judged(0.1, {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}).status, CheckStatus::passed);
  EXPECT_EQ(judged(1e15, {1e15, 1e15, 1e15, 1e15, 1e15}).status, CheckStatus::passed);
  EXPECT_EQ(judged(101, {100, 100, 100, 100, 100}).status, CheckStatus::failed) << "where nothing ever changed, a change stands out";
}

TEST(Anomaly, ANumberThatIsMissingIsAnError) {
  for (const auto& metadata : {nlohmann::json::object(), nlohmann::json{{"row_count", "many"}}, nlohmann::json(nullptr), nlohmann::json{{"row_count", nlohmann::json::object()}}}) {
    const auto verdict = judge_anomaly(rows_as_usual(), metadata, {1, 2, 3, 4, 5});
    EXPECT_EQ(verdict.status, CheckStatus::error) << metadata;
    EXPECT_THAT(verdict.detail, HasSubstr("no number as row_count"));
  }
}

TEST(Anomaly, TypedMetadataCountAsWhatTheyHold) {
  EXPECT_EQ(metric_of({{"rows", {{"type", "int"}, {"raw_value", 7}}}}, "rows"), 7.0);
  EXPECT_EQ(metric_of({{"rows", 7.5}}, "rows"), 7.5);
  EXPECT_EQ(metric_of({{"rows", true}}, "rows"), std::nullopt);
}

}  // namespace
}  // namespace assetd
