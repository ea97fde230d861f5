#include <gmock/gmock.h>

#include "core/schedule/cron.h"
#include "tests/daemon/http/api_fixture.h"

namespace assetd::test {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;

using RoutesTest = ApiFixture;

std::vector<std::string> keys_of(const json& items) {
  std::vector<std::string> out;
  for (const auto& item : items) out.push_back(item["key"]);
  return out;
}

TEST_F(RoutesTest, AssetsComeInPagesByKey) {
  start();
  const auto first = get("/assets?limit=3").json();
  EXPECT_EQ(keys_of(first["items"]), (std::vector<std::string>{"gold", "lake/raw", "report"}));
  const auto second = get("/assets?limit=3&cursor=" + first["next_cursor"].get<std::string>()).json();
  EXPECT_EQ(keys_of(second["items"]), (std::vector<std::string>{"stg"}));
  EXPECT_TRUE(second["next_cursor"].is_null());
}

TEST_F(RoutesTest, ACursorOfOtherFiltersIsRefused) {
  start();
  const std::string cursor = get("/assets?limit=1").json()["next_cursor"];
  const auto answer = get("/assets?limit=1&q=gold&cursor=" + cursor);
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.json()["errors"][0]["pointer"], "/cursor");
}

TEST_F(RoutesTest, AssetsAreSelectedAndSearched) {
  start();
  EXPECT_EQ(keys_of(get("/assets?select=%2Bgold").json()["items"]), (std::vector<std::string>{"gold", "lake/raw", "stg"}));
  EXPECT_EQ(keys_of(get("/assets?q=ABOUT%20rep").json()["items"]), (std::vector<std::string>{"report"}));
}

TEST_F(RoutesTest, AWrongSelectionPointsAtItsColumn) {
  start();
  const auto answer = get("/assets?select=lake/raw%20or%20golt");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.json()["errors"][0]["column"], 13);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("gold"));
}

TEST_F(RoutesTest, APlusThatAUrlTurnedIntoABlankIsExplained) {
  start();
  const auto answer = get("/assets?select=+gold");
  EXPECT_EQ(answer.status, 422);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("%2B"));
}

TEST_F(RoutesTest, AKeysSlashIsAColonOrEncoded) {
  start();
  for (const char* target : {"/assets/lake:raw", "/assets/lake%2Fraw", "/assets/lake%3araw"}) {
    const auto answer = get(target);
    ASSERT_EQ(answer.status, 200) << target;
    EXPECT_EQ(answer.json()["key"], "lake/raw");
    EXPECT_EQ(answer.json()["downstream"], json({"report", "stg"}));
  }
  const auto plain = get("/assets/lake/raw");
  EXPECT_EQ(plain.status, 404);
  EXPECT_THAT(plain.json()["detail"].get<std::string>(), HasSubstr("':'"));
}

TEST_F(RoutesTest, AnUnknownAssetNamesTheNearest) {
  start();
  const auto answer = get("/assets/golld");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.json()["detail"].get<std::string>(), HasSubstr("'gold'"));
}

TEST_F(RoutesTest, AnAssetShowsItsDefinition) {
  std::ofstream(dir / "assetd.yaml") << "name: shop\nassets:\n  - key: stg\n    deps: [raw]\n\n    group: silver\n  - key: other\n";
  start();
  EXPECT_EQ(get("/assets/stg").json()["definition_yaml"], "  - key: stg\n    deps: [raw]\n\n    group: silver\n");
}

TEST_F(RoutesTest, AllWrongParametersAreReportedAtOnce) {
  start();
  const auto answer = get("/runs?limit=&statuss=failed&since=yesterday&job=a&job=b");
  EXPECT_EQ(answer.status, 422);
  std::vector<std::string> pointers;
  const json body = answer.json();
  for (const auto& error : body["errors"]) pointers.push_back(error["pointer"]);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/limit", "/statuss", "/since", "/job"}));
  EXPECT_THAT(body["errors"][1]["detail"].get<std::string>(), HasSubstr("nearest: 'status'"));
}

