#include "core/partition/time_mapping.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace assetd::testing {
namespace {

TimeWindows windows(Grain grain, const char* zone = "UTC", const char* end = "") { return TimeWindows::make({.grain = grain, .start = "2026-03-01", .end = end, .timezone = zone}).value(); }

std::string up(const TimeWindows& downstream, const TimeWindows& upstream, IndexRange range, TimeMapping mapping = {}) {
  return upstream_of(IndexSet({range}), downstream, upstream, mapping).encode();
}

TEST(TimeMapping, OfOneGrainIsTheSameWindowMovedByItsOffsets) {
  const auto days = windows(Grain::daily);
  EXPECT_EQ(up(days, days, {3, 5}), "3-4");
  EXPECT_EQ(up(days, days, {3, 4}, {-1, -1}), "2");
  EXPECT_EQ(up(days, days, {3, 4}, {-6, 0}), "0-3") << "those that there are";
  EXPECT_TRUE(reaches_beyond(3, days, days, {-6, 0}));
  EXPECT_FALSE(reaches_beyond(6, days, days, {-6, 0}));
}

TEST(TimeMapping, BetweenGrainsItIsWhatSharesAMoment) {
  const auto weeks = windows(Grain::weekly), days = windows(Grain::daily), hours = windows(Grain::hourly);  // 2026-03-01 is a Sunday
  EXPECT_EQ(up(weeks, days, {1, 2}), "7-13");
  EXPECT_EQ(up(days, weeks, {7, 9}), "1");
  EXPECT_EQ(up(days, hours, {0, 2}), "0-47");
  EXPECT_EQ(downstream_of(IndexSet::range(30, 31), days, hours, {}).encode(), "1");
}

TEST(TimeMapping, FollowsTheClock) {
  const auto days = windows(Grain::daily, "Europe/London"), hours = windows(Grain::hourly, "Europe/London");
  EXPECT_EQ(up(days, hours, {28, 29}), "672-694") << "23 hours";
}

TEST(TimeMapping, EndsWithWhatThereIs) {
  const auto days = windows(Grain::daily), ended = windows(Grain::daily, "UTC", "2026-03-11");
  EXPECT_EQ(up(days, ended, {8, 20}), "8-9");
  EXPECT_TRUE(reaches_beyond(10, days, ended, {}));
}

TEST(TimeMapping, OneThatMapsNothingIsRefused) {
  EXPECT_TRUE(check(TimeMapping{-1, 0}).has_value());
  EXPECT_FALSE(check(TimeMapping{1, 0}).has_value());
}

// Every pair by itself: j is made into i where it lies between the first and the last that share a moment with i, each moved.
RC_GTEST_PROP(TimeMapping, IsWhatEveryPairOfWindowsSays, ()) {
  const auto grain = [] { return *rc::gen::element(Grain::daily, Grain::weekly, Grain::monthly); };
  const auto zone = [] { return *rc::gen::element("UTC", "Europe/London", "America/Havana", "Pacific/Auckland"); };
  const auto downstream = windows(grain(), zone(), "2026-06-01"), upstream = windows(grain(), zone(), "2026-06-01");
  const TimeMapping mapping{*rc::gen::inRange(-4, 2), *rc::gen::inRange(2, 4)};
  const auto ups = *upstream.count(), downs = *downstream.count();
  const auto begin = *rc::gen::inRange<PartitionIndex>(0, downs);
  const auto set = IndexSet::range(begin, *rc::gen::inRange<PartitionIndex>(begin, downs) + 1);
  std::vector<std::pair<PartitionIndex, PartitionIndex>> shared;  // of each downstream window: the first and the last
  PartitionIndex first = -2;
  for (PartitionIndex i = 0; i < downs; ++i) {
    const auto [from, to] = downstream.window(i);
    while (upstream.window(first).end <= from) ++first;
    auto last = first;
    while (upstream.window(last + 1).begin < to) ++last;
    shared.emplace_back(first, last);
  }
  const auto made_from = [&](PartitionIndex i, PartitionIndex j) {
    const auto [least, most] = shared[static_cast<std::size_t>(i)];
    return least + mapping.start_offset <= j && j <= most + mapping.end_offset;
  };
  IndexSet expected_up, expected_down;
  for (PartitionIndex j = 0; j < ups; ++j)
    set.each([&](PartitionIndex i) {
      if (made_from(i, j)) expected_up.insert(j);
    });
  RC_ASSERT(upstream_of(set, downstream, upstream, mapping) == expected_up);
  const auto some = IndexSet::range(ups / 3, ups / 3 + 1);
  for (PartitionIndex i = 0; i < downs; ++i)
    if (made_from(i, ups / 3)) expected_down.insert(i);
  RC_ASSERT(downstream_of(some, downstream, upstream, mapping) == expected_down);
}

}  // namespace
}  // namespace assetd::testing
