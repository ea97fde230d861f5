// Everything a person may get wrong in assetd.yaml: the message, the place and the way out.
#include "core/definition/yaml_tree.h"
#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::load;
using testing::load_files;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST(BadInput, CycleNamesItsPathAndPointsAtADependency) {
  EXPECT_THAT(
      load("name: x\n"
           "assets:\n"
           "  - {key: a, deps: [c], run: {command: [x]}}\n"
           "  - {key: b, deps: [a], run: {command: [x]}}\n"
           "  - {key: c, deps: [b], run: {command: [x]}}\n")
          .lines(),
      ElementsAre(
          "3:21 the assets depend on each other in a cycle: a -> b -> c -> a (remove one of these dependencies)"));
}

TEST(BadInput, FreshnessSaysWhatItNeeds) {
  const auto asset = [](const std::string& freshness) { return load("external: [{key: a, freshness: " + freshness + "}]\n").lines(); };
  EXPECT_THAT(asset("{within: 1h, warn: 10m, of: newest}"), IsEmpty());
  EXPECT_THAT(asset("{deadline: 0 9 * * *, timezone: Europe/London, within: 3h}"), IsEmpty());
  EXPECT_THAT(asset("{}"), ElementsAre(HasSubstr("needs \"within\" or a \"deadline\"")));
  EXPECT_THAT(asset("{within: 1h, warn: 2h}"), ElementsAre(HasSubstr("must be shorter")));
  EXPECT_THAT(asset("{within: soon}"), ElementsAre(HasSubstr("within")));
  EXPECT_THAT(asset("{within: 1h, timezone: UTC}"), ElementsAre(HasSubstr("there is none")));
  EXPECT_THAT(asset("{deadline: 0 9 * *}"), ElementsAre(StartsWith("1:")));
  EXPECT_THAT(asset("{deadline: 0 9 * * *, timezone: Europe/Londn}"), ElementsAre(HasSubstr("Europe/London")));
  EXPECT_THAT(asset("{within: 1h, whithin: 2h}"), ElementsAre(HasSubstr("whithin")));
}

TEST(BadInput, AConditionPointsAtWhatCannotBeRead) {
  EXPECT_THAT(load("assets:\n"
                   "  - key: a\n"
                   "    run: {command: [x]}\n"
                   "    automation: any_deps_updated and egaer\n")
                  .lines(),
              ElementsAre(AllOf(StartsWith("4:38 bad condition"), HasSubstr("egaer"), HasSubstr("eager"))));
  EXPECT_THAT(load("imports: [{plugin: dbt, automation: on_cron()}]\n").lines(), ElementsAre(HasSubstr("bad condition \"on_cron()\"")));
  EXPECT_THAT(load("external: [{key: a, automation: eager}]\n").lines(), ElementsAre(HasSubstr("\"automation\"")));
}

TEST(BadInput, UnknownDependencyPointsAtItselfAndNamesTheNearest) {
  EXPECT_THAT(
      load("name: x\n"
           "assets:\n"
           "  - key: model\n"
           "    deps: [gold_custmers, far_away]\n"
           "    run: {command: [x]}\n"
           "external: [gold_customers]\n")
          .lines(),
      ElementsAre(
          "4:12 \"model\" depends on \"gold_custmers\", which nobody defines (did you mean \"gold_customers\"?)",
          "4:27 \"model\" depends on \"far_away\", which nobody defines (define it, or list it under external: if it "
          "is made elsewhere)"));
}

TEST(BadInput, CyclesAreToldBesideUnknownDependencies) {
  EXPECT_THAT(load("assets:\n"
                   "  - {key: a, deps: [b, nothing_like_it], run: {command: [x]}}\n"
                   "  - {key: b, deps: [a], run: {command: [x]}}\n")
                  .errors,
              SizeIs(2));
}

TEST(BadInput, UnknownDependenciesAreToldBesideErrorsOfForm) {
  EXPECT_THAT(load("name: x\n"
                   "assets:\n"
                   "  - {key: one, dpes: [two], run: {command: [x]}}\n"
                   "  - {key: two, deps: [oen], run: {command: [x]}}\n"
                   "jobs:\n"
                   "  - {name: j, select: \"one two\"}\n")
                  .errors,
              SizeIs(3));
}