TEST_F(RoutesTest, ARunAndItsStepsSayWhatFailedAndWhy) {
  commit_failed_run();
  start();
  const auto run = get("/runs/1").json();
  EXPECT_EQ(run["status"], "failed");
  EXPECT_EQ(run["counts"]["succeeded"], 2);
  EXPECT_EQ(run["counts"]["canceled"], 0);
  EXPECT_EQ(run["causes"][0]["key"], "stg");
  EXPECT_EQ(run["duration_ms"], 3000);
  const auto steps = get("/runs/1/steps").json()["items"];
  ASSERT_EQ(steps.size(), 4u);
  EXPECT_EQ(steps[gold]["status"], "skipped");
  EXPECT_EQ(steps[gold]["deps"], json({"stg"}));
  ASSERT_EQ(steps[gold]["root_causes"].size(), 1u);
  EXPECT_EQ(steps[gold]["root_causes"][0]["key"], "stg");
  EXPECT_EQ(steps[gold]["root_causes"][0]["check"], "not_null");
  EXPECT_EQ(steps[stg]["attempts"][0]["id"], kAttempt);
  EXPECT_EQ(steps[stg]["attempts"][0]["exit_code"], 0);
  EXPECT_EQ(steps[stg]["checks"][0]["detail"], "3 rows");
  EXPECT_EQ(steps[report]["status"], "succeeded");
  EXPECT_TRUE(steps[report]["root_causes"].empty());
}

TEST_F(RoutesTest, StepsAreFilteredAndPaged) {
  commit_failed_run();
  start();
  EXPECT_EQ(keys_of(get("/runs/1/steps?status=failed,skipped").json()["items"]), (std::vector<std::string>{"stg", "gold"}));
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    const auto answer = get("/runs/1/steps?limit=1" + (cursor.empty() ? "" : "&cursor=" + cursor)).json();
    for (const auto& key : keys_of(answer["items"])) seen.push_back(key);
    if (answer["next_cursor"].is_null()) break;
    cursor = answer["next_cursor"];
  }
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 4u);
}

TEST_F(RoutesTest, StepsOfAnActiveRunShowWhatTheEngineSays) {
  commit_running_run();
  LiveRun live;
  live.counts = {{"ready", 1}, {"pending", 3}};
  live.steps = {{raw, StepStatus::ready, {{"pool", "pool cpu", "1 of 1 slots held by run 7", at(0)}}, 0.5}};
  service.live[1] = live;
  start();
  EXPECT_EQ(get("/runs/1").json()["counts"]["pending"], 3);
  const auto step = get("/runs/1/steps").json()["items"][raw];
  EXPECT_EQ(step["status"], "ready");
  EXPECT_EQ(step["blocked_by"][0]["what"], "pool cpu");
  EXPECT_EQ(step["progress"], 0.5);
}

TEST_F(RoutesTest, StepsByStatusAskTheEngineWhatThoseOfThePageWaitFor) {
  commit_running_run();
  LiveRun live;
  for (const StepIndex step : {0, 1, 2, 3}) live.steps.push_back({step, step == 1 ? StepStatus::pending : StepStatus::ready, {{"pool", "pool cpu", "", at(0)}}, std::nullopt});
  service.live[1] = live;
  start();
  const auto page = get("/runs/1/steps?status=ready&limit=2").json();
  ASSERT_EQ(page["items"].size(), 2u);
  EXPECT_EQ(page["items"][1]["index"], 2);
  EXPECT_EQ(page["items"][1]["blocked_by"][0]["what"], "pool cpu");
  EXPECT_EQ(service.explained(), (std::vector<StepIndex>{0, 2})) << "the others wait for nobody's answer, and to find out costs";
  const auto rest = get("/runs/1/steps?status=ready&limit=2&cursor=" + page["next_cursor"].get<std::string>()).json();
  ASSERT_EQ(rest["items"].size(), 1u);
  EXPECT_EQ(rest["items"][0]["index"], 3);
}

