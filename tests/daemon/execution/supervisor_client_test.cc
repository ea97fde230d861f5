#include "daemon/execution/supervisor_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "supervisor/socket_address.h"
#include "tests/paths.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;
using Kind = SupervisorEvent::Kind;
using ::testing::HasSubstr;

/// Collects events; every wait ends after 30 s.
class Inbox {
 public:
  SupervisorClient::Handler handler() {
    return [this](SupervisorEvent event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
      arrived_.notify_all();
    };
  }

  /// Takes the first event of that kind (and attempt); earlier ones of other kinds stay.
  std::optional<SupervisorEvent> take(Kind kind, const std::string& attempt = "") {
    std::unique_lock lock(mutex_);
    const auto wanted = [&](const SupervisorEvent& event) {
      return event.kind == kind && (attempt.empty() || event.attempt == attempt);
    };
    auto found = events_.end();
    arrived_.wait_for(lock, 30s, [&] { return (found = std::ranges::find_if(events_, wanted)) != events_.end(); });
    if (found == events_.end()) return std::nullopt;
    auto event = std::move(*found);
    events_.erase(found);
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<SupervisorEvent> events_;
};

std::string new_attempt() {
  static std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
  return id;
}

class SupervisorClientTest : public ::testing::Test {
 protected:
  SupervisorClientTest() {
    std::string name = std::filesystem::temp_directory_path() / "assetd-client-XXXXXX";
    folder = mkdtemp(name.data());
  }
  ~SupervisorClientTest() override {
    client.reset();
    for (const int pid : supervisors) kill(pid, SIGKILL);
    std::filesystem::remove_all(folder);
  }

  SupervisorClientOptions options(std::uint64_t generation = 1) const {
    return {.socket_path = folder / "s",
            .claims_dir = folder / "claims",
            .program = testing::program("assetd-supervisor"),
            .log_path = folder / "log",
            .store_id = "store",
            .generation = generation};
  }

  void connect(std::uint64_t generation = 1) {
    client = std::make_unique<SupervisorClient>(options(generation), inbox.handler());
    ASSERT_GT(await_connected(), 0);
  }

  int await_connected() {
    const auto connected = inbox.take(Kind::connected);
    if (connected) supervisors.insert(connected->pid);
    return connected ? connected->pid : 0;
  }

  void kill_supervisors() {
    for (const int pid : std::exchange(supervisors, {}))
      while (kill(pid, SIGKILL) == 0) std::this_thread::yield();  // until it is gone, and its lock with it
  }

  /// A child of ours, that answers.
  int start_supervisor_of_protocol(const char* version) {
    const auto socket = (folder / "s").string(), claims = (folder / "claims").string(), path = testing::program("assetd-supervisor");
    const int pid = fork();
    if (pid == 0) {
      execl(path.c_str(), "assetd-supervisor", "--socket", socket.c_str(), "--claims", claims.c_str(), "--protocol", version, nullptr);
      _exit(127);
    }
    supervisors.insert(pid);
    while (!answers(socket)) std::this_thread::yield();
    return pid;
  }

  static bool answers(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const supervisor::SocketAddress address(path);
    const bool connected = ::connect(fd, address.get(), supervisor::SocketAddress::size()) == 0;
    close(fd);
    return connected;
  }

  SpawnRequest shell(const std::string& attempt, const std::string& script) const {
    return {.attempt = attempt,
            .argv = {"sh", "-c", script},
            .env = {"PATH=/usr/bin:/bin"},
            .cwd = folder,
            .stdout_path = folder / "out",
            .stderr_path = folder / "out"};
  }

  std::filesystem::path folder;
  Inbox inbox;
  std::set<int> supervisors;
  std::unique_ptr<SupervisorClient> client;
};

constexpr char kWaitForGo[] = "while [ ! -e go ]; do sleep 0.01; done";

TEST_F(SupervisorClientTest, OneThatDoesNotAnswerIsSilentThenGoneUntilItDoes) {
  auto impatient = options();
  impatient.patience = 50ms;
  client = std::make_unique<SupervisorClient>(impatient, inbox.handler());
  const int pid = await_connected();
  ASSERT_GT(pid, 0);
  kill(pid, SIGSTOP);
  const auto silent = inbox.take(Kind::silent);
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->pid, pid);
  EXPECT_EQ(silent->silence, 100ms);
  const auto gone = inbox.take(Kind::disconnected);
  ASSERT_TRUE(gone);
  EXPECT_THAT(gone->detail, HasSubstr("does not answer"));
  kill(pid, SIGCONT);
  EXPECT_GT(await_connected(), 0) << "with it or, as it had nothing to do and ended, with the next";
}

