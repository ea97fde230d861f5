#include "daemon/execution/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/execution/child_process.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
namespace fs = std::filesystem;

class Environment : public ::testing::Test {
 protected:
  Environment() {
    auto name = (fs::temp_directory_path() / "assetd-environment-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~Environment() override { fs::remove_all(dir_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return (dir_ / name).string();
  }
  fs::path dir_;
};

TEST_F(Environment, PassesOnlyWhatEveryStepGetsAndWhatIsNamed) {
  const std::map<std::string, std::string> daemon{{"PATH", "/bin"},     {"LC_ALL", "C"}, {"TOKEN", "secret"},
                                                  {"AWS_REGION", "eu"}, {"GCP", "x"},    {"PATHS", "no"}};
  EXPECT_THAT(*make_environment({{}, "", {"AWS_*", "GCP"}}, daemon, nullptr),
              ElementsAre(Pair("AWS_REGION", "eu"), Pair("GCP", "x"), Pair("LC_ALL", "C"), Pair("PATH", "/bin")));
}

TEST_F(Environment, LaterSourcesWin) {
  const auto file = write(".env", "A=file\nPATH=file\nB=file\n");
  EXPECT_THAT(*make_environment({{{"A", "own"}}, file, {"B"}}, {{"PATH", "daemon"}, {"B", "inherited"}}, nullptr),
              ElementsAre(Pair("A", "own"), Pair("B", "file"), Pair("PATH", "file")));
}

TEST_F(Environment, ReadsFilesAsSystemdAndDockerDo) {
  const auto file =
      write(".env",
            "# comment\n\nexport A=1\n B = two words \nC=\"quo\\\"ted # not a comment\"\nD='$raw \\n'\nE=\nF=a=b\r\n");
  EXPECT_THAT(*make_environment({{}, file, {}}, {}, nullptr),
              ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "quo\"ted # not a comment"),
                          Pair("D", "$raw \\n"), Pair("E", ""), Pair("F", "a=b")));
}

TEST_F(Environment, NamesTheMissingFileAndTheBadLine) {
  EXPECT_THAT(make_environment({{}, "/gone/.env", {}}, {}, nullptr).error(), HasSubstr("/gone/.env"));
  const auto file = write(".env", "A=1\nnonsense\n");
  EXPECT_EQ(make_environment({{}, file, {}}, {}, nullptr).error(), "env_file: " + file + ":2: expected NAME=VALUE");
}

TEST_F(Environment, SecretsComeFromFileEnvironmentOrProgram) {
  const auto file = write("secrets", "ONE=from file\n");
  const auto program =
      write("program", "#!/bin/sh\n[ $1 = THREE ] && echo \"from program\" || { echo no >&2; exit 1; }\n");
  fs::permissions(program, fs::perms::owner_all);
  const auto secrets = default_secrets(
      {{"ASSETD_SECRETS_FILE", file}, {"ASSETD_SECRET_TWO", "from environment"}, {"ASSETD_SECRETS_COMMAND", program}});
  EXPECT_THAT(*make_environment({{{"X", "<${secret:ONE}|${secret:TWO}|${secret:THREE}>"}}, "", {}}, {}, secrets),
              ElementsAre(Pair("X", "<from file|from environment|from program>")));
  EXPECT_THAT(make_environment({{{"X", "${secret:FOUR}"}}, "", {}}, {}, secrets).error(),
              HasSubstr("env X: the secret \"FOUR\""));
  EXPECT_THAT(default_secrets({})("FIVE").error(), HasSubstr("there is no secret \"FIVE\""));
}

TEST(ChildProcess, GivesInputAndTakesBothOutputs) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", "cat; echo err >&2; exit 3"};
  spec.input = std::string(1 << 20, 'x');
  const auto result = run_child(spec).value();
  EXPECT_EQ(result.output, spec.input);
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(describe_end(result, spec), "exit code 3");
}

TEST(ChildProcess, InputThatNobodyReadsIsNoError) {
  ChildSpec spec;
  spec.argv = {"true"};
  spec.input = std::string(1 << 20, 'x');
  EXPECT_TRUE(run_child(spec).value().ok());
}

TEST(ChildProcess, StopsWhatTakesTooLongOrSaysTooMuch) {
  ChildSpec slow;
  slow.argv = {"sh", "-c", "sleep 60 & wait"};
  slow.timeout = std::chrono::milliseconds(30);
  EXPECT_EQ(run_child(slow).value().end, ChildResult::End::timed_out);
  ChildSpec loud;
  loud.argv = {"sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"};
  loud.max_output = 1000;
  EXPECT_EQ(run_child(loud).value().end, ChildResult::End::too_much);
}

TEST(ChildProcess, DoesNotWaitForWhatTheProgramLeftRunning) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", "sleep 5 & echo done"};
  const auto result = run_child(spec).value();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.output, "done\n");
}

}  // namespace
}  // namespace assetd
