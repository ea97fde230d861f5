// Supervisor, shim and daemon die in turn; hostile steps refuse to. Real processes throughout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "supervisor/claim.h"
#include "tests/supervisor/harness.h"

namespace assetd::supervisor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Ignores what can be ignored, leaves a child that left session and parent and cleared its environment. Writes a line
/// to `ready` when all run.
std::string hostile(const std::string& mark) {
  return "trap '' TERM INT HUP; (setsid env -i /bin/sh -c \"(/bin/sleep " + mark +
         " & echo >> ready; exec /bin/sleep " + mark + ") &\" &); setsid sleep " + mark +
         " & echo >> ready; exec sleep " + mark;
}

std::size_t lines_of(const std::string& path) {
  const auto text = read_text(path);
  return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

class CrashTest : public ::testing::Test {
 protected:
  Folder folder;
  Program program{folder};
};

TEST_F(CrashTest, NoHostileDescendantSurvivesAStop) {
  constexpr int kAttempts = 15;
  const auto mark = marker();
  Channel channel(folder);
  std::vector<std::string> attempts;
  for (int i = 0; i < kAttempts; ++i) {
    attempts.push_back(new_attempt());
    channel.send(shell(folder, attempts.back(), hostile(mark)));
  }
  ASSERT_TRUE(eventually([&] { return processes_with(mark).size() >= 4 * kAttempts; }));
  for (const auto& attempt : attempts) channel.send(stop(attempt, {"INT", "TERM"}, 20));
  for (const auto& attempt : attempts) {
    const auto ended = channel.expect("ended", attempt);
    EXPECT_EQ(ended["outcome"], "signaled");
    EXPECT_EQ(ended["signal"], SIGKILL);
    EXPECT_EQ(ended["stopped"], true);
  }
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(CrashTest, AStopSendsItsSignalsInOrder) {
  Channel channel(folder);
  const auto attempt = new_attempt();
  channel.send(shell(folder, attempt,
                     "trap 'echo INT >> seen' INT; trap 'echo TERM >> seen; exit 4' TERM; echo > ready; while :; do "
                     "sleep 0.01; done"));
  ASSERT_TRUE(eventually([&] { return lines_of(folder / "ready") == 1; }));
  channel.send(stop(attempt, {"INT", "TERM"}, 300));
  channel.send(stop(attempt, {"INT", "TERM"}, 300));  // a daemon that makes sure
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 4);
  EXPECT_EQ(read_text(folder / "seen"), "INT\nTERM\n");
}

TEST_F(CrashTest, AnotherStopReplacesTheFirst) {
  Channel channel(folder);
  const auto attempt = new_attempt();
  channel.send(shell(folder, attempt, "trap '' TERM; echo > ready; while :; do sleep 0.01; done"));
  ASSERT_TRUE(eventually([&] { return lines_of(folder / "ready") == 1; }));
  channel.send(stop(attempt, {"TERM"}, 3'600'000));
  channel.send(stop(attempt, {}, 0));
  EXPECT_EQ(channel.expect("ended", attempt)["signal"], SIGKILL);
}

TEST_F(CrashTest, AStopBeforeTheSpawnRevokesIt) {
  Channel channel(folder);
  const auto attempt = new_attempt();
  channel.send_all({stop(attempt, {"TERM"}, 100), shell(folder, attempt, "echo ran > witness")});
  for (int answer = 0; answer < 2; ++answer) EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "never_started");
  program.kill_9();
  program.start();
  Channel again(folder);
  EXPECT_EQ(again.expect("ended", attempt)["outcome"], "never_started");
  EXPECT_FALSE(std::filesystem::exists(folder / "witness"));
}

TEST_F(CrashTest, AStopSurvivesDaemonAndSupervisor) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, hostile(mark)));
    ASSERT_TRUE(eventually([&] { return processes_with(mark).size() >= 4; }));
    channel.send(stop(attempt, {"TERM"}, 100));
    ASSERT_TRUE(eventually([&] { return decode_claim(read_text(program.claims() + "/" + attempt)).stop.has_value(); }));
  }
  program.kill_9();
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty(); })) << "the shim goes on with the stop, alone";
  program.start();
  Channel channel(folder);
  EXPECT_EQ(channel.expect("ended", attempt)["stopped"], true);
}

