// What a person may get wrong in definitions:, environments: and renamed_from: the message, the place and the way out.
#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load;
using testing::load_files;
using ::testing::StartsWith;

constexpr const char* kAssets = "assets:\n  - {key: a, run: {command: [x]}}\n  - {key: b, deps: [a], run: {command: [x]}}\n";

TEST(BadSettings, HowDefinitionsAreApplied) {
  const auto errors_of = [](const std::string& value) { return load("definitions: " + value + "\n" + kAssets).lines(); };
  EXPECT_THAT(errors_of("{apply: auto}"), IsEmpty());
  EXPECT_THAT(errors_of("{apply: manual}"), IsEmpty());
  EXPECT_THAT(errors_of("{apply: manul}"), ElementsAre("1:22 \"apply\" of definitions: must be auto or manual, not the text \"manul\" (did you mean \"manual\"?)"));
  EXPECT_THAT(errors_of("{apply: true}"), ElementsAre(AllOf(StartsWith("1:22 \"apply\" of definitions: must be auto or manual, not true"), HasSubstr("auto, manual"))));
  EXPECT_THAT(errors_of("{apply: [manual]}"), ElementsAre("1:22 \"apply\" of definitions: must be auto or manual, not a list"));
  EXPECT_THAT(errors_of("{aply: manual}"), ElementsAre("1:15 unknown key \"aply\" of definitions: (did you mean \"apply\"?)"));
  EXPECT_THAT(errors_of("manual"), ElementsAre("1:14 definitions: must be a mapping of keys to values, not the text \"manual\""));
  EXPECT_THAT(load_files({{"assetd.yaml", kAssets}, {"more.yaml", "definitions: {apply: manual}\n"}}).lines(),
              ElementsAre("more.yaml:1:1 \"definitions\" may only stand in assetd.yaml itself (move it there)"));
}

TEST(BadSettings, AFormerKey) {
  const auto errors_of = [](const std::string& more) { return load(std::string(kAssets) + more).lines(); };
  const auto renamed = [&](const std::string& value) { return errors_of("  - {key: c, renamed_from: " + value + ", run: {command: [x]}}\n"); };
  EXPECT_THAT(renamed("gone"), IsEmpty()) << "nobody knows here what there was once";
  EXPECT_THAT(renamed("[gone]"), ElementsAre("4:28 \"renamed_from\" of an asset must be the key that the asset had, not a list (name one: an asset goes on with one history)"));
  EXPECT_THAT(renamed("{key: gone}"), ElementsAre(HasSubstr("not a mapping")));
  EXPECT_THAT(renamed("'no key'"), ElementsAre(StartsWith("4:28 \"no key\" is no asset key: ")));
  EXPECT_THAT(renamed("''"), ElementsAre(StartsWith("4:28 \"\" is no asset key: ")));
  EXPECT_THAT(renamed("c"), ElementsAre("4:28 \"c\" is renamed_from itself (name the key that it had before, or leave renamed_from out)"));
  EXPECT_THAT(renamed("a"), ElementsAre("4:28 \"c\" is renamed_from \"a\", which is still defined at assetd.yaml:2 and keeps its history (remove the asset \"a\", or leave renamed_from out)"));
  EXPECT_THAT(errors_of("  - {key: c, renamed_from: gone, run: {command: [x]}}\n  - {key: d, renamed_from: gone, run: {command: [x]}}\n"),
              ElementsAre("5:28 \"d\" is renamed_from \"gone\", and so is \"c\" at assetd.yaml:4: one of them goes on with its history (leave renamed_from out of the other)"));
  EXPECT_THAT(errors_of("external: [{key: c, renamed_from: gone}]\n"), ElementsAre(StartsWith("4:21 unknown key \"renamed_from\" of an external asset")));
}

constexpr const char* kProject =
    "vars: {database: prod}\n"
    "resources: {lake: {kind: folder, path: data/lake}}\n"
    "environments:\n";

/// Of the environment that is chosen and of one that is not.
void both_say(const std::string& overlay, const std::string& expected) {
  const auto yaml = std::string(kProject) + "  staging: " + overlay + "\n" + kAssets;
  for (const auto* chosen : {"staging", ""}) EXPECT_THAT(load(yaml, chosen).lines(), ElementsAre(expected)) << "chosen: " << chosen;
}

