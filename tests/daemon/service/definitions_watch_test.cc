#include "daemon/service/definitions_watch.h"

#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

constexpr char kProject[] = "assets:\n  - {key: a, run: {command: [\"true\"]}}\n";

/// What is noticed of the project's files, with nothing behind it that reads them.
class Notices : public ServiceTest {
 protected:
  void watch(int refused = 0) {
    define(kProject);
    watch_ = std::make_unique<DefinitionsWatch>(options_.compile, compile_here(options_.compile).watch_state, [this, refused] {
      const std::lock_guard lock(mutex_);
      arrived_.notify_all();
      return ++called_ > refused;
    });
  }
  bool await_calls(int wanted) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, kLongest, [&] { return called_ >= wanted; });
  }

  int called_ = 0;
  std::unique_ptr<DefinitionsWatch> watch_;
};

TEST_F(Notices, WhatIsSavedAfterTheFilesCouldNotBeRead) {
  watch();
  fs::rename(file("assetd.yaml"), file("away"));
  ASSERT_TRUE(await_calls(1));
  watch_->seen("");  // the compiler ended without a word
  fs::rename(file("away"), file("assetd.yaml"));
  ASSERT_TRUE(await_calls(2)) << "it is there again";
  watch_->seen("");
  std::ofstream(file("assetd.yaml"), std::ios::app) << "  - {key: b, run: {command: [\"true\"]}}\n";
  EXPECT_TRUE(await_calls(3)) << "the next save";
}

TEST_F(Notices, WhatWasSavedWhileOtherFilesWereRead) {
  watch(1);
  std::ofstream(file("assetd.yaml"), std::ios::app) << "  - {key: b, run: {command: [\"true\"]}}\n";
  EXPECT_TRUE(await_calls(2)) << "the first was refused";
}

class WatchedDefinitions : public ServiceTest {
 protected:
  WatchedDefinitions() { options_.watch = true; }
  static std::string with(const std::string& key) { return std::string(kProject) + "  - {key: " + key + ", run: {command: [\"true\"]}}\n"; }
  bool await_version(const std::string& version) {
    return await_event([&](const Event& event) { return event.type == "definitions_changed" && event.subject.value("version", "") == version && event.changes.contains("added"); });
  }
};

TEST_F(WatchedDefinitions, APlanOrARefusedApplyLeavesASaveToBeTakenOver) {
  start(kProject);
  define(with("b"));
  EXPECT_EQ(answer([&](auto done) { service_->plan_definitions(caller(), done); }).status, 200);
  ASSERT_TRUE(await_version("2")) << "saved and planned";
  define(with("c"));
  EXPECT_EQ(answer([&](auto done) { service_->apply_definitions(caller(), "another", done); }).status, 409);
  ASSERT_TRUE(await_version("3")) << "saved, and another plan's apply refused";
  define("name: [");
  EXPECT_EQ(answer([&](auto done) { service_->plan_definitions(caller(), done); }).status, 422);
  ASSERT_TRUE(await_event([](const Event& event) { return event.type == "definitions_changed" && event.changes.contains("errors"); })) << "broken files are told also after a plan";
  EXPECT_EQ(service_->definitions_status()["state"], "broken");
}

}  // namespace
}  // namespace assetd::testing