TEST_F(RoutesTest, UnknownRunsAre404) {
  start();
  for (const char* target : {"/runs/99", "/runs/abc", "/runs/-1", "/runs/99/steps", "/runs/99/logs", "/runs/99999999999999999999"})
    EXPECT_EQ(get(target).status, 404) << target;
}

TEST_F(RoutesTest, LineageIsCachedByItsContent) {
  start();
  const auto first = get("/lineage");
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.json()["nodes"].size(), 4u);
  EXPECT_EQ(first.json()["edges"].size(), 3u);
  const auto again = get("/lineage", {"If-None-Match: " + first.headers.at("etag")});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(get("/lineage", {"Accept-Encoding: gzip"}).headers.at("content-encoding"), "gzip");
}

TEST_F(RoutesTest, LineageStatusIsParallelToItsNodes) {
  AssetState failed;
  failed.last_attempt = AssetState::Attempt{1, StepStatus::failed, "exit_code", "", {}, at(0)};
  failed.checks["not_null"] = CheckStatus::failed;
  service.table.states[3] = failed;  // stg
  start();
  const auto nodes = get("/lineage").json()["nodes"];
  const auto status = get("/lineage/status?version=3").json();
  const std::string letters = status["status"], checks = status["checks"];
  ASSERT_EQ(letters.size(), nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool is_stg = nodes[i]["key"] == "stg";
    EXPECT_EQ(letters[i], is_stg ? 'f' : '-') << nodes[i];
    EXPECT_EQ(checks[i], is_stg ? 'f' : 'n') << nodes[i];
  }
  EXPECT_EQ(get("/lineage/status?version=2").status, 409);
}

TEST_F(RoutesTest, PartitionsSayWhichChecksFailedInThem) {
  auto project = std::make_shared<Project>(*service.current);
  auto& spec = project->definitions.assets[3].partitions;  // stg
  spec = PartitionsSpec{{{"", StaticPartitionsSpec{{"asia", "eu", "us"}}}}};
  service.current = project;
  service.table.project = project;
  AssetState state;
  state.checks["not_null"] = CheckStatus::passed;
  state.partitions = std::make_shared<const PartitionStates>(PartitionStates{*spec, IndexSet::range(0, 2), {}, {{"not_null", IndexSet::range(1, 2)}}});
  service.table.states[3] = state;
  CommitBatch batch;
  for (const auto* partition : {"eu", "us"})
    batch.changes.push_back(CheckReported{{1, 0, "not_null", "stg", stg, std::string(partition) == "eu" ? CheckStatus::failed : CheckStatus::passed, Severity::error, false, "", {}, at(3), "", partition}});
  commit(std::move(batch));
  start();
  const auto map = get("/assets/stg/partitions/map").json();
  EXPECT_EQ(map["status"], "mm-");
  EXPECT_EQ(map["checks"], "-f-");
  EXPECT_EQ(map["counts"]["check_failed"], 1);
  const auto failed = get("/assets/stg/partitions?status=check_failed").json()["items"];
  EXPECT_EQ(keys_of(failed), std::vector<std::string>{"eu"});
  EXPECT_EQ(failed[0]["failed_checks"], json::array({"not_null"}));
  EXPECT_EQ(get("/assets/stg/partitions").json()["items"][0]["failed_checks"], json::array());
  EXPECT_EQ(get("/assets/stg").json()["checks"]["failed"], 1) << "what passed last passed elsewhere";
  const auto results = get("/assets/stg/checks?partition=eu").json()["items"];
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0]["partition"], "eu");
  EXPECT_EQ(results[0]["status"], "failed");
}

