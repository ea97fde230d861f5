#include "core/run/states.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace assetd {
namespace {

constexpr int kRunStates = 6, kStepStates = 9;

TEST(States, NothingFollowsATerminalState) {
  for (int from = 0; from < kRunStates; ++from)
    for (int to = 0; to < kRunStates; ++to)
      EXPECT_FALSE(is_terminal(static_cast<RunStatus>(from)) && may_follow(static_cast<RunStatus>(from), static_cast<RunStatus>(to))) << from << " to " << to;
  for (int from = 0; from < kStepStates; ++from)
    for (int to = 0; to < kStepStates; ++to)
      EXPECT_FALSE(is_terminal(static_cast<StepStatus>(from)) && may_follow(static_cast<StepStatus>(from), static_cast<StepStatus>(to))) << from << " to " << to;
}

TEST(States, TerminalOnesAreThese) {
  std::set<std::string_view> runs, steps;
  for (int i = 0; i < kRunStates; ++i)
    if (is_terminal(static_cast<RunStatus>(i))) runs.insert(to_string(static_cast<RunStatus>(i)));
  for (int i = 0; i < kStepStates; ++i)
    if (is_terminal(static_cast<StepStatus>(i))) steps.insert(to_string(static_cast<StepStatus>(i)));
  EXPECT_EQ(runs, (std::set<std::string_view>{"succeeded", "failed", "canceled"}));
  EXPECT_EQ(steps, (std::set<std::string_view>{"succeeded", "failed", "skipped", "canceled"}));
}

TEST(States, ACancelingRunBecomesCanceledOrFailsBecauseItsTimeWasOver) {
  for (int to = 0; to < kRunStates; ++to) {
    const auto next = static_cast<RunStatus>(to);
    EXPECT_EQ(may_follow(RunStatus::canceling, next), next == RunStatus::canceled || next == RunStatus::failed) << to;
  }
}

TEST(States, AStepReachesItsProcessOnlyByAnIntent) {
  EXPECT_TRUE(may_follow(StepStatus::ready, StepStatus::starting));
  EXPECT_TRUE(may_follow(StepStatus::starting, StepStatus::running));
  EXPECT_FALSE(may_follow(StepStatus::ready, StepStatus::running));
  EXPECT_FALSE(may_follow(StepStatus::waiting_retry, StepStatus::running));
  EXPECT_FALSE(may_follow(StepStatus::waiting_retry, StepStatus::succeeded));
}

TEST(States, OnlyAnAttemptIsRetried) {
  for (const auto from : {StepStatus::pending, StepStatus::ready}) EXPECT_FALSE(may_follow(from, StepStatus::waiting_retry));
  for (const auto from : {StepStatus::starting, StepStatus::running}) EXPECT_TRUE(may_follow(from, StepStatus::waiting_retry));
}

TEST(States, NamesComeBack) {
  for (int i = 0; i < kRunStates; ++i) EXPECT_EQ(parse_run_status(to_string(static_cast<RunStatus>(i))), static_cast<RunStatus>(i));
  for (int i = 0; i < kStepStates; ++i) EXPECT_EQ(parse_step_status(to_string(static_cast<StepStatus>(i))), static_cast<StepStatus>(i));
  EXPECT_FALSE(parse_run_status("starting"));
  EXPECT_FALSE(parse_step_status("Succeeded"));
  EXPECT_FALSE(parse_step_status(""));
}

}  // namespace
}  // namespace assetd
