#include <gmock/gmock.h>

#include <algorithm>

#include "core/sensor/book.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};

class SensorBookTest : public ::testing::Test {
 protected:
  static SensorSpec spec(const std::string& name, SensorKind kind = SensorKind::program, Millis every = 10s) {
    SensorSpec spec;
    spec.name = name;
    spec.kind = kind;
    spec.every = every;
    return spec;
  }
  void define(std::vector<SensorSpec> specs) { book.define(specs, stored, ticks, now); }
  std::vector<std::string> due() { return book.due(now); }
  void pass(Millis time) {
    now.wall += time;
    now.boot += time;
  }
  bool evaluate(const std::string& name, SensorFinding finding = {.skip_reason = "nothing"}, std::vector<RunId> runs = {}) {
    const auto evaluation = book.begin(name, now);
    pass(100ms);
    if (!book.end(name, evaluation)) return false;
    return book.settle(name, {.at = now.wall, .took = 100ms, .finding = std::move(finding), .runs = std::move(runs)}, now);
  }
  const SensorBook::Entry& entry(const std::string& name) { return *book.find(name); }

  SensorBook book;
  std::map<std::string, SensorState> stored;
  std::map<std::string, SensorTick> ticks;
  Now now{kStart, Millis{1'000'000}};
};

TEST_F(SensorBookTest, LooksAtOnceThenAtItsPaceAndNeverTwiceAtATime) {
  define({spec("a"), spec("b", SensorKind::program, 60s), spec("hook", SensorKind::webhook)});
  EXPECT_THAT(due(), ElementsAre("a", "b"));
  const auto evaluation = book.begin("a", now);
  evaluate("b");
  EXPECT_THAT(due(), IsEmpty());
  pass(30s);
  EXPECT_THAT(due(), IsEmpty()) << "a is under way";
  ASSERT_TRUE(book.end("a", evaluation));
  book.settle("a", {.at = now.wall, .finding = {.skip_reason = "nothing"}}, now);
  EXPECT_THAT(due(), ElementsAre("a")) << "its pace counts from its begin";
  EXPECT_EQ(book.end("a", evaluation), nullptr) << "an answer counts once";
}

TEST_F(SensorBookTest, WhatIsMutedIsTheReasonOfItsTick) {
  define({spec("a")});
  const auto settle = [&](std::vector<RunId> runs) {
    ASSERT_TRUE(book.end("a", book.begin("a", now)));
    book.settle("a", {.at = now.wall, .finding = {.cursor = "seen"}, .runs = std::move(runs), .muted = "gold is muted by ann: why"}, now);
  };
  settle({7});
  EXPECT_EQ(entry("a").last_tick->outcome, SensorOutcome::fired);
  EXPECT_EQ(entry("a").last_tick->reason, "gold is muted by ann: why");
  settle({});
  EXPECT_EQ(entry("a").last_tick->outcome, SensorOutcome::skipped);
  EXPECT_EQ(entry("a").last_tick->reason, "gold is muted by ann: why");
  EXPECT_EQ(entry("a").state.cursor, "seen") << "what was left out is not found again";
}

TEST_F(SensorBookTest, WhatComesToTheSameIsOneTickAndNeedsNoCommit) {
  define({spec("a")});
  EXPECT_TRUE(evaluate("a"));
  EXPECT_FALSE(evaluate("a"));
  EXPECT_FALSE(evaluate("a"));
  EXPECT_EQ(entry("a").last_tick->repeats, 2);
  EXPECT_EQ(entry("a").last_tick->number, 1);
  EXPECT_EQ(entry("a").last_tick->last_at, now.wall);
  EXPECT_THAT(book.take_unsaved(), ElementsAre("a"));
  EXPECT_THAT(book.take_unsaved(), IsEmpty());
  EXPECT_TRUE(evaluate("a", {.requests = {{}}}, {7}));
  EXPECT_EQ(entry("a").last_tick->number, 2);
  EXPECT_EQ(entry("a").state.fired_at, now.wall);
  EXPECT_TRUE(evaluate("a", {.requests = {{}}}, {8})) << "each that fires is a tick of its own";
  EXPECT_EQ(entry("a").last_tick->number, 3);
  EXPECT_TRUE(evaluate("a", {.skip_reason = "nothing", .cursor = "x"}));
  EXPECT_TRUE(evaluate("a", {.skip_reason = "nothing", .cursor = "y"})) << "a cursor that moved is committed";
  EXPECT_EQ(entry("a").last_tick->repeats, 1);
}

TEST_F(SensorBookTest, FailuresBackOffAndLeaveTheCursor) {
  define({spec("a")});
  evaluate("a", {.skip_reason = "nothing", .cursor = "1"});
  pass(10s);
  EXPECT_TRUE(evaluate("a", {.error = "broken", .cursor = "2"}));
  EXPECT_EQ(entry("a").state.cursor, "1");
  pass(19s);
  EXPECT_THAT(due(), IsEmpty());
  pass(1s);
  EXPECT_THAT(due(), ElementsAre("a"));
  EXPECT_TRUE(evaluate("a", {.error = "broken"}));
  EXPECT_EQ(entry("a").state.failures, 2);
  EXPECT_EQ(entry("a").last_tick->repeats, 1);
  book.tell("a", now);
  EXPECT_THAT(due(), IsEmpty()) << "news do not hurry what fails";
  pass(40s);
  evaluate("a");
  EXPECT_EQ(entry("a").state.failures, 0);
  pass(10s);
  EXPECT_THAT(due(), ElementsAre("a"));
}