TEST_F(RoutesTest, TheOverviewCountsTheErrorsOfBrokenDefinitions) {
  service.definitions["state"] = "broken";
  service.definitions["errors"] = {{{"message", "unknown key"}}};
  start();
  EXPECT_EQ(get("/overview").json()["needs_you"][0]["detail"], "1 error: unknown key");
  service.definitions["errors"].push_back({{"message", "no such asset"}});
  EXPECT_EQ(get("/overview").json()["needs_you"][0]["detail"], "2 errors: unknown key");
}

TEST_F(RoutesTest, TheOverviewNamesWhatFailsInPartitionsAndWhatIsTooOld) {
  auto project = std::make_shared<Project>(*service.current);
  auto& assets = project->definitions.assets;
  assets[2].freshness.within = std::chrono::hours(1);
  assets[3].partitions = PartitionsSpec{{{"", StaticPartitionsSpec{{"asia", "eu", "us"}}}}};
  service.current = project;
  service.table.project = project;
  AssetState divided;
  divided.last_attempt = AssetState::Attempt{.run = 8, .status = StepStatus::succeeded, .at = at(5)};
  divided.last_materialization = AssetState::Data{8, at(5)};
  divided.partitions = std::make_shared<const PartitionStates>(PartitionStates{*assets[3].partitions, IndexSet::range(1, 2), IndexSet({{0, 1}, {2, 3}})});
  service.table.states[3] = divided;
  service.table.states[2].awaited_since = at(0);
  start();
  const auto partly = get("/overview").json()["needs_you"];
  ASSERT_EQ(partly.size(), 1u) << partly << " what was never made is not due at once";
  EXPECT_EQ(partly[0]["kind"], "partitions_failed");
  EXPECT_EQ(partly[0]["key"], "stg");
  EXPECT_EQ(partly[0]["detail"], "2 of its partitions are failed: asia, us");
  service.table.states[2].freshness = "violated";
  const auto needs = get("/overview").json()["needs_you"];
  ASSERT_EQ(needs.size(), 2u) << needs;
  EXPECT_EQ(needs[0]["kind"], "freshness_violated") << "newest first";
  EXPECT_EQ(needs[0]["key"], "report");
  EXPECT_THAT(needs[0]["detail"].get<std::string>(), HasSubstr("it was never made, due by"));
}

TEST_F(RoutesTest, TheOverviewNamesAnErrorCheckThatFailedAndHeldNothingUp) {
  commit_failed_run();  // its result says "3 rows"
  AssetState& state = service.table.states[3];  // stg
  state.last_attempt = AssetState::Attempt{.run = 1, .status = StepStatus::succeeded, .at = at(3)};
  state.checks["not_null"] = CheckStatus::failed;
  start();
  const auto needs = [&] { return get("/overview").json()["needs_you"]; };
  const auto told = needs();
  ASSERT_EQ(told.size(), 1u) << told;
  EXPECT_EQ(told[0], (json{{"kind", "check_failed"}, {"run_id", "1"}, {"key", "stg"}, {"check", "not_null"}, {"reason", "check_failed"}, {"detail", "3 rows"}, {"at", format_time(at(3))}, {"skipped", 0}}));
  state.waivers[{"not_null"}] = Waiver{.by = "anna", .reason = "known", .until = at(100'000'000)};
  EXPECT_EQ(needs(), json::array()) << "a waiver lets it pass";
  state.waivers.clear();
  state.last_attempt = AssetState::Attempt{.run = 1, .status = StepStatus::failed, .reason = "check_failed", .detail = "check not_null failed: 3 rows", .at = at(3)};
  ASSERT_EQ(needs().size(), 1u) << "its asset is listed because of it";
  EXPECT_EQ(needs()[0]["kind"], "asset_failed");
  EXPECT_EQ(needs()[0]["check"], nullptr);
  state.last_attempt->reason = "exit_code", state.last_attempt->detail = "exit code 3";
  EXPECT_EQ(needs().size(), 2u) << "it failed because of something else";
}

