#include "daemon/execution/execution.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/run/plan.h"
#include "supervisor/frame.h"
#include "supervisor/message.h"
#include "supervisor/socket_address.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

/// Takes one connection, and starts nothing that it is asked for.
class RefusingSupervisor {
 public:
  explicit RefusingSupervisor(const std::string& path) : listener_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    const supervisor::SocketAddress address(path);
    EXPECT_EQ(bind(listener_, address.get(), supervisor::SocketAddress::size()), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~RefusingSupervisor() {
    shutdown(listener_, SHUT_RDWR);
    shutdown(peer_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    close(peer_);
  }

 private:
  void serve() {
    peer_ = accept(listener_, nullptr, nullptr);
    supervisor::FrameReader frames;
    char bytes[4096];
    for (ssize_t got; (got = read(peer_, bytes, sizeof bytes)) > 0;) {
      frames.feed({bytes, static_cast<std::size_t>(got)});
      while (const auto frame = frames.next()) answer(supervisor::parse_command(*frame).value());
    }
  }
  void answer(const supervisor::Command& command) {
    if (std::holds_alternative<supervisor::Hello>(command)) say(supervisor::Welcome{.protocol = 1, .pid = getpid(), .boot_id = "boot", .store_id = ""});
    if (const auto* spawn = std::get_if<supervisor::Spawn>(&command)) say(supervisor::Refused{"draining", spawn->attempt});
  }
  void say(const supervisor::Event& event) {
    std::string frame;
    supervisor::append_frame(frame, to_json(event));
    EXPECT_EQ(write(peer_, frame.data(), frame.size()), static_cast<ssize_t>(frame.size()));
  }

  const int listener_;
  std::atomic<int> peer_ = -1;
  std::thread thread_;
};

class ExecutionTest : public ::testing::Test {
 protected:
  ExecutionTest() {
    auto name = (fs::temp_directory_path() / "assetd-execution-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    fs::create_directories(folder_ + "/messages");
    nobody_.socket_path = folder_ + "/none.sock";
    nobody_.claims_dir = folder_ + "/claims";
    nobody_.start_supervisor = false;
    launcher_.project_dir = folder_;
    launcher_.paths.data_dir = folder_;
    handlers_ = {[this](Input input) { put([this, input = std::move(input)] { reported_.push_back(input); }); },
                 [this](Input input, std::function<bool()> holds) {
                   put([this, input = std::move(input), holds = std::move(holds)] {
                     ++ends_told_;
                     if (holds()) reported_.push_back(input);
                   });
                 },
                 [](SupervisorListing) {},
                 [this](bool is_there, const std::string&) { put([this, is_there] { linked_ = is_there; }); }, nullptr, [this](std::function<void()> work) { put(std::move(work)); }};
  }
  ~ExecutionTest() override { fs::remove_all(folder_); }

  /// Of one step whose secret a program gives once the file "go" is there.
  Launch launch_with_secret() {
    std::ofstream(folder_ + "/pass") << "#!/bin/sh\necho asked >> " << folder_ << "/asked\nwhile [ ! -e " << folder_ << "/go ]; do sleep 0.01; done\necho told\n";
    fs::permissions(folder_ + "/pass", fs::perms::owner_all);
    launcher_.daemon_env = {{"PATH", "/usr/bin:/bin"}, {"ASSETD_SECRETS_COMMAND", folder_ + "/pass"}};
    auto definitions = std::make_shared<Definitions>();
    auto& asset = definitions->assets.emplace_back();
    asset.key = "a";
    asset.run = RunSpec{.plugin = "exec", .command = {"true"}, .env = {{"TOKEN", "${secret:TOKEN}"}}};
    auto graph = std::make_shared<AssetGraph>(AssetGraph::build(*definitions).value());
    const AssetId all[] = {0};
    Launch launch;
    launch.plan = std::make_shared<RunPlan>(make_plan(*definitions, *graph, all, StepsMode::all));
    launch.context = {1, definitions, graph};
    launch.attempt.id = kId;
    launch.attempt.run = launch.run.id = 1;
    launch.attempt.steps = {0};
    return launch;
  }
  /// Does what was put for the service's thread, until `done`.
  template <typename Done>
  void turn_until(Done done) {
    std::unique_lock lock(mutex_);
    while (!done()) {
      ready_.wait(lock, [this] { return !tasks_.empty(); });
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  static constexpr const char* kId = "0123456789abcdef0123456789abcdef";
  std::string folder_;
  SupervisorClientOptions nobody_;
  LauncherOptions launcher_;
  Execution::Handlers handlers_;
  std::vector<Input> reported_;
  bool linked_ = false;
  int ends_told_ = 0;  ///< of attempts without a process, be it that they do not hold any more

 private:
  void put(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    ready_.notify_one();
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
};

// Two listings can come on one connection, and a clock that is set between them changes what "before the machine was started" means: the second must not
// start what the first has declared lost.
TEST_F(ExecutionTest, WhatIsReportedLostIsNeverSentUnlessTheReportWentDownWithItsCommit) {
  AttemptRecord attempt;
  attempt.id = kId;
  Execution execution(launcher_, nobody_, {}, handlers_);
  EXPECT_FALSE(execution.was_sent(attempt.id, 1));
  execution.report_lost(attempt);
  EXPECT_TRUE(execution.was_sent(attempt.id, 1)) << "as if it were on its way";
  execution.rewind(attempt);
  EXPECT_FALSE(execution.was_sent(attempt.id, 1));
}

// What the supervisor then executes would have ended already: seed 51072067 of the simulator.
TEST_F(ExecutionTest, TheEndOfOneThatWasSentSinceAFailedCommitIsNotTaken) {
  auto launch = launch_with_secret();
  Execution execution(launcher_, nobody_, {}, handlers_);
  execution.report_lost(launch.attempt);
  execution.rewind(launch.attempt);
  execution.start(launch);  // a listing that comes now asks for it
  turn_until([&] { return ends_told_ == 1; });
  EXPECT_TRUE(reported_.empty());
  execution.stop({.attempt = kId, .signals = {"TERM"}, .grace = Millis(1000)});
  turn_until([&] { return ends_told_ == 2; });
  EXPECT_EQ(reported_.size(), 1u) << "that one is about the start that there was";
}

// Between the refusal and its report the connection can end, and a listing of the next one ask for what is not there.
TEST_F(ExecutionTest, WhatTheSupervisorRefusesIsNotSentAnewUnlessTheReportWentDownWithItsCommit) {
  const auto launch = launch_with_secret();
  std::ofstream(folder_ + "/go") << "now";
  RefusingSupervisor supervisor(nobody_.socket_path);
  Execution execution(launcher_, nobody_, {}, handlers_);
  turn_until([&] { return linked_; });
  execution.start(launch);
  turn_until([&] { return !reported_.empty(); });
  const auto& exit = std::get<AttemptExited>(reported_.front()).exit;
  EXPECT_EQ(exit.kind, ExitReport::Kind::never_started);
  EXPECT_EQ(exit.detail, "the supervisor refused to start it: draining");
  EXPECT_TRUE(execution.was_sent(kId, 2)) << "its end is on the way";
  execution.rewind(launch.attempt);
  EXPECT_FALSE(execution.was_sent(kId, 1)) << "that end is forgotten: on whichever connection the next listing comes";
}

TEST_F(ExecutionTest, AProgramThatGivesSecretsIsWaitedForByItsStepAlone) {
  const auto launch = launch_with_secret();
  Execution execution(launcher_, nobody_, {}, handlers_);
  execution.start(launch);
  execution.start(launch);  // as a listing asks for that comes meanwhile
  EXPECT_TRUE(execution.is_preparing(kId));
  EXPECT_TRUE(execution.was_sent(kId, 1)) << "for a listing it is on its way";
  execution.rewind(launch.attempt);
  EXPECT_TRUE(execution.was_sent(kId, 1));
  std::ofstream(folder_ + "/go") << "now";
  turn_until([&] { return !execution.is_preparing(kId); });
  EXPECT_TRUE(reported_.empty());
  EXPECT_FALSE(execution.was_sent(kId, 1)) << "nobody is connected: the next listing asks for it";
  std::ifstream asked(folder_ + "/asked");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(asked), {}), "asked\n") << "once";
}

TEST_F(ExecutionTest, WhatIsStoppedWhileItsSecretsAreAskedForEndsAtOnceAndNeverLeaves) {
  const auto launch = launch_with_secret();
  Execution execution(launcher_, nobody_, {}, handlers_);
  execution.start(launch);
  execution.stop({.attempt = kId, .signals = {"TERM"}, .grace = Millis(1000)});
  turn_until([&] { return !reported_.empty(); });
  const auto& ended = std::get<AttemptExited>(reported_.front());
  EXPECT_EQ(ended.exit.kind, ExitReport::Kind::never_started);
  EXPECT_TRUE(ended.exit.stopped);
  EXPECT_FALSE(execution.is_preparing(kId));
  EXPECT_TRUE(execution.was_sent(kId, 1));
}

}  // namespace
}  // namespace assetd
