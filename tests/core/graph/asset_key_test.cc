#include "core/graph/asset_key.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace assetd {
namespace {

std::string error_of(std::string_view key) {
  const auto checked = check_asset_key(key);
  return checked ? "" : checked.error();
}

TEST(AssetKey, AcceptsPartsJoinedBySlashes) {
  for (const auto* key :
       {"a", "A_1", "_x", "9", "stg_stripe__charges", "gold/customers", "a/b.c/d-e", "a..b", "a/1.2-3"})
    EXPECT_EQ(error_of(key), "") << key;
}

TEST(AssetKey, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of(""), "an asset key must not be empty");
  EXPECT_EQ(error_of("/a"), "an empty part before '/' at byte 1");
  EXPECT_EQ(error_of("a//b"), "an empty part before '/' at byte 3");
  EXPECT_EQ(error_of("a/"), "an empty part after '/' at byte 2");
  EXPECT_EQ(error_of("a/-b"), "a part must start with a letter, a digit or '_', not '-' at byte 3");
  EXPECT_TRUE(error_of("a b").starts_with("a blank is not allowed")) << error_of("a b");
  EXPECT_TRUE(error_of("a\xc3\xa9").starts_with("byte 0xc3 is not allowed")) << error_of("a\xc3\xa9");
  EXPECT_TRUE(error_of("ab:c").ends_with("at byte 3"));
}

TEST(AssetKey, IsAtMost255Bytes) {
  EXPECT_EQ(error_of(std::string(255, 'a')), "");
  EXPECT_EQ(error_of(std::string(256, 'a')), "an asset key has at most 255 bytes, this one has 256");
}

TEST(NearestName, FindsTypos) {
  const std::vector<std::string_view> names{"gold_customers", "gold_orders", "bronze_events", "x"};
  EXPECT_EQ(nearest_name("gold_custmers", names), "gold_customers");
  EXPECT_EQ(nearest_name("gold_ordesr", names), "gold_orders");
  EXPECT_EQ(nearest_name("GOLD_ORDERS", names), "gold_orders");
  EXPECT_EQ(nearest_name("revenue", names), "");
  EXPECT_EQ(nearest_name("y", names), "");
  EXPECT_EQ(nearest_name("", names), "");
}

TEST(NearestName, TiesGoToTheSmallestWhateverTheOrder) {
  EXPECT_EQ(nearest_name("item", {"itemb", "itema", "itemc"}), "itema");
  EXPECT_EQ(nearest_name("item", {"itemc", "itema", "itemb"}), "itema");
}

TEST(NearestName, FindsTheOnlyKeyWithAForgottenPrefix) {
  EXPECT_EQ(nearest_name("customers", {"stripe/raw/customers", "orders"}), "stripe/raw/customers");
  EXPECT_EQ(nearest_name("customers", {"stripe/raw/customers", "shop/raw/customers"}), "");
}

TEST(KeyPattern, StarStaysWithinAPart) {
  EXPECT_TRUE(key_matches("stg_*", "stg_orders"));
  EXPECT_TRUE(key_matches("*", "a"));
  EXPECT_FALSE(key_matches("*", "a/b"));
  EXPECT_FALSE(key_matches("stg*", "stg/orders"));
  EXPECT_TRUE(key_matches("*/orders", "stg/orders"));
  EXPECT_TRUE(key_matches("a*b*c", "aXbbYc"));
  EXPECT_FALSE(key_matches("a*b", "aXbY"));
  EXPECT_FALSE(key_matches("Stg_*", "stg_orders"));
}

TEST(KeyPattern, DoubleStarCrossesParts) {
  EXPECT_TRUE(key_matches("**", "a/b/c"));
  EXPECT_TRUE(key_matches("gold/**", "gold/a/b"));
  EXPECT_FALSE(key_matches("gold/**", "gold"));
  EXPECT_TRUE(key_matches("**customers", "gold/old_customers"));
  EXPECT_TRUE(key_matches("a/**/z", "a/z"));
  EXPECT_TRUE(key_matches("a/**/z", "a/b/c/z"));
  EXPECT_FALSE(key_matches("a/**/z", "a/b/cz"));
  EXPECT_TRUE(key_matches("**/x", "x"));
  EXPECT_FALSE(key_matches("**/x", "ax"));
}

bool naive_match(std::string_view pattern, std::string_view key, bool part_start = true) {
  if (pattern.empty()) return key.empty();
  if (pattern.starts_with("**")) {
    auto rest = pattern;
    while (rest.starts_with('*')) rest.remove_prefix(1);
    const bool parts = part_start && rest.starts_with('/');
    if (parts) rest.remove_prefix(1);
    for (std::size_t i = 0; i <= key.size(); ++i) {
      if (parts && i > 0 && key[i - 1] != '/') continue;
      if (naive_match(rest, key.substr(i), parts)) return true;
    }
    return false;
  }
  if (pattern[0] == '*') {
    for (std::size_t i = 0; i <= key.size() && (i == 0 || key[i - 1] != '/'); ++i)
      if (naive_match(pattern.substr(1), key.substr(i), false)) return true;
    return false;
  }
  return !key.empty() && key[0] == pattern[0] && naive_match(pattern.substr(1), key.substr(1), pattern[0] == '/');
}

TEST(KeyPattern, AgreesWithANaiveMatcher) {
  EXPECT_TRUE(rc::check([] {
    const auto text = [](std::string letters) {
      return rc::gen::container<std::string>(rc::gen::elementOf(std::move(letters)));
    };
    const auto pattern = *rc::gen::resize(8, text("ab/**")), key = *rc::gen::resize(9, text("aab/"));
    RC_ASSERT(key_matches(pattern, key) == naive_match(pattern, key));
  }));
}

}  // namespace
}  // namespace assetd