TEST(BadInput, AKeyInTheWrongMappingIsToldWhereItStands) {
  EXPECT_THAT(load("name: x\nassets:\n  - {key: a, per_process: 4, run: {command: [x]}}\n").lines(),
              ElementsAre("3:14 \"per_process\" is no key of an asset, it stands within partitions: (as in partitions: {daily: {start: 2026-01-01}, per_process: 4})"));
}

TEST(BadInput, AnEmptyConditionIsNotNone) {
  EXPECT_THAT(load("name: x\nassets:\n  - {key: a, automation: '', run: {command: [x]}}\n").lines(), ElementsAre("3:26 \"automation\" is empty (write none, or leave it out)"));
}

TEST(BadInput, ABlockingCheckThatOnlyWarnsIsToldOf) {
  const auto warnings = [](const std::string& severity) {
    std::vector<std::string> out;
    for (const auto& warning : load("name: x\nassets:\n  - {key: a, run: {command: [x]}, checks: [{name: c, severity: " + severity + ", blocking: true, run: {command: [x]}}]}\n").definitions.warnings)
      out.push_back(warning.message);
    return out;
  };
  EXPECT_THAT(warnings("warn"), ElementsAre("the check \"c\" of \"a\" is blocking and of severity warn: a warning holds nothing back; severity: error does"));
  EXPECT_THAT(warnings("error"), IsEmpty());
}

TEST(BadInput, KnownKeysAreNamedOnce) {
  const auto lines = load("name: x\nassets:\n  - {key: a, zzzzzzzz: 1, run: {command: [x]}}\n").lines();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].find("tags"), lines[0].rfind("tags")) << lines[0];
}

TEST(BadInput, UnknownKeysPointAtTheKeyAndNameTheNearest) {
  EXPECT_THAT(load("name: x\n"
                   "asets: []\n"
                   "assets:\n"
                   "  - {key: a, grup: ml, run: {command: [x], timout: 3s}}\n"
                   "schedules:\n"
                   "  - {name: s, select: \"*\", cron: \"0 2 * * *\", timezone: UTC, misfires: once}\n")
                  .lines(),
              ElementsAre("2:1 unknown key \"asets\" of assetd.yaml (did you mean \"assets\"?)",
                          "4:14 unknown key \"grup\" of an asset (did you mean \"group\"?)",
                          "4:44 unknown key \"timout\" of run: (did you mean \"timeout\"?)",
                          "6:62 unknown key \"misfires\" of a schedule (did you mean \"misfire\"?)"));
}

