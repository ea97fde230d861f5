#include "core/backfill/backfill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ranges>

#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;

const PartitionsSpec kDays{{{"", TimeWindowsSpec{.start = "2026-01-01"}}}};
const PartitionsSpec kWeeks{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04"}}}};
const BackfillRunEnd kNothingMade{.unsuccessful = IndexSet::range(0, 1'000)};
const WallTime kNow = parse_time("2026-03-01T12:00:00Z").value();

/// A project, a backfill of parts of it, and what becomes of each partition.
struct Played {
  Project project;
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;
  DynamicKeys keys = {};
  Backfill backfill;
  RunId last_run = 0;

  void want(const std::map<std::string, IndexSet>& wanted) {
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, keys);
    std::map<AssetId, IndexSet> sets;
    for (const auto& [key, set] : wanted) sets[*graph->find(key)] = set;
    backfill.groups = make_groups(*definitions, *graph, table, sets);
  }
  BackfillPlan plan() const {
    std::string error;
    return BackfillPlan::make(backfill, *definitions, *graph, table, error).value();
  }
  std::vector<BackfillPlan::Request> begin(std::size_t count) {
    plan().skip_blocked(backfill, kNow);
    const auto requests = plan().next(backfill, count, kNow);
    for (const auto& request : requests) backfill.runs[++last_run] = {request.group, request.set};
    return requests;
  }
  std::vector<std::string> groups() const {
    std::vector<std::string> out;
    for (const auto& group : backfill.groups) {
      std::string text;
      for (const auto& asset : group.assets) text += (text.empty() ? "" : "+") + asset;
      out.push_back(text);
    }
    return out;
  }
};

TEST(Backfill, WhatIsDividedAlikeIsMadeTogether) {
  Played p;
  p.project.asset("raw").partitions = kDays;
  p.project.asset("clean", {"raw"}).partitions = kDays;
  p.project.asset("lagged", {"clean"}).partitions = kDays;
  p.project.asset("weeks", {"clean"}).partitions = kWeeks;
  p.project.asset("model", {"weeks"});
  p.project.asset("lag2", {"raw"}).partitions = kDays;
  p.project.asset("x");  // not wanted
  // The one before needs an earlier run.
  p.want({{"raw", IndexSet::range(0, 14)}, {"clean", IndexSet::range(0, 14)}, {"weeks", IndexSet::range(0, 1)}, {"model", IndexSet::range(0, 1)}});
  EXPECT_THAT(p.groups(), ElementsAre("raw+clean", "weeks", "model"));
}

TEST(Backfill, AWeekWaitsForItsDaysAndTheModelForTheWeek) {
  Played p;
  p.project.asset("days").partitions = kDays;
  p.project.asset("weeks", {"days"}).partitions = kWeeks;
  p.project.asset("model", {"weeks"});
  p.want({{"days", IndexSet::range(3, 10)}, {"weeks", IndexSet::range(0, 1)}, {"model", IndexSet::range(0, 1)}});
  const auto days = p.begin(100);
  ASSERT_EQ(days.size(), 7U);
  EXPECT_TRUE(p.begin(100).empty());
  for (RunId run = 1; run <= 6; ++run) settle(p.backfill, run, {});
  EXPECT_TRUE(p.begin(100).empty()) << "a day is missing";
  settle(p.backfill, 7, {});
  ASSERT_EQ(p.begin(100).size(), 1U);
  EXPECT_FALSE(outcome(p.backfill));
  settle(p.backfill, 8, kNothingMade);
  EXPECT_TRUE(p.begin(100).empty());
  EXPECT_EQ(p.backfill.groups[2].skipped, IndexSet::range(0, 1)) << "below a failed week";
  EXPECT_EQ(outcome(p.backfill), BackfillStatus::failed);
  retry(p.backfill);
  EXPECT_EQ(p.begin(100).size(), 1U) << "the week alone; its days are there";
}

/// How the one run under way ends: each asset is made of the partitions given, or fails.
void end_of_run(Played& p, RunId run, const std::map<std::string, IndexSet>& made) {
  const auto part = p.backfill.runs.at(run);
  const auto& group = p.backfill.groups[part.group];
  BackfillRunEnd end;
  for (std::size_t place = 0; place < group.assets.size(); ++place)
    group.to_make(place, part.set).each([&](PartitionIndex index) {
      const auto it = made.find(group.assets[place]);
      end.add(place, index, it != made.end() && it->second.contains(index) ? StepStatus::succeeded : StepStatus::failed);
    });
  settle(p.backfill, run, end);
}

TEST(Backfill, WhatNeedsNothingThatFailedGoesOnAlsoWhereThatWasMadeInOneRunWithIt) {
  Played p;
  p.project.asset("day").partitions = kDays;
  p.project.asset("side", {"day"}).partitions = kDays;
  p.project.asset("week", {"day"}).partitions = kWeeks;
  p.project.asset("total", {"week"});
  p.project.asset("sides", {"side"});
  const auto first_week = IndexSet::range(3, 10), one = IndexSet::range(0, 1);
  p.want({{"day", first_week}, {"side", first_week}, {"week", one}, {"total", one}, {"sides", one}});
  ASSERT_THAT(p.groups(), ElementsAre("day+side", "sides", "week", "total"));
  ASSERT_EQ(p.begin(100).size(), 7U);
  for (RunId run = 1; run <= 7; ++run) end_of_run(p, run, {{"day", first_week}, {"side", first_week - IndexSet::range(5, 6)}});
  EXPECT_EQ(p.backfill.groups[0].failed, IndexSet::range(5, 6));
  p.backfill = backfill_from_json(to_json(p.backfill)).value();  // also after a restart
  ASSERT_EQ(p.begin(100).size(), 1U) << "the week is made: all its days are there";
  EXPECT_EQ(p.backfill.groups[1].skipped, one) << "a side is missing";
  settle(p.backfill, 8, {});
  ASSERT_EQ(p.begin(100).size(), 1U);
  settle(p.backfill, 9, {});
  EXPECT_EQ(outcome(p.backfill), BackfillStatus::failed);
  retry(p.backfill);
  ASSERT_EQ(p.begin(100).size(), 1U);
  EXPECT_EQ(p.backfill.groups[0].to_make(0, IndexSet::range(5, 6)), IndexSet()) << "that day is there and is not made once more";
  EXPECT_EQ(p.backfill.groups[0].to_make(1, IndexSet::range(5, 6)), IndexSet::range(5, 6));
  end_of_run(p, 10, {{"side", first_week}});
  EXPECT_TRUE(p.backfill.groups[0].made.empty());
  ASSERT_EQ(p.begin(100).size(), 1U);
  settle(p.backfill, 11, {});
  EXPECT_EQ(outcome(p.backfill), BackfillStatus::succeeded);
}

TEST(Backfill, OfWhatIsMadeTogetherOnlyWhatNeedsWhatFailedIsLeftOut) {
  Played p;
  p.project.asset("good").partitions = kDays;
  p.project.asset("bad").partitions = kDays;
  p.project.asset("good_week", {"good"}).partitions = kWeeks;
  p.project.asset("bad_week", {"bad"}).partitions = kWeeks;
  p.project.asset("both", {"bad_week", "good_week"}).partitions = kWeeks;
  p.project.asset("anyway", {"bad_week?"}).partitions = kWeeks;
  p.project.asset("sum", {"good_week"});
  p.project.asset("bad_sum", {"both"});
  const auto days = IndexSet::range(3, 17), weeks = IndexSet::range(0, 2), one = IndexSet::range(0, 1);
  p.want({{"good", days}, {"bad", days}, {"good_week", weeks}, {"bad_week", weeks}, {"both", weeks}, {"anyway", weeks}, {"sum", one}, {"bad_sum", one}});
  ASSERT_THAT(p.groups(), ElementsAre("bad+good", "bad_week+anyway+good_week+both", "bad_sum+sum"));
  p.begin(100);
  for (RunId run = 1; run <= 14; ++run) end_of_run(p, run, {{"good", days}, {"bad", days - IndexSet::range(3, 4)}});
  const auto requests = p.begin(100);
  ASSERT_EQ(requests.size(), 2U);
  const auto made_of = [&](const BackfillPlan::Request& request) {
    std::vector<std::string> keys;
    for (const auto& [asset, set] : p.plan().to_make(p.backfill, request)) keys.push_back(p.graph->key(asset));
    return keys;
  };
  EXPECT_THAT(made_of(requests[0]), ElementsAre("anyway", "good_week"));
  EXPECT_THAT(made_of(requests[1]), ElementsAre("bad_week", "anyway", "good_week", "both"));
  p.backfill = backfill_from_json(to_json(p.backfill)).value();
  p.begin(100);
  for (RunId run = 15; run <= 16; ++run) end_of_run(p, run, {{"good_week", weeks}, {"bad_week", weeks}, {"both", weeks}, {"anyway", weeks}});
  EXPECT_EQ(p.backfill.groups[1].skipped, one) << "not all of that week is there";
  EXPECT_EQ(p.backfill.groups[1].succeeded, IndexSet::range(1, 2));
  const auto sums = p.begin(100);
  ASSERT_EQ(sums.size(), 1U);
  EXPECT_THAT(made_of(sums[0]), ElementsAre("sum"));
  end_of_run(p, 17, {{"sum", one}});
  EXPECT_EQ(outcome(p.backfill), BackfillStatus::failed);
  retry(p.backfill);
  std::vector<std::string> again;
  while (!outcome(p.backfill)) {
    const auto from = p.last_run;
    for (const auto& request : p.begin(1)) std::ranges::copy(made_of(request), std::back_inserter(again));
    ASSERT_EQ(p.last_run, from + 1);
    end_of_run(p, p.last_run, {{"bad", days}, {"bad_week", weeks}, {"both", weeks}, {"bad_sum", one}});
  }
  EXPECT_EQ(outcome(p.backfill), BackfillStatus::succeeded);
  EXPECT_THAT(again, ElementsAre("bad", "bad_week", "both", "bad_sum")) << "what was not made, and nothing else";
}

TEST(Backfill, AProcessIsGivenAsManyAsItMayBeAlsoWhereTheyWaitForSingleOnes) {
  Played p;
  p.project.asset("days").partitions = kDays;
  p.project.asset("tens", {"days"}).partitions = PartitionsSpec{kDays.dimensions, 3};
  p.project.asset("all", {"days"}).partitions = PartitionsSpec{kDays.dimensions, 0};
  p.want({{"days", IndexSet::range(0, 8)}, {"tens", IndexSet::range(0, 8)}, {"all", IndexSet::range(0, 8)}});
  p.begin(100);
  std::vector<std::pair<std::string, IndexSet>> asked;
  for (RunId run = 1; run <= 8; ++run) {
    settle(p.backfill, run, run == 2 ? kNothingMade : BackfillRunEnd{});
    for (const auto& request : p.begin(100)) asked.emplace_back(p.backfill.groups[request.group].assets.front(), request.set);
  }
  std::ranges::sort(asked, {}, [](const auto& each) { return std::pair(each.first, each.second.encode()); });
  const auto but_the_second = IndexSet::range(0, 8) - IndexSet::range(1, 2);
  EXPECT_THAT(asked, ElementsAre(std::pair(std::string("all"), but_the_second), std::pair(std::string("tens"), but_the_second.first(3)), std::pair(std::string("tens"), but_the_second.last(4).first(3)),
                                 std::pair(std::string("tens"), but_the_second.last(1))));
}

TEST(Backfill, TakesSoManyAtOnceAndBeginsWhereItIsTold) {
  Played p;
  p.project.asset("days").partitions = PartitionsSpec{kDays.dimensions, 3};
  p.want({{"days", IndexSet::range(0, 8)}});
  auto requests = p.begin(2);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].set, IndexSet::range(0, 3));
  EXPECT_EQ(requests[1].set, IndexSet::range(3, 6));
  p.backfill.newest_first = true;
  requests = p.begin(2);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests[0].set, IndexSet::range(6, 8));
}

