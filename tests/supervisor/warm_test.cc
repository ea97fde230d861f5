// Steps that are forked from a preloaded process: everything that holds for one that is executed holds for them, whoever dies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <sstream>

#include "supervisor/claim.h"
#include "supervisor/shell/processes.h"
#include "tests/supervisor/harness.h"
#include "tests/paths.h"

namespace assetd::supervisor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kWorker = assetd::testing::in_source("tests/supervisor/warm_worker.py");
constexpr char kPython[] = "/usr/bin/python3";  // no wrapper script: tests kill what has the worker's name
constexpr char kWorkerWaitsForGo[] = "wait_until(lambda: os.path.exists('go'))\n";
constexpr char kWitness[] = "open('witness', 'a').write(os.environ['ASSETD_ATTEMPT_ID'] + '\\n')\n";

class WarmTest : public ::testing::Test {
 protected:
  /// A step of Python code; `more` goes into its `warm`.
  json warm(const std::string& attempt, const std::string& code, const json& more = json::object(), const json& load = json::object()) {
    auto message = spawn(folder, attempt, {kPython, kWorker, "run"});
    message["env"] = {"PATH=/usr/bin:/bin", "CODE=" + code, "ASSETD_ATTEMPT_ID=" + attempt};
    message["warm"] = {{"key", "k"}, {"argv", {kPython, kWorker, "serve"}}, {"env", {"PATH=/usr/bin:/bin"}}, {"cwd", folder.path()},
                       {"log", folder / "log"}, {"load", {{"folder", folder.path()}}}};
    message["warm"].update(more);
    message["warm"]["load"].update(load);
    return message;
  }
  json started(const json& message) {
    channel->send(message);
    return channel->expect("started", message["attempt"]);
  }
  json run(const json& message) {
    channel->send(message);
    return channel->expect("ended", message["attempt"]);
  }
  std::vector<int> loads() const {
    std::istringstream lines(read_text(folder / "loads"));
    std::vector<int> pids;
    for (int pid = 0; lines >> pid;) pids.push_back(pid);
    return pids;
  }
  /// Of this test: others run beside it, with workers and shims of their own.
  std::vector<int> own_processes_with(const std::string& marker) const {
    auto found = processes_with(marker);
    const auto own = processes_in(folder.path());
    std::erase_if(found, [&](int pid) { return std::ranges::find(own, pid) == own.end(); });
    return found;
  }
  void go() { write_text(folder / "go", ""); }
  static bool alive(int pid) {
    const auto process = read_process(pid);
    return process && !process->dead();
  }
  void die_and_come_back() {
    program.kill_9();
    program.start();
    channel = std::make_unique<Channel>(folder);
  }

  Folder folder;
  Program program{folder};
  std::unique_ptr<Channel> channel = std::make_unique<Channel>(folder);
};

TEST_F(WarmTest, AWorkerThatWasPreloadedIsTheOneThatStepsAreForkedFrom) {
  const auto attempt = new_attempt();
  const auto step = warm(attempt, "");
  for (int i = 0; i < 3; ++i) channel->send({{"op", "preload"}, {"warm", step["warm"]}});
  ASSERT_TRUE(eventually([&] { return loads().size() == 1; })) << read_text(folder / "log");
  EXPECT_EQ(started(step)["warm"], true);
  EXPECT_EQ(loads().size(), 1u);
}

// Those that are there are or were of use, which of another is only expected.
TEST_F(WarmTest, APreloadTakesNobodysPlace) {
  const auto preload = [&](int key) { channel->send({{"op", "preload"}, {"warm", warm(new_attempt(), "", {{"key", std::to_string(key)}})["warm"]}}); };
  for (int key = 0; key < 8; ++key) preload(key);
  ASSERT_TRUE(eventually([&] { return loads().size() == 8; }));
  preload(8);
  EXPECT_EQ(run(warm(new_attempt(), "", {{"key", "0"}}))["exit_code"], 0);
  EXPECT_EQ(loads().size(), 8u);
  EXPECT_EQ(started(warm(new_attempt(), "", {{"key", "9"}}))["warm"], true) << "a step gets its worker";
  EXPECT_EQ(loads().size(), 9u);
}

