#include <gmock/gmock.h>
#include <sys/stat.h>

#include "daemon/store/connection.h"
#include "daemon/store/database.h"
#include "daemon/store/packed.h"
#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kChain[] = R"(
name: shop
assets:
  - {key: a, run: {plugin: exec, command: [sh, -c, "echo a >> order; test ! -e broken"]}}
  - {key: b, deps: [a], run: {plugin: exec, command: [sh, -c, "echo b >> order"]}}
  - {key: other, run: {plugin: exec, command: [sh, -c, "echo other >> others"]}}
)";

// The step ends when the test makes the file `go`.
constexpr char kWaiting[] = R"(
name: shop
assets:
  - {key: slow, run: {plugin: exec, command: [sh, -c, "echo begun >> order; while [ ! -e go ]; do sleep 0.02; done; echo ended >> order"]}}
  - {key: after, deps: [slow], run: {plugin: exec, command: [sh, -c, "echo after >> order"]}}
)";

/// The same, and `slow` and `second` need the one slot of the pool gpu.
std::string with_one_slot() {
  auto yaml = std::string(kWaiting) + "  - {key: second, pools: {gpu: 1}, run: {plugin: exec, command: [\"true\"]}}\npools: {gpu: {slots: 1}}\n";
  return yaml.replace(yaml.find("{key: slow,"), 11, "{key: slow, pools: {gpu: 1},");
}

TEST_F(ServiceTest, ARunMaterializesInOrder) {
  start(kChain);
  const auto reply = request("+b");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body["steps_total"], 2);
  EXPECT_TRUE(reply.body.contains("as_of"));
  EXPECT_EQ(outcome(1), "succeeded");
  EXPECT_EQ(text_of("order"), "a\nb\n");
  EXPECT_EQ(status("a"), "materialized");
  EXPECT_EQ(status("b"), "materialized");
  EXPECT_EQ(status("other"), "never");
}

TEST_F(ServiceTest, AFailureSkipsBelowWithItsRootAndARetryRunsExactlyThose) {
  start(kChain);
  std::ofstream(file("broken"));
  const auto failed = run("*");
  EXPECT_EQ(outcome(failed), "failed");
  EXPECT_EQ(status("a"), "failed");
  EXPECT_EQ(status("other"), "materialized");
  const auto skipped = asset("b");
  EXPECT_EQ(skipped.status(), AssetStatus::skipped);
  ASSERT_EQ(skipped.last_attempt->root_causes.size(), 1u);
  EXPECT_EQ(skipped.last_attempt->root_causes[0].key, "a");
  EXPECT_EQ(skipped.last_attempt->root_causes[0].reason, "exit_code");
  fs::remove(file("broken"));
  const auto again = retry(failed);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body["steps_total"], 2);
  EXPECT_EQ(again.body["retry_of"], std::to_string(failed));
  EXPECT_EQ(outcome(2), "succeeded");
  EXPECT_EQ(text_of("others"), "other\n");
  EXPECT_EQ(retry(2).status, 409) << "nothing failed in it";
  EXPECT_EQ(retry(77).status, 404);
}

TEST_F(ServiceTest, ACancelStopsWhatRuns) {
  start(kWaiting);
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "slow", "running"));
  EXPECT_EQ(cancel(id).status, 202);
  EXPECT_EQ(outcome(id), "canceled");
  EXPECT_EQ(cancel(id).status, 202) << "idempotent";
  EXPECT_EQ(text_of("order"), "begun\n");
  EXPECT_EQ(cancel(77).status, 404);
}

TEST_F(ServiceTest, ARestartGoesOnWithTheSameAttempt) {
  start(kWaiting);
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "slow", "running"));
  stop();
  start();
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
  EXPECT_EQ(text_of("order"), "begun\nended\nafter\n") << "nothing ran twice";
  EXPECT_EQ(reader()->attempts(id)->size(), 2u);
}

