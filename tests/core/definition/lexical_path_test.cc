#include "core/definition/lexical_path.h"

#include <filesystem>

namespace assetd {
namespace {

TEST(LexicalPath, NormalFormIsThatOfStdFilesystem) {
  for (const std::string path : {"a", "a/b", "a/./b", "a/../b", "../a", "../../a/..", "/a/../../b", "/", "a//b", "./x", "a/b/../../c"})
    EXPECT_EQ(normal_path(path), [&] {
      auto text = std::filesystem::path(path).lexically_normal().string();
      if (text.size() > 1 && text.ends_with('/')) text.pop_back();
      return text;
    }()) << path;
  EXPECT_EQ(normal_path(""), ".");
  EXPECT_EQ(normal_path("a/.."), ".");
}

TEST(LexicalPath, AnAbsolutePathStandsForItself) {
  EXPECT_EQ(joined_path("base", "/x/../y"), "/y");
  EXPECT_EQ(joined_path("base/dir", "../f.yaml"), "base/f.yaml");
  EXPECT_EQ(joined_path("", "f"), "f");
}

TEST(LexicalPath, ParentAndName) {
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(parent_path("c"), "");
  EXPECT_EQ(file_name("a/b/c"), "c");
}

}  // namespace
}  // namespace assetd
