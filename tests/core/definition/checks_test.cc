// anomaly:, steps: and openlineage:, read and refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/definition/compiled.h"
#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using testing::load;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> check_errors(const std::string& keys) {
  return load("assets:\n  - key: a\n    run: {command: [x]}\n    checks: [{name: c, " + keys + "}]\n").lines();
}

TEST(LoadChecks, AnAnomalyWithItsDefaults) {
  const auto loaded = load("assets:\n  - key: a\n    run: {command: [x]}\n    checks: [{name: rows, anomaly: {metric: row_count}}, {name: all, anomaly: {metric: m, sigma: 2.5, last: 30, min: 10}}]\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& checks = loaded.definitions.checks;
  ASSERT_EQ(checks.size(), 2u);
  EXPECT_EQ(checks[1].anomaly, (AnomalySpec{"row_count", 3, 14, 5}));
  EXPECT_EQ(checks[0].anomaly, (AnomalySpec{"m", 2.5, 30, 10}));
  EXPECT_EQ(from_compiled(to_compiled(loaded.definitions)), loaded.definitions);
}

TEST(LoadChecks, EachKeyOfAnAnomalyIsChecked) {
  EXPECT_THAT(check_errors("anomaly: {sigma: 3}"), ElementsAre("4:33 anomaly: needs the key \"metric\""));
  EXPECT_THAT(check_errors("anomaly: {metric: m, sigma: -1}"), ElementsAre("4:52 \"sigma\" of anomaly: must be a number from 0.0 to 1000.0, not the number -1"));
  EXPECT_THAT(check_errors("anomaly: {metric: m, last: 1}"), ElementsAre("4:51 \"last\" of anomaly: must be a whole number from 2 to 1000, not the number 1"));
  EXPECT_THAT(check_errors("anomaly: {metric: m, min: 20}"), ElementsAre("4:50 min: 20 is more than last: 14, so it would never judge (make it at most as large)"));
  EXPECT_THAT(check_errors("anomaly: {metric: m, sigmas: 3}"), ElementsAre("4:45 unknown key \"sigmas\" of anomaly: (did you mean \"sigma\"?)"));
  EXPECT_THAT(check_errors("anomaly: {metric: m}, run: {command: [x]}"),
              ElementsAre("4:33 a check has either run: or anomaly:, not both (the daemon judges an anomaly by itself; write two checks)"));
  EXPECT_THAT(check_errors("anomaly: {metric: m}, depends_on: [a]"),
              ElementsAre("4:58 an anomaly is one of the asset's own materialization: it depends on nothing else (remove depends_on:)"));
  EXPECT_EQ(check_errors("anomaly: rows").size(), 1u);
}

TEST(LoadChecks, JobsAndSchedulesSayWhatTheirRunsDo) {
  const auto loaded = load(
      "assets: [{key: a, run: {command: [x]}}]\n"
      "jobs: [{name: j, select: a, steps: checks}, {name: k, select: a}]\n"
      "schedules: [{name: s, job: j, cron: \"@daily\", timezone: UTC, steps: assets}]\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_EQ(loaded.definitions.jobs[0].terms.steps, StepsMode::checks);
  EXPECT_EQ(loaded.definitions.jobs[1].terms.steps, std::nullopt);
  EXPECT_EQ(loaded.definitions.schedules[0].terms.steps, StepsMode::assets);
  EXPECT_EQ(from_compiled(to_compiled(loaded.definitions)), loaded.definitions);
  EXPECT_EQ(load("assets: [{key: a, run: {command: [x]}}]\njobs: [{name: j, select: a, steps: check}]\n").lines().size(), 1u);
}

std::vector<std::string> lineage_errors(const std::string& keys) { return load("assets: [{key: a, run: {command: [x]}}]\nopenlineage: {" + keys + "}\n").lines(); }

TEST(LoadOpenLineage, IsARuleOfItsOwn) {
  const auto loaded = load(
      "name: shop\nassets: [{key: a, run: {command: [x]}}]\n"
      "openlineage: {url: \"https://m.example/api/v1/lineage\", headers: {Authorization: \"Bearer ${secret:KEY}\", X-Team: growth}, timeout: 5s, give_up: 2d}\n");
  ASSERT_THAT(loaded.lines(), IsEmpty());
  ASSERT_EQ(loaded.definitions.alerts.size(), 1u);
  const auto& rule = loaded.definitions.alerts[0];
  EXPECT_EQ(rule.name, "openlineage");
  EXPECT_THAT(rule.on, IsEmpty());
  EXPECT_EQ(rule.openlineage, (OpenLineageSpec{"https://m.example/api/v1/lineage", "shop", {{"Authorization", "Bearer ${secret:KEY}"}, {"X-Team", "growth"}}}));
  EXPECT_EQ(std::pair(rule.timeout, rule.give_up), std::pair(Millis(5'000), Millis(172'800'000)));
  EXPECT_EQ(from_compiled(to_compiled(loaded.definitions)), loaded.definitions);
}

TEST(LoadOpenLineage, EachKeyIsChecked) {
  const std::string url = "url: \"https://m.example\"";
  EXPECT_THAT(lineage_errors("namespace: x"), ElementsAre("2:14 openlineage: needs the key \"url\""));
  EXPECT_THAT(lineage_errors("url: \"ftp://m.example\""), ElementsAre("2:20 \"url\" must be https://… or http://…, not \"ftp://m.example\" (a secret one is written ${secret:NAME})"));
  EXPECT_THAT(lineage_errors(url + ", headers: {Authorization: \"Bearer abc\"}"),
              ElementsAre("2:50 the value of Authorization can't be written out: it would be stored and shown (write it as \"Bearer ${secret:NAME}\")"));
  EXPECT_THAT(lineage_errors(url + ", headers: {\"a b\": c}"), ElementsAre("2:50 \"a b\" is no name of an HTTP header"));
  EXPECT_EQ(lineage_errors(url + ", timeout: 2m").size(), 1u);
  EXPECT_EQ(lineage_errors(url + ", form: slack").size(), 1u);
  EXPECT_EQ(load("assets: [{key: a, run: {command: [x]}}]\nopenlineage: {" + url + "}\nalerts: [{name: openlineage, on: [run_failed], webhook: \"https://x.example\"}]\n").lines().size(), 1u)
      << "the name is taken";
}

}  // namespace
}  // namespace assetd
