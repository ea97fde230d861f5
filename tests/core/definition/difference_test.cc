#include "core/definition/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assetd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AssetSpec asset(const std::string& key, std::vector<std::string> deps = {}) {
  AssetSpec out;
  out.key = key;
  for (auto& dep : deps) out.deps.push_back({.asset = dep, .on_failure = OnFailure::skip, .source = {}});
  out.run = RunSpec{.plugin = "exec", .command = {"true"}};
  return out;
}

Definitions with(std::vector<AssetSpec> assets) {
  Definitions out;
  out.name = "shop";
  out.assets = std::move(assets);
  return out;
}

/// "~ asset a: run.command [\"true\"] -> [\"false\"]; …"
std::vector<std::string> told(const Definitions& before, const Definitions& after) {
  std::vector<std::string> out;
  for (const auto& change : difference(before, after)) {
    using Action = DefinitionChange::Action;
    std::string line = change.action == Action::added ? "+ " : change.action == Action::removed ? "- " : change.action == Action::renamed ? "> " : "~ ";
    line += change.kind + " " + change.name;
    if (!change.renamed_from.empty()) line += " from " + change.renamed_from;
    for (const auto& field : change.fields) line += "; " + field.field + " " + field.before.dump() + " -> " + field.after.dump();
    out.push_back(line);
  }
  return out;
}

TEST(Difference, OfTheSameIsNothingAlsoWhenLinesMoved) {
  auto before = with({asset("a"), asset("b", {"a"})}), after = before;
  after.assets[1].source = {"assetd.yaml", 7, 3};
  after.assets[1].deps[0].source = {"assetd.yaml", 8, 3};
  EXPECT_THAT(told(before, before), IsEmpty());
  EXPECT_THAT(told(before, after), IsEmpty());
}

TEST(Difference, NamesWhatCameWentAndChangedFieldByField) {
  auto before = with({asset("a"), asset("b", {"a"}), asset("gone")}), after = with({asset("a"), asset("b"), asset("new")});
  after.assets[0].run->command = {"false"};
  after.assets[0].tags = {{"team", "growth"}};
  after.assets[1].description = "what b is";
  EXPECT_THAT(told(before, after), ElementsAre("~ asset a; run.command [\"true\"] -> [\"false\"]; tags.team null -> \"growth\"",
                                               "~ asset b; deps.a \"skip\" -> null; description null -> \"what b is\"", "- asset gone", "+ asset new"));
}

TEST(Difference, DurationsAreAlsoToldAsFilesSayThem) {
  const auto json = [](const char* field, nlohmann::json before, nlohmann::json after) { return to_json({field, std::move(before), std::move(after)}); };
  EXPECT_EQ(json("every", 1000, 60000), (nlohmann::json{{"field", "every"}, {"before", 1000}, {"after", 60000}, {"before_text", "1s"}, {"after_text", "1m"}}));
  EXPECT_EQ(json("freshness.within", nullptr, 7'200'000)["after_text"], "2h");
  EXPECT_TRUE(json("freshness.within", nullptr, 7'200'000)["before_text"].is_null());
  for (const auto* other : {"run.env.timeout", "tags.every", "config.timeout", "slots"}) EXPECT_FALSE(json(other, 1000, 2000).contains("after_text")) << other;
  EXPECT_FALSE(json("retries.jitter", 0.1, 0.2).contains("after_text")) << "a share";
}

TEST(Difference, ARenameIsOneChange) {
  auto before = with({asset("old"), asset("other")}), after = with({asset("other"), asset("young")});
  after.assets[1].renamed_from = "old";
  EXPECT_THAT(told(before, after), ElementsAre("> asset young from old"));
  after.assets[1].group = "gold";
  EXPECT_THAT(told(before, after), ElementsAre("> asset young from old; group null -> \"gold\""));
  EXPECT_THAT(told(after, after), IsEmpty()) << "once it has its name";
}

TEST(Difference, CoversAllKindsInOrder) {
  auto before = with({asset("a")}), after = before;
  after.checks.push_back({.name = "rows", .home = "a"});
  after.jobs.push_back({.name = "nightly", .select = "*"});
  before.schedules.push_back({.name = "daily", .select = "*", .cron = "@daily", .timezone = "UTC"});
  after.schedules = before.schedules;
  after.schedules[0].cron = "@hourly";
  after.schedules[0].jitter = std::chrono::minutes(1);
  before.sensors.push_back({.name = "landing", .kind = SensorKind::file, .file = {.glob = "in/*"}, .select = "a", .source = {"assetd.yaml", 3, 1}});
  after.sensors = before.sensors;
  after.sensors[0].file.settle = Millis(5);
  after.sensors[0].source.line = 9;
  before.alerts.push_back({.name = "ops", .on = {AlertEvent::run_failed}, .program = {"tell"}});
  after.alerts = before.alerts;
  after.alerts[0].repeat = Millis(5);
  after.pools["gpu"] = {2};
  before.resources["warehouse"] = {"duckdb", {{"path", "/a"}}};
  after.resources["warehouse"] = {"duckdb", {{"path", "/b"}}};
  after.limits.runs = 3;
  EXPECT_THAT(told(before, after), ElementsAre("+ check a:rows", "+ job nightly", "~ schedule daily; cron \"@daily\" -> \"@hourly\"; jitter null -> 60000", "~ sensor landing; file.settle null -> 5", "~ alert ops; repeat null -> 5", "+ pool gpu",
                                               "~ resource warehouse; config.path \"/a\" -> \"/b\"", "~ project ; limits.runs null -> 3"));
}

TEST(Difference, AnImportIsComparedByNameAndNotByPlace) {
  ImportSpec dbt{.plugin = "dbt", .name = "shop"}, python{.plugin = "python", .name = "ml"};
  auto before = with({asset("a")}), after = before;
  before.imports = {dbt, python};
  after.imports = {python, dbt};
  before.assets[0].import = 0;
  after.assets[0].import = 1;
  EXPECT_THAT(told(before, after), IsEmpty());
}

}  // namespace
}  // namespace assetd::testing
