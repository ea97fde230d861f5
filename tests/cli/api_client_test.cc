#include "cli/api_client.h"

namespace assetd::cli {
namespace {

/// Answers in turn, and keeps what it was asked.
class ScriptedTransport : public Transport {
 public:
  explicit ScriptedTransport(std::vector<HttpAnswer> answers, std::vector<HttpRequest>& requests)
      : answers_(std::move(answers)), requests_(requests) {}
  std::expected<HttpAnswer, std::string> send(const HttpRequest& request) override {
    requests_.push_back(request);
    if (requests_.size() > answers_.size()) return std::unexpected("nothing answers");
    return answers_[requests_.size() - 1];
  }
  std::expected<HttpAnswer, std::string> stream(const HttpRequest& request, const std::function<bool(std::string_view)>& receive) override {
    auto answer = send(request);
    if (answer && answer->status == 200) receive(answer->body);
    return answer;
  }
  void stop() override {}

 private:
  std::vector<HttpAnswer> answers_;
  std::vector<HttpRequest>& requests_;
};

struct ApiClientTest : testing::Test {
  ApiClient client(std::vector<HttpAnswer> answers) { return {std::make_unique<ScriptedTransport>(std::move(answers), requests), "secret"}; }
  std::vector<HttpRequest> requests;
};

TEST_F(ApiClientTest, ListsFollowTheCursorUpToTheLimit) {
  auto api = client({{200, R"({"items":[1,2],"next_cursor":"c+1","as_of":5})", {}}, {200, R"({"items":[3],"next_cursor":"c2","as_of":6})", {}}});
  const auto page = api.list("/assets", {{"select", "+a or b"}}, 3);
  ASSERT_TRUE(page);
  EXPECT_EQ((*page)["items"], Json({1, 2, 3}));
  EXPECT_EQ((*page)["next_cursor"], "c2");
  EXPECT_EQ(requests[0].target, "/api/v1/assets?select=%2Ba%20or%20b&limit=3");
  EXPECT_EQ(requests[1].target, "/api/v1/assets?select=%2Ba%20or%20b&limit=1&cursor=c%2B1");
}

TEST_F(ApiClientTest, EveryPostHasAKeyOfItsOwnAndTheToken) {
  auto api = client({{201, R"({"id":"1"})", {}}, {201, R"({"id":"2"})", {}}});
  ASSERT_TRUE(api.post("/runs", {{"select", "a"}}));
  ASSERT_TRUE(api.post("/runs", {{"select", "a"}}));
  EXPECT_NE(requests[0].headers["idempotency-key"], requests[1].headers["idempotency-key"]);
  EXPECT_EQ(requests[0].headers["authorization"], "Bearer secret");
  EXPECT_EQ(requests[0].body, R"({"select":"a"})");
}

TEST_F(ApiClientTest, AProblemKeepsItsErrorsWithTheirPointers) {
  auto api = client({{422, R"({"title":"t","status":422,"detail":"d","errors":[{"pointer":"/select","detail":"e"}]})", {}}});
  const auto answer = api.get("/assets");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().status, 422);
  EXPECT_EQ(answer.error().detail, "d");
  ASSERT_EQ(answer.error().errors.size(), 1u);
  EXPECT_EQ(answer.error().errors[0].first, "/select");
}

TEST_F(ApiClientTest, AnAnswerThatIsNoJsonIsAProblem) {
  auto api = client({{200, "<html>", {}}});
  EXPECT_FALSE(api.get("/assets"));
}

TEST_F(ApiClientTest, UnreachableIsStatusZero) {
  auto api = client({});
  EXPECT_EQ(api.get("/assets").error().status, 0);
}

TEST_F(ApiClientTest, EventsResumeAfterTheGivenId) {
  auto api = client({{200, "id: 8\nevent: tick\ndata: {}\n\n", {}}});
  std::vector<StreamEvent> seen;
  ASSERT_TRUE(api.events({{"run", "4"}}, "7", [&](const StreamEvent& event) { return seen.push_back(event), true; }));
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].id, "8");
  EXPECT_EQ(requests[0].headers["last-event-id"], "7");
  EXPECT_EQ(requests[0].target, "/api/v1/events?run=4");
}

TEST(KeyInPath, WritesAColonForASlash) { EXPECT_EQ(key_in_path("gold/cust.v2"), "gold:cust.v2"); }

}  // namespace
}  // namespace assetd::cli
