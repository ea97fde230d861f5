#include "core/definition/lexical_path.h"

#include <gtest/gtest.h>

namespace assetd {
namespace {

TEST(LexicalPath, NormalisesByTheTextAlone) {
  const std::pair<std::string, std::string> cases[] = {
      {"a/./b//c/", "a/b/c"}, {"a/../b", "b"}, {"../a", "../a"}, {"../../a", "../../a"},
      {"a/../../b", "../b"},  {".", "."},      {"", "."},        {"/", "/"},
      {"/../a", "/a"},        {"/a/..", "/"}};
  for (const auto& [given, normal] : cases) EXPECT_EQ(normal_path(given), normal) << given;
}

TEST(LexicalPath, JoinsUnlessAbsolute) {
  EXPECT_EQ(joined_path("more", "../ml"), "ml");
  EXPECT_EQ(joined_path("/p/shop", "data/w.db"), "/p/shop/data/w.db");
  EXPECT_EQ(joined_path("more", "/x/../y"), "/y");
  EXPECT_EQ(joined_path("", "x"), "x");
}

TEST(LexicalPath, TakesApart) {
  EXPECT_EQ(parent_path("more/a.yaml"), "more");
  EXPECT_EQ(parent_path("a.yaml"), "");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(file_name("/p/shop"), "shop");
}

}  // namespace
}  // namespace assetd
