#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "tests/daemon/http/api_fixture.h"

namespace assetd::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

using CommandsTest = ApiFixture;

TEST_F(CommandsTest, SensorsAreCommandedAndToldWithoutAToken) {
  start();
  service.reply = {200, {{"name", "landing"}}};
  post("/sensors/landing/pause", R"({"reason": "moving"})");
  post("/sensors/landing/resume");
  post("/sensors/landing/trigger");
  post("/sensors/landing/dry-run");
  post("/sensors/landing/reset", R"({"cursor": "7"})");
  const auto commands = service.commands();
  ASSERT_EQ(commands.size(), 5u);
  EXPECT_EQ(commands[0].what, "pause_sensor landing moving");
  EXPECT_TRUE(commands[0].flag);
  EXPECT_FALSE(commands[1].flag);
  EXPECT_EQ(commands[2].what, "evaluate_sensor landing");
  EXPECT_FALSE(commands[2].flag);
  EXPECT_TRUE(commands[3].flag);
  EXPECT_EQ(commands[4].what, "reset_sensor landing 7 ");
  EXPECT_EQ(commands[4].caller.route, "POST /sensors/{name}/reset");
  service.reply = {202, {{"sensor", "pushed"}}};
  EXPECT_EQ(post("/hooks/pushed", "no JSON at all").status, 202) << "what the body is the service says, once the signature holds";
  EXPECT_THAT(service.commands().back().what, ::testing::StartsWith("deliver_hook pushed "));
  EXPECT_EQ(post("/hooks/pushed", std::string(300 << 10, 'x')).status, 413);
}

TEST_F(CommandsTest, ARunRequestReachesTheServiceWhole) {
  start();
  const auto answer = post("/runs", R"({"select": "+gold", "steps": "assets", "tags": {"why": "test"}, "priority": 3, "dry_run": false,
                                        "options": {"dbt": {"full_refresh": true}}, "partitions": ["2026-01-05"]})",
                           {"Idempotency-Key: abc"});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.headers.at("location"), "/api/v1/runs/41");
  ASSERT_EQ(service.commands().size(), 1u);
  const auto command = service.commands()[0];
  EXPECT_EQ(command.body.select, "+gold");
  EXPECT_EQ(command.body.mode, StepsMode::assets);
  EXPECT_EQ(command.body.tags.at("why"), "test");
  EXPECT_EQ(command.body.priority, 3);
  EXPECT_EQ(command.body.options["dbt"]["full_refresh"], true);
  EXPECT_EQ(command.caller.route, "POST /runs");
  EXPECT_EQ(command.caller.idempotency_key, "abc");
  EXPECT_EQ(command.caller.body_hash.size(), 64u);
  EXPECT_EQ(command.caller.actor.name, "anonymous");
  EXPECT_EQ(command.caller.actor.remote, "127.0.0.1");
}

TEST_F(CommandsTest, NoPartitionsAreNotTheLatest) {
  start();
  for (const auto* path : {"/runs", "/backfills"})
    for (const auto* partitions : {"[]", "null"}) {
      const auto answer = post(path, R"({"select": "gold", "partitions": )" + std::string(partitions) + "}");
      EXPECT_EQ(answer.status, 422) << path << " " << partitions;
      EXPECT_EQ(answer.json()["errors"][0]["pointer"], "/partitions");
    }
  EXPECT_TRUE(service.commands().empty());
}

TEST_F(CommandsTest, AReportOfOnePartitionReachesTheService) {
  start();
  post("/assets/stg/materializations", R"({"reason": "by hand", "metadata": {"rows": 5}, "partition": "2026-01-05"})");
  post("/assets/stg/materializations", R"({"reason": "by hand"})");
  const auto commands = service.commands();
  ASSERT_EQ(commands.size(), 2u);
  EXPECT_EQ(commands[0].what, R"(report_materialization stg by hand {"rows":5} 2026-01-05)");
  EXPECT_EQ(commands[1].what, "report_materialization stg by hand {}");
  EXPECT_EQ(post("/assets/stg/materializations", R"({"reason": "x", "partition": 5})").status, 422);
}

TEST_F(CommandsTest, SilencesAndTestsOfAlertsReachTheService) {
  start();
  post("/alerts/silences", R"({"rule": "ops", "select": "gold", "reason": "night", "until": "2030-01-01T00:00:00Z"})");
  fetch(server->address(), "DELETE", "/api/v1/alerts/silences/5f3a9c21");
  post("/alerts/rules/ops/test");
  const auto commands = service.commands();
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].what, "add_silence ops gold night");
  EXPECT_EQ(commands[1].what, "end_silence 5f3a9c21");
  EXPECT_EQ(commands[1].caller.route, "DELETE /alerts/silences/{silence_id}");
  EXPECT_EQ(commands[2].what, "test_alert ops");
  EXPECT_EQ(post("/alerts/silences", R"({"rule": "ops"})").status, 422) << "none is for ever";
  EXPECT_EQ(post("/alerts/silences", R"({"until": "tomorrow"})").status, 422);
  EXPECT_EQ(service.commands().size(), 3u);
}