TEST(BadInput, EachKeyOfASensorIsChecked) {
  const auto errors_of = [](const std::string& keys) {
    return load("assets: [{key: a, run: {command: [x]}}, {key: b, deps: [a], run: {command: [x]}}]\nresources: {db: {kind: sqlite}}\nsensors:\n  - {name: s, " + keys + "}\n").lines();
  };
  const std::string file = "file: {glob: \"in/*\"}, ", run = ", select: a";
  EXPECT_THAT(errors_of(file + "select: a, every: 5s, timeout: 2s, overlap: skip, tags: {x: y}, priority: 2, max_steps: 3, paused: true"), IsEmpty());
  EXPECT_THAT(errors_of("file: {glob: x, settle: 3s, per: file, existing: skip}, select: b"), IsEmpty());
  EXPECT_THAT(errors_of("run: {command: [probe], cwd: tools, env: {A: b}}"), IsEmpty());
  EXPECT_THAT(errors_of("asset: {select: a, on: [materialized, failed]}, select: b"), IsEmpty());
  EXPECT_THAT(errors_of("sql: {resource: db, query: \"select 1\", when: rows}" + run), IsEmpty());
  EXPECT_THAT(errors_of("webhook: {secret: \"${secret:KEY}\", tolerance: 1m}" + run), IsEmpty());

  EXPECT_THAT(errors_of("select: a"), ElementsAre("4:5 a sensor watches one thing: file, webhook, asset, sql or run (a program) (for several write a sensor for each)"));
  EXPECT_THAT(errors_of(file + "run: {command: [x]}" + run), ElementsAre(HasSubstr("watches one thing")));
  EXPECT_THAT(errors_of(file + "paused: false"), ElementsAre(StartsWith("4:5 a sensor needs a job or a select")));
  EXPECT_THAT(errors_of(file + "job: nightly"), ElementsAre(HasSubstr("starts the job \"nightly\", which nobody defines")));
  EXPECT_THAT(errors_of(file + "select: nowhere"), ElementsAre(StartsWith("4:45 the selection of the sensor \"s\": ")));
  EXPECT_THAT(errors_of(file + "select: \"a and\""), ElementsAre(HasSubstr("bad selection")));
  EXPECT_THAT(errors_of("file: {}" + run), ElementsAre(HasSubstr("needs the key \"glob\"")));
  EXPECT_THAT(errors_of("file: {glob: \"\"}" + run), ElementsAre(HasSubstr("a pattern of files")));
  EXPECT_THAT(errors_of("file: {glob: x, setle: 3s}" + run), ElementsAre("4:31 unknown key \"setle\" of file: (did you mean \"settle\"?)"));
  EXPECT_THAT(errors_of("file: {glob: x, settle: 3d}" + run), ElementsAre(HasSubstr("at most 24h")));
  EXPECT_THAT(errors_of("file: {glob: x, per: row}" + run), ElementsAre(HasSubstr("batch or file")));
  EXPECT_THAT(errors_of("file: {glob: x, existing: maybe}" + run), ElementsAre(HasSubstr("fire or skip")));
  EXPECT_THAT(errors_of(file + "select: a, every: 500ms"), ElementsAre(HasSubstr("from 1s to 7d")));
  EXPECT_THAT(errors_of(file + "select: a, every: 5"), ElementsAre(HasSubstr("give the unit: 5s")));
  EXPECT_THAT(errors_of(file + "select: a, timeout: 2h"), ElementsAre(HasSubstr("at most 1h")));
  EXPECT_THAT(errors_of(file + "select: a, overlap: queue"), ElementsAre(HasSubstr("allow or skip")));
  EXPECT_THAT(errors_of("run: {command: probe}" + run), ElementsAre(HasSubstr("a list of program and arguments")));
  EXPECT_THAT(errors_of("run: {command: []}" + run), ElementsAre(HasSubstr("a program and its arguments")));
  EXPECT_THAT(errors_of("run: {command: [\"\", x]}" + run), ElementsAre(HasSubstr("names no program: its first part is empty")));
  EXPECT_THAT(errors_of("run: {command: [sh, \"a\\0b\"]}" + run), ElementsAre(HasSubstr("cannot hold a NUL byte")));
  EXPECT_THAT(errors_of("run: {plugin: python, command: [x]}" + run), ElementsAre(HasSubstr("unknown key \"plugin\"")));
  EXPECT_THAT(errors_of("asset: {select: a, on: []}, select: b"), ElementsAre(HasSubstr("nothing to wait for")));
  EXPECT_THAT(errors_of("asset: {select: a, on: [materialised]}, select: b"), ElementsAre(HasSubstr("did you mean \"materialized\"?")));
  EXPECT_THAT(errors_of("asset: {select: nowhere, on: [failed]}, select: b"), ElementsAre(HasSubstr("the selection of the sensor")));
  EXPECT_THAT(errors_of("asset: {select: a, on: [failed]}, select: \"a+\""), ElementsAre(HasSubstr("waits for \"a\" and would run it itself, for ever")));
  EXPECT_THAT(errors_of("asset: {select: a, on: [failed]}, select: b, every: 5s"), ElementsAre(HasSubstr("are told what happens")));
  EXPECT_THAT(errors_of("sql: {resource: bd, query: x}" + run), ElementsAre(HasSubstr("did you mean \"db\"?")));
  EXPECT_THAT(errors_of("sql: {resource: db}" + run), ElementsAre(HasSubstr("needs the key \"query\"")));
  EXPECT_THAT(errors_of("webhook: {}" + run), ElementsAre(HasSubstr("needs the key \"secret\"")));
  EXPECT_THAT(errors_of("webhook: {secret: abc}" + run), ElementsAre(HasSubstr("can't be written out")));
  EXPECT_THAT(errors_of("webhook: {secret: \"${secret:K}\", form: github, tolerance: 1m}" + run), ElementsAre(HasSubstr("has no time")));
  EXPECT_THAT(errors_of("webhook: {secret: \"${secret:K}\"}, overlap: skip" + run), ElementsAre(HasSubstr("it would be lost")));
  EXPECT_THAT(errors_of("webhook: {secret: \"${secret:K}\"}, every: 5s" + run), ElementsAre(HasSubstr("leave out every")));
  EXPECT_THAT(load("assets: [{key: a, run: {command: [x]}}]\nsensors: [{name: s, " + file + "select: a}, {name: s, " + file + "select: a}]\n").lines(),
              ElementsAre(HasSubstr("a second sensor is named \"s\"")));
}

