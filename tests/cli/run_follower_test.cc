#include "cli/run_follower.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace assetd::cli {
namespace {

StepUpdate told(const std::string& status, int attempt, const std::string& partition = "") { return {"a", partition, status, "", "", {}, attempt}; }

TEST(ListedSteps, WhatTheListSaidIsNoNews) {
  ListedSteps listed;
  listed.note(told("running", 2));
  for (const auto& old : {told("starting", 1), told("running", 1), told("waiting_retry", 1), told("starting", 2), told("running", 2)}) EXPECT_FALSE(listed.is_news(old)) << old.status;
  EXPECT_TRUE(listed.is_news(told("running", 2, "other")));
  EXPECT_TRUE(listed.is_news(told("waiting_retry", 2)));
  EXPECT_TRUE(listed.is_news(told("starting", 2))) << "a step whose batch ended before it came to it begins again";
}

TEST(ListedSteps, NothingFollowsAnEnd) {
  ListedSteps listed;
  listed.note(told("succeeded", 1));
  for (const auto& old : {told("starting", 1), told("running", 1), told("succeeded", 1)}) EXPECT_FALSE(listed.is_news(old)) << old.status;
  listed.note(told("pending", 0, "later"));
  EXPECT_TRUE(listed.is_news(told("skipped", 0, "later")));
}

/// A daemon whose run ended between the answer about the run and that about its steps.
class QuickRun final : public Transport {
 public:
  std::expected<HttpAnswer, std::string> send(const HttpRequest& request) override {
    if (request.target.find("/steps") == std::string::npos) return HttpAnswer{200, R"({"status":"running","as_of":5})", {}};
    return HttpAnswer{200, R"({"items":[{"key":"a","partition":"x","status":"succeeded","attempts":[{"number":1}]},{"key":"a","partition":"y","status":"pending","attempts":[]},
                               {"key":"b","partition":"y","status":"pending","attempts":[]}],"next_cursor":null,"as_of":5})", {}};
  }
  std::expected<HttpAnswer, std::string> stream(const HttpRequest&, const std::function<bool(std::string_view)>& receive) override {
    std::string text;
    const auto event = [&](const std::string& type, const std::string& subject, const std::string& changes) {
      text += "event: " + type + "\ndata: {\"subject\":{\"run_id\":\"7\"" + subject + "},\"changes\":{" + changes + "}}\n\n";
    };
    event("step_changed", R"(,"key":"a","partition":"x")", R"("status":"running","attempt":1)");
    event("step_changed", R"(,"key":"a","partition":"x")", R"("status":"succeeded","attempt":1)");
    event("step_changed", R"(,"key":"a","partition":"y","keys":["a","b"],"partitions":["y","y"])", R"("status":"skipped")");
    event("run_changed", "", R"("status":"failed")");
    receive(text);
    return HttpAnswer{200, "", {}};
  }
  void stop() override {}
};

TEST(RunFollower, TellsEachStateOfAQuickRunOnce) {
  const int wake = eventfd(0, EFD_CLOEXEC);
  std::vector<std::string> lines;
  {
    RunFollower follower(std::make_unique<ApiClient>(std::make_unique<QuickRun>(), ""), "7", wake);
    for (bool finished = false; !finished;) {
      pollfd wanted{wake, POLLIN, 0};
      ASSERT_EQ(poll(&wanted, 1, 60'000), 1);
      std::uint64_t count = 0;
      ASSERT_EQ(read(wake, &count, sizeof count), static_cast<ssize_t>(sizeof count));
      for (const auto& update : follower.take()) {
        finished = update.kind == RunUpdate::Kind::finished;
        if (!finished) lines.push_back(update.step.key + " " + update.step.partition + " " + update.step.status);
      }
    }
  }
  close(wake);
  EXPECT_EQ(lines, (std::vector<std::string>{"a x succeeded", "a y pending", "b y pending", "a y skipped", "b y skipped"}));
}

}  // namespace
}  // namespace assetd::cli
