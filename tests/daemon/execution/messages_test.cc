#include "daemon/execution/messages.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <zlib.h>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using nlohmann::json;
using MessageKind = AttemptMessage::Kind;

AttemptMessage message(const std::string& method, json params) {
  const json line = {{"__dagster_pipes_version", "0.1"}, {"method", method}, {"params", std::move(params)}};
  return parse_message(line.dump()).value();
}

TEST(Messages, AMaterializationAsPipesWritesIt) {
  const auto got = message("report_asset_materialization",
                           {{"asset_key", "gold/customers"}, {"metadata", {{"rows", {{"raw_value", 3}, {"type", "__infer__"}}}, {"plain", "x"}}}, {"data_version", "v1"}});
  EXPECT_EQ(got.kind, MessageKind::materialization);
  EXPECT_EQ(got.key, "gold/customers");
  EXPECT_EQ(got.data, (json{{"rows", 3}, {"plain", "x"}}));
  EXPECT_EQ(got.data_version, "v1");
}

TEST(Messages, ATypeThatSaysMoreThanJsonIsKept) {
  const json url = {{"raw_value", "https://x"}, {"type", "url"}};
  EXPECT_EQ(message("report_asset_materialization", {{"metadata", {{"link", url}}}}).data["link"], url);
}

TEST(Messages, NumbersThatJsonDoesNotHaveAreTakenAsTexts) {
  const auto got = parse_message(R"({"method":"report_asset_check","params":{"check_name":"loss_ok","passed":false,"metadata":{"loss":NaN,"best":-Infinity,"NaN":"NaN, Infinity"}}})");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->check_status, CheckStatus::failed);
  EXPECT_EQ(got->data, (json{{"loss", "NaN"}, {"best", "-Infinity"}, {"NaN", "NaN, Infinity"}}));
}

TEST(Messages, HalvesOfCharactersAreReplaced) {
  const auto got = parse_message("{\"method\":\"closed\",\"params\":{\"exception\":{\"name\":\"E\",\"message\":\"a \\ud800 b \\\\ud800 \\ud83d\\ude00 \xff é\"}}}");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->reason, "exception");
  EXPECT_EQ(got->detail, "E: a \uFFFD b \\ud800 \U0001F600 \uFFFD é");
}

TEST(Messages, OneThatCannotBeReadLeavesAWarning) {
  const auto got = parse_message(R"({"method":"report_asset_check","params":{"passed":fals)");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->kind, MessageKind::log);
  EXPECT_EQ(got->data["level"], "WARNING");
  EXPECT_FALSE(parse_message("{not a message}"));
}

TEST(Messages, WhatPipesLeavesNullIsEmpty) {
  const auto got = message("report_asset_materialization", {{"asset_key", nullptr}, {"metadata", nullptr}, {"data_version", nullptr}});
  EXPECT_EQ(got.key, "");
  EXPECT_EQ(got.data, json::object());
  EXPECT_EQ(got.data_version, "");
}

TEST(Messages, AChecksStatusIsItsOwnOrFollowsFromPassed) {
  const auto status = [](json params) { return message("report_asset_check", std::move(params)).check_status; };
  EXPECT_EQ(status({{"check_name", "c"}, {"passed", true}}), CheckStatus::passed);
  EXPECT_EQ(status({{"check_name", "c"}, {"passed", false}}), CheckStatus::failed);
  EXPECT_EQ(status({{"check_name", "c"}}), CheckStatus::failed) << "what does not say that it passed did not";
  EXPECT_EQ(status({{"check_name", "c"}, {"passed", false}, {"status", "skipped"}}), CheckStatus::skipped);
  const auto got = message("report_asset_check", {{"check_name", "unique"}, {"asset_key", "a"}, {"passed", false}, {"severity", "WARN"}, {"detail", "2 rows"}});
  EXPECT_EQ(got.check, "unique");
  EXPECT_EQ(got.severity, Severity::warn);
  EXPECT_EQ(got.detail, "2 rows");
  EXPECT_EQ(message("report_asset_check", {{"check_name", "c"}, {"passed", true}}).severity, std::nullopt) << "as declared";
}

TEST(Messages, StepsBeginAndEnd) {
  EXPECT_EQ(message("assetd.step_started", {{"asset_key", "a"}}).kind, MessageKind::step_started);
  const auto got = message("assetd.step_ended", {{"asset_key", "a"}, {"status", "failed"}, {"reason", "sql_error"}, {"detail", "no such column"}, {"at", "2026-11-22T02:00:00.500Z"}});
  EXPECT_EQ(got.kind, MessageKind::step_ended);
  EXPECT_EQ(got.status, "failed");
  EXPECT_EQ(got.reason, "sql_error");
  EXPECT_EQ(got.detail, "no such column");
  EXPECT_EQ(got.at, parse_time("2026-11-22T02:00:00.500Z"));
}

TEST(Messages, ProgressArtifactsCustomMessagesAndLogs) {
  EXPECT_EQ(message("assetd.progress", {{"fraction", 0.25}}).fraction, 0.25);
  EXPECT_EQ(message("assetd.progress", {{"fraction", "odd"}}).fraction, 0);
  EXPECT_EQ(message("assetd.artifact", {{"path", "m.pkl"}}).data["path"], "m.pkl");
  EXPECT_EQ(message("report_custom_message", {{"payload", {1, 2}}}).data, (json{1, 2}));
  EXPECT_EQ(message("assetd.add_partitions", {{"set", "s"}, {"keys", {"a"}}}).kind, MessageKind::partitions);
  EXPECT_EQ(message("assetd.remove_partitions", {{"set", "s"}, {"keys", {"a"}}}).kind, MessageKind::partitions_gone);
  EXPECT_EQ(message("assetd.remove_partitions", {{"set", "s"}, {"keys", {"a"}}}).data, (json{{"set", "s"}, {"keys", {"a"}}}));
  EXPECT_EQ(message("log", {{"message", "hello"}, {"level", "INFO"}}).data["message"], "hello");
}