TEST(BadInput, SensorsThatGoRoundInACircleAreAWarning) {
  const auto warnings = [](const std::string& second) {
    auto loaded = load("assets: [{key: x, run: {command: [x]}}, {key: y, run: {command: [x]}}, {key: z, run: {command: [x]}}]\nsensors:\n"
                       "  - {name: s1, asset: {select: x, on: [materialized]}, select: y}\n  - {name: s2, asset: {select: y, on: [failed]}, select: " + second + "}\n");
    std::vector<std::string> out;
    for (const auto& warning : loaded.definitions.warnings) out.push_back(warning.message);
    return out;
  };
  EXPECT_THAT(warnings("z"), IsEmpty());
  EXPECT_THAT(warnings("x"), ElementsAre(StartsWith("sensors go round in a circle, each running what the next waits for: \"s1\" -> \"s2\" -> \"s1\"")));
}

TEST(BadInput, EachKeyOfAnAlertIsChecked) {
  const auto errors_of = [](const std::string& keys) {
    return load("assets: [{key: a, run: {command: [x]}}]\nalerts:\n  - {name: o, " + keys + "}\n").lines();
  };
  const std::string on = "on: [run_failed]", hook = on + ", webhook: \"https://x.example\"";
  EXPECT_THAT(errors_of("webhook: \"https://x.example\""), ElementsAre("3:5 an alert needs the key \"on\""));
  EXPECT_THAT(errors_of("on: [], webhook: \"https://x.example\""), ElementsAre("3:19 an alert without an event tells nothing (as in on: [run_failed, check_failed])"));
  EXPECT_THAT(errors_of("on: [run_faild], webhook: \"https://x.example\""),
              ElementsAre("3:19 there is no event \"run_faild\" to alert on (did you mean \"run_failed\"?)"));
  EXPECT_THAT(errors_of(on), ElementsAre("3:5 an alert needs one receiver: webhook, email or program (for several receivers write an alert for each)"));
  EXPECT_THAT(errors_of(hook + ", program: [x]"), SizeIs(1));
  EXPECT_THAT(errors_of(on + ", webhook: x.example"),
              ElementsAre("3:42 \"webhook\" must be https://… or http://…, not \"x.example\" (a secret one is written ${secret:NAME})"));
  EXPECT_THAT(errors_of(hook + ", form: slak"), SizeIs(1));
  EXPECT_THAT(errors_of(hook + ", secret: abc"),
              ElementsAre("3:71 \"secret\" can't be written out: it would be stored and shown (give it a name among the secrets and write ${secret:NAME})"));
  EXPECT_THAT(errors_of(on + ", program: [x], secret: \"${secret:K}\""), ElementsAre("3:55 \"secret\" belongs to a webhook"));
  EXPECT_THAT(errors_of(on + ", program: []"), SizeIs(1));
  EXPECT_THAT(errors_of(hook + ", select: \"a,b\""), SizeIs(::testing::Ge(1u)));
  EXPECT_THAT(errors_of(hook + ", select: nowhere"), ElementsAre(StartsWith("3:71 the selection of the alert \"o\": ")));
  EXPECT_THAT(errors_of(hook + ", timeout: 61s"), SizeIs(1));
  EXPECT_THAT(errors_of(hook + ", repeat: often"), SizeIs(1));
  EXPECT_THAT(errors_of(hook + ", give_up: 1"), SizeIs(1));
  EXPECT_THAT(errors_of(hook + ", retries: 1"), SizeIs(1));
  const std::string mail = on + ", email: {server: \"smtp://m\", from: a@x, to: [b@x]";
  EXPECT_THAT(errors_of(mail + "}"), ::testing::IsEmpty());
  EXPECT_THAT(errors_of(mail + ", user: u}"), SizeIs(1));
  EXPECT_THAT(errors_of(on + ", email: {server: m, from: a@x, to: [b@x]}"), SizeIs(1));
  EXPECT_THAT(errors_of(on + ", email: {server: \"smtp://m\", from: \"A <a@x>\", to: [b@x]}"), SizeIs(1));
  EXPECT_THAT(errors_of(on + ", email: {from: a@x}"), SizeIs(2));
  EXPECT_THAT(load("alerts: [{name: o, " + hook + "}, {name: o, " + hook + "}]\n").lines(), ElementsAre(StartsWith("1:69 a second alert is named \"o\"")));
}

