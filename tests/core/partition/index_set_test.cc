#include "core/partition/index_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace assetd::testing {
namespace {

using Naive = std::set<PartitionIndex>;

IndexSet from_ranges(const std::vector<std::pair<int, int>>& drawn) {
  std::vector<IndexRange> ranges;
  for (const auto& [at, size] : drawn) ranges.push_back({std::abs(at % 60), std::abs(at % 60) + std::abs(size % 9)});
  return IndexSet(ranges);
}

Naive naive(const IndexSet& set) {
  Naive found;
  set.each([&](PartitionIndex index) { found.insert(index); });
  return found;
}

void require_normal(const IndexSet& set) {
  for (std::size_t i = 0; i < set.ranges().size(); ++i) {
    RC_ASSERT(set.ranges()[i].begin < set.ranges()[i].end);
    if (i > 0) RC_ASSERT(set.ranges()[i - 1].end < set.ranges()[i].begin);
  }
}

using Drawn = std::vector<std::pair<int, int>>;

RC_GTEST_PROP(IndexSet, IsWhatASetOfNumbersIs, (const Drawn& a_drawn, const Drawn& b_drawn)) {
  const auto a = from_ranges(a_drawn), b = from_ranges(b_drawn);
  const auto in_a = naive(a), in_b = naive(b);
  Naive either = in_a, both, left;
  either.insert(in_b.begin(), in_b.end());
  for (const auto each : in_a) (in_b.contains(each) ? both : left).insert(each);
  for (const auto& [set, expected] : {std::pair(a | b, either), std::pair(a & b, both), std::pair(a - b, left)}) {
    require_normal(set);
    RC_ASSERT(naive(set) == expected);
    RC_ASSERT(set.size() == static_cast<std::int64_t>(expected.size()));
    for (PartitionIndex i = 0; i < 70; ++i) RC_ASSERT(set.contains(i) == expected.contains(i));
  }
}

RC_GTEST_PROP(IndexSet, ComesBackFromItsText, (const Drawn& drawn)) {
  const auto set = from_ranges(drawn);
  RC_ASSERT(IndexSet::decode(set.encode()) == set);
}

RC_GTEST_PROP(IndexSet, TheFirstAreTheLeast, (const Drawn& drawn, std::uint8_t count)) {
  const auto set = from_ranges(drawn);
  const auto first = naive(set.first(count)), all = naive(set);
  RC_ASSERT(first.size() == std::min<std::size_t>(count, all.size()));
  RC_ASSERT(std::equal(first.begin(), first.end(), all.begin()));
}

TEST(IndexSetText, TenYearsOfHoursCostBytes) {
  EXPECT_EQ(IndexSet::range(0, 87'660).encode(), "0-87659");
  EXPECT_EQ(IndexSet({{0, 3}, {5, 6}}).encode(), "0-2,5");
  EXPECT_EQ(IndexSet().encode(), "");
}

TEST(IndexSetText, WhatIsNoListInOrderIsRefused) {
  for (const auto* text : {",", "1,", "a", "1-", "-1", "2-1", "3,2", "1,1", "1-3,3", "9223372036854775807", "99999999999999999999", "1 ,2"})
    EXPECT_FALSE(IndexSet::decode(text)) << text;
}

TEST(IndexSetText, NeighboursBecomeOneRange) {
  auto set = IndexSet::range(0, 2);
  set.insert(2);
  EXPECT_EQ(set.encode(), "0-2");
  set.erase(1);
  EXPECT_EQ(set.encode(), "0,2");
}

}  // namespace
}  // namespace assetd::testing
