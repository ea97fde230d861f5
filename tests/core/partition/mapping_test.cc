#include "core/partition/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/schedule/cron.h"

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;
using Shared = std::shared_ptr<const Partitions>;

const WallTime kNow = parse_time("2026-02-10T12:00:00Z").value();

DimensionSpec time(Grain grain, const std::string& name = "") { return {name, TimeWindowsSpec{.grain = grain, .start = "2026-01-01"}}; }
DimensionSpec regions(const std::string& name = "") { return {name, StaticPartitionsSpec{{"eu", "us", "asia"}}}; }

Shared divided(std::vector<DimensionSpec> dimensions) {
  auto made = Partitions::make({std::move(dimensions)}, {});
  if (!made) throw std::runtime_error(made.error());
  return std::make_shared<const Partitions>(std::move(*made));
}

PartitionMapping mapping(const Json& spec, Shared down, Shared up) {
  auto made = PartitionMapping::make(spec, std::move(down), std::move(up));
  if (!made) throw std::runtime_error(made.error());
  return *made;
}

std::vector<std::string> keys(const Shared& of, const IndexSet& set) {
  std::vector<std::string> found;
  set.each([&](PartitionIndex index) { found.push_back(of->key(index)); });
  return found;
}

/// Keys of upstream that `key` of downstream is made from.
std::vector<std::string> made_from(const Json& spec, const Shared& down, const Shared& up, const std::string& key) {
  const auto index = down ? down->index(key).value() : 0;
  return keys(up, mapping(spec, down, up).upstream_of(IndexSet::range(index, index + 1), kNow));
}

TEST(PartitionMapping, FollowsByItselfWhatSharesTimeOrName) {
  const auto days = divided({time(Grain::daily)}), weeks = divided({time(Grain::weekly)}), three = divided({regions()});
  EXPECT_THAT(made_from(nullptr, days, days, "2026-01-05"), ElementsAre("2026-01-05"));
  EXPECT_THAT(made_from(nullptr, weeks, days, "2026-01-04"), ::testing::SizeIs(7));
  EXPECT_THAT(made_from(nullptr, days, weeks, "2026-01-06"), ElementsAre("2026-01-04"));
  EXPECT_THAT(made_from(nullptr, three, three, "us"), ElementsAre("us"));
  EXPECT_THAT(made_from(nullptr, days, three, "2026-01-05"), ElementsAre("eu", "us", "asia")) << "what has no counterpart is needed whole";
  EXPECT_THAT(made_from(nullptr, nullptr, three, ""), ElementsAre("eu", "us", "asia"));
  EXPECT_EQ(mapping(nullptr, days, nullptr).upstream_of(IndexSet::range(3, 4), kNow), IndexSet::range(0, 1));
}

TEST(PartitionMapping, TakesWhatIsWritten) {
  const auto days = divided({time(Grain::daily)}), three = divided({regions()}), two = divided({{"", StaticPartitionsSpec{{"west", "east"}}}});
  EXPECT_THAT(made_from({{"offset", -1}}, days, days, "2026-01-05"), ElementsAre("2026-01-04"));
  EXPECT_THAT(made_from({{"start_offset", -2}, {"end_offset", 0}}, days, days, "2026-01-02"), ElementsAre("2026-01-01", "2026-01-02")) << "only those that there are";
  EXPECT_THAT(made_from("last", days, days, "2026-01-05"), ElementsAre("2026-02-09"));
  EXPECT_THAT(made_from("all", three, three, "us"), ElementsAre("eu", "us", "asia"));
  EXPECT_THAT(made_from({{"only", {"eu"}}}, days, three, "2026-01-05"), ElementsAre("eu"));
  EXPECT_THAT(made_from({{"map", {{"west", {"eu", "us"}}, {"east", "asia"}}}}, two, three, "west"), ElementsAre("eu", "us"));
}

TEST(PartitionMapping, GoesDimensionByDimension) {
  const auto both = divided({time(Grain::daily, "date"), regions("region")}), days = divided({time(Grain::daily)}), three = divided({regions()});
  EXPECT_THAT(made_from(nullptr, both, both, "2026-01-05|us"), ElementsAre("2026-01-05|us"));
  EXPECT_THAT(made_from(nullptr, both, days, "2026-01-05|us"), ElementsAre("2026-01-05"));
  EXPECT_THAT(made_from(nullptr, both, three, "2026-01-05|us"), ElementsAre("us"));
  EXPECT_THAT(made_from(nullptr, days, both, "2026-01-05"), ::testing::UnorderedElementsAre("2026-01-05|eu", "2026-01-05|us", "2026-01-05|asia"));
  EXPECT_THAT(made_from({{"dimensions", {{"date", {{"offset", -1}}}, {"region", "all"}}}}, both, both, "2026-01-05|us"),
              ::testing::UnorderedElementsAre("2026-01-04|eu", "2026-01-04|us", "2026-01-04|asia"));
}