TEST_F(ServiceTest, AStepThatEndsWhileTheDaemonIsGoneIsNotLost) {
  start(kWaiting);
  const auto id = run("slow");
  ASSERT_TRUE(await_step(id, "slow", "running"));
  stop();
  std::ofstream(file("go"));
  const auto until = std::chrono::steady_clock::now() + kLongest;
  while (text_of("order") != "begun\nended\n" && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  start();
  EXPECT_EQ(outcome(id), "succeeded");
}

TEST_F(ServiceTest, WhatAStepReportedBeforeARestartStaysItsOnlyMaterialization) {
  start(kWaiting);
  const auto id = run("slow");
  ASSERT_TRUE(await_step(id, "slow", "running"));
  const auto attempt = reader()->attempts(id)->front().id;
  std::ofstream(options_.paths.messages(attempt), std::ios::app)
      << R"({"__dagster_pipes_version": "0.1", "method": "report_asset_materialization", "params": {"asset_key": "slow", "metadata": {"rows": 7}, "data_version": null}})" << "\n";
  ASSERT_TRUE(await_event([&](const Event& event) { return event.type == "materialization" && event.run == id; }));
  stop();
  start();
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
  EXPECT_EQ(reader()->materializations("slow", {})->items.size(), 1u);
  EXPECT_EQ(asset("slow").last_materialization->metadata.value("rows", 0), 7);
}

void damage_plans(const std::string& store) {
  auto opened = open_writer(store);
  ASSERT_TRUE(opened);
  (*opened)->run("UPDATE run_plans SET bytes=?", Blob{compress(R"({"v":1,"assets":[0]})")});
  ASSERT_TRUE((*opened)->outcome());
}

TEST_F(ServiceTest, ARunWhosePlanIsDamagedEndsWithThatAsItsCauseAndNothingElseDoes) {
  start(kWaiting);
  const auto broken = run("slow");
  ASSERT_TRUE(await_step(broken, "slow", "running"));
  stop();
  damage_plans(options_.paths.store());
  start();
  EXPECT_EQ(outcome(broken), "failed");
  const auto row = reader()->run(broken).value().value().run;
  EXPECT_EQ(row.reason, "plan_damaged");
  EXPECT_THAT(row.detail, HasSubstr("its stored plan is damaged"));
  const auto attempt = reader()->attempts(broken).value().front();
  EXPECT_EQ(attempt.reason, "plan_damaged");
  EXPECT_EQ(attempt.exit.value().signal, SIGTERM) << "it was stopped before its end was told";
  EXPECT_EQ(status("slow"), "failed");
  EXPECT_EQ(asset("slow").last_attempt.value().reason, "plan_damaged");
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(run("*")), "succeeded") << "the next one";
}

TEST_F(ServiceTest, ARetryOfARunWhosePlanIsDamagedSaysSo) {
  start(kWaiting);
  const auto id = run("slow");
  cancel(id);
  EXPECT_EQ(outcome(id), "canceled");
  stop();
  damage_plans(options_.paths.store());
  start();
  const auto reply = retry(id);
  EXPECT_EQ(reply.status, 409);
  EXPECT_THAT(reply.body.value("detail", ""), HasSubstr("run 1: its stored plan is damaged"));
}

TEST_F(ServiceTest, WhatIsWrongInARequestIsSaid) {
  start(kChain);
  const auto unknown = request("custmers");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_EQ(unknown.body["errors"][0]["pointer"], "/select");
  EXPECT_EQ(request("tag:nothing").status, 422);
  EXPECT_EQ(reader()->run(1)->has_value(), false);
}

TEST_F(ServiceTest, ADryRunMakesNone) {
  start(kChain);
  RunRequestBody body;
  body.select = "+b";
  body.dry_run = true;
  const auto reply = answer([&](auto done) { service_->request_run(caller(), body, done); });
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body["steps_total"], 2);
  EXPECT_EQ(reader()->run(1)->has_value(), false);
}