TEST(BadInput, BadCronPointsIntoTheExpression) {
  const auto loaded = load(
      "schedules:\n"
      "  - {name: s, select: \"*\", cron: \"0 25 * * *\", timezone: UTC}\n");
  ASSERT_THAT(loaded.errors, SizeIs(1));
  EXPECT_THAT(loaded.lines()[0], StartsWith("2:37 bad cron expression \"0 25 * * *\": "));
}

TEST(BadInput, ACronThatNeverComesPointsAtItsDay) {
  EXPECT_THAT(load("schedules:\n"
                   "  - {name: s, select: \"*\", cron: \"0 0 30 2 *\", timezone: UTC}\n"
                   "  - {name: t, select: \"*\", cron: \"0 0 29 2 *\", timezone: UTC}\n"
                   "  - {name: u, select: \"*\", cron: \"0 0 0 31 4,6 *\", timezone: UTC}\n"
                   "assets:\n"
                   "  - {key: a, run: {command: [x]}, freshness: {deadline: \"0 0 30 2 *\"}}\n"
                   "  - {key: b, run: {command: [x]}, automation: 'on_cron(\"0 0 30 2 *\")'}\n")
                  .lines(),
              ElementsAre(StartsWith("2:39 bad cron expression \"0 0 30 2 *\": no year has such a day, so it would never come"),
                          StartsWith("4:41 bad cron expression \"0 0 0 31 4,6 *\": no year has such a day"),
                          StartsWith("6:62 bad deadline \"0 0 30 2 *\": no year has such a day"),
                          StartsWith("7:61 bad condition \"on_cron(\"0 0 30 2 *\")\": no year has such a day")));
}

TEST(BadInput, BadZoneNamesTheNearest) {
  EXPECT_THAT(load("schedules:\n"
                   "  - {name: s, select: \"*\", cron: \"0 2 * * *\", timezone: Europe/Lodnon}\n")
                  .lines(),
              ElementsAre("2:57 there is no time zone \"Europe/Lodnon\" (did you mean \"Europe/London\"?)"));
}

TEST(BadInput, AJitterIsADuration) {
  EXPECT_THAT(load("schedules:\n"
                   "  - {name: s, select: \"*\", cron: \"0 2 * * *\", timezone: UTC, jitter: 10}\n"
                   "  - {name: t, select: \"*\", cron: \"0 2 * * *\", timezone: UTC, jiter: 10m}\n")
                  .lines(),
              ElementsAre("2:70 \"jitter\" of a schedule must be a duration, not the number 10 (give the unit: 10s)",
                          "3:62 unknown key \"jiter\" of a schedule (did you mean \"jitter\"?)"));
}

TEST(BadInput, ScheduleWithoutZone) {
  EXPECT_THAT(
      load("schedules:\n  - {name: s, select: \"*\", cron: \"0 2 * * *\"}\n").lines(),
      ElementsAre(
          "2:5 the schedule needs a timezone (add timezone: Europe/London, or one for all at the top of assetd.yaml)"));
}

TEST(BadInput, BadYamlSaysWhere) {
  const auto loaded = load("name: x\nassets:\n  - key: a\n   run: {\n");
  ASSERT_THAT(loaded.errors, SizeIs(1));
  EXPECT_THAT(loaded.lines()[0], StartsWith("4:4 bad YAML: "));
  EXPECT_EQ(loaded.errors[0].excerpt, "   run: {");
}

TEST(BadInput, DuplicateKeysNameTheFirst) {
  EXPECT_THAT(
      load("name: x\nassets: []\nname: y\n").lines(),
      ElementsAre("3:1 the key \"name\" stands here a second time (first on line 1) (remove or rename one of them)"));
}