TEST(PartitionMapping, SaysWhatDoesNotFit) {
  const auto days = divided({time(Grain::daily)}), three = divided({regions()}), both = divided({time(Grain::daily, "date"), regions("region")});
  const auto error = [](const Json& spec, Shared down, Shared up) {
    const auto made = PartitionMapping::make(spec, std::move(down), std::move(up));
    return made ? std::string() : made.error();
  };
  EXPECT_THAT(error({{"offset", -1}}, three, days), HasSubstr("between windows of time"));
  EXPECT_THAT(error({{"only", {"mars"}}}, days, three), HasSubstr("no partition \"mars\""));
  EXPECT_THAT(error({{"map", {{"mars", "eu"}}}}, three, three), HasSubstr("this asset has no partition \"mars\""));
  EXPECT_THAT(error({{"map", {{"uss", "eu"}}}}, three, three), EndsWith("\"uss\"; nearest: us"));
  EXPECT_THAT(error({{"only", {"EU"}}}, three, three), EndsWith("\"EU\"; nearest: eu"));
  EXPECT_THAT(error({{"offset", -1}}, both, both), HasSubstr("two dimensions"));
  EXPECT_THAT(error({{"dimensions", {{"planet", "all"}}}}, both, both), HasSubstr("no dimension \"planet\": it has \"date\", \"region\""));
  EXPECT_THAT(error("identity", days, three), HasSubstr("divided otherwise"));
  const auto two = divided({{"", StaticPartitionsSpec{{"west", "east"}}}});
  EXPECT_THAT(error("identity", two, three), HasSubstr("none of this asset's partitions"));
  EXPECT_THAT(error(nullptr, two, three), IsEmpty());
  EXPECT_THAT(error("identity", two, divided({{"", StaticPartitionsSpec{{"north", "east"}}}})), IsEmpty());
  EXPECT_THAT(error("identity", two, divided({{"", DynamicPartitionsSpec{"customers"}}})), IsEmpty()) << "west may come";
  EXPECT_THAT(error("last", days, nullptr), HasSubstr("has no partitions"));
}

TEST(PartitionMapping, RefusesFormsThatAreNone) {
  for (const auto* bad : {"\"yesterday\"", "{}", "[]", "3", "{\"offset\": 1.5}", "{\"offset\": 1, \"end_offset\": 2}", "{\"start_offset\": 2, \"end_offset\": 1}", "{\"only\": []}", "{\"only\": \"a\"}",
                          "{\"map\": {}}", "{\"map\": {\"a\": 1}}", "{\"dimensions\": {}}", "{\"dimensions\": {\"a\": {\"dimensions\": {}}}}", "{\"only\": [\"a\"], \"map\": {}}", "{\"offset\": 9999999}"})
    EXPECT_FALSE(check_mapping(Json::parse(bad))) << bad;
  EXPECT_THAT(check_mapping("lastt").error(), EndsWith("; nearest: last"));
  EXPECT_THAT(check_mapping({{"offsett", -1}}).error(), EndsWith("; nearest: offset"));
  for (const auto* good : {"null", "\"all\"", "{\"offset\": -1}", "{\"start_offset\": -6}", "{\"dimensions\": {\"a\": \"last\"}}"}) EXPECT_TRUE(check_mapping(Json::parse(good))) << good;
}

// ---- Against the mapping of single partitions

Shared any_partitions() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0: return nullptr;
    case 1: return divided({time(Grain::daily)});
    case 2: return divided({time(Grain::weekly)});
    case 3: return divided({regions()});
    case 4: return divided({{"", StaticPartitionsSpec{{"us", "mars", "eu"}}}});
    default: return divided({time(*rc::gen::element(Grain::daily, Grain::weekly), "date"), regions("region")});
  }
}

Json any_mapping() {
  return *rc::gen::element<Json>(nullptr, "all", "last", "identity", Json{{"offset", -1}}, Json{{"start_offset", -3}, {"end_offset", 1}}, Json{{"only", {"us"}}},
                                 Json{{"map", {{"us", {"eu", "us"}}, {"eu", "us"}}}}, Json{{"dimensions", {{"date", {{"offset", -1}}}, {"region", "all"}}}},
                                 Json{{"dimensions", {{"region", {{"only", {"eu"}}}}}}});
}

IndexSet some_of(const IndexSet& all) {
  IndexSet set;
  all.each([&](PartitionIndex index) {
    if (*rc::gen::inRange(0, 4) == 0) set.insert(index);
  });
  return set;
}

RC_GTEST_PROP(PartitionMapping, SetsAreUnionsAndTheWayDownIsTheWayUpTurnedRound, ()) {
  const auto down = any_partitions(), up = any_partitions();
  const auto made = PartitionMapping::make(any_mapping(), down, up);
  RC_PRE(made.has_value());
  const auto existing = [](const Shared& of) { return of ? of->existing(kNow) : IndexSet::range(0, 1); };
  const auto downs = some_of(existing(down)), ups = some_of(existing(up));
  IndexSet together, reached;
  downs.each([&](PartitionIndex index) { together = together | made->upstream_of(IndexSet::range(index, index + 1), kNow); });
  RC_ASSERT(made->upstream_of(downs, kNow) == together);
  existing(down).each([&](PartitionIndex index) {
    if (!(made->upstream_of(IndexSet::range(index, index + 1), kNow) & ups).empty()) reached.insert(index);
  });
  RC_ASSERT((made->downstream_of(ups, kNow) & existing(down)) == reached);
}

}  // namespace
}  // namespace assetd::testing
