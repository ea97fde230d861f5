#include "core/graph/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "tests/core/graph/arbitrary_graph.h"
#include "tests/core/graph/sample_graph.h"

namespace assetd {
namespace {

using testing::definitions_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Row;

constexpr float kWidth = 220, kHeight = 72;

struct Laid {
  Definitions definitions;
  AssetGraph graph;
  Layout layout;
  const LayoutNode& at(std::string_view key) const {
    for (const auto& node : layout.nodes)
      if (graph.key(node.asset) == key) return node;
    throw std::out_of_range(std::string(key));
  }
};

/// `groups` by key; assets that it does not name have none.
Laid lay_out_all(Definitions definitions, const std::map<std::string, std::string>& groups = {}) {
  for (auto& asset : definitions.assets)
    if (const auto group = groups.find(asset.key); group != groups.end()) asset.group = group->second;
  auto graph = AssetGraph::build(definitions).value();
  auto layout = lay_out(definitions, graph, {graph.topological().begin(), graph.topological().end()});
  return {std::move(definitions), std::move(graph), std::move(layout)};
}

/// What is wrong with a layout, or "".
std::string flaw(const Laid& laid) {
  const auto& [definitions, graph, layout] = laid;
  const auto key = [&](std::size_t i) { return graph.key(layout.nodes[i].asset); };
  for (const auto& [from, to] : layout.edges)
    if (layout.nodes[from].x + kWidth >= layout.nodes[to].x) return "edge to the left: " + key(from) + " -> " + key(to);
  for (std::size_t i = 0; i < layout.nodes.size(); ++i) {
    const auto& a = layout.nodes[i];
    if (a.x < kWidth / 2 || a.y < kHeight / 2 || a.x > layout.width - kWidth / 2 || a.y > layout.height - kHeight / 2)
      return "outside: " + key(i);
    for (std::size_t j = 0; j < i; ++j)
      if (std::abs(a.x - layout.nodes[j].x) < kWidth && std::abs(a.y - layout.nodes[j].y) < kHeight)
        return "cards overlap: " + key(i) + ", " + key(j);
    for (const auto& group : layout.groups) {
      const bool touches = a.x + kWidth / 2 > group.x && a.x - kWidth / 2 < group.x + group.width &&
                           a.y + kHeight / 2 > group.y && a.y - kHeight / 2 < group.y + group.height;
      if (touches != (definitions.assets[a.asset].group == group.name))
        return "group " + group.name + " and card " + key(i);
    }
  }
  for (const auto& a : layout.groups)
    for (const auto& b : layout.groups)
      if (a.name < b.name && a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
        return "groups overlap: " + a.name + ", " + b.name;
  return "";
}

int crossings(const Layout& layout) {
  int count = 0;
  const auto y = [&](const std::pair<std::uint32_t, std::uint32_t>& edge, float x) {
    const auto &a = layout.nodes[edge.first], &b = layout.nodes[edge.second];
    return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
  };
  for (const auto& e : layout.edges)
    for (const auto& f : layout.edges) {
      if (e.first <= f.first || e.second == f.second) continue;
      const float from = std::max(layout.nodes[e.first].x, layout.nodes[f.first].x),
                  to = std::min(layout.nodes[e.second].x, layout.nodes[f.second].x);
      if (from < to && (y(e, from) - y(f, from)) * (y(e, to) - y(f, to)) < 0) ++count;
    }
  return count;
}

TEST(Layout, OfNothingIsEmpty) {
  const auto laid = lay_out_all({});
  EXPECT_THAT(laid.layout.nodes, IsEmpty());
  EXPECT_EQ(laid.layout.width, 0);
}

TEST(Layout, PutsOneCardAtItsHalfSize) {
  const auto laid = lay_out_all(definitions_of({{"a", {}}}));
  EXPECT_EQ(laid.layout.nodes[0].x, kWidth / 2);
  EXPECT_EQ(laid.layout.nodes[0].y, kHeight / 2);
  EXPECT_EQ(laid.layout.width, kWidth);
  EXPECT_EQ(laid.layout.height, kHeight);
}

TEST(Layout, DrawsAChainAsALine) {
  const auto laid = lay_out_all(definitions_of({{"d", {}}, {"a", {"d"}}, {"c", {"a"}}, {"b", {"c"}}}));
  std::set<float> heights;
  for (const auto& node : laid.layout.nodes) heights.insert(node.y);
  EXPECT_EQ(heights.size(), 1u);
  EXPECT_LT(laid.at("c").x, laid.at("b").x);
}

TEST(Layout, PutsGroupsThatFeedEachOtherInOneDirectionSideBySide) {
  const auto laid = lay_out_all(definitions_of({{"raw", {}},
                                                {"s1", {"raw"}},
                                                {"s2", {"raw", "s1"}},
                                                {"s3", {"raw"}},
                                                {"g1", {"s1", "s2", "s3"}},
                                                {"g2", {"s1"}},
                                                {"model", {"g1"}},
                                                {"report", {"raw"}}}),
                                {{"s1", "silver"},
                                 {"s2", "silver"},
                                 {"s3", "silver"},
                                 {"g1", "gold"},
                                 {"g2", "gold"},
                                 {"model", "ml"},
                                 {"report", "reports"}});
  EXPECT_EQ(flaw(laid), "");
  const auto& groups = laid.layout.groups;
  ASSERT_EQ(groups.size(), 4u);  // gold, ml, reports, silver
  EXPECT_GT(groups[0].x, groups[3].x + groups[3].width);
  EXPECT_GT(groups[1].x, groups[0].x + groups[0].width);
  EXPECT_EQ(laid.at("model").y, laid.at("g1").y) << "a lone edge between groups is straight";
  EXPECT_THAT(groups[0].nodes.size(), 2u);
}

TEST(Layout, StacksGroupsThatFeedEachOther) {
  const auto laid =
      lay_out_all(definitions_of({{"a1", {}}, {"b1", {"a1"}}, {"a2", {"b1"}}, {"b2", {"a2"}}, {"free", {"b1"}}}),
                  {{"a1", "a"}, {"a2", "a"}, {"b1", "b"}, {"b2", "b"}});
  EXPECT_EQ(flaw(laid), "");
  EXPECT_TRUE(laid.layout.groups[0].y > laid.layout.groups[1].y + laid.layout.groups[1].height ||
              laid.layout.groups[1].y > laid.layout.groups[0].y + laid.layout.groups[0].height);
}

/// A strip of `width` lanes where each card has the one before it in its lane and in the lane above: it can be drawn
/// without a crossing.
Definitions shuffled_strip(int size, int width) {
  const auto name = [](int i) { return "n" + std::to_string((i * 7919 + 13) % 100'003); };
  std::vector<Row> rows;
  for (int i = 0; i < size; ++i) {
    Row row{name(i), {}};
    if (i >= width) row.second.push_back(name(i - width));
    if (i >= width && i % width > 0) row.second.push_back(name(i - width - 1));
    rows.push_back(std::move(row));
  }
  return definitions_of(std::move(rows));
}

TEST(Layout, FindsADrawingWithoutCrossings) {
  const auto strip = lay_out_all(shuffled_strip(80, 8));
  EXPECT_EQ(flaw(strip), "");
  EXPECT_EQ(crossings(strip.layout), 0);
  std::vector<std::vector<std::uint32_t>> tree(40);
  for (std::uint32_t i = 1; i < tree.size(); ++i) tree[i] = {(i - 1) / 3};
  EXPECT_EQ(crossings(lay_out_all(testing::numbered_definitions(tree)).layout), 0);
}

TEST(Layout, KeepsRoomForALongEdge) {
  const auto laid = lay_out_all(definitions_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}, {"d", {"c", "a"}}}));
  EXPECT_EQ(flaw(laid), "");
  for (const auto* key : {"b", "c"}) {
    const auto &from = laid.at("a"), &to = laid.at("d"), &card = laid.at(key);
    const float y = from.y + (to.y - from.y) * (card.x - from.x) / (to.x - from.x);
    EXPECT_GT(std::abs(y - card.y), kHeight / 2) << "the edge a -> d runs through " << key;
  }
}

TEST(Layout, PutsCardsWithoutEdgesInAGrid) {
  std::vector<Row> rows;
  std::map<std::string, std::string> groups;
  for (int i = 0; i < 30; ++i) {
    rows.push_back({"n" + std::to_string(i), {}});
    if (i < 12) groups["n" + std::to_string(i)] = "misc";
  }
  const auto laid = lay_out_all(definitions_of(rows), groups);
  EXPECT_EQ(flaw(laid), "");
  EXPECT_LT(laid.layout.height, 1100);
  EXPECT_LT(laid.layout.width, 1100);
}

TEST(Layout, ContinuesATallColumnInTheNext) {
  std::vector<std::vector<std::uint32_t>> star(301);
  for (std::uint32_t i = 1; i < star.size(); ++i) star[i] = {0};
  const auto laid = lay_out_all(testing::numbered_definitions(star));
  EXPECT_EQ(flaw(laid), "");
  EXPECT_LT(laid.layout.height, 100 * 100);
}

TEST(Layout, DrawsOnlyWhatIsSelected) {
  const auto definitions = definitions_of({{"a", {}}, {"b", {"a"}}, {"c", {"b"}}, {"d", {"a"}}});
  const auto graph = AssetGraph::build(definitions).value();
  const auto layout = lay_out(definitions, graph, {*graph.find("c"), *graph.find("a"), *graph.find("d")});
  EXPECT_THAT(testing::keys_of(
                  graph, std::vector<AssetId>{layout.nodes[0].asset, layout.nodes[1].asset, layout.nodes[2].asset}),
              ElementsAre("a", "c", "d"));
  EXPECT_THAT(layout.edges, ElementsAre(std::pair(0u, 2u)));
}

TEST(Layout, HardlyMovesWhenALeafIsAdded) {
  auto rows =
      std::vector<Row>{{"a", {}}, {"b", {"a"}}, {"c", {"a"}}, {"d", {"b"}}, {"e", {"b"}}, {"f", {"c"}}, {"g", {"c"}}};
  const auto before = lay_out_all(definitions_of(rows));
  rows.push_back({"h", {"g"}});
  const auto after = lay_out_all(definitions_of(rows));
  for (const auto& [key, deps] : rows) {
    if (key == "h") continue;
    EXPECT_EQ(before.at(key).x, after.at(key).x) << key;
    EXPECT_LE(std::abs(before.at(key).y - after.at(key).y), kHeight) << key;
  }
}

TEST(Layout, IsRepeatable) {
  const auto one = lay_out_all(shuffled_strip(40, 8)), two = lay_out_all(shuffled_strip(40, 8));
  for (std::size_t i = 0; i < one.layout.nodes.size(); ++i) {
    EXPECT_EQ(one.layout.nodes[i].x, two.layout.nodes[i].x);
    EXPECT_EQ(one.layout.nodes[i].y, two.layout.nodes[i].y);
  }
}

TEST(Layout, HoldsItsRulesForAnyGraph) {
  EXPECT_TRUE(rc::check([] {
    auto definitions = testing::numbered_definitions(*testing::arbitrary_parents());
    for (auto& asset : definitions.assets) asset.group = *rc::gen::element<std::string>("", "", "a", "b", "c");
    const auto laid = lay_out_all(definitions);
    RC_ASSERT(flaw(laid) == "");
    std::size_t edges = 0;
    for (AssetId id = 0; id < laid.graph.size(); ++id) edges += laid.graph.parents(id).size();
    RC_ASSERT(laid.layout.edges.size() == edges);
  }));
}

}  // namespace
}  // namespace assetd
