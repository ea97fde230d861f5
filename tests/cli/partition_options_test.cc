#include "cli/partition_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(PartitionOptions, AStepMayBeNamedAsItIsPrinted) {
  for (const auto* printed : {"lake/days [2026-01-05]", "lake/days[2026-01-05]"}) {
    const auto named = named_steps({printed}, {});
    ASSERT_TRUE(named) << printed;
    EXPECT_THAT(named->keys, ElementsAre("lake/days"));
    EXPECT_THAT(named->partitions, ElementsAre("2026-01-05"));
  }
  const auto several = named_steps({"a [x]", "a [y]", "b [x]", "b [y]"}, {});
  ASSERT_TRUE(several);
  EXPECT_THAT(several->keys, ElementsAre("a", "b"));
  EXPECT_THAT(several->partitions, ElementsAre("x", "y"));
  const auto apart = named_steps({"a", "b"}, {"x"});
  ASSERT_TRUE(apart);
  EXPECT_THAT(apart->keys, ElementsAre("a", "b"));
  EXPECT_THAT(apart->partitions, ElementsAre("x"));
  EXPECT_THAT(named_steps({}, {"x"})->keys, IsEmpty());
}

TEST(PartitionOptions, StepsOfOtherPartitionsThanTheRestAreRefused) {
  EXPECT_THAT(named_steps({"a [x]", "b [y]"}, {}).error(), HasSubstr("of the same partitions"));
  EXPECT_THAT(named_steps({"a [x]", "b"}, {}).error(), HasSubstr("of the same partitions"));
  EXPECT_THAT(named_steps({"a [x]"}, {"y"}).error(), HasSubstr("not both"));
}

}  // namespace
}  // namespace assetd::cli