TEST_F(SensorBookTest, NewsHurryItAndWhatComesWhileItLooksIsLookedAtAfterwards) {
  define({spec("f", SensorKind::file, 60s)});
  book.follow("f", true, now);
  evaluate("f");
  pass(5s);
  EXPECT_THAT(due(), IsEmpty());
  book.tell("f", now);
  EXPECT_THAT(due(), ElementsAre("f"));
  const auto evaluation = book.begin("f", now);
  book.tell("f", now);
  pass(1s);
  ASSERT_TRUE(book.end("f", evaluation));
  book.settle("f", {.at = now.wall, .finding = {.skip_reason = "nothing"}}, now);
  EXPECT_THAT(due(), ElementsAre("f"));
}

TEST_F(SensorBookTest, MoreIsFetchedAtOnceAndASettlingFileWhenItHasSettled) {
  define({spec("f", SensorKind::file)});
  evaluate("f", {.requests = {{}}, .more = true}, {1});
  pass(500ms);
  EXPECT_THAT(due(), ElementsAre("f"));
  evaluate("f", {.skip_reason = "settling", .look_at = now.wall + 3s});
  pass(2s);
  EXPECT_THAT(due(), IsEmpty());
  pass(1s);
  EXPECT_THAT(due(), ElementsAre("f"));
}

TEST_F(SensorBookTest, APauseHoldsItAndOutlivesNewDefinitions) {
  define({spec("a")});
  EXPECT_TRUE(book.pause("a", true, "ann", "moving", now));
  EXPECT_THAT(due(), IsEmpty());
  EXPECT_EQ(book.next_due(now), std::nullopt);
  define({spec("a", SensorKind::program, 20s)});
  EXPECT_TRUE(entry("a").paused());
  EXPECT_EQ(entry("a").state.pause_reason, "moving");
  book.pause("a", false, "ann", "", now);
  EXPECT_THAT(due(), ElementsAre("a"));
  EXPECT_FALSE(book.pause("b", true, "", "", now));
}

TEST_F(SensorBookTest, WhatIsUnderWayOfAChangedSensorComesToNothing) {
  define({spec("a")});
  const auto evaluation = book.begin("a", now);
  auto changed = spec("a");
  changed.run.command = {"other"};
  define({changed});
  EXPECT_THAT(due(), IsEmpty()) << "not two at once";
  EXPECT_EQ(book.end("a", evaluation), nullptr);
  EXPECT_THAT(due(), ElementsAre("a"));
  const auto next = book.begin("a", now);
  book.reset("a", "x", now);
  EXPECT_EQ(book.end("a", next), nullptr);
  EXPECT_EQ(entry("a").state.cursor, "x");
}

TEST_F(SensorBookTest, GoesOnFromWhatIsStoredUnlessItWatchesSomethingElse) {
  stored["a"] = {.sensor = "a", .kind = "program", .cursor = "c", .failures = 0, .ticks = 4};
  stored["f"] = {.sensor = "f", .kind = "program", .cursor = "c", .paused = true, .ticks = 4};
  ticks["a"] = {.sensor = "a", .number = 4, .outcome = SensorOutcome::skipped, .reason = "nothing"};
  define({spec("a"), spec("f", SensorKind::file)});
  EXPECT_EQ(entry("a").state.cursor, "c");
  EXPECT_EQ(entry("f").state.cursor, "");
  EXPECT_TRUE(entry("f").paused());
  EXPECT_FALSE(evaluate("a"));
  EXPECT_EQ(entry("a").last_tick->number, 4);
  EXPECT_EQ(entry("a").last_tick->repeats, 1);
}

TEST_F(SensorBookTest, AnotherQueryBeginsAnew) {
  auto sql = spec("q", SensorKind::sql);
  sql.sql = {.resource = "r", .query = "select 1"};
  define({sql});
  evaluate("q", {.skip_reason = "first", .cursor = "=1"});
  sql.sql.query = "select 2";
  define({sql});
  EXPECT_EQ(entry("q").state.cursor, "");
}

TEST_F(SensorBookTest, ASetClockStopsNothing) {
  define({spec("a")});
  evaluate("a");
  now.wall -= 24h;
  pass(10s);
  EXPECT_THAT(due(), ElementsAre("a"));
}

TEST_F(SensorBookTest, HoweverManyHangTheOthersHaveTheirTurn) {
  std::vector<SensorSpec> specs{spec("files", SensorKind::file), spec("quick")};
  for (std::size_t i = 0; i < kMostAsking; ++i) specs.push_back(spec("hangs" + std::to_string(i)));
  define(specs);
  for (std::size_t i = 0; i < kMostAsking; ++i) book.begin("hangs" + std::to_string(i), now);
  EXPECT_THAT(due(), ElementsAre("files")) << "who only looks waits for no program";
  book.begin("files", now);
  EXPECT_EQ(book.next_due(now), now.boot + kLongLook) << "nobody asks all the time whether there is room";
  pass(kLongLook);
  EXPECT_THAT(due(), ElementsAre("quick")) << "one that takes long keeps nobody from his turn";
}

TEST_F(SensorBookTest, ProcessesAreBounded) {
  std::vector<SensorSpec> specs;
  for (std::size_t i = 0; i <= kMostProcesses; ++i) specs.push_back(spec("hangs" + std::to_string(i)));
  define(specs);
  while (!due().empty()) {
    for (const auto& name : due()) book.begin(name, now);
    pass(kLongLook);
  }
  EXPECT_EQ(std::ranges::count_if(book.entries(), [](const auto& each) { return each.second.evaluation != 0; }), static_cast<std::ptrdiff_t>(kMostProcesses));
  EXPECT_EQ(book.next_due(now), std::nullopt);
}

}  // namespace
}  // namespace assetd
