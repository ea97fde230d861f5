#include "daemon/http/access.h"

#include <gmock/gmock.h>

#include "tests/daemon/http/api_fixture.h"

namespace assetd::test {
namespace {

using ::testing::HasSubstr;

class AccessTest : public ApiFixture {
 protected:
  void start_with_token() {
    HttpOptions options;
    options.token = "correct horse";
    start(options);
  }
};

TEST_F(AccessTest, NamesThatAreNotOursAreRefused) {
  start();
  for (const char* host : {"Host: evil.example", "Host: localhost.evil.example:80", "Host: 127.0.0.1.evil.example"})
    EXPECT_EQ(get("/runs", {host}).status, 421) << host;
  for (const char* host : {"Host: localhost", "Host: LOCALHOST:1234", "Host: 127.0.0.1:8080", "Host: [::1]:8080"})
    EXPECT_EQ(get("/runs", {host}).status, 200) << host;
  for (const char* host : {"Host: ", "Host: a b", "Host: x@localhost", "Host: localhost:port"}) EXPECT_EQ(get("/runs", {host}).status, 400) << host;
  EXPECT_EQ(get("/runs", {"Host: localhost", "Host: localhost"}).status, 400);
}

TEST_F(AccessTest, ConfiguredNamesAreOurs) {
  HttpOptions options;
  options.host_names = {"assetd.example"};
  start(options);
  EXPECT_EQ(get("/runs", {"Host: assetd.example"}).status, 200);
}

TEST_F(AccessTest, PagesOfOthersCannotCommand) {
  HttpOptions options;
  options.origins = {"https://ops.example"};
  start(options);
  const std::string own = "Origin: " + server->address();
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {own}).status, 201);
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {"Origin: https://ops.example"}).status, 201);
  for (const char* origin : {"Origin: https://evil.example", "Origin: null", "Origin: http://localhost:1", "Sec-Fetch-Site: cross-site"})
    EXPECT_EQ(post("/runs", R"({"select": "*"})", {origin}).status, 403) << origin;
  EXPECT_EQ(get("/events", {"Origin: https://evil.example", "Accept: text/event-stream"}).status, 403);
  EXPECT_EQ(service.commands().size(), 2u);
}

TEST_F(AccessTest, ATokenIsNeededForAllButProbesAndPages) {
  start_with_token();
  EXPECT_EQ(get("/runs").status, 401);
  EXPECT_EQ(get("/runs").headers.count("www-authenticate"), 1u);
  EXPECT_EQ(get("/runs", {"Authorization: Bearer wrong"}).status, 401);
  EXPECT_EQ(get("/runs", {"Authorization: Bearer correct horse"}).status, 200);
  EXPECT_EQ(fetch(server->address(), "GET", "/metrics").status, 401);
  EXPECT_EQ(fetch(server->address(), "GET", "/healthz").status, 200);
  EXPECT_EQ(fetch(server->address(), "GET", "/").status, 200);
}

TEST_F(AccessTest, ReadinessHidesDetailsFromStrangers) {
  service.reasons = {{"disk", "/srv/secret/path is full"}};
  start_with_token();
  const auto stranger = fetch(server->address(), "GET", "/readyz");
  EXPECT_EQ(stranger.status, 503);
  EXPECT_EQ(stranger.body.find("/srv"), std::string::npos);
  EXPECT_THAT(fetch(server->address(), "GET", "/readyz", "", {"Authorization: Bearer correct horse"}).body, HasSubstr("/srv/secret"));
}

TEST_F(AccessTest, ATokenBecomesACookie) {
  start_with_token();
  EXPECT_EQ(post("/session", R"({"token": "wrong"})").status, 401);
  const auto answer = post("/session", R"({"token": "correct horse"})");
  ASSERT_EQ(answer.status, 204);
  const std::string cookie = answer.headers.at("set-cookie");
  EXPECT_THAT(cookie, HasSubstr("HttpOnly; SameSite=Strict"));
  const std::string value = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(get("/runs", {"Cookie: theme=dark; " + value}).status, 200);
  EXPECT_EQ(get("/runs", {"Cookie: " + value + "0"}).status, 401);
  EXPECT_EQ(get("/runs", {"Cookie: 9" + value}).status, 401);
  const auto out = fetch(server->address(), "DELETE", "/api/v1/session", "", {"Cookie: " + value});
  EXPECT_THAT(out.headers.at("set-cookie"), HasSubstr("Max-Age=0"));
}

http::Request request_from(const std::string& remote, const std::string& token) {
  http::Request request;
  request.remote = remote;
  request.headers = {{"authorization", "Bearer " + token}};
  return request;
}

http::Access access_with_token() { return std::move(*http::Access::make({.token = "correct horse", .listen = {"0.0.0.0", 80, ""}})); }

TEST(Access, FailedTriesOfOneAddressAreSlowedDown) {
  auto access = access_with_token();
  WallTime now(std::chrono::hours(400'000));
  int refused = 0;
  while (access.check_token(request_from("10.0.0.1", "guess"), now)->status == 401 && refused < 1000) ++refused;
  EXPECT_GE(refused, 10);
  EXPECT_LT(refused, 100);
  EXPECT_EQ(access.check_token(request_from("10.0.0.1", "correct horse"), now)->status, 429);
  EXPECT_FALSE(access.check_token(request_from("10.0.0.2", "correct horse"), now));
  EXPECT_FALSE(access.check_token(request_from("10.0.0.1", "correct horse"), now + std::chrono::seconds(2)));
}

TEST(Access, ASessionEndsWithItsLifeAndWithTheToken) {
  auto access = access_with_token();
  const WallTime now(std::chrono::hours(400'000));
  const auto session = access.open_session({}, "correct horse", now);
  ASSERT_TRUE(session);
  EXPECT_TRUE(access.is_session(*session, now + http::Access::kSessionLife - std::chrono::seconds(1)));
  EXPECT_FALSE(access.is_session(*session, now + http::Access::kSessionLife + std::chrono::seconds(1)));
  auto other = std::move(*http::Access::make({.token = "another", .listen = {"0.0.0.0", 80, ""}}));
  EXPECT_FALSE(other.is_session(*session, now));
}

TEST(Access, AnEmptyTokenIsAnError) { EXPECT_FALSE(http::Access::make({.token = "", .listen = {"0.0.0.0", 80, ""}})); }

}  // namespace
}  // namespace assetd::test
