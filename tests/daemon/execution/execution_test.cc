#include "daemon/execution/execution.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace assetd {
namespace {

// Two listings can come on one connection, and a clock that is set between them changes what "before the machine was started" means: the second must not
// start what the first has declared lost.
TEST(Execution, WhatIsReportedLostIsNeverSentUnlessTheReportWentDownWithItsCommit) {
  std::string folder = std::filesystem::temp_directory_path() / "assetd-execution-XXXXXX";
  ASSERT_TRUE(mkdtemp(folder.data()));
  std::filesystem::create_directories(folder + "/messages");
  SupervisorClientOptions nobody;
  nobody.socket_path = folder + "/none.sock";
  nobody.claims_dir = folder + "/claims";
  nobody.start_supervisor = false;
  LauncherOptions launcher;
  launcher.paths.data_dir = folder;
  AttemptRecord attempt;
  attempt.id = "0123456789abcdef0123456789abcdef";
  {
    Execution execution(launcher, nobody, {}, {[](Input) {}, [](SupervisorListing) {}, [](bool, const std::string&) {}});
    EXPECT_FALSE(execution.was_sent(attempt.id, 1));
    execution.report_lost(attempt);
    EXPECT_TRUE(execution.was_sent(attempt.id, 1)) << "as if it were on its way";
    execution.rewind(attempt);
    EXPECT_FALSE(execution.was_sent(attempt.id, 1));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace assetd
