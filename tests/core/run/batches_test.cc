#include "core/run/batches.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/core/graph/arbitrary_graph.h"

namespace assetd::testing {
namespace {

using Parents = std::vector<std::vector<std::uint32_t>>;
constexpr std::uint32_t kAlone = UINT32_MAX;

std::vector<std::uint32_t> batches(const Parents& parents, std::vector<std::uint32_t> kinds) {
  Parents children(parents.size());
  for (std::uint32_t node = 0; node < parents.size(); ++node)
    for (const auto parent : parents[node]) children[parent].push_back(node);
  BatchInput input;
  input.size = static_cast<std::uint32_t>(parents.size());
  input.kind = std::move(kinds);
  input.each_parent = [&](std::uint32_t node, const auto& visit) { std::ranges::for_each(parents[node], visit); };
  input.each_child = [&](std::uint32_t node, const auto& visit) { std::ranges::for_each(children[node], visit); };
  return make_batches(input);
}

using Groups = std::vector<std::uint32_t>;

TEST(Batches, AChainOfOneKindIsOne) { EXPECT_EQ(batches({{}, {0}, {1}}, {7, 7, 7}), (Groups{0, 0, 0})); }

TEST(Batches, WhatIsNotConnectedIsOneToo) { EXPECT_EQ(batches({{}, {}, {}}, {7, 7, 7}), (Groups{0, 0, 0})); }

TEST(Batches, KindsAreKeptApart) { EXPECT_EQ(batches({{}, {0}, {}}, {7, 8, 7}), (Groups{0, 1, 0})); }

TEST(Batches, WithoutAKindEachIsAlone) { EXPECT_EQ(batches({{}, {0}}, {kAlone, kAlone}), (Groups{0, 1})); }

TEST(Batches, NeverAAndCWhenBIsBetweenAndOutside) { EXPECT_EQ(batches({{}, {0}, {1}}, {7, kAlone, 7}), (Groups{0, 1, 2})); }

TEST(Batches, AlsoWhenAIsADirectParentOfCBesides) { EXPECT_EQ(batches({{}, {0}, {0, 1}}, {7, kAlone, 7}), (Groups{0, 1, 2})); }

TEST(Batches, WhatComesLaterJoinsWhereNoPathLeadsOutAndBack) {
  // 0 → 2 outside → 3 of the kind; 1 is of the kind too and apart from all: it goes with either, 3 not with 0.
  const auto groups = batches({{}, {}, {0}, {2}}, {7, 7, kAlone, 7});
  EXPECT_NE(groups[0], groups[3]);
  EXPECT_EQ(groups[0], groups[1]);
}

TEST(Batches, ALaterLevelJoinsAnEarlierOneOfItsKind) {
  // 1 hangs below something outside, but not below 2.
  EXPECT_EQ(batches({{}, {0}, {}}, {kAlone, 7, 7}), (Groups{0, 1, 1}));
}

TEST(Batches, TwoKindsThatWaitForEachOtherAreSplit) {
  // x0 → y1 and y2 → x3: one group of each kind would wait for the other in a circle.
  const auto groups = batches({{}, {0}, {}, {2}}, {7, 8, 8, 7});
  EXPECT_FALSE(groups[0] == groups[3] && groups[1] == groups[2]);
}

bool has_circle(const Parents& parents, const Groups& groups) {
  const auto count = *std::ranges::max_element(groups) + 1;
  std::vector<std::vector<bool>> reaches(count, std::vector<bool>(count));
  for (std::uint32_t node = 0; node < parents.size(); ++node)
    for (const auto parent : parents[node])
      if (groups[parent] != groups[node]) reaches[groups[parent]][groups[node]] = true;
  for (std::uint32_t via = 0; via < count; ++via)
    for (std::uint32_t from = 0; from < count; ++from)
      for (std::uint32_t to = 0; to < count; ++to)
        if (reaches[from][via] && reaches[via][to]) reaches[from][to] = true;
  for (std::uint32_t group = 0; group < count; ++group)
    if (reaches[group][group]) return true;
  return false;
}

// A group that is left and entered again is a circle between groups, so that this covers convexity too.
RC_GTEST_PROP(Batches, NeverWaitForEachOtherInACircle, ()) {
  const auto parents = *arbitrary_parents();
  const auto kinds = *rc::gen::container<std::vector<std::uint32_t>>(parents.size(), rc::gen::element<std::uint32_t>(0, 1, 2, kAlone));
  const auto groups = batches(parents, kinds);
  RC_ASSERT(!has_circle(parents, groups));
  for (std::uint32_t a = 0; a < groups.size(); ++a)
    for (std::uint32_t b = 0; b < a; ++b)
      if (groups[a] == groups[b]) RC_ASSERT(kinds[a] == kinds[b] && kinds[a] != kAlone);
}

// No two groups could have been one.
RC_GTEST_PROP(Batches, AreMaximal, ()) {
  const auto parents = *arbitrary_parents();
  const auto kinds = *rc::gen::container<std::vector<std::uint32_t>>(parents.size(), rc::gen::element<std::uint32_t>(0, 1, kAlone));
  const auto groups = batches(parents, kinds);
  for (std::uint32_t a = 0; a < groups.size(); ++a)
    for (std::uint32_t b = 0; b < a; ++b) {
      if (groups[a] == groups[b] || kinds[a] != kinds[b] || kinds[a] == kAlone) continue;
      auto merged = groups;
      std::ranges::replace(merged, groups[a], groups[b]);
      RC_ASSERT(has_circle(parents, merged));
    }
}

}  // namespace
}  // namespace assetd::testing
