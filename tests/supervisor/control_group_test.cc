// Control groups: what is written, in a plain directory that stands in for one; what they do, in real ones where this machine lets us.
#include "supervisor/control_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/supervisor/harness.h"

namespace assetd::supervisor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

json all_limits() { return {{"memory_bytes", 64 << 20}, {"cpu_millis", 1500}, {"cpu_seconds", 60}, {"open_files", 99}, {"processes", 50}}; }

// ---- Stand-in

class StandInTest : public ::testing::Test {
 protected:
  StandInTest() {
    std::filesystem::create_directory(root);
    write_text(root + "/cgroup.controllers", "cpuset cpu memory pids\n");
  }

  Folder folder;
  const std::string root = folder / "groups";
};

TEST_F(StandInTest, TheGroupOfAnAttemptHasItsLimits) {
  Program program(folder, "", {"--cgroups", root});
  Channel channel(folder);
  const auto attempt = new_attempt();
  auto message = shell(folder, attempt, "ulimit -d; ulimit -n");
  message["limits"] = all_limits();
  channel.send(message);
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 0);
  const auto group = root + "/assetd-" + attempt;
  EXPECT_EQ(read_text(group + "/memory.max"), std::to_string(64 << 20));
  EXPECT_EQ(read_text(group + "/memory.swap.max"), "0");
  EXPECT_EQ(read_text(group + "/memory.oom.group"), "1");
  EXPECT_EQ(read_text(group + "/cpu.max"), "150000 100000");
  EXPECT_EQ(read_text(group + "/pids.max"), "50");
  EXPECT_EQ(read_text(group + "/cgroup.procs"), "0") << "the step entered it before it began";
  EXPECT_EQ(read_text(folder / "out"), "unlimited\n99\n") << "the group bounds memory, no process needs to";
}

TEST_F(StandInTest, WithoutLimitsNothingIsSet) {
  const auto path = root + "/assetd-x";
  const ControlGroup group(path, {});
  EXPECT_TRUE(group.exists());
  EXPECT_FALSE(group.bounds_memory());
  EXPECT_FALSE(std::filesystem::exists(path + "/memory.max"));
  EXPECT_FALSE(std::filesystem::exists(path + "/pids.max"));
}

TEST_F(StandInTest, WhereThereIsNoGroupLimitsArePerProcess) {
  Program program(folder, "", {"--cgroups", folder / "absent"});
  Channel channel(folder);
  const auto attempt = new_attempt();
  auto message = shell(folder, attempt, "ulimit -d; ulimit -n");
  message["limits"] = all_limits();
  channel.send(message);
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 0);
  EXPECT_EQ(read_text(folder / "out"), "65536\n99\n");
  const auto told = channel.expect("welcome")["limits_not_in_force"];
  EXPECT_EQ(told["names"], json({"cpu", "processes"}));
  EXPECT_THAT(told["why"].get<std::string>(), ::testing::HasSubstr(folder / "absent"));
}

TEST_F(StandInTest, MemoryIsReadFromItsEvents) {
  const auto path = root + "/assetd-x";
  const ControlGroup group(path, {});
  EXPECT_EQ(group.memory(), GroupMemory{});
  write_text(path + "/memory.events", "low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 1\n");
  write_text(path + "/memory.peak", "1048576\n");
  EXPECT_EQ(group.memory(), (GroupMemory{1 << 20, 2, 3}));
}

// ---- Real

/// A group of our own in the hierarchy of this machine.
class RealGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream mounts("/proc/self/mounts");
    std::string device, point, type, rest;
    while (mounts >> device >> point >> type && std::getline(mounts, rest))
      if (type == "cgroup2") root = point + "/assetd-test-" + std::to_string(getpid());
    std::error_code refused;
    if (root.empty() || !std::filesystem::create_directory(root, refused) || refused) GTEST_SKIP() << "no control group can be made here";
    program = std::make_unique<Program>(folder, "", std::vector<std::string>{"--cgroups", root});
  }
  void TearDown() override {
    program.reset();
    if (root.empty()) return;
    const auto removed = [&] {
      kill_group(root);
      remove_group(root);
      return !std::filesystem::exists(root);
    };
    EXPECT_TRUE(eventually(removed));
  }
  std::string group_of(const std::string& attempt) const { return root + "/assetd-" + attempt; }
  bool has_controller(const std::string& name) const { return (" " + read_text(root + "/cgroup.controllers")).find(" " + name) != std::string::npos; }
  /// Leaves session, parent, environment and tag behind.
  static std::string escaped(const std::string& mark) {
    return "(setsid env -i prlimit --rttime=1000000:1000000 /bin/sleep " + mark + " &) & exec sleep " + mark;
  }

  Folder folder;
  std::string root;
  std::unique_ptr<Program> program;
};