TEST(BadInput, MissingPluginNamesTheNearest) {
  EXPECT_THAT(load("imports:\n  - {plugin: dtb}\n").lines(),
              ElementsAre("2:14 there is no plugin \"dtb\" (did you mean \"dbt\"?)"));
  const auto far = load("assets:\n  - {key: a, run: {plugin: spark}}\n");
  ASSERT_THAT(far.errors, SizeIs(1));
  EXPECT_THAT(far.lines()[0], HasSubstr("plugins are looked for in ASSETD_PLUGINS"));
}

TEST(BadInput, MissingEnvironmentVariable) {
  EXPECT_THAT(
      load("name: x\nassets:\n  - {key: a, run: {command: [x, \"in ${env:NOWHERE}\"]}}\n").lines(),
      ElementsAre("3:37 the environment variable NOWHERE is not set (set it, or give a default: ${env:NOWHERE:-…})"));
}

TEST(BadInput, UnknownVariable) {
  EXPECT_THAT(
      load("vars: {database: d}\nassets:\n  - {key: a, group: \"${vars.databse}\", run: {command: [x]}}\n").lines(),
      ElementsAre("3:22 the variable \"databse\" is not defined under vars: (did you mean \"database\"?)"));
}

TEST(BadInput, SecretsWhereTheyWouldBeShown) {
  EXPECT_THAT(load("assets:\n  - {key: a, description: \"${secret:X}\", run: {command: [x]}}\n").lines(),
              ElementsAre("2:28 a secret can't stand in \"description\" of an asset: it would be stored and shown (put "
                          "it into env:, a resource or an alert's webhook)"));
}

TEST(BadInput, TwoAssetsOfOneKey) {
  EXPECT_THAT(load("assets:\n  - {key: a, run: {command: [x]}}\n  - {key: a, run: {command: [x]}}\n").lines(),
              ElementsAre("3:5 two assets have the key \"a\": one of assets: and one of assets: at assetd.yaml:2 "
                          "(rename one of them)"));
}

TEST(BadInput, AssetThatNothingCanMake) {
  EXPECT_THAT(load("assets:\n  - key: a\n").lines(),
              ElementsAre("2:5 the asset \"a\" has no run:, so nothing can make it (add run: {command: […]}, or list "
                          "it under external:)"));
}

TEST(BadInput, TypesSayWhatWasExpected) {
  EXPECT_THAT(
      load("pools: {cpu: {slots: many}}\n"
           "assets:\n"
           "  - key: a\n"
           "    deps: b\n"
           "    kinds: python\n"
           "    retries: {max: -1, delay: 10, backoff: exponental, jitter: 2}\n"
           "    run: {command: make it, timeout: soon}\n"
           "external: [b]\n")
          .lines(),
      ElementsAre(
          "1:22 \"slots\" of the pool \"cpu\" must be a whole number from 1 to 1000000, not the text \"many\"",
          "4:11 \"deps\" of an asset must be a list, not the text \"b\" (write [b])",
          "5:12 \"kinds\" of an asset must be a list, not the text \"python\" (write [python])",
          "6:20 \"max\" of retries: must be a whole number from 0 to 1000, not the number -1",
          "6:31 \"delay\" of retries: must be a duration, not the number 10 (give the unit: 10s)",
          "6:44 \"backoff\" of retries: must be constant, linear or exponential, not the text \"exponental\" (did you "
          "mean \"exponential\"?)",
          "6:64 \"jitter\" of retries: must be a number from 0.0 to 1.0, not the number 2",
          "7:20 \"command\" of run: must be a list of program and arguments, not the text \"make it\" (write [sh, -c, "
          "\"…\"] to have a shell read it)",
          "7:38 \"timeout\" of run: must be a duration, not the text \"soon\" (as in 500ms, 30s, 10m, 24h or 7d)"));
}

TEST(BadInput, ARetryDelayHasItsBound) {
  EXPECT_THAT(load("assets:\n  - {key: a, run: {command: [x]}, retries: {max: 1, delay: 8d, max_delay: 169h}}\n").lines(),
              ElementsAre("2:60 \"delay\" of retries: must be at most 7d, not the text \"8d\" (no attempt waits longer for its turn)",
                          "2:75 \"max_delay\" of retries: must be at most 7d, not the text \"169h\" (no attempt waits longer for its turn)"));
  EXPECT_THAT(load("assets:\n  - {key: a, run: {command: [x]}, retries: {max: 1, delay: 7d, max_delay: 7d}}\n").lines(), ElementsAre());
}

