// Which partitions a step was made from, and when one of them need not be made again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/version/partition_inputs.h"
#include "core/version/reuse.h"

namespace assetd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

WallTime at(std::int64_t ms) { return WallTime(Millis(ms)); }

PartitionsSpec letters(std::vector<std::string> keys = {"a", "b", "c"}) {
  PartitionsSpec spec;
  spec.dimensions.push_back({"", StaticPartitionsSpec{std::move(keys)}});
  return spec;
}

Partitions of_letters() { return *Partitions::make(letters(), {}); }

using Data = std::map<PartitionIndex, PartitionData>;

UsedPartitions used(const IndexSet& mapped, const Data& data) {
  return used_partitions(of_letters(), mapped, [&](PartitionIndex index) {
    const auto it = data.find(index);
    return it == data.end() ? std::nullopt : std::optional(it->second);
  });
}

TEST(UsedPartitions, OfOneAreItsVersion) {
  const auto one = used(IndexSet::range(1, 2), {{0, {"v0", 1, at(1)}}, {1, {"v1", 2, at(5)}}});
  EXPECT_EQ(one, (UsedPartitions{1, 1, "b", "v1", 2, at(5)}));
  EXPECT_EQ(used(IndexSet::range(2, 3), {}), (UsedPartitions{1, 0, "c", "", 0, WallTime{}})) << "without data it is still that one";
  const auto other = used(IndexSet::range(0, 1), {{0, {"v1", 2, at(5)}}});
  EXPECT_FALSE(is_same_data(one, other)) << "the same version of another partition is other data";
}

TEST(UsedPartitions, OfSeveralAreOneVersionAndTheNewestOfThem) {
  const Data data{{0, {"v0", 1, at(9)}}, {1, {"v1", 2, at(5)}}};
  const auto both = used(IndexSet::range(0, 2), data);
  EXPECT_EQ(both.partition, "");
  EXPECT_EQ(both.found, 2);
  EXPECT_EQ(both.run, 1);
  EXPECT_EQ(both.at, at(9));
  EXPECT_TRUE(is_same_data(both, used(IndexSet::range(0, 2), {{0, {"v0", 7, at(90)}}, {1, {"v1", 8, at(50)}}}))) << "made again with the same version";
  EXPECT_FALSE(is_same_data(both, used(IndexSet::range(0, 2), {{0, {"v1", 1, at(9)}}, {1, {"v0", 2, at(5)}}}))) << "not the same of each";
  EXPECT_FALSE(is_same_data(used(IndexSet::range(0, 2), {{0, {"v", 1, at(9)}}}), used(IndexSet::range(0, 2), {{1, {"v", 1, at(9)}}})));
}

TEST(UsedPartitions, OfVeryManyNothingIsToldAndNobodyIsAsked) {
  const auto many = used_partitions(of_letters(), IndexSet::range(0, kMostPartitionsTold + 1), [](PartitionIndex) -> std::optional<PartitionData> {
    ADD_FAILURE() << "asked";
    return std::nullopt;
  });
  EXPECT_EQ(many.mapped, kMostPartitionsTold + 1);
  EXPECT_FALSE(is_same_data(many, many));
}

/// Two sets of data are told apart exactly where a version, or which partitions have one, differs.
RC_GTEST_PROP(UsedPartitions, DifferWhereTheirDataDoes, ()) {
  const auto draw = [] {
    std::map<PartitionIndex, std::string> versions;
    for (PartitionIndex index = 0; index < 3; ++index)
      if (*rc::gen::arbitrary<bool>()) versions[index] = *rc::gen::element<std::string>("", "1", "11", "1:1", "2");
    return versions;
  };
  const auto before = draw(), after = *rc::gen::arbitrary<bool>() ? before : draw();
  const auto with_times = [](const std::map<PartitionIndex, std::string>& versions, std::int64_t time) {
    Data data;
    for (const auto& [index, version] : versions) data[index] = {version, time, at(time)};
    return data;
  };
  const auto mapped = IndexSet::range(0, 3);
  RC_ASSERT(is_same_data(used(mapped, with_times(before, 1)), used(mapped, with_times(after, 2))) == (before == after));
}

/// days (divided) → daily (divided alike): its partition b was made by run 3 from b of run 2. total is made from all days.
class ReusePartitionTest : public ::testing::Test {
 protected:
  ReusePartitionTest() {
    AssetSpec daily, days, total;
    daily.key = "daily", days.key = "days", total.key = "total";
    for (auto* spec : {&daily, &days, &total}) spec->run = RunSpec{.plugin = "exec", .command = {"make"}};
    daily.skip_if_unchanged = total.skip_if_unchanged = true;
    daily.partitions = days.partitions = letters();
    daily.deps.push_back({"days", OnFailure::skip, {}});
    total.deps.push_back({"days", OnFailure::skip, {}});
    definitions.assets = {daily, days, total};
    graph = AssetGraph::build(definitions).value();
    states.resize(3);
    states[1].last_materialization = AssetState::Data{2, at(1000), {}, "v1", "", nullptr};
    own.index = 1;
    now = UsedPartitions{1, 1, "b", "v1", 2, at(1000)};
    own.data = made(3, {{"days", "v1", 2, at(1000), now}});
    // Of which partition it is nobody may ask for another one's sake.
    states[0].last_materialization = made(9, {});
    states[0].last_materialization->code_version = "another";
    states[0].partitions = std::make_shared<const PartitionStates>(PartitionStates{letters(), IndexSet::range(0, 3), {}});
  }

