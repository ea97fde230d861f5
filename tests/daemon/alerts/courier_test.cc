// One lane a rule: what hangs in one delays no other.
#include "daemon/alerts/courier.h"

#include <gtest/gtest.h>

#include <future>
#include <set>

namespace assetd {
namespace {

/// Alerts of the rule "hangs" wait until they are released, or until the end; those whose id begins with "bad" fail.
class FakeSender final : public AlertSender {
 public:
  Sent send(const Delivery& delivery, const std::atomic<bool>& stop) override {
    while (delivery.rule.name == "hangs" && !stop && !released) std::this_thread::yield();
    if (stop && !released) return std::unexpected("stopped");
    if (delivery.alert.id.starts_with("bad")) return std::unexpected("no");
    return "";
  }
  std::atomic<bool> released{false};
};

Delivery delivery(const std::string& rule, const std::string& id) {
  Delivery made;
  made.rule.name = rule;
  made.alert.id = id;
  return made;
}

struct Reports {
  void add(const std::string& alert, const Sent& sent) {
    const std::lock_guard lock(mutex);
    all.insert(alert + (sent ? "" : " " + sent.error()));
    arrived.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, std::chrono::seconds(60), [&] { return all.size() >= count; });
  }
  std::mutex mutex;
  std::condition_variable arrived;
  std::multiset<std::string> all;
};

TEST(AlertCourier, WhatHangsDelaysOnlyItsOwnRule) {
  Reports reports;
  auto sender = std::make_unique<FakeSender>();
  auto& released = sender->released;
  AlertCourier courier(std::move(sender), [&](const auto& alert, const Sent& sent) { reports.add(alert, sent); });
  courier.deliver(delivery("hangs", "1"));
  courier.deliver(delivery("hangs", "2"));
  courier.deliver(delivery("quick", "3"));
  courier.deliver(delivery("quick", "bad 4"));
  ASSERT_TRUE(reports.wait_for(2));
  EXPECT_EQ(reports.all, (std::multiset<std::string>{"3", "bad 4 no"}));
  released = true;
  ASSERT_TRUE(reports.wait_for(4));
}

TEST(AlertCourier, AnIdleLaneWorksAgain) {
  Reports reports;
  AlertCourier courier(std::make_unique<FakeSender>(), [&](const auto& alert, const Sent& sent) { reports.add(alert, sent); });
  for (std::size_t i = 1; i <= 50; ++i) {
    courier.deliver(delivery("quick", std::to_string(i)));
    ASSERT_TRUE(reports.wait_for(i));
  }
}

TEST(AlertCourier, ItsEndGivesUpWhatIsUnderWayAndReportsNothingOfIt) {
  Reports reports;
  {
    AlertCourier courier(std::make_unique<FakeSender>(), [&](const auto& alert, const Sent& sent) { reports.add(alert, sent); });
    courier.deliver(delivery("hangs", "1"));
    courier.deliver(delivery("hangs", "2"));
  }
  EXPECT_TRUE(reports.all.empty());
}

}  // namespace
}  // namespace assetd
