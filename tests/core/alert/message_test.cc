// What Slack takes: no text of more than 3,000 characters, or it refuses the message.
#include "core/alert/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd {
namespace {

using nlohmann::json;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::size_t kMost = 3'000;

json body_with(const std::string& detail) {
  return {{"event", "run_failed"}, {"asset", "a"}, {"reason", "exception"}, {"detail", detail}, {"skipped", 5}, {"project", "shop"}, {"rule", "ops"},
          {"run", {{"id", "41"}, {"url", "https://assetd.example/runs/41"}}}, {"runbook", "https://wiki.example/a"}, {"owners", {"team:growth"}}};
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string section_of(const json& message) { return message["blocks"][0]["text"]["text"]; }
std::string context_of(const json& message) { return message["blocks"][1]["elements"][0]["text"]; }

TEST(SlackMessage, ALongDetailIsCutBehindAWholeCharacterAndAllElseStays) {
  // Of each width, so that the cut falls within a character wherever it can.
  for (const auto* unit : {"x", "é", "€", "😀", "&", "<"}) {
    for (int shift = 0; shift < 5; ++shift) {
      const auto message = slack_message(body_with(std::string(static_cast<std::size_t>(shift), '-') + repeated(unit, 5'000)));
      const auto section = section_of(message);
      EXPECT_LE(section.size(), kMost) << unit;
      EXPECT_GT(section.size(), kMost - 10) << unit << ": no more is cut than must be";
      EXPECT_THAT(section, StartsWith("*a failed (exception) in run 41: ")) << unit;
      EXPECT_THAT(section, EndsWith("…; 5 steps were skipped because of it*")) << unit;
      EXPECT_NO_THROW(message.dump()) << unit << " is cut in the middle";  // dump() refuses what is not UTF-8
      const auto mark = section.rfind('&');
      EXPECT_TRUE(mark == std::string::npos || section.find(';', mark) < section.find("…")) << unit;
      EXPECT_EQ("*" + message["text"].get<std::string>() + "*", section);
      EXPECT_EQ(context_of(message), "shop, alert ops, <https://assetd.example/runs/41|run 41>, <https://wiki.example/a|runbook>, team:growth");
    }
  }
}

TEST(SlackMessage, WhatJustFitsIsWhole) {
  const auto around = section_of(slack_message(body_with("x"))).size() - 1;
  EXPECT_EQ(section_of(slack_message(body_with(std::string(kMost - around, 'x')))).size(), kMost);
  EXPECT_THAT(section_of(slack_message(body_with(std::string(kMost - around, 'x')))), HasSubstr("xx; 5 steps"));
  EXPECT_THAT(section_of(slack_message(body_with(std::string(kMost - around + 1, 'x')))), HasSubstr("x…; 5 steps"));
}

TEST(SlackMessage, NamesThatAreTooLongAreCutToo) {
  auto body = body_with("");
  body["partitions"] = std::vector<std::string>(5, std::string(1'000, 'p'));
  body["owners"] = std::vector<std::string>(500, "team:growth");
  const auto message = slack_message(body);
  EXPECT_LE(section_of(message).size(), kMost);
  EXPECT_THAT(section_of(message), EndsWith("…*"));
  EXPECT_LE(context_of(message).size(), kMost);
  EXPECT_THAT(context_of(message), HasSubstr("<https://wiki.example/a|runbook>, team:growth"));
  EXPECT_THAT(context_of(message), EndsWith("team:growth, …"));
}

TEST(SlackMessage, ALinkThatIsTooLongIsLeftOutWhole) {
  auto body = body_with("exit code 3");
  body["runbook"] = "https://wiki.example/" + std::string(kMost, 'x');
  EXPECT_EQ(context_of(slack_message(body)), "shop, alert ops, <https://assetd.example/runs/41|run 41>, team:growth, …");
}

}  // namespace
}  // namespace assetd