TEST_F(CommandsTest, TheBodysHashDependsOnPathAndBody) {
  start();
  post("/runs/1/cancel");
  post("/runs/2/cancel");
  post("/runs/2/cancel", "{}");
  const auto commands = service.commands();
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].caller.route, commands[1].caller.route);
  EXPECT_NE(commands[0].caller.body_hash, commands[1].caller.body_hash);
  EXPECT_NE(commands[1].caller.body_hash, commands[2].caller.body_hash);
}

TEST_F(CommandsTest, EverythingWrongWithABodyIsReportedAtOnce) {
  start();
  const auto answer = post("/runs", R"({"selct": "x", "steps": "some", "priority": "high", "tags": {"a/b": 1}})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
  std::map<std::string, std::string> errors;
  const json body = answer.json();
  for (const auto& error : body["errors"]) errors[error["pointer"]] = error["detail"];
  EXPECT_EQ(errors.size(), 5u);
  EXPECT_THAT(errors["/selct"], HasSubstr("nearest: 'select'"));
  EXPECT_THAT(errors["/select"], HasSubstr("missing"));
  EXPECT_THAT(errors["/steps"], HasSubstr("\"assets\""));
  EXPECT_THAT(errors["/priority"], HasSubstr("integer"));
  EXPECT_EQ(errors.count("/tags/a~1b"), 1u);
  EXPECT_TRUE(service.commands().empty());
}

TEST_F(CommandsTest, PoolsAndPrioritiesReachTheService) {
  start();
  post("/pools/gpu", R"({"slots": 3, "reason": "night"})");
  post("/pools/gpu/reset");
  post("/runs/41/priority", R"({"priority": -2})");
  post("/runs", R"({"select": "x", "max_steps": 2})");
  const auto commands = service.commands();
  ASSERT_EQ(commands.size(), 4u);
  EXPECT_EQ(commands[0].what, "resize_pool gpu 3 night");
  EXPECT_EQ(commands[1].what, "resize_pool gpu reset ");
  EXPECT_EQ(commands[2].what, "set_priority 41 -2");
  EXPECT_EQ(commands[3].body.max_steps, 2);
  EXPECT_EQ(post("/pools/gpu", R"({"reason": "night"})").status, 422);
  EXPECT_EQ(post("/runs/x/priority", R"({"priority": 1})").status, 404);
  EXPECT_EQ(service.commands().size(), 4u);
}

TEST_F(CommandsTest, MalformedJsonNamesTheByte) {
  start();
  const auto answer = post("/runs", R"({"select": "x",})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("byte 16"));
  EXPECT_EQ(post("/runs", R"({"select": "x", "select": "y"})").status, 400);
  EXPECT_EQ(post("/runs", "{\"select\": \"\xff\"}").status, 400);
  EXPECT_EQ(post("/runs", std::string(100'000, '[')).status, 400);
  EXPECT_EQ(post("/runs", "").status, 422);
  EXPECT_EQ(post("/runs", "[]").status, 422);
}

TEST_F(CommandsTest, OtherMediaTypesAreRefused) {
  start();
  for (const char* type : {"Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/jsonx"})
    EXPECT_EQ(post("/runs", R"({"select": "*"})", {type}).status, 415) << type;
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {"Content-Type: Application/JSON; charset=utf-8"}).status, 201);
}

TEST_F(CommandsTest, IdempotencyKeysAreShortAndPrintable) {
  start();
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {"Idempotency-Key: " + std::string(256, 'x')}).status, 400);
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {"Idempotency-Key: "}).status, 400);
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {"Idempotency-Key: caf\xc3\xa9"}).status, 400);
  EXPECT_EQ(post("/runs", R"({"select": "*"})", {"Idempotency-Key: " + std::string(255, 'x')}).status, 201);
}

