#include <gmock/gmock.h>

#include "tests/daemon/http/api_fixture.h"

namespace assetd::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EventsTest : public ApiFixture {
 protected:
  std::unique_ptr<RawClient> stream(const std::string& query = "", const std::string& header = "") {
    auto client = std::make_unique<RawClient>(server->address());
    client->send("GET /api/v1/events" + query + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n");
    const auto answer = client->read(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.headers.at("content-type"), HasSubstr("text/event-stream"));
    client->read_until("event: heartbeat\ndata: {\"subject\":{},\"changes\":{}}\n\n");
    return client;
  }
  void commit_events(int count, const std::string& type = "run_changed") {
    CommitBatch batch;
    for (int i = 0; i < count; ++i) batch.events.push_back(event(type, 1, "stg"));
    commit(std::move(batch));
  }
};

TEST_F(EventsTest, FollowsLiveFromNowOn) {
  commit_events(3);
  start();
  auto client = stream();
  commit_events(1, "tick");
  const std::string text = client->read_until("\n\n");
  EXPECT_THAT(text, HasSubstr("id: 4\nevent: tick\ndata: {"));
}

TEST_F(EventsTest, StreamsLeaveRoomForThoseWhoAsk) {
  HttpOptions options;
  options.max_connections = 5;  // three streams, the one refused that may not be gone yet, and one who asks
  start(options);
  const auto first = stream(), second = stream(), third = stream();
  const auto refused = get("/events", {"Accept: text/event-stream"});
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "10");
  EXPECT_EQ(get("/runs").status, 200);
}

TEST_F(EventsTest, ReplaysAndGoesOnWithoutGapOrDuplicate) {
  commit_events(1200);  // more than a page of the store
  start();
  auto client = stream("?after=10");
  for (int i = 0; i < 300; ++i) commit_events(1);
  const std::string text = client->read_until("id: 1500\n");
  int next = 11;
  for (std::size_t at = text.find("id: "); at != std::string::npos; at = text.find("id: ", at + 1)) {
    const int id = std::stoi(text.substr(at + 4));
    ASSERT_EQ(id, next) << "a gap or a duplicate";
    ++next;
  }
  EXPECT_EQ(next, 1501);
}

TEST_F(EventsTest, LastEventIdWinsOverAfter) {
  commit_events(5);
  start();
  auto client = stream("?after=1", "Last-Event-ID: 4\r\n");
  EXPECT_THAT(client->read_until("\n\n"), HasSubstr("id: 5\n"));
}

TEST_F(EventsTest, IdsThatAreNotOfThisStoreAreGone) {
  commit_events(5);
  start();
  EXPECT_EQ(get("/events?after=6").status, 410);
  EXPECT_EQ(get("/events", {"Last-Event-ID: 700"}).status, 410);
  EXPECT_EQ(get("/events", {"Last-Event-ID: x"}).status, 422);
}

TEST_F(EventsTest, FiltersLeaveOutOthersAndHeartbeatsMoveOverThem) {
  HttpOptions options;
  options.timeouts.heartbeat = std::chrono::milliseconds(20);
  commit_events(2, "tick");
  start(options);
  auto client = stream("?after=0&types=run_changed,step_changed");
  client->read_until("id: 2\nevent: heartbeat");
  commit_events(1, "step_changed");
  const std::string text = client->read_until("id: 3\nevent: step_changed");
  EXPECT_THAT(text, HasSubstr("event: step_changed"));
  EXPECT_THAT(text, Not(HasSubstr("event: tick")));
}

TEST_F(EventsTest, ACascadeConcernsEachOfItsAssets) {
  start();
  auto client = stream("?asset=gold");
  CommitBatch batch;
  batch.events.push_back(event("step_changed", 1, "stg"));
  Event cascade = event("step_changed", 1);
  cascade.subject = {{"run_id", "1"}, {"key", "a"}, {"keys", {"a", "gold"}}};
  batch.events.push_back(cascade);
  commit(std::move(batch));
  EXPECT_THAT(client->read_until("\n\n"), HasSubstr("id: 2\n"));
}

TEST_F(EventsTest, ProgressHasNoIdAndIsNotKept) {
  start();
  auto client = stream();
  // Progress is only for who follows already: a stream that is still reading the store may miss the first ones.
  for (int i = 0; i < 50; ++i) {
    commit_events(1);
    service.publish({event("progress", 1, "stg")});
  }
  const std::string text = client->read_until("event: progress\n");
  const auto at = text.find("event: progress\n");
  ASSERT_NE(at, std::string::npos);
  EXPECT_TRUE(at == 0 || text.substr(0, at).ends_with("\n\n")) << "a line stands before it, an id perhaps";
  EXPECT_EQ(get("/events?limit=1000", {"Accept: application/json"}).json()["items"].size(), 50U);
}

TEST_F(EventsTest, EventsThatWereCommittedWithoutBeingAnnouncedAreNotPassedOver) {
  start();
  auto client = stream();
  commit_events(1);
  client->read_until("id: 1\n");
  CommitBatch unknown;  // a commit whose outcome was unknown: stored, never published
  unknown.events = {event("tick"), event("tick")};
  ASSERT_TRUE(store->commit(unknown));
  commit_events(1);
  const std::string text = client->read_until("id: 4\n");
  EXPECT_THAT(text, HasSubstr("id: 2\n"));
  EXPECT_THAT(text, HasSubstr("id: 3\n"));
}

TEST_F(EventsTest, AClientThatReadsNothingIsLetGoAndResumes) {
  HttpOptions options;
  options.timeouts.write = std::chrono::milliseconds(100);
  start(options);
  auto slow = stream();
  // More than the sockets between us can hold.
  for (int i = 0; i < 60; ++i) {
    CommitBatch batch;
    for (int n = 0; n < 100; ++n) {
      batch.events.push_back(event("run_changed", 1));
      batch.events.back().changes["text"] = std::string(4000, 'x');
    }
    commit(std::move(batch));
  }
  const std::string text = slow->read_to_end();
  EXPECT_LT(text.size(), 6000u * 4000u);
  const auto at = text.rfind("\nid: ");
  const std::string last = text.substr(at + 5, text.find('\n', at + 5) - at - 5);
  auto again = stream("", "Last-Event-ID: " + last + "\r\n");
  EXPECT_THAT(again->read_until("\n"), HasSubstr("id: " + std::to_string(std::stoi(last) + 1)));
}

TEST_F(EventsTest, StopEndsStreams) {
  start();
  auto client = stream();
  server->stop();
  client->read_to_end();
}

TEST_F(EventsTest, AsJsonItIsAPage) {
  commit_events(5);
  start();
  const auto newest = get("/events?limit=2", {"Accept: application/json"}).json();
  EXPECT_EQ(newest["items"][0]["id"], "5");
  const auto after = get("/events?after=1&limit=2", {"Accept: application/json"}).json();
  EXPECT_EQ(after["items"][0]["id"], "2");
  const auto rest = get("/events?after=1&limit=2&cursor=" + after["next_cursor"].get<std::string>(), {"Accept: application/json"}).json();
  EXPECT_EQ(rest["items"][0]["id"], "4");
}

}  // namespace
}  // namespace assetd::test
