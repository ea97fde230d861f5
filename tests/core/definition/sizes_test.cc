#include "core/definition/sizes.h"

#include <gtest/gtest.h>

namespace assetd {
namespace {

TEST(Sizes, AreReadWithTheirUnits) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("7B"), 7u);
  EXPECT_EQ(parse_size("2kB"), 2'000u);
  EXPECT_EQ(parse_size("2KiB"), 2'048u);
  EXPECT_EQ(parse_size("20GB"), 20'000'000'000u);
  EXPECT_EQ(parse_size("1.5GiB"), 1536u << 20);
  EXPECT_EQ(parse_size("0.1MB"), 100'000u);
  EXPECT_EQ(parse_size("7TiB"), 7ull << 40);
}

TEST(Sizes, WhatIsNoneIsNoSize) {
  for (const auto* text : {"", "GB", "-1", "1.5", "1.5B", "1.GB", ".5GB", "1 GB", "2Gi", "2gb", "1e3", "9223372036854775808", "99999999TiB", "1.5.5GB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

}  // namespace
}  // namespace assetd
