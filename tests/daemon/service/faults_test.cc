// The whole service on a disk that fails: it says so, starts nothing, and goes on by itself once the disk works again.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <limits>
#include <sstream>

#include "tests/daemon/service/harness.h"
#include "tests/daemon/store/faulty_disk.h"

namespace assetd::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

// Each step notes that it ran; the first waits for the test.
constexpr char kSteps[] = R"(
name: shop
assets:
  - {key: a, run: {plugin: exec, command: [sh, -c, "echo a >> ran; while [ ! -e go ]; do sleep 0.02; done"]}}
  - {key: b, deps: [a], run: {plugin: exec, command: [sh, -c, "echo b >> ran"]}}
  - {key: c, deps: [b], run: {plugin: exec, command: [sh, -c, "echo c >> ran"]}}
)";

/// What is logged while one of these lives.
class CaughtLog {
 public:
  CaughtLog() : before_(spdlog::default_logger()) { spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_))); }
  ~CaughtLog() { spdlog::set_default_logger(before_); }
  /// Only once nobody logs any more.
  std::string text() const { return text_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_;
  std::ostringstream text_;
};

struct Case {
  Fault fault;
  int nth;
  const char* said;  ///< in the reason that /readyz shows
};

class ServiceOnAFailingDisk : public ServiceTest {
 protected:
  std::string latched() const {
    for (const auto& reason : service_->unready())
      if (reason.code == "latched") return reason.detail;
    return "";
  }
  /// By pools, of a run's attempts.
  std::vector<AttemptId> held() const {
    std::vector<AttemptId> found;
    for (const auto& pool : service_->pools())
      for (const auto& holder : pool.holders) found.push_back(holder.attempt);
    return found;
  }
  std::vector<AttemptId> committed_live(RunId id) {
    std::vector<AttemptId> found;
    const auto attempts = reader()->attempts(id);
    for (const auto& attempt : *attempts)
      if (!attempt.ended_at) found.push_back(attempt.id);
    return found;
  }
  bool await(const std::function<bool()>& wanted) const {
    const auto until = std::chrono::steady_clock::now() + kLongest;
    while (!wanted() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return wanted();
  }
};

class ServiceOnFaults : public ServiceOnAFailingDisk, public ::testing::WithParamInterface<Case> {};

TEST_P(ServiceOnFaults, LatchesSaysSoAndGoesOnWithoutARestart) {
  FaultyDisk disk;
  CaughtLog log;
  start(kSteps);
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "a", "running"));
  disk.fail(GetParam().fault, GetParam().nth, true);
  std::ofstream(file("go"));  // the end of a is what cannot be committed
  ASSERT_TRUE(await([&] { return !latched().empty(); }));
  EXPECT_TRUE(disk.struck());
  EXPECT_THAT(latched(), HasSubstr(GetParam().said));
  EXPECT_THAT(latched(), HasSubstr("store.sqlite"));
  EXPECT_FALSE(service_->project_status()["latched"].is_null()) << "the dashboard's banner";
  EXPECT_EQ(request("a").status, 503);
  EXPECT_TRUE(reader()->run(id)->has_value()) << "what is committed can be read";
  const auto live = *service_->live_run(id, {0, 1, 2});
  ASSERT_EQ(live.steps.size(), 3u);
  EXPECT_EQ(live.steps[0].status, StepStatus::running) << "its end is not committed";
  EXPECT_EQ(live.steps[1].status, StepStatus::pending) << "b was not started";
  EXPECT_EQ(live.counts.at("running"), 1u);
  EXPECT_EQ(committed_live(id), held()) << "slots are held by what is committed";
  EXPECT_EQ(text_of("ran"), "a\n") << "nothing starts on top of an unknown outcome";

  disk.heal();
  EXPECT_EQ(outcome(id), "succeeded");
  EXPECT_EQ(latched(), "");
  EXPECT_EQ(text_of("ran"), "a\nb\nc\n") << "nothing ran twice";
  EXPECT_EQ(reader()->attempts(id)->size(), 3u);
  EXPECT_EQ(request("a").status, 201);
  stop();
  EXPECT_THAT(log.text(), HasSubstr("the store failed, nothing is started until it works again"));
  EXPECT_THAT(log.text(), HasSubstr(GetParam().said));
  EXPECT_THAT(log.text(), HasSubstr("the store works again"));
  start();
}

