#include "cli/sse_parser.h"

namespace assetd::cli {
namespace {

const std::string kStream = "id: 813\nevent: step_changed\ndata: {\"a\":\ndata: 1}\n\n: a comment\n\nid: 814\r\ndata: x\r\n\r\n";

TEST(SseParser, KeepsIdTypeAndJoinsLinesOfData) {
  SseParser parser;
  const auto events = parser.feed(kStream);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].id, "813");
  EXPECT_EQ(events[0].type, "step_changed");
  EXPECT_EQ(events[0].data, "{\"a\":\n1}");
  EXPECT_EQ(events[1].type, "message");
  EXPECT_EQ(events[1].data, "x");
}

TEST(SseParser, ChunksMayBeCutAnywhere) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    SseParser parser;
    auto events = parser.feed(std::string_view(kStream).substr(0, cut));
    for (auto& event : parser.feed(std::string_view(kStream).substr(cut))) events.push_back(event);
    ASSERT_EQ(events.size(), 2u) << "cut at " << cut;
    EXPECT_EQ(events[1].id, "814");
  }
}

TEST(SseParser, AnUnfinishedEventWaits) {
  SseParser parser;
  EXPECT_TRUE(parser.feed("data: x\n").empty());
  EXPECT_EQ(parser.feed("\n").size(), 1u);
}

}  // namespace
}  // namespace assetd::cli
