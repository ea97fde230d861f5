#include "core/graph/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/graph/sample_graph.h"

namespace assetd {
namespace {

using testing::definitions_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::keys_of;

/// raw/events → bronze → silver → gold → model, silver → report; "2024" stands alone.
class Selection : public ::testing::Test {
 protected:
  Definitions definitions = definitions_of({{"raw/events", {}},
                                            {"bronze", {"raw/events"}},
                                            {"silver", {"bronze"}},
                                            {"gold", {"silver"}},
                                            {"model", {"gold"}},
                                            {"report", {"silver"}},
                                            {"2024", {}}});
  AssetGraph graph = AssetGraph::build(definitions).value();
  SelectionState state{.status = [this](AssetId id) { return graph.key(id) == "gold" ? "failed" : "never"; },
                       .stale = [this](AssetId id) { return graph.key(id) == "model"; },
                       .freshness = [this](AssetId id) { return graph.key(id) == "report" ? "violated" : "none"; }};

  AssetSpec& asset(std::string_view key) { return definitions.assets[*graph.find(key)]; }

  std::vector<std::string> select(std::string_view expression) const {
    const auto ids = select_assets(expression, definitions, graph, &state);
    if (!ids) return {"error at " + std::to_string(ids.error().column) + ": " + ids.error().message};
    return keys_of(graph, *ids);
  }
  std::string error(std::string_view expression) const {
    const auto result = select(expression);
    return result.size() == 1 && result[0].starts_with("error") ? result[0] : "no error";
  }
};

TEST_F(Selection, TakesNamesInTopologicalOrder) {
  EXPECT_THAT(select("model"), ElementsAre("model"));
  EXPECT_THAT(select("\"model\""), ElementsAre("model"));
  EXPECT_THAT(select("model or bronze or raw/events"), ElementsAre("raw/events", "bronze", "model"));
  EXPECT_THAT(select("key:gold"), ElementsAre("gold"));
  EXPECT_EQ(select("*").size(), 7u);
  EXPECT_EQ(select("key:*").size(), 7u);
}

TEST_F(Selection, TargetsAreWhereWalksBegin) {
  const auto targets = [&](std::string_view expression) { return keys_of(graph, selection_targets(expression, definitions, graph, &state).value()); };
  EXPECT_THAT(targets("+gold"), ElementsAre("gold"));
  EXPECT_THAT(targets("bronze+ or 1+report"), ElementsAre("bronze", "report"));
  EXPECT_THAT(targets("+(silver+)"), ElementsAre("silver"));
  EXPECT_THAT(targets("bronze or silver"), ElementsAre("bronze", "silver"));
  EXPECT_THAT(targets("bronze+ and not report"), ElementsAre("bronze"));
  EXPECT_THAT(targets("bronze+ and +gold"), ElementsAre("bronze", "gold"));
  EXPECT_THAT(targets("bronze+ and key:*l*"), IsEmpty()) << "what is not selected is none";
  EXPECT_EQ(targets("*").size(), 7u);
  EXPECT_EQ(targets("not model").size(), 6u);
}

TEST_F(Selection, WalksUpAndDownByLevels) {
  EXPECT_THAT(select("+gold"), ElementsAre("raw/events", "bronze", "silver", "gold"));
  EXPECT_THAT(select("silver+"), ElementsAre("silver", "gold", "model", "report"));
  EXPECT_THAT(select("1+silver+1"), ElementsAre("bronze", "silver", "gold", "report"));
  EXPECT_THAT(select("2+silver"), ElementsAre("raw/events", "bronze", "silver"));
  EXPECT_THAT(select("0+silver+0"), ElementsAre("silver"));
  EXPECT_THAT(select("+(bronze or 1+report)"), ElementsAre("raw/events", "bronze", "silver", "report"));
  EXPECT_THAT(select("(gold or report)+1"), ElementsAre("gold", "model", "report"));
  EXPECT_THAT(select("+\"gold\"+"), ElementsAre("raw/events", "bronze", "silver", "gold", "model"));
  EXPECT_EQ(select("99999999999999999999+model").size(), 5u);
}

TEST_F(Selection, TellsNamesOfDigitsFromLevels) {
  EXPECT_THAT(select("2024"), ElementsAre("2024"));
  EXPECT_THAT(select("2024+"), ElementsAre("2024"));
  EXPECT_THAT(select("1+2024"), ElementsAre("2024"));
  EXPECT_THAT(select("2024+ or model"), ElementsAre("2024", "model"));
}

TEST_F(Selection, BindsWalksBeforeNotBeforeAndBeforeOr) {
  EXPECT_THAT(select("model or gold and silver"), ElementsAre("model"));
  EXPECT_THAT(select("(model or gold) and silver+"), ElementsAre("gold", "model"));
  EXPECT_THAT(select("silver+ and not gold+"), ElementsAre("silver", "report"));
  EXPECT_THAT(select("not silver+ and not 2024"), ElementsAre("raw/events", "bronze"));
  EXPECT_THAT(select("not not model"), ElementsAre("model"));
  EXPECT_THAT(select("not(silver+ or +silver)"), ElementsAre("2024"));
  EXPECT_THAT(select("+(gold and not gold)"), IsEmpty());
}

TEST_F(Selection, KeepsRootsAndSinksWithinTheSelection) {
  EXPECT_THAT(select("roots(silver+)"), ElementsAre("silver"));
  EXPECT_THAT(select("sinks(silver+)"), ElementsAre("model", "report"));
  EXPECT_THAT(select("sinks(*) and roots(*)"), ElementsAre("2024"));
  EXPECT_THAT(select("roots(gold or model or bronze)+1"), ElementsAre("bronze", "silver", "gold", "model"));
}

TEST_F(Selection, MatchesWildcardsInNames) {
  EXPECT_THAT(select("*old"), ElementsAre("gold"));
  EXPECT_THAT(select("raw/*"), ElementsAre("raw/events"));
  EXPECT_THAT(select("**events"), ElementsAre("raw/events"));
  EXPECT_THAT(select("*events"), IsEmpty());
  EXPECT_THAT(select("+*ort+"), ElementsAre("raw/events", "bronze", "silver", "report"));
  EXPECT_THAT(select("\"**/ev*\""), ElementsAre("raw/events"));
}

TEST_F(Selection, ReadsDeclaredAttributes) {
  asset("gold").group = "marts";
  asset("gold").kinds = {"dbt", "duckdb"};
  asset("gold").owners = {"team:growth", "ann@example.org"};
  asset("gold").tags = {{"domain", "growth"}, {"note", "a b"}};
  asset("model").tags = {{"domain", "ml"}};
  asset("gold").import = 0;
  asset("gold").source.file = "more/gold.yaml";
  definitions.imports.push_back({.plugin = "dbt", .name = "shop"});
  EXPECT_THAT(select("group:marts"), ElementsAre("gold"));
  EXPECT_THAT(select("group:m*+"), ElementsAre("gold", "model"));
  EXPECT_EQ(select("group:\"\"").size(), 6u);
  EXPECT_THAT(select("kind:duckdb"), ElementsAre("gold"));
  EXPECT_THAT(select("owner:team:growth"), ElementsAre("gold"));
  EXPECT_THAT(select("owner:*@example.org"), ElementsAre("gold"));
  EXPECT_THAT(select("tag:domain"), ElementsAre("gold", "model"));
  EXPECT_THAT(select("tag:domain=ml"), ElementsAre("model"));
  EXPECT_THAT(select("tag:note=\"a b\""), ElementsAre("gold"));
  EXPECT_THAT(select("tag:domain="), IsEmpty());
  EXPECT_THAT(select("import:shop"), ElementsAre("gold"));
  EXPECT_THAT(select("path:more/gold.yaml or path:./more/ or path:more or path:**.yaml"), ElementsAre("gold"));
  EXPECT_THAT(select("group:nobody or kind:nobody or tag:nobody or owner:nobody or import:nobody or path:nobody"),
              IsEmpty());
}

TEST_F(Selection, AsksForStateOnlyWhereItIsKnown) {
  EXPECT_THAT(select("status:failed+"), ElementsAre("gold", "model"));
  EXPECT_THAT(select("stale:true"), ElementsAre("model"));
  EXPECT_EQ(select("stale:false").size(), 6u);
  EXPECT_EQ(select("stale:yes"), select("stale:true"));
  EXPECT_EQ(select("stale:no"), select("stale:false"));
  EXPECT_THAT(select("freshness:violated"), ElementsAre("report"));
  const auto without = select_assets("gold or status:failed", definitions, graph);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().column, 9);
  EXPECT_TRUE(*check_selection_syntax("+(a or not status:failed)"));
  EXPECT_FALSE(*check_selection_syntax("+(a or not b)"));
  EXPECT_EQ(column_of_state("+(a or not status:failed or stale:true)"), 12);
  EXPECT_EQ(column_of_state("a or group:status"), 0);
  EXPECT_EQ(column_of_state("a or"), 0);
}

TEST_F(Selection, RefusesUnknownNamesEvenWhenTheRestMatches) {
  EXPECT_EQ(error("gold or slver"), "error at 9: no asset is named \"slver\"; did you mean \"silver\"?");
  EXPECT_EQ(error("gold and 2024 and modle+"), "error at 19: no asset is named \"modle\"; did you mean \"model\"?");
  EXPECT_EQ(error("events"), "error at 1: no asset is named \"events\"; did you mean \"raw/events\"?");
  EXPECT_EQ(error("not \"wholly other\""), "error at 5: no asset is named \"wholly other\"");
  asset("gold").group = "marts";
  EXPECT_EQ(error("marts"), "error at 1: no asset is named \"marts\"; for the group of that name write group:marts");
}

TEST_F(Selection, RefusesUnknownAttributesAndStates) {
  EXPECT_EQ(error("gold or gruop:x"), "error at 9: unknown attribute \"gruop\"; did you mean \"group\"?");
  EXPECT_THAT(error("zzzzzz:x"), HasSubstr("one of key, group, kind"));
  EXPECT_THAT(error("status:faild"), HasSubstr("error at 8: unknown status \"faild\"; did you mean \"failed\"?"));
  EXPECT_THAT(error("stale:perhaps"), HasSubstr("one of true, false, yes, no"));
  EXPECT_THAT(error("group: marts"), HasSubstr("error at 7: a value is missing after \"group:\""));
  EXPECT_THAT(error("owner:\"\""), HasSubstr("a value is missing"));
}

TEST_F(Selection, RefusesCommaAndBlankAsOperators) {
  EXPECT_THAT(error("gold,model"), HasSubstr("error at 5: a comma joins nothing here"));
  EXPECT_THAT(error("gold, model"), HasSubstr("write \"or\" for both, \"and\" for"));
  EXPECT_THAT(error("gold model"), HasSubstr("error at 6: a blank joins nothing here: write \"or\""));
  EXPECT_THAT(error("2 gold 1"), HasSubstr("error at 3: a blank joins nothing here"));
  EXPECT_THAT(error("gold +model"), HasSubstr("%2B"));
  EXPECT_THAT(error("kind:dbt,duckdb"), HasSubstr("error at 9: a comma"));
}

TEST_F(Selection, RefusesTheBlanksThatAPlainPlusLeavesInAUrl) {
  for (const auto* text :
       {" gold", "gold ", "gold or  model", "gold  or model", "not ( gold)", "(gold ) and model", "gold\t\nor model"})
    EXPECT_THAT(error(text), HasSubstr("%2B")) << text;
  EXPECT_THAT(error(" gold"), HasSubstr("error at 1: a blank at the start"));
  EXPECT_THAT(error("gold "), HasSubstr("error at 5: a blank at the end"));
  EXPECT_THAT(error("gold  or model"), HasSubstr("error at 6: a blank too many"));
  EXPECT_THAT(select("gold or\nmodel"), ElementsAre("gold", "model"));
}

struct BadSyntax {
  const char* text;
  int column;
  const char* message;
};

class SelectionSyntax : public ::testing::TestWithParam<BadSyntax> {};

TEST_P(SelectionSyntax, PointsAtItsColumn) {
  const auto checked = check_selection_syntax(GetParam().text);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().column, GetParam().column) << checked.error().message;
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SelectionSyntax,
    ::testing::Values(BadSyntax{"", 1, "write * for all"}, BadSyntax{"+", 2, "missing after \"+\""},
                      BadSyntax{"a or", 5, "missing after \"or\""}, BadSyntax{"or a", 1, "missing before \"or\""},
                      BadSyntax{"a and or b", 7, "missing before \"or\""}, BadSyntax{"a or )", 5, "before ')'"},
                      BadSyntax{"(a or b", 8, "'(' at column 1 is not closed"}, BadSyntax{"a)", 2, "has no '('"},
                      BadSyntax{"()", 2, "missing before ')'"}, BadSyntax{"roots()", 7, "missing before ')'"},
                      BadSyntax{"a or \"b", 6, "not closed"}, BadSyntax{"\"\"", 1, "between the quotes"},
                      BadSyntax{"++a", 2, "one '+'"}, BadSyntax{"a++", 3, "only a number of levels"},
                      BadSyntax{"a+b", 3, "only a number of levels"}, BadSyntax{"a+2b", 4, "only a number of levels"},
                      BadSyntax{"+ a", 2, "directly before the name"}, BadSyntax{"a not b", 3, "and not"},
                      BadSyntax{"a OR b", 3, "small letters"}, BadSyntax{"a | b", 3, "instead of '|'"},
                      BadSyntax{"a && b", 3, "instead of '&'"}, BadSyntax{"!a", 1, "instead of '!'"},
                      BadSyntax{"a(b)", 2, "is missing here"}, BadSyntax{"'a'", 1, "quoted with"},
                      BadSyntax{"@a", 1, "+(x+)"}, BadSyntax{"a or \xc3\xa9", 6, "must be quoted"},
                      BadSyntax{":a", 1, "attribute is missing"}, BadSyntax{"not", 4, "missing after \"not\""}));

TEST(SelectionDepth, IsBounded) {
  EXPECT_TRUE(check_selection_syntax(std::string(200, '(') + "a" + std::string(200, ')')));
  const auto deep = check_selection_syntax(std::string(100'000, '('));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().column, 201);
}

}  // namespace
}  // namespace assetd