INSTANTIATE_TEST_SUITE_P(Faults, ServiceOnFaults,
                         ::testing::Values(Case{Fault::write_error, 1, "disk I/O error"}, Case{Fault::write_error, 3, "disk I/O error"},
                                           Case{Fault::disk_full, 1, "free space on this file system"}, Case{Fault::short_write, 2, "disk I/O error"},
                                           Case{Fault::sync_error, 1, "disk I/O error"}));

TEST_F(ServiceOnAFailingDisk, WhatWaitsForASlotWaitsForTheStoreTooWhileItIsLatched) {
  FaultyDisk disk;
  start(std::string(kSteps) + "  - {key: d, pools: {one: 1}, run: {plugin: exec, command: [sh, -c, \"while [ ! -e go ]; do sleep 0.02; done\"]}}\n"
                              "  - {key: e, pools: {one: 1}, run: {plugin: exec, command: [\"true\"]}}\npools: {one: 1}\n");
  const auto first = run("d");
  ASSERT_TRUE(await_step(first, "d", "running"));
  const auto second = run("e");
  EXPECT_EQ(service_->queue(0, 9).steps.at(0).blocked_by.at(0).kind, "pool");
  disk.fail(Fault::write_error, 1, true);
  EXPECT_EQ(request("d").status, 503);
  const auto queue = service_->queue(0, 9);
  EXPECT_EQ(queue.steps.at(0).key, "e");
  EXPECT_EQ(queue.steps.at(0).blocked_by.at(0).kind, "latched");
  EXPECT_EQ(queue.steps.at(0).blocked_by.at(0).what, "store");
  EXPECT_THAT(queue.steps.at(0).blocked_by.at(0).detail, HasSubstr("cannot be written since 20"));
  disk.heal();
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(second), "succeeded");
}

TEST_F(ServiceOnAFailingDisk, WhatWasAskedAndCouldNotBeCommittedIsNotShown) {
  FaultyDisk disk;
  start(std::string(kSteps) + "pools: {gpu: {slots: 2}}\n");
  const auto id = run("a");
  ASSERT_TRUE(await_step(id, "a", "running"));
  disk.fail(Fault::disk_full, 1, true);
  EXPECT_EQ(answer([&](auto done) { service_->resize_pool(caller(), "gpu", 7, "more", done); }).status, 503);
  for (const auto& pool : service_->pools())
    if (pool.name == "gpu") {
      EXPECT_EQ(pool.slots, 2);
    }
  EXPECT_EQ(cancel(id).status, 503);
  EXPECT_EQ(service_->live_run(id, {0})->steps[0].status, StepStatus::running);
  EXPECT_EQ(service_->unreadable(), "");
  disk.heal();
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
}

TEST_F(ServiceTest, AFolderOfClaimsThatIsGoneIsMadeAnew) {
  start(kSteps);
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "a", "running"));
  fs::remove_all(options_.paths.claims());
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
  const auto attempts = reader()->attempts(id);
  for (const auto& attempt : *attempts) EXPECT_NE(attempt.reason, "never_started");
}

