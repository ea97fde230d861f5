#include "cli/command_line.h"

#include <sstream>

namespace assetd::cli {
namespace {

struct Outcome {
  int code;
  std::string out, err;
};

Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "assetctl");
  std::ostringstream out, err;
  const int code = run_command_line(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {code, out.str(), err.str()};
}

TEST(CommandLine, AnUnknownCommandNamesTheNearest) {
  const auto outcome = run({"matreialize", "x"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, testing::HasSubstr("did you mean 'materialize'?"));
}

TEST(CommandLine, AnUnknownOptionNamesTheNearestOfItsCommand) {
  const auto outcome = run({"materialize", "x", "--wiat"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, testing::HasSubstr("did you mean '--wait'?"));
}

TEST(CommandLine, AMissingArgumentIsWrongUsage) { EXPECT_EQ(run({"materialize"}).code, kUsage); }

TEST(CommandLine, NothingIsWrongUsage) { EXPECT_EQ(run({}).code, kUsage); }

TEST(CommandLine, PoolsAloneListsThemAndItsCommandsTakeTheirArguments) {
  for (const auto& words : std::vector<std::vector<const char*>>{{"pools"}, {"pools", "list"}, {"pools", "set", "gpu", "3", "--reason", "night"}, {"pools", "reset", "gpu"}, {"runs", "priority", "7", "-3"}}) {
    auto arguments = words;
    arguments.insert(arguments.end(), {"--url", "unix:/nonexistent/assetd.sock"});
    EXPECT_EQ(run(arguments).code, kRefused) << words.back() << ": understood, and nobody is there";
  }
  EXPECT_EQ(run({"pools", "set", "gpu"}).code, kUsage);
  EXPECT_EQ(run({"pools", "set", "gpu", "-1"}).code, kUsage);
  EXPECT_EQ(run({"pools", "ste", "gpu", "1"}).code, kUsage);
}

TEST(CommandLine, AlertsTakeTheirArguments) {
  for (const auto& words : std::vector<std::vector<const char*>>{{"alerts", "list", "--state", "pending,failed", "--rule", "ops", "--run", "7"}, {"alerts", "show", "abc"}, {"alerts", "rules"}, {"alerts", "silences"},
                                                                 {"alerts", "test", "ops"}, {"alerts", "silence", "--for", "2h", "--rule", "ops", "--select", "a+", "--reason", "night"}, {"alerts", "unsilence", "5f3a9c21"}}) {
    auto arguments = words;
    arguments.insert(arguments.end(), {"--url", "unix:/nonexistent/assetd.sock"});
    EXPECT_EQ(run(arguments).code, kRefused) << words.back() << ": understood, and nobody is there";
  }
  for (const auto& words : std::vector<std::vector<const char*>>{{"sensors", "list"}, {"sensors", "show", "s"}, {"sensors", "ticks", "s", "-n", "5"}, {"sensors", "pause", "s", "--reason", "x"}, {"sensors", "resume", "s"},
                                                                 {"sensors", "trigger", "s"}, {"sensors", "test", "s"}, {"sensors", "reset", "s", "--cursor", "7"}}) {
    auto full = words;
    full.insert(full.end(), {"--url", "unix:/nonexistent/assetd.sock"});
    EXPECT_EQ(run(full).code, kRefused) << words[1] << ": understood, and nobody is there";
  }
  EXPECT_EQ(run({"sensors", "pause"}).code, kUsage);
  EXPECT_EQ(run({"alerts"}).code, kUsage);
  EXPECT_EQ(run({"alerts", "silence"}).code, kUsage) << "none is for ever";
  EXPECT_EQ(run({"alerts", "silence", "--for", "long", "--url", "unix:/nonexistent/assetd.sock"}).code, kUsage);
}

TEST(CommandLine, ForecastTakesItsArguments) {
  for (const auto& words : std::vector<std::vector<const char*>>{{"forecast"}, {"forecast", "a+", "--horizon", "3d", "--pool", "gpu=+2", "--pool", "cpu=4", "--speed", "a=2", "--steps", "--limit", "5"},
                                                                 {"plan", "--against", "unix:/nonexistent/other.sock", "--against-token", "t", "--detailed-exitcode"}}) {
    auto arguments = words;
    arguments.insert(arguments.end(), {"--url", "unix:/nonexistent/assetd.sock"});
    EXPECT_EQ(run(arguments).code, kRefused) << words.back() << ": understood, and nobody is there";
  }
  for (const auto& words : std::vector<std::vector<const char*>>{{"forecast", "--pool", "gpu"}, {"forecast", "--speed", "=2"}, {"forecast", "--horizon", "soon"}, {"plan", "--against", "somewhere"}}) {
    auto arguments = words;
    arguments.insert(arguments.end(), {"--url", "unix:/nonexistent/assetd.sock"});
    EXPECT_EQ(run(arguments).code, kUsage) << words[1];
  }
}

TEST(CommandLine, HelpIsNoError) {
  const auto outcome = run({"--help"});
  EXPECT_EQ(outcome.code, kOk);
  EXPECT_THAT(outcome.out, testing::HasSubstr("materialize"));
}

TEST(CommandLine, AnAddressThatIsNoneIsWrongUsage) {
  const auto outcome = run({"--url", "localhost:8080", "pools"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, testing::HasSubstr("http://HOST:PORT"));
}

TEST(CommandLine, ADaemonThatIsNotThereIsThree) {
  const auto outcome = run({"pools", "--url", "unix:/nonexistent/assetd.sock"});
  EXPECT_EQ(outcome.code, kRefused);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, testing::HasSubstr("is the daemon running?"));
}

TEST(CommandLine, AVariableWithoutAValueIsWrongUsage) {
  const auto outcome = run({"materialize", "x", "--var", "day"});
  EXPECT_EQ(outcome.code, kUsage);
  EXPECT_THAT(outcome.err, testing::HasSubstr("--var takes name=value"));
}

TEST(CommandLine, CompletionKnowsEveryCommand) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto outcome = run({"completion", shell});
    EXPECT_EQ(outcome.code, kOk);
    for (const auto* word : {"materialize", "doctor", "full-refresh"}) EXPECT_THAT(outcome.out, testing::HasSubstr(word)) << shell;
    for (const auto* mark : {"@WORDS@", "@ASSETS@", "@RUNS@", "@SCHEDULES@"}) EXPECT_THAT(outcome.out, testing::Not(testing::HasSubstr(mark))) << shell;
  }
}

}  // namespace
}  // namespace assetd::cli
