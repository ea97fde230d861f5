// A muted asset is left out of what nobody asks for, and of nothing else.

#include <gmock/gmock.h>

#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;

constexpr char kSeconds[] = R"(
name: shop
external: [{key: landing}]
assets:
  - {key: a, deps: [landing], run: {plugin: exec, command: ["true"]}}
  - {key: b, deps: [a], run: {plugin: exec, command: ["true"]}}
  - {key: c, deps: [b], run: {plugin: exec, command: ["true"]}}
schedules:
  - {name: often, select: "*", cron: "* * * * * *", timezone: UTC, overlap: allow, paused: true}
)";

class MutesTest : public ServiceTest {
 protected:
  Reply mute(const std::string& key, std::optional<WallTime> until = std::nullopt) {
    return answer([&](auto done) { service_->pause_automation(caller(), key, "its source is wrong", until, done); });
  }
  Reply resume(const std::string& key) {
    return answer([&](auto done) { service_->resume_automation(caller(), key, "", done); });
  }
  void pause_schedule(bool paused) {
    answer([&](auto done) { service_->pause_schedule(caller(), "often", paused, "", done); });
  }
  /// The first tick of that outcome, with a reason or without one.
  Event tick(const std::string& outcome, bool with_reason) {
    Event found;
    EXPECT_TRUE(await_event([&](const Event& event) {
      const bool is_it = event.type == "tick" && event.changes.value("outcome", "") == outcome && event.changes.contains("reason") == with_reason;
      if (is_it) found = event;
      return is_it;
    }));
    return found;
  }
  /// What the run made.
  std::set<std::string> keys_of(RunId id) {
    EXPECT_EQ(outcome(id), "succeeded");
    std::set<std::string> keys;
    const std::lock_guard lock(mutex_);
    for (const auto& event : events_)
      if (event.type == "materialization" && event.run == id) keys.insert(event.asset);
    return keys;
  }
};

TEST_F(MutesTest, ATickLeavesItOutAndSaysSoAndPeopleStillMakeIt) {
  start(kSeconds);
  EXPECT_EQ(mute("b").status, 200);
  pause_schedule(false);
  const auto told = tick("requested", true);
  EXPECT_EQ(told.changes.at("reason"), "b is muted by ann: its source is wrong");
  EXPECT_THAT(keys_of(told.run), ElementsAre("a", "c"));
  pause_schedule(true);
  EXPECT_THAT(keys_of(run("*")), ElementsAre("a", "b", "c"));
  const auto triggered = answer([&](auto done) { service_->trigger_schedule(caller(), "often", done); });
  EXPECT_THAT(keys_of(std::stoll(triggered.body.at("id").get<std::string>())), ElementsAre("a", "b", "c"));
}

TEST_F(MutesTest, WhereAllIsMutedTheTickIsSkipped) {
  start(kSeconds);
  for (const auto* key : {"a", "b", "c"}) EXPECT_EQ(mute(key).status, 200);
  pause_schedule(false);
  EXPECT_EQ(tick("skipped", true).changes.at("reason"),
            "a is muted by ann: its source is wrong; b is muted by ann: its source is wrong; c is muted by ann: its source is wrong");
}

TEST_F(MutesTest, TheyOutliveARestartAndEndByThemselves) {
  start(kSeconds);
  mute("b");
  mute("c", SystemClock().now().wall + std::chrono::hours(1));
  stop();
  start();
  const auto page = service_->automation("", 10);
  ASSERT_EQ(page.items.size(), 2u) << "what is muted is listed, with a condition or without";
  EXPECT_EQ(page.items[0].key, "b");
  EXPECT_EQ(page.items[0].condition, "");
  EXPECT_EQ(page.items[0].pause->by, "ann");
  EXPECT_TRUE(page.items[1].pause->until);
  mute("b", SystemClock().now().wall + 1s);
  EXPECT_TRUE(await_event([](const Event& event) { return event.type == "automation_changed" && event.asset == "b" && event.changes.value("paused", true) == false; }));
  pause_schedule(false);
  EXPECT_THAT(keys_of(tick("requested", true).run), ElementsAre("a", "b"));
}

TEST_F(MutesTest, OneGoesWithItsAssetToAnotherKey) {
  start(kSeconds);
  mute("b");
  std::string renamed = kSeconds;
  renamed.replace(renamed.find("{key: b,"), 8, "{key: beta, renamed_from: b,").replace(renamed.find("deps: [b]"), 9, "deps: [beta]");
  define(renamed);
  EXPECT_EQ(answer([&](auto done) { service_->reload(caller(), done); }).status, 200);
  stop();
  start();
  const auto view = service_->automation_of("beta");
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->pause);
  EXPECT_EQ(service_->automation("", 10).items.size(), 1u) << "of the former key nothing is left";
}

TEST_F(MutesTest, WhatIsMadeElsewhereCannotBeMuted) {
  start(kSeconds);
  const auto refused = mute("landing");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body["type"].get<std::string>(), EndsWith("external-asset"));
  EXPECT_EQ(mute("nobody").status, 404);
  EXPECT_EQ(resume("b").status, 200) << "it is not muted already";
}

}  // namespace
}  // namespace assetd::testing
