#include "core/run/artifacts.h"

#include <gtest/gtest.h>

namespace assetd::testing {
namespace {

nlohmann::json artifact(const std::string& name, char digit, int size = 3) { return {{"name", name}, {"size", size}, {"sha256", std::string(64, digit)}, {"path", "/anywhere"}}; }

std::string content(const std::vector<nlohmann::json>& said) {
  ReportedArtifacts artifacts;
  for (const auto& each : said) artifacts.add(each);
  return artifacts.content();
}

TEST(ReportedArtifacts, TheSameContentsAreTheSameInWhateverOrder) {
  EXPECT_EQ(content({artifact("a", '1'), artifact("b", '2')}), content({artifact("b", '2'), artifact("a", '1')}));
  EXPECT_NE(content({artifact("a", '1'), artifact("b", '2')}), content({artifact("a", '2'), artifact("b", '1')}));
  EXPECT_NE(content({artifact("a", '1')}), content({artifact("a", '1'), artifact("b", '2')}));
  EXPECT_NE(content({artifact("a", '1', 3)}), content({artifact("a", '1', 4)}));
}

TEST(ReportedArtifacts, TheLastOfANameCounts) { EXPECT_EQ(content({artifact("a", '1'), artifact("a", '2')}), content({artifact("a", '2')})); }

TEST(ReportedArtifacts, OneOfUnknownContentLeavesAllUnknown) {
  EXPECT_EQ(content({}), "");
  EXPECT_NE(content({artifact("a", '1')}), "");
  for (const char* missing : {"name", "size", "sha256"}) {
    auto partial = artifact("b", '2');
    partial.erase(missing);
    EXPECT_EQ(content({artifact("a", '1'), partial}), "") << missing;
  }
  auto odd = artifact("a", '1');
  odd["sha256"] = "none";
  EXPECT_EQ(content({odd}), "");
  odd["sha256"] = 7;
  EXPECT_EQ(content({odd, nlohmann::json::array()}), "");
}

TEST(ReportedArtifacts, MoreThanAreRememberedAreUnknown) {
  ReportedArtifacts artifacts;
  for (int i = 0; i < 1000; ++i) artifacts.add(artifact("part-" + std::to_string(i), '1'));
  artifacts.add(artifact("part-7", '2'));
  EXPECT_NE(artifacts.content(), "");
  artifacts.add(artifact("one more", '1'));
  EXPECT_EQ(artifacts.content(), "");
}

}  // namespace
}  // namespace assetd::testing