TEST_F(CommandsTest, ALatchedStoreRefusesCommandsButGoesOnReading) {
  service.reasons = {{"latched", "a commit failed: disk full"}};
  start();
  const auto answer = post("/runs", R"({"select": "*"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("retry-after"), 1u);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("disk full"));
  EXPECT_EQ(get("/runs").status, 200);
  EXPECT_TRUE(service.commands().empty());
}

TEST_F(CommandsTest, CancelRetryPauseResumeTriggerReload) {
  service.reply = {202, {{"id", "7"}, {"status", "canceling"}}};
  start();
  EXPECT_EQ(post("/runs/7/cancel", "{}").status, 202);
  post("/runs/7/retry", R"({"from": "start", "steps": ["stg"]})");
  post("/schedules/nightly/pause", R"({"reason": "holiday"})");
  post("/schedules/nightly/resume");
  post("/schedules/nightly/trigger");
  post("/definitions/reload");
  std::vector<std::string> seen;
  for (const auto& command : service.commands()) seen.push_back(command.what);
  EXPECT_EQ(seen, (std::vector<std::string>{"cancel_run 7", "retry_run 7", "pause_schedule nightly holiday", "pause_schedule nightly ", "trigger_schedule nightly", "reload"}));
  EXPECT_TRUE(service.commands()[1].flag);
  EXPECT_EQ(service.commands()[1].keys, std::vector<std::string>{"stg"});
  EXPECT_FALSE(service.commands()[3].flag);
}

TEST_F(CommandsTest, AWaiverNamesItsPartitionOrNone) {
  service.reply = {200, {{"key", "stg"}, {"check", "unique"}}};
  start();
  post("/runs/7/checks/unique/waive", R"({"reason": "known", "partition": "2026-11-27"})");
  post("/runs/7/checks/unique/waive", R"({"reason": "known"})");
  post("/assets/stg/checks/unique/unwaive", R"({"reason": "mended", "partition": "2026-11-27"})");
  post("/assets/stg/checks/unique/unwaive");
  std::vector<std::string> seen;
  for (const auto& command : service.commands()) seen.push_back(command.what);
  EXPECT_EQ(seen, (std::vector<std::string>{"waive_check 7 unique known in 2026-11-27", "waive_check 7 unique known", "unwaive_check stg unique mended in 2026-11-27", "unwaive_check stg unique "}));
  EXPECT_EQ(post("/runs/7/checks/unique/waive", R"({"reason": "known", "partition": 3})").status, 422);
  EXPECT_EQ(post("/assets/stg/checks/unique/unwaive", R"({"partitions": "x"})").status, 422);
}

TEST_F(CommandsTest, AReasonThatIsGivenIsNotBlank) {
  start();
  for (const auto* path : {"/automation/pause", "/automation/resume", "/assets/stg/automation/pause", "/assets/stg/automation/resume", "/assets/stg/materializations", "/runs/7/checks/unique/waive",
                           "/assets/stg/checks/unique/unwaive", "/schedules/nightly/pause", "/sensors/landing/pause", "/sensors/landing/reset"})
    for (const auto* blank : {"", " ", "\\t \\r\\n"}) {
      const auto answer = post(path, R"({"reason": ")" + std::string(blank) + R"("})");
      EXPECT_EQ(answer.status, 422) << path << " '" << blank << "'";
      ASSERT_EQ(answer.json()["errors"].size(), 1U) << path;
      EXPECT_EQ(answer.json()["errors"][0]["pointer"], "/reason") << path;
    }
  EXPECT_EQ(post("/pools/gpu", R"({"slots": 3, "reason": " "})").json()["errors"][0]["pointer"], "/reason");
  EXPECT_EQ(post("/alerts/silences", R"({"reason": " ", "until": "2030-01-01T00:00:00Z"})").json()["errors"][0]["pointer"], "/reason");
  EXPECT_TRUE(service.commands().empty());
  post("/schedules/nightly/pause", "{}");
  EXPECT_EQ(service.commands().size(), 1U) << "where it may be left out it still may";
}

TEST_F(CommandsTest, UnknownKeysInABodyOfACommandWithoutOneAreErrors) {
  start();
  EXPECT_EQ(post("/runs/7/cancel", R"({"force": true})").status, 422);
  EXPECT_EQ(post("/runs/x/cancel").status, 404);
}

TEST_F(CommandsTest, TheServicesProblemsPassThrough) {
  service.reply = {409, {{"type", "x"}, {"title", "t"}, {"status", 409}, {"detail", "another body"}}};
  start();
  const auto answer = post("/runs", R"({"select": "*"})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
}

TEST_F(CommandsTest, NoWorkerWaitsForACommit) {
  // More commands wait than there are workers, and a read gets through all the same.
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  service.before_answer = [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
  };
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->address()));
    clients.back()->send("POST /api/v1/runs/7/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  }
  EXPECT_EQ(get("/runs").status, 200);
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  for (auto& client : clients) EXPECT_EQ(client->read().status, 201);
}

TEST_F(CommandsTest, StopDoesNotWaitForAnAnswerForEver) {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  service.before_answer = [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return open; });
  };
  HttpOptions options;
  options.timeouts.drain = std::chrono::milliseconds(20);
  start(options);
  RawClient client(server->address());
  client.send("POST /api/v1/runs/7/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\nGET /api/v1/runs HTTP/1.1\r\n");
  EXPECT_EQ(get("/runs").status, 200);
  server->stop();
  server.reset();
  EXPECT_EQ(client.read().status, 0);
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  service.wait_for_answers();  // they find nobody, which is no harm
}

}  // namespace
}  // namespace assetd::test