TEST_F(WarmTest, StepsAreForkedFromOneWorker) {
  for (int code : {0, 3, 7}) {
    const auto attempt = new_attempt();
    channel->send(warm(attempt, "print('said'); sys.exit(" + std::to_string(code) + ")"));
    EXPECT_EQ(channel->expect("started", attempt).value("warm", false), true) << read_text(folder / "log");
    const auto ended = channel->expect("ended", attempt);
    EXPECT_EQ(ended["outcome"], "exited");
    EXPECT_EQ(ended["exit_code"], code);
    EXPECT_GT(ended["usage"]["max_rss_kb"].get<int>(), 1000);
  }
  EXPECT_EQ(loads().size(), 1u);
  EXPECT_EQ(read_text(folder / "out"), "said\nsaid\nsaid\n");
}

TEST_F(WarmTest, AStepHasItsOwnEnvironmentDirectoryLimitsGroupAndTag) {
  const auto attempt = new_attempt();
  auto message = warm(attempt,
                      "import resource\n"
                      "print(os.getcwd(), sorted(set(os.environ) - {'LC_CTYPE'}), resource.getrlimit(resource.RLIMIT_NOFILE), os.getpgrp() == os.getpid(), sys.argv[1:])\n"
                      "print(b'ASSETD_ATTEMPT_ID=' + os.environ['ASSETD_ATTEMPT_ID'].encode() in open('/proc/self/environ', 'rb').read().split(b'\\0'))\n"
                      "print(sorted(os.listdir('/proc/self/fd'))[:4])");
  std::filesystem::create_directory(folder / "elsewhere");
  message["cwd"] = folder / "elsewhere";
  message["limits"] = {{"open_files", 77}};
  EXPECT_EQ(run(message)["exit_code"], 0);
  EXPECT_EQ(read_text(folder / "out"), folder / "elsewhere" + std::string(" ['ASSETD_ATTEMPT_ID', 'CODE', 'PATH'] (77, 77) True ['run']\nTrue\n['0', '1', '2', '3']\n"));
}

TEST_F(WarmTest, AStepIsBoundedAndWhatItDiesOfIsKnown) {
  const auto attempt = new_attempt();
  auto message = warm(attempt, "kept = []\nfor _ in range(300): kept.append(b'x' * (1 << 20))");
  message["limits"] = {{"memory_bytes", 160 << 20}};
  EXPECT_EQ(started(message)["warm"], true);
  const auto ended = channel->expect("ended", attempt);
  EXPECT_EQ(ended["exit_code"], 1);
  EXPECT_EQ(ended["cause"], "out_of_memory") << ended;

  const auto busy = new_attempt();
  message = warm(busy, "while True: pass");
  message["limits"] = {{"cpu_seconds", 1}};
  EXPECT_EQ(started(message)["warm"], true);
  EXPECT_EQ(channel->expect("ended", busy)["cause"], "cpu_time");
  EXPECT_EQ(run(warm(new_attempt(), "kept = [b'x' * (1 << 20) for _ in range(300)]"))["exit_code"], 0) << "the limits are the step's, not the worker's";
}

TEST_F(WarmTest, AStepBelongsToTheControlGroupOfItsAttempt) {
  const auto root = folder / "groups";
  std::filesystem::create_directory(root);
  write_text(root + "/cgroup.controllers", "memory\n");
  channel.reset();
  program.kill_9();
  Program in_groups(folder, "", {"--cgroups", root});
  channel = std::make_unique<Channel>(folder, 2);
  const auto attempt = new_attempt();
  auto message = warm(attempt, "import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])");
  message["limits"] = {{"memory_bytes", 160 << 20}};
  const int step = started(message)["pid"];
  EXPECT_EQ(channel->expect("ended", attempt)["exit_code"], 0);
  const auto group = root + "/assetd-" + attempt;
  EXPECT_EQ(read_text(group + "/cgroup.procs"), std::to_string(step));
  EXPECT_EQ(read_text(group + "/memory.max"), std::to_string(160 << 20));
  EXPECT_EQ(read_text(folder / "out"), "-1\n") << "the group bounds it";
}

