#include "daemon/sensors/folder_watch.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>

namespace assetd {
namespace {

namespace fs = std::filesystem;

class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() {
    std::string name = fs::temp_directory_path() / "assetd-folders-XXXXXX";
    root = mkdtemp(name.data());
  }
  ~FolderWatchTest() override { fs::remove_all(root); }
  void write(const std::string& name) { std::ofstream(root / name) << "x"; }
  bool told(int times) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, std::chrono::seconds(30), [&] { return count >= times; });
  }

  fs::path root;
  std::mutex mutex;
  std::condition_variable arrived;
  int count = 0;
  FolderWatch watch{[this](const std::string&) {
    const std::lock_guard lock(mutex);
    ++count;
    arrived.notify_all();
  }};
};

TEST_F(FolderWatchTest, TellsOnceUntilItIsLookedAtAgain) {
  auto followed = watch.follow("s", {root});
  EXPECT_TRUE(followed.all && followed.fresh);
  write("a");
  ASSERT_TRUE(told(1));
  write("b");
  followed = watch.follow("s", {root});
  EXPECT_TRUE(followed.all);
  EXPECT_FALSE(followed.fresh);
  write("c");
  ASSERT_TRUE(told(2));
}

TEST_F(FolderWatchTest, AFolderThatIsReplacedIsFollowedAnew) {
  fs::create_directory(root / "in");
  watch.follow("s", {root / "in"});
  fs::rename(root / "in", root / "old");
  ASSERT_TRUE(told(1));
  fs::create_directory(root / "in");
  EXPECT_TRUE(watch.follow("s", {root / "in"}).fresh);
  write("in/x");
  ASSERT_TRUE(told(2));
}

TEST_F(FolderWatchTest, WhatCannotBeWatchedIsToBeLookedAt) {
  EXPECT_FALSE(watch.follow("s", {root, root / "missing"}).all);
  EXPECT_FALSE(watch.follow("s", {}).all);
}

}  // namespace
}  // namespace assetd