TEST_F(SupervisorClientTest, OneThatAnswersInTimeIsSilentNoMore) {
  auto patient = options();
  patient.patience = 500ms;
  client = std::make_unique<SupervisorClient>(patient, inbox.handler());
  const int pid = await_connected();
  ASSERT_GT(pid, 0);
  kill(pid, SIGSTOP);
  ASSERT_TRUE(inbox.take(Kind::silent));
  kill(pid, SIGCONT);
  const auto again = inbox.take(Kind::silent);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->silence, 0ms);
}

TEST_F(SupervisorClientTest, AStepOfAWorkerIsToldAsSuchAndOneWithoutIsNot) {
  connect();
  const std::string worker = testing::in_source("tests/supervisor/warm_worker.py");
  const auto start = [&](const std::string& program) {
    const auto attempt = new_attempt();
    auto request = shell(attempt, "");
    request.argv = {"/usr/bin/python3", worker, "run"};
    request.env.push_back("CODE=1");
    request.warm = {program, {program, worker, "serve"}, {"PATH=/usr/bin:/bin"}, folder, folder / "worker.log", "{\"folder\": \"" + folder.string() + "\"}"};
    client->spawn(request);
    const auto started = inbox.take(Kind::started, attempt);
    EXPECT_EQ(inbox.take(Kind::ended, attempt)->end.exit_code, 0);
    client->ack({attempt});
    return started->warm;
  };
  const auto log = [&] {
    std::ifstream file(folder / "worker.log");
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_TRUE(start("/usr/bin/python3")) << log();
  EXPECT_FALSE(start("/nonexistent"));
}

TEST_F(SupervisorClientTest, StartsASupervisorAndRunsAStep) {
  connect();
  const auto attempt = new_attempt();
  auto request = shell(attempt, "ulimit -n; exit 3");
  request.limits.open_files = 55;
  client->spawn(request);
  const auto started = inbox.take(Kind::started, attempt);
  const auto ended = inbox.take(Kind::ended, attempt);
  ASSERT_TRUE(started && ended);
  EXPECT_GT(started->pid, 0);
  EXPECT_EQ(ended->end.outcome, EndKind::exited);
  EXPECT_EQ(ended->end.exit_code, 3);
  EXPECT_EQ(ended->end.started_at_ms, started->at_ms);
  EXPECT_GE(ended->end.ended_at_ms, started->at_ms);
  client->ack({attempt});
  client->list({});
  EXPECT_TRUE(inbox.take(Kind::listing)->attempts.empty());
  std::string line;
  std::getline(std::ifstream(folder / "out") >> std::ws, line);
  EXPECT_EQ(line, "55");
}

TEST_F(SupervisorClientTest, ManySpawnsFromManyThreadsAllEnd) {
  connect();
  constexpr int kThreads = 4, kEach = 25;
  std::vector<std::vector<std::string>> ids(kThreads);
  for (auto& row : ids) {
    for (int i = 0; i < kEach; ++i) row.push_back(new_attempt());
  }
  {
    std::vector<std::jthread> threads;
    for (const auto& row : ids) {
      threads.emplace_back([&] {
        for (const auto& id : row) client->spawn(shell(id, "exit 0"));
      });
    }
  }
  for (const auto& row : ids) {
    for (const auto& id : row) EXPECT_TRUE(inbox.take(Kind::ended, id)) << id;
  }
}

TEST_F(SupervisorClientTest, StepsOutliveTheClientAndAreFoundAgain) {
  connect();
  const auto attempt = new_attempt();
  client->spawn(shell(attempt, std::string(kWaitForGo) + "; exit 4"));
  const auto started = inbox.take(Kind::started, attempt);
  client.reset();
  connect(2);
  EXPECT_EQ(supervisors.size(), 1u) << "the same supervisor";
  client->list({});
  const auto listing = inbox.take(Kind::listing);
  ASSERT_EQ(listing->attempts.size(), 1u);
  EXPECT_TRUE(listing->attempts[0].running);
  EXPECT_EQ(listing->attempts[0].pid, started->pid);
  EXPECT_EQ(listing->attempts[0].started_at_ms, started->at_ms);
  std::ofstream(folder / "go");
  EXPECT_EQ(inbox.take(Kind::ended, attempt)->end.exit_code, 4);
}

TEST_F(SupervisorClientTest, ANewSupervisorIsStartedWhenTheOldOneDies) {
  connect();
  const auto attempt = new_attempt();
  client->spawn(shell(attempt, kWaitForGo));
  ASSERT_TRUE(inbox.take(Kind::started, attempt));
  const int first = *supervisors.begin();
  kill(first, SIGKILL);
  const auto disconnected = inbox.take(Kind::disconnected);
  ASSERT_TRUE(disconnected);
  EXPECT_FALSE(disconnected->final);
  EXPECT_THAT(disconnected->detail, HasSubstr("supervisor"));
  EXPECT_NE(await_connected(), first);
  client->list({});
  EXPECT_EQ(inbox.take(Kind::listing)->attempts.size(), 1u);
  client->stop(attempt, {"TERM"}, 10s);
  const auto ended = inbox.take(Kind::ended, attempt);
  EXPECT_EQ(ended->end.outcome, EndKind::signaled);
  EXPECT_EQ(ended->end.signal, SIGTERM);
  EXPECT_TRUE(ended->end.stopped);
}

TEST_F(SupervisorClientTest, AnOlderDaemonGivesUp) {
  connect(7);
  Inbox older_inbox;
  SupervisorClient older(options(6), older_inbox.handler());
  const auto refused = older_inbox.take(Kind::refused);
  EXPECT_EQ(refused->detail, "generation");
  EXPECT_TRUE(refused->final);
  EXPECT_TRUE(older_inbox.take(Kind::disconnected)->final);
}

TEST_F(SupervisorClientTest, SaysWhyNoSupervisorCanBeStarted) {
  auto wrong = options();
  wrong.program = folder / "absent";
  client = std::make_unique<SupervisorClient>(wrong, inbox.handler());
  const auto disconnected = inbox.take(Kind::disconnected);
  ASSERT_TRUE(disconnected);
  EXPECT_THAT(disconnected->detail,
              HasSubstr("cannot execute " + (folder / "absent").string() + ": No such file or directory"));
}

TEST_F(SupervisorClientTest, ALongPathOfTheSocketWorks) {
  auto deep = options();
  const auto below = folder / std::string(120, 'd');
  std::filesystem::create_directory(below);
  deep.socket_path = below / "s";
  client = std::make_unique<SupervisorClient>(deep, inbox.handler());
  EXPECT_GT(await_connected(), 0);
}

TEST_F(SupervisorClientTest, ShutsDownWhenIdle) {
  connect();
  const int pid = *supervisors.begin();
  client->shutdown_when_idle();
  EXPECT_TRUE(inbox.take(Kind::disconnected));
  EXPECT_NE(await_connected(), pid) << "a daemon that still lives starts another";
}

TEST_F(SupervisorClientTest, OneThatSomebodyElseStartsIsWaitedFor) {
  auto external = options();
  external.start_supervisor = false;
  client = std::make_unique<SupervisorClient>(external, inbox.handler());
  EXPECT_THAT(inbox.take(Kind::disconnected)->detail, HasSubstr("no supervisor answers on "));
  EXPECT_FALSE(std::filesystem::exists(folder / "s.lock")) << "it started one";
  const int pid = start_supervisor_of_protocol("1");
  EXPECT_EQ(await_connected(), pid);
}

TEST_F(SupervisorClientTest, OneOfAnotherVersionFinishesBesideASecond) {
  const auto before = new_attempt(), longer = new_attempt(), after = new_attempt();
  connect();
  client->spawn(shell(before, kWaitForGo));
  client->spawn(shell(longer, kWaitForGo));
  ASSERT_TRUE(inbox.take(Kind::started, before) && inbox.take(Kind::started, longer));
  client.reset();
  kill_supervisors();
  const int elder = start_supervisor_of_protocol("99");  // as if the one that runs had been built for another daemon

  auto somebody_else_starts_it = options(2);
  somebody_else_starts_it.start_supervisor = false;
  client = std::make_unique<SupervisorClient>(somebody_else_starts_it, inbox.handler());
  EXPECT_NE(await_connected(), elder) << "the one that takes spawns is another";
  client->list({});
  EXPECT_EQ(inbox.take(Kind::listing)->attempts.size(), 2u);
  client->spawn(shell(after, "exit 5"));
  EXPECT_EQ(inbox.take(Kind::ended, after)->end.exit_code, 5);
  client->stop(before, {"TERM"}, 10s);
  const auto stopped = inbox.take(Kind::ended, before);
  EXPECT_EQ(stopped->end.signal, SIGTERM);
  EXPECT_TRUE(stopped->end.stopped);
  client->ack({before, after});
  EXPECT_EQ(waitpid(elder, nullptr, WNOHANG), 0) << "it still has one";
  std::ofstream(folder / "go");
  EXPECT_EQ(inbox.take(Kind::ended, longer)->end.exit_code, 0);
  client->ack({longer});
  EXPECT_EQ(waitpid(elder, nullptr, 0), elder) << "it ends when nothing of it runs";
}

}  // namespace
}  // namespace assetd