TEST_F(CrashTest, AnAdoptedShimCanBeStopped) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  int step = 0;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, hostile(mark)));
    step = channel.expect("started", attempt)["pid"];
    ASSERT_TRUE(eventually([&] { return processes_with(mark).size() >= 4; }));
  }
  program.kill_9();
  program.start();
  Channel channel(folder);
  channel.send({{"op", "list"}});
  const auto row = channel.expect("listing")["attempts"][0];
  EXPECT_EQ(row["state"], "running");
  EXPECT_EQ(row["pid"], step);
  channel.send(stop(attempt, {"TERM"}, 10));
  EXPECT_EQ(channel.expect("ended", attempt)["signal"], SIGKILL);
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(CrashTest, KillingTheSupervisorLosesNoExitAndRunsNothingTwice) {
  constexpr int kAttempts = 60, kRounds = 4;
  std::vector<json> spawns;
  std::set<std::string> open;
  for (int i = 0; i < kAttempts; ++i) {
    const auto attempt = new_attempt();
    open.insert(attempt);
    const auto script = "echo $ASSETD_ATTEMPT_ID >> witness; " +
                        (i % 3 == 0 ? std::string(kWaitForGo) : "exit " + std::to_string(i % 7));
    spawns.push_back(shell(folder, attempt, script));
  }
  for (int round = 0; round < kRounds; ++round) {
    {
      Channel channel(folder, static_cast<std::uint64_t>(round + 1));
      channel.send_all(spawns);  // everything again: what was begun is not begun anew
      for (int i = 0; i < 7 * (round + 1); ++i) channel.next();
    }
    program.kill_9();
    program.start();
  }
  Channel channel(folder, kRounds + 1);
  channel.send_all(spawns);
  write_text(folder / "go", "");
  while (!open.empty()) {
    const auto message = *channel.next();
    if (message["op"] != "ended") continue;
    EXPECT_EQ(message["outcome"], "exited") << message;
    open.erase(message["attempt"]);
  }
  std::multiset<std::string> ran;
  std::istringstream witness(read_text(folder / "witness"));
  for (std::string line; std::getline(witness, line);) ran.insert(line);
  EXPECT_EQ(ran.size(), static_cast<std::size_t>(kAttempts));
  EXPECT_EQ(std::set<std::string>(ran.begin(), ran.end()).size(), ran.size()) << "an attempt ran twice";
}

TEST_F(CrashTest, EndsAreSaidAgainUntilAcknowledged) {
  const auto attempt = new_attempt();
  json ended;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, "exit 6"));
    ended = channel.expect("ended", attempt);
  }
  Channel again(folder);
  EXPECT_EQ(again.expect("ended", attempt), ended);
  again.send({{"op", "ack"}, {"attempts", {attempt}}});
  again.send({{"op", "list"}});
  EXPECT_THAT(again.expect("listing")["attempts"], IsEmpty());
}

TEST_F(CrashTest, AStepWhoseShimIsKilledIsLostWithItsWholeTree) {
  const auto mark = marker();
  const auto attempt = new_attempt(), other = new_attempt();
  Channel channel(folder);
  channel.send(shell(folder, attempt, hostile(mark)));
  const int step = channel.expect("started", attempt)["pid"];
  channel.send(shell(folder, other, kWaitForGo));
  channel.expect("started", other);
  ASSERT_TRUE(eventually([&] { return processes_with(mark).size() >= 4; }));
  kill(parent_of(step), SIGKILL);
  const auto ended = channel.expect("ended", attempt);
  EXPECT_EQ(ended["outcome"], "lost");
  EXPECT_THAT(ended["detail"], HasSubstr("shim"));
  EXPECT_THAT(processes_with(mark), IsEmpty());
  write_text(folder / "go", "");
  EXPECT_EQ(channel.expect("ended", other)["exit_code"], 0) << "its neighbour goes on";
}

TEST_F(CrashTest, AStepThatStopsItsShimDoesNotEscapeItsStop) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  Channel channel(folder);
  channel.send(shell(folder, attempt, "kill -STOP $PPID; exec sleep " + mark));
  channel.expect("started", attempt);
  ASSERT_TRUE(eventually([&] { return processes_with(mark).size() == 1; }));
  channel.send(stop(attempt, {"TERM"}, 1000));
  EXPECT_EQ(channel.expect("ended", attempt)["stopped"], true);
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(CrashTest, AnAdoptedShimThatIsStoppedIsStoppedAllTheSame) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  int shim = 0;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, "exec sleep " + mark));
    shim = parent_of(channel.expect("started", attempt)["pid"]);
  }
  program.kill_9();
  program.start();
  Channel channel(folder);
  kill(shim, SIGSTOP);
  channel.send(stop(attempt, {"TERM"}, 1000));
  EXPECT_EQ(channel.expect("ended", attempt)["stopped"], true);
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(CrashTest, SupervisorAndShimKilledTogether) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  int step = 0;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, "setsid sleep " + mark + " & exec sleep " + mark));
    step = channel.expect("started", attempt)["pid"];
    ASSERT_TRUE(eventually([&] { return processes_with(mark).size() == 2; }));
  }
  const int shim = parent_of(step);
  program.kill_9();
  kill(shim, SIGKILL);
  program.start();
  Channel channel(folder);
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), IsEmpty());
  channel.send(shell(folder, attempt, "echo ran > witness"));
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost") << "never again under that id";
  EXPECT_FALSE(std::filesystem::exists(folder / "witness"));
}

