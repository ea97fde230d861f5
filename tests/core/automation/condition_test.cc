#include "core/automation/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd::testing {
namespace {

using ::testing::HasSubstr;

/// The tree as text: "(and a (not b))".
std::string shape(const Condition& condition) {
  std::string out = condition.name;
  if (!condition.text.empty()) out += "[" + condition.text + (condition.zone.empty() ? "" : " " + condition.zone) + "]";
  if (condition.children.empty()) return out;
  for (const auto& child : condition.children) out += " " + shape(*child);
  return "(" + out + ")";
}

std::string shape(const char* text) {
  const auto parsed = parse_condition(text);
  return parsed ? shape(**parsed) : std::to_string(parsed.error().column) + ": " + parsed.error().message;
}

std::string error(const char* text) { return shape(text); }

TEST(Condition, NotBindsTighterThanAndAndThatThanOr) {
  EXPECT_EQ(shape("missing or not failed and in_progress"), "(or missing (and (not failed) in_progress))");
  EXPECT_EQ(shape("(missing or failed) and not (in_progress)"), "(and (or missing failed) (not in_progress))");
  EXPECT_EQ(shape("missing and failed and in_progress"), "(and missing failed in_progress)");
}

TEST(Condition, NamesTakeTheirArguments) {
  EXPECT_EQ(shape("since(newly_updated, newly_requested)"), "(since newly_updated newly_requested)");
  EXPECT_EQ(shape("any_deps(failed, 'tag:daily')"), "(any_deps[tag:daily] failed)");
  EXPECT_EQ(shape("any_deps_in_progress(\"tag:daily\")"), "(any_deps_in_progress[tag:daily] in_progress)");
  EXPECT_EQ(shape("cron_tick_passed(\"0 6 * * *\", \"Europe/London\")"), "cron_tick_passed[0 6 * * * Europe/London]");
  EXPECT_EQ(shape("cron_tick_passed(\"@daily\")"), "cron_tick_passed[@daily UTC]");
}

TEST(Condition, ReadyOnesStandForTheirTrees) {
  EXPECT_EQ(shape("on_missing"),
            "(on_missing in_latest_time_window (since_last_handled (newly_missing missing) (handled newly_requested newly_updated)) "
            "(not (any_deps_missing (and missing (not requested)))) (not in_progress))");
  EXPECT_EQ(depth_of(*parse_condition("eager").value()), 1u);
  EXPECT_EQ(depth_of(*parse_condition("any_deps(all_deps(missing)) or failed").value()), 2u);
  EXPECT_EQ(depth_of(*parse_condition("missing").value()), 0u);
}

TEST(Condition, ErrorsSayWhereAndWhatToWrite) {
  EXPECT_EQ(error("eagre"), "1: there is no condition \"eagre\"; nearest: eager");
  EXPECT_EQ(error("missing and"), "12: it ends where a condition is expected");
  EXPECT_EQ(error("missing & failed"), "9: \"&\" cannot stand here; write and");
  EXPECT_EQ(error("(missing"), "9: it ends where \")\" is expected");
  EXPECT_EQ(error("missing failed"), "9: there is \"failed\" where the end is expected");
  EXPECT_EQ(error("missing(failed)"), "8: missing takes no arguments");
  EXPECT_THAT(error("since(missing)"), HasSubstr("14: write since(CONDITION, CONDITION)"));
  EXPECT_THAT(error("on_cron"), HasSubstr("1: write on_cron(\"0 6 * * *\", \"Europe/London\")"));
  EXPECT_THAT(error("on_cron(\"0 6 * * *\", \"Europe/Lundon\")"), HasSubstr("Europe/London"));
  EXPECT_THAT(error("on_cron(\"0 66 * * *\")"), ::testing::StartsWith("12: "));
  EXPECT_EQ(error("on_cron(\"0 0 30 2 *\")"), "14: no year has such a day, so it would never come");
  EXPECT_THAT(error("any_deps_updated(\"tag:\")"), HasSubstr("tag"));
  EXPECT_EQ(error("any_deps_updated(\"a"), "18: this text has no closing quote");
}

TEST(Condition, NestingIsBounded) {
  const std::string deep = std::string(1000, '(') + "missing" + std::string(1000, ')');
  EXPECT_THAT(error(deep.c_str()), HasSubstr("nested too deeply"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "not ";
  EXPECT_THAT(error((nots + "missing").c_str()), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace assetd::testing