TEST(Backfill, GroupsStandAfterWhatTheyWaitForAlsoWhereTheirFirstAssetsDoNot) {
  Played p;
  p.project.asset("a").partitions = kDays;
  p.project.asset("b").partitions = kWeeks;
  p.project.asset("c", {"b"}).partitions = kWeeks;
  p.project.asset("z", {"c"});
  p.project.asset("first");
  p.want({{"a", IndexSet::range(0, 14)}, {"b", IndexSet::range(0, 2)}, {"c", IndexSet::range(0, 2)}, {"z", IndexSet::range(0, 1)}, {"first", IndexSet::range(0, 1)}});
  const auto groups = p.groups();
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (const auto& later : groups | std::views::drop(i + 1)) {
      EXPECT_FALSE(groups[i].contains('z') && (later.contains('b') || later.contains('c'))) << ::testing::PrintToString(groups);
    }
}

TEST(Backfill, GoesOnInItsOrderWhenEdgesTurnRoundMeanwhile) {
  Played p;
  p.project.asset("upper").partitions = kDays;
  p.project.asset("lower").partitions = kDays;
  p.project.asset("weeks", {"upper"}).partitions = kWeeks;
  p.want({{"upper", IndexSet::range(3, 10)}, {"lower", IndexSet::range(3, 10)}, {"weeks", IndexSet::range(0, 1)}});
  ASSERT_THAT(p.groups(), ElementsAre("lower+upper", "weeks"));
  Project turned;
  turned.asset("upper").partitions = kDays;
  turned.asset("weeks", {"upper"}).partitions = kWeeks;
  turned.asset("lower", {"weeks"}).partitions = kDays;  // its week waits for the days of its own group
  p.definitions = turned.definitions();
  p.graph.emplace(AssetGraph::build(*p.definitions).value());
  p.table = PartitionTable::make(*p.definitions, *p.graph, {});
  while (!outcome(p.backfill)) {
    const auto from = p.last_run;
    ASSERT_FALSE(p.begin(100).empty()) << "nothing waits in a circle";
    for (auto run = from + 1; run <= p.last_run; ++run) settle(p.backfill, run, {});
  }
  EXPECT_EQ(outcome(p.backfill), BackfillStatus::succeeded);
}