TEST_F(ServiceTest, AnIdempotencyKeyMakesOneRun) {
  start(kChain);
  const auto first = request("a", caller("k", "body"));
  EXPECT_EQ(outcome(1), "succeeded");
  const auto again = request("a", caller("k", "body"));
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body) << "as_of too";
  EXPECT_EQ(request("a", caller("k", "another")).status, 409);
  EXPECT_EQ(reader()->run(2)->has_value(), false);
}

TEST_F(ServiceTest, AnIdempotencyKeyMakesOneRunAlsoWhenTheRequestsComeTogether) {
  start(kChain);
  std::promise<Reply> one, two;
  RunRequestBody body;
  body.select = "a";
  in_one_turn("other", [&] {
    service_->request_run(caller("k", "body"), body, [&](Reply reply) { one.set_value(reply); });
    service_->request_run(caller("k", "body"), body, [&](Reply reply) { two.set_value(reply); });
  });
  EXPECT_EQ(one.get_future().get().body["id"], "2");
  EXPECT_EQ(two.get_future().get().body["id"], "2");
  EXPECT_EQ(reader()->run(3)->has_value(), false);
  EXPECT_TRUE(service_->unready().empty() || service_->unready()[0].code != "latched");
}

TEST_F(ServiceTest, WhatIsAskedInTheTurnInWhichARunEndsSeesItsEnd) {
  start(with_one_slot());
  const auto slow = run("slow");
  ASSERT_TRUE(await_step(slow, "slow", "running"));
  const auto second = run("second");  // waits for the slot, and so ends with its cancel
  std::promise<Reply> one, two, retried;
  in_one_turn("after", [&] {
    service_->cancel_run(caller(), second, [&](Reply reply) { one.set_value(reply); });
    service_->cancel_run(caller(), second, [&](Reply reply) { two.set_value(reply); });
    service_->retry_run(caller(), second, {}, [&](Reply reply) { retried.set_value(reply); });
  });
  EXPECT_EQ(one.get_future().get().status, 202);
  EXPECT_EQ(two.get_future().get().status, 202) << "idempotent";
  const auto again = retried.get_future().get();
  EXPECT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(again.body["steps_total"], 1);
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(slow), "succeeded");
}

TEST_F(ServiceTest, AReloadTakesOverAndAnUnchangedOneMakesNoVersion) {
  start(kChain);
  const auto reload = [&] { return answer([&](auto done) { service_->reload(caller(), done); }); };
  EXPECT_EQ(reload().body["version"], "1");
  define(std::string(kChain) + "  - {key: z, run: {plugin: exec, command: [\"true\"]}}\n");
  EXPECT_EQ(reload().body["version"], "2");
  EXPECT_EQ(status("z"), "never");
  define("name: [");
  const auto broken = reload();
  EXPECT_EQ(broken.status, 422);
  EXPECT_EQ(service_->project()->version, 2) << "the last good one serves";
  EXPECT_EQ(service_->definitions_status()["state"], "broken");
}

TEST_F(ServiceTest, BadDefinitionsStopAStartOnlyWithoutAStore) {
  define("name: [");
  const auto refused = DaemonService::start(options_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().exit_code, 2);
  EXPECT_FALSE(refused.error().errors.empty());
  start(kChain);
  stop();
  define("name: [");
  start();
  EXPECT_EQ(service_->project()->definitions.assets.size(), 3u);
}

