#include "core/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/graph/cycles.h"
#include "tests/core/graph/arbitrary_graph.h"
#include "tests/core/graph/sample_graph.h"

namespace assetd {
namespace {

using testing::definitions_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::keys_of;
using testing::Row;

AssetGraph graph_of(std::vector<Row> rows) { return AssetGraph::build(definitions_of(std::move(rows))).value(); }

std::vector<std::string> errors_of(std::vector<Row> rows) {
  std::vector<std::string> messages;
  const auto graph = AssetGraph::build(definitions_of(std::move(rows)));
  if (!graph)
    for (const auto& error : graph.error()) messages.push_back(error.message);
  return messages;
}

TEST(AssetGraph, KeepsParentsInDefinitionOrderAndChildrenAscending) {
  const auto graph = graph_of({{"z", {}}, {"a", {"z"}}, {"b", {"z", "a"}}, {"c", {}}});
  EXPECT_THAT(keys_of(graph, graph.parents(*graph.find("b"))), ElementsAre("z", "a"));
  EXPECT_THAT(keys_of(graph, graph.children(*graph.find("z"))), ElementsAre("a", "b"));
  EXPECT_THAT(graph.parents(*graph.find("c")), IsEmpty());
  EXPECT_EQ(graph.find("nope"), std::nullopt);
}

TEST(AssetGraph, OrdersParentsFirstAndTiesByKey) {
  const auto graph = graph_of({{"z", {}}, {"a", {"z"}}, {"c", {}}, {"b", {"c"}}});
  EXPECT_THAT(keys_of(graph, graph.topological()), ElementsAre("c", "b", "z", "a"));
  for (std::uint32_t i = 0; i < graph.size(); ++i) EXPECT_EQ(graph.position(graph.topological()[i]), i);
}

TEST(AssetGraph, OfNothingIsEmpty) { EXPECT_EQ(graph_of({}).size(), 0u); }

TEST(AssetGraph, CountsADependencyNamedTwiceOnceWithTheStricterPolicy) {
  auto definitions = definitions_of({{"a", {}}, {"b", {"a", "a"}}, {"c", {"a"}}});
  definitions.assets[1].deps[0].on_failure = OnFailure::proceed;
  definitions.assets[2].deps[0].on_failure = OnFailure::proceed;
  const auto graph = AssetGraph::build(definitions).value();
  EXPECT_EQ(graph.parents(1).size(), 1u);
  EXPECT_EQ(graph.on_failure(0, 1), OnFailure::skip);
  EXPECT_EQ(graph.on_failure(0, 2), OnFailure::proceed);
}

TEST(AssetGraph, NamesTheNearestOfAnUnknownDependency) {
  EXPECT_THAT(
      errors_of({{"gold_customers", {}}, {"model", {"gold_custmers"}}}),
      ElementsAre(
          "asset \"model\" depends on \"gold_custmers\", which is not defined; did you mean \"gold_customers\"?"));
}

TEST(AssetGraph, NamesTheShortestPathOfACycle) {
  EXPECT_THAT(errors_of({{"a", {"c", "long2"}},
                         {"b", {"a"}},
                         {"c", {"b"}},
                         {"long1", {"a"}},
                         {"long2", {"long1", "b"}},
                         {"after", {"c"}}}),
              ElementsAre("the assets depend on each other in a cycle: a -> b -> c -> a"));
  EXPECT_THAT(errors_of({{"self", {"self"}}}), ElementsAre("the assets depend on each other in a cycle: self -> self"));
}

TEST(AssetGraph, ReportsEveryKnotAndEveryUnknownDependencyAtOnce) {
  EXPECT_THAT(errors_of({{"a", {"b"}}, {"b", {"a"}}, {"x", {"y"}}, {"y", {"x"}}, {"z", {"nowhere"}}}),
              ElementsAre("asset \"z\" depends on \"nowhere\", which is not defined",
                          "the assets depend on each other in a cycle: a -> b -> a",
                          "the assets depend on each other in a cycle: x -> y -> x"));
}

TEST(AssetGraph, WalksByLevels) {
  const auto graph = graph_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}, {"d", {"c", "a"}}});
  const AssetId d = 3, a = 0;
  EXPECT_EQ(graph.ancestors({&d, 1}), (std::vector<bool>{true, true, true, true}));
  EXPECT_EQ(graph.ancestors({&d, 1}, 1), (std::vector<bool>{true, false, true, true}));
  EXPECT_EQ(graph.ancestors({&d, 1}, 0), (std::vector<bool>{false, false, false, true}));
  EXPECT_EQ(graph.descendants({&a, 1}, 1), (std::vector<bool>{true, true, false, true}));
}

TEST(AssetGraph, DescribesALongCycleWithoutRecursion) {
  constexpr AssetId size = 40'000;
  std::vector<std::uint32_t> offsets(size + 1);
  std::vector<AssetId> next(size);
  for (AssetId id = 0; id < size; ++id) offsets[id] = id, next[id] = (id + 1) % size;
  offsets[size] = size;
  const auto errors = describe_cycles({offsets, next}, std::vector<std::string>(size, "k"));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_TRUE(errors[0].message.ends_with("k -> k"));
}

/// By repeated passes over all edges: what is reached after `levels` of them.
std::vector<bool> naive_ancestors(const std::vector<std::vector<std::uint32_t>>& parents, std::vector<bool> reached,
                                  std::uint32_t levels) {
  for (; levels > 0; --levels) {
    auto next = reached;
    for (std::size_t i = 0; i < parents.size(); ++i)
      if (reached[i])
        for (const auto parent : parents[i]) next[parent] = true;
    reached = next;
  }
  return reached;
}

TEST(AssetGraph, AncestorsAgreeWithNaiveClosureAndDescendantsWithAncestors) {
  EXPECT_TRUE(rc::check([] {
    const auto parents = *testing::arbitrary_parents();
    const auto graph = AssetGraph::build(testing::numbered_definitions(parents)).value();
    const auto root = *rc::gen::inRange<AssetId>(0, static_cast<AssetId>(parents.size()));
    const auto levels = *rc::gen::inRange<std::uint32_t>(0, 30);
    std::vector<bool> start(parents.size(), false);
    start[root] = true;
    RC_ASSERT(graph.ancestors({&root, 1}, levels) == naive_ancestors(parents, start, levels));
    const auto below = graph.descendants({&root, 1});
    for (AssetId id = 0; id < parents.size(); ++id) RC_ASSERT(below[id] == graph.ancestors({&id, 1})[root]);
    for (AssetId id = 0; id < parents.size(); ++id)
      for (const AssetId parent : graph.parents(id)) RC_ASSERT(graph.position(parent) < graph.position(id));
  }));
}

}  // namespace
}  // namespace assetd