TEST_F(RoutesTest, ChecksThatWarnOrThatNobodyHasAnyMoreNeedNobody) {
  commit_failed_run();
  auto project = std::make_shared<Project>(*service.current);
  project->definitions.checks[0].severity = Severity::warn;
  service.table.project = project;
  AssetState& state = service.table.states[3];
  state.last_attempt = AssetState::Attempt{.run = 2, .status = StepStatus::succeeded, .at = at(9)};
  state.checks["not_null"] = CheckStatus::error;
  start();
  EXPECT_EQ(get("/overview").json()["needs_you"], json::array()) << "it warns";
  auto without = std::make_shared<Project>(*service.current);
  without->definitions.checks.clear();
  service.table.project = without;
  EXPECT_EQ(get("/overview").json()["needs_you"], json::array()) << "it was removed, and its asset made since";
  state.last_attempt->run = 1;
  EXPECT_EQ(get("/overview").json()["needs_you"].size(), 1u) << "a step may report what nobody declared";
}

TEST_F(RoutesTest, TheOverviewSaysInWhichPartitionsACheckFails) {
  auto project = std::make_shared<Project>(*service.current);
  auto& spec = project->definitions.assets[3].partitions;  // stg
  spec = PartitionsSpec{{{"", StaticPartitionsSpec{{"asia", "eu", "us"}}}}};
  service.current = project;
  service.table.project = project;
  AssetState& state = service.table.states[3];
  state.last_attempt = AssetState::Attempt{.run = 1, .status = StepStatus::succeeded, .at = at(3)};
  state.checks["not_null"] = CheckStatus::passed;
  state.partitions = std::make_shared<const PartitionStates>(PartitionStates{*spec, IndexSet::range(0, 3), {}, {{"not_null", IndexSet::range(1, 3)}}});
  start();
  const auto needs = [&] { return get("/overview").json()["needs_you"]; };
  ASSERT_EQ(needs().size(), 1u);
  EXPECT_EQ(needs()[0]["detail"], "in 2 partitions: eu, us");
  EXPECT_EQ(needs()[0]["run_id"], nullptr) << "its result is forgotten";
  state.waivers[{"not_null", "us"}] = Waiver{.by = "anna", .reason = "known", .until = at(100'000'000)};
  EXPECT_EQ(needs()[0]["detail"], "in 1 partition: eu");
  state.partitions = std::make_shared<const PartitionStates>(PartitionStates{*spec, IndexSet::range(0, 3), IndexSet::range(1, 2), {{"not_null", IndexSet::range(1, 2)}}});
  ASSERT_EQ(needs().size(), 1u) << "the partition is listed because of it";
  EXPECT_EQ(needs()[0]["kind"], "partitions_failed");
}

TEST_F(RoutesTest, TheRestAnswers) {
  commit_failed_run();
  service.schedule_views = {{.spec = {.name = "nightly", .job = "nightly", .cron = "0 2 * * *", .timezone = "UTC"}, .next_ticks = {at(9)}}};
  start();
  EXPECT_EQ(get("/schedules").json()["items"][0]["select"], "+gold");
  EXPECT_EQ(get("/schedules/nightly").json()["next_ticks"].size(), 1u);
  EXPECT_EQ(get("/schedules/nigthly").status, 404);
  EXPECT_EQ(get("/jobs").json()["items"][0]["assets"], 3);
  EXPECT_EQ(get("/project").json()["access"], "open");
  EXPECT_EQ(get("/select?select=stg%2B").json()["keys"], json({"stg", "gold"}));
  EXPECT_EQ(get("/overview?days=3").json()["history"]["days"].size(), 3u);
  for (const char* target : {"/pools", "/queue", "/definitions", "/audit", "/schedules/nightly/ticks", "/assets/stg/materializations", "/assets/stg/checks",
                             "/assets/stg/attempts", "/assets/stg/partitions", "/assets/stg/events"})
    EXPECT_EQ(get(target).status, 200) << target;
}