TEST_F(ServiceTest, APausedScheduleStaysPausedAcrossARestart) {
  start(std::string(kChain) + "schedules:\n  - {name: nightly, select: a, cron: \"0 2 * * *\", timezone: UTC}\n");
  const auto pause = [&](const std::string& name) { return answer([&](auto done) { service_->pause_schedule(caller(), name, true, "migration", done); }); };
  EXPECT_EQ(pause("nightly").status, 200);
  EXPECT_EQ(pause("nobody").status, 404);
  stop();
  start();
  const auto views = service_->schedules();
  ASSERT_EQ(views.size(), 1u);
  EXPECT_TRUE(views[0].paused);
  EXPECT_EQ(views[0].paused_by, "ann");
  EXPECT_EQ(views[0].pause_reason, "migration");
  EXPECT_TRUE(views[0].next_ticks.empty());
  const auto triggered = answer([&](auto done) { service_->trigger_schedule(caller(), "nightly", done); });
  EXPECT_EQ(triggered.status, 201);
  EXPECT_EQ(outcome(1), "succeeded");
}

// The clock ticks every second; runs end when the test makes `go`.
TEST_F(ServiceTest, AQueuedTickWaitsForTheEarlierRunAndFurtherOnesAreSkipped) {
  start(std::string(kWaiting) + "schedules:\n  - {name: often, select: slow, cron: \"* * * * * *\", timezone: UTC, overlap: queue}\n");
  const auto told = [&](const std::string& outcome) {
    return await_event([&](const Event& event) { return event.type == "tick" && event.changes.value("outcome", "") == outcome; });
  };
  ASSERT_TRUE(told("requested"));
  ASSERT_TRUE(await_step(1, "slow", "running"));
  ASSERT_TRUE(told("queued"));
  ASSERT_TRUE(told("skipped"));
  EXPECT_EQ(reader()->run(2)->value().run.status, RunStatus::queued);
  EXPECT_EQ(reader()->run(2)->value().run.detail, "waits for run 1 of schedule often to end");
  const auto ticks = reader()->ticks("often", {100, ""})->items;
  ASSERT_GE(ticks.size(), 3u);
  const auto& [first, second, third] = std::tie(ticks[ticks.size() - 1], ticks[ticks.size() - 2], ticks[ticks.size() - 3]);
  EXPECT_EQ(first.run, 1);
  EXPECT_EQ(second.run, 2);
  EXPECT_EQ(second.reason, "waits for run 1 of schedule often to end");
  EXPECT_EQ(third.reason, "run 2 of this schedule waits already, for run 1");
  const auto queue = service_->queue(0, 10).steps;
  ASSERT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue[0].run, 2);
  EXPECT_EQ(queue[0].blocked_by.at(0).kind, "overlap");
  EXPECT_EQ(queue[0].blocked_by.at(0).what, "run 1");
  stop();
  start();
  EXPECT_EQ(reader()->run(2)->value().run.status, RunStatus::queued) << "it keeps its place";
  answer([&](auto done) { service_->pause_schedule(caller(), "often", true, "", done); });
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(1), "succeeded");
  EXPECT_EQ(outcome(2), "succeeded") << "a pause holds no run that is there already";
  EXPECT_EQ(text_of("order"), "begun\nended\nbegun\nended\n");
}

TEST_F(ServiceTest, AnInstantHasOneRunAlsoWhenItsCursorIsLost) {
  start(std::string(kChain) + "schedules:\n  - {name: often, select: other, cron: \"*/5 * * * * *\", timezone: UTC, misfire: all, overlap: allow}\n");
  ASSERT_TRUE(await_event([&](const Event& event) { return event.type == "tick"; }));
  stop();
  {
    // What the cursor says alone: the last minute is still to come.
    auto opened = open_writer(options_.paths.store());
    ASSERT_TRUE(opened);
    (*opened)->run("UPDATE schedules SET cursor = cursor - 60000");
    ASSERT_TRUE((*opened)->outcome());
  }
  start();
  ASSERT_TRUE(await_event([&](const Event& event) { return event.type == "tick" && event.run > 5; }));
  answer([&](auto done) { service_->pause_schedule(caller(), "often", true, "", done); });
  std::set<WallTime> instants;
  for (RunId id = 1;; ++id) {
    const auto row = reader()->run(id);
    if (!*row) break;
    EXPECT_TRUE(instants.insert(row->value().run.trigger.instant.value()).second) << "a second run of one instant: run " << id;
  }
  EXPECT_GE(instants.size(), 6u);
}

