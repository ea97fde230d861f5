#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::in_one_line;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using Json = nlohmann::json;

/// A project with imports, and what each described, merged and finished.
struct Project {
  Definitions definitions;
  std::vector<std::string> errors;

  Project(const std::string& yaml, const std::vector<Json>& described) {
    const LoadContext context{"/project", "", {}, {"dbt", "python"}};
    definitions = parse_project({{"assetd.yaml", yaml}}, context).value().definitions;
    for (std::size_t i = 0; i < described.size(); ++i)
      note(merge_description(definitions, static_cast<int>(i), described[i]));
    if (errors.empty()) note(finish(definitions));
  }
  void note(const std::vector<DefinitionError>& more) {
    for (const auto& error : more) errors.push_back(in_one_line(error));
  }
  const AssetSpec& asset(const std::string& key) const {
    for (const auto& asset : definitions.assets)
      if (asset.key == key) return asset;
    throw std::out_of_range(key);
  }
};

Json described_asset(const std::string& key, const Json& more = Json::object()) {
  Json asset{{"key", key}, {"source", {{"file", "dbt/" + key + ".sql"}, {"line", 1}, {"column", 1}}}};
  asset.update(more);
  return asset;
}
Json answer(std::vector<Json> assets) { return {{"protocol", 1}, {"name", "shop"}, {"assets", std::move(assets)}}; }