TEST_F(RoutesTest, TheProjectSaysThatItsStoreIsLatchedAlsoWhenThatCannotBeRead) {
  service.latched = {{"since", "2026-01-01T00:00:00.000Z"}, {"why", "it is gone"}};
  start();
  std::filesystem::remove_all(dir);
  const auto answer = get("/project");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["latched"]["why"], "it is gone");
  EXPECT_EQ(answer.json()["as_of"], nullptr);
}

TEST_F(RoutesTest, TheQueueHoldsStepsRunsAndLimits) {
  commit_failed_run();
  RunRecord run;
  run.id = 7;
  run.select = "gold";
  run.priority = 2;
  service.queue_view.runs.push_back({run, {{"limit", "limit runs", "1 of 1 held by run 1, for 3 s", at(2)}}});
  service.queue_view.limits.push_back({"runs", 1, 1});
  for (int i = 0; i < 3; ++i) service.queue_view.steps.push_back({1, "stg", "", StepStatus::ready, at(i), {}});
  service.pool_views = {{.name = "gpu", .slots = 3, .used = 1, .defined = 1, .resized = PoolSize{"gpu", 3, 1, "ann", "night", at(4)}}, {.name = "cpu", .slots = 2, .defined = 2}};
  start();
  const auto queue = get("/queue?limit=2").json();
  EXPECT_EQ(queue["items"].size(), 2u);
  EXPECT_FALSE(queue["next_cursor"].is_null());
  const auto rest = get("/queue?limit=2&cursor=" + queue["next_cursor"].get<std::string>()).json();
  ASSERT_EQ(rest["items"].size(), 1u);
  EXPECT_EQ(rest["items"][0]["since"], format_time(at(2)));
  EXPECT_TRUE(rest["next_cursor"].is_null());
  EXPECT_EQ(queue["runs"][0]["run_id"], "7");
  EXPECT_EQ(queue["runs"][0]["priority"], 2);
  EXPECT_EQ(queue["runs"][0]["blocked_by"][0]["what"], "limit runs");
  EXPECT_EQ(queue["limits"], json::parse(R"([{"name": "runs", "limit": 1, "used": 1}])"));
  const auto pools = get("/pools").json()["items"];
  EXPECT_EQ(pools[0]["defined_slots"], 1);
  EXPECT_EQ(pools[0]["resized"]["by"], "ann");
  EXPECT_EQ(pools[0]["resized"]["reason"], "night");
  EXPECT_TRUE(pools[1]["resized"].is_null());
}

TEST_F(RoutesTest, AClockThatWasSetBackLeavesADurationUnknown) {
  RunRecord run;
  run.id = 1;
  run.definitions_version = 3;
  run.steps_total = 4;
  run.status = RunStatus::succeeded;
  run.started_at = at(60);
  run.ended_at = at(2);
  CommitBatch batch;
  batch.changes.push_back(RunCreated{run, std::make_shared<RunPlan>(plan)});
  StepOutcome outcome{.asset = "stg", .run = 1, .attempt = 1, .status = StepStatus::succeeded};
  outcome.started_at = at(60);
  outcome.ended_at = at(2);
  batch.outcomes.push_back(outcome);
  outcome.attempt = 2;
  outcome.ended_at = at(63);
  batch.outcomes.push_back(outcome);
  commit(std::move(batch));
  start();
  EXPECT_TRUE(get("/runs/1").json()["duration_ms"].is_null());
  const auto attempts = get("/assets/stg/attempts").json()["items"];
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0]["duration_ms"], 3'000);
  EXPECT_TRUE(attempts[1]["duration_ms"].is_null());
}

