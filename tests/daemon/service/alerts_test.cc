// Alerts through the whole service, to a receiver that is not there: kept with the run's end, tried until they arrive.

#include <gmock/gmock.h>

#include "core/definition/compiled.h"
#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

constexpr char kAlerting[] = R"(
name: shop
alerts:
  - {name: ops, on: [run_failed, run_succeeded], webhook: "https://receiver.example", give_up: 1h}
assets:
  - {key: good, run: {plugin: exec, command: ["true"]}}
  - {key: bad, owners: ["team:a"], run: {plugin: exec, command: [sh, -c, "exit 3"]}}
  - {key: below, deps: [bad], run: {plugin: exec, command: ["true"]}}
)";

/// Refuses the first `refusals` attempts; keeps what it was given.
struct Receiver {
  std::mutex mutex;
  int refusals = 0;
  std::string remark;  ///< of what arrives
  std::vector<AlertRecord> got;
};

class FakeAlertSender final : public AlertSender {
 public:
  explicit FakeAlertSender(std::shared_ptr<Receiver> receiver) : receiver_(std::move(receiver)) {}
  Sent send(const Delivery& delivery, const std::atomic<bool>&) override {
    const std::lock_guard lock(receiver_->mutex);
    receiver_->got.push_back(delivery.alert);
    if (receiver_->refusals-- > 0) return std::unexpected("not now");
    return receiver_->remark;
  }

 private:
  std::shared_ptr<Receiver> receiver_;
};

class Alerting : public ServiceTest {
 protected:
  void start_with_receiver(int refusals) {
    receiver_->refusals = refusals;
    options_.alert_sender = std::make_shared<FakeAlertSender>(receiver_);
    start(kAlerting);
  }
  bool await_state(const std::string& state, int times = 1) {
    int seen = 0;
    return await_event([&](const Event& event) {
      if (&event == &events_.front()) seen = 0;  // all are looked at again with each that comes
      return event.type == "alert_changed" && event.changes.value("state", "") == state && ++seen >= times;
    });
  }
  std::vector<AlertRecord> alerts() { return reader()->alerts({}, {})->items; }

  std::shared_ptr<Receiver> receiver_ = std::make_shared<Receiver>();
};

TEST_F(Alerting, IsTriedUntilItArrives) {
  start_with_receiver(1);
  const auto id = run("bad+");
  EXPECT_EQ(outcome(id), "failed");
  ASSERT_TRUE(await_state("delivered"));
  const auto found = alerts();
  ASSERT_EQ(found.size(), 1U) << "one of the root cause, none of what it skips";
  EXPECT_EQ(found[0].attempts, 2);
  EXPECT_EQ(found[0].run, id);
  EXPECT_EQ(found[0].asset, "bad");
  EXPECT_EQ(found[0].skipped, 1U);
  EXPECT_EQ(found[0].body["owners"], nlohmann::json({"team:a"}));
  const std::lock_guard lock(receiver_->mutex);
  ASSERT_EQ(receiver_->got.size(), 2U);
  EXPECT_EQ(receiver_->got[0].id, receiver_->got[1].id);
}

TEST_F(Alerting, WhatDidNotReachAllSaysSoAndIsNotSentAgain) {
  receiver_->remark = "refused: x@example.com (550)";
  start_with_receiver(0);
  run("bad");
  ASSERT_TRUE(await_state("delivered"));
  stop();
  start();
  const auto found = alerts();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].state, AlertState::delivered);
  EXPECT_EQ(found[0].last_error, "refused: x@example.com (550)");
  EXPECT_EQ(found[0].attempts, 1);
  const std::lock_guard lock(receiver_->mutex);
  EXPECT_EQ(receiver_->got.size(), 1U);
}