TEST_F(WarmTest, AWorkerThatRefusesHangsOrEndsCostsNoStep) {
  for (const json& load : {json{{"refuse", true}}, json{{"hang", true}}}) {
    const auto attempt = new_attempt();
    EXPECT_FALSE(started(warm(attempt, "", {{"key", load.dump()}, {"load_ms", load.contains("hang") ? 300 : 60'000}}, load)).contains("warm"));
    EXPECT_EQ(channel->expect("ended", attempt)["exit_code"], 0);
  }
  EXPECT_EQ(run(warm(new_attempt(), "", {{"key", "no program"}, {"argv", {"/nonexistent"}}}))["exit_code"], 0);
  EXPECT_THAT(loads(), IsEmpty());
}

TEST_F(WarmTest, AStaleWorkerIsReplaced) {
  run(warm(new_attempt(), ""));
  write_text(folder / "version", "2");
  EXPECT_EQ(started(warm(new_attempt(), "print(LOADED)"))["warm"], true);
  EXPECT_TRUE(eventually([&] { return read_text(folder / "out") == "['2']\n"; })) << read_text(folder / "out");
  EXPECT_EQ(loads().size(), 2u);
}

TEST_F(WarmTest, AWorkerIsBoundedByAttemptsMemoryAndIdleTime) {
  for (int i = 0; i < 4; ++i) run(warm(new_attempt(), "", {{"key", "attempts"}, {"attempts", 2}}));
  EXPECT_EQ(loads().size(), 2u);
  for (int i = 0; i < 2; ++i) run(warm(new_attempt(), "", {{"key", "memory"}, {"memory_bytes", 1000}}));
  EXPECT_EQ(loads().size(), 4u);
  run(warm(new_attempt(), "", {{"key", "idle"}, {"idle_ms", 20}}));
  EXPECT_TRUE(eventually([&] { return std::ranges::none_of(loads(), alive); }));
}

TEST_F(WarmTest, WorkersEndWithTheirSupervisor) {
  run(warm(new_attempt(), ""));
  ASSERT_TRUE(alive(loads().at(0)));
  program.kill_9();
  EXPECT_TRUE(eventually([&] { return !alive(loads().at(0)); }));
}

TEST_F(WarmTest, AStepOutlivesItsWorker) {
  const auto attempt = new_attempt();
  ASSERT_EQ(started(warm(attempt, kWorkerWaitsForGo))["warm"], true);
  kill(loads().at(0), SIGKILL);
  ASSERT_TRUE(eventually([&] { return !alive(loads().at(0)); }));
  const auto next = new_attempt();
  EXPECT_EQ(run(warm(next, ""))["exit_code"], 0);
  EXPECT_EQ(loads().size(), 2u) << "a new one is loaded for the next step";
  go();
  EXPECT_EQ(channel->expect("ended", attempt)["exit_code"], 0);
}

TEST_F(WarmTest, AStepWhoseWorkerDiesWhileItLoadsRunsCold) {
  const auto attempt = new_attempt();
  channel->send(warm(attempt, "", json::object(), {{"hang", true}}));
  ASSERT_TRUE(eventually([&] { return !own_processes_with(kWorker).empty(); }));
  for (const int pid : own_processes_with(kWorker)) kill(pid, SIGKILL);
  EXPECT_EQ(channel->expect("ended", attempt)["exit_code"], 0);
}

TEST_F(WarmTest, AKilledStepIsSignaledAndAKilledShimIsLost) {
  const auto first = new_attempt(), second = new_attempt();
  const int step = started(warm(first, kWorkerWaitsForGo))["pid"];
  kill(step, SIGKILL);
  EXPECT_EQ(channel->expect("ended", first)["signal"], SIGKILL);
  const int other = started(warm(second, kWorkerWaitsForGo))["pid"];
  kill(parent_of(other), SIGKILL);
  EXPECT_EQ(channel->expect("ended", second)["outcome"], "lost");
  EXPECT_FALSE(alive(other));
}

TEST_F(WarmTest, AStopReachesTheWholeTree) {
  const auto attempt = new_attempt();
  started(warm(attempt,
               "import signal, subprocess\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
               "subprocess.Popen(['setsid', 'env', '-i', '/bin/sleep', '7654321'], close_fds=True)\nopen('ready', 'w').close()\n" +
                   std::string(kWorkerWaitsForGo)));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder / "ready") && !processes_with("7654321").empty(); }));
  channel->send(stop(attempt, {"TERM"}, 50));
  const auto ended = channel->expect("ended", attempt);
  EXPECT_EQ(ended["stopped"], true);
  EXPECT_EQ(ended["signal"], SIGKILL);
  EXPECT_THAT(processes_with("7654321"), IsEmpty());
}

TEST_F(WarmTest, AStopBeforeTheWorkerIsReadyRevokesTheStep) {
  const auto attempt = new_attempt();
  channel->send_all({warm(attempt, kWitness, json::object(), {{"hang", true}}), stop(attempt, {"TERM"}, 100)});
  EXPECT_EQ(channel->expect("ended", attempt)["outcome"], "never_started");
  channel->send(warm(attempt, kWitness));
  EXPECT_EQ(channel->expect("ended", attempt)["outcome"], "never_started");
  die_and_come_back();
  EXPECT_EQ(channel->expect("ended", attempt)["outcome"], "never_started");
  EXPECT_FALSE(std::filesystem::exists(folder / "witness"));
}

TEST_F(WarmTest, AnotherSupervisorAdoptsAWarmStep) {
  const auto attempt = new_attempt();
  const int step = started(warm(attempt, kWorkerWaitsForGo))["pid"];
  die_and_come_back();
  channel->send({{"op", "list"}});
  const auto listing = channel->expect("listing");
  EXPECT_EQ(listing["attempts"][0]["pid"], step);
  channel->send(stop(attempt, {"TERM"}, 30'000));
  EXPECT_EQ(channel->expect("ended", attempt)["signal"], SIGTERM);
}

TEST_F(WarmTest, AStepThatLostShimAndSupervisorIsKilledBeforeItIsSaidToBeLost) {
  const auto attempt = new_attempt();
  const int step = started(warm(attempt, kWorkerWaitsForGo))["pid"];
  const int shim = parent_of(step);
  program.kill_9();
  kill(shim, SIGKILL);
  ASSERT_TRUE(alive(step));
  program.start();
  channel = std::make_unique<Channel>(folder);
  EXPECT_EQ(channel->expect("ended", attempt)["outcome"], "lost");
  EXPECT_FALSE(alive(step));
}

TEST_F(WarmTest, WhenTheSupervisorDiesBeforeTheClaimTheSpawnIsGoodOnceMore) {
  const auto attempt = new_attempt();
  const auto message = warm(attempt, kWitness, {{"load_ms", 60'000}}, {{"hang", true}});
  channel->send(message);
  ASSERT_TRUE(eventually([&] { return !own_processes_with(kWorker).empty(); }));
  die_and_come_back();
  channel->send({{"op", "list"}});
  EXPECT_THAT(channel->expect("listing")["attempts"], IsEmpty());
  EXPECT_EQ(run(warm(attempt, kWitness))["exit_code"], 0);
  EXPECT_EQ(read_text(folder / "witness"), attempt + "\n");
}

/// Whatever is killed whenever: no attempt is executed twice, each ends, and nothing of one runs on.
TEST_F(WarmTest, NothingRunsTwiceWhateverIsKilled) {
  constexpr int kRounds = 12;
  std::set<std::string> sent;
  std::map<std::string, std::string> outcomes;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::string> attempts;
    for (int i = 0; i < 4; ++i) attempts.push_back(new_attempt());
    std::vector<json> messages;
    for (const auto& attempt : attempts) messages.push_back(warm(attempt, std::string(kWitness) + "wait_until(lambda: True)"));
    channel->send_all(messages);
    const auto victims = own_processes_with(round % 3 == 0 ? kWorker : "assetd-shim");
    if (!victims.empty() && round % 3 != 2) kill(victims[static_cast<std::size_t>(round) % victims.size()], SIGKILL);
    if (round % 3 == 2) die_and_come_back();
    channel->send_all(messages);  // as a daemon that does not know
    for (const auto& attempt : attempts) {
      const auto ended = channel->expect("ended", attempt);
      outcomes[attempt] = ended["outcome"];
      EXPECT_EQ(ended.value("exit_code", 0), 0) << ended << read_text(folder / "out");
      EXPECT_TRUE(sent.insert(attempt).second);
    }
  }
  std::istringstream lines(read_text(folder / "witness"));
  std::multiset<std::string> seen;
  for (std::string line; std::getline(lines, line);) seen.insert(line);
  for (const auto& attempt : seen) EXPECT_EQ(seen.count(attempt), 1u) << attempt;
  for (const auto& [attempt, outcome] : outcomes) EXPECT_LE(outcome == "exited" ? 1u : 0u, seen.count(attempt)) << attempt;
}

}  // namespace
}  // namespace assetd::supervisor::testing
