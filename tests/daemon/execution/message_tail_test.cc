#include "daemon/execution/message_tail.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/execution/message_file.h"

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
  MessagesArrived finish(std::int64_t offset_if_unknown = 0) {
    auto rest = std::make_shared<std::promise<MessagesArrived>>();
    tail_->finish(kAttempt, offset_if_unknown, [rest](MessagesArrived arrived) { rest->set_value(std::move(arrived)); });
    auto future = rest->get_future();
    if (future.wait_for(30s) != std::future_status::ready) throw std::runtime_error("the rest never came");
    return future.get();
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

TEST_F(MessageTailTest, WhereNothingCanBeWatchedItLooks) {
  std::filesystem::remove(paths_.messages_dir());  // as good as no inotify: there is no watch on it
  begin();
  std::filesystem::create_directory(paths_.messages_dir());
  tail_->follow(kAttempt, 0);
  write(line("a"));
  EXPECT_TRUE(saw("a"));
  write(line("b"));
  EXPECT_TRUE(saw("ab"));
  EXPECT_TRUE(finish().messages.empty());
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
  const auto rest = finish();
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
  const auto rest = finish(from);
  ASSERT_EQ(keys(rest), "abc");
  EXPECT_EQ(rest.from, from);
  EXPECT_EQ(rest.messages[0].end, from + static_cast<std::int64_t>(a.size()));
  EXPECT_EQ(rest.messages[1].end, from + static_cast<std::int64_t>((a + b).size()));
  EXPECT_EQ(rest.messages[2].end, rest.offset);
}

TEST_F(MessageTailTest, TheEndOfOneThatWasNotFollowedBeginsWhereItIsTold) {
  write(line("a") + line("b"));
  begin();
  EXPECT_EQ(keys(finish(static_cast<std::int64_t>(line("a").size()))), "b");
}

TEST_F(MessageTailTest, WithoutAFileThereIsNothing) {
  begin();
  tail_->follow(kAttempt, 0);
  const auto rest = finish();
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
  const auto rest = finish();
  ASSERT_EQ(rest.messages.size(), 1u);
  EXPECT_NE(rest.messages[0].data["message"].get<std::string>().find("was left out"), std::string::npos);
  EXPECT_EQ(rest.offset, static_cast<std::int64_t>(line("a").size() + (65 << 20)));
}

TEST_F(MessageTailTest, APipeInItsPlaceIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(paths_.messages(kAttempt).c_str(), 0600), 0);
  begin();
  tail_->follow(kAttempt, 0);
  const auto rest = finish();
  ASSERT_EQ(rest.messages.size(), 1u);
  EXPECT_NE(rest.messages[0].data["message"].get<std::string>().find("something else in the place of its file"), std::string::npos);
}

TEST_F(MessageTailTest, ALinkInItsPlaceIsNotFollowed) {
  std::filesystem::create_symlink("/dev/zero", paths_.messages(kAttempt));
  begin();
  tail_->follow(kAttempt, 0);
  EXPECT_EQ(finish().messages.size(), 1u);
}

TEST_F(MessageTailTest, AFileWithoutAnEndIsReadToTheBoundAndThatIsSaid) {
  write(line("a"));
  ASSERT_EQ(truncate(paths_.messages(kAttempt).c_str(), std::int64_t{200} << 30), 0);
  begin();
  const auto rest = finish();
  EXPECT_EQ(seen_, "a");
  EXPECT_LT(rest.offset, kMostRead + kReadAtOnce + 2);
  ASSERT_EQ(rest.messages.size(), 2u) << "the line that is too long, and the rest";
  EXPECT_NE(rest.messages[1].data["message"].get<std::string>().find("behind the first 256 MiB was left out"), std::string::npos);
}

TEST_F(MessageTailTest, OfMessagesThatAreOnlyShownTheFirstAreKeptAndOthersAll) {
  const std::string log = "{\"method\":\"log\",\"params\":{\"message\":\"x\"}}\n";
  std::string all;
  for (int i = 0; i < kMostShown + 500; ++i) all += log;
  write(all + line("a"));
  int shown = 0;
  tail_ = std::make_unique<MessageTail>(paths_, [&](const MessagesArrived& arrived) { shown += static_cast<int>(arrived.messages.size()); });
  const auto rest = finish();
  ASSERT_FALSE(rest.messages.empty() && shown == 0);
  EXPECT_EQ(shown + static_cast<int>(rest.messages.size()), kMostShown + 1 + 1) << "with what says that some are left out, and the step's start";
}

TEST_F(MessageTailTest, TheNextPieceWaitsUntilTheLastIsDealtWithAndOthersDoNot) {
  std::string all;
  while (static_cast<std::int64_t>(all.size()) < 2 * kReadAtOnce) all += line("a");
  write(all);
  const std::string other = "fedcba9876543210fedcba9876543210";
  std::vector<MessagesArrived> pieces;
  tail_ = std::make_unique<MessageTail>(paths_, [&](MessagesArrived arrived) {
    const std::lock_guard lock(mutex_);
    pieces.push_back(std::move(arrived));
    arrived_.notify_all();
  });
  const auto await_pieces = [&](std::size_t count) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, 30s, [&] { return pieces.size() >= count; });
  };
  tail_->finish(kAttempt, 0, [](const MessagesArrived&) {});
  ASSERT_TRUE(await_pieces(1));
  tail_->follow(other, 0);
  std::ofstream(paths_.messages(other)) << line("b");
  ASSERT_TRUE(await_pieces(2));
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(pieces[1].attempt, other) << "the first attempt's second piece waits for its first";
    pieces[0].hold.reset();
  }
  ASSERT_TRUE(await_pieces(3));
  tail_.reset();
  EXPECT_EQ(pieces[2].attempt, kAttempt);
  EXPECT_EQ(pieces[2].from, pieces[0].offset);
}

}  // namespace
}  // namespace assetd
