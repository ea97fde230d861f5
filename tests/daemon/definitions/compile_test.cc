#include "daemon/definitions/plugin.h"
#include "tests/daemon/definitions/sample_project.h"

namespace assetd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

namespace fs = std::filesystem;

class Compile : public testing::SampleProject {};

TEST_F(Compile, DescribesMergesAndHashes) {
  write("assetd.yaml",
        "name: shop\nimports: [{plugin: fake, name: shop, folder: data, threads: 2}]\nassets: [{key: b, deps: [a], "
        "run: {command: [x]}}]\n");
  const auto result = compile();
  ASSERT_THAT(lines(result), IsEmpty());
  EXPECT_THAT(result.hash, SizeIs(64));
  const auto definitions = from_compiled(result.compiled).value();
  ASSERT_THAT(definitions.assets, SizeIs(2));
  EXPECT_EQ(definitions.assets[0].source, (SourceRef{"models/a.sql", 2, 1}));
  EXPECT_EQ(definitions.assets[0].run->stop_signal, "INT");
  EXPECT_EQ(definitions.imports[0].config.at("folder"), path("data"));
  EXPECT_EQ(compile().hash, result.hash);
  ASSERT_THAT(result.imports, SizeIs(1));
  EXPECT_EQ(result.imports[0].assets, 1u);
  EXPECT_TRUE(result.imports[0].ok);
}

TEST_F(Compile, TellsThePluginWhatTheProtocolSays) {
  write("assetd.yaml",
        "resources: {db: {kind: duckdb, path: w.db}}\nenv: {FROM_PROJECT: p}\nimports: [{plugin: fake, name: shop, "
        "folder: x, env: {FROM_IMPORT: i}}]\n");
  ASSERT_THAT(lines(compile()), IsEmpty());
  const auto request = nlohmann::json::parse(read("request.json"));
  EXPECT_EQ(request.at("project_dir"), options_.project_dir);
  EXPECT_EQ(request.at("state_dir"), options_.data_dir + "/imports/shop");
  EXPECT_TRUE(fs::is_directory(options_.data_dir + "/imports/shop"));
  EXPECT_EQ(request.at("environment"), nullptr);
  EXPECT_EQ(request.at("import").at("folder"), path("x"));
  EXPECT_EQ(request.at("import").at("name"), "shop");
  EXPECT_EQ(request.at("resources").at("db"), (nlohmann::json{{"kind", "duckdb"}, {"path", path("w.db")}}));
  EXPECT_THAT(read("environment"),
              AllOf(HasSubstr("FROM_IMPORT=i\n"), HasSubstr("FROM_PROJECT=p\n"), HasSubstr("PATH=")));
}

TEST_F(Compile, TellsErrorsOfFilesAndThoseOfTheWholeAtOnce) {
  write("assetd.yaml",
        "imports: [{plugin: fake, folder: x}]\n"
        "assets:\n"
        "  - {key: b, deps: [a, nobody], run: {command: [x]}, colour: red}\n"
        "jobs:\n"
        "  - {name: nightly, select: \"bb\"}\n");
  EXPECT_THAT(lines(compile()),
              ElementsAre(HasSubstr("assetd.yaml:3:24"), HasSubstr("unknown key \"colour\""), HasSubstr("job \"nightly\"")));
}

TEST_F(Compile, AnImportThatWasMisreadIsNotAskedAndItsAssetsNotMissed) {
  write("assetd.yaml",
        "imports:\n"
        "  - {plugin: fake, folder: \"${vars.nowhere}\"}\n"
        "assets:\n"
        "  - {key: b, deps: [a], run: {command: [x]}, colour: red}\n");
  EXPECT_THAT(lines(compile()), ElementsAre(HasSubstr("nowhere"), HasSubstr("unknown key \"colour\"")));
  EXPECT_EQ(read("asked"), "");
}

TEST_F(Compile, ImportWithoutANameTakesTheDescribedOneAndKeepsItsState) {
  write("assetd.yaml", "imports: [{plugin: fake, folder: x}]\n");
  const auto result = compile();
  ASSERT_THAT(lines(result), IsEmpty());
  EXPECT_EQ(result.imports[0].name, "from_fake");
  EXPECT_FALSE(nlohmann::json::parse(read("request.json")).at("import").contains("name"));
  EXPECT_TRUE(fs::equivalent(options_.data_dir + "/imports/from_fake",
                             nlohmann::json::parse(read("request.json")).at("state_dir").get<std::string>()));
}