TEST(Messages, AnObservationIsOfTheAssetThatItNames) {
  const auto got = message("assetd.observe", {{"asset", "lake/orders"}, {"data_version", "v7"}, {"metadata", {{"rows", {{"raw_value", 3}, {"type", "int"}}}}}});
  EXPECT_EQ(got.kind, MessageKind::observation);
  EXPECT_EQ(got.key, "lake/orders");
  EXPECT_EQ(got.data, (json{{"data_version", "v7"}, {"metadata", {{"rows", 3}}}}));
  const auto odd = message("assetd.observe", {{"asset", 3}, {"data_version", 7}, {"metadata", "x"}});
  EXPECT_EQ(odd.key, "");
  EXPECT_EQ(odd.data, (json{{"data_version", ""}, {"metadata", json::object()}}));
}

TEST(Messages, TheAttemptSaysWhyItFails) {
  const auto ours = message("assetd.attempt_failed", {{"reason", "resource_locked"}, {"detail", "by pid 7"}});
  EXPECT_EQ(ours.kind, MessageKind::attempt_failed);
  EXPECT_EQ(ours.reason, "resource_locked");
  const auto theirs = message("closed", {{"exception", {{"name", "ValueError"}, {"message", "ValueError: bad\n"}, {"stack", json::array()}}}});
  EXPECT_EQ(theirs.kind, MessageKind::attempt_failed);
  EXPECT_EQ(theirs.reason, "exception");
  EXPECT_EQ(theirs.detail, "ValueError: bad");
  EXPECT_EQ(message("closed", {{"exception", {{"name", "KeyError"}, {"message", "'x'"}}}}).detail, "KeyError: 'x'");
}

TEST(Messages, WhatIsNoMessageOrOfAnUnknownMethodIsNothing) {
  for (const auto* line : {"", "hello", "{", "[]", "3", "{}", R"({"method":3})", R"({"method":"opened","params":{}})", R"({"method":"closed","params":{}})",
                           R"({"method":"new.in.2030","params":{}})", "{\"method\":\"log\xff\"}"})
    EXPECT_FALSE(parse_message(line)) << line;
}

TEST(Messages, ParametersOfTheWrongKindAreNoCrash) {
  for (const auto* method : {"report_asset_materialization", "report_asset_check", "assetd.step_started", "assetd.step_ended", "assetd.progress", "assetd.artifact",
                             "assetd.attempt_failed", "assetd.add_partitions", "assetd.remove_partitions", "assetd.observe", "report_custom_message", "log"})
    for (const json& params : {json(3), json::array(), json(nullptr), json{{"asset_key", 3}, {"metadata", "x"}, {"check_name", {}}, {"passed", "yes"}, {"at", 5}, {"status", {}}}})
      EXPECT_TRUE(parse_message(json{{"method", method}, {"params", params}}.dump())) << method << " " << params;
}

TEST(Messages, AValueTooLargeToKeepSaysSoAndTheOthersStay) {
  const nlohmann::json line = {{"method", "report_asset_materialization"},
                               {"params", {{"asset_key", "a"}, {"metadata", {{"rows", 3}, {"dump", std::string(300'000, 'y')}}}}}};
  const auto message = parse_message(line.dump());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->data["rows"], 3);
  EXPECT_EQ(message->data["dump"], "(left out: 300000 bytes, of at most 262144)");
}

TEST(Messages, AllValuesTogetherAreBounded) {
  nlohmann::json metadata;
  for (int i = 0; i < 40; ++i) metadata["value_" + std::to_string(i)] = std::string(100'000, 'y');
  const auto message = parse_message(nlohmann::json{{"method", "report_asset_materialization"}, {"params", {{"metadata", metadata}}}}.dump());
  ASSERT_TRUE(message);
  EXPECT_EQ(message->data.size(), 40u);
  EXPECT_LT(message->data.dump().size(), 1u << 20);
}

TEST(Messages, ALongExplanationIsCutAtACharacter) {
  std::string words;
  for (int i = 0; i < 50'000; ++i) words += "é";
  const auto message = parse_message(nlohmann::json{{"method", "assetd.attempt_failed"}, {"params", {{"detail", "x" + words}}}}.dump());
  ASSERT_TRUE(message);
  EXPECT_LT(message->detail.size(), 66'000u);
  EXPECT_NO_THROW(static_cast<void>(nlohmann::json(message->detail).dump()));
}

class EncodedMessages : public ::testing::TestWithParam<std::size_t> {};

// Small ones are stored as they are, larger ones compressed: for a reader both are zlib's.
TEST_P(EncodedMessages, AreAsPipesReadsThem) {
  const json params = {{"path", "/tmp/x"}, {"long", std::string(GetParam(), 'x')}};
  const auto encoded = encode_pipes(params);
  std::string packed(encoded.size(), '\0');
  const auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(packed.data()), reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size()));
  ASSERT_GT(length, 0);
  std::string plain(20'000, '\0');
  auto size = static_cast<uLongf>(plain.size());
  ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(plain.data()), &size, reinterpret_cast<const Bytef*>(packed.data()), static_cast<uLong>(length)), Z_OK);
  EXPECT_EQ(json::parse(plain.substr(0, size)), params);
}

INSTANTIATE_TEST_SUITE_P(Sizes, EncodedMessages, ::testing::Values(0, 300, 2'000, 2'100, 10'000));

}  // namespace
}  // namespace assetd