const PartitionsSpec kCustomers{{{"", DynamicPartitionsSpec{"customers"}}}};

TEST(Backfill, AKeyThatWasRemovedIsNotAskedForAndSkipped) {
  Played p;
  p.project.asset("mail").partitions = kCustomers;
  p.project.asset("answers", {"mail"}).partitions = PartitionsSpec{{{"day", TimeWindowsSpec{.start = "2026-02-27"}}, {"who", DynamicPartitionsSpec{"customers"}}}};
  const auto keys = std::make_shared<NamedKeys>(std::vector<std::string>{"ann", "bob", "cleo"});
  p.keys["customers"] = keys;
  p.want({{"mail", IndexSet::range(0, 3)}});
  const auto answers = p.table.of(*p.graph->find("answers"))->existing(kNow);
  p.want({{"mail", IndexSet::range(0, 3)}, {"answers", answers}});
  ASSERT_EQ(answers.size(), 6);
  keys->remove("bob");
  p.table = PartitionTable::make(*p.definitions, *p.graph, p.keys);
  std::vector<PartitionIndex> asked;
  for (const auto& request : p.begin(10))
    if (request.group == 0) request.set.each([&](PartitionIndex index) { asked.push_back(index); });
  EXPECT_THAT(asked, ElementsAre(0, 2)) << "bob is gone";
  EXPECT_EQ(p.backfill.groups[0].skipped, IndexSet::range(1, 2));
  EXPECT_EQ(p.backfill.groups[1].skipped.size(), 2) << "bob's two days too";
  EXPECT_EQ(p.plan().removed_in_words(p.backfill, kNow), "3 partitions were skipped, as their keys were removed: bob, 2026-02-27|bob, 2026-02-28|bob");
  keys->add("bob");
  p.table = PartitionTable::make(*p.definitions, *p.graph, p.keys);
  EXPECT_EQ(p.plan().removed_in_words(p.backfill, kNow), "") << "none is gone, whatever its place in the set";
}

