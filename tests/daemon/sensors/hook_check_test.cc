#include "daemon/sensors/hook_check.h"

#include <gmock/gmock.h>

namespace assetd {
namespace {

using ::testing::HasSubstr;

// echo -n '1790000000.{"order": 7}' | openssl dgst -sha256 -hmac secret
constexpr const char* kDigest = "80cfef50c9a2245ba603d47eb61b9d11030f3d6a100740b9247b6d97023b4867";
constexpr const char* kGithubDigest = "978a5724865d52f10880b2c9a80702d9ad9a3df674f2b58408cb504a8d9f0924";
constexpr WallTime kThen{std::chrono::seconds(1'790'000'000)};

HookDelivery delivery(const std::string& signature) { return {.sensor = "pushed", .body = R"({"order": 7})", .signature = signature, .id = "d1", .content_type = "application/json"}; }
std::string timed(const std::string& digest = kDigest, const std::string& at = "1790000000") { return "t=" + at + ",v1=" + digest; }

TEST(HookCheck, TakesWhatIsSignedWithTheKeyAtAboutThisTime) {
  const HookSpec hook;
  EXPECT_EQ(check_hook(hook, "secret", delivery(timed()), kThen), kDigest);
  EXPECT_TRUE(check_hook(hook, "secret", delivery(timed()), kThen + std::chrono::seconds(299)));
  EXPECT_TRUE(check_hook(hook, "secret", delivery("v1=00,v0=x, v1=" + std::string(kDigest) + ",t=1790000000"), kThen)) << "a sender that changes its key gives two";
}

TEST(HookCheck, SaysWhyItTakesNoOther) {
  const HookSpec hook;
  const auto why = [&](const std::string& signature, const std::string& key = "secret", WallTime now = kThen) { return check_hook(hook, key, delivery(signature), now).error(); };
  EXPECT_THAT(why(""), HasSubstr("Assetd-Signature is missing"));
  EXPECT_THAT(why(timed(), "other"), HasSubstr("not that of its time and this body"));
  EXPECT_THAT(why(timed(kDigest, "1790000001")), HasSubstr("not that of its time"));
  EXPECT_THAT(why(timed(), "secret", kThen + std::chrono::minutes(6)), HasSubstr("too long ago"));
  EXPECT_THAT(why(timed(), "secret", kThen - std::chrono::minutes(6)), HasSubstr("too long ago, or a clock is wrong"));
  EXPECT_THAT(why(timed(), ""), HasSubstr("empty"));
  for (const auto* nonsense : {"x", "t=,v1=", "t=1790000000", "v1=00", "t=-1,v1=00", "t=99999999999999999999,v1=00", "t=1e9,v1=00", ",,,=,"}) EXPECT_FALSE(check_hook(hook, "secret", delivery(nonsense), kThen)) << nonsense;
}

TEST(HookCheck, GithubsFormHasNoTime) {
  const HookSpec hook{.form = HookForm::github};
  EXPECT_EQ(check_hook(hook, "secret", delivery("sha256=" + std::string(kGithubDigest)), kThen), kGithubDigest);
  EXPECT_THAT(check_hook(hook, "secret", delivery("sha256=00"), kThen).error(), HasSubstr("X-Hub-Signature-256"));
}

TEST(HookCheck, ADeliveryIsKnownByItsDigestHoweverItIsCalled) {
  EXPECT_EQ(hook_keys(delivery(""), "abc"), (std::vector<std::string>{"signature abc", "delivery d1"}));
}

TEST(HookCheck, TheBodyIsDataAsJsonOrAsText) {
  const auto request = [](const std::string& body, const std::string& type) { return hook_request({.sensor = "s", .body = body, .content_type = type}); };
  EXPECT_EQ(request(R"({"order": 7})", "application/json; charset=utf-8")->data["payload"]["order"], 7);
  EXPECT_EQ(request(R"([1])", "application/cloudevents+json")->data["payload"][0], 1);
  EXPECT_TRUE(request("", "")->data["payload"].is_null());
  EXPECT_EQ(request("a=b", "application/x-www-form-urlencoded")->data["payload"], "a=b");
  EXPECT_THAT(request("{", "application/json").error(), HasSubstr("not valid JSON"));
  EXPECT_THAT(request("\xff", "text/plain").error(), HasSubstr("neither JSON nor text"));
}

}  // namespace
}  // namespace assetd
