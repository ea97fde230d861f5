// One shim serves one attempt after another; nothing of the one may show in the next. Output files are made when something is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <filesystem>

#include "supervisor/claim.h"
#include "supervisor/output_file.h"
#include "supervisor/shim_job.h"
#include "tests/supervisor/harness.h"

namespace assetd::supervisor::testing {
namespace {

class FreeShimTest : public ::testing::Test {
 protected:
  json run(const json& message) {
    channel->send(message);
    return channel->expect("ended", message["attempt"]);
  }
  json run_shell(const std::string& script) { return run(shell(folder, new_attempt(), script)); }
  int shim_of(const std::string& attempt) {
    channel->send(shell(folder, attempt, kWaitForGo));
    return parent_of(channel->expect("started", attempt)["pid"]);
  }
  void go() { write_text(folder / "go", ""); }

  Folder folder;
  Program program{folder};
  std::unique_ptr<Channel> channel = std::make_unique<Channel>(folder);
};

TEST_F(FreeShimTest, TheNextAttemptHasTheSameShim) {
  const auto first = new_attempt(), second = new_attempt();
  const int shim = shim_of(first);
  go();
  channel->expect("ended", first);
  std::filesystem::remove(folder / "go");
  EXPECT_EQ(shim_of(second), shim);
  go();
  EXPECT_EQ(channel->expect("ended", second)["exit_code"], 0);
}

TEST_F(FreeShimTest, WhatAnAttemptUsedIsItsOwn) {
  const auto busy = run_shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
  const auto idle = run(spawn(folder, new_attempt(), {"/bin/true"}));
  ASSERT_GT(busy["usage"]["user_ms"].get<int>() + busy["usage"]["system_ms"].get<int>(), 20);
  EXPECT_LT(idle["usage"]["user_ms"].get<int>() + idle["usage"]["system_ms"].get<int>(), 20);
}

TEST_F(FreeShimTest, NoDescriptorOfAnEarlierAttemptIsOpenInTheNext) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run_shell("echo some output")["exit_code"], 0);
  auto message = shell(folder, new_attempt(), "ls -l /proc/self/fd | grep -c ' -> '");
  message["stdout"] = folder / "count";
  run(message);
  EXPECT_EQ(read_text(folder / "count"), "4\n") << "0, 1, 2 and the directory that ls reads";
}