TEST(Backfill, FindsThePlaceOfAKeyThatWasRemovedWhileItsRunWasUnderWay) {
  auto keys = std::make_shared<NamedKeys>(std::vector<std::string>{"ann", "bob"});
  keys->remove("bob");
  const auto customers = Partitions::make(kCustomers, {{"customers", keys}}).value();
  EXPECT_EQ(place_of("ann", IndexSet::range(0, 2), &customers), 0);
  EXPECT_EQ(place_of("bob", IndexSet::range(0, 2), &customers), 1) << "or its failure would count as a success";
  EXPECT_EQ(place_of("bob", IndexSet::range(0, 1), &customers), std::nullopt) << "none of this run's";
  EXPECT_EQ(place_of("", IndexSet::range(0, 1), nullptr), 0) << "not divided";
}

TEST(Backfill, EndsWhereItsAssetsAreDividedOtherwise) {
  Played p;
  p.project.asset("days").partitions = kDays;
  p.want({{"days", IndexSet::range(0, 8)}});
  Project changed;
  changed.asset("days").partitions = kWeeks;
  const auto definitions = changed.definitions();
  const auto graph = AssetGraph::build(*definitions).value();
  const auto table = PartitionTable::make(*definitions, graph, {});
  std::string error;
  EXPECT_FALSE(BackfillPlan::make(p.backfill, *definitions, graph, table, error));
  EXPECT_EQ(error, "\"days\" is divided otherwise now");
}

