// Real processes under a real supervisor: starting, ending, refusing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>

#include "supervisor/claim.h"
#include "tests/supervisor/harness.h"

namespace assetd::supervisor::testing {
namespace {

using ::testing::HasSubstr;

class SpawnTest : public ::testing::Test {
 protected:
  json run(const json& message) {
    channel.send(message);
    return channel.expect("ended", message["attempt"]);
  }
  json run_shell(const std::string& script) { return run(shell(folder, new_attempt(), script)); }

  Folder folder;
  Program program{folder};
  Channel channel{folder};
};

TEST_F(SpawnTest, WelcomeNamesProcessAndBoot) {
  const auto welcome = channel.expect("welcome");
  EXPECT_EQ(welcome["protocol"], 1);
  EXPECT_EQ(welcome["pid"], program.pid());
  EXPECT_EQ(welcome["store_id"], "store");
  EXPECT_EQ(welcome["boot_id"].get<std::string>() + "\n", read_text("/proc/sys/kernel/random/boot_id"));
}

TEST_F(SpawnTest, TwoHundredProgramsStartAndEndOnceEach) {
  std::set<std::string> attempts;
  std::vector<json> messages;
  for (int i = 0; i < 200; ++i) {
    attempts.insert(new_attempt());
  }
  for (const auto& attempt : attempts) messages.push_back(spawn(folder, attempt, {"/bin/true"}));
  channel.send_all(messages);
  std::multiset<std::string> started, ended;
  while (ended.size() < attempts.size()) {
    const auto message = *channel.next();
    if (message["op"] == "started") started.insert(message["attempt"]);
    if (message["op"] != "ended") continue;
    EXPECT_EQ(message["outcome"], "exited");
    EXPECT_EQ(message["exit_code"], 0);
    EXPECT_EQ(message["stopped"], false);
    EXPECT_TRUE(started.contains(message["attempt"])) << "an end was said before its start";
    ended.insert(message["attempt"]);
  }
  EXPECT_EQ(started, std::multiset<std::string>(attempts.begin(), attempts.end()));
  EXPECT_EQ(ended, started);
  channel.send({{"op", "ack"}, {"attempts", attempts}});
  EXPECT_TRUE(eventually([&] { return program.claimed().empty(); }));
}

/// The file of a claim is used again: nothing of its last attempt may show in the next, and who comes second to an id still finds it taken.
TEST_F(SpawnTest, AClaimMadeOfAnOldFileIsNew) {
  const auto first = new_attempt(), second = new_attempt();
  channel.send(shell(folder, first, "exit 9"));
  channel.expect("ended", first);
  channel.send({{"op", "ack"}, {"attempts", {first}}});
  ASSERT_TRUE(eventually([&] { return program.claimed().empty(); }));
  channel.send(shell(folder, second, "while [ ! -e go ]; do sleep 0.01; done; exit 4"));
  channel.expect("started", second);
  EXPECT_EQ(program.claimed(), std::vector<std::string>{second});
  EXPECT_FALSE(decode_claim(read_text(program.claims() + "/" + second)).end);
  channel.send(shell(folder, second, "echo ran > witness"));
  channel.expect("started", second);
  write_text(folder / "go", "");
  EXPECT_EQ(channel.expect("ended", second)["exit_code"], 4);
  EXPECT_FALSE(std::filesystem::exists(folder / "witness"));
  EXPECT_EQ(decode_claim(read_text(program.claims() + "/" + second)).end->exit_code, 4);
}

TEST_F(SpawnTest, ExitCodesAndSignalsAreTold) {
  EXPECT_EQ(run_shell("exit 3")["exit_code"], 3);
  const auto killed = run_shell("kill -SEGV $$");
  EXPECT_EQ(killed["outcome"], "signaled");
  EXPECT_EQ(killed["signal"], SIGSEGV);
  EXPECT_FALSE(killed.contains("exit_code"));
}

TEST_F(SpawnTest, StepFindsCleanSurroundings) {
  const auto attempt = new_attempt();
  auto message = shell(folder, attempt,
                       "grep -E '^Sig(Blk|Ign):' /proc/self/status; ls -l /proc/self/fd | grep -c ' -> ';"
                       "readlink /proc/self/fd/0; pwd; echo err >&2; echo $ASSETD_ATTEMPT_ID; ulimit -n");
  message["stdout"] = folder / "first";
  message["stderr"] = folder / "second";
  message["env"] = {"PATH=/usr/bin:/bin"};
  message["limits"] = {{"open_files", 77}};
  EXPECT_EQ(run(message)["exit_code"], 0);
  // Descriptors of ls: 0, 1, 2 and the directory it reads.
  EXPECT_EQ(read_text(folder / "first"), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n4\n/dev/null\n" +
                                             folder.path() + "\n" + attempt + "\n77\n");
  EXPECT_EQ(read_text(folder / "second"), "err\n");
  struct stat info{};
  ASSERT_EQ(stat((folder / "first").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SpawnTest, WhatCannotBeExecutedSaysWhy) {
  const auto missing = run(spawn(folder, new_attempt(), {"no-such-program"}));
  EXPECT_EQ(missing["outcome"], "exited");
  EXPECT_EQ(missing["exit_code"], 127);
  EXPECT_THAT(missing["detail"], HasSubstr("'no-such-program': No such file or directory in PATH /usr/bin:/bin"));

  write_text(folder / "plain", "true\n");
  const auto forbidden = run(spawn(folder, new_attempt(), {"./plain"}));
  EXPECT_EQ(forbidden["exit_code"], 126);
  EXPECT_THAT(forbidden["detail"], HasSubstr("Permission denied"));

  auto nowhere = spawn(folder, new_attempt(), {"true"});
  nowhere["cwd"] = folder / "absent";
  EXPECT_THAT(run(nowhere)["detail"], HasSubstr("working directory '" + folder.path() + "/absent': No such file"));

  auto unwritable = spawn(folder, new_attempt(), {"true"});
  unwritable["stdout"] = folder / "absent/out";
  EXPECT_THAT(run(unwritable)["detail"], HasSubstr("output file '" + folder.path() + "/absent/out': No such file"));
}

TEST_F(SpawnTest, LimitsHold) {
  auto busy = shell(folder, new_attempt(), "while :; do :; done");
  busy["limits"] = {{"cpu_seconds", 1}};
  const auto ended = run(busy);
  EXPECT_EQ(ended["signal"], SIGXCPU);
  EXPECT_EQ(ended["cause"], "cpu_time");
  EXPECT_THAT(ended["detail"], HasSubstr("limit of 1 s of processor time"));
  EXPECT_GE(ended["usage"]["user_ms"].get<int>() + ended["usage"]["system_ms"].get<int>(), 500)
      << "the limit counts ticks, usage is exact: not quite the same";
  EXPECT_GT(ended["usage"]["max_rss_kb"], 0);
}

TEST_F(SpawnTest, AnAttemptLastsUntilItsLastProcessEnds) {
  const auto attempt = new_attempt();
  channel.send(
      shell(folder, attempt, "(setsid sh -c 'while [ ! -e go ]; do sleep 0.01; done; echo late > witness' &); exit 5"));
  const auto started = channel.expect("started", attempt);
  const int step = started["pid"];
  EXPECT_TRUE(eventually([&] { return parent_of(step) == 0; })) << "the step's own process ends at once";
  channel.send({{"op", "list"}});
  EXPECT_EQ(channel.expect("listing")["attempts"][0]["state"], "running");
  write_text(folder / "go", "");
  EXPECT_EQ(channel.expect("ended", attempt)["exit_code"], 5);
  EXPECT_EQ(read_text(folder / "witness"), "late\n");
}

TEST_F(SpawnTest, TheSameSpawnExecutesOnce) {
  const auto attempt = new_attempt();
  const auto message = shell(folder, attempt, "echo ran >> witness; while [ ! -e go ]; do sleep 0.01; done");
  channel.send_all({message, message});
  const auto started = channel.expect("started", attempt);
  channel.send(message);
  EXPECT_EQ(channel.expect("started", attempt), started);
  write_text(folder / "go", "");
  const auto ended = channel.expect("ended", attempt);
  channel.send(message);
  EXPECT_EQ(channel.expect("ended", attempt), ended);
  EXPECT_EQ(read_text(folder / "witness"), "ran\n");
}

TEST_F(SpawnTest, TheEndIsWrittenInPlace) {
  const auto attempt = new_attempt();
  channel.send(shell(folder, attempt, "while [ ! -e go ]; do sleep 0.01; done; exit 9"));
  channel.expect("started", attempt);
  struct stat before{}, after{};
  ASSERT_EQ(stat((program.claims() + "/" + attempt).c_str(), &before), 0);
  write_text(folder / "go", "");
  channel.expect("ended", attempt);
  ASSERT_EQ(stat((program.claims() + "/" + attempt).c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_size, static_cast<off_t>(kClaimSize));
  EXPECT_EQ(after.st_size, before.st_size);
  EXPECT_EQ(decode_claim(read_text(program.claims() + "/" + attempt)).end->exit_code, 9);
}

TEST_F(SpawnTest, ShutdownWaitsForTheLastShim) {
  const auto running = new_attempt(), late = new_attempt();
  channel.send(shell(folder, running, "while [ ! -e go ]; do sleep 0.01; done"));
  channel.send_all({json{{"op", "shutdown"}, {"mode", "when_idle"}}, spawn(folder, late, {"true"})});
  EXPECT_EQ(channel.expect("refused", late)["why"], "draining");
  write_text(folder / "go", "");
  channel.expect("ended", running);
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(SpawnTest, ASecondSupervisorIsRefused) {
  channel.expect("welcome");
  const auto first = program.pid();
  program.start();
  EXPECT_EQ(program.wait(), 3);
  kill(first, SIGTERM);
  EXPECT_EQ(channel.next(), std::nullopt);
}

TEST_F(SpawnTest, ANewerDaemonTakesOver) {
  channel.expect("welcome");
  Channel newer(folder, 2);
  newer.expect("welcome");
  channel.send({{"op", "list"}});
  EXPECT_EQ(channel.expect("refused")["why"], "generation");
  EXPECT_EQ(channel.next(), std::nullopt);
  Channel older(folder, 1);
  EXPECT_EQ(older.expect("refused")["why"], "generation");
}

}  // namespace
}  // namespace assetd::supervisor::testing
