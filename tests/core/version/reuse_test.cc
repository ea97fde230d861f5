// Provenance, when a step need not be executed, what changed, and whom it concerns.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/version/changes.h"
#include "core/version/impact.h"
#include "core/version/reuse.h"

namespace assetd {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

AssetSpec command(const std::string& key, std::vector<std::string> argv) {
  AssetSpec spec;
  spec.key = key;
  spec.run = RunSpec{};
  spec.run->plugin = "exec";
  spec.run->command = std::move(argv);
  return spec;
}

TEST(CodeVersion, IsWhatIsDeclaredElseOfAllThatMakesTheProcess) {
  auto spec = command("a", {"python", "train.py"});
  const auto derived = code_version_of(spec);
  EXPECT_EQ(derived.size(), 12u);
  EXPECT_EQ(code_version_of(command("other", {"python", "train.py"})), derived) << "its name is no code";
  EXPECT_NE(code_version_of(command("a", {"python", "train.", "py"})), derived);
  EXPECT_NE(code_version_of(command("a", {"pythontrain.py"})), derived);
  spec.sources = "abc";
  EXPECT_NE(code_version_of(spec), derived) << "a file that it names changed";
  spec.sources.clear();
  spec.run->env["N"] = "1";
  EXPECT_NE(code_version_of(spec), derived);
  spec.run->timeout = Millis{5};
  spec.description = "words";
  spec.code_version = "7";
  EXPECT_EQ(code_version_of(spec), "7");
  spec.external = true;
  spec.code_version.clear();
  EXPECT_EQ(code_version_of(spec), "");
}

TEST(DataVersion, IsNewForEachAttemptAndEachReport) {
  const AttemptId attempt = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(derived_data_version(attempt, WallTime(Millis(1))), "0123456789ab");
  EXPECT_NE(derived_data_version("", WallTime(Millis(1))), derived_data_version("", WallTime(Millis(2))));
  EXPECT_EQ(derived_data_version("00000000000000000000000000000000", WallTime(Millis(255))), "tff");
}

TEST(Provenance, SurvivesBeingStored) {
  const Provenance provenance{"c1", "0123456789ab", "o1", true, {{"a", "v1", 7, WallTime(Millis(5))}, {"b/c", "v2", 0, WallTime(Millis(6))}}, {{"python", "3.11.7"}}};
  EXPECT_EQ(provenance_from_json(json::parse(to_json(provenance).dump())), provenance);
  EXPECT_EQ(provenance_from_json(json::object()), Provenance{});
  Provenance divided{"c1"};
  divided.inputs = {{"days", "v1", 7, WallTime(Millis(5)), UsedPartitions{1, 1, "2026-01-01", "p1", 6, WallTime(Millis(4))}}, {"raw", "v2", 0, WallTime(Millis(6))}};
  EXPECT_EQ(provenance_from_json(json::parse(to_json(divided).dump())), divided);
  EXPECT_EQ(provenance_from_json(json::parse(R"({"inputs": [["days", "v1", 7, 5]]})")).inputs, (std::vector<UsedData>{{"days", "v1", 7, WallTime(Millis(5))}})) << "as it was written before partitions were told apart";
  Provenance of_content{"c1"};
  of_content.by_content = true;
  EXPECT_EQ(provenance_from_json(json::parse(to_json(of_content).dump())), of_content);
  EXPECT_EQ(provenance.input("b/c")->data_version, "v2");
  EXPECT_EQ(provenance.input("c"), nullptr);
}

/// raw (external) → model, which was made from it by run 3.
class ReuseTest : public ::testing::Test {
 protected:
  ReuseTest() {
    auto model = command("model", {"make"});
    model.skip_if_unchanged = true;
    model.deps.push_back({"raw", OnFailure::skip, {}});
    AssetSpec raw;
    raw.key = "raw";
    raw.external = true;
    definitions.assets = {model, raw};
    graph = AssetGraph::build(definitions).value();
    states.resize(2);
    states[1].last_materialization = AssetState::Data{0, WallTime(Millis(1000)), {}, "v1", "", nullptr};
    auto made_from = std::make_shared<Provenance>();
    made_from->code_version = code_version_of(definitions.assets[0]);
    made_from->inputs = {{"raw", "v1", 0, WallTime(Millis(1000))}};
    states[0].last_materialization = AssetState::Data{3, WallTime(Millis(2000)), {}, "d1", made_from->code_version, made_from};
  }
  std::string why_not() { return answer().error_or(""); }
  struct Answer {
    std::expected<Reuse, std::string> value;
    std::string error_or(const std::string& none) const { return value ? none : value.error(); }
  };
  Answer answer() {
    return {reusable(definitions, graph, 0, options, [this](AssetId id) -> const AssetState& { return states[id]; })};
  }
  Definitions definitions;
  AssetGraph graph;
  std::vector<AssetState> states;
  json options = json::object();
};

TEST_F(ReuseTest, WhereNothingChangedItSaysWhatIsReused) {
  const auto reuse = answer().value;
  ASSERT_TRUE(reuse) << reuse.error();
  EXPECT_EQ(reuse->run, 3);
  EXPECT_EQ(reuse->detail, "reused the data of run 3, made at 1970-01-01T00:00:02.000Z: code, options and input data are the same");
}

TEST_F(ReuseTest, EveryChangeIsAReasonToExecuteIt) {
  definitions.assets[0].run->command = {"make", "all"};
  EXPECT_EQ(why_not(), "its code changed");
  definitions.assets[0].run->command = {"make"};
  options = {{"exec", {{"x", 1}}}};
  EXPECT_EQ(why_not(), "it is run with other options");
  options = {{"exec", {{"full_refresh", true}}}};
  EXPECT_EQ(why_not(), "a full refresh is asked for");
  options = {{"dbt", {{"vars", {{"x", 1}}}}}};
  EXPECT_EQ(why_not(), "") << "not its own plugin's";
  states[1].last_materialization->data_version = "v2";
  EXPECT_EQ(why_not(), "raw has other data");
  states[1].last_materialization.reset();
  EXPECT_EQ(why_not(), "raw has no data that is known");
}

TEST_F(ReuseTest, OnlyWhatASuccessLeftIsReused) {
  states[0].disturbed = true;
  EXPECT_EQ(why_not(), "an attempt since then did not succeed");
  states[0].disturbed = false;
  states[0].in_progress = AssetState::InProgress{9, {}};
  EXPECT_EQ(why_not(), "another run is making it");
  states[0].in_progress.reset();
  states[0].last_materialization->provenance = nullptr;
  EXPECT_EQ(why_not(), "what it was made from last is not known");
  definitions.assets[0].skip_if_unchanged = false;
  EXPECT_EQ(why_not(), "it is executed each time");
}

TEST_F(ReuseTest, ItsChecksMustHavePassed) {
  CheckSpec check;
  check.name = "rows";
  check.home = "model";
  definitions.checks = {check};
  EXPECT_EQ(why_not(), "check rows did not pass") << "it never ran";
  states[0].checks["rows"] = CheckStatus::warned;
  EXPECT_EQ(why_not(), "");
  states[0].checks["rows"] = CheckStatus::failed;
  EXPECT_EQ(why_not(), "check rows did not pass");
}

TEST_F(ReuseTest, AnAssetThatIsNoLongerReadIsAChange) {
  definitions.assets[0].deps.clear();
  graph = AssetGraph::build(definitions).value();
  EXPECT_EQ(why_not(), "it was made from more assets");
}

TEST(Changes, AreToldInTheOrderInWhichOneLooks) {
  const ExecutedStep before{1, 1, {"c1", "aaa", "", false, {{"raw", "v1", 5, WallTime(Millis(1))}, {"gone", "g", 5, WallTime(Millis(1))}}}, json::object(), {{"rows", 10}, {"name", "x"}}};
  const ExecutedStep after{9, 2, {"c2", "bbb", "", false, {{"raw", "v2", 8, WallTime(Millis(2))}, {"added", "n", 0, WallTime(Millis(2))}}}, {{"dbt", {{"vars", 1}}}}, {{"rows", 7}}};
  const auto metadata = [](const UsedData& used) -> json { return {{"rows", {{"raw_value", used.data_version == "v1" ? 5000 : 5}, {"type", "int"}}}}; };
  std::vector<std::string> kinds;
  const auto changes = changes_between(before, after, metadata);
  for (const auto& change : changes) kinds.push_back(change.kind + (change.name.empty() ? "" : " " + change.name));
  EXPECT_THAT(kinds, ElementsAre("code", "commit", "definitions", "options", "upstream raw", "upstream added", "upstream gone", "metadata rows"));
  EXPECT_THAT(changes[4].detail, HasSubstr("raw has other data: run 5 at 1970-01-01T00:00:00.001Z → run 8 at 1970-01-01T00:00:00.002Z; rows 5000 → 5"));
  EXPECT_EQ(changes[4].numbers, (json::array({{{"name", "rows"}, {"from", 5000}, {"to", 5}}})));
  EXPECT_EQ(changes[7].detail, "rows 10 → 7");
  EXPECT_THAT(changes_between(before, before, metadata), IsEmpty());
  ExecutedStep unknown = before;
  unknown.found.commit.clear();
  EXPECT_THAT(changes_between(unknown, before, metadata), IsEmpty()) << "what is not known is no change";
}

TEST(Changes, TellAnUpgradedPackage) {
  const auto none = [](const UsedData&) { return json(); };
  ExecutedStep before, after;
  before.found.versions = {{"python", "3.11.7"}, {"dbt-core", "1.9.0"}, {"gone", "1"}};
  after.found.versions = {{"python", "3.11.7"}, {"dbt-core", "1.10.0"}, {"new", "2"}};
  std::vector<std::string> told;
  for (const auto& change : changes_between(before, after, none)) told.push_back(change.kind + ": " + change.detail);
  EXPECT_THAT(told, ElementsAre("package: dbt-core changed from 1.9.0 to 1.10.0", "package: gone is no longer there, it was 1", "package: new 2 is there, it was not"));
  after.found.versions.clear();
  EXPECT_THAT(changes_between(before, after, none), IsEmpty()) << "a plugin that says nothing of them has not removed them";
}

TEST(Impact, NamesWhatIsBelowWhoseItIsAndTheNextDeadline) {
  Definitions definitions;
  for (const auto* key : {"a", "b", "c", "d"}) definitions.assets.push_back(command(key, {"x"}));
  definitions.assets[1].deps.push_back({"a", OnFailure::skip, {}});
  definitions.assets[2].deps.push_back({"b", OnFailure::skip, {}});
  definitions.assets[1].owners = {"team:b"};
  definitions.assets[2].owners = {"team:c", "team:b"};
  definitions.assets[3].owners = {"team:d"};
  for (auto& asset : definitions.assets) asset.freshness.within = Millis{1000};
  const auto graph = AssetGraph::build(definitions).value();
  definitions.exposures = {{.name = "of a", .depends_on = {"a"}}, {.name = "of c", .depends_on = {"d", "c"}}, {.name = "of d", .depends_on = {"d"}}};
  std::vector<AssetState> states(4);
  states[0].last_materialization = AssetState::Data{1, WallTime(Millis(100)), {}, "", "", nullptr};
  states[1].last_materialization = AssetState::Data{1, WallTime(Millis(1500)), {}, "", "", nullptr};
  const auto impact = impact_of({definitions, graph, states}, 0, WallTime(Millis(2000)));
  EXPECT_THAT(impact.below, ElementsAre(1u, 2u));
  EXPECT_THAT(impact.sinks, ElementsAre(2u));
  EXPECT_THAT(impact.owners, ElementsAre("team:b", "team:c"));
  EXPECT_THAT(impact.exposures, ElementsAre(0u, 1u));
  ASSERT_EQ(impact.deadlines.size(), 3u);
  EXPECT_EQ(impact.deadlines[0].asset, 1u);
  EXPECT_EQ(impact.deadlines[0].at, WallTime(Millis(2500)));
  EXPECT_FALSE(impact.deadlines[0].missed);
  EXPECT_TRUE(impact.deadlines[1].missed && impact.deadlines[2].missed);
}

}  // namespace
}  // namespace assetd