TEST(BadSettings, WhatAnEnvironmentNames) {
  EXPECT_THAT(load(std::string(kProject) + "  staging: {vars: {database: stg}, resources: {lake: {path: x}, pond: {kind: folder}}, pools: {gpu: 1}}\n" + kAssets, "staging").lines(), IsEmpty());
  both_say("{vars: {databse: stg}}", "4:20 the environment \"staging\" sets the variable \"databse\", which vars: of the project does not define and nothing uses (did you mean \"database\"?)");
  both_say("{resources: {lak: {path: x}}}",
           "4:25 the environment \"staging\" overlays the resource \"lak\", which resources: of assetd.yaml does not define (did you mean \"lake\"? a resource of this environment alone needs a kind:)");
  both_say("{imports: {shop: {target: dev}}}", "4:23 there is no import named \"shop\" (leave it out: the project has no imports)");
  both_say("{varz: {a: b}}", "4:13 unknown key \"varz\" of the environment \"staging\" (did you mean \"vars\"?)");
  EXPECT_THAT(load("environments:\n  dev: {vars: {place: here}}\nassets: [{key: a, group: \"${vars.place}\", run: {command: [x]}}]\n", "dev").lines(), IsEmpty())
      << "what only environments define is used";
  EXPECT_THAT(load("environments: {dev: {vars: {place: here}}}\n" + std::string(kAssets)).lines(), ElementsAre(HasSubstr("(leave it out, or define it under vars:)")));
  EXPECT_THAT(load("environments: {dev: {resources: {lake: {path: x}}}}\n" + std::string(kAssets)).lines(), ElementsAre(HasSubstr("(a resource of this environment alone needs a kind:)")));
}

TEST(BadSettings, TheFormOfAnEnvironment) {
  both_say("{vars: [database]}", "4:19 \"vars\" of the environment \"staging\" must be a mapping of names to values, not a list (write {NAME: VALUE})");
  both_say("{schedules: pausd}", "4:24 \"schedules\" of the environment \"staging\" must be on or paused, not the text \"pausd\" (did you mean \"paused\"?)");
  both_say("{schedules: [paused]}", "4:24 \"schedules\" of the environment \"staging\" must be on or paused, not a list");
  both_say("{pools: [gpu]}", "4:20 \"pools\" of the environment \"staging\" must be a mapping of names, as at the project, not a list");
  both_say("{resources: lake}", "4:24 \"resources\" of the environment \"staging\" must be a mapping of names, as at the project, not the text \"lake\"");
  both_say("{imports: [shop]}", "4:22 \"imports\" of the environment \"staging\" must be a mapping of import names to target and vars, not a list");
  both_say("paused", "4:12 the environment \"staging\" must be a mapping of keys to values, not the text \"paused\"");
  EXPECT_THAT(load("environments: [staging]\n" + std::string(kAssets), "staging").lines(), ElementsAre("1:15 \"environments\" of assetd.yaml must be a mapping of names to overlays, not a list"));
  EXPECT_THAT(load("environments: {}\n" + std::string(kAssets), "staging").lines(), ElementsAre("1:15 there is no environment \"staging\" under environments: (define it, or start without --env)"));
}

TEST(BadSettings, TheOverlayOfAnImport) {
  const auto errors_of = [](const std::string& overlay) {
    return load("imports: [{plugin: dbt, name: shop}]\nenvironments: {staging: {imports: {" + overlay + "}}}\n", "staging").lines();
  };
  EXPECT_THAT(errors_of("shop: {target: dev, vars: {x: 1}}"), IsEmpty());
  EXPECT_THAT(errors_of("shpo: {target: dev}"), ElementsAre("2:36 there is no import named \"shpo\" (did you mean \"shop\"?)"));
  EXPECT_THAT(errors_of("shop: {tarket: dev}"), ElementsAre(HasSubstr("(did you mean \"target\"?)")));
  EXPECT_THAT(errors_of("shop: {vars: [x]}"), ElementsAre("2:49 \"vars\" of the overlay of the import \"shop\" must be a mapping of names to values, not a list (write {NAME: VALUE})"));
  EXPECT_THAT(errors_of("shop: dev"), ElementsAre(HasSubstr("must be a mapping of keys to values, not the text \"dev\"")));
}

// Each would load, and never do what its words say.
TEST(BadSettings, WhatCanNeverBe) {
  const auto asset = [](const std::string& more) { return load("assets:\n  - {key: a, run: {command: [x]}, " + more + "}\n").lines(); };
  EXPECT_THAT(asset("freshness: {within: 0s}"), ElementsAre(StartsWith("2:55 \"within\" must be longer than nothing")));
  EXPECT_THAT(asset("freshness: {deadline: \"0 9 * * *\", warn: 48h}"), ElementsAre(AllOf(HasSubstr("2:76 \"warn\" is so long before each deadline"), HasSubstr("make it shorter"))));
  EXPECT_THAT(asset("freshness: {deadline: \"0 9 * * *\", warn: 3h}"), IsEmpty());
  EXPECT_THAT(asset("freshness: {deadline: \"0 9 * * 1-5\", warn: 48h}"), IsEmpty()) << "over the weekend it ends";
  EXPECT_THAT(asset("checks: [{name: n, anomaly: {metric: r, sigma: 0}}]"), ElementsAre(HasSubstr("\"sigma\" must be more than 0")));
  EXPECT_THAT(asset("automation: 'any_deps_updated(\"nobody\")'"), ElementsAre(AllOf(StartsWith("2:66 "), HasSubstr("the condition of \"a\""), HasSubstr("nobody"))));
  EXPECT_THAT(load("retention: {runs: 0s}\n" + std::string(kAssets)).lines(), ElementsAre(AllOf(StartsWith("1:19"), HasSubstr("forgotten at once"))));
  EXPECT_THAT(load("retention: {max_bytes: 0}\n" + std::string(kAssets)).lines(), ElementsAre(StartsWith("1:24")));
  EXPECT_THAT(load("resources: {w: {kind: oracle}}\nsensors: [{name: s, sql: {resource: w, query: select 1}, select: a}]\n" + std::string(kAssets)).lines(),
              ElementsAre(AllOf(HasSubstr("of the kind \"oracle\""), HasSubstr("sqlite, duckdb and postgres"))));
}