TEST(Backfill, ReadsItselfBack) {
  Played p;
  p.project.asset("days").partitions = kDays;
  p.project.asset("model", {"days"});
  p.want({{"days", IndexSet::range(0, 100'000)}, {"model", IndexSet::range(0, 1)}});
  p.begin(3);
  settle(p.backfill, 2, kNothingMade);
  p.backfill.id = 7;
  p.backfill.reason = "why";
  const auto text = to_json(p.backfill);
  EXPECT_LT(text.dump().size(), 1'000U) << "sets are kept as ranges";
  const auto back = backfill_from_json(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), text);
  for (const auto* key : {"id", "status", "groups", "runs", "created_at"}) {
    auto damaged = text;
    damaged[key] = "?";
    EXPECT_FALSE(backfill_from_json(damaged)) << key;
  }
}

/// Whatever fails, in whatever order runs end: each partition is asked for once, never before what it is made from, and in the end each has its outcome.
RC_GTEST_PROP(Backfill, EveryPartitionGoesOnceAndAfterWhatItNeeds, ()) {
  Played p;
  const int assets = *rc::gen::inRange(1, 6);
  std::map<std::string, IndexSet> wanted;
  for (int i = 0; i < assets; ++i) {
    Names deps;
    for (int j = 0; j < i; ++j)
      if (*rc::gen::inRange(0, 2)) deps.push_back("a" + std::to_string(j));
    auto& asset = p.project.asset("a" + std::to_string(i), deps);
    const int kind = *rc::gen::inRange(0, 4);
    if (kind < 2) asset.partitions = PartitionsSpec{kDays.dimensions, *rc::gen::inRange(0, 4)};
    if (kind == 2) asset.partitions = kWeeks;
    for (auto& dep : asset.deps)
      if (kind < 3 && *rc::gen::inRange(0, 3) == 0) dep.partitions = *rc::gen::element<nlohmann::json>("all", nullptr);
    wanted[asset.key] = asset.partitions ? IndexSet::range(*rc::gen::inRange(0, 5), *rc::gen::inRange(5, 8)) : IndexSet::range(0, 1);
  }
  p.want(wanted);
  std::map<std::string, IndexSet> requested, succeeded, ended;
  for (int turn = 0; turn < 1'000 && !outcome(p.backfill); ++turn) {
    for (const auto& request : p.begin(static_cast<std::size_t>(*rc::gen::inRange(1, 4)))) {
      const auto together = p.plan().to_make(p.backfill, request);
      RC_ASSERT(!together.empty());
      for (const auto& [child, set] : together) {
        const auto& key = p.graph->key(child);
        RC_ASSERT((requested[key] & set).empty());
        requested[key] = requested[key] | set;
        for (const auto parent : p.graph->parents(child)) {
          const auto& name = p.graph->key(parent);
          const auto needed = p.table.upstream_of(child, parent, set, kNow) & wanted[name];
          const auto beside = std::ranges::find(together, parent, [](const auto& each) { return each.first; });
          RC_ASSERT((needed - succeeded[name] - (beside == together.end() ? IndexSet() : beside->second)).empty());
        }
      }
    }
    if (p.backfill.runs.empty()) continue;
    auto it = p.backfill.runs.begin();
    std::advance(it, *rc::gen::inRange<int>(0, static_cast<int>(p.backfill.runs.size())));
    const auto [run, part] = *it;
    BackfillRunEnd end;
    const auto& assets = p.backfill.groups[part.group].assets;
    for (std::size_t place = 0; place < assets.size(); ++place)
      p.backfill.groups[part.group].to_make(place, part.set).each([&](PartitionIndex index) {
        const bool good = *rc::gen::inRange(0, 5) > 0;
        end.add(place, index, good ? StepStatus::succeeded : StepStatus::failed);
        if (good) succeeded[assets[place]].insert(index);
      });
    RC_ASSERT(settle(p.backfill, run, end));
    RC_ASSERT(!settle(p.backfill, run, end));
  }
  RC_ASSERT(outcome(p.backfill).has_value());
  for (const auto& group : p.backfill.groups) {
    RC_ASSERT(group.ended() == group.wanted);
    // What was not asked for needed something that was not made; all else was asked for.
    for (const auto& key : group.assets) {
      const auto child = *p.graph->find(key);
      IndexSet excused;
      for (const auto parent : p.graph->parents(child))
        excused = excused | p.table.downstream_of(child, parent, wanted[p.graph->key(parent)] - succeeded[p.graph->key(parent)], kNow);
      RC_ASSERT(((wanted[key] - requested[key]) - excused).empty());
      RC_ASSERT((group.succeeded - succeeded[key]).empty());
    }
  }
}

}  // namespace
}  // namespace assetd::testing