TEST_F(CrashTest, WhatLeftSessionParentAndEnvironmentIsFoundWithoutSupervisorAndShim) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  int step = 0;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, hostile(mark)));
    step = channel.expect("started", attempt)["pid"];
    ASSERT_TRUE(eventually([&] { return processes_with(mark).size() >= 4; }));
  }
  const int shim = parent_of(step);
  program.kill_9();
  kill(shim, SIGKILL);
  ASSERT_TRUE(eventually([&] { return parent_of(shim) == 0; }));
  program.start();
  Channel channel(folder);
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(CrashTest, TheShimOfAnAdoptedAttemptIsKilled) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  int step = 0;
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, "env -i /bin/sleep " + mark + " & exec sleep " + mark));
    step = channel.expect("started", attempt)["pid"];
    ASSERT_TRUE(eventually([&] { return processes_with(mark).size() == 2; }));
  }
  program.kill_9();
  program.start();
  Channel channel(folder);
  channel.expect("welcome");
  kill(parent_of(step), SIGKILL);
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(CrashTest, AClaimOfAnotherBootIsLost) {
  program.kill_9();
  const auto attempt = new_attempt(), damaged = new_attempt();
  std::filesystem::create_directory(program.claims());
  auto claim = encode_claim({"00000000-0000-0000-0000-000000000000", "store", 1});
  const auto shim = encode_shim({getpid(), 1, {getpid(), 1234}});
  claim.replace(shim.offset, shim.bytes.size(), shim.bytes);
  write_text(program.claims() + "/" + attempt, claim);
  write_text(program.claims() + "/" + damaged, "");  // made, never written
  program.start();
  Channel channel(folder);
  const auto ended = channel.expect("ended", attempt);
  EXPECT_EQ(ended["outcome"], "lost");
  EXPECT_EQ(ended["started_at_ms"], 1234);
  EXPECT_THAT(ended["detail"], HasSubstr("restarted"));
  EXPECT_EQ(channel.expect("ended", damaged)["outcome"], "lost");
}

TEST_F(CrashTest, ARestoredStoreEndsWhatItsOtherSelfBegan) {
  const auto mark = marker();
  const auto attempt = new_attempt();
  {
    Channel channel(folder, 9, "before");
    channel.send(spawn(folder, attempt, {"sleep", mark}));
    channel.expect("started", attempt);
  }
  Channel channel(folder, 3, "restored");
  EXPECT_EQ(channel.expect("welcome")["store_id"], "restored");
  EXPECT_TRUE(eventually([&] { return processes_with(mark).empty() && program.claimed().empty(); }));
  channel.send({{"op", "list"}});
  EXPECT_THAT(channel.expect("listing")["attempts"], IsEmpty());
}

/// A file system of one megabyte; needs privileges.
class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (mount("none", claims.path().c_str(), "tmpfs", 0, "size=256k") != 0)
      GTEST_SKIP() << "mounting a small file system is not allowed here";
    mounted = true;
  }
  void TearDown() override {
    if (mounted) umount2(claims.path().c_str(), MNT_DETACH);
  }
  void fill_disk() {
    for (int i = 0; i < 300; ++i) write_text(claims / ("fill" + std::to_string(i)), std::string(4096, 'x'));
  }

  Folder folder, claims;
  bool mounted = false;
};

TEST_F(FullDiskTest, AnExitIsRecordedAndANewStepIsNotBegun) {
  Program program(folder, claims.path());
  const auto attempt = new_attempt(), late = new_attempt();
  {
    Channel channel(folder);
    channel.send(shell(folder, attempt, std::string(kWaitForGo) + "; exit 8"));
    channel.expect("started", attempt);
    fill_disk();
    channel.send(shell(folder, late, "echo ran > witness"));
    const auto ended = channel.expect("ended", late);
    EXPECT_EQ(ended["outcome"], "never_started");
    EXPECT_THAT(ended["detail"], HasSubstr("No space left"));
    EXPECT_EQ(ended["cause"], "no_space");
  }
  program.kill_9();
  write_text(folder / "go", "");
  ASSERT_TRUE(eventually([&] { return decode_claim(read_text(claims / attempt)).end.has_value(); }));
  program.start();
  Channel channel(folder);
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 8);
  EXPECT_FALSE(std::filesystem::exists(folder / "witness"));
}

}  // namespace
}  // namespace assetd::supervisor::testing