TEST(BadSettings, PartitionsPointAtTheKeyThatIsWrong) {
  const auto of = [](const std::string& partitions) { return load("assets:\n  - {key: a, run: {command: [x]}, partitions: " + partitions + "}\n").lines(); };
  EXPECT_THAT(of("{daily: {start: 2026-02-01, end: 2026-01-01}}"), ElementsAre(AllOf(StartsWith("2:75 partitions: end: "), HasSubstr("before the start"), HasSubstr("docs/partitions.md"))));
  EXPECT_THAT(of("{daily: {start: 2026-13-01}}"), ElementsAre(StartsWith("2:56 partitions: start: ")));
  EXPECT_THAT(of("{weekly: {start: 2026-01-01, day_offset: 7}}"), ElementsAre(StartsWith("2:76 partitions: day_offset: takes 0 to 6")));
  EXPECT_THAT(of("{static: [b, b]}"), ElementsAre(StartsWith("2:48 partitions: static: \"b\" stands twice")));
  for (const std::string word : {"latest", "all", "missing", "failed", "stale"})
    EXPECT_THAT(of("{static: [eu, " + word + "]}"), ElementsAre(AllOf(StartsWith("2:48 partitions: static: no partition may be called \"" + word + "\""), HasSubstr("call it otherwise"))));
  EXPECT_THAT(of("{multi: {a: {static: [all]}, b: {static: [x]}}}"), IsEmpty()) << "its keys are all|x";
  EXPECT_THAT(of("{multi: {a: {static: [x]}, b: {multi: {}}}}"), ElementsAre(HasSubstr("a dimension has no dimensions of its own")));
}

TEST(BadSettings, AConditionSelectsByWhatTheDefinitionsSay) {
  const auto with = [](const std::string& condition) { return load(std::string(kAssets) + "  - {key: c, deps: [a], automation: '" + condition + "', run: {command: [x]}}\n").lines(); };
  EXPECT_THAT(with("any_deps_updated(\"status:materialized\")"),
              ElementsAre("4:56 the selection of the condition of \"c\": \"status:materialized\" asks for the state of assets, and a condition selects by what the definitions say (name, group, tag, "
                          "kind, …) (write the state as a condition: any_deps(failed), any_deps(missing), any_deps(newly_updated), all_deps(not failed))"));
  EXPECT_THAT(with("all_deps(failed, \"status:materialized\")"), ElementsAre(StartsWith("4:56 the selection")));
  EXPECT_THAT(with("not any_deps(missing, \"a and not stale:true\")"), ElementsAre(StartsWith("4:71 the selection"))) << "it points at stale:";
  EXPECT_THAT(with("eager and any_deps_missing(\"a or nobody or roots(freshness:violated)\")"), ElementsAre(HasSubstr("asks for the state"))) << "once";
  EXPECT_THAT(with("all_deps_updated_since_cron(\"0 6 * * *\", \"UTC\", \"status:failed\")"), ElementsAre(HasSubstr("asks for the state")));
  EXPECT_THAT(with("any_deps_updated(\"kind:status or a\")"), IsEmpty());
  EXPECT_THAT(load(std::string(kAssets) + "  - key: c\n    deps: [a]\n    run: {command: [x]}\n    automation: |\n      eager or\n      any_deps(failed, \"status:failed\")\n").lines(),
              ElementsAre(StartsWith("7:0 the selection")));
  EXPECT_THAT(load(std::string(kAssets) + "jobs: [{name: again, select: \"status:failed\"}]\n").lines(), IsEmpty()) << "there it is asked for with each run";
}

TEST(BadSettings, WhatIsMadeElsewhereHasNoAutomation) {
  const auto external = [](const std::string& more) { return load("assets: [{key: a, external: true, " + more + "}]\n").lines(); };
  EXPECT_THAT(external("automation: eager"), ElementsAre("1:47 an external asset is made elsewhere and has no automation: (remove automation: or external: true)"));
  EXPECT_THAT(external("automation: none"), IsEmpty());
  EXPECT_THAT(external("description: theirs"), IsEmpty());
}

TEST(BadSettings, FreshnessOfANamedValue) {
  const auto of = [](const std::string& value) { return load("external: [{key: a, freshness: {within: 1h, of: " + value + "}}]\n").lines(); };
  EXPECT_THAT(of("''"), ElementsAre("1:49 \"of\" of \"freshness\" is empty (name the metadata value that says of when the data is, or leave it out)"));
  EXPECT_THAT(of("[a]"), ElementsAre(HasSubstr("\"of\" of freshness: must be a text, not a list")));
  EXPECT_THAT(of("newest"), IsEmpty());
}

}  // namespace
}  // namespace assetd