TEST_F(ServiceTest, TheQueueStatesWhatEachStepWaitsFor) {
  start(with_one_slot());
  const auto id = run("*");
  ASSERT_TRUE(await_step(id, "slow", "running") || await_step(id, "second", "succeeded"));
  const auto live = service_->live_run(id, {0, 1, 2, 9});
  ASSERT_TRUE(live);
  for (const auto& step : live->steps)
    EXPECT_FALSE((step.status == StepStatus::pending || step.status == StepStatus::ready) && step.blocked_by.empty());
  bool found = false;
  for (const auto& pool : service_->pools()) found = found || (pool.name == "gpu" && pool.slots == 1);
  EXPECT_TRUE(found);
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(id), "succeeded");
  EXPECT_FALSE(service_->live_run(id, {0, 1, 2, 9}));
}

TEST_F(ServiceTest, PagesOfTheQueueAndStepsByStatusBeginWhereTheyAreAsked) {
  start(with_one_slot());
  const auto slow = run("slow");
  ASSERT_TRUE(await_step(slow, "slow", "running"));
  const auto second = run("second"), third = run("second");
  ASSERT_EQ(service_->queue(0, 10).steps.size(), 2u);
  EXPECT_EQ(service_->queue(0, 1).steps.at(0).run, second);
  const auto rest = service_->queue(1, 10).steps;
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].run, third);
  EXPECT_EQ(rest[0].blocked_by.at(0).kind, "pool");
  const std::vector<StepStatus> ready{StepStatus::ready}, running{StepStatus::running};
  EXPECT_EQ(*service_->live_steps(third, ready, 0, 10), std::vector<StepIndex>{0});
  EXPECT_TRUE(service_->live_steps(third, ready, 1, 10)->empty());
  EXPECT_TRUE(service_->live_steps(third, ready, 0, 0)->empty());
  EXPECT_TRUE(service_->live_steps(third, running, 0, 10)->empty());
  std::ofstream(file("go"));
  EXPECT_EQ(outcome(third), "succeeded");
  EXPECT_FALSE(service_->live_steps(third, ready, 0, 10)) << "it has ended";
}

TEST_F(ServiceTest, EveryChangeLeavesItsTraceOfWho) {
  start(kWaiting);
  const auto id = run("*");
  cancel(id);
  EXPECT_EQ(outcome(id), "canceled");
  const auto page = reader()->audit({});
  ASSERT_TRUE(page);
  std::vector<std::string> actions;
  for (const auto& row : page->items) actions.push_back(row.value.action + " by " + row.value.actor.name);
  EXPECT_THAT(actions, ::testing::IsSupersetOf({"run.create by ann", "run.cancel by ann"}));
}

// The files are read beside what serves: until that is done nobody says that they are what serves.
TEST_F(ServiceTest, AfterARestartChangedFilesAreNeverCalledCurrent) {
  const std::string manual = "definitions: {apply: manual}\n";
  start(manual + kChain);
  EXPECT_EQ(service_->definitions_status()["state"], "current");
  stop();
  define(manual + kChain + "  - {key: later, run: {plugin: exec, command: [\"true\"]}}\n");
  const auto gate = file("gate");
  ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
  std::ofstream(compiler()) << "#!/bin/sh\nread go < '" << gate << "'\ncat '" << (root_ / "compiled.json").string() << "'\n";
  start();
  EXPECT_EQ(service_->definitions_status()["state"], "checking");
  std::ofstream(gate) << "go\n";
  ASSERT_TRUE(await_event([](const Event& event) { return event.type == "definitions_changed" && event.changes.contains("pending"); }));
  EXPECT_EQ(service_->definitions_status()["state"], "pending");
}

}  // namespace
}  // namespace assetd::testing
