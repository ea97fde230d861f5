// Retention through the whole service: asked for, and by itself.

#include <gmock/gmock.h>

#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

constexpr char kShortLived[] = R"(
name: shop
retention: {events: 1ms, runs: 1ms, logs: 1ms}
assets:
  - {key: good, run: {plugin: exec, command: [sh, -c, "echo made"]}}
  - {key: bad, run: {plugin: exec, command: [sh, -c, "echo broken; exit 3"]}}
)";

class Retained : public ServiceTest {
 protected:
  /// Once all that has happened is older than the shortest age.
  Reply prune() {
    const auto until = SystemClock().now().wall + 2ms;
    while (SystemClock().now().wall < until) std::this_thread::yield();
    return answer([&](auto done) { service_->prune(caller(), done); });
  }
  bool has_output(RunId id) const { return fs::exists(options_.paths.log_dir(id)); }
};

TEST_F(Retained, ForgetsWhatIsTooOldAndKeepsWhatPeopleStillAskFor) {
  start(kShortLived);
  std::vector<RunId> ids;  // one after the other: which failed last is a matter of time
  for (const auto* key : {"bad", "bad", "good", "good"}) {
    ids.push_back(run(key));
    ASSERT_EQ(outcome(ids.back()), std::string_view(key) == "bad" ? "failed" : "succeeded");
  }
  const auto first = ids[0], second = ids[1], third = ids[2], fourth = ids[3];
  const auto reply = prune();
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body.at("runs"), 3);
  EXPECT_EQ(reply.body.at("logs"), 3);
  EXPECT_GT(reply.body.at("events"), 0);
  for (const auto id : {first, third, fourth}) {
    EXPECT_FALSE(reader()->run(id)->has_value()) << id;
    EXPECT_FALSE(has_output(id)) << id;
  }
  EXPECT_TRUE(reader()->run(second)->has_value()) << "the run in which bad failed last";
  EXPECT_TRUE(has_output(second));
  EXPECT_EQ(reader()->materializations("good", {})->items.size(), 1u);
  EXPECT_EQ(status("good"), "materialized");
  EXPECT_EQ(status("bad"), "failed");
  EXPECT_EQ(reader()->audit({})->items.front().value.action, "prune");
  EXPECT_EQ(retry(second).status, 201) << "what is kept can be tried again";
  EXPECT_EQ(retry(first).status, 404);
}

TEST_F(Retained, LeavesWhatRuns) {
  start(std::string(kShortLived) + "  - {key: slow, run: {plugin: exec, command: [sh, -c, \"while [ ! -e go ]; do sleep 0.02; done; echo done\"]}}\n");
  const auto id = run("slow");
  ASSERT_TRUE(await_step(id, "slow", "running"));
  EXPECT_EQ(prune().body.at("runs"), 0);
  EXPECT_TRUE(has_output(id));
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
}

TEST_F(Retained, OutputGoesSoonerThanItsAgeWhereThereIsTooMuch) {
  start("name: shop\nretention: {max_bytes: 1}\nassets:\n  - {key: good, run: {plugin: exec, command: [sh, -c, \"echo made\"]}}\n");
  const auto id = run("good");
  ASSERT_EQ(outcome(id), "succeeded");
  ASSERT_TRUE(has_output(id));
  const auto reply = prune();
  EXPECT_EQ(reply.body.at("logs"), 1);
  EXPECT_EQ(reply.body.at("runs"), 0) << "at first only output goes";
  EXPECT_FALSE(has_output(id));
  for (int i = 0; i < 100 && reader()->run(id)->has_value(); ++i) prune();
  EXPECT_FALSE(reader()->run(id)->has_value()) << "and runs where that is not enough";
  EXPECT_EQ(status("good"), "materialized");
}

TEST_F(Retained, SaysThatItIsShuttingDown) {
  start(kShortLived);
  service_->shut_down();
  EXPECT_EQ(prune().status, 503);
}

}  // namespace
}  // namespace assetd::testing
