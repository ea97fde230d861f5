// What goes over the wire: the signature and the mail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "daemon/alerts/mail.h"
#include "daemon/alerts/sender.h"
#include "daemon/alerts/signature.h"

namespace assetd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kAt{Millis(1'790'000'000'250)};

TEST(AlertSignature, IsTheHmacOfTimeAndBody) {
  // printf '1790000000.{}' | openssl dgst -sha256 -hmac key
  EXPECT_EQ(alert_signature("key", "{}", kAt), "t=1790000000,v1=099d33989336226b12c85da813adf6100e1bbab1e91bede9a41ddeb7882d66b8");
  EXPECT_NE(alert_signature("key", "{}", kAt + std::chrono::seconds(1)), alert_signature("key", "{}", kAt));
  EXPECT_NE(alert_signature("other", "{}", kAt), alert_signature("key", "{}", kAt));
}

TEST(AlertMail, WhatOthersWroteAddsNoHeader) {
  AlertRecord alert;
  alert.id = "abc";
  alert.at = kAt;
  alert.body = {{"event", "run_failed"}, {"asset", "a\r\nBcc: x@example.com"}, {"reason", "exit_code"}, {"rule", "ops"}, {"id", "abc"}, {"detail", "é" + std::string(300, 'x')}};
  EmailSpec email;
  email.from = "assetd@example.com";
  email.to = {"ops@example.com", "b@example.com"};
  const auto text = mail_text(alert, email);
  EXPECT_THAT(text, HasSubstr("Date: Mon, 21 Sep 2026 14:13:20 +0000\r\nFrom: assetd@example.com\r\nTo: ops@example.com, b@example.com\r\nMessage-ID: <abc@assetd>\r\nSubject: =?UTF-8?B?"));
  EXPECT_THAT(text, Not(HasSubstr("Bcc")));
  std::size_t longest = 0;
  for (std::size_t from = 0, end = 0; (end = text.find("\r\n", from)) != std::string::npos; from = end + 2) longest = std::max(longest, end - from);
  EXPECT_LE(longest, 200U);
  EXPECT_EQ(text.find("\r\n\r\n") != std::string::npos, true);
}

TEST(AlertSender, NamesASecretThatIsMissing) {
  const auto lookup = [](const std::string& name) -> std::expected<std::string, std::string> { return std::unexpected("there is no secret \"" + name + "\""); };
  const auto sender = make_alert_sender({"/", {}, lookup});
  Delivery delivery;
  delivery.rule.webhook = WebhookSpec{"${secret:OPS}", WebhookForm::json, ""};
  const std::atomic<bool> stop{false};
  EXPECT_EQ(sender->send(delivery, stop).error(), "webhook: there is no secret \"OPS\"");
  delivery.rule.webhook = WebhookSpec{"http://127.0.0.1:1/", WebhookForm::json, "${secret:KEY}"};
  EXPECT_EQ(sender->send(delivery, stop).error(), "secret: there is no secret \"KEY\"");
}

TEST(AlertSender, ErrorsDoNotNameTheAddress) {
  const auto lookup = [](const std::string&) -> std::expected<std::string, std::string> { return "gopher://secret.example/x"; };
  const auto sender = make_alert_sender({"/", {}, lookup});
  Delivery delivery;
  delivery.rule.timeout = std::chrono::seconds(5);
  const std::atomic<bool> stop{false};
  for (const auto* url : {"${secret:OPS}", "http://127.0.0.1:1/secret", "http://secret.invalid/x"}) {
    delivery.rule.webhook = WebhookSpec{url, WebhookForm::json, ""};
    const auto sent = sender->send(delivery, stop);
    ASSERT_FALSE(sent);
    EXPECT_THAT(sent.error(), Not(HasSubstr("secret."))) << url;
    EXPECT_THAT(sent.error(), HasSubstr("the webhook: "));
  }
}

TEST(AlertSender, AProgramGetsTheBodyAndItsEndIsTold) {
  const auto sender = make_alert_sender({"/", {{"PATH", "/usr/bin:/bin"}}, {}});
  Delivery delivery;
  delivery.alert.id = "abc";
  delivery.alert.body = {{"id", "abc"}};
  delivery.rule.timeout = std::chrono::seconds(20);
  delivery.rule.program = {"/bin/sh", "-c", "read line; [ \"$line\" = '{\"id\":\"abc\"}' ] && [ $ASSETD_ALERT_ID = abc ]"};
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(sender->send(delivery, stop)) << sender->send(delivery, stop).error();
  delivery.rule.program = {"/bin/sh", "-c", "exit 3"};
  EXPECT_EQ(sender->send(delivery, stop).error(), "the program ended with exit code 3");
  delivery.rule.program = {"/nowhere/program"};
  EXPECT_THAT(sender->send(delivery, stop).error(), HasSubstr("the program"));
}

TEST(AlertSender, AProgramGetsTheProjectsEnvironment) {
  const auto lookup = [](const std::string& name) -> std::expected<std::string, std::string> { return "value of " + name; };
  const auto sender = make_alert_sender({"/", {{"PATH", "/usr/bin:/bin"}, {"NAMED", "1"}, {"OTHER", "1"}}, lookup});
  Delivery delivery;
  delivery.alert.id = "abc";
  delivery.rule.timeout = std::chrono::seconds(20);
  delivery.rule.run.env = {{"REGION", "eu"}, {"TOKEN", "${secret:T}"}, {"ASSETD_ALERT_ID", "not this"}};
  delivery.rule.run.inherit_env = {"NAMED"};
  delivery.rule.program = {"/bin/sh", "-c", "[ \"$REGION,$TOKEN,$NAMED,$OTHER,$ASSETD_ALERT_ID\" = 'eu,value of T,1,,abc' ]"};
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(sender->send(delivery, stop)) << sender->send(delivery, stop).error();
  delivery.rule.run.env_file = "nowhere/.env";
  EXPECT_THAT(sender->send(delivery, stop).error(), HasSubstr("env_file: can't read /nowhere/.env"));
}

/// What nobody has waited for yet is dead too.
bool is_dead(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(stat), {});
  const auto name_end = text.rfind(')');
  return name_end == std::string::npos || text.compare(name_end, 3, ") Z") == 0;
}

template <typename Condition>
bool comes_true(const Condition& condition) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60); std::chrono::steady_clock::now() < end; std::this_thread::yield())
    if (condition()) return true;
  return false;
}

TEST(AlertSender, AStopKillsAProgramThatHangsWithAllThatDescendsFromIt) {
  const auto file = ::testing::TempDir() + "hanging_alert." + std::to_string(::getpid());
  const auto sender = make_alert_sender({"/", {{"PATH", "/usr/bin:/bin"}}, {}});
  Delivery delivery;
  delivery.rule.timeout = std::chrono::minutes(10);
  delivery.rule.program = {"/bin/sh", "-c", "trap '' TERM; setsid sleep 600 & echo $! > " + file + ".new; mv " + file + ".new " + file + "; wait; sleep 600"};
  std::atomic<bool> stop{false};
  auto sent = std::async(std::launch::async, [&] { return sender->send(delivery, stop); });
  const bool started = comes_true([&] { return std::ifstream(file).good(); });
  stop = true;
  ASSERT_EQ(sent.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  ASSERT_TRUE(started);
  EXPECT_EQ(sent.get().error(), "the program ended with a stop before its end");
  int pid = 0;
  std::ifstream(file) >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(comes_true([&] { return is_dead(pid); })) << "it left the group of the program, and is of its tree";
  std::remove(file.c_str());
}

}  // namespace
}  // namespace assetd
