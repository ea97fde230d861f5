// What a claims directory, or the whole folder, leaves behind that somebody removed. Real processes throughout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/supervisor/harness.h"

namespace assetd::supervisor::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A child beside it that has left session, parent and environment.
std::string with_stray(const std::string& mark) { return "(setsid env -i /bin/sleep " + mark + " &); exec sleep " + mark; }

json list_of(const std::string& attempt) { return {{"op", "list"}, {"may_have_run", {attempt}}}; }

class LostClaimTest : public ::testing::Test {
 protected:
  /// The step, with what a daemon tells it of the data folder.
  json step(const std::string& script) {
    auto message = shell(folder, attempt, script);
    message["env"].push_back("ASSETD_ARTIFACTS=" + folder.path() + "/artifacts/1");
    return message;
  }
  /// Gives the step's shim.
  int begin() {
    Channel channel(folder);
    channel.send(step(with_stray(mark)));
    const int pid = channel.expect("started", attempt)["pid"];
    EXPECT_TRUE(eventually([&] { return processes_with(mark).size() == 2; }));
    return parent_of(pid);
  }
  void lose_claims_and_supervisor() {
    std::filesystem::remove_all(program.claims());
    program.kill_9();
    program.start();
  }

  Folder folder;
  Program program{folder};
  const std::string mark = marker(), attempt = new_attempt();
};

TEST_F(LostClaimTest, WhatIsLeftIsKilledBeforeTheAttemptIsLost) {
  begin();
  lose_claims_and_supervisor();
  Channel channel(folder);
  channel.send(list_of(attempt));
  EXPECT_THAT(channel.expect("listing")["attempts"], SizeIs(1)) << "it counts as running until nothing is left";
  const auto ended = channel.expect("ended", attempt);
  EXPECT_EQ(ended["outcome"], "lost");
  EXPECT_THAT(ended["detail"], HasSubstr("the claims were removed; what was left of the step was killed"));
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(LostClaimTest, AlsoWithoutItsShim) {
  const int shim = begin();
  std::filesystem::remove_all(program.claims());
  program.kill_9();
  kill(shim, SIGKILL);
  ASSERT_TRUE(eventually([&] { return parent_of(shim) == 0; }));
  program.start();
  Channel channel(folder);
  channel.send(list_of(attempt));
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(LostClaimTest, KillingTheSupervisorMeanwhileChangesNothing) {
  begin();
  lose_claims_and_supervisor();
  {
    Channel channel(folder);
    channel.send(list_of(attempt));
    channel.expect("listing");
  }
  program.kill_9();
  program.start();
  Channel channel(folder);
  channel.send(list_of(attempt));
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), IsEmpty());
}

TEST_F(LostClaimTest, WhatRunsForAnotherFolderUnderTheSameIdIsLeftAlone) {
  begin();
  Folder copy;  // of its data: the store there believes that the attempt is its own
  Program other(copy);
  Channel channel(copy);
  channel.send(list_of(attempt));
  EXPECT_EQ(channel.expect("ended", attempt)["outcome"], "lost");
  EXPECT_THAT(processes_with(mark), SizeIs(2));
}

TEST_F(LostClaimTest, WithItsFolderGoneItEndsWhenNothingRuns) {
  Folder elsewhere;
  {
    Channel channel(folder);
    channel.send(spawn(elsewhere, attempt, {"sh", "-c", kWaitForGo}));
    channel.expect("started", attempt);
    std::filesystem::remove_all(folder.path());
  }
  write_text(elsewhere / "go", "");
  EXPECT_EQ(program.wait(), 0);
}

}  // namespace
}  // namespace assetd::supervisor::testing
