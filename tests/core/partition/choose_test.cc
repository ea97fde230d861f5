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
    definitions = project.definitions();
    graph.emplace(AssetGraph::build(*definitions).value());
    table = PartitionTable::make(*definitions, *graph, {});
  }
  /// "days=2026-01-01,2026-01-02 weeks=" or the error.
  std::string choose(const PartitionChoice& choice, const Names& keys, const KnownPartitions& known = {}) {
    std::vector<AssetId> assets;
    for (const auto& key : keys) assets.push_back(*graph->find(key));
    const auto sets = choose_partitions(choice, assets, *graph, table, parse_time("2026-01-20T12:00:00Z").value(), [&](AssetId) { return known; });
    if (!sets) return sets.error();
    std::string text;
    for (const auto& [asset, set] : *sets) {
      text += (text.empty() ? "" : " ") + graph->key(asset) + "=";
      set.each([&](PartitionIndex index) { text += table.of(asset)->key(index) + ","; });
    }
    return text;
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

}  // namespace
}  // namespace assetd::testing