TEST(MergeDescription, TakesTheImportsDefaultsAndItsName) {
  const Project project(
      "pools: {cpu: {slots: 4}}\nresources: {db: {kind: duckdb}}\n"
      "imports: [{plugin: dbt, group: g, tags: {a: x}, env: {E: v}, timeout: 5m, uses: {db: write}, pools: {cpu: 1}, "
      "retries: 2, stop_signal: INT}]\n",
      {answer({described_asset("a", {{"batch", "build"}, {"data", {{"id", 1}}}}),
               described_asset("b", {{"deps", {"a"}},
                                     {"group", "own"},
                                     {"timeout", "1m"},
                                     {"pools", {{"cpu", 2}}},
                                     {"uses", {{"db", "read"}}},
                                     {"tags", {{"b", "y"}}}})})});
  ASSERT_THAT(project.errors, IsEmpty());
  EXPECT_EQ(project.definitions.imports[0].name, "shop");
  const auto &a = project.asset("a"), &b = project.asset("b");
  EXPECT_EQ(a.group, "g");
  EXPECT_EQ(a.batch, "build");
  EXPECT_EQ(a.import, 0);
  EXPECT_EQ(a.retries.max, 2);
  EXPECT_EQ(a.run->plugin, "dbt");
  EXPECT_EQ(a.run->timeout, Millis(300'000));
  EXPECT_EQ(a.run->stop_signal, "INT");
  EXPECT_THAT(a.run->env, ElementsAre(Pair("E", "v")));
  EXPECT_THAT(a.uses, ElementsAre(Pair("db", HoldMode::write)));
  EXPECT_EQ(b.group, "own");
  EXPECT_EQ(b.run->timeout, Millis(60'000));
  EXPECT_THAT(b.pools, ElementsAre(Pair("cpu", 2)));
  EXPECT_THAT(b.uses, ElementsAre(Pair("db", HoldMode::read)));
  EXPECT_THAT(b.tags, ElementsAre(Pair("a", "x"), Pair("b", "y")));
}

TEST(MergeDescription, AutomationIsTheAssetsOwnElseTheImports) {
  const std::string import = "imports: [{plugin: dbt, automation: eager}]\n";
  const Project project(import, {answer({described_asset("a"), described_asset("b", {{"automation", "on_missing"}}), described_asset("c", {{"automation", "none"}}),
                                         described_asset("e", {{"external", true}})})});
  ASSERT_THAT(project.errors, IsEmpty());
  EXPECT_EQ(project.asset("a").automation, "eager");
  EXPECT_EQ(project.asset("b").automation, "on_missing");
  EXPECT_EQ(project.asset("c").automation, "");
  EXPECT_EQ(project.asset("e").automation, "");
  EXPECT_THAT(Project(import, {answer({described_asset("e", {{"external", true}, {"automation", "none"}})})}).errors, IsEmpty());
  EXPECT_THAT(Project(import, {answer({described_asset("e", {{"external", true}, {"automation", "eager"}})})}).errors, ElementsAre(HasSubstr("external asset e is made elsewhere and has no automation")));
  EXPECT_THAT(Project(import, {answer({described_asset("a", {{"automation", "egaer"}})})}).errors, ElementsAre(HasSubstr("bad condition \"egaer\" in automation of a")));
}

TEST(MergeDescription, PrefixesWhatTheImportMakesAndNothingElse) {
  auto described =
      answer({described_asset("raw/events", {{"external", true}}), described_asset("a", {{"deps", {"raw/events"}}}),
              described_asset("b", {{"deps", {"a", "mine"}}})});
  described["checks"] = {{{"name", "c"}, {"home", "a"}, {"depends_on", {"a", "mine"}}}};
  const Project project("imports: [{plugin: dbt, key_prefix: an/}]\nassets: [{key: mine, run: {command: [x]}}]\n",
                        {described});
  ASSERT_THAT(project.errors, IsEmpty());
  EXPECT_EQ(project.asset("an/a").deps[0].asset, "raw/events");
  EXPECT_EQ(project.asset("an/b").deps[0].asset, "an/a");
  EXPECT_EQ(project.asset("an/b").deps[1].asset, "mine");
  EXPECT_EQ(project.definitions.checks[0].home, "an/a");
  EXPECT_THAT(project.definitions.checks[0].depends_on, ElementsAre("an/a", "mine"));
}

TEST(MergeDescription, ExternalAndRealAreOneAssetMadeThere) {
  const Project project(
      "imports: [{plugin: dbt}]\nassets: [{key: raw/events, tags: {own: \"1\"}, run: {command: [load]}}]\n",
      {answer({described_asset(
          "raw/events", {{"external", true}, {"description", "from dbt"}, {"tags", {{"own", "2"}, {"more", "3"}}}})})});
  ASSERT_THAT(project.errors, IsEmpty());
  ASSERT_THAT(project.definitions.assets, SizeIs(1));
  const auto& asset = project.definitions.assets[0];
  EXPECT_FALSE(asset.external);
  EXPECT_EQ(asset.run->command[0], "load");
  EXPECT_EQ(asset.description, "from dbt");
  EXPECT_THAT(asset.tags, ElementsAre(Pair("more", "3"), Pair("own", "1")));
}

TEST(MergeDescription, KeyClashOfImportsSuggestsAPrefix) {
  const Project project("imports: [{plugin: dbt, name: one}, {plugin: dbt, name: two}]\n",
                        {answer({described_asset("a")}), answer({described_asset("a")})});
  EXPECT_THAT(project.errors, ElementsAre("dbt/a.sql:1:1 two assets have the key \"a\": one of the import \"two\" and "
                                          "one of the import \"one\" at dbt/a.sql:1 "
                                          "(give the import \"two\" a key_prefix: (\"two\" makes it \"two/a\"))"));
}

TEST(MergeDescription, UnknownDependencyPointsAtTheSource) {
  const Project project("imports: [{plugin: dbt}]\n", {answer({described_asset("a", {{"deps", {"nowhere"}}})})});
  ASSERT_THAT(project.errors, SizeIs(1));
  EXPECT_THAT(project.errors[0], HasSubstr("dbt/a.sql:1:1 \"a\" depends on \"nowhere\", which nobody defines"));
}

TEST(MergeDescription, FaultsOfThePluginAreToldWithTheirPointer) {
  const Project project("imports: [{plugin: dbt}]\n",
                        {answer({Json{{"key", 3}}, Json("x"), described_asset("a", {{"deps", "b"}}),
                                 described_asset("b", {{"severity", 1}, {"pools", {{"cpu", 0}}}})})});
  EXPECT_THAT(project.errors,
              ElementsAre(HasSubstr("/assets/0/key must be a text"),
                          HasSubstr("/assets/0/key must be a text that is not empty"),
                          HasSubstr("/assets/1 must be an object"), HasSubstr("/assets/2/deps must be an array"),
                          HasSubstr("/assets/3/pools/cpu must be a number of slots")));
  const Project list("imports: [{plugin: dbt}]\n", {Json::array()});
  EXPECT_THAT(list.errors, ElementsAre(HasSubstr("the answer must be an object")));
}

TEST(MergeDescription, ARetryDelayHasItsBoundHereToo) {
  const auto described = [](const char* delay) { return answer({described_asset("a", {{"retries", {{"max", 1}, {"delay", delay}}}})}); };
  const std::string import = "imports: [{plugin: dbt}]\n";
  EXPECT_THAT(Project(import, {described("8d")}).errors, ElementsAre(HasSubstr("at most \"7d\"")));
  EXPECT_THAT(Project(import, {described("7d")}).errors, IsEmpty());
}

TEST(MergeDescription, TakesJobsAndSchedules) {
  auto described = answer({described_asset("a")});
  described["jobs"] = {{{"name", "j"}, {"select", "a"}}};
  described["schedules"] = {{{"name", "s"}, {"job", "j"}, {"cron", "0 2 * * *"}, {"timezone", "Europe/London"}},
                            {{"name", "t"}, {"job", "j"}, {"cron", "bad"}, {"timezone", "UTC"}},
                            {{"name", "u"}, {"job", "j"}, {"cron", "0 0 30 2 *"}, {"timezone", "UTC"}}};
  const Project project("imports: [{plugin: dbt}]\n", {described});
  ASSERT_THAT(project.errors, SizeIs(2));
  EXPECT_THAT(project.errors[0], HasSubstr("the schedule \"t\": "));
  EXPECT_THAT(project.errors[1], HasSubstr("the schedule \"u\": no year has such a day"));
  EXPECT_EQ(project.definitions.schedules[0].job, "j");
}

}  // namespace
}  // namespace assetd
