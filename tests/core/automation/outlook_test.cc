#include "core/automation/outlook.h"

#include <gtest/gtest.h>

#include "tests/core/automation/played_world.h"

namespace assetd::testing {
namespace {

/// a, b → c; a → lone has no other. What is said of c, or of lone.
class OutlookTest : public ::testing::Test {
 protected:
  void begin(const std::string& condition, PartitionIndex partitions = 0) {
    world = std::make_unique<PlayedWorld>(std::vector<Row>{{"a", {}}, {"b", {}}, {"c", {"a", "b"}}, {"lone", {}}},
                                          std::map<std::string, PlayedAsset>{{"a", {"", partitions}}, {"b", {"", partitions}}, {"c", {condition, partitions}}, {"lone", {condition}}});
    automation = std::make_unique<Automation>(*world);
  }
  void made(const std::vector<std::string>& keys) {
    for (const auto& key : keys) {
      const auto id = world->id(key);
      world->state().materialized[id] = world->existing(id, now);
      world->state().in_progress[id] = {};
      news.made[id] = news.updated[id] = world->existing(id, now);
    }
  }
  /// What is asked for is made, until nothing more is.
  void settle() {
    for (int i = 0; i < 10; ++i) {
      const auto evaluated = automation->evaluate(now, std::exchange(news, {}));
      for (const auto& each : evaluated)
        if (!each.requested.empty()) made({world->graph().key(each.asset)});
    }
  }
  AutomationOutlook said(const std::string& key = "c") { return outlook_of(automation->explain(now, world->id(key)).value(), *world, now, " in run 7, which failed"); }

  WallTime now{Millis(3'600'000)};
  std::unique_ptr<PlayedWorld> world;
  std::unique_ptr<Automation> automation;
  AutomationNews news;
};

TEST_F(OutlookTest, OfEagerWhatIsAboveItAndNotTheFirstFalseLeaf) {
  begin("eager");
  EXPECT_EQ(said().next, "when a and b have been made") << "before anything was";
  made({"a", "b", "c", "lone"});
  settle();
  EXPECT_EQ(said().next, "when a or b is updated");
  EXPECT_EQ(said().held, "");
  EXPECT_EQ(said("lone").next, "not by itself: what its condition waits for has come already");
  world->state().in_progress[world->id("a")] = IndexSet::range(0, 1);
  EXPECT_EQ(said().next, "when a or b is updated, and a is no longer being made");
}

TEST_F(OutlookTest, OfCronTheTickAndWhatMustFollowIt) {
  begin("on_cron(\"0 6 * * *\", \"Europe/London\")");
  made({"a", "b", "c", "lone"});
  settle();
  EXPECT_EQ(said().next, "at the tick of cron \"0 6 * * *\" in Europe/London (1970-01-01T05:00:00.000Z), once all that it depends on is updated after that");
  EXPECT_EQ(said("lone").next, "at the tick of cron \"0 6 * * *\" in Europe/London (1970-01-01T05:00:00.000Z)");
  now = WallTime(Millis(5 * 3'600'000 + 1));
  settle();
  EXPECT_EQ(said().next, "when a and b are updated") << "the tick has come";
  made({"a"});
  settle();
  EXPECT_EQ(said().next, "when b is updated");
}

TEST_F(OutlookTest, OfPartitionsTheNewestDecides) {
  begin("eager", 100);
  made({"a", "b", "c"});
  settle();
  EXPECT_EQ(said().next, "when its next partition comes (1970-01-01T01:10:00.000Z) or a or b is updated");
  now += Millis(600'000);
  settle();
  EXPECT_EQ(said().next, "when a and b have been made") << "of the new window; of the others nothing is wanted";
}

TEST_F(OutlookTest, OfWhatIsTrueAndNotAskedForWhy) {
  begin("missing and not in_progress");
  EXPECT_EQ(said().next, "its condition is true: it is asked for next");
  world->held.insert(world->id("c"));
  EXPECT_EQ(said().next, "its condition is true: it is asked for once that is no longer paused");
  world->held.clear();
  const auto c = world->id("c");
  const auto asked = automation->evaluate(now, {});
  ASSERT_FALSE(asked.empty());
  world->state().in_progress[c] = IndexSet::range(0, 1);
  EXPECT_EQ(said().next, "when it is no longer being made");
  world->state().in_progress[c] = {}, world->state().failed[c] = IndexSet::range(0, 1);
  news.touched.insert(c);
  automation->evaluate(now, std::exchange(news, {}));
  EXPECT_EQ(said().held, "it was asked for for the same causes in run 7, which failed");
  EXPECT_EQ(said().next, "when its code changes; or by hand");
}

TEST_F(OutlookTest, OfWhatCameTrueInAPauseThatItIsKept) {
  begin("any_deps_updated");
  made({"a", "b", "c"});
  settle();
  world->held.insert(world->id("c"));
  made({"a"});
  automation->evaluate(now, std::exchange(news, {}));
  automation->evaluate(now, {});
  EXPECT_EQ(said().next, "its condition was true: it is asked for once that is no longer paused");
  world->state().in_progress[world->id("c")] = IndexSet::range(0, 1);
  EXPECT_EQ(said().next, "when the run that is to make it has ended without having made it");
  EXPECT_EQ(said().held, "a run that is not over is to make it");
}

TEST_F(OutlookTest, OfDataThatNoCheckHasLetPassWhoseCheck) {
  begin("since(any_deps_updated, newly_requested) and not in_progress");
  made({"a", "b", "c"});
  settle();
  made({"a"});
  news.updated.erase(world->id("a"));
  news.updated[world->id("b")] = IndexSet::range(0, 1);
  world->state().unchecked[world->id("a")] = IndexSet::range(0, 1);
  automation->evaluate(now, std::exchange(news, {}));
  EXPECT_EQ(said().held, "a blocking check of a has not ended, or has failed");
  EXPECT_EQ(said().next, "when the blocking checks of a have passed, or are waived");
}

TEST_F(OutlookTest, OfConditionsThatPeopleWrite) {
  begin("any_deps_updated(\"a\") or failed");
  made({"a", "b", "c"});
  settle();
  EXPECT_EQ(said().next, "when a is updated or it fails");
  begin("all_deps(checks_passed) and (code_version_changed or newly_true(failed))");
  world->state().checks_failed[world->id("b")] = IndexSet::range(0, 1);
  EXPECT_EQ(said().next, "when b has passed all its checks, and its code changes or it fails");
}

}  // namespace
}  // namespace assetd::testing
