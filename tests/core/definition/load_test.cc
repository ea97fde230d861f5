#include <fstream>
#include <sstream>

#include "tests/core/definition/load_sample.h"
#include "tests/paths.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;
using testing::asset_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load;
using testing::load_files;
using ::testing::Pair;

TEST(Load, ReadsWhatAnAssetSays) {
  const auto loaded = load(
      "resources: {warehouse: {kind: duckdb, path: data/w.duckdb}}\n"
      "pools: {cpu: {slots: 2}}\n"
      "assets:\n"
      "  - key: gold/model\n"
      "    deps: [a, {asset: b, on_failure: continue}]\n"
      "    tags: {domain: growth}\n"
      "    code_version: 3\n"
      "    run:\n"
      "      command: [python, train.py]\n"
      "      cwd: ml\n"
      "      env: {N: 2}\n"
      "      timeout: 10m\n"
      "      queue_timeout: 2h\n"
      "      stop_signal: SIGINT\n"
      "      limits: {memory: 1.5GiB, cpu: 0.25, cpu_time: 90s, open_files: 64, processes: 20}\n"
      "    retries: {max: 2, delay: 5s, backoff: exponential, jitter: 0.1, max_delay: 1m, retry_on: [lost, timeout]}\n"
      "    pools: {cpu: 2}\n"
      "    uses: {warehouse: read}\n"
      "    checks: [{name: rows, blocking: true, run: {command: [check]}}]\n"
      "external: [a, {key: b, description: made by others}]\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& asset = asset_of(loaded, "gold/model");
  EXPECT_EQ(asset.source, (SourceRef{"assetd.yaml", 4, 5}));
  EXPECT_EQ(asset.deps, (std::vector<DependencySpec>{{"a", OnFailure::skip, {"assetd.yaml", 5, 12}},
                                                     {"b", OnFailure::proceed, {"assetd.yaml", 5, 23}}}));
  EXPECT_EQ(asset.code_version, "3");
  EXPECT_EQ(asset.retries, (RetrySpec{2, 5s, Backoff::exponential, 0.1, 1min, {"lost", "timeout"}}));
  ASSERT_TRUE(asset.run);
  EXPECT_THAT(asset.run->command, ElementsAre("python", "train.py"));
  EXPECT_EQ(asset.run->cwd, "ml");
  EXPECT_EQ(asset.run->stop_signal, "INT");
  EXPECT_EQ(asset.run->timeout, 10min);
  EXPECT_EQ(asset.run->queue_timeout, 2h);
  EXPECT_EQ(asset.run->limits, (LimitsSpec{1536ull << 20, 250, 90s, 64, 20}));
  EXPECT_THAT(asset.run->env, ElementsAre(Pair("N", "2")));
  EXPECT_THAT(asset.uses, ElementsAre(Pair("warehouse", HoldMode::read)));
  EXPECT_TRUE(asset_of(loaded, "b").external);
  EXPECT_EQ(asset_of(loaded, "b").description, "made by others");
  ASSERT_EQ(loaded.definitions.checks.size(), 1u);
  EXPECT_EQ(loaded.definitions.checks[0].home, "gold/model");
  EXPECT_TRUE(loaded.definitions.checks[0].blocking);
  EXPECT_EQ(loaded.definitions.checks[0].run->stop_signal, "TERM");
  EXPECT_EQ(loaded.definitions.resources.at("warehouse").config.at("path"), "/project/shop/data/w.duckdb");
}

TEST(Load, ResolvesVariablesWithTheirTypes) {
  const auto loaded = load(
      "vars: {n: 3, db: \"d-${env:ZONE:-eu}\"}\n"
      "assets:\n"
      "  - key: a\n"
      "    retries: {max: \"${vars.n}\"}\n"
      "    description: \"${vars.db} of ${env:USER}, $${vars.n}, ${HOME:-x}\"\n"
      "    run: {command: [x], env: {TOKEN: \"${secret:T}\"}}\n",
      "", {{"USER", "ann"}});
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_EQ(asset_of(loaded, "a").retries.max, 3);
  EXPECT_EQ(asset_of(loaded, "a").description, "d-eu of ann, ${vars.n}, ${HOME:-x}");
  EXPECT_EQ(asset_of(loaded, "a").run->env.at("TOKEN"), "${secret:T}");
}

TEST(Load, LaysTheEnvironmentOverTheProject) {
  const std::string yaml =
      "timezone: UTC\n"
      "vars: {db: prod}\n"
      "environments:\n"
      "  staging: {vars: {db: stg}, schedules: paused, imports: {shop: {target: stg, vars: {x: 2}}}}\n"
      "  other: {vars: {db: \"${env:MISSING}\"}}\n"
      "imports:\n"
      "  - {plugin: dbt, name: shop, target: prod, vars: {x: 1, y: 1}}\n"
      "assets: [{key: a, group: \"${vars.db}\", run: {command: [x]}}]\n"
      "schedules: [{name: s, select: a, cron: \"@daily\"}]\n";
  const auto plain = load(yaml), staging = load(yaml, "staging");
  ASSERT_THAT(plain.lines(), IsEmpty());
  ASSERT_THAT(staging.lines(), IsEmpty());
  EXPECT_EQ(asset_of(plain, "a").group, "prod");
  EXPECT_FALSE(plain.definitions.schedules[0].paused);
  EXPECT_EQ(plain.definitions.schedules[0].timezone, "UTC");
  EXPECT_EQ(asset_of(staging, "a").group, "stg");
  EXPECT_TRUE(staging.definitions.schedules[0].paused);
  EXPECT_EQ(staging.definitions.imports[0].config.at("target"), "stg");
  EXPECT_EQ(staging.definitions.imports[0].config.at("vars"), (nlohmann::json{{"x", 2}, {"y", 1}}));
}

TEST(Load, LaysPoolsAndResourcesOfTheEnvironmentOverTheProjects) {
  const std::string yaml =
      "vars: {place: data}\n"
      "pools: {gpu: {slots: 8}, cpu: 4}\n"
      "resources: {lake: {kind: folder, path: data/lake, note: kept}}\n"
      "environments:\n"
      "  staging: {vars: {place: staging}, pools: {gpu: 1, extra: {slots: 2}}, resources: {lake: {path: \"${vars.place}/lake\"}}, schedules: on}\n"
      "  bare: {pools: {gpu: 2}, resources: {pond: {kind: folder}}}\n"
      "assets: [{key: a, run: {command: [x]}}]\n";
  const auto plain = load(yaml), staging = load(yaml, "staging"), bare = load("environments:\n  bare: {pools: {gpu: 2}}\nassets: [{key: a, run: {command: [x]}}]\n", "bare");
  ASSERT_THAT(plain.lines(), IsEmpty());
  ASSERT_THAT(staging.lines(), IsEmpty());
  ASSERT_THAT(bare.lines(), IsEmpty());
  EXPECT_EQ(plain.definitions.pools.at("gpu").slots, 8);
  EXPECT_FALSE(plain.definitions.pools.contains("extra"));
  EXPECT_EQ(staging.definitions.pools.at("gpu").slots, 1);
  EXPECT_EQ(staging.definitions.pools.at("cpu").slots, 4);
  EXPECT_EQ(staging.definitions.pools.at("extra").slots, 2);
  EXPECT_EQ(staging.definitions.resources.at("lake").config.at("note"), "kept");
  EXPECT_THAT(staging.definitions.resources.at("lake").config.at("path").get<std::string>(), ::testing::EndsWith("staging/lake"));
  EXPECT_TRUE(staging.definitions.settings.value("schedules_on", false));
  EXPECT_FALSE(plain.definitions.settings.contains("schedules_on"));
  EXPECT_EQ(bare.definitions.pools.at("gpu").slots, 2);
}

TEST(Load, EnvironmentOfProjectAndAssetMergeAndTheNearerWins) {
  const auto loaded = load(
      "env: {A: project, B: project}\nenv_file: .env\ninherit_env: [AWS_*]\n"
      "imports: [{plugin: dbt, name: d, env: {A: import}}]\n"
      "assets: [{key: a, run: {command: [x], env: {B: asset}, env_file: ml/.env, inherit_env: [GCP]}}]\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& run = *asset_of(loaded, "a").run;
  EXPECT_THAT(run.env, ElementsAre(Pair("A", "project"), Pair("B", "asset")));
  EXPECT_EQ(run.env_file, "ml/.env");
  EXPECT_THAT(run.inherit_env, ElementsAre("AWS_*", "GCP"));
  EXPECT_EQ(loaded.definitions.imports[0].defaults.run.env.at("A"), "import");
  EXPECT_EQ(loaded.definitions.imports[0].defaults.run.env_file, ".env");
}

TEST(Load, WarmIsOnUnlessTheNearestThatSaysAnythingTurnsItOff) {
  const auto loaded = load(
      "warm: false\n"
      "imports: [{plugin: dbt, name: d, warm: true}, {plugin: dbt, name: e}]\n"
      "assets: [{key: a, run: {command: [x]}}, {key: b, run: {command: [x], warm: true}}]\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_TRUE(loaded.definitions.imports[0].defaults.run.warm);
  EXPECT_FALSE(loaded.definitions.imports[1].defaults.run.warm);
  EXPECT_FALSE(asset_of(loaded, "a").run->warm);
  EXPECT_TRUE(asset_of(loaded, "b").run->warm);
  EXPECT_TRUE(asset_of(load("assets: [{key: a, run: {command: [x]}}]\n"), "a").run->warm);
}

TEST(Load, AnchorsAndMergeKeys) {
  const auto loaded = load(
      "assets:\n"
      "  - &base {key: a, group: g, run: {command: [x]}}\n"
      "  - {<<: *base, key: b}\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_EQ(asset_of(loaded, "b").group, "g");
}

TEST(Load, PathsOfIncludedFilesAreRelativeToThem) {
  const auto loaded =
      load_files({{"assetd.yaml", "include: [more/a.yaml]\n"},
                  {"more/a.yaml", "assets: [{key: a, run: {command: [x], cwd: ../ml, env_file: .env}}]\n"}});
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_EQ(asset_of(loaded, "a").run->cwd, "ml");
  EXPECT_EQ(asset_of(loaded, "a").run->env_file, "more/.env");
  EXPECT_EQ(asset_of(loaded, "a").source.file, "more/a.yaml");
}

TEST(Load, AllThatAProjectCanSayIsInForce) {
  const auto loaded = load(
      "assets:\n"
      "  - key: a\n"
      "    run: {command: [x]}\n"
      "    automation: eager\n"
      "    partitions: {daily: {start: 2026-01-01}}\n"
      "    freshness: {within: 24h}\n"
      "sensors: [{name: s, file: {glob: \"x/*\"}, every: 10s, select: a}]\n"
      "alerts: [{name: o, on: [run_failed, freshness_violated], webhook: \"${secret:W}\"}]\n"
      "retention: {events: 90d, artifacts: 9d, max_bytes: 20GB}\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_THAT(loaded.definitions.warnings, IsEmpty());
  EXPECT_EQ(loaded.definitions.settings.at("retention").at("events"), "90d");
  EXPECT_EQ(asset_of(loaded, "a").freshness.within, 24h);
  EXPECT_EQ(asset_of(loaded, "a").automation, "eager");
  EXPECT_EQ(std::get<TimeWindowsSpec>(asset_of(loaded, "a").partitions->dimensions[0].of).start, "2026-01-01");
}

TEST(Load, AnAlertsProgramHasTheProjectsEnvironmentAndOtherReceiversNeedNone) {
  const auto loaded = load_files(
      {{"assetd.yaml",
        "env: {REGION: eu, TOKEN: \"${secret:T}\"}\n"
        "env_file: .env\n"
        "inherit_env: [AWS_*]\n"
        "assets: [{key: a, run: {command: [x]}}]\n"
        "alerts:\n"
        "  - {name: page, on: [run_failed], program: [./page.sh]}\n"
        "  - {name: hook, on: [run_failed], webhook: \"https://receiver.example\"}\n"}});
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& run = loaded.definitions.alerts.at(0).run;
  EXPECT_EQ(run.env, (std::map<std::string, std::string>{{"REGION", "eu"}, {"TOKEN", "${secret:T}"}}));
  EXPECT_EQ(run.env_file, ".env");
  EXPECT_EQ(run.inherit_env, std::vector<std::string>{"AWS_*"});
  EXPECT_EQ(loaded.definitions.alerts.at(1).run, RunSpec{});
}

TEST(Load, SensorsSayWhatToWatchForAndWhatToRun) {
  const auto loaded = load_files(
      {{"assetd.yaml",
        "env: {REGION: eu}\n"
        "assets: [{key: a, run: {command: [x]}}, {key: b, run: {command: [x]}}]\n"
        "resources: {db: {kind: sqlite, path: x.db}}\n"
        "sensors:\n"
        "  - {name: rows, sql: {resource: db, query: \"select max(id) from t\", when: rows}, select: a}\n"
        "  - {name: hook, webhook: {secret: \"${secret:KEY}\", form: github}, select: a, tags: [fast]}\n"
        "  - {name: after, asset: {select: a, on: [materialized, check_failed]}, select: b}\n"
        "  - {name: ask, run: {command: [./ask.sh], env: {KEY: \"${secret:K}\"}}, every: 2m, timeout: 5s}\n"},
       {"more/landing.yaml", "sensors: [{name: landing, file: {glob: \"in/*.json\", settle: 5s, per: file}, select: a, overlap: skip}]\n"}});
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& sensors = loaded.definitions.sensors;
  ASSERT_EQ(sensors.size(), 5u);
  EXPECT_EQ(sensors[0].sql, (SqlProbeSpec{"db", "select max(id) from t", "", SqlWhen::rows}));
  EXPECT_EQ(sensors[0].overlap, Overlap::skip);
  EXPECT_EQ(sensors[0].every, 1min);
  EXPECT_EQ(sensors[1].webhook.form, HookForm::github);
  EXPECT_EQ(sensors[1].terms.tags.count("fast"), 1u);
  EXPECT_THAT(sensors[2].asset.on, ElementsAre(AssetHappening::materialized, AssetHappening::check_failed));
  EXPECT_EQ(sensors[3].kind, SensorKind::program);
  EXPECT_THAT(sensors[3].run.env, ElementsAre(Pair("KEY", "${secret:K}"), Pair("REGION", "eu")));
  EXPECT_EQ(sensors[3].timeout, 5s);
  EXPECT_EQ(sensors[4].file.glob, "more/in/*.json") << "relative to the file that names it";
  EXPECT_EQ(sensors[4].file.per, FilesPer::file);
  EXPECT_EQ(sensors[4].every, 10s);
  EXPECT_EQ(sensors[4].source, (SourceRef{"more/landing.yaml", 1, 11}));
}

TEST(Load, AlertsSayWhomToTellOfWhat) {
  const auto loaded = load(
      "assets: [{key: a, run: {command: [x]}}]\n"
      "alerts:\n"
      "  - {name: hook, on: [run_failed, check_failed], webhook: \"${secret:W}\", secret: \"${secret:K}\", select: a+, owners: [\"team:growth\"], repeat: 4h, timeout: 5s, give_up: 2d}\n"
      "  - {name: chat, on: [run_canceled], webhook: \"https://chat.example/x\", form: slack}\n"
      "  - {name: mail, on: [run_succeeded], email: {server: \"smtps://mail.example\", from: a@example.com, to: [b@example.com], user: u, password: \"${secret:P}\"}}\n"
      "  - {name: script, on: [run_failed], program: [./tell.sh, ops]}\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& alerts = loaded.definitions.alerts;
  ASSERT_EQ(alerts.size(), 4U);
  EXPECT_EQ(alerts[0].on, (std::vector{AlertEvent::run_failed, AlertEvent::check_failed}));
  EXPECT_EQ(alerts[0].webhook, (WebhookSpec{"${secret:W}", WebhookForm::json, "${secret:K}"}));
  EXPECT_EQ(std::tuple(alerts[0].select, alerts[0].owners, alerts[0].repeat, alerts[0].timeout, alerts[0].give_up),
            std::tuple(std::string("a+"), std::vector<std::string>{"team:growth"}, Millis(4h), Millis(5s), Millis(48h)));
  EXPECT_EQ(alerts[1].webhook, (WebhookSpec{"https://chat.example/x", WebhookForm::slack, ""}));
  EXPECT_EQ(alerts[1].repeat, 1h);
  EXPECT_EQ(alerts[2].email, (EmailSpec{"smtps://mail.example", "a@example.com", {"b@example.com"}, "u", "${secret:P}"}));
  EXPECT_EQ(alerts[3].program, (std::vector<std::string>{"./tell.sh", "ops"}));
}

TEST(Load, LimitsAndWhatRunsAreGiven) {
  const auto loaded = load(
      "limits: {runs: 10, tags: {\"team=growth\": 2, backfill: 1}}\n"
      "pools: {gpu: 2, cpu: {slots: 3}}\n"
      "assets: [{key: a, run: {command: [x]}}]\n"
      "jobs: [{name: j, select: a, priority: -1, max_steps: 3, tags: {team: growth}}]\n"
      "schedules: [{name: s, job: j, cron: \"@daily\", timezone: UTC, priority: 2, tags: [nightly], jitter: 10m}]\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& d = loaded.definitions;
  EXPECT_EQ(d.limits, (RunLimits{10, {{"team=growth", 2}, {"backfill", 1}}}));
  EXPECT_EQ(d.pools, (std::map<std::string, PoolSpec>{{"cpu", {3}}, {"gpu", {2}}}));
  EXPECT_EQ(d.jobs[0].terms, (RunTerms{{}, -1, 3, {{"team", "growth"}}}));
  EXPECT_EQ(d.schedules[0].jitter, std::chrono::minutes(10));
  EXPECT_EQ(d.schedules[0].terms, (RunTerms{{}, 2, std::nullopt, {{"nightly", ""}}}));
}

TEST(Load, ADemandThatItsPoolCannotMeetIsAWarningSincePoolsCanGrow) {
  const auto loaded = load(
      "pools: {gpu: 1}\n"
      "assets:\n"
      "  - {key: a, pools: {gpu: 2}, run: {command: [x]}}\n"
      "  - {key: b, pools: {default: 5}, run: {command: [x]}}\n"
      "  - {key: c, pools: {default: 4, gpu: 1}, run: {command: [x]}}\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  std::vector<std::string> warnings;
  for (const auto& warning : loaded.definitions.warnings)
    warnings.push_back(std::to_string(warning.source.line) + ":" + std::to_string(warning.source.column) + " " + warning.message);
  EXPECT_THAT(warnings,
              ElementsAre("3:22 asks for 2 slots of the pool \"gpu\", which has 1: it can never start until the pool grows",
                          "4:22 asks for 5 slots of the pool \"default\", which has 4: it can never start until the pool grows"));
}

TEST(Load, AMisfireThatOverlapUndoesIsAWarning) {
  const std::string head = "name: s, select: a, cron: \"@daily\", timezone: UTC, misfire: ";
  const auto loaded = load("assets: [{key: a, run: {command: [x]}}]\n"
                           "schedules:\n"
                           "  - {" + head + "all}\n" +
                           "  - {" + head.substr(0, 6) + "t" + head.substr(7) + "all, overlap: allow}\n" +
                           "  - {" + head.substr(0, 6) + "u" + head.substr(7) + "once}\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  ASSERT_THAT(loaded.definitions.warnings, ::testing::SizeIs(1));
  const auto& warning = loaded.definitions.warnings[0];
  EXPECT_EQ(warning.source.line, 3);
  EXPECT_EQ(warning.source.column, 66);
  EXPECT_THAT(warning.message, ::testing::HasSubstr("misfire: all with overlap: skip makes up for the oldest missed tick only"));
}

TEST(Load, ExampleOfTheContractIsWhole) {
  std::ifstream file(testing::in_source("config/assetd.example.yaml"));
  std::stringstream text;
  text << file.rdbuf();
  const auto loaded = load(text.str() + "\nexternal: [gold_customers, bronze_events]\n");
  EXPECT_THAT(loaded.lines(), IsEmpty());
  EXPECT_EQ(loaded.definitions.imports.size(), 2u);
  EXPECT_EQ(loaded.definitions.name, "shop");
}

TEST(Load, NamesOfPartitionsAreTextsAsTheyAreWritten) {
  const auto loaded = load(
      "assets:\n"
      "  - {key: a, partitions: {static: [01, 02, 1.10, 2026-01-01, true, 0x10, '1']}, run: {command: [x]}}\n"
      "  - {key: c, partitions: {dynamic: 007}, run: {command: [x]}}\n"
      "  - {key: d, partitions: {multi: {day: {daily: {start: 2026-01-01, day_offset: 0, hour_offset: 6}}, static: {static: [08, 9]}}, per_process: 3}, run: {command: [x]}}\n"
      "  - {key: e, partitions: {static: [01]}, deps: [{asset: a, partitions: {only: [01, 1.10, true]}}], run: {command: [x]}}\n"
      "  - {key: f, partitions: {static: [offset, 5]}, deps: [{asset: a, partitions: {map: {offset: 02, 5: [01, 0x10]}}}], run: {command: [x]}}\n"
      "  - {key: g, partitions: {multi: {day: {daily: {start: 2026-01-01, hour_offset: 6}}, static: {static: [08, 9]}}},\n"
      "     deps: [{asset: d, partitions: {dimensions: {day: {offset: -1}, static: {only: [08]}}}}], run: {command: [x]}}\n");
  EXPECT_THAT(loaded.lines(), IsEmpty());
  const auto keys = [&](const char* key, std::size_t dimension) { return std::get<StaticPartitionsSpec>(asset_of(loaded, key).partitions->dimensions[dimension].of).keys; };
  EXPECT_THAT(keys("a", 0), ElementsAre("01", "02", "1.10", "2026-01-01", "true", "0x10", "1"));
  EXPECT_EQ(std::get<DynamicPartitionsSpec>(asset_of(loaded, "c").partitions->dimensions[0].of).name, "007");
  EXPECT_THAT(keys("d", 1), ElementsAre("08", "9"));
  EXPECT_EQ(std::get<TimeWindowsSpec>(asset_of(loaded, "d").partitions->dimensions[0].of).hour_offset, 6);
  EXPECT_EQ(asset_of(loaded, "d").partitions->per_process, 3);
  const auto mapping = [&](const char* key) { return asset_of(loaded, key).deps[0].partitions.dump(); };
  EXPECT_EQ(mapping("e"), R"({"only":["01","1.10","true"]})");
  EXPECT_EQ(mapping("f"), R"({"map":{"5":["01","0x10"],"offset":"02"}})");
  EXPECT_EQ(mapping("g"), R"({"dimensions":{"day":{"offset":-1},"static":{"only":["08"]}}})");
}

TEST(Load, WhatIsNoNameOfAPartitionIsAnErrorStill) {
  const auto of = [](const std::string& partitions) { return load("assets:\n  - {key: a, run: {command: [x]}, partitions: " + partitions + "}\n").lines(); };
  EXPECT_THAT(of("{static: [01, 01]}"), ElementsAre(HasSubstr("\"01\" stands twice")));
  EXPECT_THAT(of("{static: [[a]]}"), ElementsAre(HasSubstr("a partition is a text")));
  EXPECT_THAT(of("{static: [~]}"), ElementsAre(HasSubstr("a partition is a text")));
  EXPECT_THAT(of("{static: {a: 1}}"), ElementsAre(HasSubstr("takes a list of partitions")));
  EXPECT_THAT(of("{dynamic: [a]}"), ElementsAre(HasSubstr("takes the name of a set of partitions")));
  EXPECT_THAT(of("{multi: {}}"), ElementsAre(HasSubstr("takes two dimensions by name")));
}

}  // namespace
}  // namespace assetd