TEST_F(Alerting, AnotherDaemonGoesOnWithWhatIsPending) {
  start_with_receiver(1'000);
  run("bad");
  ASSERT_TRUE(await_event([](const Event& event) { return event.type == "alert_changed" && event.changes.contains("last_error"); }));
  stop();
  {
    const std::lock_guard lock(receiver_->mutex);
    receiver_->refusals = 0;
  }
  start();
  ASSERT_TRUE(await_state("delivered"));
  EXPECT_GE(alerts().at(0).attempts, 2);
}

TEST_F(Alerting, TellsOfARunAsAWholeByTheOwnersOfItsAssets) {
  start_with_receiver(0);
  run("good");
  ASSERT_TRUE(await_state("delivered"));
  EXPECT_EQ(alerts().at(0).event, "run_succeeded");
  EXPECT_EQ(alerts().at(0).asset, "");
}

// It is over before its request is answered.
TEST_F(Alerting, ARunOfWhichNothingNeedBeExecutedIsTold) {
  options_.alert_sender = std::make_shared<FakeAlertSender>(receiver_);
  start(R"(
name: shop
alerts:
  - {name: mine, on: [run_failed, run_succeeded], owners: ["team:a"], webhook: "https://receiver.example"}
assets:
  - {key: same, owners: ["team:a"], skip_if_unchanged: true, run: {plugin: exec, command: [sh, -c, "test -e made"]}}
)");
  EXPECT_EQ(outcome(run("same")), "failed");
  ASSERT_EQ(alerts().size(), 1U);
  std::ofstream(file("made")) << "";
  ASSERT_EQ(outcome(run("same")), "succeeded");
  const auto id = run("same");
  ASSERT_EQ(outcome(id), "succeeded");
  EXPECT_EQ(reader()->steps(id, 0, 1)->at(0).reason, "reused");
  EXPECT_TRUE(await_step(id, "same", "succeeded"));
  EXPECT_EQ(asset("same").last_attempt->run, id);
  EXPECT_EQ(alerts().size(), 3U) << "of its owners, as of any that succeeded";
}

TEST_F(Alerting, RulesThatAnEarlierVersionHadAsWordsComeInForceThoughNoFileChanged) {
  start_with_receiver(0);
  stop();
  {
    const auto store = std::move(*Store::open(options_.paths.store()));
    auto record = store->current_definitions().value().value();
    auto definitions = from_compiled(record.compiled).value();
    definitions.alerts.clear();
    definitions.settings["alerts"] = nlohmann::json::array({{{"name", "ops"}}});
    record.compiled = to_compiled(definitions);
    record.hash = "of an earlier version";
    CommitBatch batch;
    ASSERT_TRUE(store->put_definitions(record, batch));
  }
  start();
  ASSERT_TRUE(await_event([](const Event& event) { return event.type == "definitions_changed" && event.subject.value("version", "") == "3"; }));
  EXPECT_EQ(service_->project()->definitions.alerts.size(), 1U);
}

constexpr char kDivided[] = R"(
name: shop
alerts:
  - {name: ops, on: [run_failed, check_failed, freshness_violated], webhook: "https://receiver.example"}
assets:
  - {key: p, partitions: {static: [one, two, three]}, run: {plugin: exec, command: [sh, -c, "! test -e bad.$ASSETD_PARTITION"]}}
  - {key: never, freshness: {within: 1s}, run: {plugin: exec, command: ["true"]}}
)";

TEST_F(Alerting, OfADividedAssetItNamesThePartitionsAndIsOverOnceNoneOfThemIsFailed) {
  options_.alert_sender = std::make_shared<FakeAlertSender>(receiver_);
  start(kDivided);
  for (const auto* name : {"bad.one", "bad.three"}) std::ofstream(file(name)) << "";
  const auto make = [&](std::vector<std::string> partitions) {
    RunRequestBody body;
    body.select = "p";
    body.partitions.of = std::move(partitions);
    const auto reply = answer([&](auto done) { service_->request_run(caller(), body, done); });
    return outcome(std::stoll(reply.body.at("id").get<std::string>()));
  };
  const auto of_p = [&] {
    for (const auto& each : alerts())
      if (each.asset == "p") return each;
    return AlertRecord{};
  };
  const auto acknowledge = [&] { return answer([&](auto done) { service_->acknowledge(caller(), "p", "", true, done); }).status; };
  EXPECT_EQ(acknowledge(), 409);
  EXPECT_EQ(make({"one", "two", "three"}), "failed");
  EXPECT_EQ(of_p().body["partitions"], nlohmann::json({"one", "three"}));
  EXPECT_EQ(make({"two"}), "succeeded");
  EXPECT_FALSE(of_p().resolved_at) << "two partitions are failed";
  EXPECT_EQ(acknowledge(), 200) << "what was made last is not what failed";
  fs::remove(file("bad.one"));
  EXPECT_EQ(make({"one"}), "succeeded");
  EXPECT_FALSE(of_p().resolved_at);
  EXPECT_TRUE(asset("p").acknowledged);
  stop();
  start();
  fs::remove(file("bad.three"));
  EXPECT_EQ(make({"three"}), "succeeded");
  EXPECT_TRUE(of_p().resolved_at);
  EXPECT_FALSE(asset("p").acknowledged);
  EXPECT_EQ(of_p().repeats, 0);
}

constexpr char kOfCustomers[] = R"(
name: shop
alerts:
  - {name: ops, on: [run_failed], webhook: "https://receiver.example"}
assets:
  - {key: p, partitions: {dynamic: customers}, run: {plugin: exec, command: [sh, -c, "! test -e bad.$ASSETD_PARTITION"]}}
)";

