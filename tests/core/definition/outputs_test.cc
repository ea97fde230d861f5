// outputs: of a run block with a command.

#include "core/definition/outputs.h"
#include "core/version/provenance.h"
#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load;
using testing::load_files;

std::string asset_with(const std::string& run) { return "assets: [{key: a, run: {" + run + "}}]\n"; }

TEST(Outputs, AreLookedAtByAProgramThatRunsTheCommand) {
  const auto loaded = load(asset_with("command: [make, it], outputs: [data/a.csv, \"parts/./*.parquet\", \"b[1].txt\"], stop_signal: INT"));
  ASSERT_THAT(loaded.lines(), IsEmpty());
  const auto& run = *loaded.definitions.assets.front().run;
  EXPECT_EQ(run.plugin, kOutputsPlugin);
  EXPECT_THAT(run.command, ElementsAre("make", "it")) << "it is shown, and its files are of the code version";
  EXPECT_EQ(run.config, nlohmann::json::parse(R"({"command": ["make", "it"], "outputs": ["data/a.csv", "parts/*.parquet", "b[1].txt"]})"));
  EXPECT_EQ(run.stop_signal, "INT");
}

TEST(Outputs, ArePathsFromTheFileThatNamesThem) {
  const auto loaded = load_files({{"assetd.yaml", "include: [more/a.yaml]\n"}, {"more/a.yaml", asset_with("command: [x], outputs: [out.csv, ../other/b.csv]")}});
  ASSERT_THAT(loaded.lines(), IsEmpty());
  EXPECT_THAT(loaded.definitions.assets.front().run->config.at("outputs"), ElementsAre("more/out.csv", "other/b.csv"));
}

TEST(Outputs, ChangeTheVersionOfTheCode) {
  const auto version = [](const std::string& run) { return code_version_of(load(asset_with(run)).definitions.assets.front()); };
  EXPECT_NE(version("command: [x], outputs: [a]"), version("command: [x], outputs: [b]"));
  EXPECT_EQ(version("command: [x], outputs: [a]"), version("command: [x], outputs: [./a]"));
}

TEST(Outputs, WhatIsOutsideTheProjectIsRefusedWhereItStands) {
  for (const auto* path : {"/etc/passwd", "../a.csv", "..", "data/../../a.csv"}) {
    const auto lines = load("assets:\n  - key: a\n    run:\n      command: [x]\n      outputs: [fine, " + std::string(path) + "]\n").lines();
    ASSERT_EQ(lines.size(), 1U) << path;
    EXPECT_THAT(lines.front(), HasSubstr("5:23 \"" + std::string(path) + "\" is no file of the project (write it relative to this file")) << path;
  }
  const auto whole = load(asset_with("command: [x], outputs: [data/..]")).lines();
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_THAT(whole.front(), HasSubstr("all of the project is more than that"));
}

TEST(Outputs, OfAnotherFormAreRefused) {
  const auto error = [](const std::string& run) {
    const auto lines = load(asset_with(run)).lines();
    return lines.size() == 1 ? lines.front() : std::to_string(lines.size()) + " errors";
  };
  EXPECT_THAT(error("command: [x], outputs: a.csv"), HasSubstr("write [a.csv]"));
  EXPECT_THAT(error("command: [x], outputs: []"), HasSubstr("a list of paths and patterns"));
  EXPECT_THAT(error("command: [x], outputs: {a: b}"), HasSubstr("a list of paths and patterns"));
  EXPECT_THAT(error("command: [x], outputs: [\"\"]"), HasSubstr("not \"\""));
  EXPECT_THAT(error("command: [x], outputs: [[a]]"), HasSubstr("\"outputs\""));
  EXPECT_THAT(error("command: [x], output: [a]"), HasSubstr("did you mean \"outputs\""));
  EXPECT_THAT(error("plugin: exec_outputs, command: [x], outputs: [a]"), HasSubstr("leave plugin: out"));
  EXPECT_THAT(error("outputs: [a]"), HasSubstr("command"));
}

TEST(Outputs, AreNoneOfACheck) {
  const auto lines = load("assets: [{key: a, run: {command: [x]}, checks: [{name: c, run: {command: [y], outputs: [a]}}]}]\n").lines();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines.front(), HasSubstr("a check makes no data"));
}

}  // namespace
}  // namespace assetd