TEST_F(Compile, SchemaErrorsPointAtTheKey) {
  write("assetd.yaml", "imports:\n  - plugin: fake\n    foldr: x\n    threads: many\n");
  EXPECT_THAT(
      lines(compile()),
      ElementsAre(
          AllOf(StartsWith("assetd.yaml:2:5 an import of the plugin \"fake\": "), HasSubstr("folder")),
          StartsWith(
              "assetd.yaml:3:5 unknown key \"foldr\" of an import of the plugin \"fake\" (did you mean \"folder\"?)"),
          StartsWith("assetd.yaml:4:5 \"threads\" of an import")));
}

TEST_F(Compile, UnchangedImportIsNotAskedAgain) {
  write("assetd.yaml", "imports: [{plugin: fake, name: shop, folder: x}]\n");
  write("models/a.sql", "select 1");
  write("answer.json", R"({"assets": [{"key": "a"}], "watch": [")" + path("models/**") + R"("]})");
  const auto first = compile();
  ASSERT_THAT(lines(first), IsEmpty());
  EXPECT_TRUE(is_unchanged(first.watch_state, options_));
  const auto second = compile();
  EXPECT_EQ(second.hash, first.hash);
  EXPECT_EQ(second.watch_state, first.watch_state);
  EXPECT_EQ(read("asked"), "asked\n");
  write("models/deep/b.sql", "select 2");
  EXPECT_FALSE(is_unchanged(first.watch_state, options_));
  ASSERT_THAT(lines(compile()), IsEmpty());
  EXPECT_EQ(read("asked"), "asked\nasked\n");
}

TEST_F(Compile, WhatDecidesTheOutcomeIsWatched) {
  ::setenv("ASSETD_TEST_ZONE", "eu", 1);
  write("assetd.yaml", "include: [more/*.yaml]\nvars: {zone: \"${env:ASSETD_TEST_ZONE}\"}\n");
  write("more/a.yaml", "assets: [{key: a, group: \"${vars.zone}\", run: {command: [x]}}]\n");
  const auto result = compile();
  ASSERT_THAT(lines(result), IsEmpty());
  EXPECT_THAT(result.watched, Contains(Field(&WatchedFile::path, path("more/a.yaml"))));
  ASSERT_TRUE(is_unchanged(result.watch_state, options_));
  ::setenv("ASSETD_TEST_ZONE", "us", 1);
  EXPECT_FALSE(is_unchanged(result.watch_state, options_));
  ::setenv("ASSETD_TEST_ZONE", "eu", 1);
  ASSERT_TRUE(is_unchanged(result.watch_state, options_));
  write("more/b.yaml", "assets: []\n");
  EXPECT_FALSE(is_unchanged(result.watch_state, options_));
  fs::remove(path("more/b.yaml"));
  ASSERT_TRUE(is_unchanged(result.watch_state, options_));
  write("more/a.yaml", "assets: []\n");
  EXPECT_FALSE(is_unchanged(result.watch_state, options_));
  auto staging = options_;
  staging.environment = "staging";
  EXPECT_FALSE(is_unchanged(result.watch_state, staging));
  EXPECT_FALSE(is_unchanged("not json", options_));
}

TEST_F(Compile, ErrorsOfDescribeStandAtTheirSourceWithTheLine) {
  write("assetd.yaml", "imports: [{plugin: fake, name: shop, folder: x}]\n");
  write("models/a.sql", "select\n  {{ ref('nope') }}\n");
  write("plugins/fake/main.sh",
        R"(echo '{"errors": [{"message": "no model nope", "hint": "write it", "source": {"file": ")" +
            path("models/a.sql") + R"(", "line": 2, "column": 3}}]}'; exit 1)");
  const auto result = compile();
  EXPECT_THAT(lines(result), ElementsAre("models/a.sql:2:3 no model nope (write it)"));
  EXPECT_EQ(result.errors[0].excerpt, "  {{ ref('nope') }}");
  EXPECT_TRUE(result.compiled.empty());
  EXPECT_FALSE(result.imports[0].ok);
}

TEST_F(Compile, WhatAFailedDescribeIsMendedWithIsWatched) {
  write("assetd.yaml", "imports: [{plugin: fake, name: shop, folder: defs.txt}]\n");
  write("models/a.sql", "select 1");
  write("answer.json", R"({"assets": [{"key": "a"}], "watch": ["models/**"]})");
  ASSERT_THAT(lines(compile()), IsEmpty());
  const auto fails_with = [&](const std::string& answer) {
    write("plugins/fake/main.sh", "echo '" + answer + "'; exit 1");
    const auto result = compile();
    EXPECT_THAT(result.errors, SizeIs(1));
    EXPECT_TRUE(is_unchanged(result.watch_state, options_));
    return result.watch_state;
  };
  const auto notices = [&](const std::string& state, const std::string& saved) {
    write(saved, "saved after " + state);
    return !is_unchanged(state, options_);
  };
  EXPECT_TRUE(notices(fails_with("no json"), "models/a.sql")) << "of the last good answer";
  EXPECT_TRUE(notices(fails_with("no json"), "defs.txt")) << "in the import's configuration";
  EXPECT_TRUE(notices(fails_with("no json"), "plugins/fake/more.sh"));
  EXPECT_TRUE(notices(fails_with(R"({"errors": [{"message": "x"}], "watch": ["new/*.sql"]})"), "new/b.sql")) << "named by the plugin that failed";
  EXPECT_TRUE(notices(fails_with(R"({"errors": [{"message": "x", "source": {"file": "other/c.sql", "line": 1}}]})"), "other/c.sql")) << "where an error stands";
  EXPECT_FALSE(notices(fails_with("no json"), "data/d.csv")) << "nothing of the import";
}

TEST_F(Compile, AStateIsLookedAtAgain) {
  write("assetd.yaml", "include: [more/*.yaml]\nimports: [{plugin: fake, name: shop, folder: x}]\n");
  write("answer.json", R"({"assets": [{"key": "a"}], "watch": ["models/**"]})");
  const auto state = compile().watch_state;
  EXPECT_EQ(looked_at_again(state, options_), state);
  write("models/a.sql", "select 1");
  const auto again = looked_at_again(state, options_);
  EXPECT_FALSE(is_unchanged(state, options_));
  EXPECT_TRUE(is_unchanged(again, options_));
  write("more/b.yaml", "assets: []\n");
  EXPECT_FALSE(is_unchanged(again, options_));
}

TEST_F(Compile, AStateThatCannotBeReadIsThatOfAssetdYaml) {
  const auto again = looked_at_again("not json", options_);
  EXPECT_TRUE(is_unchanged(again, options_));
  write("assetd.yaml", "assets: []\n");
  EXPECT_FALSE(is_unchanged(again, options_));
}

TEST_F(Compile, CrashOfDescribeShowsTheEndOfItsErrors) {
  write("assetd.yaml", "imports:\n  - {plugin: fake, name: shop, folder: x}\n");
  write("plugins/fake/main.sh", "echo first >&2; echo 'KeyError: nodes' >&2; kill -SEGV $$");
  EXPECT_THAT(
      lines(compile()),
      ElementsAre(
          AllOf(StartsWith(
                    "assetd.yaml:2:5 the import \"shop\" (plugin \"fake\") failed to describe its assets: signal 11 ("),
                EndsWith("\n  first\n  KeyError: nodes"))));
  write("plugins/fake/main.sh", "echo oops");
  EXPECT_THAT(lines(compile()), ElementsAre(HasSubstr("answered no JSON object")));
}

TEST_F(Compile, DescribeHasATimeLimit) {
  write("assetd.yaml", "imports: [{plugin: fake, name: shop, folder: x, describe_timeout: 50ms}]\n");
  write("plugins/fake/main.sh", "sleep 60");
  EXPECT_THAT(lines(compile()), ElementsAre(HasSubstr("no answer within ")));
}

TEST_F(Compile, InterpreterThatIsMissingIsNamed) {
  write("plugins/fake/plugin.yaml", "name: fake\nprotocol: 1\ncommand: [\"{python}\", x]\n");
  write("assetd.yaml", "imports:\n  - {plugin: fake, python: .venv/bin/python}\n");
  EXPECT_THAT(lines(compile()),
              ElementsAre(AllOf(StartsWith("assetd.yaml:2:20 the plugin \"fake\" did not start: can't start " +
                                           path(".venv/bin/python")),
                                HasSubstr("No such file"))));
}

TEST_F(Compile, MissingFilesAreNamed) {
  EXPECT_THAT(lines(compile()), ElementsAre(HasSubstr("can't read " + path("assetd.yaml"))));
  write("assetd.yaml", "include:\n  - gone.yaml\n");
  EXPECT_THAT(lines(compile()), ElementsAre(StartsWith("assetd.yaml:2:5 can't read " + path("gone.yaml"))));
  write("assetd.yaml", "include: [none/*.yaml]\n");
  const auto result = compile();
  EXPECT_THAT(lines(result), IsEmpty());
  ASSERT_THAT(result.warnings, SizeIs(1));
  EXPECT_EQ(result.warnings[0].message, "no file matches the include pattern \"none/*.yaml\"");
}

TEST_F(Compile, MissingEnvFileIsNamedAtItsKey) {
  write("assetd.yaml", "imports:\n  - {plugin: fake, folder: x, env_file: gone.env}\n");
  EXPECT_THAT(lines(compile()),
              ElementsAre(AllOf(StartsWith("assetd.yaml:2:31 env_file: can't read " + path("gone.env")))));
}

TEST_F(Compile, BrokenPluginDoesNotHinderTheOthers) {
  write("plugins/broken/plugin.yaml", "name: broken\ncommnd: x\n");
  write("assetd.yaml", "imports: [{plugin: fake, folder: x}]\n");
  const auto good = compile();
  EXPECT_THAT(lines(good), IsEmpty());
  EXPECT_FALSE(good.warnings.empty());
  write("assetd.yaml", "imports: [{plugin: broken}]\n");
  EXPECT_THAT(lines(compile()),
              Contains(HasSubstr("unknown key \"commnd\" of plugin.yaml (did you mean \"command\"?)")));
}

TEST_F(Compile, RunBlocksOfPluginsAreCheckedAndTheirPathsMadeAbsolute) {
  write("plugins/fake/plugin.yaml", "name: fake\nprotocol: 1\ncommand: [sh]\nrun_schema: run.json\nstop_signal: INT\nserve: true\n");
  write(
      "plugins/fake/run.json",
      R"({"type": "object", "properties": {"script": {"type": "string", "format": "path"}}, "additionalProperties": false})");
  write("more/a.yaml", "assets: [{key: a, run: {plugin: fake, script: a.sql}}]\n");
  write("assetd.yaml", "include: [more/a.yaml]\n");
  const auto result = compile();
  ASSERT_THAT(lines(result), IsEmpty());
  const auto definitions = from_compiled(result.compiled).value();
  EXPECT_EQ(definitions.assets[0].run->config.at("script"), path("more/a.sql"));
  EXPECT_EQ(definitions.assets[0].run->stop_signal, "INT");
  std::vector<std::string> errors;
  EXPECT_TRUE(find_plugins({path("plugins")}, errors).at("fake").serve);
  write("more/a.yaml", "assets: [{key: a, run: {plugin: fake, scrpt: a.sql}}]\n");
  EXPECT_THAT(
      lines(compile()),
      ElementsAre(
          "more/a.yaml:1:39 unknown key \"scrpt\" of a run: of the plugin \"fake\" (did you mean \"script\"?)"));
}

TEST_F(Compile, ValidationLeavesNothingBehind) {
  options_.data_dir.clear();
  write("assetd.yaml", "imports: [{plugin: fake, folder: x}]\n");
  EXPECT_THAT(lines(compile()), IsEmpty());
  EXPECT_FALSE(fs::exists(nlohmann::json::parse(read("request.json")).at("state_dir").get<std::string>()));
}

// ——— the child

class CompileInChild : public Compile {
 protected:
  CompileResult run(const std::string& script) {
    write("program.sh", "#!/bin/sh\n" + script);
    fs::permissions(path("program.sh"), fs::perms::owner_all);
    return compile_in_child(path("program.sh"), options_);
  }
};

TEST_F(CompileInChild, GivesBackWhatTheChildSays) {
  write("assetd.yaml", "include: [none/*]\nimports: [{plugin: fake, folder: x}]\n");
  const auto here = compile();
  write("result.json", to_json(here).dump());
  const auto there = run("cat " + path("result.json") + "; echo \"$@\" > " + path("arguments"));
  EXPECT_EQ(to_json(there), to_json(here));
  EXPECT_EQ(read("arguments"), "compile --project " + options_.project_dir + " --data " + options_.data_dir +
                                   " --plugins " + options_.plugin_dirs[0] + "\n");
  write("assetd.yaml", "imports: [{plugin: fake}]\n");
  const auto wrong = compile();
  ASSERT_FALSE(wrong.errors.empty());
  write("result.json", to_json(wrong).dump());
  EXPECT_EQ(to_json(run("cat " + path("result.json"))), to_json(wrong));
}

TEST_F(CompileInChild, ACrashIsOneClearError) {
  EXPECT_THAT(lines(run("echo 'stack overflow' >&2; kill -SEGV $$")),
              ElementsAre(AllOf(HasSubstr("the compiler ended with signal 11"), HasSubstr("stack overflow"))));
  EXPECT_THAT(lines(run("exit 3")), ElementsAre(HasSubstr("the compiler ended with exit code 3")));
  EXPECT_THAT(lines(run("echo no json")), ElementsAre(HasSubstr("the compiler's answer can't be read")));
  EXPECT_THAT(lines(compile_in_child(path("gone"), options_)), ElementsAre(HasSubstr("can't start " + path("gone"))));
}

}  // namespace
}  // namespace assetd
