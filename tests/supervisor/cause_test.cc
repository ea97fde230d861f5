#include "supervisor/cause.h"

#include <gtest/gtest.h>

#include <csignal>

namespace assetd::supervisor {
namespace {

constexpr std::uint64_t kMebi = 1 << 20;

End exited(int code, std::int64_t max_rss_mebi = 10) {
  return {.outcome = Outcome::exited, .exit_code = code, .started_at_ms = 1, .usage = {.max_rss_kb = max_rss_mebi * 1024}};
}
End killed(int signal, std::int64_t max_rss_mebi = 10) {
  return {.outcome = Outcome::signaled, .signal = signal, .started_at_ms = 1, .usage = {.max_rss_kb = max_rss_mebi * 1024}};
}
Evidence bounded(std::uint64_t mebi) { return {.limits = {.memory_bytes = mebi * kMebi}, .group = {}, .named_by_kernel_log = {}}; }

End judged(End end, const Evidence& evidence) {
  find_cause(end, evidence);
  return end;
}

TEST(CauseTest, TheLimitOfAGroupIsKnownByItsEvents) {
  auto evidence = bounded(256);
  evidence.group_bounds_memory = true;
  evidence.group = GroupMemory{256 * kMebi, 3, 2};
  const auto end = judged(killed(SIGKILL), evidence);
  EXPECT_EQ(end.cause, Cause::out_of_memory);
  EXPECT_EQ(end.detail, "out of memory: the kernel killed it at its limit of 256 MiB (memory.events of its control group; it had at most 256 MiB)");
}

TEST(CauseTest, AGroupKnowsThatTheMachineRanOut) {
  auto evidence = bounded(256);
  evidence.group_bounds_memory = true;
  evidence.group = GroupMemory{0, 0, 2};
  EXPECT_EQ(judged(killed(SIGKILL), evidence).detail,
            "out of memory: the kernel killed 2 of its processes because the machine, or a control group around it, had no more (memory.events)");
}

TEST(CauseTest, AProcessOfItThatWasKilledDoesNotMatterWhereTheStepSucceeds) {
  auto evidence = bounded(256);
  evidence.group = GroupMemory{0, 1, 1};
  EXPECT_EQ(judged(exited(0), evidence).cause, Cause::none);
  EXPECT_EQ(judged(exited(1), evidence).cause, Cause::out_of_memory);
}

TEST(CauseTest, WhatWasStoppedOrNeverBeganHasNoOtherCause) {
  auto evidence = bounded(256);
  evidence.group = GroupMemory{0, 1, 1};
  auto stopped = killed(SIGKILL);
  stopped.stopped = true;
  EXPECT_EQ(judged(stopped, evidence).cause, Cause::none);
  auto unstarted = exited(127);
  unstarted.started_at_ms = 0;
  unstarted.detail = "cannot execute";
  EXPECT_EQ(judged(unstarted, evidence).detail, "cannot execute");
}

TEST(CauseTest, WithoutAGroupAFailureNearTheLimitIsAConclusion) {
  const auto end = judged(exited(1, 210), bounded(256));
  EXPECT_EQ(end.cause, Cause::out_of_memory);
  EXPECT_EQ(end.detail,
            "exit code 1 after a process had 210 MiB of the 256 MiB that each may have: it was most likely refused more (a conclusion; with a control "
            "group the kernel would say it)");
  EXPECT_EQ(judged(killed(SIGABRT, 250), bounded(256)).cause, Cause::out_of_memory);
  EXPECT_EQ(judged(exited(1, 200), bounded(256)).cause, Cause::none) << "far from it";
  EXPECT_EQ(judged(exited(0, 255), bounded(256)).cause, Cause::none);
  EXPECT_EQ(judged(killed(SIGTERM, 255), bounded(256)).cause, Cause::none) << "somebody's signal";
  EXPECT_EQ(judged(exited(1, 999), Evidence{}).cause, Cause::none) << "no limit";
}

TEST(CauseTest, WhereTheGroupBoundsNearnessSaysNothing) {
  auto evidence = bounded(256);
  evidence.group_bounds_memory = true;
  evidence.group = GroupMemory{255 * kMebi, 0, 0};
  EXPECT_EQ(judged(exited(1, 255), evidence).cause, Cause::none);
}

TEST(CauseTest, TheKernelsLogNamesIt) {
  Evidence evidence;
  EXPECT_TRUE(may_be_in_kernel_log(killed(SIGKILL), evidence));
  EXPECT_FALSE(may_be_in_kernel_log(killed(SIGTERM), evidence));
  EXPECT_FALSE(may_be_in_kernel_log(exited(1), evidence));
  evidence.named_by_kernel_log = 4711;
  EXPECT_EQ(judged(killed(SIGKILL, 900), evidence).detail, "out of memory: the kernel's log says that it killed process 4711 of it, which had 900 MiB at most");
}

TEST(CauseTest, RecordsOfTheLogAreOfTheRightProcessAndTime) {
  const char* records =
      "6,901,5000000,-;python3 invoked oom-killer: gfp_mask=0x140cca, order=0\n"
      "3,902,5000100,-;Out of memory: Killed process 4711 (python3) total-vm:9180kB, anon-rss:1000kB\n"
      "3,903,9000100,-;Memory cgroup out of memory: Killed process 4712 (a) total-vm:9180kB\n"
      "6,904,9000200,-;Killed process 4713 (b) by somebody\n";
  EXPECT_TRUE(says_killed_for_memory(records, 4711, 4'000'000));
  EXPECT_FALSE(says_killed_for_memory(records, 4711, 5'000'101)) << "an earlier process of that number";
  EXPECT_TRUE(says_killed_for_memory(records, 4712, 0));
  EXPECT_FALSE(says_killed_for_memory(records, 471, 0));
  EXPECT_FALSE(says_killed_for_memory(records, 4713, 0));
  EXPECT_FALSE(says_killed_for_memory("", 1, 0));
}

TEST(CauseTest, ProcessorTimeIsUsedUp) {
  const Evidence evidence{.limits = {.cpu_seconds = 2}, .group = {}, .named_by_kernel_log = {}};
  const auto end = judged(killed(SIGXCPU), evidence);
  EXPECT_EQ(end.cause, Cause::cpu_time);
  EXPECT_EQ(end.detail, "signal 24: its limit of 2 s of processor time was used up");
  EXPECT_EQ(judged(exited(128 + SIGXCPU), evidence).cause, Cause::cpu_time) << "a child of a shell";
  auto deaf = killed(SIGKILL);
  EXPECT_EQ(judged(deaf, evidence).cause, Cause::none);
  deaf.usage.user_ms = 7'000;
  EXPECT_EQ(judged(deaf, evidence).cause, Cause::cpu_time);
  EXPECT_EQ(judged(killed(SIGXCPU), Evidence{}).cause, Cause::none) << "no limit of ours";
}

TEST(CauseTest, SizesAreSpoken) {
  EXPECT_EQ(spoken_size(256 * kMebi), "256 MiB");
  EXPECT_EQ(spoken_size(1536 * kMebi), "1.5 GiB");
  EXPECT_EQ(spoken_size(2048 * kMebi), "2 GiB");
}

}  // namespace
}  // namespace assetd::supervisor
