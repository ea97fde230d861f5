#include "cli/format.h"

namespace assetd::cli {
namespace {

using namespace std::chrono_literals;

TEST(Format, ReadsTimesWithAndWithoutFraction) {
  const auto whole = parse_time("2026-11-22T19:00:00Z");
  const auto millis = parse_time("2026-11-22T19:00:00.250Z");
  ASSERT_TRUE(whole && millis);
  EXPECT_EQ(*millis - *whole, 250ms);
  EXPECT_FALSE(parse_time("yesterday"));
}

TEST(Format, RelativeTimesSayTheLargestUnit) {
  const auto now = *parse_time("2026-11-22T19:00:00Z");
  EXPECT_EQ(relative_time(now, now), "now");
  EXPECT_EQ(relative_time(now - 59s, now), "59 s ago");
  EXPECT_EQ(relative_time(now - 200s, now), "3 min ago");
  EXPECT_EQ(relative_time(now + 7h, now), "in 7 h");
  EXPECT_EQ(relative_time(now - 73h, now), "3 days ago");
}

TEST(Format, Durations) {
  EXPECT_EQ(duration_text(840ms), "840 ms");
  EXPECT_EQ(duration_text(5120ms), "5.1 s");
  EXPECT_EQ(duration_text(200s), "3 min 20 s");
  EXPECT_EQ(duration_text(2h), "2 h");
}

TEST(Format, Sizes) {
  EXPECT_EQ(bytes_text(512), "512 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text(20ULL << 30), "20 GiB");
}

TEST(Format, Numbers) {
  const auto text = [](const nlohmann::json& number) { return number_text(number); };
  EXPECT_EQ(text(2600), "2600");
  EXPECT_EQ(text(98.55500556793564), "98.555");
  EXPECT_EQ(text(1234567.0), "1234567");
  EXPECT_EQ(text(0.00012345678), "0.0001235");
  EXPECT_EQ(text(-0.5), "-0.5");
  EXPECT_EQ(text(0.0), "0");
}

TEST(Format, WhatOthersWroteDoesNotSteerTheTerminal) {
  const nlohmann::json object = {{"reason", "night\x1b[2Jshift\r\x7f\nand\tmore é"}};
  EXPECT_EQ(text_at(object, "reason"), "night?[2Jshift??\nand\tmore é");
}

TEST(Format, AStepIsNamedWithItsPartitionAlsoForAShell) {
  EXPECT_EQ(step_name({{"key", "lake/days"}, {"partition", nullptr}}), "lake/days");
  EXPECT_EQ(step_name({{"key", "days"}, {"partition", "2026-01-05"}}), "days [2026-01-05]");
  EXPECT_EQ(step_options({{"key", "lake/days"}}), "--step lake/days");
  EXPECT_EQ(step_options({{"key", "days"}, {"partition", "2026-01-05"}}), "--step days --partition 2026-01-05");
  EXPECT_EQ(step_options({{"key", "md"}, {"partition", "zoe|2026-01-05"}}), "--step md --partition 'zoe|2026-01-05'");
  EXPECT_EQ(log_options({{"key", "days"}, {"partition", "2026-01-05"}, {"check", "row count"}, {"own_process", true}}), "--step days --partition 2026-01-05 --check 'row count'");
  EXPECT_EQ(log_options({{"key", "days"}, {"check", "sums"}, {"own_process", false}}), "--step days") << "its step printed what it printed";
  EXPECT_EQ(log_options({{"key", "days"}}), "--step days");
  EXPECT_EQ(step_options({{"key", "md"}, {"partition", "o'neil $x"}}), "--step md --partition 'o'\\''neil $x'");
}

TEST(Format, FieldsThatAreMissingOrNullAreEmpty) {
  const nlohmann::json object = {{"text", "a"}, {"null", nullptr}, {"number", 7}};
  EXPECT_EQ(text_at(object, "text"), "a");
  EXPECT_EQ(text_at(object, "null"), "");
  EXPECT_EQ(text_at(object, "other"), "");
  EXPECT_EQ(text_at(object, "number"), "7");
  EXPECT_EQ(join(nlohmann::json{{"domain", "growth"}, {"pii", ""}}, ", "), "domain=growth, pii");
}

}  // namespace
}  // namespace assetd::cli
