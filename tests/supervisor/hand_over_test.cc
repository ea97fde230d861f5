// Two supervisors with one claims directory: the elder finishes what it has, the younger takes what is new and what the elder leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "tests/supervisor/harness.h"

namespace assetd::supervisor::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class HandOverTest : public ::testing::Test {
 protected:
  static std::string waits_for(const std::string& name) { return "echo $ASSETD_ATTEMPT_ID >> witness; while [ ! -e " + name + " ]; do sleep 0.01; done"; }

  void SetUp() override {
    Channel daemon(folder);
    daemon.send_all({shell(folder, a, waits_for("go-a")), shell(folder, b, waits_for("go-b"))});
    for (const auto& attempt : {a, b}) pids[attempt] = daemon.expect("started", attempt)["pid"];
    younger = std::make_unique<Program>(folder, "", std::vector<std::string>{"--socket", folder / "s2"});
  }

  /// A daemon of another version, at each.
  std::unique_ptr<Channel> to_elder() { return std::make_unique<Channel>(folder, 2, "store", "s", json{7, 9}); }
  std::unique_ptr<Channel> to_younger() { return std::make_unique<Channel>(folder, 2, "store", "s2"); }
  static std::vector<std::string> listed(Channel& channel) {
    channel.send({{"op", "list"}});
    std::vector<std::string> found;
    const auto listing = channel.expect("listing");
    for (const auto& row : listing["attempts"]) found.push_back(row["attempt"]);
    return found;
  }
  void expect_ran_once() const {
    const auto witness = read_text(folder / "witness");
    for (const auto& attempt : {a, b}) {
      const auto first = witness.find(attempt);
      EXPECT_NE(first, std::string::npos);
      EXPECT_EQ(witness.find(attempt, first + 1), std::string::npos) << "it ran twice";
    }
  }

  Folder folder;
  Program elder{folder};
  std::unique_ptr<Program> younger;
  const std::string a = new_attempt(), b = new_attempt();
  std::map<std::string, int> pids;
};

TEST_F(HandOverTest, TheElderFinishesAndEndsAndTheYoungerHasTheRest) {
  auto old = to_elder();
  EXPECT_EQ(old->expect("welcome")["protocol"], 0);
  EXPECT_THAT(listed(*old), UnorderedElementsAre(a, b));
  const auto late = new_attempt();
  old->send(spawn(folder, late, {"true"}));
  EXPECT_EQ(old->expect("refused", late)["why"], "protocol");

  auto young = to_younger();
  EXPECT_EQ(young->expect("welcome")["protocol"], 1);
  EXPECT_THAT(listed(*young), UnorderedElementsAre(a, b)) << "what another holds is not unknown";
  young->send_all({spawn(folder, late, {"true"}), shell(folder, a, "echo again >> witness")});
  EXPECT_EQ(young->expect("ended", late)["exit_code"], 0);

  old->send(stop(a, {"TERM"}, 10'000));
  EXPECT_EQ(old->expect("ended", a)["stopped"], true);
  old->send({{"op", "ack"}, {"attempts", {a}}});
  EXPECT_THAT(listed(*old), UnorderedElementsAre(b));
  EXPECT_THAT(listed(*young), UnorderedElementsAre(b, late)) << "what the elder has settled is gone";

  write_text(folder / "go-b", "");
  EXPECT_EQ(old->expect("ended", b)["exit_code"], 0);
  EXPECT_EQ(elder.wait(), 0);
  EXPECT_EQ(young->expect("ended", b)["exit_code"], 0) << "not acknowledged to the elder";
  young->send({{"op", "ack"}, {"attempts", {b, late}}});
  EXPECT_THAT(listed(*young), IsEmpty());
  EXPECT_THAT(younger->claimed(), IsEmpty());
  expect_ran_once();
}

TEST_F(HandOverTest, WhatTheElderHeldGoesOnWhenItIsKilled) {
  auto young = to_younger();
  EXPECT_THAT(listed(*young), UnorderedElementsAre(a, b));
  elder.kill_9();
  EXPECT_EQ(young->expect("started", a)["pid"], pids.at(a));
  EXPECT_EQ(young->expect("started", b)["pid"], pids.at(b));
  young->send(stop(a, {"TERM"}, 10'000));
  EXPECT_EQ(young->expect("ended", a)["signal"], SIGTERM);
  write_text(folder / "go-b", "");
  EXPECT_EQ(young->expect("ended", b)["exit_code"], 0);
  expect_ran_once();
}

TEST_F(HandOverTest, TheYoungerPassesAStopOn) {
  auto old = to_elder();
  auto young = to_younger();
  young->send(stop(a, {"TERM"}, 10'000));
  const auto ended = old->expect("ended", a);
  EXPECT_EQ(ended["signal"], SIGTERM);
  EXPECT_EQ(ended["stopped"], true);
}

TEST_F(HandOverTest, AThirdFindsItsHoldersToo) {
  auto young = to_younger();
  EXPECT_THAT(listed(*young), UnorderedElementsAre(a, b));
  elder.kill_9();
  young->expect("started", b);  // taken over
  Program third(folder, "", {"--socket", folder / "s3"});
  Channel last(folder, 3, "store", "s3");
  EXPECT_THAT(listed(last), UnorderedElementsAre(a, b));
  write_text(folder / "go-b", "");
  EXPECT_EQ(young->expect("ended", b)["exit_code"], 0);
  younger->kill_9();
  EXPECT_EQ(last.expect("ended", b)["exit_code"], 0);
  expect_ran_once();
}

}  // namespace
}  // namespace assetd::supervisor::testing
