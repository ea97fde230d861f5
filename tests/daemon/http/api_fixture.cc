#include "tests/daemon/http/api_fixture.h"

namespace assetd::test {
namespace {

AssetSpec asset(const std::string& key, std::vector<std::string> deps, const std::string& group) {
  AssetSpec spec;
  spec.key = key;
  for (auto& dep : deps) spec.deps.push_back({dep, OnFailure::skip, {}});
  spec.group = group;
  spec.description = "About " + key;
  spec.run.emplace();
  spec.run->plugin = "exec";
  spec.run->command = {"/bin/true"};
  spec.source = {"assetd.yaml", 3, 5};
  return spec;
}

}  // namespace

ApiFixture::ApiFixture() {
  dir = std::filesystem::temp_directory_path() / ("assetd-api-" + std::to_string(getpid()) + "-" +
                                                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  service.data_paths.data_dir = dir.string();
  store = std::move(*Store::open(service.data_paths.store()));
  make_project();
}

ApiFixture::~ApiFixture() {
  server.reset();
  store.reset();
  std::filesystem::remove_all(dir);
}

void ApiFixture::make_project() {
  auto project = std::make_shared<Project>();
  project->version = 3;
  Definitions& definitions = project->definitions;
  definitions.name = "shop";
  definitions.assets = {asset("gold", {"stg"}, "gold"), asset("lake/raw", {}, "raw"), asset("report", {"lake/raw"}, "gold"), asset("stg", {"lake/raw"}, "silver")};
  definitions.checks = {{.name = "not_null", .home = "stg", .depends_on = {"stg"}, .blocking = true}};
  definitions.jobs = {{"nightly", "+gold", {}}};
  project->graph = *AssetGraph::build(definitions);
  service.current = project;
  service.table.project = project;
  service.table.states.resize(definitions.assets.size());
  plan = make_plan(definitions, project->graph, std::vector<AssetId>{0, 1, 2, 3}, StepsMode::all);
  const auto step_of = [&](const char* key) {
    StepIndex step = 0;
    while (project->graph.key(plan.asset(step)) != key) ++step;
    return step;
  };
  raw = step_of("lake/raw");
  stg = step_of("stg");
  gold = step_of("gold");
  report = step_of("report");
}

void ApiFixture::start(HttpOptions options) {
  options.listen = "127.0.0.1:0";
  options.store_path = service.data_paths.store();
  options.project_dir = dir.string();
  auto started = HttpServer::start(options, service);
  ASSERT_TRUE(started) << started.error();
  server = std::move(*started);
}

void ApiFixture::commit(CommitBatch batch) {
  ASSERT_TRUE(store->commit(batch));
  service.publish(batch.events);
}

Event ApiFixture::event(const std::string& type, RunId run, const std::string& asset) {
  Event out;
  out.at = at(0);
  out.type = type;
  out.run = run;
  out.asset = asset;
  out.subject = nlohmann::json::object();
  if (run != 0) out.subject["run_id"] = std::to_string(run);
  if (!asset.empty()) out.subject["key"] = asset;
  out.changes = {{"status", "running"}};
  return out;
}

void ApiFixture::commit_running_run() {
  RunRecord run;
  run.id = 1;
  run.definitions_version = 3;
  run.steps_total = 4;
  run.status = RunStatus::running;
  CommitBatch batch;
  batch.changes.push_back(RunCreated{run, std::make_shared<RunPlan>(plan)});
  commit(std::move(batch));
}

void ApiFixture::commit_failed_run() {
  RunRecord run;
  run.id = 1;
  run.select = "*";
  run.definitions_version = 3;
  run.steps_total = 4;
  run.created_at = at(0);
  run.started_at = at(1);
  CommitBatch batch;
  batch.changes.push_back(RunCreated{run, std::make_shared<RunPlan>(plan)});
  const auto ended = [&](StepIndex step, StepStatus status, const std::string& reason) {
    batch.changes.push_back(StepChanged{1, {step, status, 1, true, reason, reason, at(2), at(3), {}}, StepStatus::running, kAttempt});
  };
  AttemptRecord attempt{.id = kAttempt, .run = 1, .unit = plan.unit_of(stg), .number = 1, .steps = {stg}};
  attempt.intended_at = at(1);
  batch.changes.push_back(AttemptIntended{attempt});
  ended(raw, StepStatus::succeeded, "");
  ended(report, StepStatus::succeeded, "");
  ended(stg, StepStatus::failed, "check_failed");
  batch.changes.push_back(CheckReported{{1, 0, "not_null", "stg", stg, CheckStatus::failed, Severity::error, true, "3 rows", {}, at(3)}});
  batch.changes.push_back(StepsEnded{1, {gold}, StepStatus::skipped, "upstream_failed", stg, "stg failed", at(3)});
  attempt.outcome = AttemptOutcome::succeeded;
  attempt.started_at = at(2);
  attempt.ended_at = at(3);
  attempt.exit = ExitReport{};
  batch.changes.push_back(AttemptEnded{attempt});
  run.status = RunStatus::failed;
  run.ended_at = at(4);
  RunChanged change{run, RunStatus::running, {{"succeeded", 2}, {"failed", 1}, {"skipped", 1}}};
  change.causes = {{{"key", "stg"}, {"partition", nullptr}, {"status", "failed"}, {"reason", "check_failed"}, {"check", "not_null"}}};
  batch.changes.push_back(change);
  batch.events = {event("run_changed", 1), event("step_changed", 1, "stg"), event("asset_changed", 0, "stg")};
  commit(std::move(batch));
}

void ApiFixture::write_log(const std::string& text, bool err) {
  const std::string path = service.data_paths.log(1, kAttempt, err);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

}  // namespace assetd::test
