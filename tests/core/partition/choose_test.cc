#include "core/partition/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/cron.h"
#include "tests/core/engine/driver.h"

namespace assetd::testing {
namespace {

using ::testing::HasSubstr;
using Word = PartitionChoice::Word;

class ChoosePartitions : public ::testing::Test {
 protected:
  ChoosePartitions() {
    project.asset("days").partitions = PartitionsSpec{{{"", TimeWindowsSpec{.start = "2026-01-01"}}}};
    project.asset("weeks").partitions = PartitionsSpec{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04"}}}};
    project.asset("regions").partitions = PartitionsSpec{{{"", StaticPartitionsSpec{{"eu", "us", "asia"}}}}};
    project.asset("plain");
    build();
  }
  /// "days=2026-01-01,2026-01-02 weeks=" or the error.
  std::string choose(const PartitionChoice& choice, const Names& keys, const KnownPartitions& known = {}) { return choose_of(keys, choice, keys, known); }
  /// `targets`: what the selection's walks begin at.
  std::string choose_of(const Names& targets, const PartitionChoice& choice, const Names& keys, const KnownPartitions& known = {}) {
    const auto sets = choose_partitions(choice, ids(keys), ids(targets), *graph, table, parse_time("2026-01-20T12:00:00Z").value(), [&](AssetId) { return known; });
    if (!sets) return sets.error();
    std::string text;
    for (const auto& [asset, set] : *sets) {
      text += (text.empty() ? "" : " ") + graph->key(asset) + "=";
      set.each([&](PartitionIndex index) { text += table.of(asset)->key(index) + ","; });
    }
    return text;
  }
  std::vector<AssetId> ids(const Names& keys) const {
    std::vector<AssetId> assets;
    for (const auto& key : keys) assets.push_back(*graph->find(key));
    return assets;
  }
  void build() {
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, {});
  }
  Project project;
  std::shared_ptr<const Definitions> definitions;
  std::optional<AssetGraph> graph;
  PartitionTable table;
};

TEST_F(ChoosePartitions, WordsMeanEachAssetsOwn) {
  EXPECT_EQ(choose({Word::usual}, {"days", "regions", "plain"}), "days=2026-01-19, regions=eu,us,asia,");
  EXPECT_EQ(choose({Word::missing}, {"regions"}, {IndexSet::range(0, 2), {}}), "regions=asia,");
  EXPECT_EQ(choose({Word::failed}, {"regions"}, {IndexSet::range(0, 2), IndexSet::range(1, 2)}), "regions=us,");
  EXPECT_EQ(choose({Word::all}, {"weeks"}), "weeks=2026-01-04,2026-01-11,");
}

TEST_F(ChoosePartitions, KeysReachOtherGrainsThroughTheirTime) {
  EXPECT_EQ(choose({Names{"2026-01-06"}}, {"days", "weeks"}), "days=2026-01-06, weeks=2026-01-04,");
  EXPECT_EQ(choose({PartitionRange{"2026-01-09", "2026-01-12"}}, {"days", "weeks"}), "days=2026-01-09,2026-01-10,2026-01-11,2026-01-12, weeks=2026-01-04,2026-01-11,");
  EXPECT_EQ(choose({PartitionRange{"eu", "us"}}, {"regions"}), "regions=eu,us,");
  EXPECT_EQ(choose({Names{"2026-01-30"}}, {"days"}), "days=2026-01-30,") << "whoever names one that is not over wants it";
}

TEST_F(ChoosePartitions, SaysWhichKeyNobodyHasAndWhichAssetTheKeysSayNothingAbout) {
  EXPECT_THAT(choose({Names{"mars"}}, {"regions"}), HasSubstr("no selected asset has a partition \"mars\"; regions does not: as in asia"));
  EXPECT_THAT(choose({Names{"2026-01-06"}}, {"days", "regions"}), HasSubstr("say nothing about regions"));
  EXPECT_THAT(choose({Names{"eu"}}, {"plain"}), HasSubstr("none of the selected assets has partitions"));
  EXPECT_THAT(choose({PartitionRange{"2026-01-12", "2026-01-09"}}, {"days"}), HasSubstr("comes before"));
  EXPECT_THAT(choose({PartitionRange{"2026-01-12", "soon"}}, {"days"}), HasSubstr("\"soon\""));
}

const PartitionsSpec kDays{{{"", TimeWindowsSpec{.start = "2026-01-01"}}}};
const PartitionsSpec kMonths{{{"", TimeWindowsSpec{.grain = Grain::monthly, .start = "2026-01-01"}}}};

/// month ← days → roll (the last three days) → after; west ← regions by a map.
class ChooseAlongMappings : public ChoosePartitions {
 protected:
  ChooseAlongMappings() {
    project.asset("month", {"days"}).partitions = kMonths;
    project.asset("weekly", {"days"}).partitions = PartitionsSpec{{{"", TimeWindowsSpec{.grain = Grain::weekly, .start = "2026-01-04"}}}};
    mapped("roll", "days", {{"start_offset", -2}, {"end_offset", 0}}).partitions = kDays;
    project.asset("after", {"roll"}).partitions = kDays;
    mapped("sides", "regions", {{"map", {{"west", {"eu", "us"}}, {"east", "asia"}}}}).partitions = PartitionsSpec{{{"", StaticPartitionsSpec{{"west", "east"}}}}};
    project.asset("total", {"days"});
    project.asset("told", {"total"}).partitions = kDays;
    project.asset("grid").partitions = PartitionsSpec{{{"date", TimeWindowsSpec{.start = "2026-01-01"}}, {"region", StaticPartitionsSpec{{"eu", "us", "asia"}}}}};
    build();
  }
  AssetSpec& mapped(const std::string& key, const std::string& parent, nlohmann::json mapping) {
    auto& asset = project.asset(key, {parent});
    asset.deps.front().partitions = std::move(mapping);
    return asset;
  }
};

TEST_F(ChooseAlongMappings, TakeUpstreamWhatTheTargetIsMadeFrom) {
  EXPECT_EQ(choose_of({"roll"}, {Names{"2026-01-10"}}, {"days", "roll"}), "days=2026-01-08,2026-01-09,2026-01-10, roll=2026-01-10,");
  EXPECT_EQ(choose_of({"sides"}, {Names{"west"}}, {"regions", "sides"}), "regions=eu,us, sides=west,");
  const auto month = choose_of({"month"}, {Names{"2026-01-01"}}, {"days", "month"});
  EXPECT_THAT(month, HasSubstr("2026-01-18,2026-01-19, month=2026-01-01,")) << "also the days that have other names, as far as they have ended";
}

TEST_F(ChooseAlongMappings, TakeDownstreamWhatIsMadeFromTheTarget) {
  EXPECT_EQ(choose_of({"regions"}, {Names{"asia"}}, {"regions", "sides"}), "regions=asia, sides=east,");
  EXPECT_EQ(choose_of({"days"}, {Names{"2026-01-10"}}, {"days", "roll", "month"}), "days=2026-01-10, month= roll=2026-01-10,2026-01-11,2026-01-12,") << "the month has not ended";
  EXPECT_EQ(choose_of({"days"}, {Names{"2026-01-19"}}, {"days", "roll"}), "days=2026-01-19, roll=2026-01-19,") << "nothing that has not ended";
  EXPECT_EQ(choose_of({"days"}, {Names{"2026-01-30"}}, {"days", "roll"}), "days=2026-01-30, roll=2026-01-30,") << "but for what is called by its name";
}

TEST_F(ChooseAlongMappings, AWeekThatHasNotEndedIsNotMeantByADayOfItsName) {
  EXPECT_EQ(choose_of({"days"}, {Names{"2026-01-18"}}, {"days", "weekly"}), "days=2026-01-18, weekly=");
}

TEST_F(ChooseAlongMappings, ARangeOfTwoDimensionsIsOneOfEach) {
  EXPECT_EQ(choose({PartitionRange{"2026-01-05|us", "2026-01-06|us"}}, {"grid"}), "grid=2026-01-05|us,2026-01-06|us,");
  EXPECT_EQ(choose({PartitionRange{"2026-01-05|eu", "2026-01-05|us"}}, {"grid"}), "grid=2026-01-05|eu,2026-01-05|us,");
  EXPECT_THAT(choose({PartitionRange{"2026-01-06|eu", "2026-01-05|us"}}, {"grid"}), HasSubstr("the range is empty"));
}

TEST_F(ChooseAlongMappings, KeepToTheNamesOfAllThatWereMeant) {
  EXPECT_EQ(choose({Names{"2026-01-10"}}, {"days", "roll"}), "days=2026-01-10, roll=2026-01-10,");
}

TEST_F(ChooseAlongMappings, GoThroughWhatTheKeysDoNotName) {
  EXPECT_EQ(choose_of({"after"}, {Names{"2026-01-10"}}, {"days", "roll", "after"}), "after=2026-01-10, days=2026-01-08,2026-01-09,2026-01-10, roll=2026-01-10,");
}

TEST_F(ChooseAlongMappings, AnAssetThatIsNotDividedHandsNothingOn) {
  EXPECT_EQ(choose_of({"told"}, {Names{"2026-01-10"}}, {"days", "total", "told"}), "days=2026-01-10, told=2026-01-10,") << "not the whole history";
}

TEST_F(ChooseAlongMappings, KeysThatNoTargetHasAreOfWhoHasThem) {
  EXPECT_EQ(choose_of({"regions"}, {Names{"west"}}, {"regions", "sides"}), "regions=eu,us, sides=west,");
}

}  // namespace
}  // namespace assetd::testing
