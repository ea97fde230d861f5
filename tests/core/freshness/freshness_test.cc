#include "core/freshness/freshness.h"

#include <gtest/gtest.h>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;

WallTime at(const char* text) { return parse_time(text).value(); }

TEST(Freshness, WithoutADemandThereIsNone) {
  EXPECT_EQ(freshness_at({}, std::nullopt, at("2026-01-01T00:00:00Z")), Freshness::none);
  EXPECT_FALSE(next_change({}, at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z")));
}

TEST(Freshness, WithinAnAgeWithAWarningBefore) {
  const FreshnessSpec spec{.within = 24h, .warn = 4h};
  const auto data = at("2026-01-01T00:00:00Z");
  EXPECT_EQ(freshness_at(spec, std::nullopt, data), Freshness::violated);
  EXPECT_EQ(freshness_at(spec, data, data + 20h), Freshness::fresh);
  EXPECT_EQ(freshness_at(spec, data, data + 20h + 1ms), Freshness::warn);
  EXPECT_EQ(freshness_at(spec, data, data + 24h), Freshness::warn);
  EXPECT_EQ(freshness_at(spec, data, data + 24h + 1ms), Freshness::violated);
}

TEST(Freshness, ByADeadlineTheDataMustBeYoungerThanSaid) {
  const FreshnessSpec spec{.within = 3h, .deadline = "0 9 * * *", .timezone = "Europe/London"};
  const auto nine = at("2026-07-01T08:00:00Z");  // summer time
  EXPECT_EQ(freshness_at(spec, nine - 3h, nine + 1h), Freshness::fresh);
  EXPECT_EQ(freshness_at(spec, nine - 3h - 1ms, nine), Freshness::fresh) << "the deadline itself is still in time";
  EXPECT_EQ(freshness_at(spec, nine - 3h - 1ms, nine + 1ms), Freshness::violated);
  EXPECT_EQ(freshness_at(spec, nine + 1min, nine + 24h), Freshness::fresh) << "late, and good until the next one";
  EXPECT_EQ(freshness_at(spec, nine + 1min, nine + 24h + 1ms), Freshness::violated);
}

TEST(Freshness, ByADeadlineAloneTheDataMustBeYoungerThanTheOneBefore) {
  const FreshnessSpec spec{.deadline = "0 9 * * *"};
  const auto nine = at("2026-07-01T09:00:00Z");
  EXPECT_EQ(freshness_at(spec, nine - 23h, nine + 24h), Freshness::fresh);
  EXPECT_EQ(freshness_at(spec, nine - 23h, nine + 24h + 1ms), Freshness::violated);
}

TEST(Freshness, TheNextChangeIsWhenTheAnswerIsAnother) {
  for (const auto& spec : {FreshnessSpec{.within = 24h, .warn = 4h}, FreshnessSpec{.within = 1h}, FreshnessSpec{.within = 2h, .deadline = "0 9 * * *", .warn = 1h},
                           FreshnessSpec{.deadline = "30 * * * *"}}) {
    const auto data = at("2026-03-01T05:12:00Z");
    auto now = data;
    for (int changes = 0; const auto next = next_change(spec, data, now); ++changes) {
      ASSERT_LT(changes, 3);
      EXPECT_NE(freshness_at(spec, data, *next), freshness_at(spec, data, now));
      EXPECT_EQ(freshness_at(spec, data, *next - 1ms), freshness_at(spec, data, now)) << "not before";
      now = *next;
    }
    EXPECT_EQ(freshness_at(spec, data, now), Freshness::violated);
  }
}

TEST(Freshness, WhatWasNeverMadeIsDueWithinItsTimeOrAtTheFirstDeadline) {
  const auto due = [](const FreshnessSpec& spec, const char* since) { return violated_at(spec, awaited_as(spec, at(since))); };
  EXPECT_EQ(due({.within = 3h}, "2026-03-01T05:00:00Z"), at("2026-03-01T08:00:00Z"));
  for (const auto& spec : {FreshnessSpec{.deadline = "0 9 * * *"}, FreshnessSpec{.within = 3h, .deadline = "0 9 * * *"}}) {
    EXPECT_EQ(due(spec, "2026-03-01T05:00:00Z"), at("2026-03-01T09:00:00Z"));
    EXPECT_EQ(due(spec, "2026-03-01T08:59:59Z"), at("2026-03-01T09:00:00Z"));
    EXPECT_EQ(due(spec, "2026-03-01T09:00:00Z"), at("2026-03-02T09:00:00Z")) << "at the instant itself it is not due any more";
  }
}

TEST(Freshness, DataSaysOfWhenItIs) {
  const FreshnessSpec spec{.within = 1h, .of = "newest"};
  const auto made = at("2026-03-01T05:00:00Z");
  EXPECT_EQ(data_time(spec, {{"newest", "2026-02-28T23:00:00Z"}}, made), at("2026-02-28T23:00:00Z"));
  EXPECT_EQ(data_time(spec, {{"newest", {{"raw_value", "2026-02-28"}, {"type", "text"}}}}, made), at("2026-02-28T00:00:00Z"));
  EXPECT_EQ(data_time(spec, {{"newest", 1'772'000'000.5}}, made), WallTime(Millis(1'772'000'000'500)));
  for (const auto& wrong : {nlohmann::json("yesterday"), nlohmann::json(nullptr), nlohmann::json(-5), nlohmann::json(1e300), nlohmann::json::array()})
    EXPECT_EQ(data_time(spec, {{"newest", wrong}}, made), made);
  EXPECT_EQ(data_time(spec, nlohmann::json::object(), made), made);
  EXPECT_EQ(data_time({.within = 1h}, {{"newest", "2026-02-28"}}, made), made);
}

}  // namespace
}  // namespace assetd