TEST(BadInput, LimitsSayWhatTheyTake) {
  EXPECT_THAT(load("assets:\n"
                   "  - key: a\n"
                   "    run: {command: [x], limits: {memory: 2Gi, cpu: 0, cpu_time: 1500ms, open_files: 1.5, proceses: 9}}\n"
                   "  - {key: b, run: {command: [x], limits: 2GiB}}\n"
                   "  - {key: c, run: {command: [x], limits: {memory: 4096}}}\n")
                  .lines(),
              ElementsAre("3:42 \"memory\" of limits: must be a size of at least 1MiB, not the text \"2Gi\" (as in 512MiB or 2GiB)",
                          "3:52 \"cpu\" of limits: must be a number from 0.01 to 4096.0, not the number 0",
                          "3:65 \"cpu_time\" of limits: must be whole seconds, at least 1s, not the text \"1500ms\"",
                          "3:85 \"open_files\" of limits: must be a whole number from 8 to 1000000000, not the number 1.5",
                          "3:90 unknown key \"proceses\" of limits: (did you mean \"processes\"?)",
                          "4:42 limits: must be a mapping of keys to values, not the text \"2GiB\"",
                          "5:51 \"memory\" of limits: must be a size of at least 1MiB, not the number 4096 (as in 512MiB or 2GiB)"));
}

TEST(BadInput, PoolsAndResourcesThatNobodyDefines) {
  EXPECT_THAT(load("pools: {gpu: {slots: 1}}\n"
                   "resources: {warehouse: {kind: duckdb, path: w.db}}\n"
                   "assets:\n"
                   "  - {key: a, pools: {gpus: 1}, uses: {warehose: read}, run: {command: [x]}}\n"
                   "  - {key: b, pools: {gpu: 2}, run: {command: [x]}}\n")
                  .lines(),
              ElementsAre("4:22 there is no pool \"gpus\" (did you mean \"gpu\"?)",
                          "4:39 there is no resource \"warehose\" (did you mean \"warehouse\"?)"));
}

TEST(BadInput, LimitsAndWhatARunIsGiven) {
  EXPECT_THAT(load("limits: {runs: 0, tags: {\"=x\": 1, team: many, backfill: 2}, steps: 2}\n"
                   "assets: [{key: a, run: {command: [x]}}]\n"
                   "jobs: [{name: j, select: a, max_steps: 0, priority: high, tags: 3}]\n"
                   "schedules: [{name: s, job: j, cron: \"@daily\", timezone: UTC, max_steps: 1.5}]\n")
                  .lines(),
              ElementsAre("1:16 \"runs\" of limits: must be a whole number from 1 to 1000000, not the number 0",
                          "1:26 \"=x\" is no tag (write tag: 2 for all its values, or \"tag=value\": 2 for one)",
                          "1:41 \"team\" of tags: must be a whole number from 1 to 1000000, not the text \"many\"",
                          "1:61 unknown key \"steps\" of limits: (known: runs, tags)",
                          "3:40 \"max_steps\" of a job must be a whole number from 1 to 1000000, not the number 0",
                          "3:53 \"priority\" of a job must be a whole number from -1000000 to 1000000, not the text \"high\"",
                          "3:65 \"tags\" of a job must be a mapping of names to texts, not the number 3",
                          "4:73 \"max_steps\" of a schedule must be a whole number from 1 to 1000000, not the number 1.5"));
}

TEST(BadInput, BadKeys) {
  const auto loaded = load("assets:\n  - {key: \"a b\", run: {command: [x]}}\n");
  ASSERT_THAT(loaded.errors, SizeIs(1));
  EXPECT_THAT(loaded.lines()[0], StartsWith("2:11 \"a b\" is no asset key: "));
}

