#include "daemon/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/daemon/http/fake_service.h"
#include "tests/daemon/http/raw_client.h"

namespace assetd::test {
namespace {

using ::testing::HasSubstr;

struct ServerTest : ::testing::Test {
  FakeService service;
  std::unique_ptr<HttpServer> server;

  void start(HttpOptions options = {}) {
    if (options.listen == HttpOptions{}.listen) options.listen = "127.0.0.1:0";
    auto started = HttpServer::start(options, service);
    ASSERT_TRUE(started) << started.error();
    server = std::move(*started);
  }
  std::string request_line(const std::string& target) const {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
};

TEST_F(ServerTest, AnswersHealthOnTheFreePortItTook) {
  start();
  EXPECT_THAT(server->address(), ::testing::MatchesRegex("http://127\\.0\\.0\\.1:[1-9][0-9]+"));
  const auto answer = fetch(server->address(), "GET", "/healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["status"], "ok");
}

TEST_F(ServerTest, ReadinessSaysWhyNot) {
  start();
  EXPECT_EQ(fetch(server->address(), "GET", "/readyz").status, 200);
  service.reasons = {{"supervisor", "no answer from the supervisor"}};
  const auto answer = fetch(server->address(), "GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.json()["why"][0]["code"], "supervisor");
  EXPECT_EQ(answer.json()["ready"], false);
}

TEST_F(ServerTest, KeepsAConnectionAliveAndAnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(server->address());
  client.send(request_line("/healthz") + request_line("/readyz") + request_line("/api/v1/nowhere"));
  EXPECT_TRUE(client.read().json().contains("status"));
  EXPECT_TRUE(client.read().json().contains("ready"));
  EXPECT_EQ(client.read().status, 404);
  client.send(request_line("/healthz"));
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
  start();
  const auto get = fetch(server->address(), "GET", "/healthz");
  RawClient client(server->address());
  client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const auto head = client.read(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(get.body.size()));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, Http10ClosesAfterTheAnswer) {
  start();
  RawClient client(server->address());
  client.send("GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, WhatIsNotHttpGetsA400AndTheConnectionEnds) {
  start();
  for (const std::string& bytes : {std::string("\x16\x03\x01\x02 TLS hello\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
                                   std::string("GET / HTTP/1.1\r\nbad header line\r\n\r\n"),
                                   std::string("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n")}) {
    RawClient client(server->address());
    client.send(bytes);
    const auto answer = client.read();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST_F(ServerTest, ConflictingLengthsAreRefused) {
  start();
  RawClient client(server->address());
  client.send("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read().status, 400);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, ABodyTooLargeGets413EvenWhenTheClientGoesOnSending) {
  HttpOptions options;
  options.max_body = 1000;
  start(options);
  RawClient client(server->address());
  client.send("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n");
  client.try_send(std::string(200'000, 'x'));
  const auto answer = client.read();
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("1000"));
}

TEST_F(ServerTest, ABodyManyTimesTooLargeIsHeardOutSoThatItsClientSeesThe413) {
  start();
  RawClient client(server->address());
  client.send("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 33554432\r\n\r\n");
  EXPECT_TRUE(client.try_send(std::string(32 << 20, 'x'))) << "as urllib does: all of it, before it looks for an answer";
  EXPECT_EQ(client.read().status, 413);
}

TEST_F(ServerTest, AChunkedBodyTooLargeGets413) {
  HttpOptions options;
  options.max_body = 1000;
  start(options);
  RawClient client(server->address());
  client.send("POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.try_send("800\r\n" + std::string(0x800, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.read().status, 413);
}

TEST_F(ServerTest, HeadersTooLargeGet431) {
  start();
  RawClient client(server->address());
  client.try_send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + std::string(200'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.read().status, 431);
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBodyComes) {
  start();
  RawClient client(server->address());
  client.send("POST /api/v1/nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read(true).status, 100);
  client.send("{}");
  EXPECT_EQ(client.read().status, 404);
}

TEST_F(ServerTest, ASlowClientIsToldAndLetGo) {
  HttpOptions options;
  options.timeouts.header = std::chrono::milliseconds(50);
  start(options);
  RawClient client(server->address());
  client.send("GET /healthz HTTP/1.1\r\nHo");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, AnIdleConnectionIsClosedWithoutAWord) {
  HttpOptions options;
  options.timeouts.idle = std::chrono::milliseconds(50);
  start(options);
  RawClient client(server->address());
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, OneConnectionTooManyIsTurnedAwayPolitely) {
  HttpOptions options;
  options.max_connections = 1;
  start(options);
  RawClient first(server->address());
  first.send(request_line("/healthz"));
  ASSERT_EQ(first.read().status, 200);
  RawClient second(server->address());
  const auto answer = second.read();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(ServerTest, WrongMethodNamesTheRightOnes) {
  start();
  const auto answer = fetch(server->address(), "DELETE", "/healthz");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD, OPTIONS");
  const auto options = fetch(server->address(), "OPTIONS", "/healthz");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.headers.at("allow"), "GET, HEAD, OPTIONS");
}

TEST_F(ServerTest, AnUnknownPathNamesTheNearest) {
  start();
  const auto answer = fetch(server->address(), "GET", "/api/v1/openapi.jsn");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("/api/v1/openapi.json"));
}

TEST_F(ServerTest, PathTricksReachNothing) {
  start();
  for (const char* target : {"/../../etc/passwd.txt", "/%2e%2e/%2e%2e/etc/passwd.txt", "/assets/../../x.js", "//etc/passwd.txt"})
    EXPECT_EQ(fetch(server->address(), "GET", target).status, 404) << target;
  for (const char* target : {"/%00", "/%zz", "/%ff%fe", "http://localhost/healthz"})
    EXPECT_EQ(fetch(server->address(), "GET", target).status, 400) << target;
}

TEST_F(ServerTest, EveryAnswerForbidsFramingAndGuessingOfTypes) {
  start();
  for (const char* target : {"/healthz", "/api/v1/nowhere", "/"}) {
    const auto answer = fetch(server->address(), "GET", target);
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff") << target;
    EXPECT_THAT(answer.headers.at("content-security-policy"), HasSubstr("frame-ancestors 'none'")) << target;
  }
}

TEST_F(ServerTest, ListensOnAUnixSocketAndReplacesADeadOne) {
  const std::string path = std::filesystem::temp_directory_path() / ("assetd-http-" + std::to_string(getpid()) + ".sock");
  HttpOptions options;
  options.listen = "unix:" + path;
  start(options);
  EXPECT_EQ(fetch(server->address(), "GET", "/healthz", "", {"Host: anything"}).status, 200);
  const auto second = HttpServer::start(options, service);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("in use"));
  server->stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(ServerTest, ATakenPortIsAnErrorThatSaysWhatToDo) {
  start();
  HttpOptions options;
  options.listen = server->address().substr(7);
  const auto second = HttpServer::start(options, service);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error(), HasSubstr("--listen"));
}

TEST_F(ServerTest, AnAddressThatOthersReachNeedsAToken) {
  HttpOptions options;
  options.listen = "0.0.0.0:0";
  const auto open = HttpServer::start(options, service);
  ASSERT_FALSE(open);
  EXPECT_THAT(open.error(), HasSubstr("--token-file"));
  options.token = "secret";
  EXPECT_TRUE(HttpServer::start(options, service));
}

TEST_F(ServerTest, BadListenAddressesSayWhatIsExpected) {
  for (const char* listen : {"8080", "127.0.0.1:99999", "127.0.0.1:x", "::1:8080", "unix:relative"}) {
    HttpOptions options;
    options.listen = listen;
    EXPECT_FALSE(HttpServer::start(options, service)) << listen;
  }
}

TEST_F(ServerTest, StopEndsIdleConnectionsAtOnce) {
  start();
  RawClient client(server->address());
  client.send(request_line("/healthz"));
  ASSERT_EQ(client.read().status, 200);
  server->stop();
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(ServerTest, LargeAnswersAreCompressedWhenTheClientTakesGzip) {
  start();
  const auto plain = fetch(server->address(), "GET", "/api/v1/openapi.json");
  const auto packed = fetch(server->address(), "GET", "/api/v1/openapi.json", "", {"Accept-Encoding: gzip, br"});
  EXPECT_EQ(plain.headers.count("content-encoding"), 0u);
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size() / 2);
}

}  // namespace
}  // namespace assetd::test