TEST_F(RoutesTest, AlertsSayHowTheirDeliveryStands) {
  CommitBatch batch;
  for (int i = 0; i < 3; ++i) {
    AlertRecord alert;
    alert.id = "a" + std::to_string(i);
    alert.rule = i == 2 ? "other" : "ops";
    alert.event = "run_failed";
    alert.at = at(i);
    alert.run = i + 1;
    alert.asset = "gold";
    alert.cause = "gold";
    alert.state = i == 1 ? AlertState::delivered : AlertState::pending;
    alert.attempts = 2;
    alert.last_error = "the webhook answered HTTP 500";
    alert.next_attempt_at = at(9);
    alert.body = {{"title", "gold failed"}, {"secret", "no"}};
    batch.alerts.push_back(AlertRaised{alert});
  }
  batch.alerts.push_back(SilenceAdded{{"5f3a9c21", "ops", "", "night", "ann", at(0), at(100'000'000)}});
  batch.alerts.push_back(SilenceAdded{{"00000000", "ops", "", "over", "ann", WallTime(), WallTime(Millis(1))}});
  commit(std::move(batch));
  AlertSpec rule{.name = "ops", .on = {AlertEvent::run_failed}};
  rule.webhook = WebhookSpec{"${secret:OPS}", WebhookForm::json, "${secret:KEY}"};
  service.current->definitions.alerts.push_back(rule);
  start();
  const auto first = get("/alerts?limit=2").json();
  EXPECT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["items"][0]["id"], "a2") << "newest first";
  EXPECT_EQ(first["items"][0]["title"], "gold failed");
  EXPECT_EQ(first["items"][0]["next_attempt_at"], format_time(at(9)));
  EXPECT_FALSE(first["items"][0].contains("body"));
  const auto second = get("/alerts?limit=2&cursor=" + first["next_cursor"].get<std::string>()).json();
  EXPECT_EQ(second["items"][0]["id"], "a0");
  EXPECT_TRUE(second["next_cursor"].is_null());
  EXPECT_EQ(get("/alerts?state=delivered,failed").json()["items"].size(), 1u);
  EXPECT_EQ(get("/alerts?rule=ops&state=pending").json()["items"].size(), 1u);
  EXPECT_EQ(get("/alerts?run=3").json()["items"][0]["id"], "a2");
  EXPECT_EQ(get("/alerts?state=sent").status, 422);
  EXPECT_EQ(get("/alerts/a1").json()["body"]["title"], "gold failed");
  EXPECT_EQ(get("/alerts/nowhere").status, 404);
  const auto silences = get("/alerts/silences").json()["items"];
  ASSERT_EQ(silences.size(), 1u) << "what is over is not shown";
  EXPECT_EQ(silences[0]["reason"], "night");
  const auto rules = get("/alerts/rules").json()["items"];
  EXPECT_EQ(rules[0]["signed"], true);
  EXPECT_EQ(rules[0]["receiver"], "webhook");
  EXPECT_EQ(rules.dump().find("secret"), std::string::npos);
}

TEST_F(RoutesTest, EveryAnswerSaysAtWhichEventItIsTrue) {
  commit_failed_run();
  start();
  for (const char* target : {"/assets/stg/checks", "/runs", "/runs/1", "/runs/1/steps", "/schedules", "/pools", "/queue", "/definitions", "/audit", "/project"})
    EXPECT_EQ(get(target).json()["as_of"], 3) << target;
}

TEST_F(RoutesTest, WithoutDefinitionsItSaysThatTheyAreBeingLoaded) {
  service.current = nullptr;
  service.table.project = nullptr;
  start();
  for (const char* target : {"/assets", "/assets/stg", "/lineage", "/jobs", "/select?select=*"}) {
    const auto answer = get(target);
    EXPECT_EQ(answer.status, 503) << target;
    EXPECT_EQ(answer.headers.count("retry-after"), 1u);
  }
}

}  // namespace
}  // namespace assetd::test
