#include "daemon/execution/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace assetd {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr char kAttempt[] = "0123456789abcdef0123456789abcdef";

json decode_pipes(const std::string& encoded) {
  std::string packed(encoded.size(), '\0'), plain(4 << 20, '\0');
  const auto length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(packed.data()), reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size()));
  auto size = static_cast<uLongf>(plain.size());
  uncompress(reinterpret_cast<Bytef*>(plain.data()), &size, reinterpret_cast<const Bytef*>(packed.data()), static_cast<uLong>(length));
  return json::parse(plain.substr(0, size));
}

class LauncherTest : public ::testing::Test {
 protected:
  LauncherTest() {
    std::string name = fs::temp_directory_path() / "assetd-launcher-XXXXXX";
    root_ = mkdtemp(name.data());
    for (const auto* dir : {"data/messages", "data/contexts", "data/attempts", "data/logs", "project/ml"}) fs::create_directories(root_ / dir);
    options_.project_dir = root_ / "project";
    options_.paths.data_dir = root_ / "data";
    options_.daemon_env = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent/ann"}, {"AWS_REGION", "eu"}, {"DAEMON_ONLY", "1"}};
    options_.secrets = [](const std::string& secret) -> std::expected<std::string, std::string> {
      if (secret == "TOKEN") return "t0p";
      return std::unexpected("there is no secret " + secret);
    };
    auto& batcher = options_.plugins["batcher"];
    batcher.name = "batcher";
    batcher.dir = "/plugins/batcher";
    batcher.command = {"{python}", "{plugin_dir}/main.py"};
  }
  ~LauncherTest() override { fs::remove_all(root_); }

  AssetSpec& asset(const std::string& key, const std::string& plugin) {
    auto& asset = definitions_.assets.emplace_back();
    asset.key = key;
    asset.run.emplace().plugin = plugin;
    return asset;
  }
  void member(const std::string& key) {
    auto& added = asset(key, "batcher");
    added.import = 0;
    added.batch = "build";
    added.data = {{"id", "model." + key}};
    added.code_version = "7";
  }
  /// The first unit of a run of everything, or the process of that check.
  Launch launch(CheckIndex check = kNone) {
    if (definitions_.imports.empty()) {
      auto& import = definitions_.imports.emplace_back();
      import.plugin = "batcher";
      import.name = "shop";
      import.config = {{"python", ".venv/bin/python"}, {"threads", 4}};
    }
    auto definitions = std::make_shared<Definitions>(definitions_);
    auto graph = std::make_shared<AssetGraph>(AssetGraph::build(*definitions).value());
    std::vector<AssetId> all(graph->size());
    for (AssetId id = 0; id < all.size(); ++id) all[id] = id;
    Launch made;
    made.plan = std::make_shared<RunPlan>(make_plan(*definitions, *graph, all, StepsMode::all));
    made.context = {1, definitions, graph};
    made.run.id = made.attempt.run = 41;
    made.attempt.id = kAttempt;
    made.attempt.number = 2;
    made.attempt.check = check;
    for (UnitIndex unit = 0; unit < made.plan->units().size(); ++unit)
      if (made.plan->units()[unit].check == check) {
        made.attempt.unit = unit;
        made.attempt.steps = made.plan->units()[unit].steps;
        break;
      }
    return made;
  }
  std::expected<SpawnRequest, LaunchError> prepare(const Launch& launch) {
    Launcher launcher(options_);
    return prepare(launcher, launch);
  }
  static std::expected<SpawnRequest, LaunchError> prepare(Launcher& launcher, const Launch& launch) {
    auto environment = launcher.environment(launcher.environment_of(launch));
    if (!environment) return std::unexpected(LaunchError{environment.error()});
    return launcher.prepare(launch, std::move(*environment));
  }
  SpawnRequest prepared(const Launch& launch) { return prepare(launch).value(); }
  static std::string variable(const SpawnRequest& request, const std::string& name) {
    for (const auto& each : request.env)
      if (each.starts_with(name + "=")) return each.substr(name.size() + 1);
    return "(unset)";
  }
  static json context(const SpawnRequest& request) { return decode_pipes(variable(request, "DAGSTER_PIPES_CONTEXT")).at("data"); }