TEST_F(ServiceOnAFailingDisk, AStepThatCannotBeStartedSaysWhyInEveryPlace) {
  CaughtLog log;
  start(kSteps);
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "a", "running"));
  fs::remove_all(options_.paths.claims());
  std::ofstream(options_.paths.claims()) << "a file is where the folder would be";
  std::ofstream(file("go"));
  ASSERT_TRUE(await_step(id, "b", "pending")) << "put back";
  const auto step = service_->live_run(id, {1})->steps.at(0);
  EXPECT_EQ(step.status, StepStatus::ready);
  ASSERT_EQ(step.blocked_by.size(), 1u);
  EXPECT_THAT(step.blocked_by[0].detail, ::testing::AllOf(HasSubstr("was not started: cannot make its claim in " + options_.paths.claims()), HasSubstr("next try at")));
  EXPECT_EQ(service_->live_run(id, {1})->counts.at("ready"), 1u);
  const auto queue = service_->queue(0, 9);
  ASSERT_EQ(queue.steps.size(), 1u);
  EXPECT_EQ(queue.steps[0].status, StepStatus::ready);
  const auto stored = *reader()->steps(id, 1, 2);
  EXPECT_TRUE(stored.empty()) << "a step that waits has no row that says it is starting";
  fs::remove(options_.paths.claims());
  EXPECT_EQ(outcome(id), "succeeded");
  stop();
  EXPECT_THAT(log.text(), HasSubstr("step b was not started"));
  start();
}

TEST_F(ServiceTest, WithoutRoomOnTheDiskWhatIsReadySaysSo) {
  options_.free_space_floor = std::numeric_limits<std::int64_t>::max();
  start(kSteps);
  const auto id = run("*");
  const auto queue = service_->queue(0, 9);
  ASSERT_EQ(queue.steps.size(), 1u);
  EXPECT_EQ(queue.steps[0].key, "a");
  EXPECT_EQ(queue.steps[0].blocked_by.at(0).kind, "disk");
  EXPECT_THAT(queue.steps[0].blocked_by.at(0).detail, HasSubstr("nothing starts below"));
  EXPECT_EQ(service_->live_run(id, {0})->steps[0].blocked_by.at(0).kind, "disk");
}

TEST_F(ServiceOnAFailingDisk, WhatBecomesReadyRightAfterTheDiskFilledUpDoesNotStart) {
  constexpr std::int64_t kMiB = 1 << 20;
  const auto free = static_cast<std::int64_t>(fs::space(root_).available);
  if (free < 2'048 * kMiB) GTEST_SKIP() << "the disk of the temporary folder is too full for this";
  options_.free_space_floor = free - 256 * kMiB;  // others write to it as well
  start(kSteps);
  const auto id = run("a or b");
  ASSERT_TRUE(await_step(id, "a", "running"));
  const int fd = open((root_ / "large").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool filled = posix_fallocate(fd, 0, 512 * kMiB) == 0;
  close(fd);
  if (!filled) GTEST_SKIP() << "no file of this size can be made here";
  std::ofstream(file("go"));
  ASSERT_TRUE(await_step(id, "a", "succeeded"));
  const auto queue = service_->queue(0, 9);
  ASSERT_EQ(queue.steps.size(), 1u) << "b waits";
  EXPECT_EQ(queue.steps[0].blocked_by.at(0).kind, "disk");
  fs::remove(root_ / "large");
  EXPECT_EQ(outcome(id), "succeeded");
  EXPECT_EQ(text_of("ran"), "a\nb\n");
}

TEST_F(ServiceTest, ABackupIsMadeWhileARunGoesOn) {
  start(kSteps);
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "a", "running"));
  const auto reply = answer([&](auto done) { service_->back_up(caller(), done); });
  ASSERT_EQ(reply.status, 201) << reply.body;
  const auto path = reply.body.at("path").get<std::string>();
  EXPECT_EQ(reply.body.at("bytes"), fs::file_size(path));
  auto copy = Store::open(path);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ((*copy)->load()->runs.at(0).run.id, id);
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
}

TEST_F(ServiceTest, ABackupThatCannotBeWrittenSaysWhy) {
  start(kSteps);
  std::ofstream(options_.paths.backups()) << "a file is where the folder would be";
  const auto reply = answer([&](auto done) { service_->back_up(caller(), done); });
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body.value("detail", ""), AnyOf(HasSubstr("cannot make " + options_.paths.backups()), HasSubstr("Not a directory")));
}

}  // namespace
}  // namespace assetd::testing
