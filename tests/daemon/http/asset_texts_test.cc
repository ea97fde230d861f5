// A text that is kept must be the one that would be made anew.
#include "daemon/http/asset_texts.h"

#include <gtest/gtest.h>

#include "daemon/http/asset_shapes.h"

namespace assetd::http {
namespace {

using namespace std::chrono_literals;

class AssetTextsTest : public ::testing::Test {
 protected:
  AssetTextsTest() { use(1, "About it"); }

  void use(std::int64_t version, const std::string& description) {
    auto project = std::make_shared<Project>();
    project->version = version;
    AssetSpec parent, child;
    parent.key = "a";
    child.key = "b";
    child.deps = {{"a", OnFailure::skip, {}}};
    child.description = description;
    child.freshness.within = 1h;
    project->definitions.assets = {parent, child};
    project->graph = *AssetGraph::build(project->definitions);
    table.project = project;
    table.states.resize(2);
    table.changed.assign(2, ++revision);
  }
  void made(AssetId id, RunId run, WallTime at) {
    table.states[id].last_materialization = AssetState::Data{.run = run, .at = at};
    table.changed[id] = ++revision;
  }
  std::string child(WallTime now = WallTime(0s)) {
    const auto text = texts.of(table, 1, now);
    EXPECT_EQ(*text, dump(asset_json(table, 1, now)));
    return *text;
  }

  AssetTable table;
  std::uint64_t revision = 0;
  AssetTexts texts;
};

TEST_F(AssetTextsTest, IsKeptUntilSomethingItShowsChanges) {
  const auto first = texts.of(table, 1, WallTime(0s));
  EXPECT_EQ(texts.of(table, 1, WallTime(1s)), first);
  made(1, 1, WallTime(10s));
  EXPECT_NE(child(WallTime(11s)), *first);
}

TEST_F(AssetTextsTest, FollowsItsParentsData) {
  made(1, 1, WallTime(10s));
  EXPECT_EQ(child(WallTime(20s)).find("newer_data"), std::string::npos);
  made(0, 2, WallTime(15s));
  EXPECT_NE(child(WallTime(20s)).find("newer_data"), std::string::npos);
}

TEST_F(AssetTextsTest, GrowsOldWithoutAnyChange) {
  made(1, 1, WallTime(0s));
  EXPECT_NE(child(WallTime(1h)).find("\"fresh\""), std::string::npos);
  EXPECT_NE(child(WallTime(1h + 1ms)).find("\"violated\""), std::string::npos);
}

TEST_F(AssetTextsTest, AnotherVersionOrAssetInTheSameSlotIsAnotherText) {
  const auto first = child();
  use(2, "Another");
  EXPECT_NE(child(), first);
  EXPECT_NE(*texts.of(table, 0, WallTime(0s)), child());
}

TEST_F(AssetTextsTest, NothingIsKeptOfATableWithoutRevisions) {
  table.changed.clear();
  const auto first = child();
  table.states[1].last_materialization = AssetState::Data{.run = 1, .at = WallTime(1s)};
  EXPECT_NE(child(), first);
}

}  // namespace
}  // namespace assetd::http