TEST(BadInput, SelectionsPointIntoTheExpression) {
  const auto syntax = load("jobs:\n  - {name: j, select: \"a, b\"}\n");
  ASSERT_THAT(syntax.errors, SizeIs(1));
  EXPECT_THAT(syntax.lines()[0], StartsWith("2:25 bad selection: "));
  const auto name =
      load("assets:\n  - {key: gold, run: {command: [x]}}\njobs:\n  - {name: j, select: \"gold or golf\"}\n");
  ASSERT_THAT(name.errors, SizeIs(1));
  EXPECT_THAT(name.lines()[0], StartsWith("4:32 the selection of the job \"j\": "));
  EXPECT_THAT(name.lines()[0], HasSubstr("\"gold\""));
}

TEST(BadInput, SchedulesOfUnknownJobs) {
  EXPECT_THAT(
      load("jobs: [{name: nightly, select: \"*\"}]\nschedules:\n  - {name: s, job: nigthly, cron: \"0 2 * * *\", "
           "timezone: UTC}\n")
          .lines(),
      ElementsAre(
          "3:20 the schedule \"s\" starts the job \"nigthly\", which nobody defines (did you mean \"nightly\"?)"));
}

TEST(BadInput, UnknownEnvironment) {
  EXPECT_THAT(load("environments:\n  staging: {schedules: paused}\n", "stagin").lines(),
              ElementsAre("2:3 there is no environment \"stagin\" under environments: (did you mean \"staging\"?)"));
}

TEST(BadInput, PoolsAndResourcesOfAnEnvironment) {
  EXPECT_THAT(load("environments:\n  staging:\n    pools: [gpu]\n    resources: lake\n", "staging").lines(),
              ElementsAre("3:12 \"pools\" of the environment \"staging\" must be a mapping of names, as at the project, not a list",
                          "4:16 \"resources\" of the environment \"staging\" must be a mapping of names, as at the project, not the text \"lake\""));
  EXPECT_THAT(load("environments:\n  staging:\n    pools: {gpu: none}\n", "staging").lines(), ::testing::SizeIs(1)) << "as anywhere";
}

TEST(BadInput, EmptyAndShapelessFiles) {
  EXPECT_THAT(load("").lines(),
              ElementsAre("1:1 assetd.yaml is empty (give it at least a name: and an asset under assets:)"));
  EXPECT_THAT(load("- a\n").lines(), ElementsAre("1:1 assetd.yaml must be a mapping of keys to values, not a list"));
  EXPECT_THAT(load("name: \xff\n").lines(), ElementsAre("1:7 not UTF-8: byte 6 (save the file as UTF-8)"));
}

TEST(BadInput, IncludedFilesAreNamedAndMayNotHoldEverything) {
  EXPECT_THAT(load_files({{"assetd.yaml", "include: [more/*.yaml]\n"},
                          {"more/a.yaml", "timezone: UTC\nassets:\n  - {key: a, run: {comand: [x]}}\n"}})
                  .lines(),
              ElementsAre("more/a.yaml:1:1 \"timezone\" may only stand in assetd.yaml itself (move it there)",
                          "more/a.yaml:3:19 run: needs the key \"command\"",
                          "more/a.yaml:3:20 unknown key \"comand\" of run: (did you mean \"command\"?)"));
}

TEST(BadInput, SelectionsAreLookedAtBesideOtherErrors) {
  EXPECT_THAT(load("assets:\n"
                   "  - {key: a, deps: [b], run: {command: [x]}}\n"
                   "  - {key: b, deps: [a, c], run: {command: [x]}}\n"
                   "jobs:\n"
                   "  - {name: nightly, select: aa}\n")
                  .lines(),
              ElementsAre(HasSubstr("cycle"), HasSubstr("\"c\", which nobody defines"), HasSubstr("the job \"nightly\"")));
}

TEST(BadInput, HostileYamlEnds) {
  EXPECT_THAT(load(std::string(10'000, '[')).errors, SizeIs(1));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const auto below = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
    for (int j = 0; j < 9; ++j) bomb += ", " + below;
    bomb += "]\n";
  }
  YamlLimits limits;
  limits.aliased_nodes = 10'000;
  const auto file = read_yaml(bomb, limits);
  ASSERT_THAT(file.errors, SizeIs(1));
  EXPECT_THAT(file.errors[0].message, HasSubstr("too large: more than 10000 values in what its aliases stand for"));
}

}  // namespace
}  // namespace assetd