TEST_F(FreeShimTest, AStopReachesTheSecondAttemptAndSparesTheThird) {
  EXPECT_EQ(run_shell("exit 1")["exit_code"], 1);
  const auto second = new_attempt(), third = new_attempt();
  const int shim = shim_of(second);
  channel->send(stop(second, {"TERM"}, 60'000));
  EXPECT_EQ(channel->expect("ended", second)["signal"], SIGTERM);
  EXPECT_EQ(shim_of(third), shim);
  channel->send(stop(second, {}, 0));  // late, and said again
  go();
  const auto ended = channel->expect("ended", third);
  EXPECT_EQ(ended["exit_code"], 0);
  EXPECT_EQ(ended["stopped"], false);
}

TEST_F(FreeShimTest, AShimKilledInItsSecondAttemptLosesThatOne) {
  const auto first = run_shell("exit 2");
  const auto second = new_attempt();
  kill(shim_of(second), SIGKILL);
  EXPECT_EQ(channel->expect("ended", second)["outcome"], "lost");
  EXPECT_EQ(run_shell("exit 4")["exit_code"], 4);
}

TEST_F(FreeShimTest, AFreeShimThatIsKilledIsMissedByNobody) {
  const auto first = new_attempt();
  const int shim = shim_of(first);
  go();
  channel->expect("ended", first);
  kill(shim, SIGKILL);
  ASSERT_TRUE(eventually([&] { return kill(shim, 0) != 0; }));
  EXPECT_EQ(run_shell("exit 5")["exit_code"], 5);
}

TEST_F(FreeShimTest, WhatAKilledShimNeverTookWasNeverStarted) {
  const auto first = new_attempt(), second = new_attempt();
  const int shim = shim_of(first);
  go();
  channel->expect("ended", first);
  kill(shim, SIGSTOP);  // so that the next attempt lies on its socket
  ASSERT_TRUE(eventually([&] { return read_text("/proc/" + std::to_string(shim) + "/stat").find(") T ") != std::string::npos; }));
  channel->send(shell(folder, second, "touch executed"));
  channel->send({{"op", "list"}});
  channel->expect("listing");
  kill(shim, SIGKILL);
  EXPECT_EQ(channel->expect("ended", second)["outcome"], "never_started");
  EXPECT_FALSE(std::filesystem::exists(folder / "executed"));
  EXPECT_EQ(run_shell("exit 5")["exit_code"], 5);
}

TEST_F(FreeShimTest, FreeShimsEndWithTheirSupervisorAndBusyOnesAfterTheirStep) {
  const auto first = new_attempt(), second = new_attempt();
  const int busy = shim_of(first);
  channel->send(spawn(folder, second, {"sh", "-c", "echo $PPID > free; exit 0"}));
  channel->expect("ended", second);
  const int free = std::stoi(read_text(folder / "free"));
  ASSERT_NE(free, busy);
  program.kill_9();
  EXPECT_TRUE(eventually([&] { return kill(free, 0) != 0; }));
  EXPECT_EQ(kill(busy, 0), 0);
  program.start();
  channel = std::make_unique<Channel>(folder);
  go();
  EXPECT_EQ(channel->expect("ended", first)["exit_code"], 0);
  EXPECT_TRUE(eventually([&] { return kill(busy, 0) != 0; }));
}

TEST_F(FreeShimTest, OutputIsThereWhileTheStepRunsAndSilenceLeavesNoFile) {
  EXPECT_EQ(run_shell("true")["exit_code"], 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
  auto message = shell(folder, new_attempt(), std::string("echo one; ") + kWaitForGo + "; echo two; echo wrong >&2");
  message["stderr"] = folder / "err";
  channel->send(message);
  EXPECT_TRUE(eventually([&] { return read_text(folder / "out") == "one\n"; }));
  EXPECT_FALSE(std::filesystem::exists(folder / "err"));
  go();
  channel->expect("ended", message["attempt"]);
  EXPECT_EQ(read_text(folder / "out"), "one\ntwo\n");
  EXPECT_EQ(read_text(folder / "err"), "wrong\n");
  run_shell("echo three");
  EXPECT_EQ(read_text(folder / "out"), "one\ntwo\nthree\n") << "a file that stands there is appended to";
}

TEST_F(FreeShimTest, WhatAStepDidToItsOutputIsNotTheNextOnes) {
  auto message = shell(folder, new_attempt(), "chmod 0444 /proc/self/fd/1; echo x > /proc/self/fd/1; truncate -s 0 /proc/self/fd/1");
  message["stdout"] = folder / "first";
  run(message);
  auto next = shell(folder, new_attempt(), "echo next");
  next["stdout"] = folder / "second";
  channel->send(next);
  channel->expect("ended", next["attempt"]);
  EXPECT_EQ(read_text(folder / "second"), "next\n");
  EXPECT_EQ(std::filesystem::status(folder / "second").permissions(), std::filesystem::perms(0600));
}

TEST_F(FreeShimTest, ASpawnTooLargeForAMessageRunsAllTheSame) {
  EXPECT_EQ(run_shell("true")["exit_code"], 0);
  auto message = shell(folder, new_attempt(), "echo ${#LARGE} > size");
  for (int i = 0; i < 4; ++i) message["env"].push_back("L" + std::to_string(i) + "=" + std::string(100'000, 'x'));
  message["env"].push_back("LARGE=" + std::string(100'000, 'x'));
  EXPECT_EQ(run(message)["exit_code"], 0);
  EXPECT_EQ(read_text(folder / "size"), "100000\n");
}

TEST(ShimJob, ASpawnSurvivesBeingSent) {
  const Spawn spawn{.attempt = new_attempt(),
                    .argv = {"sh", "-c", "", std::string("a\0b", 3)},
                    .env = {"A=b"},
                    .cwd = "/somewhere",
                    .stdout_path = "/out",
                    .stderr_path = "/err",
                    .limits = {.memory_bytes = 1, .cpu_seconds = std::nullopt, .open_files = 7}};
  const auto bytes = encode_spawn(spawn);
  const auto decoded = decode_spawn(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_spawn(*decoded), bytes);
  EXPECT_EQ(decoded->argv, spawn.argv);
  EXPECT_EQ(decoded->limits.open_files, 7u);
  EXPECT_FALSE(decoded->limits.cpu_seconds);
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_spawn(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(decode_spawn(bytes + "x"));
}

TEST(ShimJob, NothingIsGivenToAShimThatIsGone) {
  int ends[2];
  ASSERT_TRUE(make_job_sockets(ends));
  close(ends[1]);
  EXPECT_FALSE(send_job(ends[0], {}, STDIN_FILENO));
  close(ends[0]);
}

}  // namespace
}  // namespace assetd::supervisor::testing
