#include "daemon/execution/message_tail.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>

namespace assetd {
namespace {

using namespace std::chrono_literals;

class MessageTailTest : public ::testing::Test {
 protected:
  MessageTailTest() {
    std::string name = std::filesystem::temp_directory_path() / "assetd-tail-XXXXXX";
    paths_.data_dir = mkdtemp(name.data());
    std::filesystem::create_directory(paths_.messages_dir());
  }
  ~MessageTailTest() override {
    tail_.reset();
    std::filesystem::remove_all(paths_.data_dir);
  }

  void begin() {
    tail_ = std::make_unique<MessageTail>(paths_, [this](MessagesArrived arrived) {
      const std::lock_guard lock(mutex_);
      for (const auto& message : arrived.messages) seen_ += message.key;
      offset_ = arrived.offset;
      arrived_.notify_all();
    });
  }
  static std::string line(const std::string& key) { return R"({"method":"assetd.step_started","params":{"asset_key":")" + key + "\"}}\n"; }
  void write(const std::string& text) { std::ofstream(paths_.messages(kAttempt), std::ios::app) << text; }
  /// Waits until the keys of all messages so far are these.
  bool saw(const std::string& keys) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, 30s, [&] { return seen_ == keys; });
  }
  static std::string keys(const MessagesArrived& arrived) {
    std::string all;
    for (const auto& message : arrived.messages) all += message.key;
    return all;
  }

  static constexpr char kAttempt[] = "0123456789abcdef0123456789abcdef";
  DataPaths paths_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::string seen_;
  std::int64_t offset_ = 0;
  std::unique_ptr<MessageTail> tail_;
};

TEST_F(MessageTailTest, LinesArriveAsTheyAreWritten) {
  begin();
  tail_->follow(kAttempt, 0);
  write(line("a"));
  ASSERT_TRUE(saw("a"));
  write(line("b") + line("c"));
  ASSERT_TRUE(saw("abc"));
  EXPECT_EQ(offset_, static_cast<std::int64_t>((line("a") + line("b") + line("c")).size()));
}

TEST_F(MessageTailTest, AnUnterminatedLineWaitsForItsEnd) {
  begin();
  tail_->follow(kAttempt, 0);
  const auto text = line("b");
  write(line("a") + text.substr(0, 20));
  ASSERT_TRUE(saw("a"));
  EXPECT_EQ(offset_, static_cast<std::int64_t>(line("a").size()));
  write(text.substr(20));
  EXPECT_TRUE(saw("ab"));
}

TEST_F(MessageTailTest, WhatIsCommittedIsNotReadAgainAfterARestart) {
  write(line("a") + line("b"));
  begin();
  tail_->follow(kAttempt, static_cast<std::int64_t>(line("a").size()));
  EXPECT_TRUE(saw("b"));
}

TEST_F(MessageTailTest, WhatWasNotCommittedIsReadAgain) {
  begin();
  tail_->follow(kAttempt, 0);
  write(line("a"));
  ASSERT_TRUE(saw("a"));
  tail_->rewind(kAttempt, 0);
  EXPECT_TRUE(saw("aa"));
}

TEST_F(MessageTailTest, TheEndTakesAllThatIsLeftAlsoAnUnterminatedLine) {
  begin();
  tail_->follow(kAttempt, 0);
  write(line("a"));
  ASSERT_TRUE(saw("a"));
  auto last = line("c");
  last.pop_back();
  write(last);
  const auto rest = tail_->finish(kAttempt, 0);
  EXPECT_EQ(keys(rest), "c");
  EXPECT_EQ(rest.offset, static_cast<std::int64_t>((line("a") + last).size()));
  EXPECT_EQ(seen_, "a") << "each once";
}

TEST_F(MessageTailTest, EachMessageSaysWhereItEndsAndAllWhereTheyBegin) {
  const auto a = line("a"), b = line("b");
  auto last = line("c");
  last.pop_back();
  write("no message\n" + a + b + last);
  begin();
  const auto from = static_cast<std::int64_t>(std::string("no message\n").size());
  const auto rest = tail_->finish(kAttempt, from);
  ASSERT_EQ(keys(rest), "abc");
  EXPECT_EQ(rest.from, from);
  EXPECT_EQ(rest.messages[0].end, from + static_cast<std::int64_t>(a.size()));
  EXPECT_EQ(rest.messages[1].end, from + static_cast<std::int64_t>((a + b).size()));
  EXPECT_EQ(rest.messages[2].end, rest.offset);
}

TEST_F(MessageTailTest, TheEndOfOneThatWasNotFollowedBeginsWhereItIsTold) {
  write(line("a") + line("b"));
  begin();
  EXPECT_EQ(keys(tail_->finish(kAttempt, static_cast<std::int64_t>(line("a").size()))), "b");
}

TEST_F(MessageTailTest, WithoutAFileThereIsNothing) {
  begin();
  tail_->follow(kAttempt, 0);
  const auto rest = tail_->finish(kAttempt, 0);
  EXPECT_TRUE(rest.messages.empty());
  EXPECT_EQ(rest.offset, 0);
}

TEST_F(MessageTailTest, LinesThatAreNoMessagesAreReadOver) {
  begin();
  tail_->follow(kAttempt, 0);
  write("warning: something\n" + line("a"));
  EXPECT_TRUE(saw("a"));
}

TEST_F(MessageTailTest, ALineLargerThanOneReadHoldsNothingUp) {
  begin();
  tail_->follow(kAttempt, 0);
  write(std::string(5 << 20, 'x') + "\n" + line("a"));
  EXPECT_TRUE(saw("a"));
}

TEST_F(MessageTailTest, ALineWrittenInPiecesArrivesOnce) {
  begin();
  tail_->follow(kAttempt, 0);
  const auto whole = line("a");
  write(line("z"));
  ASSERT_TRUE(saw("z"));
  for (const char c : whole) write(std::string(1, c));
  write(line("b"));
  EXPECT_TRUE(saw("zab"));
}

TEST_F(MessageTailTest, ALineBeyondTheBoundIsLeftOutAndWhatFollowsIsRead) {
  begin();
  tail_->follow(kAttempt, 0);
  write(std::string(65 << 20, 'x'));
  write("\n" + line("a"));
  EXPECT_TRUE(saw("a"));
}

TEST_F(MessageTailTest, AnUnterminatedLineBeyondTheBoundIsSaidToBeLeftOut) {
  begin();
  tail_->follow(kAttempt, 0);
  write(line("a") + std::string(65 << 20, 'x'));
  ASSERT_TRUE(saw("a"));
  const auto rest = tail_->finish(kAttempt, 0);
  ASSERT_EQ(rest.messages.size(), 1u);
  EXPECT_NE(rest.messages[0].data["message"].get<std::string>().find("was left out"), std::string::npos);
  EXPECT_EQ(rest.offset, static_cast<std::int64_t>(line("a").size() + (65 << 20)));
}

}  // namespace
}  // namespace assetd