  AssetState::Data made(RunId run, std::vector<UsedData> inputs) const {
    auto from = std::make_shared<Provenance>();
    from->code_version = code_version_of(definitions.assets[0]);
    from->inputs = std::move(inputs);
    return {run, at(2000), {}, "d1", from->code_version, from};
  }
  std::expected<Reuse, std::string> answer(AssetId asset = 0) {
    return reusable(definitions, graph, asset, nlohmann::json::object(), [this](AssetId id) -> const AssetState& { return states[id]; }, definitions.assets[asset].partitions ? &own : nullptr,
                    [this](AssetId) { return now; });
  }
  std::string why_not(AssetId asset = 0) {
    const auto value = answer(asset);
    return value ? "" : value.error();
  }
  void set(const std::function<void(PartitionStates&)>& change) {
    auto next = *states[0].partitions;
    change(next);
    states[0].partitions = std::make_shared<const PartitionStates>(std::move(next));
  }

  Definitions definitions;
  AssetGraph graph;
  std::vector<AssetState> states;
  ReusePartition own;
  std::optional<UsedPartitions> now;
};

TEST_F(ReusePartitionTest, APartitionIsReusedByItsOwnLastSuccess) {
  const auto reuse = answer();
  ASSERT_TRUE(reuse) << reuse.error();
  EXPECT_EQ(reuse->run, 3);
  EXPECT_THAT(reuse->detail, StartsWith("reused the data of run 3, made at 1970-01-01T00:00:02.000Z"));
}

TEST_F(ReusePartitionTest, WhatIsAboveOfThatVeryPartitionCounts) {
  now->run = 5, now->at = at(9000);
  EXPECT_EQ(why_not(), "") << "made again with the same version";
  states[1].last_materialization->data_version = "of another partition";
  EXPECT_EQ(why_not(), "");
  now->data_version = "v2";
  EXPECT_EQ(why_not(), "days [b] has other data");
  now->found = 0;
  EXPECT_EQ(why_not(), "days [b] has no data that is known");
  now = UsedPartitions{.mapped = kMostPartitionsTold + 1};
  EXPECT_EQ(why_not(), "it is made from more than 1000 partitions of days");
  now.reset();
  EXPECT_EQ(why_not(), "which partitions of days it would be made from cannot be told");
}

TEST_F(ReusePartitionTest, WhatWasMadeBeforePartitionsWereToldApartIsExecuted) {
  own.data = made(3, {{"days", "v1", 2, at(1000)}});
  EXPECT_EQ(why_not(), "which partitions of days it was made from was not kept");
  own.data.reset();
  EXPECT_EQ(why_not(), "what it was made from last is not known");
}

TEST_F(ReusePartitionTest, OnlyOfThatPartitionSomethingWentWrong) {
  states[0].disturbed = true;
  states[0].in_progress = AssetState::InProgress{9, {}};
  set([](PartitionStates& states) { states.failed = states.disturbed = IndexSet::range(0, 1); });
  EXPECT_EQ(why_not(), "") << "that was another one";
  set([](PartitionStates& states) { states.disturbed = IndexSet::range(1, 2); });
  EXPECT_EQ(why_not(), "an attempt since then did not succeed");
  set([](PartitionStates& states) { states.disturbed = {}, states.failed = IndexSet::range(1, 2); });
  EXPECT_EQ(why_not(), "an attempt since then did not succeed");
  set([](PartitionStates& states) { states.failed = {}; });
  own.in_progress = true;
  EXPECT_EQ(why_not(), "another run is making it");
}

TEST_F(ReusePartitionTest, ItsChecksMustHavePassedForIt) {
  CheckSpec check;
  check.name = "rows";
  check.home = "daily";
  definitions.checks = {check};
  EXPECT_EQ(why_not(), "check rows did not pass") << "it never ran";
  states[0].checks["rows"] = CheckStatus::failed;
  set([](PartitionStates& states) { states.failed_checks["rows"] = IndexSet::range(0, 1), states.passed_checks["rows"] = IndexSet::range(1, 2); });
  EXPECT_EQ(why_not(), "") << "it failed for another one";
  states[0].checks["rows"] = CheckStatus::passed;
  set([](PartitionStates& states) { states.passed_checks["rows"] = IndexSet::range(2, 3); });
  EXPECT_EQ(why_not(), "check rows did not pass") << "for this one it never ran";
  set([](PartitionStates& states) { states.failed_checks.clear(), states.passed_checks.clear(); });
  EXPECT_EQ(why_not(), "") << "a result of all partitions";
}

TEST_F(ReusePartitionTest, AnUndividedAssetBelowADividedOneIsReusedTooWhileAllOfItsPartitionsAreTheSame) {
  now = UsedPartitions{3, 2, "", "h1", 2, at(1000)};
  states[2].last_materialization = made(4, {{"days", "v1", 2, at(1000), now}});
  EXPECT_EQ(why_not(2), "");
  now->found = 3;
  now->data_version = "h2";
  EXPECT_EQ(why_not(2), "days has other data");
}

}  // namespace
}  // namespace assetd