TEST_F(RealGroupTest, TheTreeIsInItAndItGoesWithTheTree) {
  Channel channel(folder);
  const auto attempt = new_attempt();
  channel.send(shell(folder, attempt, "cat /proc/self/cgroup; " + std::string(kWaitForGo)));
  channel.expect("started", attempt);
  EXPECT_TRUE(eventually([&] { return read_text(folder / "out").find("assetd-" + attempt) != std::string::npos; }));
  write_text(folder / "go", "");
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 0);
  EXPECT_FALSE(std::filesystem::exists(group_of(attempt)));
}

TEST_F(RealGroupTest, AStopLeavesNothing) {
  const auto mark = marker();
  Channel channel(folder);
  const auto attempt = new_attempt();
  channel.send(shell(folder, attempt, "trap '' TERM; " + escaped(mark)));
  ASSERT_TRUE(eventually([&] { return processes_with(mark).size() == 2; }));
  channel.send(stop(attempt, {"TERM"}, 10));
  EXPECT_EQ(channel.expect("ended", attempt)["stopped"], true);
  EXPECT_THAT(processes_with(mark), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(group_of(attempt)));
}

TEST_F(RealGroupTest, WhatIsLeftIsFoundByTheNextSupervisorWhateverItCleared) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  int step = 0;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, escaped(mark)));
    step = channel.expect("started", attempt)["pid"];
    ASSERT_TRUE(eventually([&] { return processes_with(mark).size() == 2; }));
  }
  const int shim = parent_of(step);
  program->kill_9();
  kill(shim, SIGKILL);
  kill(step, SIGKILL);
  program->start();
  Channel channel(folder);
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(group_of(attempt)));
}

TEST_F(RealGroupTest, GroupsThatAStepMadeInItsOwnGoToo) {
  Channel channel(folder);
  const auto attempt = new_attempt();
  channel.send(shell(folder, attempt, "mkdir -p " + group_of(attempt) + "/a/b"));
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 0);
  EXPECT_FALSE(std::filesystem::exists(group_of(attempt)));
}

TEST_F(RealGroupTest, MoreMemoryThanItsLimitIsOutOfMemory) {
  if (!has_controller("memory")) GTEST_SKIP() << "the memory controller is not in this hierarchy";
  Channel channel(folder);
  const auto attempt = new_attempt();
  auto message = shell(folder, attempt, "head -c 200000000 /dev/zero | tail -c 190000000 | wc -c");  // tail keeps it in memory
  message["limits"] = {{"memory_bytes", 64 << 20}};
  channel.send(message);
  const auto ended = channel.expect("ended", attempt);
  EXPECT_EQ(ended["signal"], SIGKILL) << "the whole step";
  EXPECT_EQ(ended["cause"], "out_of_memory");
  EXPECT_THAT(ended["detail"], HasSubstr("at its limit of 64 MiB (memory.events of its control group"));
}

TEST_F(RealGroupTest, MoreProcessesThanItsLimitAreNotForked) {
  if (!has_controller("pids")) GTEST_SKIP() << "the pids controller is not in this hierarchy";
  Channel channel(folder);
  const auto attempt = new_attempt();
  auto message = shell(folder, attempt, "sleep 60 & sleep 60 & sleep 60 & echo all > witness");
  message["limits"] = {{"processes", 3}};
  channel.send(message);
  channel.expect("started", attempt);
  EXPECT_TRUE(eventually([&] { return read_text(folder / "out").find("fork") != std::string::npos; })) << read_text(folder / "out");
  channel.send(stop(attempt, {}, 0));
  channel.expect("ended", attempt);
  EXPECT_FALSE(std::filesystem::exists(folder / "witness"));
}

}  // namespace
}  // namespace assetd::supervisor::testing
