// The small parts that need no server.

#include <gtest/gtest.h>

#include "daemon/http/compression.h"
#include "daemon/http/event_hub.h"
#include "daemon/http/openapi.h"
#include "daemon/http/router.h"
#include "daemon/http/schemas.h"
#include "daemon/http/static_files.h"
#include "daemon/http/url.h"

namespace assetd::http {
namespace {

TEST(Url, DecodesStrictly) {
  EXPECT_EQ(percent_decode("a%2Fb%C3%A9"), "a/b\xc3\xa9");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  for (const char* bad : {"%", "%2", "%zz", "%00", "%ff", "%c0%af", "%ed%a0%80"}) EXPECT_FALSE(percent_decode(bad)) << bad;
}

TEST(Url, SplitsPathsBeforeDecoding) {
  EXPECT_EQ(path_parts("/a/b%2Fc/"), (std::vector<std::string>{"a", "b/c", ""}));
  EXPECT_FALSE(path_parts("a/b"));
}

TEST(Compression, ReadsAcceptEncoding) {
  for (const char* yes : {"gzip", "br, gzip", "gzip;q=0.5", "*", "deflate, gzip;q=1.0"}) EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "identity", "gzip;q=0", "gzip; q=0.0", "br"}) EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(Compression, GivesBackWhatItTook) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i);
  EXPECT_EQ(gunzip(gzip(text)), text);
  EXPECT_EQ(gunzip(gzip("")), "");
}

TEST(StaticFiles, ServesFilesPagesAndTheirTypes) {
  const std::string index = gzip("<html>"), script = gzip("let a"), icon = gzip("<svg>");
  const EmbeddedFile files[] = {{"/assets/index-1.js", script, "\"1\""}, {"/icon.svg", icon, "\"2\""}, {"/index.html", index, "\"3\""}};
  const auto get = [&](const std::string& target, Fields headers = {}) {
    Request request;
    request.method = "GET";
    request.target = target;
    request.headers = std::move(headers);
    return static_file(request, files);
  };
  EXPECT_EQ(get("/").body, "<html>");
  EXPECT_EQ(get("/runs/41").body, "<html>");
  EXPECT_EQ(get("/assets/gold:customers").body, "<html>") << "a page of the dashboard, not a file";
  EXPECT_EQ(get("/assets/schema.orders_v1.2").body, "<html>") << "keys have dots";
  EXPECT_EQ(get("/assets/index-1.js").body, "let a");
  EXPECT_EQ(get("/assets/index-1.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/assets/orders.csv.json", {{"accept", "text/html,*/*"}}).body, "<html>");
  EXPECT_EQ(get("/assets/index-2.js").status, 404) << "an old page's script must not become HTML";
  EXPECT_EQ(get("/icon.svg", {{"if-none-match", "\"2\""}}).status, 304);
  EXPECT_EQ(get("/icon.svg", {{"accept-encoding", "gzip"}}).body, icon);
}

TEST(StaticFiles, WithoutADashboardSaysHowToGetIt) {
  Request request;
  request.method = "GET";
  request.target = "/";
  EXPECT_NE(static_file(request, {}).body.find("npm"), std::string::npos);
}

TEST(OpenApi, EveryRouteIsDescribedAndEverySchemaExists) {
  const auto document = openapi_document(api_routes());
  const auto& schemas = response_schemas();
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items()) operations += methods.size();
  EXPECT_EQ(operations, api_routes().size());
  for (const auto& route : api_routes()) {
    EXPECT_NO_THROW(body_schema(route.body_schema)) << route.name;
    EXPECT_FALSE(route.answers.empty()) << route.name;
    for (const auto& answer : route.answers) EXPECT_TRUE(answer.schema.empty() || schemas.contains(answer.schema)) << answer.schema;
    for (std::size_t at = 0; (at = route.pattern.find('{', at)) != std::string::npos; ++at) {
      const std::string name = route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1);
      EXPECT_EQ(std::ranges::count(route.path, name, &PathParam::name), 1) << route.pattern;
    }
  }
}

TEST(OpenApi, OperationIdsAreUnique) {
  std::set<std::string> names;
  for (const auto& route : api_routes()) EXPECT_TRUE(names.insert(route.name).second) << route.name;
}

TEST(OpenApi, ReferencesLeadSomewhere) {
  const auto document = openapi_document(api_routes());
  const std::string text = document.dump(), mark = "\"$ref\":\"#";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const std::string pointer = text.substr(at + mark.size(), text.find('"', at + mark.size()) - at - mark.size());
    EXPECT_TRUE(document.contains(nlohmann::json::json_pointer(pointer))) << pointer;
  }
}

Event numbered(std::int64_t id) {
  Event event;
  event.id = id;
  event.type = "tick";
  event.subject = event.changes = nlohmann::json::object();
  return event;
}

TEST(EventHub, AClientThatFellBehindTheRingIsSentToTheStore) {
  EventHub hub;
  hub.listen([] {});
  StreamPosition position{0, std::nullopt};
  ASSERT_TRUE(hub.follow(position));
  for (std::size_t i = 1; i <= EventHub::kKept + 10; ++i) hub.publish({numbered(static_cast<std::int64_t>(i))});
  EXPECT_FALSE(hub.take(position, 10));
  EXPECT_FALSE(hub.follow(position));
  position.id = 11;
  ASSERT_TRUE(hub.follow(position));
  const auto events = hub.take(position, 2);
  ASSERT_TRUE(events);
  EXPECT_EQ((*events)[0]->event.id, 12);
}

TEST(EventHub, WhatTheStoreGaveAlreadyIsNotGivenAgain) {
  EventHub hub;
  hub.listen([] {});
  StreamPosition position{5, std::nullopt};  // the store was ahead of the announcement
  ASSERT_TRUE(hub.follow(position));
  hub.publish({numbered(4), numbered(5), numbered(6)});
  const auto events = hub.take(position, 10);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->front()->event.id, 6);
}

}  // namespace
}  // namespace assetd::http