  fs::path root_;
  LauncherOptions options_;
  Definitions definitions_;
};

TEST_F(LauncherTest, AnExecStepIsItsCommandInItsFolderWithItsFiles) {
  auto& run = *asset("gold/customers", "exec").run;
  run.command = {"python", "train.py"};
  run.cwd = "ml";
  const auto request = prepared(launch());
  EXPECT_EQ(request.attempt, kAttempt);
  EXPECT_THAT(request.argv, ElementsAre("python", "train.py"));
  EXPECT_EQ(request.cwd, options_.project_dir + "/ml");
  EXPECT_EQ(request.stdout_path, options_.paths.log(41, kAttempt, false));
  EXPECT_EQ(request.stderr_path, options_.paths.log(41, kAttempt, true));
  EXPECT_TRUE(fs::is_directory(options_.paths.log_dir(41)));
}

TEST_F(LauncherTest, LimitsGoAlongInTheKernelsUnits) {
  auto& run = *asset("a", "exec").run;
  run.command = {"true"};
  run.limits = {.memory = 2ull << 30, .cpu_millis = 1500, .cpu_time = Millis(600'000), .open_files = 1024, .processes = 200};
  const auto limits = prepared(launch()).limits;
  EXPECT_EQ(limits.memory_bytes, 2ull << 30);
  EXPECT_EQ(limits.cpu_millis, 1500u);
  EXPECT_EQ(limits.cpu_seconds, 600u);
  EXPECT_EQ(limits.open_files, 1024u);
  EXPECT_EQ(limits.processes, 200u);
}

TEST_F(LauncherTest, WithoutAFolderItIsTheProjects) {
  asset("a", "exec").run->command = {"true"};
  EXPECT_EQ(prepared(launch()).cwd, options_.project_dir);
}

TEST_F(LauncherTest, TheEnvironmentNamesTheStepAndPassesLittleElse) {
  auto& run = *asset("gold/customers", "exec").run;
  run.command = {"true"};
  run.env = {{"N_JOBS", "2"}, {"API", "${secret:TOKEN}"}};
  run.inherit_env = {"AWS_*"};
  const auto request = prepared(launch());
  EXPECT_EQ(variable(request, "ASSETD_RUN_ID"), "41");
  EXPECT_EQ(variable(request, "ASSETD_STEP"), "gold/customers");
  EXPECT_EQ(variable(request, "ASSETD_ASSET_KEY"), "gold/customers");
  EXPECT_EQ(variable(request, "ASSETD_ATTEMPT_ID"), kAttempt);
  EXPECT_EQ(variable(request, "ASSETD_ATTEMPT"), "2");
  EXPECT_EQ(variable(request, "ASSETD_PARTITION"), "");
  EXPECT_EQ(variable(request, "PATH"), "/usr/bin:/bin");
  EXPECT_EQ(variable(request, "AWS_REGION"), "eu");
  EXPECT_EQ(variable(request, "N_JOBS"), "2");
  EXPECT_EQ(variable(request, "API"), "t0p");
  EXPECT_EQ(variable(request, "DAEMON_ONLY"), "(unset)");
  EXPECT_TRUE(fs::is_directory(variable(request, "ASSETD_ARTIFACTS")));
}

TEST_F(LauncherTest, ThePipesContextIsWhatDagsterPipesReads) {
  auto& spec = asset("a", "exec");
  spec.run->command = {"true"};
  spec.code_version = "3";
  const auto request = prepared(launch());
  const auto read = context(request);
  EXPECT_EQ(read["asset_keys"], json::array({"a"}));
  EXPECT_EQ(read["code_version_by_asset_key"], (json{{"a", "3"}}));
  EXPECT_EQ(read["run_id"], "41");
  EXPECT_EQ(read["retry_number"], 1);
  EXPECT_TRUE(read["partition_key"].is_null());
  EXPECT_EQ(read["extras"]["assetd"]["attempt_id"], kAttempt);
  EXPECT_FALSE(read["extras"]["assetd"].contains("steps")) << "a plain command has no use for them";
  EXPECT_EQ(decode_pipes(variable(request, "DAGSTER_PIPES_MESSAGES")), (json{{"path", options_.paths.messages(kAttempt)}}));
}

TEST_F(LauncherTest, APluginIsRunWithTheImportsPythonAndToldItsSteps) {
  member("a");
  member("b");
  definitions_.assets[1].deps.push_back({"a", OnFailure::skip, {}});
  auto made = launch();
  made.run.options = {{"batcher", {{"full_refresh", true}}}, {"other", 1}};
  const auto request = prepared(made);
  EXPECT_THAT(request.argv, ElementsAre(options_.project_dir + "/.venv/bin/python", "/plugins/batcher/main.py", "run"));
  const auto ours = context(request)["extras"]["assetd"];
  EXPECT_EQ(ours["plugin"], "batcher");
  EXPECT_EQ(ours["import"]["threads"], 4);
  EXPECT_EQ(ours["options"], (json{{"full_refresh", true}}));
  EXPECT_EQ(ours["steps_mode"], "all");
  ASSERT_EQ(ours["steps"].size(), 2u);
  EXPECT_EQ(ours["steps"][1]["key"], "b");
  EXPECT_EQ(ours["steps"][1]["data"]["id"], "model.b");
  EXPECT_EQ(ours["steps"][1]["deps"], json::array({"a"}));
  EXPECT_EQ(ours["state_dir"], options_.paths.import_state("shop"));
}

TEST_F(LauncherTest, ARetryIsToldOnlyWhatItCarriesAndTheChecksOfThat) {
  member("a");
  member("b");
  for (const auto* home : {"a", "b"}) {
    auto& check = definitions_.checks.emplace_back();
    check.name = "unique";
    check.home = home;
    check.depends_on = {home};
    check.import = 0;
  }
  auto made = launch();
  made.attempt.steps.erase(made.attempt.steps.begin());
  const auto ours = context(prepared(made))["extras"]["assetd"];
  ASSERT_EQ(ours["steps"].size(), 1u);
  EXPECT_EQ(ours["steps"][0]["key"], "b");
  ASSERT_EQ(ours["checks"].size(), 1u);
  EXPECT_EQ(ours["checks"][0]["home"], "b");
}

TEST_F(LauncherTest, ACheckIsItsOwnProcess) {
  asset("a", "exec").run->command = {"make"};
  auto& check = definitions_.checks.emplace_back();
  check.name = "enough_rows";
  check.home = "a";
  check.depends_on = {"a"};
  check.run.emplace().plugin = "exec";
  check.run->command = {"check"};
  EXPECT_THAT(prepared(launch(0)).argv, ElementsAre("check"));
}

TEST_F(LauncherTest, AContextTooLargeForTheEnvironmentGoesIntoAFile) {
  member("a");
  std::string noise;  // does not pack
  std::uint32_t state = 1;
  for (int i = 0; i < 300'000; ++i) noise += static_cast<char>('!' + (state = state * 1664525 + 1013904223) % 89);
  definitions_.assets[0].data = {{"sql", noise}};
  const auto made = launch();
  const auto request = prepared(made);
  for (const auto& each : request.env) EXPECT_LT(each.size(), 128u << 10) << "execve takes no more for one string";
  const std::string path = decode_pipes(variable(request, "DAGSTER_PIPES_CONTEXT")).at("path");
  EXPECT_EQ(path, options_.paths.context(kAttempt));
  std::ifstream file(path);
  EXPECT_EQ(json::parse(file)["extras"]["assetd"]["steps"][0]["data"]["sql"], noise);
}

TEST_F(LauncherTest, WhatIsMissingIsNamed) {
  auto& spec = asset("a", "gone");
  const auto error = [&] { return prepare(launch()).error().why; };
  EXPECT_THAT(error(), HasSubstr("the plugin gone is not there"));
  spec.run->plugin = "exec";
  spec.run->command = {"true"};
  spec.run->env = {{"API", "${secret:NOPE}"}};
  EXPECT_THAT(error(), HasSubstr("NOPE"));
  spec.run->env.clear();
  spec.run->env_file = "missing.env";
  EXPECT_THAT(error(), HasSubstr(options_.project_dir + "/missing.env"));
}

TEST_F(LauncherTest, WhatNoProcessCanBeGivenIsNamed) {
  auto& run = *asset("a", "exec").run;
  const auto error = [&] { return prepare(launch()).error().why; };
  run.command = {""};
  EXPECT_EQ(error(), "the command names no program: its first part is empty");
  run.command = {"echo", std::string("a\0b", 3)};
  EXPECT_THAT(error(), HasSubstr("part 2 of the command holds a NUL byte"));
  run.command = {"echo"};
  run.env = {{"TOKEN", "caf\xe9"}};
  EXPECT_THAT(error(), HasSubstr("the variable TOKEN of its environment holds bytes that are not UTF-8"));
  run.env = {{"TOKEN", std::string(7u << 20, 'x')}};
  EXPECT_THAT(error(), HasSubstr("Linux takes 6 MiB at most"));
  run.env = {{"TOKEN", "café"}};
  EXPECT_EQ(variable(prepared(launch()), "TOKEN"), "café");
}

TEST_F(LauncherTest, NoWorkerIsLoadedAheadWhoseEnvironmentMayTakeTime) {
  options_.plugins["batcher"].serve = true;
  options_.daemon_env["ASSETD_SECRETS_COMMAND"] = "/nothing/may/call/this";
  member("a");
  const auto workers = [&] {
    const auto made = launch();
    return Launcher(options_).workers_of(*made.plan, made.context).size();
  };
  EXPECT_EQ(workers(), 1U);
  definitions_.assets[0].run->env = {{"API", "${secret:TOKEN}"}};
  EXPECT_EQ(workers(), 0U);
}

TEST_F(LauncherTest, WhereThePluginServesAnAttemptMayBeForked) {
  options_.plugins["batcher"].serve = true;
  member("a");
  definitions_.assets[0].run->env = {{"API", "${secret:TOKEN}"}};
  definitions_.assets[0].run->cwd = "ml";
  const auto warm = prepared(launch()).warm.value();
  EXPECT_THAT(warm.argv, ElementsAre(options_.project_dir + "/.venv/bin/python", "/plugins/batcher/main.py", "serve"));
  EXPECT_THAT(warm.env, ElementsAre("API=t0p", "HOME=/nonexistent/ann", "PATH=/usr/bin:/bin", "ASSETD_WORKER_LOG=" + warm.log_path)) << "nothing of the attempt";
  EXPECT_EQ(warm.cwd, options_.project_dir + "/ml");
  EXPECT_EQ(json::parse(warm.load), (json{{"protocol", 1},
                                          {"project_dir", options_.project_dir},
                                          {"state_dir", options_.paths.import_state("shop")},
                                          {"import", {{"python", ".venv/bin/python"}, {"threads", 4}}},
                                          {"run", json::object()}}));
  EXPECT_EQ(warm.key.size(), 64u) << "a hash: it says nothing of what is in it";
  EXPECT_TRUE(fs::is_directory(fs::path(warm.log_path).parent_path()));
}

TEST_F(LauncherTest, AWorkerIsAnothersWhenAnythingOfItDiffers) {
  options_.plugins["batcher"].serve = true;
  member("a");
  const auto key = [&] { return prepared(launch()).warm.value().key; };
  const auto first = key();
  EXPECT_EQ(key(), first);
  auto retried = launch();
  retried.attempt.number = 3;
  retried.run.id = retried.attempt.run = 42;
  retried.run.options = {{"batcher", {{"full_refresh", true}}}};
  EXPECT_EQ(prepared(retried).warm.value().key, first) << "what is of an attempt or a run is told to the fork";
  std::set<std::string> keys{first};
  const auto expect_another = [&](auto change) {
    change();
    EXPECT_TRUE(keys.insert(key()).second);
  };
  auto& run = *definitions_.assets[0].run;
  expect_another([&] { run.env = {{"N", "1"}}; });
  expect_another([&] { run.env = {{"N", "2"}}; });
  expect_another([&] { run.cwd = "ml"; });
  expect_another([&] { definitions_.imports[0].config["target"] = "stg"; });
  expect_another([&] { definitions_.imports[0].config["python"] = "/usr/bin/python3"; });
  expect_another([&] { run.config = {{"function", "f"}}; });
  expect_another([&] { options_.plugins["batcher"].version = "2"; });
  expect_another([&] { options_.plugins["batcher"].dir = "/elsewhere"; });
}

TEST_F(LauncherTest, WhatARunWillForkFromIsKnownWhenItBegins) {
  options_.plugins["batcher"].serve = true;
  member("a");
  member("b");
  asset("plain", "exec");
  const auto begun = launch();
  const auto workers = Launcher(options_).workers_of(*begun.plan, begun.context);
  ASSERT_EQ(workers.size(), 1u);
  auto first = begun;
  for (UnitIndex unit = 0; unit < begun.plan->units().size(); ++unit)
    if (const auto& steps = begun.plan->units()[unit].steps; begun.context.definitions->assets[begun.plan->asset(steps.front())].key == "a") first.attempt.unit = unit, first.attempt.steps = steps;
  EXPECT_EQ(workers[0].key, prepared(first).warm.value().key);
  for (auto& each : definitions_.assets) each.run->warm = false;
  const auto cold = launch();
  EXPECT_TRUE(Launcher(options_).workers_of(*cold.plan, cold.context).empty());
}

TEST_F(LauncherTest, WithoutAVerbForItOrWithWarmOffNoneIsForked) {
  auto& run = *asset("a", "batcher").run;
  EXPECT_FALSE(prepared(launch()).warm);
  options_.plugins["batcher"].serve = true;
  EXPECT_TRUE(prepared(launch()).warm);
  run.warm = false;
  EXPECT_FALSE(prepared(launch()).warm);
  run.warm = true;
  run.plugin = "exec";
  run.command = {"true"};
  EXPECT_FALSE(prepared(launch()).warm);
}

TEST_F(LauncherTest, ALargeLogOfAWorkerBeginsAnew) {
  options_.plugins["batcher"].serve = true;
  asset("a", "batcher");
  const auto log = prepared(launch()).warm.value().log_path;
  std::ofstream(log) << std::string(100, 'x');
  prepared(launch());
  EXPECT_TRUE(fs::exists(log));
  std::ofstream(log) << std::string(2 << 20, 'x');
  prepared(launch());
  EXPECT_FALSE(fs::exists(log));
}

TEST_F(LauncherTest, ResourcesArePassedWithAbsolutePaths) {
  asset("a", "exec").run->command = {"true"};
  definitions_.resources["warehouse"] = {"duckdb", {{"path", "data/w.duckdb"}}};
  const auto ours = context(prepared(launch()))["extras"]["assetd"];
  EXPECT_EQ(ours["resources"]["warehouse"], (json{{"kind", "duckdb"}, {"path", options_.project_dir + "/data/w.duckdb"}}));
}

TEST_F(LauncherTest, AfterTheEndOnlyLogsThatSaySomethingStay) {
  asset("a", "exec").run->command = {"true"};
  Launcher launcher(options_);
  const auto made = launch();
  for (int again = 0; again < 2; ++again) ASSERT_TRUE(prepare(launcher, made)) << "twice is harmless";
  const auto& paths = options_.paths;
  std::ofstream(paths.messages(kAttempt)) << "{}\n";
  std::ofstream(paths.log(41, kAttempt, false)) << "hello\n";
  std::ofstream(paths.log(41, kAttempt, true));
  fs::create_directories(paths.attempt_dir(kAttempt) + "/scratch");
  launcher.clean_up(kAttempt, 41);
  launcher.clean_up(kAttempt, 41);
  EXPECT_FALSE(fs::exists(paths.messages(kAttempt)));
  EXPECT_FALSE(fs::exists(paths.attempt_dir(kAttempt)));
  EXPECT_FALSE(fs::exists(paths.log(41, kAttempt, true)));
  EXPECT_TRUE(fs::exists(paths.log(41, kAttempt, false)));
}

}  // namespace
}  // namespace assetd
