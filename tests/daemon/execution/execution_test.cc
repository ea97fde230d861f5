#include "daemon/execution/execution.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "core/run/plan.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

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
                 [](bool, const std::string&) {}, nullptr, [this](std::function<void()> work) { put(std::move(work)); }};
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