TEST_F(Alerting, APartitionThatWasRemovedKeepsNoAlertOpen) {
  options_.alert_sender = std::make_shared<FakeAlertSender>(receiver_);
  start(kOfCustomers);
  for (const auto* name : {"bad.one", "bad.two"}) std::ofstream(file(name)) << "";
  const auto make = [&](std::vector<std::string> partitions) {
    RunRequestBody body;
    body.select = "p";
    body.partitions.of = std::move(partitions);
    const auto reply = answer([&](auto done) { service_->request_run(caller(), body, done); });
    return outcome(std::stoll(reply.body.at("id").get<std::string>()));
  };
  const auto change = [&](std::vector<std::string> add, std::vector<std::string> remove) {
    return answer([&](auto done) { service_->change_partition_keys(caller(), "customers", add, remove, done); }).status;
  };
  ASSERT_EQ(change({"one", "two", "three"}, {}), 200);
  EXPECT_EQ(make({"one"}), "failed");
  EXPECT_EQ(make({"two"}), "failed") << "it repeats the alert, which is over now once no partition is failed";
  ASSERT_EQ(change({}, {"one"}), 200);
  fs::remove(file("bad.two"));
  EXPECT_EQ(make({"two"}), "succeeded");
  EXPECT_TRUE(alerts().front().resolved_at) << "nobody can make what was removed";
}

TEST_F(Alerting, TellsOfWhatWasNeverMadeOnceItIsOverdue) {
  options_.alert_sender = std::make_shared<FakeAlertSender>(receiver_);
  start(kDivided);
  ASSERT_TRUE(await_state("delivered"));
  ASSERT_EQ(alerts().size(), 1U);
  EXPECT_EQ(alerts()[0].asset, "never");
  EXPECT_EQ(alerts()[0].event, "freshness_violated");
  EXPECT_EQ(asset("never").freshness, "violated");
}

TEST_F(Alerting, WhatBecameTooOldInASilenceIsToldOnceItEndsByHandOrByItself) {
  options_.alert_sender = std::make_shared<FakeAlertSender>(receiver_);
  start(kDivided);
  ASSERT_TRUE(await_state("delivered"));
  for (const bool by_hand : {true, false}) {
    const auto until = SystemClock().now().wall + std::chrono::hours(1);
    const auto added = answer([&](auto done) { service_->add_silence(caller(), {"", "never", "night", until}, done); });
    ASSERT_EQ(added.status, 201) << added.body;
    const auto id = added.body["id"].get<std::string>();
    EXPECT_EQ(outcome(run("never")), "succeeded") << "fresh again, for a second";
    ASSERT_TRUE(await_state("silenced", by_hand ? 1 : 2));
    const auto before = alerts().size();
    if (by_hand) {
      EXPECT_EQ(answer([&](auto done) { service_->end_silence(caller(), id, done); }).status, 200);
    } else {
      stop();
      {
        const auto store = std::move(*Store::open(options_.paths.store()));
        CommitBatch batch;
        batch.alerts = {SilenceEnded{id}, SilenceAdded{{id, "", "never", "night", "ann", until, WallTime(Millis(1))}}};
        ASSERT_TRUE(store->commit(batch));
      }
      start();
    }
    ASSERT_TRUE(await_state("delivered", by_hand ? 2 : 3));
    ASSERT_EQ(alerts().size(), before + 1);
    EXPECT_EQ(alerts()[0].event, "freshness_violated");
    EXPECT_EQ(alerts()[0].detail, alerts()[1].detail);
    EXPECT_FALSE(alerts()[0].resolved_at);
  }
}

TEST_F(Alerting, ASilenceIsAudited) {
  start_with_receiver(0);
  SilenceBody body{"ops", "bad", "night", SystemClock().now().wall + std::chrono::hours(1)};
  const auto added = answer([&](auto done) { service_->add_silence(caller(), body, done); });
  ASSERT_EQ(added.status, 201) << added.body;
  run("bad");
  ASSERT_TRUE(await_state("silenced"));
  EXPECT_EQ(reader()->audit({})->items.at(1).value.action, "alert.silence");
  const auto id = added.body["id"].get<std::string>();
  EXPECT_EQ(answer([&](auto done) { service_->end_silence(caller(), id, done); }).status, 200);
  EXPECT_EQ(answer([&](auto done) { service_->end_silence(caller(), id, done); }).status, 404);
  body.rule = "opps";
  EXPECT_EQ(answer([&](auto done) { service_->add_silence(caller(), body, done); }).status, 404);
  EXPECT_EQ(answer([&](auto done) { service_->test_alert(caller(), "opps", done); }).status, 404);
}

}  // namespace
}  // namespace assetd::testing
